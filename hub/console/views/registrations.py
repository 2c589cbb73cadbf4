"""Registrations: who takes which package, and how far they got."""

from datetime import datetime
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console
from hub.console.listing import listing
from hub.errors import Invalid, Violation
from hub.http import action, principal, service
from hub.scorm.services.registrations import STATUSES, Filters, Registrations


@console.get("/registrations")
@action("registrations.read")
def registrations() -> str:
    filters = Filters(
        package_id=_uuid("package"),
        learner_id=_uuid("learner"),
        status=request.args.get("status") or None,
        search=request.args.get("q", "").strip() or None,
    )
    found = listing(
        lambda after, limit: service(Registrations).page(
            principal(), filters, (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None, limit
        ),
        key=lambda row: [row.created_at.isoformat(), str(row.id)],
    )
    return render_template("console/registrations.html", found=found, statuses=STATUSES)


def _uuid(field: str) -> UUID | None:
    text = request.args.get(field, "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid("The filter cannot be read.", violations=[Violation("filter", field, "is not a UUID")]) from error


@console.get("/registrations/<uuid:registration_id>")
@action("registrations.read")
def registrations_one(registration_id: UUID) -> str:
    detail = service(Registrations).get(principal(), registration_id)
    return render_template("console/registration.html", detail=detail, registration=detail.registration)


@console.post("/registrations/<uuid:registration_id>/attempts")
@action("registrations.write")
def registrations_begin_attempt(registration_id: UUID) -> Response:
    service(Registrations).begin_attempt(principal(), registration_id)
    return redirect(url_for("console.registrations_one", registration_id=registration_id, done="attempt-begun"), 303)
