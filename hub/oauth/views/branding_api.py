"""/api/v1/branding: name, logo and colour of the tenant."""

from typing import Any, BinaryIO, cast

import marshmallow as ma
from flask import request
from flask.views import MethodView
from marshmallow import fields

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.oauth.services.branding import Branding, Look
from hub.oauth.spec.branding import LARGEST_LOGO

branding_api = ApiBlueprint(
    "branding_api", __name__, url_prefix=f"{PREFIX}/branding", description="How the tenant's pages look"
)


class LookSchema(ma.Schema):
    """How the tenant's pages look."""

    tenant = fields.String(attribute="slug", metadata={"example": "hillside"})
    name = fields.String(metadata={"example": "Hillside School"})
    colour = fields.String(allow_none=True, metadata={"example": "#1a5bc0"})
    logo = fields.String(allow_none=True, metadata={"example": None, "description": "Its path on this Hub"})


class LookChangesSchema(ma.Schema):
    """What is to change."""

    name = fields.String(load_default=None, metadata={"example": "Hillside School"})
    colour = fields.String(
        load_default=None, metadata={"example": "#1a5bc0", "description": "Empty: the Hub's own colour"}
    )


@branding_api.route("")
class TenantLook(MethodView):
    """Name and colour."""

    @action("branding.write")
    @branding_api.response(200, LookSchema)
    def get(self) -> Look | None:
        """Read how the tenant looks"""
        return service(Branding).look(principal().tenant_id)

    @action("branding.write")
    @branding_api.arguments(LookChangesSchema)
    @branding_api.response(200, LookSchema)
    def patch(self, changes: dict[str, Any]) -> Look:
        """Change name or colour

        Pages use the colour as near as the contrast of WCAG 2.2 AA lets them.
        """
        return service(Branding).change(principal(), **changes)


@branding_api.route("/logo")
class TenantLogo(MethodView):
    """The logo."""

    @action("branding.write")
    @branding_api.response(200, LookSchema)
    def put(self) -> Look:
        """Choose the logo

        The body is a PNG, JPEG or SVG of at most 512 kB. Pictures are drawn anew; an SVG that does more than draw is
        refused, with what it does.
        """
        request.max_content_length = LARGEST_LOGO + 1
        return service(Branding).change(principal(), logo=cast(BinaryIO, request.stream))

    @action("branding.write")
    @branding_api.response(200, LookSchema)
    def delete(self) -> Look:
        """Remove the logo"""
        return service(Branding).change(principal(), without_logo=True)
