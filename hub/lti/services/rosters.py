"""Rosters: who is in a course (Names and Role Provisioning Services 2.0), and what its gradebook shows.

Both are asked for when a teacher looks at a report, kept, and shown with the time of asking; a platform that does not
answer costs the report nothing but their freshness.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from hub.db import Database
from hub.errors import HubError, NotFound, TooMany
from hub.lti.gate import Gate
from hub.lti.pylti_bridge import Bridge, Listed, PlatformRefused
from hub.lti.services.visits import Visit
from hub.lti.spec import vocabulary as v
from hub.lti.spec.memberships import of_link
from hub.lti.spec.platform import Platform
from hub.lti.storage import links, platforms, rosters
from hub.ports import Clock, Transients

log = structlog.get_logger(__name__)

#: A roster is asked for again when a teacher looks and it is older than this.
FRESH_FOR = timedelta(minutes=10)
#: So long nobody else asks for the same roster.
ASKING_SECONDS = 60
#: So many pages of a process wait for one platform, and for all of them.
MOST_ASKING, MOST_ASKING_IN_ALL = 4, 16


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A roster to be fetched: `roster_id` is our id of link or course, `link_id` the platform's of the link."""

    roster_id: UUID
    context_row_id: UUID
    memberships_url: str
    groups_url: str | None
    link_id: str | None
    differences_url: str | None


@dataclass(frozen=True, slots=True)
class _Column:
    """A gradebook column to be read."""

    line_item_id: UUID
    url: str
    scopes: tuple[str, ...]


class Rosters:
    """Fetches rosters and gradebook results."""

    def __init__(self, db: Database, clock: Clock, transients: Transients, bridge: Bridge) -> None:
        self._db = db
        self._clock = clock
        self._transients = transients
        self._bridge = bridge
        self._gate = Gate(MOST_ASKING, MOST_ASKING_IN_ALL)

    def refresh(self, visit: Visit) -> None:
        """Fetch the roster of the visit's link or course, and the link's results; faults are kept and shown.

        While many wait for the platform already, what is known is shown instead.
        """
        visit.require("report.read")
        with suppress(TooMany), self._gate.passed(visit.platform_id):
            self._refresh(visit)

    def _refresh(self, visit: Visit) -> None:
        platform, wanted, column = self._wanted(visit)
        busy = f"lti:roster:{visit.resource_link_id or visit.context_row_id}"
        if not self._transients.add(busy, b"1", ASKING_SECONDS):
            return
        try:
            if wanted is not None:
                self._fetch_roster(platform, wanted)
            if column is not None:
                self._fetch_results(platform, column)
        finally:
            self._transients.delete(busy)

    def _wanted(self, visit: Visit) -> tuple[Platform, _Wanted | None, _Column | None]:
        with self._db.read(visit.tenant_id) as session:
            platform = platforms.get(session, visit.tenant_id, visit.platform_id)
            if platform is None:
                raise NotFound("The platform was removed from the Hub.", code="platform_not_found")
            link = links.get_link(session, visit.tenant_id, visit.resource_link_id) if visit.resource_link_id else None
            context = (
                links.get_context(session, visit.tenant_id, visit.context_row_id) if visit.context_row_id else None
            )
            item = links.get_line_item(session, visit.tenant_id, link.id) if link else None
            wanted = column = None
            if context is not None and context.memberships_url:
                roster_id = link.id if link else context.id
                known = rosters.get(session, visit.tenant_id, roster_id)
                differences = known.differences_url if known else None
                url, groups = context.memberships_url, context.groups_url
                wanted = _Wanted(roster_id, context.id, url, groups, link.link_id if link else None, differences)
            if item is not None and item.url and v.SCOPE_RESULT_READ in item.scopes:
                column = _Column(item.id, item.url, tuple(item.scopes))
        return platform, wanted, column

    def _fetch_roster(self, platform: Platform, wanted: _Wanted) -> None:
        try:
            listed, is_difference = self._list(platform, wanted)
        except (HubError, PlatformRefused) as refusal:
            log.info("roster_refused", platform=str(platform.id))
            with self._db.unit_of_work(platform.tenant_id) as work:
                rosters.save(
                    work.session, platform.tenant_id, wanted.roster_id, wanted.context_row_id, error=str(refusal)
                )
            return
        now = self._clock.now()
        kept = {"fetched_at": now, "error": None, "differences_url": listed.differences_url}
        with self._db.unit_of_work(platform.tenant_id) as work:
            rosters.save(work.session, platform.tenant_id, wanted.roster_id, wanted.context_row_id, **kept)
            rosters.replace(
                work.session, platform.tenant_id, wanted.roster_id, listed.members, is_difference=is_difference
            )

    def _list(self, platform: Platform, wanted: _Wanted) -> tuple[Listed, bool]:
        """What changed since the last time where the platform tells it; else those who may use the link; else everybody
        (sections 2.4.1 and 2.4.2). A platform that does not know one of these refuses it or ignores it."""
        service = self._bridge.memberships(platform)
        names = self._group_names(platform, wanted.groups_url)
        if wanted.differences_url:
            try:
                return service.read(wanted.differences_url, names), True
            except (HubError, PlatformRefused):
                log.info("roster_differences_refused", platform=str(platform.id))
        if wanted.link_id:
            try:
                return service.read(of_link(wanted.memberships_url, wanted.link_id), names), False
            except PlatformRefused as refusal:
                if refusal.step == "token" or refusal.response.status not in {400, 404, 422, 501}:
                    raise
        return service.read(wanted.memberships_url, names), False

    def _group_names(self, platform: Platform, url: str | None) -> dict[str, str]:
        """The names of the course's groups; without them groups are called by their ids."""
        if url is None:
            return {}
        try:
            return self._bridge.memberships(platform).groups(url)
        except (HubError, PlatformRefused):
            log.info("groups_refused", platform=str(platform.id))
            return {}

    def _fetch_results(self, platform: Platform, column: _Column) -> None:
        try:
            results = self._bridge.grades(platform, column.scopes).results(column.url)
        except (HubError, PlatformRefused):
            log.info("results_refused", platform=str(platform.id))
            return
        with self._db.unit_of_work(platform.tenant_id) as work:
            links.set_results(work.session, platform.tenant_id, column.line_item_id, results, self._clock.now())
