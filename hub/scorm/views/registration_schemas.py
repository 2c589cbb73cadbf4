"""What registrations, attempts and launches look like in the API."""

import marshmallow as ma
from marshmallow import fields, validate

from hub.http.fields import Moment
from hub.http.paging import PageArguments
from hub.scorm.services.learners import OWN_SOURCE
from hub.scorm.services.registrations import STATUSES

_LONGEST_ID = 255
_UUID = "0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55"
_TIME = "2026-11-20T08:15:30.123Z"


class LearnerSchema(ma.Schema):
    """Who learns."""

    id = fields.UUID(metadata={"example": _UUID})
    source = fields.String(metadata={"example": "https://lms.example", "description": "Who vouches for the person"})
    subject = fields.String(metadata={"example": "4711", "description": "The person's id there"})
    name = fields.String(metadata={"example": "Ada Lovelace"})
    email = fields.String(allow_none=True, metadata={"example": "ada@school.example"})


class ResultSchema(ma.Schema):
    """How far a learner got."""

    completion = fields.String(metadata={"example": "completed", "description": "completed, incomplete or unknown"})
    success = fields.String(metadata={"example": "passed", "description": "passed, failed or unknown"})
    score_scaled = fields.Float(allow_none=True, metadata={"example": 0.9, "description": "-1 to 1"})
    score_raw = fields.Float(allow_none=True, metadata={"example": 90})
    score_min = fields.Float(allow_none=True, metadata={"example": 0})
    score_max = fields.Float(allow_none=True, metadata={"example": 100})
    duration_seconds = fields.Float(metadata={"example": 734.5, "description": "Time of all sessions, as clocked"})


class RegistrationSchema(ma.Schema):
    """One learner's use of one package in one context."""

    id = fields.String(
        attribute="external_id", metadata={"example": _UUID, "description": "Your own id, or the registration itself"}
    )
    registration = fields.UUID(attribute="id", metadata={"example": _UUID, "description": "The xAPI registration"})
    learner = fields.Nested(LearnerSchema)
    package = fields.String(attribute="package_external_id", metadata={"example": "fire-safety"})
    package_title = fields.String(metadata={"example": "Fire safety"})
    package_version = fields.UUID(attribute="package_version_id", metadata={"example": _UUID})
    context_key = fields.String(metadata={"example": "", "description": "Tells apart uses that share no progress"})
    mode = fields.String(metadata={"example": "normal"})
    status = fields.String(metadata={"example": "passed", "description": ", ".join(STATUSES)})
    result = fields.Nested(ResultSchema)
    created_at = Moment(metadata={"example": _TIME})
    began_at = Moment(allow_none=True, metadata={"example": _TIME})
    completed_at = Moment(allow_none=True, metadata={"example": _TIME})
    changed_at = Moment(metadata={"example": _TIME})


class ActivitySchema(ma.Schema):
    """One activity of an attempt, in the order of the course."""

    identifier = fields.String(metadata={"example": "item-1"})
    title = fields.String(metadata={"example": "What burns"})
    depth = fields.Integer(metadata={"example": 1})
    has_content = fields.Boolean()
    status = fields.String(metadata={"example": "in_progress"})
    result = fields.Nested(ResultSchema, allow_none=True)
    progress = fields.Float(allow_none=True, metadata={"example": 0.5, "description": "cmi.progress_measure"})
    location = fields.String(metadata={"example": "page-3", "description": "The bookmark"})
    sessions = fields.Integer(metadata={"example": 2, "description": "How often it was opened"})
    values = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "Run-time data by element"}
    )
    changed_at = Moment(allow_none=True, metadata={"example": _TIME})


class AttemptSchema(ma.Schema):
    """One try at the whole package."""

    id = fields.UUID(metadata={"example": _UUID})
    number = fields.Integer(metadata={"example": 1})
    result = fields.Nested(ResultSchema)
    created_at = Moment(metadata={"example": _TIME})
    changed_at = Moment(metadata={"example": _TIME})
    ended_at = Moment(allow_none=True, metadata={"example": _TIME})
    activities = fields.List(fields.Nested(ActivitySchema))


class LaunchSchema(ma.Schema):
    """One opening of the player."""

    id = fields.UUID(metadata={"example": _UUID})
    mode = fields.String(metadata={"example": "normal"})
    created_at = Moment(metadata={"example": _TIME})
    opened_at = Moment(allow_none=True, metadata={"example": _TIME})
    ended_at = Moment(allow_none=True, metadata={"example": _TIME})
    user_agent = fields.String(allow_none=True, metadata={"example": "Mozilla/5.0"})


class RegistrationDetailSchema(RegistrationSchema):
    """A registration with everything beneath it."""

    attempts = fields.List(fields.Nested(AttemptSchema))
    launches = fields.List(fields.Nested(LaunchSchema))


class RegistrationListArguments(PageArguments):
    """Which registrations to list."""

    package = fields.String(
        load_default=None, metadata={"description": "Only of this package", "example": "fire-safety"}
    )
    learner = fields.UUID(load_default=None, metadata={"description": "Only of this learner", "example": _UUID})
    status = fields.String(
        load_default=None, validate=validate.OneOf(STATUSES), metadata={"description": "Only in this state"}
    )
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "Part of the learner's name or e-mail, or their id", "example": "ada"},
    )


class NewLearnerSchema(ma.Schema):
    """Who is registered; made if new, name and e-mail brought up to date."""

    source = fields.String(load_default=OWN_SOURCE, validate=validate.Length(1, _LONGEST_ID))
    subject = fields.String(required=True, validate=validate.Length(1, _LONGEST_ID), metadata={"example": "4711"})
    name = fields.String(
        load_default="", validate=validate.Length(max=_LONGEST_ID), metadata={"example": "Ada Lovelace"}
    )
    email = fields.Email(load_default=None, allow_none=True, metadata={"example": "ada@school.example"})


class NewRegistrationSchema(ma.Schema):
    """A registration to make."""

    id = fields.String(
        load_default=None,
        validate=validate.Length(1, _LONGEST_ID),
        metadata={"description": "Your own id, if you like"},
    )
    package = fields.String(required=True, metadata={"example": "fire-safety"})
    learner = fields.Nested(NewLearnerSchema, required=True)
    context_key = fields.String(load_default="", validate=validate.Length(max=_LONGEST_ID))


class NewLaunchLinkSchema(ma.Schema):
    """How the player is to open."""

    mode = fields.String(
        load_default=None,
        validate=validate.OneOf(["normal", "browse", "review"]),
        metadata={"description": "browse and review record nothing", "example": "normal"},
    )
    return_url = fields.URL(
        load_default=None,
        schemes={"http", "https"},
        require_tld=False,
        metadata={"description": "Where the learner goes on leaving", "example": "https://lms.example/course/7"},
    )
    locale = fields.String(load_default="en", validate=validate.Regexp(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*\Z"))


class LaunchLinkSchema(ma.Schema):
    """An address that opens the player once."""

    launch_id = fields.UUID(metadata={"example": _UUID})
    url = fields.String(metadata={"example": "https://content.hub.example/play/3n0f…"})
    expires_at = Moment(metadata={"example": _TIME})
