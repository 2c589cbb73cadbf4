"""OAuth clients: programs that may ask for tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db import Database
from hub.db.audit import record
from hub.errors import Invalid, NotFound, Violation
from hub.identity import Principal
from hub.oauth.scopes import SCOPES, checked_scopes
from hub.oauth.spec.names import checked_name
from hub.oauth.spec.secrets import digest
from hub.oauth.storage import clients as storage
from hub.oauth.storage.tables import OAuthClient
from hub.ports import Clock, Ids

#: The grants that a client can be registered for.
GRANTS = {"client_credentials": "The program acts for itself, with its own secret (RFC 6749 section 4.4)"}

#: Finds an LRS store of the principal's tenant by its name (None: the default store); raises `NotFound`.
FindStore = Callable[[Principal, str | None], UUID]


@dataclass(frozen=True, slots=True)
class Client:
    """A client as people see it; its secret is shown once, when it is made."""

    client_id: str
    name: str
    grants: Sequence[str]
    scopes: Sequence[str]
    store_id: UUID | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewClient:
    """What is asked for: `store` names the LRS store that its tokens reach (None: the default one)."""

    name: str
    scopes: Sequence[str]
    grants: Sequence[str] = ("client_credentials",)
    store: str | None = None


class Clients:
    """Create, list and revoke the OAuth clients of a tenant."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, find_store: FindStore) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._find_store = find_store

    def create(self, principal: Principal, wanted: NewClient) -> tuple[Client, str]:
        """Make a client; returns it with its secret, which cannot be seen again.

        `Invalid` lists what is wrong with the name, grants or scopes; `NotFound` says there is no such store.
        A client can be given only what its maker may do itself.
        """
        principal.require("clients.write")
        name, grants, scopes = _checked(wanted)
        _refuse_more_than(principal, scopes)
        reaches_statements = any(SCOPES[scope].family == "lrs" for scope in scopes)
        store_id = self._find_store(principal, wanted.store) if reaches_statements else None
        secret = self._ids.secret()
        with self._db.unit_of_work(principal.tenant_id) as work:
            client = OAuthClient(
                id=self._ids.uuid(),
                tenant_id=principal.tenant_id,
                client_id=str(self._ids.uuid()),
                name=name,
                secret_digest=digest(secret),
                grants=list(grants),
                scopes=list(scopes),
                store_id=store_id,
                created_at=self._clock.now(),
            )
            work.session.add(client)
            details = {"name": name, "grants": list(grants), "scopes": list(scopes)}
            record(work.session, self._ids.uuid(), principal, "client.created", client.client_id, details)
        return _shown(client), secret

    def list(self, principal: Principal) -> Sequence[Client]:
        """Every client of the tenant: those in use first, then by name."""
        principal.require("clients.read")
        with self._db.read(principal.tenant_id) as session:
            return [_shown(client) for client in storage.clients_of_tenant(session, principal.tenant_id)]

    def get(self, principal: Principal, client_id: str) -> Client:
        """One client of the tenant; `NotFound` when there is none of that id."""
        principal.require("clients.read")
        with self._db.read(principal.tenant_id) as session:
            return _shown(_existing(storage.client_of_tenant(session, principal.tenant_id, client_id), client_id))

    def revoke(self, principal: Principal, client_id: str) -> Client:
        """End a client: it gets no more tokens, and those it has stop working within a second. Twice is no error."""
        principal.require("clients.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            client = _existing(storage.client_of_tenant(work.session, principal.tenant_id, client_id), client_id)
            if client.revoked_at is None:
                client.revoked_at = self._clock.now()
                details = {"name": client.name}
                record(work.session, self._ids.uuid(), principal, "client.revoked", client.client_id, details)
            return _shown(client)


def _checked(wanted: NewClient) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    faults: list[Violation] = []
    name = ""
    try:
        name = checked_name(wanted.name, "client")
    except Invalid as error:
        faults.extend(error.violations)
    if not wanted.grants or any(grant not in GRANTS for grant in wanted.grants):
        faults.append(Violation("RFC 6749", "grants", "must be grants of this server", wanted.grants, list(GRANTS)))
    if "\0" in (wanted.store or ""):
        faults.append(Violation("client", "store", "must be the name of a store"))
    if not wanted.scopes:
        faults.append(Violation("RFC 6749 section 3.3", "scopes", "must name at least one scope"))
    if faults:
        raise Invalid("The client cannot be made like this.", violations=faults)
    return name, tuple(dict.fromkeys(wanted.grants)), checked_scopes(wanted.scopes)


def _refuse_more_than(principal: Principal, scopes: Sequence[str]) -> None:
    for scope in scopes:
        for action in SCOPES[scope].actions:
            principal.require(action)


def _existing(client: OAuthClient | None, client_id: str) -> OAuthClient:
    if client is None:
        raise NotFound(f"There is no client {client_id}.", code="client_not_found")
    return client


def _shown(client: OAuthClient) -> Client:
    return Client(
        client.client_id,
        client.name,
        client.grants,
        client.scopes,
        client.store_id,
        client.created_at,
        client.last_used_at,
        client.revoked_at,
    )
