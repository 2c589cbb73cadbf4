"""/api/v1/platforms, /api/v1/platform-invitations and /api/v1/score-deliveries."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response, jsonify
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import ApiBlueprint
from hub.http.paging import Cursors, PageArguments, link_next, listed, page_of, time_and_id
from hub.lti.services.connections import Check, Connections, Seen
from hub.lti.services.dynamic_registration import (
    INVITATION_DAYS,
    LONGEST_INVITATION_DAYS,
    DynamicRegistration,
    Invitation,
)
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.services.scores import STATUSES, ScoreDelivery, Scores
from hub.lti.spec.platform import Platform, PlatformDetails

_URL = {"example": "https://lms.example/auth"}
_PSEUDONYMS = "Statements name learners of this platform by a keyed hash instead of their id and name"
_LEARNS = "Verified launches may bring deployments that are not listed"


class ToolSchema(ma.Schema):
    """What to enter in the platform."""

    login_url = fields.String()
    launch_url = fields.String()
    jwks_url = fields.String()
    deep_link_url = fields.String()


class NewPlatformSchema(ma.Schema):
    """What an administrator knows of the platform."""

    issuer = fields.String(required=True, metadata={"example": "https://lms.example"})
    client_id = fields.String(required=True, metadata={"example": "Tt3kRhv9v2HAPbL"})
    auth_url = fields.String(required=True, metadata=_URL)
    token_url = fields.String(required=True, metadata={"example": "https://lms.example/token"})
    jwks_url = fields.String(required=True, metadata={"example": "https://lms.example/jwks"})
    deployments = fields.List(fields.String(), load_default=[], metadata={"example": ["1"]})
    learns_deployments = fields.Boolean(load_default=False, metadata={"description": _LEARNS})
    uses_pseudonyms = fields.Boolean(load_default=False, metadata={"description": _PSEUDONYMS})
    name = fields.String(load_default="", metadata={"example": "School LMS"})
    token_audience = fields.String(load_default=None, allow_none=True)


class PlatformSchema(ma.Schema):
    """A platform as the Hub knows it, with what to enter there."""

    id = fields.UUID()
    name = fields.String()
    issuer = fields.String()
    client_id = fields.String()
    auth_url = fields.String()
    token_url = fields.String()
    jwks_url = fields.String()
    token_audience = fields.String(allow_none=True)
    deployments = fields.List(fields.String())
    learns_deployments = fields.Boolean(metadata={"description": _LEARNS})
    uses_pseudonyms = fields.Boolean(metadata={"description": _PSEUDONYMS})
    is_active = fields.Boolean()
    awaits_approval = fields.Boolean(metadata={"description": "It registered itself, and nobody let it in yet"})
    product = fields.String(allow_none=True, metadata={"example": "moodle"})
    tool = fields.Nested(ToolSchema)


class PlatformChangeSchema(ma.Schema):
    """A JSON Merge Patch (RFC 7396); issuer and client id cannot change, deployments are only added."""

    name = fields.String()
    auth_url = fields.String(metadata=_URL)
    token_url = fields.String()
    jwks_url = fields.String()
    token_audience = fields.String()
    is_active = fields.Boolean()
    learns_deployments = fields.Boolean(metadata={"description": _LEARNS})
    uses_pseudonyms = fields.Boolean(metadata={"description": _PSEUDONYMS})
    deployments = fields.List(fields.String())


class SeenSchema(ma.Schema):
    """A launch of a platform; no token and nothing that names a person is in it."""

    at = fields.AwareDateTime()
    is_admitted = fields.Boolean()
    message_type = fields.String(metadata={"example": "LtiResourceLinkRequest"})
    code = fields.String(metadata={"example": "lti_launch_refused"})
    detail = fields.String()
    faults = fields.List(fields.String())
    claims = fields.Dict()


class CheckSchema(ma.Schema):
    """One thing that was tried at a platform."""

    name = fields.String(metadata={"enum": ["keys", "clock", "token", "grades", "members"]})
    is_good = fields.Boolean(allow_none=True, metadata={"description": "null: there was nothing to try it on yet"})
    words = fields.String()


class NewInvitationSchema(ma.Schema):
    """How long the invitation is good."""

    days = fields.Integer(
        load_default=INVITATION_DAYS, validate=validate.Range(1, LONGEST_INVITATION_DAYS), metadata={"example": 7}
    )


class InvitationSchema(ma.Schema):
    """A one-time link by which a platform registers itself and is let in at once."""

    id = fields.UUID()
    created_by = fields.String(metadata={"example": "Ada Author"})
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()


class MadeInvitationSchema(InvitationSchema):
    """The invitation with its address, which is shown this once."""

    url = fields.String(metadata={"example": "https://hub.example/lti/register/school?invitation=…"})


class DeliveryArguments(PageArguments):
    """What a listing of deliveries is narrowed to."""

    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    platform = fields.UUID(load_default=None)


class DeliverySchema(ma.Schema):
    """A score on its way to a gradebook."""

    id = fields.UUID()
    platform_id = fields.UUID()
    platform_name = fields.String()
    link_title = fields.String(allow_none=True)
    context_title = fields.String(allow_none=True)
    registration_id = fields.UUID()
    user_id = fields.String()
    status = fields.String(metadata={"enum": STATUSES})
    score_given = fields.Float(allow_none=True)
    score_maximum = fields.Float()
    activity_progress = fields.String()
    grading_progress = fields.String()
    scored_at = fields.AwareDateTime()
    attempts = fields.Integer()
    last_error = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    delivered_at = fields.AwareDateTime(allow_none=True)


class QueuedSchema(ma.Schema):
    """The delivery that was queued."""

    id = fields.UUID()


def platforms_blueprint() -> ApiBlueprint:
    """/api/v1/platforms"""
    blueprint = ApiBlueprint("platforms", __name__, url_prefix="/api/v1/platforms", description="LTI platforms")

    @blueprint.get("")
    @blueprint.arguments(PageArguments, location="query")
    @blueprint.response(200, PlatformSchema(many=True))
    @action("platforms.read")
    def list_platforms(arguments: dict[str, Any]) -> Response:
        """List platforms in the order in which they were added"""
        key = service(Cursors).decode(arguments["cursor"])
        limit = arguments["limit"]
        found = service(Platforms).list(principal(), after=UUID(key[0]) if key else None, limit=limit + 1)
        page = page_of(found, limit, lambda platform: [str(platform.id)])
        response = jsonify([_platform(one) for one in page.rows])
        return link_next(response, service(Cursors).encode(page.next_key) if page.next_key else None)

    @blueprint.post("")
    @blueprint.arguments(NewPlatformSchema)
    @blueprint.response(201, PlatformSchema)
    @action("platforms.write")
    def add_platform(body: dict[str, Any]) -> dict[str, Any]:
        """Add a platform"""
        details = PlatformDetails(deployment_ids=tuple(body.pop("deployments")), **body)
        return _platform(service(Platforms).add(principal(), details))

    @blueprint.get("/<uuid:platform_id>")
    @blueprint.response(200, PlatformSchema)
    @action("platforms.read")
    def get_platform(platform_id: UUID) -> dict[str, Any]:
        """Read one platform"""
        return _platform(service(Platforms).get(principal(), platform_id))

    @blueprint.patch("/<uuid:platform_id>")
    @blueprint.arguments(PlatformChangeSchema)
    @blueprint.response(200, PlatformSchema)
    @action("platforms.write")
    def change_platform(body: dict[str, Any], platform_id: UUID) -> dict[str, Any]:
        """Change a platform, add deployments, switch it on or off"""
        change = replace(PlatformChange(), deployment_ids=tuple(body.pop("deployments", ())), **body)
        return _platform(service(Platforms).change(principal(), platform_id, change))

    @blueprint.post("/<uuid:platform_id>/approve")
    @blueprint.response(200, PlatformSchema)
    @action("platforms.write")
    def approve_platform(platform_id: UUID) -> dict[str, Any]:
        """Let a platform in that registered itself"""
        return _platform(service(Platforms).approve(principal(), platform_id))

    @blueprint.get("/<uuid:platform_id>/launches")
    @blueprint.response(200, SeenSchema(many=True))
    @action("platforms.read")
    def list_launches(platform_id: UUID) -> list[Seen]:
        """List the last launches of a platform, the newest first; refused ones with the claims that came"""
        return service(Connections).recent(principal(), platform_id)

    @blueprint.post("/<uuid:platform_id>/test")
    @blueprint.response(200, CheckSchema(many=True))
    @action("platforms.write")
    def test_platform(platform_id: UUID) -> list[Check]:
        """Try a platform's key set, clock, access tokens, gradebook and list of members"""
        return service(Connections).test(principal(), platform_id)

    @blueprint.delete("/<uuid:platform_id>")
    @blueprint.response(204)
    @action("platforms.write")
    def remove_platform(platform_id: UUID) -> None:
        """Remove a platform with its links and score deliveries; registrations and statements stay"""
        service(Platforms).remove(principal(), platform_id)

    return blueprint


def invitations_blueprint() -> ApiBlueprint:
    """/api/v1/platform-invitations"""
    blueprint = ApiBlueprint(
        "platform_invitations",
        __name__,
        url_prefix="/api/v1/platform-invitations",
        description="One-time links for LTI Dynamic Registration",
    )

    @blueprint.get("")
    @blueprint.response(200, InvitationSchema(many=True))
    @action("platforms.read")
    def list_invitations() -> Sequence[Invitation]:
        """List the invitations that can still be used, the newest first"""
        return service(DynamicRegistration).open_invitations(principal())

    @blueprint.post("")
    @blueprint.arguments(NewInvitationSchema)
    @blueprint.response(201, MadeInvitationSchema)
    @action("platforms.write")
    def invite(body: dict[str, Any]) -> dict[str, Any]:
        """Make an invitation; paste its address where the platform adds tools by dynamic registration"""
        made, url = service(DynamicRegistration).invite(principal(), body["days"])
        return {**asdict(made), "url": url}

    @blueprint.delete("/<uuid:invitation_id>")
    @blueprint.response(204)
    @action("platforms.write")
    def revoke_invitation(invitation_id: UUID) -> None:
        """Take an invitation back"""
        service(DynamicRegistration).revoke(principal(), invitation_id)

    return blueprint


def deliveries_blueprint() -> ApiBlueprint:
    """/api/v1/score-deliveries"""
    blueprint = ApiBlueprint(
        "score_deliveries", __name__, url_prefix="/api/v1/score-deliveries", description="Grades on their way"
    )

    @blueprint.get("")
    @blueprint.arguments(DeliveryArguments, location="query")
    @blueprint.response(200, DeliverySchema(many=True))
    @action("platforms.read")
    def list_deliveries(arguments: dict[str, Any]) -> Response:
        """List score deliveries, the newest first"""
        wanted = {"status": arguments["status"], "platform_id": arguments["platform"]}
        return listed(
            arguments,
            lambda after, limit: service(Scores).list(principal(), **wanted, before=time_and_id(after), limit=limit),
            _delivery_key,
            DeliverySchema,
        )

    @blueprint.post("/<uuid:delivery_id>/send-again")
    @blueprint.response(202, QueuedSchema)
    @action("platforms.write")
    def send_again(delivery_id: UUID) -> dict[str, UUID]:
        """Send a failed score again; a new delivery takes its place"""
        return {"id": service(Scores).send_again(principal(), delivery_id)}

    return blueprint


def _delivery_key(delivery: ScoreDelivery) -> list[Any]:
    return [delivery.created_at.isoformat(), str(delivery.id)]


def _platform(platform: Platform) -> dict[str, Any]:
    tool = service(Platforms).settings
    return {
        "id": platform.id,
        "name": platform.name,
        "issuer": platform.issuer,
        "client_id": platform.client_id,
        "auth_url": platform.auth_url,
        "token_url": platform.token_url,
        "jwks_url": platform.jwks_url,
        "token_audience": platform.token_audience,
        "deployments": sorted(platform.deployment_ids),
        "learns_deployments": platform.learns_deployments,
        "uses_pseudonyms": platform.uses_pseudonyms,
        "is_active": platform.is_active,
        "awaits_approval": platform.awaits_approval,
        "product": platform.product,
        "tool": {
            "login_url": tool.login_url,
            "launch_url": tool.launch_url,
            "jwks_url": tool.jwks_url,
            "deep_link_url": tool.deep_link_url,
        },
    }
