"""What content reported, carried into the tracking model (RTE 4th Ed. 4.2, SN 4.2.1: the run-time's data transfer)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.scorm.spec.runtime.model import entries
from hub.scorm.spec.runtime.types import seconds_of_interval2004
from hub.scorm.spec.sequencing import tracking
from hub.scorm.spec.sequencing.results import Request
from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.state import ObjectiveState, State
from hub.scorm.spec.sequencing.tree import Tree


@dataclass(frozen=True, slots=True)
class Status:
    """Values of one objective as content set them; None is what it did not set.

    `success` is passed, failed or unknown; `completion` completed, incomplete, not attempted or unknown. To set
    “unknown” is to say something: it takes back what was known, and End Attempt then assumes nothing.
    """

    success: str | None = None
    completion: str | None = None
    scaled: float | None = None
    raw: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    progress: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One session of content: the status of the whole, that of its objectives by identifier, and how it ended."""

    status: Status
    objectives: Mapping[str, Status]
    suspended: bool = False
    seconds: float = 0.0


def of_values(set_by_content: Mapping[str, str], identifiers: Mapping[int, str] | None = None) -> Report:
    """The report of run-time values (`{"cmi.score.scaled": "0.8"}`) that content set during the session.

    Only what content set counts, not what it found at the start: a value that came in through a read map would
    otherwise go out again through a write map. `identifiers` are the ids by index of cmi.objectives, for those that
    the LMS had created.
    """
    known = dict(identifiers or {})
    objectives: dict[str, Status] = {}
    for index, entry in entries(set_by_content, "cmi.objectives").items():
        identifier = entry.get("id") or known.get(index)
        if identifier is not None:
            objectives[identifier] = _status(entry)
    whole = {name.removeprefix("cmi."): value for name, value in set_by_content.items() if name.startswith("cmi.")}
    seconds = seconds_of_interval2004(whole["session_time"]) if whole.get("session_time") else 0.0
    return Report(
        status=_status(whole),
        objectives=objectives,
        suspended=whole.get("exit") == "suspend",
        seconds=seconds or 0.0,
    )


def _status(values: Mapping[str, str]) -> Status:
    return Status(
        success=values.get("success_status"),
        completion=values.get("completion_status"),
        scaled=_number(values.get("score.scaled")),
        raw=_number(values.get("score.raw")),
        minimum=_number(values.get("score.min")),
        maximum=_number(values.get("score.max")),
        progress=_number(values.get("progress_measure")),
    )


def _number(text: str | None) -> float | None:
    return float(text) if text else None


_TARGETED = re.compile(r"\{target=([^}]*)\}(choice|jump)")


def request_of(set_by_content: Mapping[str, str]) -> Request | None:
    """The navigation request that content left behind when it called Terminate, or None.

    cmi.exit “time-out” and “logout” end the whole attempt, whatever adl.nav.request says (RTE 4.2.8).
    """
    if set_by_content.get("cmi.exit") in ("time-out", "logout"):
        return Request("exitAll")
    text = set_by_content.get("adl.nav.request", "_none_")
    targeted = _TARGETED.fullmatch(text)
    if targeted is not None:
        return Request(targeted[2], targeted[1])
    return None if text in ("_none_", "") else Request(text)


def record(tree: Tree, state: State, identifier: str, report: Report, now: datetime) -> State:
    """The state after the report of the running activity; one that is not active changes nothing.

    Of an activity that is not tracked only that it was suspended is taken: that is its state, not its tracking data.
    """
    activity = tree.index[identifier]
    if not state.activities[activity].active:
        return state
    run = Run(tree, state, now.timestamp())
    run.change(activity, suspended=report.suspended)
    if not tree.activities[activity].tracked:
        return run.state()
    primary = tree.activities[activity].primary
    objectives = {
        tree.activities[activity].objective_index[name]: status
        for name, status in report.objectives.items()
        if name in tree.activities[activity].objective_index
    }
    objectives[primary] = _joined(report.status, objectives.get(primary, Status()))
    for objective, status in objectives.items():
        _record_status(run, activity, objective, status)
    found = run.activities[activity]
    run.change(
        activity,
        content_set_success=found.content_set_success or objectives[primary].success is not None,
        content_set_completion=found.content_set_completion or objectives[primary].completion is not None,
        activity_seconds=found.activity_seconds + report.seconds,
        attempt_seconds=found.attempt_seconds + report.seconds,
    )
    return run.state()


def _joined(whole: Status, primary: Status) -> Status:
    """The primary objective's status is that of the activity, whichever of the two names content set it by.

    Of two different values the book says nothing. As in ADL's sample run-time, the objective's success counts, and
    for everything else that of cmi.*.
    """
    values = {
        name: getattr(primary, name) if getattr(whole, name) is None else getattr(whole, name)
        for name in Status.__dataclass_fields__
    }
    return Status(**{**values, "success": whole.success if primary.success is None else primary.success})


def _record_status(run: Run, activity: int, objective: int, status: Status) -> None:
    definition = run.tree.activities[activity]
    values: dict[str, Any] = {
        "measure": status.scaled,
        "raw": status.raw,
        "minimum": status.minimum,
        "maximum": status.maximum,
        "progress": status.progress,
    }
    tracking.write(run, activity, objective, **{name: found for name, found in values.items() if found is not None})
    if status.success is not None and not definition.objectives[objective].satisfied_by_measure:
        _record_verdict(run, activity, objective, "satisfied", _SUCCESS[status.success])
    by_measure = definition.threshold.completed_by_measure and objective == definition.primary
    if status.completion is not None and not by_measure:
        _record_verdict(run, activity, objective, "completed", _COMPLETION[status.completion])
    tracking.share_measured(run, activity)


def _record_verdict(run: Run, activity: int, objective: int, name: str, verdict: bool | None) -> None:
    tracking.write(run, activity, objective, **{name: verdict})
    if verdict is None:
        # Content took its verdict back; the global objectives it wrote lose theirs too.
        tracking.share(run, run.tree.activities[activity].objectives[objective].writes.get(name, ()), name, None)


_SUCCESS = {"passed": True, "failed": False, "unknown": None}
_COMPLETION = {"completed": True, "incomplete": False, "not attempted": False, "unknown": None}


def seen_by_content(tree: Tree, state: State, identifier: str, now: datetime) -> dict[str, ObjectiveState]:
    """What content finds in cmi.objectives when it starts: the activity's objectives that have an identifier.

    In the order of the manifest, each with its values as they show through its read maps (RTE 4.2.17).
    """
    activity = tree.index[identifier]
    run = Run(tree, state, now.timestamp())
    return {name: tracking.seen(run, activity, at) for name, at in tree.activities[activity].objective_index.items()}
