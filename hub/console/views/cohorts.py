"""Cohorts: who learns together, who leads them, enrolling them, and how far they are."""

from collections.abc import Iterator
from io import BytesIO
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response as AnyResponse

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.listing import listing
from hub.console.views.registrations import COLUMNS, each_registration
from hub.errors import Invalid, Violation
from hub.http import action, principal, service
from hub.http.downloads import csv_response
from hub.scorm.services.cohorts import Cohorts
from hub.scorm.services.enrolments import Enrolled, Enrolments
from hub.scorm.services.registrations import Filters, Registrations, RegistrationView
from hub.scorm.spec.enrolment import LARGEST_FILE


@console.get("/cohorts")
@action("cohorts.read")
def cohorts() -> str:
    return _list_page(Form())


def _list_page(form: Form) -> str:
    search = request.args.get("q", "").strip()
    found = listing(
        lambda after, limit: service(Cohorts).page(principal(), after, limit, search),
        key=lambda cohort: [cohort.name, str(cohort.id)],
    )
    return render_template("console/cohorts.html", found=found, form=form)


@console.post("/cohorts")
@action("cohorts.write")
def cohorts_create() -> AnyResponse | tuple[str, int]:
    form = Form()
    made = form.attempt(lambda: service(Cohorts).create(principal(), form["name"]))
    if made is None:
        return _list_page(form), form.status
    return redirect(url_for("console.cohorts_one", cohort_id=made.id), 303)


@console.get("/cohorts/<uuid:cohort_id>")
@action("cohorts.read")
def cohorts_one(cohort_id: UUID) -> str:
    return _page(cohort_id)


def _page(
    cohort_id: UUID,
    *,
    name: Form | None = None,
    leader: Form | None = None,
    enrolment: Form | None = None,
    enrolled: Enrolled | None = None,
) -> str:
    """The page with the form that was sent, and the others as new."""
    detail = service(Cohorts).get(principal(), cohort_id)
    members = listing(
        lambda after, limit: service(Cohorts).members(principal(), cohort_id, after, limit),
        key=lambda learner: [learner.created_at.isoformat(), str(learner.id)],
    )
    return render_template(
        "console/cohort.html",
        cohort=detail.cohort,
        detail=detail,
        found=members,
        name_form=name or Form.unsent(),
        leader_form=leader or Form.unsent(),
        enrolment_form=enrolment or Form.unsent(),
        enrolled=enrolled,
    )


@console.post("/cohorts/<uuid:cohort_id>")
@action("cohorts.write")
def cohorts_change(cohort_id: UUID) -> AnyResponse | tuple[str, int]:
    form = Form()
    if form.attempt(lambda: service(Cohorts).rename(principal(), cohort_id, form["name"])) is None:
        return _page(cohort_id, name=form), form.status
    return _back(cohort_id, "cohort-changed")


@console.post("/cohorts/<uuid:cohort_id>/delete")
@action("cohorts.write")
def cohorts_delete(cohort_id: UUID) -> AnyResponse:
    service(Cohorts).delete(principal(), cohort_id)
    return redirect(url_for("console.cohorts", done="cohort-deleted"), 303)


@console.post("/cohorts/<uuid:cohort_id>/leaders")
@action("cohorts.write")
def cohorts_add_leader(cohort_id: UUID) -> AnyResponse | tuple[str, int]:
    form = Form()
    form.attempt(lambda: service(Cohorts).add_leader(principal(), cohort_id, form["user"]))
    if form.refusal is not None:
        return _page(cohort_id, leader=form), form.status
    return _back(cohort_id, "leader-added")


@console.post("/cohorts/<uuid:cohort_id>/leaders/<uuid:user_id>/remove")
@action("cohorts.write")
def cohorts_remove_leader(cohort_id: UUID, user_id: UUID) -> AnyResponse:
    service(Cohorts).remove_leader(principal(), cohort_id, user_id)
    return _back(cohort_id, "leader-removed")


@console.post("/cohorts/<uuid:cohort_id>/members/<uuid:learner_id>/remove")
@action("enrolments.write")
def cohorts_remove_member(cohort_id: UUID, learner_id: UUID) -> AnyResponse:
    service(Cohorts).remove_member(principal(), cohort_id, learner_id)
    return _back(cohort_id, "member-removed")


@console.post("/cohorts/<uuid:cohort_id>/enrol")
@action("enrolments.write")
def cohorts_enrol(cohort_id: UUID) -> str | tuple[str, int]:
    form = Form()
    done = form.attempt(lambda: _enrol(cohort_id, form))
    return _page(cohort_id, enrolment=form, enrolled=done), form.status


def _enrol(cohort_id: UUID, form: Form) -> Enrolled:
    """From a file, or from lines that were pasted or typed."""
    file = request.files.get("file")
    data = file.stream.read(LARGEST_FILE + 1) if file else form["lines"].encode()
    if not data.strip():
        fault = Violation("enrolment", "file", "must be chosen, or lines must be entered")
        raise Invalid("There is nobody to enrol.", violations=[fault])
    language = str(get_locale())
    return service(Enrolments).enrol(principal(), cohort_id, BytesIO(data), form["package"], language)


@console.get("/cohorts/<uuid:cohort_id>/download")
@action("cohorts.read")
def cohorts_download(cohort_id: UUID) -> Response:
    """The cohort's registrations as CSV."""
    cohort = service(Cohorts).get(principal(), cohort_id).cohort
    rows = _registrations(cohort.context_key) if principal().may("registrations.read") else iter(())
    return csv_response("cohort", list(COLUMNS), ([read(row) for read in COLUMNS.values()] for row in rows))


def _registrations(context_key: str) -> Iterator[RegistrationView]:
    return each_registration(service(Registrations), principal(), Filters(context_key=context_key))


def _back(cohort_id: UUID, done: str) -> AnyResponse:
    return redirect(url_for("console.cohorts_one", cohort_id=cohort_id, done=done), 303)
