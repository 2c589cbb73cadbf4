"""/api/v1/packages/{id}/settings and /versions/{number}/settings: how a package is played."""

from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.revisions import etag, wanted_revision
from hub.scorm.services.package_settings import SettingsOfPackages, SettingsView
from hub.scorm.spec.settings import FIELDS

package_settings_api = ApiBlueprint(
    "package-settings", __name__, url_prefix=f"{PREFIX}/packages", description="How packages are played"
)


def _field(rule: Any, *, is_change: bool) -> fields.Field:
    """The API field of a setting, from its rule."""
    # A change may take a value away (null); what counts is null only where there may be none.
    options: dict[str, Any] = {"allow_none": is_change or rule.get("optional", False)}
    if "choices" in rule:
        return fields.String(
            **options, validate=validate.OneOf(rule["choices"]), metadata={"example": rule["choices"][0]}
        )
    if "flag" in rule:
        return fields.Boolean(**options, truthy={True}, falsy={False}, metadata={"example": False})
    limits = validate.Range(rule["least"], rule["most"])
    if rule["whole"]:
        return fields.Integer(**options, strict=True, validate=limits, metadata={"example": None})
    return fields.Float(**options, validate=limits, metadata={"example": 0.8})


SettingsValuesSchema = ma.Schema.from_dict(
    {name: _field(rule, is_change=False) for name, rule in FIELDS.items()}, name="PackageSettingsValues"
)
SettingsChangesSchema = ma.Schema.from_dict(
    {name: _field(rule, is_change=True) for name, rule in FIELDS.items()}, name="PackageSettingsChanges"
)


class SettingsSchema(ma.Schema):
    """The settings of a package, or of one of its versions."""

    package = fields.String(attribute="package_id", metadata={"example": "fire-safety"})
    version = fields.Integer(
        allow_none=True, metadata={"example": None, "description": "The version's number; null for the package"}
    )
    values = fields.Nested(SettingsValuesSchema, metadata={"description": "The settings that count"})
    set_by = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(["default", "package", "version"])),
        metadata={"description": "Who set each value", "example": {"window": "package", "score": "default"}},
    )
    own = fields.Dict(
        keys=fields.String(), metadata={"description": "What is set here", "example": {"window": "new_window"}}
    )


@package_settings_api.route("/<string:package_id>/settings")
class PackageSettingsResource(MethodView):
    """The settings of a package."""

    @action("packages.read")
    @package_settings_api.response(200, SettingsSchema)
    def get(self, package_id: str) -> tuple[SettingsView, dict[str, str]]:
        """Read how a package is played

        The settings that count and who set each of them. The `ETag` is for `If-Match` on changing them.
        """
        return _answer(service(SettingsOfPackages).get(principal(), package_id))

    @action("packages.write")
    @package_settings_api.arguments(SettingsChangesSchema)
    @package_settings_api.response(200, SettingsSchema)
    def patch(self, changes: dict[str, Any], package_id: str) -> tuple[SettingsView, dict[str, str]]:
        """Change how a package is played

        A JSON Merge Patch: null takes a value away, so that the default counts again. Attempts under way keep the rules
        of their results; windows and navigation follow at the next launch. With `If-Match` the change is refused (412)
        when somebody else changed them meanwhile.
        """
        return _answer(service(SettingsOfPackages).change(principal(), package_id, changes, revision=wanted_revision()))


@package_settings_api.route("/<string:package_id>/versions/<int:number>/settings")
class VersionSettingsResource(MethodView):
    """The settings of a version."""

    @action("packages.read")
    @package_settings_api.response(200, SettingsSchema)
    def get(self, package_id: str, number: int) -> tuple[SettingsView, dict[str, str]]:
        """Read how a version is played

        What the version itself sets goes before what its package sets.
        """
        return _answer(service(SettingsOfPackages).get(principal(), package_id, number))

    @action("packages.write")
    @package_settings_api.arguments(SettingsChangesSchema)
    @package_settings_api.response(200, SettingsSchema)
    def patch(self, changes: dict[str, Any], package_id: str, number: int) -> tuple[SettingsView, dict[str, str]]:
        """Change how a version is played

        As for a package; null takes a value away, so that the package's counts again.
        """
        return _answer(service(SettingsOfPackages).change(principal(), package_id, changes, number, wanted_revision()))


def _answer(found: SettingsView) -> tuple[SettingsView, dict[str, str]]:
    return found, etag(found.revision)
