"""Reading the audit log."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db import EVERY_TENANT, Database, audit_months
from hub.db.audit import audit_events, record
from hub.db.tables import AuditEvent, Tenant
from hub.errors import Invalid, say
from hub.identity import Principal, system_principal
from hub.ports import Clock, Ids

#: The audit log is never kept for less than this many days.
SHORTEST_AUDIT_DAYS = 90
_READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events: `action` is a whole action or its beginning, `actor` part of a name, times are [since, until)."""

    action: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month of the audit log: `name` as YYYY-MM, whether the log still shows it, its events and bytes on disk."""

    name: str
    is_attached: bool
    events: int
    bytes: int


class AuditLog:
    """The events of a tenant, and the months of all."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, days: int) -> None:
        """`days` is for how long months stay part of the log."""
        self._db = db
        self._clock = clock
        self._ids = ids
        self._days = days

    def each(self, principal: Principal, wanted: AuditFilter | None = None) -> Iterator[AuditEvent]:
        """Every event that fits, newest first, read a page at a time."""
        before: tuple[datetime, UUID] | None = None
        while page := self.list(principal, wanted, before, _READ_AT_ONCE):
            yield from page
            if len(page) < _READ_AT_ONCE:
                return
            before = page[-1].at, page[-1].id

    def exported(self, principal: Principal, name: str, path: str) -> None:
        """Note that somebody downloads a file of what a page or the API shows."""
        with self._db.unit_of_work(principal.tenant_id) as work:
            record(work.session, self._ids.uuid(), principal, "data.exported", path, {"file": name})

    # --- months, of all tenants together

    def months(self) -> list[MonthView]:
        """Every month that there is, detached ones too."""
        with self._db.read(EVERY_TENANT) as session:
            return [MonthView(**asdict(month)) for month in audit_months.months(session.connection())]

    def tell_all(self, deed: str, details: dict[str, Any]) -> None:
        """Write what the Hub's operator did, and what concerns every tenant, into the log of each."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            self._tell_all(work.session, deed, details)

    def _tell_all(self, session: Session, deed: str, details: dict[str, Any]) -> None:
        for tenant_id in session.scalars(select(Tenant.id)):
            record(session, self._ids.uuid(), system_principal(tenant_id), deed, None, details)

    def keep_months(self) -> list[str]:
        """Make the months to come, and detach those that are older than the log is kept; returns the detached ones."""
        return self.detach_before(self._clock.now() - timedelta(days=self._days))

    def detach_before(self, moment: datetime) -> list[str]:
        """Detach the months that ended before a time. `Invalid` for a time that is not long enough ago."""
        if moment > self._clock.now() - timedelta(days=SHORTEST_AUDIT_DAYS):
            raise Invalid(
                say("The audit log is kept for at least %(days)s days.", days=SHORTEST_AUDIT_DAYS), code="kept_longer"
            )
        with self._db.unit_of_work(EVERY_TENANT) as work:
            audit_months.create_months(work.session.connection())
            gone = audit_months.detach_before(work.session.connection(), moment)
            if gone:
                self._tell_all(work.session, "audit.detached", {"months": gone})
            return gone

    def events_of_month(self, month: str) -> Iterator[dict[str, Any]]:
        """The events of a month of every tenant, detached or not. `NotFound` without such a month."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            audit_months.check(work.session.connection(), month)
            self._tell_all(work.session, "audit.exported", {"month": month})
        return self._events_of(month)

    def _events_of(self, month: str) -> Iterator[dict[str, Any]]:
        with self._db.read(EVERY_TENANT) as session:
            yield from audit_months.events_of(session.connection(), month)

    def remove_month(self, month: str) -> int:
        """Remove a detached month for good; returns how many events that were. `Conflict` for an attached one."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            events = audit_months.remove(work.session.connection(), month)
            self._tell_all(work.session, "audit.removed", {"month": month, "events": events})
            return events

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
