"""OAuth clients: programs that may ask for tokens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.db import Database
from hub.db.audit import record
from hub.errors import Invalid, NotFound, Violation, say
from hub.identity import Principal
from hub.oauth.authlib_bridge import DEVICE_GRANT, checked_key_set
from hub.oauth.scopes import SCOPES, checked_scopes, refuse_to_give
from hub.oauth.spec.names import checked_name
from hub.oauth.spec.redirects import redirect_faults
from hub.oauth.spec.secrets import digest
from hub.oauth.storage import clients as storage
from hub.oauth.storage.tables import OAuthClient
from hub.ports import Clock, Ids

#: The grants that a client can be registered for.
GRANTS = {
    "client_credentials": "The program acts for itself (RFC 6749 section 4.4)",
    "authorization_code": "A person allows it in a browser; with PKCE (OAuth 2.1 section 4.1)",
    "refresh_token": "It goes on for 7 days at a time without asking again (OAuth 2.1 section 4.3)",
    DEVICE_GRANT: "A person allows it in a browser elsewhere, by a code that it shows (RFC 8628)",
}

#: How a client proves who it is (OAuth 2.1 section 2.4).
AUTHENTICATIONS = {
    "secret": "By a secret that is shown once, for programs on a server",
    "private_key_jwt": "By a signature of its own key, which the Hub never sees (RFC 7523)",
    "none": "Not at all: programs in a browser, on a phone or on a desktop cannot keep a secret",
}

#: Finds an LRS store of the principal's tenant by its name (None: the default store); raises `NotFound`.
FindStore = Callable[[Principal, str | None], UUID]


@dataclass(frozen=True, slots=True)
class Client:
    """A client as people see it; its secret is shown once, when it is made."""

    client_id: str
    name: str
    grants: Sequence[str]
    scopes: Sequence[str]
    authentication: str
    redirect_uris: Sequence[str]
    store_id: UUID | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewClient:
    """What is asked for: `store` names the LRS store that its tokens reach (None: the default one).

    `jwks` is the public key set of a client that authenticates by private_key_jwt.
    """

    name: str
    scopes: Sequence[str]
    grants: Sequence[str] = ("client_credentials",)
    store: str | None = None
    authentication: str = "secret"
    redirect_uris: Sequence[str] = ()
    jwks: Mapping[str, Any] | None = None


class Clients:
    """Create, list and revoke the OAuth clients of a tenant."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, find_store: FindStore) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._find_store = find_store

    def create(self, principal: Principal, wanted: NewClient) -> tuple[Client, str | None]:
        """Make a client; returns it with its secret, if it has one, which cannot be seen again.

        `Invalid` lists what is wrong with the name, grants or scopes; `NotFound` says there is no such store.
        A client can be given only what its maker may do itself.
        """
        principal.require("clients.write")
        name, grants, scopes = _checked(wanted)
        refuse_to_give(scopes, principal.actions)
        reaches_statements = any(SCOPES[scope].family == "lrs" for scope in scopes)
        store_id = self._find_store(principal, wanted.store) if reaches_statements else None
        secret = self._ids.secret() if wanted.authentication == "secret" else None
        with self._db.unit_of_work(principal.tenant_id) as work:
            client = OAuthClient(
                id=self._ids.uuid(),
                tenant_id=principal.tenant_id,
                client_id=str(self._ids.uuid()),
                name=name,
                secret_digest=None if secret is None else digest(secret),
                authentication=wanted.authentication,
                jwks=None if wanted.jwks is None else checked_key_set(wanted.jwks),
                redirect_uris=list(dict.fromkeys(wanted.redirect_uris)),
                grants=list(grants),
                scopes=list(scopes),
                store_id=store_id,
                created_at=self._clock.now(),
            )
            work.session.add(client)
            details = {
                "name": name,
                "grants": list(grants),
                "scopes": list(scopes),
                "authentication": wanted.authentication,
                "redirect_uris": client.redirect_uris,
            }
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
    faults.extend(_faults_of_grants(wanted))
    faults.extend(redirect_faults(wanted.redirect_uris))
    if not wanted.scopes:
        faults.append(Violation("RFC 6749 section 3.3", "scopes", "must name at least one scope"))
    if faults:
        raise Invalid("The client cannot be made like this.", violations=faults)
    return name, tuple(dict.fromkeys(wanted.grants)), checked_scopes(wanted.scopes)


def _faults_of_grants(wanted: NewClient) -> list[Violation]:
    """What the grants, the way of authentication and the addresses ask of each other."""
    faults = []
    has_person = {"authorization_code", DEVICE_GRANT} & set(wanted.grants)
    if wanted.authentication not in AUTHENTICATIONS:
        ways = list(AUTHENTICATIONS)
        faults.append(Violation("client", "authentication", "must be a known way", wanted.authentication, ways))
    if wanted.authentication == "none" and "client_credentials" in wanted.grants:
        message = say("cannot hold client_credentials for a client that proves nothing")
        faults.append(Violation("OAuth 2.1 section 4.2", "grants", message))
    if (wanted.authentication == "private_key_jwt") != (wanted.jwks is not None):
        faults.append(Violation("RFC 7523", "jwks", "must be given with private_key_jwt, and only then"))
    if ("authorization_code" in wanted.grants) != bool(wanted.redirect_uris):
        message = say("must be given with authorization_code, and only then")
        faults.append(Violation("OAuth 2.1 section 2.3", "redirect_uris", message))
    if "refresh_token" in wanted.grants and not has_person:
        message = say("holds refresh_token, which needs a grant that a person gives")
        faults.append(Violation("OAuth 2.1 section 4.3", "grants", message))
    return faults


def _existing(client: OAuthClient | None, client_id: str) -> OAuthClient:
    if client is None:
        raise NotFound(say("There is no client %(client)s.", client=client_id), code="client_not_found")
    return client


def _shown(client: OAuthClient) -> Client:
    return Client(
        client.client_id,
        client.name,
        client.grants,
        client.scopes,
        client.authentication,
        client.redirect_uris,
        client.store_id,
        client.created_at,
        client.last_used_at,
        client.revoked_at,
    )
