"""The table of scopes."""

import pytest

from hub.errors import Forbidden, Invalid
from hub.identity import ACTIONS
from hub.oauth.scopes import (
    SCOPES,
    ScopesExceeded,
    actions_of_scopes,
    checked_scopes,
    includes,
    narrowed,
    refuse_to_give,
    scopes_allowing,
    scopes_within,
)

XAPI_SCOPES = {
    "statements/write",
    "statements/read/mine",
    "statements/read",
    "state",
    "define",
    "profile",
    "all/read",
    "all",
}


def test_the_lrs_scopes_are_those_of_the_specification():
    assert {name for name, scope in SCOPES.items() if scope.family == "lrs"} == XAPI_SCOPES


def test_every_scope_allows_known_actions_only_and_at_least_one():
    for scope in SCOPES.values():
        assert scope.actions
        assert scope.actions <= set(ACTIONS)


def test_every_action_of_a_program_can_be_had_by_some_scope():
    assert {a for a in ACTIONS if not scopes_allowing(a)} == {"console.use", "tenants.enter"}


def test_no_scope_opens_the_console():
    assert "console.use" not in actions_of_scopes(SCOPES)


def test_reading_all_statements_includes_reading_ones_own_but_not_the_other_way_round():
    assert actions_of_scopes(["statements/read"]) == {"statements.read", "statements.read_mine"}
    assert actions_of_scopes(["statements/read/mine"]) == {"statements.read_mine"}


def test_all_read_writes_nothing():
    assert not any(action.endswith((".write", ".define")) for action in SCOPES["all/read"].actions)


def test_all_covers_every_other_lrs_scope_and_nothing_of_the_rest_api():
    others = [scope for scope in SCOPES.values() if scope.family == "lrs"]
    assert SCOPES["all"].actions == frozenset().union(*(scope.actions for scope in others))
    assert not SCOPES["all"].actions & SCOPES["packages:read"].actions


def test_a_refusal_names_the_narrowest_scope_first():
    assert scopes_allowing("statements.read")[0] == "statements/read"
    assert scopes_allowing("packages.write") == ("packages:write",)


def test_checked_scopes_drops_doubles_and_keeps_the_order_of_the_table():
    assert checked_scopes(["all", "state", "all"]) == ("state", "all")


def test_what_reaches_every_tenant_is_offered_where_it_is_asked_for_alone():
    assert checked_scopes(["tenants:read"], families=["hub"]) == ("tenants:read",)
    with pytest.raises(Invalid):
        checked_scopes(["tenants:read"])


def test_unknown_scopes_are_all_named():
    with pytest.raises(Invalid) as refusal:
        checked_scopes(["state", "nonsense", "statements/erase"])
    assert [fault.found for fault in refusal.value.violations] == ["nonsense", "statements/erase"]


def test_a_scope_of_another_family_is_refused_where_only_one_family_is_offered():
    assert checked_scopes(["state"], families=["lrs"]) == ("state",)
    with pytest.raises(Invalid):
        checked_scopes(["packages:read"], families=["lrs"])


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        *(("all", name) for name in sorted(XAPI_SCOPES)),
        ("all/read", "statements/read"),
        ("all/read", "statements/read/mine"),
        ("statements/read", "statements/read/mine"),
        ("packages:write", "packages:read"),
        ("learners:follow", "learners:read"),
        ("tenants:write", "tenants:read"),
    ],
)
def test_what_a_scope_includes(wider, narrower):
    assert includes(wider, narrower)
    assert wider == narrower or not includes(narrower, wider), "and not the other way round"


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        ("all/read", "state"),
        ("all/read", "profile"),
        ("all/read", "define"),
        ("statements/write", "statements/read/mine"),
        ("state", "profile"),
        ("all", "packages:read"),
        ("packages:write", "users:read"),
        ("nonsense", "nonsense"),
        ("all", "nonsense"),
        ("nonsense", "all"),
    ],
)
def test_what_a_scope_does_not_include(wider, narrower):
    assert not includes(wider, narrower)


def test_every_scope_is_included_in_itself_and_in_what_its_includers_are_included_in():
    for one in SCOPES:
        assert includes(one, one)
        for two in SCOPES:
            for three in SCOPES:
                assert includes(one, three) or not (includes(one, two) and includes(two, three))


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        (None, ("all", "packages:write")),
        ("", ("all", "packages:write")),
        ("  ", ("all", "packages:write")),
        ("all", ("all",)),
        ("statements/read", ("statements/read",)),
        ("packages:read statements/read/mine packages:read", ("packages:read", "statements/read/mine")),
    ],
)
def test_a_request_gets_what_it_asks_for_of_what_was_granted(asked, got):
    assert narrowed(asked, ("all", "packages:write")) == got


@pytest.mark.parametrize(
    "asked", ["all", "all/read", "state", "users:read", "statements/read nonsense", "STATEMENTS/READ"]
)
def test_a_request_never_gets_more_than_was_granted(asked):
    granted = ("statements/read", "packages:write")
    assert narrowed("statements/read/mine", granted) == ("statements/read/mine",)
    with pytest.raises(ScopesExceeded, match="statements/read packages:write"):
        narrowed(asked, granted)


def test_nobody_gives_what_they_may_not_do():
    actions = {"packages.read", "statements.read_mine"}
    refuse_to_give(["packages:read", "statements/read/mine"], actions)
    with pytest.raises(Forbidden, match=r"packages\.write, statements\.read\."):
        refuse_to_give(["packages:write", "statements/read"], actions)
    assert [scope.name for scope in scopes_within(actions)] == ["statements/read/mine", "packages:read"]
