"""/api/v1/platforms, /api/v1/platform-invitations and /api/v1/score-deliveries."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.paging import PageArguments, listed, time_and_id
from hub.lti.services.connections import Check, Connections, Seen
from hub.lti.services.dynamic_registration import DynamicRegistration, Invitation
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.services.scores import ScoreDelivery, Scores
from hub.lti.spec.platform import Platform
from hub.lti.views.api_schemas import (
    CheckSchema,
    DeliveryArguments,
    DeliverySchema,
    InvitationSchema,
    MadeInvitationSchema,
    NewInvitationSchema,
    NewPlatformSchema,
    PlatformChangeSchema,
    PlatformSchema,
    QueuedSchema,
    SeenSchema,
    described,
    details_of,
)

platforms_api = ApiBlueprint("platforms", __name__, url_prefix=f"{PREFIX}/platforms", description="LTI platforms")
invitations_api = ApiBlueprint(
    "platform_invitations",
    __name__,
    url_prefix=f"{PREFIX}/platform-invitations",
    description="One-time links for LTI Dynamic Registration",
)
deliveries_api = ApiBlueprint(
    "score_deliveries", __name__, url_prefix=f"{PREFIX}/score-deliveries", description="Grades on their way"
)


@platforms_api.route("")
class PlatformList(MethodView):
    """All platforms."""

    @action("platforms.read")
    @platforms_api.arguments(PageArguments, location="query")
    @platforms_api.response(200, PlatformSchema(many=True))
    def get(self, arguments: dict[str, Any]) -> Response:
        """List platforms

        In the order in which they were added.
        """
        return listed(
            arguments,
            lambda after, limit: [
                _platform(one)
                for one in service(Platforms).list(principal(), after=UUID(after[0]) if after else None, limit=limit)
            ],
            lambda platform: [str(platform["id"])],
            PlatformSchema,
        )

    @action("platforms.write")
    @platforms_api.arguments(NewPlatformSchema)
    @platforms_api.response(201, PlatformSchema)
    def post(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Add a platform"""
        return _platform(service(Platforms).add(principal(), details_of(wanted)))


@platforms_api.route("/<uuid:platform_id>")
class OnePlatform(MethodView):
    """One platform."""

    @action("platforms.read")
    @platforms_api.response(200, PlatformSchema)
    def get(self, platform_id: UUID) -> dict[str, Any]:
        """Read a platform"""
        return _platform(service(Platforms).get(principal(), platform_id))

    @action("platforms.write")
    @platforms_api.arguments(PlatformChangeSchema)
    @platforms_api.response(200, PlatformSchema)
    def patch(self, wanted: dict[str, Any], platform_id: UUID) -> dict[str, Any]:
        """Change a platform

        Deployments are added to those that it has. A platform that is switched off cannot launch.
        """
        change = replace(PlatformChange(), deployment_ids=tuple(wanted.pop("deployments", ())), **wanted)
        return _platform(service(Platforms).change(principal(), platform_id, change))

    @action("platforms.write")
    @platforms_api.response(204)
    def delete(self, platform_id: UUID) -> None:
        """Remove a platform

        Its links and score deliveries go with it; registrations and statements stay.
        """
        service(Platforms).remove(principal(), platform_id)


@platforms_api.route("/<uuid:platform_id>/approve")
class Approval(MethodView):
    """Whether a platform that registered itself is let in."""

    @action("platforms.write")
    @platforms_api.response(200, PlatformSchema)
    def post(self, platform_id: UUID) -> dict[str, Any]:
        """Let a platform in that registered itself"""
        return _platform(service(Platforms).approve(principal(), platform_id))


@platforms_api.route("/<uuid:platform_id>/launches")
class LastLaunches(MethodView):
    """What came from a platform."""

    @action("platforms.read")
    @platforms_api.response(200, SeenSchema(many=True))
    def get(self, platform_id: UUID) -> list[Seen]:
        """List the last launches of a platform

        Newest first; refused ones with the claims that came.
        """
        return service(Connections).recent(principal(), platform_id)


@platforms_api.route("/<uuid:platform_id>/test")
class ConnectionTest(MethodView):
    """Whether a platform answers."""

    @action("platforms.write")
    @platforms_api.response(200, CheckSchema(many=True))
    def post(self, platform_id: UUID) -> list[Check]:
        """Test the connection to a platform

        Its key set, clock, access tokens, gradebook and list of members.
        """
        return service(Connections).test(principal(), platform_id)


@invitations_api.route("")
class InvitationList(MethodView):
    """All invitations."""

    @action("platforms.read")
    @invitations_api.response(200, InvitationSchema(many=True))
    def get(self) -> Sequence[Invitation]:
        """List invitations

        Those that can still be used, the newest first.
        """
        return service(DynamicRegistration).open_invitations(principal())

    @action("platforms.write")
    @invitations_api.arguments(NewInvitationSchema)
    @invitations_api.response(201, MadeInvitationSchema)
    def post(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Make an invitation

        Its address, shown this once, goes where the platform adds tools by dynamic registration.
        """
        made, url = service(DynamicRegistration).invite(principal(), wanted["days"])
        return {**asdict(made), "url": url}


@invitations_api.route("/<uuid:invitation_id>")
class OneInvitation(MethodView):
    """One invitation."""

    @action("platforms.write")
    @invitations_api.response(204)
    def delete(self, invitation_id: UUID) -> None:
        """Take an invitation back"""
        service(DynamicRegistration).revoke(principal(), invitation_id)


@deliveries_api.route("")
class DeliveryList(MethodView):
    """All score deliveries."""

    @action("platforms.read")
    @deliveries_api.arguments(DeliveryArguments, location="query")
    @deliveries_api.response(200, DeliverySchema(many=True))
    def get(self, arguments: dict[str, Any]) -> Response:
        """List score deliveries

        Newest first.
        """
        wanted = {"status": arguments["status"], "platform_id": arguments["platform"]}
        return listed(
            arguments,
            lambda after, limit: service(Scores).list(principal(), **wanted, before=time_and_id(after), limit=limit),
            _delivery_key,
            DeliverySchema,
        )


@deliveries_api.route("/<uuid:delivery_id>/send-again")
class Resending(MethodView):
    """Another try."""

    @action("platforms.write")
    @deliveries_api.response(202, QueuedSchema)
    def post(self, delivery_id: UUID) -> dict[str, UUID]:
        """Send a failed score again

        A new delivery takes its place.
        """
        return {"id": service(Scores).send_again(principal(), delivery_id)}


def _delivery_key(delivery: ScoreDelivery) -> list[Any]:
    return [delivery.created_at.isoformat(), str(delivery.id)]


def _platform(platform: Platform) -> dict[str, Any]:
    return {**described(platform), "tool": asdict(service(Platforms).settings)}
