"""Names and Role Provisioning Services 2.0 of a platform, and Course Groups, over pylti1p3's connector."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.errors import Invalid
from hub.lti.pylti_bridge.connector import MOST_PAGES, Connector
from hub.lti.spec import vocabulary as v
from hub.lti.spec.links import related_link
from hub.lti.spec.memberships import GROUPS_MEDIA_TYPE, MEDIA_TYPE, MOST_MEMBERS, Member, read_groups, read_members


@dataclass(frozen=True, slots=True)
class Listed:
    """The members of a course or link, and where the platform tells later what changed since."""

    members: list[Member]
    differences_url: str | None


class Memberships:
    """Names and Role Provisioning Services 2.0 of one platform, and the groups of its courses.

    pylti1p3's own class reads every page without end and knows neither links nor differences.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    def read(self, url: str, group_names: Mapping[str, str]) -> Listed:
        """The members at `url`, page by page. Raises `PlatformRefused`, `Unavailable`, `Invalid`."""
        members: list[Member] = []
        differences: str | None = None
        page: str | None = url
        seen: set[str] = set()
        while page and page not in seen and len(members) < MOST_MEMBERS:
            seen.add(page)
            answer = self._connector.make_service_request([v.SCOPE_MEMBERSHIP_READ], page, accept=MEDIA_TYPE)
            found = read_members(answer["body"], group_names)
            if found is None:
                raise Invalid("The platform's list of members is no membership container.", code="lti_service_refused")
            members += found
            differences = related_link(answer["headers"].get("link", ""), "differences", page) or differences
            page = answer["next_page_url"]
        return Listed(members[:MOST_MEMBERS], differences)

    def groups(self, url: str) -> dict[str, str]:
        """The names of a course's groups by their ids."""
        names: dict[str, str] = {}
        page: str | None = url
        for _ in range(MOST_PAGES):
            if page is None:
                break
            answer = self._connector.make_service_request([v.SCOPE_GROUPS_READ], page, accept=GROUPS_MEDIA_TYPE)
            names |= read_groups(answer["body"])
            page = answer["next_page_url"]
        return names
