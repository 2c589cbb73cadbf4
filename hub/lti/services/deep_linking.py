"""Deep linking: what a teacher may choose, and the signed answer that carries the choice to the platform."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO
from urllib.parse import urljoin
from uuid import UUID

from hub.db import Database
from hub.errors import Conflict, Invalid, NotFound, Violation, say
from hub.lti.pylti_bridge import Bridge
from hub.lti.services.shelf import PackageChoice, Shelf
from hub.lti.services.visits import Visit
from hub.lti.spec.deep_linking import Choice, Wishes, content_item
from hub.lti.spec.launch import OWN_PARAMETERS, DeepLinkingSettings
from hub.lti.storage import platforms
from hub.scorm.services.imports import Imports, JobView, Upload

MOST_CHOICES = 50
MOST_POINTS = 10_000
MOST_PARAMETERS = 20
LONGEST_PARAMETER = 1000
_PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_ACTIONS_OF_UPLOADERS = frozenset({"packages.read", "packages.write"})


@dataclass(frozen=True, slots=True)
class Picker:
    """The choice that is offered: packages, and what of the links can be chosen with them.

    `targets` are the ways to open a link that the platform takes, of those that there are. `upload` is a package that
    was just sent and is being checked.
    """

    packages: Sequence[PackageChoice]
    search: str
    accepts_several: bool
    accepts_line_item: bool
    is_for_link: bool
    targets: Sequence[str]
    may_upload: bool
    upload: JobView | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A package that a teacher chose, by its name, and what it is to be called if not by its own title."""

    package: str
    title: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class DeepLinkingResponse:
    """The signed message and where the browser posts it."""

    return_url: str
    jwt: str


class DeepLinking:
    """Offers packages, takes new ones, and answers deep linking requests."""

    def __init__(self, db: Database, bridge: Bridge, shelf: Shelf, imports: Imports, icon_url: str) -> None:
        self._db = db
        self._bridge = bridge
        self._shelf = shelf
        self._imports = imports
        self._icon_url = icon_url

    @property
    def largest_upload(self) -> int:
        """So many bytes a package may have."""
        return self._imports.largest_upload

    def picker(self, visit: Visit, search: str = "", job_id: UUID | None = None, chosen: Sequence[str] = ()) -> Picker:
        """The packages that a teacher may choose from: those chosen already, and those in whose title `search` is."""
        visit.require("content.choose")
        settings = visit.deep_linking
        kept = [one for name in chosen[:MOST_CHOICES] if (one := self._shelf.find(visit.principal, name))]
        found = [one for one in self._shelf.search(visit.principal, search) if one.name not in chosen]
        return Picker(
            packages=[*kept, *found],
            search=search,
            accepts_several=settings is not None and settings.accept_multiple,
            accepts_line_item=settings is not None and settings.accept_line_item,
            is_for_link=settings is None,
            targets=[one for one in ("iframe", "window") if settings is not None and one in settings.targets],
            may_upload="content.upload" in visit.actions,
            upload=self._imports.get(visit.principal, job_id) if job_id else None,
        )

    def upload(self, visit: Visit, body: BinaryIO, name: str) -> JobView:
        """Take a package that the teacher brought along; it is checked by the worker like every other."""
        visit.require("content.upload")
        principal = replace(visit.principal, actions=_ACTIONS_OF_UPLOADERS)
        return self._imports.accept(principal, Upload(body, name))

    def answer(self, visit: Visit, chosen: Sequence[Chosen], wishes: Wishes) -> DeepLinkingResponse:
        """The response for the chosen packages.

        `Invalid` for none, too many, or wishes that make no sense; `NotFound` for an unknown one.
        """
        visit.require("content.choose")
        settings = visit.deep_linking
        if settings is None:
            raise Conflict("This page belongs to a link, not to a choice of content.", code="lti_wrong_page")
        check_wishes(wishes)
        choices = [self._choice(visit, one) for one in _checked(chosen, settings)]
        with self._db.read(visit.tenant_id) as session:
            platform = platforms.get(session, visit.tenant_id, visit.platform_id)
        if platform is None:
            raise NotFound("The platform was removed from the Hub.", code="platform_not_found")
        launch_url, icon_url = self._bridge.launch_url, self._icon_url
        items = [content_item(choice, wishes, settings, launch_url, icon_url) for choice in choices]
        jwt = self._bridge.sign_deep_linking_response(platform, visit.deployment_id, settings, items)
        return DeepLinkingResponse(settings.return_url, jwt)

    def _choice(self, visit: Visit, chosen: Chosen) -> Choice:
        found = self._shelf.find(visit.principal, chosen.package)
        if found is None:
            raise NotFound("There is no such package.", code="package_not_found")
        thumbnail = urljoin(self._bridge.launch_url, found.thumbnail) if found.thumbnail else None
        title, label = chosen.title.strip() or found.title, chosen.label.strip() or None
        return Choice(found.name, title, found.description or None, thumbnail, label)


def check_wishes(wishes: Wishes) -> None:
    """Refuse points and dates that no gradebook could use, and parameters that no platform could send, with every
    fault."""
    faults = _parameter_faults(wishes.custom)
    if not wishes.points.is_finite() or not Decimal(0) < wishes.points <= MOST_POINTS:
        faults.append(
            Violation("AGS 2.0, 3.2.4", "points", say("must be more than 0 and at most %(most)s", most=MOST_POINTS))
        )
    if _is_before(wishes.available_until, wishes.available_from):
        faults.append(Violation("Deep Linking 2.0, 3.2.4", "until", say("is before the beginning")))
    if _is_before(wishes.due_at, wishes.available_from):
        faults.append(Violation("Deep Linking 2.0, 3.2.4", "due", say("is before the beginning")))
    if faults:
        detail = say("The field %(field)s %(fault)s.", field=faults[0].where, fault=faults[0].message)
        raise Invalid(detail, code="lti_bad_choice", violations=faults)


def _parameter_faults(custom: Mapping[str, str]) -> list[Violation]:
    """What is wrong with the teacher's own parameters (LTI 1.3 section 5.4.6)."""
    section, faults = "LTI 1.3, 5.4.6", []
    if len(custom) > MOST_PARAMETERS:
        faults.append(Violation(section, "custom", say("has more than %(most)s parameters", most=MOST_PARAMETERS)))
    for name, value in custom.items():
        if not _PARAMETER_NAME.fullmatch(name):
            message = say(
                "has a name that is not a letter with up to 63 letters, digits, dots, dashes or underscores after it"
            )
            faults.append(Violation(section, "custom", message, name[:100]))
        elif name.lower() in OWN_PARAMETERS:
            faults.append(Violation(section, "custom", say("sets a parameter that is the Hub's own"), name))
        elif len(value) > LONGEST_PARAMETER:
            faults.append(
                Violation(
                    section, "custom", say("has a value of more than %(most)s letters", most=LONGEST_PARAMETER), name
                )
            )
    return faults


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _checked(chosen: Sequence[Chosen], settings: DeepLinkingSettings) -> Sequence[Chosen]:
    most = MOST_CHOICES if settings.accept_multiple else 1
    if not chosen:
        raise Invalid("Choose a package first.", code="lti_nothing_chosen")
    if len(chosen) > most:
        raise Invalid(say("The platform takes at most %(most)s.", most=most), code="lti_too_many_chosen")
    return list({one.package: one for one in chosen}.values())
