"""Deep linking: what a teacher may choose, and the signed answer that carries the choice to the platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from hub.db import Database
from hub.errors import Conflict, Invalid, NotFound
from hub.lti.pylti_bridge import Bridge
from hub.lti.services.shelf import PackageChoice, Shelf
from hub.lti.services.visits import Visit
from hub.lti.spec.deep_linking import Choice, content_item
from hub.lti.spec.launch import DeepLinkingSettings
from hub.lti.storage import platforms

MOST_CHOICES = 50


@dataclass(frozen=True, slots=True)
class Picker:
    """The choice that is offered: packages, and whether several of them or a gradebook column can be asked for."""

    packages: Sequence[PackageChoice]
    search: str
    accepts_several: bool
    accepts_line_item: bool
    is_for_link: bool


@dataclass(frozen=True, slots=True)
class DeepLinkingResponse:
    """The signed message and where the browser posts it."""

    return_url: str
    jwt: str


class DeepLinking:
    """Offers packages and answers deep linking requests."""

    def __init__(self, db: Database, bridge: Bridge, shelf: Shelf) -> None:
        self._db = db
        self._bridge = bridge
        self._shelf = shelf

    def picker(self, visit: Visit, search: str = "") -> Picker:
        """The packages that a teacher may choose from, those whose title has `search` in it."""
        settings = visit.deep_linking
        return Picker(
            packages=self._shelf.search(visit.principal, search),
            search=search,
            accepts_several=settings is not None and settings.accept_multiple,
            accepts_line_item=settings is not None and settings.accept_line_item,
            is_for_link=settings is None,
        )

    def answer(self, visit: Visit, chosen: Sequence[str], *, is_graded: bool) -> DeepLinkingResponse:
        """The response for the chosen packages. `Invalid` for none or too many, `NotFound` for an unknown one."""
        settings = visit.deep_linking
        if settings is None:
            raise Conflict("This page belongs to a link, not to a choice of content.", code="lti_wrong_page")
        choices = [self._choice(visit, package, is_graded) for package in _checked(chosen, settings)]
        with self._db.read(visit.tenant_id) as session:
            platform = platforms.get(session, visit.tenant_id, visit.platform_id)
        if platform is None:
            raise NotFound("The platform was removed from the Hub.", code="platform_not_found")
        items = [content_item(choice, settings, self._bridge.launch_url) for choice in choices]
        jwt = self._bridge.sign_deep_linking_response(platform, visit.deployment_id, settings, items)
        return DeepLinkingResponse(settings.return_url, jwt)

    def _choice(self, visit: Visit, package: str, is_graded: bool) -> Choice:
        found = self._shelf.find(visit.principal, package)
        if found is None:
            raise NotFound("There is no such package.", code="package_not_found")
        thumbnail = urljoin(self._bridge.launch_url, found.thumbnail) if found.thumbnail else None
        return Choice(found.name, found.title, found.description or None, is_graded, thumbnail)


def _checked(chosen: Sequence[str], settings: DeepLinkingSettings) -> Sequence[str]:
    most = MOST_CHOICES if settings.accept_multiple else 1
    if not chosen:
        raise Invalid("Choose a package first.", code="lti_nothing_chosen")
    if len(chosen) > most:
        raise Invalid(f"The platform takes at most {most}.", code="lti_too_many_chosen")
    return list(dict.fromkeys(chosen))
