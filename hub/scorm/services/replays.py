"""Replays: what content and sequencing did in an attempt, kept with each commit and shown to support people."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Invalid, NotFound, say
from hub.identity import Principal
from hub.ports import Clock, Ids
from hub.scorm.services.courses import Course, Courses
from hub.scorm.spec import replay
from hub.scorm.spec.replay import Call
from hub.scorm.spec.sequencing.exceptions import EXCEPTIONS
from hub.scorm.spec.statements import clean
from hub.scorm.storage import registrations, replays
from hub.scorm.storage.tables_reports import ReplayRecord
from hub.scorm.storage.tables_runtime import Attempt, RuntimeState

KINDS = ("calls", "navigation")
#: Records that one transaction removes.
_SWEPT_AT_ONCE = 5_000
_READ_AT_ONCE = 500


class ReplayLog:
    """Keeps what happens, in the transaction of what it tells; within bounds, and only if it is to be kept at all."""

    def __init__(self, ids: Ids, clock: Clock, days: int, limit: int) -> None:
        """`days` is how long records are kept (0: none is made), `limit` the bytes for one activity of an attempt."""
        self._ids = ids
        self._clock = clock
        self._days = days
        self._limit = limit

    def calls(self, work: UnitOfWork, state: RuntimeState, calls: Sequence[Call], first: int, now: datetime) -> None:
        """Keep the API calls that came with a commit, numbered from `first` on within the session."""
        fresh = replay.new_calls(calls, first, state.calls)
        if not fresh or not self._days:
            return
        missing = first - state.calls - 1
        state.calls = first + len(calls) - 1
        entries: dict[str, Any] = {"calls": [replay.cut(call) for call in fresh]}
        if missing > 0:
            entries["missing"] = missing
        text = json.dumps(entries, separators=(",", ":"))
        if self._has_room(state, text):
            self._add(work, state.tenant_id, state.attempt_id, state.activity_id, state.session, "calls", text, now)

    def navigation(
        self, work: UnitOfWork, attempt: Attempt, activity_id: UUID | None, found: Mapping[str, Any], now: datetime
    ) -> None:
        """Keep a navigation request with what it led to (`hub.scorm.spec.replay.navigation_record`)."""
        text = json.dumps(found, separators=(",", ":"))
        if self._days and self._has_room(attempt, text):
            self._add(work, attempt.tenant_id, attempt.id, activity_id, 0, "navigation", text, now)

    @property
    def oldest(self) -> datetime:
        """The time before which nothing is kept."""
        return self._clock.now() - timedelta(days=self._days)

    def _has_room(self, owner: Attempt | RuntimeState, text: str) -> bool:
        """Count the text towards what its owner may hold; past the limit nothing more is kept."""
        if owner.replay_bytes >= self._limit:
            return False
        owner.replay_bytes += len(text)
        return True

    def _add(
        self,
        work: UnitOfWork,
        tenant_id: UUID,
        attempt_id: UUID,
        activity_id: UUID | None,
        session: int,
        kind: str,
        text: str,
        now: datetime,
    ) -> None:
        work.session.add(
            ReplayRecord(
                id=self._ids.uuid(),
                tenant_id=tenant_id,
                attempt_id=attempt_id,
                activity_id=activity_id,
                session=session,
                kind=kind,
                entries=text,
                at=now,
            )
        )


@dataclass(frozen=True, slots=True)
class CallView:
    """One API call, with the time at which it was made and the standard's name of its error."""

    at: datetime
    method: str
    element: str
    value: str
    answer: str
    error: int
    error_words: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the pseudo-code: process and step by their numbers, at which activity, and what was found."""

    process: str
    process_name: str
    step: str
    activity: str | None
    note: str


@dataclass(frozen=True, slots=True)
class ClosedView:
    """What was not offered afterwards for one reason: `continue`, `previous`, and activities that cannot be chosen."""

    exception: str
    reason: str
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class NavigationView:
    """One navigation request: what was asked where, what came of it, and the steps that explain it.

    `closed` are the buttons and lines of the outline that the learner could not press afterwards, and why.
    """

    request: str
    target: str | None
    shown: str | None
    delivered: str | None
    resumed: bool
    ended: bool
    exception: str | None
    reason: str | None
    trace: Sequence[StepView]
    left_out: int
    closed: Sequence[ClosedView] = ()


@dataclass(frozen=True, slots=True)
class RecordView:
    """What came at one time: calls of one session, or one navigation request. `missing` calls were not kept."""

    id: UUID
    at: datetime
    kind: str
    activity: str | None
    session: int
    calls: Sequence[CallView]
    missing: int
    navigation: NavigationView | None


@dataclass(frozen=True, slots=True)
class ReplayView:
    """A part of a replay. `titles` name its activities, `is_full` are those of which not everything was kept.

    `next_id` is the record to go on after, None at the end.
    """

    registration_id: UUID
    attempt: int
    standard: str
    titles: Mapping[str, str]
    is_full: Sequence[str]
    records: Sequence[RecordView]
    next_id: UUID | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a replay is to be shown: one kind of record, one activity, calls that failed or requests refused."""

    kind: str | None = None
    activity: str | None = None
    only_errors: bool = False


class Replays:
    """Shows replays, and removes them after their time."""

    def __init__(self, db: Database, ids: Ids, courses: Courses, log: ReplayLog, limit: int) -> None:
        self._db = db
        self._ids = ids
        self._courses = courses
        self._log = log
        self._limit = limit

    def get(
        self,
        principal: Principal,
        registration_id: UUID,
        attempt: int,
        wanted: Wanted = Wanted(),
        after: UUID | None = None,
        limit: int = _READ_AT_ONCE,
    ) -> ReplayView:
        """What is wanted of `limit` records of an attempt, in their order, after `after`. That it was read is audited.

        Raises `NotFound` for a registration, attempt or activity that is not there.
        """
        principal.require("replays.read")
        if wanted.kind not in {None, *KINDS}:
            raise Invalid(say("kind is one of %(kinds)s.", kinds=", ".join(KINDS)), code="bad_kind")
        with self._db.unit_of_work(principal.tenant_id) as work:
            found, course = self._attempt(work.session, principal, registration_id, attempt)
            activity_id = course.activity(wanted.activity).id if wanted.activity else None
            rows = replays.page(
                work.session,
                principal.tenant_id,
                found.id,
                kind=wanted.kind,
                activity_id=activity_id,
                after=after,
                limit=limit + 1,
            )
            states = registrations.states(work.session, principal.tenant_id, found.id)
            if after is None:
                details = {"attempt": attempt}
                record(work.session, self._ids.uuid(), principal, "replay.read", str(registration_id), details)
        full = [course.by_id[one.activity_id].node.id for one in states if self._is_full(course, one)]
        shown, next_id = rows[:limit], rows[limit - 1].id if len(rows) > limit else None
        records = [view for row in shown if (view := _record_view(row, course, wanted)) is not None]
        titles = _titles(course)
        return ReplayView(registration_id, attempt, course.standard, titles, full, records, next_id)

    def all(self, principal: Principal, registration_id: UUID, attempt: int) -> Iterator[RecordView]:
        """Every record of an attempt, read a few hundred at a time."""
        shown = self.get(principal, registration_id, attempt)
        yield from shown.records
        while shown.next_id is not None:
            shown = self.get(principal, registration_id, attempt, after=shown.next_id)
            yield from shown.records

    def find(self, principal: Principal, external_id: str) -> UUID:
        """The registration that the API knows by this id, for who may replay. Raises `NotFound`."""
        principal.require("replays.read")
        with self._db.read(principal.tenant_id) as session:
            reach = principal.reach("replays.read")
            found = registrations.find_by_external_id(session, principal.tenant_id, external_id, reach)
        if found is None:
            raise NotFound("There is no such registration.", code="registration_not_found")
        return found

    def sweep(self) -> int:
        """Remove what has been kept long enough; how many records it were."""
        removed = 0
        while True:
            with self._db.unit_of_work(EVERY_TENANT) as work:
                count = replays.remove_before(work.session, self._log.oldest, _SWEPT_AT_ONCE)
            removed += count
            if count < _SWEPT_AT_ONCE:
                return removed

    def _attempt(
        self, session: Session, principal: Principal, registration_id: UUID, number: int
    ) -> tuple[Attempt, Course]:
        row = registrations.find(session, principal.tenant_id, registration_id, principal.reach("replays.read"))
        if row is None:
            raise NotFound("There is no such registration.", code="registration_not_found")
        found = replays.find_attempt(session, principal.tenant_id, registration_id, number)
        if found is None:
            raise NotFound(say("The registration has no attempt %(number)s.", number=number), code="attempt_not_found")
        version_id = found.package_version_id or row.registration.package_version_id
        return found, self._courses.find(session, principal.tenant_id, version_id)

    def _is_full(self, course: Course, state: RuntimeState) -> bool:
        return state.replay_bytes >= self._limit and state.activity_id in course.by_id


def _titles(course: Course) -> dict[str, str]:
    """The titles of all activities, that of the course for the root of its tree."""
    root = {course.tree.activities[0].identifier: course.title} if course.tree else {}
    return root | {one.node.id: one.node.title or one.node.id for one in course.activities}


def _record_view(row: ReplayRecord, course: Course, wanted: Wanted) -> RecordView | None:
    """The record as people see it; None when nothing in it is wanted."""
    activity = course.by_id.get(row.activity_id) if row.activity_id else None
    kept = json.loads(row.entries)
    calls: Sequence[CallView] = ()
    navigation = None
    if row.kind == "calls":
        calls = [_call_view(Call(*call), row.at, course.standard) for call in kept["calls"]]
        calls = [call for call in calls if call.error or not wanted.only_errors]
    else:
        navigation = _navigation_view(kept)
    if wanted.only_errors and not calls and (navigation is None or navigation.exception is None):
        return None
    identifier = activity.node.id if activity else None
    return RecordView(row.id, row.at, row.kind, identifier, row.session, calls, int(kept.get("missing", 0)), navigation)


def _call_view(call: Call, sent_at: datetime, standard: str) -> CallView:
    return CallView(
        at=sent_at - timedelta(milliseconds=call.age),
        method=call.method,
        element=clean(call.element),
        value=clean(call.value),
        answer=clean(call.answer),
        error=call.error,
        error_words=replay.error_words(standard, call.error),
    )


def _navigation_view(kept: Mapping[str, Any]) -> NavigationView:
    exception = kept.get("exception")
    return NavigationView(
        request=kept["request"],
        target=kept.get("target"),
        shown=kept.get("shown"),
        delivered=kept.get("delivered"),
        resumed=bool(kept.get("resumed")),
        ended=bool(kept.get("ended")),
        exception=exception,
        reason=EXCEPTIONS.get(exception or "", exception),
        trace=[
            StepView(process, replay.PROCESSES.get(process, process), step, activity, note)
            for process, step, activity, note in kept["trace"]
        ],
        left_out=int(kept.get("left_out", 0)),
        closed=[
            ClosedView(exception, EXCEPTIONS.get(exception, exception), names)
            for exception, names in kept.get("closed", {}).items()
        ],
    )
