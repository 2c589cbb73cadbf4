"""/api/v1/packages/{id}/editors: who may change a package."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask.views import MethodView

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.scorm.services.cohorts import PersonView
from hub.scorm.services.sharing import Sharing
from hub.scorm.views.cohorts import PersonSchema, WhomSchema

editors_api = ApiBlueprint(
    "package_editors", __name__, url_prefix=f"{PREFIX}/packages", description="Who may change a package"
)


@editors_api.route("/<string:package_id>/editors")
class Editors(MethodView):
    """Who may change a package."""

    @action("packages.read")
    @editors_api.response(200, PersonSchema(many=True))
    def get(self, package_id: str) -> Sequence[PersonView]:
        """List who may change a package

        Because they made it or it was shared with them; administrators may change every package.
        """
        return service(Sharing).editors(principal(), package_id)

    @action("packages.write")
    @editors_api.arguments(WhomSchema)
    @editors_api.response(204)
    def post(self, wanted: dict[str, Any], package_id: str) -> None:
        """Share a package

        The user may change it then, if their roles let them change packages at all.
        """
        service(Sharing).share(principal(), package_id, wanted["user"])


@editors_api.route("/<string:package_id>/editors/<uuid:user_id>")
class OneEditor(MethodView):
    """One who may change a package."""

    @action("packages.write")
    @editors_api.response(204)
    def delete(self, package_id: str, user_id: UUID) -> None:
        """Share a package no longer"""
        service(Sharing).withdraw(principal(), package_id, user_id)
