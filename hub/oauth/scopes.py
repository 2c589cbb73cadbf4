"""Scopes: what a token or an LRS credential may be given, and which actions each one allows.

The one table of scopes. The first eight are those of the xAPI specification (1.0.3 part three, section 4.2, "OAuth
Authorization Scope"); the others cover the REST API, named `noun:verb`. The authorization server offers them, LRS
credentials are limited by them, and docs/security.md prints them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hub.errors import Invalid, Violation
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
        raise Invalid(f"Unknown scope: {listed}.", code="invalid_scope", violations=faults)
    return tuple(name for name in SCOPES if name in asked)
