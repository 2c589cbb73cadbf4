"""The authorization server from outside."""

import base64
import json

import pytest

from hub.oauth.services.clients import Clients, NewClient


@pytest.fixture
def made(hub, system):
    """A client's id and secret."""
    client, secret = hub.service(Clients).create(system, NewClient("Reports", ("packages:read", "clients:read")))
    return client.client_id, secret


def basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def ask(client, form, headers=None):
    return client.post("/oauth/token", data={"grant_type": "client_credentials"} | form, headers=headers)


def test_a_client_gets_a_token_by_basic_authentication(client, made):
    answer = ask(client, {"scope": "packages:read"}, basic(*made))
    assert answer.status_code == 200
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 900
    assert answer.json["scope"] == "packages:read"
    assert "refresh_token" not in answer.json
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_client_gets_a_token_by_its_secret_in_the_form(client, made):
    answer = ask(client, {"client_id": made[0], "client_secret": made[1]})
    assert answer.status_code == 200
    assert answer.json["scope"] == "packages:read clients:read"


@pytest.mark.parametrize("way", ["basic", "form"])
def test_a_wrong_secret_is_401_with_a_challenge_and_no_hint(client, made, way):
    def attempt(client_id, secret):
        if way == "basic":
            return ask(client, {}, basic(client_id, secret))
        return ask(client, {"client_id": client_id, "client_secret": secret})

    assert attempt(*made).status_code == 200
    wrong, unknown = attempt(made[0], "wrong"), attempt("unknown", made[1])
    for answer in (wrong, unknown):
        assert answer.status_code == 401
        assert answer.json["error"] == "invalid_client"
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert wrong.json == unknown.json


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic /////w=="},
        {"Authorization": "Basic " + base64.b64encode(b"no-colon").decode()},
        {"Authorization": "Digest x"},
        {"Authorization": "Basic " + base64.b64encode(b"\0:secret").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"%00:secret").decode()},
        {"Authorization": "Basic " + base64.b64encode("ü:secret".encode()).decode()},
    ],
)
def test_no_usable_credentials_are_401(client, headers):
    answer = ask(client, {}, headers)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unauthorized_client"),
        ({"grant_type": ""}, "unsupported_grant_type"),
        ({"grant_type": 'quo"te'}, "invalid_request"),
        ({"grant_type": "ümlaut"}, "invalid_request"),
        ({"scope": "packages:write"}, "invalid_scope"),
        ({"scope": "packages:read nonsense"}, "invalid_scope"),
        ({"scope": "käse"}, "invalid_request"),
        ({"scope": ["packages:read", "clients:read"]}, "invalid_request"),
        ({"client_secret": "x", "client_id": "y"}, "invalid_request"),
    ],
)
def test_a_request_that_is_wrong_says_why_in_oauths_own_words(client, made, form, error):
    assert ask(client, {}, basic(*made)).status_code == 200
    answer = ask(client, form, basic(*made))
    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert answer.json["error_description"]


def test_a_request_without_a_form_is_refused(client, made):
    answer = client.post("/oauth/token", json={"grant_type": "client_credentials"}, headers=basic(*made))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_other_methods_are_refused(client):
    answer = client.get("/oauth/token")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_huge_form_is_refused(client, made):
    answer = ask(client, {"scope": "x" * 3_000_000}, basic(*made))
    assert (answer.status_code, answer.json["error"]) == (413, "invalid_request")


def test_a_bearer_token_at_the_token_endpoint_does_not_confuse_it(client, made):
    token = ask(client, {}, basic(*made)).json["access_token"]
    answer = ask(client, {}, {"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_the_metadata_leads_to_endpoints_that_exist(client, settings, hub):
    document = client.get("/.well-known/oauth-authorization-server").json
    assert document["issuer"] == settings.public_url
    for name in ("token_endpoint", "jwks_uri"):
        path = document[name].removeprefix(settings.public_url)
        assert client.get(path).status_code != 404
    assert "statements/read" in document["scopes_supported"]


def test_the_key_set_verifies_a_token_and_holds_nothing_private(client, made):
    keys = client.get("/oauth/jwks").json["keys"]
    token = ask(client, {}, basic(*made)).json["access_token"]
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header["kid"] in {key["kid"] for key in keys}
    assert not {"d", "p", "q", "dp", "dq", "qi"} & {member for key in keys for member in key}
