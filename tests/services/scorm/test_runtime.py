"""The run-time service: commits, sessions, attempts, statements, news."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.errors import Conflict, Gone, Invalid, NotFound, Unprocessable
from hub.events import RegistrationProgressed
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from hub.scorm.services.learners import Learners
from hub.scorm.services.packages import Packages
from hub.scorm.services.registrations import RegistrationDetail, Registrations
from hub.scorm.services.tokens import PlayerTokens
from hub.scorm.spec.delivery import Store
from hub.scorm.spec.manifest.course import (
    Condition,
    ControlMode,
    DataMap,
    Objective,
    ObjectiveMap,
    Sequencing,
    SequencingRule,
)
from hub.scorm.storage import tables
from tests.support.playing import Sco, Window, add_played_course, enrol, said

Open = Callable[..., Window]


@pytest.fixture
def detail(hub: Hub, system: Principal) -> Callable[[UUID], RegistrationDetail]:
    return lambda registration_id: hub.service(Registrations).get(system, registration_id)


@pytest.fixture
def window12(hub: Hub, tenant: TenantView, system: Principal) -> Window:
    """A player on a SCORM 1.2 course of one SCO."""
    package = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one", columns={"mastery_score": 80.0}))
    return Window(hub, system, enrol(hub, system, package).id)


@pytest.fixture
def window2004(hub: Hub, tenant: TenantView, system: Principal) -> Window:
    """A player on a SCORM 2004 course of two SCOs and an asset."""
    asset = Sco("three", columns={"scorm_type": "asset"})
    package = add_played_course(hub, tenant.id, "scorm_2004", Sco("one"), Sco("two"), asset)
    return Window(hub, system, enrol(hub, system, package).id)


def verbs(hub: Hub, window: Window) -> list[str]:
    """The verbs of the registration's statements, the first one first."""
    return [statement["verb"]["display"]["en-US"] for statement in said(hub, window)]


class TestFirstSession:
    def test_content_finds_a_fresh_data_model(self, window12: Window) -> None:
        delivery = window12.go().delivery
        assert delivery is not None
        assert delivery.api == "API"
        assert delivery.values["cmi.core.entry"] == "ab-initio"
        assert delivery.values["cmi.core.student_name"] == "Ada Lovelace"
        assert delivery.values["cmi.student_data.mastery_score"] == "80"
        assert delivery.values["cmi.core.lesson_status"] == "not attempted"
        assert delivery.url.endswith("/one.html")

    def test_what_content_sets_is_kept(self, window12: Window, detail: Any) -> None:
        window12.go()
        window12.commit({"cmi.core.lesson_location": "page-3", "cmi.suspend_data": "abc"})
        activity = detail(window12.session.registration_id).attempts[0].activities[0]
        assert activity.location == "page-3"
        assert activity.values["cmi.suspend_data"] == "abc"
        assert activity.status == "in_progress"

    def test_the_whole_job_says_the_profiles_statements(self, hub: Hub, window12: Window, detail: Any) -> None:
        window12.go()
        window12.commit(kind="initialize")
        window12.commit(
            {
                "cmi.core.score.raw": "90",
                "cmi.core.lesson_status": "completed",
                "cmi.interactions.0.id": "q1",
                "cmi.interactions.0.type": "choice",
                "cmi.interactions.0.student_response": "a",
                "cmi.interactions.0.result": "correct",
            }
        )
        window12.commit({"cmi.core.session_time": "00:10:00.50"}, kind="terminate")
        assert verbs(hub, window12) == ["initialized", "responded", "scored", "completed", "passed", "terminated"]
        last = said(hub, window12)[-1]
        assert last["result"]["success"] is True
        assert last["result"]["completion"] is True
        assert last["result"]["score"]["scaled"] == 0.9
        registration = detail(window12.session.registration_id).registration
        assert registration.status == "passed"
        assert registration.result.score_raw == 90
        assert registration.completed_at is not None


class TestTime:
    def test_a_visit_counts_though_it_changes_no_result(self, hub: Hub, window2004: Window, detail: Any) -> None:
        window2004.go()
        window2004.commit({"cmi.completion_status": "incomplete"})
        _begun_earlier(hub, window2004, minutes=10)
        window2004.commit({"cmi.session_time": "PT8M", "cmi.exit": "suspend"}, kind="terminate")
        assert detail(window2004.session.registration_id).registration.result.duration_seconds == 480

    def test_content_that_is_cut_off_was_visited_all_the_same(self, hub: Hub, window12: Window, detail: Any) -> None:
        window12.go()
        window12.commit({"cmi.core.lesson_status": "incomplete"})
        _begun_earlier(hub, window12, minutes=10)
        window12.commit({"cmi.core.lesson_location": "page-2"})
        window12.go()
        assert detail(window12.session.registration_id).registration.result.duration_seconds == pytest.approx(600, 0.1)


def _begun_earlier(hub: Hub, window: Window, minutes: int) -> None:
    """Let the session that is open have begun before now."""
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.psycopg.execute(
            "UPDATE runtime_state SET session_began_at = session_began_at - %s * interval '1 minute'"
            " WHERE tenant_id = %s AND session_exit IS NULL",
            (minutes, window.session.tenant_id),
        )


class TestRepeatedCommits:
    def test_a_doubled_commit_changes_nothing(self, hub: Hub, window12: Window) -> None:
        window12.go()
        window12.commit({"cmi.core.lesson_status": "completed"})
        before = verbs(hub, window12)
        again = window12.commit({"cmi.core.lesson_status": "failed"}, sequence=1, base=0)
        assert again.sequence == 1
        assert verbs(hub, window12) == before

    def test_a_late_commit_changes_nothing(self, window12: Window, detail: Any) -> None:
        window12.go()
        window12.commit({"cmi.suspend_data": "new"}, sequence=5, base=0)
        window12.commit({"cmi.suspend_data": "old"}, sequence=3, base=0)
        values = detail(window12.session.registration_id).attempts[0].activities[0].values
        assert values["cmi.suspend_data"] == "new"

    def test_a_gap_is_refused(self, window12: Window) -> None:
        window12.go()
        with pytest.raises(Conflict, match="in between"):
            window12.commit({"cmi.suspend_data": "x"}, sequence=9, base=8)

    def test_a_commit_after_the_end_is_refused(self, window12: Window) -> None:
        window12.go()
        window12.commit(kind="terminate")
        with pytest.raises(Conflict) as refusal:
            window12.commit({"cmi.suspend_data": "x"})
        assert refusal.value.code == "stale_session"


class TestConcurrency:
    def test_the_same_commit_many_times_at_once_counts_once(self, hub: Hub, window12: Window) -> None:
        window12.go()
        window12.commit(kind="initialize")
        values = {"cmi.core.score.raw": "90", "cmi.core.lesson_status": "passed"}
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: window12.commit(values, sequence=2, base=1), range(8)))
        assert {answer.sequence for answer in answers} == {2}
        assert verbs(hub, window12) == ["initialized", "scored", "completed", "passed"]

    def test_commits_of_many_learners_at_once_are_all_kept(
        self, hub: Hub, tenant: TenantView, system: Principal, detail: Any
    ) -> None:
        package = add_played_course(hub, tenant.id, "scorm_2004", Sco("one"), Sco("two"))
        windows = [Window(hub, system, enrol(hub, system, package).id) for _ in range(6)]

        def learn(window: Window) -> None:
            for target in ("one", "two"):
                window.play({"cmi.completion_status": "completed", "cmi.score.scaled": "1"}, target)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(learn, windows))
        results = [detail(window.session.registration_id).registration for window in windows]
        assert [(each.status, each.result.score_scaled) for each in results] == [("completed", 1.0)] * 6

    def test_a_registration_is_made_once(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        package = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"))

        def register(_: int) -> UUID:
            learner = hub.service(Learners).ensure(system, "https://lms.example", "4711", "Ada")
            return hub.service(Registrations).ensure(system, learner.id, package).id

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(register, range(8)))) == 1


class TestBadValues:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("cmi.core.score.raw", "101"),
            ("cmi.core.lesson_status", "great"),
            ("cmi.core.student_id", "somebody-else"),
            ("cmi.core.total_time", "99:00:00"),
            ("cmi.nonsense", "x"),
            ("cmi.objectives.3.id", "o"),
        ],
    )
    def test_the_element_is_named_and_nothing_is_kept(
        self, window12: Window, detail: Any, name: str, value: str
    ) -> None:
        window12.go()
        window12.commit({"cmi.suspend_data": "kept", "cmi.core.score.raw": "100"})
        with pytest.raises(Unprocessable) as refusal:
            window12.commit({name: value, "cmi.suspend_data": "lost"})
        assert refusal.value.violations[0].where == name.removesuffix(".id")
        values = detail(window12.session.registration_id).attempts[0].activities[0].values
        assert values["cmi.suspend_data"] == "kept"

    def test_text_that_json_databases_refuse_is_kept_exactly(self, window12: Window) -> None:
        awkward = "\x00 \ud800 \U0001f600 end"
        window12.go()
        window12.commit({"cmi.suspend_data": awkward, "cmi.core.lesson_location": awkward})
        window12.commit({"cmi.core.exit": "suspend"}, kind="terminate")
        delivery = window12.go().delivery
        assert delivery is not None
        assert delivery.values["cmi.suspend_data"] == awkward


class TestLongSuspendData:
    def test_the_author_is_told_once(self, hub: Hub, window12: Window, system: Principal, detail: Any) -> None:
        """SCORM 1.2 allows 4,096 characters; what content stores is kept, and the version's report says so."""
        registration = detail(window12.session.registration_id).registration
        window12.go()
        window12.commit({"cmi.suspend_data": "x" * 4096})
        report = hub.service(Packages).report(system, registration.package_external_id)
        assert report.findings == []
        for length in (5000, 6000):
            window12.commit({"cmi.suspend_data": "x" * length})
        activity = detail(window12.session.registration_id).attempts[0].activities[0]
        assert len(activity.values["cmi.suspend_data"]) == 6000
        (note,) = hub.service(Packages).report(system, registration.package_external_id).findings
        assert (note["code"], note["severity"]) == ("runtime.suspend-data-long", "hint")
        assert "5000 characters" in note["message"]


class TestComingBack:
    def test_a_suspended_session_is_resumed(self, hub: Hub, window12: Window, system: Principal) -> None:
        window12.go()
        window12.commit(kind="initialize")
        values = {"cmi.suspend_data": "here", "cmi.core.exit": "suspend", "cmi.core.session_time": "00:01:00"}
        window12.commit(values, kind="terminate")
        again = Window(hub, system, window12.session.registration_id).go().delivery
        assert again is not None
        assert again.values["cmi.core.entry"] == "resume"
        assert again.values["cmi.suspend_data"] == "here"
        assert again.values["cmi.core.total_time"] == "0000:01:00"
        assert "cmi.core.exit" not in again.values
        assert verbs(hub, window12) == ["initialized", "suspended"]

    def test_a_session_that_was_cut_off_is_resumed(self, hub: Hub, window2004: Window, system: Principal) -> None:
        window2004.go()
        window2004.commit({"cmi.location": "7", "cmi.session_time": "PT30S"})
        later = Window(hub, system, window2004.session.registration_id)
        delivery = later.go().delivery
        assert delivery is not None
        assert delivery.values["cmi.entry"] == "resume"
        assert delivery.values["cmi.location"] == "7"
        assert delivery.values["cmi.total_time"] == "PT30S"
        later.commit(kind="initialize")
        assert verbs(hub, later) == ["initialized", "suspended", "resumed"]

    def test_content_that_never_began_begins_afresh(self, window2004: Window) -> None:
        window2004.go()
        delivery = window2004.go().delivery
        assert delivery is not None
        assert delivery.values["cmi.entry"] == "ab-initio"

    def test_a_normal_exit_starts_anew_in_2004(self, window2004: Window) -> None:
        window2004.play({"cmi.location": "7", "cmi.exit": "normal", "cmi.completion_status": "completed"})
        delivery = window2004.go("choice", "one").delivery
        assert delivery is not None
        assert delivery.values["cmi.entry"] == "ab-initio"
        assert "cmi.location" not in delivery.values

    def test_a_normal_exit_keeps_data_in_12(self, window12: Window) -> None:
        window12.play({"cmi.suspend_data": "kept"})
        delivery = window12.go().delivery
        assert delivery is not None
        assert delivery.values["cmi.core.entry"] == ""
        assert delivery.values["cmi.suspend_data"] == "kept"
        assert delivery.values["cmi.core.lesson_status"] == "completed"

    def test_leaving_suspends_2004_content_whatever_it_set(self, window2004: Window) -> None:
        window2004.play({"cmi.location": "7", "cmi.exit": "normal"})
        assert window2004.go("suspendAll").ended
        delivery = window2004.go().delivery
        assert delivery is not None
        assert delivery.values["cmi.entry"] == "resume"

    def test_preferences_follow_the_learner(self, window2004: Window) -> None:
        window2004.play({"cmi.learner_preference.audio_level": "0.5"})
        delivery = window2004.go("choice", "two").delivery
        assert delivery is not None
        assert delivery.values["cmi.learner_preference.audio_level"] == "0.5"


class TestWindows:
    def test_the_newer_window_takes_over(self, hub: Hub, window12: Window, system: Principal) -> None:
        window12.go()
        newer = Window(hub, system, window12.session.registration_id)
        newer.go()
        with pytest.raises(Conflict) as refusal:
            window12.commit({"cmi.suspend_data": "old window"})
        assert refusal.value.code == "superseded"
        newer.commit({"cmi.suspend_data": "new window"})

    def test_a_stale_delivery_cannot_write(self, window12: Window) -> None:
        first = window12.go().delivery
        assert first is not None
        window12.commit({"cmi.suspend_data": "first"})
        window12.go()
        with pytest.raises(Conflict) as refusal:
            window12.commit({"cmi.suspend_data": "late"}, session=first.session)
        assert refusal.value.code == "stale_session"

    def test_a_new_attempt_ends_the_old_windows(self, hub: Hub, window12: Window, system: Principal) -> None:
        window12.play({"cmi.core.score.raw": "90"})
        found = hub.service(Registrations).begin_attempt(system, window12.session.registration_id)
        assert found.status == "not_begun"
        with pytest.raises(NotFound) as refusal:
            window12.go()
        assert refusal.value.code == "attempt_ended"
        delivery = Window(hub, system, found.id).go().delivery
        assert delivery is not None
        assert delivery.values["cmi.core.entry"] == "ab-initio"


class TestSeveralActivities:
    def test_flow_and_choice(self, window2004: Window) -> None:
        first = window2004.go()
        assert (first.delivery.activity, first.moves.forward, first.moves.backward) == ("one", True, False)
        second = window2004.go("continue")
        assert (second.delivery.activity, second.moves.forward, second.moves.backward) == ("two", True, True)
        assert window2004.go("previous").delivery.activity == "one"
        assert window2004.go("choice", "three").delivery.activity == "three"
        assert window2004.go("continue").ended

    def test_an_unknown_choice_is_refused(self, window2004: Window) -> None:
        window2004.go()
        assert window2004.go("choice", "nowhere").delivery.activity == "one"

    def test_an_asset_is_completed_when_shown(self, window2004: Window) -> None:
        destination = window2004.go("choice", "three")
        assert destination.statuses == {"one": "not_begun", "two": "not_begun", "three": "completed"}

    def test_an_asset_that_speaks_is_heard(self, window2004: Window, detail: Any) -> None:
        """Authors forget adlcp:scormType; what such content reports counts like a SCO's."""
        window2004.go("choice", "three")
        window2004.commit({}, kind="initialize")
        window2004.commit({"cmi.location": "7", "cmi.success_status": "failed"}, kind="terminate")
        with pytest.raises(Conflict, match="already been ended"):
            window2004.commit({"cmi.location": "8"})
        activity = detail(window2004.session.registration_id).attempts[0].activities[2]
        assert (activity.location, activity.status) == ("7", "failed")

    def test_content_on_another_site_counts_as_an_asset(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        sco = Sco("far", columns={"href": "https://elsewhere.example/course?x=1"})
        window = Window(hub, system, enrol(hub, system, add_played_course(hub, tenant.id, "scorm_1_2", sco)).id)
        destination = window.go()
        assert destination.delivery.url == "https://elsewhere.example/course?x=1"
        assert destination.delivery.api is None
        assert destination.statuses == {"far": "completed"}

    def test_the_course_is_completed_when_all_are(self, hub: Hub, window2004: Window, detail: Any) -> None:
        window2004.go("choice", "three")
        done = {"cmi.completion_status": "completed", "cmi.success_status": "passed"}
        window2004.play({**done, "cmi.score.scaled": "0.5"}, "one")
        view = detail(window2004.session.registration_id).registration
        assert (view.result.completion, view.result.success) == ("incomplete", "unknown")
        window2004.play({**done, "cmi.score.scaled": "1"}, "two")
        view = detail(window2004.session.registration_id).registration
        assert (view.result.completion, view.result.success) == ("completed", "passed")
        # The asset has no measure but the weight of one (SN RB.1.1): a third of the course.
        assert view.result.score_scaled == 0.5
        course = [each for each in said(hub, window2004) if each["object"]["definition"]["type"].endswith("course")]
        assert {each["verb"]["display"]["en-US"] for each in course} == {"scored", "completed", "passed"}

    def test_content_asks_to_go_on(self, window2004: Window) -> None:
        window2004.go()
        answer = window2004.commit({}, "terminate", navigation="{target=three}choice")
        assert (answer.request, answer.target) == ("choice", "three")


class TestPrerequisites:
    """SCORM 1.2: what has to be done before an item may be opened."""

    DONE: ClassVar = {"cmi.core.lesson_status": "completed"}

    @pytest.fixture
    def window(self, hub: Hub, tenant: TenantView, system: Principal) -> Window:
        scos = (Sco("one"), Sco("two", prerequisites="one"), Sco("three", prerequisites="one & two"))
        package = add_played_course(hub, tenant.id, "scorm_1_2", *scos)
        return Window(hub, system, enrol(hub, system, package).id)

    def test_items_open_one_after_the_other(self, window: Window) -> None:
        destination = window.go()
        assert (destination.delivery.activity, list(destination.moves.choices)) == ("one", ["one"])
        assert destination.moves.forward is False
        answer = window.commit(self.DONE, kind="terminate")
        assert (answer.moves.forward, list(answer.moves.choices)) == (True, ["one", "two"])
        destination = window.go("continue")
        assert destination.delivery.activity == "two"
        window.commit(self.DONE, kind="terminate")
        assert window.go("choice", "three").delivery.activity == "three"
        window.commit(self.DONE, kind="terminate")
        assert window.go("continue").ended

    def test_what_is_closed_is_not_delivered(self, window: Window) -> None:
        window.go()
        for request, target in (("choice", "three"), ("jump", "two"), ("continue", None)):
            destination = window.go(request, target)
            assert (destination.delivery, destination.ended, destination.refusal) == (None, False, "prerequisites")
        assert window.go("start").delivery.activity == "one"
        assert window.go("suspendAll").ended


class TestSequencing:
    GATE = Sequencing(
        pre_condition_rules=(
            SequencingRule(
                "disabled",
                (
                    Condition("objectiveStatusKnown", operator="not", referenced_objective="test"),
                    Condition("satisfied", operator="not", referenced_objective="test"),
                ),
                combination="any",
            ),
        ),
        objectives=(
            Objective(None, True),
            Objective("test", False, maps=(ObjectiveMap("global.test", read_satisfied_status=True),)),
        ),
    )
    TEST = Sequencing(
        objectives=(Objective("result", True, maps=(ObjectiveMap("global.test", write_satisfied_status=True),)),)
    )

    def open(self, hub: Hub, tenant: TenantView, system: Principal, *scos: Sco, **options: Any) -> Window:
        package = add_played_course(hub, tenant.id, "scorm_2004", *scos, **options)
        return Window(hub, system, enrol(hub, system, package).id)

    def test_a_gate_opens_when_the_test_is_passed(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        scos = (Sco("test", sequencing=self.TEST), Sco("prize", sequencing=self.GATE))
        window = self.open(hub, tenant, system, *scos)
        assert "prize" not in window.go().moves.choices
        window.commit(kind="initialize")
        window.commit({"cmi.success_status": "failed", "cmi.exit": "suspend"}, kind="terminate")
        refused = window.go("choice", "prize")
        assert refused.delivery is None
        assert refused.refusal is not None
        answer = window.play({"cmi.success_status": "passed"}, "test")
        assert answer.moves is not None
        assert "prize" in answer.moves.choices
        assert window.go("choice", "prize").delivery.activity == "prize"

    def test_global_objectives_follow_the_learner_into_other_courses(
        self, hub: Hub, tenant: TenantView, system: Principal
    ) -> None:
        first = self.open(hub, tenant, system, Sco("test", sequencing=self.TEST))
        first.play({"cmi.success_status": "passed"})
        first.go("suspendAll")
        package = add_played_course(hub, tenant.id, "scorm_2004", Sco("intro"), Sco("prize", sequencing=self.GATE))
        learner = hub.service(Registrations).get(system, first.session.registration_id).registration.learner
        registration = hub.service(Registrations).ensure(system, learner.id, package)
        assert "prize" in Window(hub, system, registration.id).go().moves.choices
        stranger = enrol(hub, system, package)
        assert "prize" not in Window(hub, system, stranger.id).go().moves.choices

    def test_without_flow_the_learner_chooses(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        window = self.open(hub, tenant, system, Sco("one"), Sco("two"), sequencing=Sequencing())
        opened = window.go()
        assert (opened.delivery, opened.ended, opened.refusal) == (None, False, "SB.2.2-1")
        assert set(opened.moves.choices) >= {"one", "two"}
        assert window.go("choice", "two").delivery.activity == "two"
        assert window.go("continue").delivery.activity == "two"

    def test_a_course_of_one_starts_flow_or_no_flow(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        window = self.open(hub, tenant, system, Sco("one"), sequencing=Sequencing())
        assert window.go().delivery.activity == "one"

    def test_abandoned_content_does_not_count(
        self, hub: Hub, tenant: TenantView, system: Principal, detail: Any
    ) -> None:
        window = self.open(hub, tenant, system, Sco("one"), Sco("two"))
        window.go()
        window.commit(kind="initialize")
        done = {"cmi.completion_status": "completed", "cmi.success_status": "passed"}
        answer = window.commit(done, kind="terminate", navigation="abandon")
        assert answer.request == "abandon"
        destination = window.go("abandon")
        assert (destination.delivery, destination.ended) == (None, False)
        view = detail(window.session.registration_id)
        assert view.registration.result.success == "unknown"
        assert view.attempts[0].activities[0].status == "in_progress"
        assert window.go("choice", "one").delivery.values["cmi.entry"] == "ab-initio"

    def test_what_is_shared_between_scos_arrives(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        maps = (DataMap("notes"), DataMap("secret", write_shared_data=False))
        window = self.open(hub, tenant, system, Sco("one", data_maps=maps), Sco("two", data_maps=maps[:1]))
        assert window.go().delivery.values["adl.data.1.id"] == "secret"
        assert window.delivery.stores == [Store(read=True, write=True), Store(read=True, write=False)]
        for closed, code in (("adl.data.1.store", 404), ("adl.data.2.store", 351)):
            with pytest.raises(Unprocessable) as refused:
                window.commit({"adl.data.0.store": "hello", closed: "no"}, base=0)
            assert [(fault.where, fault.requirement) for fault in refused.value.violations] == [
                (closed, f"SCORM 2004 error {code}")
            ]
        window.commit({"adl.data.0.store": "hello"}, kind="terminate", base=0)
        values = window.go("continue").delivery.values
        assert (values["adl.data.0.id"], values["adl.data.0.store"]) == ("notes", "hello")
        assert "adl.data.1.store" not in window.go("previous").delivery.values

    def test_opening_a_running_course_completes_nothing(
        self, hub: Hub, tenant: TenantView, system: Principal, detail: Any
    ) -> None:
        window = self.open(hub, tenant, system, Sco("one"))
        window.go()
        window.commit({"cmi.location": "2"})
        assert detail(window.session.registration_id).registration.result.completion == "unknown"
        window.go()
        assert detail(window.session.registration_id).registration.result.completion == "unknown"
        window.commit({"cmi.completion_status": "completed"})
        assert detail(window.session.registration_id).registration.result.completion == "completed"

    def test_going_through_a_finished_course_again_costs_nothing(
        self, hub: Hub, tenant: TenantView, system: Principal, detail: Any
    ) -> None:
        window = self.open(hub, tenant, system, Sco("one"), Sco("two"))
        done = {"cmi.completion_status": "completed", "cmi.success_status": "passed", "cmi.score.scaled": "1"}
        window.play(done, "one")
        window.play(done, "two")
        assert window.go("continue").ended
        assert window.go().delivery.values["cmi.entry"] == "ab-initio"
        window.commit({"cmi.completion_status": "incomplete"})
        view = detail(window.session.registration_id).registration
        assert (view.status, view.result.completion, view.result.score_scaled) == ("passed", "completed", 1.0)
        worse = {"cmi.completion_status": "completed", "cmi.success_status": "failed", "cmi.score.scaled": "0"}
        window.commit(worse, kind="terminate")
        window.play(worse, "two")
        assert detail(window.session.registration_id).registration.status == "failed"

    def test_leaving_by_the_contents_own_exit_ends_a_course_of_one(
        self, hub: Hub, tenant: TenantView, system: Principal
    ) -> None:
        window = self.open(hub, tenant, system, Sco("one"))
        window.go()
        assert window.commit({"cmi.exit": "normal"}, kind="terminate", navigation="exit").request == "exit"
        assert window.go("exit").ended
        assert window.go().delivery.values["cmi.entry"] == "ab-initio"

    def test_a_learner_who_left_between_two_activities_is_not_locked_out(
        self, hub: Hub, tenant: TenantView, system: Principal
    ) -> None:
        flow_only = Sequencing(control_mode=ControlMode(choice=False, flow=True))
        window = self.open(hub, tenant, system, Sco("one"), Sco("two"), sequencing=flow_only)
        window.play({"cmi.completion_status": "completed"})
        assert window.go("exit").refusal is None
        assert window.go("suspendAll").ended
        again = Window(hub, system, window.session.registration_id).go()
        assert again.refusal is None
        assert again.delivery is not None

    def test_a_time_out_ends_the_attempt(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        window = self.open(hub, tenant, system, Sco("one"), Sco("two"))
        window.go()
        assert window.commit({"cmi.exit": "time-out"}, kind="terminate").request == "exitAll"


class TestNews:
    def test_each_change_is_published_in_the_transaction(
        self, hub: Hub, window12: Window, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[RegistrationProgressed] = []
        handlers = [*hub.events._handlers[RegistrationProgressed], lambda work, news: heard.append(news)]
        monkeypatch.setitem(hub.events._handlers, RegistrationProgressed, handlers)
        window12.play({"cmi.core.score.raw": "40"})
        assert [news.ended for news in heard] == [False, True]
        assert (heard[-1].success, heard[-1].score_raw, heard[-1].score_scaled) == ("failed", 40, 0.4)

    def test_nothing_is_kept_when_news_cannot_be_told(
        self, hub: Hub, window12: Window, detail: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        window12.go()
        window12.commit(kind="initialize")

        def fail(work: Any, news: Any) -> None:
            raise RuntimeError("no")

        monkeypatch.setitem(hub.events._handlers, RegistrationProgressed, [fail])
        with pytest.raises(RuntimeError):
            window12.commit({"cmi.core.lesson_status": "completed"})
        assert verbs(hub, window12) == ["initialized"]
        assert detail(window12.session.registration_id).registration.status == "in_progress"


class TestWithoutRecording:
    def test_a_preview_leaves_no_trace(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        package = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"))
        link = hub.service(Launches).preview(system, package)
        opening = hub.service(Launches).open(link.url.rpartition("/")[2], None, "test")
        window = Window.__new__(Window)
        window.hub, window.session = hub, hub.service(PlayerTokens).read(opening.token)
        window.sequence = 0
        delivery = window.go().delivery
        assert delivery is not None
        assert delivery.values["cmi.core.lesson_mode"] == "browse"
        assert delivery.values["cmi.core.credit"] == "no-credit"
        window.commit({"cmi.core.lesson_status": "passed"}, kind="terminate")
        assert said(hub, window) == []

    def test_a_review_shows_and_changes_nothing(
        self, hub: Hub, window12: Window, system: Principal, detail: Any
    ) -> None:
        window12.play({"cmi.suspend_data": "mine", "cmi.core.exit": "suspend"})
        review = Window(hub, system, window12.session.registration_id, mode="review")
        delivery = review.go().delivery
        assert delivery is not None
        assert delivery.values["cmi.core.lesson_mode"] == "review"
        assert delivery.values["cmi.suspend_data"] == "mine"
        review.commit({"cmi.suspend_data": "changed"}, kind="terminate")
        values = detail(window12.session.registration_id).attempts[0].activities[0].values
        assert values["cmi.suspend_data"] == "mine"


class TestOpening:
    def test_the_browser_that_has_it_open_gets_a_new_token(self, hub: Hub, window12: Window, system: Principal) -> None:
        launches, tokens = hub.service(Launches), hub.service(PlayerTokens)
        address = launches.create(system, window12.session.registration_id).url.rpartition("/")[2]
        opening = launches.open(address, None, "test")
        renewed = launches.renew(address, opening.browser_secret)
        assert tokens.read(renewed) == tokens.read(opening.token)
        for secret in (None, "another browser's secret"):
            with pytest.raises(Gone):
                launches.renew(address, secret)
        with pytest.raises(NotFound):
            launches.renew("nothing", opening.browser_secret)
        unopened = launches.create(system, window12.session.registration_id).url.rpartition("/")[2]
        with pytest.raises(NotFound):
            launches.renew(unopened, None)
        launches.open(unopened, None, "test")
        with pytest.raises(Conflict) as taken_over:
            launches.renew(address, opening.browser_secret)
        assert taken_over.value.code == "superseded"

    def test_only_pages_of_an_attempt_can_read_what_is_kept_of_it(
        self, hub: Hub, tenant: TenantView, window12: Window, system: Principal
    ) -> None:
        launches = hub.service(Launches)

        def key(registration_id: UUID | None, **options: Any) -> str | None:
            address = launches.create(system, registration_id, **options).url.rpartition("/")[2]
            return launches.open(address, None, "test").journal_key

        own = window12.session.registration_id
        other = enrol(hub, system, add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"))).id
        assert key(own) == key(own)
        assert key(own) != key(other)
        assert key(own, mode="review") is None

    def test_an_address_opens_once(self, hub: Hub, window12: Window, system: Principal) -> None:
        launches = hub.service(Launches)
        token = launches.create(system, window12.session.registration_id).url.rpartition("/")[2]
        opening = launches.open(token, None, "test")
        assert opening.browser_secret is not None
        with pytest.raises(Gone) as refusal:
            launches.open(token, None, "test")
        assert refusal.value.code == "launch_used"
        with pytest.raises(Gone):
            launches.open(token, "another browser's secret", "test")
        assert launches.open(token, opening.browser_secret, "test").browser_secret is None

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//host", "https://a\0b", "/path", ""])
    def test_only_web_addresses_are_returned_to(self, hub: Hub, window12: Window, system: Principal, url: str) -> None:
        with pytest.raises(Invalid) as refusal:
            hub.service(Launches).create(system, window12.session.registration_id, return_url=url)
        assert refusal.value.code == "bad_return_url"

    def test_names_that_no_database_holds_are_mended(self, hub: Hub, system: Principal) -> None:
        learner = hub.service(Learners).ensure(system, "https://lms.example", "4711", "A\0da\ud800", "a\0@b.c")
        assert (learner.name, learner.email) == ("A\ufffdda\ufffd", "a\ufffd@b.c")
        with pytest.raises(Invalid):
            hub.service(Learners).ensure(system, "https://lms.example", "4\0", "Ada")

    def test_an_unknown_address_opens_nothing(self, hub: Hub) -> None:
        with pytest.raises(NotFound):
            hub.service(Launches).open("nothing", None, "test")


class TestGroups:
    """How the lines of the outline stand that have no content of their own."""

    def test_a_sequenced_course_says_what_was_rolled_up(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        package = add_played_course(hub, tenant.id, "scorm_2004", Sco("one"), Sco("two"))
        window = Window(hub, system, enrol(hub, system, package).id)
        assert window.go().groups == {"org": "in_progress"}
        for name in ("one", "two"):
            window.play({"cmi.completion_status": "completed", "cmi.success_status": "passed"}, name)
        assert window.go("exitAll").groups == {"org": "passed"}

    def test_scorm_1_2_says_what_hangs_below(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        package = add_played_course(
            hub,
            tenant.id,
            "scorm_1_2",
            Sco("block", columns={"href": None, "scorm_type": None}),
            Sco("one"),
            Sco("two"),
        )
        with hub.db.unit_of_work(EVERY_TENANT) as work:
            activity = {name: tables.Activity.identifier == name for name in ("block", "one", "two")}
            block = select(tables.Activity.id).where(activity["block"], tables.Activity.tenant_id == tenant.id)
            below = update(tables.Activity).where(
                activity["one"] | activity["two"], tables.Activity.tenant_id == tenant.id
            )
            work.session.execute(below.values(parent_id=block.scalar_subquery()))
        window = Window(hub, system, enrol(hub, system, package).id)
        assert window.go().groups == {"block": "in_progress"}
        window.play({"cmi.core.lesson_status": "completed"}, "one")
        assert window.go("choice", "two").groups == {"block": "in_progress"}
        window.commit({"cmi.core.lesson_status": "failed"}, kind="terminate")
        assert window.go("suspendAll").groups == {"block": "failed"}
