"""Who is who: Agents and Groups are told apart by their inverse functional identifier alone (Data 2.4.2.3)."""

from collections.abc import Iterator
from typing import Any

#: Joins the parts of an account; neither an IRI nor a JSON text of a name needs it, and it keeps them apart.
_BETWEEN = "\x1f"

#: Joins the keys of two agents.
_TOGETHER = "\x1e"


def key_of(actor: dict[str, Any]) -> str | None:
    """A text that is equal for two actors exactly when their identifiers are; None for an anonymous Group.

    Mailboxes are compared as the text they are: only the domain is case-insensitive, and it is folded.
    """
    account = actor.get("account")
    if account is not None:
        return f"account:{account['homePage']}{_BETWEEN}{account['name']}"
    mbox = actor.get("mbox")
    if mbox is not None:
        name, _, domain = mbox[7:].rpartition("@")
        return f"mbox:{name}@{domain.lower()}"
    sha1 = actor.get("mbox_sha1sum")
    if sha1 is not None:
        return f"sha1:{sha1.lower()}"
    openid = actor.get("openid")
    return None if openid is None else f"openid:{openid}"


def identifier_of(actor: dict[str, Any]) -> dict[str, Any]:
    """The identifier as a JSON member, such as {"mbox": ...}; empty for an anonymous Group."""
    return {name: actor[name] for name in ("mbox", "mbox_sha1sum", "openid", "account") if name in actor}


def keys_in(actor: dict[str, Any]) -> Iterator[str]:
    """The keys of an actor and, for a Group, of its members: whom a statement about it is about."""
    own = key_of(actor)
    if own is not None:
        yield own
    for member in actor.get("member", ()):
        inner = key_of(member)
        if inner is not None:
            yield inner


def authority_keys(authority: dict[str, Any]) -> list[str]:
    """The keys that an authority is found under: its own, and those of its members where it is a Group of a program
    and the person whom it acts for (Data 2.4.9). Together they are a key too: what the one stored for the other."""
    members = list(keys_in(authority))
    return members if len(members) == 1 else [_TOGETHER.join(members), *members]


def is_actor(thing: dict[str, Any]) -> bool:
    """Whether an object of a statement is an Agent or a Group."""
    return thing.get("objectType") in ("Agent", "Group")


def person_of(agent: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The Person object of an Agent: its identifier and every name it was seen under, as arrays
    (Communication 2.4)."""
    person: dict[str, Any] = {"objectType": "Person"}
    known = list(dict.fromkeys([*names, *([agent["name"]] if "name" in agent else [])]))
    if known:
        person["name"] = known
    return person | {name: [value] for name, value in identifier_of(agent).items()}
