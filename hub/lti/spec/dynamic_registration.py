"""LTI Dynamic Registration 1.0: what a platform tells of itself, what the Hub asks of it, and what it answers.

The platform names an OpenID configuration; the Hub judges it, sends its own description to the registration address in
there, and gets a client id back. Sections are those of the specification's steps: discovery (step 2), client
registration (step 3).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hub.errors import Invalid, Violation, say
from hub.lti.spec import vocabulary as v
from hub.lti.spec.shapes import Shape, identifier, list_of, record, text, url
from hub.lti.spec.urls import url_fault

PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CANVAS = "https://canvas.instructure.com/lti/"

_DISCOVERY = "Dynamic Registration 1.0, step 2"
_REGISTRATION = "Dynamic Registration 1.0, step 3"

#: What the Hub does at a platform, and so asks for; a platform that does not know one is not asked for it.
SCOPES = (
    v.SCOPE_LINE_ITEM,
    v.SCOPE_LINE_ITEM_READ,
    v.SCOPE_RESULT_READ,
    v.SCOPE_SCORE,
    v.SCOPE_MEMBERSHIP_READ,
    v.SCOPE_GROUPS_READ,
)
CLAIMS = ("iss", "sub", "name", "given_name", "family_name", "email", "locale")

#: The launch parameters by which links of a copied course are found again (LTI 1.3, appendix B.4 and B.6).
HISTORY_PARAMETERS = {"link_history": "ResourceLink.id.history", "context_history": "Context.id.history"}

#: Where the Hub offers to be shown, by message; those that the platform does not name are left out.
PLACEMENTS: Mapping[str, Sequence[str]] = {
    v.DEEP_LINKING_REQUEST: ("ContentArea", "assignment_selection", "link_selection"),
    v.RESOURCE_LINK_REQUEST: ("course_navigation",),
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A platform as its OpenID configuration describes it. None in `scopes` and `variables`: it does not tell.

    `messages` are the message types with the placements that the platform names for each.
    """

    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    registration_url: str
    token_audience: str | None
    product: str
    version: str
    account: str
    scopes: frozenset[str] | None
    variables: frozenset[str] | None
    messages: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Tool:
    """The Hub as it describes itself to platforms."""

    name: str
    description: str
    home_url: str
    login_url: str
    launch_url: str
    jwks_url: str
    logo_url: str


@dataclass(frozen=True, slots=True)
class Registered:
    """What the platform gave: a client id, the deployment if it made one already, and the scopes it granted."""

    client_id: str
    deployment_ids: tuple[str, ...]
    scopes: frozenset[str]


# Discovery -----------------------------------------------------------------------------------------------------------

_URLS = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")
_WORDS = list_of(text(2048), 500)

_CONFIGURATION: Mapping[str, Shape] = dict.fromkeys(_URLS, url)
_OPTIONAL: Mapping[str, Shape] = {
    "authorization_server": text(2048),
    "scopes_supported": _WORDS,
    "response_types_supported": _WORDS,
    "id_token_signing_alg_values_supported": _WORDS,
    "token_endpoint_auth_methods_supported": _WORDS,
    "token_endpoint_auth_signing_alg_values_supported": _WORDS,
}
_PLATFORM = record(
    {"product_family_code": text(255, 1)},
    {"version": text(255), "variables": _WORDS, CANVAS + "account_name": text(1000)},
)

#: A list that has to name one of these where the platform has the list at all, and what is wrong if it does not.
_NEEDED = {
    "response_types_supported": ({"id_token"}, say("has nothing that the Hub can use for launches")),
    "id_token_signing_alg_values_supported": ({"RS256", "ES256"}, say("has nothing that the Hub can use for launches")),
    "token_endpoint_auth_methods_supported": (
        {"private_key_jwt"},
        say("has nothing that the Hub can use for access tokens"),
    ),
    "token_endpoint_auth_signing_alg_values_supported": (
        {"RS256"},
        say("has nothing that the Hub can use for access tokens"),
    ),
}


def read_configuration(document: object, configuration_url: str, *, allow_private: bool) -> Configuration:
    """Judge a platform's OpenID configuration; all faults are told in one `Invalid`.

    The issuer must be of the host that the configuration was fetched from: whoever can publish there is the platform
    (OpenID Connect Discovery 1.0, section 4.3, as far as Dynamic Registration keeps it).
    """
    if not isinstance(document, dict):
        raise _refused([Violation(_DISCOVERY, "openid_configuration", say("is not a JSON object"))])
    faults = _configuration_faults(document, allow_private) or _issuer_faults(document["issuer"], configuration_url)
    if faults:
        raise _refused(faults)
    return _configuration(document)


def _configuration_faults(document: Mapping[str, Any], allow_private: bool) -> list[Violation]:
    faults = [
        Violation(_DISCOVERY, name, wrong)
        for name, shape in {**_CONFIGURATION, **_OPTIONAL, PLATFORM_CONFIGURATION: _PLATFORM}.items()
        if (wrong := _member_fault(document, name, shape))
    ]
    wrongly_shaped = {fault.where for fault in faults}
    faults += [
        Violation(_DISCOVERY, name, wrong, document[name][:200])
        for name in _URLS
        if name not in wrongly_shaped and (wrong := url_fault(document[name], allow_private=allow_private))
    ]
    faults += [
        Violation(_DISCOVERY, name, use, document[name][:10], sorted(needed))
        for name, (needed, use) in _NEEDED.items()
        if name not in wrongly_shaped and document.get(name) is not None and not needed & set(document[name])
    ]
    if PLATFORM_CONFIGURATION not in wrongly_shaped and v.RESOURCE_LINK_REQUEST not in _messages(document):
        faults.append(
            Violation(_DISCOVERY, "messages_supported", say("does not name the message that opens a course"), None)
        )
    return faults


def _member_fault(document: Mapping[str, Any], name: str, shape: Shape) -> str | None:
    if document.get(name) is None:
        return None if name in _OPTIONAL else say("is missing")
    return shape(document[name])


#: The hosted Canvas answers at one host in the name of another ("Configuring Canvas in the Tool").
_SPEAKS_FOR = {
    f"sso.{environment}canvaslms.com": f"canvas.{environment}instructure.com" for environment in ("", "beta.", "test.")
}


def _issuer_faults(issuer: str, configuration_url: str) -> list[Violation]:
    host, expected = urlsplit(issuer).hostname, urlsplit(configuration_url).hostname
    if host == expected or host == _SPEAKS_FOR.get(expected or ""):
        return []
    return [Violation(_DISCOVERY, "issuer", say("is of another host than the configuration came from"), host, expected)]


def _configuration(document: Mapping[str, Any]) -> Configuration:
    platform = document[PLATFORM_CONFIGURATION]
    audience = document.get("authorization_server")
    return Configuration(
        issuer=document["issuer"],
        auth_url=document["authorization_endpoint"],
        token_url=document["token_endpoint"],
        jwks_url=document["jwks_uri"],
        registration_url=document["registration_endpoint"],
        # Canvas puts a bare host name here, and wants its token address as the audience all the same.
        token_audience=audience if audience and "://" in audience else None,
        product=_printable(platform["product_family_code"]),
        version=_printable(platform.get("version") or ""),
        account=_printable(platform.get(CANVAS + "account_name") or ""),
        scopes=_names(document.get("scopes_supported")),
        variables=_names(platform.get("variables")),
        messages=_messages(document),
    )


def _messages(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Message types with their placements. Moodle lists bare names, and placements for all of them at once; before 4.0
    it wrote `LtiResourceLink`. A platform that lists nothing takes what every platform has to take."""
    platform = document[PLATFORM_CONFIGURATION]
    listed = platform.get("messages_supported")
    if not isinstance(listed, list) or not listed:
        return {v.RESOURCE_LINK_REQUEST: ()}
    common = _texts(platform.get("placements"))
    found: dict[str, tuple[str, ...]] = {}
    for entry in listed:
        kind, placements = (entry.get("type"), entry.get("placements")) if isinstance(entry, dict) else (entry, None)
        if isinstance(kind, str):
            found["LtiResourceLinkRequest" if kind == "LtiResourceLink" else kind] = _texts(placements) or common
    return found


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _names(value: object) -> frozenset[str] | None:
    return frozenset(_texts(value)) if isinstance(value, list) else None


def _printable(words: str) -> str:
    return "".join(letter for letter in words if letter.isprintable()).strip()[:200]


# Registration --------------------------------------------------------------------------------------------------------


def registration_request(tool: Tool, platform: Configuration) -> dict[str, Any]:
    """The Hub's description for one platform (step 3, OpenID Connect Dynamic Client Registration 1.0 section 2).

    Only what the platform says it knows is asked for: Canvas refuses a registration with a scope, message or placement
    that it does not know.
    """
    wanted = SCOPES if platform.scopes is None else [scope for scope in SCOPES if scope in platform.scopes]
    return {
        "application_type": "web",
        "grant_types": ["client_credentials", "implicit"],
        "response_types": ["id_token"],
        "client_name": tool.name,
        "client_uri": tool.home_url,
        "logo_uri": tool.logo_url,
        "initiate_login_uri": tool.login_url,
        "redirect_uris": [tool.launch_url],
        "jwks_uri": tool.jwks_url,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(wanted),
        TOOL_CONFIGURATION: _tool_configuration(tool, platform),
    }


def _tool_configuration(tool: Tool, platform: Configuration) -> dict[str, Any]:
    known = platform.variables
    custom = {name: f"${value}" for name, value in HISTORY_PARAMETERS.items() if known is None or value in known}
    configuration: dict[str, Any] = {
        "domain": urlsplit(tool.launch_url).netloc,
        "description": tool.description,
        "target_link_uri": tool.launch_url,
        "claims": list(CLAIMS),
        "messages": list(_wanted_messages(tool, platform)),
    }
    if custom:
        configuration["custom_parameters"] = custom
    if platform.product == "canvas":
        # Without it Canvas sends no names (its privacy level is anonymous by default).
        configuration[CANVAS + "privacy_level"] = "public"
    return configuration


def _wanted_messages(tool: Tool, platform: Configuration) -> Iterable[dict[str, Any]]:
    """The messages that the Hub answers, as far as the platform sends them."""
    link = {"target_link_uri": tool.launch_url, "label": tool.name, "icon_uri": tool.logo_url}
    if v.DEEP_LINKING_REQUEST in platform.messages:
        yield {"type": v.DEEP_LINKING_REQUEST, **link, **_placed(v.DEEP_LINKING_REQUEST, platform)}
    if v.SUBMISSION_REVIEW_REQUEST in platform.messages:
        yield {"type": v.SUBMISSION_REVIEW_REQUEST, **link}
    placed = _placed(v.RESOURCE_LINK_REQUEST, platform)
    if placed:
        # In a course's navigation the Hub shows how its learners are doing; Canvas's teachers switch it on.
        report = {**link, "target_link_uri": f"{tool.launch_url}?page=report"}
        yield {
            "type": v.RESOURCE_LINK_REQUEST,
            **report,
            **placed,
            CANVAS + "course_navigation/default_enabled": False,
        }
    else:
        yield {"type": v.RESOURCE_LINK_REQUEST, **link}


def _placed(kind: str, platform: Configuration) -> dict[str, Any]:
    """Canvas calls its own placements by their names, and since 2024 with its prefix."""
    known = platform.messages[kind]
    names = ({place, CANVAS + place}.intersection(known) for place in PLACEMENTS[kind])
    wanted = [min(found, key=len) for found in names if found]
    return {"placements": wanted} if wanted else {}


_REGISTERED = record({"client_id": identifier}, {"scope": text(20_000)})


def read_response(document: object) -> Registered:
    """What the platform answered to the registration; `Invalid` when it cannot be used.

    The deployment is in the tool configuration (step 3), in Canvas beside it; a platform that has none yet, because an
    administrator decides later where the tool is used, tells it with the first launch.
    """
    fault = _REGISTERED(document)
    if fault is not None or not isinstance(document, dict):
        raise _refused([Violation(_REGISTRATION, "registration response", fault or say("is not a JSON object"))])
    configuration = document.get(TOOL_CONFIGURATION)
    told = [document.get("deployment_id"), configuration.get("deployment_id") if isinstance(configuration, dict) else 0]
    deployments = {str(one) for one in told if isinstance(one, str | int) and one and identifier(str(one)) is None}
    scopes = frozenset(str(document.get("scope") or "").split())
    return Registered(document["client_id"], tuple(sorted(deployments)), scopes)


def _refused(faults: list[Violation]) -> Invalid:
    first = faults[0]
    return Invalid(
        say("The platform's %(where)s %(fault)s.", where=first.where, fault=first.message),
        code="lti_registration_refused",
        violations=faults,
    )


def canvas_configuration(tool: Tool) -> dict[str, Any]:
    """The Hub as an LTI key of Canvas reads it from an address (Canvas, "Configuring LTI Advantage Tools")."""
    host = urlsplit(tool.launch_url).netloc

    def placement(name: str, kind: str, target: str, **more: str) -> dict[str, Any]:
        return {"placement": name, "message_type": kind, "text": tool.name, "target_link_uri": target, **more}

    deep = [placement(name, v.DEEP_LINKING_REQUEST, tool.launch_url) for name in PLACEMENTS[v.DEEP_LINKING_REQUEST][1:]]
    report = placement(
        "course_navigation", v.RESOURCE_LINK_REQUEST, f"{tool.launch_url}?page=report", default="disabled"
    )
    settings = {"platform": "canvas.instructure.com", "text": tool.name, "placements": [*deep, report]}
    return {
        "title": tool.name,
        "description": tool.description,
        "target_link_uri": tool.launch_url,
        "oidc_initiation_url": tool.login_url,
        "public_jwk_url": tool.jwks_url,
        "scopes": [scope for scope in SCOPES if scope != v.SCOPE_GROUPS_READ],
        "custom_fields": {name: f"${value}" for name, value in HISTORY_PARAMETERS.items()},
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": host,
                "tool_id": "standards-hub",
                "privacy_level": "public",
                "settings": settings,
            }
        ],
    }
