"""Queries on import jobs. A worker holds a job by a lease that it renews; `version_id` names its run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_, update
from sqlalchemy.orm import Session

from hub.db.tables import Tenant
from hub.scorm.storage.tables import ImportJob, PackageVersion

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


def change_run(session: Session, tenant_id: UUID, job_id: UUID, version_id: UUID, **values: Any) -> bool:
    """Change the job if this run still holds it; false when another run took over."""
    changed = session.execute(
        update(ImportJob)
        .where(
            ImportJob.tenant_id == tenant_id,
            ImportJob.id == job_id,
            ImportJob.version_id == version_id,
            ImportJob.state.in_(OPEN_STATES),
        )
        .values(**values)
        .returning(ImportJob.id)
    )
    return changed.one_or_none() is not None


def tenants(session: Session) -> Sequence[UUID]:
    """Every tenant: what they left in the store is swept for all of them."""
    return session.scalars(select(Tenant.id)).all()


def archive_keys(session: Session, tenant_id: UUID, keys: Sequence[str]) -> set[str]:
    """Those of the keys that belong to a job of the tenant."""
    if not keys:
        return set()
    found = select(ImportJob.archive_key).where(ImportJob.tenant_id == tenant_id, ImportJob.archive_key.in_(keys))
    return set(session.scalars(found))


def failed_with_objects(session: Session, limit: int) -> Sequence[ImportJob]:
    """Failed jobs of every tenant whose objects may still be there (their `version_id` is not cleared yet)."""
    return session.scalars(
        select(ImportJob).where(ImportJob.state == "failed", ImportJob.version_id.is_not(None)).limit(limit)
    ).all()
