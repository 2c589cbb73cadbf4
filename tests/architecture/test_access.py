"""Every address of the Hub with every role, every scope, and nobody: who gets in, and who does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.http.access import PUBLIC, declared_action
from hub.identity import ROLES, Principal
from hub.oauth.scopes import OF_CLIENTS, SCOPES
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.storage.users import set_roles
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
    token = token_with(client, hub, system, scope)
    for address in addresses(client):
        status, headers = ask(client, address, Authorization=f"Bearer {token}")
        if address.is_page:
            assert status == 403, f"{address}: a token opens no page"
        elif address.action in scope.actions:
            assert status not in {401, 403, 500}, address
        else:
            assert status == 403, address
            assert 'error="insufficient_scope"' in headers["WWW-Authenticate"], address


def token_with(client, hub, system, scope):
    """That of a client, or where no client may hold the scope, one of a super administrator's own."""
    if scope.family not in OF_CLIENTS:
        person = make_account(hub, system, "super_administrator").person
        user = Principal(system.tenant_id, "user", str(person.id), "Operator", ROLES["super_administrator"].actions)
        return hub.service(PersonalTokens).create(user, "Mine", (scope.name,), 1)[1]
    made, secret = hub.service(Clients).create(system, NewClient("Program", (scope.name,)))
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
    return client.post("/oauth/token", data=form).json["access_token"]


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


ADMINISTRATION = {"administrator", "super_administrator"}
EVERYTHING_OF_LEARNERS = ADMINISTRATION | {"support"}
#: Written by hand, not made of the tables of the code: who reaches what must not reach the wrong hands.
SENSITIVE = {
    "GET /audit": ADMINISTRATION,
    "GET /api/v1/audit-events": ADMINISTRATION,
    "GET /people": ADMINISTRATION,
    "POST /people/new": ADMINISTRATION,
    "POST /people/<uuid:user_id>/password": ADMINISTRATION,
    "POST /api/v1/users": ADMINISTRATION,
    "POST /api/v1/clients": ADMINISTRATION,
    "POST /api/v1/identity-providers": ADMINISTRATION,
    "POST /api/v1/stores/<uuid:store_id>/credentials": ADMINISTRATION,
    "POST /api/v1/platforms": ADMINISTRATION,
    "PUT /api/v1/learners/<uuid:learner_id>/account": ADMINISTRATION,
    "POST /api/v1/learners/<uuid:learner_id>/mentors": ADMINISTRATION,
    "POST /api/v1/cohorts/<uuid:cohort_id>/leaders": ADMINISTRATION,
    "POST /api/v1/cohorts/<uuid:cohort_id>/enrolments": ADMINISTRATION | {"representative"},
    "PATCH /api/v1/branding": ADMINISTRATION,
    "GET /system": ADMINISTRATION,
    "GET /api/v1/system": ADMINISTRATION,
    "GET /privacy": ADMINISTRATION,
    "GET /statements": EVERYTHING_OF_LEARNERS | {"reporting"},
    "GET /learners/<uuid:learner_id>/statements": EVERYTHING_OF_LEARNERS | {"reporting", "mentor"},
    "GET /registrations/<uuid:registration_id>/attempts/<int:number>/replay": EVERYTHING_OF_LEARNERS,
    "POST /registrations/<uuid:registration_id>/reset": ADMINISTRATION | {"instructor"},
    "DELETE /api/v1/packages/<string:package_id>": ADMINISTRATION | {"author"},
    "GET /tenants": {"super_administrator"},
    "POST /tenants": {"super_administrator"},
    "GET /api/v1/tenants": {"super_administrator"},
    "POST /api/v1/tenants": {"super_administrator"},
    "PATCH /api/v1/tenants/<uuid:tenant_id>": {"super_administrator"},
    "POST /tenants/<uuid:tenant_id>/enter": {"super_administrator"},
    "POST /tenants/<uuid:tenant_id>/suspend": {"super_administrator"},
}


def test_what_must_not_reach_the_wrong_hands_does_not(client):
    app = client.application
    declared = {
        f"{method} {rule.rule}": declared_action(app, rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods
    }
    assert {
        route: {role for role, found in ROLES.items() if declared[route] in found.actions} for route in SENSITIVE
    } == SENSITIVE


def test_no_scope_of_a_client_reaches_beyond_its_tenant():
    of_clients = [scope for scope in SCOPES.values() if scope.family in OF_CLIENTS]
    assert not any(action.startswith("tenants.") for scope in of_clients for action in scope.actions)


def test_somebody_without_a_role_opens_nothing(client, hub, system):
    account = make_account(hub, system, "learner")
    sign_in(client, account)
    with hub.db.unit_of_work(system.tenant_id) as work:
        set_roles(work.session, system.tenant_id, account.person.id, ())
    for address in addresses(client):
        if address.is_page and address.method == "GET":
            assert ask(client, address)[0] == 403, address
