"""Cohorts: people who learn together, who leads them, and how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.db import Database
from hub.db.audit import record
from hub.db.people import person_of_tenant
from hub.db.tables import User
from hub.errors import Conflict, Invalid, NotFound, Violation, say
from hub.identity import EVERYTHING, Principal
from hub.ports import Ids
from hub.scorm.services.learners import LearnerView, view_of
from hub.scorm.storage import cohorts as storage
from hub.scorm.storage import learners
from hub.scorm.storage.tables_reach import Cohort, CohortLeader, CohortMember

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class PersonView:
    """A user as others see one who works with learners."""

    id: UUID
    name: str
    email: str

    @classmethod
    def of(cls, user: User) -> "PersonView":
        """The view of a row."""
        return cls(user.id, user.name, user.email)


@dataclass(frozen=True, slots=True)
class CohortView:
    """A cohort as others see it. `context_key` is that of its registrations."""

    id: UUID
    name: str
    members: int
    context_key: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PackageProgress:
    """How many of a cohort are registered for a package, have begun, completed, passed, and failed it."""

    package_id: str
    title: str
    registered: int
    begun: int
    completed: int
    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class CohortDetail:
    """A cohort with who leads it, and how far it is with each of its packages."""

    cohort: CohortView
    leaders: Sequence[PersonView]
    progress: Sequence[PackageProgress]


class Cohorts:
    """Make, find and change cohorts. Who leads some sees those, and changes nothing but their members."""

    def __init__(self, db: Database, ids: Ids) -> None:
        self._db = db
        self._ids = ids

    def create(self, principal: Principal, name: str) -> CohortView:
        """Make a cohort; `Conflict` when the tenant has one of that name."""
        principal.require("cohorts.write")
        cohort = Cohort(id=self._ids.uuid(), tenant_id=principal.tenant_id, name=_checked_name(name))
        try:
            with self._db.unit_of_work(principal.tenant_id) as work:
                work.session.add(cohort)
                work.session.flush()
                self._audit(work.session, principal, "cohort.created", cohort.id, name=cohort.name)
                work.session.refresh(cohort)
        except IntegrityError as error:
            raise _name_taken(cohort.name) from error
        return _view(cohort, 0)

    def page(
        self, principal: Principal, after: Sequence[Any] | None = None, limit: int = 50, search: str = ""
    ) -> list[CohortView]:
        """Up to `limit` cohorts that `principal` may see, by name, those after the sort key (name, id).

        `search` is a part of the name, in small or capital letters.
        """
        principal.require("cohorts.read")
        key = (str(after[0]), UUID(after[1])) if after else None
        with self._db.read(principal.tenant_id) as session:
            rows = storage.page(session, principal.tenant_id, principal.reach("cohorts.read"), search, key, limit)
            return [_view(*row) for row in rows]

    def get(self, principal: Principal, cohort_id: UUID) -> CohortDetail:
        """One cohort. Raises `NotFound`, for one that somebody else leads too."""
        principal.require("cohorts.read")
        with self._db.read(principal.tenant_id) as session:
            found = seen_cohort(session, principal, "cohorts.read", cohort_id)
            leaders = storage.leaders(session, principal.tenant_id, cohort_id)
            progress = storage.progress(session, principal.tenant_id, cohort_id)
            return CohortDetail(
                found, [PersonView.of(user) for user in leaders], [PackageProgress(*row) for row in progress]
            )

    def members(
        self, principal: Principal, cohort_id: UUID, after: Sequence[Any] | None = None, limit: int = 50
    ) -> list[LearnerView]:
        """Up to `limit` of its learners, the newest first, those after the sort key (created_at, id)."""
        principal.require("cohorts.read")
        key = (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None
        with self._db.read(principal.tenant_id) as session:
            seen_cohort(session, principal, "cohorts.read", cohort_id)
            rows = storage.members(session, principal.tenant_id, cohort_id, key, limit)
            return [view_of(row) for row in rows]

    def rename(self, principal: Principal, cohort_id: UUID, name: str) -> CohortView:
        """Give it another name."""
        principal.require("cohorts.write")
        wanted = _checked_name(name)
        try:
            with self._db.unit_of_work(principal.tenant_id) as work:
                row, members = _row(work.session, principal, "cohorts.write", cohort_id)
                details = {"before": row.name, "after": wanted}
                row.name = wanted
                work.session.flush()
                self._audit(work.session, principal, "cohort.renamed", cohort_id, **details)
                return _view(row, members)
        except IntegrityError as error:
            raise _name_taken(wanted) from error

    def delete(self, principal: Principal, cohort_id: UUID) -> None:
        """Remove it. Its learners and their results stay; who led it sees them no longer."""
        principal.require("cohorts.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            row, members = _row(work.session, principal, "cohorts.write", cohort_id)
            work.session.delete(row)
            self._audit(work.session, principal, "cohort.deleted", cohort_id, name=row.name, members=members)

    def add_leader(self, principal: Principal, cohort_id: UUID, whom: str) -> None:
        """Let a user (an id or e-mail address) do in the cohort what their roles allow. Twice changes nothing."""
        principal.require("cohorts.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            seen_cohort(work.session, principal, "cohorts.write", cohort_id)
            person = person_of_tenant(work.session, principal.tenant_id, whom)
            pair = {"tenant_id": principal.tenant_id, "cohort_id": cohort_id, "user_id": person.id}
            if storage.connect(work.session, CohortLeader, [pair]):
                self._audit(work.session, principal, "cohort.leader_added", cohort_id, user=str(person.id))

    def remove_leader(self, principal: Principal, cohort_id: UUID, user_id: UUID) -> None:
        """Take the cohort from a user, who sees it no longer."""
        principal.require("cohorts.write")
        self._remove(principal, cohort_id, CohortLeader, "cohort.leader_removed", "user", user_id=user_id)

    def add_member(self, principal: Principal, cohort_id: UUID, learner_id: UUID) -> None:
        """Put a known learner into the cohort, whose leaders see who they are from then on."""
        principal.require("cohorts.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            seen_cohort(work.session, principal, "cohorts.write", cohort_id)
            if learners.find(work.session, principal.tenant_id, learner_id, EVERYTHING) is None:
                raise NotFound("There is no such learner.", code="learner_not_found")
            pair = {"tenant_id": principal.tenant_id, "cohort_id": cohort_id, "learner_id": learner_id}
            if storage.connect(work.session, CohortMember, [pair]):
                self._audit(work.session, principal, "cohort.member_added", cohort_id, learner=str(learner_id))

    def remove_member(self, principal: Principal, cohort_id: UUID, learner_id: UUID) -> None:
        """Take a learner out. What they were registered for, and their results, stay."""
        principal.require("enrolments.write")
        self._remove(principal, cohort_id, CohortMember, "cohort.member_removed", "learner", learner_id=learner_id)

    def _remove(
        self,
        principal: Principal,
        cohort_id: UUID,
        table: type[CohortLeader] | type[CohortMember],
        deed: str,
        what: str,
        **whom: UUID,
    ) -> None:
        needed = "cohorts.write" if table is CohortLeader else "enrolments.write"
        with self._db.unit_of_work(principal.tenant_id) as work:
            seen_cohort(work.session, principal, needed, cohort_id)
            if not storage.disconnect(work.session, table, principal.tenant_id, cohort_id=cohort_id, **whom):
                raise NotFound(f"The cohort has no such {what}.", code=f"{what}_not_found")
            self._audit(work.session, principal, deed, cohort_id, **{what: str(*whom.values())})

    def _audit(self, session: Session, principal: Principal, deed: str, cohort_id: UUID, **details: Any) -> None:
        record(session, self._ids.uuid(), principal, deed, str(cohort_id), details)


def seen_cohort(session: Session, principal: Principal, action: str, cohort_id: UUID) -> CohortView:
    """The cohort, if `action` reaches it; else `NotFound`."""
    return _view(*_row(session, principal, action, cohort_id))


def _row(session: Session, principal: Principal, action: str, cohort_id: UUID) -> tuple[Cohort, int]:
    found = storage.find(session, principal.tenant_id, cohort_id, principal.reach(action))
    if found is None:
        raise NotFound("There is no such cohort.", code="cohort_not_found")
    return found


def _view(row: Cohort, members: int) -> CohortView:
    return CohortView(row.id, row.name, members, storage.context_of(row.id), row.created_at)


def _checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        message = say("must have 1 to %(most)s printable characters", most=LONGEST_NAME)
        fault = Violation("cohort", "name", message, text[:50])
        raise Invalid("The cohort cannot be named like this.", violations=[fault])
    return name


def _name_taken(name: str) -> Conflict:
    fault = Violation("cohort", "name", "is that of another cohort", name)
    return Conflict(say("There is a cohort %(name)s already.", name=name), code="cohort_exists", violations=[fault])
