"""Tokens: given at the token endpoint, looked into, taken back, and turned into a principal on every request."""

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.errors import Unauthenticated
from hub.identity import Principal, actions_of_roles
from hub.oauth.authlib_bridge import (
    ALGORITHM,
    ASSERTION_ALGORITHMS,
    AUTH_METHODS,
    KnownClient,
    TokenAnswer,
    TokenRequest,
    answer_token_request,
    authenticated_client,
    refusal,
    verified_claims,
)
from hub.oauth.scopes import OF_CLIENTS, SCOPES, actions_of_scopes
from hub.oauth.services.clients import GRANTS
from hub.oauth.services.devices import Devices
from hub.oauth.services.issuing import Issuing
from hub.oauth.services.recent import Recent
from hub.oauth.spec.secrets import digest
from hub.oauth.storage import grants
from hub.oauth.storage.clients import client_by_client_id, revoke_token, revoked_tokens
from hub.ports import Clock, Ids, KeyRing, Transients

#: How long a process may go on without asking whether a client or a grant still stands.
CLIENT_MEMORY_SECONDS = 1.0
LONGEST_TOKEN = 8192
#: How far the clocks of two of our machines may differ.
CLOCK_LEEWAY_SECONDS = 5
#: Grants that nobody used for so long are forgotten.
GRANT_MEMORY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class _Standing:
    """Whom a token stands for, as it was when it was looked up: a client that acts for itself, or a person's grant.

    The actions of `principal` are all that it may do now, whatever a token says.
    """

    principal: Principal
    revoked: frozenset[str] = frozenset()


#: What a device that asks too early is told (RFC 8628 section 3.5): no refusal yet.
_PATIENCE = ("authorization_pending", "slow_down")


class Tokens:
    """The token endpoint and those beside it, the metadata about them, and the check of access tokens.

    `issuer` is the Hub's public origin; it is the audience of the tokens too (RFC 9068 section 3).
    """

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, keys: KeyRing, transients: Transients, issuer: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._issuer = issuer
        self._issuing = Issuing(db, clock, ids, keys, transients, issuer)
        self._devices = Devices(transients, ids, issuer)
        self._claims: Recent[bytes, dict[str, Any]] = Recent(4096)
        self._standings: Recent[str, _Standing | None] = Recent(4096)

    # --- the endpoints ------------------------------------------------------------------------------------------

    def answer(self, request: TokenRequest) -> TokenAnswer:
        """Give tokens, or say why not in the form of RFC 6749 section 5.2."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            answer = answer_token_request(request, self._issuing.book(work, self._devices), self._audiences)
        self._note_refusal(request, answer)
        return answer

    def _note_refusal(self, request: TokenRequest, answer: TokenAnswer) -> None:
        """Refusals are kept in the log of the tenant whose client was named; where there is none, nowhere."""
        error = str(answer.body.get("error", ""))
        if answer.status < 400 or error in _PATIENCE:
            return
        client_id = request.client_id
        with self._db.unit_of_work(EVERY_TENANT) as work:
            client = client_by_client_id(work.session, client_id) if client_id else None
            if client is not None:
                actor = Principal(client.tenant_id, "oauth_client", client.client_id, client.name)
                record(work.session, self._ids.uuid(), actor, "token.refused", client.client_id, {"error": error})

    def begin_device(self, request: TokenRequest) -> TokenAnswer:
        """A device asks for the code that a person is to enter elsewhere (RFC 8628 section 3.1)."""
        client = self._authenticated(request, public=True)
        return client if isinstance(client, TokenAnswer) else self._devices.begin(client, request.one("scope"))

    def revoke(self, request: TokenRequest) -> TokenAnswer:
        """Take back a token of the client that asks, and all that came of the same consent (RFC 7009 section 2).

        An unknown token is taken back already.
        """
        client = self._authenticated(request, public=True)
        if isinstance(client, TokenAnswer):
            return client
        token = request.one("token")
        if not token:
            return refusal("The parameter token is missing")
        facts = self._facts_of(token)
        if facts is not None and facts["client_id"] == client.client_id:
            self._take_back(facts)
        return TokenAnswer(200, {})

    def _take_back(self, facts: dict[str, Any]) -> None:
        now, client_id = self._clock.now(), str(facts["client_id"])
        actor = Principal(facts["tenant"], "oauth_client", client_id, client_id)
        with self._db.unit_of_work(facts["tenant"]) as work:
            about = {"scopes": str(facts["told"]["scope"]).split()}
            record(work.session, self._ids.uuid(), actor, "token.revoked", client_id, about)
            if facts["grant"] is not None:
                grants.end_grant(work.session, facts["tenant"], facts["grant"], now)
            else:
                revoke_token(work.session, facts["tenant"], UUID(facts["jti"]), now)

    def introspect(self, request: TokenRequest) -> TokenAnswer:
        """What a token is good for (RFC 7662 section 2); of tokens of other tenants only that they are not good."""
        client = self._authenticated(request, public=False)
        if isinstance(client, TokenAnswer):
            return client
        token = request.one("token")
        if not token:
            return refusal("The parameter token is missing")
        facts = self._facts_of(token)
        asker = self._standing_of_client(client.client_id)
        if facts is None or asker is None or asker.principal.tenant_id != facts["tenant"]:
            return TokenAnswer(200, {"active": False})
        return TokenAnswer(200, {"active": True, **facts["told"]})

    def _authenticated(self, request: TokenRequest, *, public: bool) -> KnownClient | TokenAnswer:
        with self._db.unit_of_work(EVERY_TENANT) as work:
            book = self._issuing.book(work, self._devices)
            found = authenticated_client(request, book, self._audiences, public=public)
        if isinstance(found, TokenAnswer):
            self._note_refusal(request, found)
        return found

    @property
    def _audiences(self) -> list[str]:
        """RFC 7523 section 3: an assertion names the server, or the endpoint that it is sent to."""
        paths = ("token", "revoke", "introspect", "device_authorization")
        return [self._issuer, *(f"{self._issuer}/oauth/{path}" for path in paths)]

    def _facts_of(self, token: str) -> dict[str, Any] | None:
        """Whose token it is and what it may be told to be, if it is good now."""
        return self._facts_of_refresh_token(token) or self._facts_of_access_token(token)

    def _facts_of_refresh_token(self, token: str) -> dict[str, Any] | None:
        now = self._clock.now()
        with self._db.read(EVERY_TENANT) as session:
            found = grants.refresh_token(session, digest(token))
            if found is None:
                return None
            row, grant, client_id = found
            stands = grants.live_grant(session, grant.id) is not None
        if not stands or row.used_at is not None or row.expires_at <= now:
            return None
        told = {
            "client_id": client_id,
            "sub": str(grant.user_id),
            "scope": " ".join(grant.scopes),
            "exp": int(row.expires_at.timestamp()),
            "iss": self._issuer,
        }
        return {"tenant": grant.tenant_id, "client_id": client_id, "grant": grant.id, "told": told}

    def _facts_of_access_token(self, token: str) -> dict[str, Any] | None:
        try:
            known, claims = self._standing_of(token)
        except Unauthenticated:
            return None
        told = {name: claims[name] for name in ("client_id", "sub", "exp", "iat", "iss", "aud", "jti", "scope")}
        return {
            "tenant": known.principal.tenant_id,
            "client_id": claims["client_id"],
            "grant": UUID(claims["grant"]) if "grant" in claims else None,
            "jti": claims["jti"],
            "told": told | {"token_type": "Bearer", "username": known.principal.name},
        }

    # --- the check of access tokens -----------------------------------------------------------------------------

    def principal_of(self, token: str) -> Principal:
        """Who holds this access token; `Unauthenticated` when it is not good (RFC 6750 section 3.1).

        The signature is checked once per token and process. What the client and the person may do now limits what the
        token says, and what was revoked is noticed within a second.
        """
        known, claims = self._standing_of(token)
        actions = known.principal.actions & actions_of_scopes(str(claims["scope"]).split())
        self._db.suspensions.require_open(known.principal.tenant_id)
        return replace(known.principal, actions=actions)

    def _standing_of(self, token: str) -> tuple[_Standing, dict[str, Any]]:
        now = self._clock.now().timestamp()
        claims = self._claims.get(sha256(token.encode()).digest(), now, lambda: self._verified(token, now))
        known = self._remembered(claims, now)
        if known is None or claims["jti"] in known.revoked:
            raise _not_good("The client or the consent behind this access token was revoked.")
        return known, claims

    def _remembered(self, claims: dict[str, Any], now: float) -> _Standing | None:
        until = now + CLIENT_MEMORY_SECONDS
        if "grant" in claims:
            grant_id = str(claims["grant"])
            return self._standings.get(f"grant {grant_id}", now, lambda: (until, self._standing_of_grant(grant_id)))
        client_id = str(claims["client_id"])
        return self._standings.get(client_id, now, lambda: (until, self._standing_of_client(client_id)))

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

    def _standing_of_client(self, client_id: str) -> _Standing | None:
        with self._db.read(EVERY_TENANT) as session:
            client = client_by_client_id(session, client_id)
            if client is None or client.revoked_at is not None:
                return None
            revoked = revoked_tokens(session, client.tenant_id, client.id, self._clock.now())
        actions = actions_of_scopes(client.scopes)
        who = Principal(client.tenant_id, "oauth_client", client_id, client.name, actions, client.store_id)
        return _Standing(who, revoked)

    def _standing_of_grant(self, grant_id: str) -> _Standing | None:
        with self._db.read(EVERY_TENANT) as session:
            found = grants.live_grant(session, UUID(grant_id))
        if found is None:
            return None
        grant, client, user, roles = found
        name = f"{user.name} ({client.name})"
        actions = actions_of_scopes(client.scopes) & actions_of_scopes(grant.scopes) & actions_of_roles(roles)
        who = Principal(
            grant.tenant_id,
            "user_token",
            str(user.id),
            name,
            actions - {"console.use"},
            client.store_id,
            frozenset(roles),
            client=(client.client_id, client.name),
        )
        return _Standing(who)

    # --- what others may know -----------------------------------------------------------------------------------

    def jwks(self) -> dict[str, Any]:
        """The keys that verify our tokens (RFC 7517)."""
        return self._keys.public_set()

    def metadata(self) -> dict[str, Any]:
        """What a client needs to know of this authorization server (RFC 8414 section 2)."""
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "revocation_endpoint": "revoke",
            "introspection_endpoint": "introspect",
            "device_authorization_endpoint": "device_authorization",
            "jwks_uri": "jwks",
        }
        return {
            "issuer": self._issuer,
            **{name: f"{self._issuer}/oauth/{path}" for name, path in endpoints.items()},
            "scopes_supported": [name for name, scope in SCOPES.items() if scope.family in OF_CLIENTS],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANTS),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": AUTH_METHODS,
            "token_endpoint_auth_signing_alg_values_supported": ASSERTION_ALGORITHMS,
            "introspection_endpoint_auth_methods_supported": [way for way in AUTH_METHODS if way != "none"],
            "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
            "access_token_signing_alg_values_supported": [ALGORITHM],
            "service_documentation": f"{self._issuer}/api/v1/",
        }

    def sweep(self) -> int:
        """Forget grants that ended or were not used for a long time; returns how many."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            return grants.forget_ended(work.session, self._clock.now() - GRANT_MEMORY)


def _not_good(detail: str) -> Unauthenticated:
    challenge = f'Bearer realm="Standards Hub", error="invalid_token", error_description="{detail}"'
    return Unauthenticated(detail, code="invalid_token", headers={"WWW-Authenticate": challenge})
