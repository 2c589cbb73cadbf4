"""Line items, scores and results (LTI Assignment and Grade Services 2.0).

Where the standard leaves room we are as strict as the strictest platform in wide use: a score must be newer, to
the second, than the one it replaces, may not come from the future, and may be for an active learner only.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import courses
from .content import LinkLineItem, moment, positive
from .courses import Activity
from .tools import LEEWAY, Refused

ACTIVITY_PROGRESS = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING_PROGRESS = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")

INSERT_LINE_ITEM = """
INSERT INTO line_item
    (course_id, deployment, activity_id, label, score_maximum, resource_id, tag, start_at, end_at, review)
VALUES (:course_id, :deployment, :activity_id, :label, :score_maximum, :resource_id, :tag, :start_at, :end_at, :review)
RETURNING *
"""
UPDATE_LINE_ITEM = """
UPDATE line_item SET label = :label, score_maximum = :score_maximum, resource_id = :resource_id, tag = :tag,
    start_at = :start_at, end_at = :end_at, review = coalesce(:review, review) WHERE id = :id RETURNING *
"""


class OutOfOrder(Exception):
    """The score is not newer than the one it would replace: 409."""


@dataclass(frozen=True)
class LineItem:
    """One column of the gradebook."""

    id: int
    course_id: int
    activity_id: str | None
    label: str
    score_maximum: float
    resource_id: str | None
    tag: str | None
    start_at: str | None
    end_at: str | None
    deployment: str
    review: Mapping[str, Any] | None

    def shows_submission(self, score: "Score") -> bool:
        """Whether the tool shows what a learner handed in, in the state it is in (Submission Review 1.0 section 4)."""
        return self.review is not None and score.activity_progress in self.review.get("reviewableStatus", ())


@dataclass(frozen=True)
class Score:
    """What a tool last said of one learner in one column."""

    person_id: str
    given: float | None
    maximum: float | None
    activity_progress: str
    grading_progress: str
    timestamp: datetime
    comment: str | None

    def points(self, item: LineItem) -> float | None:
        """The score on the column's scale, never above its maximum."""
        if self.given is None or self.maximum is None:
            return None
        return min(round(self.given / self.maximum * item.score_maximum, 4), item.score_maximum)


def line_items(db: sqlite3.Connection, course_id: int) -> list[LineItem]:
    """The columns of the course's gradebook, oldest first."""
    rows = db.execute("SELECT * FROM line_item WHERE course_id = ? ORDER BY id", (course_id,))
    return [_line_item(row) for row in rows]


def line_item(db: sqlite3.Connection, course_id: int, item_id: int) -> LineItem | None:
    """One column of this course, if it exists."""
    row = db.execute("SELECT * FROM line_item WHERE course_id = ? AND id = ?", (course_id, item_id)).fetchone()
    return _line_item(row) if row else None


def items_of(db: sqlite3.Connection, activity: Activity) -> list[LineItem]:
    """The columns of one activity."""
    return [item for item in line_items(db, activity.course_id) if item.activity_id == activity.id]


def add_linked(db: sqlite3.Connection, activity: Activity, item: LinkLineItem) -> None:
    """Make the column that came with a link."""
    review = json.dumps(item.review) if item.review is not None else None
    values = {"label": item.label, "score_maximum": item.score_maximum, "resource_id": item.resource_id}
    given = {"tag": item.tag, "start_at": None, "end_at": None, "review": review}
    place = {"course_id": activity.course_id, "deployment": activity.deployment, "activity_id": activity.id}
    db.execute(INSERT_LINE_ITEM, {**values, **given, **place})


def make_line_item(db: sqlite3.Connection, course_id: int, deployment: str, body: Any) -> LineItem:
    """Make a column of a tool's from the JSON `body` (AGS section 3.2.4)."""
    values = _line_item_values(db, course_id, body)
    place = {"course_id": course_id, "deployment": deployment}
    return _line_item(db.execute(INSERT_LINE_ITEM, {**values, **place}).fetchone())


def change_line_item(db: sqlite3.Connection, item: LineItem, body: Any) -> LineItem:
    """Put the JSON `body` in place of what `item` was; its resource link stays (AGS section 3.2.5)."""
    values = _line_item_values(db, item.course_id, body)
    return _line_item(db.execute(UPDATE_LINE_ITEM, {**values, "id": item.id}).fetchone())


def copy_line_items(db: sqlite3.Connection, old: Activity, new: Activity) -> None:
    """Give a copied activity the columns of the one that it was copied from, without scores."""
    columns = "label, score_maximum, resource_id, tag, start_at, end_at, review, deployment"
    db.execute(
        f"INSERT INTO line_item (course_id, activity_id, {columns})"
        f" SELECT ?, ?, {columns} FROM line_item WHERE activity_id = ? ORDER BY id",
        (new.course_id, new.id, old.id),
    )


def remove_line_item(db: sqlite3.Connection, item: LineItem) -> None:
    """Drop a column and its scores."""
    db.execute("DELETE FROM line_item WHERE id = ?", (item.id,))


def scores(db: sqlite3.Connection, item: LineItem) -> dict[str, Score]:
    """The scores of one column by person."""
    rows = db.execute(
        "SELECT person_id, given, maximum, activity_progress, grading_progress, timestamp, comment"
        " FROM score WHERE line_item_id = ? ORDER BY person_id",
        (item.id,),
    )
    return {row["person_id"]: _score(row) for row in rows}


def record_score(db: sqlite3.Connection, item: LineItem, body: Any, now: datetime) -> Score:
    """Take the score in the JSON `body` (AGS section 3.4); `Refused` or `OutOfOrder` when it cannot count."""
    score = read_score(body)
    if score.timestamp > now + timedelta(seconds=LEEWAY):
        raise Refused("timestamp lies in the future")
    member = courses.member(db, item.course_id, score.person_id)
    if member is None or member.is_teacher:
        raise Refused(f"userId {score.person_id!r} is not a learner of this course")
    before = scores(db, item).get(score.person_id)
    if before is not None and score.timestamp.replace(microsecond=0) <= before.timestamp.replace(microsecond=0):
        raise OutOfOrder(f"a score of {before.timestamp.isoformat()} is kept already")
    _keep(db, item, score)
    return score


def read_score(body: Any) -> Score:
    """The score in a JSON body, with its properties checked (AGS section 3.4.1 to 3.4.9)."""
    if not isinstance(body, dict):
        raise Refused("the score must be a JSON object")
    given = body.get("scoreGiven")
    if given is not None and (isinstance(given, bool) or not isinstance(given, int | float) or not given >= 0):
        raise Refused(f"scoreGiven must be a number from 0, found {given!r}")
    has_maximum = given is not None or body.get("scoreMaximum") is not None
    return Score(
        person_id=_required_text(body, "userId"),
        given=given,
        maximum=positive(body.get("scoreMaximum"), "scoreMaximum") if has_maximum else None,
        activity_progress=_choice(body, "activityProgress", ACTIVITY_PROGRESS),
        grading_progress=_choice(body, "gradingProgress", GRADING_PROGRESS),
        timestamp=moment(_required_text(body, "timestamp"), "timestamp"),
        comment=body.get("comment") if isinstance(body.get("comment"), str) else None,
    )


def _keep(db: sqlite3.Connection, item: LineItem, score: Score) -> None:
    values = (
        *(item.id, score.person_id, score.given, score.maximum),
        *(score.activity_progress, score.grading_progress, score.timestamp.isoformat(), score.comment),
    )
    db.execute("INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _line_item(row: sqlite3.Row) -> LineItem:
    values: dict[str, Any] = dict(row)
    return LineItem(**{**values, "review": json.loads(values["review"]) if values["review"] else None})


def _score(row: sqlite3.Row) -> Score:
    values: dict[str, Any] = dict(row)
    return Score(**{**values, "timestamp": datetime.fromisoformat(values["timestamp"])})


def _line_item_values(db: sqlite3.Connection, course_id: int, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused("the line item must be a JSON object")
    return {
        "activity_id": _activity_id(db, course_id, body.get("resourceLinkId")),
        "label": _required_text(body, "label"),
        "score_maximum": positive(body.get("scoreMaximum"), "scoreMaximum"),
        "resource_id": _optional_text(body, "resourceId"),
        "tag": _optional_text(body, "tag"),
        "start_at": _optional_text(body, "startDateTime"),
        "end_at": _optional_text(body, "endDateTime"),
        "review": json.dumps(body["submissionReview"]) if isinstance(body.get("submissionReview"), dict) else None,
    }


def _activity_id(db: sqlite3.Connection, course_id: int, link_id: Any) -> str | None:
    if link_id is None:
        return None
    activity = courses.activity(db, str(link_id))
    if activity is None or activity.course_id != course_id:
        raise Refused(f"resourceLinkId {link_id!r} is not a link of this course")
    return activity.id


def _required_text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name} must be a text, found {value!r}")
    return value


def _optional_text(body: dict[str, Any], name: str) -> str | None:
    return _required_text(body, name) if body.get(name) not in (None, "") else None


def _choice(body: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = body.get(name)
    if value not in allowed:
        raise Refused(f"{name} must be one of {', '.join(allowed)}, found {value!r}")
    return str(value)
