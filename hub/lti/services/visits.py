"""Visits: what a launch allows the pages that follow it to do.

Inside an LMS a browser may keep no cookie of ours, so the pages after a launch carry a token in their forms: random,
good for an hour, for this one launch, never in an address. What it stands for is kept on the server, so a page can
neither read nor change it.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

import msgspec

from hub.errors import Forbidden, Unauthenticated
from hub.identity import Principal
from hub.lti.spec.launch import DeepLinkingSettings
from hub.ports import Ids, Transients

VISIT_SECONDS = 3600

#: What LTI's services do in the SCORM area on behalf of whoever launched.
_ACTIONS = frozenset({"packages.read", "registrations.read", "registrations.write", "learners.read"})


@dataclass(frozen=True, slots=True)
class Visit:
    """A verified launch that led to pages: of a resource link, of a course's report, or of deep linking.

    `actions` are what the person's roles allow, in this one link or course and nowhere else
    (`hub.lti.spec.roles.ACTIONS`). `origins` are the pages' frame ancestors.
    """

    tenant_id: UUID
    platform_id: UUID
    deployment_id: str
    user_id: str
    name: str
    origins: tuple[str, ...]
    resource_link_id: UUID | None = None
    context_row_id: UUID | None = None
    actions: frozenset[str] = frozenset()
    language: str | None = None
    deep_linking: DeepLinkingSettings | None = None

    def require(self, action: str) -> None:
        """Refuse with `Forbidden` what the person's roles in this course do not allow."""
        if action not in self.actions:
            raise Forbidden("Your role in this course does not allow this.", code="lti_role_refused")

    @property
    def principal(self) -> Principal:
        """The teacher as one who acts in the tenant."""
        return launch_principal(self.tenant_id, self.platform_id, self.user_id, self.name)


def launch_principal(tenant_id: UUID, platform_id: UUID, user_id: str, name: str) -> Principal:
    """Someone who came by a launch of that platform."""
    return Principal(tenant_id, "launch", f"{platform_id}:{user_id}", name, _ACTIONS)


class Visits:
    """Begins visits and finds them again by their token."""

    def __init__(self, transients: Transients, ids: Ids) -> None:
        self._transients = transients
        self._ids = ids

    def begin(self, visit: Visit) -> str:
        """The token of a new visit."""
        token = self._ids.secret()
        self._transients.put(_key(token), msgspec.json.encode(visit), VISIT_SECONDS)
        return token

    def find(self, token: str) -> Visit:
        """The visit of a token; raises `Unauthenticated` when it is over or never was."""
        raw = self._transients.get(_key(token))
        if raw is None:
            raise Unauthenticated(
                "This page has been open for too long. Open the link in the course again.", code="lti_visit_over"
            )
        return msgspec.json.decode(raw, type=Visit)


def _key(token: str) -> str:
    return f"lti:visit:{hashlib.sha256(token.encode()).hexdigest()}"
