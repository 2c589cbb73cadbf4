"""A launch that has been judged, as values with names (LTI 1.3 section 5.3, Deep Linking 2.0 section 4.4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hub.errors import Forbidden, HubError, Invalid, Unauthenticated, Violation, say
from hub.lti.spec import vocabulary as v
from hub.lti.spec.claims import CLAIMS, Expected, Level, judge
from hub.lti.spec.roles import Roles, judge_roles
from hub.lti.spec.shapes import is_nothing

#: The custom parameter by which a link names its package.
PACKAGE_PARAMETER = "package_id"
#: The custom parameter that says "no" where the teacher wants no column in the gradebook.
GRADED_PARAMETER = "graded"
#: The custom parameter by which a link of a copied course tells what it was copied from (`$ResourceLink.id.history`).
HISTORY_PARAMETER = "link_history"
#: The parameters that mean something to the Hub, and are nobody else's to set.
OWN_PARAMETERS = frozenset({PACKAGE_PARAMETER, GRADED_PARAMETER, HISTORY_PARAMETER})
#: Ids of a history are taken up to so many, the nearest first.
LONGEST_HISTORY = 20


@dataclass(frozen=True, slots=True)
class Person:
    """Who launches: `subject` is the platform's id; the rest is what the platform cares to tell."""

    subject: str
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The course that the launch comes from."""

    id: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceLink:
    """The placement in the course that was clicked."""

    id: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class AgsEndpoint:
    """Where grades of this link go: its one `lineitem`, the `lineitems` container, and what we may do there."""

    scopes: frozenset[str]
    line_item_url: str | None
    line_items_url: str | None


@dataclass(frozen=True, slots=True)
class DeepLinkingSettings:
    """What the platform takes back from a deep linking request, and where."""

    return_url: str
    targets: tuple[str, ...]
    accept_multiple: bool
    accept_line_item: bool
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch that may be let in.

    `resource_link` is set for a resource link request, `deep_linking` for a deep linking request, `for_user` for a
    submission review: whose submission. `page` is what the target asks for: `report`, or None for the link itself.
    """

    message_type: str
    deployment_id: str
    person: Person
    roles: Roles
    context: Context | None = None
    resource_link: ResourceLink | None = None
    ags: AgsEndpoint | None = None
    memberships_url: str | None = None
    groups_url: str | None = None
    deep_linking: DeepLinkingSettings | None = None
    return_url: str | None = None
    language: str | None = None
    custom: Mapping[str, str] = field(default_factory=dict)
    for_user: str | None = None
    page: str | None = None

    @property
    def history(self) -> tuple[str, ...]:
        """The ids of the links that this one was copied from, the nearest first (LTI 1.3, appendix B.4.2)."""
        told = self.custom.get(HISTORY_PARAMETER, "")
        # A platform that does not know the parameter leaves it as it was written, with its dollar sign.
        ids = [] if told.startswith("$") else [one.strip() for one in told.split(",")]
        return tuple(dict.fromkeys(one for one in ids if one))[:LONGEST_HISTORY]


def admit(claims: Mapping[str, Any], expected: Expected) -> Launch:
    """Judge the claims of a launch whose signature is good; every fault is told in one refusal.

    Raises `Unauthenticated` when a claim that has to be verified is wrong, `Forbidden` when only the
    deployment is unknown, `Invalid` when claims are missing or malformed.
    """
    violations = judge(claims, expected)
    if violations:
        raise _refusal(violations)
    launch = _launch(claims)
    if launch.deep_linking and not launch.roles.is_instructor:
        raise Forbidden("Only a teacher of the course may choose content.", code="lti_role_refused")
    if launch.for_user not in {None, launch.person.subject} and not launch.roles.is_instructor:
        raise Forbidden("Only a teacher of the course may see the work of others.", code="lti_role_refused")
    return launch


def _refusal(violations: list[Violation]) -> HubError:
    verified = {row.name for row in CLAIMS if row.level is Level.VERIFY} | {"azp", "nbf"}
    places = {violation.where for violation in violations}
    kind: type[HubError] = Invalid
    if places == {v.DEPLOYMENT_ID}:
        kind = Forbidden
    elif places & verified:
        kind = Unauthenticated
    first = violations[0]
    return kind(
        say("The claim %(where)s %(fault)s.", where=first.where, fault=first.message),
        code="lti_launch_refused",
        violations=violations,
    )


def _launch(claims: Mapping[str, Any]) -> Launch:
    presentation = claims.get(v.LAUNCH_PRESENTATION) or {}
    memberships = claims.get(v.NAMES_ROLE_SERVICE) or {}
    target = claims.get(v.TARGET_LINK_URI) or ""
    return Launch(
        message_type=claims[v.MESSAGE_TYPE],
        deployment_id=claims[v.DEPLOYMENT_ID],
        person=_person(claims),
        roles=judge_roles(claims[v.ROLES]),
        context=_context(claims),
        resource_link=_resource_link(claims),
        ags=_ags(claims),
        memberships_url=memberships.get("context_memberships_url"),
        groups_url=_groups_url(claims.get(v.GROUPS_SERVICE) or {}),
        deep_linking=_deep_linking(claims),
        for_user=claims[v.FOR_USER]["user_id"] if claims[v.MESSAGE_TYPE] == v.SUBMISSION_REVIEW_REQUEST else None,
        page="report" if ("page", "report") in parse_qsl(urlsplit(target).query) else None,
        return_url=presentation.get("return_url"),
        language=_language(presentation.get("locale") or claims.get("locale")),
        custom=_custom(claims),
    )


def _language(locale: str | None) -> str | None:
    """A language tag (RFC 5646) such as de or pt-BR; some platforms write it with an underscore."""
    tag = (locale or "").replace("_", "-")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) else None


def _person(claims: Mapping[str, Any]) -> Person:
    parts = [claims[name] for name in ("given_name", "family_name") if claims.get(name)]
    return Person(claims["sub"], claims.get("name") or " ".join(parts) or None, claims.get("email") or None)


def _context(claims: Mapping[str, Any]) -> Context | None:
    context = claims.get(v.CONTEXT)
    return Context(context["id"], context.get("title") or context.get("label")) if context else None


def _groups_url(service: Mapping[str, Any]) -> str | None:
    return service["context_groups_url"] if v.SCOPE_GROUPS_READ in service.get("scope", ()) else None


def _resource_link(claims: Mapping[str, Any]) -> ResourceLink | None:
    link = claims.get(v.RESOURCE_LINK)
    if claims[v.MESSAGE_TYPE] == v.DEEP_LINKING_REQUEST or not link:
        return None
    return ResourceLink(link["id"], link.get("title"))


def _ags(claims: Mapping[str, Any]) -> AgsEndpoint | None:
    endpoint = claims.get(v.AGS_ENDPOINT)
    if not endpoint:
        return None
    item, items = (None if is_nothing(endpoint.get(name)) else endpoint[name] for name in ("lineitem", "lineitems"))
    return AgsEndpoint(frozenset(endpoint["scope"]), item, items)


def _deep_linking(claims: Mapping[str, Any]) -> DeepLinkingSettings | None:
    if claims[v.MESSAGE_TYPE] != v.DEEP_LINKING_REQUEST:
        return None
    settings = claims[v.DEEP_LINKING_SETTINGS]
    return DeepLinkingSettings(
        return_url=settings["deep_link_return_url"],
        targets=tuple(settings["accept_presentation_document_targets"]),
        accept_multiple=settings.get("accept_multiple") in (True, "true"),
        # Absent means that nothing may be assumed (Deep Linking 2.0, 4.4.1); a line item too many is ignored.
        accept_line_item=settings.get("accept_lineitem") not in (False, "false"),
        data=settings.get("data"),
    )


def _custom(claims: Mapping[str, Any]) -> dict[str, str]:
    """Custom parameters as strings; names in lower case, as some platforms fold them."""
    custom = claims.get(v.CUSTOM) or {}
    return {name.lower(): value for name, value in custom.items() if isinstance(value, str)}
