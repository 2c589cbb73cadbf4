"""Passkeys: adding, signing in by one alone and as the second step, and everything that must not open an account."""

import json
import re
from dataclasses import replace

import pytest

from hub.bootstrap import build
from hub.db import EVERY_TENANT
from hub.oauth.services import sessions
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.passkeys import MOST, Passkeys
from hub.oauth.services.users import Users
from hub.oauth.storage.tables import Passkey
from tests.conftest import PUBLIC_URL, _client
from tests.support.authenticator import BACKED_UP, BACKUP_ELIGIBLE, PRESENT, VERIFIED, Authenticator, text
from tests.support.people import PASSWORD, form_token, make_account, sign_in


@pytest.fixture
def account(hub, system, client):
    account = make_account(hub, system, "author")
    sign_in(client, account)
    return account


@pytest.fixture
def key():
    return Authenticator()


def post(client, path, page="/account", **form):
    return client.post(path, data={"csrf_token": form_token(client, page)} | form)


def is_in(client):
    return client.get("/packages").status_code == 200


def options(client, path, **form):
    answer = post(client, path, "/account" if is_in(client) else "/sign-in", **form)
    assert answer.status_code == 200, answer.text
    return answer.json


def add(client, key, name="Phone", **changes):
    answer = key.create(options(client, "/account/passkeys/options"), **changes)
    return post(client, "/account/passkeys/new", name=name, credential=answer)


def sign_out(client):
    post(client, "/sign-out")
    assert not is_in(client)


def enter(client, key, **changes):
    """Sign in by the passkey alone."""
    answer = key.get(options(client, "/sign-in/passkey/options"), **changes)
    return post(client, "/sign-in/passkey", "/sign-in", credential=answer, next="/packages")


def codes_of(page):
    return re.findall(r"<code>((?:[A-Z0-9]{4}-){3}[A-Z0-9]{4})</code>", page.text)


def first_step(client, account):
    page = sign_in(client, account, next="/packages")
    assert page.status_code == 200
    return re.search(r'name="pending" value="([^"]+)"', page.text)[1]


def actions(hub, system):
    return [event.action for event in hub.service(AuditLog).list(system)]


def test_a_passkey_signs_in_without_name_and_password(hub, system, client, account, key):
    asked = options(client, "/account/passkeys/options")
    assert asked["rp"] == {"id": "localhost", "name": "Standards Hub"}
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["attestation"] == "none"
    assert len(codes_of(add(client, key))) == 10, "the first factor brings recovery codes"
    assert "Phone" in client.get("/account").text
    sign_out(client)
    allowed = options(client, "/sign-in/passkey/options")
    assert allowed["allowCredentials"] == []
    assert allowed["userVerification"] == "required"
    answer = enter(client, key)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/packages")
    assert is_in(client)
    [kept] = hub.service(Passkeys).of(replace(system, id=str(account.person.id)))
    assert kept.last_used_at is not None
    assert {"passkey.added", "session.began"} <= set(actions(hub, system))


def test_several_have_names_and_each_can_be_removed(client, account, key, hub, system):
    other = Authenticator(flags=PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP)
    assert len(codes_of(add(client, key, "Security key"))) == 10
    assert add(client, other, "Password manager").status_code == 303, "recovery codes are there already"
    asked = options(client, "/account/passkeys/options")
    assert {known["id"] for known in asked["excludeCredentials"]} == {
        text(key.credential_id),
        text(other.credential_id),
    }
    page = client.get("/account").text
    assert "on one device" in page
    assert "synced between devices" in page
    first = re.search(r"/account/passkeys/([0-9a-f-]{36})/remove", page)[1]
    assert post(client, f"/account/passkeys/{first}/remove").status_code == 303
    assert post(client, f"/account/passkeys/{first}/remove").status_code == 404
    sign_out(client)
    assert enter(client, key).status_code == 400, "the removed one"
    assert "passkey.removed" in actions(hub, system)
    assert enter(client, other).status_code == 303


def test_as_the_second_step_it_stands_for_a_code(client, account, key):
    add(client, key)
    sign_out(client)
    pending = first_step(client, account)
    assert not is_in(client), "the password alone is not enough any more"
    asked = options(client, "/sign-in/code/options", pending=pending)
    assert [known["id"] for known in asked["allowCredentials"]] == [text(key.credential_id)]
    key.flags = PRESENT  # The password was proven before: a touch is enough.
    form = {"pending": pending, "credential": key.get(asked), "next": "/packages"}
    answer = post(client, "/sign-in/code/passkey", "/sign-in", **form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/packages")


def test_a_touch_alone_opens_nothing_without_the_password(client, account, key):
    add(client, key)
    sign_out(client)
    key.flags = PRESENT
    assert enter(client, key).status_code == 400
    key.flags = PRESENT | VERIFIED
    assert enter(client, key).status_code == 303


def test_recovery_codes_go_on_working_until_the_last_factor_goes(hub, system, client, account, key):
    codes = codes_of(add(client, key))
    sign_out(client)
    form = {"pending": first_step(client, account), "next": "/packages"}
    assert post(client, "/sign-in/code", "/sign-in", **form, code="000000").status_code == 400
    assert post(client, "/sign-in/code", "/sign-in", **form, code=codes[0]).status_code == 303
    assert "left: 9" in client.get("/account").text
    renewed = codes_of(post(client, "/account/recovery-codes"))
    assert len(renewed) == 10
    assert not set(renewed) & set(codes)
    found = re.search(r"/account/passkeys/([0-9a-f-]{36})/remove", client.get("/account").text)[1]
    post(client, f"/account/passkeys/{found}/remove")
    sign_out(client)
    assert sign_in(client, account).status_code == 303, "one step is enough again"
    assert post(client, "/account/recovery-codes").status_code == 404


HOSTILE = {
    "another origin": {"origin": "https://evil.example"},
    "a longer origin": {"origin": "http://localhost:8000.evil.example"},
    "another port": {"origin": "http://localhost:8001"},
    "another scheme": {"origin": "https://localhost:8000"},
    "the content origin": {"origin": "http://content.localhost:8000"},
    "another challenge": {"challenge": text(b"x" * 32)},
    "no challenge": {"challenge": ""},
    "another ceremony": {"type": "webauthn.create"},
    "token binding that is not": {"tokenBinding": {"status": "nonsense"}},
}


def test_an_answer_to_something_else_opens_nothing(client, account, key):
    add(client, key)
    sign_out(client)
    for name, changes in HOSTILE.items():
        assert enter(client, key, **changes).status_code == 400, name
        assert not is_in(client), name
    assert enter(client, key).status_code == 303, "the same without any change"


def within(answer, **changes):
    """The answer with members of its response replaced (None: left out)."""
    told = json.loads(answer)
    told["response"] = {name: value for name, value in (told["response"] | changes).items() if value is not None}
    return json.dumps(told)


SPOILT = {
    "other account in the handle": lambda answer: within(answer, userHandle=text(bytes(16))),
    "handle of odd length": lambda answer: within(answer, userHandle=text(b"x")),
    "handle of another kind": lambda answer: within(answer, userHandle=7),
    "other credential": lambda answer: json.dumps(json.loads(answer) | {"id": "eA", "rawId": "eA"}),
    "ids that differ": lambda answer: json.dumps(json.loads(answer) | {"rawId": "eA"}),
    "other kind": lambda answer: json.dumps(json.loads(answer) | {"type": "password"}),
    "no signature": lambda answer: within(answer, signature=None),
    "another signature": lambda answer: within(answer, signature=text(b"x" * 70)),
    "short data": lambda answer: within(answer, authenticatorData=text(b"x")),
    "no client data": lambda answer: within(answer, clientDataJSON=""),
    "no response": lambda answer: json.dumps(json.loads(answer) | {"response": "x"}),
    "a list": lambda answer: f"[{answer}]",
    "not JSON": lambda answer: "{",
    "nothing": lambda answer: "",
    "endless": lambda answer: within(answer, more="x" * 30_000),
}


def test_a_spoilt_answer_opens_nothing(client, account, key):
    add(client, key)
    sign_out(client)
    for name, spoil in SPOILT.items():
        answer = spoil(key.get(options(client, "/sign-in/passkey/options")))
        assert post(client, "/sign-in/passkey", "/sign-in", credential=answer).status_code == 400, name
        assert not is_in(client), name
    assert enter(client, key).status_code == 303


def test_another_key_under_the_same_id_opens_nothing(client, account, key):
    add(client, key)
    sign_out(client)
    other = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle)
    assert enter(client, other).status_code == 400
    assert enter(client, key).status_code == 303


def test_an_answer_is_good_once_and_for_the_browser_that_asked(hub, client, account, key):
    add(client, key)
    sign_out(client)
    answer = key.get(options(client, "/sign-in/passkey/options"))
    stranger = _client(client.application, PUBLIC_URL)
    stolen = post(stranger, "/sign-in/passkey", "/sign-in", credential=answer)
    assert stolen.status_code == 401, "another browser has another challenge"
    assert post(client, "/sign-in/passkey", "/sign-in", credential=answer).status_code == 303
    sign_out(client)
    assert post(client, "/sign-in/passkey", "/sign-in", credential=answer).status_code == 401


def test_a_counter_that_does_not_rise_is_a_copy(hub, system, client, account, key):
    key.counter = 10
    add(client, key)
    sign_out(client)
    assert enter(client, key).status_code == 303
    sign_out(client)
    for counter in (5, 10):
        key.counter = counter
        assert enter(client, key).status_code == 400
    assert actions(hub, system).count("passkey.refused") == 2
    key.counter = 11
    assert enter(client, key).status_code == 303


def test_an_authenticator_without_counter_works_on(client, account, key):
    """Synced passkeys always say 0 (section 6.1.1)."""
    add(client, key)
    for _ in range(2):
        sign_out(client)
        key.counter = -1
        assert enter(client, key).status_code == 303


def test_what_was_made_elsewhere_or_without_proof_is_not_kept(client, account):
    for changes, flags in (
        ({"origin": "https://evil.example"}, PRESENT | VERIFIED),
        ({"challenge": text(b"x" * 32)}, PRESENT | VERIFIED),
        ({"type": "webauthn.get"}, PRESENT | VERIFIED),
        ({}, PRESENT),
        ({}, VERIFIED),
    ):
        refused = add(client, Authenticator(flags=flags), **changes)
        assert refused.status_code == 400, (changes, flags)
        assert "Passkey" in refused.text
    assert add(client, Authenticator(rp_id="evil.example")).status_code == 400
    assert "/remove" not in client.get("/account").text


def test_a_passkey_belongs_to_one_account(hub, system, client, account, key):
    add(client, key)
    other = _client(client.application, PUBLIC_URL)
    sign_in(other, make_account(hub, system, "author"))
    assert add(other, key).status_code == 409


def test_a_passkey_needs_a_name(client, account, key):
    assert add(client, key, " ").status_code == 400


def test_a_passkey_gets_another_name(hub, system, client, account, key):
    add(client, key, "Phone")
    path = re.search(r'href="(/account/passkeys/[0-9a-f-]{36})"', client.get("/account").text)[1]
    assert 'value="Phone"' in client.get(path).text
    refused = post(client, path, name=" \t ")
    assert refused.status_code == 400
    assert "Phone" in client.get("/account").text
    done = post(client, path, name="  Telephone ")
    assert (done.status_code, done.headers["Location"]) == (303, "/account?done=passkey-renamed")
    assert "Telephone" in client.get("/account").text
    assert post(client, path, name="Telephone").status_code == 303, "the same again is no news"
    [event] = hub.service(AuditLog).list(system, AuditFilter("passkey.renamed"))
    assert event.details == {"before": {"name": "Phone"}, "after": {"name": "Telephone"}}
    sign_out(client)
    assert enter(client, key).status_code == 303, "it opens the account as before"


def test_a_passkey_of_somebody_else_keeps_its_name(hub, system, client, account, key):
    add(client, key)
    path = re.search(r'href="(/account/passkeys/[0-9a-f-]{36})"', client.get("/account").text)[1]
    sign_out(client)
    sign_in(client, make_account(hub, system, "administrator"))
    assert client.get(path).status_code == 404
    assert post(client, path, name="Mine").status_code == 404


def test_there_is_a_most(hub, client, account, system):
    with hub.db.unit_of_work(system.tenant_id) as work:
        for number in range(MOST):
            owner = {"user_id": account.person.id, "tenant_id": system.tenant_id}
            kept = {"credential_id": f"{account.person.id}-{number}-AA", "public_key": b"", "sign_count": 0}
            work.session.add(Passkey(id=hub.ports.ids.uuid(), name="x", is_synced=False, **owner, **kept))
    assert post(client, "/account/passkeys/options").status_code == 422


def test_a_closed_account_stays_closed(hub, system, client, account, key):
    add(client, key)
    sign_out(client)
    hub.service(Users).change(system, account.person.id, is_active=False)
    assert enter(client, key).status_code == 400
    assert not is_in(client)


def test_an_administrator_takes_everything_beside_the_password_away(hub, system, client, account, key):
    add(client, key)
    boss = _client(client.application, PUBLIC_URL)
    sign_in(boss, make_account(hub, system, "administrator"))
    page = f"/people/{account.person.id}"
    assert post(boss, f"{page}/second-step/remove", page).status_code == 303
    assert "second_factor.removed" in actions(hub, system)
    sign_out(client)
    assert enter(client, key).status_code == 400
    assert sign_in(client, account).status_code == 303


def test_what_guards_the_account_asks_again_after_a_while(hub, client, account, key, monkeypatch):
    add(client, key)
    monkeypatch.setattr(sessions, "PROOF_SECONDS", 1)
    sign_out(client)
    enter(client, key)
    expire(hub, client)
    away = client.get("/account/passkeys/new")
    assert (away.status_code, away.headers["Location"]) == (303, "/account/proof?next=/account/passkeys/new")
    for path in ("/account/second-step", "/account/recovery-codes", "/account/address", "/account/passkeys/options"):
        assert post(client, path).headers["Location"] == "/account/proof?next=/account", path
    monkeypatch.undo()
    assert post(client, "/account/proof", password="wrong").status_code == 400
    assert client.get("/account/passkeys/new").status_code == 303
    proven = post(client, "/account/proof", password=PASSWORD, next="/account/passkeys/new")
    assert proven.headers["Location"] == "/account/passkeys/new"
    assert client.get("/account/passkeys/new").status_code == 200
    expire(hub, client)
    answer = key.get(options(client, "/account/proof/options"))
    assert post(client, "/account/proof/passkey", credential=answer).status_code == 303
    assert client.get("/account/passkeys/new").status_code == 200


def expire(hub, client):
    """The proof of this browser's session is too old."""
    session = client.get_cookie("__Host-hub-session")
    hub.ports.transients.delete(sessions._proof_key(session.value))


def test_another_persons_passkey_proves_nothing(hub, system, client, account, key):
    add(client, key)
    other = _client(client.application, PUBLIC_URL)
    sign_in(other, make_account(hub, system, "author"))
    expire(hub, other)
    answer = key.get(options(other, "/account/proof/options"))
    assert post(other, "/account/proof/passkey", credential=answer).status_code == 400
    assert other.get("/account/passkeys/new").status_code == 303


def test_people_of_a_provider_have_their_passkeys_there(hub, system, client):
    account = make_account(hub, system, "author")
    sign_in(client, account)
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        from hub.db.tables import User

        work.session.get_one(User, account.person.id).password_hash = None
    assert not is_in(client)
    person = replace(system, id=str(account.person.id))
    with pytest.raises(Exception, match="identity provider"):
        hub.service(Passkeys).begin_adding(person, "browser")


def test_an_ip_address_or_plain_http_has_no_passkeys(settings):
    for address, possible in (
        ("http://127.0.0.1:8000", False),
        ("https://192.0.2.1", False),
        ("https://[2001:db8::1]", False),
        ("http://hub.school.example", False),
        ("https://hub.school.example", True),
        ("http://localhost:8000", True),
    ):
        composed = build(replace(settings, public_url=address, content_url="https://content.example"))
        assert composed.service(Passkeys).are_possible is possible, address
        composed.close()


def test_a_password_that_was_reset_between_the_steps_stays_reset(hub, system, client, account, key):
    """The first step proved the old password; completing the second must not bring it back."""
    add(client, key)
    sign_out(client)
    pending = first_step(client, account)
    hub.service(Users).reset_password(system, account.person.id, "quince harbour mittens")
    answer = key.get(options(client, "/sign-in/code/options", pending=pending))
    assert post(client, "/sign-in/code/passkey", "/sign-in", pending=pending, credential=answer).status_code == 401
    assert sign_in(client, account).status_code == 401, "the old password"
