"""Delivery of outbox messages: claim, run the handler outside any transaction, then finish or try again."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from hub.db import EVERY_TENANT, Database, outbox
from hub.errors import HubError, Unavailable
from hub.ports import Clock

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
#: Lanes: work in one never waits for work in the other. What may take long has threads of its own.
PROMPT, LONG = "prompt", "long"
GIVE_UP_AFTER = timedelta(days=3)
LONGEST_PAUSE_SECONDS = 3600


@dataclass
class RetryLater(Exception):
    """Raised by a handler: the other side cannot take it now. `after_seconds` is its own wish, if it has one."""

    reason: str
    after_seconds: float | None = None


#: A handler does the work of one message. It returns when the work is done, raises `RetryLater` or
#: `Unavailable` to be called again, and any other `HubError` to give up.
Handler = Callable[[outbox.Claimed], None]


@dataclass(frozen=True, slots=True)
class Topic:
    """Who handles a topic, in which lane, and how long a message is held before another worker may take it."""

    handler: Handler
    lease: timedelta = LEASE
    lane: str = PROMPT


class Relay:
    """Runs handlers for outbox messages."""

    def __init__(self, db: Database, clock: Clock, topics: Mapping[str, Topic]) -> None:
        self._db = db
        self._clock = clock
        self._topics = topics

    def deliver(self, message_id: UUID) -> bool:
        """Work on one message unless it is done, not due or held elsewhere. True when it was worked on."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            message = outbox.claim(work.session, message_id, self._clock.now(), self._lease)
        if message is None:
            return False
        if self._clock.now() - message.created_at > GIVE_UP_AFTER:
            self._give_up(message, "It kept failing for three days.")
            return True
        try:
            self._topics[message.topic].handler(message)
        except RetryLater as later:
            self._retry(message, later.reason, later.after_seconds)
        except Unavailable as error:
            self._retry(message, error.detail, None)
        except HubError as error:
            self._give_up(message, error.detail)
        else:
            with self._db.unit_of_work(message.tenant_id) as work:
                outbox.complete(work.session, message.id, self._clock.now())
        return True

    def due(self, lane: str, limit: int = 200) -> Sequence[UUID]:
        """Every message of the lane that is due and held by nobody, oldest first."""
        topics = [name for name in self._topics if self.lane_of(name) == lane]
        with self._db.read(EVERY_TENANT) as session:
            return outbox.due_messages(session, self._clock.now(), topics, limit)

    def lane_of(self, topic: str) -> str:
        """In which lane the work of a topic is done."""
        return self._topics[topic].lane if topic in self._topics else PROMPT

    def _lease(self, topic: str) -> timedelta:
        return self._topics[topic].lease

    def _retry(self, message: outbox.Claimed, reason: str, after_seconds: float | None) -> None:
        now = self._clock.now()
        pause = pause_before(message.attempts) if after_seconds is None else after_seconds
        with self._db.unit_of_work(message.tenant_id) as work:
            outbox.retry_at(work.session, message.id, now + timedelta(seconds=pause), reason)
        log.info("outbox_retry", topic=message.topic, attempts=message.attempts, pause_seconds=round(pause, 1))

    def _give_up(self, message: outbox.Claimed, reason: str) -> None:
        with self._db.unit_of_work(message.tenant_id) as work:
            outbox.give_up(work.session, message.id, self._clock.now(), reason)
        log.warning("outbox_given_up", topic=message.topic, message_id=str(message.id), reason=reason)


def pause_before(attempts: int) -> float:
    """Seconds before the next try: doubling from 2 s up to an hour, each with up to half of it as jitter."""
    pause = min(2.0**attempts, LONGEST_PAUSE_SECONDS)
    return pause * random.uniform(0.75, 1.25)
