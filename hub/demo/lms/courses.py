"""People, courses, memberships and the activities of a course."""

import json
import sqlite3
import uuid
from dataclasses import asdict, dataclass, replace
from typing import Any

from .content import Look, LtiLink
from .settings import Tool

GROUPS = {"blue": "Blue group", "green": "Green group"}
"""The groups of every course, by their ids."""


@dataclass(frozen=True)
class Person:
    """Someone who can sign in. `id` is the LTI `sub`: opaque and never reused."""

    id: str
    username: str
    given_name: str
    family_name: str
    email: str

    @property
    def name(self) -> str:
        """The full name as shown."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True)
class Course:
    """A course: an LTI context. `history` has the ids of those it was copied from, the nearest first."""

    id: int
    label: str
    title: str
    description: str
    history: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """A person in a course with a role there: Instructor or Learner.

    `status` is Active, or Deleted for one who was taken off the course; `version` rises with every change to any
    membership of the course; `team` is the id of a group, or empty.
    """

    person: Person
    role: str
    status: str
    version: int
    team: str

    @property
    def is_teacher(self) -> bool:
        """Whether this member may add activities and see everyone's grades."""
        return self.role == "Instructor"


@dataclass(frozen=True)
class Activity:
    """Something of a tool's on the course page. `id` is the LTI resource link id, `deployment` the tool's.

    `history` has the ids of the links it was copied from, the nearest first.
    """

    id: str
    course_id: int
    title: str
    text: str
    url: str | None
    custom: dict[str, str]
    presentation: str
    deployment: str
    history: tuple[str, ...]
    look: Look


# People and courses -----------------------------------------------------------------------------------------------


def people(db: sqlite3.Connection) -> list[Person]:
    """Everyone who can sign in, teachers first."""
    rows = db.execute(
        "SELECT p.* FROM person p JOIN membership m ON m.person_id = p.id"
        " GROUP BY p.id ORDER BY min(m.role), p.username"
    )
    return [Person(**row) for row in rows]


def person(db: sqlite3.Connection, person_id: str) -> Person | None:
    """The person with this id, if there is one."""
    row = db.execute("SELECT * FROM person WHERE id = ?", (person_id,)).fetchone()
    return Person(**row) if row else None


def course(db: sqlite3.Connection, course_id: int) -> Course | None:
    """The course with this id, if there is one."""
    row = db.execute("SELECT * FROM course WHERE id = ?", (course_id,)).fetchone()
    return _course(row) if row else None


def courses_of(db: sqlite3.Connection, person_id: str) -> list[Course]:
    """The courses that this person is in, the oldest first."""
    rows = db.execute(
        "SELECT c.* FROM course c JOIN membership m ON m.course_id = c.id"
        " WHERE m.person_id = ? AND m.status = 'Active' ORDER BY c.id",
        (person_id,),
    )
    return [_course(row) for row in rows]


def is_teacher(db: sqlite3.Connection, person_id: str) -> bool:
    """Whether this person teaches any course, and so may set up the platform."""
    found = db.execute("SELECT 1 FROM membership WHERE person_id = ? AND role = 'Instructor'", (person_id,))
    return found.fetchone() is not None


# Memberships ------------------------------------------------------------------------------------------------------


def members(db: sqlite3.Connection, course_id: int) -> list[Member]:
    """Everyone who is or was in the course, teachers first, in an order that does not change."""
    rows = db.execute(f"{_MEMBERS} WHERE m.course_id = ? ORDER BY m.role, p.username", (course_id,))
    return [_member(row) for row in rows]


def active_members(db: sqlite3.Connection, course_id: int) -> list[Member]:
    """Everyone who is in the course."""
    return [one for one in members(db, course_id) if one.status == "Active"]


def member(db: sqlite3.Connection, course_id: int, person_id: str) -> Member | None:
    """This person's membership of the course, if they are in it."""
    row = db.execute(
        f"{_MEMBERS} WHERE m.course_id = ? AND m.person_id = ? AND m.status = 'Active'", (course_id, person_id)
    ).fetchone()
    return _member(row) if row else None


def set_status(db: sqlite3.Connection, course_id: int, person_id: str, status: str) -> None:
    """Take a learner off the course, or back into it; who asks for differences is told."""
    db.execute(
        "UPDATE membership SET status = ?, version = (SELECT max(version) + 1 FROM membership)"
        " WHERE course_id = ? AND person_id = ? AND role = 'Learner'",
        (status, course_id, person_id),
    )


_MEMBERS = "SELECT p.*, m.role, m.status, m.version, m.team FROM membership m JOIN person p ON p.id = m.person_id"


# Activities -------------------------------------------------------------------------------------------------------


def activities(db: sqlite3.Connection, course_id: int) -> list[Activity]:
    """The course's activities in the order of its page."""
    rows = db.execute("SELECT * FROM activity WHERE course_id = ? ORDER BY position", (course_id,))
    return [_activity(row) for row in rows]


def activity(db: sqlite3.Connection, activity_id: str) -> Activity | None:
    """The activity with this id, if there is one."""
    row = db.execute("SELECT * FROM activity WHERE id = ?", (activity_id,)).fetchone()
    return _activity(row) if row else None


def add_link(db: sqlite3.Connection, course_id: int, deployment: str, link: LtiLink) -> Activity:
    """Put a deep-linked activity at the end of the course page."""
    made = Activity(
        str(uuid.uuid4()),
        course_id,
        link.title,
        link.text,
        link.url,
        link.custom,
        link.presentation,
        deployment,
        (),
        link.look,
    )
    return _keep(db, made)


def course_link(course: Course, tool: Tool) -> Activity:
    """What a tool shows for a course as a whole: a link that is on no page and in no gradebook."""
    link_id, deployment = f"course-{course.id}-{tool.deployment_id}", tool.deployment_id
    return Activity(link_id, course.id, tool.name, "", tool.course_url, {}, "iframe", deployment, (), Look())


def remove_activity(db: sqlite3.Connection, activity_id: str) -> None:
    """Take an activity off its course page, with its line items and scores."""
    db.execute("DELETE FROM activity WHERE id = ?", (activity_id,))


def copy_course(
    db: sqlite3.Connection, old: Course, title: str, *, with_custom: bool
) -> tuple[Course, list[tuple[Activity, Activity]]]:
    """A copy of a course with its people and activities, and each activity beside its copy.

    Without `with_custom` the custom values of links are lost, as by platforms that copy but what they know.
    """
    history = (str(old.id), *old.history)
    row = db.execute(
        "INSERT INTO course (label, title, description, history) VALUES (?, ?, ?, ?) RETURNING *",
        (old.label, title, old.description, ",".join(history)),
    ).fetchone()
    new = _course(row)
    db.execute(
        "INSERT INTO membership (course_id, person_id, role, team)"
        " SELECT ?, person_id, role, team FROM membership WHERE course_id = ? AND status = 'Active'",
        (new.id, old.id),
    )
    return new, [(one, _keep(db, _copied(one, new, with_custom))) for one in activities(db, old.id)]


def _copied(old: Activity, course: Course, with_custom: bool) -> Activity:
    return replace(
        old,
        id=str(uuid.uuid4()),
        course_id=course.id,
        custom=old.custom if with_custom else {},
        history=(old.id, *old.history),
    )


def _keep(db: sqlite3.Connection, made: Activity) -> Activity:
    columns = "id, course_id, title, text, url, custom, presentation, deployment, history, look"
    db.execute(
        f"INSERT INTO activity ({columns}, position)"
        " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(max(position), 0) + 1 FROM activity",
        (
            *(made.id, made.course_id, made.title, made.text, made.url, json.dumps(made.custom), made.presentation),
            *(made.deployment, ",".join(made.history), json.dumps(asdict(made.look))),
        ),
    )
    return made


def _course(row: sqlite3.Row) -> Course:
    values: dict[str, Any] = dict(row)
    return Course(**{**values, "history": _ids(values["history"])})


def _member(row: sqlite3.Row) -> Member:
    values: dict[str, Any] = dict(row)
    own = {name: values.pop(name) for name in ("role", "status", "version", "team")}
    return Member(Person(**values), **own)


def _activity(row: sqlite3.Row) -> Activity:
    values: dict[str, Any] = dict(row)
    values.pop("position")
    custom, look = json.loads(values["custom"]), Look(**json.loads(values["look"]))
    return Activity(**{**values, "custom": custom, "history": _ids(values["history"]), "look": look})


def _ids(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
