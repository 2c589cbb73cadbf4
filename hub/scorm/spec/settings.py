"""How a package is played and how its result is reckoned: what may be set, the defaults, and what follows from them.

Settings are kept sparse: a version's own go before its package's, and what neither sets has its default. They say what
the standards leave to the LMS: the window and its controls (SCORM 2004 RTE 2.1), when an attempt on the course ends and
a new one begins (RTE 2.1.1), and how the course's status and score come from those of its activities.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from dataclasses import field as dataclass_field
from typing import Any, Literal, cast

from hub.errors import Violation, say
from hub.scorm.spec.rollup import RollupSettings, ScoreRule, StatusRule
from hub.scorm.spec.runtime.transfer import Completion, Success, Tracking

#: Who set a value.
SetBy = Literal["default", "package", "version"]
#: What opening a course leads to.
Opening = Literal["go_on", "begin", "review"]

SUSPEND_DATA = "cmi.suspend_data"
#: What SCORM 1.2 lets `cmi.suspend_data` hold, in characters; content often needs more, and gets it by default.
SUSPEND_DATA_12 = 4096

_RULE = "package settings"


def _choice(default: str, *others: str) -> Any:
    return dataclass_field(default=default, metadata={"choices": (default, *others)})


def _flag(default: bool) -> Any:
    return dataclass_field(default=default, metadata={"flag": True})


def _number(default: float | None, least: float, most: float, *, whole: bool = True) -> Any:
    return dataclass_field(
        default=default, metadata={"least": least, "most": most, "whole": whole, "optional": default is None}
    )


@dataclass(frozen=True, slots=True)
class PackageSettings:
    """Every setting with its default. Lengths are CSS pixels, `pass_score` is scaled: 0 to 1.

    `window` is where content is shown, in the player's page or in a window of its own, of `window_width` by
    `window_height` (None: as large as there is room). `contents` is the table of contents when the player opens,
    `buttons` are previous and next. `new_attempt` says at which launch a new attempt begins: never by itself, once the
    last one is finished (completed, passed or failed), or always; `attempt_limit` is how many there may be (None: any
    number). `after_completion` is the mode in which a finished attempt is opened again. `status` and `score` roll the
    activities of a course up that has no rollup rules of its own (SCORM 1.2). `success` is when the course is passed:
    as reported, by a score of at least `pass_score`, or when it is completed; `completion` when it is completed: as
    reported, only when passed, or as soon as it is passed or failed. `strict_suspend_data` holds SCORM 1.2 to the 4,096
    characters of the book. `on_exit` is where leaving leads: back to the platform that launched, to a page of the
    player that says goodbye, or to the closing of the window.
    """

    window: str = _choice("frame", "new_window")
    window_width: int | None = _number(None, 200, 10_000)
    window_height: int | None = _number(None, 200, 10_000)
    contents: str = _choice("open", "closed", "none")
    buttons: str = _choice("shown", "hidden")
    new_attempt: str = _choice("never", "when_finished", "always")
    attempt_limit: int | None = _number(None, 1, 1000)
    after_completion: str = _choice("normal", "review")
    status: str = _choice("every", "any")
    score: str = _choice("average", "best", "last", "sum")
    success: str = _choice("reported", "score", "completed")
    pass_score: float = _number(0.8, 0, 1, whole=False)
    completion: str = _choice("reported", "passed", "judged")
    strict_suspend_data: bool = _flag(False)
    on_exit: str = _choice("return", "page", "close")

    @property
    def rollup(self) -> RollupSettings:
        """How a course without rollup rules gets its result."""
        return RollupSettings(ScoreRule(self.score), StatusRule(self.status))


#: The names of all settings, in the order in which people are shown them, with what each may be.
FIELDS: Mapping[str, Mapping[str, Any]] = {field.name: field.metadata for field in fields(PackageSettings)}
_DEFAULTS = PackageSettings()


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings that count, and who set each of them."""

    values: PackageSettings
    set_by: Mapping[str, SetBy]


def effective(package: Mapping[str, Any], version: Mapping[str, Any] | None = None) -> Effective:
    """The settings that count: a version's own before its package's, before the defaults."""
    own = version or {}
    set_by: dict[str, SetBy] = {
        name: "version" if name in own else "package" if name in package else "default" for name in FIELDS
    }
    return Effective(settings_of({**package, **own}), set_by)


def settings_of(values: Mapping[str, Any]) -> PackageSettings:
    """Settings from sparse values. What an older or newer release kept and this one does not know is passed over."""
    return replace(_DEFAULTS, **{name: value for name, value in values.items() if name in FIELDS})


def merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Sparse values after a JSON Merge Patch (RFC 7396): null takes a value away, so that it is inherited again."""
    return {name: value for name, value in {**before, **changes}.items() if value is not None}


def faults(changes: Mapping[str, Any]) -> list[Violation]:
    """Everything that is wrong with values that somebody wants to set; null is always right."""
    found = (_fault(name, value) for name, value in changes.items() if value is not None)
    return [fault for fault in found if fault is not None]


def course_judgement(result: Tracking, settings: PackageSettings) -> Tracking:
    """The course's result as the settings judge what was rolled up.

    By score a course is passed as soon as the score is reached, and failed only once it is completed below it: a low
    score on the way is no failure.
    """
    success = _success(result, settings)
    return replace(result, completion=_completion(result.completion, success, settings), success=success)


def strict_faults(standard: str, values: Mapping[str, str], settings: PackageSettings) -> list[Violation]:
    """Values that are only too long for packages that hold SCORM 1.2 to the book (RTE 3.4.4 cmi.suspend_data)."""
    is_strict = settings.strict_suspend_data and standard == "scorm_1_2"
    length = len(values.get(SUSPEND_DATA, ""))
    if not is_strict or length <= SUSPEND_DATA_12:
        return []
    message = f"has {length} characters; this package allows {SUSPEND_DATA_12}"
    return [Violation("SCORM 1.2 RTE 3.4.4 cmi.suspend_data", SUSPEND_DATA, message, allowed=SUSPEND_DATA_12)]


def opening(settings: PackageSettings, results: Sequence[Tracking], *, is_open: bool, begun: bool) -> Opening:
    """What opening a course leads to, by the results of its attempts so far.

    `is_open` tells whether the last attempt may be gone on with, `begun` whether anything happened in it.
    """
    may_begin = settings.attempt_limit is None or len(results) < settings.attempt_limit
    if not is_open:
        return "begin" if may_begin or not results else "review"
    is_finished = results[-1].completion == "completed" or results[-1].success != "unknown"
    wants_new = begun and (
        settings.new_attempt == "always" or (settings.new_attempt == "when_finished" and is_finished)
    )
    if wants_new and may_begin:
        return "begin"
    return "review" if is_finished and (wants_new or settings.after_completion == "review") else "go_on"


def _success(result: Tracking, settings: PackageSettings) -> Success:
    if settings.success == "completed":
        return "passed" if result.completion == "completed" else result.success
    if settings.success != "score" or result.score.scaled is None:
        return result.success if settings.success == "reported" else "unknown"
    if result.score.scaled >= settings.pass_score:
        return "passed"
    return "failed" if result.completion == "completed" else "unknown"


def _completion(reported: Completion, success: Success, settings: PackageSettings) -> Completion:
    if settings.completion == "passed":
        return "completed" if success == "passed" else "incomplete" if reported != "unknown" else "unknown"
    if settings.completion == "judged" and success != "unknown":
        return "completed"
    return reported


def _fault(name: str, value: Any) -> Violation | None:
    rule = FIELDS.get(name)
    if rule is None:
        return Violation(_RULE, name, "is no setting of a package", allowed=list(FIELDS))
    if "choices" in rule:
        if value in cast(Sequence[str], rule["choices"]) and isinstance(value, str):
            return None
        return Violation(
            _RULE, name, say("is one of %(choices)s", choices=", ".join(rule["choices"])), value, list(rule["choices"])
        )
    if "flag" in rule:
        return None if isinstance(value, bool) else Violation(_RULE, name, "is true or false", value, [True, False])
    if _is_number(value, whole=rule["whole"]) and rule["least"] <= value <= rule["most"]:
        return None
    limits = {"least": rule["least"], "most": rule["most"]}
    if rule["whole"]:
        return Violation(_RULE, name, say("is a whole number from %(least)s to %(most)s", **limits), value)
    return Violation(_RULE, name, say("is a number from %(least)s to %(most)s", **limits), value)


def _is_number(value: Any, *, whole: bool) -> bool:
    return isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
