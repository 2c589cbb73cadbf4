"""Packages: upload, look into, preview, publish, change, delete; and the jobs that import them."""

from dataclasses import asdict
from typing import Any, BinaryIO, cast
from uuid import UUID

import orjson
from flask import Response, g, jsonify, redirect, render_template, request, stream_with_context, url_for
from flask_babel import get_locale
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as AnyResponse

from hub.console.blueprint import Surroundings, console, may_edit
from hub.console.forms import Form
from hub.console.listing import listing
from hub.errors import Forbidden, Invalid, NotFound, Violation, say
from hub.http import action, principal, service
from hub.http.event_stream import Snapshot, event_stream
from hub.http.tus import Tus
from hub.scorm.services.imports import Imports, JobView, Upload
from hub.scorm.services.launches import Launches
from hub.scorm.services.lint import rules
from hub.scorm.services.packages import Archive, Changes, Packages, PackageView
from hub.scorm.services.sharing import Sharing
from hub.scorm.services.thumbnails import Thumbnails
from hub.scorm.services.uploads import Uploads, UploadView

RECENT_JOBS = 8
MOST_FOLLOWED = 50
#: Bytes of one request of a resumable upload: a proxy may hold a request back until it is whole, and lose it all.
CHUNK_BYTES = 16 * 1024 * 1024


@console.get("/packages")
@action("packages.read")
def packages() -> str:
    words, tag = request.args.get("q", "").strip(), request.args.get("tag", "").strip()
    found = listing(
        lambda before, limit: service(Packages).page(principal(), words, tag, before, limit),
        key=lambda package: [package.created_at.isoformat(), str(package.uuid)],
    )
    return render_template(
        "console/packages.html", found=found, jobs=open_jobs(), unfinished=_unfinished(), upload_chunk=CHUNK_BYTES
    )


def _unfinished() -> list[UploadView]:
    """What this person began to upload and did not finish."""
    return service(Uploads).unfinished(principal()) if principal().may("packages.write") else []


def open_jobs() -> list[JobView]:
    """Imports that are still under way, and the failed ones among the last few."""
    latest = service(Imports).page(principal(), limit=RECENT_JOBS)
    return [job for job in latest if job.state != "ready"]


@console.post("/packages/upload")
@action("packages.write")
def packages_upload() -> AnyResponse | str:
    return _accept(None)


@console.post("/packages/<package_id>/upload")
@action("packages.write")
def packages_upload_version(package_id: str) -> AnyResponse | str:
    return _accept(service(Packages).get(principal(), package_id).id)


def _accept(package_id: str | None) -> AnyResponse | str:
    file = request.files.get("file")
    if file is None or not file.filename:
        fault = Violation("form", "file", "is missing: choose the zip that your authoring tool made")
        raise Invalid("No file was sent.", violations=[fault])
    upload = Upload(cast(BinaryIO, file.stream), file.filename, package_id)
    job = service(Imports).accept(principal(), upload)
    if request.headers.get("HX-Request"):
        return render_template("console/job_row.html", job=job)
    return redirect(url_for("console.jobs_one", job_id=job.id), 303)


@console.route("/jobs/fetch", methods=["GET", "POST"])
@action("packages.write")
def jobs_fetch() -> AnyResponse | tuple[str, int]:
    """Import from an address: the job's page tells how far it is."""
    g.console_section = "packages"
    form = Form(package_id=request.args.get("package", ""))
    if form.is_sent:
        job = form.attempt(lambda: service(Imports).fetch(principal(), form["url"].strip(), form["package_id"].strip()))
        if job is not None:
            return redirect(url_for("console.jobs_one", job_id=job.id), 303)
    return render_template("console/job_fetch.html", form=form), form.status


def _tus() -> Tus:
    return Tus(service(Uploads), url_for("console.jobs_uploads_create"), url_for("console.jobs"))


@console.post("/jobs/uploads")
@action("packages.write")
def jobs_uploads_create() -> Response:
    """Uploads of the pages' own script: the same protocol as /api/v1/uploads, for a session instead of a token."""
    return _tus().create()


@console.route("/jobs/uploads/<uuid:upload_id>", methods=["HEAD", "PATCH", "DELETE"])
@action("packages.write")
def jobs_uploads_one(upload_id: UUID) -> Response:
    answers = {"HEAD": _tus().head, "PATCH": _tus().patch, "DELETE": _tus().delete}
    return answers[request.method](upload_id)


@console.post("/jobs/uploads/<uuid:upload_id>/cancel")
@action("packages.write")
def jobs_uploads_cancel(upload_id: UUID) -> AnyResponse:
    service(Uploads).cancel(principal(), upload_id)
    return redirect(url_for("console.packages", done="upload-discarded"), 303)


@console.get("/packages/<package_id>")
@action("packages.read")
def packages_one(package_id: str) -> str:
    package = service(Packages).get(principal(), package_id)
    published = service(Packages).published(principal(), package_id) if package.published else None
    return render_template("console/package.html", package=package, published=published, tab="overview")


@console.get("/packages/<package_id>/versions")
@action("packages.read")
def packages_versions(package_id: str) -> str:
    package = service(Packages).get(principal(), package_id)
    versions = service(Packages).versions(principal(), package_id)
    unfinished = [upload for upload in _unfinished() if upload.package_id == package_id]
    return render_template(
        "console/package_versions.html",
        package=package,
        versions=versions,
        unfinished=unfinished,
        upload_chunk=CHUNK_BYTES,
        tab="versions",
    )


@console.get("/packages/<package_id>/changes")
@action("packages.read")
def packages_changes(package_id: str) -> str:
    """What changed from one version to another."""
    package = service(Packages).get(principal(), package_id)
    versions = service(Packages).versions(principal(), package_id)
    newest = versions[0].number if versions else 0
    number = request.args.get("number", newest, type=int)
    since = request.args.get("since", number - 1, type=int)
    changes = service(Packages).compare(principal(), package_id, since, number)
    return render_template(
        "console/package_changes.html", package=package, versions=versions, changes=changes, tab="versions"
    )


@console.post("/packages/<package_id>/versions/<int:number>/publish")
@action("packages.write")
def packages_publish(package_id: str, number: int) -> AnyResponse:
    service(Packages).change(principal(), package_id, Changes(published_version=number))
    return redirect(url_for("console.packages_versions", package_id=package_id, done="package-changed"), 303)


@console.get("/packages/<package_id>/versions/<int:number>/archive")
@action("packages.read")
def packages_archive(package_id: str, number: int) -> Response:
    """The very zip that was uploaded, streamed."""
    opened = service(Packages).archive(principal(), package_id, number)
    archive: Archive = opened.__enter__()
    response = Response(stream_with_context(archive.pieces), content_type=archive.content_type)
    response.call_on_close(lambda: opened.__exit__(None, None, None))
    response.content_length = archive.size
    name = secure_filename(archive.name) or "package.zip"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@console.get("/packages/<package_id>/report")
@action("packages.read")
def packages_report(package_id: str) -> str | Response:
    package = service(Packages).get(principal(), package_id)
    number = request.args.get("version", type=int)
    report = service(Packages).report(principal(), package_id, number) if package.version_count else None
    if report is not None and request.args.get("format") == "json":
        return jsonify(asdict(report))
    return render_template("console/package_report.html", package=package, report=report, tab="report")


@console.get("/packages/<package_id>/settings")
@action("packages.write")
def packages_settings(package_id: str) -> str:
    package = service(Packages).get(principal(), package_id)
    if not may_edit(package_id):
        raise Forbidden(say("“%(title)s” is not yours. Who may change it can share it with you.", title=package.title))
    return _settings_page(package, Form())


@console.post("/packages/<package_id>/settings")
@action("packages.write")
def packages_change(package_id: str) -> AnyResponse | tuple[str, int]:
    form = Form()
    changed = form.attempt(lambda: service(Packages).change(principal(), package_id, *_changes(form)))
    if changed is None:
        return _settings_page(service(Packages).get(principal(), package_id), form), form.status
    return redirect(url_for("console.packages_settings", package_id=package_id, done="package-changed"), 303)


def _changes(form: Form) -> tuple[Changes, int | None]:
    tags = [tag for tag in (part.strip() for part in form["tags"].split(",")) if tag]
    revision = form["revision"]
    return Changes(form["title"], form["description"], tags), int(revision) if revision.isdigit() else None


def _settings_page(package: PackageView, form: Form, picture: Form | None = None, sharing: Form | None = None) -> str:
    return render_template(
        "console/package_settings.html",
        package=package,
        form=form,
        picture=picture or Form.unsent(),
        sharing=sharing or Form.unsent(),
        editors=service(Sharing).editors(principal(), package.id),
        tab="settings",
    )


@console.post("/packages/<package_id>/editors")
@action("packages.write")
def packages_share(package_id: str) -> AnyResponse | tuple[str, int]:
    form = Form()
    form.attempt(lambda: service(Sharing).share(principal(), package_id, form["user"]))
    if form.refusal is not None:
        package = service(Packages).get(principal(), package_id)
        return _settings_page(package, Form.unsent(), sharing=form), form.status
    return redirect(url_for("console.packages_settings", package_id=package_id, done="package-shared"), 303)


@console.post("/packages/<package_id>/editors/<uuid:user_id>/remove")
@action("packages.write")
def packages_withdraw(package_id: str, user_id: UUID) -> AnyResponse:
    service(Sharing).withdraw(principal(), package_id, user_id)
    return redirect(url_for("console.packages_settings", package_id=package_id, done="package-shared"), 303)


@console.post("/packages/<package_id>/thumbnail")
@action("packages.write")
def packages_thumbnail(package_id: str) -> AnyResponse | tuple[str, int]:
    form = Form()
    form.attempt(lambda: _change_thumbnail(package_id))
    if form.refusal is not None:
        return _settings_page(service(Packages).get(principal(), package_id), Form.unsent(), form), form.status
    return redirect(url_for("console.packages_settings", package_id=package_id, done="package-changed"), 303)


def _change_thumbnail(package_id: str) -> None:
    file = request.files.get("picture")
    if request.form.get("remove"):
        service(Thumbnails).remove(principal(), package_id)
    elif file is not None and file.filename:
        service(Thumbnails).choose(principal(), package_id, cast(BinaryIO, file.stream))
    else:
        raise Invalid("Choose a picture first.", code="bad_picture")


@console.post("/packages/<package_id>/delete")
@action("packages.write")
def packages_delete(package_id: str) -> AnyResponse:
    service(Packages).delete(principal(), package_id)
    return redirect(url_for("console.packages", done="package-deleted"), 303)


@console.post("/packages/<package_id>/preview")
@action("packages.read")
def packages_preview(package_id: str) -> AnyResponse:
    """Open the player on the content origin; nothing of a preview is recorded."""
    package = service(Packages).get(principal(), package_id)
    back = service(Surroundings).public_url + url_for("console.packages_one", package_id=package_id)
    language = str(get_locale()).replace("_", "-")
    link = service(Launches).preview(principal(), package.uuid, return_url=back, locale=language)
    return redirect(link.url, 303)


@console.get("/findings")
@action("packages.read")
def findings() -> str:
    """What packages are judged by, each code under its own address."""
    g.console_section = "packages"
    return render_template("console/findings.html", rules=rules(str(get_locale())))


@console.get("/jobs")
@action("packages.read")
def jobs() -> str:
    g.console_section = "packages"
    state = request.args.get("state", "")
    found = listing(
        lambda before, limit: service(Imports).page(principal(), state, before, limit),
        key=lambda job: [job.created_at.isoformat(), str(job.id)],
    )
    return render_template("console/jobs.html", found=found)


@console.get("/jobs/events")
@action("packages.read")
def jobs_events() -> Response:
    """How the imports of a page go on: an event for each change, with what makes it one."""
    who, imports = principal(), service(Imports)
    wanted = [found for text in request.args.getlist("id")[:MOST_FOLLOWED] if (found := _uuid(text))]
    if not imports.several(who, wanted):
        raise NotFound("There is no such job.", code="job_not_found")

    def look() -> list[Snapshot]:
        return [_snapshot(job) for job in imports.several(who, wanted)]

    return event_stream("job", look)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _snapshot(job: JobView) -> Snapshot:
    told = {"id": job.id, "state": job.state, "progress": job.progress, "size": job.archive_size}
    return Snapshot(str(job.id), orjson.dumps(told), job.is_finished)


@console.get("/jobs/<uuid:job_id>")
@action("packages.read")
def jobs_one(job_id: UUID) -> Any:
    """One import; the part that moves is asked for by htmx whenever an event says that it changed."""
    g.console_section = "packages"
    job = service(Imports).get(principal(), job_id)
    parts = {"row": "console/job_row.html", "report": "console/job_report.html"}
    wanted = request.args.get("part", "")
    return render_template(parts.get(wanted, "console/job.html"), job=job)
