"""Resource links: what a placement in a course opens, for whom, and how its learners are doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database
from hub.db.audit import record
from hub.errors import Conflict, NotFound
from hub.lti.services.shelf import PackageChoice, Shelf
from hub.lti.services.visits import Visit, launch_principal
from hub.lti.spec import vocabulary as v
from hub.lti.spec.launch import GRADED_PARAMETER, PACKAGE_PARAMETER, AgsEndpoint, Launch
from hub.lti.spec.platform import Platform
from hub.lti.storage import links, platforms
from hub.lti.storage.tables import ResourceLinkRow
from hub.ports import Ids
from hub.scorm.services.launches import Launches
from hub.scorm.services.learners import Learners
from hub.scorm.services.registrations import Registrations, RegistrationView

#: A course's page shows so many learners; more are in the console.
MOST_LEARNERS = 500


@dataclass(frozen=True, slots=True)
class Link:
    """A resource link as the pages see it; `package_id` is None until something was chosen."""

    id: UUID
    title: str | None
    context_title: str | None
    package_id: UUID | None
    package_name: str | None


@dataclass(frozen=True, slots=True)
class CourseReport:
    """How the learners of one link are doing, the newest first. `package` is None when it was deleted."""

    link: Link
    package: PackageChoice | None
    registrations: Sequence[RegistrationView]


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
    ) -> None:
        self._db = db
        self._ids = ids
        self._shelf = shelf
        self._learners = learners
        self._registrations = registrations
        self._launches = launches
        #: The origin that the player's addresses lead to.
        self.player_origin = content_url

    def arrive(self, platform: Platform, launch: Launch) -> Link:
        """The row of the link that was launched, brought up to date with what the launch says of it.

        The package that the link names (it was chosen by deep linking) goes before one that a teacher chose here. A
        name that is none of the tenant's packages counts for nothing.
        """
        named = self._named_package(platform, launch)
        with self._db.unit_of_work(platform.tenant_id) as work:
            row = self._save(work.session, platform, launch)
            if named is not None:
                row.package_id, row.package_name = named.id, named.name
            self._save_line_item(work.session, row, launch)
            return _link(row)

    def _named_package(self, platform: Platform, launch: Launch) -> PackageChoice | None:
        name = launch.custom.get(PACKAGE_PARAMETER)
        principal = launch_principal(platform.tenant_id, platform.id, launch.person.subject, "")
        return self._shelf.find(principal, name) if name else None

    def _save(self, session: Session, platform: Platform, launch: Launch) -> ResourceLinkRow:
        assert launch.resource_link is not None  # The claims table demands it of every resource link request.
        deployment = platforms.deployment_key(session, platform.tenant_id, platform.id, launch.deployment_id)
        if deployment is None:
            raise NotFound("The deployment was removed from the Hub a moment ago.", code="lti_deployment_unknown")
        facts = links.LinkFacts(
            tenant_id=platform.tenant_id,
            platform_id=platform.id,
            deployment_id=deployment,
            link_id=launch.resource_link.id,
            title=launch.resource_link.title,
            context_id=launch.context.id if launch.context else None,
            context_title=launch.context.title if launch.context else None,
            memberships_url=launch.memberships_url,
        )
        return links.save_link(session, self._ids.uuid(), facts)

    def _save_line_item(self, session: Session, row: ResourceLinkRow, launch: Launch) -> None:
        """Keep where grades go: the link's own column, or a container in which we may make one."""
        ags = launch.ags
        if ags is None or v.SCOPE_SCORE not in ags.scopes:
            return
        may_make = _may_make(ags) and launch.custom.get(GRADED_PARAMETER) != "no"
        if ags.line_item_url or may_make:
            container = ags.line_items_url if may_make else None
            links.save_line_item(session, self._ids.uuid(), row, ags.line_item_url, container, sorted(ags.scopes))

    def open_player(self, platform: Platform, launch: Launch, link: Link, origins: Sequence[str]) -> str:
        """The one-time address of the player for the learner who launched, at the place where they left off.

        Pages at `origins` may show it in a frame.
        """
        assert link.package_id is not None  # Only a link that opens something has a player.
        person = launch.person
        principal = launch_principal(platform.tenant_id, platform.id, person.subject, person.name or person.subject)
        learner = self._learners.ensure(principal, platform.issuer, person.subject, person.name or "", person.email)
        registration = self._registrations.ensure(principal, learner.id, link.package_id, context_key=str(link.id))
        with self._db.unit_of_work(platform.tenant_id) as work:
            links.add_registration(work.session, _key(platform, link), person.subject, registration.id)
        language = launch.language or "en"
        return self._launches.create(
            principal, registration.id, return_url=launch.return_url, locale=language, frame_origins=origins
        ).url

    def choose(self, visit: Visit, package: str) -> None:
        """Say what the link of this visit opens; raises `NotFound` for no such package."""
        chosen = self._shelf.find(visit.principal, package)
        if chosen is None:
            raise NotFound("There is no such package.", code="package_not_found")
        link = self._link_of(visit)
        with self._db.unit_of_work(visit.tenant_id) as work:
            links.set_package(work.session, visit.tenant_id, link.id, chosen.id, chosen.name)
            about = {"package": chosen.name}
            record(work.session, self._ids.uuid(), visit.principal, "resource_link.chosen", str(link.id), about)

    def report(self, visit: Visit) -> CourseReport:
        """How the learners of the visit's link are doing."""
        link = self._link_of(visit)
        found = self._registrations.of_context(visit.principal, str(link.id), MOST_LEARNERS)
        package = self._shelf.find(visit.principal, link.package_name) if link.package_name else None
        # The name of a deleted package may be another's by now.
        return CourseReport(link, package if package and package.id == link.package_id else None, found)

    def preview(self, visit: Visit) -> str:
        """A one-time address that shows the link's package to the teacher; nothing of it is recorded."""
        link = self._link_of(visit)
        if link.package_id is None:
            raise Conflict("Choose what this link opens first.", code="lti_nothing_chosen")
        language = visit.language or "en"
        return self._launches.preview(
            visit.principal, link.package_id, locale=language, frame_origins=visit.origins
        ).url

    def _link_of(self, visit: Visit) -> Link:
        if visit.resource_link_id is None:
            raise Conflict("This page belongs to a choice of content, not to a link.", code="lti_wrong_page")
        with self._db.read(visit.tenant_id) as session:
            row = links.get_link(session, visit.tenant_id, visit.resource_link_id)
        if row is None:
            raise NotFound("The link was removed from the Hub.", code="lti_link_removed")
        return _link(row)


def _may_make(ags: AgsEndpoint) -> bool:
    return ags.line_items_url is not None and v.SCOPE_LINE_ITEM in ags.scopes


def _key(platform: Platform, link: Link) -> links.LinkKey:
    assert link.package_id is not None
    return links.LinkKey(platform.tenant_id, link.id, link.package_id)


def _link(row: ResourceLinkRow) -> Link:
    return Link(row.id, row.title, row.context_title, row.package_id, row.package_name)
