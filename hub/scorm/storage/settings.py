"""Queries on what is set for packages and their versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

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


def of_version(session: Session, tenant_id: UUID, version_id: UUID) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What is set for the package of a version, and for the version itself."""
    found = session.execute(
        select(PackageSettingsRow.version, PackageSettingsRow.values)
        .join(PackageVersion, PackageVersion.package_id == PackageSettingsRow.package_id)
        .where(
            PackageSettingsRow.tenant_id == tenant_id,
            PackageVersion.id == version_id,
            PackageSettingsRow.version.in_([PACKAGE, PackageVersion.number]),
        )
    )
    package: Mapping[str, Any] = {}
    own: Mapping[str, Any] = {}
    for version, values in found:
        if version == PACKAGE:
            package = values
        else:
            own = values
    return package, own


def lock(session: Session, tenant_id: UUID, package_id: UUID, version: int, now: datetime) -> PackageSettingsRow:
    """The row of a package or version, made if need be, held until the end of the transaction."""
    key = {"tenant_id": tenant_id, "package_id": package_id, "version": version}
    # No change has been made yet, so the revision that a reader was told is 0.
    session.execute(insert(PackageSettingsRow).values(**key, revision=0, changed_at=now).on_conflict_do_nothing())
    return session.scalars(select(PackageSettingsRow).filter_by(**key).with_for_update()).one()
