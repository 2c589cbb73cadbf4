"""/api/v1/system: what runs here, and whether every part of it is there."""

import marshmallow as ma
from flask.views import MethodView
from marshmallow import fields

from hub.http.access import action
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.context import principal, service
from hub.http.fields import Moment
from hub.installation import Installation, InstallationView

system_api = ApiBlueprint("system_api", __name__, url_prefix=f"{PREFIX}/system", description="What runs here")


class PartSchema(ma.Schema):
    """A part that the Hub needs."""

    name = fields.String(metadata={"example": "database"})
    is_ready = fields.Function(lambda part: part.fault is None, metadata={"type": "boolean", "example": True})
    fault = fields.String(allow_none=True, metadata={"example": None, "description": "What is wrong with it"})
    remedy = fields.Function(
        lambda part: part.remedy if part.fault else None,
        metadata={"type": ["string", "null"], "example": None, "description": "What to look at then"},
    )


class SettingSchema(ma.Schema):
    """A setting. That of a secret has no value here."""

    name = fields.String(metadata={"example": "HUB_SESSION_HOURS"})
    meaning = fields.String(metadata={"example": "A console session ends after so long in any case"})
    value = fields.Raw(allow_none=True, metadata={"example": 12})
    is_secret = fields.Boolean(metadata={"example": False})
    is_default = fields.Boolean(metadata={"example": True})


class KeySchema(ma.Schema):
    """One of the Hub's own keys."""

    name = fields.String(metadata={"example": "signing-20261120T081530-5f2b.pem"})
    kind = fields.String(metadata={"example": "signing", "enum": ["signing", "data", "secret"]})
    since = Moment(metadata={"description": "In use since then; one that is announced will be from then on"})
    state = fields.String(metadata={"example": "in use", "enum": ["announced", "in use", "replaced"]})


class SystemSchema(ma.Schema):
    """The installation. Settings and keys are null for who does not run it."""

    version = fields.String(metadata={"example": "1.0.0"})
    python = fields.String(metadata={"example": "3.11.9"})
    public_url = fields.String(metadata={"example": "https://hub.school.example"})
    content_url = fields.String(metadata={"example": "https://*.content.example"})
    parts = fields.List(fields.Nested(PartSchema))
    settings = fields.List(fields.Nested(SettingSchema), allow_none=True)
    keys = fields.List(fields.Nested(KeySchema), allow_none=True)


@system_api.route("")
class System(MethodView):
    """The installation."""

    @action("system.read")
    @system_api.response(200, SystemSchema)
    def get(self) -> InstallationView:
        """Read version, health, settings and keys

        Asks every part that the Hub needs. Settings and the ages of keys are told to who runs the Hub: where there are
        several tenants, to a personal access token that has the scope `tenants:read` as well. Secrets are never told.
        """
        return service(Installation).told_to(principal())
