"""How often one caller may ask, and what the answers tell of it."""

from dataclasses import replace
from uuid import uuid4

import pytest

from hub.bootstrap import create_hub_app
from hub.oauth.services.clients import Clients, NewClient
from tests.conftest import PUBLIC_URL, _client
from tests.support.people import form_token, make_account, sign_in
from tests.support.two_tenants import new_tenant


@pytest.fixture
def strict(hub):
    """A browser of a Hub that allows three requests a minute."""
    return _client(create_hub_app(replace(hub, settings=replace(hub.settings, requests_per_minute=3))), PUBLIC_URL)


@pytest.fixture
def bearer(hub, system, client):
    made, secret = hub.service(Clients).create(system, NewClient("Busy", ("packages:read",)))
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
    return {"Authorization": f"Bearer {client.post('/oauth/token', data=form).json['access_token']}"}


def until_refused(ask):
    """The statuses up to the first 429, and that answer. A minute may end in between, so more than one may do."""
    statuses = []
    for _ in range(8):
        answer = ask()
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            break
    return statuses, answer


def test_a_program_is_told_what_is_left_and_when_to_go_on(strict, bearer):
    first = strict.get("/api/v1/packages", headers=bearer)
    assert first.headers["RateLimit-Policy"] == '"user";q=3;w=60'
    assert first.headers["RateLimit"].startswith('"user";r=2;t=')
    statuses, refused = until_refused(lambda: strict.get("/api/v1/packages", headers=bearer))
    assert statuses.count(200) in {2, 3, 4, 5}
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"user";r=0;t=')
    assert refused.content_type == "application/problem+json"


def test_each_caller_is_counted_alone(strict, hub, system, client, bearer):
    until_refused(lambda: strict.get("/api/v1/packages", headers=bearer))
    made, secret = hub.service(Clients).create(system, NewClient("Calm", ("packages:read",)))
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
    token = client.post("/oauth/token", data=form).json["access_token"]
    assert strict.get("/api/v1/packages", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_token_endpoint_counts_addresses(strict):
    strict.environ_base["REMOTE_ADDR"] = "2001:db8::77"
    statuses, refused = until_refused(lambda: strict.post("/oauth/token", data={"grant_type": "x"}))
    assert statuses[-1] == 429
    assert refused.json["error"] == "invalid_request"
    assert "RateLimit" in refused.headers


@pytest.mark.parametrize(
    ("addresses", "is_one"),
    [
        ("2001:db8:1:2::{number}", True),
        ("2001:db8:1:3:{number}:{number}:{number}:{number}", True),
        ("2001:db8:2:{number}::1", False),
        ("198.51.100.{number}", False),
    ],
)
def test_who_has_a_whole_network_is_counted_as_one(strict, addresses, is_one):
    """Who has one IPv6 address has all of its /64 (RFC 6177): changing it helps nobody to ask more often."""
    statuses = []
    for number in range(1, 9):
        strict.environ_base["REMOTE_ADDR"] = addresses.format(number=number)
        statuses.append(strict.post("/oauth/token", data={"grant_type": "x"}).status_code)
    assert (429 in statuses) is is_one


def test_whoever_visits_another_tenant_is_counted_too(strict, hub, system):
    sign_in(strict, make_account(hub, system, "super_administrator"))
    other = new_tenant(hub, "Elsewhere")
    token = form_token(strict, "/roles")
    assert strict.post(f"/tenants/{other.id}/enter", data={"csrf_token": token}).status_code == 303
    statuses, _ = until_refused(lambda: strict.post("/cohorts", data={"csrf_token": token, "name": ""}))
    assert statuses[-1] == 429


def test_a_person_may_read_pages_but_not_change_things_without_end(strict, hub, system):
    sign_in(strict, make_account(hub, system, "author"))
    assert {strict.get("/packages").status_code for _ in range(8)} == {200}
    token = form_token(strict, "/account")
    statuses, _ = until_refused(lambda: strict.post("/device", data={"csrf_token": token, "code": "x"}))
    assert statuses[-1] == 429


def test_health_and_the_lrs_are_not_counted_here(strict):
    for _ in range(8):
        assert strict.get("/healthz").status_code == 200
    assert "RateLimit" not in strict.get("/xapi/about", headers={"X-Experience-API-Version": "2.0.0"}).headers


def test_pieces_of_an_upload_are_not_counted(strict, bearer):
    headers = bearer | {"Content-Type": "application/offset+octet-stream"}
    for _ in range(8):
        assert strict.patch(f"/api/v1/uploads/{uuid4()}", headers=headers).status_code != 429
    assert until_refused(lambda: strict.patch("/api/v1/packages/nothing", headers=headers))[0][-1] == 429


def test_without_redis_what_is_counted_waits(hub, bearer):
    nowhere = replace(hub.settings, redis_url="redis://127.0.0.1:1/0")
    client = _client(create_hub_app(replace(hub, settings=nowhere)), PUBLIC_URL)
    answer = client.get("/api/v1/packages", headers=bearer)
    assert answer.status_code == 503
    assert answer.json["code"] == "redis_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/xapi/about", headers={"X-Experience-API-Version": "2.0.0"}).status_code == 200
