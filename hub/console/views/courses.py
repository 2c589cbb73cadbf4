"""My courses: what the person who signed in is registered for, how far they are, and playing on."""

from uuid import UUID

from flask import redirect, render_template, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response

from hub.console.blueprint import Surroundings, console
from hub.console.listing import listing
from hub.http import action, principal, service
from hub.http.paging import time_and_id
from hub.scorm.services.own_courses import OwnCourses


@console.get("/courses")
@action("courses.play")
def courses() -> str:
    found = listing(
        lambda after, limit: service(OwnCourses).page(principal(), time_and_id(after), limit),
        key=lambda row: [row.created_at.isoformat(), str(row.id)],
    )
    return render_template("console/courses.html", found=found)


@console.get("/courses/<uuid:registration_id>")
@action("courses.play")
def courses_one(registration_id: UUID) -> str:
    detail = service(OwnCourses).get(principal(), registration_id)
    return render_template("console/course.html", detail=detail, course=detail.registration)


@console.post("/courses/<uuid:registration_id>/play")
@action("courses.play")
def courses_play(registration_id: UUID) -> Response:
    """Open the player on the content origin; leaving it leads back here."""
    back = service(Surroundings).public_url + url_for("console.courses_one", registration_id=registration_id)
    language = str(get_locale()).replace("_", "-")
    return redirect(service(OwnCourses).play(principal(), registration_id, back, language).url, 303)
