"""What people allow programs: codes with PKCE, refresh tokens, devices, keys of clients, and taking it all back."""

import base64
import hashlib
import json
import secrets
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from hub.db import EVERY_TENANT
from hub.errors import Invalid
from hub.identity import system_principal
from hub.oauth.authlib_bridge import DEVICE_GRANT
from hub.oauth.services import issuing
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.tokens import Tokens
from hub.oauth.services.users import Users
from hub.oauth.spec.secrets import digest
from hub.oauth.storage.tables import RefreshToken
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.spec.query import parse
from tests.support.people import audited, form_token, make_account, sign_in

BACK = "https://app.example/back?kept=1"
LOOPBACK = "http://127.0.0.1/done"
GRANTS = ("authorization_code", "refresh_token", DEVICE_GRANT)
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def person(hub, system, client):
    """An author who has signed in."""
    account = make_account(hub, system, "author")
    sign_in(client, account)
    return account


@pytest.fixture
def make(hub, system):
    """Registers a client."""

    def register(**wanted):
        given = {"name": "App", "scopes": ("packages:read", "packages:write", "users:read"), "grants": GRANTS}
        given |= {"authentication": "none", "redirect_uris": (BACK, LOOPBACK)}
        return hub.service(Clients).create(system, NewClient(**(given | wanted)))

    return register


@pytest.fixture
def app(make):
    """A public client: a program that keeps no secret."""
    return make()[0].client_id


def address(client_id, **changes):
    given = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": BACK,
        "scope": "packages:read",
        "state": "s t/1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes
    return "/oauth/authorize?" + urlencode({name: value for name, value in given.items() if value is not None})


def decide(client, asked, decision="allow"):
    """Open the consent page and send its form; returns the address that the browser is sent to."""
    page = client.get(asked)
    assert page.status_code == 200, page.text
    answer = client.post(asked, data={"csrf_token": form_token(client, asked), "decision": decision})
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"])


def code_for(client, client_id, **changes):
    return parse_qs(decide(client, address(client_id, **changes)).query)["code"][0]


def exchange(client, given_code, client_id, **changes):
    form = {
        "grant_type": "authorization_code",
        "code": given_code,
        "client_id": client_id,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    } | changes
    return client.post("/oauth/token", data={name: value for name, value in form.items() if value is not None})


def refresh(client, token, client_id, **form):
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id} | form
    return client.post("/oauth/token", data=form)


def packages(client, token):
    return client.get("/api/v1/packages", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture
def forgetful(monkeypatch):
    """No process believes for a second what it looked up."""
    monkeypatch.setattr("hub.oauth.services.tokens.CLIENT_MEMORY_SECONDS", -1)
    monkeypatch.setattr("hub.oauth.services.personal_tokens.MEMORY_SECONDS", -1)


# --- the way by a code ---------------------------------------------------------------------------------------------


def test_a_person_allows_a_program_and_it_acts_for_them(client, person, app, settings):
    page = client.get(address(app))
    assert "App" in page.text
    assert "packages:read" in page.text
    assert "https://app.example" in page.headers["Content-Security-Policy"]
    back = decide(client, address(app))
    query = parse_qs(back.query)
    assert f"{back.scheme}://{back.netloc}{back.path}" == "https://app.example/back"
    assert (query["kept"], query["state"], query["iss"]) == (["1"], ["s t/1"], [settings.public_url])
    answer = exchange(client, query["code"][0], app)
    assert answer.status_code == 200, answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["scope"] == "packages:read"
    assert answer.json["expires_in"] == 900
    assert packages(client, answer.json["access_token"]) == 200


def test_a_program_may_never_do_more_than_the_person(client, person, app, forgetful):
    token = exchange(client, code_for(client, app, scope="packages:write users:read"), app).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/users", headers=bearer).status_code == 403, "an author may not see users"
    assert packages(client, token) == 200


def test_a_token_of_a_person_opens_no_page(client, person, app, hub):
    token = exchange(client, code_for(client, app), app).json["access_token"]
    fresh = client.application.test_client()
    answer = fresh.get("/packages", base_url="http://localhost:8000", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_a_person_refuses(client, person, app):
    query = parse_qs(decide(client, address(app), "refuse").query)
    assert (query["error"], query["state"]) == (["access_denied"], ["s t/1"])
    assert "code" not in query


def test_who_is_not_signed_in_signs_in_first_and_comes_back(client, hub, system, app):
    away = client.get(address(app))
    assert (away.status_code, away.headers["Location"].partition("?")[0]) == (303, "/sign-in")
    back = sign_in(client, make_account(hub, system, "author"), next=address(app))
    assert back.headers["Location"] == address(app)


def test_a_program_of_another_tenant_is_unknown(client, hub, person):
    other = hub.service(Tenants).create(f"o{secrets.token_hex(5)}", "Other")
    wanted = NewClient("Foreign", ("packages:read",), GRANTS, authentication="none", redirect_uris=(BACK,))
    foreign, _ = hub.service(Clients).create(system_principal(other.id), wanted)
    assert client.get(address(foreign.client_id)).status_code == 400


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/back?kept=1",
        "https://app.example/back",
        "https://app.example/back?kept=1&more=2",
        "https://app.example/back?kept=1#x",
        "https://app.example/BACK?kept=1",
        "https://app.example.evil.example/back?kept=1",
        "https://app.example@evil.example/back?kept=1",
        "https://app.example:444/back?kept=1",
        "https://app.example/back/../back?kept=1",
        "https://app.example/%62ack?kept=1",
        "https://app.example\\@evil.example/back?kept=1",
        "http://app.example/back?kept=1",
        "//app.example/back?kept=1",
        "javascript:alert(1)",
        "http://127.0.0.1.evil.example/done",
        "http://127.0.0.1@evil.example/done",
        "http://localhost/done",
        "http://127.0.0.1/other",
        "http://127.0.0.1:abc/done",
        "https://app.example/back?kept=1\r\nX: y",
        "https://app.example/back?kept=1 ",
        " https://app.example/back?kept=1",
        "HTTPS://app.example/back?kept=1",
        "https://APP.example/back?kept=1",
        "https://app.example./back?kept=1",
        "https://app.example:443/back?kept=1",
        "https://app.example//back?kept=1",
        "https://app.example/back/?kept=1",
        "https://app.example/back;x?kept=1",
        "https://app.example/back?kept=%31",
        "https://app.example/back?kept=1&",
        "https://user:pw@app.example/back?kept=1",
        "https://evil.example/?https://app.example/back?kept=1",
        "https://app.example%2eevil.example/back?kept=1",
        "https://app.example\t/back?kept=1",
        "data:text/html,x",
        "http://127.0.0.1:0/done",
        "http://127.0.0.1:99999/done",
        "http://127.1/done",
        "http://[::1]/done",
        "http://2130706433/done",
        "",
        None,
    ],
)
def test_nobody_is_sent_to_an_address_that_was_not_registered(client, person, app, redirect):
    asked = address(app, redirect_uri=redirect)
    assert client.get(address(app)).status_code == 200
    for answer in (client.get(asked), client.post(asked, data={"csrf_token": form_token(client, "/account")})):
        assert answer.status_code == 400
        assert "Location" not in answer.headers


def test_the_port_of_a_program_on_this_machine_may_differ(client, person, app):
    """RFC 8252 section 7.3."""
    there = "http://127.0.0.1:54321/done"
    code = parse_qs(decide(client, address(app, redirect_uri=there)).query)["code"][0]
    assert exchange(client, code, app, redirect_uri=there).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"scope": "packages:read audit:read"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"state": "x" * 1001}, "invalid_request"),
        ({"state": "ü"}, "invalid_request"),
    ],
)
def test_a_faulty_request_is_answered_at_the_program(client, person, app, changes, error):
    answer = client.get(address(app, **changes))
    assert answer.status_code == 303, answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["error"] == [error]
    assert "code" not in query


def test_doubled_parameters_are_refused(client, person, app):
    assert client.get(address(app) + "&client_id=x").status_code == 400
    assert client.get(address(app) + "&redirect_uri=https://evil.example").status_code == 400
    query = parse_qs(urlsplit(client.get(address(app) + "&scope=users:read").headers["Location"]).query)
    assert query["error"] == ["invalid_request"]


def test_a_consent_needs_the_form_of_our_page(client, person, app):
    assert client.post(address(app), data={"decision": "allow"}).status_code == 403


# --- codes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": None},
        {"code_verifier": "x" * 43},
        {"code_verifier": CHALLENGE},
        {"code_verifier": VERIFIER + "x"},
        {"redirect_uri": LOOPBACK},
        {"redirect_uri": None},
        {"code": "nonsense"},
        {"code": None},
    ],
)
def test_a_code_is_worth_nothing_without_all_that_belongs_to_it(client, person, app, changes):
    answer = exchange(client, code_for(client, app), app, **changes)
    assert answer.status_code == 400
    assert answer.json["error"] in {"invalid_grant", "invalid_request"}
    assert "access_token" not in answer.json


def test_a_code_is_used_up_by_a_wrong_verifier(client, person, app):
    code = code_for(client, app)
    assert exchange(client, code, app, code_verifier="y" * 50).status_code == 400
    assert exchange(client, code, app).status_code == 400


def test_a_code_that_comes_again_ends_what_came_of_it(client, person, app, forgetful):
    """RFC 6749 section 4.1.2."""
    code = code_for(client, app)
    first = exchange(client, code, app).json
    assert packages(client, first["access_token"]) == 200
    again = exchange(client, code, app)
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert packages(client, first["access_token"]) == 401
    assert refresh(client, first["refresh_token"], app).status_code == 400


def test_a_code_belongs_to_its_client(client, person, app, make):
    other = make(name="Other")[0].client_id
    assert exchange(client, code_for(client, app), other).json["error"] == "invalid_grant"


def test_a_code_lasts_a_minute(client, person, app, monkeypatch):
    monkeypatch.setattr(issuing, "CODE_SECONDS", 1)
    code = code_for(client, app)
    time.sleep(1.2)
    assert exchange(client, code, app).json["error"] == "invalid_grant"


# --- refresh tokens ------------------------------------------------------------------------------------------------


@pytest.fixture
def tokens(client, person, app):
    return exchange(client, code_for(client, app, scope="packages:read packages:write"), app).json


def age(hub, seconds):
    """Let so much time pass for every refresh token that was used."""
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        for row in work.session.query(RefreshToken).filter(RefreshToken.used_at.is_not(None)):
            row.used_at -= timedelta(seconds=seconds)


def test_each_refresh_gives_the_next_refresh_token(client, app, tokens):
    second = refresh(client, tokens["refresh_token"], app).json
    assert second["refresh_token"] != tokens["refresh_token"]
    assert packages(client, second["access_token"]) == 200
    third = refresh(client, second["refresh_token"], app).json
    assert packages(client, third["access_token"]) == 200


def test_a_lost_answer_may_be_asked_for_again_at_once(client, app, tokens):
    """Within the grace both successors work: the program could not know that its first question was answered."""
    for _ in range(2):
        assert refresh(client, tokens["refresh_token"], app).status_code == 200


def test_a_refresh_token_that_comes_again_later_ends_the_family(client, hub, app, tokens, forgetful):
    """Whoever holds the newest one loses it as well: one of the two is a thief."""
    newest = refresh(client, tokens["refresh_token"], app).json
    age(hub, issuing.REFRESH_GRACE.total_seconds() + 1)
    assert refresh(client, tokens["refresh_token"], app).json["error"] == "invalid_grant"
    assert refresh(client, newest["refresh_token"], app).json["error"] == "invalid_grant"
    assert packages(client, newest["access_token"]) == 401


def test_a_refresh_token_of_another_client_ends_the_family(client, app, tokens, make):
    other = make(name="Thief")[0].client_id
    assert refresh(client, tokens["refresh_token"], other).json["error"] == "invalid_grant"
    assert refresh(client, tokens["refresh_token"], app).json["error"] == "invalid_grant"


def test_refreshing_narrows_and_never_widens(client, app, tokens):
    narrowed = refresh(client, tokens["refresh_token"], app, scope="packages:read").json
    assert narrowed["scope"] == "packages:read"
    wide = refresh(client, narrowed["refresh_token"], app, scope="packages:read users:read")
    assert wide.json["error"] == "invalid_scope"


def test_a_refresh_that_is_refused_for_its_scope_uses_nothing_up(client, hub, app, tokens):
    for _ in range(2):
        refused = refresh(client, tokens["refresh_token"], app, scope="users:read")
        assert refused.json["error"] == "invalid_scope"
        age(hub, issuing.REFRESH_GRACE.total_seconds() + 1)
    assert refresh(client, tokens["refresh_token"], app, scope="packages:read").status_code == 200


def refusals(client, token):
    """What the token may do of three things: read packages, change them, see users."""
    bearer = {"Authorization": f"Bearer {token}"}
    made = client.post("/api/v1/jobs", json={}, headers=bearer)  # Refused for its empty body, if it gets that far.
    answers = client.get("/api/v1/packages", headers=bearer), made, client.get("/api/v1/users", headers=bearer)
    return [answer.status_code for answer in answers]


def test_a_scope_can_be_narrowed_to_what_it_includes_at_every_step_of_a_code(client, person, make, forgetful):
    app = make(scopes=("packages:write", "all"))[0].client_id
    whole = exchange(client, code_for(client, app, scope="packages:write"), app).json
    assert refusals(client, whole["access_token"]) == [200, 422, 403]
    page = client.get(address(app, scope="packages:read statements/read")).text
    assert "packages:read" in page
    assert "statements/read" in page
    assert "packages:write" not in page, "the person is asked for what the program asks for"
    asked = exchange(client, code_for(client, app, scope="packages:read statements/read"), app).json
    assert asked["scope"] == "packages:read statements/read"
    assert refusals(client, asked["access_token"]) == [200, 403, 403]
    for wider in ("packages:write", "all", "all/read", "statements/write", "users:read"):
        refused = refresh(client, asked["refresh_token"], app, scope=wider)
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_scope"), wider


def test_refreshing_narrows_to_what_a_scope_includes_and_returns_to_what_was_granted(client, person, make, forgetful):
    app = make(scopes=("packages:write", "all"))[0].client_id
    first = exchange(client, code_for(client, app, scope="packages:write all"), app).json
    second = refresh(client, first["refresh_token"], app, scope="packages:read statements/read/mine").json
    assert second["scope"] == "packages:read statements/read/mine"
    assert refusals(client, second["access_token"]) == [200, 403, 403]
    third = refresh(client, second["refresh_token"], app).json
    assert third["scope"] == "packages:write all", "a refresh token stands for all that was granted (RFC 6749, 6)"
    assert refusals(client, third["access_token"]) == [200, 422, 403]


def test_a_device_asks_for_what_a_scope_includes(client, person, make, forgetful):
    app = make(scopes=("packages:write", "all"))[0].client_id
    asked = begin_device(client, app, scope="packages:read statements/read").json
    shown = client.post("/device", data={"csrf_token": form_token(client, "/device"), "code": asked["user_code"]}).text
    assert "packages:read" in shown
    assert "packages:write" not in shown
    assert enter(client, asked["user_code"], "allow").status_code == 303
    token = poll(client, app, asked["device_code"]).json
    assert token["scope"] == "packages:read statements/read"
    assert refusals(client, token["access_token"]) == [200, 403, 403]
    assert refresh(client, token["refresh_token"], app, scope="packages:write").json["error"] == "invalid_scope"


def test_a_program_asks_for_itself_for_what_a_scope_includes(client, make, forgetful):
    registered, secret = make(
        scopes=("packages:write", "all"), grants=("client_credentials",), authentication="secret", redirect_uris=()
    )
    known = {"grant_type": "client_credentials", "client_id": registered.client_id, "client_secret": secret}
    token = client.post("/oauth/token", data=known | {"scope": "packages:read statements/read"}).json
    assert token["scope"] == "packages:read statements/read"
    assert refusals(client, token["access_token"]) == [200, 403, 403]
    bearer = {"Authorization": f"Bearer {token['access_token']}", "X-Experience-API-Version": "2.0.0"}
    assert client.get("/xapi/statements", headers=bearer).status_code == 200
    assert client.post("/xapi/statements", json=[], headers=bearer).status_code == 403
    for wider in ("users:read", "packages:read users:read", "nonsense"):
        refused = client.post("/oauth/token", data=known | {"scope": wider})
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_scope"), wider
        assert "packages:write" in refused.json["error_description"]


def test_refresh_tokens_end_after_seven_days(client, hub, app, tokens):
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        for row in work.session.query(RefreshToken):
            row.expires_at -= timedelta(days=7)
    assert refresh(client, tokens["refresh_token"], app).json["error"] == "invalid_grant"


# --- taking back ---------------------------------------------------------------------------------------------------


def test_signing_out_ends_what_was_allowed(client, app, tokens, forgetful):
    assert packages(client, tokens["access_token"]) == 200
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    assert packages(client, tokens["access_token"]) == 401
    assert refresh(client, tokens["refresh_token"], app).json["error"] == "invalid_grant"


def test_a_person_ends_the_access_of_a_program(client, app, tokens, forgetful, hub, system):
    page = client.get("/account").text
    assert "App" in page
    end = page.partition('action="/account/programs/')[2].partition('"')[0]
    answer = client.post(f"/account/programs/{end}", data={"csrf_token": form_token(client, "/account")})
    assert answer.status_code == 303
    assert packages(client, tokens["access_token"]) == 401
    assert {"grant.given", "grant.ended"} <= audited(hub, system)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_a_program_takes_its_token_back(client, app, tokens, which, forgetful):
    """RFC 7009: the whole family ends; what is unknown is taken back already."""
    answer = client.post("/oauth/revoke", data={"token": tokens[which], "client_id": app})
    assert answer.status_code == 200
    assert packages(client, tokens["access_token"]) == 401
    assert refresh(client, tokens["refresh_token"], app).status_code == 400
    assert client.post("/oauth/revoke", data={"token": "unknown", "client_id": app}).status_code == 200


def test_a_program_cannot_take_back_what_is_not_its_own(client, app, tokens, make, forgetful):
    other = make(name="Other")[0].client_id
    assert client.post("/oauth/revoke", data={"token": tokens["access_token"], "client_id": other}).status_code == 200
    assert packages(client, tokens["access_token"]) == 200
    assert client.post("/oauth/revoke", data={"token": "x"}).status_code == 401
    assert client.post("/oauth/revoke", data={"client_id": app}).json["error"] == "invalid_request"


def test_a_token_of_a_program_itself_is_taken_back_alone(client, make, forgetful):
    made, secret = make(authentication="secret", grants=("client_credentials",), redirect_uris=())
    form = {"client_id": made.client_id, "client_secret": secret}
    first, second = (
        client.post("/oauth/token", data=form | {"grant_type": "client_credentials"}).json["access_token"]
        for _ in range(2)
    )
    assert client.post("/oauth/revoke", data=form | {"token": first}).status_code == 200
    assert (packages(client, first), packages(client, second)) == (401, 200)


def test_a_new_password_and_a_closed_account_end_it(client, hub, system, person, app, tokens, forgetful):
    from hub.oauth.services.users import Users

    hub.service(Users).reset_password(system, person.person.id)
    assert packages(client, tokens["access_token"]) == 401


def test_a_closed_account_allows_nothing_any_more(client, hub, system, person, app, tokens, make):
    asker, secret = make(name="Server", authentication="secret", grants=("client_credentials",), redirect_uris=())
    told = {"client_id": asker.client_id, "client_secret": secret, "token": tokens["refresh_token"]}
    device, code = begin_device(client, app).json, code_for(client, app)
    enter(client, device["user_code"], "allow")
    assert client.post("/oauth/introspect", data=told).json["active"] is True
    hub.service(Users).change(system, person.person.id, is_active=False)
    assert client.post("/oauth/introspect", data=told).json == {"active": False}
    assert refresh(client, tokens["refresh_token"], app).json["error"] == "invalid_grant"
    assert exchange(client, code, app).json["error"] == "invalid_grant"
    assert poll(client, app, device["device_code"]).json["error"] == "access_denied"


def test_a_suspended_tenant_gets_and_is_told_nothing(client, hub):
    tenants, tenant = hub.service(Tenants), hub.service(Tenants).create(f"s{secrets.token_hex(5)}", "Closed")
    known, secret = hub.service(Clients).create(system_principal(tenant.id), NewClient("Reports", ("packages:read",)))
    form = {"grant_type": "client_credentials", "client_id": known.client_id, "client_secret": secret}
    given = client.post("/oauth/token", data=form).json["access_token"]
    form["token"] = given
    tenants.suspend(system_principal(tenant.id), tenant.id)
    for path in ("token", "introspect", "revoke"):
        answer = client.post(f"/oauth/{path}", data=form)
        assert (answer.status_code, "suspended" in answer.json["error_description"]) == (403, True), path
    tenants.reopen(system_principal(tenant.id), tenant.id)
    assert client.post("/oauth/introspect", data=form).json["active"] is True


# --- introspection -------------------------------------------------------------------------------------------------


def test_introspection_tells_a_resource_server_what_a_token_is_good_for(client, person, app, tokens, make, forgetful):
    """RFC 7662."""
    asker, secret = make(name="Server", authentication="secret", grants=("client_credentials",), redirect_uris=())
    form = {"client_id": asker.client_id, "client_secret": secret}

    def told(token):
        return client.post("/oauth/introspect", data=form | {"token": token}).json

    access = told(tokens["access_token"])
    assert access["active"] is True
    assert access["client_id"] == app
    assert access["sub"] == str(person.person.id)
    assert access["scope"] == "packages:read packages:write"
    assert told(tokens["refresh_token"])["active"] is True
    assert told("nonsense") == {"active": False}
    client.post("/oauth/revoke", data={"token": tokens["refresh_token"], "client_id": app})
    assert told(tokens["access_token"]) == {"active": False}


def test_introspection_is_for_clients_that_prove_who_they_are(client, app, tokens):
    answer = client.post("/oauth/introspect", data={"client_id": app, "token": tokens["access_token"]})
    assert answer.status_code == 401


def test_introspection_knows_nothing_of_other_tenants(client, hub, tokens):
    other = system_principal(hub.service(Tenants).create(f"i{secrets.token_hex(5)}", "Other").id)
    asker, secret = hub.service(Clients).create(other, NewClient("Spy", ("packages:read",)))
    form = {"client_id": asker.client_id, "client_secret": secret, "token": tokens["access_token"]}
    assert client.post("/oauth/introspect", data=form).json == {"active": False}


# --- devices -------------------------------------------------------------------------------------------------------


def begin_device(client, app, **form):
    return client.post("/oauth/device_authorization", data={"client_id": app, "scope": "packages:read"} | form)


def poll(client, app, device_code):
    form = {"grant_type": DEVICE_GRANT, "device_code": device_code, "client_id": app}
    return client.post("/oauth/token", data=form)


def enter(client, code, decision):
    token = form_token(client, "/device")
    page = client.post("/device", data={"csrf_token": token, "code": code})
    assert page.status_code == 200, page.text
    return client.post("/device/decision", data={"csrf_token": token, "code": code, "decision": decision})


def test_a_person_connects_a_device(client, person, app):
    asked = begin_device(client, app).json
    assert asked["verification_uri"] == "http://localhost:8000/device"
    assert poll(client, app, asked["device_code"]).json["error"] == "authorization_pending"
    assert poll(client, app, asked["device_code"]).json["error"] == "slow_down"
    typed = asked["user_code"].lower().replace("-", " ")
    asking = client.post("/device", data={"csrf_token": form_token(client, "/device"), "code": typed}).text
    assert asked["user_code"] in asking, "as the device shows it, to be compared"
    assert enter(client, typed, "allow").status_code == 303
    token = poll(client, app, asked["device_code"]).json
    assert packages(client, token["access_token"]) == 200
    assert "refresh_token" in token
    assert poll(client, app, asked["device_code"]).json["error"] == "invalid_grant", "it is given once"


def test_a_person_refuses_a_device(client, person, app):
    asked = begin_device(client, app).json
    enter(client, asked["user_code"], "refuse")
    assert poll(client, app, asked["device_code"]).json["error"] == "access_denied"


def test_a_device_code_belongs_to_its_client(client, person, app, make):
    asked = begin_device(client, app).json
    enter(client, asked["user_code"], "allow")
    assert poll(client, make(name="Thief")[0].client_id, asked["device_code"]).json["error"] == "invalid_grant"
    assert poll(client, app, asked["device_code"]).status_code == 200
    assert poll(client, app, "never-was").json["error"] == "invalid_grant"


def test_a_device_code_that_nobody_entered_in_time_has_expired(client, person, app, hub):
    """RFC 8628 section 3.5. What was decided in the last moment still arrives."""
    asked, late = begin_device(client, app).json, begin_device(client, app).json
    enter(client, late["user_code"], "allow")
    for device in (asked, late):
        hub.ports.transients.delete(f"device:{digest(device['device_code'])}")
    assert poll(client, app, asked["device_code"]).json["error"] == "expired_token"
    assert poll(client, app, late["device_code"]).status_code == 200


def test_codes_of_devices_cannot_be_guessed(client, person, app):
    token = form_token(client, "/device")
    own = begin_device(client, app).json["user_code"]
    codes = [*["BBBB-BBBB"] * 9, own, *["BBBB-BBBB"] * 12]
    answers = [client.post("/device", data={"csrf_token": token, "code": code}).status_code for code in codes]
    assert answers == [400] * 9 + [200] + [400] * 10 + [429] * 2, "a device of one's own buys no further guesses"


def test_a_device_asks_for_no_more_than_it_may_have(client, app, make):
    assert begin_device(client, app, scope="audit:read").json["error"] == "invalid_scope"
    other = make(name="Other", grants=("authorization_code",))[0].client_id
    assert begin_device(client, other).json["error"] == "unauthorized_client"


# --- clients that sign ---------------------------------------------------------------------------------------------


def assertion(key, client_id, settings, **changes):
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": f"{settings.public_url}/oauth/token"}
    claims |= {"iat": now, "exp": now + 60, "jti": secrets.token_hex(8)} | changes
    return jwt.encode({"alg": "ES256", "kid": key.kid}, {k: v for k, v in claims.items() if v is not None}, key)


@pytest.fixture
def signer(make):
    key = ECKey.generate_key("P-256", auto_kid=True)
    jwks = KeySet([key]).as_dict(private=False)
    settings = {"authentication": "private_key_jwt", "grants": ("client_credentials",), "redirect_uris": ()}
    return key, make(jwks=jwks, **settings)[0].client_id


def ask_signed(client, signed, **form):
    form = {"grant_type": "client_credentials", "client_assertion": signed} | form
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return client.post("/oauth/token", data={"client_assertion_type": kind} | form)


def test_a_client_proves_itself_by_its_key(client, signer, settings):
    key, client_id = signer
    signed = assertion(key, client_id, settings)
    answer = ask_signed(client, signed)
    assert answer.status_code == 200, answer.json
    assert packages(client, answer.json["access_token"]) == 200
    assert ask_signed(client, signed).json["error"] == "invalid_client", "each assertion is good once"
    assert ask_signed(client, assertion(key, client_id, settings, aud=settings.public_url)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example/token"},
        {"aud": None},
        {"iss": "somebody"},
        {"exp": 1},
        {"exp": None},
        {"jti": None},
        {"jti": 5},
        {"sub": "unknown", "iss": "unknown"},
        {"nbf": 9_999_999_999},
        {"exp": int(time.time()) + 2 * 24 * 3600},
        {"exp": float("inf")},
        {"exp": float("nan")},
    ],
)
def test_a_wrong_assertion_is_nobodys(client, signer, settings, changes):
    key, client_id = signer
    answer = ask_signed(client, assertion(key, client_id, settings, **changes))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_an_assertion_is_remembered_as_long_as_it_is_good(client, hub, signer, settings):
    key, client_id = signer
    signed = assertion(key, client_id, settings, exp=int(time.time()) + 3000, jti="remembered")
    assert ask_signed(client, signed).status_code == 200
    remembered = f"oauth-assertion:{digest(f'{client_id} remembered')}"
    assert 2900 < hub.ports.transients._redis.ttl(remembered) <= 3020


def test_a_client_that_names_another_one_is_neither(client, signer, settings, make):
    """RFC 7521 section 4.2; the same for Basic."""
    key, client_id = signer
    assert ask_signed(client, assertion(key, client_id, settings), client_id=client_id).status_code == 200
    other, secret = make(authentication="secret", grants=("client_credentials",), redirect_uris=())
    assert ask_signed(client, assertion(key, client_id, settings), client_id=other.client_id).status_code == 401
    form = {"grant_type": "client_credentials", "client_id": client_id}
    assert client.post("/oauth/token", data=form, auth=(other.client_id, secret)).status_code == 401
    assert client.post("/oauth/token", data=form | {"client_id": ""}, auth=(other.client_id, secret)).status_code == 200


def test_a_key_of_another_and_other_tricks(client, signer, settings):
    key, client_id = signer
    other = ECKey.generate_key("P-256", auto_kid=True)
    assert ask_signed(client, assertion(other, client_id, settings)).status_code == 401
    claims = {"iss": client_id, "sub": client_id, "aud": settings.public_url, "exp": int(time.time()) + 60, "jti": "1"}
    hmac_key = OctKey.import_key(key.as_dict(private=False)["x"])
    forged = jwt.encode({"alg": "HS256", "kid": key.kid}, claims, hmac_key)
    assert ask_signed(client, forged).status_code == 401
    body = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    assert ask_signed(client, f"{body}.{forged.split('.')[1]}.").status_code in {400, 401}
    assert ask_signed(client, "no.jwt").json["error"] == "invalid_request"
    both = ask_signed(client, assertion(key, client_id, settings), client_secret="x")
    assert both.json["error"] == "invalid_request"
    assert ask_signed(client, "", client_id=client_id).status_code == 401, "a client with a key cannot do without"


# --- registering clients -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        {"redirect_uris": ()},
        {"redirect_uris": ("http://app.example/back",)},
        {"redirect_uris": ("https://app.example/*",)},
        {"redirect_uris": ("https://app.example/#x",)},
        {"redirect_uris": ("https://user@app.example/",)},
        {"redirect_uris": ("javascript:alert(1)",)},
        {"redirect_uris": ("data:text/html,x",)},
        {"redirect_uris": ("/back",)},
        {"redirect_uris": ("https://",)},
        {"redirect_uris": ("https://app.example:x/",)},
        {"redirect_uris": ("https://app.example/\n",)},
        {"grants": ("client_credentials",)},
        {"grants": ("client_credentials", "refresh_token"), "authentication": "secret", "redirect_uris": ()},
        {"authentication": "nonsense"},
        {"authentication": "private_key_jwt"},
        {"authentication": "private_key_jwt", "jwks": {"keys": []}},
        {"authentication": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "A" * 43}]}},
        {"authentication": "private_key_jwt", "jwks": {"nothing": 1}},
        {"authentication": "secret", "jwks": {"keys": []}},
    ],
)
def test_a_client_that_cannot_be_safe_is_not_registered(make, wanted):
    assert make()
    with pytest.raises(Invalid) as refused:
        make(**wanted)
    assert refused.value.violations


def test_a_private_key_is_not_taken(make):
    key = RSAKey.generate_key(2048, auto_kid=True)
    with pytest.raises(Invalid, match="keys"):
        make(authentication="private_key_jwt", jwks=KeySet([key]).as_dict(private=True))


def test_the_metadata_names_what_is_there(client):
    """RFC 8414; every endpoint that it names answers."""
    told = client.get("/.well-known/oauth-authorization-server").json
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert set(told["grant_types_supported"]) == {*GRANTS, "client_credentials"}
    for name, endpoint in told.items():
        if name.endswith(("_endpoint", "_uri")):
            answer = client.open(urlsplit(endpoint).path, method="GET" if name == "jwks_uri" else "POST")
            assert answer.status_code not in {404, 405, 500}, name


def test_grants_that_nobody_uses_are_forgotten(hub, client, tokens, app, monkeypatch):
    monkeypatch.setattr("hub.oauth.services.tokens.GRANT_MEMORY", timedelta(seconds=-1))
    assert hub.service(Tokens).sweep() >= 1
    assert refresh(client, tokens["refresh_token"], app).json["error"] == "invalid_grant"


# --- personal tokens -----------------------------------------------------------------------------------------------


def make_token(client, **changes):
    form = {"csrf_token": form_token(client, "/account/tokens/new"), "name": "Script", "days": "30"}
    return client.post("/account/tokens/new", data=form | {"scopes": ["packages:read"]} | changes)


def test_a_person_makes_a_token_for_a_script_and_revokes_it(client, person, forgetful):
    made = make_token(client)
    assert made.status_code == 200
    token = "hub_pat_" + made.text.partition("hub_pat_")[2].partition("<")[0]
    assert packages(client, token) == 200
    page = client.get("/account").text
    assert token not in page
    assert "Script" in page
    revoke = page.partition('action="/account/tokens/')[2].partition('"')[0]
    client.post(f"/account/tokens/{revoke}", data={"csrf_token": form_token(client, "/account")})
    assert packages(client, token) == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"days": "0"}, 400),
        ({"days": "367"}, 400),
        ({"days": "x"}, 400),
        ({"name": ""}, 400),
        ({"scopes": []}, 400),
        ({"scopes": ["nonsense"]}, 400),
        ({"scopes": ["users:write"]}, 403),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_form(client, person, changes, status):
    answer = make_token(client, **changes)
    assert answer.status_code == status
    assert "hub_pat_" not in answer.text


def test_a_personal_token_follows_what_its_maker_may_do(client, hub, system, person, forgetful):
    from hub.oauth.services.users import Users

    token = "hub_pat_" + make_token(client).text.partition("hub_pat_")[2].partition("<")[0]
    assert packages(client, token) == 200
    hub.service(Users).change(system, person.person.id, is_active=False)
    assert packages(client, token) == 401


# --- statements of a program that acts for a person ---------------------------------------------------------------


def test_the_authority_is_the_program_and_the_person_together(hub, system, client, make):
    account = make_account(hub, system, "administrator")
    sign_in(client, account)
    scopes = ("statements/write", "statements/read/mine")
    headers, seen = {"X-Experience-API-Version": "2.0.0"}, []
    statement = {
        "actor": {"mbox": "mailto:a@b.example"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://a.example/x"},
    }
    for name in ("One", "Two"):
        app = make(name=name, scopes=scopes)[0].client_id
        token = exchange(client, code_for(client, app, scope=" ".join(scopes)), app).json["access_token"]
        headers["Authorization"] = f"Bearer {token}"
        assert client.post("/xapi/statements", json=statement, headers=headers).status_code == 200
        [own] = client.get("/xapi/statements", headers=headers).json["statements"]
        assert own["authority"]["objectType"] == "Group"
        program, person = own["authority"]["member"]
        assert (program["name"], program["account"]["name"]) == (name, app)
        seen.append((own["id"], person["account"]["name"]))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] == seen[1][1]
    found = hub.service(Statements).find(system, parse({"agent": json.dumps(person), "related_agents": "true"}))
    assert [json.loads(each)["id"] for each in found.bodies] == [seen[1][0], seen[0][0]]
