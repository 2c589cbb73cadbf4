"""The run-time API: what it refuses, and that a refusal changes nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.scorm.services.registrations import Registrations, RegistrationView
from hub.scorm.services.tokens import PlayerSession, PlayerTokens
from tests.http.player.conftest import Player, open_player
from tests.support.playing import enrol


@pytest.fixture
def values(hub: Hub, system: Principal, registration: RegistrationView) -> Any:
    """What is stored for the registration's activity."""
    return lambda: hub.service(Registrations).get(system, registration.id).attempts[0].activities[0].values


def test_a_commit_is_kept_and_acknowledged(player: Player, values: Any) -> None:
    answer = player.commit({"cmi.suspend_data": "here"})
    assert answer.status_code == 200
    expected = {"sequence": 1, "statuses": {"one": "in_progress"}, "request": None, "target": None, "moves": None}
    assert answer.json == expected
    assert answer.headers["Cache-Control"] == "no-store"
    assert values()["cmi.suspend_data"] == "here"


def test_a_beacon_carries_its_token_in_the_body(content_client: FlaskClient, player: Player, values: Any) -> None:
    body = {"activity": "one", "session": 1, "base": 0, "sequence": 1, "kind": "commit", "token": player.token}
    answer = content_client.post("/runtime/commits", json={**body, "values": {"cmi.suspend_data": "beacon"}})
    assert answer.status_code == 200
    assert values()["cmi.suspend_data"] == "beacon"


def _forged(hub: Hub, key: bytes, **claims: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    facts = {"aud": hub.settings.content_url, "sub": "0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55", "exp": now + 60}
    return jwt.encode({"alg": "HS256"}, facts | claims, OctKey.import_key(key))


class TestTokens:
    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
    def test_no_token_is_401(self, player: Player, values: Any, token: str) -> None:
        before = values()
        answer = player.call("navigation", {"request": "start"}, token=token)
        assert answer.status_code == 401
        assert answer.json["code"] in ("session_expired", "unauthenticated")
        assert values() == before

    def test_forged_expired_and_misused_tokens_are_401(self, hub: Hub, player: Player) -> None:
        own_key = hub.ports.keys.secret("player-session")
        past = int((datetime.now(UTC) - timedelta(minutes=1)).timestamp())
        for token in (
            _forged(hub, b"x" * 32),
            _forged(hub, own_key, exp=past),
            _forged(hub, own_key, aud="http://elsewhere.example"),
            _forged(hub, own_key),
        ):
            assert player.call("navigation", {"request": "start"}, token=token).status_code == 401

    def test_a_token_is_good_for_one_registration_only(
        self, hub: Hub, content_client: FlaskClient, player: Player, system: Principal, package: Any, values: Any
    ) -> None:
        theirs = open_player(hub, content_client, system, enrol(hub, system, package).id)
        assert theirs.commit({"cmi.suspend_data": "theirs"}).status_code == 200
        assert "cmi.suspend_data" not in values()

    def test_a_token_of_another_tenants_making_finds_nothing(self, hub: Hub, player: Player) -> None:
        session = hub.service(PlayerTokens).read(player.token)
        stranger = PlayerSession(
            hub.ports.ids.uuid(),
            session.launch_id,
            session.version_id,
            "normal",
            session.registration_id,
            session.attempt_id,
        )
        token = hub.service(PlayerTokens).issue(stranger)
        assert player.call("navigation", {"request": "start"}, token=token).status_code == 404

    def test_the_hubs_own_credentials_mean_nothing_here(self, content_client: FlaskClient) -> None:
        answer = content_client.post("/runtime/navigation", json={"request": "start"}, headers={"Cookie": "session=x"})
        assert answer.status_code == 401


class TestBadBodies:
    @pytest.mark.parametrize(
        "changes",
        [
            {"values": {"cmi.suspend_data": 7}},
            {"values": ["cmi.suspend_data"]},
            {"sequence": -1},
            {"sequence": 2**31},
            {"sequence": "1"},
            {"kind": "erase"},
            {"surprise": 1},
            {"session": None},
        ],
    )
    def test_the_fault_is_named(self, player: Player, values: Any, changes: dict[str, Any]) -> None:
        before = values()
        body = {"activity": "one", "session": 1, "base": 0, "sequence": 1, "kind": "commit"}
        answer = player.call("commits", {**body, "values": {"cmi.suspend_data": "x"}, **changes})
        assert answer.status_code == 400
        assert answer.json["code"] == "bad_body"
        assert answer.json["violations"]
        assert values() == before

    @pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b"null"])
    def test_what_is_no_json_object(self, content_client: FlaskClient, player: Player, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {player.token}"}
        assert content_client.post("/runtime/commits", data=body, headers=headers).status_code == 400

    def test_too_much(self, player: Player) -> None:
        assert player.commit({"cmi.suspend_data": "x" * 3_000_000}).status_code == 413

    def test_values_that_break_the_data_model(self, player: Player, values: Any) -> None:
        before = values()
        answer = player.commit({"cmi.core.score.raw": "150", "cmi.core.student_id": "me", "cmi.suspend_data": "x"})
        assert answer.status_code == 422
        assert answer.json["code"] == "data_model"
        found = {each["where"]: each["requirement"] for each in answer.json["violations"]}
        assert found == {
            "cmi.core.score.raw": "SCORM 1.2 error 405",
            "cmi.core.student_id": "SCORM 1.2 error 403",
        }
        assert values() == before

    @pytest.mark.parametrize("name", ["cmi.\ud800", "\0", "cmi.interactions.99999999999.id", "x" * 5000, ""])
    def test_odd_element_names(self, player: Player, name: str) -> None:
        assert player.commit({name: "\ud800"}).status_code == 422

    def test_an_activity_that_is_not_there(self, player: Player) -> None:
        answer = player.commit({}, activity="\ud800 nowhere")
        assert (answer.status_code, answer.json["code"]) == (404, "activity_not_found")

    def test_a_request_that_is_none(self, player: Player) -> None:
        assert player.call("navigation", {"request": "teleport"}).status_code == 400


class TestCalls:
    def test_calls_come_with_a_commit(self, player: Player) -> None:
        calls = [[12, "LMSInitialize", "", "", "true", 0], [3, "LMSSetValue", "cmi.comments", "\0", "true", 0]]
        assert player.commit({}, calls=calls, calls_from=1).status_code == 200

    @pytest.mark.parametrize(
        ("calls", "where"),
        [
            ([[1, "eval", "", "", "", 0]], "calls[0][1]"),
            ([[1, "LMSCommit", "", "", "", 0], [-1, "LMSCommit", "", "", "", 0]], "calls[1][0]"),
            ([[1, "LMSCommit", "", "", "", 1000]], "calls[0][5]"),
            ([[1, "LMSCommit", "", "", "", 0]] * 1001, "calls"),
            ([[1, "LMSCommit", "", "", 0]], "$"),
            ([["1", "LMSCommit", "", "", "", 0]], "$"),
            ("LMSCommit", "$"),
        ],
    )
    def test_calls_that_are_none_are_named_and_change_nothing(
        self, player: Player, values: Any, calls: Any, where: str
    ) -> None:
        answer = player.commit({"cmi.suspend_data": "here"}, calls=calls)
        assert (answer.status_code, answer.json["violations"][0]["where"]) == (400, where)
        assert "cmi.suspend_data" not in values()
