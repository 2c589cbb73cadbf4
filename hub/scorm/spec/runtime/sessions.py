"""What content finds in its data model when it starts: a session of a SCO and where it continues.

SCORM 1.2 RTE 3.4.4; SCORM 2004 4th Ed. RTE 2.1.1 (temporal model: attempts and sessions) and 4.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from hub.scorm.spec.runtime.model import DataModel, entries
from hub.scorm.spec.runtime.scorm12 import SCORM_12
from hub.scorm.spec.runtime.scorm2004 import SCORM_2004
from hub.scorm.spec.runtime.types import (
    interval_of,
    seconds_of_interval2004,
    seconds_of_timespan12,
    timespan12_of,
)

Mode = Literal["normal", "browse", "review"]
Entry = Literal["ab-initio", "resume", ""]

#: The data model by the `standard` of a package version.
MODELS: Mapping[str, DataModel] = {"scorm_1_2": SCORM_12, "scorm_2004": SCORM_2004}

#: Elements that say something about one session only and so never outlive it.
_OF_ONE_SESSION = {
    "scorm_1_2": ("cmi.core.exit", "cmi.core.session_time"),
    "scorm_2004": ("cmi.exit", "cmi.session_time"),
}
#: What a learner likes is the learner's, not the attempt's: both editions' names for it.
PREFERENCES = {
    "scorm_1_2": {
        "cmi.student_preference.audio": "audio",
        "cmi.student_preference.language": "language",
        "cmi.student_preference.speed": "speed",
        "cmi.student_preference.text": "text",
    },
    "scorm_2004": {
        "cmi.learner_preference.audio_level": "audio_level",
        "cmi.learner_preference.language": "language",
        "cmi.learner_preference.delivery_speed": "delivery_speed",
        "cmi.learner_preference.audio_captioning": "audio_captioning",
    },
}

#: What a comment from the LMS may hold (RTE 4.2.3: the smallest permitted maximums), and how many an activity can have.
LONGEST_COMMENT = 4_000
LONGEST_LOCATION = 250
MOST_COMMENTS = 100


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody left for the learner; `location` is the place within the content that it is about."""

    comment: str
    location: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Learner:
    """Whom the content is told that it talks to."""

    id: str
    name: str
    preferences: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the manifest says about one activity; None where it says nothing."""

    launch_data: str | None = None
    mastery_score: float | None = None
    max_time_allowed: str | None = None
    time_limit_action: str | None = None
    completion_threshold: float | None = None
    scaled_passing_score: float | None = None
    objectives: Sequence[str] = ()
    completion_set_by_content: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an activity between two sessions.

    `exit` is how the last session ended: what content set `cmi.exit` to, or None when it never said goodbye (a
    closed laptop). `total_seconds` is the time of all sessions so far.
    """

    values: Mapping[str, str]
    exit: str | None
    total_seconds: float


@dataclass(frozen=True, slots=True)
class Start:
    """How a session starts: the entry, the values that continue, and the time that counts before it."""

    entry: Entry
    values: Mapping[str, str]
    total_seconds: float


def start(standard: str, kept: Kept | None, resumed: bool | None = None) -> Start:
    """Where a new session begins; `resumed` is what sequencing decided, None where how the last one ended decides.

    A suspended session is resumed; so is one that was cut off, because losing a learner's work is worse than resuming
    what content did not ask to suspend. Any other exit ends the attempt on the activity: SCORM 2004 then starts anew
    (RTE 4.2.8), SCORM 1.2 keeps its data, as content of that age expects, with an empty entry (RTE 3.4.4
    cmi.core.entry).
    """
    if kept is None:
        return Start("ab-initio", {}, 0.0)
    values = {name: value for name, value in kept.values.items() if name not in _OF_ONE_SESSION[standard]}
    if kept.exit in ("suspend", None) if resumed is None else resumed:
        return Start("resume", values, kept.total_seconds)
    if standard == "scorm_1_2":
        return Start("", values, kept.total_seconds)
    return Start("ab-initio", {}, 0.0)


def initial_values(standard: str, begin: Start, learner: Learner, mode: Mode, settings: Settings) -> dict[str, str]:
    """The whole data model that content finds after Initialize, as element names and texts."""
    build = _initial12 if standard == "scorm_1_2" else _initial2004
    given = build(begin, learner, mode, settings)
    preferences = {
        element: learner.preferences[name]
        for element, name in PREFERENCES[standard].items()
        if learner.preferences.get(name)
    }
    known = {name: value for name, value in given.items() if value is not None}
    return {**known, **preferences, **begin.values, **_read_only(known, standard)}


def comments_from_lms(standard: str, comments: Sequence[Comment]) -> dict[str, str]:
    """Comments as content reads them: one text in SCORM 1.2 (RTE 3.4.4), a collection in SCORM 2004 (RTE 4.2.3)."""
    if standard == "scorm_1_2":
        return {"cmi.comments_from_lms": "\n".join(one.comment for one in comments)} if comments else {}
    found: dict[str, str] = {}
    for index, one in enumerate(comments):
        found[f"cmi.comments_from_lms.{index}.comment"] = one.comment
        if one.location:
            found[f"cmi.comments_from_lms.{index}.location"] = one.location
        # RTE 4.1.1 time(second,10,0): a zone needs a fraction before it.
        made_at = f"{one.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0Z"
        found[f"cmi.comments_from_lms.{index}.timestamp"] = made_at
    return found


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """What the player does when an activity has been used for as long as it may: after so many `seconds` from now."""

    seconds: float
    exits: bool
    tells: bool


#: A timer of a browser runs for 24 days at most.
_LONGEST_TIMER = 2_000_000.0


def time_limit(standard: str, values: Mapping[str, str]) -> TimeLimit | None:
    """The time that is left of the one the manifest allows, and what follows; None where nothing does.

    SCORM 1.2 RTE 3.4.4 cmi.student_data.time_limit_action; SCORM 2004 RTE 4.2.14 and 4.2.23. Without an action
    nothing happens (“continue,no message”).
    """
    is_12 = standard == "scorm_1_2"
    prefix, total = ("cmi.student_data.", "cmi.core.total_time") if is_12 else ("cmi.", "cmi.total_time")
    seconds = seconds_of_timespan12 if is_12 else seconds_of_interval2004
    allowed, action = values.get(f"{prefix}max_time_allowed"), values.get(f"{prefix}time_limit_action")
    if allowed is None or action in (None, "continue,no message"):
        return None
    left = max(0.0, seconds(allowed) - seconds(values.get(total, "")))
    return None if left > _LONGEST_TIMER else TimeLimit(left, action.startswith("exit"), action.endswith(",message"))


def _read_only(values: Mapping[str, str], standard: str) -> dict[str, str]:
    """Those values that only the LMS sets; nothing stored may stand in their place."""
    names = set(MODELS[standard].read_only)
    return {name: value for name, value in values.items() if name in names}


def _credit(mode: Mode) -> str:
    return "credit" if mode == "normal" else "no-credit"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.7f}".rstrip("0").rstrip(".")


def _initial12(begin: Start, learner: Learner, mode: Mode, settings: Settings) -> dict[str, str | None]:
    return {
        "cmi.core.student_id": learner.id,
        "cmi.core.student_name": learner.name,
        "cmi.core.credit": _credit(mode),
        "cmi.core.entry": begin.entry,
        "cmi.core.lesson_mode": mode,
        "cmi.core.lesson_status": "not attempted",
        "cmi.core.total_time": timespan12_of(begin.total_seconds),
        "cmi.launch_data": settings.launch_data,
        "cmi.student_data.mastery_score": _number(settings.mastery_score),
        "cmi.student_data.max_time_allowed": settings.max_time_allowed,
        "cmi.student_data.time_limit_action": settings.time_limit_action,
    }


def _initial2004(begin: Start, learner: Learner, mode: Mode, settings: Settings) -> dict[str, str | None]:
    return {
        "cmi.learner_id": learner.id,
        "cmi.learner_name": learner.name,
        "cmi.credit": _credit(mode),
        "cmi.entry": begin.entry,
        "cmi.mode": mode,
        "cmi.total_time": interval_of(begin.total_seconds),
        "cmi.launch_data": settings.launch_data,
        "cmi.scaled_passing_score": _number(settings.scaled_passing_score),
        "cmi.completion_threshold": _number(settings.completion_threshold),
        "cmi.max_time_allowed": settings.max_time_allowed,
        "cmi.time_limit_action": settings.time_limit_action,
        **_objectives(begin.values, settings.objectives),
    }


def _objectives(stored: Mapping[str, str], declared: Sequence[str]) -> dict[str, str | None]:
    """The manifest's objectives, created before launch unless the stored data has them (RTE 4.2.17)."""
    present = entries(stored, "cmi.objectives")
    known = {entry.get("id") for entry in present.values()}
    missing = [objective for objective in dict.fromkeys(declared) if objective not in known]
    return {f"cmi.objectives.{place}.id": name for place, name in enumerate(missing, start=len(present))}
