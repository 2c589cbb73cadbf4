"""/api/v1/registrations: enrol, look, launch, begin again."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response, jsonify
from flask.views import MethodView

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.paging import Cursors, link_next, listed, time_and_id
from hub.scorm.services.comments import Comments, CommentView
from hub.scorm.services.launches import Launches, LaunchLink
from hub.scorm.services.learners import Learners
from hub.scorm.services.registrations import Filters, Registrations, RegistrationView
from hub.scorm.services.replays import Replays, Wanted
from hub.scorm.views.registration_schemas import (
    CommentSchema,
    LaunchLinkSchema,
    NewCommentSchema,
    NewLaunchLinkSchema,
    NewRegistrationSchema,
    RegistrationChangesSchema,
    RegistrationDetailSchema,
    RegistrationListArguments,
    RegistrationSchema,
    ReplayArguments,
    ReplaySchema,
)

registrations_api = ApiBlueprint(
    "registrations", __name__, url_prefix=f"{PREFIX}/registrations", description="Learners' use of packages"
)


def _location(registration: RegistrationView) -> dict[str, str]:
    return {"Location": f"{PREFIX}/registrations/{registration.external_id}"}


@registrations_api.route("")
class RegistrationList(MethodView):
    """All registrations."""

    @action("registrations.read")
    @registrations_api.arguments(RegistrationListArguments, location="query")
    @registrations_api.response(200, RegistrationSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List registrations

        Newest first. `package`, `learner`, `status` and `q` narrow the list down.
        """
        filters = Filters(
            package_external_id=wanted["package"],
            learner_id=wanted["learner"],
            status=wanted["status"],
            search=wanted["q"],
        )
        return listed(
            wanted,
            lambda after, limit: service(Registrations).page(principal(), filters, time_and_id(after), limit),
            lambda row: (row.created_at.isoformat(), str(row.id)),
            RegistrationSchema,
        )

    @action("registrations.write")
    @registrations_api.arguments(NewRegistrationSchema)
    @registrations_api.response(201, RegistrationSchema)
    def post(self, wanted: dict[str, Any]) -> tuple[RegistrationView, dict[str, str]]:
        """Register a learner for a package

        The same learner, package and context always give the same registration, so this may be sent again.
        """
        learner = service(Learners).ensure(principal(), **wanted["learner"])
        made = service(Registrations).start(
            principal(), learner.id, wanted["package"], wanted["context_key"], wanted["id"]
        )
        return made, _location(made)


@registrations_api.route("/<string:registration_id>")
class OneRegistration(MethodView):
    """One registration."""

    @action("registrations.read")
    @registrations_api.response(200, RegistrationDetailSchema)
    def get(self, registration_id: str) -> dict[str, Any]:
        """Read a registration

        With its attempts, the activities of each with their tracking and run-time data, and its launches.
        """
        registrations = service(Registrations)
        detail = registrations.get(principal(), registrations.find(principal(), registration_id))
        return {**asdict(detail.registration), "attempts": detail.attempts, "launches": detail.launches}

    @action("registrations.write")
    @registrations_api.arguments(RegistrationChangesSchema)
    @registrations_api.response(200, RegistrationSchema)
    def patch(self, changes: dict[str, Any], registration_id: str) -> RegistrationView:
        """Change a registration

        Its mode: `normal` records, `browse` and `review` only show; `review` shows what the learner left.
        """
        registrations = service(Registrations)
        return registrations.set_mode(principal(), registrations.find(principal(), registration_id), changes["mode"])


@registrations_api.route("/<string:registration_id>/reset")
class Resets(MethodView):
    """Beginning as if nothing had been."""

    @action("registrations.write")
    @registrations_api.response(200, RegistrationSchema)
    def post(self, registration_id: str) -> RegistrationView:
        """Reset a registration

        Removes all attempts with what was tracked. Statements stay in the LRS, grades that were sent stay with their
        platform. To keep the old attempt, begin a new one instead.
        """
        registrations = service(Registrations)
        return registrations.reset(principal(), registrations.find(principal(), registration_id))


@registrations_api.route("/<string:registration_id>/comments")
class CommentList(MethodView):
    """Comments for the learner at activities."""

    @action("registrations.read")
    @registrations_api.response(200, CommentSchema(many=True))
    def get(self, registration_id: str) -> list[CommentView]:
        """List comments

        What content reads as comments from the LMS, the oldest first.
        """
        found = service(Registrations).find(principal(), registration_id)
        return service(Comments).of(principal(), found)

    @action("registrations.write")
    @registrations_api.arguments(NewCommentSchema)
    @registrations_api.response(201, CommentSchema)
    def post(self, wanted: dict[str, Any], registration_id: str) -> CommentView:
        """Leave a comment

        The content of the activity reads it when it is next started: `cmi.comments_from_lms` of SCORM 1.2 and 2004. It
        cannot change it. Whether learners see it is up to the content.
        """
        found = service(Registrations).find(principal(), registration_id)
        return service(Comments).add(principal(), found, **wanted)


@registrations_api.route("/<string:registration_id>/comments/<uuid:comment_id>")
class OneComment(MethodView):
    """One comment."""

    @action("registrations.write")
    @registrations_api.response(204)
    def delete(self, registration_id: str, comment_id: UUID) -> None:
        """Remove a comment

        Content that is started from now on does not find it.
        """
        found = service(Registrations).find(principal(), registration_id)
        service(Comments).remove(principal(), found, comment_id)


@registrations_api.route("/<string:registration_id>/launch-link")
class LaunchLinks(MethodView):
    """Addresses that open the player."""

    @action("registrations.write")
    @registrations_api.arguments(NewLaunchLinkSchema)
    @registrations_api.response(201, LaunchLinkSchema)
    def post(self, wanted: dict[str, Any], registration_id: str) -> LaunchLink:
        """Make a launch link

        It opens the player once, within ten minutes, in the learner's browser; make a new one for each click.
        """
        found = service(Registrations).find(principal(), registration_id)
        return service(Launches).create(principal(), found, **wanted)


@registrations_api.route("/<string:registration_id>/attempts")
class Attempts(MethodView):
    """Attempts of a registration."""

    @action("registrations.write")
    @registrations_api.response(201, RegistrationSchema)
    def post(self, registration_id: str) -> RegistrationView:
        """Begin a new attempt

        The current one ends and keeps what was tracked; the new one begins on the version that is published now.
        """
        registrations = service(Registrations)
        return registrations.begin_attempt(principal(), registrations.find(principal(), registration_id))


@registrations_api.route("/<string:registration_id>/attempts/<int:number>/replay")
class Replay(MethodView):
    """What content and sequencing did in an attempt."""

    @action("replays.read")
    @registrations_api.arguments(ReplayArguments, location="query")
    @registrations_api.response(200, ReplaySchema)
    def get(self, wanted: dict[str, Any], registration_id: str, number: int) -> Response:
        """Replay an attempt

        Every API call of content with its values, answer and error code, and every navigation request with the steps of
        the pseudo-code that explain what was delivered or not, in order. `kind`, `activity` and `errors` narrow it
        down. Records are kept for a time that the operator sets. That a replay was read is audited.
        """
        after = service(Cursors).decode(wanted["cursor"])
        limit = wanted["limit"]
        shown = service(Replays).get(
            principal(),
            service(Replays).find(principal(), registration_id),
            number,
            Wanted(wanted["kind"], wanted["activity"], wanted["errors"]),
            None if after is None else UUID(after[0]),
            limit,
        )
        cursor = None if shown.next_id is None else service(Cursors).encode((str(shown.next_id),))
        return link_next(jsonify(ReplaySchema().dump(shown)), cursor)
