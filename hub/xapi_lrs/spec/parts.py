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
from typing import Annotated, Any

import msgspec

from hub.errors import Invalid
from hub.xapi_lrs.spec import reading, values
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

    `names` are the members that may be, as `spelled`. A member that is there twice, white space or a name that is
    written with escapes make an object longer than its members are with a brace or a comma after each.
    """
    try:
        members = {name: bytes(value) for name, value in _RAW_MEMBERS.decode(raw).items()}
        length = sum(map(len, map(names.__getitem__, members))) + sum(map(len, members.values())) + len(members) + 1
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None
    return members if len(raw) == length or _is_evenly_spaced(raw, members, names) else None


def _is_evenly_spaced(raw: bytes, members: Mapping[str, bytes], names: Mapping[str, bytes]) -> bool:
    """Whether there is one space after each comma and colon, as many writers have it, and nothing but the members."""
    return raw == b"{%b}" % b", ".join([names[name] + b" " + value for name, value in members.items()])


def spelled(names: tuple[str, ...]) -> dict[str, bytes]:
    """Each name as it stands before its value."""
    return {name: b'"%b":' % name.encode() for name in names}


def is_valid(name: str, raw: bytes, version: Version, depth: int) -> bool:
    """Whether one of the `SILENT` parts is valid and ordinary."""
    known = _SPELLINGS.get(name)
    if known is not None:
        return known(raw) is not None
    return _AT_SIGHT[name](raw) or part_of(name, raw, version, depth) is not None


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
_SPELLINGS: dict[str, Callable[[bytes], object | None]] = {
    "id": re.compile(rb'"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"').fullmatch,
    "timestamp": re.compile(
        rb'"[1-9]\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)'
        rb'|02-(?:0[1-9]|1\d|2[0-8]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z"'
    ).fullmatch,
}


class _Score(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A score (Data 2.4.5.1)."""

    scaled: Annotated[float, msgspec.Meta(ge=-1, le=1)] | msgspec.UnsetType = msgspec.UNSET
    raw: float | msgspec.UnsetType = msgspec.UNSET
    min: float | msgspec.UnsetType = msgspec.UNSET
    max: float | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_in_range(self) -> bool:
        """Whether min and max are both there, in order, and raw lies between them if it is there."""
        low, raw, high = self.min, self.raw, self.max
        if low is msgspec.UNSET or high is msgspec.UNSET:
            return low is high is raw
        return low < high if raw is msgspec.UNSET else low <= raw <= high != low


class _Result(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A result without extensions (Data 2.4.5)."""

    score: _Score | msgspec.UnsetType = msgspec.UNSET
    success: bool | msgspec.UnsetType = msgspec.UNSET
    completion: bool | msgspec.UnsetType = msgspec.UNSET
    response: str | msgspec.UnsetType = msgspec.UNSET
    duration: str | msgspec.UnsetType = msgspec.UNSET


_RESULT = msgspec.json.Decoder(_Result)
_WRITER = msgspec.json.Encoder()


def _is_plain_result(raw: bytes) -> bool:
    """Whether this is a valid result of the usual kind; False only means that it must be looked at closely.

    A member that is there twice is dropped by the decoder, and a colon of the text with it.
    """
    try:
        result = _RESULT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    score, duration = result.score, result.duration
    return (
        b"\\" not in raw
        and (score is msgspec.UNSET or score.is_in_range)
        and (duration is msgspec.UNSET or values.is_duration(duration))
        and raw.count(b":") == _WRITER.encode(result).count(b":")
    )


_PAIR = (
    rb'"[\x21\x23-\x5B\x5D-\x7E]+": ?'
    rb'(?:"[\x20\x21\x23-\x5B\x5D-\x7E]*"|-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?|true|false)'
)
_PLAIN_EXTENSIONS = re.compile(rb"\{%b(?:, ?%b)*\}" % (_PAIR, _PAIR)).fullmatch
_PLAIN_KEYS = re.compile(rb'[{,] ?"([^"]+)":').findall


def _are_plain_extensions(raw: bytes) -> bool:
    """Whether these are valid extensions with plain values (Data 4.1); False only means that they must be looked at
    closely."""
    if _PLAIN_EXTENSIONS(raw) is None:
        return False
    keys = _PLAIN_KEYS(raw)
    return len(set(keys)) == len(keys) and all(values.is_iri(key.decode()) for key in keys)


#: What shows quickly that a part is valid; if it does not, that says nothing.
_AT_SIGHT: dict[str, Callable[[bytes], bool]] = {"result": _is_plain_result, "extensions": _are_plain_extensions}
