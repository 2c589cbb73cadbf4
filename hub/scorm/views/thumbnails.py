"""/thumbnails: pictures of packages, for whoever was told their address."""

from uuid import UUID

from flask import Blueprint, Response

from hub.http import public, service
from hub.scorm.services.thumbnails import Thumbnails

thumbnails_blueprint = Blueprint("thumbnails", __name__)


@thumbnails_blueprint.get("/thumbnails/<uuid:tenant_id>/<uuid:package_id>/<string:digest>.jpg")
@public
def thumbnail(tenant_id: UUID, package_id: UUID, digest: str) -> Response:
    """The picture. Another picture has another address, so this one may be kept for good."""
    image = service(Thumbnails).image(tenant_id, package_id, digest)
    response = Response(image, content_type="image/jpeg")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # Platforms show it in their pages.
    return response
