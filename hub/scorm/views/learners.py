"""/api/v1/learners: the people who take courses."""

from typing import Any
from uuid import UUID

from flask import Response, jsonify
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.paging import Cursors, PageArguments, link_next, page_of
from hub.scorm.services.learners import Learners, LearnerView
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
        after = service(Cursors).decode(wanted["cursor"])
        rows = service(Learners).page(principal(), wanted["q"], after, wanted["limit"] + 1)
        page = page_of(rows, wanted["limit"], lambda row: (row.created_at.isoformat(), str(row.id)))
        cursor = None if page.next_key is None else service(Cursors).encode(page.next_key)
        return link_next(jsonify(LearnerSchema(many=True).dump(page.rows)), cursor)


@learners_api.route("/<uuid:learner_id>")
class OneLearner(MethodView):
    """One learner."""

    @action("learners.read")
    @learners_api.response(200, LearnerSchema)
    def get(self, learner_id: UUID) -> LearnerView:
        """Read a learner"""
        return service(Learners).get(principal(), learner_id)
