"""What registrations, attempts and launches look like in the API."""

import marshmallow as ma
from marshmallow import fields, validate

from hub.http.fields import Moment
from hub.http.paging import PageArguments
from hub.scorm.services.comments import LONGEST_COMMENT, LONGEST_LOCATION
from hub.scorm.services.learners import OWN_SOURCE
from hub.scorm.services.origins import FRAME_SOURCE, MOST_FRAMES
from hub.scorm.services.registrations import MODES, STATUSES
from hub.scorm.services.replays import KINDS

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


class RegistrationChangesSchema(ma.Schema):
    """What of a registration may be changed."""

    mode = fields.String(
        required=True,
        validate=validate.OneOf(MODES),
        metadata={"example": "review", "description": "In which mode launches open it from now on"},
    )


class NewCommentSchema(ma.Schema):
    """A comment to leave."""

    activity = fields.String(
        required=True, metadata={"example": "item-1", "description": "The identifier of an activity with content"}
    )
    comment = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_COMMENT),
        metadata={"example": "Look at question 3 again."},
    )
    location = fields.String(
        load_default="",
        validate=validate.Length(max=LONGEST_LOCATION),
        metadata={"example": "page-3", "description": "The place within the content that it is about"},
    )


class CommentSchema(ma.Schema):
    """What content reads as a comment from the LMS."""

    id = fields.UUID(metadata={"example": _UUID})
    activity = fields.String(metadata={"example": "item-1"})
    comment = fields.String(metadata={"example": "Look at question 3 again."})
    location = fields.String(metadata={"example": "page-3"})
    created_by = fields.String(metadata={"example": "user:0199f3a2-5f7c-7d52-8c0e-3d1f6c2b7a55"})
    created_at = Moment(metadata={"example": _TIME})


class CallSchema(ma.Schema):
    """One API call of content."""

    at = Moment(metadata={"example": _TIME})
    method = fields.String(metadata={"example": "SetValue"})
    element = fields.String(metadata={"example": "cmi.score.scaled"})
    value = fields.String(metadata={"example": "0.9", "description": "What was set; a long text is cut"})
    answer = fields.String(metadata={"example": "true"})
    error = fields.Integer(metadata={"example": 0})
    error_words = fields.String(metadata={"example": "No error"})


class StepSchema(ma.Schema):
    """One step of the pseudo-code (SCORM 2004 4th Edition SN, appendix C)."""

    process = fields.String(metadata={"example": "SB.2.2"})
    process_name = fields.String(metadata={"example": "Flow Activity Traversal Subprocess"})
    step = fields.String(metadata={"example": "3.1"})
    activity = fields.String(allow_none=True, metadata={"example": "item-1"})
    note = fields.String(metadata={"example": "skipped"})


class ClosedSchema(ma.Schema):
    """What was not offered afterwards, for one reason."""

    exception = fields.String(metadata={"example": "SB.2.9-3"})
    reason = fields.String(metadata={"example": "This activity is hidden from choice."})
    names = fields.List(
        fields.String(),
        metadata={"example": ["item-3"], "description": "continue, previous, and activities of the outline"},
    )


class NavigationRecordSchema(ma.Schema):
    """One navigation request and what came of it."""

    request = fields.String(metadata={"example": "continue"})
    target = fields.String(allow_none=True)
    shown = fields.String(allow_none=True, metadata={"example": "item-1"})
    delivered = fields.String(allow_none=True, metadata={"example": "item-2"})
    resumed = fields.Boolean()
    ended = fields.Boolean()
    exception = fields.String(allow_none=True, metadata={"example": "NB.2.1-4"})
    reason = fields.String(allow_none=True, metadata={"example": "Moving on is not possible here."})
    trace = fields.List(fields.Nested(StepSchema))
    left_out = fields.Integer(metadata={"description": "Steps beyond what is kept of one request"})
    closed = fields.List(fields.Nested(ClosedSchema))


class ReplayRecordSchema(ma.Schema):
    """Calls of one commit, or one navigation request."""

    id = fields.UUID(metadata={"example": _UUID})
    at = Moment(metadata={"example": _TIME})
    kind = fields.String(metadata={"example": "calls"})
    activity = fields.String(allow_none=True, metadata={"example": "item-1"})
    session = fields.Integer(metadata={"example": 1})
    calls = fields.List(fields.Nested(CallSchema))
    missing = fields.Integer(metadata={"description": "Calls before these that the player could not keep"})
    navigation = fields.Nested(NavigationRecordSchema, allow_none=True)


class ReplaySchema(ma.Schema):
    """A part of a replay."""

    registration_id = fields.UUID(metadata={"example": _UUID})
    attempt = fields.Integer(metadata={"example": 1})
    standard = fields.String(metadata={"example": "scorm_2004"})
    titles = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"example": {"item-1": "What burns"}})
    full = fields.List(fields.String(), attribute="is_full", metadata={"description": "Activities cut at the limit"})
    records = fields.List(fields.Nested(ReplayRecordSchema))


class ReplayArguments(PageArguments):
    """What of a replay to show."""

    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS), metadata={"example": "navigation"})
    activity = fields.String(load_default=None, metadata={"description": "Only this activity", "example": "item-1"})
    errors = fields.Boolean(
        load_default=False, metadata={"description": "Only calls with an error code and requests that were refused"}
    )


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
    frame_origins = fields.List(
        fields.String(validate=validate.Regexp(FRAME_SOURCE, error="Must be https://HOST[:PORT].")),
        load_default=list,
        validate=validate.Length(max=MOST_FRAMES),
        metadata={
            "description": "Origins whose pages may show the player in a frame, with that of return_url",
            "example": ["https://lms.example"],
        },
    )
    locale = fields.String(load_default="en", validate=validate.Regexp(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*\Z"))


class LaunchLinkSchema(ma.Schema):
    """An address that opens the player once."""

    launch_id = fields.UUID(metadata={"example": _UUID})
    url = fields.String(metadata={"example": "https://content.hub.example/play/3n0f…"})
    expires_at = Moment(metadata={"example": _TIME})
