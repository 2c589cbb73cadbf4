"""What every request needs: the LMS's parts, who is signed in, and the rules of its own pages."""

import sqlite3
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import cast

from flask import Response, abort, current_app, g, redirect, request, session, url_for
from werkzeug.http import http_date

from .. import courses, switches
from ..claims import Platform
from ..courses import Course, Member, Person
from ..keys import PlatformKeys
from ..settings import LmsSettings, Tool
from ..state import State
from ..switches import Switches
from ..tools import Tools

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: http: https:; connect-src 'self';"
    " frame-src http: https:; frame-ancestors 'self'; base-uri 'none'"
)


@dataclass(frozen=True)
class Lms:
    """The parts of one running Demo LMS."""

    settings: LmsSettings
    state: State
    keys: PlatformKeys
    tools: Tools

    def platform(self, tool: Tool) -> Platform:
        """The platform's addresses as this tool sees them."""
        return Platform(self.settings.issuer, tool.deployment_id, switched().has_queries)


def lms() -> Lms:
    """The Demo LMS that answers this request."""
    return cast(Lms, current_app.extensions["lms"])


def transaction() -> AbstractContextManager[sqlite3.Connection]:
    """One transaction on the LMS's state."""
    return lms().state.transaction()


def read_switches() -> None:
    """Have the switches at hand for this request; they are read before it opens a transaction of its own."""
    with transaction() as db:
        g.switches = switches.read(db)


def switched() -> Switches:
    """The switches as they stand."""
    return cast(Switches, g.get("switches", Switches()))


def platform_time() -> float:
    """Seconds since 1970 by the platform's clock, which may be wrong."""
    return time.time() + switched().clock


def refuse_other_hosts() -> None:
    """Answer to our own name only, and let only our own pages post to us, services and LTI aside."""
    if request.host != lms().settings.host:
        abort(421, f"This is {lms().settings.issuer}; it does not answer to {request.host}.")
    own_form = request.method == "POST" and (request.blueprint or "pages") in ("pages", "setup")
    if own_form and request.headers.get("Origin") != lms().settings.issuer:
        abort(403, "A form of this site was sent from another one.")


def secure(response: Response) -> Response:
    """Headers for every answer: nothing of ours may be framed or scripted by others."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Date"] = http_date(platform_time())
    return response


def sign_in(person: Person) -> None:
    """Make `person` the one who uses this browser."""
    session.clear()
    session["person"] = person.id


def signed_in(db: sqlite3.Connection) -> Person | None:
    """The person who uses this browser, if anyone has signed in."""
    return courses.person(db, str(session.get("person")))


def require_person(db: sqlite3.Connection) -> Person:
    """The signed-in person, or a redirect to the sign-in page."""
    person = signed_in(db)
    if person is None:
        abort(redirect(url_for("pages.home", next=request.full_path if request.method == "GET" else None)))
    return person


def require_member(db: sqlite3.Connection, course_id: int) -> tuple[Course, Member]:
    """The course and the signed-in person's place in it; 404 for a course of others."""
    person = require_person(db)
    course = courses.course(db, course_id)
    member = courses.member(db, course_id, person.id)
    if course is None or member is None:
        abort(404, "There is no such course for you.")
    return course, member


def require_teacher(db: sqlite3.Connection, course_id: int) -> tuple[Course, Member]:
    """As `require_member`, for what only teachers may do."""
    course, member = require_member(db, course_id)
    if not member.is_teacher:
        abort(403, "Only teachers of this course may do this.")
    return course, member


def require_administrator(db: sqlite3.Connection) -> Person:
    """The signed-in person, who teaches a course: this small platform's teachers set it up as well."""
    person = require_person(db)
    if not courses.is_teacher(db, person.id):
        abort(403, "Only teachers may set up this platform.")
    return person
