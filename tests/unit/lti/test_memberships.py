"""Lists of people as platforms send them: one strange entry costs itself, never the course."""

from typing import Any

import pytest

from hub.lti.spec.memberships import LONGEST_NAME, MOST_GROUPS, Member, of_link, read_groups, read_members

LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
GROUP_NAMES = {"7": "Red", "8": "Blue"}


def member(**entry: Any) -> Member:
    (found,) = read_members({"members": [{"user_id": "u1"} | entry]}, GROUP_NAMES) or []
    return found


def test_a_member_is_read() -> None:
    entry = {
        "name": " Ada\n Lovelace ",
        "email": "ada@school.example",
        "roles": [LEARNER],
        "status": "Active",
        "group_enrollments": [{"group_id": 7}, {"group_id": "9"}, {"group_id": "8"}, {}, None],
    }
    assert member(**entry) == Member("u1", "Ada Lovelace", "ada@school.example", True, False, ("9", "Blue", "Red"))


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({}, None),
        ({"name": 7}, None),
        ({"name": "\0\n"}, None),
        ({"name": "Ada", "given_name": "Augusta"}, "Ada"),
        ({"name": "", "given_name": "Ada", "family_name": "Lovelace"}, "Ada Lovelace"),
        ({"given_name": ["Ada"], "family_name": "Lovelace"}, "Lovelace"),
        ({"name": "x" * (LONGEST_NAME + 1)}, "x" * LONGEST_NAME),
    ],
)
def test_names(entry: dict[str, Any], name: str | None) -> None:
    assert member(**entry).name == name


@pytest.mark.parametrize(
    ("roles", "is_learner"),
    [([LEARNER], True), ([INSTRUCTOR], False), ([LEARNER, INSTRUCTOR], False), ([7, LEARNER], True), ("odd", True)],
)
def test_who_is_a_learner(roles: Any, is_learner: bool) -> None:
    assert member(roles=roles).is_learner is is_learner


@pytest.mark.parametrize(
    ("status", "is_gone"), [(None, False), ("Active", False), ("Inactive", True), ("Deleted", True)]
)
def test_who_is_gone(status: str | None, is_gone: bool) -> None:
    assert member(status=status).is_gone is is_gone


def test_so_many_groups_are_read() -> None:
    groups = [{"group_id": f"g{number:03}"} for number in range(MOST_GROUPS + 1)]
    assert member(group_enrollments=groups).groups[-1] == f"g{MOST_GROUPS - 1:03}"
    assert member(group_enrollments={"group_id": 7}).groups == ()


@pytest.mark.parametrize("entry", [None, 7, {}, {"user_id": ""}, {"user_id": 7}, {"user_id": "x" * 256}])
def test_whoever_has_no_id_is_left_out(entry: Any) -> None:
    found = read_members({"members": [entry, {"user_id": "u1"}]}, {})
    assert [one.user_id for one in found or []] == ["u1"]


@pytest.mark.parametrize("document", [None, [], {}, {"members": {}}, "members"])
def test_what_is_no_container(document: Any) -> None:
    assert read_members(document, {}) is None
    assert read_groups(document) == {}


def test_groups_are_read() -> None:
    groups = [{"id": 7, "name": "Red"}, {"id": "8"}, {"id": "9", "name": 9}, {"name": "no id"}, {"id": ""}, None]
    assert read_groups({"groups": groups}) == {"7": "Red", "8": "8", "9": "9"}


def test_the_members_of_a_link() -> None:
    assert of_link("https://lms.example/m?x=1", "a&b") == "https://lms.example/m?x=1&rlid=a%26b"
