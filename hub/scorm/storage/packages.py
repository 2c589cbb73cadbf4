"""Queries on packages and their versions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Session, undefer

from hub.scorm.spec.manifest.course import Course, Item, Organization, Sequencing, as_data
from hub.scorm.storage.tables import Activity, Package, PackageVersion

#: The largest value of an integer column.
LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PackageRow:
    """A package with its published version and how many versions it has."""

    package: Package
    published: PackageVersion | None
    versions: int


def _rows(tenant_id: UUID) -> Select[Package, PackageVersion | None, int]:
    count = select(func.count(PackageVersion.id)).where(PackageVersion.package_id == Package.id)
    counted = count.correlate(Package).scalar_subquery()
    return (
        select(Package, PackageVersion, counted)
        .outerjoin(PackageVersion, PackageVersion.id == Package.published_version_id)
        .where(Package.tenant_id == tenant_id, Package.deleted_at.is_(None))
    )


def page(
    session: Session,
    tenant_id: UUID,
    words: str = "",
    tag: str = "",
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[PackageRow]:
    """Up to `limit` packages, newest first, those before the key; all `words` occur in title, text, id or tags."""
    query = _rows(tenant_id)
    for word in words.split():
        tags = func.array_to_string(Package.tags, "\n")
        found_in = (Package.title, Package.description, Package.external_id, tags)
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in found_in)))
    if tag:
        query = query.where(Package.tags.contains([tag]))
    if before is not None:
        query = query.where(tuple_(Package.created_at, Package.id) < before)
    rows = session.execute(query.order_by(Package.created_at.desc(), Package.id.desc()).limit(limit))
    return [PackageRow(*row) for row in rows]


def find_row(session: Session, tenant_id: UUID, external_id: str) -> PackageRow | None:
    """The package of that id with its published version."""
    row = session.execute(_rows(tenant_id).where(Package.external_id == external_id)).one_or_none()
    return None if row is None else PackageRow(*row)


def find(session: Session, tenant_id: UUID, external_id: str, *, for_update: bool = False) -> Package | None:
    """The package of that id, locked until the end of the transaction if it is to be changed."""
    query = select(Package).where(
        Package.tenant_id == tenant_id, Package.external_id == external_id, Package.deleted_at.is_(None)
    )
    return session.scalars(query.with_for_update() if for_update else query).one_or_none()


def published(session: Session, tenant_id: UUID, external_id: str) -> UUID | None:
    """The row's id of the package of that id, where it has a version that learners can start."""
    return session.scalars(
        select(Package.id).where(
            Package.tenant_id == tenant_id,
            Package.external_id == external_id,
            Package.deleted_at.is_(None),
            Package.published_version_id.is_not(None),
        )
    ).one_or_none()


def find_or_add(
    session: Session, tenant_id: UUID, package_id: UUID, external_id: str, title: str, now: datetime
) -> Package:
    """The package of that id, locked; made when there is none. Two that come at once get the same one."""
    session.execute(
        insert_or_ignore(Package)
        .values(
            id=package_id,
            tenant_id=tenant_id,
            external_id=external_id,
            title=title,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "external_id"], index_where=Package.deleted_at.is_(None))
    )
    package = find(session, tenant_id, external_id, for_update=True)
    assert package is not None
    return package


def versions(session: Session, tenant_id: UUID, package_id: UUID) -> Sequence[PackageVersion]:
    """Every version of the package, newest first."""
    return session.scalars(
        select(PackageVersion)
        .where(PackageVersion.tenant_id == tenant_id, PackageVersion.package_id == package_id)
        .order_by(PackageVersion.number.desc())
    ).all()


def version(session: Session, tenant_id: UUID, package_id: UUID, number: int, *columns: Any) -> PackageVersion | None:
    """One version by its number, with the deferred `columns` that are wanted."""
    if number > LARGEST_NUMBER:
        return None
    return session.scalars(
        select(PackageVersion)
        .options(*(undefer(column) for column in columns))
        .where(
            PackageVersion.tenant_id == tenant_id,
            PackageVersion.package_id == package_id,
            PackageVersion.number == number,
        )
    ).one_or_none()


def newest_version(session: Session, tenant_id: UUID, package_id: UUID) -> PackageVersion | None:
    """The version that was added last."""
    return session.scalars(
        select(PackageVersion)
        .where(PackageVersion.tenant_id == tenant_id, PackageVersion.package_id == package_id)
        .order_by(PackageVersion.number.desc())
        .limit(1)
    ).one_or_none()


def lock_content(session: Session, tenant_id: UUID, archive_sha256: str) -> None:
    """Until the end of the transaction, nobody else begins or ends sharing the objects of these bytes."""
    key = func.hashtextextended(f"{tenant_id}/{archive_sha256}", 0)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def with_same_bytes(session: Session, tenant_id: UUID, archive_sha256: str) -> PackageVersion | None:
    """A version made of the same zip, of any package that is not deleted, with its `files`."""
    return session.scalars(
        select(PackageVersion)
        .options(undefer(PackageVersion.files))
        .join(Package, Package.id == PackageVersion.package_id)
        .where(
            PackageVersion.tenant_id == tenant_id,
            PackageVersion.archive_sha256 == archive_sha256,
            Package.deleted_at.is_(None),
        )
        .order_by(PackageVersion.created_at.desc())
        .limit(1)
    ).one_or_none()


def is_content_in_use(session: Session, version: PackageVersion) -> bool:
    """Whether a version of a package that is not deleted has the same objects."""
    users = (
        select(PackageVersion.id)
        .join(Package, Package.id == PackageVersion.package_id)
        .where(
            PackageVersion.tenant_id == version.tenant_id,
            PackageVersion.archive_sha256 == version.archive_sha256,
            PackageVersion.content_prefix == version.content_prefix,
            Package.deleted_at.is_(None),
        )
    )
    return session.scalars(users.limit(1)).one_or_none() is not None


def add_version(session: Session, version: PackageVersion, course: Course, new_id: Iterator[UUID]) -> None:
    """Add a version with the activities of all its organizations."""
    session.add(version)
    session.flush()
    outlines = (_activity_rows(organization, course.standard, new_id) for organization in course.organizations)
    rows = [row for outline in outlines for row in outline]
    for position, row in enumerate(rows):
        row |= {"tenant_id": version.tenant_id, "package_version_id": version.id, "position": position}
    session.execute(insert(Activity), rows)


def _activity_rows(organization: Organization, standard: str, new_id: Iterator[UUID]) -> Iterator[dict[str, Any]]:
    """The organization and its items in document order, each row naming its parent's."""
    root: dict[str, Any] = {
        "id": next(new_id),
        "parent_id": None,
        "organization": organization.identifier,
        "kind": "organization",
        "identifier": organization.identifier,
        "depth": 0,
        "title": organization.title,
        "href": None,
        "scorm_type": None,
        "is_visible": True,
        "launch_data": None,
        "mastery_score": None,
        "max_time_allowed": None,
        "time_limit_action": None,
        "prerequisites": None,
        "hide_lms_ui": [],
    }
    yield root | _judged_by(organization.completion_threshold, organization.sequencing)
    yield from _item_rows(organization.items, root, standard, new_id)


def _item_rows(
    items: Sequence[Item], parent: dict[str, Any], standard: str, new_id: Iterator[UUID]
) -> Iterator[dict[str, Any]]:
    for item in items:
        row = {
            "id": next(new_id),
            "parent_id": parent["id"],
            "organization": parent["organization"],
            "kind": _kind_of(item, standard),
            "identifier": item.identifier,
            "depth": parent["depth"] + 1,
            "title": item.title,
            "href": item.href,
            "scorm_type": item.scorm_type,
            "is_visible": item.is_visible,
            "launch_data": item.launch_data,
            "mastery_score": item.mastery_score,
            "max_time_allowed": item.max_time_allowed,
            "time_limit_action": item.time_limit_action,
            "prerequisites": item.prerequisites,
            "hide_lms_ui": list(item.hide_lms_ui),
        }
        yield row | _judged_by(item.completion_threshold, item.sequencing)
        yield from _item_rows(item.items, row, standard, new_id)


def _kind_of(item: Item, standard: str) -> str:
    """`item` of SCORM and xAPI packages; cmi5 tells blocks from AUs."""
    if standard != "cmi5":
        return "item"
    return "au" if item.au else "block"


def _judged_by(threshold: Any, sequencing: Sequencing | None) -> dict[str, Any]:
    """How completion and success of an activity are judged: its threshold, objectives and sequencing."""
    primary = sequencing.primary_objective if sequencing else None
    known = sequencing.objectives if sequencing else ()
    return {
        "completion_threshold": threshold.min_progress_measure if threshold else None,
        "completed_by_measure": bool(threshold and threshold.completed_by_measure),
        "progress_weight": threshold.progress_weight if threshold else 1.0,
        "scaled_passing_score": (primary.min_normalized_measure if primary and primary.satisfied_by_measure else None),
        "objectives": [objective.identifier for objective in known if objective.identifier],
        "sequencing": as_data(sequencing) if sequencing else None,
    }
