"""Personal access tokens by the API and by command; the console's page is tested with the grants."""

import json
from uuid import uuid4

import pytest
from click.testing import CliRunner

from hub.command_line import CommandLine
from hub.errors import Forbidden
from hub.identity import ROLES, Principal
from hub.oauth.cli import oauth
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.storage.tables import PersonalToken
from tests.support.people import form_token, make_account, sign_in

WANTED = {"name": "Nightly report", "scopes": ["packages:read"], "days": 30}


@pytest.fixture
def author(hub, system):
    return make_account(hub, system, "author")


@pytest.fixture
def token(hub, system, author):
    """A token of the author that may make others."""
    user = Principal(system.tenant_id, "user", str(author.person.id), "Author", ROLES["author"].actions)
    return hub.service(PersonalTokens).create(user, "First", ("tokens:write", "packages:read"), 1)[1]


@pytest.fixture
def ask(client, token):
    def ask(method, path="/tokens", bearer=None, **options):
        headers = {"Authorization": f"Bearer {bearer or token}"}
        return client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    return ask


@pytest.fixture
def program(hub, client, system):
    """An access token of a client that acts for itself."""

    def get(*scopes):
        made, secret = hub.service(Clients).create(system, NewClient("Admin tool", scopes))
        form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
        return client.post("/oauth/token", data=form).json["access_token"]

    return get


def test_a_token_is_made_shown_once_used_and_revoked(ask, hub, system):
    made = ask("POST", json=WANTED)
    assert made.status_code == 201, made.text
    assert made.headers["Cache-Control"] == "no-store"
    secret = made.json["token"]
    assert secret.startswith("hub_pat_")
    assert ask("GET", "/packages", bearer=secret).status_code == 200
    one = ask("GET", made.headers["Location"].removeprefix("/api/v1"))
    assert (one.json["name"], one.json["scopes"]) == ("Nightly report", ["packages:read"])
    assert one.json["last_used_at"]
    assert secret not in one.text + ask("GET").text
    assert [known["name"] for known in ask("GET").json] == ["Nightly report", "First"]
    where = f"/tokens/{made.json['id']}"
    assert ask("DELETE", where).status_code == 204
    assert [known["name"] for known in ask("GET").json] == ["First"]
    assert ask("GET", where).status_code == 404
    hub.service(PersonalTokens)._known._kept.clear()  # What a second does.
    assert ask("GET", "/packages", bearer=secret).status_code == 401
    events = hub.service(AuditLog).list(system, AuditFilter("personal_token"), limit=9)
    assert [event.action for event in events] == ["personal_token.revoked", *["personal_token.created"] * 2]
    assert secret not in str([event.details for event in events])


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\u0007"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["nonsense"]}, "json.scopes.0"),
        ({"days": 0}, "json.days"),
        ({"days": 367}, "json.days"),
        ({"days": "soon"}, "json.days"),
        ({"days": 1.5}, "json.days"),
        ({"owner": str(uuid4())}, "json.owner"),
    ],
)
def test_what_cannot_be_made_is_refused_by_field(ask, changes, where):
    answer = ask("POST", json=WANTED | changes)
    assert answer.status_code in {400, 422}, answer.text
    assert where in [fault["where"] for fault in answer.json["violations"]]
    assert len(ask("GET").json) == 1


def test_a_token_gives_no_other_more_than_it_has(ask):
    """The author may write packages; the token that asks may not."""
    assert ask("POST", json=WANTED | {"scopes": ["packages:write"]}).status_code == 403
    assert ask("POST", json=WANTED | {"scopes": ["tokens:write", "packages:read"]}).status_code == 201


def test_a_program_that_stands_for_nobody_has_none(ask, program):
    bearer = program("tokens:write")
    refused = ask("POST", bearer=bearer, json=WANTED | {"scopes": ["tokens:read"]})
    assert (refused.status_code, refused.json["code"]) == (403, "no_personal_tokens")
    assert ask("GET", bearer=bearer).json == []
    assert ask("DELETE", f"/tokens/{ask('GET').json[0]['id']}", bearer=bearer).status_code == 404


def test_nobody_sees_or_ends_the_tokens_of_another_as_their_own(ask, hub, system):
    other = make_account(hub, system, "administrator")
    user = Principal(system.tenant_id, "user", str(other.person.id), "Other", ROLES["administrator"].actions)
    made, secret = hub.service(PersonalTokens).create(user, "Theirs", ("packages:read",), 1)
    assert ask("GET", f"/tokens/{made.id}").status_code == 404
    assert ask("DELETE", f"/tokens/{made.id}").status_code == 404
    assert ask("GET", "/packages", bearer=secret).status_code == 200


def test_who_administers_people_sees_and_ends_their_tokens(ask, program, author, token):
    where = f"/users/{author.person.id}/tokens"
    assert ask("GET", where).status_code == 403, "the author's own token has no scope for people"
    reader, writer = program("users:read"), program("users:write")
    [listed] = ask("GET", where, bearer=reader).json
    assert listed["name"] == "First"
    assert ask("DELETE", f"{where}/{listed['id']}", bearer=reader).status_code == 403
    assert ask("GET", f"/users/{uuid4()}/tokens", bearer=reader).status_code == 404
    assert ask("DELETE", f"/users/{uuid4()}/tokens/{listed['id']}", bearer=writer).status_code == 404
    assert ask("DELETE", f"{where}/{listed['id']}", bearer=writer).status_code == 204
    assert ask("GET", where, bearer=reader).json == []


def test_the_page_of_a_person_shows_and_ends_their_tokens(client, author, token, hub, system):
    sign_in(client, make_account(hub, system, "administrator"))
    page = f"/people/{author.person.id}"
    shown = client.get(page).text
    assert "First" in shown
    assert token not in shown
    with hub.db.read(system.tenant_id) as session:
        [row] = session.query(PersonalToken).filter_by(tenant_id=system.tenant_id)
    answer = client.post(f"{page}/tokens/{row.id}/revoke", data={"csrf_token": form_token(client, page)})
    assert answer.status_code == 303
    assert "First" not in client.get(page).text


def test_by_command(hub, settings, tenant, author, client):
    def run(*arguments):
        line = CommandLine()
        line.settings, line.hub = settings, hub
        options = ["token", *arguments, "--user", author.person.email.upper(), "--tenant", tenant.slug]
        return CliRunner().invoke(oauth, options, obj=line, catch_exceptions=False)

    made = json.loads(run("create", "--name", "Nightly", "--scope", "packages:read", "--json").stdout)
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/v1/packages", headers=headers).status_code == 200
    listed = run("list").stdout
    assert "Nightly: packages:read" in listed
    assert made["token"] not in listed
    assert run("revoke", made["id"]).exit_code == 0
    assert run("list").stdout == "0 token(s).\n"
    with pytest.raises(Forbidden):
        run("create", "--name", "Too much", "--scope", "users:write")
