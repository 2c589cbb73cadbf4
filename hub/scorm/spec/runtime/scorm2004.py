"""The run-time data model of SCORM 2004 4th Edition (RTE 4.2), and its table of values."""

from hub.scorm.spec.runtime.interactions import PATTERNS, RESPONSES, TYPES
from hub.scorm.spec.runtime.model import Access, Codes, DataModel, Element, table
from hub.scorm.spec.runtime.types import (
    DataType,
    either,
    identifier2004,
    interval2004,
    language2004,
    localized2004,
    or_blank,
    real,
    text,
    time2004,
    vocabulary,
)

_identifier = identifier2004(4000)
_completion = vocabulary("completed", "incomplete", "not attempted", "unknown")
_success = vocabulary("passed", "failed", "unknown")
_scaled = real(-1, 1)
_measure = real(0, 1)
_time_limit_action = vocabulary("exit,message", "exit,no message", "continue,message", "continue,no message")
_result = either(vocabulary("correct", "incorrect", "unanticipated", "neutral"), real())


def _rows(access: Access, spec: str, **types: DataType) -> list[Element]:
    return [Element("cmi." + name.replace("__", "."), access, judge, spec) for name, judge in types.items()]


_LMS = _rows(
    Access.READ,
    "RTE 4.2",
    completion_threshold=_measure,
    credit=vocabulary("credit", "no-credit"),
    entry=vocabulary("ab-initio", "resume", ""),
    launch_data=text(64_000),
    learner_id=_identifier,
    learner_name=localized2004,
    max_time_allowed=interval2004,
    mode=vocabulary("browse", "normal", "review"),
    scaled_passing_score=_scaled,
    time_limit_action=_time_limit_action,
    total_time=interval2004,
    comments_from_lms__n__comment=localized2004,
    comments_from_lms__n__location=text(250),
    comments_from_lms__n__timestamp=time2004,
)

_CONTENT = [
    *_rows(
        Access.BOTH,
        "RTE 4.2",
        completion_status=_completion,
        success_status=_success,
        location=text(1000),
        suspend_data=text(64_000),
        progress_measure=_measure,
        score__scaled=_scaled,
        score__raw=real(),
        score__min=real(),
        score__max=real(),
        learner_preference__audio_level=real(0),
        learner_preference__language=language2004,
        learner_preference__delivery_speed=real(0),
        learner_preference__audio_captioning=vocabulary("-1", "0", "1"),
    ),
    *_rows(
        Access.WRITE,
        "RTE 4.2.8, 4.2.21",
        exit=vocabulary("time-out", "suspend", "logout", "normal", ""),
        session_time=interval2004,
    ),
]

_COLLECTIONS = [
    *_rows(
        Access.BOTH,
        "RTE 4.2.2 comments from learner",
        comments_from_learner__n__comment=localized2004,
        comments_from_learner__n__location=text(250),
        comments_from_learner__n__timestamp=time2004,
    ),
    *_rows(
        Access.BOTH,
        "RTE 4.2.9 interactions",
        interactions__n__id=_identifier,
        interactions__n__type=vocabulary(*TYPES),
        interactions__n__timestamp=time2004,
        interactions__n__weighting=real(),
        interactions__n__learner_response=text(64_000),
        interactions__n__result=_result,
        interactions__n__latency=interval2004,
        interactions__n__description=localized2004,
        interactions__n__objectives__n__id=_identifier,
        interactions__n__correct_responses__n__pattern=text(64_000),
    ),
    *_rows(
        Access.BOTH,
        "RTE 4.2.17 objectives",
        objectives__n__id=_identifier,
        objectives__n__score__scaled=_scaled,
        objectives__n__score__raw=real(),
        objectives__n__score__min=real(),
        objectives__n__score__max=real(),
        objectives__n__success_status=_success,
        objectives__n__completion_status=_completion,
        objectives__n__progress_measure=_measure,
        objectives__n__description=localized2004,
    ),
    Element("adl.data.n.id", Access.READ, _identifier, "RTE 4.3.1 adl.data"),
    Element("adl.data.n.store", Access.BOTH, or_blank(text(64_000)), "RTE 4.3.1 adl.data"),
]

#: SCORM 2004 RTE 3.1.7: 401 undefined element, 404 read only, 406 type, 407 range, 351 general set failure (an index
#: out of order), 408 dependency not established.
_CODES = Codes(
    undefined=401,
    read_only=404,
    write_only=405,
    keyword=404,
    type_mismatch=406,
    out_of_range=407,
    out_of_order=351,
    dependency=408,
    nothing_to_get=301,
    nothing_to_set=351,
    no_children=301,
    no_count=301,
    no_entry=301,
    not_set=403,
)

SCORM_2004 = DataModel(
    edition="SCORM 2004",
    codes=_CODES,
    elements=table(_LMS + _CONTENT + _COLLECTIONS),
    collections=frozenset(
        {
            "cmi.comments_from_learner",
            "cmi.comments_from_lms",
            "cmi.interactions",
            "cmi.interactions.n.objectives",
            "cmi.interactions.n.correct_responses",
            "cmi.objectives",
            "adl.data",
        }
    ),
    keys={"cmi.interactions": "id", "cmi.objectives": "id"},
    unique={"cmi.objectives": "id", "cmi.interactions.n.objectives": "id"},
    once=frozenset({"cmi.objectives.n.id"}),
    typed={
        "cmi.interactions.n.learner_response": RESPONSES,
        "cmi.interactions.n.correct_responses.n.pattern": PATTERNS,
    },
    parents=(
        "cmi.comments_from_learner",
        "cmi.comments_from_lms",
        "cmi.interactions",
        "cmi.learner_preference",
        "cmi.objectives",
        "cmi.objectives.n.score",
        "cmi.score",
        "adl.data",
    ),
    defaults={
        "cmi._version": "1.0",
        "cmi.completion_status": "unknown",
        "cmi.success_status": "unknown",
        "cmi.objectives.n.success_status": "unknown",
        "cmi.objectives.n.completion_status": "unknown",
        "cmi.time_limit_action": "continue,no message",
        "cmi.learner_preference.audio_level": "1",
        "cmi.learner_preference.language": "",
        "cmi.learner_preference.delivery_speed": "1",
        "cmi.learner_preference.audio_captioning": "0",
    },
    single=frozenset({"true-false", "likert", "numeric", "other"}),
    distinct=frozenset({"choice", "sequencing"}),
)
