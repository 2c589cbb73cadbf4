"""Platforms that hang: they cost their own launches seconds, and those of others nothing."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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

SECONDS = 2.0


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "FETCH_SECONDS", SECONDS)


@pytest.fixture
def slow(platform: LtiPlatform, hub: Hub, system: Principal) -> LtiPlatform:
    """A platform that answers nobody in time."""
    (known,) = hub.service(Platforms).list(system)
    platform.key_set_delay = 2 * SECONDS
    fresh = f"{platform.origin}/jwks?of={uuid4()}"  # What was fetched from an address is kept for an hour.
    hub.service(Platforms).change(system, known.id, PlatformChange(jwks_url=fresh))
    return platform


@pytest.fixture
def other(hub: Hub, system: Principal) -> Iterator[LtiPlatform]:
    """A platform that nothing is wrong with."""
    with running(LtiPlatform()) as made:
        hub.service(Platforms).add(system, PlatformDetails(**made.details()))
        yield made


def launched(client: FlaskClient, platform: LtiPlatform, package: UUID, key: Any = RSA, **header: Any) -> Callable:
    """A launch that is ready to be sent, by a browser of its own."""
    login = platform.begin(client)
    claims = platform.claims(login, **{v.CUSTOM: {"package_id": str(package)}})
    fields = {"state": login.sent["state"], "id_token": platform.sign(claims, key, **header)}
    cookie = {"Cookie": login.response.headers["Set-Cookie"].partition(";")[0]}

    def send() -> tuple[TestResponse, float]:
        begun = time.monotonic()
        answer = client.application.test_client(use_cookies=False).post("/lti/launch", data=fields, headers=cookie)
        return answer, time.monotonic() - begun

    return send


def test_a_key_set_that_hangs_is_fetched_by_one_and_waited_for_by_few(
    client: FlaskClient, slow: LtiPlatform, other: LtiPlatform, package: UUID
) -> None:
    sends = [launched(client, slow, package) for _ in range(30)]
    elsewhere = launched(client, other, package)
    with ThreadPoolExecutor(31) as pool:
        waiting = [pool.submit(send) for send in sends]
        time.sleep(SECONDS / 4)
        answer, seconds = pool.submit(elsewhere).result()
        assert answer.status_code == 303
        assert seconds < SECONDS, "a platform that hangs holds others up"
        answers = [future.result() for future in waiting]
    assert {answer.status_code for answer, _ in answers} == {401}
    assert all("The platform key set" in answer.text for answer, _ in answers)
    assert slow.requests["/jwks"] == 1
    at_once = [answer for answer, _ in answers if "for many launches" in answer.text]
    assert len(at_once) == 30 - key_sets.MOST_WAITING
    assert max(seconds for _, seconds in answers) < SECONDS + 3
    again, seconds = launched(client, slow, package)()
    assert "a moment ago" in again.text
    assert seconds < SECONDS


def test_forged_launches_with_unknown_keys_wait_for_nothing_while_the_key_set_hangs(
    client: FlaskClient, platform: LtiPlatform, package: UUID
) -> None:
    assert launched(client, platform, package)()[0].status_code == 303
    platform.key_set_delay = 2 * SECONDS
    forged = [launched(client, platform, package, STRANGER, kid=f"made-up-{number}") for number in range(20)]
    good = launched(client, platform, package)
    with ThreadPoolExecutor(21) as pool:
        waiting = [pool.submit(send) for send in forged]
        answer, seconds = pool.submit(good).result()
        assert answer.status_code == 303
        assert seconds < SECONDS, "a launch by a known key waits for no key set"
        assert {future.result()[0].status_code for future in waiting} == {401}
    assert platform.requests["/jwks"] == 2, "once more, for all of them"


def test_a_whole_class_enters_when_the_platform_has_just_changed_its_key(
    client: FlaskClient, platform: LtiPlatform, package: UUID
) -> None:
    assert launched(client, platform, package)()[0].status_code == 303
    platform.key_set = key_set_of(STRANGER)
    platform.key_set["keys"][0]["kid"] = "new"
    platform.key_set_delay = SECONDS / 4
    sends = [launched(client, platform, package, STRANGER, kid="new") for _ in range(key_sets.MOST_WAITING)]
    with ThreadPoolExecutor(len(sends)) as pool:
        answers = list(pool.map(lambda send: send()[0], sends))
    assert {answer.status_code for answer in answers} == {303}
    assert platform.requests["/jwks"] == 2


def test_a_report_waits_for_a_platform_that_hangs_no_longer_than_it_may(
    client: FlaskClient, platform: LtiPlatform, package: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "LONGEST_USE_SECONDS", SECONDS / 4)
    teacher = {v.ROLES: [INSTRUCTOR], v.CUSTOM: {"package_id": str(package)}} | platform.nrps()
    course = visit_of(platform.enter(client, **teacher).text)
    platform.token_delay = 3 * SECONDS
    begun = time.monotonic()
    page = client.post("/lti/course", data={"visit": course, "refresh": "1"})
    assert page.status_code == 200
    assert time.monotonic() - begun < 2 * SECONDS
    assert "took too long to answer" in page.text
