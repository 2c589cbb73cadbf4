"""/api/v1/packages and /api/v1/jobs: upload, follow, read, change, delete."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import orjson
from flask import Response, request
from flask.views import MethodView

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.event_stream import Snapshot, event_stream
from hub.http.paging import listed
from hub.http.revisions import etag, wanted_revision
from hub.scorm.services.imports import Imports, JobView, Upload
from hub.scorm.services.packages import Changes, Comparison, Packages, PackageView, Report, VersionView
from hub.scorm.services.thumbnails import LARGEST_PICTURE, Thumbnails
from hub.scorm.views.package_schemas import (
    ComparisonArguments,
    ComparisonSchema,
    FetchSchema,
    FileSchema,
    IdempotencySchema,
    JobListArguments,
    JobSchema,
    PackageChangesSchema,
    PackageListArguments,
    PackageSchema,
    PictureSchema,
    ReportSchema,
    UploadFileSchema,
    UploadFormSchema,
    VersionSchema,
)

Row = TypeVar("Row")

#: What a multipart body may have besides the file: boundaries, headers, small fields.
_FORM_ROOM = 64 * 1024

packages_api = ApiBlueprint(
    "packages", __name__, url_prefix=f"{PREFIX}/packages", description="Courses and their versions"
)
jobs_api = ApiBlueprint("jobs", __name__, url_prefix=f"{PREFIX}/jobs", description="Imports on their way")


@packages_api.before_request
def _allow_upload() -> None:
    """An upload may be larger than other bodies. Who may not upload was refused before a byte of it was read."""
    if request.method == "PUT":
        request.max_content_length = LARGEST_PICTURE + _FORM_ROOM
    if request.method == "POST":
        request.max_content_length = service(Imports).largest_upload + _FORM_ROOM


@packages_api.route("")
class PackageList(MethodView):
    """All packages."""

    @action("packages.read")
    @packages_api.arguments(PackageListArguments, location="query")
    @packages_api.response(200, PackageSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List packages

        Newest first. `q` and `tag` narrow the list down.
        """
        return listed(
            wanted,
            lambda after, limit: service(Packages).page(principal(), wanted["q"], wanted["tag"], after, limit),
            lambda row: (row.created_at.isoformat(), str(row.uuid)),
            PackageSchema,
        )

    @action("packages.write")
    @packages_api.arguments(IdempotencySchema, location="headers")
    @packages_api.arguments(UploadFormSchema, location="form")
    @packages_api.arguments(UploadFileSchema, location="files")
    @packages_api.response(202, JobSchema)
    def post(
        self, headers: dict[str, Any], form: dict[str, Any], files: dict[str, Any]
    ) -> tuple[JobView, dict[str, str]]:
        """Upload a package

        The import goes on in the background: follow the job at the address in `Location` until its state is `ready` or
        `failed`. A `package_id` that exists gets a new version; without one the package is new.
        """
        file = files["file"]
        upload = Upload(file.stream, file.filename or "", form["package_id"], headers["idempotency_key"])
        job = service(Imports).accept(principal(), upload)
        return job, {"Location": f"{PREFIX}/jobs/{job.id}"}


@packages_api.route("/<string:package_id>")
class OnePackage(MethodView):
    """One package."""

    @action("packages.read")
    @packages_api.response(200, PackageSchema)
    def get(self, package_id: str) -> tuple[PackageView, dict[str, str]]:
        """Read a package

        The `ETag` is for `If-Match` on changing it.
        """
        package = service(Packages).get(principal(), package_id)
        return package, etag(package.revision)

    @action("packages.write")
    @packages_api.arguments(PackageChangesSchema)
    @packages_api.response(200, PackageSchema)
    def patch(self, changes: dict[str, Any], package_id: str) -> tuple[PackageView, dict[str, str]]:
        """Change a package

        Title, description, tags, or the published version: the one that new attempts begin with, while attempts under
        way stay on theirs. With `If-Match` the change is refused (412) when somebody else changed it meanwhile.
        """
        wanted = Changes(
            title=changes.get("title"),
            description=_or_empty(changes, "description", ""),
            tags=_or_empty(changes, "tags", ()),
            published_version=changes.get("published_version"),
        )
        package = service(Packages).change(principal(), package_id, wanted, wanted_revision())
        return package, etag(package.revision)

    @action("packages.write")
    @packages_api.response(204)
    def delete(self, package_id: str) -> None:
        """Delete a package

        Nobody can find or launch it any more, and its files are removed. Registrations and their results stay.
        """
        service(Packages).delete(principal(), package_id)


@packages_api.route("/<string:package_id>/report")
class PublishedReport(MethodView):
    """What was found in the published version."""

    @action("packages.read")
    @packages_api.response(200, ReportSchema)
    def get(self, package_id: str) -> Report:
        """Read the report of the published version

        Errors, warnings and hints of its import, each with its place and how to mend it.
        """
        return service(Packages).report(principal(), package_id)


@packages_api.route("/<string:package_id>/thumbnail")
class PackageThumbnail(MethodView):
    """The picture of a package."""

    @action("packages.write")
    @packages_api.arguments(PictureSchema, location="files")
    @packages_api.response(200, PackageSchema)
    def put(self, files: dict[str, Any], package_id: str) -> PackageView:
        """Choose the picture of a package

        It is drawn anew as a JPEG of 320 x 180 pixels, cut to fit. Without one, a package shows the picture that its
        content brings along (a file called thumbnail, cover or the like).
        """
        service(Thumbnails).choose(principal(), package_id, files["file"].stream)
        return service(Packages).get(principal(), package_id)

    @action("packages.write")
    @packages_api.response(204)
    def delete(self, package_id: str) -> None:
        """Remove the picture of a package"""
        service(Thumbnails).remove(principal(), package_id)


@packages_api.route("/<string:package_id>/versions")
class VersionList(MethodView):
    """The versions of a package."""

    @action("packages.read")
    @packages_api.response(200, VersionSchema(many=True))
    def get(self, package_id: str) -> Sequence[VersionView]:
        """List the versions of a package

        All of them, newest first.
        """
        return service(Packages).versions(principal(), package_id)


@packages_api.route("/<string:package_id>/versions/<int:number>")
class OneVersion(MethodView):
    """One version."""

    @action("packages.read")
    @packages_api.response(200, VersionSchema)
    def get(self, package_id: str, number: int) -> VersionView:
        """Read a version"""
        return service(Packages).version(principal(), package_id, number)


@packages_api.route("/<string:package_id>/versions/<int:number>/report")
class VersionReport(MethodView):
    """What was found in a version."""

    @action("packages.read")
    @packages_api.response(200, ReportSchema)
    def get(self, package_id: str, number: int) -> Report:
        """Read the report of a version"""
        return service(Packages).report(principal(), package_id, number)


@packages_api.route("/<string:package_id>/versions/<int:number>/files")
class VersionFiles(MethodView):
    """The files of a version."""

    @action("packages.read")
    @packages_api.response(200, FileSchema(many=True))
    def get(self, package_id: str, number: int) -> list[dict[str, Any]]:
        """List the files of a version"""
        files = service(Packages).files(principal(), package_id, number)
        return [{"path": path, "size": size, "content_type": kind} for path, size, kind in files]


@packages_api.route("/<string:package_id>/versions/<int:number>/changes")
class VersionChanges(MethodView):
    """What a version changed."""

    @action("packages.read")
    @packages_api.arguments(ComparisonArguments, location="query")
    @packages_api.response(200, ComparisonSchema)
    def get(self, wanted: dict[str, Any], package_id: str, number: int) -> Comparison:
        """See what a version changed

        Files by their content and items by their identifiers, compared with the version `since`.
        """
        since = number - 1 if wanted["since"] is None else wanted["since"]
        return service(Packages).compare(principal(), package_id, since, number)


@packages_api.route("/<string:package_id>/versions/<int:number>/archive")
class VersionArchive(MethodView):
    """The zip of a version."""

    @action("packages.read")
    @packages_api.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
    def get(self, package_id: str, number: int) -> Response:
        """Download a version

        The very zip that was uploaded.
        """
        stack = ExitStack()
        archive = stack.enter_context(service(Packages).archive(principal(), package_id, number))
        response = Response(archive.pieces, content_type=archive.content_type)
        response.call_on_close(stack.close)
        response.content_length = archive.size
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(archive.name)}"
        return response


@jobs_api.route("")
class JobList(MethodView):
    """All jobs."""

    @action("packages.read")
    @jobs_api.arguments(JobListArguments, location="query")
    @jobs_api.response(200, JobSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Response:
        """List import jobs

        Newest first.
        """
        return listed(
            wanted,
            lambda after, limit: service(Imports).page(principal(), wanted["state"], after, limit),
            lambda row: (row.created_at.isoformat(), str(row.id)),
            JobSchema,
        )

    @action("packages.write")
    @jobs_api.arguments(IdempotencySchema, location="headers")
    @jobs_api.arguments(FetchSchema)
    @jobs_api.response(202, JobSchema)
    def post(self, headers: dict[str, Any], wanted: dict[str, Any]) -> tuple[JobView, dict[str, str]]:
        """Import from an address

        The Hub fetches the zip from an https address, redirects included, and imports it. User name and password may
        stand in the address; they are sent to its own host only and never shown. What cannot be fetched fails the job,
        with the reason among its findings.
        """
        job = service(Imports).fetch(principal(), wanted["url"], wanted["package_id"], headers["idempotency_key"])
        return job, {"Location": f"{PREFIX}/jobs/{job.id}"}


@jobs_api.route("/<uuid:job_id>")
class OneJob(MethodView):
    """One job."""

    @action("packages.read")
    @jobs_api.response(200, JobSchema)
    def get(self, job_id: UUID) -> JobView:
        """Follow an import job

        `queued`, `checking`, `storing`, then `ready` or `failed`; `progress` in per cent; `findings` once checked.
        """
        return service(Imports).get(principal(), job_id)


@jobs_api.route("/<uuid:job_id>/events")
class JobEvents(MethodView):
    """One job as it goes."""

    @action("packages.read")
    @jobs_api.response(200, {"type": "string"}, content_type="text/event-stream")
    @jobs_api.alt_response(204, description="It is finished, and you know how")
    def get(self, job_id: UUID) -> Response:
        """Follow an import job by events

        Server-sent events: `job` with the job as JSON whenever it changes, `end` once it is `ready` or `failed`. A
        stream ends after less than a minute; connect again with `Last-Event-ID`, as `EventSource` does by itself. When
        too many follow events (503), ask for the job from time to time instead.
        """
        who, imports = principal(), service(Imports)

        def look() -> list[Snapshot]:
            job = imports.get(who, job_id)
            return [Snapshot(str(job.id), orjson.dumps(JobSchema().dump(job)), job.is_finished)]

        return event_stream("job", look)


def _or_empty(changes: dict[str, Any], name: str, empty: Any) -> Any:
    """What a merge patch says: absent leaves it (None), null empties it."""
    if name not in changes:
        return None
    return empty if changes[name] is None else changes[name]
