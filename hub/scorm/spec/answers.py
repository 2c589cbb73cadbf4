"""Answers to interactions, in the words and formats of xAPI.

SCORM 2004 RTE 4.2.9 and xAPI 1.0.3 Data appendix C give the ten types the same formats. SCORM 1.2 RTE 3.4.4 has eight
of them in formats of its own (`a,b`, `{a,b}`, `1.a,2.b`, `t`), which are put into xAPI's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hub.scorm.spec.runtime.interactions import BETWEEN_ENDS, BETWEEN_HALVES, BETWEEN_PARTS, TYPES
from hub.scorm.spec.runtime.model import entries
from hub.scorm.spec.runtime.types import seconds_of_interval2004, seconds_of_timespan12

#: Marks that may precede a pattern: `{case_matters=true}`, `{order_matters=false}`, `{lang=de}`.
_MARK = re.compile(r"^\{(?:case_matters|order_matters|lang)=[^}]*\}")
#: So many characters of a text are shown in reports.
LONGEST_SHOWN = 250
#: What neither a statement nor a table can hold: zeros and half surrogates become U+FFFD.
UNPAIRED_OR_ZERO = dict.fromkeys((0, *range(55296, 57344)), "\ufffd")
#: So many components are named of one interaction.
_MOST_COMPONENTS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """One interaction as it was answered. `index` is its place in `cmi.interactions`, texts are as content set them.

    `success` and `points` are content's judgement: right or wrong, or a number; both None where it gave none.
    """

    index: int
    identifier: str
    kind: str
    response: str
    patterns: Sequence[str]
    description: str
    objectives: Sequence[str]
    success: bool | None
    points: float | None
    seconds: float | None


def changed_answers(standard: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Answer]:
    """Every interaction that was answered, or answered otherwise, between two states of the run-time data."""
    field = "student_response" if standard == "scorm_1_2" else "learner_response"
    earlier = entries(before, "cmi.interactions")
    for index, interaction in entries(after, "cmi.interactions").items():
        if not interaction.get("id") or field not in interaction:
            continue
        if _told(interaction, field) != _told(earlier.get(index, {}), field):
            yield _answer(standard, index, interaction, interaction[field])


def tries(values: Mapping[str, str], identifier: str) -> int:
    """How many answers content has recorded under an interaction's id."""
    found = entries(values, "cmi.interactions").values()
    return sum(interaction.get("id") == identifier for interaction in found)


def components(answer: Answer) -> dict[str, list[str]]:
    """The ids of an interaction's components (xAPI Data 2.4.4.1), as far as answer and patterns name them."""
    texts = [_unmarked(text) for text in (*answer.patterns, answer.response)]
    if answer.kind in ("choice", "sequencing"):
        return _named(choices=[part for text in texts for part in text.split(BETWEEN_PARTS)])
    if answer.kind == "likert":
        return _named(scale=texts)
    pairs = [part.partition(BETWEEN_HALVES) for text in texts for part in text.split(BETWEEN_PARTS)]
    paired = [(first, second) for first, between, second in pairs if between]
    if answer.kind == "matching":
        return _named(source=[first for first, _ in paired], target=[second for _, second in paired])
    if answer.kind == "performance":
        return _named(steps=[first for first, _ in paired])
    return {}


def as_row(answer: Answer, values: Mapping[str, str]) -> dict[str, Any]:
    """What reports count of an answer, with texts no longer than they show and without what no table can hold."""
    return {
        "item": _identifying(answer.identifier),
        "position": answer.index,
        "kind": answer.kind,
        "description": _shown(answer.description),
        "pattern": _shown("\n".join(answer.patterns)),
        "response": _shown(answer.response),
        "is_correct": answer.success,
        "points": answer.points,
        "seconds": answer.seconds,
        "tries": tries(values, answer.identifier),
    }


def _identifying(text: str) -> str:
    """The text, or as much of it as is shown with a digest that tells it from others that begin alike."""
    shown = _shown(text)
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return shown if len(text) <= LONGEST_SHOWN else f"{shown[:-9]}…{digest}"


def _shown(text: str) -> str:
    return text[:LONGEST_SHOWN].translate(UNPAIRED_OR_ZERO)


def _told(interaction: Mapping[str, str], field: str) -> tuple[str | None, ...]:
    return tuple(interaction.get(name) for name in ("id", "type", field, "result"))


def _answer(standard: str, index: int, interaction: Mapping[str, str], response: str) -> Answer:
    kind = interaction.get("type", "other")
    to_xapi = _from_12 if standard == "scorm_1_2" else _same
    success, points = _judged(interaction.get("result"))
    correct = entries(interaction, "correct_responses").values()
    return Answer(
        index=index,
        identifier=interaction["id"],
        kind=kind if kind in TYPES else "other",
        response=to_xapi(kind, response),
        patterns=[to_xapi(kind, entry["pattern"]) for entry in correct if "pattern" in entry],
        description=interaction.get("description", ""),
        objectives=[entry["id"] for entry in entries(interaction, "objectives").values() if entry.get("id")],
        success=success,
        points=points,
        seconds=_seconds(interaction.get("latency")),
    )


def _judged(result: str | None) -> tuple[bool | None, float | None]:
    """Right, wrong, or a number (SCORM 1.2 RTE 3.4.4 and SCORM 2004 RTE 4.2.9, interactions.n.result)."""
    if result is None or result in ("unanticipated", "neutral", ""):
        return None, None
    if result in ("correct", "incorrect", "wrong"):
        return result == "correct", None
    return None, float(result)


def _seconds(latency: str | None) -> float | None:
    if not latency:
        return None
    return seconds_of_interval2004(latency) if latency.startswith("P") else seconds_of_timespan12(latency)


def _same(_kind: str, text: str) -> str:
    return text


def _from_12(kind: str, text: str) -> str:
    """A response or pattern of SCORM 1.2 in the formats of xAPI."""
    if kind == "true-false":
        return {"t": "true", "1": "true", "f": "false", "0": "false"}.get(text[:1].lower(), text)
    if kind == "numeric":
        return text.replace(",", BETWEEN_ENDS)
    if kind not in ("choice", "sequencing", "matching"):
        return text
    parts = [part.strip() for part in text.strip("{}").split(",")]
    if kind == "matching":
        parts = [part.replace(".", BETWEEN_HALVES, 1) for part in parts]
    return BETWEEN_PARTS.join(parts)


def _unmarked(text: str) -> str:
    while mark := _MARK.match(text):
        text = text[mark.end() :]
    return text


def _named(**lists: Sequence[Any]) -> dict[str, list[str]]:
    distinct = {name: [each for each in dict.fromkeys(found) if each] for name, found in lists.items()}
    return {name: found[:_MOST_COMPONENTS] for name, found in distinct.items() if found}
