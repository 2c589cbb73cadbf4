"""/api/v1/learners: the people who take courses."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.paging import Cursors, PageArguments, link_next, listed
from hub.scorm.services.cohorts import PersonView
from hub.scorm.services.learner_statements import LearnerStatements
from hub.scorm.services.learners import Learners, LearnerView
from hub.scorm.services.mentors import Mentors
from hub.scorm.views.cohorts import PersonSchema, WhomSchema
from hub.scorm.views.registration_schemas import LearnerSchema

learners_api = ApiBlueprint("learners", __name__, url_prefix=f"{PREFIX}/learners", description="Who takes courses")


class LearnerListArguments(PageArguments):
    """Which learners to list."""

    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Part of a name or e-mail address, or a whole id", "example": "ada"},
    )


@learners_api.route("")
class LearnerList(MethodView):
    """All learners."""

    @action("learners.read")
    @learners_api.arguments(LearnerListArguments, location="query")
    @learners_api.response(200, LearnerSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List learners

        Newest first. Their registrations are at `/registrations?learner=ID`.
        """
        return listed(
            wanted,
            lambda after, limit: service(Learners).page(principal(), wanted["q"], after, limit),
            lambda row: (row.created_at.isoformat(), str(row.id)),
            LearnerSchema,
        )


@learners_api.route("/<uuid:learner_id>")
class OneLearner(MethodView):
    """One learner."""

    @action("learners.read")
    @learners_api.response(200, LearnerSchema)
    def get(self, learner_id: UUID) -> LearnerView:
        """Read a learner"""
        return service(Learners).get(principal(), learner_id)


class StatementsArguments(ma.Schema):
    """Where a page of statements begins."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    cursor = fields.String(load_default=None)


@learners_api.route("/<uuid:learner_id>/statements")
class StatementsOfLearner(MethodView):
    """What a learner did."""

    @action("learners.follow")
    @learners_api.arguments(StatementsArguments, location="query")
    def get(self, wanted: dict[str, Any], learner_id: UUID) -> Response:
        """List the statements of a learner

        Those of which the learner is the actor, newest first, as the LRS holds them.
        """
        key = service(Cursors).decode(wanted["cursor"])
        page = service(LearnerStatements).page(principal(), learner_id, key[0] if key else None, wanted["limit"])
        response = Response(b"[" + b",".join(page.bodies) + b"]", content_type="application/json")
        return link_next(response, None if page.boundary is None else service(Cursors).encode((page.boundary,)))


class AccountSchema(ma.Schema):
    """The account that a learner signs in by; null for none."""

    user = fields.String(
        required=True,
        allow_none=True,
        metadata={"example": "ada@school.example", "description": "Id or e-mail address of a user"},
    )


@learners_api.route("/<uuid:learner_id>/account")
class AccountOfLearner(MethodView):
    """Who a learner is."""

    @action("learners.write")
    @learners_api.arguments(AccountSchema)
    @learners_api.response(204)
    def put(self, wanted: dict[str, Any], learner_id: UUID) -> None:
        """Connect a learner with an account

        Whoever signs in by it finds the learner's registrations among their courses.
        """
        service(Mentors).connect_account(principal(), learner_id, wanted["user"])


@learners_api.route("/<uuid:learner_id>/mentors")
class MentorsOfLearner(MethodView):
    """Who accompanies a learner."""

    @action("learners.read")
    @learners_api.response(200, PersonSchema(many=True))
    def get(self, learner_id: UUID) -> Sequence[PersonView]:
        """List the mentors of a learner"""
        return service(Mentors).of_learner(principal(), learner_id)

    @action("learners.write")
    @learners_api.arguments(WhomSchema)
    @learners_api.response(204)
    def post(self, wanted: dict[str, Any], learner_id: UUID) -> None:
        """Assign a learner to a mentor"""
        service(Mentors).assign(principal(), learner_id, wanted["user"])


@learners_api.route("/<uuid:learner_id>/mentors/<uuid:user_id>")
class OneMentor(MethodView):
    """One who accompanies a learner."""

    @action("learners.write")
    @learners_api.response(204)
    def delete(self, learner_id: UUID, user_id: UUID) -> None:
        """Take a learner from a mentor"""
        service(Mentors).release(principal(), learner_id, user_id)
