"""Stores: which there are, and which one a request is for."""

from dataclasses import dataclass
from uuid import UUID

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Violation, say
from hub.events import TenantCreated
from hub.identity import Principal, system_principal
from hub.ports import Ids
from hub.xapi_lrs.storage import stores
from hub.xapi_lrs.storage.tables import Store

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store. `number` and `term_key` are what the large tables know of it; they never change."""

    id: UUID
    tenant_id: UUID
    name: str
    number: int
    term_key: bytes

    @classmethod
    def of(cls, store: Store) -> "StoreView":
        return cls(store.id, store.tenant_id, store.name, store.number, store.term_key)


class Stores:
    """The stores of tenants. What never changes of a store is kept in memory."""

    def __init__(self, db: Database, ids: Ids) -> None:
        self._db = db
        self._ids = ids
        self._known: dict[UUID, StoreView] = {}

    def create(self, principal: Principal, name: str) -> StoreView:
        """A new, empty store; 409 when the tenant has one of that name."""
        principal.require("stores.write")
        name = _checked_name(name)
        with self._db.unit_of_work(principal.tenant_id) as work:
            if stores.by_name(work.session, principal.tenant_id, name) is not None:
                raise _taken(name)
            made = self.create_in(work, principal.tenant_id, name)
            record(work.session, self._ids.uuid(), principal, "store.created", str(made.id), {"name": name})
            return made

    def rename(self, principal: Principal, store_id: UUID, name: str) -> StoreView:
        """Give a store another name; 404 when there is no such store, 409 when another has the name."""
        principal.require("stores.write")
        name = _checked_name(name)
        with self._db.unit_of_work(principal.tenant_id) as work:
            store = stores.by_id(work.session, principal.tenant_id, store_id)
            if store is None:
                raise NotFound("There is no such store.", code="store_not_found")
            if stores.by_name(work.session, principal.tenant_id, name) not in (None, store):
                raise _taken(name)
            about = {"before": store.name, "name": name}
            record(work.session, self._ids.uuid(), principal, "store.renamed", str(store_id), about)
            store.name = name
            renamed = StoreView.of(store)
        self._known[store_id] = renamed
        return renamed

    def create_in(self, work: UnitOfWork, tenant_id: UUID, name: str) -> StoreView:
        """A new store within a transaction of the caller's, such as the one that makes the tenant."""
        term_key = self._ids.secret().encode()[:32]
        return StoreView.of(stores.add(work.session, tenant_id, self._ids.uuid(), name, term_key))

    def create_default(self, work: UnitOfWork, event: TenantCreated) -> None:
        """Every tenant has a store named default."""
        self.create_in(work, event.tenant_id, DEFAULT)

    def list(self, principal: Principal) -> list[StoreView]:
        """Every store of the tenant, by name."""
        principal.require("stores.read")
        with self._db.read(principal.tenant_id) as session:
            return [StoreView.of(store) for store in stores.all_of(session, principal.tenant_id)]

    def find(self, tenant_id: UUID, name: str) -> StoreView:
        """The tenant's store of that name; 404 when there is none."""
        with self._db.read(tenant_id) as session:
            found = stores.by_name(session, tenant_id, name)
        if found is None:
            raise NotFound(say("There is no store named %(name)s.", name=name), code="store_not_found")
        return self._remember(found)

    def id_of(self, tenant_id: UUID, name: str | None) -> UUID:
        """The id of the tenant's store of that name, or of its default one."""
        return self.of(system_principal(tenant_id), name).id

    def get(self, tenant_id: UUID, store_id: UUID) -> StoreView:
        """The tenant's store of that id; 404 when there is none."""
        known = self._known.get(store_id)
        if known is None:
            with self._db.read(tenant_id) as session:
                found = stores.by_id(session, tenant_id, store_id)
            if found is not None:
                known = self._remember(found)
        if known is None or known.tenant_id != tenant_id:
            raise NotFound("There is no such store.", code="store_not_found")
        return known

    def of(self, principal: Principal, name: str | None = None) -> StoreView:
        """The store that a principal works with: its own, or the one it names, or the tenant's default one.

        That is the one named default, or, when it was renamed, the tenant's first: adding another store moves no
        statements. A credential of one store may name no other.
        """
        if name is not None:
            named = self.find(principal.tenant_id, name)
            if principal.store_id not in (None, named.id):
                raise Forbidden(say("%(name)s belongs to another store.", name=principal.name), code="other_store")
            return named
        if principal.store_id is not None:
            return self.get(principal.tenant_id, principal.store_id)
        with self._db.read(principal.tenant_id) as session:
            chosen = stores.first(session, principal.tenant_id, DEFAULT)
        if chosen is None:
            raise NotFound("This tenant has no store.", code="store_not_found")
        return self._remember(chosen)

    def _remember(self, store: Store) -> StoreView:
        return self._known.setdefault(store.id, StoreView.of(store))


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= 100:
        raise Invalid(
            "A store needs a name of 1 to 100 characters.",
            violations=[Violation("request", "name", "must have 1 to 100 characters", name[:200])],
        )
    return name


def _taken(name: str) -> Conflict:
    return Conflict(say("There is a store named %(name)s already.", name=name), code="store_exists")
