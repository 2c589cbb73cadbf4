"""Courses for the player's tests, and a player without a browser."""

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.identity import Principal, system_principal
from hub.media_types import media_type
from hub.oauth.services.tenants import Tenants
from hub.scorm.services.launches import Launches, Opening
from hub.scorm.services.learners import OWN_SOURCE, Learners
from hub.scorm.services.registrations import Registrations, RegistrationView
from hub.scorm.services.runtime import Commit, Committed, Delivery, Destination, Runtime
from hub.scorm.services.tokens import PlayerSession, PlayerTokens
from hub.scorm.spec.manifest.course import ControlMode, Course, DataMap, Item, Organization, Sequencing, as_data
from hub.scorm.storage.tables import Activity, Package, PackageVersion
from hub.xapi_lrs.services.stores import Stores

PAGE = "<!doctype html><title>A page</title><h1>A page</h1>"


@dataclass(frozen=True)
class Sco:
    """An item of a test course; `columns` are those of the activity table, `sequencing` is that of SCORM 2004."""

    identifier: str
    title: str = ""
    page: str = PAGE
    columns: dict[str, Any] = field(default_factory=dict)
    sequencing: Sequencing | None = None
    data_maps: tuple[DataMap, ...] = ()
    prerequisites: str | None = None

    @property
    def href(self) -> str:
        return f"{self.identifier}.html"


#: Learners may flow through the course and choose from it.
FREE = Sequencing(control_mode=ControlMode(choice=True, flow=True))


def add_played_course(
    hub: Hub,
    tenant_id: UUID,
    standard: str,
    *scos: Sco,
    title: str = "Sailing",
    files: dict[str, bytes] | None = None,
    sequencing: Sequencing = FREE,
) -> UUID:
    """A published package with these items and their files; returns the package's id."""
    package_id, version_id = uuid4(), uuid4()
    prefix = f"{tenant_id}/{package_id}/{version_id}/"
    contents = {sco.href: sco.page.encode() for sco in scos} | (files or {})
    for path, content in contents.items():
        hub.ports.objects.put(prefix + path, io.BytesIO(content), media_type(path))
    listed = [[path, len(content), media_type(path)] for path, content in contents.items()]
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.add(
            Package(
                id=package_id,
                tenant_id=tenant_id,
                external_id=str(package_id),
                title=title,
                description="",
                updated_at=datetime.now(UTC),
            )
        )
        work.session.flush()
        version = _version(tenant_id, package_id, version_id, standard, title, prefix, listed)
        version.course = as_data(_course(standard, title, scos, sequencing))
        work.session.add(version)
        work.session.flush()
        work.session.add_all(_activities(tenant_id, version_id, title, scos))
        work.session.get_one(Package, package_id).published_version_id = version_id
    return package_id


def _version(
    tenant_id: UUID, package_id: UUID, version_id: UUID, standard: str, title: str, prefix: str, files: list[Any]
) -> PackageVersion:
    return PackageVersion(
        id=version_id,
        tenant_id=tenant_id,
        package_id=package_id,
        number=1,
        standard=standard,
        title=title,
        default_organization="org",
        content_prefix=prefix,
        file_count=len(files),
        content_size=sum(size for _, size, _ in files),
        archive_key=f"{prefix}archive.zip",
        archive_name="course.zip",
        archive_size=1,
        archive_sha256="0" * 64,
        created_by="test",
        course={},
        files=files,
        findings=[],
    )


def _course(standard: Any, title: str, scos: tuple[Sco, ...], sequencing: Sequencing) -> Course:
    items = tuple(
        Item(
            identifier=sco.identifier,
            title=sco.title or sco.identifier,
            href=sco.href,
            scorm_type=sco.columns.get("scorm_type", "sco"),
            is_visible=sco.columns.get("is_visible", True),
            data_maps=sco.data_maps,
            prerequisites=sco.prerequisites,
            sequencing=sco.sequencing,
        )
        for sco in scos
    )
    return Course(
        standard=standard,
        edition=None,
        identifier="course",
        version=None,
        title=title,
        description="",
        language=None,
        default_organization="org",
        organizations=(Organization("org", title, items, sequencing=sequencing),),
        resources=(),
    )


def _activities(tenant_id: UUID, version_id: UUID, title: str, scos: tuple[Sco, ...]) -> list[Activity]:
    root = uuid4()
    shared = {"tenant_id": tenant_id, "package_version_id": version_id, "organization": "org"}
    items = [
        Activity(
            **{
                "id": uuid4(),
                "parent_id": root,
                "kind": "item",
                "identifier": sco.identifier,
                "position": place,
                "depth": 1,
                "title": sco.title or sco.identifier,
                "href": sco.href,
                "scorm_type": "sco",
                "is_visible": True,
                **shared,
                **sco.columns,
            }
        )
        for place, sco in enumerate(scos, start=1)
    ]
    top = {"id": root, "kind": "organization", "identifier": "org", "position": 0, "depth": 0, "is_visible": True}
    return [Activity(**top, title=title, **shared), *items]


def enrol(hub: Hub, system: Principal, package_id: UUID, name: str = "Ada Lovelace") -> RegistrationView:
    """A new learner's registration for the package."""
    learner = hub.service(Learners).ensure(system, OWN_SOURCE, uuid4().hex, name)
    return hub.service(Registrations).ensure(system, learner.id, package_id)


class Window:
    """One opened player, driven by calls instead of a browser."""

    def __init__(self, hub: Hub, system: Principal, registration_id: UUID, **options: Any) -> None:
        link = hub.service(Launches).create(system, registration_id, **options)
        self.hub = hub
        self.opening: Opening = hub.service(Launches).open(link.url.rpartition("/")[2], None, "test")
        self.session: PlayerSession = hub.service(PlayerTokens).read(self.opening.token)
        self.delivery: Delivery | None = None
        self.sequence = 0

    def go(self, request: Any = "start", target: str | None = None) -> Destination:
        """Navigate; the delivered activity becomes the current one."""
        destination = self.hub.service(Runtime).navigate(self.session, request, target)
        if destination.delivery is not None:
            self.delivery, self.sequence = destination.delivery, 0
        return destination

    def commit(self, values: dict[str, str] | None = None, kind: Any = "commit", **changes: Any) -> Committed:
        """Commit values for the current activity under the next number."""
        assert self.delivery is not None
        self.sequence += 1
        facts = {
            "activity": self.delivery.activity,
            "session": self.delivery.session,
            "base": self.sequence - 1,
            "sequence": self.sequence,
            "kind": kind,
            "values": values or {},
        }
        return self.hub.service(Runtime).commit(self.session, Commit(**(facts | changes)))

    def play(self, values: dict[str, str], target: str | None = None) -> Committed:
        """Open an activity, initialize, set values and terminate."""
        self.go("choice" if target else "start", target)
        self.commit(kind="initialize")
        return self.commit(values, kind="terminate")


def said(hub: Hub, window: Window) -> list[dict[str, Any]]:
    """The registration's statements as the LRS has them, the first one first."""
    store = hub.service(Stores).of(system_principal(window.session.tenant_id))
    with hub.db.connection(EVERY_TENANT) as connection:
        rows = connection.execute(
            "SELECT body FROM lrs_statement WHERE store = %s ORDER BY stored", (store.number,)
        ).fetchall()
    return [json.loads(bytes(row[0])) for row in rows]


def course_address(hub: Hub, files: dict[str, bytes]) -> str:
    """Add a course with these files in a tenant of its own and launch it; the address of its folder, with its grant."""
    slug = f"t{uuid4().hex[:12]}"
    system = system_principal(hub.service(Tenants).create(slug, slug).id)
    package = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"), files=files)
    delivery = Window(hub, system, enrol(hub, system, package).id).go().delivery
    assert delivery is not None
    return delivery.url.rpartition("/")[0] + "/"
