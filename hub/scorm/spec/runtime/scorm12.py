"""The run-time data model of SCORM 1.2 (RTE 1.2 section 3.4.4), and its table of values.

Two limits are wider than the table's, because real content goes beyond them and would lose a learner's work:
`cmi.suspend_data` holds 64,000 characters instead of 4,096, `cmi.core.lesson_location` 1,000 instead of 255.
"""

from hub.scorm.spec.runtime.interactions import TYPES_12
from hub.scorm.spec.runtime.model import Access, Codes, DataModel, Element, table
from hub.scorm.spec.runtime.types import (
    DataType,
    clock12,
    decimal12,
    either,
    integer12,
    or_blank,
    text,
    timespan12,
    vocabulary,
)

_score = or_blank(decimal12(0, 100))
#: CMIIdentifier is letters, digits, `-` and `_` by the book; content uses far more, so any printable text is taken.
_identifier = text(255)
_status = ("passed", "completed", "failed", "incomplete", "browsed")


def _rows(access: Access, spec: str, **types: DataType) -> list[Element]:
    return [Element("cmi." + name.replace("__", "."), access, judge, spec) for name, judge in types.items()]


_CORE = [
    *_rows(
        Access.READ,
        "RTE 3.4.4 cmi.core",
        core__student_id=_identifier,
        core__student_name=text(255),
        core__credit=vocabulary("credit", "no-credit"),
        core__entry=vocabulary("ab-initio", "resume", ""),
        core__total_time=timespan12,
        core__lesson_mode=vocabulary("browse", "normal", "review"),
    ),
    *_rows(
        Access.BOTH,
        "RTE 3.4.4 cmi.core",
        core__lesson_location=text(1000),
        core__lesson_status=vocabulary(*_status),
        core__score__raw=_score,
        core__score__min=_score,
        core__score__max=_score,
    ),
    *_rows(
        Access.WRITE,
        "RTE 3.4.4 cmi.core",
        core__exit=vocabulary("time-out", "suspend", "logout", ""),
        core__session_time=timespan12,
    ),
]

_DATA = [
    *_rows(
        Access.READ,
        "RTE 3.4.4",
        launch_data=text(64_000),
        comments_from_lms=text(64_000),
        student_data__mastery_score=decimal12(0, 100),
        student_data__max_time_allowed=timespan12,
        student_data__time_limit_action=vocabulary(
            "exit,message", "exit,no message", "continue,message", "continue,no message"
        ),
    ),
    *_rows(
        Access.BOTH,
        "RTE 3.4.4",
        suspend_data=text(64_000),
        comments=text(64_000),
        objectives__n__id=_identifier,
        objectives__n__status=vocabulary(*_status, "not attempted"),
        objectives__n__score__raw=_score,
        objectives__n__score__min=_score,
        objectives__n__score__max=_score,
        student_preference__audio=integer12(-1, 100),
        student_preference__language=text(255),
        student_preference__speed=integer12(-100, 100),
        student_preference__text=integer12(-1, 1),
    ),
    *_rows(
        Access.WRITE,
        "RTE 3.4.4 cmi.interactions",
        interactions__n__id=_identifier,
        interactions__n__time=clock12,
        interactions__n__type=vocabulary(*TYPES_12),
        interactions__n__weighting=decimal12(-100, 100),
        interactions__n__student_response=text(64_000),
        interactions__n__result=either(vocabulary("correct", "wrong", "unanticipated", "neutral"), decimal12()),
        interactions__n__latency=timespan12,
        interactions__n__objectives__n__id=_identifier,
        interactions__n__correct_responses__n__pattern=text(64_000),
    ),
]

#: SCORM 1.2 RTE 3.5; 201 (invalid argument) is what remains where the others do not fit.
_CODES = Codes(
    undefined=401,
    read_only=403,
    write_only=404,
    keyword=402,
    type_mismatch=405,
    out_of_range=405,
    out_of_order=201,
    dependency=201,
    nothing_to_get=201,
    nothing_to_set=201,
    no_children=202,
    no_count=203,
    no_entry=201,
    not_set=0,
)

SCORM_12 = DataModel(
    edition="SCORM 1.2",
    codes=_CODES,
    elements=table(_CORE + _DATA),
    collections=frozenset(
        {
            "cmi.objectives",
            "cmi.interactions",
            "cmi.interactions.n.objectives",
            "cmi.interactions.n.correct_responses",
        }
    ),
    parents=(
        "cmi.core",
        "cmi.core.score",
        "cmi.objectives",
        "cmi.objectives.n.score",
        "cmi.student_data",
        "cmi.student_preference",
        "cmi.interactions",
    ),
    defaults={"cmi._version": "3.4", "cmi.core.lesson_status": "not attempted"},
)
