"""What the values of a session mean for tracking: completion, success, score, progress and time.

SCORM 1.2 RTE 3.4.4 (cmi.core.lesson_status, cmi.student_data.mastery_score); SCORM 2004 4th Ed. RTE 4.2.4
(completion status and threshold), 4.2.22 (success status and passing score), SN UP.4 (End Attempt Process). All of
it is for sessions with credit: in browse and review mode nothing is tracked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hub.scorm.spec.runtime.sessions import Settings
from hub.scorm.spec.runtime.types import seconds_of_interval2004, seconds_of_timespan12

Completion = Literal["completed", "incomplete", "unknown"]
Success = Literal["passed", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Score:
    """A score: `scaled` is -1..1, `raw` lies between `least` and `most` where content said so."""

    scaled: float | None = None
    raw: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is a score at all."""
        return self.scaled is not None or self.raw is not None


@dataclass(frozen=True, slots=True)
class Tracking:
    """The tracking data of one activity."""

    completion: Completion = "unknown"
    success: Success = "unknown"
    score: Score = Score()
    progress: float | None = None


def tracking(standard: str, values: Mapping[str, str], settings: Settings, *, ended: bool) -> Tracking:
    """The tracking data that `values` stand for; `ended` once content has called Terminate and did not suspend."""
    judge = _tracking12 if standard == "scorm_1_2" else _tracking2004
    return judge(values, settings, ended)


def decided(standard: str, values: Mapping[str, str], settings: Settings, *, ended: bool) -> dict[str, str]:
    """The values that the LMS puts in place of content's own when the session ends."""
    if standard != "scorm_1_2" or not ended:
        return {}
    return {"cmi.core.lesson_status": status12(values, settings, ended=True)}


def later(before: Tracking, after: Tracking) -> Tracking:
    """`after`, with what it does not know taken from `before`: unknown never erases what was known."""
    return Tracking(
        completion=after.completion if after.completion != "unknown" else before.completion,
        success=after.success if after.success != "unknown" else before.success,
        score=after.score if after.score.is_known else before.score,
        progress=after.progress if after.progress is not None else before.progress,
    )


def session_seconds(standard: str, values: Mapping[str, str]) -> float | None:
    """The session time that content reported, in seconds; None when it reported none."""
    if standard == "scorm_1_2":
        reported = values.get("cmi.core.session_time")
        return None if reported is None else seconds_of_timespan12(reported)
    reported = values.get("cmi.session_time")
    return None if reported is None else seconds_of_interval2004(reported)


def exit_of(standard: str, values: Mapping[str, str]) -> str:
    """How content says that this session ends: `suspend`, `logout`, `time-out`, `normal` or nothing."""
    return values.get("cmi.core.exit" if standard == "scorm_1_2" else "cmi.exit", "")


def location_of(standard: str, values: Mapping[str, str]) -> str:
    """The learner's bookmark."""
    return values.get("cmi.core.lesson_location" if standard == "scorm_1_2" else "cmi.location", "")


def status12(values: Mapping[str, str], settings: Settings, *, ended: bool) -> str:
    """The `cmi.core.lesson_status` that counts.

    After LMSFinish the LMS decides (RTE 3.4.4 cmi.core.lesson_status, cmi.student_data.mastery_score): with a mastery
    score and a raw score it is passed or failed; content that never set a status has completed. A suspended
    session is not over, and content that says “incomplete” itself is taken at its word (Conformance Requirements 1.2),
    so nothing is decided then: a half-answered test is not failed.
    """
    status = values.get("cmi.core.lesson_status", "not attempted")
    if not ended or status == "incomplete":
        return status
    raw = _float(values.get("cmi.core.score.raw"))
    if settings.mastery_score is not None and raw is not None:
        return "passed" if raw >= settings.mastery_score else "failed"
    return "completed" if status == "not attempted" else status


#: SCORM 1.2 RTE 3.4.4 cmi.core.lesson_status: passed counts as completed; of failed it says that the student may or
#: may not have completed, so it does not.
STATUS_12: dict[str, tuple[Completion, Success]] = {
    "passed": ("completed", "passed"),
    "completed": ("completed", "unknown"),
    "failed": ("incomplete", "failed"),
    "incomplete": ("incomplete", "unknown"),
    "browsed": ("unknown", "unknown"),
    "not attempted": ("unknown", "unknown"),
}


def _tracking12(values: Mapping[str, str], settings: Settings, ended: bool) -> Tracking:
    completion, success = STATUS_12[status12(values, settings, ended=ended)]
    return Tracking(completion, success, score_of(values, "cmi.core.score", raw_most=100.0))


def _tracking2004(values: Mapping[str, str], settings: Settings, ended: bool) -> Tracking:
    return Tracking(
        completion=_completion2004(values, settings, ended=ended),
        success=_success2004(values, settings),
        score=score_of(values, "cmi.score"),
        progress=_float(values.get("cmi.progress_measure")),
    )


def _completion2004(values: Mapping[str, str], settings: Settings, *, ended: bool) -> Completion:
    progress = _float(values.get("cmi.progress_measure"))
    if settings.completion_threshold is not None and progress is not None:
        return "completed" if progress >= settings.completion_threshold else "incomplete"
    status = values.get("cmi.completion_status", "unknown")
    if status == "completed":
        return "completed"
    if status in ("incomplete", "not attempted"):
        return "incomplete"
    return "completed" if ended and not settings.completion_set_by_content else "unknown"


def _success2004(values: Mapping[str, str], settings: Settings) -> Success:
    scaled = _float(values.get("cmi.score.scaled"))
    if settings.scaled_passing_score is not None and scaled is not None:
        return "passed" if scaled >= settings.scaled_passing_score else "failed"
    status = values.get("cmi.success_status")
    if status == "passed":
        return "passed"
    return "failed" if status == "failed" else "unknown"


def score_of(values: Mapping[str, str], prefix: str, raw_most: float | None = None) -> Score:
    """The score under `prefix`; where content gave no scaled score, the raw one between its limits.

    `raw_most` is the limit that holds when content gives none: SCORM 1.2 scores are normalised to 0..100.
    """
    raw, least, most = (_float(values.get(f"{prefix}.{part}")) for part in ("raw", "min", "max"))
    scaled = _float(values.get(f"{prefix}.scaled"))
    if scaled is None and raw is not None:
        scaled = _between(raw, least or 0.0, most if most is not None else raw_most)
    return Score(scaled, raw, least, most)


def _between(raw: float, least: float, most: float | None) -> float | None:
    if most is None or most <= least:
        return None
    return max(-1.0, min(1.0, (raw - least) / (most - least)))


def _float(value: str | None) -> float | None:
    return float(value) if value else None
