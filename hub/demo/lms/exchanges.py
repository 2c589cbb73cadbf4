"""A short record of what platform and tool said to each other, for the page that shows it."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

KEPT = 200

TO_TOOL = "to the tool"
FROM_TOOL = "from the tool"


@dataclass(frozen=True)
class Exchange:
    """One message: when, which way, what by its name in the standard, and a line about it."""

    at: str
    way: str
    what: str
    detail: str


def note(db: sqlite3.Connection, way: str, what: str, detail: str) -> None:
    """Add a line; the oldest beyond the number kept are dropped. No tokens go in here."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    db.execute("INSERT INTO exchange (at, way, what, detail) VALUES (?, ?, ?, ?)", (at, way, what, detail))
    db.execute("DELETE FROM exchange WHERE id <= (SELECT max(id) FROM exchange) - ?", (KEPT,))


def latest(db: sqlite3.Connection) -> list[Exchange]:
    """The newest first."""
    rows = db.execute("SELECT at, way, what, detail FROM exchange ORDER BY id DESC")
    return [Exchange(**row) for row in rows]
