"""Resource links: what a placement in a course opens, and for whom."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Conflict, Invalid, NotFound, Violation, say
from hub.identity import Principal
from hub.lti.services.shelf import Shelf
from hub.lti.services.visits import Visit, launch_principal
from hub.lti.spec import vocabulary as v
from hub.lti.spec.launch import GRADED_PARAMETER, PACKAGE_PARAMETER, Launch
from hub.lti.spec.platform import Platform
from hub.lti.spec.scores import COUNTING
from hub.lti.storage import links
from hub.lti.storage.tables import LineItemRow, ResourceLinkRow
from hub.ports import Ids
from hub.scorm.services.launches import Launches
from hub.scorm.services.learners import Learners
from hub.scorm.services.registrations import Registrations


@dataclass(frozen=True, slots=True)
class Link:
    """A resource link as the pages see it; `package_id` is None until something was chosen."""

    id: UUID
    title: str | None
    context_title: str | None
    package_id: UUID | None
    package_name: str | None
    context_row_id: UUID | None
    link_id: str
    counting: str


class Links:
    """Finds and makes what a launch of a resource link needs."""

    def __init__(
        self,
        db: Database,
        ids: Ids,
        shelf: Shelf,
        learners: Learners,
        registrations: Registrations,
        launches: Launches,
        content_url: str,
        pseudonym_key: bytes,
    ) -> None:
        self._db = db
        self._ids = ids
        self._shelf = shelf
        self._learners = learners
        self._registrations = registrations
        self._launches = launches
        self._pseudonym_key = pseudonym_key
        #: The origin that the player's addresses lead to.
        self.player_origin = content_url

    def arrive(self, platform: Platform, launch: Launch, origins: Sequence[str]) -> tuple[Link, str | None]:
        """The link that was launched, brought up to date with what the launch says of it, and the player's one-time
        address for a learner, where the link opens something. Pages at `origins` may show the player in a frame.

        The package that the link names (it was chosen by deep linking) goes before one that a teacher chose here. A
        name that is none of the tenant's packages counts for nothing.
        """
        with self._db.unit_of_work(platform.tenant_id) as work:
            found, row = self._save(work.session, platform, launch)
            known = found.registration_id, row.package_id
            self._choose_named(work, platform, launch, row)
            self._save_line_item(work.session, row, found.line_item, launch)
            link = _link(row)
            if link.package_id is None or launch.roles.is_instructor:
                return link, None
            registration_id = known[0] if known[1] == link.package_id else None
            return link, self._open_player(work, platform, launch, link, registration_id, origins)

    def _choose_named(self, work: UnitOfWork, platform: Platform, launch: Launch, row: ResourceLinkRow) -> None:
        name = launch.custom.get(PACKAGE_PARAMETER)
        named = self._shelf.startable(_principal(platform, launch), name, work) if name else None
        if named is not None:
            row.package_id, row.package_name = named, name
        elif row.package_id is None and launch.history:
            _take_after(links.origin_of(work.session, row, launch.history), row)

    def arrive_in_course(self, platform: Platform, launch: Launch) -> UUID:
        """The course of a launch that asks for the report of its course; `Invalid` for a launch without one."""
        facts = _facts(platform, launch)
        if facts.context is None:
            raise Invalid("The launch names no course, so there is no report.", code="lti_no_context")
        with self._db.unit_of_work(platform.tenant_id) as work:
            found = _known(links.find(work.session, facts, launch.person.subject))
            return links.save_context(
                work.session, self._ids.uuid(), platform.tenant_id, platform.id, found, facts.context
            ).id

    def _save(self, session: Session, platform: Platform, launch: Launch) -> tuple[links.Found, ResourceLinkRow]:
        facts = _facts(platform, launch)
        found = _known(links.find(session, facts, launch.person.subject))
        context = None
        if facts.context is not None:
            context = links.save_context(
                session, self._ids.uuid(), platform.tenant_id, platform.id, found, facts.context
            )
        return found, links.save_link(session, self._ids.uuid(), facts, found, context)

    def _save_line_item(
        self, session: Session, row: ResourceLinkRow, column: LineItemRow | None, launch: Launch
    ) -> None:
        """Keep where grades go: the link's own column, or a container in which we may make one."""
        ags = launch.ags
        if ags is None or v.SCOPE_SCORE not in ags.scopes:
            return
        is_wanted = launch.custom.get(GRADED_PARAMETER) != "no"
        if ags.line_item_url or (is_wanted and ags.line_items_url and v.SCOPE_LINE_ITEM in ags.scopes):
            may_look = is_wanted and ags.scopes & {v.SCOPE_LINE_ITEM, v.SCOPE_LINE_ITEM_READ}
            container = ags.line_items_url if may_look else None
            facts = links.ColumnFacts(ags.line_item_url, container, sorted(ags.scopes), row.package_name)
            links.save_line_item(session, self._ids.uuid(), row, column, facts)

    def _open_player(
        self,
        work: UnitOfWork,
        platform: Platform,
        launch: Launch,
        link: Link,
        registration_id: UUID | None,
        origins: Sequence[str],
    ) -> str:
        """The one-time address of the player for the learner who launched, at the place where they left off."""
        assert link.package_id is not None  # Only a link that opens something has a player.
        person, principal = launch.person, _principal(platform, launch)
        source, name = platform.issuer, person.name or ""
        learner = self._learners.ensure(principal, source, person.subject, name, person.email, within=work)
        self._learners.call(work, learner, self._pseudonym(platform, person.subject))
        if registration_id is None:
            context = str(link.id)
            made = self._registrations.ensure(principal, learner.id, link.package_id, context, within=work)
            registration_id = made.id
            links.add_registration(work.session, _key(platform, link), person.subject, registration_id)
        return self._launches.create(
            principal,
            registration_id,
            return_url=launch.return_url,
            locale=launch.language or "en",
            frame_origins=origins,
            within=work,
        ).url

    def _pseudonym(self, platform: Platform, subject: str) -> str | None:
        """What statements call the platform's learner: a keyed hash that differs from platform to platform; None where
        they may say who it is."""
        if not platform.uses_pseudonyms:
            return None
        return hmac.new(self._pseudonym_key, f"{platform.id}\x1f{subject}".encode(), "sha256").hexdigest()[:32]

    def open_review(self, platform: Platform, launch: Launch, origins: Sequence[str]) -> str:
        """The one-time address at which somebody's work is looked at, and not changed (Submission Review 1.0).

        The link is told by its id or by its gradebook column. Raises `NotFound` where there is no link or no work yet.
        """
        assert launch.for_user is not None  # The claims table demands it of every submission review.
        with self._db.read(platform.tenant_id) as session:
            row = self._reviewed(session, platform, launch)
            if row is None or row.package_id is None:
                raise NotFound("This submission belongs to no link of the Hub.", code="lti_link_removed")
            key = links.LinkKey(platform.tenant_id, row.id, row.package_id)
            registration = links.registration_of(session, key, launch.for_user)
        if registration is None:
            raise NotFound("This learner has not begun yet; there is nothing to look at.", code="lti_nothing_submitted")
        return self._launches.create(
            _principal(platform, launch),
            registration,
            mode="review",
            return_url=launch.return_url,
            locale=launch.language or "en",
            frame_origins=origins,
        ).url

    @staticmethod
    def _reviewed(session: Session, platform: Platform, launch: Launch) -> ResourceLinkRow | None:
        if launch.resource_link is not None:
            found = links.find(session, _facts(platform, launch), launch.person.subject)
            if found is not None and found.link is not None:
                return found.link
        url = launch.ags.line_item_url if launch.ags else None
        return links.link_of_line_item(session, platform.tenant_id, platform.id, url) if url else None

    def choose(self, visit: Visit, package: str) -> None:
        """Say what the link of this visit opens; raises `NotFound` for no such package."""
        visit.require("link.change")
        chosen = self._shelf.find(visit.principal, package)
        if chosen is None:
            raise NotFound("There is no such package.", code="package_not_found")
        link = self.link_of(visit)
        with self._db.unit_of_work(visit.tenant_id) as work:
            links.set_package(work.session, visit.tenant_id, link.id, chosen.id, chosen.name)
            about = {"package": chosen.name}
            record(work.session, self._ids.uuid(), visit.principal, "resource_link.chosen", str(link.id), about)

    def set_counting(self, visit: Visit, counting: str) -> None:
        """Say which attempt is the grade from the next result on; `Invalid` for a word that is none."""
        visit.require("link.change")
        link = self.link_of(visit)
        if counting not in COUNTING:
            fault = Violation(
                "link", "counting", say("must be one of %(ways)s", ways=", ".join(COUNTING)), counting[:50]
            )
            raise Invalid("There is no such way to count attempts.", code="lti_bad_counting", violations=[fault])
        with self._db.unit_of_work(visit.tenant_id) as work:
            links.set_counting(work.session, visit.tenant_id, link.id, counting)
            about = {"counting": counting}
            record(work.session, self._ids.uuid(), visit.principal, "resource_link.counting", str(link.id), about)

    def preview(self, visit: Visit) -> str:
        """A one-time address that shows the link's package to the teacher; nothing of it is recorded."""
        visit.require("link.preview")
        link = self.link_of(visit)
        if link.package_id is None:
            raise Conflict("Choose what this link opens first.", code="lti_nothing_chosen")
        language = visit.language or "en"
        return self._launches.preview(
            visit.principal, link.package_id, locale=language, frame_origins=visit.origins
        ).url

    @staticmethod
    def view(row: ResourceLinkRow) -> Link:
        """A link as the pages see it."""
        return _link(row)

    def link_of(self, visit: Visit) -> Link:
        """The link of a visit; raises `Conflict` or `NotFound` where there is none."""
        if visit.resource_link_id is None:
            raise Conflict("This page belongs to a choice of content, not to a link.", code="lti_wrong_page")
        with self._db.read(visit.tenant_id) as session:
            row = links.get_link(session, visit.tenant_id, visit.resource_link_id)
        if row is None:
            raise NotFound("The link was removed from the Hub.", code="lti_link_removed")
        return _link(row)


def _principal(platform: Platform, launch: Launch) -> Principal:
    person = launch.person
    return launch_principal(platform.tenant_id, platform.id, person.subject, person.name or person.subject)


def _facts(platform: Platform, launch: Launch) -> links.LinkFacts:
    context = launch.context
    return links.LinkFacts(
        tenant_id=platform.tenant_id,
        platform_id=platform.id,
        deployment_id=launch.deployment_id,
        link_id=launch.resource_link.id if launch.resource_link else "",
        title=launch.resource_link.title if launch.resource_link else None,
        context=links.ContextFacts(context.id, context.title, launch.memberships_url, launch.groups_url)
        if context
        else None,
    )


def _known(found: links.Found | None) -> links.Found:
    if found is None:
        raise NotFound("The deployment was removed from the Hub a moment ago.", code="lti_deployment_unknown")
    return found


def _take_after(origin: ResourceLinkRow | None, row: ResourceLinkRow) -> None:
    """A link of a copied course opens what the one opened that it was copied from."""
    if origin is not None:
        row.package_id, row.package_name, row.counting = origin.package_id, origin.package_name, origin.counting


def _key(platform: Platform, link: Link) -> links.LinkKey:
    assert link.package_id is not None
    return links.LinkKey(platform.tenant_id, link.id, link.package_id)


def _link(row: ResourceLinkRow) -> Link:
    return Link(
        row.id,
        row.title,
        row.context_title,
        row.package_id,
        row.package_name,
        row.lti_context_id,
        row.link_id,
        row.counting,
    )
