"""Scopes: what a token or an LRS credential may be given, which actions each one allows, and which includes which.

The one table of scopes. The first eight are those of the xAPI specification (1.0.3 part three, section 4.2, "OAuth
Authorization Scope"); the others cover the REST API, named `noun:verb`. The authorization server offers them, LRS
credentials are limited by them, and docs/security.md prints them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.errors import Forbidden, Invalid, Violation, say
from hub.identity import ACTIONS

Family = Literal["lrs", "rest", "hub"]

#: What clients may be registered for. The others reach all tenants: only people who may that themselves hold them,
#: in personal tokens, which end with the role.
OF_CLIENTS: tuple[Family, ...] = ("lrs", "rest")


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope: its `name` as it is written in a request, the `actions` it allows, and its `meaning` for people."""

    name: str
    family: Family
    actions: frozenset[str]
    meaning: str


def _lrs(name: str, meaning: str, *actions: str) -> Scope:
    return Scope(name, "lrs", frozenset(actions), meaning)


_READ_STATEMENTS = ("statements.read", "statements.read_mine")
_READ_ALL = (*_READ_STATEMENTS, "state.read", "profile.read")
_HUB_NOUNS = ("tenants",)
_REST_NOUNS = (
    "packages",
    "registrations",
    "learners",
    "cohorts",
    "enrolments",
    "courses",
    "replays",
    "stores",
    "platforms",
    "clients",
    "providers",
    "users",
    "tokens",
    "branding",
    "audit",
    "privacy",
    "system",
)


def _scopes_of_nouns(nouns: Iterable[str], family: Family) -> Iterable[Scope]:
    """`noun:write` includes `noun:read`: who changes a thing is answered with it, and follows what became of it.

    There is none to enter a tenant: only a person does, for a while and seen by everybody there.
    """
    for noun in nouns:
        read = f"{noun}.read"
        for action in (name for name in ACTIONS if name.startswith(f"{noun}.") and name != "tenants.enter"):
            also = {read} & set(ACTIONS) - {action}
            meaning = ACTIONS[action] + ("; and read them" if also else "")
            yield Scope(action.replace(".", ":"), family, frozenset({action, *also}), meaning)


SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        _lrs("statements/write", "Store statements", "statements.write"),
        _lrs("statements/read/mine", "Read the statements stored with the same credential", "statements.read_mine"),
        _lrs("statements/read", "Read all statements of the store", *_READ_STATEMENTS),
        _lrs("state", "Read and write activity state documents", "state.read", "state.write"),
        _lrs("define", "Change the stored definitions of activities", "activities.define"),
        _lrs("profile", "Read and write activity and agent profile documents", "profile.read", "profile.write"),
        _lrs("all/read", "Read everything in the store", *_READ_ALL),
        _lrs(
            "all",
            "Read and write everything in the store",
            *_READ_ALL,
            "statements.write",
            "state.write",
            "profile.write",
            "activities.define",
        ),
        *_scopes_of_nouns(_REST_NOUNS, "rest"),
        *_scopes_of_nouns(_HUB_NOUNS, "hub"),
    )
}


def actions_of_scopes(names: Iterable[str]) -> frozenset[str]:
    """Every action that at least one of the scopes `names` allows; unknown names allow nothing."""
    return frozenset().union(*(SCOPES[name].actions for name in names if name in SCOPES))


def includes(wider: str, narrower: str) -> bool:
    """Whether whoever has the scope `wider` may be given `narrower` as well: it allows every action of it.

    So `all` includes `all/read`, that `statements/read`, that `statements/read/mine`, and `noun:write` includes
    `noun:read`. Names that are not in the table include nothing and are included in nothing.
    """
    return wider in SCOPES and narrower in SCOPES and SCOPES[narrower].actions <= SCOPES[wider].actions


class ScopesExceeded(Exception):
    """More was asked for than was granted; says what may be asked for."""

    def __init__(self, granted: Sequence[str]) -> None:
        super().__init__(f"It may have these scopes, and what they include: {' '.join(granted)}")


def narrowed(asked: str | None, granted: Sequence[str]) -> tuple[str, ...]:
    """The scopes of a request, `asked` as it is written there, of whoever was granted `granted`.

    All that was granted where nothing is asked for (RFC 6749 section 3.3), and otherwise exactly what is asked for,
    which one of the granted scopes includes each; `ScopesExceeded` when that is not so.
    """
    wanted = tuple(dict.fromkeys((asked or "").split())) or tuple(granted)
    if not all(any(includes(wider, name) for wider in granted) for name in wanted):
        raise ScopesExceeded(granted)
    return wanted


def scopes_within(actions: Collection[str]) -> list[Scope]:
    """The scopes that whoever may do `actions` can give to others."""
    return [scope for scope in SCOPES.values() if scope.actions <= set(actions)]


def refuse_to_give(names: Iterable[str], actions: Collection[str]) -> None:
    """Raise `Forbidden` where the scopes `names` allow what the one who gives them, who may do `actions`, may not."""
    excess = actions_of_scopes(names) - set(actions)
    if excess:
        detail = say("You cannot give what you may not do: %(actions)s.", actions=", ".join(sorted(excess)))
        raise Forbidden(detail, code="insufficient_scope")


def scopes_allowing(action: str) -> tuple[str, ...]:
    """The scopes that allow `action`, the narrowest first: what a refusal tells the client to ask for."""
    granting = [scope for scope in SCOPES.values() if action in scope.actions]
    return tuple(scope.name for scope in sorted(granting, key=lambda scope: len(scope.actions)))


def checked_scopes(names: Iterable[str], families: Iterable[Family] = OF_CLIENTS) -> tuple[str, ...]:
    """The scopes `names` without doubles, in the order of the table; `Invalid` names every one that is not offered."""
    asked = list(names)
    offered = {name for name, scope in SCOPES.items() if scope.family in set(families)}
    faults = [
        Violation("RFC 6749 section 3.3", f"scope[{index}]", "is not a scope of this server", name, sorted(offered))
        for index, name in enumerate(asked)
        if name not in offered
    ]
    if faults:
        listed = ", ".join(str(fault.found) for fault in faults)
        raise Invalid(say("Unknown scope: %(scopes)s.", scopes=listed), code="invalid_scope", violations=faults)
    return tuple(name for name in SCOPES if name in asked)
