"""/branding: what the pages of a tenant look like, for everybody who sees its sign-in page. On both origins."""

from uuid import UUID

from flask import Blueprint, Response

from hub.http import public, service
from hub.oauth.services.branding import Branding

branding_blueprint = Blueprint("branding", __name__)

#: Another look has another address, so this one may be kept for good.
_KEPT = "public, max-age=31536000, immutable"


@branding_blueprint.get("/branding/<uuid:tenant_id>/<string:digest>.css")
@public
def style(tenant_id: UUID, digest: str) -> Response:
    """The tenant's colour as a style sheet."""
    response = Response(service(Branding).style(tenant_id, digest), content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = _KEPT
    return response


@branding_blueprint.get("/branding/<uuid:tenant_id>/<string:digest>/logo")
@public
def logo(tenant_id: UUID, digest: str) -> Response:
    """The tenant's logo. Opened by itself it runs nothing, whatever it is."""
    found = service(Branding).logo(tenant_id, digest)
    response = Response(found.data, content_type=found.content_type)
    response.headers["Cache-Control"] = _KEPT
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
