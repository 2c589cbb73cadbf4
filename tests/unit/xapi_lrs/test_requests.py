"""What comes before the statements: alternate requests, versions, parts (Communication 1.3, 1.5.2, 3.3)."""

import pytest

from hub.errors import Invalid
from hub.xapi_lrs.spec.alternate import Meant, meant
from hub.xapi_lrs.spec.attachments import check_hash, declared, expected, hasher, refuse_missing
from hub.xapi_lrs.spec.versions import V1_0, V2_0, Version, requested
from tests.unit.xapi_lrs.test_statement import ACTIVITY, ATTACHMENT, FULL

# Alternate requests


def test_a_form_that_means_a_request() -> None:
    form = {"content": ["ä"], "content-type": ["text/plain"], "If-Match": ["*"], "stateId": ["s"], "agent": ["{}"]}
    found = meant({"method": ["PUT"]}, form)
    headers = {"Content-Type": "text/plain", "If-Match": "*"}
    assert found == Meant("PUT", headers, [("stateId", "s"), ("agent", "{}")], "ä".encode())
    assert meant({"method": ["GET"]}, {}) == Meant("GET")


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ({"method": ["PATCH"]}, {}),
        ({"method": ["GET", "GET"]}, {}),
        ({"method": ["GET"], "stateId": ["s"]}, {}),
        ({"method": ["PUT"]}, {}),
        ({"method": ["POST"]}, {"stateId": ["s"]}),
        ({"method": ["GET"]}, {"stateId": ["a", "b"]}),
        ({"method": ["GET"]}, {"If-Match": ["a", "b"]}),
    ],
)
def test_a_form_that_means_nothing(query: dict[str, list[str]], form: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid):
        meant(query, form)


# Versions


@pytest.mark.parametrize(
    ("header", "version"),
    [("1.0", V1_0), ("1.0.0", V1_0), ("1.0.3", V1_0), ("1.0.17", V1_0), ("2.0", V2_0), ("2.0.0", V2_0)],
)
def test_versions_that_are_spoken(header: str, version: Version) -> None:
    assert requested(header) is version


@pytest.mark.parametrize("header", [None, "", "1", "1.0.03", "1.0.", "1.1.0", "0.9", "2.1", "3.0", "v1.0.3", "1.0.3 "])
def test_versions_that_are_not(header: str | None) -> None:
    with pytest.raises(Invalid):
        requested(header)


def test_what_the_versions_ask_differently() -> None:
    assert (V1_0.latest, V1_0.statement_default, V2_0.latest, V2_0.statement_default) == (
        "1.0.3", "1.0.0", "2.0.0", "2.0.0",
    )  # fmt: skip
    assert not V1_0.has_context_agents
    assert V2_0.has_context_agents
    assert not V1_0.needs_timezone
    assert V2_0.needs_timezone


# Parts of attachments

SHA = ATTACHMENT["sha2"]
PART = {"x-experience-api-hash": SHA.upper(), "content-transfer-encoding": "Binary"}


@pytest.mark.parametrize("more", [{}, {"content-length": "3"}, {"content-type": "TEXT/plain; charset=utf-8"}])
def test_a_part_that_is_wanted(more: dict[str, str]) -> None:
    assert expected(PART | more, {SHA: ATTACHMENT}) == SHA


@pytest.mark.parametrize(
    "more",
    [
        {"x-experience-api-hash": ""},
        {"x-experience-api-hash": "b" * 64},
        {"content-transfer-encoding": "base64"},
        {"content-transfer-encoding": ""},
        {"content-length": "4"},
        {"content-type": "text/html"},
    ],
)
def test_a_part_that_is_not(more: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        expected(PART | more, {SHA: ATTACHMENT})


def test_data_that_is_missing() -> None:
    bare = {name: value for name, value in ATTACHMENT.items() if name != "fileUrl"}
    outer = {"object": ACTIVITY, "attachments": [bare | {"sha2": "B" * 64}]}
    inner = {"object": {"objectType": "SubStatement", "attachments": [bare]}}
    assert declared([outer, inner]).keys() == {"b" * 64, SHA}
    refuse_missing([FULL, outer, inner], ["b" * 64, SHA], is_batch=True)
    with pytest.raises(Invalid) as refusal:
        refuse_missing([FULL, outer, inner], [], is_batch=True)
    assert [fault.where for fault in refusal.value.violations] == ["$[1].attachments", "$[2].attachments"]


@pytest.mark.parametrize(("length", "name"), [(56, "sha224"), (64, "sha256"), (96, "sha384"), (128, "sha512")])
def test_the_hash_is_known_by_its_length(length: int, name: str) -> None:
    assert hasher("a" * length).name == name
    with pytest.raises(Invalid):
        hasher("a" * (length - 1))


def test_data_must_have_its_hash() -> None:
    check_hash(SHA, SHA)
    with pytest.raises(Invalid):
        check_hash(SHA, "b" * 64)
