"""The connection of a platform: its last launches in plain words, and whether its services answer."""

import json
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal, system_principal
from hub.lti.services.connections import KEPT, Check, Connections, Seen
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import Tenants
from tests.support.lti_platform import AGS_SCOPES, LtiPlatform


@pytest.fixture
def recent(hub: Hub, system: Principal, platform: LtiPlatform):
    """The last launches of the platform."""

    def read() -> list[Seen]:
        [known] = hub.service(Platforms).list(system)
        return hub.service(Connections).recent(system, known.id)

    return read


@pytest.fixture
def checks(hub: Hub, system: Principal, platform: LtiPlatform):
    """The checks of the platform by their names."""

    def run() -> dict[str, Check]:
        [known] = hub.service(Platforms).list(system)
        return {check.name: check for check in hub.service(Connections).test(system, known.id)}

    return run


def test_launches_are_told_with_what_was_wrong(
    client: FlaskClient, platform: LtiPlatform, package: UUID, recent
) -> None:
    platform.enter(client, **{v.CUSTOM: {"package_id": str(package)}})
    refused = {v.VERSION: "1.1", "huge": 10**18, "odd": "\u202e<script>"}
    assert platform.enter(client, **refused).status_code == 401
    failed, admitted = recent()
    assert (admitted.is_admitted, admitted.claims) == (True, {})
    assert failed.code == "lti_launch_refused"
    assert failed.faults == (f"{v.VERSION} must be 1.3.0",)
    assert failed.claims[v.VERSION] == "1.1"
    assert failed.claims["name"] == "…"
    told = json.dumps([failed.claims, failed.detail])
    for secret in ("nonce", "Ada", "ada@school.example", "learner-1"):
        assert secret not in told


def test_a_message_that_is_no_token_is_told_too(client: FlaskClient, platform: LtiPlatform, recent) -> None:
    for form in ({"id_token": "x.y.z"}, {"id_token": None}, {"id_token": None, "error": "login_required"}):
        login = platform.begin(client)
        platform.launch(client, login, platform.claims(login), **form)
    assert [one.code for one in recent()] == ["lti_login_declined", "lti_launch_malformed", "lti_token_refused"]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"lti_deployment_id": "other"}, "lti_platform_unknown", "lti_deployment_id is not registered with the Hub"),
        ({"target_link_uri": "https://evil.example/"}, "lti_login_refused", "target_link_uri is not an address of"),
        ({"login_hint": None}, "lti_login_refused", "login_hint is missing"),
        ({"client_id": "other"}, "lti_platform_unknown", "and client_id name no platform"),
    ],
)
def test_refused_logins_are_told_once_of_each_kind(
    client: FlaskClient, platform: LtiPlatform, recent, changes: dict[str, Any], code: str, words: str
) -> None:
    for _ in range(3):
        response = client.get("/lti/login", query_string=platform.login_parameters(**changes))
        assert 400 <= response.status_code < 500
    (seen,) = recent()
    assert (seen.is_admitted, seen.message_type, seen.code) == (False, "login", code)
    assert words in seen.detail
    assert seen.claims["iss"] == platform.issuer
    assert "login_hint" not in seen.claims


def test_a_login_to_a_platform_that_is_switched_off_is_told(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal, recent
) -> None:
    [known] = hub.service(Platforms).list(system)
    hub.service(Platforms).change(system, known.id, PlatformChange(is_active=False))
    assert client.get("/lti/login", query_string=platform.login_parameters()).status_code == 401
    assert recent()[0].code == "lti_platform_unknown"


def test_a_login_that_could_mean_several_platforms_is_told_to_none(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal, recent
) -> None:
    other = hub.service(Tenants).create(f"t{platform.client_id}", "Another school")
    details = PlatformDetails(**platform.details() | {"client_id": f"{platform.client_id}-2"})
    hub.service(Platforms).add(system_principal(other.id), details)
    assert client.get("/lti/login", query_string=platform.login_parameters(client_id="x")).status_code == 401
    assert recent() == []


def test_only_the_last_launches_are_kept(client: FlaskClient, platform: LtiPlatform, recent) -> None:
    for _ in range(KEPT + 3):
        login = platform.begin(client)
        platform.launch(client, login, platform.claims(login), id_token="x.y.z")
    assert len(recent()) == KEPT


def test_the_services_of_a_platform_are_tried(
    client: FlaskClient, platform: LtiPlatform, package: UUID, checks: Any
) -> None:
    before = checks()
    assert [before[name].is_good for name in ("keys", "token", "grades", "members")] == [True, True, None, None]
    platform.members = [{"user_id": "a", "roles": []}]
    claims = platform.nrps() | platform.ags(scope=AGS_SCOPES) | {v.CUSTOM: {"package_id": str(package)}}
    platform.enter(client, **claims)
    after = checks()
    assert {name: (check.is_good, check.amount) for name, check in after.items() if name != "clock"} == {
        "keys": (True, 2),
        "token": (True, None),
        "grades": (True, 0),
        "members": (True, 1),
    }
    platform.members_answer = (403, {}, b"no")
    platform.token_answers = [(400, {}, b"invalid_client")] * 3
    platform.key_set_answer = (200, {}, b"[]")
    broken = checks()
    assert (broken["keys"].is_good, broken["token"].is_good) == (False, False)
    assert broken["token"].words == "The platform answered 400: invalid_client"


@pytest.mark.parametrize(
    ("date", "is_good"), [("Thu, 01 Jan 2026 00:00:00 GMT", False), ("yesterday", None), (None, True)]
)
def test_the_clocks_are_compared(platform: LtiPlatform, checks: Any, date: str | None, is_good: bool | None) -> None:
    if date is not None:
        platform.key_set_answer = (200, {"Date": date}, b'{"keys": []}')
    assert checks()["clock"].is_good is is_good
