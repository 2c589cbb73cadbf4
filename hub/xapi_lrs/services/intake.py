"""Intake: concurrent requests of one process share a commit, each waiting for the one that holds its statements.

There is no writer thread. Whoever finds nobody writing becomes the writer for all that wait; when its commit is done
it wakes them and hands over to one that came meanwhile. An idle LRS writes at once, a busy one in large commits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import UUID

import orjson
import psycopg

from hub.db import Database
from hub.errors import Conflict, HubError, Unavailable, Violation
from hub.xapi_lrs.services.knowledge import Knowledge, Lesson
from hub.xapi_lrs.services.stores import StoreView
from hub.xapi_lrs.spec import filing
from hub.xapi_lrs.spec.completion import Opening
from hub.xapi_lrs.spec.immutability import are_same
from hub.xapi_lrs.spec.values import timestamp_text
from hub.xapi_lrs.storage import intake, references, wire

#: The most statements of one commit; a larger request is a commit of its own.
LARGEST_COMMIT = 2_000


@dataclass(slots=True)
class Incoming:
    """A statement that was judged and completed, ready to be given its `stored` time."""

    id: bytes
    id_text: str
    statement: dict[str, Any]
    opening: Opening
    terms: list[bytes]


@dataclass(slots=True)
class Submission:
    """The statements of one request: all are stored or none. `done` is locked until that is decided."""

    store: StoreView
    statements: list[Incoming]
    lessons: list[Lesson] = field(default_factory=list)
    error: HubError | None = None
    is_finished: bool = False
    done: Any = field(default_factory=Lock)


class Intake:
    """The one way into the tables of statements."""

    def __init__(self, db: Database, knowledge: Knowledge) -> None:
        self._db = db
        self._knowledge = knowledge
        self._mutex = Lock()
        self._waiting: list[Submission] = []
        self._is_writing = False
        #: The newest `stored` time that this process has committed, by store number.
        self.newest: dict[int, int] = {}

    def store(self, submission: Submission) -> None:
        """Return once the statements are on disk; raise what refused them."""
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

    def _write_waiting(self) -> None:
        """Commit what waits, this thread's own submission first among it, and hand over."""
        group: list[Submission] = []
        store = self._waiting[0].store
        try:
            self._commit(store, group)
        except HubError as error:
            self._fail(store, group, error)
        except BaseException:
            self._fail(store, group, Unavailable("The statements could not be stored.", code="write_failed"))
            raise
        finally:
            self._hand_over(group)

    def _take_group(self, store: StoreView) -> list[Submission]:
        """The oldest submissions to the store, up to the size of a commit; the first is always among them."""
        with self._mutex:
            group: list[Submission] = []
            size = 0
            for each in self._waiting:
                if each.store.number == store.number:
                    size += len(each.statements)
                    if group and size > LARGEST_COMMIT:
                        break
                    group.append(each)
            taken = {id(each) for each in group}
            self._waiting = [each for each in self._waiting if id(each) not in taken]
        return group

    def _fail(self, store: StoreView, group: list[Submission], error: HubError) -> None:
        """Nothing of the group is stored; without a group, nothing of what waits for that store."""
        group += [] if group else self._take_group(store)
        for each in group:
            each.error = each.error or error

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
        """Write as if all ids were new; where one is not, again with each request compared to what is there.

        The group is taken only once the store's order is: what comes while another process commits goes along.
        """
        try:
            with self._db.connection(store.tenant_id, store.number) as connection:
                first, dangling = intake.take_order(connection, store.number)
                group += self._take_group(store)
                last = self._write(connection, store, group, first, dangling)
                wire.commit(connection)
        except intake.IdsTaken:
            with self._db.connection(store.tenant_id, store.number) as connection:
                last = self._write_carefully(connection, store, group)
        self.newest[store.number] = max(self.newest.get(store.number, 0), last)
        for each in group:
            if each.error is None:
                self._knowledge.remember(each.lessons)

    def write_within(self, connection: psycopg.Connection[Any], submission: Submission) -> None:
        """Write in a transaction of the caller's, who commits soon: the store waits until then."""
        self._write_carefully(connection, submission.store, [submission])
        if submission.error is not None:
            raise submission.error

    def _write_carefully(
        self, connection: psycopg.Connection[Any], store: StoreView, submissions: Sequence[Submission]
    ) -> int:
        """Leave out what is stored already, and refuse the requests that say something else under a known id."""
        first, dangling = intake.take_order(connection, store.number)
        ids = {UUID(bytes=each.id) for submission in submissions for each in submission.statements}
        stored = intake.bodies_of(connection, store.number, list(ids))
        known = {key.bytes: orjson.loads(body) for key, (_, body) in stored.items()}
        for submission in submissions:
            _settle(submission, known)
        return self._write(connection, store, [each for each in submissions if each.error is None], first, dangling)

    def _write(
        self,
        connection: psycopg.Connection[Any],
        store: StoreView,
        submissions: Sequence[Submission],
        first: int,
        dangling: int,
    ) -> int:
        """Give every statement its `stored` time, from `first` on, and write it; returns the last time."""
        incoming = [each for submission in submissions for each in submission.statements]
        if not incoming:
            return 0
        rows = [_row(each, stored) for stored, each in enumerate(incoming, first)]
        intake.insert(connection, store.number, rows)
        pointing = [(each, row) for each, row in zip(incoming, rows, strict=True) if filing.target_of(each.statement)]
        if pointing or dangling:
            _connect(connection, store, rows, pointing, dangling)
        self._knowledge.learn(connection, store, [each for submission in submissions for each in submission.lessons])
        return rows[-1].stored


def _row(incoming: Incoming, stored: int) -> intake.Row:
    body = incoming.opening.closed(timestamp_text(stored).encode())
    return intake.Row(incoming.id, stored, body, incoming.terms)


def _settle(submission: Submission, known: dict[bytes, dict[str, Any]]) -> None:
    """Keep the statements whose ids are new; the same ones again are accepted, different ones are refused (409)."""
    faults = [
        Violation("Data 2.3.1", f"$[{index}].id", "another statement has this id", str(UUID(bytes=each.id)))
        for index, each in enumerate(submission.statements)
        if each.id in known and not are_same(each.statement, known[each.id])
    ]
    if faults:
        submission.error = Conflict(
            "A statement with this id is stored, and it is not the same.", code="statement_conflict", violations=faults
        )
        return
    submission.statements = [each for each in submission.statements if each.id not in known]
    known.update({each.id: each.statement for each in submission.statements})


def _connect(
    connection: psycopg.Connection[Any],
    store: StoreView,
    rows: Sequence[intake.Row],
    pointing: Iterable[tuple[Incoming, intake.Row]],
    dangling: int,
) -> None:
    """Follow StatementRefs: those of the new statements, and those that waited for them."""
    made = [
        references.Reference(
            UUID(filing.target_of(each.statement)), UUID(bytes=row.id), row.stored, filing.is_voiding(each.statement)
        )
        for each, row in pointing
    ]
    waiting = references.pointing_to(connection, store.number, [UUID(bytes=row.id) for row in rows]) if dangling else []
    if made or waiting:
        references.connect(connection, store.number, store.term_key, made, waiting)
