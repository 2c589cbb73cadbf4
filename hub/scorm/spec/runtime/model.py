"""A data model as a table, and the walker that judges the values content sends against it.

Values travel and rest as one flat mapping from element name to text, as in
`{"cmi.core.score.raw": "80", "cmi.interactions.0.id": "q1"}`; what was never set is not there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from hub.errors import Violation
from hub.scorm.spec.runtime.types import DataType, Refusal

Values = Mapping[str, str]
#: The entries of one collection by index, each a mapping from the rest of the element's name.
Entries = Mapping[int, Mapping[str, str]]

_INDEX = re.compile(r"\.(0|[1-9][0-9]{0,14})(?=\.)")
_BAD_INDEX = re.compile(r"\.0[0-9]+(?=\.)")
#: Keywords that the LMS answers for every element that has them (SCORM 1.2 RTE 3.4.2, SCORM 2004 RTE 4.1).
_KEYWORDS = ("_version", "_children", "_count")
_LONGEST_SHOWN = 80


class Access(Enum):
    """What content may do with an element."""

    READ = "r"
    WRITE = "w"
    BOTH = "rw"


@dataclass(frozen=True, slots=True)
class Element:
    """One row of a data model table; `name` has an `n` for each index, as in `cmi.objectives.n.score.raw`."""

    name: str
    access: Access
    type: DataType
    spec: str


@dataclass(frozen=True, slots=True)
class Codes:
    """The API error codes of one SCORM edition (SCORM 1.2 RTE 3.5, SCORM 2004 RTE 3.1.7).

    `keyword` is for setting `_children` and the like, `nothing_to_get` and `nothing_to_set` for a call without an
    element, `no_children` and `no_count` for keywords that an element does not have, `no_entry` for an index beyond a
    collection, `not_set` for an element without a value: 0 where that is an empty text.
    """

    undefined: int
    read_only: int
    write_only: int
    keyword: int
    type_mismatch: int
    out_of_range: int
    out_of_order: int
    dependency: int
    nothing_to_get: int
    nothing_to_set: int
    no_children: int
    no_count: int
    no_entry: int
    not_set: int


@dataclass(frozen=True, slots=True)
class DataModel:
    """The run-time data model of one edition.

    `keys` names the element that an entry of a collection needs before any other (`cmi.objectives` -> `id`), `unique`
    those that no two entries share, `once` those that never change again; `typed` are the elements whose data type
    depends on the interaction's type, `single` the types of interaction with one correct response only, and `distinct`
    those whose correct responses differ from each other. `parents` have `_children`, `defaults` are the values of
    elements that nobody has set.
    """

    edition: str
    codes: Codes
    elements: Mapping[str, Element]
    collections: frozenset[str]
    keys: Mapping[str, str] = field(default_factory=dict)
    unique: Mapping[str, str] = field(default_factory=dict)
    once: frozenset[str] = frozenset()
    parents: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, Mapping[str, DataType]] = field(default_factory=dict)
    single: frozenset[str] = frozenset()
    distinct: frozenset[str] = frozenset()

    def as_data(self) -> dict[str, Any]:
        """The tables as JSON data: what the player judges by, so that it and the Hub say the same."""
        return {
            "codes": asdict(self.codes),
            "elements": {name: [found.access.value, found.type.described()] for name, found in self.elements.items()},
            "collections": sorted(self.collections),
            "keys": dict(self.keys),
            "unique": dict(self.unique),
            "once": sorted(self.once),
            "typed": {
                name: {kind: judge.described() for kind, judge in by_type.items()}
                for name, by_type in self.typed.items()
            },
            "single": sorted(self.single),
            "distinct": sorted(self.distinct),
            "defaults": {**self.defaults, **{f"{name}._children": self._children(name) for name in self.parents}},
        }

    def _children(self, parent: str) -> str:
        """The elements below a parent, or below an entry of it where it is a collection."""
        prefix = f"{parent}.n." if parent in self.collections else f"{parent}."
        below = (name.removeprefix(prefix) for name in self.elements if name.startswith(prefix))
        return ",".join(dict.fromkeys(name.partition(".")[0] for name in below))

    @property
    def read_only(self) -> list[str]:
        """Names of the elements that only the LMS sets."""
        return [element.name for element in self.elements.values() if element.access is Access.READ]


def table(rows: Iterable[Element]) -> dict[str, Element]:
    """The rows by element name."""
    return {row.name: row for row in rows}


def general_name(name: str) -> str:
    """The element's name in the table: `cmi.objectives.3.id` -> `cmi.objectives.n.id`."""
    return _INDEX.sub(".n", name)


def entries(values: Values, collection: str) -> Entries:
    """The entries of a collection by index: `{0: {"id": "o1", "score.raw": "5"}}` for `cmi.objectives`."""
    found: dict[int, dict[str, str]] = {}
    start = len(collection) + 1
    for name, value in values.items():
        if name.startswith(collection + "."):
            index, _, rest = name[start:].partition(".")
            if index.isdecimal():
                found.setdefault(int(index), {})[rest] = value
    return dict(sorted(found.items()))


def violations(model: DataModel, stored: Values, sent: Values) -> list[Violation]:
    """Every fault of the values `sent`, when they are laid over those already `stored`.

    SCORM 1.2 RTE 3.4 and SCORM 2004 4th Ed. RTE 4.1-4.2: unknown and read-only elements, data types and ranges,
    write-once elements, indices that leave a gap, entries without the element they depend on, entries that repeat.
    """
    merged = {**stored, **sent}
    found = [fault for name in sent if (fault := _fault_of_value(model, name, stored, merged))]
    found += _faults_of_retyping(model, stored, sent)
    refused = {fault.where for fault in found}
    sound = {name: value for name, value in merged.items() if name not in refused}
    return found + list(_faults_of_collections(model, sound, sent))


def _fault_of_value(model: DataModel, name: str, stored: Values, merged: Values) -> Violation | None:
    codes, value = model.codes, merged[name]
    if _BAD_INDEX.search(name):
        return _violation(model, codes.out_of_order, name, value, "has an index with a leading zero")
    if name.endswith(_KEYWORDS):
        return _violation(model, codes.keyword, name, value, "is set by the LMS only")
    element = model.elements.get(general_name(name))
    if element is None:
        return _violation(model, codes.undefined, name, value, "is not an element of the data model")
    if element.access is Access.READ:
        return _violation(model, codes.read_only, name, value, "is set by the LMS only")
    if element.name in model.once and stored.get(name, value) != value:
        return _violation(model, codes.out_of_order, name, value, "may be set only once")
    return _fault_of_type(model, element, name, merged)


def _fault_of_type(model: DataModel, element: Element, name: str, merged: Values) -> Violation | None:
    judge = element.type
    if by_type := model.typed.get(element.name):
        kind = merged.get(".".join(name.split(".")[:3]) + ".type")
        if kind is None:
            return _violation(model, model.codes.dependency, name, merged[name], "needs the interaction's type first")
        judge = by_type.get(kind, element.type)
    refusal = judge(merged[name])
    if refusal is None:
        return None
    if refusal is Refusal.TYPE:
        message = f"has another data type ({element.spec})"
        return _violation(model, model.codes.type_mismatch, name, merged[name], message)
    return _violation(model, model.codes.out_of_range, name, merged[name], f"is out of range ({element.spec})")


def _faults_of_retyping(model: DataModel, stored: Values, sent: Values) -> Iterator[Violation]:
    """An interaction that has responses keeps to types that they fit: what is stored must stay legal."""
    for name, kind in sent.items():
        if not model.typed or general_name(name) != "cmi.interactions.n.type":
            continue
        interaction = name.removesuffix(".type")
        kept = {other: value for other, value in stored.items() if other.startswith(interaction + ".")}
        misfit = any(
            other not in sent and (judge := model.typed.get(general_name(other), {}).get(kind)) and judge(value)
            for other, value in kept.items()
        )
        if misfit or not _may_have(model, kind, entries(kept, f"{interaction}.correct_responses")):
            yield _violation(model, model.codes.out_of_order, name, kind, "does not fit what the interaction holds")


def _may_have(model: DataModel, kind: str, responses: Entries) -> bool:
    """Whether an interaction of this type may have these correct responses together."""
    patterns = [entry.get("pattern") for entry in responses.values()]
    is_repeated = kind in model.distinct and len(set(patterns)) < len(patterns)
    return not is_repeated and (kind not in model.single or len(patterns) < 2)


def _faults_of_collections(model: DataModel, merged: Values, sent: Values) -> Iterator[Violation]:
    for collection in _touched_collections(model, sent):
        present = entries(merged, collection)
        general = general_name(collection + ".")[:-1]
        yield from _faults_of_order(model, collection, present)
        if key := model.keys.get(general):
            yield from _faults_of_keys(model, collection, key, present)
        if unique := model.unique.get(general):
            yield from _faults_of_repetition(model, collection, unique, present)
        if general.endswith(".correct_responses") and len(present) > 1:
            kind = merged.get(collection.removesuffix(".correct_responses") + ".type")
            if kind in model.distinct:
                yield from _faults_of_repetition(model, collection, "pattern", present)
            if kind in model.single:
                yield _violation(model, model.codes.out_of_order, collection, None, f"has one entry for {kind}")


def _faults_of_order(model: DataModel, collection: str, present: Entries) -> Iterator[Violation]:
    for place, index in enumerate(present):
        if index != place:
            message = "leaves a gap in its collection"
            yield _violation(model, model.codes.out_of_order, f"{collection}.{index}", None, message)
            return


def _faults_of_keys(model: DataModel, collection: str, key: str, present: Entries) -> Iterator[Violation]:
    for index, entry in present.items():
        if not entry.get(key):
            yield _violation(model, model.codes.dependency, f"{collection}.{index}.{key}", None, "must be set first")


def _faults_of_repetition(model: DataModel, collection: str, unique: str, present: Entries) -> Iterator[Violation]:
    seen: set[str] = set()
    for index, entry in present.items():
        value = entry.get(unique)
        if value is not None and value in seen:
            yield _violation(
                model, model.codes.out_of_order, f"{collection}.{index}.{unique}", value, "is a repetition"
            )
        seen.add(value or "")


def _touched_collections(model: DataModel, values: Values) -> list[str]:
    """The collections that the names go through: `cmi.interactions`, `cmi.interactions.0.objectives`, ..."""
    found: dict[str, None] = {}
    for name in values:
        for index in _INDEX.finditer(name):
            collection = name[: index.start()]
            if general_name(collection + ".")[:-1] in model.collections:
                found[collection] = None
    return list(found)


def _violation(model: DataModel, code: int, where: str, found: str | None, message: str) -> Violation:
    place = _shown(where)
    return Violation(f"{model.edition} error {code}", place, f"{place} {message}.", found=found and _shown(found))


def _shown(text: str) -> str:
    """The text as an error document can carry it: short, and without half surrogates."""
    short = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return short.encode("utf-8", "replace").decode()
