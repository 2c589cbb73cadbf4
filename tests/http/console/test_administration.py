"""People, clients, stores, audit and system in the console."""

import html
import re

import pytest

from hub.console.words import ROLE_NAMES
from hub.identity import ACTIONS, ROLES
from tests.support.people import form_token, make_account, sign_in

SCRIPT = "<script>alert(1)</script>"
#: What the form for a new client has chosen when it is opened.
USUAL_CLIENT = {"grants": "client_credentials", "authentication": "secret"}


def send(client, page, path, **form):
    return client.post(path, data={"csrf_token": form_token(client, page)} | form)


def shown(answer, label):
    found = re.search(rf"<dt>{label}</dt><dd><div class=\"copy\"><code>([^<]+)</code>", answer.text)
    assert found, f"{label} is not on the page"
    return html.unescape(found[1])


def test_a_person_is_added_and_can_sign_in_with_the_password_shown(client, admin, hub, system):
    made = send(client, "/people/new", "/people/new", name="Kim New", email="kim@school.example", roles="author")
    assert made.status_code == 200
    password = shown(made, "Password")
    send(client, "/account", "/sign-out")
    entered = send(client, "/sign-in", "/sign-in", email="kim@school.example", password=password)
    assert entered.status_code == 303
    assert client.get("/account").status_code == 200
    assert client.get("/people").status_code == 403


def test_a_form_that_is_wrong_comes_back_with_what_was_typed(client, admin):
    answer = send(client, "/people/new", "/people/new", name="Kim", email="nonsense")
    assert answer.status_code == 400
    assert 'value="Kim"' in answer.text
    assert "is not an e-mail address" in answer.text
    assert "must name at least one role" in answer.text


def test_ones_own_sign_in_is_changed_on_the_page_of_ones_account(client, admin, hub, system):
    """Which asks for a proof: under People an open session would be enough."""
    own, other = f"/people/{admin.person.id}", f"/people/{make_account(hub, system, 'author').person.id}"
    assert f'action="{other}/password"' in client.get(other).text
    page = client.get(own).text
    assert f'action="{own}/password"' not in page
    assert 'href="/account"' in page.partition("<main")[2]
    for way in ("password", "second-step/remove"):
        assert send(client, "/people/new", f"{own}/{way}").status_code == 403, way
    assert client.get(own).status_code == 200, "and the session goes on"


def test_people_are_found_and_changed(client, admin, hub, system):
    person = make_account(hub, system, "author", name="Zoe Unique").person
    assert "Zoe Unique" in client.get("/people?q=zoe").text
    assert "Nothing matches" in client.get("/people?q=nobody-of-that-name").text
    path = f"/people/{person.id}"
    changed = send(client, path, path, name="Zoe Renamed", roles=["author", "reporting"])
    assert changed.status_code == 303
    page = client.get(changed.headers["Location"]).text
    assert "Zoe Renamed" in page
    assert "closed" in page, "without the tick the account is closed"


def test_a_forgotten_password_is_replaced_and_shown_once(client, admin, hub, system):
    person = make_account(hub, system, "author", name="Zoe").person
    path = f"/people/{person.id}"
    made = send(client, path, f"{path}/password")
    assert "New password of Zoe" in made.text
    password = shown(made, "Password")
    send(client, "/account", "/sign-out")
    assert send(client, "/sign-in", "/sign-in", email=person.email, password=password).status_code == 303


def test_the_last_administrator_cannot_be_closed(client, admin):
    path = f"/people/{admin.person.id}"
    answer = send(client, path, path, name="Me", roles="author", is_active="yes")
    assert answer.status_code == 422
    assert "Nobody would be left" in answer.text


def test_a_client_is_added_with_its_secret_shown_once_and_revoked(client, admin):
    form = {"name": "Reports", "scopes": ["packages:read", "statements/read"]}
    made = send(client, "/clients/new", "/clients/new", **form, **USUAL_CLIENT)
    client_id, secret = shown(made, "Client id"), shown(made, "Client secret")
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    assert client.post("/oauth/token", data=form).status_code == 200
    page = client.get(f"/clients/{client_id}").text
    assert secret not in page
    assert "statements/read" in page
    assert send(client, f"/clients/{client_id}", f"/clients/{client_id}/revoke").status_code == 303
    assert client.post("/oauth/token", data=form).status_code == 401
    assert "revoked" in client.get("/clients").text


def test_a_client_without_scopes_is_refused_in_the_form(client, admin):
    answer = send(client, "/clients/new", "/clients/new", name="Reports")
    assert answer.status_code == 400
    assert "must name at least one scope" in answer.text
    assert 'value="Reports"' in answer.text


def test_a_store_and_its_credentials(client, admin):
    made = send(client, "/stores", "/stores", name="pilot")
    store = made.headers["Location"].partition("?")[0]
    issued = send(client, store, f"{store}/credentials", name="Authoring tool", scopes="statements/write")
    key, secret = shown(issued, r"Key \(user name\)"), shown(issued, r"Secret \(password\)")
    headers = {"X-Experience-API-Version": "2.0.0"}
    statement = {
        "actor": {"mbox": "mailto:a@b.example"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://a.example/x"},
    }
    assert client.post("/xapi/statements", json=statement, headers=headers, auth=(key, secret)).status_code == 200
    credential = re.search(r"/credentials/([0-9a-f-]{36})/rotate", client.get(store).text)[1]
    assert "at most" not in client.get(store).text
    assert send(client, store, f"{store}/credentials/{credential}/limit", requests_per_minute="30").status_code == 303
    assert "at most 30 requests a minute" in client.get(store).text
    refused = send(client, store, f"{store}/credentials/{credential}/limit", requests_per_minute="many")
    assert (refused.status_code, "must be a whole number" in refused.text) == (400, True)
    assert send(client, store, f"{store}/credentials/{credential}/limit", requests_per_minute="").status_code == 303
    assert "at most" not in client.get(store).text
    rotated = send(client, store, f"{store}/credentials/{credential}/rotate")
    new_secret = shown(rotated, r"Secret \(password\)")
    assert new_secret != secret
    assert send(client, store, f"{store}/credentials/{credential}/revoke").status_code == 303
    assert "revoked" in client.get(store).text
    assert new_secret not in client.get(store).text


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"name": "x", "scopes": []}, "must not be empty"),
        ({"name": "x", "scopes": "state", "requests_per_minute": "many"}, "must be a whole number"),
        ({"name": "x", "scopes": "packages:read"}, "is not a scope"),
    ],
)
def test_a_credential_that_cannot_be_is_refused_in_the_form(client, admin, form, fault):
    store = send(client, "/stores", "/stores", name="pilot").headers["Location"].partition("?")[0]
    answer = send(client, store, f"{store}/credentials", **form)
    assert answer.status_code == 400
    assert fault in answer.text


def test_what_was_done_is_in_the_audit_log_with_filters(client, admin):
    send(client, "/clients/new", "/clients/new", name="Reports", scopes="packages:read", **USUAL_CLIENT)
    assert "client.created" in client.get("/audit").text
    only = client.get("/audit?action=session").text
    assert "session.began" in only
    assert "client.created" not in only
    assert "Nothing matches" in client.get("/audit?since=2099-01-01").text
    assert client.get("/audit?since=soon").status_code == 400


def test_listings_have_pages(client, admin, hub, system, monkeypatch):
    monkeypatch.setattr("hub.console.listing.ROWS", 3)
    people = [make_account(hub, system, "author", name=f"Person {i}").person for i in range(4)]
    emails = sorted([p.email for p in people] + [admin.person.email])
    first = client.get("/people").text.replace("<wbr>", "")
    assert emails[2] in first
    assert emails[3] not in first
    older = html.unescape(re.search(r'href="([^"]+)" rel="next"', first)[1])
    second = client.get(older).text.replace("<wbr>", "")
    assert all(email in second for email in emails[3:])
    assert 'rel="next"' not in second
    assert client.get("/people?cursor=made-up").status_code == 400


def test_the_system_page_tells_readiness(client, admin):
    page = client.get("/system").text
    for part in ("database", "Redis", "object store"):
        assert f'<span>{part}</span><span class="pill good">ready</span>' in page


def test_everybody_reads_what_the_roles_may(client, enter):
    enter("learner")
    page = client.get("/roles").text
    assert all(action in page for action in ACTIONS)
    assert [page.count(f'<th scope="col">{ROLE_NAMES[role][0]}</th>') for role in ROLES] == [1] * len(ROLES)
    assert "Organisation representative" in page


def test_names_are_text_and_never_script(client, admin, hub, system):
    make_account(hub, system, "author", name=SCRIPT)
    send(client, "/clients/new", "/clients/new", name=SCRIPT, scopes="packages:read")
    send(client, "/stores", "/stores", name=SCRIPT)
    for path in ("/people", "/clients", "/stores", "/audit", f"/people?q={SCRIPT}", f"/audit?action={SCRIPT}"):
        page = client.get(path).text
        assert "<script>" not in page
    assert html.escape(SCRIPT) in client.get("/people").text


def test_another_tenants_things_are_not_there(client, admin, hub):
    from hub.identity import system_principal
    from hub.oauth.services.clients import Clients, NewClient
    from hub.oauth.services.tenants import Tenants
    from hub.xapi_lrs.services.stores import Stores

    other = system_principal(hub.service(Tenants).create(f"o{hub.ports.ids.uuid().hex[:20]}", "Other").id)
    person = make_account(hub, other, "author").person
    foreign, _ = hub.service(Clients).create(other, NewClient("Theirs", ("packages:read",)))
    store = hub.service(Stores).of(other)
    for path in (f"/people/{person.id}", f"/clients/{foreign.client_id}", f"/stores/{store.id}"):
        assert client.get(path).status_code == 404
    send(client, "/account", "/sign-out")
    sign_in(client, make_account(hub, other, "administrator"))
    for path in (f"/people/{person.id}", f"/clients/{foreign.client_id}", f"/stores/{store.id}"):
        assert client.get(path).status_code == 200


def test_only_roles_that_one_may_give_are_offered(client, admin, hub, system, enter):
    boss = make_account(hub, system, "super_administrator").person
    page = client.get("/people/new").text
    assert 'value="administrator"' in page
    assert 'value="super_administrator"' not in page
    theirs = client.get(f"/people/{boss.id}").text
    assert "This account may do more than yours." in theirs
    assert "/password" not in theirs
    send(client, "/account", "/sign-out")
    enter("super_administrator")
    assert 'value="super_administrator"' in client.get("/people/new").text
    assert "Make a new password" in client.get(f"/people/{boss.id}").text
