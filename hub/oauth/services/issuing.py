"""Issuing: what one request to the token endpoint may take from the book of grants, and what it is given."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.identity import Principal
from hub.oauth.authlib_bridge import Granted, Issued, KnownClient, PollAnswer, signed_token
from hub.oauth.services.devices import Devices
from hub.oauth.spec.secrets import digest, matches
from hub.oauth.storage import grants
from hub.oauth.storage.clients import client_by_client_id, note_token
from hub.oauth.storage.tables import OAuthClient, OAuthGrant, OAuthToken, RefreshToken
from hub.ports import Clock, Ids, KeyRing, Transients

TOKEN_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=7)
#: A refresh token may be shown again for so long after its use: the answer may have been lost on the way.
REFRESH_GRACE = timedelta(seconds=10)
CODE_SECONDS = 60
#: How long it is remembered which grant a code was for, so that showing it again ends what came of it.
CODE_MEMORY_SECONDS = 600
#: The longest that an assertion is remembered; those that last longer are refused (RFC 7523 section 3).
ASSERTION_SECONDS = 3600
#: By how much the clock of a client may be off.
ASSERTION_LEEWAY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What a code stands for. The code itself is kept as a digest only."""

    tenant_id: UUID
    grant_id: UUID
    client_id: str
    redirect_uri: str
    challenge: str
    scope: str


class Codes:
    """Authorization codes: good for a minute and for one use (RFC 6749 section 4.1.2)."""

    def __init__(self, transients: Transients, ids: Ids) -> None:
        self._transients = transients
        self._ids = ids

    def give(self, facts: CodeFacts) -> str:
        """A new code."""
        code = self._ids.secret()
        kept = orjson.dumps(facts)
        self._transients.put(f"oauth-code-known:{digest(code)}", kept, CODE_MEMORY_SECONDS)
        self._transients.put(f"oauth-code:{digest(code)}", b"1", CODE_SECONDS)
        return code

    def take(self, code: str) -> tuple[CodeFacts | None, bool]:
        """What the code stands for, and whether this is its first use and in time."""
        is_first = self._transients.take(f"oauth-code:{digest(code)}") is not None
        kept = self._transients.get(f"oauth-code-known:{digest(code)}")
        if kept is None:
            return None, False
        facts = orjson.loads(kept)
        tenant_id, grant_id = UUID(facts.pop("tenant_id")), UUID(facts.pop("grant_id"))
        return CodeFacts(tenant_id, grant_id, **facts), is_first


class Issuing:
    """Makes tokens and keeps what has to be known of them."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, keys: KeyRing, transients: Transients, issuer: str
    ) -> None:
        self.db = db
        self.clock = clock
        self.ids = ids
        self.keys = keys
        self.transients = transients
        self.issuer = issuer
        self.codes = Codes(transients, ids)

    def book(self, work: UnitOfWork, devices: Devices) -> "TransactionBook":
        """The book of grants within a transaction; what it refuses is kept by it too."""
        return TransactionBook(self, work, devices)


@dataclass
class TransactionBook:
    """`authlib_bridge.Book` for one request; `Forbidden` for clients of a tenant that is suspended."""

    issuing: Issuing
    work: UnitOfWork
    devices: Devices
    _clients: dict[str, OAuthClient] = field(default_factory=dict)

    def find_client(self, client_id: str) -> KnownClient | None:
        client = client_by_client_id(self.work.session, client_id)
        if client is None or client.revoked_at is not None:
            return None
        self.issuing.db.suspensions.require_open(client.tenant_id)
        self._clients[client_id] = client
        kept = client.secret_digest
        return KnownClient(
            client.client_id,
            frozenset(client.grants),
            tuple(client.scopes),
            client.authentication,
            lambda secret: kept is not None and matches(secret, kept),
            client.jwks,
        )

    def take_code(self, code: str, client_id: str) -> Granted | None:
        facts, is_first = self.issuing.codes.take(code)
        if facts is None:
            return None
        if not is_first or facts.client_id != client_id:
            self._end(facts.tenant_id, facts.grant_id, "its code was used again, too late, or by another client")
            return None
        if not self._stands(facts.grant_id):
            return None
        return Granted(str(facts.grant_id), client_id, facts.scope, facts.redirect_uri, facts.challenge)

    def find_refresh_token(self, token: str, client_id: str) -> Granted | None:
        """OAuth 2.1 section 4.3.1: a token that comes again after its grace was stolen, by whoever used it first or by
        this one, so neither keeps anything."""
        now = self.issuing.clock.now()
        found = grants.refresh_token(self.work.session, digest(token))
        if found is None:
            return None
        row, grant, owner = found
        if row.expires_at <= now or not self._stands(grant.id):
            return None
        if owner != client_id or (row.used_at is not None and now - row.used_at > REFRESH_GRACE):
            self._end(grant.tenant_id, grant.id, "its refresh token was used again, or by another client")
            return None
        return Granted(str(grant.id), client_id, " ".join(grant.scopes))

    def spend_refresh_token(self, token: str) -> None:
        found = grants.refresh_token(self.work.session, digest(token))
        if found is not None:
            found[0].used_at = found[0].used_at or self.issuing.clock.now()

    def poll_device(self, device_code: str, client_id: str) -> Granted | PollAnswer:
        answer = self.devices.poll(device_code, client_id)
        return PollAnswer.DENIED if isinstance(answer, Granted) and not self._stands(UUID(answer.grant_id)) else answer

    def _stands(self, grant_id: UUID) -> bool:
        """Whether the person still allows it: an account that was closed or erased meanwhile allows nothing."""
        return grants.live_grant(self.work.session, grant_id) is not None

    def is_new_assertion(self, client_id: str, jti: str, expires_at: float) -> bool:
        left = expires_at - self.issuing.clock.now().timestamp() + ASSERTION_LEEWAY_SECONDS
        if not 0 < left <= ASSERTION_SECONDS + 2 * ASSERTION_LEEWAY_SECONDS:
            return False
        key = f"oauth-assertion:{digest(client_id + ' ' + jti)}"
        return self.issuing.transients.add(key, b"1", int(left) + 1)

    def issue(self, client_id: str, grant_type: str, scope: str, granted: Granted | None, refreshes: bool) -> Issued:
        client, now = self._clients[client_id], self.issuing.clock.now()
        token = OAuthToken(
            id=self.issuing.ids.uuid(),
            tenant_id=client.tenant_id,
            oauth_client_id=client.id,
            grant=grant_type,
            scopes=scope.split(),
            issued_at=now,
            expires_at=now + TOKEN_LIFETIME,
        )
        note_token(self.work.session, token, now)
        grant = self._standing_grant(granted)
        claims = self._claims(token, client, grant)
        self._audit(client, grant, token)
        return Issued(
            signed_token(self.issuing.keys, claims),
            int(TOKEN_LIFETIME.total_seconds()),
            scope,
            self._next_refresh_token(grant, now) if refreshes and grant is not None else None,
        )

    def _standing_grant(self, granted: Granted | None) -> OAuthGrant | None:
        if granted is None:
            return None
        grant = self.work.session.get(OAuthGrant, UUID(granted.grant_id))
        assert grant is not None  # Whoever gave out `granted` has just made or read it.
        grant.last_used_at = self.issuing.clock.now()
        return grant

    def _claims(self, token: OAuthToken, client: OAuthClient, grant: OAuthGrant | None) -> dict[str, Any]:
        """RFC 9068 section 2.2; the subject of a client acting for itself is the client."""
        return {
            "iss": self.issuing.issuer,
            "aud": self.issuing.issuer,
            "sub": client.client_id if grant is None else str(grant.user_id),
            "client_id": client.client_id,
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
            "jti": str(token.id),
            "scope": " ".join(token.scopes),
        } | ({} if grant is None else {"grant": str(grant.id)})

    def _audit(self, client: OAuthClient, grant: OAuthGrant | None, token: OAuthToken) -> None:
        actor = Principal(client.tenant_id, "oauth_client", client.client_id, client.name)
        details = {"grant": token.grant, "scopes": token.scopes, "jti": str(token.id)}
        if grant is not None:
            details["user"] = str(grant.user_id)
        record(self.work.session, self.issuing.ids.uuid(), actor, "token.issued", client.client_id, details)

    def _next_refresh_token(self, grant: OAuthGrant, now: datetime) -> str:
        secret = self.issuing.ids.secret()
        grants.forget_expired(self.work.session, grant.tenant_id, grant.id, now)
        self.work.session.add(
            RefreshToken(
                digest=digest(secret),
                grant_id=grant.id,
                tenant_id=grant.tenant_id,
                expires_at=now + REFRESH_LIFETIME,
            )
        )
        return secret

    def _end(self, tenant_id: UUID, grant_id: UUID, reason: str) -> None:
        """End the family; the refusal that follows is an answer, so the transaction commits."""
        if grants.end_grant(self.work.session, tenant_id, grant_id, self.issuing.clock.now()):
            actor = Principal(tenant_id, "system", "hub", "Standards Hub")
            record(self.work.session, self.issuing.ids.uuid(), actor, "grant.ended", str(grant_id), {"reason": reason})
