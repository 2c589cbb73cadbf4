"""/api/v1/courses: what the person behind a token is registered for."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from marshmallow import fields

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.paging import PageArguments, listed, time_and_id
from hub.scorm.services.launches import LaunchLink
from hub.scorm.services.own_courses import OwnCourses
from hub.scorm.views.registration_schemas import LaunchLinkSchema, RegistrationDetailSchema, RegistrationSchema

courses_api = ApiBlueprint("courses", __name__, url_prefix=f"{PREFIX}/courses", description="One's own courses")


class PlaySchema(ma.Schema):
    """How a course is to be opened."""

    return_url = fields.String(
        load_default=None, allow_none=True, metadata={"example": "https://portal.example/", "description": "On leaving"}
    )
    locale = fields.String(load_default="en", metadata={"example": "en"})


@courses_api.route("")
class CourseList(MethodView):
    """What one takes."""

    @action("courses.play")
    @courses_api.arguments(PageArguments, location="query")
    @courses_api.response(200, RegistrationSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List one's own courses

        The registrations of the person behind the token, newest first.
        """
        return listed(
            wanted,
            lambda after, limit: service(OwnCourses).page(principal(), time_and_id(after), limit),
            lambda row: (row.created_at.isoformat(), str(row.id)),
            RegistrationSchema,
        )


@courses_api.route("/<uuid:registration_id>")
class OneCourse(MethodView):
    """One of them."""

    @action("courses.play")
    @courses_api.response(200, RegistrationDetailSchema)
    def get(self, registration_id: UUID) -> dict[str, Any]:
        """Read one of one's own courses"""
        detail = service(OwnCourses).get(principal(), registration_id)
        return {**asdict(detail.registration), "attempts": detail.attempts, "launches": detail.launches}


@courses_api.route("/<uuid:registration_id>/launch-link")
class CourseLaunches(MethodView):
    """Opening the player."""

    @action("courses.play")
    @courses_api.arguments(PlaySchema)
    @courses_api.response(201, LaunchLinkSchema)
    def post(self, wanted: dict[str, Any], registration_id: UUID) -> LaunchLink:
        """Play one of one's own courses

        The link opens the player once, within ten minutes, where one left off.
        """
        return service(OwnCourses).play(principal(), registration_id, wanted["return_url"], wanted["locale"])
