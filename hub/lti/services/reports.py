"""Reports inside an LMS: how the learners of a link or course are doing, and who has not begun."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database
from hub.errors import Conflict, NotFound
from hub.lti.services.links import Link, Links
from hub.lti.services.rosters import FRESH_FOR
from hub.lti.services.shelf import PackageChoice, Shelf
from hub.lti.services.visits import Visit
from hub.lti.storage import links, rosters
from hub.lti.storage.tables import ResourceLinkRow, RosterMemberRow
from hub.ports import Clock
from hub.scorm.services.registrations import Registrations, RegistrationView

#: A report shows so many learners of a link, and so many links of a course; more are in the console.
MOST_LEARNERS = 1000
MOST_LINKS = 12


@dataclass(frozen=True, slots=True)
class Learner:
    """A learner of the report; `registration` is None who has not begun, `grade` what the gradebook shows."""

    user_id: str
    name: str
    groups: Sequence[str]
    registration: RegistrationView | None
    grade: Mapping[str, Any] | None = None
    is_member: bool = True


@dataclass(frozen=True, slots=True)
class RosterState:
    """When the list of members was fetched last, why it could not be, and whether it is worth asking again."""

    is_offered: bool
    fetched_at: datetime | None
    error: str | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class LinkReport:
    """How the learners of one link are doing. `package` is None when it was deleted."""

    link: Link
    package: PackageChoice | None
    learners: Sequence[Learner]
    roster: RosterState
    has_groups: bool
    results_at: datetime | None

    @property
    def counts(self) -> dict[str, int]:
        """How many learners are how far."""
        words = [one.registration.status if one.registration else "not_begun" for one in self.learners]
        return {word: words.count(word) for word in ("not_begun", "in_progress", "completed", "passed", "failed")}


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A learner of a course with their registration by each of its links."""

    user_id: str
    name: str
    registrations: Sequence[RegistrationView | None]


@dataclass(frozen=True, slots=True)
class CourseReport:
    """How a course is going: its links, and its learners with what they did of each. `is_own`: one learner's part."""

    title: str | None
    links: Sequence[Link]
    rows: Sequence[CourseRow]
    roster: RosterState
    is_own: bool


class Reports:
    """Puts together what teachers and learners see inside the LMS, limited to the link or course of their launch."""

    def __init__(
        self, db: Database, clock: Clock, shelf: Shelf, links_service: Links, registrations: Registrations
    ) -> None:
        self._db = db
        self._clock = clock
        self._shelf = shelf
        self._links = links_service
        self._registrations = registrations

    def of_link(self, visit: Visit) -> LinkReport:
        """How the learners of the visit's link are doing."""
        visit.require("report.read")
        link = self._links.link_of(visit)
        found = self._registrations.of_context(visit.principal, str(link.id), MOST_LEARNERS)
        package = self._shelf.find(visit.principal, link.package_name) if link.package_name else None
        with self._db.read(visit.tenant_id) as session:
            roster = self._roster_state(session, visit, link.id)
            members = rosters.members(session, visit.tenant_id, link.id)
            item = links.get_line_item(session, visit.tenant_id, link.id)
        learners = _learners(found, members, item.results if item else {})
        return LinkReport(
            link,
            # The name of a deleted package may be another's by now.
            package if package and package.id == link.package_id else None,
            learners,
            roster,
            has_groups=any(one.groups for one in learners),
            results_at=item.results_at if item else None,
        )

    def of_course(self, visit: Visit) -> CourseReport:
        """How the visit's course is going: all of it for its teachers, their own part for its learners."""
        if visit.context_row_id is None:
            raise Conflict("This page belongs to no course.", code="lti_wrong_page")
        is_own = "report.read" not in visit.actions
        visit.require("report.read_mine" if is_own else "report.read")
        with self._db.read(visit.tenant_id) as session:
            context = links.get_context(session, visit.tenant_id, visit.context_row_id)
            if context is None:
                raise NotFound("The course was removed from the Hub.", code="lti_link_removed")
            rows = links.links_of_context(session, visit.tenant_id, context.id, MOST_LINKS)
            roster = self._roster_state(session, visit, context.id)
            members = [] if is_own else rosters.members(session, visit.tenant_id, context.id)
        found = [_of(visit, self._of_row(visit, row), is_own) for row in rows]
        shown = _course_rows(visit, found, members, is_own)
        return CourseReport(context.title, [self._links.view(row) for row in rows], shown, roster, is_own)

    def _of_row(self, visit: Visit, row: ResourceLinkRow) -> Sequence[RegistrationView]:
        return self._registrations.of_context(visit.principal, str(row.id), MOST_LEARNERS)

    def _roster_state(self, session: Session, visit: Visit, roster_id: UUID) -> RosterState:
        context = links.get_context(session, visit.tenant_id, visit.context_row_id) if visit.context_row_id else None
        row = rosters.get(session, visit.tenant_id, roster_id)
        fetched_at = row.fetched_at if row else None
        is_stale = fetched_at is None or self._clock.now() - fetched_at > FRESH_FOR
        offered = context is not None and context.memberships_url is not None
        return RosterState(offered, fetched_at, row.error if row else None, offered and is_stale)


def _learners(
    found: Sequence[RegistrationView], members: Sequence[RosterMemberRow], grades: Mapping[str, Any]
) -> list[Learner]:
    """Those who have begun, the newest first, then the members of the course who have not. Somebody who left the course
    keeps what they did."""
    by_id = {member.user_id: member for member in members}
    begun = [_begun(one, by_id, grades, has_roster=bool(members)) for one in found]
    known = {one.learner.subject for one in found}
    return begun + [
        Learner(member.user_id, member.name or member.user_id, member.groups, None, grades.get(member.user_id))
        for member in members
        if member.is_learner and member.user_id not in known
    ]


def _begun(
    one: RegistrationView, members: Mapping[str, RosterMemberRow], grades: Mapping[str, Any], *, has_roster: bool
) -> Learner:
    user_id = one.learner.subject
    member = members.get(user_id)
    name = one.learner.name or (member.name if member else None) or user_id
    is_member = member is not None or not has_roster
    return Learner(user_id, name, member.groups if member else (), one, grades.get(user_id), is_member)


def _of(visit: Visit, found: Sequence[RegistrationView], is_own: bool) -> dict[str, RegistrationView]:
    """The newest registration of each learner by one link; for a learner their own alone."""
    shown = [one for one in found if not is_own or one.learner.subject == visit.user_id]
    return {one.learner.subject: one for one in reversed(shown)}


def _course_rows(
    visit: Visit, found: Sequence[Mapping[str, RegistrationView]], members: Sequence[RosterMemberRow], is_own: bool
) -> list[CourseRow]:
    names = {member.user_id: member.name or member.user_id for member in members if member.is_learner}
    for by_learner in found:
        names |= {user: one.learner.name or names.get(user, user) for user, one in by_learner.items()}
    if is_own:
        names = {visit.user_id: visit.name}
    ordered = sorted(names.items(), key=lambda entry: entry[1].casefold())[:MOST_LEARNERS]
    return [CourseRow(user, name, [by_learner.get(user) for by_learner in found]) for user, name in ordered]
