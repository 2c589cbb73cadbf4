"""Signing in at identity providers, and what must not work."""

import json
import secrets
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey

from hub.bootstrap import build, create_hub_app
from hub.errors import Forbidden, Invalid, Unavailable, Unprocessable
from hub.identity import Principal, system_principal
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.providers import NewProvider, Providers
from hub.oauth.services.single_sign_on import ProviderCheck, SingleSignOn
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.users import NewPerson, Users
from hub.ports import HttpResponse
from tests.conftest import PUBLIC_URL, _client
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, ProviderOfTests
from tests.support.people import PASSWORD, audited, form_token, make_account


@pytest.fixture
def there():
    return ProviderOfTests(f"https://{secrets.token_hex(4)}.login.example")


@pytest.fixture
def wired(hub, there):
    """The Hub with the test's provider behind its port for outbound HTTP."""
    return _wired(hub, there)


def _wired(hub, http):
    parts = {**hub.services}
    old = parts[SingleSignOn]
    parts[SingleSignOn] = SingleSignOn(
        old._db, old._clock, old._ids, old._transients, http, old._keys, old._sign_in, old._sessions, PUBLIC_URL
    )
    return replace(hub, services=parts)


@pytest.fixture
def browser(wired):
    return _client(create_hub_app(wired), PUBLIC_URL)


@pytest.fixture
def make(hub, system, there):
    def register(**wanted):
        given = {"kind": "oidc", "name": "School login", "issuer": there.issuer, "client_id": CLIENT_ID}
        given |= {"client_secret": CLIENT_SECRET, "default_roles": ("author",)}
        return hub.service(Providers).create(system, NewProvider(**(given | wanted)))

    return register


def go(browser, provider, target="/packages"):
    """To the provider; returns the address there."""
    answer = browser.get(f"/sign-in/with/{provider.id}?{urlencode({'next': target})}")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def back(browser, provider, parameters):
    return browser.get(f"/sign-in/back/{provider.id}?{urlencode(parameters)}")


def arrive(browser, there, provider):
    return back(browser, provider, there.visit(go(browser, provider)))


def test_a_person_signs_in_and_gets_an_account(browser, there, make, hub, system):
    provider = make(domains="school.example", rules="groups=writers -> author\ngroups=staff -> reporting")
    there.claims |= {"email": f"Ada.{secrets.token_hex(4)}@School.example", "groups": ["staff", "others"]}
    address = go(browser, provider)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{PUBLIC_URL}/sign-in/back/{provider.id}"
    answer = back(browser, provider, there.visit(address))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/packages"), answer.text
    assert browser.get("/packages").status_code == 200
    assert {"identity.linked", "session.began"} <= audited(hub, system)
    [person] = hub.service(Users).list(system, "Ada From Afar")
    assert (person.email, person.roles) == (there.claims["email"].lower(), ["author", "reporting"])
    assert "code_verifier" in there.asked[0]
    assert "client_secret" not in there.asked[0], "by Basic, as nothing else was told"


def test_the_roles_are_what_the_provider_says_today(browser, there, make, hub, system):
    provider = make(default_roles=(), rules="realm_access.roles=boss -> administrator\nhd=x -> author")
    there.claims |= {"email": f"{secrets.token_hex(4)}@school.example", "hd": "x", "realm_access": {"roles": ["boss"]}}
    arrive(browser, there, provider)
    assert hub.service(Users).list(system, there.claims["email"])[0].roles == ["administrator", "author"]
    there.claims["realm_access"] = {"roles": []}
    arrive(browser, there, provider)
    assert hub.service(Users).list(system, there.claims["email"])[0].roles == ["author"]
    there.claims["hd"] = "y"
    open_before = _client(browser.application, PUBLIC_URL)
    open_before.set_cookie("__Host-hub-session", browser.get_cookie("__Host-hub-session").value)
    assert open_before.get("/packages").status_code == 200
    assert arrive(browser, there, provider).status_code == 403
    assert hub.service(Users).list(system, there.claims["email"])[0].roles == []
    assert open_before.get("/packages").status_code == 403, "what was open before has no more rights than that"


def test_an_account_that_exists_is_found_by_a_proven_address_and_keeps_its_roles(browser, there, make, hub, system):
    email = f"{secrets.token_hex(4)}@school.example"
    hub.service(Users).create(system, NewPerson(email, "Known", ("instructor",), PASSWORD))
    provider = make()
    there.claims |= {"email": email, "email_verified": False}
    refused = arrive(browser, there, provider)
    assert refused.status_code == 403
    assert "does not vouch" in refused.text
    there.claims["email_verified"] = True
    assert arrive(browser, there, provider).status_code == 303
    assert hub.service(Users).list(system, email)[0].roles == ["instructor"]


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email": "x@elsewhere.example"}, "not of a domain"),
        ({"email": "x@school.example.evil.example"}, "not of a domain"),
        ({"email": "x@sub.school.example"}, "not of a domain"),
        ({"email_verified": "true"}, "does not vouch"),
        ({"email_verified": None}, "does not vouch"),
        ({"email": ""}, "no usable e-mail address"),
        ({"email": "nonsense"}, "no usable e-mail address"),
    ],
)
def test_who_is_not_of_the_tenant_is_turned_away(browser, there, make, claims, words):
    provider = make(domains="school.example, other.example")
    there.claims |= {"sub": secrets.token_hex(4)} | claims
    answer = arrive(browser, there, provider)
    assert answer.status_code == 403
    assert words in answer.text
    assert browser.get("/packages").status_code == 303


def test_without_accounts_on_the_fly_only_known_people_come_in(browser, there, make):
    there.claims["email"] = f"{secrets.token_hex(4)}@school.example"
    assert arrive(browser, there, make(makes_accounts=False)).status_code == 403


def test_a_providers_word_is_no_proof_for_an_account_with_a_password(browser, there, make, hub, system):
    """Who connects a provider could come as anybody of the tenant, and would stay so by a passkey of their own."""
    account = make_account(hub, system, "administrator", "super_administrator")
    provider = make()
    there.claims |= {"email": account.person.email, "email_verified": True}
    assert arrive(browser, there, provider).status_code == 303
    assert browser.get("/tenants").status_code == 403
    token = form_token(browser, "/account")
    assert browser.get("/account/passkeys/new").headers["Location"].startswith("/account/proof")
    for path in ("passkeys/options", "passkeys/new", "second-step", "address"):
        answer = browser.post(f"/account/{path}", data={"csrf_token": token, "email": "x@evil.example"})
        assert answer.headers["Location"].startswith("/account/proof"), path
    proven = browser.post("/account/proof", data={"csrf_token": token, "password": PASSWORD, "next": "/account"})
    assert proven.status_code == 303
    assert browser.get("/account/passkeys/new").status_code == 200
    there.claims |= {"sub": secrets.token_hex(4), "email": f"{secrets.token_hex(4)}@school.example"}
    other = _client(browser.application, PUBLIC_URL)
    arrive(other, there, provider)
    begun = other.post("/account/second-step", data={"csrf_token": form_token(other, "/account")})
    assert begun.status_code == 200, "who has no password here has proven what there is to prove"


def test_a_closed_account_stays_closed(browser, there, make, hub, system):
    provider = make()
    there.claims["email"] = f"{secrets.token_hex(4)}@school.example"
    arrive(browser, there, provider)
    [person] = hub.service(Users).list(system, there.claims["email"])
    hub.service(Users).change(system, person.id, is_active=False)
    assert arrive(browser, there, provider).status_code == 403


# --- answers that are not to be believed ---------------------------------------------------------------------------


def changed(**changes):
    return lambda claims: {name: value for name, value in (claims | changes).items() if value is not None}


@pytest.mark.parametrize(
    "spoil",
    [
        changed(nonce="another"),
        changed(nonce=None),
        changed(iss="https://evil.example"),
        changed(iss=None),
        changed(aud="another-client"),
        changed(aud=None),
        changed(aud=[CLIENT_ID, "another-client"]),
        changed(aud=[CLIENT_ID, "another-client"], azp="another-client"),
        changed(azp="another-client"),
        changed(exp=int(time.time()) - 3600),
        changed(exp=None),
        changed(exp="soon"),
        changed(iat=None),
        changed(iat=int(time.time()) + 3600),
        changed(sub=None),
        changed(nbf=int(time.time()) + 3600),
    ],
)
def test_an_id_token_that_breaks_a_rule_signs_nobody_in(browser, there, make, spoil):
    provider = make()
    there.claims["email"] = f"{secrets.token_hex(4)}@school.example"
    assert arrive(browser, there, provider).status_code == 303
    browser.post("/sign-out", data={"csrf_token": form_token(browser, "/account")})
    there.spoil = spoil
    answer = arrive(browser, there, provider)
    assert answer.status_code == 401
    assert "not to be trusted" in answer.text
    assert browser.get("/packages").status_code == 303


def test_an_id_token_of_another_key_signs_nobody_in(browser, there, make, monkeypatch):
    provider = make()
    other = RSAKey.generate_key(2048)
    shared = OctKey.import_key(CLIENT_SECRET * 2)
    real = there.id_token
    for key, header in ((other, {}), (shared, {"alg": "HS256"})):
        monkeypatch.setattr(there, "id_token", lambda nonce, key=key, header=header: real(nonce, key, header))
        assert arrive(browser, there, provider).status_code == 401
    unsigned = "eyJhbGciOiJub25lIn0." + real("x").split(".")[1] + "."
    for token in (unsigned, "", "nonsense", real("x")[:-4] + "AAAA"):
        monkeypatch.setattr(there, "id_token", lambda nonce, token=token: token)
        assert arrive(browser, there, provider).status_code == 401


def test_new_keys_of_the_provider_are_found(browser, there, make):
    provider = make()
    there.claims["email"] = f"{secrets.token_hex(4)}@school.example"
    assert arrive(browser, there, provider).status_code == 303
    there.key = RSAKey.generate_key(2048, auto_kid=True)
    assert arrive(browser, there, provider).status_code == 303


def test_state_belongs_to_one_browser_and_one_use(browser, there, make, wired):
    provider = make()
    answer = there.visit(go(browser, provider))
    stranger = _client(create_hub_app(wired), PUBLIC_URL)
    assert back(stranger, provider, answer).status_code == 401, "login CSRF: the code of somebody else"
    answer = there.visit(go(browser, provider))
    assert back(browser, provider, answer | {"state": "made-up"}).status_code == 401
    assert back(browser, provider, answer).status_code == 303
    browser.delete_cookie("__Host-hub-session")
    assert back(browser, provider, answer).status_code == 401, "a second time"


def test_the_answer_of_one_provider_is_never_taken_for_that_of_another(hub, system, there):
    """Mix-up (RFC 9700 section 4.4): the attacker runs one of the tenant's providers."""
    evil = ProviderOfTests(f"https://{secrets.token_hex(4)}.evil.example")

    class Both:
        def request(self, method, url, **rest):
            return (evil if url.startswith(evil.issuer) else there).request(method, url, **rest)

    browser = _client(create_hub_app(_wired(hub, Both())), PUBLIC_URL)
    honest, bad = (
        hub.service(Providers).create(
            system, NewProvider("oidc", name, each.issuer, CLIENT_ID, CLIENT_SECRET, default_roles=("author",))
        )
        for name, each in (("Honest", there), ("Evil", evil))
    )
    began_at_evil = go(browser, bad)
    state = parse_qs(urlsplit(began_at_evil).query)["state"][0]
    of_honest = there.visit(go(browser, honest))
    for provider in (honest, bad):
        stolen = back(browser, provider, {"code": of_honest["code"], "state": state, "iss": there.issuer})
        assert stolen.status_code == 401
        began_at_evil = go(browser, bad)
        state = parse_qs(urlsplit(began_at_evil).query)["state"][0]
    assert evil.asked == [], "the honest provider's code never reached the other"


def test_iss_is_checked(browser, there, make):
    """RFC 9207: whoever says that it sends it must."""
    provider = make()
    for changes in ({"iss": "https://evil.example"}, {"iss": there.issuer + "/"}):
        assert back(browser, provider, there.visit(go(browser, provider)) | changes).status_code == 401
    answer = there.visit(go(browser, provider))
    del answer["iss"]
    assert back(browser, provider, answer).status_code == 401
    refusal = {"state": there.visit(go(browser, provider))["state"], "error": "access_denied", "iss": there.issuer}
    assert back(browser, provider, refusal).status_code == 401


def test_the_way_back_leads_to_this_site_only(browser, there, make):
    provider = make()
    there.claims["email"] = f"{secrets.token_hex(4)}@school.example"
    answer = back(browser, provider, there.visit(go(browser, provider, "https://evil.example/")))
    assert answer.headers["Location"] == "/"


def test_a_discovery_document_of_another_issuer_is_refused(browser, there, make):
    provider = make()
    there.issuer, real = "https://evil.example", there.issuer
    there.request = lambda method, url, **rest: ProviderOfTests.request(
        there, method, url.replace(real, there.issuer), **rest
    )
    answer = browser.get(f"/sign-in/with/{provider.id}")
    assert answer.status_code == 400
    assert "evil.example" in answer.text


def refusals(hub, system, provider):
    """What the audit log says of sign-ins that failed at the provider."""
    events = hub.service(AuditLog).list(system, AuditFilter("session.refused"), limit=200)
    return [event.details for event in events if event.target == str(provider.id)]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda answer: {"iss": "https://evil.example"}, "sign_in_stray"),
        (lambda answer: {"error": "access_denied"}, "provider_refused"),
        (lambda answer: {"code": "made-up"}, "provider_refused"),
    ],
)
def test_a_sign_in_that_failed_is_in_the_audit_log(browser, there, make, hub, system, spoil, reason):
    provider = make()
    answer = there.visit(go(browser, provider))
    assert back(browser, provider, answer | spoil(answer)).status_code == 401
    [told] = refusals(hub, system, provider)
    assert (told["provider"], told["reason"]) == ("School login", reason)
    assert answer["code"] not in str(told)


def test_who_is_turned_away_is_in_the_audit_log(browser, there, make, hub, system):
    provider = make(domains="other.example")
    arrive(browser, there, provider)
    [told] = refusals(hub, system, provider)
    assert told["reason"] == "sign_in_refused"
    assert there.claims["email"] in told["detail"]


def test_a_provider_that_fails_leaves_the_other_ways_open(browser, there, make, hub, system):
    provider = make(name="Fails")
    make(name="Works")
    there.request = lambda method, url, **rest: HttpResponse(502, {}, b"")
    for _ in range(2):
        answer = browser.get(f"/sign-in/with/{provider.id}?next=/packages")
        assert answer.status_code == 503
        assert "Fails does not answer" in answer.text
        assert "Works" in answer.text, "the providers of the same tenant are still offered"
        assert there.issuer not in answer.text
    assert [told["reason"] for told in refusals(hub, system, provider)] == ["provider_unavailable"], "once a minute"


def test_a_provider_that_fails_is_not_asked_by_everybody_who_knocks(wired, browser, there, make, monkeypatch):
    monkeypatch.setattr("hub.oauth.services.single_sign_on.FAILURE_SECONDS", 3600)
    provider, asked, real = make(), [], there.request

    def fail(method, url, **rest):
        asked.append(url)
        return HttpResponse(502, {}, b"")

    there.request = fail
    knocks = [browser.get(f"/sign-in/with/{provider.id}").status_code for _ in range(3)]
    path = f"/oauth/back-channel-logout/{provider.id}"
    knocks += [browser.post(path, data={"logout_token": "a.b.c"}).status_code for _ in range(2)]
    assert (knocks, len(asked)) == ([503] * 5, 1)
    assert browser.post(path, data={"logout_token": "nonsense"}).status_code == 400
    there.request = real
    assert wired.service(SingleSignOn).check(provider).keys == 1, "who administers asks at once"
    assert browser.get(f"/sign-in/with/{provider.id}").status_code == 303


def test_a_token_endpoint_that_fails_is_no_fault_of_the_person(browser, there, make):
    provider = make()
    answer = there.visit(go(browser, provider))
    there.request = lambda method, url, **rest: HttpResponse(500, {}, b"")
    assert back(browser, provider, answer).status_code == 503


@pytest.mark.parametrize(
    "changes",
    [
        {"authorization_endpoint": "https://["},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://login.example/a\r\nSet-Cookie: a=b"},
        {"authorization_endpoint": "https://login.example/a#b"},
        {"token_endpoint": 5},
        {"token_endpoint": "https:///token"},
        {"jwks_uri": None},
    ],
)
def test_a_discovery_document_without_usable_addresses_is_refused(browser, there, make, changes):
    provider, real = make(), there._discovery
    there._discovery = lambda body: real(body) | changes
    answer = browser.get(f"/sign-in/with/{provider.id}")
    assert answer.status_code == 400
    assert next(iter(changes)) in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint_auth_methods_supported": 5},
        {"token_endpoint_auth_methods_supported": [5]},
        {"userinfo_endpoint": ["x"]},
    ],
)
def test_what_a_discovery_document_says_oddly_is_taken_as_not_said(browser, there, make, changes):
    provider, real = make(), there._discovery
    there._discovery = lambda body: real(body) | changes
    there.claims |= {"sub": secrets.token_hex(4), "email": f"{secrets.token_hex(4)}@school.example"}
    assert arrive(browser, there, provider).status_code == 303


@pytest.mark.parametrize("subject", ["a\0b", "x" * 256, "line\nbreak"])
def test_a_subject_that_no_provider_may_give_signs_nobody_in(browser, there, make, subject):
    """OpenID Connect Core section 2: at most 255 characters."""
    there.claims |= {"sub": subject, "email": f"{secrets.token_hex(4)}@school.example"}
    assert arrive(browser, there, make()).status_code == 401


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Ada\0 \t Lovelace", "Ada Lovelace"),
        ("\u202eecalevoL", "ecalevoL"),
        ({"given": "Ada"}, None),
        ("\0", None),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_name_is_taken_as_far_as_it_is_one(browser, there, make, hub, system, told, shown):
    email = f"{secrets.token_hex(4)}@school.example"
    there.claims |= {"sub": secrets.token_hex(4), "email": email, "name": told}
    assert arrive(browser, there, make()).status_code == 303
    assert hub.service(Users).list(system, email)[0].name == (shown or email)


@pytest.mark.parametrize("keys", [5, [1], [], [{"kty": "XX"}], [{"kty": "RSA", "n": 5, "e": "AQAB"}]])
def test_keys_that_cannot_be_read_sign_nobody_in(browser, there, make, monkeypatch, keys):
    provider = make()
    real = there.request
    answer = HttpResponse(200, {}, json.dumps({"keys": keys}).encode())
    there.request = lambda method, url, **rest: answer if url.endswith("/jwks") else real(method, url, **rest)
    refused = arrive(browser, there, provider)
    assert refused.status_code == 401
    assert "not to be trusted" in refused.text


def test_ad_fs_is_asked_to_send_its_answer_as_a_form(browser, there, make):
    """Else its ID tokens have none of the claims that its rules send. The form brings no cookie along."""
    provider = make(kind="adfs")
    there.claims |= {"sub": secrets.token_hex(4), "email": f"{secrets.token_hex(4)}@school.example"}
    address = go(browser, provider)
    asked = parse_qs(urlsplit(address).query)
    path = f"/oauth/sign-in-answer/{provider.id}"
    assert (asked["response_mode"], asked["redirect_uri"]) == (["form_post"], [f"http://localhost:8000{path}"])
    answer = there.visit(address)
    sent_on = browser.post(path, data=answer, headers={"Origin": there.issuer})
    assert sent_on.status_code == 303
    assert not sent_on.headers.getlist("Set-Cookie")
    assert sent_on.headers["Location"].startswith(f"/sign-in/back/{provider.id}?")
    assert browser.get("/packages").status_code == 303, "nobody is signed in yet"
    assert browser.get(sent_on.headers["Location"]).headers["Location"] == "/packages"
    assert browser.get("/packages").status_code == 200


# --- logouts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def signed_in(browser, there, make):
    provider = make()
    there.claims |= {"email": f"{secrets.token_hex(4)}@school.example", "sid": secrets.token_hex(4)}
    there.claims["sub"] = secrets.token_hex(4)
    arrive(browser, there, provider)
    assert browser.get("/packages").status_code == 200
    return provider


def tell(browser, provider, token):
    return browser.post(f"/oauth/back-channel-logout/{provider.id}", data={"logout_token": token})


@pytest.mark.parametrize("which", ["sid", "sub"])
def test_a_logout_at_the_provider_ends_the_session_here(browser, there, signed_in, which, hub, system):
    assert tell(browser, signed_in, there.logout_token(**{which: there.claims[which]})).status_code == 200
    assert "session.ended" in audited(hub, system), "at once, not only when the browser comes again"
    assert browser.get("/packages").status_code == 303
    arrive(browser, there, signed_in)
    assert browser.get("/packages").status_code == 200, "what began later is another session"


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "x"},
        {"events": {}},
        {"events": None},
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"jti": None},
        {"sid": None},
        {"exp": 1},
    ],
)
def test_a_bad_logout_token_ends_nothing(browser, there, signed_in, changes):
    token = there.logout_token(**({"sid": there.claims["sid"]} | changes))
    assert tell(browser, signed_in, token).status_code == 400
    assert tell(browser, signed_in, "nonsense").status_code == 400
    assert browser.get("/packages").status_code == 200


def test_a_logout_by_a_frame_ends_the_session_and_is_shown_to_the_provider_only(browser, there, signed_in, hub, system):
    path, sid = f"/oauth/front-channel-logout/{signed_in.id}", there.claims["sid"]
    assert (
        browser.get(path, query_string={"iss": "https://evil.example", "sid": there.claims["sid"]}).status_code == 400
    )
    assert browser.get("/packages").status_code == 200
    answer = browser.get(path, query_string={"iss": there.issuer, "sid": sid})
    assert answer.status_code == 200
    assert f"frame-ancestors {there.issuer}" in answer.headers["Content-Security-Policy"]
    assert browser.get("/packages").status_code == 303
    assert "session.ended" in audited(hub, system)


# --- registering ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "nonsense"},
        {"name": ""},
        {"issuer": "ftp://x.example"},
        {"issuer": "https://x.example?q=1"},
        {"issuer": "https://x.example#f"},
        {"issuer": ""},
        {"client_id": ""},
        {"client_secret": " "},
        {"domains": "not_a_domain"},
        {"rules": "groups staff author"},
        {"rules": "groups=staff -> emperor"},
        {"default_roles": ("emperor",)},
        {"default_roles": ()},
    ],
)
def test_a_provider_that_cannot_work_is_refused_by_field(make, wanted):
    assert make()
    with pytest.raises(Invalid) as refused:
        make(**wanted)
    assert refused.value.violations


def test_nobody_lets_people_in_with_more_than_they_may_do(hub, tenant, there):
    keeper = Principal(tenant.id, "user", "1", "Keeper", frozenset({"providers.write", "packages.read"}))
    wanted = NewProvider("oidc", "X", there.issuer, CLIENT_ID, CLIENT_SECRET, rules="a=b -> administrator")
    with pytest.raises(Forbidden):
        hub.service(Providers).create(keeper, wanted)


def test_the_secret_is_sealed_and_shown_nowhere(hub, make, tenant):
    from sqlalchemy import text

    made = make()
    with hub.db.read(tenant.id) as session:
        kept = session.execute(text("SELECT client_secret FROM identity_provider WHERE id = :id"), {"id": made.id})
        sealed = kept.scalar_one()
    assert CLIENT_SECRET not in sealed
    assert hub.ports.keys.unseal(sealed, f"identity_provider.client_secret:{made.id}") == CLIENT_SECRET
    assert CLIENT_SECRET not in repr(made)


def test_the_sign_in_page_offers_the_providers_of_the_tenant_named(browser, make, tenant, hub):
    make(name="Offered here")
    assert "Offered here" in browser.get(f"/sign-in?tenant={tenant.slug}").text
    other = hub.service(Tenants).create(f"p{secrets.token_hex(5)}", "Other")
    assert "Offered here" not in browser.get(f"/sign-in?tenant={other.slug}").text
    assert "Offered here" not in browser.get("/sign-in").text, "with several tenants, none is guessed"
    with pytest.raises(Exception, match="no such provider"):
        hub.service(Providers).remove(system_principal(other.id), make().id)


def test_build_is_what_the_tests_wire(settings):
    """The service that is wired here anew takes what `hub.bootstrap` gives it."""
    composed = build(settings)
    assert composed.service(SingleSignOn)._public_url == settings.public_url
    composed.close()


# --- who may come, and come again -----------------------------------------------------------------------------------


def test_a_list_of_domains_counts_for_those_who_came_before_it(browser, there, make, hub, system):
    provider = make()
    there.claims |= {"sub": secrets.token_hex(4), "email": f"{secrets.token_hex(4)}@elsewhere.example"}
    assert arrive(browser, there, provider).status_code == 303
    hub.service(Providers).change(system, provider.id, domains="school.example")
    refused = arrive(browser, there, provider)
    assert refused.status_code == 403
    assert "not of a domain" in refused.text
    hub.service(Providers).change(system, provider.id, domains="school.example elsewhere.example")
    assert arrive(browser, there, provider).status_code == 303


def test_nobody_prepares_an_account_for_somebody_else(browser, there, make):
    """Whoever made an account with an unproven address must not share it with the owner of the address later."""
    email = f"{secrets.token_hex(4)}@school.example"
    careless, careful = make(name="Careless"), make(name="Careful")
    there.claims |= {"sub": "attacker", "email": email, "email_verified": False}
    assert arrive(browser, there, careless).status_code == 303
    there.claims |= {"sub": "owner", "email_verified": True}
    refused = arrive(browser, there, careful)
    assert refused.status_code == 403
    assert "without vouching" in refused.text
    there.claims |= {"sub": "attacker", "email_verified": True}
    assert arrive(browser, there, careless).status_code == 303, "now it vouches: it was no attacker after all"
    there.claims |= {"sub": "owner"}
    assert arrive(browser, there, careful).status_code == 303


def test_two_providers_that_vouch_lead_to_the_same_account(browser, there, make, hub, system):
    email = f"{secrets.token_hex(4)}@school.example"
    there.claims |= {"sub": secrets.token_hex(4), "email": email}
    assert arrive(browser, there, make(name="One")).status_code == 303
    assert arrive(browser, there, make(name="Two")).status_code == 303
    assert len(hub.service(Users).list(system, email)) == 1


def test_the_log_says_what_was_told_where_the_rules_look(browser, there, make, hub, system):
    provider = make(default_roles=(), rules="groups=writers -> author\nhd=x -> author")
    there.claims |= {"sub": secrets.token_hex(4), "email": f"{secrets.token_hex(4)}@school.example"}
    there.claims["groups"] = ["readers", "all"]
    refused = arrive(browser, there, provider)
    assert refused.status_code == 403
    assert "readers" not in refused.text
    [told] = refusals(hub, system, provider)
    assert told["told"] == {"groups": ["readers", "all"], "hd": []}


def test_the_reason_of_a_token_endpoint_is_told(browser, there, make, hub, system):
    provider = make()
    answer = there.visit(go(browser, provider))
    there._token = lambda body: {"error": "unauthorized_client", "error_description": "Invalid\u202e secret."}
    refused = back(browser, provider, answer)
    assert refused.status_code == 401
    assert "unauthorized_client: Invalid secret" in refused.text
    [told] = refusals(hub, system, provider)
    assert "unauthorized_client" in told["detail"]


def test_each_process_finds_new_keys_by_itself(there, make, hub):
    """What one process of several has fetched again just now must not keep another from it."""
    provider, browsers = make(), [_client(create_hub_app(_wired(hub, there)), PUBLIC_URL) for _ in range(2)]
    there.claims |= {"sub": secrets.token_hex(4), "email": f"{secrets.token_hex(4)}@school.example"}
    assert [arrive(each, there, provider).status_code for each in browsers] == [303, 303]
    there.key = RSAKey.generate_key(2048, auto_kid=True)
    assert [arrive(each, there, provider).status_code for each in browsers] == [303, 303]


# --- signing out there, and asking whether it works -----------------------------------------------------------------


def test_who_signs_out_is_shown_how_to_sign_out_at_the_provider(browser, there, make):
    """OpenID Connect RP-Initiated Logout section 2."""
    provider, real = make(), there._discovery
    there._discovery = lambda body: real(body) | {"end_session_endpoint": f"{there.issuer}/end?x=1"}
    there.claims |= {"sub": secrets.token_hex(4), "email": f"{secrets.token_hex(4)}@school.example"}
    assert arrive(browser, there, provider).status_code == 303
    answer = browser.post("/sign-out", data={"csrf_token": form_token(browser, "/account")})
    page = browser.get(answer.headers["Location"])
    assert "School login still knows you" in page.text
    there_too = browser.get(f"/sign-out/at/{provider.id}")
    assert there_too.headers["Location"] == f"{there.issuer}/end?x=1&client_id={CLIENT_ID}"
    assert "still knows you" not in browser.get("/sign-in").text


def test_where_nobody_can_sign_out_from_here_nothing_is_shown(browser, there, make):
    provider = make()
    there.claims |= {"sub": secrets.token_hex(4), "email": f"{secrets.token_hex(4)}@school.example"}
    arrive(browser, there, provider)
    answer = browser.post("/account/sessions/end", data={"csrf_token": form_token(browser, "/account")})
    assert "still knows you" not in browser.get(answer.headers["Location"]).text
    refused = browser.get(f"/sign-out/at/{provider.id}")
    assert refused.status_code == 404
    assert "lets nobody sign out from here" in refused.text
    there.request = lambda method, url, **rest: HttpResponse(502, {}, b"")
    for odd in ("nonsense", provider.id.hex[:-1], "%"):
        assert browser.get("/sign-in", query_string={"left": odd}).status_code == 200


def test_the_connection_to_a_provider_can_be_checked(wired, there, make, system):
    single_sign_on, provider = wired.service(SingleSignOn), make()
    assert single_sign_on.check(provider) == ProviderCheck(there.issuer, 1, False)
    real = there._discovery
    there._discovery = lambda body: real(body) | {"jwks_uri": f"{there.issuer}/nothing"}
    with pytest.raises(Unavailable, match="answered 404"):
        single_sign_on.check(provider)
    there._discovery = lambda body: real(body) | {"issuer": "https://evil.example"}
    with pytest.raises(Invalid, match=r"evil\.example"):
        single_sign_on.check(provider)
    with pytest.raises(Unprocessable, match="no discovery document"):
        single_sign_on.check(make(kind="github", issuer="https://github.com"))


def test_keys_that_are_none_are_found_by_the_check(wired, there, make, monkeypatch):
    provider, real = make(), there.request
    for body in (b"[]", b"{}", b'{"keys": []}', b'{"keys": 5}'):
        answer = HttpResponse(200, {}, body)
        monkeypatch.setattr(
            there, "request", lambda method, url, a=answer, **rest: a if url.endswith("/jwks") else real(method, url)
        )
        with pytest.raises(Invalid, match="no keys"):
            wired.service(SingleSignOn).check(provider)
