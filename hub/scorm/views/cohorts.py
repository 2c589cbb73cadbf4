"""/api/v1/cohorts: people who learn together, who leads them, enrolling them."""

from io import BytesIO
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response, request
from flask.views import MethodView
from flask_smorest.fields import Upload
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.fields import Moment
from hub.http.paging import PageArguments, listed
from hub.scorm.services.cohorts import CohortDetail, Cohorts, CohortView
from hub.scorm.services.enrolments import Enrolled, Enrolments
from hub.scorm.spec.enrolment import LARGEST_FILE
from hub.scorm.views.registration_schemas import LearnerSchema

cohorts_api = ApiBlueprint(
    "cohorts", __name__, url_prefix=f"{PREFIX}/cohorts", description="People who learn together, and who leads them"
)
_ID = "0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55"
_FORM_ROOM = 64 * 1024


class CohortSchema(ma.Schema):
    """People who learn together."""

    id = fields.UUID(metadata={"example": _ID})
    name = fields.String(metadata={"example": "Class 7b"})
    members = fields.Integer(metadata={"example": 27})
    context_key = fields.String(metadata={"example": f"cohort:{_ID}", "description": "That of its registrations"})
    created_at = Moment(metadata={"example": "2026-11-20T08:15:30.123Z"})


class CohortListArguments(PageArguments):
    """Which cohorts to list."""

    q = fields.String(load_default="", metadata={"description": "A part of the name", "example": "7b"})


class CohortNameSchema(ma.Schema):
    """What a cohort is called."""

    name = fields.String(required=True, metadata={"example": "Class 7b"})


class PersonSchema(ma.Schema):
    """A user who works with learners or packages."""

    id = fields.UUID(metadata={"example": _ID})
    name = fields.String(metadata={"example": "Grace Guide"})
    email = fields.String(metadata={"example": "guide@school.example"})


class WhomSchema(ma.Schema):
    """A user."""

    user = fields.String(
        required=True, metadata={"example": "guide@school.example", "description": "Id or e-mail address of a user"}
    )


class MemberSchema(ma.Schema):
    """A learner."""

    learner = fields.UUID(required=True, metadata={"example": _ID, "description": "The id of a learner"})


class ProgressSchema(ma.Schema):
    """How far a cohort is with a package."""

    package = fields.String(attribute="package_id", metadata={"example": "fire-safety"})
    title = fields.String(metadata={"example": "Fire safety"})
    registered = fields.Integer(metadata={"example": 27})
    begun = fields.Integer(metadata={"example": 20})
    completed = fields.Integer(metadata={"example": 12})
    passed = fields.Integer(metadata={"example": 11})
    failed = fields.Integer(metadata={"example": 1})


class CohortDetailSchema(ma.Schema):
    """A cohort with who leads it and how far it is."""

    cohort = fields.Nested(CohortSchema)
    leaders = fields.List(fields.Nested(PersonSchema))
    progress = fields.List(fields.Nested(ProgressSchema))


class EnrolmentFormSchema(ma.Schema):
    """What goes with a file of people."""

    package = fields.String(
        load_default="", validate=validate.Length(max=255), metadata={"description": "For lines that name none"}
    )
    language = fields.String(
        load_default="en", validate=validate.OneOf(["en", "de"]), metadata={"description": "Of the invitations"}
    )


class EnrolmentFileSchema(ma.Schema):
    """The file itself."""

    file = Upload(
        required=True,
        metadata={"description": "CSV in UTF-8 with the columns email, name and package", "format": "binary"},
    )


class EnrolledSchema(ma.Schema):
    """What an enrolment did."""

    lines = fields.Integer(metadata={"example": 27})
    accounts = fields.Integer(metadata={"example": 3, "description": "New accounts"})
    members = fields.Integer(metadata={"example": 5, "description": "New members of the cohort"})
    registrations = fields.Integer(metadata={"example": 27, "description": "New registrations"})


@cohorts_api.before_request
def _allow_file() -> None:
    if request.endpoint == "cohorts.CohortEnrolments":
        request.max_content_length = LARGEST_FILE + _FORM_ROOM


@cohorts_api.route("")
class CohortList(MethodView):
    """All cohorts."""

    @action("cohorts.read")
    @cohorts_api.arguments(CohortListArguments, location="query")
    @cohorts_api.response(200, CohortSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List cohorts

        By name. Instructors and representatives get those that they lead.
        """
        return listed(
            wanted,
            lambda after, limit: service(Cohorts).page(principal(), after, limit, wanted["q"].strip()),
            lambda row: (row.name, str(row.id)),
            CohortSchema,
        )

    @action("cohorts.write")
    @cohorts_api.arguments(CohortNameSchema)
    @cohorts_api.response(201, CohortSchema)
    def post(self, wanted: dict[str, Any]) -> tuple[CohortView, dict[str, str]]:
        """Make a cohort"""
        made = service(Cohorts).create(principal(), wanted["name"])
        return made, {"Location": f"{PREFIX}/cohorts/{made.id}"}


@cohorts_api.route("/<uuid:cohort_id>")
class OneCohort(MethodView):
    """One cohort."""

    @action("cohorts.read")
    @cohorts_api.response(200, CohortDetailSchema)
    def get(self, cohort_id: UUID) -> CohortDetail:
        """Read a cohort

        With who leads it, and how many are registered for, have begun, completed, passed and failed each package.
        """
        return service(Cohorts).get(principal(), cohort_id)

    @action("cohorts.write")
    @cohorts_api.arguments(CohortNameSchema)
    @cohorts_api.response(200, CohortSchema)
    def patch(self, wanted: dict[str, Any], cohort_id: UUID) -> CohortView:
        """Rename a cohort"""
        return service(Cohorts).rename(principal(), cohort_id, wanted["name"])

    @action("cohorts.write")
    @cohorts_api.response(204)
    def delete(self, cohort_id: UUID) -> None:
        """Delete a cohort

        Its learners and their results stay; who led it sees them no longer.
        """
        service(Cohorts).delete(principal(), cohort_id)


@cohorts_api.route("/<uuid:cohort_id>/members")
class CohortMembers(MethodView):
    """The learners of a cohort."""

    @action("cohorts.read")
    @cohorts_api.arguments(PageArguments, location="query")
    @cohorts_api.response(200, LearnerSchema(many=True))
    def get(self, wanted: dict[str, Any], cohort_id: UUID) -> Response:
        """List the members of a cohort

        Newest first. Their registrations are those of its `context_key`.
        """
        return listed(
            wanted,
            lambda after, limit: service(Cohorts).members(principal(), cohort_id, after, limit),
            lambda row: (row.created_at.isoformat(), str(row.id)),
            LearnerSchema,
        )

    @action("cohorts.write")
    @cohorts_api.arguments(MemberSchema)
    @cohorts_api.response(204)
    def post(self, wanted: dict[str, Any], cohort_id: UUID) -> None:
        """Add a learner to a cohort

        One who is known already. To enrol people by their e-mail addresses, send a file to `enrolments`.
        """
        service(Cohorts).add_member(principal(), cohort_id, wanted["learner"])


@cohorts_api.route("/<uuid:cohort_id>/members/<uuid:learner_id>")
class OneMember(MethodView):
    """One learner of a cohort."""

    @action("enrolments.write")
    @cohorts_api.response(204)
    def delete(self, cohort_id: UUID, learner_id: UUID) -> None:
        """Take a learner out of a cohort

        What they were registered for, and their results, stay.
        """
        service(Cohorts).remove_member(principal(), cohort_id, learner_id)


@cohorts_api.route("/<uuid:cohort_id>/leaders")
class CohortLeaders(MethodView):
    """Who leads a cohort."""

    @action("cohorts.write")
    @cohorts_api.arguments(WhomSchema)
    @cohorts_api.response(204)
    def post(self, wanted: dict[str, Any], cohort_id: UUID) -> None:
        """Let a user lead a cohort

        They do in it what their roles allow: an instructor or an organisation's representative, say.
        """
        service(Cohorts).add_leader(principal(), cohort_id, wanted["user"])


@cohorts_api.route("/<uuid:cohort_id>/leaders/<uuid:user_id>")
class OneLeader(MethodView):
    """One who leads a cohort."""

    @action("cohorts.write")
    @cohorts_api.response(204)
    def delete(self, cohort_id: UUID, user_id: UUID) -> None:
        """Let a user lead a cohort no longer"""
        service(Cohorts).remove_leader(principal(), cohort_id, user_id)


@cohorts_api.route("/<uuid:cohort_id>/enrolments")
class CohortEnrolments(MethodView):
    """Enrolling many at once."""

    @action("enrolments.write")
    @cohorts_api.arguments(EnrolmentFormSchema, location="form")
    @cohorts_api.arguments(EnrolmentFileSchema, location="files")
    @cohorts_api.response(200, EnrolledSchema)
    def post(self, form: dict[str, Any], files: dict[str, Any], cohort_id: UUID) -> Enrolled:
        """Enrol people from a file

        CSV with the columns `email`, `name` and `package`. Everybody becomes a member and is registered, with an
        account where there was none. If any line is faulty nobody is enrolled, and every faulty line is listed. The
        same file may be sent again.
        """
        file = BytesIO(files["file"].stream.read(LARGEST_FILE + 1))
        return service(Enrolments).enrol(principal(), cohort_id, file, form["package"], form["language"])
