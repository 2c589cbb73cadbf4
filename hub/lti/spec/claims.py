"""The table of claims: what the Hub demands of each claim of a launch, and the walker that judges a message
by it.

Levels: a claim we must *verify* is compared with what we know; one that must *exist* is needed and has to be
well formed; an *optional* one has to be well formed where it is present; an *ignored* one is never looked at.
A claim that is not in the table is ignored too (LTI 1.3 section 5.4.7). The same table makes docs/lti.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hub.errors import Violation, say
from hub.lti.spec import vocabulary as v
from hub.lti.spec.shapes import (
    Shape,
    flag,
    identifier,
    is_nothing,
    list_of,
    map_of,
    numeric_date,
    of_member,
    record,
    scalar,
    text,
    text_or_list,
    url,
    url_or_nothing,
)
from hub.lti.spec.urls import url_fault

LEEWAY_SECONDS = 60
LONGEST_LIFE_SECONDS = 24 * 3600
#: A login may take this long; a token issued earlier cannot belong to it.
LOGIN_SECONDS = 600


class Level(Enum):
    """How much is demanded of a claim."""

    VERIFY = "must verify"
    EXIST = "must exist"
    OPTIONAL = "optional"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the Hub knows of the launch before it reads it: the platform, the login it answers, and the time.

    `now` is in seconds since 1970. `target_link_uri` is the one of the login initiation; `launch_url` the
    Hub's own. `login_deployment` is the one that the login named, if it did. A platform that `learns_deployments` may
    bring a new one.
    """

    issuer: str
    client_id: str
    deployment_ids: frozenset[str]
    nonce: str
    target_link_uri: str
    launch_url: str
    now: float
    allow_private: bool = False
    learns_deployments: bool = False
    login_deployment: str | None = None


Verify = Callable[[Any, Expected, Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the table.

    `messages` are the message types the row is for (None: all); `verify` compares the well-formed value with
    what is expected; `secret` values are not repeated in error messages.
    """

    name: str
    level: Level
    section: str
    shape: Shape | None = None
    verify: Verify | None = None
    messages: frozenset[str] | None = None
    secret: bool = False


def _is_issuer(value: str, expected: Expected, _: Mapping[str, Any]) -> str | None:
    return None if value == expected.issuer else say("is not the issuer that this login began with")


def _names_the_client(value: str | list[str], expected: Expected, _: Mapping[str, Any]) -> str | None:
    audiences = [value] if isinstance(value, str) else value
    return None if expected.client_id in audiences else say("does not name the Hub's client id at this platform")


def _is_the_client(value: str | None, expected: Expected, claims: Mapping[str, Any]) -> str | None:
    audience = claims.get("aud")
    if value is None:
        several = isinstance(audience, list) and len(set(map(str, audience))) > 1
        return say("is missing, although the token has several audiences") if several else None
    return None if value == expected.client_id else say("is not the Hub's client id at this platform")


def _is_not_over(value: float, expected: Expected, _: Mapping[str, Any]) -> str | None:
    if value <= expected.now - LEEWAY_SECONDS:
        return say(
            "was over %(seconds)s seconds ago; compare the clocks of the platform and the Hub",
            seconds=round(expected.now - value),
        )
    if value > expected.now + LONGEST_LIFE_SECONDS:
        return say("is more than %(hours)s hours away", hours=LONGEST_LIFE_SECONDS // 3600)
    return None


def _is_recent(value: float, expected: Expected, claims: Mapping[str, Any]) -> str | None:
    ends_at = claims.get("exp")
    if value > expected.now + LEEWAY_SECONDS:
        return say(
            "is %(seconds)s seconds in the future; compare the clocks of the platform and the Hub",
            seconds=round(value - expected.now),
        )
    if value < expected.now - LOGIN_SECONDS - LEEWAY_SECONDS:
        return say("is from before this login began; compare the clocks of the platform and the Hub")
    return say("is not before exp") if isinstance(ends_at, int | float) and ends_at <= value else None


def _has_begun(value: float, expected: Expected, _: Mapping[str, Any]) -> str | None:
    return (
        None
        if value <= expected.now + LEEWAY_SECONDS
        else say("is not reached yet; compare the clocks of the platform and the Hub")
    )


def _is_our_nonce(value: str, expected: Expected, _: Mapping[str, Any]) -> str | None:
    return None if value == expected.nonce else say("is not the one of this login")


def _is_deployed(value: str, expected: Expected, _: Mapping[str, Any]) -> str | None:
    """Known, and the one that the login told of (LTI 1.3 section 4.1.2)."""
    if expected.login_deployment not in (None, value):
        return say("is not the deployment that this login began with")
    is_known = value in expected.deployment_ids or expected.learns_deployments
    return None if is_known else say("is not registered with the Hub; add it to the platform")


def _is_lti_version(value: str, _: Expected, __: Mapping[str, Any]) -> str | None:
    return None if value == v.LTI_VERSION else say("must be %(value)s", value=v.LTI_VERSION)


def _is_known_message(value: str, _: Expected, __: Mapping[str, Any]) -> str | None:
    return None if value in MESSAGE_TYPES else say("is not a message that the Hub answers")


def _is_the_link(value: str, expected: Expected, _: Mapping[str, Any]) -> str | None:
    if not is_own_link(value, expected.launch_url):
        return say("is not an address of the Hub")
    return None if value == expected.target_link_uri else say("is not the one of the login that began this launch")


def _may_be_called(*members: str) -> Verify:
    """The URLs under these members of the claim must be ones that the Hub (or its user's browser) may call."""

    def fault(value: Mapping[str, Any], expected: Expected, _: Mapping[str, Any]) -> str | None:
        for member in members:
            if not is_nothing(value.get(member)):
                wrong = url_fault(value[member], allow_private=expected.allow_private)
                if wrong:
                    return of_member(member, wrong)
        return None

    return fault


def _takes_links(value: Mapping[str, Any], expected: Expected, claims: Mapping[str, Any]) -> str | None:
    if "ltiResourceLink" not in value["accept_types"]:
        return say("member ‘accept_types’ has no ltiResourceLink, the only thing that the Hub offers")
    return _may_be_called("deep_link_return_url")(value, expected, claims)


def is_own_link(link: str, launch_url: str) -> bool:
    """Whether `link` is the Hub's launch URL, with or without a query; nothing else may be a launch's target."""
    return link == launch_url or link.startswith(launch_url + "?")


_RESOURCE_LINK = frozenset({v.RESOURCE_LINK_REQUEST})
_DEEP_LINKING = frozenset({v.DEEP_LINKING_REQUEST})
_REVIEW = frozenset({v.SUBMISSION_REVIEW_REQUEST})
MESSAGE_TYPES = _RESOURCE_LINK | _DEEP_LINKING | _REVIEW

_SECURITY = "Security Framework 1.0, 5.1.3"
_NAME = text(1000)
_LINES = text(20_000)

_RESOURCE_LINK_CLAIM = record({"id": identifier}, {"title": _LINES, "description": _LINES})
_CONTEXT = record({"id": identifier}, {"label": _LINES, "title": _LINES, "type": list_of(text(1000), 100)})
_PRESENTATION = record(
    {}, {"document_target": text(100), "return_url": url, "locale": text(100)}
)  # height and width come as numbers or as strings; the Hub does not use them.
_AGS = record({"scope": list_of(text(1000), 100)}, {"lineitem": url_or_nothing, "lineitems": url_or_nothing})
_NRPS = record({"context_memberships_url": url}, {"service_versions": list_of(text(100), 100)})
_GROUPS = record({"context_groups_url": url, "scope": list_of(text(1000), 100)})
_DEEP_LINKING_SETTINGS = record(
    {
        "deep_link_return_url": url,
        "accept_types": list_of(text(100), 100),
        "accept_presentation_document_targets": list_of(text(100), 100),
    },
    {
        "accept_multiple": flag,
        "accept_lineitem": flag,
        "auto_create": flag,
        "title": _LINES,
        "text": _LINES,
        "data": text(48_000),
    },
)

#: Every claim that the Hub knows, in the order in which it is judged.
CLAIMS: tuple[Claim, ...] = (
    Claim("iss", Level.VERIFY, f"{_SECURITY}(2)", text(2048, 1), _is_issuer),
    Claim("aud", Level.VERIFY, f"{_SECURITY}(3)", text_or_list, _names_the_client),
    Claim("azp", Level.OPTIONAL, f"{_SECURITY}(4,5)", identifier, _is_the_client),
    Claim("exp", Level.VERIFY, f"{_SECURITY}(7)", numeric_date, _is_not_over),
    Claim("iat", Level.VERIFY, f"{_SECURITY}(8)", numeric_date, _is_recent),
    Claim("nbf", Level.OPTIONAL, "RFC 7519, 4.1.5", numeric_date, _has_begun),
    Claim("nonce", Level.VERIFY, f"{_SECURITY}(9)", text(255, 1), _is_our_nonce, secret=True),
    Claim(v.MESSAGE_TYPE, Level.VERIFY, "LTI 1.3, 5.3.1", text(255, 1), _is_known_message),
    Claim(v.VERSION, Level.VERIFY, "LTI 1.3, 5.3.2", text(255, 1), _is_lti_version),
    Claim(v.DEPLOYMENT_ID, Level.VERIFY, "LTI 1.3, 5.3.3", identifier, _is_deployed),
    Claim(v.TARGET_LINK_URI, Level.VERIFY, "LTI 1.3, 5.3.4", url, _is_the_link, _RESOURCE_LINK),
    Claim(v.TARGET_LINK_URI, Level.VERIFY, "Submission Review 1.0, 3", url, _is_the_link, _REVIEW),
    Claim(v.TARGET_LINK_URI, Level.OPTIONAL, "LTI 1.3, 5.3.4", url, _is_the_link, _DEEP_LINKING),
    Claim(v.RESOURCE_LINK, Level.EXIST, "LTI 1.3, 5.3.5", _RESOURCE_LINK_CLAIM, messages=_RESOURCE_LINK),
    Claim(v.RESOURCE_LINK, Level.OPTIONAL, "Submission Review 1.0, 3", _RESOURCE_LINK_CLAIM, messages=_REVIEW),
    Claim(v.FOR_USER, Level.EXIST, "Submission Review 1.0, 3", record({"user_id": identifier}), messages=_REVIEW),
    Claim("sub", Level.EXIST, "LTI 1.3, 5.3.6", identifier),
    Claim(v.ROLES, Level.EXIST, "LTI 1.3, 5.3.7", list_of(text(1000), 200)),
    Claim(
        v.DEEP_LINKING_SETTINGS,
        Level.EXIST,
        "Deep Linking 2.0, 4.4.1",
        _DEEP_LINKING_SETTINGS,
        _takes_links,
        _DEEP_LINKING,
    ),
    Claim("name", Level.OPTIONAL, "LTI 1.3, 5.3.6", _NAME, secret=True),
    Claim("given_name", Level.OPTIONAL, "LTI 1.3, 5.3.6", _NAME, secret=True),
    Claim("family_name", Level.OPTIONAL, "LTI 1.3, 5.3.6", _NAME, secret=True),
    Claim("email", Level.OPTIONAL, "LTI 1.3, 5.3.6", _NAME, secret=True),
    Claim("locale", Level.OPTIONAL, "LTI 1.3, 5.3.6", text(100)),
    Claim(v.CONTEXT, Level.OPTIONAL, "LTI 1.3, 5.4.1", _CONTEXT),
    Claim(v.LAUNCH_PRESENTATION, Level.OPTIONAL, "LTI 1.3, 5.4.4", _PRESENTATION),
    Claim(v.CUSTOM, Level.OPTIONAL, "LTI 1.3, 5.4.6", map_of(scalar, 500)),
    Claim(v.AGS_ENDPOINT, Level.OPTIONAL, "AGS 2.0, 3.1", _AGS, _may_be_called("lineitem", "lineitems")),
    Claim(
        v.NAMES_ROLE_SERVICE,
        Level.OPTIONAL,
        "NRPS 2.0, 3.6.1.1",
        _NRPS,
        _may_be_called("context_memberships_url"),
    ),
    Claim(v.GROUPS_SERVICE, Level.OPTIONAL, "Course Groups 1.0, 3.1", _GROUPS, _may_be_called("context_groups_url")),
    Claim(v.TOOL_PLATFORM, Level.IGNORED, "LTI 1.3, 5.4.2"),
    Claim(v.ROLE_SCOPE_MENTOR, Level.IGNORED, "LTI 1.3, 5.4.3"),
    Claim(v.LIS, Level.IGNORED, "LTI 1.3, 5.4.5"),
    Claim(v.LTI1P1, Level.IGNORED, "LTI 1.3 Migration Guide"),
)


def judge(claims: Mapping[str, Any], expected: Expected) -> list[Violation]:
    """Every fault of a launch's claims, in the order of the table; an empty list when it may be let in."""
    kind = claims.get(v.MESSAGE_TYPE)
    rows = [row for row in CLAIMS if row.messages is None or (isinstance(kind, str) and kind in row.messages)]
    return [fault for row in rows if (fault := _judge_row(row, claims, expected))]


def _judge_row(row: Claim, claims: Mapping[str, Any], expected: Expected) -> Violation | None:
    if row.level is Level.IGNORED:
        return None
    value = claims.get(row.name)
    message = _absence_fault(row, expected, claims) if value is None else _value_fault(row, value, expected, claims)
    if message is None:
        return None
    shown = None if row.secret or isinstance(value, dict | list) else value
    return Violation(row.section, row.name, message, _shortened(shown))


def _absence_fault(row: Claim, expected: Expected, claims: Mapping[str, Any]) -> str | None:
    if row.level in {Level.VERIFY, Level.EXIST}:
        return say("is missing")
    # Only azp is needed or not by what another claim says.
    return _is_the_client(None, expected, claims) if row.name == "azp" else None


def _value_fault(row: Claim, value: object, expected: Expected, claims: Mapping[str, Any]) -> str | None:
    fault = row.shape(value) if row.shape else None
    if fault is None and row.verify:
        fault = row.verify(value, expected, claims)
    return fault


def _shortened(value: object, longest: int = 200) -> object:
    return value[:longest] + "…" if isinstance(value, str) and len(value) > longest else value
