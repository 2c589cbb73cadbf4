"""Reading the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db import Database
from hub.db.audit import audit_events
from hub.db.tables import AuditEvent
from hub.identity import Principal


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events: `action` is a whole action or its beginning, `actor` part of a name, times are [since, until)."""

    action: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None


class AuditLog:
    """The events of a tenant."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def list(
        self,
        principal: Principal,
        wanted: AuditFilter | None = None,
        before: tuple[datetime, UUID] | None = None,
        limit: int = 50,
    ) -> Sequence[AuditEvent]:
        """Up to `limit` events, newest first, those before the key `before` (at, id)."""
        principal.require("audit.read")
        wanted = wanted or AuditFilter()
        with self._db.read(principal.tenant_id) as session:
            return audit_events(
                session,
                principal.tenant_id,
                action=wanted.action,
                actor=wanted.actor,
                since=wanted.since,
                until=wanted.until,
                before=before,
                limit=limit,
            )
