"""Settings of packages in the running player: each one is honoured, and attempts keep the rules they began with."""

from typing import Any
from uuid import UUID

import pytest

from hub.bootstrap import Hub
from hub.errors import Forbidden, NotFound, PreconditionFailed, Unprocessable
from hub.events import RegistrationProgressed
from hub.identity import Principal
from hub.oauth.services.audit_log import AuditLog
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.package_settings import SettingsOfPackages
from hub.scorm.services.registrations import Registrations, RegistrationView
from tests.services.scorm.test_runtime import verbs
from tests.support.playing import Sco, Window, add_played_course, enrol

PASSED = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "60"}
COMPLETED = {"cmi.core.lesson_status": "completed", "cmi.core.score.raw": "90"}


class Course:
    """A course of SCORM 1.2, its settings and one learner."""

    def __init__(self, hub: Hub, system: Principal, *scos: str) -> None:
        self.hub, self.system = hub, system
        self.package = add_played_course(hub, system.tenant_id, "scorm_1_2", *(Sco(one) for one in scos))
        self.registration_id = enrol(hub, system, self.package).id

    def set(self, version: int | None = None, **changes: Any) -> None:
        self.hub.service(SettingsOfPackages).change(self.system, str(self.package), changes, version)

    def open(self) -> Window:
        return Window(self.hub, self.system, self.registration_id)

    def play(self, **results: dict[str, str]) -> RegistrationView:
        """Play activities in one visit, each with what it reports."""
        window = self.open()
        for activity, values in results.items():
            window.play(values, activity)
        return self.registration

    @property
    def registration(self) -> RegistrationView:
        return self.hub.service(Registrations).get(self.system, self.registration_id).registration

    @property
    def attempts(self) -> int:
        return len(self.hub.service(Registrations).get(self.system, self.registration_id).attempts)


@pytest.fixture
def course(hub: Hub, system: Principal) -> Course:
    return Course(hub, system, "one", "two")


class TestResults:
    @pytest.mark.parametrize(
        ("wanted", "scaled", "completion", "success"),
        [
            ({}, 0.75, "completed", "passed"),
            ({"score": "best"}, 0.9, "completed", "passed"),
            ({"score": "last"}, 0.9, "completed", "passed"),
            ({"score": "sum"}, 0.75, "completed", "passed"),
            ({"success": "score"}, 0.75, "completed", "failed"),
            ({"success": "score", "pass_score": 0.7}, 0.75, "completed", "passed"),
            ({"success": "score", "completion": "passed"}, 0.75, "incomplete", "failed"),
        ],
    )
    def test_score_and_status_are_reckoned_as_set(
        self, course: Course, wanted: dict[str, Any], scaled: float, completion: str, success: str
    ) -> None:
        course.set(**wanted)
        result = course.play(one=PASSED, two=COMPLETED).result
        assert (result.score_scaled, result.completion, result.success) == (scaled, completion, success)

    def test_any_activity_may_complete_the_course(self, course: Course) -> None:
        assert course.play(one=PASSED).result.completion == "incomplete"
        other = Course(course.hub, course.system, "one", "two")
        other.set(status="any")
        assert other.play(one=PASSED).result.completion == "completed"

    def test_a_running_attempt_keeps_its_rules_and_the_next_has_the_new_ones(self, course: Course) -> None:
        course.play(one=PASSED)
        course.set(score="best")
        assert course.play(two=COMPLETED).result.score_scaled == 0.75
        course.hub.service(Registrations).begin_attempt(course.system, course.registration_id)
        assert course.play(one=PASSED, two=COMPLETED).result.score_scaled == 0.9

    def test_what_the_course_is_judged_to_be_is_said_of_a_single_sco_too(self, hub: Hub, system: Principal) -> None:
        course = Course(hub, system, "one")
        course.set(success="score", pass_score=0.95)
        window = course.open()
        window.play(COMPLETED)
        assert course.registration.result.success == "failed"
        of_the_sco = ["initialized", "scored", "completed", "terminated"]
        assert verbs(hub, window) == [*of_the_sco, "scored", "completed", "failed"]


class TestAttempts:
    def test_a_finished_attempt_may_be_followed_by_a_new_one_and_then_by_reviews(self, course: Course) -> None:
        course.set(new_attempt="when_finished", attempt_limit=2)
        course.play(one=PASSED)
        assert course.attempts == 1
        course.play(two=COMPLETED)
        assert course.open().opening.mode == "normal"
        assert (course.attempts, course.registration.status) == (2, "not_begun")
        course.play(one=PASSED, two=PASSED)
        assert course.open().opening.mode == "review"
        assert (course.attempts, course.registration.status) == (2, "passed")

    def test_each_launch_may_begin_anew(self, course: Course) -> None:
        course.set(new_attempt="always")
        course.play(one=PASSED)
        course.play(one=PASSED)
        assert course.attempts == 2

    def test_a_finished_course_may_be_for_review_only(self, course: Course) -> None:
        course.set(after_completion="review")
        course.play(one=PASSED, two=COMPLETED)
        window = course.open()
        assert window.opening.mode == "review"
        window.play({"cmi.core.lesson_status": "failed"}, "one")
        assert course.registration.result.success == "passed"

    def test_a_registrations_own_mode_goes_first(self, course: Course) -> None:
        course.set(new_attempt="always")
        course.play(one=PASSED)
        course.hub.service(Registrations).set_mode(course.system, course.registration_id, "review")
        assert course.open().opening.mode == "review"
        assert course.attempts == 1


class TestChanging:
    def test_a_version_overrides_its_package(self, course: Course) -> None:
        course.set(score="best", buttons="hidden")
        course.set(version=1, score="sum")
        found = course.hub.service(SettingsOfPackages).get(course.system, str(course.package), 1)
        assert (found.values["score"], found.values["buttons"]) == ("sum", "hidden")
        assert (found.set_by["score"], found.set_by["buttons"], found.set_by["status"]) == (
            "version",
            "package",
            "default",
        )
        assert found.own == {"score": "sum"}
        assert course.open().opening.settings.score == "sum"

    def test_somebody_else_was_faster(self, course: Course) -> None:
        settings = course.hub.service(SettingsOfPackages)
        seen = settings.get(course.system, str(course.package)).revision
        course.set(score="best")
        with pytest.raises(PreconditionFailed):
            settings.change(course.system, str(course.package), {"score": "sum"}, revision=seen)
        again = settings.change(course.system, str(course.package), {"score": "sum"}, revision=seen + 1)
        assert again.values["score"] == "sum"

    def test_all_faults_are_named_and_nothing_is_kept(self, course: Course) -> None:
        with pytest.raises(Unprocessable) as refused:
            course.set(score="worst", window_width=1, buttons="hidden")
        assert [fault.where for fault in refused.value.violations] == ["score", "window_width"]
        assert course.hub.service(SettingsOfPackages).get(course.system, str(course.package)).own == {}

    def test_of_packages_and_versions_that_are_not_there(self, course: Course) -> None:
        for package, version in (("nothing", None), (str(course.package), 2)):
            with pytest.raises(NotFound):
                course.hub.service(SettingsOfPackages).get(course.system, package, version)

    def test_readers_may_not_change_and_changes_are_audited(self, course: Course) -> None:
        reader = Principal(course.system.tenant_id, "user", "7", "Reader", frozenset({"packages.read"}))
        with pytest.raises(Forbidden):
            course.hub.service(SettingsOfPackages).change(reader, str(course.package), {"score": "sum"})
        course.set(score="best")
        course.set(score="best")
        events = course.hub.service(AuditLog).list(course.system)
        changes = [one.details["after"] for one in events if one.action == "package.settings_changed"]
        assert changes == [{"score": "best"}]

    def test_settings_are_of_one_tenant(self, course: Course, hub: Hub, tenant: TenantView) -> None:
        other = Principal(UUID(int=0), "system", "hub", "Hub", course.system.actions)
        with pytest.raises(NotFound):
            hub.service(SettingsOfPackages).get(other, str(course.package))


class TestStrictness:
    def test_suspend_data_beyond_the_book_is_kept_unless_the_package_is_strict(self, course: Course) -> None:
        long = {"cmi.suspend_data": "x" * 4097}
        window = course.open()
        window.go()
        window.commit(long)
        strict = Course(course.hub, course.system, "one")
        strict.set(strict_suspend_data=True)
        window = strict.open()
        window.go()
        with pytest.raises(Unprocessable) as refused:
            window.commit(long)
        assert [fault.where for fault in refused.value.violations] == ["cmi.suspend_data"]
        window.commit({"cmi.suspend_data": "x" * 4096}, base=0)


class TestNews:
    def test_a_commit_tells_the_judged_result_once(
        self, course: Course, hub: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[RegistrationProgressed] = []
        handlers = [*hub.events._handlers[RegistrationProgressed], lambda work, news: heard.append(news)]
        monkeypatch.setitem(hub.events._handlers, RegistrationProgressed, handlers)
        course.set(status="any", score="best", success="score", pass_score=0.9)
        window = course.open()
        window.go()
        for _ in range(2):
            window.commit(COMPLETED, kind="terminate", sequence=1)
        told = [(news.completion, news.success, news.score_scaled, news.ended) for news in heard]
        assert told == [("completed", "passed", 0.9, True)]
