"""What the values of a session mean for tracking."""

import pytest

from hub.scorm.spec.rollup import RollupSettings, ScoreRule, StatusRule, course_result, sequenced_result
from hub.scorm.spec.runtime.sessions import Settings
from hub.scorm.spec.runtime.transfer import Completion, Score, Tracking, decided, later, session_seconds, tracking
from hub.scorm.spec.runtime.types import interval_of, seconds_of_interval2004, timespan12_of

MASTERY = Settings(mastery_score=80.0)


class TestScorm12:
    @pytest.mark.parametrize(
        ("status", "completion", "success"),
        [
            ("passed", "completed", "passed"),
            ("completed", "completed", "unknown"),
            ("failed", "incomplete", "failed"),
            ("incomplete", "incomplete", "unknown"),
            ("browsed", "unknown", "unknown"),
        ],
    )
    def test_lesson_status(self, status: str, completion: str, success: str) -> None:
        found = tracking("scorm_1_2", {"cmi.core.lesson_status": status}, Settings(), ended=False)
        assert (found.completion, found.success) == (completion, success)

    @pytest.mark.parametrize(("raw", "success"), [("80", "passed"), ("79.9", "failed")])
    def test_the_mastery_score_decides_at_the_end(self, raw: str, success: str) -> None:
        values = {"cmi.core.score.raw": raw, "cmi.core.lesson_status": "completed"}
        assert tracking("scorm_1_2", values, MASTERY, ended=True).success == success
        assert tracking("scorm_1_2", values, MASTERY, ended=False).success == "unknown"
        assert decided("scorm_1_2", values, MASTERY, ended=True) == {"cmi.core.lesson_status": success}

    def test_what_content_calls_incomplete_is_not_judged(self) -> None:
        """Conformance Requirements 1.2, cmi.core.lesson_status: all but “incomplete” is evaluated again."""
        values = {"cmi.core.score.raw": "10", "cmi.core.lesson_status": "incomplete"}
        found = tracking("scorm_1_2", values, MASTERY, ended=True)
        assert (found.completion, found.success) == ("incomplete", "unknown")
        assert decided("scorm_1_2", values, MASTERY, ended=True) == {"cmi.core.lesson_status": "incomplete"}

    def test_without_a_score_the_mastery_score_says_nothing(self) -> None:
        values = {"cmi.core.lesson_status": "completed", "cmi.core.score.raw": ""}
        assert tracking("scorm_1_2", values, MASTERY, ended=True).success == "unknown"

    def test_content_that_sets_no_status_has_completed(self) -> None:
        assert tracking("scorm_1_2", {}, Settings(), ended=True).completion == "completed"
        assert tracking("scorm_1_2", {}, Settings(), ended=False).completion == "unknown"

    @pytest.mark.parametrize(
        ("raw", "least", "most", "scaled"),
        [("50", None, None, 0.5), ("7", "0", "10", 0.7), ("30", "20", "40", 0.5), ("5", "10", "10", None)],
    )
    def test_scaled_scores(self, raw: str, least: str | None, most: str | None, scaled: float | None) -> None:
        given = {"cmi.core.score.raw": raw, "cmi.core.score.min": least, "cmi.core.score.max": most}
        values = {name: value for name, value in given.items() if value is not None}
        assert tracking("scorm_1_2", values, Settings(), ended=False).score.scaled == scaled


class TestScorm2004:
    @pytest.mark.parametrize(
        ("threshold", "progress", "status", "expected"),
        [
            (0.5, "0.5", "incomplete", "completed"),
            (0.5, "0.4", "completed", "incomplete"),
            (0.5, None, "completed", "completed"),
            (0.5, None, "unknown", "unknown"),
            (None, "1", "incomplete", "incomplete"),
            (None, None, "not attempted", "incomplete"),
        ],
    )
    def test_completion(self, threshold: float | None, progress: str | None, status: str, expected: str) -> None:
        values = {"cmi.completion_status": status} | ({"cmi.progress_measure": progress} if progress else {})
        settings = Settings(completion_threshold=threshold)
        assert tracking("scorm_2004", values, settings, ended=False).completion == expected

    @pytest.mark.parametrize(
        ("passing", "scaled", "status", "expected"),
        [
            (0.8, "0.8", "failed", "passed"),
            (0.8, "0.79", "passed", "failed"),
            (0.8, None, "passed", "passed"),
            (None, "0.1", "unknown", "unknown"),
        ],
    )
    def test_success(self, passing: float | None, scaled: str | None, status: str, expected: str) -> None:
        values = {"cmi.success_status": status} | ({"cmi.score.scaled": scaled} if scaled else {})
        settings = Settings(scaled_passing_score=passing)
        assert tracking("scorm_2004", values, settings, ended=False).success == expected

    def test_silent_content_completes_at_the_end_unless_it_promised_to_say_so(self) -> None:
        assert tracking("scorm_2004", {}, Settings(), ended=True).completion == "completed"
        promised = Settings(completion_set_by_content=True)
        assert tracking("scorm_2004", {}, promised, ended=True).completion == "unknown"


def test_unknown_never_erases_what_was_known() -> None:
    known = Tracking("completed", "passed", Score(raw=5), 1.0)
    assert later(known, Tracking()) == known
    assert later(known, Tracking("incomplete", "failed", Score(raw=1), 0.1)).success == "failed"


def test_session_times() -> None:
    assert session_seconds("scorm_1_2", {"cmi.core.session_time": "0001:01:01.25"}) == 3661.25
    assert session_seconds("scorm_2004", {"cmi.session_time": "PT1H1M1.25S"}) == 3661.25
    day = 24 * 3600
    for text, seconds in (("P1Y", 365.25 * day), ("P1M", 30.4375 * day), ("P2DT3S", 2 * day + 3), ("PT0S", 0)):
        assert seconds_of_interval2004(text) == seconds
    assert session_seconds("scorm_2004", {}) is None


@pytest.mark.parametrize(
    ("seconds", "interval", "timespan"),
    [
        (0, "PT0H0M0S", "0000:00:00"),
        (0.25, "PT0.25S", "0000:00:00.25"),
        (60, "PT1M", "0000:01:00"),
        (7569, "PT2H6M9S", "0002:06:09"),
        (86400.55, "P1DT0.55S", "0024:00:00.55"),
        (29 * 86400, "P29D", "0696:00:00"),
        (59.999, "PT1M", "0000:01:00"),
    ],
)
def test_durations_as_text(seconds: float, interval: str, timespan: str) -> None:
    assert interval_of(seconds) == interval
    assert timespan12_of(seconds) == timespan
    assert seconds_of_interval2004(interval) == pytest.approx(seconds, abs=0.01)


class TestRollup:
    DONE = Tracking("completed", "unknown")

    @pytest.mark.parametrize(
        ("activities", "completion", "success"),
        [
            ([], "unknown", "unknown"),
            ([Tracking(), Tracking()], "unknown", "unknown"),
            ([DONE, Tracking()], "incomplete", "unknown"),
            ([DONE, DONE], "completed", "unknown"),
            ([DONE, Tracking("completed", "passed")], "completed", "passed"),
            ([Tracking(), Tracking("completed", "passed")], "incomplete", "unknown"),
            ([DONE, Tracking("incomplete", "failed")], "incomplete", "failed"),
            ([Tracking("completed", "passed"), Tracking("completed", "failed")], "completed", "failed"),
        ],
    )
    def test_status(self, activities: list[Tracking], completion: str, success: str) -> None:
        found = course_result(activities)
        assert (found.completion, found.success) == (completion, success)

    def test_scores(self) -> None:
        one = Tracking(score=Score(0.5, 5, 0, 10))
        assert course_result([one, Tracking()]).score == Score(0.5, 5, 0, 10)
        assert course_result([one, Tracking(score=Score(1.0))]).score == Score(0.75)
        assert course_result([Tracking(), Tracking()]).score == Score()

    @pytest.mark.parametrize(
        ("was_completed", "completion", "scaled"),
        [
            (False, "incomplete", 0.5),
            (True, "incomplete", 1.0),
            (True, "unknown", 1.0),
            (True, "completed", 0.5),
        ],
    )
    def test_the_measure_of_another_try_counts_once_it_is_complete(
        self, was_completed: bool, completion: Completion, scaled: float
    ) -> None:
        plain, root = Tracking("completed", "passed", Score(1.0)), Tracking(completion, "unknown", Score(0.5))
        assert sequenced_result(plain, root, [plain], was_completed=was_completed).score.scaled == scaled

    @pytest.mark.parametrize(
        ("activities", "completion", "success"),
        [
            ([], "unknown", "unknown"),
            ([Tracking(), Tracking()], "unknown", "unknown"),
            ([Tracking(), DONE], "completed", "unknown"),
            ([Tracking(), Tracking("completed", "passed")], "completed", "passed"),
            ([Tracking("incomplete", "failed"), Tracking("completed", "passed")], "completed", "passed"),
            ([Tracking("incomplete", "failed"), Tracking()], "incomplete", "unknown"),
            ([Tracking("incomplete", "failed")] * 2, "incomplete", "failed"),
        ],
    )
    def test_status_by_any(self, activities: list[Tracking], completion: str, success: str) -> None:
        found = course_result(activities, RollupSettings(status=StatusRule.ANY))
        assert (found.completion, found.success) == (completion, success)

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            (ScoreRule.LAST, Score(0.6, 6, 0, 10)),
            (ScoreRule.BEST, Score(0.9, 90)),
            (ScoreRule.AVERAGE, Score(0.75)),
            (ScoreRule.SUM, Score(0.8727273, 96, 0, 110)),
        ],
    )
    def test_score_by_setting(self, rule: ScoreRule, expected: Score) -> None:
        activities = [Tracking(score=Score(0.9, 90)), Tracking(score=Score(0.6, 6, 0, 10)), Tracking()]
        assert course_result(activities, RollupSettings(score=rule)).score == expected

    def test_scores_that_nothing_scales_are_compared_by_their_points(self) -> None:
        activities = [Tracking(score=Score(raw=3)), Tracking(score=Score(raw=7)), Tracking(score=Score(raw=5))]
        assert course_result(activities, RollupSettings(score=ScoreRule.BEST)).score == Score(raw=7)
