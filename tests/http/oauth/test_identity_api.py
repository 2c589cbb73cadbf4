"""Clients, users and audit events by the REST API."""

from dataclasses import replace

import pytest

from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.sign_in import SignIn
from hub.oauth.storage.tables import SecondFactor
from tests.support.people import make_account

READER = (
    "packages:read",
    "registrations:read",
    "learners:follow",
    "cohorts:read",
    "platforms:read",
    "stores:read",
    "all/read",
)
ALL = ("clients:write", "users:write", "audit:read", "packages:write", *READER)


@pytest.fixture
def api(hub, client, system):
    """The client with a token of these scopes."""

    def with_scopes(*scopes):
        made, secret = hub.service(Clients).create(system, NewClient("Admin tool", scopes or ALL))
        form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
        token = client.post("/oauth/token", data=form).json["access_token"]
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return with_scopes


def test_a_client_is_made_read_and_revoked(api):
    client = api()
    made = client.post("/api/v1/clients", json={"name": "Reports", "scopes": ["packages:read"]})
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    secret = made.json["client_secret"]
    one = client.get(made.headers["Location"])
    assert one.json["scopes"] == ["packages:read"]
    assert secret not in one.text
    assert secret not in client.get("/api/v1/clients").text
    assert client.delete(made.headers["Location"]).json["revoked_at"].endswith("Z")


def test_a_client_cannot_make_one_that_may_do_more(api):
    client = api("clients:write")
    wanted = {"name": "Reports", "scopes": ["clients:read"]}
    assert client.post("/api/v1/clients", json=wanted).status_code == 201
    refused = client.post("/api/v1/clients", json=wanted | {"scopes": ["packages:read"]})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"scopes": ["nonsense"]}, "json.scopes.0"),
        ({"colour": "blue"}, "json.colour"),
        ({"grants": ["password"]}, "json.grants.0"),
    ],
)
def test_a_client_that_cannot_be_is_refused_by_field(api, changes, where):
    answer = api().post("/api/v1/clients", json={"name": "Reports", "scopes": ["packages:read"]} | changes)
    assert answer.status_code == 422
    assert [violation["where"] for violation in answer.json["violations"]] == [where]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("clients", {"name": "a\0b", "scopes": ["packages:read"]}),
        ("clients", {"name": "x", "scopes": ["statements/read"], "store": "a\0b"}),
        ("users", {"name": "a\0b", "email": "a@school.example", "roles": ["author"]}),
        ("users", {"name": "a", "email": "a\0b@school.example", "roles": ["author"]}),
    ],
)
def test_zero_characters_are_refused(api, path, document):
    assert api().post(f"/api/v1/{path}", json=document).status_code == 400


def test_a_user_is_made_changed_and_found(api):
    client = api()
    wanted = {"email": "kim@school.example", "name": "Kim", "roles": ["author"]}
    made = client.post("/api/v1/users", json=wanted)
    assert made.status_code == 201
    assert len(made.json["password"]) == 20
    changed = client.patch(made.headers["Location"], json={"roles": ["reporting"], "is_active": False})
    assert (changed.json["roles"], changed.json["is_active"], changed.json["name"]) == (["reporting"], False, "Kim")
    assert [user["email"] for user in client.get("/api/v1/users?q=kim").json] == ["kim@school.example"]
    assert client.post("/api/v1/users", json=wanted).status_code == 409


def test_a_program_gives_no_role_that_may_do_more(api):
    client = api()
    wanted = {"email": "kim@school.example", "name": "Kim", "roles": ["author"]}
    user = client.post("/api/v1/users", json=wanted).headers["Location"]
    assert client.patch(user, json={"roles": ["administrator"]}).status_code == 403
    more = {"email": "max@school.example", "roles": ["administrator"]}
    assert client.post("/api/v1/users", json=wanted | more).status_code == 403


def test_every_fault_of_a_user_is_listed(api):
    answer = api().post("/api/v1/users", json={"email": "nonsense", "name": " ", "roles": ["author"]})
    assert answer.status_code == 400
    assert [violation["where"] for violation in answer.json["violations"]] == ["email", "name"]


def with_authenticator(hub, system, *roles):
    """A user who signs in by two steps."""
    person = make_account(hub, system, *roles).person
    hub.service(SecondFactors).begin(replace(system, kind="user", id=str(person.id)), person.email)
    with hub.db.unit_of_work(system.tenant_id) as work:
        work.session.query(SecondFactor).filter_by(user_id=person.id).one().confirmed_at = hub.ports.clock.now()
    assert hub.service(SecondFactors).factors(system.tenant_id, person.id) == (True, False)
    return person


def test_who_lost_a_password_or_a_device_is_helped(api, hub, system):
    person = with_authenticator(hub, system, "author")
    place, client = f"/api/v1/users/{person.id}", api()
    assert client.delete(f"{place}/second-factors").status_code == 204
    assert hub.service(SecondFactors).factors(system.tenant_id, person.id) == (False, False)
    made = client.post(f"{place}/password")
    assert made.headers["Cache-Control"] == "no-store"
    assert hub.service(SignIn).sign_in(person.email, made.json["password"], "192.0.2.61")
    assert client.post(f"{place}/invitation", json={"language": "de"}).status_code == 202
    assert client.post(f"{place}/invitation", json={"language": "fr"}).status_code == 422
    client.patch(place, json={"is_active": False})
    assert client.post(f"{place}/invitation", json={}).json["code"] == "user_closed"


@pytest.mark.parametrize("way", ["POST password", "POST invitation", "DELETE second-factors"])
def test_nobody_is_helped_into_an_account_that_may_do_more(api, hub, system, way):
    boss = make_account(hub, system, "administrator").person
    method, path = way.split()
    answer = api().open(f"/api/v1/users/{boss.id}/{path}", method=method, json={} if path == "invitation" else None)
    assert answer.status_code == 403


def test_users_come_in_pages(api):
    client = api()
    for name in ("ann", "bob", "cid"):
        wanted = {"email": f"{name}@school.example", "name": name, "roles": ["author"]}
        assert client.post("/api/v1/users", json=wanted).status_code == 201
    first = client.get("/api/v1/users?limit=2")
    second = client.get(first.headers["Link"].partition(">")[0].lstrip("<"))
    assert [user["name"] for user in first.json + second.json] == ["ann", "bob", "cid"]
    assert "Link" not in second.headers


def test_audit_events_are_listed_with_filters(api):
    client = api()
    client.post("/api/v1/clients", json={"name": "Reports", "scopes": ["packages:read"]})
    (event,) = client.get("/api/v1/audit-events?action=client.created&actor=admin").json
    assert event["details"]["name"] == "Reports"
    assert event["at"].endswith("Z")
    first = client.get("/api/v1/audit-events?limit=1")
    assert len(first.json) == 1
    assert client.get(first.headers["Link"].partition(">")[0].lstrip("<")).json[0]["id"] != first.json[0]["id"]
    assert client.get("/api/v1/audit-events?since=2099-01-01T00:00:00Z").json == []
    assert client.get("/api/v1/audit-events?since=soon").status_code == 422
