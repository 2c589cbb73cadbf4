"""Connections and the unit of work: one transaction for one service call."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal
from uuid import UUID

import psycopg
import structlog
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, SessionTransaction

from hub.db.outbox import add_message
from hub.db.pool import watch
from hub.db.row_security import EVERY_TENANT, TenantScope, begin, check_role, dedicate, narrow
from hub.db.suspension import Suspensions
from hub.db.tables import Tenant, TenantRemoval
from hub.errors import HubError, Unavailable
from hub.events import Events
from hub.ports import Ids, TaskQueue

log = structlog.get_logger(__name__)

#: The task that delivers one outbox message (`hub.celery_app`).
DELIVER_TASK = "outbox.deliver"


#: Hot queries walk an index in order and stop after a page. Whatever would read everything first (a sort, a hash, a
#: bitmap, a whole table) is never right for them, but looks cheap to the planner while a partition is still empty or
#: its statistics are old. So those are switched off, and a query is planned once for a connection.
_ORDERED_PLANS = " ".join(
    ["-c plan_cache_mode=force_generic_plan"]
    + [
        f"-c enable_{method}=off"
        for method in (
            "sort",
            "hashagg",
            "hashjoin",
            "mergejoin",
            "bitmapscan",
            "seqscan",
            "material",
        )
    ]
)


class _TenantSession(Session):
    """A session whose transactions see the rows of one tenant (`hub.db.row_security`), which `info` names."""


@event.listens_for(_TenantSession, "after_begin")
def _name_tenant(session: Session, _: SessionTransaction, connection: Connection) -> None:
    """Begin the transaction and name its tenant in one round trip, the one that psycopg would need to begin it."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    if driver.pgconn.transaction_status != TransactionStatus.IDLE:
        return
    tenant, store = session.info["tenant"], session.info["store"]
    if driver.pgconn.exec_(begin(tenant, store)).status != ExecStatus.COMMAND_OK:
        # Again by the usual way, which knows what a lost connection means for the others of the pool.
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("SELECT 1" if tenant == EVERY_TENANT else narrow(tenant, store))


class UnitOfWork:
    """An open transaction, and what has to happen once it is committed."""

    def __init__(self, session: Session, events: Events, ids: Ids) -> None:
        self.session = session
        self._events = events
        self._ids = ids
        self.after_commit: list[Callable[[], None]] = []
        self.enqueued: list[tuple[UUID, str]] = []

    @property
    def psycopg(self) -> psycopg.Connection[Any]:
        """The psycopg connection of this same transaction, for the hot paths (COPY, pipelines)."""
        connection = self.session.connection().connection.driver_connection
        assert isinstance(connection, psycopg.Connection)
        return connection

    def publish(self, event: object) -> None:
        """Tell higher areas; what they write belongs to this transaction."""
        self._events.publish(self, event)

    def enqueue(self, topic: str, payload: dict[str, Any], tenant_id: UUID) -> UUID:
        """Write work for later into the outbox; a worker is nudged after the commit. Returns the message's id."""
        message_id = self._ids.uuid()
        add_message(self.session, message_id, topic, payload, tenant_id)
        self.enqueued.append((message_id, topic))
        return message_id


class Database:
    """The PostgreSQL of the Hub, with a pool of connections per process."""

    def __init__(self, url: str, pool_size: int, events: Events, ids: Ids, queue: TaskQueue) -> None:
        self.engine = _engine(url, pool_size)
        # What a hot path prepares on a connection must stay there; psycopg forgets all of it when a transaction that
        # it prepared statements in is rolled back. So these connections are apart, and psycopg prepares nothing there.
        self._bare = _engine(url, max(pool_size // 2, 4), reset=None, prepare_threshold=None, options=_ORDERED_PLANS)
        self._events = events
        self._ids = ids
        self._queue = queue
        self.suspensions = Suspensions(self._suspended_tenants)

    def _suspended_tenants(self) -> frozenset[UUID]:
        with self.read(EVERY_TENANT) as session:
            suspended = select(Tenant.id).where(Tenant.suspended_at.is_not(None))
            return frozenset(session.scalars(suspended.union(select(TenantRemoval.tenant_id))))

    def joined(self, within: UnitOfWork | None, tenant: TenantScope) -> AbstractContextManager[UnitOfWork]:
        """The transaction that a higher service has open for the tenant, where it gives one; else one of our own."""
        return self.unit_of_work(tenant) if within is None else nullcontext(within)

    @contextmanager
    def unit_of_work(self, tenant: TenantScope, store: int | None = None) -> Iterator[UnitOfWork]:
        """One transaction: commits when the block ends, rolls back when anything is raised from it.

        It sees and writes rows of `tenant` only, and of the statements and documents those of the LRS `store`.

        Messages enqueued in it are announced after the commit, and only then. A database that does not answer
        raises `Unavailable`.
        """
        with _unavailable_when_down(), self._session(tenant, store) as session:
            work = UnitOfWork(session, self._events, self._ids)
            with session.begin():
                yield work
        self._announce(work)

    @contextmanager
    def read(self, tenant: TenantScope, store: int | None = None) -> Iterator[Session]:
        """A session for reading rows of `tenant` (and `store`) only: nothing is committed."""
        with _unavailable_when_down(), self._session(tenant, store) as session:
            yield session

    def _session(self, tenant: TenantScope, store: int | None) -> Session:
        return _TenantSession(self.engine, expire_on_commit=False, info={"tenant": tenant, "store": store})

    @contextmanager
    def connection(self, tenant: TenantScope, store: int | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A pooled psycopg connection without a session, for the hottest paths. It sees rows of `tenant` and `store`
        only.

        It is one transaction of its own, committed when the block ends and rolled back when anything is raised.
        Nothing is announced afterwards: it writes no outbox rows.
        """
        with _unavailable_when_down():
            pooled = self._bare.raw_connection()
            connection = pooled.driver_connection
            assert isinstance(connection, psycopg.Connection)
            try:
                self._dedicate(pooled, connection, tenant, store)
                yield connection
                if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                    connection.commit()
            except BaseException:
                self._give_up(pooled, connection)
                raise
            pooled.close()

    def _dedicate(
        self,
        pooled: PoolProxiedConnection,
        connection: psycopg.Connection[Any],
        tenant: TenantScope,
        store: int | None,
    ) -> None:
        """Name tenant and store for the connection, outside any transaction, unless it worked for the same before."""
        if pooled.info.get("dedicated_to") == (tenant, store):
            return
        result = connection.pgconn.exec_(dedicate(tenant, store))
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError("the connection to the database is lost")
        pooled.info["dedicated_to"] = tenant, store

    def _give_up(self, pooled: PoolProxiedConnection, connection: psycopg.Connection[Any]) -> None:
        """Return a connection after a failure; a broken one says that the others of the pool are broken too."""
        if connection.closed or connection.broken:
            pooled.invalidate()
            self._bare.dispose()
            return
        connection.rollback()
        pooled.close()

    def _announce(self, work: UnitOfWork) -> None:
        for message_id, topic in work.enqueued:
            try:
                self._queue.send(DELIVER_TASK, str(message_id), topic)
            except HubError as error:  # The outbox row is safe; the periodic sweep finds it.
                log.warning("outbox_nudge_failed", message_id=str(message_id), error=str(error))
        for step in work.after_commit:
            step()

    def check(self) -> None:
        """Raise `Unavailable` unless the database answers."""
        with self.read(EVERY_TENANT) as session:
            session.connection().exec_driver_sql("SELECT 1")

    def check_row_security(self) -> None:
        """Raise `Unavailable` when the database user is exempt from row-level security."""
        with self.read(EVERY_TENANT) as session:
            check_role(session.connection())

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        self._bare.dispose()


def _engine(url: str, pool_size: int, reset: Literal["rollback"] | None = "rollback", **connect_args: Any) -> Engine:
    """A pool; `reset` is what is done with a connection that comes back, None where it comes back in order."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        pool_reset_on_return=reset,
        connect_args={"connect_timeout": 5, "application_name": "hub", **connect_args},
    )
    watch(engine)
    return engine


@contextmanager
def _unavailable_when_down() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("Every database connection is in use.", code="database_busy") from error
    except (OperationalError, DBAPIError) as error:
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise Unavailable("The database does not answer.", code="database_unavailable") from error
        if isinstance(error.orig, psycopg.errors.UndefinedTable):
            raise Unavailable("The database has not been migrated: run `hub migrate`.", code="not_migrated") from error
        raise
    except psycopg.OperationalError as error:
        raise Unavailable("The database does not answer.", code="database_unavailable") from error
