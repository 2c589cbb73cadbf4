"""Registrations: who takes which package, and how far they got."""

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.listing import listing
from hub.console.query import uuid_of
from hub.http import action, principal, service
from hub.http.downloads import csv_response
from hub.http.paging import time_and_id
from hub.identity import Principal
from hub.scorm.services.comments import Comments
from hub.scorm.services.registrations import MODES, STATUSES, Filters, Registrations, RegistrationView

#: How many rows a download fetches at a time.
PAGE = 500

#: Columns of the CSV, and what is in them.
COLUMNS: dict[str, Callable[[RegistrationView], object]] = {
    "registration": lambda row: row.external_id,
    "learner": lambda row: row.learner.name,
    "email": lambda row: row.learner.email,
    "learner_source": lambda row: row.learner.source,
    "learner_id": lambda row: row.learner.subject,
    "package": lambda row: row.package_title,
    "package_id": lambda row: row.package_external_id,
    "status": lambda row: row.status,
    "completion": lambda row: row.result.completion,
    "success": lambda row: row.result.success,
    "score_scaled": lambda row: row.result.score_scaled,
    "score_raw": lambda row: row.result.score_raw,
    "score_max": lambda row: row.result.score_max,
    "seconds": lambda row: round(row.result.duration_seconds),
    "began_at": lambda row: row.began_at and row.began_at.isoformat(),
    "completed_at": lambda row: row.completed_at and row.completed_at.isoformat(),
    "changed_at": lambda row: row.changed_at.isoformat(),
}


@console.get("/registrations")
@action("registrations.read")
def registrations() -> str:
    filters = _filters()
    found = listing(
        lambda after, limit: service(Registrations).page(principal(), filters, time_and_id(after), limit),
        key=lambda row: [row.created_at.isoformat(), str(row.id)],
    )
    return render_template("console/registrations.html", found=found, statuses=STATUSES)


@console.get("/registrations/download")
@action("registrations.read")
def registrations_download() -> Response:
    """Every match as CSV."""
    rows = each_registration(service(Registrations), principal(), _filters())
    return csv_response("registrations", list(COLUMNS), ([read(row) for read in COLUMNS.values()] for row in rows))


def each_registration(registrations: Registrations, reader: Principal, filters: Filters) -> Iterator[RegistrationView]:
    """Every match, fetched a few hundred at a time."""
    after: tuple[datetime, UUID] | None = None
    while page := registrations.page(reader, filters, after, PAGE):
        yield from page
        after = (page[-1].created_at, page[-1].id)


def _filters() -> Filters:
    return Filters(
        package_id=uuid_of("package"),
        learner_id=uuid_of("learner"),
        status=request.args.get("status") or None,
        search=request.args.get("q", "").strip() or None,
        context_key=request.args.get("context") or None,
    )


@console.get("/registrations/<uuid:registration_id>")
@action("registrations.read")
def registrations_one(registration_id: UUID) -> str:
    return _page(registration_id, Form())


@console.post("/registrations/<uuid:registration_id>/comments")
@action("registrations.write")
def registrations_comment(registration_id: UUID) -> AnyResponse:
    form = Form()
    left = form.attempt(
        lambda: service(Comments).add(principal(), registration_id, form["activity"], form["comment"], form["location"])
    )
    if left is None:
        return Response(_page(registration_id, form), form.status)
    return _done(registration_id, "comment-left")


@console.post("/registrations/<uuid:registration_id>/comments/<uuid:comment_id>/remove")
@action("registrations.write")
def registrations_remove_comment(registration_id: UUID, comment_id: UUID) -> AnyResponse:
    service(Comments).remove(principal(), registration_id, comment_id)
    return _done(registration_id, "comment-removed")


@console.post("/registrations/<uuid:registration_id>/reset")
@action("registrations.write")
def registrations_reset(registration_id: UUID) -> AnyResponse:
    service(Registrations).reset(principal(), registration_id)
    return _done(registration_id, "registration-reset")


@console.post("/registrations/<uuid:registration_id>/mode")
@action("registrations.write")
def registrations_set_mode(registration_id: UUID) -> AnyResponse:
    service(Registrations).set_mode(principal(), registration_id, request.form.get("mode", ""))
    return _done(registration_id, "mode-set")


@console.post("/registrations/<uuid:registration_id>/attempts")
@action("registrations.write")
def registrations_begin_attempt(registration_id: UUID) -> AnyResponse:
    service(Registrations).begin_attempt(principal(), registration_id)
    return _done(registration_id, "attempt-begun")


def _page(registration_id: UUID, form: Form) -> str:
    detail, comments = service(Registrations).get(principal(), registration_id), service(Comments)
    return render_template(
        "console/registration.html",
        detail=detail,
        registration=detail.registration,
        modes=MODES,
        comments=comments.of(principal(), registration_id),
        commentable=comments.activities(principal(), registration_id),
        form=form,
    )


def _done(registration_id: UUID, what: str) -> AnyResponse:
    return redirect(url_for("console.registrations_one", registration_id=registration_id, done=what), 303)
