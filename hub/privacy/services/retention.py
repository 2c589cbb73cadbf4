"""What a tenant keeps for how long, and the removal of what is older."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.errors import PreconditionFailed
from hub.identity import Principal, system_principal
from hub.ports import Clock, Ids
from hub.privacy.spec.retention import checked
from hub.privacy.storage import retention as storage
from hub.privacy.storage.tables import Retention

log = structlog.get_logger(__name__)

#: Removes up to a batch of what a tenant has of one kind from before a time, in one transaction; returns how many.
Expire = Callable[[UUID, datetime], int]

#: Batches of one kind and tenant in one go; the rest is for the next.
_MOST_BATCHES = 2_000


@dataclass(frozen=True, slots=True)
class RetentionView:
    """The days for each kind that is not kept for ever; `revision` counts the changes."""

    days: Mapping[str, int]
    revision: int


class Retentions:
    """Reads, changes and applies it."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, expire: Mapping[str, Expire]) -> None:
        """`expire` knows how to remove each kind of `hub.privacy.spec.retention.KINDS`."""
        self._db = db
        self._clock = clock
        self._ids = ids
        self._expire = expire

    def get(self, principal: Principal) -> RetentionView:
        """What is set for the tenant."""
        principal.require("privacy.read")
        with self._db.read(principal.tenant_id) as session:
            return _view(storage.of_tenant(session, principal.tenant_id))

    def change(self, principal: Principal, given: Mapping[str, Any], revision: int | None = None) -> RetentionView:
        """Set the days of every kind anew; `Invalid` names what is wrong, `PreconditionFailed` says that somebody else
        was faster where a `revision` is given."""
        principal.require("privacy.write")
        days = checked(given)
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = storage.of_tenant(work.session, principal.tenant_id, lock=True)
            before = _view(row)
            if revision is not None and revision != before.revision:
                raise PreconditionFailed("Somebody else changed it meanwhile.", code="revision_mismatch")
            if row is None:
                row = Retention(tenant_id=principal.tenant_id, revision=0)
                work.session.add(row)
            row.days, row.revision, row.changed_at = dict(days), before.revision + 1, self._clock.now()
            about = {"before": dict(before.days), "after": days}
            record(work.session, self._ids.uuid(), principal, "retention.changed", None, about)
            return _view(row)

    def apply(self) -> int:
        """Remove, in every tenant, what has been kept long enough; returns how many things that were."""
        with self._db.read(EVERY_TENANT) as session:
            settings = [(row.tenant_id, dict(row.days)) for row in storage.of_all(session)]
        return sum(
            self._apply(tenant_id, kind, self._clock.now() - timedelta(days=days))
            for tenant_id, kinds in settings
            for kind, days in kinds.items()
            if kind in self._expire
        )

    def _apply(self, tenant_id: UUID, kind: str, before: datetime) -> int:
        """Batch after batch, each a transaction of its own, so that nobody waits long."""
        removed = 0
        for _ in range(_MOST_BATCHES):
            count = self._expire[kind](tenant_id, before)
            removed += count
            if not count:
                break
        if removed:
            log.info("retention_applied", tenant=str(tenant_id), kind=kind, removed=removed)
            with self._db.unit_of_work(tenant_id) as work:
                about = {"kind": kind, "removed": removed, "before": before.isoformat()}
                record(work.session, self._ids.uuid(), system_principal(tenant_id), "retention.applied", None, about)
        return removed


def _view(row: Retention | None) -> RetentionView:
    return RetentionView({}, 0) if row is None else RetentionView(dict(row.days), row.revision)
