"""The Demo LMS's own SQLite file: its tables, first contents, and transactions."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE person (
    id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, given_name TEXT NOT NULL, family_name TEXT NOT NULL,
    email TEXT NOT NULL);
CREATE TABLE course (
    id INTEGER PRIMARY KEY, label TEXT NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL);
CREATE TABLE membership (
    course_id INTEGER NOT NULL REFERENCES course, person_id TEXT NOT NULL REFERENCES person,
    role TEXT NOT NULL CHECK (role IN ('Instructor', 'Learner')),
    PRIMARY KEY (course_id, person_id));
CREATE TABLE activity (
    id TEXT PRIMARY KEY, course_id INTEGER NOT NULL REFERENCES course, title TEXT NOT NULL, text TEXT NOT NULL,
    url TEXT, custom TEXT NOT NULL, presentation TEXT NOT NULL CHECK (presentation IN ('iframe', 'window')),
    position INTEGER NOT NULL);
CREATE TABLE line_item (
    id INTEGER PRIMARY KEY, course_id INTEGER NOT NULL REFERENCES course,
    activity_id TEXT REFERENCES activity ON DELETE CASCADE, label TEXT NOT NULL,
    score_maximum REAL NOT NULL CHECK (score_maximum > 0), resource_id TEXT, tag TEXT,
    start_at TEXT, end_at TEXT);
CREATE TABLE score (
    line_item_id INTEGER NOT NULL REFERENCES line_item ON DELETE CASCADE,
    person_id TEXT NOT NULL REFERENCES person, given REAL, maximum REAL, activity_progress TEXT NOT NULL,
    grading_progress TEXT NOT NULL, timestamp TEXT NOT NULL, comment TEXT,
    PRIMARY KEY (line_item_id, person_id));
CREATE TABLE message (
    hint TEXT PRIMARY KEY, type TEXT NOT NULL, person_id TEXT NOT NULL REFERENCES person,
    course_id INTEGER NOT NULL REFERENCES course, activity_id TEXT REFERENCES activity ON DELETE CASCADE,
    data TEXT UNIQUE, expires_at REAL NOT NULL);
CREATE TABLE seen (
    kind TEXT NOT NULL, value TEXT NOT NULL, expires_at REAL NOT NULL, PRIMARY KEY (kind, value));
CREATE TABLE access_token (
    digest TEXT PRIMARY KEY, scope TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE exchange (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, way TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL);
"""

MORE = """
ALTER TABLE course ADD COLUMN history TEXT NOT NULL DEFAULT '';
ALTER TABLE membership ADD COLUMN team TEXT NOT NULL DEFAULT '';
ALTER TABLE membership ADD COLUMN status TEXT NOT NULL DEFAULT 'Active';
ALTER TABLE membership ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE activity ADD COLUMN deployment TEXT NOT NULL DEFAULT '1';
ALTER TABLE activity ADD COLUMN history TEXT NOT NULL DEFAULT '';
ALTER TABLE activity ADD COLUMN look TEXT NOT NULL DEFAULT '{}';
ALTER TABLE line_item ADD COLUMN deployment TEXT NOT NULL DEFAULT '1';
ALTER TABLE line_item ADD COLUMN review TEXT;
ALTER TABLE message ADD COLUMN deployment TEXT NOT NULL DEFAULT '1';
ALTER TABLE message ADD COLUMN line_item_id INTEGER;
ALTER TABLE message ADD COLUMN for_person_id TEXT;
ALTER TABLE access_token ADD COLUMN deployment TEXT NOT NULL DEFAULT '1';
CREATE TABLE registration_token (digest TEXT PRIMARY KEY, expires_at REAL NOT NULL);
CREATE TABLE switch (name TEXT PRIMARY KEY, value TEXT NOT NULL);
UPDATE membership SET team = 'blue' WHERE person_id IN (SELECT id FROM person WHERE username = 'learner1');
UPDATE membership SET team = 'green' WHERE person_id IN (SELECT id FROM person WHERE username = 'learner2');
"""

STEPS = (SCHEMA, MORE)
"""What made the tables, in order; a file of an earlier demo takes those it has not taken yet. Only ever added to."""

PEOPLE = (
    ("teacher", "Tessa", "Teacher", "Instructor"),
    ("learner1", "Liam", "Learner", "Learner"),
    ("learner2", "Lena", "Learner", "Learner"),
)
TEAMS = {"learner1": "blue", "learner2": "green"}
COURSE = (1, "ES-8", "Weather and safety", "Short courses on reading the weather and staying safe at school.")


class State:
    """The database file of one Demo LMS, made with its people and its course when it does not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.transaction() as db:
            _bring_up_to_date(db)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection of its own; rolled back when anything is raised."""
        db = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    """Take the steps that this file has not taken; one without its number, from the first demos, has taken one."""
    taken = db.execute("PRAGMA user_version").fetchone()[0]
    is_new = not db.execute("SELECT 1 FROM sqlite_schema").fetchone()
    for step in STEPS[taken or int(not is_new) :]:
        for statement in step.strip().split(";\n"):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(STEPS)}")
    if is_new:
        _fill(db)


def _fill(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO course (id, label, title, description) VALUES (?, ?, ?, ?)", COURSE)
    for username, given, family, role in PEOPLE:
        person_id = str(uuid.uuid4())
        email = f"{username}@lms.example"
        db.execute("INSERT INTO person VALUES (?, ?, ?, ?, ?)", (person_id, username, given, family, email))
        db.execute(
            "INSERT INTO membership (course_id, person_id, role, team) VALUES (?, ?, ?, ?)",
            (COURSE[0], person_id, role, TEAMS.get(username, "")),
        )
