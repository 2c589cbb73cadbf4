"""/api/v1/identities, /api/v1/privacy-jobs and /api/v1/retention."""

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.fields import Moment
from hub.http.paging import PageArguments, listed
from hub.http.revisions import etag, wanted_revision
from hub.personal_data import Identity
from hub.privacy.services.jobs import TREATMENTS, JobView, PrivacyJobs
from hub.privacy.services.retention import Retentions, RetentionView
from hub.privacy.spec.retention import KINDS

identities_api = ApiBlueprint(
    "identities", __name__, url_prefix=f"{PREFIX}/identities", description="By what people are known"
)
privacy_jobs_api = ApiBlueprint(
    "privacy jobs", __name__, url_prefix=f"{PREFIX}/privacy-jobs", description="Exports and erasures of personal data"
)
retention_api = ApiBlueprint(
    "retention", __name__, url_prefix=f"{PREFIX}/retention", description="How long things are kept"
)


class IdentitySchema(ma.Schema):
    """One thing that a person is known by, and how many things of each kind there are of it."""

    id = fields.String(metadata={"description": "What a job is asked for with", "example": "learner:0192…"})
    kind = fields.String(validate=validate.OneOf(["account", "learner", "agent"]))
    name = fields.String(metadata={"example": "Ann Larch (https://lms.example.org)"})
    holdings = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"example": {"statements": 120}})


class LookUpArguments(ma.Schema):
    """Whom to look for."""

    q = fields.String(
        required=True,
        validate=validate.Length(1, 2000),
        metadata={"description": "An e-mail address, name, id, OpenID, or an xAPI agent as JSON"},
    )


class PrivacyJobSchema(ma.Schema):
    """An export or erasure. Whom it is about is told until an erasure is done or an export is taken away."""

    id = fields.UUID()
    kind = fields.String(validate=validate.OneOf(["export", "erasure"]))
    state = fields.String(validate=validate.OneOf(["queued", "running", "ready", "failed", "expired"]))
    progress = fields.Integer(metadata={"description": "Per cent", "example": 40})
    about = fields.String(attribute="label")
    treatment = fields.String(allow_none=True)
    counts = fields.Dict(metadata={"example": {"statements": {"removed": 120}}})
    requested_by = fields.String()
    created_at = Moment()
    finished_at = Moment(allow_none=True)
    expires_at = Moment(allow_none=True)
    size = fields.Integer(allow_none=True, metadata={"description": "Bytes of the archive"})
    error = fields.String(allow_none=True)
    certificate = fields.Dict(allow_none=True)
    signature = fields.String(allow_none=True, metadata={"description": "The certificate as a JWS (RFC 7515)"})


class NewPrivacyJobSchema(ma.Schema):
    """What to do for whom."""

    kind = fields.String(required=True, validate=validate.OneOf(["export", "erasure"]))
    identities = fields.List(
        fields.String(), required=True, metadata={"description": "Ids that /identities told, all of one person"}
    )
    treatment = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([*TREATMENTS]),
        metadata={"description": "Of an erasure: what becomes of results"},
    )


class RetentionSchema(ma.Schema):
    """Days for each kind; null keeps it for ever."""

    statements = fields.Integer(allow_none=True, metadata={"description": KINDS["statements"], "example": 730})
    registrations = fields.Integer(allow_none=True, metadata={"description": KINDS["registrations"]})
    launches = fields.Integer(allow_none=True, metadata={"description": KINDS["launches"]})


@identities_api.route("")
class IdentityList(MethodView):
    """Looking people up."""

    @action("privacy.read")
    @identities_api.arguments(LookUpArguments, location="query")
    @identities_api.response(200, IdentitySchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Any:
        """Look up a person

        By account, learner or xAPI agent, and by what else the same e-mail address is known.
        """
        return [_told(each) for each in service(PrivacyJobs).look_up(principal(), wanted["q"])]


def _told(identity: Identity) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for each in service(PrivacyJobs).holdings(principal(), [identity]):
        counts[each.kind] = counts.get(each.kind, 0) + each.count
    return {
        "id": f"{identity.kind}:{identity.value}",
        "kind": identity.kind,
        "name": identity.label,
        "holdings": counts,
    }


@privacy_jobs_api.route("")
class JobList(MethodView):
    """Exports and erasures."""

    @action("privacy.read")
    @privacy_jobs_api.arguments(PageArguments, location="query")
    @privacy_jobs_api.response(200, PrivacyJobSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List exports and erasures

        Newest first.
        """
        return listed(
            wanted,
            lambda after, limit: service(PrivacyJobs).page(principal(), after, limit),
            lambda job: [job.created_at.isoformat(), str(job.id)],
            PrivacyJobSchema,
        )

    @action("privacy.write")
    @privacy_jobs_api.arguments(NewPrivacyJobSchema)
    @privacy_jobs_api.response(202, PrivacyJobSchema)
    def post(self, wanted: dict[str, Any]) -> Any:
        """Export or erase a person

        An erasure cannot be undone: look at the holdings of the identities before. Follow the job until it is ready.
        """
        jobs = service(PrivacyJobs)
        identities = jobs.chosen(principal(), wanted["identities"])
        if wanted["kind"] == "export":
            job = jobs.export(principal(), identities)
        else:
            job = jobs.erase(principal(), identities, wanted["treatment"] or "")
        return job, 202, {"Location": f"{PREFIX}/privacy-jobs/{job.id}"}


@privacy_jobs_api.route("/<uuid:job_id>")
class OneJob(MethodView):
    """One of them."""

    @action("privacy.read")
    @privacy_jobs_api.response(200, PrivacyJobSchema)
    def get(self, job_id: UUID) -> JobView:
        """Read an export or erasure"""
        return service(PrivacyJobs).get(principal(), job_id)


@privacy_jobs_api.route("/<uuid:job_id>/archive")
class Archive(MethodView):
    """The zip of an export."""

    @action("privacy.read")
    @privacy_jobs_api.response(200, content_type="application/zip")
    def get(self, job_id: UUID) -> Response:
        """Download an export

        JSON, CSV and files in a zip, for as many days as HUB_EXPORT_DAYS says.
        """
        return archive_response(job_id)


@retention_api.route("")
class RetentionOfTenant(MethodView):
    """How long things are kept."""

    @action("privacy.read")
    @retention_api.response(200, RetentionSchema)
    def get(self) -> Any:
        """Read how long things are kept"""
        return _retention(service(Retentions).get(principal()))

    @action("privacy.write")
    @retention_api.arguments(RetentionSchema)
    @retention_api.response(200, RetentionSchema)
    def put(self, wanted: dict[str, Any]) -> Any:
        """Set how long things are kept

        A kind that is missing or null is kept for ever. What is older is removed a few times a day.
        """
        return _retention(service(Retentions).change(principal(), wanted, wanted_revision()))


def _retention(known: RetentionView) -> Any:
    return {kind: known.days.get(kind) for kind in KINDS}, 200, etag(known.revision)


def archive_response(job_id: UUID) -> Response:
    """The archive of an export, streamed."""
    size, content = service(PrivacyJobs).download(principal(), job_id)
    response = Response(content.__enter__(), content_type="application/zip")
    response.call_on_close(lambda: content.__exit__(None, None, None))
    response.content_length = size
    response.headers.set("Content-Disposition", "attachment", filename=f"personal-data-{job_id}.zip")
    response.headers["Cache-Control"] = "no-store"
    return response
