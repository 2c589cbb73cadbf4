"""LTI Dynamic Registration 1.0, the platform's half: what it tells of itself, and what a tool tells of itself."""

import uuid
from typing import Any

from .claims import SCOPES, VARIABLES
from .messages import DEEP_LINKING, RESOURCE_LINK, SUBMISSION_REVIEW
from .settings import Tool
from .tools import Refused

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"

NAVIGATION = "course_navigation"
"""Where a tool may be shown for a course as a whole."""

NEEDED = {
    "application_type": "web",
    "response_types": "id_token",
    "token_endpoint_auth_method": "private_key_jwt",
}
"""What a tool's description must say, or have in its list (step 3)."""


def configuration(issuer: str) -> dict[str, Any]:
    """The OpenID configuration (step 2)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/lti/auth",
        "token_endpoint": f"{issuer}/lti/token",
        "jwks_uri": f"{issuer}/lti/jwks",
        "registration_endpoint": f"{issuer}/lti/registrations",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256"],
        "scopes_supported": ["openid", *SCOPES],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "name", "given_name", "family_name", "email", "locale"],
        PLATFORM: {
            "product_family_code": "standards-hub-demo-lms",
            "version": "1",
            "messages_supported": [
                {"type": RESOURCE_LINK, "placements": [NAVIGATION]},
                {"type": DEEP_LINKING, "placements": ["ContentArea"]},
                {"type": SUBMISSION_REVIEW},
            ],
            "variables": list(VARIABLES),
        },
    }


def read_tool(body: Any, deployment_id: str) -> Tool:
    """The tool that the JSON `body` describes (step 3), with a new client id; `Refused` names what is wrong."""
    if not isinstance(body, dict) or not isinstance(body.get(TOOL), dict):
        raise Refused(f"the registration must be a JSON object with an object {TOOL}")
    for name, value in NEEDED.items():
        found = body.get(name)
        if value not in (found if isinstance(found, list) else [found]):
            raise Refused(f"{name} must be {value}, found {found!r}")
    told, redirect_uris = body[TOOL], body.get("redirect_uris")
    if not isinstance(redirect_uris, list) or not redirect_uris:
        raise Refused("redirect_uris must be a list of addresses")
    launch_url = _url(told, "target_link_uri")
    return Tool(
        client_id=str(uuid.uuid4()),
        deployment_id=deployment_id,
        login_url=_url(body, "initiate_login_uri"),
        launch_url=launch_url,
        deep_link_url=_target(told, DEEP_LINKING) or launch_url,
        review_url=_target(told, SUBMISSION_REVIEW),
        course_url=_target(told, RESOURCE_LINK, NAVIGATION),
        jwks_url=_url(body, "jwks_uri"),
        name=_text(body, "client_name")[:100],
        more_redirect_uris=tuple(_checked(uri, "redirect_uris") for uri in redirect_uris),
        custom=_custom(told.get("custom_parameters") or {}),
        scopes=tuple(scope for scope in _text(body, "scope").split() if scope in SCOPES),
    )


def answer(body: dict[str, Any], tool: Tool) -> dict[str, Any]:
    """What the platform answers: the description with the client id, the deployment, and the scopes granted."""
    return {
        **body,
        "client_id": tool.client_id,
        "scope": " ".join(tool.scopes or ()),
        TOOL: {**body[TOOL], "deployment_id": tool.deployment_id},
    }


def _target(told: dict[str, Any], kind: str, placement: str | None = None) -> str:
    """Where the tool takes messages of this kind, in this placement if one is named; "" when it does not say."""
    messages = told.get("messages")
    for message in messages if isinstance(messages, list) else []:
        is_meant = isinstance(message, dict) and message.get("type") == kind and message.get("target_link_uri")
        if is_meant and (placement is None or placement in (message.get("placements") or ())):
            return _url(message, "target_link_uri")
    return ""


def _custom(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise Refused("custom_parameters must be an object of texts")
    return dict(value)


def _text(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name} must be a text, found {value!r}")
    return value.strip()


def _url(part: dict[str, Any], name: str) -> str:
    return _checked(_text(part, name), name)


def _checked(url: Any, name: str) -> str:
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Refused(f"{name} must be an http or https address, found {url!r}")
    return url
