"""What a claim's value may look like.

A *shape* takes a value and tells what is wrong with it, or None. Shapes are built from smaller ones; each
message reads on from the claim's name ("must be a string").
"""

import math
import re
from collections.abc import Callable, Mapping

from hub.errors import say
from hub.lti.spec.urls import url_fault

Shape = Callable[[object], str | None]

_LATEST_TIME = 2**53

_LONGEST_SHOWN = 40


def of_member(name: str, fault: str) -> str:
    """A fault of one member of a value."""
    return say("member ‘%(name)s’ %(fault)s", name=name[:_LONGEST_SHOWN], fault=fault)


def text(longest: int, shortest: int = 0) -> Shape:
    """A string of so many characters."""

    def fault(value: object) -> str | None:
        if not isinstance(value, str):
            return say("must be a string")
        if len(value) < shortest or (not value.strip() and shortest):
            return say("must not be empty")
        if len(value) > longest:
            return say("must be at most %(most)s characters long, not %(length)s", most=longest, length=len(value))
        return None

    return fault


def identifier(value: object) -> str | None:
    """An identifier: 1 to 255 ASCII characters (LTI 1.3 section 5.3, limits of `sub`, `deployment_id`, ids)."""
    if not isinstance(value, str):
        return say("must be a string")
    if not value.strip():
        return say("must not be empty")
    if len(value) > 255:
        return say("must be at most %(most)s characters long, not %(length)s", most=255, length=len(value))
    return None if re.fullmatch(r"[\x20-\x7e]+", value) else say("must be printable ASCII")


def flag(value: object) -> str | None:
    """A boolean; some platforms write it as the string "true" or "false"."""
    return None if isinstance(value, bool) or value in ("true", "false") else say("must be true or false")


def numeric_date(value: object) -> str | None:
    """Seconds since 1970 (RFC 7519 section 2, NumericDate)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return say("must be a number of seconds since 1970")
    if not math.isfinite(value) or not 0 <= value <= _LATEST_TIME:
        return say("is not a possible time")
    return None


def url(value: object) -> str | None:
    """An http(s) URL; whether its host may be used is the caller's question."""
    return url_fault(value, allow_private=True)


def url_or_nothing(value: object) -> str | None:
    """A URL, or what platforms write where they have none: nothing between the quotes, or their variable as it was.

    Moodle does for the column of a link that was removed from the gradebook.
    """
    return None if is_nothing(value) else url(value)


def is_nothing(value: object) -> bool:
    """Whether a platform left a member empty, or did not put a value in place of its variable."""
    return value is None or value == "" or (isinstance(value, str) and value.startswith("$"))


def scalar(value: object) -> str | None:
    """A custom parameter: a string by the specification, but Canvas also sends numbers, booleans and null."""
    if isinstance(value, str):
        return text(8192)(value)
    return None if value is None or isinstance(value, bool | int | float) else say("must be a string")


def list_of(shape: Shape, most: int) -> Shape:
    """A list of at most so many values of one shape."""

    def fault(value: object) -> str | None:
        if not isinstance(value, list):
            return say("must be a list")
        if len(value) > most:
            return say("must have at most %(most)s entries, not %(count)s", most=most, count=len(value))
        return next(
            (
                say("entry %(number)s %(fault)s", number=n, fault=wrong)
                for n, item in enumerate(value)
                if (wrong := shape(item))
            ),
            None,
        )

    return fault


def text_or_list(value: object) -> str | None:
    """An audience: one string or a list with at least one (RFC 7519 section 4.1.3)."""
    if isinstance(value, list) and not value:
        return say("must not be empty")
    return list_of(identifier, 50)(value) if isinstance(value, list) else identifier(value)


def map_of(shape: Shape, most: int) -> Shape:
    """An object with any names and values of one shape."""

    def fault(value: object) -> str | None:
        if not isinstance(value, dict):
            return say("must be an object")
        if len(value) > most:
            return say("must have at most %(most)s members, not %(count)s", most=most, count=len(value))
        return next(
            (of_member(name, wrong) for name, item in value.items() if (wrong := shape(item))),
            None,
        )

    return fault


def record(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object with named members; names that are not listed are let pass (LTI 1.3 section 5.4.7,
    extensions).
    """

    def fault(value: object) -> str | None:
        if not isinstance(value, dict):
            return say("must be an object")
        return _missing(value, required) or _wrong(value, {**required, **(optional or {})})

    return fault


def _missing(value: Mapping[str, object], required: Mapping[str, Shape]) -> str | None:
    return next((say("has no member ‘%(name)s’", name=name) for name in required if value.get(name) is None), None)


def _wrong(value: Mapping[str, object], members: Mapping[str, Shape]) -> str | None:
    for name, shape in members.items():
        wrong = shape(value[name]) if value.get(name) is not None else None
        if wrong:
            return of_member(name, wrong)
    return None
