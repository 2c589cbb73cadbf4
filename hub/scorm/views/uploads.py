"""/api/v1/uploads, which may stop and go on (tus), and /api/v1/direct-uploads, straight into the object store."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.tus import Tus
from hub.scorm.services.imports import JobView
from hub.scorm.services.uploads import DirectUpload, Uploads, UploadView
from hub.scorm.views.package_schemas import DirectUploadArguments, DirectUploadSchema, JobSchema, UploadSchema

uploads_api = ApiBlueprint(
    "uploads", __name__, url_prefix=f"{PREFIX}/uploads", description="Uploads that may stop and go on: tus 1.0.0"
)
direct_uploads_api = ApiBlueprint(
    "direct_uploads",
    __name__,
    url_prefix=f"{PREFIX}/direct-uploads",
    description="Uploads straight into the object store",
)


def _tus() -> Tus:
    return Tus(service(Uploads), f"{PREFIX}/uploads", f"{PREFIX}/jobs")


def _header(name: str, example: str, *, required: bool = True) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": required, "schema": {"type": "string"}, "example": example}


_VERSION = _header("Tus-Resumable", "1.0.0")
_OFFSET = _header("Upload-Offset", "16777216")
_CHECKSUM = _header("Upload-Checksum", "sha256 n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", required=False)
_BYTES = {"content": {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@uploads_api.route("")
class UploadList(MethodView):
    """All uploads of the caller."""

    @action("packages.write")
    @uploads_api.response(200, UploadSchema(many=True))
    def get(self) -> list[UploadView]:
        """List your unfinished uploads

        Newest first, at most a hundred.
        """
        return service(Uploads).unfinished(principal())

    @action("packages.write")
    @uploads_api.doc(
        parameters=[
            _VERSION,
            _header("Upload-Length", "31044120"),
            _header("Upload-Metadata", "filename ZmlyZS1zYWZldHkuemlw,package_id ZmlyZS1zYWZldHk=", required=False),
            _CHECKSUM,
        ],
        requestBody=_BYTES,
    )
    @uploads_api.response(201, description="`Location` is the upload; `Hub-Job` its job if that was all")
    def post(self) -> Response:
        """Begin an upload that can be resumed

        By tus 1.0.0, for which there are clients in every language. The zip's name and the package that it goes into
        are `filename` and `package_id` of the metadata. With the first bytes as the body nothing more may be needed.
        """
        return _tus().create()

    def options(self) -> Response:
        """What this server can do (tus); needs no token."""
        return _tus().options()


@uploads_api.route("/<uuid:upload_id>")
class OneUpload(MethodView):
    """One upload."""

    @action("packages.write")
    @uploads_api.response(200, UploadSchema)
    def get(self, upload_id: UUID) -> UploadView:
        """Read how far an upload is

        Uploads are their maker's own. One that nothing was added to for 24 hours is removed.
        """
        return service(Uploads).get(principal(), upload_id)

    @action("packages.write")
    @uploads_api.doc(parameters=[_VERSION])
    @uploads_api.response(200, description="`Upload-Offset` is where to go on")
    def head(self, upload_id: UUID) -> Response:
        """Ask where to go on"""
        return _tus().head(upload_id)

    @action("packages.write")
    @uploads_api.doc(parameters=[_VERSION, _OFFSET, _CHECKSUM], requestBody=_BYTES)
    @uploads_api.response(204, description="`Upload-Offset` is where to go on; `Hub-Job` the job once all is there")
    def patch(self, upload_id: UUID) -> Response:
        """Send bytes of an upload

        What came before a connection broke is kept. The last byte makes the import job.
        """
        return _tus().patch(upload_id)

    @action("packages.write")
    @uploads_api.doc(parameters=[_VERSION])
    @uploads_api.response(204)
    def delete(self, upload_id: UUID) -> Response:
        """Cancel an upload"""
        return _tus().delete(upload_id)

    @action("packages.write")
    @uploads_api.doc(parameters=[_VERSION, _header("X-HTTP-Method-Override", "PATCH")])
    @uploads_api.response(204)
    def post(self, upload_id: UUID) -> Response:
        """Do what X-HTTP-Method-Override says

        For clients that can only send GET and POST.
        """
        return _tus().post(upload_id)

    def options(self, upload_id: UUID) -> Response:
        """What this server can do (tus); needs no token."""
        return _tus().options()


@direct_uploads_api.route("")
class DirectUploadList(MethodView):
    """Direct uploads."""

    @action("packages.write")
    @direct_uploads_api.arguments(DirectUploadArguments)
    @direct_uploads_api.response(201, DirectUploadSchema)
    def post(self, wanted: dict[str, Any]) -> DirectUpload:
        """Begin an upload straight into the object store

        The answer is a signed form for exactly this many bytes, good for an hour: POST its `fields`, then the zip as
        `file`, to its `url`, and then complete the upload. Where the Hub keeps packages in a folder there is no such
        form (409, `no_direct_upload`).
        """
        return service(Uploads).create_direct(principal(), wanted["size"], wanted["name"], wanted["package_id"])


@direct_uploads_api.route("/<uuid:upload_id>/complete")
class DirectUploadCompletion(MethodView):
    """The end of a direct upload."""

    @action("packages.write")
    @direct_uploads_api.response(202, JobSchema)
    def post(self, upload_id: UUID) -> tuple[JobView, dict[str, str]]:
        """Complete a direct upload

        Makes the import job, once: said again, the same job. 409 while the bytes are not all in the store.
        """
        job = service(Uploads).complete_direct(principal(), upload_id)
        return job, {"Location": f"{PREFIX}/jobs/{job.id}"}
