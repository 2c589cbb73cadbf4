"""Requests that another site makes a browser send: its cookie comes along, and changes nothing (CSRF)."""

from collections.abc import Iterator

from flask.testing import FlaskClient

from tests.architecture.test_access import NOTHING
from tests.support.people import form_token, make_account, sign_in

SAFE = {"GET", "HEAD", "OPTIONS"}
#: Where no cookie is looked at: who asks proves it in the request itself (RFC 6749, RFC 7009, LTI 1.3, logout tokens).
BY_THEMSELVES = ("/oauth/", "/lti/")


def changing(client: FlaskClient) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and path of every route that may change something."""
    app = client.application
    for rule in app.url_map.iter_rules():
        arguments = {name: NOTHING[type(rule._converters[name]).__name__] for name in rule.arguments}
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, arguments, method=min(rule.methods))
        yield from ((rule.endpoint, method, path) for method in sorted(rule.methods - SAFE))


def test_a_cookie_alone_changes_nothing(client, hub, system):
    """Without form token, with one of another session, and with a right one from another origin."""
    account = make_account(hub, system, "administrator")
    strange = form_token(client)
    sign_in(client, account)
    right = form_token(client, "/account")
    tried = 0
    for endpoint, method, path in changing(client):
        for token, origin in (("", None), (strange, None), (right, "https://evil.example"), (right, "null")):
            headers = {"Origin": origin} if origin else {}
            headers |= {"X-Experience-API-Version": "2.0.0"} if path.startswith("/xapi") else {}
            answer = client.open(path, method=method, data={"csrf_token": token}, headers=headers)
            tried += 1
            if endpoint.startswith("console."):
                assert answer.status_code == 403, (method, path, token, origin)
            elif not path.startswith(BY_THEMSELVES):
                assert answer.status_code in {401, 405}, (method, path, answer.status_code)
    assert tried > 400
    assert client.get("/account").status_code == 200, "the session is as it was"


def test_public_forms_are_bound_to_the_browser_too(client):
    """Signing somebody in as another (login CSRF) needs a form as well."""
    public = ["/sign-in", "/sign-in/code", "/sign-in/passkey", "/forgot-password", "/reset-password", "/set-up"]
    for path in public:
        assert client.post(path, data={"email": "a@b.example", "password": "x"}).status_code == 403, path


def test_a_session_id_that_was_brought_along_is_never_used(client, hub, system):
    """Session fixation: whatever cookies a browser was given before, it gets new ones, and the old open nothing."""
    brought = "known-to-the-attacker"
    for name in ("__Host-hub-session", "__Host-hub-visit"):
        client.set_cookie(name, brought, path="/", domain="localhost", secure=True)
    account = make_account(hub, system, "author")
    assert sign_in(client, account).status_code == 303
    given = client.get_cookie("__Host-hub-session").value
    assert given != brought
    stranger = client.application.test_client()
    stranger.set_cookie("__Host-hub-session", brought, domain="localhost", secure=True)
    assert stranger.get("/packages", base_url="http://localhost:8000").status_code == 303
    # Signing in once more is a new session again, and the cookie keeps to this site.
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    answer = sign_in(client, account)
    assert client.get_cookie("__Host-hub-session").value != given
    [cookie] = [each for each in answer.headers.getlist("Set-Cookie") if "hub-session=" in each]
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    stranger.set_cookie("__Host-hub-session", given, domain="localhost", secure=True)
    assert stranger.get("/packages", base_url="http://localhost:8000").status_code == 303, "it ended at sign-out"
