"""What a learner's response and a correct response look like, for each type of interaction.

SCORM 2004 4th Ed. RTE 4.2.9.1 (correct response patterns) and 4.2.9.2 (learner responses) give one grammar for each
type: parts separated by `[,]`, in some types each with two halves around `[.]`, in patterns also ranges with `[:]`
and leading `{case_matters=...}`, `{order_matters=...}` and `{lang=...}`. SCORM 1.2 RTE 3.4.4 is loose about
its formats and content looser still, so those are only bounded in length.
"""

import re
from collections.abc import Callable

from hub.scorm.spec.runtime.types import (
    DataType,
    Refusal,
    identifier2004,
    localized2004,
    or_blank,
    real,
    text,
    vocabulary,
)

BETWEEN_PARTS = "[,]"
BETWEEN_HALVES = "[.]"
BETWEEN_ENDS = "[:]"

_MARK = re.compile(r"\{(?:case_matters|order_matters)=([^}]*)\}")
_short_identifier = identifier2004(250)
_real = real()


def _identifiers(*, distinct: bool) -> DataType:
    def judge(value: str) -> Refusal | None:
        if value == "":
            return None
        parts = value.split(BETWEEN_PARTS)
        if distinct and len(set(parts)) < len(parts):
            return Refusal.TYPE
        return next((refusal for part in parts if (refusal := _short_identifier(part))), None)

    return DataType("identifiers", (_short_identifier, distinct), judge)


def _texts(value: str) -> Refusal | None:
    return next((refusal for part in value.split(BETWEEN_PARTS) if (refusal := localized2004(part))), None)


def _pairs(value: str, judge: Callable[[str, str], bool]) -> Refusal | None:
    for part in value.split(BETWEEN_PARTS) if value else ():
        halves = part.split(BETWEEN_HALVES)
        if len(halves) != 2 or not judge(*halves):
            return Refusal.TYPE
    return None


def _matching(value: str) -> Refusal | None:
    return _pairs(value, lambda source, target: not (_short_identifier(source) or _short_identifier(target)))


def _performance(value: str) -> Refusal | None:
    return _pairs(value, lambda step, answer: bool(step or answer) and not (step and _short_identifier(step)))


def _range(value: str) -> Refusal | None:
    ends = value.split(BETWEEN_ENDS)
    if len(ends) != 2 or any(end and _real(end) for end in ends):
        return Refusal.TYPE
    least, most = ends
    return Refusal.TYPE if least and most and float(least) > float(most) else None


def _marked(inner: DataType) -> DataType:
    """A pattern that may begin with `{case_matters=...}` and `{order_matters=...}` before what `inner` takes."""

    def judge(value: str) -> Refusal | None:
        while mark := _MARK.match(value):
            if mark.group(1) not in ("true", "false"):
                return Refusal.TYPE
            value = value[mark.end() :]
        return inner(value)

    return DataType("marked", (inner,), judge)


_fill_in = DataType("texts", (), _texts)
_performed = DataType("performance", (_short_identifier,), _performance)

#: What `cmi.interactions.n.learner_response` may be, by `cmi.interactions.n.type`.
RESPONSES: dict[str, DataType] = {
    "true-false": vocabulary("true", "false"),
    "choice": _identifiers(distinct=True),
    "fill-in": _fill_in,
    "long-fill-in": localized2004,
    "matching": DataType("matching", (_short_identifier,), _matching),
    "performance": _performed,
    "sequencing": _identifiers(distinct=False),
    "likert": _short_identifier,
    "numeric": _real,
    "other": text(4000),
}

#: What `cmi.interactions.n.correct_responses.m.pattern` may be, by type.
PATTERNS: dict[str, DataType] = {
    **RESPONSES,
    "fill-in": _marked(_fill_in),
    "long-fill-in": _marked(localized2004),
    "performance": _marked(_performed),
    "likert": or_blank(_short_identifier),
    "numeric": DataType("range", (_real,), _range),
}

TYPES = tuple(RESPONSES)
#: SCORM 1.2 RTE 3.4.4, cmi.interactions.n.type.
TYPES_12 = tuple(kind for kind in TYPES if kind not in ("long-fill-in", "other"))
