"""Signing in by two steps, recovery codes, and the list of open sessions."""

import base64
import html
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.bootstrap import create_hub_app
from hub.db import EVERY_TENANT
from hub.db.tables import User
from hub.errors import Invalid
from hub.oauth.services import second_factors
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.sessions import Sessions
from hub.oauth.spec.totp import code_at
from hub.oauth.storage.tables import SecondFactor
from tests.conftest import PUBLIC_URL, _client
from tests.support.people import audited, form_token, make_account, sign_in


@pytest.fixture
def account(hub, system, client):
    account = make_account(hub, system, "author")
    sign_in(client, account)
    return account


def post(client, path, page="/account", **form):
    return client.post(path, data={"csrf_token": form_token(client, page)} | form)


def enrol(client):
    """Turn two steps on; returns the seed and the recovery codes."""
    page = post(client, "/account/second-step").text
    seed = base64.b32decode(re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", ""))
    done = post(client, "/account/second-step/confirm", code=code_at(seed, int(time.time()) // 30), key="x")
    assert done.status_code == 200, done.text
    return seed, re.findall(r"<code>((?:[A-Z0-9]{4}-){3}[A-Z0-9]{4})</code>", done.text)


def fresh_code(hub, seed):
    """A code that was not used: the memory of the last one is set back."""
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.query(SecondFactor).update({"last_step": 0})
    return code_at(seed, int(time.time()) // 30)


def is_in(client):
    return client.get("/packages").status_code == 200


def first_step(client, account):
    if is_in(client):
        client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    page = sign_in(client, account, next="/packages")
    assert page.status_code == 200
    assert client.get("/packages").status_code == 303, "the password alone opens nothing"
    return re.search(r'name="pending" value="([^"]+)"', page.text)[1]


def second_step(client, pending, code):
    token = form_token(client, "/account" if is_in(client) else "/sign-in")
    form = {"csrf_token": token, "pending": pending, "code": code, "next": "/packages"}
    return client.post("/sign-in/code", data=form)


def test_the_password_alone_is_not_enough_any_more(client, hub, system, account):
    seed, codes = enrol(client)
    assert len(set(codes)) == 10
    pending = first_step(client, account)
    assert second_step(client, pending, "000000").status_code == 400
    code = fresh_code(hub, seed)
    answer = second_step(client, pending, code)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/packages")
    assert client.get("/packages").status_code == 200
    assert {"second_factor.added", "session.refused", "session.began"} <= audited(hub, system)
    assert second_step(client, pending, code).status_code == 401, "the first step is used up"
    assert second_step(client, first_step(client, account), code).status_code == 400, "and so is the code"


def test_a_recovery_code_works_once(client, account):
    _, codes = enrol(client)
    assert second_step(client, first_step(client, account), codes[3].lower()).status_code == 303
    assert "9" in client.get("/account").text
    assert second_step(client, first_step(client, account), codes[3]).status_code == 400
    assert second_step(client, first_step(client, account), codes[4]).status_code == 303


def uses_at_once(hub, system, account, code, times=4):
    """How many of so many uses of a code at the same moment are accepted; few enough to be no guessing."""
    together = threading.Barrier(times)

    def use(_):
        together.wait()
        try:
            hub.service(SecondFactors).check(system.tenant_id, account.person.id, code)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(times) as threads:
        return sum(threads.map(use, range(times)))


def test_a_code_that_is_used_twice_at_the_same_moment_works_once(client, hub, system, account):
    seed, recovery = enrol(client)
    assert uses_at_once(hub, system, account, recovery[0]) == 1
    assert uses_at_once(hub, system, account, recovery[1]) == 1
    assert uses_at_once(hub, system, account, fresh_code(hub, seed)) == 1
    assert uses_at_once(hub, system, account, recovery[0]) == 0
    with hub.db.read(system.tenant_id) as session:
        assert len(session.get(SecondFactor, account.person.id).recovery) == len(recovery) - 2


def test_codes_cannot_be_guessed(client, hub, account):
    seed, _ = enrol(client)
    pending = first_step(client, account)
    statuses = [second_step(client, pending, f"{n:06}").status_code for n in range(second_factors.TRIES + 1)]
    assert statuses == [400] * second_factors.TRIES + [429]
    assert second_step(client, pending, fresh_code(hub, seed)).status_code == 429


def test_a_second_step_without_a_first_is_nothing(client, account):
    _, codes = enrol(client)
    first_step(client, account)
    assert second_step(client, "made-up", codes[0]).status_code == 401


def test_it_counts_only_once_it_was_confirmed(client, account):
    page = post(client, "/account/second-step")
    assert post(client, "/account/second-step/confirm", code="000000", key="AAAA").status_code == 400
    assert page.status_code == 200
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    assert sign_in(client, account).status_code == 303


def test_turning_it_off_takes_a_code(client, hub, account):
    seed, _ = enrol(client)
    assert post(client, "/account/second-step/off", code="000000").status_code == 400
    assert post(client, "/account/second-step").status_code == 409, "nor can it be replaced from an open session"
    assert post(client, "/account/second-step/off", code=fresh_code(hub, seed)).status_code == 303
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    assert sign_in(client, account).status_code == 303


def test_whoever_administers_takes_it_from_someone_who_lost_all(client, hub, system, account):
    enrol(client)
    boss = _client(create_hub_app(hub), PUBLIC_URL)
    sign_in(boss, make_account(hub, system, "administrator"))
    path = f"/people/{account.person.id}"
    assert "<dt>Second step</dt><dd>Authenticator app</dd>" in boss.get(path).text
    assert post(boss, f"{path}/second-step/remove", path).status_code == 303
    after = boss.get(path).text
    assert "<dt>Second step</dt><dd>none</dd>" in after
    assert "/second-step/remove" not in after
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    assert sign_in(client, account).status_code == 303


def test_the_seed_is_sealed(client, hub, account):
    seed, _ = enrol(client)
    with hub.db.read(account_tenant(hub, account)) as session:
        kept = session.get(SecondFactor, account.person.id)
    plain = base64.b64encode(seed).decode()
    assert plain not in kept.seed
    assert hub.ports.keys.unseal(kept.seed, f"second_factor.seed:{account.person.id}") == plain


def account_tenant(hub, account):
    with hub.db.read(EVERY_TENANT) as session:
        return session.get(User, account.person.id).tenant_id


# --- sessions ------------------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended_one_by_one(client, hub, account):
    other = _client(create_hub_app(hub), PUBLIC_URL)
    sign_in(other, account)
    page = html.unescape(client.get("/account").text)
    ends = re.findall(r'action="/account/sessions/([0-9a-f]{64})/end"', page)
    assert len(ends) == 1, "the other one; this one says so"
    assert "this one" in page
    assert post(client, f"/account/sessions/{ends[0]}/end").status_code == 303
    assert other.get("/packages").status_code == 303
    assert client.get("/packages").status_code == 200


def test_a_session_of_somebody_else_cannot_be_ended(client, hub, system, account):
    victim = _client(create_hub_app(hub), PUBLIC_URL)
    sign_in(victim, make_account(hub, system, "author"))
    key = Sessions.digest_of(victim.get_cookie("__Host-hub-session").value)
    post(client, f"/account/sessions/{key}/end")
    assert victim.get("/packages").status_code == 200


def test_signing_out_everywhere(client, hub, account):
    other = _client(create_hub_app(hub), PUBLIC_URL)
    sign_in(other, account)
    assert post(client, "/account/sessions/end").status_code == 303
    for browser in (client, other):
        assert browser.get("/packages").status_code == 303
