"""What sequencing adds to the data model that SCORM 2004 content finds when it is delivered.

Objectives of the manifest as they show through their maps (RTE 4th Ed. 4.2.17, SN 3.10) and the stores of adl.data
(RTE 4.3.1), laid over what content itself has stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import Violation
from hub.scorm.spec.manifest.course import DataMap
from hub.scorm.spec.runtime.model import entries
from hub.scorm.spec.sequencing import report
from hub.scorm.spec.sequencing.state import ObjectiveState, State
from hub.scorm.spec.sequencing.tree import Tree

_SUCCESS = {True: "passed", False: "failed", None: None}
_COMPLETION = {True: "completed", False: "incomplete", None: None}


def objective_values(
    tree: Tree, state: State, identifier: str, stored: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """`cmi.objectives` of the manifest's objectives: at the place they have in `stored`, else after the others."""
    places = {entry.get("id"): index for index, entry in entries(stored, "cmi.objectives").items()}
    values: dict[str, str] = {}
    for name, shown in report.seen_by_content(tree, state, identifier, now).items():
        prefix = f"cmi.objectives.{places.setdefault(name, len(places))}"
        values[f"{prefix}.id"] = name
        values |= {f"{prefix}.{element}": value for element, value in _shown(shown).items() if value is not None}
    return values


def _shown(found: ObjectiveState) -> dict[str, str | None]:
    return {
        "success_status": _SUCCESS[found.satisfied],
        "completion_status": _COMPLETION[found.completed],
        "score.scaled": _number(found.measure),
        "score.raw": _number(found.raw),
        "score.min": _number(found.minimum),
        "score.max": _number(found.maximum),
        "progress_measure": _number(found.progress),
    }


def _number(value: float | None) -> str | None:
    if value is None:
        return None
    text = f"{value:.7f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def store_values(maps: Sequence[DataMap], stores: Mapping[str, str]) -> dict[str, str]:
    """`adl.data`: a bucket for each map of the item, with what is in it where the map lets content read."""
    values: dict[str, str] = {}
    for place, found in enumerate(maps):
        values[f"adl.data.{place}.id"] = found.target
        if found.read_shared_data and found.target in stores:
            values[f"adl.data.{place}.store"] = stores[found.target]
    return values


@dataclass(frozen=True, slots=True)
class Store:
    """What content may do with one of its stores."""

    read: bool
    write: bool


def stores_of(maps: Sequence[DataMap]) -> list[Store]:
    """The rights on each store, in the order of `adl.data`."""
    return [Store(found.read_shared_data, found.write_shared_data) for found in maps]


def store_faults(maps: Sequence[DataMap], said: Mapping[str, str]) -> list[Violation]:
    """Stores that are not the manifest's, or that it lets content only read (RTE 4.3.1, errors 351 and 404)."""
    found = []
    for name in said:
        if name.startswith("adl.data.") and name.endswith(".store"):
            place = name.split(".")[2]
            if not place.isdecimal() or int(place) >= len(maps):
                found.append(Violation("SCORM 2004 error 351", name, f"{name} is not a store of this activity."))
            elif not maps[int(place)].write_shared_data:
                found.append(Violation("SCORM 2004 error 404", name, f"{name} may only be read."))
    return found


def stored_data(maps: Sequence[DataMap], said: Mapping[str, str]) -> dict[str, str]:
    """What content put into the stores that it may write, by target."""
    return {
        found.target: said[name]
        for place, found in enumerate(maps)
        if found.write_shared_data and (name := f"adl.data.{place}.store") in said
    }
