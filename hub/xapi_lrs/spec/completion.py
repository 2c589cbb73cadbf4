"""What the LRS itself adds to a statement: id, stored, timestamp, authority and version (Data 2.4).

The bytes that came are kept; what the LRS owns is written behind them. Only what must change inside (an authority
of the client's, a timestamp in another zone, a context activity that is not in an array) makes the statement be put
together anew, member by member, every untouched value still in its own bytes.
"""

from collections.abc import Callable, Container
from typing import Any

import msgspec
import orjson

from hub.xapi_lrs.spec import values
from hub.xapi_lrs.spec.reading import members_of, object_of

#: Written by the LRS alone; what a client sends for them is dropped.
_OWNED = frozenset({"stored", "authority"})


class Opening(msgspec.Struct, frozen=True, gc=False):
    """A statement that lacks only what its `stored` time decides.

    Whole, it is `kept`, `added`, the time as an RFC 3339 text, and `"}`; where it came without a timestamp, the time
    stands there twice (Data 2.4.7), with `AGAIN` between. The two are not joined here, because whoever writes them
    joins many of them.
    """

    kept: bytes
    added: bytes
    has_timestamp: bool

    def closed(self, stored: bytes) -> bytes:
        """The whole statement, as the database puts it together (`storage.intake`)."""
        return self.kept + self.added + stored + (b"" if self.has_timestamp else AGAIN + stored) + END


AGAIN = b'","timestamp":"'
END = b'"}'


def opened(statement: dict[str, Any], raw: bytes, statement_id: str, authority: bytes, version: str) -> Opening:
    """Add everything but `stored`: the id unless there is one, the authority (JSON bytes), the version."""
    if _needs_rewriting(statement):
        raw = _rewritten(raw)
    return opened_as_is(statement, raw, statement_id, authority, version)


def opened_as_is(members: Container[str], raw: bytes, statement_id: str, authority: bytes, version: str) -> Opening:
    """The same for a statement of these members in which nothing must be written anew."""
    own_id = b"" if "id" in members else b'"id":"%b",' % statement_id.encode()
    own_version = b"" if "version" in members else b'"version":"%b",' % version.encode()
    added = b',"authority":%b,%b%b"stored":"' % (authority, own_id, own_version)
    return Opening(raw[:-1].rstrip(), added, "timestamp" in members)


def _needs_rewriting(statement: dict[str, Any]) -> bool:
    if not _OWNED.isdisjoint(statement):
        return True
    timestamp = statement.get("timestamp")
    if timestamp is not None and timestamp[-1] != "Z":
        return True
    context = statement.get("context")
    if context is not None and _has_single_activity(context):
        return True
    target = statement["object"]
    return target.get("objectType") == "SubStatement" and _needs_rewriting(target)


def _has_single_activity(context: dict[str, Any]) -> bool:
    groups = context.get("contextActivities")
    return groups is not None and any(type(listed) is dict for listed in groups.values())


def _rewritten(raw: bytes) -> bytes:
    members = members_of(raw)
    for name in _OWNED:
        members.pop(name, None)
    _change(members, "timestamp", _utc)
    _change(members, "context", _context_in_arrays)
    _change(members, "object", lambda value: _rewritten(value) if _is_sub_statement(value) else value)
    return object_of(members)


def _change(members: dict[str, bytes], name: str, how: Callable[[bytes], bytes]) -> None:
    if name in members:
        members[name] = how(members[name])


def _utc(value: bytes) -> bytes:
    return orjson.dumps(values.in_utc(orjson.loads(value)))


def _context_in_arrays(value: bytes) -> bytes:
    """Context activities are answered as arrays even when one came alone (Data 2.4.6.2)."""
    members = members_of(value)
    if "contextActivities" in members:
        groups = members_of(members["contextActivities"])
        arrays = {name: b"[" + item + b"]" if item[:1] == b"{" else item for name, item in groups.items()}
        members["contextActivities"] = object_of(arrays)
    return object_of(members)


def _is_sub_statement(value: bytes) -> bool:
    return members_of(value).get("objectType") == b'"SubStatement"'
