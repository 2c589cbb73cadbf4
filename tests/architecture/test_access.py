"""Every address of the Hub with every role, every scope, and nobody: who gets in, and who does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.http.access import PUBLIC, declared_action
from hub.identity import ROLES
from hub.oauth.scopes import SCOPES
from hub.oauth.services.clients import Clients, NewClient
from tests.support.people import form_token, make_account, sign_in

#: Stands for any thing that is not there.
NOTHING = {
    "UUIDConverter": UUID("00000000-0000-7000-8000-000000000000"),
    "IntegerConverter": 1,
    "UnicodeConverter": "nothing",
    "PathConverter": "nothing",
}


@dataclass(frozen=True)
class Address:
    """One method of one rule, with the action that it declares."""

    method: str
    path: str
    action: str
    is_page: bool


def addresses(client: FlaskClient) -> Iterator[Address]:
    """Everything on the Hub's origin that is not public."""
    app = client.application
    for rule in app.url_map.iter_rules():
        arguments = {name: NOTHING[type(rule._converters[name]).__name__] for name in rule.arguments}
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, arguments)
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            action = declared_action(app, rule.endpoint, method)
            if action not in {None, PUBLIC}:
                yield Address(method, path, action, rule.endpoint.startswith("console."))


def ask(client: FlaskClient, address: Address, token: str = "", **headers: str) -> tuple[int, dict[str, str]]:
    form = {"csrf_token": token} if token and address.method == "POST" else None
    headers |= {"X-CSRF-Token": token} if token and address.method in {"PATCH", "DELETE"} else {}
    headers |= {"X-Experience-API-Version": "2.0.0"} if address.path.startswith("/xapi") else {}
    with client.open(address.path, method=address.method, data=form, headers=headers) as answer:
        return answer.status_code, dict(answer.headers)


def test_nobody_gets_in_anywhere(client):
    asked = list(addresses(client))
    assert len(asked) > 60
    for address in asked:
        status, headers = ask(client, address)
        if address.is_page and address.method == "GET":
            assert (status, headers["Location"].partition("?")[0]) == (303, "/sign-in"), address
        else:
            assert status == 401, address
        if not address.is_page:
            assert "WWW-Authenticate" in headers, address


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_pages_and_no_others(client, hub, system, role):
    sign_in(client, make_account(hub, system, role))
    token = form_token(client, "/account")
    for address in sorted(addresses(client), key=lambda address: address.path == "/account/sessions/end"):
        status, _ = ask(client, address, token)  # The one that signs out everywhere comes last.
        if not address.is_page:
            assert status == 401, f"{address}: a session opens the console only"
        elif address.action in ROLES[role].actions:
            assert status not in {401, 403, 500}, address
        else:
            assert status == 403, address


@pytest.mark.parametrize("scope", SCOPES.values(), ids=lambda scope: scope.name)
def test_a_scope_opens_its_resources_and_no_others(client, hub, system, scope):
    made, secret = hub.service(Clients).create(system, NewClient("Program", (scope.name,)))
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
    token = client.post("/oauth/token", data=form).json["access_token"]
    for address in addresses(client):
        status, headers = ask(client, address, Authorization=f"Bearer {token}")
        if address.is_page:
            assert status == 403, f"{address}: a token opens no page"
        elif address.action in scope.actions:
            assert status not in {401, 403, 500}, address
        else:
            assert status == 403, address
            assert 'error="insufficient_scope"' in headers["WWW-Authenticate"], address


def test_a_bad_token_gets_in_nowhere(client):
    for address in addresses(client):
        status, headers = ask(client, address, Authorization="Bearer nonsense")
        assert status in ({303, 401} if address.is_page else {401}), address
        if not address.is_page:
            assert 'error="invalid_token"' in headers["WWW-Authenticate"], address


def test_no_form_works_without_its_token(client, hub, system):
    sign_in(client, make_account(hub, system, "administrator"))
    forms = [address for address in addresses(client) if address.is_page and address.method != "GET"]
    assert len(forms) > 15
    for address in forms:
        for token in ("", "0" * 64):
            assert ask(client, address, token)[0] == 403, address
