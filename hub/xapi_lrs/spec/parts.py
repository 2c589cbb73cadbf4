"""Statements by their parts.

The same actors, verbs, activities and results come again and again, byte for byte, and what a part is worth depends on
its bytes alone: whether it is valid, what its statement is found under because of it, what it says of activities and
people. So a part need be judged only once (`services.recognition` remembers it), and a statement that is put together
of such parts in the usual way needs no more than looking them up.

The rules are those of `spec.statement`; here is only how a statement falls into parts. `parts_of` and `part_of`
answer None for whatever is out of the ordinary: a fault, a StatementRef, attachments, an authority of the client's,
anything that must be written anew. Such statements are judged as a whole.
"""

import re
from collections.abc import Callable
from itertools import compress
from typing import Annotated, Any

import msgspec
from msgspec.structs import astuple

from hub.errors import Invalid
from hub.xapi_lrs.spec import reading, values
from hub.xapi_lrs.spec.statement import VOIDED, member_faults
from hub.xapi_lrs.spec.versions import Version

#: A part lies in a statement, or in the context of one.
_LEVELS_ABOVE = 2

#: Stands for a member that is not there.
_ABSENT = msgspec.Raw(b"")


class _Context(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The members of a context (Data 2.4.6) that ordinary statements have."""

    registration: msgspec.Raw = _ABSENT
    instructor: msgspec.Raw = _ABSENT
    team: msgspec.Raw = _ABSENT
    contextActivities: msgspec.Raw = _ABSENT
    revision: msgspec.Raw = _ABSENT
    platform: msgspec.Raw = _ABSENT
    language: msgspec.Raw = _ABSENT
    extensions: msgspec.Raw = _ABSENT


class _Statement(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The members that ordinary statements have (Data 2.4): the verb first, the context last."""

    verb: msgspec.Raw
    actor: msgspec.Raw
    object: msgspec.Raw
    id: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT
    timestamp: msgspec.Raw = _ABSENT
    version: msgspec.Raw = _ABSENT
    context: _Context | None = None


_STATEMENT = msgspec.json.Decoder(_Statement)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])

_NAMES = (*_Statement.__struct_fields__[:-1], *_Context.__struct_fields__)
#: What a member takes besides its value: its name in quotes, a colon, and a comma or brace behind.
_AROUND = tuple(len(f'"{name}":,') for name in _NAMES)
_AROUND_CONTEXT = len('"context":{,')


def parts_of(raw: bytes) -> dict[str, bytes] | None:
    """The members of a statement and of its context, each in its own bytes, the verb first; None unless it is put
    together in the usual way.

    A member that is there twice, white space or a name that is written with escapes make a statement longer than its
    members are.
    """
    try:
        statement = _STATEMENT.decode(raw)
        values, length = astuple(statement)[:-1], 1
        if statement.context is not None:
            inner = astuple(statement.context)
            values, length = values + inner, 1 + _AROUND_CONTEXT + (0 if any(inner) else 1)
        length += sum(map(len, values)) + sum(compress(_AROUND, values))
        if length != len(raw) and not _is_evenly_spaced(raw):
            return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return dict(zip(compress(_NAMES, values), map(bytes, filter(None, values)), strict=True))


def _is_evenly_spaced(raw: bytes) -> bool:
    """Whether a statement has one space after each comma and colon that is between its members or its context's, as
    many writers have it, and nothing but the members."""
    members = _MEMBERS.decode(raw)
    context = members.get("context")
    return raw == _spaced(members) and (context is None or bytes(context) == _spaced(_MEMBERS.decode(context)))


def _spaced(members: dict[str, msgspec.Raw]) -> bytes:
    return b"{%b}" % b", ".join([b'"%b": %b' % (name.encode(), value) for name, value in members.items()])


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


def _never(_: Any) -> bool:
    """Whatever is not spelled as it is kept must be written anew."""
    return False


def _is_activity(thing: dict[str, Any]) -> bool:
    return thing.get("objectType", "Activity") == "Activity"


def _are_arrays(groups: dict[str, Any]) -> bool:
    """A context activity that came alone is put into an array (Data 2.4.6.2)."""
    return all(type(listed) is list for listed in groups.values())


_ORDINARY: dict[str, Callable[[Any], bool]] = {
    "id": _never,
    "timestamp": _never,
    "verb": lambda verb: verb["id"] != VOIDED,
    "object": _is_activity,
    "contextActivities": _are_arrays,
}

#: The usual spelling of an id, and of a timestamp in UTC, as it is kept (Data 4.5). Others must be written anew.
_ID = re.compile(rb'"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"').fullmatch
_UTC = re.compile(
    rb'"[1-9]\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)'
    rb'|02-(?:0[1-9]|1\d|2[0-8]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z"'
).fullmatch


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


#: Parts that a statement is not filed under, and that are seldom the same again, with what shows quickly that one is
#: valid and ordinary; if it does not, that says nothing.
SILENT: dict[str, Callable[[bytes], object]] = {
    "id": _ID,
    "timestamp": _UTC,
    "result": _is_plain_result,
    "extensions": _are_plain_extensions,
}
