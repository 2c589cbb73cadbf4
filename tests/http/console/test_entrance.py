"""Signing in and out of the console, and what protects its forms."""

import re
from contextlib import suppress

import pytest

from hub.console.assets import _found
from hub.errors import NotFound, TooMany
from hub.oauth.services.guessing import GUESSES, Guessing
from hub.oauth.spec.secrets import digest
from tests.support.people import PASSWORD, Account, form_token, make_account, sign_in

SESSION = "__Host-hub-session"


@pytest.fixture
def account(hub, system):
    return make_account(hub, system, "administrator")


def cookie(client, name=SESSION):
    found = client.get_cookie(name)
    return found.value if found else None


def test_who_is_not_signed_in_is_led_to_the_entrance_and_back(client, account):
    away = client.get("/people?q=x")
    assert (away.status_code, away.headers["Location"]) == (303, "/sign-in?next=/people?q%3Dx")
    back = sign_in(client, account, next="/people?q=x")
    assert (back.status_code, back.headers["Location"]) == (303, "/people?q=x")
    assert client.get("/people").status_code == 200


def test_the_session_cookie_is_protected(client, account):
    answer = sign_in(client, account)
    set_cookie = next(v for v in answer.headers.getlist("Set-Cookie") if v.startswith(SESSION))
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in set_cookie
    assert "Domain" not in set_cookie


def test_a_wrong_password_says_nothing_about_the_account(client, account):
    wrong = sign_in(client, Account(account.person, "wrong"))
    assert wrong.status_code == 401
    assert "do not belong together" in wrong.text
    unknown = client.post(
        "/sign-in", data={"csrf_token": form_token(client), "email": "no@school.example", "password": PASSWORD}
    )
    assert unknown.status_code == 401
    assert "do not belong together" in unknown.text
    assert cookie(client) is None
    assert account.person.email in wrong.text, "what was typed is not lost"
    assert 'value="wrong"' not in wrong.text, "but a password is never echoed"


def test_guessing_is_slowed(client, account):
    answers = [sign_in(client, Account(account.person, "wrong")) for _ in range(GUESSES + 1)]
    assert [answer.status_code for answer in answers] == [401] * GUESSES + [429]
    assert answers[-1].headers["RateLimit"].startswith('"sign-in";r=0;t=')


def test_a_browser_in_which_somebody_signed_in_is_known_again(client, account, hub, monkeypatch):
    monkeypatch.setattr("hub.oauth.spec.guessing.FREE_GUESSES", 0)
    sign_in(client, account)
    kept = client.get_cookie("__Host-hub-device")
    assert (kept.http_only, kept.secure, kept.same_site, kept.path) == (True, True, "Lax", "/")
    assert account.person.email not in kept.value
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account/data")})
    assert client.get_cookie("__Host-hub-device"), "after signing out, too"
    for _ in range(2):
        with suppress(TooMany):
            hub.service(Guessing).admit(str(account.person.id), "2001:db8::5", "")
    assert sign_in(client, account).status_code == 303
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account/data")})
    client.delete_cookie("__Host-hub-device", domain="localhost")
    hub.service(Guessing)._transients.put(f"sign-in:wait:{digest(str(account.person.id))}", b"9999999999", 60)
    stranger = sign_in(client, account)
    assert stranger.status_code == 429
    assert int(stranger.headers["Retry-After"]) > 0
    assert "guessing the password" in stranger.text


def test_a_session_from_before_signing_in_is_not_taken_over(client, account):
    client.set_cookie(SESSION, "chosen-by-somebody-else")
    sign_in(client, account)
    assert cookie(client) not in {None, "chosen-by-somebody-else"}


def test_signing_in_again_gives_a_new_session(client, account):
    sign_in(client, account)
    first = cookie(client)
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    sign_in(client, account)
    assert cookie(client) != first


def test_signing_out_ends_the_session_on_the_server_too(client, account):
    sign_in(client, account)
    session_id = cookie(client)
    left = client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    assert left.status_code == 303
    assert cookie(client) is None
    client.set_cookie(SESSION, session_id)
    assert client.get("/people").status_code == 303


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "///evil.example", "/\tevil"],
)
def test_the_return_address_is_never_another_site(client, account, target):
    assert sign_in(client, account, next=target).headers["Location"] == "/"
    assert client.get("/sign-in", query_string={"next": target}).headers["Location"] == "/"


def test_a_form_without_its_token_changes_nothing(client, account):
    sign_in(client, account)
    form = {"name": "Mallory", "roles": "author"}
    path = f"/people/{account.person.id}"
    for token in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}, {"csrf_token": "ü"}):
        assert client.post(path, data=form | token).status_code == 403
    assert "Mallory" not in client.get(path).text


def test_a_token_of_another_session_is_refused(client, hub, system, account):
    sign_in(client, account)
    stolen = form_token(client, "/account")
    other = make_account(hub, system, "administrator")
    client.post("/sign-out", data={"csrf_token": stolen})
    sign_in(client, other)
    assert client.post("/people/new", data={"csrf_token": stolen, "name": "M"}).status_code == 403


def test_a_form_sent_from_another_site_is_refused(client, account):
    sign_in(client, account)
    data = {"csrf_token": form_token(client, "/account")}
    assert client.post("/sign-out", data=data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/sign-out", data=data, headers={"Origin": "null"}).status_code == 403
    assert client.post("/sign-out", data=data, headers={"Origin": "http://localhost:8000"}).status_code == 303


def test_signing_in_needs_a_form_of_ours_too(client, account):
    form = {"email": account.person.email, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 403
    assert cookie(client) is None


def test_a_session_opens_no_api(client, account):
    sign_in(client, account)
    answer = client.get("/xapi/statements", headers={"X-Experience-API-Version": "2.0.0"})
    assert answer.status_code == 401


def test_every_page_has_a_strict_policy_and_is_not_kept(client, account):
    sign_in(client, account)
    answer = client.get("/people")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", answer.text)


def test_assets_are_kept_for_good_under_their_digest(client):
    page = client.get("/sign-in").text
    address = re.search(r'href="(/assets/console\.css\?v=[0-9a-f]+)"', page)[1]
    with client.get(address) as answer:
        assert answer.status_code == 200
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert len(answer.data) < 30_000


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "nothing.css", "etc/passwd"])
def test_only_assets_are_served_as_assets(client, name):
    assert client.get(f"/assets/{name}").status_code == 404


def test_errors_are_pages_for_people_with_the_request_id(client, account):
    unknown = client.get("/nowhere", headers={"Accept": "text/html", "X-Request-Id": "request-12345"})
    assert unknown.status_code == 404
    assert "Not found" in unknown.text
    assert "request-12345" in unknown.text
    sign_in(client, account)
    gone = client.get("/people/00000000-0000-7000-8000-000000000000", headers={"Accept": "text/html"})
    assert gone.status_code == 404
    assert "There is no such user." in gone.text


def test_programs_get_problem_documents_for_unknown_addresses(client):
    for path, accept in (("/nowhere", "*/*"), ("/nowhere", "application/json"), ("/api/v1/nowhere", "text/html")):
        assert client.get(path, headers={"Accept": accept}).content_type == "application/problem+json"


def test_a_person_changes_the_own_password(client, account):
    sign_in(client, account)
    form = {"csrf_token": form_token(client, "/account"), "old_password": PASSWORD, "password": "a new phrase to keep"}
    differs = client.post("/account/password", data=form | {"password_again": "another"})
    assert differs.status_code == 400
    assert "is not the same as the new password" in differs.text
    done = client.post("/account/password", data=form | {"password_again": form["password"]})
    assert done.status_code == 303
    assert "was changed" in client.get(done.headers["Location"]).text, "this browser stays signed in"
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    assert sign_in(client, Account(account.person, "a new phrase to keep")).status_code == 303


def test_a_fault_of_ours_is_a_page_with_the_request_id_and_no_details(client, account, monkeypatch):
    sign_in(client, account)
    monkeypatch.setattr("hub.oauth.services.audit_log.audit_events", None)
    answer = client.get("/audit", headers={"X-Request-Id": "request-54321"})
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "request-54321" in answer.text
    assert "NoneType" not in answer.text


def test_when_sessions_cannot_be_read_the_console_says_to_try_again(client, account, hub, monkeypatch):
    from hub.errors import Unavailable

    def down(key):
        raise Unavailable("Redis does not answer.")

    sign_in(client, account)
    monkeypatch.setattr(hub.ports.transients, "get", down)
    answer = client.get("/packages")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Try again in a few seconds" in answer.text


def test_the_console_speaks_the_browsers_language(client, account):
    german = {"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"}
    page = client.get("/sign-in", headers=german).text
    assert '<html lang="de"' in page
    assert "Anmelden" in page
    assert '<html lang="en"' in client.get("/sign-in", headers={"Accept-Language": "fr"}).text
    sign_in(client, account)
    assert "Verwaltung" in client.get("/people", headers=german).text


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/sign-out", 405, "Diese Adresse lässt sich so nicht aufrufen."),
        ("DELETE", "/roles", 405, "Diese Adresse lässt sich so nicht aufrufen."),
        ("GET", "/nowhere", 404, "Unter /nowhere gibt es nichts."),
        ("GET", "/assets/nothing.css", 404, "Eine Datei nothing.css gibt es nicht."),
        ("POST", "/account/password", 413, "Was gesendet wurde, ist größer, als diese Adresse annimmt."),
    ],
)
def test_every_refusal_is_said_in_the_readers_language(client, account, method, path, status, sentence):
    sign_in(client, account)
    headers = {"Accept-Language": "de", "Accept": "text/html", "X-CSRF-Token": form_token(client, "/account")}
    answer = client.open(path, method=method, headers=headers, data={"a": "x" * 3_000_000} if status == 413 else None)
    assert (answer.status_code, sentence in answer.text) == (status, True)
    assert "Abmelden" in answer.text, "who is signed in keeps the menu"


def test_a_program_is_told_how_an_address_is_asked_for(client):
    answer = client.delete("/api/v1/openapi.json")
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.json["detail"] == "This address is not asked for in this way."
    assert "GET" in answer.headers["Allow"]


def test_advice_about_roles_is_given_where_a_role_is_missing(client, account):
    sign_in(client, account)
    advice = "Someone who administers this tenant can give you the role"
    assert advice in client.get("/tenants").text
    assert advice not in client.post("/account/password", data={"csrf_token": "nonsense"}).text


def test_what_was_done_before_is_not_told_again_with_a_refusal(client, account):
    sign_in(client, account)
    told = "Your password was changed."
    assert told in client.get("/account?done=password-changed").text
    form = {"csrf_token": form_token(client, "/account"), "old_password": "wrong"}
    refused = client.post("/account/password?done=password-changed", data=form)
    assert refused.status_code == 400
    assert told not in refused.text


FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "name"),
    [(FIREFOX, "Firefox, Windows"), (EDGE, "Edge, Windows"), (IPHONE, "Safari, iPhone"), ("<b>curl</b>", "unknown")],
)
def test_sessions_are_known_by_their_browser(client, account, agent, name):
    client.environ_base["HTTP_USER_AGENT"] = agent
    sign_in(client, account)
    assert f'<th scope="row">{name}</th>' in client.get("/account").text


@pytest.mark.parametrize("name", ["../views/audit.py", "../../config.py", "a" * 6000, "static/../../app.py", ".."])
def test_only_our_own_files_are_looked_at(client, name):
    """What lies elsewhere is not opened, not even to say that it is not given out: it could be endless."""
    with pytest.raises(NotFound):
        _found(name)
    assert client.get(f"/assets/{name}").status_code == 404
