"""Queries on exports and erasures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, tuple_, update
from sqlalchemy.orm import Session

from hub.privacy.storage.tables import PrivacyJob


def get(session: Session, tenant_id: UUID, job_id: UUID, *, lock: bool = False) -> PrivacyJob | None:
    """The job of that id, if it is the tenant's."""
    query = select(PrivacyJob).where(PrivacyJob.tenant_id == tenant_id, PrivacyJob.id == job_id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def page(
    session: Session, tenant_id: UUID, user_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[PrivacyJob]:
    """Up to `limit` jobs, newest first, those before the key (created_at, id); only what a user asked for, if given."""
    query = select(PrivacyJob).where(PrivacyJob.tenant_id == tenant_id)
    if user_id is not None:
        query = query.where(PrivacyJob.requested_by_user == user_id)
    if before is not None:
        query = query.where(tuple_(PrivacyJob.created_at, PrivacyJob.id) < before)
    return session.scalars(query.order_by(PrivacyJob.created_at.desc(), PrivacyJob.id.desc()).limit(limit)).all()


def renew(session: Session, tenant_id: UUID, job_id: UUID, of_run: UUID, **values: Any) -> bool:
    """Change the job as long as it is of this run; False when it is another's now."""
    query = (
        update(PrivacyJob)
        .where(PrivacyJob.tenant_id == tenant_id, PrivacyJob.id == job_id, PrivacyJob.run == of_run)
        .values(**values)
        .returning(PrivacyJob.id)
    )
    return session.execute(query).first() is not None


def expired(session: Session, now: datetime, limit: int) -> Sequence[PrivacyJob]:
    """Exports of every tenant whose time is over."""
    query = select(PrivacyJob).where(PrivacyJob.object_key.is_not(None), PrivacyJob.expires_at < now)
    return session.scalars(query.order_by(PrivacyJob.expires_at).limit(limit)).all()


def exports_about(session: Session, tenant_id: UUID, values: Sequence[str]) -> Sequence[PrivacyJob]:
    """The exports that are about any of these identities, by their values."""
    about = [PrivacyJob.identities.contains([{"value": value}]) for value in values]
    if not about:
        return []
    return session.scalars(
        select(PrivacyJob)
        .where(PrivacyJob.tenant_id == tenant_id, PrivacyJob.kind == "export", or_(*about))
        .order_by(PrivacyJob.id)
    ).all()
