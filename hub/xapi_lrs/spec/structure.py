"""How the structure of a JSON document is described as data and judged by one short walker.

A *check* is called with a value, its place and the list of faults so far; it appends what is wrong and goes on, so
that one pass finds every fault. A place is a linked pair (parent place, key): cheap to make for every object on the
way down, and turned into a JSON path only when there is a fault to report.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hub.errors import Violation

Place = tuple[Any, str | int]
Faults = list[Violation]
Check = Callable[[Any, Place, Faults], None]

ROOT: Place = (None, "$")

_SHOWN = 200


def path_of(place: Place) -> str:
    """The place as a JSON path: $.context.contextActivities.parent[0].id."""
    steps: list[str | int] = []
    at: Any = place
    while at is not None:
        at, key = at
        steps.append(key)
    text = str(steps.pop())
    for key in reversed(steps):
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if key.isidentifier() else f'["{key}"]'
    return text


def fault(faults: Faults, place: Place, requirement: str, message: str, found: Any = None, allowed: Any = None) -> None:
    """Note one fault; `found` is cut to what a person reads."""
    if isinstance(found, dict | list) or (isinstance(found, str) and len(found) > _SHOWN):
        found = str(found)[:_SHOWN]
    faults.append(Violation(requirement, path_of(place), message, found, allowed))


def string(requirement: str, is_valid: Callable[[str], bool], allowed: str) -> Check:
    """A string for which `is_valid` holds; `allowed` names the data type."""

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is not str or not is_valid(value):
            fault(faults, place, requirement, f"must be {allowed}", value, allowed)

    return check


def text(requirement: str) -> Check:
    """Any string."""

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is not str:
            fault(faults, place, requirement, "must be a string", value, "string")

    return check


def one_of(requirement: str, allowed: Sequence[str]) -> Check:
    """One of a few strings, in exactly this case."""
    known = frozenset(allowed)

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is not str or value not in known:
            fault(faults, place, requirement, f"must be {' or '.join(allowed)}", value, list(allowed))

    return check


def boolean(requirement: str) -> Check:
    """true or false."""

    def check(value: Any, place: Place, faults: Faults) -> None:
        if value is not True and value is not False:
            fault(faults, place, requirement, "must be true or false", value, [True, False])

    return check


def number(requirement: str, low: float | None = None, high: float | None = None) -> Check:
    """A number, from `low` to `high` where they are given."""

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is not float and type(value) is not int:
            fault(faults, place, requirement, "must be a number", value, "number")
        elif (low is not None and value < low) or (high is not None and value > high):
            fault(faults, place, requirement, f"must lie between {low} and {high}", value, [low, high])

    return check


def whole_number(requirement: str) -> Check:
    """A whole number that is not negative; 5.0 is one too, as JSON knows only numbers."""

    def check(value: Any, place: Place, faults: Faults) -> None:
        is_whole = type(value) is int or (type(value) is float and value.is_integer())
        if not is_whole or value < 0:
            fault(faults, place, requirement, "must be a whole number of 0 or more", value, "whole number")

    return check


def array(requirement: str, item: Check, *, needs_items: bool = False) -> Check:
    """An array whose items all satisfy `item`."""

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is not list:
            fault(faults, place, requirement, "must be an array", value, "array")
            return
        if needs_items and not value:
            fault(faults, place, requirement, "must have at least one item", value)
        for index, each in enumerate(value):
            item(each, (place, index), faults)

    return check


def one_or_array(requirement: str, item: Check) -> Check:
    """One object, or an array of such objects."""
    several = array(requirement, item)

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is dict:
            item(value, place, faults)
        else:
            several(value, place, faults)

    return check


def mapping(requirement: str, key_is_valid: Callable[[str], bool], allowed_key: str, item: Check | None) -> Check:
    """An object with keys of the sender's choosing; None for `item` lets every value pass."""

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is not dict:
            fault(faults, place, requirement, "must be an object", value, "object")
            return
        for key, each in value.items():
            if not key_is_valid(key):
                fault(faults, (place, key), requirement, f"the key must be {allowed_key}", key, allowed_key)
            if item is not None:
                item(each, (place, key), faults)

    return check


def structure(
    requirement: str,
    properties: Mapping[str, Check],
    *,
    required: Iterable[str] = (),
    rules: Iterable[Check] = (),
) -> Check:
    """An object with these properties and no others, those `required` present, and `rules` about the whole of it."""
    checks = dict(properties)
    needed = tuple(required)
    whole = tuple(rules)

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is not dict:
            fault(faults, place, requirement, "must be an object", value, "object")
            return
        for key, each in value.items():
            known = checks.get(key)
            if known is None:
                fault(faults, (place, key), "Data 2.2", "is not a property that xAPI defines here", key, list(checks))
            else:
                known(each, (place, key), faults)
        for key in needed:
            if key not in value:
                fault(faults, (place, key), requirement, "is required")
        for rule in whole:
            rule(value, place, faults)

    return check


def by_object_type(requirement: str, kinds: Mapping[str, Check], default: str | None) -> Check:
    """An object judged by its `objectType`; `default` is meant where there is none (None: it must be there)."""
    kinds = dict(kinds)

    def check(value: Any, place: Place, faults: Faults) -> None:
        if type(value) is not dict:
            fault(faults, place, requirement, "must be an object", value, "object")
            return
        named = value.get("objectType", default)
        known = kinds.get(named) if type(named) is str else None
        if known is None:
            fault(faults, (place, "objectType"), requirement, f"must be {' or '.join(kinds)}", named, list(kinds))
        else:
            known(value, place, faults)

    return check
