"""Idempotency-Key on the POSTs of the API."""

import json
import threading

import pytest

from hub.oauth.services.clients import Clients, NewClient

CLIENT = {"name": "Made", "scopes": ["packages:read"]}


@pytest.fixture
def ask(hub, system, client):
    """POST with a token of these scopes and a key."""
    tokens = {}

    def ask(path, key, *, owner="first", **options):
        if owner not in tokens:
            wanted = NewClient(owner, ("clients:write", "packages:read", "stores:write", "users:read"))
            made, secret = hub.service(Clients).create(system, wanted)
            form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
            tokens[owner] = client.post("/oauth/token", data=form).json["access_token"]
        headers = {"Authorization": f"Bearer {tokens[owner]}"} | ({} if key is None else {"Idempotency-Key": key})
        return client.post(f"/api/v1{path}", headers=headers, **options)

    return ask


def names(hub, system):
    return [known.name for known in hub.service(Clients).list(system)]


def test_the_same_request_with_the_same_key_is_carried_out_once(ask, hub, system):
    first = ask("/clients", "k1", json=CLIENT)
    again = ask("/clients", "k1", json=CLIENT)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json, "the secret, too, which may have been lost on its way"
    for header in ("Location", "Content-Type", "Cache-Control", "X-Content-Type-Options"):
        assert again.headers[header] == first.headers[header]
    assert names(hub, system).count("Made") == 1
    assert ask("/clients", "k2", json=CLIENT).json["client_id"] != first.json["client_id"]
    assert ask("/clients", None, json=CLIENT).status_code == 201
    assert names(hub, system).count("Made") == 3


def test_another_request_with_the_same_key_is_refused(ask, hub, system):
    assert ask("/clients", "k1", json=CLIENT).status_code == 201
    for path, options in (
        ("/clients", {"json": CLIENT | {"name": "Other"}}),
        ("/stores", {"json": CLIENT}),
        ("/clients?x=1", {"json": CLIENT}),
    ):
        answer = ask(path, "k1", **options)
        assert answer.status_code == 422, answer.text
    assert ask("/stores", "k1", json={"name": "x"}).json["code"] == "idempotency_key_reused"
    assert "Other" not in names(hub, system)


def test_a_key_belongs_to_who_sends_it(ask):
    one, other = ask("/clients", "k1", json=CLIENT), ask("/clients", "k1", owner="second", json=CLIENT)
    assert one.json["client_id"] != other.json["client_id"]


def test_what_was_refused_may_be_asked_again(ask):
    assert ask("/clients", "k1", json=CLIENT | {"name": ""}).status_code == 400
    assert ask("/clients", "k1", json=CLIENT).status_code == 201


def test_the_first_is_waited_for(ask, hub, monkeypatch):
    """409 while it is under way, by threads that ask at once."""
    begun, go_on = threading.Event(), threading.Event()
    create = Clients.create

    def slow(*arguments):
        begun.set()
        assert go_on.wait(60)
        return create(*arguments)

    ask("/clients", None, json=CLIENT)  # The token is there before the threads.
    monkeypatch.setattr(Clients, "create", slow)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask("/clients", "k1", json=CLIENT)))
    thread.start()
    assert begun.wait(60)
    refused = ask("/clients", "k1", json=CLIENT)
    go_on.set()
    thread.join()
    assert (refused.status_code, refused.json["code"]) == (409, "idempotency_key_in_use")
    assert refused.headers["Retry-After"] == "1"
    assert ask("/clients", "k1", json=CLIENT).json == answers[0].json


@pytest.mark.parametrize("key", ["", "x" * 256, "a\u00e9"])
def test_what_is_no_key_is_refused(ask, key):
    answer = ask("/clients", key, json=CLIENT)
    assert answer.status_code == 400
    assert answer.json["violations"][0]["where"] == "Idempotency-Key"


def test_what_is_kept_is_sealed(ask, hub, monkeypatch):
    kept = {}
    put = type(hub.ports.transients).put
    monkeypatch.setattr(
        type(hub.ports.transients), "put", lambda *given: (kept.update({given[1]: given[2]}), put(*given))[1]
    )
    secret = ask("/clients", "k1", json=CLIENT).json["client_secret"]
    [value] = [value for name, value in kept.items() if name.startswith("idempotency:")]
    assert secret.encode() not in value
    assert json.loads(value)["answer"]


def test_it_is_documented_where_it_counts(client):
    paths = client.get("/api/v1/openapi.json").json["paths"]
    told = {
        path
        for path, methods in paths.items()
        if any(each.get("name") == "Idempotency-Key" for each in methods.get("post", {}).get("parameters", ()))
    }
    assert {"/api/v1/clients", "/api/v1/users", "/api/v1/registrations", "/api/v1/packages", "/api/v1/tokens"} <= told
    assert "/api/v1/uploads" not in told, "whose protocol has its own way"
    assert not any("Idempotency-Key" in str(methods.get("get", {})) for methods in paths.values())
