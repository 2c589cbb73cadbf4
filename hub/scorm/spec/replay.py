"""What a replay tells: the API calls of content as they were answered, the steps of sequencing, and their words.

Run-time error codes: SCORM 1.2 RTE 3.3.3 table; SCORM 2004 4th Ed. RTE 3.1.7. Processes: SN appendix C.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

#: The calls that a replay keeps, by their names in both editions. What only asks about errors tells nothing new.
METHODS = (
    "Initialize",
    "GetValue",
    "SetValue",
    "Commit",
    "Terminate",
    "LMSInitialize",
    "LMSGetValue",
    "LMSSetValue",
    "LMSCommit",
    "LMSFinish",
)
#: So many characters of an element, a value or an answer are kept; the player says how long a longer one was.
LONGEST_TEXT = 300
#: So many calls are taken with one commit.
MOST_CALLS = 1_000
#: What the engine notes at the step that refuses a request.
EXCEPTION = "exception"
#: So many steps of one request's trace are kept.
MOST_STEPS = 1_000
MOST_CLOSED = 50

_SHARED = {
    "0": "No error",
    "101": "General exception",
    "201": "Invalid argument error",
    "301": "Not initialized",
    "401": "Not implemented error",
    "402": "Invalid set value, element is a keyword",
    "403": "Element is read only",
    "404": "Element is write only",
    "405": "Incorrect data type",
}
ERRORS: Mapping[str, Mapping[str, str]] = {
    "scorm_1_2": _SHARED | {"202": "Element cannot have children", "203": "Element is not an array"},
    "scorm_2004": _SHARED
    | {
        "102": "General initialization failure",
        "103": "Already initialized",
        "104": "Content instance terminated",
        "111": "General termination failure",
        "112": "Termination before initialization",
        "113": "Termination after termination",
        "122": "Retrieve data before initialization",
        "123": "Retrieve data after termination",
        "132": "Store data before initialization",
        "133": "Store data after termination",
        "142": "Commit before initialization",
        "143": "Commit after termination",
        "301": "General get failure",
        "351": "General set failure",
        "391": "General commit failure",
        "401": "Undefined data model element",
        "402": "Unimplemented data model element",
        "403": "Data model element value not initialized",
        "404": "Data model element is read only",
        "405": "Data model element is write only",
        "406": "Data model element type mismatch",
        "407": "Data model element value out of range",
        "408": "Data model dependency not established",
    },
}

#: The named processes of the pseudo-code, for people who have the book beside them.
PROCESSES: Mapping[str, str] = {
    "OP.1": "Overall Sequencing Process",
    "NB.2.1": "Navigation Request Process",
    "TB.2.1": "Sequencing Exit Action Rules Subprocess",
    "TB.2.2": "Sequencing Post Condition Rules Subprocess",
    "TB.2.3": "Termination Request Process",
    "RB.1.1 a": "Measure Rollup Process",
    "RB.1.1 b": "Completion Measure Rollup Process",
    "RB.1.2 a": "Objective Rollup Using Measure Process",
    "RB.1.2 b": "Objective Rollup Using Rules Process",
    "RB.1.3 a": "Activity Progress Rollup Using Measure Process",
    "RB.1.3 b": "Activity Progress Rollup Using Rules Process",
    "RB.1.4": "Rollup Rule Check Subprocess",
    "RB.1.5": "Overall Rollup Process",
    "SR.1": "Select Children Process",
    "SR.2": "Randomize Children Process",
    "SB.2.1": "Flow Tree Traversal Subprocess",
    "SB.2.2": "Flow Activity Traversal Subprocess",
    "SB.2.3": "Flow Subprocess",
    "SB.2.4": "Choice Activity Traversal Subprocess",
    "SB.2.5": "Start Sequencing Request Process",
    "SB.2.6": "Resume All Sequencing Request Process",
    "SB.2.7": "Continue Sequencing Request Process",
    "SB.2.8": "Previous Sequencing Request Process",
    "SB.2.9": "Choice Sequencing Request Process",
    "SB.2.9.1": "Choice Flow Subprocess",
    "SB.2.9.2": "Choice Flow Tree Traversal Subprocess",
    "SB.2.10": "Retry Sequencing Request Process",
    "SB.2.11": "Exit Sequencing Request Process",
    "SB.2.12": "Sequencing Request Process",
    "SB.2.13": "Jump Sequencing Request Process",
    "DB.1.1": "Delivery Request Process",
    "DB.2": "Content Delivery Environment Process",
    "DB.2.1": "Clear Suspended Activity Subprocess",
    "UP.1": "Limit Conditions Check Process",
    "UP.2": "Sequencing Rules Check Process",
    "UP.3": "Terminate Descendent Attempts Process",
    "UP.4": "End Attempt Process",
    "UP.5": "Check Activity Process",
}


class Call(NamedTuple):
    """One call of content: how many milliseconds before it was sent, with what it was answered, and the error code."""

    age: int
    method: str
    element: str
    value: str
    answer: str
    error: int


def fault(calls: Sequence[Call]) -> tuple[str, str] | None:
    """Where and why a log of calls is none: (place, what is wrong); None when it is one."""
    if len(calls) > MOST_CALLS:
        return "calls", f"has more than {MOST_CALLS} entries"
    for place, call in enumerate(calls):
        if call.method not in METHODS:
            return f"calls[{place}][1]", "is no method of the run-time API"
        if not 0 <= call.age < 2**31:
            return f"calls[{place}][0]", "is not a number of milliseconds"
        if not 0 <= call.error < 1000:
            return f"calls[{place}][5]", "is not an error code"
    return None


def cut(call: Call) -> Call:
    """The call with its texts no longer than what is kept."""
    return call._replace(
        element=call.element[:LONGEST_TEXT], value=call.value[:LONGEST_TEXT], answer=call.answer[:LONGEST_TEXT]
    )


def new_calls(calls: Sequence[Call], first: int, known: int) -> Sequence[Call]:
    """Those of the calls, numbered from `first` on, that come after the `known` ones: a repeated commit adds none."""
    return calls[max(0, known - first + 1) :]


def error_words(standard: str, code: int) -> str:
    """The name that the standard gives an error code."""
    return ERRORS.get(standard, _SHARED).get(str(code), "")


def closed_of(refusals: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What is not offered, by the exception that stands against it, as a replay keeps it: some of each."""
    return {exception: list(names[:MOST_CLOSED]) for exception, names in refusals.items()}


def navigation_record(
    request: str, target: str | None, shown: str | None, led_to: Mapping[str, Any], trace: Sequence[Sequence[Any]]
) -> dict[str, Any]:
    """One navigation request as a replay keeps it: asked at which activity, what came of it, and why.

    A request may be refused and what was shown go on; then `exception` is still why.
    """
    refusals = [step for _, step, _, note in trace if note == EXCEPTION]
    exception = {"exception": led_to.get("exception") or next(iter(refusals), None)}
    steps = [list(step) for step in trace[:MOST_STEPS]]
    left_out = {"left_out": len(trace) - MOST_STEPS} if len(trace) > MOST_STEPS else {}
    return {"request": request, "target": target, "shown": shown, **led_to, **exception, "trace": steps, **left_out}
