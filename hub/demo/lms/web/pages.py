"""The pages people use: sign in, the course, an activity, the roster and the gradebook."""

import hmac
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from .. import courses, exchanges, grades, messages
from ..courses import Activity, Course, Member, Person
from ..grades import LineItem, Score
from ..settings import SettingsFault, Tool, password
from .context import (
    lms,
    platform_time,
    require_member,
    require_person,
    require_teacher,
    sign_in,
    signed_in,
    switched,
    transaction,
)

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
        own = courses.courses_of(db, person.id) if person else []
        people = courses.people(db)
    if person is not None:
        page = url_for("pages.course", course_id=own[0].id) if own else url_for("pages.list_courses")
        return redirect(_own_path(request.args.get("next")) or page)
    return render_template("sign_in.html", people=people, next=request.args.get("next", ""))


@blueprint.get("/courses")
def list_courses() -> str:
    """The courses that this person is in."""
    with transaction() as db:
        person = require_person(db)
        own = [(one, courses.member(db, one.id, person.id)) for one in courses.courses_of(db, person.id)]
        people, administers = courses.people(db), courses.is_teacher(db, person.id)
    return render_template("courses.html", person=person, people=people, administers=administers, own=own)


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
    said = request.args.get("said", "")
    return _page("course.html", course, member, activities=activities, cells=cells, said=said, now=_now())


@blueprint.post("/courses/<int:course_id>/copy")
def copy(course_id: int) -> Response:
    """Make a course anew from this one, with its people and activities and without grades."""
    with transaction() as db:
        course, _ = require_teacher(db, course_id)
        title = request.form.get("title", "").strip()[:200] or f"{course.title} (copy)"
        made, copies = courses.copy_course(db, course, title, with_custom="custom" in request.form)
        for old, new in copies:
            grades.copy_line_items(db, old, new)
    return redirect(url_for("pages.course", course_id=made.id))


@blueprint.get("/courses/<int:course_id>/add")
def add(course_id: int) -> str:
    """Begin deep linking: this page is shown in the dialog and goes to the tool at once."""
    tool = _tool(request.args.get("deployment"))
    with transaction() as db:
        _, member = require_teacher(db, course_id)
        message = messages.begin_deep_linking(db, member.person.id, course_id, tool.deployment_id)
        return _login_initiation(db, tool, message, tool.deep_link_url)


@blueprint.get("/activities/<activity_id>")
def activity(activity_id: str) -> str:
    """An activity in its frame, or the link that opens it in a window."""
    with transaction() as db:
        activity, course, member = _activity(db, activity_id)
    is_open = member.is_teacher or activity.look.is_open(_now())
    return _page("activity.html", course, member, activity=activity, is_open=is_open)


@blueprint.get("/activities/<activity_id>/launch")
def launch(activity_id: str) -> str:
    """Begin a resource link launch: this page is shown in the frame and goes to the tool at once."""
    with transaction() as db:
        activity, _, member = _activity(db, activity_id)
        if not member.is_teacher and not activity.look.is_open(_now()):
            abort(403, "This activity is not open now.")
        tool = lms().tools.deployed(activity.deployment)
        message = messages.begin_launch(db, member.person.id, activity)
        return _login_initiation(db, tool, message, activity.url or tool.launch_url)


@blueprint.get("/courses/<int:course_id>/tools/<deployment_id>")
def course_tool(course_id: int, deployment_id: str) -> str:
    """What a tool shows for the course as a whole."""
    tool = lms().tools.deployed(deployment_id)
    with transaction() as db:
        course, member = require_member(db, course_id)
    return _page("course_tool.html", course, member, tool=tool)


@blueprint.get("/courses/<int:course_id>/tools/<deployment_id>/launch")
def launch_course_tool(course_id: int, deployment_id: str) -> str:
    """Begin the launch of a tool for the course as a whole."""
    tool = lms().tools.deployed(deployment_id)
    if not tool.course_url:
        abort(404, "This tool shows nothing for a course as a whole.")
    with transaction() as db:
        _, member = require_member(db, course_id)
        message = messages.begin_course(db, member.person.id, course_id, deployment_id)
        return _login_initiation(db, tool, message, tool.course_url)


@blueprint.get("/activities/<activity_id>/submissions/<int:item_id>/<person_id>")
def submission(activity_id: str, item_id: int, person_id: str) -> str:
    """What a learner handed in, shown by the tool; for teachers and for the learner."""
    with transaction() as db:
        activity, course, member = _activity(db, activity_id)
        _reviewed(db, activity, member, item_id, person_id)
        learner = courses.member(db, course.id, person_id)
    return _page("submission.html", course, member, activity=activity, item_id=item_id, learner=learner)


@blueprint.get("/activities/<activity_id>/submissions/<int:item_id>/<person_id>/launch")
def review(activity_id: str, item_id: int, person_id: str) -> str:
    """Begin a submission review: this page is shown in the frame and goes to the tool at once."""
    with transaction() as db:
        activity, _, member = _activity(db, activity_id)
        item = _reviewed(db, activity, member, item_id, person_id)
        tool = lms().tools.deployed(activity.deployment)
        message = messages.begin_review(db, member.person.id, activity, item, person_id)
        return _login_initiation(db, tool, message, (item.review or {}).get("url") or tool.reviews_at)


def _reviewed(db: sqlite3.Connection, activity: Activity, member: Member, item_id: int, person_id: str) -> LineItem:
    """The column of a submission that this member may look at."""
    item = grades.line_item(db, activity.course_id, item_id)
    score = grades.scores(db, item).get(person_id) if item else None
    if item is None or score is None or not item.shows_submission(score):
        abort(404, "There is nothing here that could be looked at.")
    if not member.is_teacher and member.person.id != person_id:
        abort(403, "This is the work of somebody else.")
    return item


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
    """Who is in the course; to its teachers also who was."""
    with transaction() as db:
        course, member = require_member(db, course_id)
        members = courses.members(db, course_id) if member.is_teacher else courses.active_members(db, course_id)
    return _page("roster.html", course, member, members=members, groups=courses.GROUPS)


@blueprint.post("/courses/<int:course_id>/roster")
def change_roster(course_id: int) -> Response:
    """Take a learner off the course, or back into it."""
    with transaction() as db:
        require_teacher(db, course_id)
        status = "Active" if request.form.get("status") == "Active" else "Deleted"
        courses.set_status(db, course_id, request.form.get("person", ""), status)
    return redirect(url_for("pages.roster", course_id=course_id))


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
    target = url_for("pages.course", course_id=course_id, said=text[:500] or None)
    return render_template("back.html", target=target, text=text)


def _page(name: str, course: Course, member: Member, **values: Any) -> str:
    with transaction() as db:
        people, own = courses.people(db), courses.courses_of(db, member.person.id)
        administers = courses.is_teacher(db, member.person.id)
    common = {"person": member.person, "people": people, "administers": administers, "tools": _tools(), "own": own}
    return render_template(name, course=course, member=member, has_storage=switched().has_storage, **common, **values)


def _tools() -> dict[str, Tool]:
    """The registered tools by their deployments."""
    try:
        return {tool.deployment_id: tool for tool in lms().tools.all()}
    except SettingsFault:
        return {}


def _tool(deployment_id: str | None) -> Tool:
    return lms().tools.deployed(deployment_id) if deployment_id else lms().tools.first()


def _now() -> datetime:
    return datetime.fromtimestamp(platform_time(), UTC)


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


def _login_initiation(db: sqlite3.Connection, tool: Tool, message: messages.Message, target: str) -> str:
    """Third-party initiated login (LTI Security Framework 1.0 section 5.1.1.1), posted by the browser."""
    exchanges.note(db, exchanges.TO_TOOL, "Login initiation", message.type)
    fields = {
        "iss": lms().settings.issuer,
        "login_hint": message.person_id,
        "target_link_uri": target,
        "lti_message_hint": message.hint,
        "client_id": tool.client_id,
        "lti_deployment_id": tool.deployment_id,
        **({"lti_storage_target": "_parent"} if switched().has_storage else {}),
    }
    return render_template("post.html", action=tool.login_url, fields=fields, title=f"Opening {tool.name}")


def _grade_table(db: sqlite3.Connection, course: Course, viewer: Member) -> GradeTable:
    items = grades.line_items(db, course.id)
    columns = [(item, grades.scores(db, item)) for item in items]
    learners = [m.person for m in courses.active_members(db, course.id) if not m.is_teacher]
    shown = learners if viewer.is_teacher else [viewer.person]
    return GradeTable(items, [(person, [_cell(*column, person) for column in columns]) for person in shown])


def _cell(item: LineItem, scores: dict[str, Score], person: Person) -> Cell:
    score = scores.get(person.id)
    return Cell(score, score.points(item) if score else None)


def _cells_by_activity(table: GradeTable) -> dict[str, tuple[LineItem, Cell]]:
    """A learner's own cells, for the course page."""
    [(_, cells)] = table.rows
    return {item.activity_id: (item, cell) for item, cell in zip(table.columns, cells, strict=True) if item.activity_id}
