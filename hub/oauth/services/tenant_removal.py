"""Removing a tenant with all that it has: rows, objects, sessions. It cannot be undone.

The work is a job with an outbox message behind it, a few thousand rows at a time, so that other tenants hardly notice.
A worker holds the job by a lease that each batch renews; when it is killed, another goes on with what is still there.
What stays is the audit log, the tenant's own events included, and a row that says what was removed.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.db import EVERY_TENANT, Database, tenant_rows
from hub.db.audit import record
from hub.db.tables import Tenant, TenantRemoval
from hub.errors import Conflict, Invalid, NotFound, Unprocessable, Violation, say
from hub.identity import Principal
from hub.oauth.services.sessions import Sessions
from hub.oauth.storage import removals, users
from hub.ports import Clock, Ids, ObjectStore

TOPIC = "tenant.remove"
#: A worker that has not renewed its lease for so long is taken for dead.
LEASE = timedelta(seconds=60)
#: How many rows or objects go at a time.
BATCH = 5_000
_OBJECTS = 500
#: How long after its end a removal is looked after: what was on its way to the stores may have come late.
_LATE = timedelta(days=1)
_FOLLOW_SECONDS = 0.5

#: Empties a store (tenant, number) of what its number alone does not lead to; yields the rows that went with each
#: commit, by table.
ClearStore = Callable[[UUID, int], Iterator[Mapping[str, int]]]


#: Is told how much is done, in per cent.
Tell = Callable[[int], None]


class Busy(Exception):
    """Another worker is at it, or at other work of the tenant that has to end first."""


class _Overtaken(Exception):
    """This run lost its lease, and another one has begun."""


@dataclass(frozen=True, slots=True)
class RemovalView:
    """A removal as others see it; `counts` says how many rows of each table, and objects, went."""

    tenant_id: UUID
    slug: str
    name: str
    state: str
    progress: int
    counts: Mapping[str, int]
    requested_by: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left."""
        return self.state == "done"


@dataclass(frozen=True, slots=True)
class _Run:
    """One worker's work on a removal; `gone` is what went before it."""

    tenant_id: UUID
    id: UUID
    stores: Sequence[int]
    gone: int = 0
    tell: Tell = lambda _: None


class TenantRemovals:
    """Ask for the removal of a tenant, follow it, do it."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, objects: ObjectStore, sessions: Sessions, clear_store: ClearStore
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._objects = objects
        self._sessions = sessions
        self._clear_store = clear_store

    # --- asking

    def begin(self, principal: Principal, tenant_id: UUID, confirmation: str) -> RemovalView:
        """Have a suspended tenant removed; asking again changes nothing.

        `Invalid` unless `confirmation` is its short name, `Conflict` unless it is suspended, `Unprocessable` for the
        tenant of those who run the Hub.
        """
        principal.require("tenants.remove")
        with self._db.unit_of_work(EVERY_TENANT) as work:
            tenant = work.session.get(Tenant, tenant_id, with_for_update=True)
            known = work.session.get(TenantRemoval, tenant_id)
            if known is None:
                _check(work.session, tenant, confirmation)
                assert tenant is not None
                known = TenantRemoval(
                    tenant_id=tenant_id, slug=tenant.slug, name=tenant.name, requested_by=principal.name
                )
                work.session.add(known)
                work.session.flush()
                work.session.refresh(known)
                self._tell(work.session, principal, known, "tenant.removal_begun")
            if known.state != "done" and not removals.waiting(work.session, tenant_id, TOPIC):
                work.enqueue(TOPIC, {}, tenant_id)
            work.after_commit.append(self._db.suspensions.forget)
            return _view(known)

    def get(self, principal: Principal, tenant_id: UUID) -> RemovalView:
        """How far it is; also when the tenant is long gone. `NotFound` for one that nobody asked to remove."""
        principal.require("tenants.read")
        with self._db.read(tenant_id) as session:
            known = session.get(TenantRemoval, tenant_id)
        if known is None:
            raise NotFound("Nobody asked for the removal of such a tenant.", code="removal_not_found")
        return _view(known)

    def find(self, principal: Principal, tenant_id: UUID) -> RemovalView | None:
        """The same, or None."""
        try:
            return self.get(principal, tenant_id)
        except NotFound:
            return None

    def page(self, principal: Principal, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[RemovalView]:
        """Removals, newest first."""
        principal.require("tenants.read")
        with self._db.read(EVERY_TENANT) as session:
            return [_view(row) for row in removals.latest(session, before, limit)]

    # --- working

    def run(self, tenant_id: UUID, tell: Tell = lambda _: None) -> None:
        """Remove what is left of the tenant; nothing to do when nothing is. `Busy` while somebody else works."""
        run = self._claim(tenant_id, tell)
        if run is None:
            return
        try:
            self._close_doors(run)
            self._count(run)
            for store in run.stores:
                for gone in self._clear_store(tenant_id, store):
                    self._note(run, gone)
            self._remove_rows(run)
            self._remove_objects(run)
            self._finish(run)
        except _Overtaken:
            return
        except BaseException:
            self._let_go(run)
            raise
        self._tidy(run.tenant_id, run.stores)

    def follow(self, tenant_id: UUID, tell: Tell) -> None:
        """Do the work, or wait for the worker that is at it: for commands."""
        while True:
            try:
                return self.run(tenant_id, tell)
            except Busy:
                time.sleep(_FOLLOW_SECONDS)

    def _claim(self, tenant_id: UUID, tell: Tell) -> _Run | None:
        now = self._clock.now()
        with self._db.unit_of_work(EVERY_TENANT) as work:
            known = work.session.get(TenantRemoval, tenant_id, with_for_update=True)
            if known is None or known.state == "done":
                return None
            if known.leased_until is not None and known.leased_until > now:
                raise Busy
            known.state, known.run, known.leased_until = "running", self._ids.uuid(), now + LEASE
            known.stores = tenant_rows.store_numbers(work.session, tenant_id)
            return _Run(tenant_id, known.run, tuple(known.stores), sum(known.counts.values()), tell)

    def _close_doors(self, run: _Run) -> None:
        """End what would go on: waiting work, sessions. What a worker is at has to come to its end first."""
        with self._db.unit_of_work(run.tenant_id) as work:
            under_way = removals.drop_waiting(work.session, run.tenant_id, TOPIC, self._clock.now())
            people = removals.user_ids(work.session, run.tenant_id)
        for user_id in people:
            self._sessions.forget(user_id)
        if under_way:
            raise Busy

    def _count(self, run: _Run) -> None:
        """How much there is to do, with what went before; large tables take a while to count."""
        expected = run.gone
        for table in self._tables():
            expected += self._with(run, table, tenant_rows.counted)
            self._renew(run, expected=expected)

    def _tables(self) -> list[tenant_rows.TenantTable]:
        with self._db.read(EVERY_TENANT) as session:
            return tenant_rows.tables(session)

    def _with(self, run: _Run, table: tenant_rows.TenantTable, count: Callable[..., int]) -> int:
        """The sum of what `count` finds for each owner of rows in the table."""
        found = 0
        for owner in tenant_rows.owners(table, run.tenant_id, run.stores):
            with self._db.unit_of_work(run.tenant_id, owner if isinstance(owner, int) else None) as work:
                found += count(work.session, table, owner)
        return found

    def _remove_rows(self, run: _Run) -> None:
        for table in self._tables():
            if table.name != "outbox":  # Has the message that this work is done for; it goes with the tenant.
                while gone := self._with(run, table, _remove_batch):
                    self._note(run, {table.name: gone})

    def _remove_objects(self, run: _Run) -> None:
        for keys in _batches(self._objects.keys(f"{run.tenant_id}/")):
            self._objects.delete(keys)
            self._note(run, {"objects": len(keys)})

    def _note(self, run: _Run, gone: Mapping[str, int]) -> None:
        """Count what went, and keep the lease; a run that was overtaken ends here."""
        with self._db.unit_of_work(run.tenant_id) as work:
            known = work.session.get(TenantRemoval, run.tenant_id, with_for_update=True)
            if known is None or known.run != run.id:
                raise _Overtaken
            known.counts = {**known.counts, **{kind: known.counts.get(kind, 0) + gone[kind] for kind in gone}}
            done = sum(known.counts.values())
            known.progress = min(99, done * 100 // max(1, known.expected, done))
            known.leased_until = self._clock.now() + LEASE
        run.tell(known.progress)

    def _renew(self, run: _Run, **values: object) -> None:
        leased_until = self._clock.now() + LEASE
        with self._db.unit_of_work(run.tenant_id) as work:
            if not removals.renew(work.session, run.tenant_id, run.id, leased_until=leased_until, **values):
                raise _Overtaken

    def _let_go(self, run: _Run) -> None:
        with self._db.unit_of_work(run.tenant_id) as work:
            removals.renew(work.session, run.tenant_id, run.id, state="queued", run=None, leased_until=None)

    def _finish(self, run: _Run) -> None:
        """The tenant itself goes, with whatever else refers to it, and the log of those who run the Hub says so."""
        now = self._clock.now()
        with self._db.unit_of_work(EVERY_TENANT) as work:
            known = work.session.get(TenantRemoval, run.tenant_id, with_for_update=True)
            if known is None or known.run != run.id:
                raise _Overtaken
            work.session.execute(delete(Tenant).where(Tenant.id == run.tenant_id))
            known.state, known.progress, known.finished_at, known.leased_until = "done", 100, now, None
            actor = Principal(run.tenant_id, "system", "hub", "Standards Hub")
            self._tell(work.session, actor, known, "tenant.removed", dict(known.counts))

    # --- afterwards

    def sweep(self) -> int:
        """Remove what came late to tenants that went within the last day; returns how many these were."""
        with self._db.read(EVERY_TENANT) as session:
            ended = removals.ended_since(session, self._clock.now() - _LATE)
        for known in ended:
            self._tidy(known.tenant_id, known.stores)
        return len(ended)

    def _tidy(self, tenant_id: UUID, stores: Sequence[int]) -> None:
        """A request that had begun before the tenant was suspended may write after its rows went: nothing holds the
        large tables of the LRS, and the object store, to their tenant."""
        run = _Run(tenant_id, tenant_id, stores)
        for store in stores:
            for _ in self._clear_store(tenant_id, store):
                pass
        for table in self._tables():
            while table.owner == "store" and self._with(run, table, _remove_batch):
                pass
        for keys in _batches(self._objects.keys(f"{tenant_id}/")):
            self._objects.delete(keys)

    def _tell(
        self,
        session: Session,
        principal: Principal,
        known: TenantRemoval,
        deed: str,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """Write it into the tenant's own log, which stays, and into that of those who run the Hub."""
        details = {"name": known.name, "tenant": str(known.tenant_id)} | ({"counts": counts} if counts else {})
        for tenant_id in {known.tenant_id, *removals.tenants_of_operators(session)}:
            actor = replace(principal, tenant_id=tenant_id)
            record(session, self._ids.uuid(), actor, deed, known.slug, details)


def _remove_batch(session: Session, table: tenant_rows.TenantTable, owner: UUID | int) -> int:
    return tenant_rows.remove_some(session, table, owner, BATCH)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, _OBJECTS)):
        yield batch


def _check(session: Session, tenant: Tenant | None, confirmation: str) -> None:
    if tenant is None:
        raise NotFound("There is no such tenant.", code="tenant_not_found")
    if users.has_role(session, tenant.id, "super_administrator"):
        raise Unprocessable(
            "Super administrators sign in to this tenant; they would remove themselves.",
            code="tenant_of_super_administrators",
        )
    if tenant.suspended_at is None:
        raise Conflict("Suspend the tenant before you remove it.", code="tenant_not_suspended")
    if confirmation != tenant.slug:
        fault = Violation("tenant", "confirm", "must be the short name of the tenant", confirmation[:100], tenant.slug)
        raise Invalid(
            say("To remove the tenant, give its short name: %(slug)s.", slug=tenant.slug),
            code="not_confirmed",
            violations=[fault],
        )


def _view(row: TenantRemoval) -> RemovalView:
    return RemovalView(
        row.tenant_id,
        row.slug,
        row.name,
        row.state,
        row.progress,
        dict(row.counts),
        row.requested_by,
        row.created_at,
        row.finished_at,
    )
