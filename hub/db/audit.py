"""The audit log: who did what on what, from where. Rows are added in the transaction of the deed, never changed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import event, select, tuple_
from sqlalchemy.orm import Session

from hub.db.tables import AuditEvent
from hub.identity import Principal

log = structlog.get_logger("hub.audit")

#: Whether events are lines of the log too: in the server and the worker, not in commands, which say what they did.
_is_logged = False


def log_events() -> None:
    """Have this process write each event into its log as well."""
    global _is_logged
    _is_logged = True


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a deed came from: the caller's network address and the id of the request."""

    address: str | None = None
    request_id: str | None = None


_origin: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)


def set_origin(origin: Origin) -> None:
    """Tell the audit log where what follows in this thread comes from; the HTTP edge calls it for each request."""
    _origin.set(origin)


def present_origin() -> Origin:
    """Where the deeds of this thread come from."""
    return _origin.get() or Origin()


@contextmanager
def origin(known: Origin) -> Iterator[None]:
    """The same for the length of a block."""
    token = _origin.set(known)
    try:
        yield
    finally:
        _origin.reset(token)


def record(
    session: Session,
    event_id: UUID,
    principal: Principal,
    action: str,
    target: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add that `principal` did `action` (a `noun.verb` in the past: `package.deleted`) to `target`.

    `details` are JSON values for people who look into it later: before and after, never a secret.
    """
    where = present_origin()
    made = AuditEvent(
        id=event_id,
        tenant_id=principal.tenant_id,
        actor_kind=principal.kind,
        actor_id=principal.id,
        actor_name=principal.name,
        action=action,
        target=target,
        address=where.address,
        request_id=where.request_id,
        details=dict(details or {}),
    )
    session.add(made)
    if _is_logged:
        event.listen(session, "after_commit", lambda _: _log(made), once=True)


def _log(made: AuditEvent) -> None:
    """The same as a line of the log, once it is true: ids, no names, and none of the details."""
    log.info(
        "audit",
        action=made.action,
        tenant=str(made.tenant_id),
        actor=f"{made.actor_kind}:{made.actor_id}",
        target=made.target,
        address=made.address,
        request_id=made.request_id,
    )


def audit_events(
    session: Session,
    tenant_id: UUID,
    *,
    action: str = "",
    actor: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[AuditEvent]:
    """Up to `limit` events of the tenant, newest first, those before the key `before` (at, id).

    `action` is a whole action or its beginning (`user`), `actor` part of the actor's name.
    """
    query = select(AuditEvent).where(AuditEvent.tenant_id == tenant_id)
    if action:
        query = query.where(AuditEvent.action.startswith(action, autoescape=True))
    if actor:
        query = query.where(AuditEvent.actor_name.icontains(actor, autoescape=True))
    if since is not None:
        query = query.where(AuditEvent.at >= since)
    if until is not None:
        query = query.where(AuditEvent.at < until)
    if before is not None:
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < before)
    return session.scalars(query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)).all()
