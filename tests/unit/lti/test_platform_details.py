"""What an administrator says of a platform: taken, or refused with every fault."""

from dataclasses import replace
from typing import Any

import pytest

from hub.errors import Invalid
from hub.lti.spec.platform import PlatformDetails, judge_details

DETAILS = PlatformDetails(
    issuer="https://lms.example",
    client_id="c1",
    auth_url="https://lms.example/auth",
    token_url="https://lms.example/token?x=1",
    jwks_url="https://lms.example/jwks",
    deployment_ids=("1",),
    name="School",
)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": "x" * 200},
        {"token_audience": None},
        {"token_audience": "x" * 2048},
        {"deployment_ids": ("1", "x" * 255)},
        {"deployment_ids": (), "learns_deployments": True},
        {"issuer": "https://lms.example/" + "x" * 235},
    ],
)
def test_good_details(change: dict[str, Any]) -> None:
    judge_details(replace(DETAILS, **change), allow_private=False)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"issuer": "https://lms.example?x=1"}, ["issuer"]),
        ({"issuer": "https://lms.example/" + "x" * 236}, ["issuer"]),
        ({"issuer": "https://lms.exämple"}, ["issuer", "issuer"]),
        ({"client_id": ""}, ["client_id"]),
        ({"client_id": "x" * 256}, ["client_id"]),
        ({"auth_url": "http://lms.example"}, ["auth_url"]),
        ({"token_url": "https://10.0.0.1/"}, ["token_url"]),
        ({"jwks_url": ""}, ["jwks_url"]),
        ({"deployment_ids": ()}, ["deployment"]),
        ({"deployment_ids": ("1", "", "ä")}, ["deployment", "deployment"]),
        ({"name": " "}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"token_audience": ""}, ["token_audience"]),
        ({"token_audience": "x" * 2049}, ["token_audience"]),
        ({"client_id": "", "name": "", "jwks_url": "ftp://x"}, ["jwks_url", "name", "client_id"]),
    ],
)
def test_details_that_cannot_work(change: dict[str, Any], where: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        judge_details(replace(DETAILS, **change), allow_private=False)
    assert [fault.where for fault in refusal.value.violations] == where


def test_private_addresses_where_they_are_allowed() -> None:
    judge_details(replace(DETAILS, token_url="http://127.0.0.1:8100/token"), allow_private=True)
