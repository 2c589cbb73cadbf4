"""What the platforms in wide use send and take, as their public sources and documents tell; the data are our own.

Each is read by the pure core, and what the Hub asks of it holds what that platform demands.
"""

from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.errors import Invalid
from hub.lti.spec import vocabulary as v
from hub.lti.spec.claims import Expected
from hub.lti.spec.dynamic_registration import (
    CANVAS,
    PLATFORM_CONFIGURATION,
    SCOPES,
    TOOL_CONFIGURATION,
    Tool,
    read_configuration,
    read_response,
    registration_request,
)
from hub.lti.spec.launch import admit

HUB = "https://hub.example"
LAUNCH = f"{HUB}/lti/launch"
TOOL = Tool("Hub", "Courses", HUB, f"{HUB}/lti/login", LAUNCH, f"{HUB}/lti/jwks", f"{HUB}/icon.svg")
CANVAS_LINKS = ("account_navigation", "course_navigation", "assignment_selection", "link_selection", "top_navigation")
CANVAS_DEEP = ("assignment_selection", "editor_button", "link_selection", "module_menu_modal")


def configuration(origin: str, platform: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/auth",
        "token_endpoint": f"{origin}/token",
        "jwks_uri": f"{origin}/jwks",
        "registration_endpoint": f"{origin}/register",
        "response_types_supported": ["id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "scopes_supported": [*SCOPES[:5], "openid"],
        PLATFORM_CONFIGURATION: platform,
    } | more


def canvas(prefix: str) -> dict[str, Any]:
    """The hosted Canvas; `prefix` stands before its own placements since 2024."""
    sso = "https://sso.canvaslms.com"
    platform = {
        "product_family_code": "canvas",
        "version": "vCloud",
        "messages_supported": [
            {"type": v.RESOURCE_LINK_REQUEST, "placements": [prefix + name for name in CANVAS_LINKS]},
            {"type": v.DEEP_LINKING_REQUEST, "placements": [prefix + name for name in CANVAS_DEEP]},
            {"type": "LtiEulaRequest"},
        ],
        "notice_types_supported": ["LtiHelloWorldNotice"],
        "variables": ["ResourceLink.id", "ResourceLink.id.history", "Context.id.history", "Canvas.course.id"],
        CANVAS + "account_name": "Test University",
        CANVAS + "account_lti_guid": "abc:canvas-lms",
    }
    return configuration(
        "https://canvas.instructure.com",
        platform,
        authorization_endpoint=f"{sso}/api/lti/authorize_redirect",
        token_endpoint=f"{sso}/login/oauth2/token",
        jwks_uri=f"{sso}/api/lti/security/jwks",
        authorization_server="canvas.instructure.com",
        scopes_supported=[*SCOPES[:5], CANVAS + "public_jwk/scope/update"],
    )


MOODLE_4_2 = configuration(
    "https://moodle.example",
    {
        "product_family_code": "moodle",
        "version": "4.2.3 (Build: 20231009)",
        "messages_supported": [
            {"type": v.RESOURCE_LINK_REQUEST},
            {"type": v.DEEP_LINKING_REQUEST, "placements": ["ContentArea"]},
        ],
        "variables": ["Context.id", "Context.id.history", "User.id", "LineItem.url"],
    },
)

#: An object of Java whose lists nobody filled in, and a configuration behind a query string.
SAKAI = configuration(
    "https://sakai.example",
    {
        "product_family_code": "sakailms.org",
        "version": "25-SNAPSHOT",
        "messages_supported": [
            {"type": v.RESOURCE_LINK_REQUEST, "placements": None},
            {"type": v.DEEP_LINKING_REQUEST, "placements": []},
        ],
        "variables": ["User.id", "Person.email.primary"],
    },
    scopes_supported=None,
    response_types_supported=None,
    id_token_signing_alg_values_supported=None,
    token_endpoint_auth_methods_supported=None,
    token_endpoint_auth_signing_alg_values_supported=None,
)

#: Its access tokens come from another host, and are asked for in the name of a third.
BRIGHTSPACE = configuration(
    "https://school.brightspace.com",
    {
        "product_family_code": "desire2learn",
        "version": "20.26.11",
        "messages_supported": [
            {"type": v.RESOURCE_LINK_REQUEST},
            {"type": v.DEEP_LINKING_REQUEST},
            {"type": v.SUBMISSION_REVIEW_REQUEST},
        ],
        "variables": ["Context.id.history", "ResourceLink.id.history"],
    },
    token_endpoint="https://auth.brightspace.com/core/connect/token",
    authorization_server="https://api.brightspace.com/auth/token",
    scopes_supported=[*SCOPES, "openid"],
)


def asked(document: dict[str, Any], url: str) -> dict[str, Any]:
    """What the Hub asks a platform with this configuration for."""
    return registration_request(TOOL, read_configuration(document, url, allow_private=False))


@pytest.mark.parametrize(
    ("document", "url"),
    [
        pytest.param(canvas(""), "https://canvas.instructure.com/api/lti/security/openid-configuration", id="canvas"),
        pytest.param(
            canvas(CANVAS), "https://sso.canvaslms.com/api/lti/security/openid-configuration", id="canvas-sso"
        ),
        pytest.param(MOODLE_4_2, "https://moodle.example/mod/lti/openid-configuration.php", id="moodle"),
        pytest.param(SAKAI, "https://sakai.example/imsblis/lti13/well_known?key=7&clientId=x", id="sakai"),
        pytest.param(BRIGHTSPACE, "https://school.brightspace.com/d2l/.well-known/openid-configuration", id="d2l"),
    ],
)
def test_every_platform_is_asked_for_what_it_demands_and_knows(document: dict[str, Any], url: str) -> None:
    body = asked(document, url)
    tool = body[TOOL_CONFIGURATION]
    # Canvas's schema, Moodle's registration helper and Sakai's servlet demand these, with these values.
    assert body["application_type"] == "web"
    assert set(body["grant_types"]) == {"client_credentials", "implicit"}
    assert body["response_types"] == ["id_token"]
    assert body["token_endpoint_auth_method"] == "private_key_jwt"
    assert body["redirect_uris"] == [LAUNCH]
    assert tool["domain"] == urlsplit(LAUNCH).netloc == urlsplit(tool["target_link_uri"]).netloc
    assert all(isinstance(value, str) for value in tool.get("custom_parameters", {}).values())
    known = document["scopes_supported"]
    assert set(body["scope"].split()) == set(SCOPES) & set(known or SCOPES)
    offered = {
        one["type"]: one.get("placements") or [] for one in document[PLATFORM_CONFIGURATION]["messages_supported"]
    }
    for message in tool["messages"]:
        assert message["type"] in offered
        assert set(message.get("placements", [])) <= set(offered[message["type"]])
    known_variables = {f"${name}" for name in document[PLATFORM_CONFIGURATION]["variables"]}
    assert set(tool.get("custom_parameters", {}).values()) <= known_variables


@pytest.mark.parametrize("prefix", ["", CANVAS])
def test_canvas_shows_the_hub_where_teachers_look_for_it(prefix: str) -> None:
    body = asked(canvas(prefix), "https://canvas.instructure.com/api/lti/security/openid-configuration")
    tool = body[TOOL_CONFIGURATION]
    deep, link = tool["messages"]
    assert deep["placements"] == [f"{prefix}assignment_selection", f"{prefix}link_selection"]
    assert link["placements"] == [f"{prefix}course_navigation"]
    assert link[CANVAS + "course_navigation/default_enabled"] is False
    assert tool[CANVAS + "privacy_level"] == "public"


def test_the_audience_of_access_tokens_is_what_the_platform_says() -> None:
    url = "https://school.brightspace.com/d2l/.well-known/openid-configuration"
    assert (
        read_configuration(BRIGHTSPACE, url, allow_private=False).token_audience == BRIGHTSPACE["authorization_server"]
    )
    url = "https://canvas.instructure.com/x"
    assert read_configuration(canvas(""), url, allow_private=False).token_audience is None  # A bare host name.


@pytest.mark.parametrize("host", ["sso.canvaslms.com.evil.example", "evil.example", "sso.beta.canvaslms.com"])
def test_nobody_else_speaks_for_canvas(host: str) -> None:
    with pytest.raises(Invalid, match="another host"):
        read_configuration(canvas(""), f"https://{host}/openid-configuration", allow_private=False)


@pytest.mark.parametrize(
    ("answer", "deployments"),
    [
        ({"client_id": "x", TOOL_CONFIGURATION: {"deployment_id": "1"}}, ("1",)),  # Moodle
        ({"client_id": "10000000000042", "deployment_id": "7:abc"}, ("7:abc",)),  # Canvas, when it installs at once
        ({"client_id": "10000000000042", TOOL_CONFIGURATION: {"deployment_id": None}}, ()),
        ({"client_id": "x", "scope": None, TOOL_CONFIGURATION: {"deployment_id": 1}}, ("1",)),
    ],
)
def test_the_deployment_is_where_the_platform_puts_it(answer: dict[str, Any], deployments: tuple[str, ...]) -> None:
    assert read_response(answer).deployment_ids == deployments


# Launches -------------------------------------------------------------------------------------------------------------

NOW = 1_800_000_000


def launch(issuer: str, **claims: Any) -> dict[str, Any]:
    return {
        "iss": issuer,
        "aud": "client",
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": "nonce",
        "sub": "person-1",
        v.MESSAGE_TYPE: v.RESOURCE_LINK_REQUEST,
        v.VERSION: "1.3.0",
        v.DEPLOYMENT_ID: "1",
        v.TARGET_LINK_URI: LAUNCH,
        v.RESOURCE_LINK: {"id": "link-1"},
        v.ROLES: ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
    } | claims


LAUNCHES = {
    # Strings where the specification has none, nulls, numbers in custom values, and an audience that is a list.
    "canvas": launch(
        "https://canvas.instructure.com",
        aud=["client"],
        azp="client",
        picture=None,
        locale="en",
        errors={"errors": {}},
        **{
            v.RESOURCE_LINK: {
                "id": "abc",
                "title": None,
                "description": None,
                "validation_context": None,
                "errors": {},
            },
            v.CONTEXT: {
                "id": "c",
                "label": "C1",
                "title": "Course",
                "type": [v.CLAIM + "CourseOffering"],
                "errors": {},
            },
            v.LAUNCH_PRESENTATION: {
                "document_target": "iframe",
                "height": 400,
                "width": "800",
                "return_url": "https://school.instructure.com/courses/1/external_content/success/external_tool_redirect",
                "locale": "en",
            },
            v.CUSTOM: {"package_id": "x", "canvas_id": 42, "empty": None, "flag": True},
            v.AGS_ENDPOINT: {
                "scope": [v.SCOPE_SCORE],
                "lineitems": "https://school.instructure.com/api/lti/courses/1/line_items",
                "errors": {"errors": {}},
            },
            v.LIS: {"person_sourcedid": None},
            v.CLAIM + "lti1p1": {"user_id": "1"},
            "https://www.instructure.com/placement": "course_navigation",
        },
    ),
    # Roles of the institution beside those of the course; a line item with a query; numbers as text.
    "moodle": launch(
        "https://moodle.example",
        **{
            v.RESOURCE_LINK: {"id": "12", "title": "Unit", "description": ""},
            v.LAUNCH_PRESENTATION: {
                "locale": "de",
                "document_target": "iframe",
                "return_url": "https://moodle.example/r",
            },
            v.CUSTOM: {"package_id": "x", "link_history": "$ResourceLink.id.history"},
            v.AGS_ENDPOINT: {
                "scope": [v.SCOPE_SCORE, v.SCOPE_LINE_ITEM],
                "lineitems": "https://moodle.example/mod/lti/services.php/2/lineitems?type_id=1",
                "lineitem": "https://moodle.example/mod/lti/services.php/2/lineitems/5/lineitem?type_id=1",
            },
            v.CLAIM + "ext": {"user_username": "ada", "lms": "moodle-2"},
        },
    ),
    # A guid for everything, no name, an empty list of memberships versions, a label without a title.
    "blackboard": launch(
        "https://blackboard.com",
        iat=NOW - 2.5,
        **{
            v.DEPLOYMENT_ID: "b3dbc05b-0a10-4b04-a56d-0d4c4f0a6d31",
            v.CONTEXT: {"id": "a1", "label": "C-1"},
            v.NAMES_ROLE_SERVICE: {"context_memberships_url": "https://lms.example/m", "service_versions": ["2.0"]},
            v.LAUNCH_PRESENTATION: {"locale": "en_US", "return_url": "https://lms.example/return?x=1"},
            "https://blackboard.com/lti/claim/one_time_session_token": "token",
        },
    ),
}


@pytest.mark.parametrize("make", LAUNCHES)
def test_launches_of_each_make_are_let_in(make: str) -> None:
    claims = LAUNCHES[make]
    expected = Expected(
        issuer=claims["iss"],
        client_id="client",
        deployment_ids=frozenset({claims[v.DEPLOYMENT_ID]}),
        nonce="nonce",
        target_link_uri=LAUNCH,
        launch_url=LAUNCH,
        now=NOW + 5,
    )
    admitted = admit(claims, expected)
    assert admitted.resource_link.id == claims[v.RESOURCE_LINK]["id"]
    assert admitted.roles.is_learner
    assert admitted.history == ()
