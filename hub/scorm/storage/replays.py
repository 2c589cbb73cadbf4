"""Queries on what is kept for replays."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.scorm.storage.tables_reports import ReplayRecord
from hub.scorm.storage.tables_runtime import Attempt


def find_attempt(session: Session, tenant_id: UUID, registration_id: UUID, number: int) -> Attempt | None:
    """An attempt of a registration by its number."""
    return session.scalars(
        select(Attempt).where(
            Attempt.tenant_id == tenant_id, Attempt.registration_id == registration_id, Attempt.number == number
        )
    ).one_or_none()


def page(
    session: Session,
    tenant_id: UUID,
    attempt_id: UUID,
    *,
    kind: str | None = None,
    activity_id: UUID | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[ReplayRecord]:
    """Up to `limit` records of an attempt in the order in which they were made, those after the id `after`."""
    query = select(ReplayRecord).where(ReplayRecord.tenant_id == tenant_id, ReplayRecord.attempt_id == attempt_id)
    if kind is not None:
        query = query.where(ReplayRecord.kind == kind)
    if activity_id is not None:
        query = query.where(ReplayRecord.activity_id == activity_id)
    if after is not None:
        query = query.where(ReplayRecord.id > after)
    return session.scalars(query.order_by(ReplayRecord.id).limit(limit)).all()


def remove_before(session: Session, moment: datetime, limit: int) -> int:
    """Remove up to `limit` records that are older than that, of all tenants; how many it were."""
    old = select(ReplayRecord.id).where(ReplayRecord.at < moment).limit(limit)
    gone = session.execute(delete(ReplayRecord).where(ReplayRecord.id.in_(old)).returning(ReplayRecord.id))
    return len(gone.all())
