"""The result of a whole course from the tracking data of its activities.

SCORM 2004 courses have rollup rules; this is the plain rule for all others. A course is completed when every activity
with content is. It is failed as soon as one activity is, and passed once it is completed and every activity that
reports success was passed. Its score is the mean of the scaled scores there are; raw scores are kept when exactly one
activity has a score.
"""

from collections.abc import Sequence
from dataclasses import replace

from hub.scorm.spec.runtime.transfer import Completion, Score, Success, Tracking


def course_result(activities: Sequence[Tracking]) -> Tracking:
    """Completion, success and score over all activities with content, including those not yet begun."""
    completion = _completion(activities)
    return Tracking(completion, _success(activities, completion), _score(activities))


def sequenced_result(plain: Tracking, root: Tracking, activities: Sequence[Tracking]) -> Tracking:
    """The result of a sequenced course: what its root has rolled up (SN 4.6), told with care.

    The root counts what never said anything about success as satisfied (SN UP.4); a course is reported as passed or
    failed only when some activity had something to say about it. Raw scores are those of the plain rule: the root
    rolls up measures only.
    """
    spoke = any(one.success != "unknown" for one in activities)
    score = plain.score if root.score.scaled is None else replace(plain.score, scaled=root.score.scaled)
    return Tracking(
        completion=root.completion if root.completion != "unknown" else plain.completion,
        success=root.success if spoke else "unknown",
        score=score,
        progress=root.progress,
    )


def _completion(activities: Sequence[Tracking]) -> Completion:
    if activities and all(one.completion == "completed" for one in activities):
        return "completed"
    begun = any(one.completion != "unknown" for one in activities)
    return "incomplete" if begun else "unknown"


def _success(activities: Sequence[Tracking], completion: Completion) -> Success:
    known = [one.success for one in activities if one.success != "unknown"]
    if "failed" in known:
        return "failed"
    return "passed" if known and completion == "completed" else "unknown"


def _score(activities: Sequence[Tracking]) -> Score:
    scores = [one.score for one in activities if one.score.is_known]
    if len(scores) == 1:
        return scores[0]
    scaled = [score.scaled for score in scores if score.scaled is not None]
    return Score(scaled=round(sum(scaled) / len(scaled), 7)) if scaled else Score()
