"""When two statements are the same (Data 2.3.1, "Statement Comparision Requirements")."""

import re
from typing import Any

from hub.xapi_lrs.spec import actors, values
from hub.xapi_lrs.spec.statement import IDENTIFIERS

#: Given by the LRS, so they say nothing about whether the client sent the same statement.
_OWNED = frozenset({"id", "stored", "authority", "timestamp", "version"})

_HUNDREDTHS = re.compile(r"([.,]\d\d)\d+(?=S$)")


def are_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two valid statements differ only in what the rule of immutability excepts."""
    return _are_equal(_essence(one), _essence(other)) and _timestamps_agree(one, other)


def is_signed_as(statement: dict[str, Any], payload: dict[str, Any]) -> bool:
    """Whether a signature's payload is the statement before the signature was added (Data 2.6): the attachments
    of the payload are those of the statement without the signature."""
    ours = {name: value for name, value in statement.items() if name != "attachments"}
    theirs = {name: value for name, value in payload.items() if name != "attachments"}
    if "id" in ours and "id" in theirs and ours["id"].lower() != str(theirs["id"]).lower():
        return False
    return are_same(ours, theirs)


def _timestamps_agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """A timestamp may be written differently, but names the same instant where both have one."""
    ours, theirs = one.get("timestamp"), other.get("timestamp")
    if ours is None or theirs is None:
        return True
    if not isinstance(theirs, str) or not values.is_timestamp(theirs):
        return False
    return values.moment(ours) == values.moment(theirs)


def _are_equal(one: Any, other: Any) -> bool:
    """Equality of JSON values, in which true is no number though Python takes it for 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_are_equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_are_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _essence(statement: dict[str, Any]) -> dict[str, Any]:
    """The statement with everything in one form that may be written in several."""
    known = {name: value for name, value in statement.items() if name not in _OWNED}
    for name, normal in _NORMAL.items():
        if isinstance(known.get(name), dict):
            known[name] = normal(known[name])
    return known


def _actor(actor: dict[str, Any]) -> dict[str, Any]:
    """Members in any order, identifiers in any case that does not matter; an absent objectType means Agent."""
    plain = {name: value for name, value in actor.items() if name not in IDENTIFIERS}
    plain["objectType"] = actor.get("objectType", "Agent")
    plain["key"] = actors.key_of(actor)
    if isinstance(actor.get("member"), list):
        plain["member"] = sorted((_actor(member) for member in actor["member"]), key=repr)
    return plain


def _verb(verb: dict[str, Any]) -> dict[str, Any]:
    return {"id": verb.get("id")}


def _object(thing: dict[str, Any]) -> dict[str, Any]:
    kind = thing.get("objectType", "Activity")
    if kind == "Activity":
        return {"objectType": kind, "id": thing.get("id")}
    if kind == "SubStatement":
        return _essence(thing) | _instant_of(thing)
    if kind == "StatementRef":
        return {"objectType": kind, "id": str(thing.get("id")).lower()}
    return _actor(thing)


def _instant_of(sub_statement: dict[str, Any]) -> dict[str, Any]:
    """The instant of a timestamp that is the client's alone: an LRS gives a sub-statement none."""
    timestamp = sub_statement.get("timestamp")
    return {} if timestamp is None else {"timestamp": values.moment(timestamp)}


def _result(result: dict[str, Any]) -> dict[str, Any]:
    duration = result.get("duration")
    if not isinstance(duration, str):
        return result
    return result | {"duration": _HUNDREDTHS.sub(r"\1", duration)}


def _context(context: dict[str, Any]) -> dict[str, Any]:
    known = dict(context)
    for role in ("instructor", "team"):
        if isinstance(known.get(role), dict):
            known[role] = _actor(known[role])
    for listing, role in (("contextAgents", "agent"), ("contextGroups", "group")):
        if isinstance(known.get(listing), list):
            known[listing] = [each | {role: _actor(each[role])} for each in known[listing]]
    if isinstance(known.get("statement"), dict):
        known["statement"] = _object(known["statement"])
    groups = known.get("contextActivities")
    if isinstance(groups, dict):
        known["contextActivities"] = {name: _ids_of(listed) for name, listed in groups.items()}
    if isinstance(known.get("registration"), str):
        known["registration"] = known["registration"].lower()
    return known


def _ids_of(listed: Any) -> list[Any]:
    return [activity.get("id") for activity in (listed if isinstance(listed, list) else [listed])]


_NORMAL = {"actor": _actor, "verb": _verb, "object": _object, "result": _result, "context": _context}
