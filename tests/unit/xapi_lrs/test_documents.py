"""Documents: their parameters, preconditions and merging (Communication 2.2, 2.3, 2.6, 2.7, 3.1)."""

from typing import Any

import pytest

from hub.errors import Conflict, Invalid, PreconditionFailed
from hub.xapi_lrs.spec.documents import (
    ACTIVITY_PROFILE,
    AGENT_PROFILE,
    STATE,
    UNGUARDED,
    Address,
    Guard,
    Preconditions,
    Resource,
    address_of,
    check,
    check_content,
    etag_of,
    guard_of,
    is_json,
    is_unchanged,
    merged,
)
from hub.xapi_lrs.spec.versions import V1_0, V2_0

ACTIVITY, AGENT = "http://example.com/activity", '{"mbox": "mailto:Ann@EXAMPLE.com"}'
KEY, ID = "mbox:Ann@example.com", "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"
OF_STATE = {"activityId": ACTIVITY, "agent": AGENT}
JSON, TEXT = "application/json", "text/plain"


@pytest.mark.parametrize(
    ("resource", "method", "parameters", "address"),
    [
        (STATE, "GET", OF_STATE, Address(f"state\x1e{ACTIVITY}\x1e{KEY}", None, agent=KEY)),
        (
            STATE,
            "PUT",
            OF_STATE | {"stateId": "s", "registration": ID.upper()},
            Address(f"state\x1e{ACTIVITY}\x1e{KEY}", "s", ID, agent=KEY),
        ),
        (STATE, "DELETE", OF_STATE, Address(f"state\x1e{ACTIVITY}\x1e{KEY}", None, agent=KEY)),
        (
            ACTIVITY_PROFILE,
            "GET",
            {"activityId": ACTIVITY, "since": "1970-01-01T00:00:01Z"},
            Address(f"activity profile\x1e{ACTIVITY}", None, since=1_000_000),
        ),
        (
            AGENT_PROFILE,
            "POST",
            {"agent": AGENT, "profileId": "p"},
            Address(f"agent profile\x1e{KEY}", "p", agent=KEY),
        ),
    ],
)
def test_which_documents_are_meant(
    resource: Resource, method: str, parameters: dict[str, str], address: Address
) -> None:
    assert address_of(resource, method, parameters) == address


@pytest.mark.parametrize(
    ("resource", "method", "parameters", "where"),
    [
        (STATE, "GET", {}, ["activityId", "agent"]),
        (STATE, "PUT", OF_STATE, ["stateId"]),
        (STATE, "DELETE", OF_STATE | {"since": "1970-01-01T00:00:01Z"}, ["since"]),
        (STATE, "GET", OF_STATE | {"registration": "x"}, ["registration"]),
        (STATE, "GET", OF_STATE | {"stateId": "a\0"}, ["stateId"]),
        (STATE, "GET", OF_STATE | {"profileId": "p"}, ["profileId"]),
        (STATE, "GET", OF_STATE | {"agent": "{}"}, ["agent"]),
        (AGENT_PROFILE, "GET", {"agent": '{"objectType": "Group", "openid": "x:y"}'}, ["agent.objectType"]),
        (ACTIVITY_PROFILE, "GET", {"activityId": "activity"}, ["activityId"]),
        (ACTIVITY_PROFILE, "DELETE", {"activityId": ACTIVITY}, ["profileId"]),
        (ACTIVITY_PROFILE, "GET", {"activityId": ACTIVITY, "registration": ID}, ["registration"]),
        (AGENT_PROFILE, "GET", {"agent": AGENT, "since": "then"}, ["since"]),
    ],
)
def test_parameters_that_mean_none(
    resource: Resource, method: str, parameters: dict[str, str], where: list[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        address_of(resource, method, parameters)
    assert [fault.where for fault in refusal.value.violations] == where


TAG, OTHER = etag_of(b"a"), etag_of(b"b")


def test_an_entity_tag_is_the_sha_1_in_hex() -> None:
    assert TAG == '"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"'


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "current", "guard", "refusal"),
    [
        (TAG, None, TAG, UNGUARDED, None),
        (TAG.strip('"'), None, TAG, UNGUARDED, None),
        (f"{OTHER}, {TAG}", None, TAG, UNGUARDED, None),
        (f"W/{TAG}", None, TAG, UNGUARDED, PreconditionFailed),
        ("*", None, TAG, UNGUARDED, None),
        (OTHER, None, TAG, UNGUARDED, PreconditionFailed),
        ("*", None, None, UNGUARDED, PreconditionFailed),
        (None, "*", None, Guard(existing=True, always=True), None),
        (None, "*", TAG, UNGUARDED, PreconditionFailed),
        (None, TAG, TAG, UNGUARDED, PreconditionFailed),
        (None, f"W/{TAG}", TAG, UNGUARDED, PreconditionFailed),
        (None, OTHER, TAG, Guard(existing=True), None),
        (None, None, TAG, UNGUARDED, None),
        (None, None, TAG, Guard(existing=True), Conflict),
        (None, None, None, Guard(existing=True), None),
        (None, None, None, Guard(existing=True, always=True), Invalid),
        (TAG, None, TAG, Guard(existing=True, always=True), None),
    ],
)
def test_preconditions(
    if_match: str | None, if_none_match: str | None, current: str | None, guard: Guard, refusal: Any
) -> None:
    wanted = Preconditions(if_match, if_none_match)
    if refusal is None:
        check(wanted, current, guard)
    else:
        with pytest.raises(refusal):
            check(wanted, current, guard)


def test_the_versions_guard_differently() -> None:
    assert (guard_of(STATE, V1_0), guard_of(STATE, V2_0)) == (Guard(), Guard(existing=True))
    assert guard_of(AGENT_PROFILE, V1_0) == Guard(existing=True, always=True)
    assert guard_of(ACTIVITY_PROFILE, V2_0) == Guard(existing=True)


@pytest.mark.parametrize(("header", "is_known"), [(None, False), (TAG, True), (OTHER, False), ("*", True)])
def test_what_a_reader_has_already(header: str | None, is_known: bool) -> None:
    assert is_unchanged(header, TAG) is is_known


@pytest.mark.parametrize(
    ("content", "kind", "before", "before_type", "after"),
    [
        (b"text", TEXT, None, None, b"text"),
        (b'{"a": 1}', JSON, None, None, b'{"a": 1}'),
        (b'{"a": 1.50, "c": []}', JSON, b'{"a": {"x": 0}, "b": 1e2}', JSON, b'{"a":1.50,"b":1e2,"c":[]}'),
        (b"{}", "Application/JSON; charset=utf-8", b'{"a":1}', JSON, b'{"a":1}'),
    ],
)
def test_posting(content: bytes, kind: str, before: bytes | None, before_type: str | None, after: bytes) -> None:
    assert merged(content, kind, before, before_type) == after


@pytest.mark.parametrize(
    ("content", "kind", "before", "before_type"),
    [
        (b"[]", JSON, None, None),
        (b"{", JSON, None, None),
        (b"{}", TEXT, b"{}", JSON),
        (b"{}", JSON, b"{}", TEXT),
        (b"[]", JSON, b"{}", JSON),
        (b"{}", JSON, b"[]", JSON),
    ],
)
def test_what_cannot_be_posted(content: bytes, kind: str, before: bytes | None, before_type: str | None) -> None:
    with pytest.raises(Invalid):
        merged(content, kind, before, before_type)


def test_what_is_called_json_must_be_json() -> None:
    assert is_json("application/json;charset=utf-8")
    assert not is_json("application/json-seq")
    check_content(b"no json", TEXT)
    check_content(b"[" * 100 + b"]" * 100, JSON)
    for content in (b"no json", b'{"a": 1, "a": 2}', b"[" * 101 + b"]" * 101):
        with pytest.raises(Invalid):
            check_content(content, JSON)
