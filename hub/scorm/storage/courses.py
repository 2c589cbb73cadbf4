"""What the player needs of a package version: its facts and the activities of its default organization."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.scorm.storage.tables import Activity, Package, PackageVersion


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A package version, without its course and file list."""

    id: UUID
    package_id: UUID
    number: int
    standard: str
    title: str
    content_prefix: str


def find_version(session: Session, tenant_id: UUID, version_id: UUID) -> VersionRow | None:
    """The version, if the tenant has it."""
    row = session.execute(
        select(
            PackageVersion.id,
            PackageVersion.package_id,
            PackageVersion.number,
            PackageVersion.standard,
            PackageVersion.title,
            PackageVersion.content_prefix,
        ).where(PackageVersion.tenant_id == tenant_id, PackageVersion.id == version_id)
    ).one_or_none()
    return None if row is None else VersionRow(*row)


def file_names(session: Session, tenant_id: UUID, version_id: UUID) -> list[str]:
    """The names of the version's files."""
    files = session.scalars(
        select(PackageVersion.files).where(PackageVersion.tenant_id == tenant_id, PackageVersion.id == version_id)
    ).one_or_none()
    return [file[0] for file in files or ()]


def course_data(session: Session, tenant_id: UUID, version_id: UUID) -> dict[str, Any]:
    """The Course model of the version as JSON data (`hub.scorm.spec.manifest.course`)."""
    return session.scalars(
        select(PackageVersion.course).where(PackageVersion.tenant_id == tenant_id, PackageVersion.id == version_id)
    ).one()


def activities(session: Session, tenant_id: UUID, version_id: UUID) -> Sequence[Activity]:
    """The activities of the version's default organization, in document order."""
    return session.scalars(
        select(Activity)
        .join(PackageVersion, PackageVersion.id == Activity.package_version_id)
        .where(
            Activity.tenant_id == tenant_id,
            Activity.package_version_id == version_id,
            Activity.organization == PackageVersion.default_organization,
        )
        .order_by(Activity.position)
    ).all()


def add_finding(session: Session, tenant_id: UUID, version_id: UUID, finding: dict[str, Any]) -> None:
    """Add a finding to the version's report, unless it has one of that code."""
    has_one = PackageVersion.findings.contains([{"code": finding["code"]}])
    session.execute(
        update(PackageVersion)
        .where(PackageVersion.tenant_id == tenant_id, PackageVersion.id == version_id, ~has_one)
        .values(findings=PackageVersion.findings.concat([finding]))
        .execution_options(synchronize_session=False)
    )


def published_version(session: Session, tenant_id: UUID, package_id: UUID) -> tuple[bool, UUID | None]:
    """Whether the package exists, and which of its versions is the one to start now."""
    row = session.execute(
        select(Package.published_version_id).where(
            Package.tenant_id == tenant_id, Package.id == package_id, Package.deleted_at.is_(None)
        )
    ).one_or_none()
    return (row is not None), (row[0] if row else None)


def package_of(session: Session, tenant_id: UUID, external_id: str) -> UUID | None:
    """The package that the API knows by this id."""
    return session.scalars(
        select(Package.id).where(
            Package.tenant_id == tenant_id, Package.external_id == external_id, Package.deleted_at.is_(None)
        )
    ).one_or_none()
