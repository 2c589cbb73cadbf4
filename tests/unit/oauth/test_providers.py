"""What identity providers tell, and what it means for an account."""

import pytest

from hub.oauth.spec.providers import (
    KINDS,
    RoleRule,
    github_addresses,
    is_of_domain,
    read_domains,
    read_rules,
    roles_of,
    written_rules,
)

ROLES = ("author", "administrator")


def test_rules_are_read_as_people_write_them():
    rules, faults = read_rules("groups=staff -> author\n\n realm.roles = a=b c → administrator \n", ROLES)
    assert rules == [RoleRule("groups", "staff", "author"), RoleRule("realm.roles", "a=b c", "administrator")]
    assert faults == []
    assert read_rules(written_rules(rules), ROLES) == (rules, [])


@pytest.mark.parametrize(
    "line", ["groups=staff", "groups -> author", "=x -> author", "groups=x -> king", "a b=x -> author"]
)
def test_a_line_that_is_no_rule_is_told(line):
    rules, faults = read_rules(f"groups=staff -> author\n{line}", ROLES)
    assert len(rules) == len(faults) == 1
    assert "line 2" in faults[0].message


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"groups": "staff"}, ["author"]),
        ({"groups": ["x", "staff", "staff"]}, ["author"]),
        ({"realm": {"roles": ["boss"]}}, ["administrator"]),
        ({"realm.roles": "boss", "groups": ["staff"]}, ["author", "administrator"]),
        ({"level": 7}, ["author"]),
        ({"level": "7"}, ["author"]),
        ({"level": 7.0}, []),
        ({"groups": {"staff": True}}, []),
        ({"realm": "boss"}, []),
        ({}, []),
    ],
)
def test_claims_give_roles(claims, roles):
    rules = [RoleRule("groups", "staff", "author"), RoleRule("realm.roles", "boss", "administrator")]
    assert roles_of(claims, [*rules, RoleRule("level", "7", "author")]) == roles


def test_domains():
    assert read_domains(" School.example, @a.b.example\nc-d.example") == (
        ["school.example", "a.b.example", "c-d.example"],
        [],
    )
    assert [fault.found for fault in read_domains("school ok.example .x ä.example")[1]] == ["school", ".x", "ä.example"]
    assert is_of_domain("ann@School.Example", ["school.example"])
    assert is_of_domain("ann@anywhere.example", [])
    for other in ("ann@sub.school.example", "ann@school.example@evil.example", "ann@"):
        assert not is_of_domain(other, ["school.example"])


@pytest.mark.parametrize(
    ("issuer", "login", "api"),
    [
        ("https://github.com/", "https://github.com/login/oauth", "https://api.github.com"),
        ("https://school.ghe.com", "https://school.ghe.com/login/oauth", "https://api.school.ghe.com"),
        ("https://git.school.example", "https://git.school.example/login/oauth", "https://git.school.example/api/v3"),
        ("https://evilgithub.com", "https://evilgithub.com/login/oauth", "https://evilgithub.com/api/v3"),
    ],
)
def test_where_a_github_is(issuer, login, api):
    found = github_addresses(issuer)
    assert (found.issuer, found.authorize, found.token, found.api) == (
        login,
        f"{login}/authorize",
        f"{login}/access_token",
        api,
    )


def test_what_is_asked_of_a_provider():
    assert KINDS["github"].scopes == ("read:user", "user:email")
    assert {kind.scopes for kind in KINDS.values() if kind.key != "github"} == {("openid", "email", "profile")}


def test_only_ad_fs_is_trusted_with_addresses_it_says_nothing_about():
    assert {kind.key for kind in KINDS.values() if kind.trusts_email} == {"adfs"}


def test_a_line_is_read_in_one_go_however_long_it_is():
    """Spaces that might belong to either side of the value made reading take the cube of their number."""
    for line in ("a=" + " " * 200_000 + "x", " " * 200_000 + "a=x", "a=" + " ->" * 60_000, "a=x ->" + " " * 200_000):
        assert read_rules(line, ROLES)[0] == []
    assert read_rules(f"a={'b ' * 50_000}-> author", ROLES)[1] == []


def test_a_value_may_have_arrows_in_it():
    rules, faults = read_rules("path=/a->b→c -> author", ROLES)
    assert (faults, rules[0].value, rules[0].role) == ([], "/a->b→c", "author")
