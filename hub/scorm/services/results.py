"""Between tracking data and the result columns that registrations, attempts and run-time states share."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, cast

from hub.scorm.spec.runtime.transfer import Completion, Score, Success, Tracking
from hub.scorm.storage.tables_runtime import Result

Status = Literal["not_begun", "in_progress", "completed", "passed", "failed"]
_DONE = frozenset({"completed", "passed", "failed"})


@dataclass(frozen=True, slots=True)
class ResultView:
    """How far a learner got. `score_scaled` is -1..1; `duration_seconds` what the clock saw of all sessions."""

    completion: Completion
    success: Success
    score_scaled: float | None
    score_raw: float | None
    score_min: float | None
    score_max: float | None
    duration_seconds: float


def tracking_of(row: Any) -> Tracking:
    """The tracking data in a row's result columns."""
    return Tracking(
        completion=cast(Completion, row.completion),
        success=cast(Success, row.success),
        score=Score(row.score_scaled, row.score_raw, row.score_min, row.score_max),
        progress=getattr(row, "progress", None),
    )


def write(row: Result, tracking: Tracking, duration_seconds: float) -> None:
    """Put tracking data and time into a row's result columns."""
    row.completion = tracking.completion
    row.success = tracking.success
    row.score_scaled = tracking.score.scaled
    row.score_raw = tracking.score.raw
    row.score_min = tracking.score.least
    row.score_max = tracking.score.most
    row.duration_seconds = duration_seconds


def result_view(row: Result) -> ResultView:
    """A row's result columns as others see them."""
    return ResultView(
        completion=cast(Completion, row.completion),
        success=cast(Success, row.success),
        score_scaled=row.score_scaled,
        score_raw=row.score_raw,
        score_min=row.score_min,
        score_max=row.score_max,
        duration_seconds=row.duration_seconds,
    )


def status(tracking: Tracking, *, begun: bool) -> Status:
    """One word for people: success where it is known, else completion."""
    if tracking.success != "unknown":
        return tracking.success
    if tracking.completion == "completed":
        return "completed"
    return "in_progress" if begun else "not_begun"


def group_status(statuses: Collection[Status]) -> Status:
    """One word for what hangs together: begun when something is, done when everything is."""
    if all(one in _DONE for one in statuses):
        return "failed" if "failed" in statuses else "completed"
    return "not_begun" if all(one == "not_begun" for one in statuses) else "in_progress"
