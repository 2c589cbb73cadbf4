"""The id_token of each message type (LTI 1.3 Core section 5.3 and 5.4, Deep Linking 2.0 section 4.4, Submission
Review 1.0 section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .courses import Activity, Course, Member
from .grades import LineItem
from .messages import DEEP_LINKING, RESOURCE_LINK, SUBMISSION_REVIEW
from .settings import Tool
from .switches import Switches

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GROUPS = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
MEMBERSHIP_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
COURSE_TYPE = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"

LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
LINE_ITEM_READ_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
RESULT_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
MEMBERSHIP_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
GROUP_SCOPE = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
AGS_SCOPES = (LINE_ITEM_SCOPE, LINE_ITEM_READ_SCOPE, RESULT_SCOPE, SCORE_SCOPE)
SCOPES = (*AGS_SCOPES, MEMBERSHIP_SCOPE, GROUP_SCOPE)

VARIABLES = (
    "ResourceLink.id.history",
    "Context.id.history",
    "ResourceLink.available.startDateTime",
    "ResourceLink.available.endDateTime",
    "ResourceLink.submission.endDateTime",
)
"""What may stand in custom parameters after a dollar sign (LTI 1.3 appendix B)."""

LIFETIME = 60
"""Seconds that an id_token is good for."""


@dataclass(frozen=True)
class Platform:
    """The platform's own addresses for one tool, all below its issuer; those of AGS with a query string or without."""

    issuer: str
    deployment_id: str
    has_queries: bool = True

    def line_items_url(self, course_id: int) -> str:
        """The line item container of a course; like others' URLs it carries a query string."""
        return self._asked(f"{self.issuer}/lti/courses/{course_id}/line-items")

    def line_item_url(self, item: LineItem) -> str:
        """One line item; `/scores` and `/results` go before its query string."""
        return self._asked(f"{self.issuer}/lti/courses/{item.course_id}/line-items/{item.id}")

    def _asked(self, url: str) -> str:
        return f"{url}?deployment={self.deployment_id}" if self.has_queries else url

    def memberships_url(self, course_id: int) -> str:
        """The membership service of a course."""
        return f"{self.issuer}/lti/courses/{course_id}/memberships"

    def groups_url(self, course_id: int) -> str:
        """The group service of a course."""
        return f"{self.issuer}/lti/courses/{course_id}/groups"

    def deep_link_return_url(self) -> str:
        """Where the tool posts what the teacher chose."""
        return f"{self.issuer}/lti/deep-linking"

    def return_url(self, course_id: int) -> str:
        """Where the tool sends a person who has finished."""
        return f"{self.issuer}/courses/{course_id}/return"


@dataclass(frozen=True)
class Launch:
    """Everything that an id_token speaks of. `now` is by the platform's clock, in seconds since 1970."""

    platform: Platform
    tool: Tool
    member: Member
    course: Course
    switches: Switches
    nonce: str
    now: int


def resource_link(launch: Launch, activity: Activity, items: list[LineItem]) -> dict[str, Any]:
    """The claims of an LtiResourceLinkRequest for `activity`, whose line items are `items`."""
    return {
        **_common(launch),
        **_placed(launch, activity),
        f"{LTI}message_type": RESOURCE_LINK,
        f"{LTI}target_link_uri": activity.url or launch.tool.launch_url,
        AGS: _grade_endpoint(launch, items),
    }


def submission_review(launch: Launch, activity: Activity, item: LineItem, of: Member) -> dict[str, Any]:
    """The claims of an LtiSubmissionReviewRequest for what `of` handed in (Submission Review 1.0 section 3)."""
    review = item.review or {}
    placed = _placed(launch, activity)
    placed[f"{LTI}custom"] |= review.get("custom") or {}
    return {
        **_common(launch),
        **placed,
        f"{LTI}message_type": SUBMISSION_REVIEW,
        f"{LTI}target_link_uri": review.get("url") or launch.tool.reviews_at,
        f"{LTI}for_user": {**_person(launch.switches, of, "user_id"), "roles": [MEMBERSHIP_ROLE + of.role]},
        AGS: _grade_endpoint(launch, [item]),
    }


def deep_linking(launch: Launch, data: str) -> dict[str, Any]:
    """The claims of an LtiDeepLinkingRequest; the answer has to bring `data` back."""
    switches = launch.switches
    return {
        **_common(launch),
        f"{LTI}message_type": DEEP_LINKING,
        f"{LTI}target_link_uri": launch.tool.deep_link_url,
        f"{LTI}launch_presentation": {"document_target": "iframe", "locale": "en"},
        f"{LTI}custom": _substituted(launch, launch.tool.custom, {}),
        f"{DL}deep_linking_settings": {
            "deep_link_return_url": launch.platform.deep_link_return_url(),
            "accept_types": switches.types,
            "accept_presentation_document_targets": switches.targets,
            "accept_multiple": switches.accepts_several,
            "accept_lineitem": switches.accepts_line_items,
            "auto_create": True,
            "title": launch.course.title,
            "data": data,
        },
        AGS: _grade_endpoint(launch, []),
    }


def _placed(launch: Launch, activity: Activity) -> dict[str, Any]:
    """The claims of anything about one link: the link, its custom values, and the services of its course."""
    course_id, platform = launch.course.id, launch.platform
    custom = {**launch.tool.custom, **activity.custom}
    return {
        f"{LTI}resource_link": {"id": activity.id, "title": activity.title, "description": activity.text},
        f"{LTI}custom": _substituted(launch, custom, _of_link(activity)),
        f"{LTI}launch_presentation": {
            "document_target": activity.presentation,
            "return_url": platform.return_url(course_id),
            "locale": "en",
        },
        NRPS: {"context_memberships_url": platform.memberships_url(course_id), "service_versions": ["2.0"]},
        GROUPS: {
            "scope": [GROUP_SCOPE],
            "context_groups_url": platform.groups_url(course_id),
            "service_versions": ["1.0"],
        },
    }


def _of_link(activity: Activity) -> dict[str, str]:
    look = activity.look
    return {
        "ResourceLink.id.history": ",".join(activity.history),
        "ResourceLink.available.startDateTime": look.opens_at or "",
        "ResourceLink.available.endDateTime": look.closes_at or "",
        "ResourceLink.submission.endDateTime": look.due_at or "",
    }


def _substituted(launch: Launch, custom: Mapping[str, str], of_link: Mapping[str, str]) -> dict[str, str]:
    """Custom values with what their variables stand for; what is no variable of this platform stays as it is."""
    known = {f"${name}": value for name, value in of_link.items()}
    known["$Context.id.history"] = ",".join(launch.course.history)
    if not launch.switches.tells_history:
        known = {name: value for name, value in known.items() if not name.endswith(".history")}
    return {name: known.get(value, value) for name, value in custom.items()}


def _person(switches: Switches, member: Member, id_name: str = "sub") -> dict[str, str]:
    """Who somebody is, as far as this platform tells."""
    person = member.person
    if not switches.tells_names:
        return {id_name: person.id}
    return {
        id_name: person.id,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "email": person.email,
    }


def _common(launch: Launch) -> dict[str, Any]:
    return {
        "iss": launch.platform.issuer,
        **_person(launch.switches, launch.member),
        "aud": launch.tool.client_id,
        "iat": launch.now,
        "exp": launch.now + LIFETIME,
        "nonce": launch.nonce,
        "locale": "en",
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": launch.platform.deployment_id,
        f"{LTI}roles": [MEMBERSHIP_ROLE + launch.member.role],
        f"{LTI}context": {
            "id": str(launch.course.id),
            "label": launch.course.label,
            "title": launch.course.title,
            "type": [COURSE_TYPE],
        },
        f"{LTI}tool_platform": {
            "guid": launch.platform.issuer,
            "name": "Demo LMS",
            "product_family_code": "standards-hub-demo-lms",
            "version": "1",
        },
    }


def _grade_endpoint(launch: Launch, items: list[LineItem]) -> dict[str, Any]:
    """The AGS claim (AGS section 3.1); `lineitem` only when the link has exactly one."""
    claim: dict[str, Any] = {
        "scope": [scope for scope in AGS_SCOPES if scope in allowed(launch.tool)],
        "lineitems": launch.platform.line_items_url(launch.course.id),
    }
    if len(items) == 1:
        claim["lineitem"] = launch.platform.line_item_url(items[0])
    return claim


def allowed(tool: Tool) -> tuple[str, ...]:
    """The scopes that a tool may ask tokens for: those it registered for, or all."""
    return SCOPES if tool.scopes is None else tuple(scope for scope in SCOPES if scope in tool.scopes)
