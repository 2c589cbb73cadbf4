"""The transactional outbox: rows of work, claimed by lease, finished or tried again.

A handler may run more than once for a message (a worker can die after the work and before `complete`), so handlers
are idempotent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.db.tables import OutboxMessage


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker holds until its lease ends. `attempts` counts this try too."""

    id: UUID
    tenant_id: UUID
    topic: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime


def add_message(session: Session, message_id: UUID, topic: str, payload: dict[str, Any], tenant_id: UUID) -> None:
    """Add a message that is due at once."""
    session.add(OutboxMessage(id=message_id, topic=topic, payload=payload, tenant_id=tenant_id))


def due_messages(session: Session, now: datetime, topics: Sequence[str], limit: int) -> Sequence[UUID]:
    """Ids of messages of these topics that are due and that nobody holds, oldest first."""
    return session.scalars(
        select(OutboxMessage.id)
        .where(
            OutboxMessage.topic.in_(topics),
            OutboxMessage.done_at.is_(None),
            OutboxMessage.failed_at.is_(None),
            OutboxMessage.available_at <= now,
            OutboxMessage.leased_until.is_(None) | (OutboxMessage.leased_until < now),
        )
        .order_by(OutboxMessage.available_at)
        .limit(limit)
    ).all()


def claim(session: Session, message_id: UUID, now: datetime, lease_of: Callable[[str], timedelta]) -> Claimed | None:
    """Take the message for the lease of its topic; None when it is done, not due, or held by another worker."""
    row = session.scalars(
        select(OutboxMessage).where(OutboxMessage.id == message_id).with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None or row.done_at or row.failed_at or row.available_at > now:
        return None
    if row.leased_until is not None and row.leased_until > now:
        return None
    row.leased_until = now + lease_of(row.topic)
    row.attempts += 1
    return Claimed(row.id, row.tenant_id, row.topic, row.payload, row.attempts, row.created_at)


def complete(session: Session, message_id: UUID, now: datetime) -> None:
    """The work is done."""
    session.execute(update(OutboxMessage).where(OutboxMessage.id == message_id).values(done_at=now, leased_until=None))


def retry_at(session: Session, message_id: UUID, when: datetime, error: str) -> None:
    """Try again at `when`; `error` says why, for people."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .values(available_at=when, leased_until=None, last_error=error)
    )


def give_up(session: Session, message_id: UUID, now: datetime, error: str) -> None:
    """Stop trying; a person sees `error`."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .values(failed_at=now, leased_until=None, last_error=error)
    )
