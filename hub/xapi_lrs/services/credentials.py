"""Credentials of a store: made, limited, rotated, revoked, and recognised in requests."""

import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Invalid, NotFound, Unauthenticated, Violation
from hub.identity import Principal
from hub.oauth.scopes import actions_of_scopes, checked_scopes, refuse_to_give
from hub.ports import Clock, Ids, Transients
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.storage import credentials
from hub.xapi_lrs.storage.tables import Credential

#: How long a credential that was looked up is believed: a revoked one stops within this time in every process.
BELIEVED_SECONDS = 0.8

#: How often the last use of a credential is written down.
TOUCH_SECONDS = 60

#: What a refusal asks for (RFC 7617 section 2).
CHALLENGE = 'Basic realm="xAPI", charset="UTF-8"'

_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A credential without its secret."""

    id: UUID
    store_id: UUID
    key: str
    name: str
    scopes: tuple[str, ...]
    requests_per_minute: int | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: Credential) -> "CredentialView":
        return cls(
            row.id,
            row.store_id,
            row.key,
            row.name,
            tuple(row.scopes),
            row.requests_per_minute,
            row.created_at,
            row.last_used_at,
            row.revoked_at,
        )


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A credential with the secret that is shown this once."""

    credential: CredentialView
    secret: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a limited credential may still do: `remaining` of `limit` requests, anew after so many seconds."""

    limit: int
    remaining: int
    seconds: int


@dataclass(slots=True)
class _Known:
    """A credential as this process saw it last. `until` and `touched` are of the monotonic clock."""

    principal: Principal
    secret_hash: bytes
    requests_per_minute: int | None
    credential_id: UUID
    until: float
    touched: float


class Credentials:
    """The keys and secrets that programs use at /xapi."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, transients: Transients, stores: Stores) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._stores = stores
        self._known: dict[str, _Known] = {}

    def create(
        self,
        principal: Principal,
        store_name: str,
        scopes: Iterable[str],
        name: str = "",
        requests_per_minute: int | None = None,
    ) -> IssuedCredential:
        """A new credential of a store of the tenant; the secret is in the answer and nowhere else. Nobody gives it
        more than they may do themselves."""
        principal.require("stores.write")
        granted = checked_scopes(scopes, families=("lrs",))
        _check(granted, requests_per_minute)
        refuse_to_give(granted, principal.actions)
        store = self._stores.find(principal.tenant_id, store_name)
        secret = self._ids.secret()
        row = Credential(
            id=self._ids.uuid(),
            tenant_id=principal.tenant_id,
            store_id=store.id,
            key=self._ids.uuid().hex,
            secret_hash=_hash(secret),
            name=name.strip()[:200] or "LRS credential",
            scopes=list(granted),
            requests_per_minute=requests_per_minute,
            created_at=self._clock.now(),
        )
        with self._db.unit_of_work(principal.tenant_id) as work:
            work.session.add(row)
            told = {"store": store.name, "scopes": list(granted), "requests_per_minute": requests_per_minute}
            self._tell(work, principal, "created", row, **told)
        return IssuedCredential(CredentialView.of(row), secret)

    def list(self, principal: Principal, store_id: UUID) -> list[CredentialView]:
        """Every credential of the store, revoked ones too, newest first."""
        principal.require("stores.read")
        store = self._stores.get(principal.tenant_id, store_id)
        with self._db.read(principal.tenant_id) as session:
            return [CredentialView.of(row) for row in credentials.all_of(session, principal.tenant_id, store.id)]

    def rotate(self, principal: Principal, credential_id: UUID) -> IssuedCredential:
        """Give the credential a new secret; the old one stops at once. Who asks is told it, so `Forbidden` for a
        credential that may do more."""
        principal.require("stores.write")
        secret = self._ids.secret()
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = _found(credentials.by_id(work.session, principal.tenant_id, credential_id))
            refuse_to_give(row.scopes, principal.actions)
            row.secret_hash = _hash(secret)
            self._tell(work, principal, "rotated", row)
            view = CredentialView.of(row)
        return IssuedCredential(view, secret)

    def limit(self, principal: Principal, credential_id: UUID, requests_per_minute: int | None) -> CredentialView:
        """Allow so many requests a minute (None: as many as come)."""
        principal.require("stores.write")
        _check(("all",), requests_per_minute)
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = _found(credentials.by_id(work.session, principal.tenant_id, credential_id))
            told = {"before": row.requests_per_minute, "requests_per_minute": requests_per_minute}
            row.requests_per_minute = requests_per_minute
            self._tell(work, principal, "limited", row, **told)
            return CredentialView.of(row)

    def revoke(self, principal: Principal, credential_id: UUID) -> CredentialView:
        """End the credential for good; it stops within a second in every process."""
        principal.require("stores.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = _found(credentials.by_id(work.session, principal.tenant_id, credential_id))
            if row.revoked_at is None:
                row.revoked_at = self._clock.now()
                self._tell(work, principal, "revoked", row)
            return CredentialView.of(row)

    def _tell(self, work: UnitOfWork, principal: Principal, done: str, row: Credential, **details: Any) -> None:
        """Write a deed into the audit log, under the key that the LRS knows the credential by."""
        about = {"name": row.name, **details}
        record(work.session, self._ids.uuid(), principal, f"lrs_credential.{done}", row.key, about)

    def authenticate(self, key: str, secret: str) -> Principal:
        """Who a key and secret belong to; `Unauthenticated` when they are not good.

        The secret has 256 random bits, so one SHA-256 protects it as well as a slow hash would, and costs nothing.
        """
        known = self._known.get(key)
        now = time.monotonic()
        if known is None or known.until < now:
            known = self._look_up(key, known, now)
        if known is None or not hmac.compare_digest(known.secret_hash, _hash(secret)):
            raise _refused()
        self._db.suspensions.require_open(known.principal.tenant_id)
        return known.principal

    def is_limited(self, principal: Principal) -> bool:
        """Whether a credential that was recognised in this process may only send so many requests a minute."""
        known = self._known.get(principal.id)
        return known is None or known.requests_per_minute is not None

    def count_request(self, principal: Principal) -> Allowance | None:
        """Count a request of a credential that was recognised in this process; None when it has no limit.

        A remainder below zero means that this request is one too many. Windows are whole minutes of the clock.
        """
        known = self._known.get(principal.id)
        if known is None or known.requests_per_minute is None:
            return None
        now = self._clock.now()
        count = self._transients.increment(f"lrs-rate:{principal.id}:{now:%H%M}", 90)
        return Allowance(known.requests_per_minute, known.requests_per_minute - count, 60 - now.second)

    def _look_up(self, key: str, before: _Known | None, now: float) -> _Known | None:
        touched = before.touched if before is not None else now - TOUCH_SECONDS
        with self._db.connection(EVERY_TENANT) as connection:
            found = credentials.by_key(connection, key)
        if found is None:
            self._known.pop(key, None)
            return None
        actions = actions_of_scopes(found.scopes)
        known = _Known(
            Principal(found.tenant_id, "lrs_credential", key, found.name, actions, found.store_id),
            found.secret_hash,
            found.requests_per_minute or None,
            found.id,
            now + BELIEVED_SECONDS,
            touched,
        )
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[key] = known
        return known

    def note_use(self, principal: Principal) -> None:
        """Write down that the credential was used, now and then."""
        known = self._known.get(principal.id)
        now = time.monotonic()
        if known is None or now - known.touched < TOUCH_SECONDS:
            return
        known.touched = now
        with self._db.unit_of_work(principal.tenant_id) as work:
            credentials.touch(work.session, [known.credential_id], self._clock.now())


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _found(row: Credential | None) -> Credential:
    if row is None:
        raise NotFound("There is no such credential.", code="credential_not_found")
    return row


def _check(scopes: tuple[str, ...], requests_per_minute: int | None) -> None:
    if not scopes:
        raise Invalid(
            "A credential needs at least one scope.", violations=[Violation("request", "scopes", "must not be empty")]
        )
    if requests_per_minute is not None and not 0 < requests_per_minute <= 1_000_000:
        fault = Violation("request", "requests_per_minute", "must lie between 1 and 1000000", requests_per_minute)
        raise Invalid("The limit is not possible.", violations=[fault])


def _refused() -> Unauthenticated:
    return Unauthenticated(
        "The key and secret are not those of a credential in use.",
        code="bad_credential",
        headers={"WWW-Authenticate": CHALLENGE},
    )
