"""Queries on import jobs. A worker holds a job by a lease that it renews; `version_id` names its run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_, update
from sqlalchemy.orm import Session

from hub.db.tables import Tenant
from hub.scorm.storage.tables import ImportJob, Package, PackageVersion

OPEN_STATES = ("queued", "checking", "storing")


def get(session: Session, tenant_id: UUID, job_id: UUID, *, for_update: bool = False) -> ImportJob | None:
    """The tenant's job of that id, locked if it is to be changed."""
    query = select(ImportJob).where(ImportJob.tenant_id == tenant_id, ImportJob.id == job_id)
    return session.scalars(query.with_for_update() if for_update else query).one_or_none()


def by_idempotency_key(session: Session, tenant_id: UUID, created_by: str, key: str) -> ImportJob | None:
    """The job that the same caller made with the same Idempotency-Key."""
    return session.scalars(
        select(ImportJob).where(
            ImportJob.tenant_id == tenant_id, ImportJob.created_by == created_by, ImportJob.idempotency_key == key
        )
    ).one_or_none()


def get_with_number(session: Session, tenant_id: UUID, job_id: UUID) -> tuple[ImportJob, int | None] | None:
    """The job, and the number of the version that it became."""
    row = session.execute(_with_number(tenant_id).where(ImportJob.id == job_id)).one_or_none()
    return None if row is None else (row[0], row[1])


def several_with_numbers(
    session: Session, tenant_id: UUID, job_ids: Sequence[UUID]
) -> Sequence[tuple[ImportJob, int | None]]:
    """The tenant's jobs of those ids, each with the number of the version that it became."""
    rows = session.execute(_with_number(tenant_id).where(ImportJob.id.in_(job_ids)))
    return [(job, number) for job, number in rows]


def page(
    session: Session, tenant_id: UUID, state: str = "", before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[tuple[ImportJob, int | None]]:
    """Up to `limit` jobs, newest first, those before the key; each with the number of the version that it became."""
    query = _with_number(tenant_id)
    if state:
        query = query.where(ImportJob.state == state)
    if before is not None:
        query = query.where(tuple_(ImportJob.created_at, ImportJob.id) < before)
    rows = session.execute(query.order_by(ImportJob.created_at.desc(), ImportJob.id.desc()).limit(limit))
    return [(job, number) for job, number in rows]


def _with_number(tenant_id: UUID) -> Select[ImportJob, int | None]:
    return (
        select(ImportJob, PackageVersion.number)
        .outerjoin(PackageVersion, PackageVersion.id == ImportJob.version_id)
        .where(ImportJob.tenant_id == tenant_id)
    )


def change_run(session: Session, tenant_id: UUID, job_id: UUID, held_by: UUID, **values: Any) -> bool:
    """Change the job if the run of this version id still holds it; false when another run took over."""
    changed = session.execute(
        update(ImportJob)
        .where(
            ImportJob.tenant_id == tenant_id,
            ImportJob.id == job_id,
            ImportJob.version_id == held_by,
            ImportJob.state.in_(OPEN_STATES),
        )
        .values(**values)
        .returning(ImportJob.id)
    )
    return changed.one_or_none() is not None


def tenants(session: Session) -> Sequence[UUID]:
    """Every tenant: what they left in the store is swept for all of them."""
    return session.scalars(select(Tenant.id)).all()


def wanted_archives(session: Session, tenant_id: UUID, keys: Sequence[str]) -> set[str]:
    """Those of the keys that an unfinished job of the tenant, or a version of a package of it, still needs."""
    if not keys:
        return set()
    jobs = select(ImportJob.archive_key).where(
        ImportJob.tenant_id == tenant_id, ImportJob.state.in_(OPEN_STATES), ImportJob.archive_key.in_(keys)
    )
    versions = select(PackageVersion.archive_key).join(Package, Package.id == PackageVersion.package_id)
    versions = versions.where(
        PackageVersion.tenant_id == tenant_id, Package.deleted_at.is_(None), PackageVersion.archive_key.in_(keys)
    )
    return set(session.scalars(jobs.union(versions)))
