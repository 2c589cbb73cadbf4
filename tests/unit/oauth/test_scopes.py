"""The table of scopes."""

import pytest

from hub.errors import Invalid
from hub.identity import ACTIONS
from hub.oauth.scopes import SCOPES, actions_of_scopes, checked_scopes, scopes_allowing

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
