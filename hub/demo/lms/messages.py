"""Launches under way, and what may be used only once."""

import secrets
import sqlite3
import time
from dataclasses import dataclass

RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"

LAUNCH_LIFETIME = 300
"""Seconds from a click to the authentication request."""

CHOOSING_LIFETIME = 3600
"""Seconds a teacher may take to choose in deep linking."""


@dataclass(frozen=True)
class Message:
    """A message that a person asked for and the tool has not fetched yet (or not answered, in deep linking)."""

    hint: str
    type: str
    person_id: str
    course_id: int
    activity_id: str | None
    data: str | None
    expires_at: float


def begin_launch(db: sqlite3.Connection, person_id: str, course_id: int, activity_id: str) -> Message:
    """A resource link launch that this person has just asked for."""
    expires_at = time.time() + LAUNCH_LIFETIME
    return _keep(db, Message(_token(), RESOURCE_LINK, person_id, course_id, activity_id, None, expires_at))


def begin_deep_linking(db: sqlite3.Connection, person_id: str, course_id: int) -> Message:
    """A choice of content that this teacher has just asked for; its `data` identifies the answer."""
    expires_at = time.time() + CHOOSING_LIFETIME
    return _keep(db, Message(_token(), DEEP_LINKING, person_id, course_id, None, _token(), expires_at))


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
    db.execute(
        "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(message.hint, message.type, message.person_id, message.course_id),
            *(message.activity_id, message.data, message.expires_at),
        ),
    )
    return message


def _token() -> str:
    return secrets.token_urlsafe(24)
