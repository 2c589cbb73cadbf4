"""How a Hub is added to each learning platform: its own words for what it asks, and for what it shows afterwards.

Names of fields and menus are those of the platform's English pages, which people look for, and are not translated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

#: What the Hub gives: the attributes of `ToolSettings`, and what is made of them.
LAUNCH, LOGIN, KEYS, DEEP_LINK, DOMAIN, CANVAS = (
    "launch_url",
    "login_url",
    "jwks_url",
    "deep_link_url",
    "domain",
    "canvas_url",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of the platform and what goes there: one of the Hub's values, or `choose` something in it."""

    label: str
    value: str = ""
    choose: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """One make of platform.

    `registration` is where a registration address is pasted (empty: it knows no dynamic registration), `place` where a
    tool is added by hand, `entries` what to enter there. `shown` tells the platform's word for each field of the Hub's
    form, `presets` values that are the same everywhere.
    """

    key: str
    name: str
    registration: str
    registration_field: str
    place: str
    entries: Sequence[Entry]
    shown_at: Any
    shown: Mapping[str, str]
    presets: Mapping[str, str] = field(default_factory=dict)
    note: Any = ""


_HISTORY = "link_history=$ResourceLink.id.history"

GUIDES = (
    Guide(
        key="moodle",
        name="Moodle",
        registration="Site administration › Plugins › Activity modules › External tool › Manage tools",
        registration_field="Tool URL…, Add LTI Advantage",
        place="Site administration › Plugins › Activity modules › External tool › Manage tools › "
        "configure a tool manually",
        entries=(
            Entry("Tool URL", LAUNCH),
            Entry("LTI version", choose="LTI 1.3"),
            Entry("Public key type", choose="Keyset URL"),
            Entry("Public keyset", KEYS),
            Entry("Initiate login URL", LOGIN),
            Entry("Redirection URI(s)", LAUNCH),
            Entry("Supports Deep Linking (Content-Item Message)", choose="✓"),
            Entry("Content Selection URL", DEEP_LINK),
            Entry(
                "IMS LTI Assignment and Grade Services", choose="Use this service for grade sync and column management"
            ),
            Entry(
                "IMS LTI Names and Role Provisioning",
                choose="Use this service to retrieve members' information as per privacy settings",
            ),
            Entry("Share launcher's name with tool", choose="Always"),
            Entry("Share launcher's email with tool", choose="Always"),
            Entry("Accept grades from the tool", choose="Always"),
        ),
        shown_at=_l("The magnifying glass of the tool (View configuration details) shows them."),
        shown={
            "issuer": "Platform ID",
            "client_id": "Client ID",
            "deployment": "Deployment ID",
            "auth_url": "Authentication request URL",
            "token_url": "Access token URL",
            "jwks_url": "Public keyset URL",
        },
    ),
    Guide(
        key="canvas",
        name="Canvas",
        registration="Admin › Developer Keys › + Developer Key › + LTI Registration",
        registration_field="Dynamic Registration URL",
        place="Admin › Developer Keys › + Developer Key › + LTI Key",
        entries=(
            Entry("Method", choose="Enter URL"),
            Entry("JSON URL", CANVAS),
            Entry("Redirect URIs", LAUNCH),
        ),
        shown_at=_l(
            "The key's number in the column Details is the client id; switch the key on, add the app under Settings › "
            "Apps by this client id, and read the deployment id in its menu. Schools with a Canvas of their own host "
            "use its addresses."
        ),
        shown={"client_id": "Details", "deployment": "Deployment Id"},
        presets={
            "issuer": "https://canvas.instructure.com",
            "auth_url": "https://sso.canvaslms.com/api/lti/authorize_redirect",
            "token_url": "https://sso.canvaslms.com/login/oauth2/token",
            "jwks_url": "https://sso.canvaslms.com/api/lti/security/jwks",
        },
    ),
    Guide(
        key="blackboard",
        name="Blackboard",
        registration="",
        registration_field="",
        place="developer.anthology.com › My Apps › +",
        entries=(
            Entry("Domain(s)", DOMAIN),
            Entry("My Integration supports LTI 1.3", choose="✓"),
            Entry("Login Initiation URL", LOGIN),
            Entry("Tool Redirect URL(s)", LAUNCH),
            Entry("Tool JWKS URL", KEYS),
            Entry("Signing Algorithm", choose="RS256"),
            Entry("Custom Parameters", choose=_HISTORY),
            Entry(
                "Administrator Panel › LTI Tool Providers › Register LTI 1.3/Advantage Tool › Client ID",
                choose="Application ID",
            ),
            Entry("User Fields to Send", choose="Role in Course, Name, Email Address"),
            Entry("Allow grade service access", choose="Yes"),
            Entry("Allow Membership Service Access", choose="Yes"),
            Entry("Manage Placements › Create Placement › Type", choose="Deep Linking content tool"),
            Entry("Manage Placements › Target Link URI", DEEP_LINK),
        ),
        shown_at=_l("The developer portal shows the application's addresses, the Administrator Panel the deployment."),
        shown={
            "client_id": "Application ID",
            "deployment": "Deployment ID",
            "auth_url": "OIDC auth request endpoint",
            "token_url": "Auth token endpoint",
            "jwks_url": "Public keyset URL",
        },
        presets={
            "issuer": "https://blackboard.com",
            "auth_url": "https://developer.blackboard.com/api/v1/gateway/oidcauth",
            "token_url": "https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken",
        },
    ),
    Guide(
        key="brightspace",
        name="Brightspace",
        registration="Admin Tools › Manage Extensibility › LTI Advantage › Register Tool › Dynamic",
        registration_field="Tool initiation registration endpoint",
        place="Admin Tools › Manage Extensibility › LTI Advantage › Register Tool › Standard",
        entries=(
            Entry("Domain", DOMAIN),
            Entry("Redirect URLs", LAUNCH),
            Entry("OpenID Connect Login URL", LOGIN),
            Entry("Target Link URI", LAUNCH),
            Entry("Keyset URL", KEYS),
            Entry(
                "Extensions", choose="Assignment and Grade Services, Deep Linking, Names and Role Provisioning Services"
            ),
            Entry("View Deployments › New Deployment › Security Settings", choose="Org Unit, User, Link Information"),
            Entry("View Links › New Link › Type", choose="Deep Linking Quicklink"),
            Entry("View Links › New Link › URL", DEEP_LINK),
        ),
        shown_at=_l("Brightspace shows them when the tool was registered; the deployment has a page of its own."),
        shown={
            "issuer": "Issuer",
            "client_id": "Client Id",
            "deployment": "Deployment Id",
            "auth_url": "OpenID Connect Authentication Endpoint",
            "token_url": "Brightspace OAuth2 Access Token URL",
            "jwks_url": "Brightspace Keyset URL",
            "token_audience": "Brightspace OAuth2 Audience",
        },
        presets={"token_audience": "https://api.brightspace.com/auth/token"},
    ),
    Guide(
        key="sakai",
        name="Sakai",
        registration="Administration Workspace › External Tools › LTI Advantage Auto Provision",
        registration_field="Tool registration URL",
        place="Administration Workspace › External Tools › Install LTI 1.x Tool",
        entries=(
            Entry("Launch URL", LAUNCH),
            Entry("Tool supports LTI 1.3", choose="✓"),
            Entry("LTI 1.3 Tool Keyset URL", KEYS),
            Entry("LTI 1.3 Tool OpenID Connect/Initialization Endpoint", LOGIN),
            Entry("LTI 1.3 Tool Redirect Endpoint(s)", LAUNCH),
            Entry("Send User Names to External Tool", choose="✓"),
            Entry("Send Email Addresses to External Tool", choose="✓"),
            Entry("Allow External Tool to return grades", choose="✓"),
            Entry("Provide Roster to External Tool", choose="✓"),
            Entry("Allow the tool to be selected from the Lessons tool / content editor (Deep Link)", choose="✓"),
        ),
        shown_at=_l("Sakai shows them when the tool is saved and viewed again."),
        shown={
            "issuer": "LTI 1.3 Platform Issuer",
            "client_id": "LTI 1.3 Client ID",
            "deployment": "LTI 1.3 Deployment ID",
            "auth_url": "LTI 1.3 Platform OIDC Authentication URL",
            "token_url": "LTI 1.3 Platform OAuth2 Bearer Token Retrieval URL",
            "jwks_url": "LTI 1.3 Platform OAuth2 Well-Known/KeySet URL",
        },
        presets={"deployment": "1"},
    ),
    Guide(
        key="openedx",
        name="Open edX",
        registration="",
        registration_field="",
        place="Studio › Settings › Advanced Settings: lti_consumer; unit › Advanced › LTI Consumer › Edit",
        entries=(
            Entry("LTI Version", choose="LTI 1.3"),
            Entry("Tool Launch URL", LAUNCH),
            Entry("Registered Redirect URIs", LAUNCH),
            Entry("Tool Initiate Login URL", LOGIN),
            Entry("Tool Public Key Mode", choose="Keyset URL"),
            Entry("Tool Keyset URL", KEYS),
            Entry("Enable LTI NRPS", choose="True"),
            Entry("Deep linking", choose="True"),
            Entry("Deep Linking Launch URL", DEEP_LINK),
            Entry(
                "LTI Assignment and Grades Service",
                choose="Allow tools to manage and submit grade (programmatic)",
            ),
            Entry("Scored", choose="True"),
        ),
        shown_at=_l("The component shows them in Studio after it was saved; the issuer is the address of the LMS."),
        shown={
            "client_id": "Client ID",
            "deployment": "Deployment ID",
            "auth_url": "Login URL",
            "token_url": "Access Token URL",
            "jwks_url": "Keyset URL",
        },
        presets={"deployment": "1"},
    ),
)

BY_KEY = {guide.key: guide for guide in GUIDES}
