"""The report on a package: who came how far, what took how long, and how its items work."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from hub.db import Database
from hub.errors import Invalid, NotFound, say
from hub.identity import Principal, Reached
from hub.ports import Clock
from hub.scorm.spec.settings import SUSPEND_DATA_12
from hub.scorm.storage import analytics
from hub.scorm.storage.analytics import Chosen

#: So many different answers to an item are told apart, the most frequent ones.
MOST_ANSWERS = 12
#: So many items are told.
MOST_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attempts are counted: of one version, begun from `since` on and before `until`, in one context."""

    version: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    context_key: str | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts over all attempts that have begun. Scores are scaled, quartiles the 25th, 50th and 75th percentile."""

    attempts: int
    registrations: int
    completed: int
    passed: int
    failed: int
    scored: int
    score_mean: float | None
    score_deviation: float | None
    score_quartiles: Sequence[float] | None
    seconds_quartiles: Sequence[float] | None


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """Attempts with a scaled score from `least` to below `most` (the last band: up to 1; the first: below 0)."""

    least: float
    most: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Day:
    """Attempts that were begun and completed on a day (UTC)."""

    day: date
    begun: int
    completed: int


@dataclass(frozen=True, slots=True)
class ActivityReport:
    """One activity with content: the attempts that opened, completed, passed and failed it, and that ended there.

    `suspend_length` is the most characters of suspend data that an attempt keeps, `standard` that of the version.
    """

    identifier: str
    title: str
    opened: int
    completed: int
    passed: int
    failed: int
    left_here: int
    score_mean: float | None
    seconds_median: float | None
    suspend_length: int
    standard: str

    @property
    def is_beyond_the_book(self) -> bool:
        """Whether it kept more suspend data than SCORM 1.2 promises: it may fail in other players."""
        return self.standard == "scorm_1_2" and self.suspend_length > SUSPEND_DATA_12


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """One answer: how many gave it, whether it is right, and what share of their other items was right on average."""

    response: str
    answers: int
    is_correct: bool | None
    rest_mean: float | None


@dataclass(frozen=True, slots=True)
class ItemReport:
    """One interaction, by the last answer in each attempt.

    `difficulty` is the share of judged answers that are right (the p-value of classical test theory): 1 is easy.
    `discrimination` is the point-biserial correlation of right or wrong with the share of the attempt's other judged
    items that is right (item-rest correlation), -1 to 1; None where it is not defined: fewer than two attempts, or all
    alike. `other_answers` counts what `answers` does not tell apart.
    """

    activity: str
    item: str
    kind: str
    description: str
    pattern: str
    count: int
    judged: int
    difficulty: float | None
    discrimination: float | None
    points_mean: float | None
    seconds_median: float | None
    tries_mean: float
    answers: Sequence[AnswerShare]
    other_answers: int


@dataclass(frozen=True, slots=True)
class PackageReport:
    """Everything that the report tells. `items` are in the order of the course and of the items within it."""

    counted_at: datetime
    overview: Overview
    scores: Sequence[ScoreBand]
    days: Sequence[Day]
    activities: Sequence[ActivityReport]
    items: Sequence[ItemReport]


@dataclass(frozen=True, slots=True)
class RecentDay:
    """One day (UTC): launches that were opened, learners who opened one, attempts that were completed."""

    day: date
    launches: int
    learners: int
    completions: int


#: A report that took long to count is kept for a while, and a few of them.
_LONG, _KEPT_FOR, _MOST_KEPT = timedelta(seconds=1), timedelta(minutes=1), 32

#: The tables of a report.
TABLES = ("items", "answers", "activities", "scores", "days")
_ROWS: dict[str, Any] = {"items": ItemReport, "activities": ActivityReport, "scores": ScoreBand, "days": Day}


def table_of(found: PackageReport, name: str) -> tuple[list[str], Iterator[list[Any]]]:
    """One table of a report: its columns, and its rows."""
    if name == "answers":
        columns = [field.name for field in fields(AnswerShare)]
        answers = (
            [item.activity, item.item, *(getattr(one, column) for column in columns)]
            for item in found.items
            for one in item.answers
        )
        return ["activity", "item", *columns], answers
    columns = [field.name for field in fields(_ROWS[name]) if field.name != "answers"]
    return columns, ([getattr(row, column) for column in columns] for row in getattr(found, name))


class Analytics:
    """Makes reports."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._kept: dict[tuple[UUID, str, Wanted], PackageReport] = {}

    def get(self, principal: Principal, package_id: str, wanted: Wanted = Wanted()) -> PackageReport:
        """The report on a package. Raises `NotFound` for a package or version that is not there.

        What takes long to count is kept for a minute, for those who reach everything: reports of 100,000 attempts are
        looked at, filtered and downloaded in one sitting.
        """
        principal.require("registrations.read")
        _check(wanted)
        reach, now = principal.reach("registrations.read"), self._clock.now()
        if not reach.is_everything:
            return self._count(principal, package_id, wanted, reach, now)
        key = (principal.tenant_id, package_id, wanted)
        kept = self._kept.get(key)
        if kept is not None and now - kept.counted_at < _KEPT_FOR:
            return kept
        counted = self._count(principal, package_id, wanted, reach, now)
        self._kept.pop(key, None)
        if self._clock.now() - now > _LONG:
            self._kept[key] = counted
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return counted

    def _count(
        self, principal: Principal, package_id: str, wanted: Wanted, reach: Reached, now: datetime
    ) -> PackageReport:
        with self._db.read(principal.tenant_id) as session:
            versions = analytics.versions_of(session, principal.tenant_id, package_id, wanted.version)
            if versions is None:
                raise NotFound(say("There is no package %(package)s.", package=package_id), code="package_not_found")
            if not versions and wanted.version is not None:
                raise NotFound(
                    say("The package has no version %(version)s.", version=wanted.version), code="version_not_found"
                )
            analytics.plan_for_sets(session)
            chosen = Chosen(principal.tenant_id, versions, wanted.since, wanted.until, wanted.context_key, reach)
            activities = [ActivityReport(**row) for row in analytics.activities(session, chosen)]
            places = {activity.identifier: place for place, activity in enumerate(activities)}
            return PackageReport(
                counted_at=now,
                overview=Overview(**analytics.overview(session, chosen)),
                scores=_bands(analytics.scores(session, chosen)),
                days=[Day(**row) for row in analytics.days(session, chosen)],
                activities=activities,
                items=_items(
                    analytics.items(session, chosen, MOST_ANSWERS),
                    analytics.item_seconds(session, chosen),
                    places,
                ),
            )

    def recent(self, principal: Principal, days: int = 30) -> list[RecentDay]:
        """What went on, as far as `principal` may see it, day by day (UTC), up to today."""
        principal.require("registrations.read")
        last = self._clock.now().astimezone(UTC).date()
        with self._db.read(principal.tenant_id) as session:
            first, reach = last - timedelta(days=days - 1), principal.reach("registrations.read")
            rows = analytics.recent(session, principal.tenant_id, first, last, reach)
            return [RecentDay(**row) for row in rows]


def _check(wanted: Wanted) -> None:
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise Invalid("since must lie before until.", code="bad_period")


def _bands(rows: Sequence[RowMapping]) -> list[ScoreBand]:
    """All ten bands, those without attempts too; scores below 0 only where there are any."""
    counts = {row["tenth"]: row["attempts"] for row in rows}
    below = [ScoreBand(-1.0, 0.0, counts[-1])] if -1 in counts else []
    return below + [ScoreBand(tenth / 10, (tenth + 1) / 10, counts.get(tenth, 0)) for tenth in range(10)]


def _items(rows: Sequence[RowMapping], seconds: Sequence[RowMapping], places: dict[str, int]) -> list[ItemReport]:
    """The items in the order of the course, and within an activity in that in which content has them."""
    by_item: dict[tuple[str, str], list[RowMapping]] = {}
    for row in rows:
        by_item.setdefault((row["activity"], row["item"]), []).append(row)
    medians = {(row["activity"], row["item"]): row["seconds_median"] for row in seconds}

    def order(key: tuple[str, str]) -> tuple[int, int, str]:
        return places.get(key[0], len(places)), by_item[key][0]["position"], key[1]

    return [_item(by_item[key], medians.get(key)) for key in sorted(by_item, key=order)[:MOST_ITEMS]]


def _item(rows: Sequence[RowMapping], seconds_median: float | None) -> ItemReport:
    whole, shares = rows[0], [_share(row) for row in rows]
    return ItemReport(
        activity=whole["activity"],
        item=whole["item"],
        kind=whole["kind"],
        description=whole["description"],
        pattern=whole["pattern"],
        count=whole["all_answers"],
        judged=whole["all_judged"],
        difficulty=whole["all_correct"] / whole["all_judged"] if whole["all_judged"] else None,
        discrimination=whole["discrimination"],
        points_mean=whole["points_mean"],
        seconds_median=seconds_median,
        tries_mean=whole["tries_mean"],
        answers=shares,
        other_answers=whole["all_answers"] - sum(one.answers for one in shares),
    )


def _share(row: Any) -> AnswerShare:
    """An answer is right when content mostly judged it so; a grader may have changed its mind between versions."""
    is_correct = None if not row["judged"] else row["correct"] * 2 > row["judged"]
    return AnswerShare(row["response"], row["answers"], is_correct, row["rest_mean"])
