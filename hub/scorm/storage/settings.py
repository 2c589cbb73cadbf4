"""Queries on what is set for packages and their versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Text, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from hub.scorm.storage.tables import PackageVersion
from hub.scorm.storage.tables_reports import PackageSettingsRow

#: The number under which a package's own settings are kept; versions count from one.
PACKAGE = 0


def rows(session: Session, tenant_id: UUID, package_id: UUID, version: int) -> dict[int, PackageSettingsRow]:
    """The settings of a package and of one of its versions, by number, as far as there are any."""
    found = session.scalars(
        select(PackageSettingsRow).where(
            PackageSettingsRow.tenant_id == tenant_id,
            PackageSettingsRow.package_id == package_id,
            PackageSettingsRow.version.in_({PACKAGE, version}),
        )
    )
    return {row.version: row for row in found}


#: What is set for a package, and for one version of it.
Both = tuple[Mapping[str, Any], Mapping[str, Any]]


def of_version(session: Session, tenant_id: UUID, version_id: UUID) -> Both:
    """What is set for the package of a version, and for the version itself."""
    version = (PackageVersion.id == version_id, PackageVersion.tenant_id == tenant_id)
    return both(session.scalar(select(column(PackageVersion.id)).where(*version)))


def column(version_id: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ScalarSelect[dict[str, Any] | None]:
    """The settings of a version and its package as a column of a query that has the version's id; see `both`."""
    owner = aliased(PackageVersion)
    return (
        select(func.jsonb_object_agg(cast(PackageSettingsRow.version, Text), PackageSettingsRow.values))
        .join(owner, owner.package_id == PackageSettingsRow.package_id)
        .where(
            PackageSettingsRow.tenant_id == owner.tenant_id,
            owner.id == version_id,
            PackageSettingsRow.version.in_([PACKAGE, owner.number]),
        )
        .scalar_subquery()
    )


def both(found: Mapping[str, Any] | None) -> Both:
    """What is set for the package of a version, and for the version itself, as `column` tells it."""
    by_number = dict(found or {})
    return by_number.pop(str(PACKAGE), {}), next(iter(by_number.values()), {})


def lock(session: Session, tenant_id: UUID, package_id: UUID, version: int, now: datetime) -> PackageSettingsRow:
    """The row of a package or version, made if need be, held until the end of the transaction."""
    key = {"tenant_id": tenant_id, "package_id": package_id, "version": version}
    # No change has been made yet, so the revision that a reader was told is 0.
    session.execute(insert(PackageSettingsRow).values(**key, revision=0, changed_at=now).on_conflict_do_nothing())
    return session.scalars(select(PackageSettingsRow).filter_by(**key).with_for_update()).one()
