"""OAuth clients, and what becomes of their tokens."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from hub.db import EVERY_TENANT
from hub.errors import Forbidden, Invalid, NotFound, Unauthenticated
from hub.identity import Principal, system_principal
from hub.oauth.authlib_bridge import TokenRequest
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.tokens import CLOCK_LEEWAY_SECONDS, Tokens

SCOPES = ("packages:read", "registrations:read")


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return SetClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def tokens(hub, clock, settings):
    return Tokens(hub.db, clock, hub.ports.ids, hub.ports.keys, hub.ports.transients, settings.public_url)


@pytest.fixture
def made(hub, system):
    """A client with its secret."""
    return hub.service(Clients).create(system, NewClient("Reports", SCOPES))


def ask(tokens, made, **form):
    client, secret = made
    basic = base64.b64encode(f"{client.client_id}:{secret}".encode()).decode()
    fields = {"grant_type": "client_credentials"} | form
    return tokens.answer(TokenRequest({"Authorization": f"Basic {basic}"}, {k: [v] for k, v in fields.items()}))


def access_token(tokens, made, **form):
    answer = ask(tokens, made, **form)
    assert answer.status == 200, answer.body
    return answer.body["access_token"]


def forged(key, settings, made, header=None, **claims):
    now = int(datetime.now(UTC).timestamp())
    base = {
        "iss": settings.public_url,
        "aud": settings.public_url,
        "sub": made[0].client_id,
        "client_id": made[0].client_id,
        "iat": now,
        "exp": now + 900,
        "jti": "1",
        "scope": "packages:read",
    }
    return jwt.encode(
        {"alg": "RS256", "typ": "at+jwt", "kid": key.kid} | (header or {}),
        {name: value for name, value in (base | claims).items() if value is not None},
        key,
        algorithms=["RS256"],
    )


def encoded(part):
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def test_a_token_says_what_rfc_9068_asks_for(tokens, made, settings, clock):
    token = access_token(tokens, made, scope="packages:read")
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    assert header["typ"] == "at+jwt"
    assert header["alg"] == "RS256"
    now = int(clock.now().timestamp())
    client_id = made[0].client_id
    jti = claims.pop("jti")
    assert len(jti) == 36
    assert claims == {
        "iss": settings.public_url,
        "aud": settings.public_url,
        "sub": client_id,
        "client_id": client_id,
        "iat": now,
        "exp": now + 900,
        "scope": "packages:read",
    }


def test_the_holder_is_known_with_the_actions_of_its_scopes(tokens, made, tenant):
    known = tokens.principal_of(access_token(tokens, made, scope="packages:read"))
    assert (known.tenant_id, known.kind, known.id) == (tenant.id, "oauth_client", made[0].client_id)
    assert known.actions == {"packages.read"}


def test_without_a_scope_it_gets_all_it_may_have(tokens, made):
    assert tokens.principal_of(access_token(tokens, made)).actions == {"packages.read", "registrations.read"}


def test_a_token_ends_after_15_minutes(tokens, made, clock):
    token = access_token(tokens, made)
    clock.at += timedelta(minutes=14, seconds=59)
    assert tokens.principal_of(token).may("packages.read")
    clock.at += timedelta(seconds=1 + CLOCK_LEEWAY_SECONDS)
    with pytest.raises(Unauthenticated):
        tokens.principal_of(token)


def test_revoking_a_client_ends_its_tokens_within_a_second_and_gives_no_more(hub, system, tokens, made, clock):
    token = access_token(tokens, made)
    assert tokens.principal_of(token)
    hub.service(Clients).revoke(system, made[0].client_id)
    clock.at += timedelta(seconds=1)
    with pytest.raises(Unauthenticated) as refusal:
        tokens.principal_of(token)
    assert 'error="invalid_token"' in refusal.value.headers["WWW-Authenticate"]
    assert ask(tokens, made).status == 401


def test_the_client_is_looked_up_once_a_second_at_most(tokens, made, hub, monkeypatch):
    token = access_token(tokens, made)
    tokens.principal_of(token)
    monkeypatch.setattr(hub.db, "read", None)
    assert tokens.principal_of(token).name == "Reports"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "https://evil.example"},
        {"iss": None},
        {"aud": None},
        {"exp": None},
        {"exp": 1},
        {"sub": None},
        {"client_id": None},
        {"jti": None},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": "logout+jwt"}},
        {"header": {"kid": "unknown"}},
    ],
)
def test_a_token_signed_by_us_but_not_an_access_token_of_this_server_is_refused(hub, settings, tokens, made, changes):
    key = hub.ports.keys.signing_key()
    assert tokens.principal_of(forged(key, settings, made))
    with pytest.raises(Unauthenticated):
        tokens.principal_of(forged(key, settings, made, **changes))


def test_a_token_of_another_key_is_refused(hub, settings, tokens, made):
    stranger = RSAKey.generate_key(2048, {"kid": hub.ports.keys.signing_key().kid})
    with pytest.raises(Unauthenticated):
        tokens.principal_of(forged(stranger, settings, made))


def test_the_public_key_is_no_hmac_secret_and_none_is_no_algorithm(hub, settings, tokens, made):
    key = hub.ports.keys.signing_key()
    _, claims, signature = forged(key, settings, made).split(".")
    hmac_header = encoded(f'{{"alg":"HS256","typ":"at+jwt","kid":"{key.kid}"}}'.encode())
    mac = hmac.digest(key.as_pem(private=False), f"{hmac_header}.{claims}".encode(), "sha256")
    unsigned = encoded(b'{"alg":"none","typ":"at+jwt"}')
    for token in (
        f"{hmac_header}.{claims}.{encoded(mac)}",
        f"{unsigned}.{claims}.",
        f"{unsigned}.{claims}.{signature}",
    ):
        with pytest.raises(Unauthenticated):
            tokens.principal_of(token)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "ä.ö.ü", "a" * 100_000, "e30.e30.e30"])
def test_what_is_no_token_at_all_is_refused(tokens, token):
    with pytest.raises(Unauthenticated):
        tokens.principal_of(token)


def test_a_client_is_made_with_a_store_only_when_it_reaches_statements(made):
    assert made[0].store_id is None


@pytest.mark.parametrize(
    "wanted",
    [
        NewClient("", SCOPES),
        NewClient("x" * 201, SCOPES),
        NewClient("Reports", ()),
        NewClient("Reports", ("nonsense",)),
        NewClient("Reports", SCOPES, grants=("password",)),
        NewClient("Reports", SCOPES, grants=()),
    ],
)
def test_a_client_that_cannot_be_is_refused_with_the_reason(hub, system, wanted):
    with pytest.raises(Invalid) as refusal:
        hub.service(Clients).create(system, wanted)
    assert refusal.value.violations


def test_nobody_gives_a_client_more_than_they_have(hub, tenant):
    keeper = Principal(tenant.id, "user", "1", "Keeper", frozenset({"clients.write", "packages.read"}))
    clients = hub.service(Clients)
    assert clients.create(keeper, NewClient("Fine", ("packages:read",)))
    with pytest.raises(Forbidden):
        clients.create(keeper, NewClient("Too much", ("packages:read", "packages:write")))


def test_the_secret_is_kept_nowhere(hub, made):
    with hub.db.read(EVERY_TENANT) as session:
        kept = session.connection().exec_driver_sql(
            "SELECT row_to_json(c)::text FROM oauth_client c WHERE client_id = %s", (made[0].client_id,)
        )
        assert made[1] not in kept.scalar_one()


def test_tenants_do_not_see_each_others_clients(hub, made):
    other = hub.service(Tenants).create(f"o{hub.ports.ids.uuid().hex[:20]}", "Other")
    stranger = system_principal(other.id)
    clients = hub.service(Clients)
    assert clients.list(stranger) == []
    for forbidden in (clients.get, clients.revoke):
        with pytest.raises(NotFound):
            forbidden(stranger, made[0].client_id)
