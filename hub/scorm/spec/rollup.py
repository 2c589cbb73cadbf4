"""The result of a whole course from the tracking data of its activities.

SCORM 2004 courses have rollup rules; this is for all others, where the package's settings choose between the rules
that platforms use. By default a course is completed when every activity with content is, failed as soon as one activity
is, and passed once it is completed and every activity that reports success was passed; its score is the mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hub.scorm.spec.runtime.transfer import Completion, Score, Success, Tracking


class ScoreRule(StrEnum):
    """Which score a course has, of those of its activities."""

    LAST = "last"
    """That of the last activity, in the order of the course, that has one."""
    BEST = "best"
    AVERAGE = "average"
    SUM = "sum"


class StatusRule(StrEnum):
    """How many of its activities decide that a course is completed or passed."""

    EVERY = "every"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class RollupSettings:
    """How the result of a course without rollup rules of its own comes from those of its activities."""

    score: ScoreRule = ScoreRule.AVERAGE
    status: StatusRule = StatusRule.EVERY


def course_result(activities: Sequence[Tracking], settings: RollupSettings = RollupSettings()) -> Tracking:
    """Completion, success and score over all activities with content, in their order, those not yet begun included.

    Raw scores are kept where they mean one thing: when one activity has a score, is the last or the best, or when
    they are added up.
    """
    completion, success = _of_any(activities) if settings.status is StatusRule.ANY else _of_every(activities)
    return Tracking(completion, success, _score(activities, settings.score))


def sequenced_result(
    plain: Tracking, root: Tracking, activities: Sequence[Tracking], *, was_completed: bool = False
) -> Tracking:
    """The result of a sequenced course: what its root has rolled up (SN 4.6), told with care.

    The root counts what never said anything about success as satisfied (SN UP.4); a course is reported as passed or
    failed only when some activity had something to say about it. Raw scores are those of the plain rule: the root
    rolls up measures only. Of a course that was completed before (`was_completed`) the root's measure counts once it is
    completed anew: until then it takes what the new try has not come to for nothing.
    """
    spoke = any(one.success != "unknown" for one in activities)
    is_partial = was_completed and root.completion != "completed"
    is_told = root.score.scaled is not None and not is_partial
    score = replace(plain.score, scaled=root.score.scaled) if is_told else plain.score
    return Tracking(
        completion=root.completion if root.completion != "unknown" else plain.completion,
        success=root.success if spoke else "unknown",
        score=score,
        progress=root.progress,
    )


def _of_every(activities: Sequence[Tracking]) -> tuple[Completion, Success]:
    completion = _completed(activities, all(one.completion == "completed" for one in activities))
    known = {one.success for one in activities} - {"unknown"}
    if "failed" in known:
        return completion, "failed"
    return completion, "passed" if known and completion == "completed" else "unknown"


def _of_any(activities: Sequence[Tracking]) -> tuple[Completion, Success]:
    """Failed only when nothing is left that could still be passed."""
    completion = _completed(activities, any(one.completion == "completed" for one in activities))
    successes = [one.success for one in activities]
    if "passed" in successes:
        return completion, "passed"
    return completion, "failed" if successes and set(successes) == {"failed"} else "unknown"


def _completed(activities: Sequence[Tracking], is_completed: bool) -> Completion:
    if activities and is_completed:
        return "completed"
    return "incomplete" if any(one.completion != "unknown" for one in activities) else "unknown"


def _score(activities: Sequence[Tracking], rule: ScoreRule) -> Score:
    scores = [one.score for one in activities if one.score.is_known]
    if not scores:
        return Score()
    match rule:
        case ScoreRule.LAST:
            return scores[-1]
        case ScoreRule.BEST:
            return max(scores, key=_height)
        case ScoreRule.SUM:
            return _sum(scores)
        case _:
            return scores[0] if len(scores) == 1 else _mean(scores)


def _height(score: Score) -> tuple[float, float]:
    """What scores are compared by: the scaled one, and the raw one where limits are missing that would scale it."""
    return (-1.0 if score.scaled is None else score.scaled, score.raw or 0.0)


def _mean(scores: Sequence[Score]) -> Score:
    scaled = [score.scaled for score in scores if score.scaled is not None]
    return Score(scaled=round(sum(scaled) / len(scaled), 7)) if scaled else Score()


def _sum(scores: Sequence[Score]) -> Score:
    """Points of all activities together, out of all that could be had where they have been scored.

    A score without limits lies between 0 and 100 (SCORM 1.2 RTE 3.4.4 cmi.core.score.raw).
    """
    points = [_points(score) for score in scores]
    raw, least, most = (round(sum(found), 7) for found in zip(*points, strict=True))
    scaled = round((raw - least) / (most - least), 7) if most > least else None
    return Score(scaled if scaled is None else max(-1.0, min(1.0, scaled)), raw, least, most)


def _points(score: Score) -> tuple[float, float, float]:
    least = score.least or 0.0
    most = 100.0 if score.most is None else score.most
    raw = score.raw if score.raw is not None else least + (score.scaled or 0.0) * (most - least)
    return raw, least, most
