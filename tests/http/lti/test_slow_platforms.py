"""Platforms that hang: they cost their own launches seconds, and those of others nothing."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti import key_sets
from hub.lti.pylti_bridge import connector
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from tests.http.lti.test_launch import visit_of
from tests.support.lti_platform import INSTRUCTOR, RSA, STRANGER, LtiPlatform, key_set_of, running

Send = Callable[[], TestResponse]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing ends by itself while a test looks, however busy the machine is."""
    for seconds in ("FETCH_SECONDS", "FAILED_FETCH_SECONDS", "REFETCH_SECONDS", "_TURN_SECONDS"):
        monkeypatch.setattr(key_sets, seconds, 300)


@pytest.fixture
def slow(platform: LtiPlatform, hub: Hub, system: Principal) -> Iterator[LtiPlatform]:
    """A platform that answers nobody who asks for its key set, until the test opens its gate."""
    (known,) = hub.service(Platforms).list(system)
    platform.key_set_gate.clear()
    fresh = f"{platform.origin}/jwks?of={uuid4()}"  # What was fetched from an address is kept for an hour.
    hub.service(Platforms).change(system, known.id, PlatformChange(jwks_url=fresh))
    yield platform
    platform.key_set_gate.set()


@pytest.fixture
def other(hub: Hub, system: Principal) -> Iterator[LtiPlatform]:
    """A platform that nothing is wrong with."""
    with running(LtiPlatform()) as made:
        hub.service(Platforms).add(system, PlatformDetails(**made.details()))
        yield made


def launched(client: FlaskClient, platform: LtiPlatform, package: UUID, key: Any = RSA, **header: Any) -> Send:
    """A launch that is ready to be sent, by a browser of its own."""
    login = platform.begin(client)
    claims = platform.claims(login, **{v.CUSTOM: {"package_id": str(package)}})
    fields = {"state": login.sent["state"], "id_token": platform.sign(claims, key, **header)}
    cookie = {"Cookie": login.response.headers["Set-Cookie"].partition(";")[0]}
    return lambda: client.application.test_client(use_cookies=False).post("/lti/launch", data=fields, headers=cookie)


def done(sent: list[Future[TestResponse]]) -> list[TestResponse]:
    """The answers that have come."""
    return [each.result() for each in sent if each.done()]


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what other threads do."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < 60, "it did not come about"
        time.sleep(0.02)


def test_a_key_set_that_hangs_is_fetched_by_one_and_waited_for_by_few(
    client: FlaskClient, slow: LtiPlatform, other: LtiPlatform, package: UUID
) -> None:
    sends = [launched(client, slow, package) for _ in range(30)]
    elsewhere = launched(client, other, package)
    with ThreadPoolExecutor(31) as pool:
        sent = [pool.submit(send) for send in sends]
        wait_until(lambda: len(done(sent)) == 30 - key_sets.MOST_WAITING)
        assert all("for many launches" in answer.text for answer in done(sent))
        assert pool.submit(elsewhere).result().status_code == 303, "a platform that hangs holds nobody else up"
        assert len(done(sent)) == 30 - key_sets.MOST_WAITING
        slow.key_set_answer = 503, {}, b""
        slow.key_set_gate.set()
        answers = [each.result() for each in sent]
    assert {answer.status_code for answer in answers} == {401}
    assert all("The platform key set" in answer.text for answer in answers)
    assert slow.requests["/jwks"] == 1
    assert "a moment ago" in launched(client, slow, package)().text
    assert slow.requests["/jwks"] == 1


def test_a_key_set_that_hangs_is_given_up(
    client: FlaskClient, slow: LtiPlatform, package: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sets, "FETCH_SECONDS", 0.3)
    answer = launched(client, slow, package)()
    assert not slow.key_set_gate.is_set()
    assert answer.status_code == 401
    assert "took too long to answer" in answer.text


def test_forged_launches_with_unknown_keys_wait_for_nothing_while_the_key_set_hangs(
    client: FlaskClient, platform: LtiPlatform, package: UUID
) -> None:
    assert launched(client, platform, package)().status_code == 303
    platform.key_set_gate.clear()
    forged = [launched(client, platform, package, STRANGER, kid=f"made-up-{number}") for number in range(20)]
    good = launched(client, platform, package)
    with ThreadPoolExecutor(21) as pool:
        sent = [pool.submit(send) for send in forged]
        wait_until(lambda: len(done(sent)) == 20 - key_sets.MOST_WAITING)
        assert pool.submit(good).result().status_code == 303, "a launch by a known key waits for no key set"
        platform.key_set_gate.set()
        assert {each.result().status_code for each in sent} == {401}
    assert platform.requests["/jwks"] == 2, "once more, for all of them"


def test_a_whole_class_enters_when_the_platform_has_just_changed_its_key(
    client: FlaskClient, platform: LtiPlatform, package: UUID
) -> None:
    assert launched(client, platform, package)().status_code == 303
    platform.key_set = key_set_of(STRANGER)
    platform.key_set["keys"][0]["kid"] = "new"
    platform.key_set_gate.clear()
    sends = [launched(client, platform, package, STRANGER, kid="new") for _ in range(key_sets.MOST_WAITING)]
    with ThreadPoolExecutor(len(sends)) as pool:
        sent = [pool.submit(send) for send in sends]
        wait_until(lambda: platform.requests["/jwks"] == 2)
        platform.key_set_gate.set()
        assert {each.result().status_code for each in sent} == {303}
    assert platform.requests["/jwks"] == 2


def test_a_report_waits_for_a_platform_that_hangs_no_longer_than_it_may(
    client: FlaskClient, platform: LtiPlatform, package: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "LONGEST_USE_SECONDS", 0.5)
    teacher = {v.ROLES: [INSTRUCTOR], v.CUSTOM: {"package_id": str(package)}} | platform.nrps()
    course = visit_of(platform.enter(client, **teacher).text)
    platform.token_gate.clear()
    begun = time.monotonic()
    page = client.post("/lti/course", data={"visit": course, "refresh": "1"})
    seconds = time.monotonic() - begun
    platform.token_gate.set()
    assert page.status_code == 200
    assert seconds < 8, "less than a single request may take"
    assert "took too long to answer" in page.text
