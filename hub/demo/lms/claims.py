"""The id_token of each message type (LTI 1.3 Core section 5.3 and 5.4, Deep Linking 2.0 section 4.4)."""

from dataclasses import dataclass
from typing import Any

from .courses import Activity, Course, Member
from .grades import LineItem
from .messages import DEEP_LINKING, RESOURCE_LINK
from .settings import Tool

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
MEMBERSHIP_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
COURSE_TYPE = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"

LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
LINE_ITEM_READ_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
RESULT_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
MEMBERSHIP_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
AGS_SCOPES = (LINE_ITEM_SCOPE, LINE_ITEM_READ_SCOPE, RESULT_SCOPE, SCORE_SCOPE)

LIFETIME = 60
"""Seconds that an id_token is good for."""


@dataclass(frozen=True)
class Platform:
    """The platform's own addresses, all below its issuer."""

    issuer: str
    deployment_id: str

    def line_items_url(self, course_id: int) -> str:
        """The line item container of a course; like others' URLs it carries a query string."""
        return f"{self.issuer}/lti/courses/{course_id}/line-items?deployment={self.deployment_id}"

    def line_item_url(self, item: LineItem) -> str:
        """One line item; `/scores` and `/results` go before its query string."""
        path = f"{self.issuer}/lti/courses/{item.course_id}/line-items/{item.id}"
        return f"{path}?deployment={self.deployment_id}"

    def memberships_url(self, course_id: int) -> str:
        """The membership service of a course."""
        return f"{self.issuer}/lti/courses/{course_id}/memberships"

    def deep_link_return_url(self) -> str:
        """Where the tool posts what the teacher chose."""
        return f"{self.issuer}/lti/deep-linking"

    def return_url(self, course_id: int) -> str:
        """Where the tool sends a person who has finished."""
        return f"{self.issuer}/courses/{course_id}/return"


@dataclass(frozen=True)
class Launch:
    """Everything that an id_token speaks of."""

    platform: Platform
    tool: Tool
    member: Member
    course: Course


def resource_link(launch: Launch, activity: Activity, items: list[LineItem], nonce: str, now: int) -> dict[str, Any]:
    """The claims of an LtiResourceLinkRequest for `activity`, whose line items are `items`."""
    return {
        **_common(launch, nonce, now),
        f"{LTI}message_type": RESOURCE_LINK,
        f"{LTI}target_link_uri": activity.url or launch.tool.launch_url,
        f"{LTI}resource_link": {"id": activity.id, "title": activity.title, "description": activity.text},
        f"{LTI}custom": activity.custom,
        f"{LTI}launch_presentation": {
            "document_target": activity.presentation,
            "return_url": launch.platform.return_url(launch.course.id),
            "locale": "en",
        },
        AGS: _grade_endpoint(launch, items),
        NRPS: {
            "context_memberships_url": launch.platform.memberships_url(launch.course.id),
            "service_versions": ["2.0"],
        },
    }


def deep_linking(launch: Launch, data: str, nonce: str, now: int) -> dict[str, Any]:
    """The claims of an LtiDeepLinkingRequest; the answer has to bring `data` back."""
    return {
        **_common(launch, nonce, now),
        f"{LTI}message_type": DEEP_LINKING,
        f"{LTI}target_link_uri": launch.tool.deep_link_url,
        f"{LTI}launch_presentation": {"document_target": "iframe", "locale": "en"},
        f"{DL}deep_linking_settings": {
            "deep_link_return_url": launch.platform.deep_link_return_url(),
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_multiple": True,
            "accept_lineitem": True,
            "auto_create": True,
            "title": launch.course.title,
            "data": data,
        },
        AGS: _grade_endpoint(launch, []),
    }


def _common(launch: Launch, nonce: str, now: int) -> dict[str, Any]:
    person = launch.member.person
    return {
        "iss": launch.platform.issuer,
        "sub": person.id,
        "aud": launch.tool.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "nonce": nonce,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "email": person.email,
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
        "scope": list(AGS_SCOPES),
        "lineitems": launch.platform.line_items_url(launch.course.id),
    }
    if len(items) == 1:
        claim["lineitem"] = launch.platform.line_item_url(items[0])
    return claim
