"""Dynamic registration: what the Hub reads of a platform, asks of it, and takes for an answer."""

from typing import Any

import pytest

from hub.errors import Invalid
from hub.lti.spec import vocabulary as v
from hub.lti.spec.dynamic_registration import (
    CANVAS,
    PLATFORM_CONFIGURATION,
    SCOPES,
    TOOL_CONFIGURATION,
    Registered,
    read_configuration,
    read_response,
    registration_request,
)
from tests.unit.lti.test_platform_shapes import HUB, LAUNCH, TOOL, configuration

ORIGIN = "https://lms.example"
ADDRESS = f"{ORIGIN}/.well-known/openid-configuration"
EVERYTHING = [v.RESOURCE_LINK_REQUEST, v.DEEP_LINKING_REQUEST, v.SUBMISSION_REVIEW_REQUEST]


def platform(**members: Any) -> dict[str, Any]:
    return {"product_family_code": "example", "messages_supported": [{"type": one} for one in EVERYTHING]} | members


def test_a_platform_that_tells_little() -> None:
    found = read_configuration(configuration(ORIGIN, platform(), scopes_supported=None), ADDRESS, allow_private=False)
    assert (found.version, found.account, found.scopes, found.variables) == ("", "", None, None)


def test_what_a_platform_tells_of_itself() -> None:
    told = platform(**{"version": "1\n.2", CANVAS + "account_name": "A" * 300, "variables": ["User.id"]})
    found = read_configuration(configuration(ORIGIN, told), ADDRESS, allow_private=False)
    assert (found.product, found.version, found.account) == ("example", "1.2", "A" * 200)
    assert found.variables == {"User.id"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"issuer": None}, ["issuer"]),
        ({"issuer": 7}, ["issuer"]),
        ({"jwks_uri": "https://10.0.0.1/jwks"}, ["jwks_uri"]),
        ({"token_endpoint": 7, "jwks_uri": "x"}, ["token_endpoint", "jwks_uri"]),
        ({"authorization_server": "x" * 2049}, ["authorization_server"]),
        ({"scopes_supported": ["x"] * 501}, ["scopes_supported"]),
        ({"response_types_supported": ["code"]}, ["response_types_supported"]),
        ({"response_types_supported": "id_token"}, ["response_types_supported"]),
        ({"id_token_signing_alg_values_supported": ["HS256"]}, ["id_token_signing_alg_values_supported"]),
        ({"token_endpoint_auth_methods_supported": []}, ["token_endpoint_auth_methods_supported"]),
        ({PLATFORM_CONFIGURATION: platform(product_family_code="")}, [PLATFORM_CONFIGURATION]),
        ({PLATFORM_CONFIGURATION: platform(product_family_code="x" * 256)}, [PLATFORM_CONFIGURATION]),
        ({PLATFORM_CONFIGURATION: platform(version="x" * 256)}, [PLATFORM_CONFIGURATION]),
        ({PLATFORM_CONFIGURATION: platform(messages_supported=["LtiOther"])}, ["messages_supported"]),
    ],
)
def test_a_configuration_with_faults_is_refused(change: dict[str, Any], where: list[str]) -> None:
    read_configuration(configuration(ORIGIN, platform()), ADDRESS, allow_private=False)
    with pytest.raises(Invalid) as refusal:
        read_configuration(configuration(ORIGIN, platform(), **change), ADDRESS, allow_private=False)
    assert [fault.where for fault in refusal.value.violations] == where


def test_the_whole_request() -> None:
    told = read_configuration(
        configuration(ORIGIN, platform(variables=["Context.id.history"])), ADDRESS, allow_private=False
    )
    link = {"target_link_uri": LAUNCH, "label": "Hub", "icon_uri": f"{HUB}/icon.svg"}
    assert registration_request(TOOL, told) == {
        "application_type": "web",
        "grant_types": ["client_credentials", "implicit"],
        "response_types": ["id_token"],
        "client_name": "Hub",
        "client_uri": HUB,
        "logo_uri": f"{HUB}/icon.svg",
        "initiate_login_uri": f"{HUB}/lti/login",
        "redirect_uris": [LAUNCH],
        "jwks_uri": f"{HUB}/lti/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(SCOPES[:5]),
        TOOL_CONFIGURATION: {
            "domain": "hub.example",
            "description": "Courses",
            "target_link_uri": LAUNCH,
            "claims": ["iss", "sub", "name", "given_name", "family_name", "email", "locale"],
            "messages": [
                {"type": v.DEEP_LINKING_REQUEST, **link},
                {"type": v.SUBMISSION_REVIEW_REQUEST, **link},
                {"type": v.RESOURCE_LINK_REQUEST, **link},
            ],
            "custom_parameters": {"context_history": "$Context.id.history"},
        },
    }


def test_a_platform_that_does_not_list_its_variables_is_asked_for_all() -> None:
    told = read_configuration(configuration(ORIGIN, platform()), ADDRESS, allow_private=False)
    custom = registration_request(TOOL, told)[TOOL_CONFIGURATION]["custom_parameters"]
    assert custom == {"link_history": "$ResourceLink.id.history", "context_history": "$Context.id.history"}


@pytest.mark.parametrize(
    ("more", "deployments"),
    [
        ({}, ()),
        ({"deployment_id": "1"}, ("1",)),
        ({"deployment_id": 7}, ("7",)),
        ({"deployment_id": 0}, ()),
        ({"deployment_id": ["1"]}, ()),
        ({"deployment_id": "ä"}, ()),
        ({TOOL_CONFIGURATION: {"deployment_id": "2"}}, ("2",)),
        ({TOOL_CONFIGURATION: "odd"}, ()),
        ({TOOL_CONFIGURATION: {"deployment_id": "2"}, "deployment_id": "1"}, ("1", "2")),
    ],
)
def test_the_deployment_of_an_answer(more: dict[str, Any], deployments: tuple[str, ...]) -> None:
    found = read_response({"client_id": "c", "scope": "a b a"} | more)
    assert found == Registered("c", deployments, frozenset({"a", "b"}))


@pytest.mark.parametrize("answer", [None, [], "c", {}, {"client_id": ""}, {"client_id": "c", "scope": 7}])
def test_an_answer_that_cannot_be_used(answer: Any) -> None:
    with pytest.raises(Invalid):
        read_response(answer)
