"""Deep linking requests with one fault each."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.lti.spec import vocabulary as v
from tests.http.lti.hostile.attack import GONE
from tests.support.lti_platform import LEARNER, LtiPlatform


def settings(**members: Any) -> Callable[[dict[str, Any]], None]:
    def change(claims: dict[str, Any]) -> None:
        made = {**claims[v.DEEP_LINKING_SETTINGS], **members}
        claims[v.DEEP_LINKING_SETTINGS] = {name: value for name, value in made.items() if value is not None}

    return change


DEEP_LINKING_FAULTS = {
    "no settings": lambda claims: claims.pop(v.DEEP_LINKING_SETTINGS),
    "settings are a list": lambda claims: claims.update({v.DEEP_LINKING_SETTINGS: []}),
    "no return address": settings(deep_link_return_url=GONE),
    "return address is script": settings(deep_link_return_url="javascript:alert(1)"),
    "return address is data": settings(deep_link_return_url="data:text/html,<script>alert(1)</script>"),
    "return address breaks out": settings(deep_link_return_url='https://lms.example/"><script>alert(1)</script>'),
    "return address without scheme": settings(deep_link_return_url="//evil.example/"),
    "return address with a backslash": settings(deep_link_return_url="https://lms.example\\@evil.example/"),
    "return address with a user": settings(deep_link_return_url="https://lms.example@evil.example/"),
    "return address is a list": settings(deep_link_return_url=["https://lms.example/"]),
    "return address is script in other letters": settings(deep_link_return_url=" JaVaScRiPt:alert(1)"),
    "return address with a tab": settings(deep_link_return_url="java\tscript:alert(1)"),
    "return address with a fragment": settings(deep_link_return_url="https://lms.example/#<script>"),
    "return address of port 0": settings(deep_link_return_url="https://lms.example:0/"),
    "return address of look-alike letters": settings(deep_link_return_url="https://lm\u0455.example/"),
    "return address too long": settings(deep_link_return_url="https://lms.example/" + "x" * 3000),
    "a thousand types": settings(accept_types=["ltiResourceLink"] * 1000),
    "types with a number": settings(accept_types=["ltiResourceLink", 1]),
    "targets with null": settings(accept_presentation_document_targets=[None]),
    "title too long": settings(title="x" * 30_000),
    "column is a word": settings(accept_lineitem="perhaps"),
    "no types": settings(accept_types=GONE),
    "no type of ours": settings(accept_types=["file", "html"]),
    "types are text": settings(accept_types="ltiResourceLink"),
    "no targets": settings(accept_presentation_document_targets=GONE),
    "targets are text": settings(accept_presentation_document_targets="iframe"),
    "several is a word": settings(accept_multiple="perhaps"),
    "data is an object": settings(data={}),
    "data too long": settings(data="x" * 60_000),
    "ags is a list": lambda claims: claims.update({v.AGS_ENDPOINT: ["scope"]}),
    "asked by a learner": lambda claims: claims.update({v.ROLES: [LEARNER]}),
    "target of another host": lambda claims: claims.update({v.TARGET_LINK_URI: "https://evil.example/"}),
}


@pytest.mark.parametrize("fault", ["none", *DEEP_LINKING_FAULTS])
def test_deep_linking_with_one_fault_is_refused(client: FlaskClient, platform: LtiPlatform, fault: str) -> None:
    login = platform.begin(client)
    claims = platform.deep_linking_claims(login)
    if fault != "none":
        DEEP_LINKING_FAULTS[fault](claims)
    response = platform.launch(client, login, claims)
    assert response.status_code == 200 if fault == "none" else 400 <= response.status_code < 500
    assert "<script>alert" not in response.text
