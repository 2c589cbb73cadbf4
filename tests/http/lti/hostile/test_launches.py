"""A hostile platform: launches with one fault each. All share their set-up with a launch that is let in."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from tests.http.lti.hostile.attack import NOW, Attack, assert_refused
from tests.http.lti.hostile.browsers import BROWSER_FAULTS, without_cookies
from tests.http.lti.hostile.claims import CLAIM_FAULTS
from tests.http.lti.hostile.platforms import PLATFORM_FAULTS
from tests.http.lti.hostile.tokens import TOKEN_FAULTS, other_claims
from tests.support.lti_platform import RSA, STRANGER, LtiPlatform, key_set_of, running

ALL_FAULTS = {**CLAIM_FAULTS, **TOKEN_FAULTS, **BROWSER_FAULTS, **PLATFORM_FAULTS}


def test_the_launch_without_a_fault_is_let_in(good: Attack) -> None:
    assert good.send().status_code == 303


def test_there_are_enough_faults() -> None:
    assert len(ALL_FAULTS) >= 360


@pytest.mark.parametrize("fault", ALL_FAULTS)
def test_a_launch_with_one_fault_is_refused(good: Attack, fault: str) -> None:
    ALL_FAULTS[fault](good)
    assert_refused(good.send(), good)


def test_a_platform_that_was_switched_off_launches_no_more(good: Attack, hub: Hub, system: Principal) -> None:
    (known,) = hub.service(Platforms).list(system)
    hub.service(Platforms).change(system, known.id, PlatformChange(is_active=False))
    assert_refused(good.send(), good)


def test_another_platform_cannot_answer_the_login(good: Attack, hub: Hub, system: Principal) -> None:
    with running(LtiPlatform()) as other:
        hub.service(Platforms).add(system, PlatformDetails(**other.details()))
        other.key_set = key_set_of(STRANGER)
        own = other.claims(good.login, **{v.CUSTOM: good.claims[v.CUSTOM]})
        good.form["id_token"] = other.sign(own, STRANGER)
        assert_refused(good.send(), good)
        good.form["id_token"] = other.sign(good.claims, STRANGER)
        assert_refused(good.send(), good)


def test_of_twenty_parallel_replays_exactly_one_enters(good: Attack, hub: Hub) -> None:
    fields = {"state": good.login.sent["state"], "id_token": good.token()}
    cookie = {"Cookie": "; ".join(f"{c.key}={c.value}" for c in good.client._cookies.values())}
    app = good.client.application

    def replay(_: int) -> int:
        return app.test_client(use_cookies=False).post("/lti/launch", data=fields, headers=cookie).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(replay, range(20)))
    assert statuses == [303] + [401] * 19


def test_a_refused_launch_does_not_use_the_login_up(good: Attack) -> None:
    real = good.token()
    good.form["id_token"] = other_claims(good)
    assert_refused(good.send(), good)
    good.form["id_token"] = real
    assert good.send().status_code == 303


def test_clocks_may_differ_by_a_minute(good: Attack) -> None:
    good.claims |= {"iat": int(NOW()) - 115, "exp": int(NOW()) - 55}
    assert good.send().status_code == 303


def test_a_new_key_is_fetched_for_an_unknown_kid_but_once_a_minute(
    good: Attack, client: FlaskClient, platform: LtiPlatform
) -> None:
    assert good.send().status_code == 303
    assert platform.requests["/jwks"] == 1
    platform.key_set["keys"] = [key for key in platform.key_set["keys"] if key["kid"] == "rsa-1"]
    platform.key_set["keys"].append({**platform.key_set["keys"][0], "kid": "rsa-2"})
    for kid, status, fetched in [("rsa-2", 401, 2), ("made-up", 401, 2), ("other", 401, 2), ("rsa-1", 303, 2)]:
        login = platform.begin(client)
        claims = platform.claims(login)
        key = STRANGER if status == 401 else RSA
        response = platform.launch(client, login, claims, id_token=platform.sign(claims, key, kid=kid))
        assert response.status_code == status
        assert platform.requests["/jwks"] == fetched
    login = platform.begin(client)
    claims = platform.claims(login)
    assert platform.launch(client, login, claims, id_token=platform.sign(claims, RSA, kid="rsa-2")).status_code == 303


def test_a_key_set_that_fails_is_not_asked_again_at_once(good: Attack, platform: LtiPlatform) -> None:
    platform.key_set_answer = (500, {}, b"")
    for _ in range(3):
        assert_refused(good.send(), good)
    assert platform.requests["/jwks"] == 1


def test_addresses_in_the_header_are_never_fetched(good: Attack, platform: LtiPlatform) -> None:
    good.header = {"jku": f"{platform.origin}/stolen"}
    assert_refused(good.send(), good)
    assert "/stolen" not in platform.requests


def test_without_the_cookie_a_new_window_is_offered(good: Attack) -> None:
    without_cookies(good)
    response = good.send()
    assert response.status_code == 401
    assert 'target="_blank"' in response.text
    assert "/lti/login?iss=" in response.text
    assert good.login.sent["state"] not in response.text


def test_the_launch_address_is_not_for_reading(client: FlaskClient) -> None:
    response = client.get("/lti/launch")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert response.mimetype == "text/html"


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/json", "text/plain", None])
def test_a_launch_is_a_form_and_nothing_else(good: Attack, kind: str | None) -> None:
    fields = {"state": good.login.sent["state"], "id_token": good.token()}
    sent = {"data": fields} if kind == "multipart/form-data" else {"data": json.dumps(fields)}
    response = good.client.post("/lti/launch", content_type=kind, **sent)
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert good.send().status_code == 303


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_launch_is_posted(good: Attack, method: str) -> None:
    fields = {"state": good.login.sent["state"], "id_token": good.token()}
    response = good.client.open("/lti/launch", method=method, query_string=fields, data=fields)
    assert response.status_code == (405 if method != "OPTIONS" else 200)
    assert "play/" not in response.text
    assert good.send().status_code == 303


def test_what_stands_in_the_address_of_a_launch_is_not_looked_at(good: Attack) -> None:
    fields = {"state": good.login.sent["state"], "id_token": good.token()}
    assert_refused(good.client.post("/lti/launch", query_string=fields, data={"x": "y"}), good)


def test_a_form_that_is_too_large_is_refused(client: FlaskClient) -> None:
    assert client.post("/lti/launch", data={"state": "x", "id_token": "x" * 3_000_000}).status_code == 413
