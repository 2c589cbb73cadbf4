"""Every address asked for the things of another tenant, by everybody there is: nothing is told, nothing is changed."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import create_hub_app
from hub.http.access import PUBLIC, declared_action
from hub.identity import ROLES, Principal, system_principal
from hub.oauth.scopes import SCOPES
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.xapi_lrs.services.credentials import Credentials
from tests.support.media import picture
from tests.support.people import form_token, make_account, sign_in
from tests.support.two_tenants import MARK, World, furnished, new_tenant

#: What goes with requests that are judged before the thing is looked for. Whatever is not here is sent empty.
BODIES: dict[str, dict[str, Any]] = {
    "PATCH /api/v1/packages/<string:package_id>": {"json": {"title": "Mine"}},
    "PATCH /api/v1/packages/<string:package_id>/settings": {"json": {"buttons": "hidden"}},
    "PATCH /api/v1/packages/<string:package_id>/versions/<int:number>/settings": {"json": {"buttons": "hidden"}},
    "PATCH /api/v1/registrations/<string:registration_id>": {"json": {"mode": "browse"}},
    "POST /api/v1/registrations/<string:registration_id>/comments": {"json": {"activity": "one", "comment": "Mine"}},
    "POST /registrations/<uuid:registration_id>/comments": {"data": {"activity": "one", "comment": "Mine"}},
    "PATCH /api/v1/cohorts/<uuid:cohort_id>": {"json": {"name": "Mine"}},
    "PATCH /api/v1/platforms/<uuid:platform_id>": {"json": {"name": "Mine"}},
    "PATCH /api/v1/users/<uuid:user_id>": {"json": {"name": "Mine"}},
    "PATCH /api/v1/identity-providers/<uuid:provider_id>": {"json": {"name": "Mine"}},
    "POST /api/v1/users/<uuid:user_id>/invitation": {"json": {}},
    "PATCH /api/v1/stores/<uuid:store_id>/credentials/<uuid:credential_id>": {"json": {"requests_per_minute": 5}},
    "POST /api/v1/stores/<uuid:store_id>/credentials": {"json": {"scopes": ["all"]}},
    "POST /api/v1/registrations/<string:registration_id>/launch-link": {"json": {}},
    "POST /api/v1/courses/<uuid:registration_id>/launch-link": {"json": {}},
    "PUT /api/v1/learners/<uuid:learner_id>/account": {"json": {"user": None}},
    "POST /api/v1/learners/<uuid:learner_id>/mentors": {"json": {"user": "{user_id}"}},
    "POST /api/v1/cohorts/<uuid:cohort_id>/members": {"json": {"learner": "{learner_id}"}},
    "POST /api/v1/cohorts/<uuid:cohort_id>/leaders": {"json": {"user": "{user_id}"}},
    "POST /api/v1/packages/<string:package_id>/editors": {"json": {"user": "{user_id}"}},
    "POST /api/v1/cohorts/<uuid:cohort_id>/enrolments": {"file": b"email\na@b.example\n", "data": {"package": "x"}},
    "PUT /api/v1/packages/<string:package_id>/thumbnail": {"picture": True},
    "PATCH /api/v1/uploads/<uuid:upload_id>": {"tus": True},
    "PATCH /jobs/uploads/<uuid:upload_id>": {"tus": True},
    "GET /api/v1/packages/<string:package_id>/versions/<int:number>/changes": {"query": {"since": "1"}},
    "POST /packages/<package_id>/settings": {"data": {"title": "Mine"}},
    "POST /packages/<package_id>/editors": {"data": {"user": "{user_id}"}},
    "POST /packages/<package_id>/thumbnail": {"data": {"remove": "yes"}},
    "POST /packages/<package_id>/upload": {"file": b"zip"},
    "POST /registrations/<uuid:registration_id>/mode": {"data": {"mode": "browse"}},
    "POST /cohorts/<uuid:cohort_id>": {"data": {"name": "Mine"}},
    "POST /cohorts/<uuid:cohort_id>/leaders": {"data": {"user": "{user_id}"}},
    "POST /cohorts/<uuid:cohort_id>/enrol": {"data": {"lines": "email\na@b.example\n", "package": "x"}},
    "POST /learners/<uuid:learner_id>/mentors": {"data": {"user": "{user_id}"}},
    "POST /stores/<uuid:store_id>/credentials": {"data": {"scopes": "all"}},
    "POST /people/<uuid:user_id>": {"data": {"name": "Mine", "roles": "author"}},
}
_PICTURE = picture(64, 36)
#: Arguments that name nothing of a tenant, or what is only one's own: they have tests of their own.
OWN = {"grant_id", "token_id", "passkey_id", "key"}
#: What the things of `furnished` are too new for: a job without an end, a zip that nobody stored, a single version.
UNREADY = ("/events", "/archive", "/changes", "/certificate")
#: What a super administrator does to tenants is meant to reach others.
ACROSS = {"tenants.read", "tenants.write", "tenants.enter", "tenants.remove"}


@dataclass(frozen=True)
class Route:
    """A method of a rule with the action that it declares."""

    method: str
    rule: str
    endpoint: str
    action: str
    arguments: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def is_page(self) -> bool:
        return self.endpoint.startswith("console.")


def routes(app) -> Iterator[Route]:
    """Everything on the Hub's origin that is not public."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            action = declared_action(app, rule.endpoint, method)
            if action not in {None, PUBLIC} and not rule.arguments & OWN:
                yield Route(method, rule.rule, rule.endpoint, action, frozenset(rule.arguments))


@pytest.fixture(scope="module")
def app(hub):
    return create_hub_app(hub)


@pytest.fixture(scope="module")
def world(hub) -> World:
    """The tenant whose things are asked for."""
    return furnished(hub)


@pytest.fixture(scope="module")
def strangers(hub) -> Principal:
    """The tenant of those who ask."""
    return system_principal(new_tenant(hub, "Elsewhere").id)


class Asker:
    """Somebody with a browser session and, where it helps, a token with every scope that they may have."""

    def __init__(self, app, hub, system: Principal, *roles: str) -> None:
        self.client: FlaskClient = app.test_client()
        account = make_account(hub, system, *roles)
        with_url = {"base_url": hub.settings.public_url}
        self._options = with_url
        self.client.environ_base["SERVER_NAME"] = "localhost"
        assert sign_in(_Based(self.client, with_url), account).status_code == 303
        self.form_token = form_token(_Based(self.client, with_url), "/account")
        actions = frozenset().union(*(ROLES[role].actions for role in roles))
        scopes = [scope.name for scope in SCOPES.values() if scope.actions <= actions]
        person = Principal(system.tenant_id, "user", str(account.person.id), "Asker", actions, roles=frozenset(roles))
        self.token = hub.service(PersonalTokens).create(person, "Everything", scopes, 1)[1] if scopes else ""

    def ask(self, app, route: Route, named: dict[str, object]) -> tuple[int, str]:
        """Status and body of the answer to a request for the things of `named`."""
        with app.test_request_context(base_url=self._options["base_url"]):
            arguments = {name: named[name] for name in route.arguments}
            if "job_id" in arguments and route.action.startswith("privacy."):
                arguments["job_id"] = named["privacy_job_id"]
            path = app.url_map.bind("localhost").build(route.endpoint, arguments, method=route.method)
        with self.client.open(path, method=route.method, **self._options, **self._sent(route, named)) as answer:
            return answer.status_code, answer.text

    def _sent(self, route: Route, named: dict[str, object]) -> dict[str, Any]:
        body = BODIES.get(route.name, {})
        headers = {"X-CSRF-Token": self.form_token} if route.is_page else {"Authorization": f"Bearer {self.token}"}
        headers |= {"X-Experience-API-Version": "2.0.0"} if route.rule.startswith("/xapi") else {}
        headers |= {"Tus-Resumable": "1.0.0"} if "uploads" in route.rule else {}
        headers |= (
            {"X-HTTP-Method-Override": "HEAD"} if "uploads/<uuid" in route.rule and route.method == "POST" else {}
        )
        sent: dict[str, Any] = {"headers": headers}
        if body.get("tus"):
            sent["headers"] |= {"Upload-Offset": "0"}
            return sent | {"data": b"0123456789", "content_type": "application/offset+octet-stream"}
        if "json" in body:
            return sent | {"json": _filled(body["json"], named)}
        if "picture" in body:
            return sent | {"data": {"file": (io.BytesIO(_PICTURE), "a.png")}}
        data = _filled(body.get("data", {}), named)
        if "file" in body:
            data["file"] = io.BytesIO(body["file"]), "file.csv"
        return sent | {"query_string": body.get("query"), **({"data": data} if route.method != "GET" else {})}


class _Based:
    """A client that asks on the Hub's origin."""

    def __init__(self, client: FlaskClient, options: dict[str, str]) -> None:
        self._client, self._options = client, options
        self.environ_base = client.environ_base

    def get(self, path: str):
        return self._client.get(path, **self._options)

    def post(self, path: str, **given: Any):
        return self._client.post(path, **self._options, **given)


def _filled(values: dict[str, Any], named: dict[str, object]) -> dict[str, Any]:
    return {
        name: str(named[value.strip("{}")]) if isinstance(value, str) and value.startswith("{") else value
        for name, value in values.items()
    }


def test_every_argument_is_known(app, world):
    """A new kind of thing has to be added to `tests.support.two_tenants`, or nobody asks for it."""
    unknown = {name for route in routes(app) for name in route.arguments} - set(world.named)
    assert unknown == set()


@pytest.mark.parametrize("role", ROLES)
def test_nobody_reaches_the_things_of_another_tenant(app, hub, world, strangers, role):
    asker = Asker(app, hub, strangers, role)
    asked = [
        route
        for route in routes(app)
        if route.arguments and not (role == "super_administrator" and route.action in ACROSS)
    ]
    wrong = []
    for route in asked:
        status, body = asker.ask(app, route, world.named)
        is_right = status == 404 if route.action in ROLES[role].actions else status == 403
        if not is_right or MARK.casefold() in body.casefold():
            wrong.append(f"{route.name} answered {status}: {body[:300]}")
    assert wrong == []
    assert len(asked) > 120


@pytest.mark.parametrize("role", ["administrator", "super_administrator", "reporting", "support"])
def test_no_listing_tells_of_another_tenant(app, hub, world, strangers, role):
    asker = Asker(app, hub, strangers, role)
    for route in routes(app):
        if route.arguments or route.method != "GET" or (role == "super_administrator" and route.action in ACROSS):
            continue
        status, body = asker.ask(app, route, world.named)
        assert status < 500, route.name
        assert MARK.casefold() not in body.casefold(), route.name


def test_an_lrs_credential_reaches_its_own_store_alone(app, hub, world, strangers):
    issued = hub.service(Credentials).create(strangers, "default", ["all"], "Key")
    client = app.test_client()
    headers = {"X-Experience-API-Version": "2.0.0"}
    auth = (issued.credential.key, issued.secret)
    options = {"base_url": hub.settings.public_url, "headers": headers, "auth": auth}
    one = client.get("/xapi/statements", query_string={"statementId": str(world.named["statement_id"])}, **options)
    assert one.status_code == 404
    assert client.get("/xapi/statements", **options).json["statements"] == []
    about = {"agent": '{"mbox":"mailto:zaunkoenig@school.example"}'}
    assert MARK not in client.get("/xapi/agents", query_string=about, **options).text


def test_its_own_people_reach_them(app, hub, world):
    """The counterpart: the same requests, by an administrator of the tenant itself, are answered. It comes last,
    so it also tells that nothing was changed."""
    asker = Asker(app, hub, world.system, "administrator")
    seen = 0
    for route in routes(app):
        is_told = route.action not in ACROSS and not route.rule.endswith(UNREADY)
        if route.method == "GET" and route.arguments and is_told:
            status, body = asker.ask(app, route, world.named)
            is_own = "courses" in route.rule or route.rule.startswith("/account/") or "upload_id" in route.arguments
            expected = {404} if is_own else {200}
            assert status in expected, f"{route.name} answered {status}: {body[:300]}"
            seen += MARK.casefold() in body.casefold()
    assert seen > 20
