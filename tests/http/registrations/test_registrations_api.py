"""/api/v1/registrations from outside."""

import re
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.errors import Unprocessable
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.comments import Comments
from hub.scorm.spec.replay import Call
from tests.http.registrations.conftest import Program, program
from tests.support.playing import Sco, Window, add_played_course


def wanted(package: UUID, subject: str = "4711", **changes: Any) -> dict[str, Any]:
    """A registration to ask for."""
    return {"package": str(package), "learner": {"subject": subject, "name": "Ada Lovelace"}} | changes


class TestMaking:
    def test_a_learner_is_registered(self, api: Program, package: UUID) -> None:
        answer = api.post("", wanted(package))
        assert answer.status_code == 201
        made = answer.json
        assert made["status"] == "not_begun"
        assert made["learner"]["name"] == "Ada Lovelace"
        assert made["package"] == str(package)
        assert answer.headers["Location"] == f"/api/v1/registrations/{made['id']}"
        assert api.get(f"/{made['id']}").json["registration"] == made["registration"]

    def test_the_same_again_is_the_same(self, api: Program, package: UUID) -> None:
        first, again = (api.post("", wanted(package)).json for _ in range(2))
        other = api.post("", wanted(package, context_key="another course")).json
        assert first["registration"] == again["registration"] != other["registration"]

    def test_an_id_of_the_callers(self, api: Program, package: UUID) -> None:
        made = api.post("", wanted(package, id="enrolment-7")).json
        assert made["id"] == "enrolment-7"
        assert api.get("/enrolment-7").json["registration"] == made["registration"]

    def test_an_id_that_is_taken(self, api: Program, package: UUID) -> None:
        api.post("", wanted(package, id="enrolment-7"))
        answer = api.post("", wanted(package, "another learner", id="enrolment-7"))
        assert (answer.status_code, answer.json["code"]) == (409, "id_taken")

    @pytest.mark.parametrize(
        ("changes", "status", "where"),
        [
            ({"package": "nothing"}, 404, None),
            ({"learner": {}}, 422, "json.learner.subject"),
            ({"learner": {"subject": "x", "email": "no"}}, 422, "json.learner.email"),
            ({"learner": {"subject": "a\0b"}}, 400, None),
            ({"id": ""}, 422, "json.id"),
            ({"id": "a\0b"}, 400, None),
            ({"context_key": "a\0b"}, 400, None),
            ({"surprise": 1}, 422, "json.surprise"),
        ],
    )
    def test_what_is_refused(
        self, api: Program, package: UUID, changes: dict[str, Any], status: int, where: str | None
    ) -> None:
        answer = api.post("", wanted(package) | changes)
        assert answer.status_code == status, answer.text
        if where:
            assert where in [each["where"] for each in answer.json["violations"]]


class TestReading:
    def test_everything_beneath(self, hub: Hub, api: Program, package: UUID, system: Principal) -> None:
        made = api.post("", wanted(package)).json
        Window(hub, system, UUID(made["registration"])).play(
            {"cmi.core.score.raw": "70", "cmi.suspend_data": "\ud800", "cmi.core.lesson_status": "passed"}
        )
        found = api.get(f"/{made['id']}").json
        assert found["status"] == "passed"
        assert found["result"]["score_raw"] == 70
        attempt = found["attempts"][0]
        assert attempt["number"] == 1
        assert attempt["activities"][0]["values"]["cmi.suspend_data"] == "\ufffd"
        assert attempt["activities"][0]["sessions"] == 1
        assert len(found["launches"]) == 1

    def test_pages_hold_everything_once(self, api: Program, package: UUID) -> None:
        made = [api.post("", wanted(package, f"learner {number}")).json["id"] for number in range(5)]
        answer = api.get(limit=2)
        found = [each["id"] for each in answer.json]
        while "Link" in answer.headers:
            answer = api.follow(answer.headers["Link"])
            found += [each["id"] for each in answer.json]
        assert found == made[::-1]

    def test_filters(self, hub: Hub, api: Program, tenant: TenantView, package: UUID, system: Principal) -> None:
        begun = api.post("", wanted(package, "begun")).json
        Window(hub, system, UUID(begun["registration"])).play({"cmi.core.lesson_status": "incomplete"})
        other = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"))
        elsewhere = api.post("", wanted(other, "begun")).json
        ids = lambda **query: {each["id"] for each in api.get(**query).json}  # noqa: E731
        assert ids(package=str(package)) == {begun["id"]}
        assert ids(learner=begun["learner"]["id"]) == {begun["id"], elsewhere["id"]}
        assert ids(status="in_progress") == {begun["id"]}
        assert ids(status="not_begun") == {elsewhere["id"]}
        assert ids(q="lovelace") == {begun["id"], elsewhere["id"]}
        assert ids(q="100%") == set()

    @pytest.mark.parametrize(
        "query", [{"status": "great"}, {"learner": "x"}, {"limit": 0}, {"cursor": "x"}, {"surprise": 1}]
    )
    def test_bad_filters(self, api: Program, query: dict[str, Any]) -> None:
        assert api.get(**query).status_code in (400, 422)

    def test_another_tenants_registration_is_not_there(
        self, hub: Hub, client: FlaskClient, api: Program, package: UUID, make_tenant: Any
    ) -> None:
        made = api.post("", wanted(package)).json
        stranger = program(hub, client, make_tenant(), "registrations:read", "registrations:write")
        assert stranger.get(f"/{made['id']}").status_code == 404
        assert stranger.get().json == []
        assert stranger.post(f"/{made['id']}/launch-link", {}).status_code == 404
        assert stranger.post(f"/{made['id']}/attempts", {}).status_code == 404


class TestComments:
    def test_content_reads_what_was_left(self, hub: Hub, api: Program, system: Principal, tenant: TenantView) -> None:
        """SCORM 2004: a collection with time and place, read only; what is removed is gone at the next launch."""
        made = api.post("", wanted(add_played_course(hub, tenant.id, "scorm_2004", Sco("one"), Sco("two")))).json
        path = f"/{made['id']}/comments"
        first = api.post(path, {"activity": "one", "comment": "Look at question 3.", "location": "page-3"})
        api.post(path, {"activity": "one", "comment": "Well done."})
        assert first.status_code == 201
        assert [each["comment"] for each in api.get(path).json] == ["Look at question 3.", "Well done."]
        window = Window(hub, system, UUID(made["registration"]))
        values = window.go("choice", "one").delivery.values
        assert values["cmi.comments_from_lms.0.comment"] == "Look at question 3."
        assert values["cmi.comments_from_lms.0.location"] == "page-3"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.0Z", values["cmi.comments_from_lms.0.timestamp"])
        assert values["cmi.comments_from_lms.1.comment"] == "Well done."
        with pytest.raises(Unprocessable):
            window.commit({"cmi.comments_from_lms.0.comment": "Full marks."})
        assert not any("comments_from_lms" in name for name in window.go("choice", "two").delivery.values)
        assert api.delete(f"{path}/{first.json['id']}").status_code == 204
        assert api.delete(f"{path}/{first.json['id']}").status_code == 404
        values = window.go("choice", "one").delivery.values
        assert values["cmi.comments_from_lms.0.comment"] == "Well done."
        assert "cmi.comments_from_lms.1.comment" not in values

    def test_scorm_1_2_reads_one_text(self, hub: Hub, api: Program, package: UUID, system: Principal) -> None:
        made = api.post("", wanted(package)).json
        activity = next(iter(hub.service(Comments).activities(system, UUID(made["registration"]))))
        for text in ("First.", "Second \ud83d\ude00"):
            assert api.post(f"/{made['id']}/comments", {"activity": activity, "comment": text}).status_code == 201
        values = Window(hub, system, UUID(made["registration"])).go().delivery.values
        assert values["cmi.comments_from_lms"] == "First.\nSecond \U0001f600"

    @pytest.mark.parametrize(
        ("body", "status", "where"),
        [
            ({"activity": "nowhere", "comment": "x"}, 400, "activity"),
            ({"activity": "one", "comment": "  "}, 400, "comment"),
            ({"activity": "one", "comment": "a\0b"}, 400, "comment"),
            ({"activity": "one", "comment": ""}, 422, "json.comment"),
            ({"activity": "one", "comment": "x" * 4001}, 422, "json.comment"),
            ({"activity": "one", "comment": "x", "location": "x" * 251}, 422, "json.location"),
            ({"comment": "x"}, 422, "json.activity"),
        ],
    )
    def test_what_is_refused(
        self, hub: Hub, api: Program, tenant: TenantView, body: dict[str, Any], status: int, where: str
    ) -> None:
        made = api.post("", wanted(add_played_course(hub, tenant.id, "scorm_2004", Sco("one")))).json
        answer = api.post(f"/{made['id']}/comments", body)
        assert (answer.status_code, [each["where"] for each in answer.json["violations"]]) == (status, [where])
        assert api.get(f"/{made['id']}/comments").json == []

    def test_an_activity_holds_as_many_as_content_can_be_given(
        self, hub: Hub, api: Program, system: Principal, tenant: TenantView
    ) -> None:
        made = api.post("", wanted(add_played_course(hub, tenant.id, "scorm_2004", Sco("one")))).json
        for _ in range(100):
            hub.service(Comments).add(system, UUID(made["registration"]), "one", "x")
        answer = api.post(f"/{made['id']}/comments", {"activity": "one", "comment": "x"})
        assert (answer.status_code, answer.json["code"]) == (409, "too_many_comments")

    def test_another_tenant_neither_reads_nor_leaves_nor_removes(
        self, hub: Hub, client: FlaskClient, api: Program, tenant: TenantView, make_tenant: Any
    ) -> None:
        made = api.post("", wanted(add_played_course(hub, tenant.id, "scorm_2004", Sco("one")))).json
        path = f"/{made['id']}/comments"
        left = api.post(path, {"activity": "one", "comment": "x"}).json
        stranger = program(hub, client, make_tenant(), "registrations:read", "registrations:write")
        assert stranger.get(path).status_code == 404
        assert stranger.post(path, {"activity": "one", "comment": "x"}).status_code == 404
        assert stranger.delete(f"{path}/{left['id']}").status_code == 404
        assert len(api.get(path).json) == 1


class TestLaunching:
    def test_a_link_opens_the_player(self, api: Program, content_client: FlaskClient, package: UUID) -> None:
        made = api.post("", wanted(package)).json
        answer = api.post(f"/{made['id']}/launch-link", {"return_url": "https://lms.example/course", "locale": "de"})
        assert answer.status_code == 201
        assert content_client.get("/play/" + answer.json["url"].rpartition("/")[2]).status_code == 200

    @pytest.mark.parametrize(
        "body", [{"mode": "cheat"}, {"return_url": "javascript:alert(1)"}, {"locale": "../x"}, {"surprise": 1}]
    )
    def test_what_is_refused(self, api: Program, package: UUID, body: dict[str, Any]) -> None:
        made = api.post("", wanted(package)).json
        assert api.post(f"/{made['id']}/launch-link", body).status_code == 422

    def test_reading_is_not_enough(
        self, hub: Hub, client: FlaskClient, api: Program, system: Principal, package: UUID
    ) -> None:
        made = api.post("", wanted(package)).json
        reader = program(hub, client, system, "registrations:read")
        assert reader.get(f"/{made['id']}").status_code == 200
        assert reader.post(f"/{made['id']}/launch-link", {}).status_code == 403

    def test_a_new_attempt(self, hub: Hub, api: Program, package: UUID, system: Principal) -> None:
        made = api.post("", wanted(package)).json
        Window(hub, system, UUID(made["registration"])).play({"cmi.core.score.raw": "70"})
        answer = api.post(f"/{made['id']}/attempts", {})
        assert answer.status_code == 201
        assert answer.json["status"] == "not_begun"
        attempts = api.get(f"/{made['id']}").json["attempts"]
        assert [attempt["ended_at"] is None for attempt in attempts] == [False, True]
        assert attempts[0]["result"]["score_raw"] == 70


class TestActions:
    def test_a_registration_is_set_to_review_and_back(self, api: Program, package: UUID) -> None:
        made = api.post("", wanted(package)).json
        assert api.patch(f"/{made['id']}", {"mode": "review"}).json["mode"] == "review"
        assert api.get(f"/{made['id']}").json["mode"] == "review"
        assert api.patch(f"/{made['id']}", {"mode": "exam"}).status_code == 422
        assert api.patch(f"/{made['id']}", {}).status_code == 422
        assert api.patch("/nothing", {"mode": "review"}).status_code == 404

    def test_a_reset_removes_what_was_tracked(self, api: Program, package: UUID, hub: Hub, system: Principal) -> None:
        made = api.post("", wanted(package)).json
        Window(hub, system, UUID(made["registration"])).play({"cmi.core.lesson_status": "passed"})
        assert api.get(f"/{made['id']}").json["status"] == "passed"
        answer = api.post(f"/{made['id']}/reset", None)
        assert (answer.status_code, answer.json["status"]) == (200, "not_begun")
        after = api.get(f"/{made['id']}").json
        assert (after["attempts"], after["launches"]) == ([], [])

    def test_a_reader_may_not(self, hub: Hub, client: FlaskClient, system: Principal, package: UUID) -> None:
        made = program(hub, client, system, "registrations:write").post("", wanted(package)).json
        reader = program(hub, client, system, "registrations:read")
        assert reader.patch(f"/{made['id']}", {"mode": "review"}).status_code == 403
        assert reader.post(f"/{made['id']}/reset", None).status_code == 403


class TestReplay:
    def test_an_attempt_is_replayed(
        self, hub: Hub, client: FlaskClient, system: Principal, api: Program, package: UUID
    ) -> None:
        made = api.post("", wanted(package)).json
        window = Window(hub, system, UUID(made["registration"]))
        window.go()
        window.commit(calls=[Call(5, "LMSInitialize", "", "", "true", 0), Call(1, "LMSGetValue", "x", "", "", 201)])
        support = program(hub, client, system, "replays:read")
        found = support.get(f"/{made['id']}/attempts/1/replay").json
        assert [record["kind"] for record in found["records"]] == ["navigation", "calls"]
        assert found["records"][1]["calls"][1]["error_words"] == "Invalid argument error"
        first = support.get(f"/{made['id']}/attempts/1/replay", limit=1)
        assert len(first.json["records"]) == 1
        assert support.follow(first.headers["Link"]).json["records"][0]["kind"] == "calls"
        assert support.get(f"/{made['id']}/attempts/2/replay").status_code == 404
        assert support.get(f"/{made['id']}/attempts/1/replay", kind="clicks").status_code == 422
        assert api.get(f"/{made['id']}/attempts/1/replay").status_code == 403
