"""What a bearer token opens: the LRS and the API, within its scopes, its store and its tenant."""

import json

import pytest

from hub.identity import system_principal
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from tests.support.courses import add_course

STATEMENT = {
    "actor": {"mbox": "mailto:mara@school.example"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
    "object": {"id": "https://hub.example/golf"},
}


@pytest.fixture
def token_of(hub, client, system):
    """A token of a new client with these scopes."""

    def ask(*scopes, principal=system, store=None):
        made, secret = hub.service(Clients).create(principal, NewClient("Reports", scopes, store=store))
        form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
        return client.post("/oauth/token", data=form).json["access_token"]

    return ask


@pytest.fixture
def other(hub):
    """Another tenant."""
    return system_principal(hub.service(Tenants).create(f"o{hub.ports.ids.uuid().hex[:20]}", "Other").id)


def read(client, token, path="/xapi/statements"):
    headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "2.0.0"}
    return client.get(path, headers=headers)


def put(hub, principal, **changes):
    (statement_id,) = hub.service(Statements).store(principal, json.dumps(STATEMENT | changes).encode())
    return statement_id


def test_a_reporting_tool_reads_statements(client, hub, system, token_of):
    statement_id = put(hub, system)
    answer = read(client, token_of("statements/read"))
    assert answer.status_code == 200
    assert [statement["id"] for statement in answer.json["statements"]] == [statement_id]


def test_without_the_scope_it_is_told_which_one_it_takes(client, token_of):
    assert read(client, token_of("statements/read")).status_code == 200
    answer = read(client, token_of("statements/write"))
    assert answer.status_code == 403
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "insufficient_scope"
    assert "statements/read" in answer.json["detail"]
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", ""])
def test_a_bad_token_is_told_so(client, token):
    answer = read(client, token)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "invalid_token"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_no_token_at_all_is_told_what_would_do(client):
    answer = client.get("/api/v1/packages")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Standards Hub", scope="packages:read"'


def test_a_token_reads_its_own_store_only(client, hub, system, token_of):
    hub.service(Stores).create(system, "pilot")
    put(hub, system)
    assert read(client, token_of("statements/read", store="pilot")).json["statements"] == []
    assert len(read(client, token_of("statements/read", store="default")).json["statements"]) == 1


def test_a_token_sees_its_own_tenant_only(client, hub, system, other, token_of):
    put(hub, system)
    package = add_course(hub.db, system.tenant_id)
    theirs = token_of("statements/read", "packages:read", principal=other)
    assert read(client, theirs).json["statements"] == []
    assert read(client, theirs, "/api/v1/packages").json == []
    assert read(client, theirs, f"/api/v1/packages/{package}").status_code == 404
    ours = token_of("statements/read", "packages:read")
    assert read(client, ours, f"/api/v1/packages/{package}").status_code == 200


def test_what_a_token_stored_is_its_own(client, token_of):
    writer = token_of("statements/write", "statements/read/mine")
    headers = {"Authorization": f"Bearer {writer}", "X-Experience-API-Version": "2.0.0"}
    assert client.post("/xapi/statements", json=STATEMENT, headers=headers).status_code == 200
    (stored,) = read(client, writer).json["statements"]
    assert stored["authority"]["account"]["name"]
    assert read(client, token_of("statements/read/mine")).json["statements"] == []


def test_a_token_does_not_count_on_the_content_origin(content_client, token_of):
    answer = content_client.get("/nothing", headers={"Authorization": f"Bearer {token_of('packages:read')}"})
    assert answer.status_code in {401, 404}


def test_tokens_are_neither_echoed_nor_taken_from_the_address(client, token_of):
    token = token_of("packages:read")
    assert client.get(f"/api/v1/packages?access_token={token}").status_code in {401, 422}
    assert token not in read(client, token + "x", "/api/v1/packages").text
