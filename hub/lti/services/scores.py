"""Grades on their way to the platforms: queued with the progress that caused them, sent by the worker, seen by people.

The steps of a delivery are separate transactions with the request between them, so a worker may die anywhere: before
the request the score is still pending, after it the score goes again under the same time, which a platform takes as
the same score. Only the newest score of a learner is ever sent, and one at a time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.db.outbox import Claimed
from hub.errors import Conflict, HubError, NotFound, Unavailable, say
from hub.events import RegistrationProgressed
from hub.identity import Principal
from hub.lti.pylti_bridge import Bridge, Grades, PlatformRefused
from hub.lti.spec import scores as spec
from hub.lti.spec import vocabulary as v
from hub.lti.spec.deep_linking import LINE_ITEM_TAG, LONGEST_LABEL, SCORE_MAXIMUM
from hub.lti.spec.platform import Platform
from hub.lti.storage import deliveries, links, platforms
from hub.lti.storage.tables import ScoreDeliveryRow
from hub.ports import Clock, Ids, Transients
from hub.relay import RetryLater
from hub.scorm.services.registrations import AttemptResult, results_of_attempts

log = structlog.get_logger(__name__)

TOPIC = "lti.score"
STATUSES = ("pending", "sending", "delivered", "failed", "superseded")

#: Shorter than the lease of the outbox message, so that a message that is taken up again finds this one over.
SENDING_LEASE = timedelta(seconds=100)
ANOTHER_IS_SENT_SECONDS = 2.0
LINE_ITEM_SECONDS = 60
#: A platform that takes longer for a score gets one at a time for a minute, so that the others' grades find a thread.
SLOW, SLOW_FOR_SECONDS = timedelta(seconds=5), 60
#: The scale of a column is looked at again after so long.
SCALE_IS_GOOD_FOR = timedelta(days=1)
#: Moodle says 403 to a column that went to another course.
_GONE = {403, 404, 410}


@dataclass(frozen=True, slots=True)
class ScoreDelivery:
    """A delivery as people see it. `scored_at` is the time told to the platform, `last_error` its last refusal."""

    id: UUID
    platform_id: UUID
    platform_name: str
    link_title: str | None
    context_title: str | None
    registration_id: UUID
    user_id: str
    status: str
    score_given: Decimal | None
    score_maximum: Decimal
    activity_progress: str
    grading_progress: str
    scored_at: datetime
    attempts: int
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What is to be sent, read in one transaction and sent outside of it.

    It `may_be_there` when it was sent before under this time: by a worker that died, or without an answer. It
    `has_turn` at a platform that is slow.
    """

    delivery_id: UUID
    tenant_id: UUID
    user_id: str
    score: spec.Score
    scored_at: datetime
    may_be_there: bool
    column: deliveries.Column
    platform: Platform
    began_at: datetime
    has_turn: bool


class Scores:
    """Queue, deliver, list and repeat score deliveries."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, transients: Transients, bridge: Bridge) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._bridge = bridge

    def queue(self, work: UnitOfWork, event: RegistrationProgressed) -> None:
        """Take note of a learner's progress, in the transaction of the progress itself.

        Only registrations that came by a graded link have a grade to send, and only a score that says something new
        is queued; it takes the place of whatever was still waiting.
        """
        target = deliveries.target_of(work.session, event.tenant_id, event.registration_id)
        if target is None:
            return
        attempts = results_of_attempts(work.session, event.tenant_id, event.registration_id)
        score = spec.counted(_with_news(attempts, event), target.counting, Decimal(SCORE_MAXIMUM))
        self._queue(work, event.tenant_id, event.registration_id, target, score, force=False)

    def _queue(
        self,
        work: UnitOfWork,
        tenant_id: UUID,
        registration_id: UUID,
        target: deliveries.Target,
        score: spec.Score,
        *,
        force: bool,
    ) -> UUID | None:
        deliveries.lock(work.session, target)
        last = deliveries.newest(work.session, tenant_id, target)
        if not force and last is not None and last.status != "failed" and not spec.replaces(score, _score(last)):
            return None
        deliveries.supersede(work.session, tenant_id, target)
        now, new_id = self._clock.now(), self._ids.uuid()
        scored_at = spec.next_timestamp(now, last.scored_at if last else None)
        deliveries.add(work.session, new_id, tenant_id, registration_id, target, score, scored_at, now)
        work.enqueue(TOPIC, {"delivery_id": str(new_id)}, tenant_id)
        return new_id

    def deliver(self, message: Claimed) -> None:
        """Send one queued score (the handler of the outbox topic); raises `RetryLater` to be called again."""
        parcel = self._begin(message)
        if parcel is None:
            return
        try:
            with self._paced(parcel):
                self._send(parcel, self._bridge.grades(parcel.platform, parcel.column.scopes))
        except PlatformRefused as refusal:
            self._refused(parcel, message, refusal)
        except (Unavailable, RetryLater) as error:
            reason = error.detail if isinstance(error, Unavailable) else error.reason
            wish = error.after_seconds if isinstance(error, RetryLater) else None
            self._retry(parcel, message, reason, wish)
        except HubError as error:
            self._settle(parcel, "failed", error.detail)
        else:
            self._settle(parcel, "delivered", None)

    def _begin(self, message: Claimed) -> _Parcel | None:
        """Take the score in hand; None when there is nothing (any more) to be sent."""
        with self._db.unit_of_work(message.tenant_id) as work:
            row = deliveries.get(work.session, message.tenant_id, UUID(message.payload["delivery_id"]))
            if row is None:
                return None
            deliveries.lock(work.session, deliveries.Target(row.line_item_id, row.user_id))
            work.session.refresh(row)
            if not self._may_send(work.session, row):
                return None
            deliveries.begin_sending(work.session, row, self._clock.now(), SENDING_LEASE)
            return self._parcel(work.session, row)

    def _take_turn(self, platform_id: UUID) -> bool:
        """Whether this is the one score that a slow platform gets at a time; False where it is not slow.

        Raises `RetryLater` while another one is under way.
        """
        if self._transients.get(_slow(platform_id)) is None:
            return False
        if not self._transients.add(_turn(platform_id), b"1", int(SENDING_LEASE.total_seconds())):
            raise RetryLater("The platform is slow, and another score is being sent to it.")
        return True

    @contextmanager
    def _paced(self, parcel: _Parcel) -> Iterator[None]:
        """Send, and take note of a platform that took long."""
        try:
            yield
        finally:
            if parcel.has_turn:
                self._transients.delete(_turn(parcel.platform.id))
            if self._clock.now() - parcel.began_at > SLOW:
                self._transients.put(_slow(parcel.platform.id), b"1", SLOW_FOR_SECONDS)

    def _may_send(self, session: Session, row: ScoreDeliveryRow) -> bool:
        now = self._clock.now()
        if row.status not in {"pending", "sending"}:
            return False
        if row.status == "sending":
            # A worker took it and has not come back: it goes again, unless a newer score has been queued meanwhile.
            _wait_for_lease(row, now)
            if deliveries.sibling(session, row, "pending"):
                row.status = "superseded"
                return False
            return True
        older = deliveries.sibling(session, row, "sending")
        if older is not None:
            _wait_for_lease(older, now)
            older.status = "superseded"
            session.flush()
        return True

    def _parcel(self, session: Session, row: ScoreDeliveryRow) -> _Parcel:
        column = deliveries.column_of(session, row.tenant_id, row.line_item_id)
        platform = platforms.get(session, row.tenant_id, column.platform_id)
        assert platform is not None  # The line item's row refers to it.
        may_be_there = row.attempts > 1 and row.scored_at <= row.created_at  # A later time was never sent before.
        return _Parcel(
            row.id,
            row.tenant_id,
            row.user_id,
            _score(row),
            row.scored_at,
            may_be_there,
            column,
            platform,
            self._clock.now(),
            self._take_turn(platform.id),
        )

    def _send(self, parcel: _Parcel, grades: Grades) -> None:
        column = self._known_column(parcel, grades) or self._found_column(parcel, grades)
        try:
            _post(parcel, grades, column)
        except PlatformRefused as refusal:
            answer = refusal.response
            may_be_gone = answer.status in _GONE and not spec.is_too_fast(answer.status, answer.body)
            if not may_be_gone or refusal.step != "service" or not parcel.column.container_url:
                raise
            if _is_there(grades, column):
                raise
            # The teacher removed the column, or the platform made another: look again, once.
            _post(parcel, grades, self._found_column(parcel, grades))

    def _known_column(self, parcel: _Parcel, grades: Grades) -> spec.Column | None:
        """The link's column with its scale, which is read once a day where it may be; None when it is not there."""
        column, now = parcel.column, self._clock.now()
        if column.url is None:
            return None
        is_fresh = column.checked_at is not None and now - column.checked_at < SCALE_IS_GOOD_FOR
        if is_fresh or not set(column.scopes) & {v.SCOPE_LINE_ITEM, v.SCOPE_LINE_ITEM_READ}:
            return spec.Column(column.url, column.score_maximum)
        found = grades.line_item(column.url)
        self._keep_column(parcel, found)
        if found is None and not column.container_url:
            raise NotFound("The link's column was removed from the gradebook.", code="lti_no_line_item")
        return found

    def _keep_column(self, parcel: _Parcel, found: spec.Column | None) -> None:
        values = (found.url, found.score_maximum, self._clock.now()) if found else (None, None, None)
        with self._db.unit_of_work(parcel.tenant_id) as work:
            links.set_line_item(work.session, parcel.tenant_id, parcel.column.line_item_id, *values)

    def _found_column(self, parcel: _Parcel, grades: Grades) -> spec.Column:
        """Find or make the column of a link that has none. One worker at a time, or there would be two columns."""
        column = parcel.column
        if not column.container_url:
            raise NotFound("The link has no column in the gradebook.", code="lti_no_line_item")
        busy = f"lti:line-item:{column.line_item_id}"
        if not self._transients.add(busy, b"1", LINE_ITEM_SECONDS):
            raise RetryLater("The column in the gradebook is being made.", ANOTHER_IS_SENT_SECONDS)
        try:
            wanted = spec.WantedColumn(
                link_id=column.link_id,
                resource_id=column.resource_id or str(column.package_id),
                tag=column.tag or LINE_ITEM_TAG,
                label=(column.title or "Course")[:LONGEST_LABEL],
                score_maximum=Decimal(SCORE_MAXIMUM),
            )
            found = grades.find_or_create(column.container_url, wanted)
            self._keep_column(parcel, found)
        finally:
            self._transients.delete(busy)
        return found

    def _refused(self, parcel: _Parcel, message: Claimed, refusal: PlatformRefused) -> None:
        outcome = spec.judge_refusal(refusal.response.status, may_be_there=parcel.may_be_there)
        wish = spec.wished_pause(refusal.response.headers)
        if refusal.step == "token":
            # Wrong keys or client ids are mended by people within hours; the score waits for them.
            self._retry(parcel, message, f"No access token. {refusal}", wish)
        elif outcome is spec.Outcome.FAIL:
            self._settle(parcel, "failed", str(refusal))
        else:
            self._retry(parcel, message, str(refusal), wish, later_time=outcome is spec.Outcome.RETRY_LATER_TIME)

    def _retry(
        self, parcel: _Parcel, message: Claimed, reason: str, wish: float | None, *, later_time: bool = False
    ) -> None:
        if self._clock.now() - message.created_at > spec.GIVE_UP_AFTER:
            self._settle(parcel, "failed", f"Given up after three days. {reason}")
            return
        self._settle(parcel, "pending", reason, later_time=later_time)
        raise RetryLater(reason, wish)

    def _settle(self, parcel: _Parcel, status: str, error: str | None, *, later_time: bool = False) -> None:
        now = self._clock.now()
        with self._db.unit_of_work(parcel.tenant_id) as work:
            deliveries.lock(work.session, deliveries.Target(parcel.column.line_item_id, parcel.user_id))
            row = deliveries.get(work.session, parcel.tenant_id, parcel.delivery_id)
            if row is None or row.status != "sending":
                return
            if status in {"pending", "failed"} and deliveries.sibling(work.session, row, "pending"):
                status = "superseded"
            row.status, row.leased_until, row.last_error = status, None, error
            row.delivered_at = now if status == "delivered" else None
            if later_time:
                row.scored_at = spec.next_timestamp(now, row.scored_at)
        log.info("score_settled", status=status, delivery=str(parcel.delivery_id), platform=str(parcel.platform.id))

    def list(
        self,
        principal: Principal,
        *,
        status: str | None = None,
        platform_id: UUID | None = None,
        before: tuple[datetime, UUID] | None = None,
        limit: int,
    ) -> Sequence[ScoreDelivery]:
        """Up to `limit` deliveries, newest first, those before the key `before` (created_at, id)."""
        principal.require("platforms.read")
        with self._db.read(principal.tenant_id) as session:
            found = deliveries.listing(
                session, principal.tenant_id, status=status, platform_id=platform_id, before=before, limit=limit
            )
            return [_view(listed) for listed in found]

    def send_again(self, principal: Principal, delivery_id: UUID) -> UUID:
        """Queue a failed score once more, as a new delivery whose id is returned.

        Raises `NotFound`, or `Conflict` for one that has not failed (a newer score may have taken its place).
        """
        principal.require("platforms.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = deliveries.get(work.session, principal.tenant_id, delivery_id)
            if row is None:
                raise NotFound("There is no such score delivery.")
            if row.status != "failed":
                raise Conflict(say("The score is %(status)s; only a failed one can be sent again.", status=row.status))
            target = deliveries.Target(row.line_item_id, row.user_id)
            made = self._queue(work, row.tenant_id, row.registration_id, target, _score(row), force=True)
            assert made is not None  # Nothing holds a forced one back.
            record(work.session, self._ids.uuid(), principal, "score_delivery.sent_again", str(delivery_id))
        return made


def _is_there(grades: Grades, column: spec.Column) -> bool:
    """Whether a column that took no score exists all the same: then it is the learner who is not there."""
    try:
        return grades.line_item(column.url) is not None
    except PlatformRefused as refusal:
        if refusal.response.status != 403 or refusal.step != "service":
            raise
        return False


def _post(parcel: _Parcel, grades: Grades, column: spec.Column) -> None:
    score = spec.rescaled(parcel.score, column.score_maximum)
    grades.send(column.url, parcel.user_id, score, spec.wire_time(parcel.scored_at))


def _slow(platform_id: UUID) -> str:
    return f"lti:slow:{platform_id}"


def _turn(platform_id: UUID) -> str:
    return f"lti:turn:{platform_id}"


def _wait_for_lease(row: ScoreDeliveryRow, now: datetime) -> None:
    if row.leased_until is not None and row.leased_until > now:
        raise RetryLater("Another score of this learner is being sent.", ANOTHER_IS_SENT_SECONDS)


def _score(row: ScoreDeliveryRow) -> spec.Score:
    return spec.Score(
        row.score_given,
        row.score_maximum,
        row.activity_progress,
        row.grading_progress,
        row.started_at,
        row.submitted_at,
        row.comment,
    )


def _with_news(attempts: Sequence[AttemptResult], event: RegistrationProgressed) -> list[spec.Attempt]:
    """The attempts, the newest as the news of it says."""
    scaled = spec.scaled_score(event.score_scaled, event.score_raw, event.score_min, event.score_max)
    own = next((one for one in attempts if one.id == event.attempt_id), None)
    began_at = own.began_at if own else event.began_at
    completed_at = (own.completed_at if own else None) or event.changed_at
    newest = spec.Attempt(spec.Progress(event.completion, event.success, scaled), began_at, completed_at)
    return [_attempt(one) for one in attempts if one.id != event.attempt_id] + [newest]


def _attempt(one: AttemptResult) -> spec.Attempt:
    result = one.result
    scaled = spec.scaled_score(result.score_scaled, result.score_raw, result.score_min, result.score_max)
    return spec.Attempt(spec.Progress(result.completion, result.success, scaled), one.began_at, one.completed_at)


def _view(listed: deliveries.Listed) -> ScoreDelivery:
    row = listed.row
    return ScoreDelivery(
        id=row.id,
        platform_id=listed.platform_id,
        platform_name=listed.platform_name,
        link_title=listed.link_title,
        context_title=listed.context_title,
        registration_id=row.registration_id,
        user_id=row.user_id,
        status=row.status,
        score_given=row.score_given,
        score_maximum=row.score_maximum,
        activity_progress=row.activity_progress,
        grading_progress=row.grading_progress,
        scored_at=row.scored_at,
        attempts=row.attempts,
        last_error=row.last_error,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )
