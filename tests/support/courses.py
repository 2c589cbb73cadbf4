"""A course that learners can start, written straight into the database: for tests that are not about importing."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from hub.db import EVERY_TENANT, Database
from hub.scorm.spec.manifest.course import Course, Item, Organization, Resource, as_data
from hub.scorm.storage.tables import Activity, Package, PackageVersion


def add_course(db: Database, tenant_id: UUID, title: str = "Golf", external_id: str = "") -> UUID:
    """A package with one published version of one SCO; returns the package's id."""
    package_id, version_id = uuid4(), uuid4()
    with db.unit_of_work(EVERY_TENANT) as work:
        work.session.add(
            Package(
                id=package_id,
                tenant_id=tenant_id,
                external_id=external_id or str(package_id),
                title=title,
                description="",
                updated_at=datetime.now(UTC),
            )
        )
        work.session.flush()
        work.session.add(_version(tenant_id, package_id, version_id, title))
        work.session.flush()
        work.session.add_all(_activities(tenant_id, version_id, title))
        package = work.session.get_one(Package, package_id)
        package.published_version_id = version_id
    return package_id


def _version(tenant_id: UUID, package_id: UUID, version_id: UUID, title: str) -> PackageVersion:
    return PackageVersion(
        id=version_id,
        tenant_id=tenant_id,
        package_id=package_id,
        number=1,
        standard="scorm_1_2",
        title=title,
        default_organization="org",
        content_prefix=f"{tenant_id}/{version_id}/",
        file_count=1,
        content_size=1,
        archive_key=f"{tenant_id}/{version_id}.zip",
        archive_name="golf.zip",
        archive_size=1,
        archive_sha256="0" * 64,
        created_by="test",
        course=as_data(_course(title)),
        files=[["index.html", 1, "text/html"]],
        findings=[],
    )


def _course(title: str) -> Course:
    item = Item("item-1", title, resource="sco", href="index.html", scorm_type="sco")
    sco = Resource("sco", "webcontent", "sco", "index.html", ("index.html",))
    return Course(
        "scorm_1_2", None, "golf", None, title, "", None, "org", (Organization("org", title, (item,)),), (sco,)
    )


def _activities(tenant_id: UUID, version_id: UUID, title: str) -> list[Activity]:
    root = uuid4()
    shared = {"tenant_id": tenant_id, "package_version_id": version_id, "organization": "org", "is_visible": True}
    return [
        Activity(id=root, kind="organization", identifier="org", position=0, depth=0, title=title, **shared),
        Activity(
            id=uuid4(),
            parent_id=root,
            kind="item",
            identifier="item-1",
            position=1,
            depth=1,
            title=title,
            href="index.html",
            scorm_type="sco",
            **shared,
        ),
    ]
