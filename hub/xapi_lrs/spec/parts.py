"""Statements by their parts.

The same actors, verbs, activities and results come again and again, byte for byte, and what a part is worth depends on
its bytes alone: whether it is valid, what its statement is found under because of it, what it says of activities and
people. So a part need be judged only once (`services.recognition` remembers it), and a statement that is put together
of such parts in the usual way needs no more than looking them up.

The rules are those of `spec.statement`; here is only how a statement falls into parts. `members_of` and `part_of`
answer None for whatever is out of the ordinary: a fault, a StatementRef, attachments, an authority of the client's,
anything that must be written anew. Such statements are judged as a whole.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hub.errors import Invalid
from hub.xapi_lrs.spec import reading
from hub.xapi_lrs.spec.statement import VOIDED, member_faults
from hub.xapi_lrs.spec.versions import Version

STATEMENT = ("id", "actor", "verb", "object", "result", "context", "timestamp", "version")
CONTEXT = ("registration", "instructor", "team", "contextActivities", "revision", "platform", "language", "extensions")
REQUIRED = frozenset({"actor", "verb", "object"})

#: Parts that a statement is not filed under, and that are seldom the same again.
SILENT = frozenset({"id", "timestamp", "result", "extensions"})

#: A part lies in a statement, or in the context of one.
_LEVELS_ABOVE = 2

_RAW_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def members_of(raw: bytes, names: Mapping[str, bytes]) -> dict[str, bytes] | None:
    """The members of an object, each in its own bytes; None unless it is put together in the usual way.

    `names` are the members that may be, as `spelled`. What was read is put together again, with the white space that
    most writers use or none: only when that gives the same bytes was no member there twice, and nothing else missed.
    """
    try:
        members = {name: bytes(value) for name, value in _RAW_MEMBERS.decode(raw).items()}
        comma, colon = (b", ", b" ") if raw[raw.find(b":") + 1 :][:1] == b" " else (b",", b"")
        again = comma.join([names[name] + colon + value for name, value in members.items()])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None
    return members if raw == b"{%b}" % again else None


def spelled(names: tuple[str, ...]) -> dict[str, bytes]:
    """Each name as it stands before its value."""
    return {name: b'"%b":' % name.encode() for name in names}


def is_valid(name: str, raw: bytes, version: Version, depth: int) -> bool:
    """Whether one of the `SILENT` parts is valid and ordinary."""
    at_sight = _AT_SIGHT.get(name)
    if at_sight is not None:
        return at_sight(raw) is not None
    return part_of(name, raw, version, depth) is not None


def part_of(name: str, raw: bytes, version: Version, depth: int) -> Any:
    """The part `name` of a statement or a context as a value; None for one that is not valid or not ordinary."""
    try:
        value = reading.decode(raw, depth - _LEVELS_ABOVE)
    except Invalid:
        return None
    if member_faults(name, value, version):
        return None
    is_ordinary = _ORDINARY.get(name)
    return value if is_ordinary is None or is_ordinary(value) else None


def _is_activity(thing: dict[str, Any]) -> bool:
    return thing.get("objectType", "Activity") == "Activity"


def _are_arrays(groups: dict[str, Any]) -> bool:
    """A context activity that came alone is put into an array (Data 2.4.6.2)."""
    return all(type(listed) is list for listed in groups.values())


_ORDINARY: dict[str, Callable[[Any], bool]] = {
    "verb": lambda verb: verb["id"] != VOIDED,
    "object": _is_activity,
    "contextActivities": _are_arrays,
}

#: The usual spelling of an id, and of a timestamp in UTC, as it is kept (Data 4.5).
_AT_SIGHT: dict[str, Callable[[bytes], object | None]] = {
    "id": re.compile(rb'"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"').fullmatch,
    "timestamp": re.compile(
        rb'"[1-9]\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)'
        rb'|02-(?:0[1-9]|1\d|2[0-8]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z"'
    ).fullmatch,
}
