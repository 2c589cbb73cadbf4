"""The report on a package, on small sets of data whose figures can be checked by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import correlation
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.bootstrap import Hub
from hub.errors import Forbidden, Invalid, NotFound
from hub.identity import Principal, system_principal
from hub.oauth.services.tenants import Tenants, TenantView
from hub.scorm.services.analytics import Analytics, ItemReport, PackageReport, Wanted
from hub.scorm.services.learners import Learners
from hub.scorm.services.registrations import Registrations
from tests.support.playing import Sco, Window, add_played_course, enrol

Play = Callable[..., Window]


@pytest.fixture
def package(hub: Hub, tenant: TenantView) -> UUID:
    return add_played_course(hub, tenant.id, "scorm_1_2", Sco("intro", "Introduction"), Sco("test", "The test"))


@pytest.fixture
def play(hub: Hub, system: Principal, package: UUID) -> Play:
    """Have a new learner set these values in an activity; `answers` are (item, response, result)."""

    def make(activity: str, *answers: tuple[str, str, str], ended: bool = True, **core: str) -> Window:
        values = {f"cmi.core.{name.replace('__', '.')}": value for name, value in core.items()}
        for index, (item, response, result) in enumerate(answers):
            fields = {"id": item, "type": "choice", "student_response": response, "result": result}
            values |= {f"cmi.interactions.{index}.{name}": value for name, value in fields.items()}
        window = Window(hub, system, enrol(hub, system, package).id)
        window.go("choice", activity)
        window.commit(values, "terminate" if ended else "commit")
        return window

    return make


@pytest.fixture
def report(hub: Hub, system: Principal, package: UUID) -> Callable[..., PackageReport]:
    return lambda **wanted: hub.service(Analytics).get(system, str(package), Wanted(**wanted))


def right_and_wrong(*results: int) -> list[tuple[str, str, str]]:
    return [
        (f"q{number}", "a" if result else "b", "correct" if result else "wrong")
        for number, result in enumerate(results, start=1)
    ]


def by_item(found: PackageReport) -> dict[str, ItemReport]:
    return {item.item: item for item in found.items}


class TestItems:
    #: Four attempts on three items. By hand: q1 is right in 3 of 4 attempts; the share of the other items that is right
    #: is 1, 1/2, 0, 0. Their covariance is 3/32, the standard deviations are 0.4330 and 0.4146: r = 0.5222.
    MATRIX = ((1, 1, 1), (1, 1, 0), (1, 0, 0), (0, 0, 0))

    def test_difficulty_and_discrimination(self, play: Play, report: Any) -> None:
        for results in self.MATRIX:
            play("test", *right_and_wrong(*results))
        found = by_item(report())
        assert [found[item].difficulty for item in ("q1", "q2", "q3")] == [0.75, 0.5, 0.25]
        assert found["q1"].discrimination == pytest.approx(0.5222, abs=5e-5)
        for place, item in enumerate(("q1", "q2", "q3")):
            right = [row[place] for row in self.MATRIX]
            rest = [(sum(row) - row[place]) / 2 for row in self.MATRIX]
            assert found[item].discrimination == pytest.approx(correlation(right, rest))
        assert [(item.item, item.count, item.judged) for item in report().items] == [
            ("q1", 4, 4),
            ("q2", 4, 4),
            ("q3", 4, 4),
        ]

    def test_an_item_against_the_others_discriminates_below_zero(self, play: Play, report: Any) -> None:
        for results in ((1, 1, 0), (0, 0, 1)):
            play("test", *right_and_wrong(*results))
        assert by_item(report())["q3"].discrimination == pytest.approx(-1)

    def test_where_it_is_not_defined_it_is_not_told(self, play: Play, report: Any) -> None:
        play("test", *right_and_wrong(1, 1))
        assert [item.discrimination for item in report().items] == [None, None]
        play("test", *right_and_wrong(1, 0))
        assert by_item(report())["q1"].discrimination is None

    def test_distractors(self, play: Play, report: Any) -> None:
        for answer, result, other in (("a", "correct", 1), ("a", "correct", 1), ("b", "wrong", 0), ("c", "wrong", 1)):
            play("test", ("q1", answer, result), *right_and_wrong(1, other)[1:])
        shares = by_item(report())["q1"].answers
        assert [(one.response, one.answers, one.is_correct, one.rest_mean) for one in shares] == [
            ("a", 2, True, 1.0),
            ("b", 1, False, 0.0),
            ("c", 1, False, 1.0),
        ]

    def test_the_last_answer_counts_and_tries_are_told(self, play: Play, report: Any) -> None:
        window = play("test", ("q1", "b", "wrong"), ended=False)
        again = {"id": "q1", "type": "choice", "student_response": "a", "result": "correct", "latency": "00:00:08"}
        window.commit({f"cmi.interactions.1.{name}": value for name, value in again.items()})
        (item,) = report().items
        assert (item.count, item.difficulty, item.tries_mean, item.seconds_median) == (1, 1.0, 2.0, 8.0)
        assert [one.response for one in item.answers] == ["a"]

    def test_a_repeated_commit_counts_once(self, play: Play, report: Any) -> None:
        window = play("test", ("q1", "a", "correct"), ended=False)
        window.commit({"cmi.interactions.0.result": "correct"}, sequence=1)
        assert [item.count for item in report().items] == [1]

    def test_answers_that_are_not_judged_have_no_difficulty(self, play: Play, report: Any) -> None:
        play("test", ("q1", "a", "neutral"), ("q2", "x", "0.5"))
        found = by_item(report())
        assert (found["q1"].judged, found["q1"].difficulty) == (0, None)
        assert (found["q2"].difficulty, found["q2"].points_mean) == (None, 0.5)

    def test_many_different_answers_are_counted_together(self, play: Play, report: Any) -> None:
        for number in range(15):
            play("test", ("q1", f"answer-{number:02}", "wrong"))
        (item,) = report().items
        assert (len(item.answers), item.other_answers) == (12, 3)

    def test_long_and_odd_names_stay_apart(self, play: Play, report: Any) -> None:
        first, second = "x" * 254 + "1", "x" * 254 + "2"
        play("test", (first, "a", "correct"), (second, "b", "wrong"))
        names = [item.item for item in report().items]
        assert len(set(names)) == 2
        assert all(len(name) <= 250 for name in names)


class TestOverview:
    def test_counts_scores_and_times(self, play: Play, report: Any) -> None:
        for status, score in (("passed", "100"), ("passed", "80"), ("failed", "45"), ("incomplete", "5")):
            play("test", lesson_status=status, score__raw=score, session_time="00:00:00")
        found = report()
        assert (found.overview.attempts, found.overview.registrations, found.overview.scored) == (4, 4, 4)
        assert found.overview.score_mean == pytest.approx(0.575)
        assert found.overview.score_deviation == pytest.approx(0.4173328)
        assert found.overview.score_quartiles == pytest.approx([0.35, 0.625, 0.85])
        assert [band.attempts for band in found.scores] == [1, 0, 0, 0, 1, 0, 0, 0, 1, 1]
        assert (found.scores[8].least, found.scores[9].most) == (0.8, 1.0)
        assert sum(day.begun for day in found.days) == 4

    def test_nobody_yet(self, report: Any) -> None:
        found = report()
        assert (found.overview.attempts, found.overview.score_mean, found.overview.seconds_quartiles) == (0, None, None)
        assert (found.days, found.items, [band.attempts for band in found.scores]) == ([], [], [0] * 10)
        assert [activity.opened for activity in found.activities] == [0, 0]

    def test_drop_off_by_activity(self, play: Play, report: Any) -> None:
        play("intro", lesson_status="incomplete")
        play("intro", lesson_status="completed").play({"cmi.core.lesson_status": "completed"}, "test")
        play("intro", lesson_status="completed").play({"cmi.core.lesson_status": "failed"}, "test")
        intro, test = report().activities
        assert (intro.title, intro.opened, intro.completed, intro.left_here) == ("Introduction", 3, 2, 1)
        assert (test.title, test.opened, test.completed, test.failed, test.left_here) == ("The test", 2, 1, 1, 0)

    def test_suspend_data_beyond_the_book_is_told(self, play: Play, report: Any) -> None:
        play("test", ended=False).commit({"cmi.suspend_data": "x" * 4096})
        assert [activity.is_beyond_the_book for activity in report().activities] == [False, False]
        play("test", ended=False).commit({"cmi.suspend_data": "x" * 4097})
        assert [activity.is_beyond_the_book for activity in report().activities] == [False, True]

    def test_what_was_opened_and_never_begun_is_no_attempt_yet(
        self, hub: Hub, system: Principal, package: UUID, report: Any
    ) -> None:
        Window(hub, system, enrol(hub, system, package).id)
        assert report().overview.attempts == 0


class TestChoosing:
    def test_by_time_and_version(self, hub: Hub, play: Play, report: Any) -> None:
        play("test", ("q1", "a", "correct"))
        now = hub.ports.clock.now()
        hour = timedelta(hours=1)
        assert report(since=now - hour, until=now + hour, version=1).overview.attempts == 1
        assert report(since=now + hour).overview.attempts == 0
        assert report(until=now - hour).items == []
        with pytest.raises(NotFound):
            report(version=2)
        with pytest.raises(Invalid):
            report(since=now, until=now)

    def test_by_context(self, hub: Hub, system: Principal, package: UUID, play: Play, report: Any) -> None:
        play("test")
        learner = hub.service(Learners).ensure(system, "hub", "7", "Grace")
        made = hub.service(Registrations).ensure(system, learner.id, package, "a link")
        Window(hub, system, made.id).play({}, "test")
        assert report().overview.attempts == 2
        assert report(context_key="a link").overview.attempts == 1

    def test_of_one_tenant_and_for_those_who_may(self, hub: Hub, tenant: TenantView, package: UUID) -> None:
        other = system_principal(hub.service(Tenants).create(f"o{package.hex[:12]}", "Other").id)
        with pytest.raises(NotFound):
            hub.service(Analytics).get(other, str(package))
        nobody = Principal(tenant.id, "user", "7", "Nobody", frozenset({"packages.read"}))
        with pytest.raises(Forbidden):
            hub.service(Analytics).get(nobody, str(package))


class SteppingClock:
    """Each look at it is some seconds after the last."""

    def __init__(self, seconds: float) -> None:
        self.moment = datetime.now(UTC)
        self._step = timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The moment, which passes."""
        self.moment += self._step
        return self.moment


class TestKeeping:
    """A report that took long to count is shown again for a minute."""

    def reports(self, hub: Hub, seconds: float) -> tuple[Analytics, SteppingClock]:
        clock = SteppingClock(seconds)
        return Analytics(hub.db, clock), clock

    def test_what_took_long_is_kept_for_a_minute(self, hub: Hub, system: Principal, package: UUID, play: Play) -> None:
        reports, clock = self.reports(hub, 2)
        assert reports.get(system, str(package)).overview.attempts == 0
        play("intro")
        assert reports.get(system, str(package)).overview.attempts == 0
        assert reports.get(system, str(package), Wanted(version=1)).overview.attempts == 1
        clock.moment += timedelta(minutes=1)
        assert reports.get(system, str(package)).overview.attempts == 1

    def test_what_was_quick_is_counted_again(self, hub: Hub, system: Principal, package: UUID, play: Play) -> None:
        reports, _ = self.reports(hub, 0.4)
        assert reports.get(system, str(package)).overview.attempts == 0
        play("intro")
        assert reports.get(system, str(package)).overview.attempts == 1

    def test_nobody_is_shown_another_tenants(self, hub: Hub, system: Principal, package: UUID) -> None:
        reports, _ = self.reports(hub, 2)
        reports.get(system, str(package))
        stranger = system_principal(hub.service(Tenants).create(slug := f"t{uuid4().hex[:12]}", slug).id)
        with pytest.raises(NotFound):
            reports.get(stranger, str(package))
