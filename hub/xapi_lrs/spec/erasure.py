"""A statement without a person: what it says of others stays, what it says of them goes or gets another name.

An agent is whoever has the same inverse functional identifier (Data 2.4.2.3), wherever in the statement it stands:
actor, object, instructor, team, contextAgents, contextGroups, authority, members of groups, the sub-statement, and
objects inside extensions that look like an agent.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.xapi_lrs.spec import actors, attachments
from hub.xapi_lrs.spec.signatures import USAGE_TYPE

#: Numbers keep their digits: what others said must not change by being written anew.
_DECODER = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))
_ENCODER = msgspec.json.Encoder()

#: Members of a result and of a context in which people write, or which hold whatever a program likes.
_FREE = {"result": ("response", "extensions"), "context": ("extensions",)}


@dataclass(frozen=True, slots=True)
class Erased:
    """Whom to erase: the keys of their agents (`actors.key_of`), what finds their names in texts, and who takes their
    place: an account without a name."""

    keys: frozenset[str]
    texts: re.Pattern[str] | None
    account: dict[str, str]


def erased(agents: Iterable[dict[str, Any]], texts: Iterable[str], account: dict[str, str]) -> Erased:
    """Whom to erase. Of `texts` only those are looked for that mean one person: addresses, and names of two words."""
    keys = frozenset(key for agent in agents if (key := actors.key_of(agent)) is not None)
    telling = sorted({text.strip() for text in texts if _is_telling(text)}, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, telling))})(?!\w)", re.IGNORECASE) if telling else None
    return Erased(keys, pattern, account)


def _is_telling(text: str) -> bool:
    text = text.strip()
    return len(text) >= 5 and ("@" in text or len(text.split()) > 1)


def read(body: bytes) -> dict[str, Any]:
    """A stored statement; numbers with a fraction or exponent stay the text that they are."""
    statement: dict[str, Any] = _DECODER.decode(body)
    return statement


def written(statement: dict[str, Any]) -> bytes:
    """The statement as it is stored."""
    return _ENCODER.encode(statement)


def is_by(statement: dict[str, Any], who: Erased) -> bool:
    """Whether the statement is what the person did: they are its actor, themselves and not as a member of a group."""
    return actors.key_of(statement["actor"]) in who.keys


def pseudonymised(statement: dict[str, Any], who: Erased) -> dict[str, Any]:
    """The statement with the person under their other name.

    Of what they did themselves, what they wrote goes too: responses, extensions, attachments. A signature goes in any
    case: it holds the statement as it was, and would no longer fit.
    """
    changed = _without(statement, who)
    assert isinstance(changed, dict)
    target = changed["object"]
    for part in (changed, target) if target.get("objectType") == "SubStatement" else (changed,):
        _drop_attachments(part, everything=is_by(statement, who))
        if is_by(statement, who):
            _drop_free(part)
    return changed


def _without(value: Any, who: Erased) -> Any:
    if type(value) is str:
        return value if who.texts is None else who.texts.sub(who.account["name"], value)
    if type(value) is list:
        return [_without(each, who) for each in value]
    if type(value) is not dict:
        return value
    if _key_of_any(value) in who.keys:
        kept = {name: each for name, each in value.items() if name not in _IDENTIFYING}
        return {name: _without(each, who) for name, each in kept.items()} | {"account": dict(who.account)}
    return {_without(name, who): _without(each, who) for name, each in value.items()}


_IDENTIFYING = frozenset({"name", "mbox", "mbox_sha1sum", "openid", "account"})


def _key_of_any(value: dict[str, Any]) -> str | None:
    """The key of an object that has the form of an agent; extensions hold anything."""
    account = value.get("account")
    if type(account) is dict and type(account.get("homePage")) is str and type(account.get("name")) is str:
        return actors.key_of({"account": account})
    for name in ("mbox", "mbox_sha1sum", "openid"):
        if type(value.get(name)) is str:
            return actors.key_of({name: value[name]})
    return None


def _drop_attachments(part: dict[str, Any], *, everything: bool) -> None:
    if "attachments" in part:
        kept = [] if everything else [each for each in part["attachments"] if each["usageType"] != USAGE_TYPE]
        if kept:
            part["attachments"] = kept
        else:
            del part["attachments"]


def _drop_free(part: dict[str, Any]) -> None:
    for name, members in _FREE.items():
        if name in part:
            part[name] = {key: value for key, value in part[name].items() if key not in members}
            if not part[name]:
                del part[name]


def hashes_of(statements: Iterable[dict[str, Any]]) -> set[str]:
    """The hashes of the attachments of statements, in lower case."""
    return {each["sha2"].lower() for one in statements for each in attachments.attachments_in(one)}
