"""The pages people use: sign in, the course, an activity, the roster and the gradebook."""

import hmac
import sqlite3
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from .. import courses, exchanges, grades, messages
from ..courses import Activity, Course, Member, Person
from ..grades import LineItem, Score
from ..settings import SettingsFault, password
from .context import lms, require_member, require_person, require_teacher, sign_in, signed_in, transaction

blueprint = Blueprint("pages", __name__)


@dataclass(frozen=True)
class Cell:
    """One learner's score in one column."""

    score: Score | None
    points: float | None


@dataclass(frozen=True)
class GradeTable:
    """The gradebook as shown: columns, and a row of cells for each learner."""

    columns: list[LineItem]
    rows: list[tuple[Person, list[Cell]]]


@blueprint.get("/")
def home() -> str | Response:
    """The sign-in page, or the way on for those who have signed in."""
    with transaction() as db:
        person = signed_in(db)
        course_id = courses.first_course(db, person.id) if person else None
        people = courses.people(db)
    if course_id is not None:
        return redirect(_own_path(request.args.get("next")) or url_for("pages.course", course_id=course_id))
    return render_template("sign_in.html", people=people, next=request.args.get("next", ""))


@blueprint.post("/sign-in")
def enter() -> str | Response | tuple[str, int]:
    """Sign in as the chosen person with the demo's password."""
    with transaction() as db:
        people = courses.people(db)
    person = next((p for p in people if p.username == request.form.get("username")), None)
    given = request.form.get("password", "").strip()
    if person is None or not hmac.compare_digest(given.encode(), password(lms().settings.state).encode()):
        page = render_template(
            "sign_in.html", people=people, chosen=person, next=request.form.get("next", ""), refused=True
        )
        return page, 403
    sign_in(person)
    return redirect(_own_path(request.form.get("next")) or url_for("pages.home"))


@blueprint.post("/sign-out")
def leave() -> Response:
    """Forget who uses this browser."""
    session.clear()
    return redirect(url_for("pages.home"))


@blueprint.post("/view-as")
def view_as() -> Response:
    """Go on as another of the demo's people; whoever signed in may be any of them."""
    with transaction() as db:
        require_person(db)
        person = next((p for p in courses.people(db) if p.username == request.form.get("username")), None)
    if person is None:
        abort(400, "There is nobody of this name.")
    sign_in(person)
    return redirect(_own_path(request.form.get("next")) or url_for("pages.home"))


@blueprint.get("/courses/<int:course_id>")
def course(course_id: int) -> str:
    """The course page with its activities."""
    with transaction() as db:
        course, member = require_member(db, course_id)
        activities = courses.activities(db, course_id)
        table = _grade_table(db, course, member)
    cells = _cells_by_activity(table) if not member.is_teacher else {}
    return _page("course.html", course, member, activities=activities, cells=cells)


@blueprint.get("/courses/<int:course_id>/add")
def add(course_id: int) -> str:
    """Begin deep linking: this page is shown in the dialog and goes to the tool at once."""
    with transaction() as db:
        _, member = require_teacher(db, course_id)
        message = messages.begin_deep_linking(db, member.person.id, course_id)
        return _login_initiation(db, message, lms().tool.settings().deep_link_url)


@blueprint.get("/activities/<activity_id>")
def activity(activity_id: str) -> str:
    """An activity in its frame, or the link that opens it in a window."""
    with transaction() as db:
        activity, course, member = _activity(db, activity_id)
    return _page("activity.html", course, member, activity=activity)


@blueprint.get("/activities/<activity_id>/launch")
def launch(activity_id: str) -> str:
    """Begin a resource link launch: this page is shown in the frame and goes to the tool at once."""
    with transaction() as db:
        activity, course, member = _activity(db, activity_id)
        message = messages.begin_launch(db, member.person.id, course.id, activity.id)
        return _login_initiation(db, message, activity.url or lms().tool.settings().launch_url)


@blueprint.post("/activities/<activity_id>/remove")
def remove(activity_id: str) -> Response:
    """Take an activity and its grades off the course."""
    with transaction() as db:
        _, course, _ = _activity(db, activity_id)
        require_teacher(db, course.id)
        courses.remove_activity(db, activity_id)
    return redirect(url_for("pages.course", course_id=course.id))


@blueprint.get("/courses/<int:course_id>/roster")
def roster(course_id: int) -> str:
    """Who is in the course."""
    with transaction() as db:
        course, member = require_member(db, course_id)
        members = courses.members(db, course_id)
    return _page("roster.html", course, member, members=members)


@blueprint.get("/courses/<int:course_id>/gradebook")
def gradebook(course_id: int) -> str:
    """The grades: everyone's for a teacher, one's own for a learner. `?part` gives the table alone."""
    with transaction() as db:
        course, member = require_member(db, course_id)
        table = _grade_table(db, course, member)
    name = "_grades.html" if "part" in request.args else "gradebook.html"
    return _page(name, course, member, table=table)


@blueprint.get("/courses/<int:course_id>/messages")
def exchange(course_id: int) -> str:
    """What platform and tool said to each other."""
    with transaction() as db:
        course, member = require_teacher(db, course_id)
        lines = exchanges.latest(db)
    return _page("exchanges.html", course, member, lines=lines)


@blueprint.get("/courses/<int:course_id>/return")
def come_back(course_id: int) -> str:
    """Where the tool sends those who have finished (LTI 1.3 section 5.3.6.1); still inside the frame.

    It needs no sign-in: sent here by another site, the frame has no cookie of ours. It only leads on.
    """
    text = request.args.get("lti_errormsg") or request.args.get("lti_msg") or ""
    return render_template("back.html", target=url_for("pages.course", course_id=course_id), text=text)


def _page(name: str, course: Course, member: Member, **values: Any) -> str:
    with transaction() as db:
        people = courses.people(db)
    return render_template(name, course=course, member=member, people=people, tool_origins=_tool_origins(), **values)


def _tool_origins() -> str:
    try:
        return " ".join(sorted(lms().tool.settings().origins))
    except SettingsFault:
        return ""


def _own_path(path: str | None) -> str | None:
    """`path` if it stays on this site; a second slash or backslash would leave it."""
    return path if path and path.startswith("/") and path[1:2] not in ("/", "\\") else None


def _activity(db: sqlite3.Connection, activity_id: str) -> tuple[Activity, Course, Member]:
    require_person(db)
    activity = courses.activity(db, activity_id)
    if activity is None:
        abort(404, "There is no such activity; the teacher may have removed it.")
    course, member = require_member(db, activity.course_id)
    return activity, course, member


def _login_initiation(db: sqlite3.Connection, message: messages.Message, target: str) -> str:
    """Third-party initiated login (LTI Security Framework 1.0 section 5.1.1.1), posted by the browser."""
    tool = lms().tool.settings()
    exchanges.note(db, exchanges.TO_TOOL, "Login initiation", message.type)
    fields = {
        "iss": lms().settings.issuer,
        "login_hint": message.person_id,
        "target_link_uri": target,
        "lti_message_hint": message.hint,
        "client_id": tool.client_id,
        "lti_deployment_id": tool.deployment_id,
        "lti_storage_target": "_parent",
    }
    return render_template("post.html", action=tool.login_url, fields=fields, title=f"Opening {tool.name}")


def _grade_table(db: sqlite3.Connection, course: Course, viewer: Member) -> GradeTable:
    items = grades.line_items(db, course.id)
    columns = [(item, grades.scores(db, item)) for item in items]
    learners = [m.person for m in courses.members(db, course.id) if not m.is_teacher]
    shown = learners if viewer.is_teacher else [viewer.person]
    return GradeTable(items, [(person, [_cell(*column, person) for column in columns]) for person in shown])


def _cell(item: LineItem, scores: dict[str, Score], person: Person) -> Cell:
    score = scores.get(person.id)
    return Cell(score, score.points(item) if score else None)


def _cells_by_activity(table: GradeTable) -> dict[str, tuple[LineItem, Cell]]:
    """A learner's own cells, for the course page."""
    [(_, cells)] = table.rows
    return {item.activity_id: (item, cell) for item, cell in zip(table.columns, cells, strict=True) if item.activity_id}
