"""What is set for packages: inheritance, validation, and what follows for results and launches."""

from dataclasses import asdict

import pytest

from hub.scorm.spec.runtime.transfer import Score, Tracking
from hub.scorm.spec.settings import (
    FIELDS,
    SUSPEND_DATA,
    SUSPEND_DATA_12,
    PackageSettings,
    course_judgement,
    effective,
    faults,
    merged,
    opening,
    settings_of,
    strict_faults,
)

DONE = Tracking("completed")
RUNNING = Tracking("incomplete")
LOW_BAR = {"success": "score", "pass_score": 0.5}
BY_SCORE = {"success": "score", "completion": "passed"}


class TestInheritance:
    def test_a_version_goes_before_its_package_before_the_default(self) -> None:
        found = effective({"score": "best", "window": "new_window"}, {"score": "sum"})
        assert (found.values.score, found.set_by["score"]) == ("sum", "version")
        assert (found.values.window, found.set_by["window"]) == ("new_window", "package")
        assert (found.values.status, found.set_by["status"]) == ("every", "default")

    def test_nothing_set_are_the_defaults(self) -> None:
        assert effective({}).values == PackageSettings()
        assert set(effective({}).set_by.values()) == {"default"}

    def test_null_is_inherited_again(self) -> None:
        assert merged({"score": "best", "status": "any"}, {"score": None, "window": "frame"}) == {
            "status": "any",
            "window": "frame",
        }

    def test_what_another_release_kept_is_passed_over(self) -> None:
        assert settings_of({"colour": "blue", "score": "best"}) == PackageSettings(score="best")


class TestValidation:
    def test_every_default_and_every_choice_may_be_set(self) -> None:
        assert faults(asdict(PackageSettings())) == []
        for name, rule in FIELDS.items():
            assert [faults({name: each}) for each in rule.get("choices", ())] == [[] for _ in rule.get("choices", ())]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("window", "tab"),
            ("window", 1),
            ("window", ["frame"]),
            ("window_width", 199),
            ("window_width", 200.5),
            ("window_width", True),
            ("attempt_limit", 0),
            ("pass_score", 1.01),
            ("pass_score", float("nan")),
            ("strict_suspend_data", "yes"),
            ("strict_suspend_data", 1),
            ("colour", "blue"),
        ],
    )
    def test_what_may_not_be_set(self, name: str, value: object) -> None:
        assert [fault.where for fault in faults({name: value, "score": "best"})] == [name]


class TestJudgement:
    @pytest.mark.parametrize(
        ("reported", "settings", "completion", "success"),
        [
            (Tracking("completed", "failed"), {}, "completed", "failed"),
            (Tracking("incomplete", score=Score(0.9)), {"success": "score"}, "incomplete", "passed"),
            (Tracking("incomplete", score=Score(0.79)), {"success": "score"}, "incomplete", "unknown"),
            (Tracking("completed", score=Score(0.79)), {"success": "score"}, "completed", "failed"),
            (Tracking("completed", "failed", Score(0.5)), LOW_BAR, "completed", "passed"),
            (Tracking("completed", "passed"), {"success": "score"}, "completed", "unknown"),
            (Tracking("completed"), {"success": "completed"}, "completed", "passed"),
            (Tracking("incomplete", "failed"), {"success": "completed"}, "incomplete", "failed"),
            (Tracking("completed", "failed"), {"completion": "passed"}, "incomplete", "failed"),
            (Tracking("completed", "passed"), {"completion": "passed"}, "completed", "passed"),
            (Tracking("unknown", "unknown"), {"completion": "passed"}, "unknown", "unknown"),
            (Tracking("incomplete", "failed"), {"completion": "judged"}, "completed", "failed"),
            (Tracking("incomplete", "unknown"), {"completion": "judged"}, "incomplete", "unknown"),
            (Tracking("incomplete", score=Score(1)), BY_SCORE, "completed", "passed"),
        ],
    )
    def test_when_a_course_is_completed_and_passed(
        self, reported: Tracking, settings: dict[str, object], completion: str, success: str
    ) -> None:
        found = course_judgement(reported, settings_of(settings))
        assert (found.completion, found.success) == (completion, success)
        assert found.score == reported.score


@pytest.mark.parametrize(
    ("standard", "is_strict", "length", "is_refused"),
    [
        ("scorm_1_2", True, SUSPEND_DATA_12, False),
        ("scorm_1_2", True, SUSPEND_DATA_12 + 1, True),
        ("scorm_1_2", False, SUSPEND_DATA_12 + 1, False),
        ("scorm_2004", True, SUSPEND_DATA_12 + 1, False),
    ],
)
def test_suspend_data_to_the_book(standard: str, is_strict: bool, length: int, is_refused: bool) -> None:
    settings = settings_of({"strict_suspend_data": is_strict})
    faults = strict_faults(standard, {SUSPEND_DATA: "x" * length, "cmi.comments": "x" * 9000}, settings)
    assert [fault.where for fault in faults] == [SUSPEND_DATA] * is_refused


class TestOpening:
    @pytest.mark.parametrize(
        ("settings", "results", "state", "leads_to"),
        [
            ({}, [], "none", "begin"),
            ({}, [RUNNING], "open", "go_on"),
            ({}, [DONE], "open", "go_on"),
            ({}, [DONE], "ended", "begin"),
            ({"after_completion": "review"}, [DONE], "open", "review"),
            ({"after_completion": "review"}, [RUNNING], "open", "go_on"),
            ({"new_attempt": "when_finished"}, [RUNNING], "open", "go_on"),
            ({"new_attempt": "when_finished"}, [DONE], "open", "begin"),
            ({"new_attempt": "when_finished"}, [Tracking("incomplete", "failed")], "open", "begin"),
            ({"new_attempt": "when_finished", "attempt_limit": 2}, [DONE], "open", "begin"),
            ({"new_attempt": "when_finished", "attempt_limit": 1}, [DONE], "open", "review"),
            ({"attempt_limit": 1}, [DONE], "ended", "review"),
            ({"new_attempt": "always"}, [RUNNING], "open", "begin"),
            ({"new_attempt": "always"}, [Tracking()], "not begun", "go_on"),
            ({"new_attempt": "always", "attempt_limit": 1}, [RUNNING], "open", "go_on"),
        ],
    )
    def test_what_opening_a_course_leads_to(
        self, settings: dict[str, object], results: list[Tracking], state: str, leads_to: str
    ) -> None:
        found = opening(settings_of(settings), results, is_open=state in ("open", "not begun"), begun=state == "open")
        assert found == leads_to
