"""What the API of platforms, their invitations and score deliveries takes and gives."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub.http.fields import Moment
from hub.http.paging import PageArguments
from hub.lti.services.dynamic_registration import INVITATION_DAYS, LONGEST_INVITATION_DAYS
from hub.lti.services.scores import STATUSES
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

    at = Moment()
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
    created_at = Moment()
    expires_at = Moment()


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
    scored_at = Moment()
    attempts = fields.Integer()
    last_error = fields.String(allow_none=True)
    created_at = Moment()
    delivered_at = Moment(allow_none=True)


class QueuedSchema(ma.Schema):
    """The delivery that was queued."""

    id = fields.UUID()


def details_of(wanted: dict[str, Any]) -> PlatformDetails:
    """What a `NewPlatformSchema` took."""
    return PlatformDetails(deployment_ids=tuple(wanted.pop("deployments")), **wanted)


def described(platform: Platform) -> dict[str, Any]:
    """A platform as `PlatformSchema` has it, but for what to enter there."""
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
    }
