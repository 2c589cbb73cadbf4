"""Queries on tenants that are removed, and on who is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from hub.db.tables import OutboxMessage, TenantRemoval, User, UserRole


def is_leaving(session: Session, tenant_id: UUID) -> bool:
    """Whether the tenant is being removed, or is gone."""
    return session.get(TenantRemoval, tenant_id) is not None


def latest(session: Session, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[TenantRemoval]:
    """Up to `limit` removals of all tenants, newest first, those before the key (created_at, tenant)."""
    query = select(TenantRemoval).order_by(TenantRemoval.created_at.desc(), TenantRemoval.tenant_id.desc())
    if before is not None:
        moment, tenant_id = before
        earlier = (TenantRemoval.created_at == moment) & (TenantRemoval.tenant_id < tenant_id)
        query = query.where(or_(TenantRemoval.created_at < moment, earlier))
    return session.scalars(query.limit(limit)).all()


def renew(session: Session, tenant_id: UUID, of_run: UUID, **values: Any) -> bool:
    """Change the removal as long as it is of this run; False when it is another's now."""
    query = (
        update(TenantRemoval)
        .where(TenantRemoval.tenant_id == tenant_id, TenantRemoval.run == of_run)
        .values(**values)
        .returning(TenantRemoval.tenant_id)
    )
    return session.execute(query).first() is not None


def ended_since(session: Session, moment: datetime) -> Sequence[TenantRemoval]:
    """The removals that were finished since."""
    return session.scalars(select(TenantRemoval).where(TenantRemoval.finished_at >= moment)).all()


def drop_waiting(session: Session, tenant_id: UUID, but: str, now: datetime) -> int:
    """Remove the tenant's work that nobody has begun, but that of one topic; returns how much somebody is at."""
    others = (OutboxMessage.tenant_id == tenant_id, OutboxMessage.topic != but)
    held = (OutboxMessage.leased_until > now, OutboxMessage.done_at.is_(None), OutboxMessage.failed_at.is_(None))
    under_way = session.scalars(select(OutboxMessage.id).where(*others, *held)).all()
    session.execute(delete(OutboxMessage).where(*others, OutboxMessage.id.not_in(under_way)))
    return len(under_way)


def user_ids(session: Session, tenant_id: UUID) -> Sequence[UUID]:
    """Everybody who has an account in the tenant."""
    return session.scalars(select(User.id).where(User.tenant_id == tenant_id)).all()


def tenants_of_operators(session: Session) -> Sequence[UUID]:
    """The tenants that super administrators sign in to."""
    return session.scalars(
        select(UserRole.tenant_id).where(UserRole.role == "super_administrator").group_by(UserRole.tenant_id)
    ).all()


def waiting(session: Session, tenant_id: UUID, topic: str) -> int:
    """How many messages of the topic somebody has still to work on."""
    query = select(func.count()).select_from(OutboxMessage)
    live = (OutboxMessage.done_at.is_(None), OutboxMessage.failed_at.is_(None))
    return session.scalar(query.where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.topic == topic, *live)) or 0
