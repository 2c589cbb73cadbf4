"""Launches under way, and what may be used only once."""

import secrets
import sqlite3
import time
from dataclasses import asdict, dataclass

from .courses import Activity
from .grades import LineItem

RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW = "LtiSubmissionReviewRequest"

LAUNCH_LIFETIME = 300
"""Seconds from a click to the authentication request."""

CHOOSING_LIFETIME = 3600
"""Seconds a teacher may take to choose in deep linking."""


@dataclass(frozen=True)
class Message:
    """A message that a person asked for and the tool has not fetched yet (or not answered, in deep linking).

    `line_item_id` and `for_person_id` are those of a submission review; `data` is deep linking's.
    """

    hint: str
    type: str
    person_id: str
    course_id: int
    activity_id: str | None
    data: str | None
    expires_at: float
    deployment: str
    line_item_id: int | None = None
    for_person_id: str | None = None


def begin_launch(db: sqlite3.Connection, person_id: str, activity: Activity) -> Message:
    """A resource link launch that this person has just asked for."""
    expires_at = time.time() + LAUNCH_LIFETIME
    place = (activity.course_id, activity.id, None, expires_at, activity.deployment)
    return _keep(db, Message(_token(), RESOURCE_LINK, person_id, *place))


def begin_course(db: sqlite3.Connection, person_id: str, course_id: int, deployment: str) -> Message:
    """A launch of what a tool shows for a course as a whole, that this person has just asked for."""
    place = (course_id, None, None, time.time() + LAUNCH_LIFETIME, deployment)
    return _keep(db, Message(_token(), RESOURCE_LINK, person_id, *place))


def begin_review(db: sqlite3.Connection, person_id: str, activity: Activity, item: LineItem, of: str) -> Message:
    """A look at the submission of the person `of` that this person has just asked for."""
    expires_at = time.time() + LAUNCH_LIFETIME
    place = (activity.course_id, activity.id, None, expires_at, activity.deployment)
    return _keep(db, Message(_token(), SUBMISSION_REVIEW, person_id, *place, item.id, of))


def begin_deep_linking(db: sqlite3.Connection, person_id: str, course_id: int, deployment: str) -> Message:
    """A choice of content that this teacher has just asked for; its `data` identifies the answer."""
    place = (course_id, None, _token(), time.time() + CHOOSING_LIFETIME, deployment)
    return _keep(db, Message(_token(), DEEP_LINKING, person_id, *place))


def by_hint(db: sqlite3.Connection, hint: str) -> Message | None:
    """The message a login hint stands for, unless it has expired."""
    row = db.execute("SELECT * FROM message WHERE hint = ? AND expires_at > ?", (hint, time.time())).fetchone()
    return Message(**row) if row else None


def take_by_data(db: sqlite3.Connection, data: str) -> Message | None:
    """The deep linking message that `data` answers; a second answer to it finds nothing."""
    row = db.execute(
        "DELETE FROM message WHERE data = ? AND expires_at > ? RETURNING *", (data, time.time())
    ).fetchone()
    return Message(**row) if row else None


def use_once(db: sqlite3.Connection, kind: str, value: str, expires_at: float) -> bool:
    """Whether `value` is seen for the first time; remembered until `expires_at`."""
    db.execute("DELETE FROM seen WHERE expires_at < ?", (time.time(),))
    added = db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (kind, value, expires_at))
    return added.rowcount == 1


def _keep(db: sqlite3.Connection, message: Message) -> Message:
    db.execute("DELETE FROM message WHERE expires_at < ?", (time.time(),))
    values = asdict(message)
    names = ", ".join(values)
    db.execute(f"INSERT INTO message ({names}) VALUES ({', '.join('?' * len(values))})", tuple(values.values()))
    return message


def _token() -> str:
    return secrets.token_urlsafe(24)
