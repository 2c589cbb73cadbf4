"""Access tokens: given at the token endpoint, and turned back into a principal on every request."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Unauthenticated
from hub.identity import Principal
from hub.oauth.authlib_bridge import (
    ALGORITHM,
    AUTH_METHODS,
    KnownClient,
    TokenAnswer,
    TokenRequest,
    answer_token_request,
    signed_token,
    verified_claims,
)
from hub.oauth.scopes import SCOPES, actions_of_scopes
from hub.oauth.services.clients import GRANTS
from hub.oauth.services.recent import Recent
from hub.oauth.spec.secrets import matches
from hub.oauth.storage.clients import client_by_client_id, note_token
from hub.oauth.storage.tables import OAuthClient, OAuthToken
from hub.ports import Clock, Ids, KeyRing

TOKEN_LIFETIME = timedelta(minutes=15)
#: How long a process may go on without asking whether a client was revoked.
CLIENT_MEMORY_SECONDS = 1.0
LONGEST_TOKEN = 8192
#: How far the clocks of two of our machines may differ.
CLOCK_LEEWAY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _LiveClient:
    """A client that was not revoked when it was looked up."""

    tenant_id: UUID
    name: str
    scopes: frozenset[str]
    store_id: UUID | None


class Tokens:
    """The token endpoint, the metadata about it, and the check of its tokens.

    `issuer` is the Hub's public origin; it is the audience of the tokens too (RFC 9068 section 3).
    """

    def __init__(self, db: Database, clock: Clock, ids: Ids, keys: KeyRing, issuer: str) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._issuer = issuer
        self._claims: Recent[bytes, dict[str, Any]] = Recent(4096)
        self._clients: Recent[str, _LiveClient | None] = Recent(4096)

    def answer(self, request: TokenRequest) -> TokenAnswer:
        """Give a token, or say why not in the form of RFC 6749 section 5.2."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            found: dict[str, OAuthClient] = {}

            def find(client_id: str) -> KnownClient | None:
                client = client_by_client_id(work.session, client_id)
                if client is None or client.revoked_at is not None:
                    return None
                found[client_id] = client
                return _known(client)

            def issue(client_id: str, grant: str, scope: str) -> str:
                return self._issue(work, found[client_id], grant, scope)

            return answer_token_request(request, find, issue, int(TOKEN_LIFETIME.total_seconds()))

    def _issue(self, work: UnitOfWork, client: OAuthClient, grant: str, scope: str) -> str:
        now = self._clock.now()
        token = OAuthToken(
            id=self._ids.uuid(),
            tenant_id=client.tenant_id,
            oauth_client_id=client.id,
            grant=grant,
            scopes=scope.split(),
            issued_at=now,
            expires_at=now + TOKEN_LIFETIME,
        )
        note_token(work.session, token, now)
        actor = Principal(client.tenant_id, "oauth_client", client.client_id, client.name)
        details = {"grant": grant, "scopes": token.scopes, "jti": str(token.id)}
        record(work.session, self._ids.uuid(), actor, "token.issued", client.client_id, details)
        return signed_token(self._keys, self._claims_of(token, client.client_id))

    def _claims_of(self, token: OAuthToken, client_id: str) -> dict[str, Any]:
        """RFC 9068 section 2.2; the subject of a client acting for itself is the client."""
        return {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": client_id,
            "client_id": client_id,
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
            "jti": str(token.id),
            "scope": " ".join(token.scopes),
        }

    def principal_of(self, token: str) -> Principal:
        """Who holds this access token; `Unauthenticated` when it is not good (RFC 6750 section 3.1).

        The signature is checked once per token and process. What the client may do now limits what the token says,
        and a revoked client is noticed within a second.
        """
        now = self._clock.now().timestamp()
        claims = self._claims.get(sha256(token.encode()).digest(), now, lambda: self._verified(token, now))
        client_id = str(claims["client_id"])
        client = self._clients.get(client_id, now, lambda: (now + CLIENT_MEMORY_SECONDS, self._live_client(client_id)))
        if client is None:
            raise _not_good("The client of this access token was revoked.")
        actions = actions_of_scopes(client.scopes.intersection(str(claims["scope"]).split()))
        return Principal(client.tenant_id, "oauth_client", client_id, client.name, actions, client.store_id)

    def _verified(self, token: str, now: float) -> tuple[float, dict[str, Any]]:
        fits = len(token) <= LONGEST_TOKEN
        claims = fits and verified_claims(
            self._keys,
            token,
            issuer=self._issuer,
            audience=self._issuer,
            now=int(now),
            leeway_seconds=CLOCK_LEEWAY_SECONDS,
        )
        if not claims:
            raise _not_good("The access token has expired, or is not one of this server.")
        return float(claims["exp"]), claims

    def _live_client(self, client_id: str) -> _LiveClient | None:
        with self._db.read(EVERY_TENANT) as session:
            client = client_by_client_id(session, client_id)
        if client is None or client.revoked_at is not None:
            return None
        return _LiveClient(client.tenant_id, client.name, frozenset(client.scopes), client.store_id)

    def jwks(self) -> dict[str, Any]:
        """The keys that verify our tokens (RFC 7517)."""
        return self._keys.public_set()

    def metadata(self) -> dict[str, Any]:
        """What a client needs to know of this authorization server (RFC 8414 section 2)."""
        return {
            "issuer": self._issuer,
            "token_endpoint": f"{self._issuer}/oauth/token",
            "jwks_uri": f"{self._issuer}/oauth/jwks",
            "scopes_supported": list(SCOPES),
            "response_types_supported": [],
            "grant_types_supported": list(GRANTS),
            "token_endpoint_auth_methods_supported": AUTH_METHODS,
            "access_token_signing_alg_values_supported": [ALGORITHM],
            "service_documentation": f"{self._issuer}/api/v1/",
        }


def _known(client: OAuthClient) -> KnownClient:
    return KnownClient(
        client.client_id,
        frozenset(client.grants),
        tuple(client.scopes),
        lambda secret: matches(secret, client.secret_digest),
    )


def _not_good(detail: str) -> Unauthenticated:
    challenge = f'Bearer realm="Standards Hub", error="invalid_token", error_description="{detail}"'
    return Unauthenticated(detail, code="invalid_token", headers={"WWW-Authenticate": challenge})
