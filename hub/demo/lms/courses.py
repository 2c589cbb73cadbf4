"""People, courses, memberships and the activities of a course."""

import json
import sqlite3
import uuid
from dataclasses import dataclass
from typing import Any

from .content import LtiLink


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
    """A course: an LTI context."""

    id: int
    label: str
    title: str
    description: str


@dataclass(frozen=True)
class Member:
    """A person in a course with a role there: Instructor or Learner."""

    person: Person
    role: str

    @property
    def is_teacher(self) -> bool:
        """Whether this member may add activities and see everyone's grades."""
        return self.role == "Instructor"


@dataclass(frozen=True)
class Activity:
    """Something of the tool's on the course page. `id` is the LTI resource link id."""

    id: str
    course_id: int
    title: str
    text: str
    url: str | None
    custom: dict[str, str]
    presentation: str


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
    return Course(**row) if row else None


def first_course(db: sqlite3.Connection, person_id: str) -> int | None:
    """The id of the course where this person begins."""
    row = db.execute("SELECT min(course_id) FROM membership WHERE person_id = ?", (person_id,)).fetchone()
    return int(row[0]) if row[0] is not None else None


def members(db: sqlite3.Connection, course_id: int) -> list[Member]:
    """Everyone in the course, teachers first, in an order that does not change."""
    rows = db.execute(
        "SELECT p.*, m.role FROM membership m JOIN person p ON p.id = m.person_id"
        " WHERE m.course_id = ? ORDER BY m.role, p.username",
        (course_id,),
    )
    return [_member(row) for row in rows]


def member(db: sqlite3.Connection, course_id: int, person_id: str) -> Member | None:
    """This person's membership of the course, if there is one."""
    row = db.execute(
        "SELECT p.*, m.role FROM membership m JOIN person p ON p.id = m.person_id"
        " WHERE m.course_id = ? AND m.person_id = ?",
        (course_id, person_id),
    ).fetchone()
    return _member(row) if row else None


def activities(db: sqlite3.Connection, course_id: int) -> list[Activity]:
    """The course's activities in the order of its page."""
    rows = db.execute("SELECT * FROM activity WHERE course_id = ? ORDER BY position", (course_id,))
    return [_activity(row) for row in rows]


def activity(db: sqlite3.Connection, activity_id: str) -> Activity | None:
    """The activity with this id, if there is one."""
    row = db.execute("SELECT * FROM activity WHERE id = ?", (activity_id,)).fetchone()
    return _activity(row) if row else None


def add_activity(db: sqlite3.Connection, course_id: int, link: LtiLink) -> str:
    """Put a deep-linked activity at the end of the course page, with its line item; its new id."""
    activity_id = str(uuid.uuid4())
    db.execute(
        "INSERT INTO activity SELECT ?, ?, ?, ?, ?, ?, ?, coalesce(max(position), 0) + 1 FROM activity",
        (activity_id, course_id, link.title, link.text, link.url, json.dumps(link.custom), link.presentation),
    )
    if link.line_item is not None:
        item = link.line_item
        db.execute(
            "INSERT INTO line_item (course_id, activity_id, label, score_maximum, resource_id, tag)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (course_id, activity_id, item.label, item.score_maximum, item.resource_id, item.tag),
        )
    return activity_id


def remove_activity(db: sqlite3.Connection, activity_id: str) -> None:
    """Take an activity off its course page, with its line items and scores."""
    db.execute("DELETE FROM activity WHERE id = ?", (activity_id,))


def _member(row: sqlite3.Row) -> Member:
    values: dict[str, Any] = dict(row)
    role = values.pop("role")
    return Member(Person(**values), role)


def _activity(row: sqlite3.Row) -> Activity:
    values: dict[str, Any] = dict(row)
    values.pop("position")
    return Activity(**{**values, "custom": json.loads(values["custom"])})
