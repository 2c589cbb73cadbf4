"""Intake: concurrent requests of one process share a commit, each waiting for the one that holds its statements.

There is no writer thread. Whoever finds nobody writing becomes the writer for all that wait; when its commit is done
it wakes them and hands over to one that came meanwhile. An idle LRS writes at once, a busy one in large commits.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import UUID

import orjson
import psycopg

from hub.db import Database
from hub.errors import Conflict, HubError, Unavailable, Violation
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.knowledge import Knowledge, Lesson
from hub.xapi_lrs.services.stores import StoreView
from hub.xapi_lrs.spec import filing
from hub.xapi_lrs.spec.immutability import are_same
from hub.xapi_lrs.spec.reading import statement_path
from hub.xapi_lrs.storage import intake, references

#: The most statements of one commit; a larger request is a commit of its own.
LARGEST_COMMIT = 2_000

#: So many statements of one request take longer to write than a commit does.
BATCH = 50

#: The longest that a commit waits for others to share it, in seconds.
LONGEST_PAUSE = 0.002


@dataclass(frozen=True, slots=True)
class Target:
    """The statement that another one targets with a StatementRef, and whether it voids it."""

    target_id: UUID
    is_voiding: bool


class Incoming(intake.Row, gc=False):
    """A statement that was judged and completed, ready to be given its `stored` time; `raw` is how it came."""

    id_text: str
    raw: bytes
    reference: Target | None = None

    @property
    def statement(self) -> dict[str, Any]:
        """As it came, read."""
        statement: dict[str, Any] = orjson.loads(self.raw)
        return statement


@dataclass(slots=True)
class Submission:
    """The statements of one request: all are stored or none. `done` is locked until that is decided."""

    store: StoreView
    statements: list[Incoming]
    is_batch: bool
    lessons: list[Lesson] = field(default_factory=list)
    error: HubError | None = None
    is_finished: bool = False
    done: Any = field(default_factory=Lock)

    @property
    def has_references(self) -> bool:
        """Whether one of the statements targets another."""
        return any(each.reference is not None for each in self.statements)


class Intake:
    """The one way into the tables of statements."""

    def __init__(self, db: Database, knowledge: Knowledge, filing: Filing) -> None:
        self._db = db
        self._knowledge = knowledge
        self._filing = filing
        self._mutex = Lock()
        self._waiting: list[Submission] = []
        self._is_writing = False
        #: How many submissions the last commit held, and how long it took.
        self._last_size, self._last_seconds = 1, 0.0
        #: Stores in which references were seen to wait for their target.
        self._unsettled: set[int] = set()
        #: The newest `stored` time that this process has committed, by store number.
        self.newest: dict[int, int] = {}

    def store(self, submission: Submission) -> None:
        """Return once the statements are on disk; raise what refused them."""
        if submission.lessons:
            self._drop_known(submission)
        submission.done.acquire()
        with self._mutex:
            self._waiting.append(submission)
            leads = not self._is_writing
            self._is_writing = True
        if not leads:
            submission.done.acquire()
        if not submission.is_finished:
            self._write_waiting()
        if submission.error is not None:
            raise submission.error

    def _drop_known(self, submission: Submission) -> None:
        """What teaches nothing can be written with the plain statements."""
        store = submission.store
        with self._db.connection(store.tenant_id, store.number) as connection:
            if self._knowledge.are_written(connection, store, submission.lessons):
                submission.lessons = []

    def _write_waiting(self) -> None:
        """Commit what waits, this thread's own submission first among it, and hand over."""
        self._wait_for_company()
        group = self._take_group()
        begun = time.monotonic()
        try:
            self._commit(group[0].store, group)
            self._last_size, self._last_seconds = len(group), time.monotonic() - begun
        except HubError as error:
            _fail(group, error)
        except BaseException:
            _fail(group, Unavailable("The statements could not be stored.", code="write_failed"))
            raise
        finally:
            self._hand_over(group)

    def _wait_for_company(self) -> None:
        """Who was answered by the last commit soon sends again: a moment, much shorter than a commit, lets them share
        this one, where it would else be for the first of them alone. A batch costs more than the commit that it would
        share."""
        if len(self._waiting) < self._last_size and len(self._waiting[0].statements) < BATCH:
            time.sleep(min(self._last_seconds / 4, LONGEST_PAUSE))

    def _take_group(self) -> list[Submission]:
        """The oldest submissions to one store, up to the size of a commit; the first is always among them."""
        with self._mutex:
            group: list[Submission] = []
            size = 0
            for each in self._waiting:
                if each.store.number == self._waiting[0].store.number:
                    size += len(each.statements)
                    if group and size > LARGEST_COMMIT:
                        break
                    group.append(each)
            taken = {id(each) for each in group}
            self._waiting = [each for each in self._waiting if id(each) not in taken]
        return group

    def _hand_over(self, group: Sequence[Submission]) -> None:
        for each in group:
            each.is_finished = True
        with self._mutex:
            heir = self._waiting[0] if self._waiting else None
            self._is_writing = heir is not None
        for each in group:
            each.done.release()
        if heir is not None:
            heir.done.release()

    def _commit(self, store: StoreView, group: list[Submission]) -> None:
        """Write at once what only adds statements; where more is to be done, or an id is known, look at each."""
        looks_new, last = True, None
        try:
            last = self._append(store, group)
        except intake.IdsTaken:
            looks_new = False
        if last is None:
            with self._db.connection(store.tenant_id, store.number) as connection:
                last = self._write_in_order(connection, store, group, looks_new=looks_new)
        if last:
            self.newest[store.number] = max(self.newest.get(store.number, 0), last)
        self.note_committed([each for each in group if each.error is None])

    def _append(self, store: StoreView, group: list[Submission]) -> int | None:
        """Write and commit in one round trip; returns the last `stored` time, or None when that is not possible."""
        if store.number in self._unsettled or any(each.lessons or each.has_references for each in group):
            return None
        rows = _statements_of(group)
        with self._db.connection(store.tenant_id, store.number) as connection:
            first = intake.append(connection, store.number, rows, follows_references=False)
        return None if first is None else first + len(rows) - 1

    def write_within(self, connection: psycopg.Connection[Any], submission: Submission) -> None:
        """Write in a transaction of the caller's, who commits soon: the store waits until then."""
        self._write_in_order(connection, submission.store, [submission], looks_new=True)
        if submission.error is not None:
            raise submission.error

    def note_committed(self, submissions: Sequence[Submission]) -> None:
        """What these said is known from now on, and their statements wait to be filed."""
        for each in submissions:
            self._knowledge.remember(each.lessons)
            self._filing.note(each.store, len(each.statements))

    def _write_in_order(
        self,
        connection: psycopg.Connection[Any],
        store: StoreView,
        submissions: Sequence[Submission],
        *,
        looks_new: bool,
    ) -> int:
        """Become the one writer of the store, and look at each statement only where that is needed. Returns the last
        `stored` time, or 0 when nothing was new."""
        dangling = intake.take_order(connection, store.number)
        (self._unsettled.add if dangling else self._unsettled.discard)(store.number)
        rows = _statements_of(submissions)
        connects = any(each.has_references for each in submissions)
        if looks_new and not connects and not (dangling and _waiting_for(connection, store, rows)):
            first = intake.append_new(connection, store.number, rows)
            if first is not None:
                self._knowledge.learn(connection, store, _lessons_of(submissions))
                return first + len(rows) - 1
        return self._write_carefully(connection, store, submissions, dangling)

    def _write_carefully(
        self, connection: psycopg.Connection[Any], store: StoreView, submissions: Sequence[Submission], dangling: int
    ) -> int:
        """Leave out what is stored already, refuse the requests that say something else under a known id, follow
        references, and learn what is new. Returns the last `stored` time, or 0 when nothing was new."""
        ids = {UUID(bytes=each.id) for each in _statements_of(submissions)}
        stored = intake.bodies_of(connection, store.number, list(ids))
        known = {key.bytes: orjson.loads(body) if body else None for key, (_, body) in stored.items()}
        for submission in submissions:
            self._settle(submission, known)
        accepted = [each for each in submissions if each.error is None]
        incoming = _statements_of(accepted)
        if not incoming:
            return 0
        first = intake.append(connection, store.number, incoming, follows_references=True)
        assert first is not None
        _connect(connection, store, first, incoming, dangling)
        self._knowledge.learn(connection, store, _lessons_of(accepted))
        return first + len(incoming) - 1

    def _settle(self, submission: Submission, known: dict[bytes, dict[str, Any] | None]) -> None:
        """Decide about a submission (`_settle`); what is stored already teaches nothing, whatever it says this time of
        activities and people (Communication 2.1.2)."""
        came = len(submission.statements)
        _settle(submission, known)
        if submission.lessons and len(submission.statements) < came:
            submission.lessons = [
                lesson
                for one in (each.statement for each in submission.statements)
                for lesson in self._knowledge.lessons_of(
                    submission.store, filing.activities_in(one), filing.people_in(one)
                )
            ]


def _statements_of(submissions: Sequence[Submission]) -> list[Incoming]:
    return [each for submission in submissions for each in submission.statements]


def _lessons_of(submissions: Sequence[Submission]) -> list[Lesson]:
    return [each for submission in submissions for each in submission.lessons]


def _waiting_for(
    connection: psycopg.Connection[Any], store: StoreView, incoming: Sequence[Incoming]
) -> list[references.Reference]:
    """The references whose target is among the statements."""
    return references.pointing_to(connection, store.number, [UUID(bytes=each.id) for each in incoming])


def _fail(group: Sequence[Submission], error: HubError) -> None:
    """Nothing of the group is stored."""
    for each in group:
        each.error = each.error or error


def _settle(submission: Submission, known: dict[bytes, dict[str, Any] | None]) -> None:
    """Keep the statements whose ids are new; the same ones again are accepted, different ones are refused (409), and so
    are those whose id is `known` without its statement, because nobody can tell whether they are the same."""
    faults = [
        Violation(
            "Data 2.3.1",
            f"{statement_path(index, is_batch=submission.is_batch)}.id",
            "another statement has this id",
            str(UUID(bytes=each.id)),
        )
        for index, each in enumerate(submission.statements)
        if each.id in known and not _is_same(each, known[each.id])
    ]
    if faults:
        submission.error = Conflict(
            "A statement with this id is stored, and it is not the same.", code="statement_conflict", violations=faults
        )
        return
    submission.statements = [each for each in submission.statements if each.id not in known]
    known.update({each.id: each.statement for each in submission.statements})


def _is_same(incoming: Incoming, before: dict[str, Any] | None) -> bool:
    return before is not None and are_same(incoming.statement, before)


def _connect(
    connection: psycopg.Connection[Any], store: StoreView, first: int, incoming: Sequence[Incoming], dangling: int
) -> None:
    """Follow StatementRefs: those of the new statements, and those that waited for them."""
    made = [
        references.Reference(each.reference.target_id, UUID(bytes=each.id), stored, each.reference.is_voiding)
        for stored, each in enumerate(incoming, first)
        if each.reference is not None
    ]
    waiting = _waiting_for(connection, store, incoming) if dangling else []
    if made or waiting:
        references.connect(connection, store.number, store.term_key, made, waiting)
