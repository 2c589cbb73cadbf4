"""The outbox: work is written with its cause, done at least once, tried again, and given up in the open."""

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.celery_app import LongLane
from hub.db import EVERY_TENANT, Database, outbox
from hub.db.tables import OutboxMessage
from hub.errors import Forbidden, Unavailable
from hub.events import Events
from hub.relay import GIVE_UP_AFTER, LONG, PROMPT, Relay, RetryLater, Topic, pause_before


class StoppedClock:
    """A clock that a test sets, a minute ahead of the database's: all that a test will enqueue is due."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC) + timedelta(minutes=1)

    def now(self) -> datetime:
        return self.at


class RecordingQueue:
    """A queue that keeps what was announced."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[tuple[str, ...]] = []
        self.broken = broken

    def send(self, task: str, *arguments: str) -> None:
        if self.broken:
            raise Unavailable("The task queue does not answer.")
        self.sent.append((task, *arguments))


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def queue():
    return RecordingQueue()


@pytest.fixture
def db(hub, settings, queue):
    made = Database(settings.sqlalchemy_url, 4, Events(), hub.ports.ids, queue)
    yield made
    made.dispose()


def enqueue(db: Database, tenant_id: UUID) -> UUID:
    with db.unit_of_work(EVERY_TENANT) as work:
        return work.enqueue("test", {"n": 1}, tenant_id)


def row(db: Database, message_id: UUID) -> OutboxMessage:
    with db.read(EVERY_TENANT) as session:
        return session.scalars(select(OutboxMessage).where(OutboxMessage.id == message_id)).one()


def relay_with(db, clock, handler: Callable[[outbox.Claimed], None]) -> Relay:
    return Relay(db, clock, {"test": Topic(handler)})


def refuse_with(error: Exception) -> Callable[[outbox.Claimed], None]:
    def handler(message: outbox.Claimed) -> None:
        raise error

    return handler


def test_a_message_is_announced_after_the_commit_and_done_once(db, queue, clock, tenant):
    seen = []
    with db.unit_of_work(EVERY_TENANT) as work:
        message_id = work.enqueue("test", {"n": 1}, tenant.id)
        assert queue.sent == []
    assert queue.sent == [("outbox.deliver", str(message_id), "test")]
    relay = relay_with(db, clock, seen.append)
    clock.at += timedelta(seconds=1)
    assert relay.deliver(message_id) is True
    assert relay.deliver(message_id) is False
    assert [(message.payload, message.attempts) for message in seen] == [({"n": 1}, 1)]
    assert row(db, message_id).done_at == clock.at


def test_what_is_rolled_back_is_neither_kept_nor_announced(db, queue, tenant):
    written = []

    def fail_after_enqueueing() -> None:
        with db.unit_of_work(EVERY_TENANT) as work:
            written.append(work.enqueue("test", {}, tenant.id))
            raise RuntimeError("the cause failed")

    with pytest.raises(RuntimeError):
        fail_after_enqueueing()
    assert queue.sent == []
    with db.read(EVERY_TENANT) as session:
        assert session.get(OutboxMessage, written[0]) is None


def test_a_lost_nudge_is_found_by_the_sweep(db, queue, clock, tenant):
    queue.broken = True
    message_id = enqueue(db, tenant.id)
    clock.at += timedelta(seconds=1)
    with db.read(EVERY_TENANT) as session:
        assert message_id in outbox.due_messages(session, clock.at, ["test"], 1000)
    assert row(db, message_id).done_at is None


def test_a_lane_does_its_own_work_only(db, queue, clock, tenant):
    queue.broken = True
    message_id = enqueue(db, tenant.id)
    clock.at += timedelta(seconds=1)
    relay = Relay(db, clock, {"test": Topic(lambda _: None, lane=LONG), "other": Topic(lambda _: None)})
    assert message_id not in relay.due(PROMPT, 1000)
    assert message_id in relay.due(LONG, 1000)
    assert (relay.lane_of("test"), relay.lane_of("other"), relay.lane_of("unknown")) == (LONG, PROMPT, PROMPT)


def test_what_takes_long_holds_up_nothing_else(hub, db, clock, tenant):
    """Ten messages that take long, on two threads: each is begun once, two at a time, and at low priority."""
    clock.at += timedelta(minutes=1)
    begun, go_on = [], threading.Event()

    def slow(message: outbox.Claimed) -> None:
        begun.append((message.id, os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))
        assert go_on.wait(60)

    lane = LongLane(Relay(db, clock, {"test": Topic(slow, lane=LONG)}), threads=2)
    messages = [enqueue(db, tenant.id) for _ in range(10)]
    for message_id in [*messages, *messages]:
        lane.add(message_id)
    wait_until(lambda: len(begun) == 2)
    assert relay_with(db, clock, lambda _: None).deliver(messages[9])  # Another worker may take what waits here.
    go_on.set()
    wait_until(lambda: all(row(db, message_id).done_at for message_id in messages))
    lane.stop()
    lane.add(enqueue(db, tenant.id))
    assert sorted(message_id for message_id, _ in begun) == sorted(messages[:9])
    if sys.platform == "linux":
        assert {niceness for _, niceness in begun} == {min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)}


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("error", [RetryLater("busy"), Unavailable("No answer.")])
def test_it_is_tried_again_later(db, clock, tenant, error):
    message_id = enqueue(db, tenant.id)
    clock.at += timedelta(seconds=1)
    relay_with(db, clock, refuse_with(error)).deliver(message_id)
    waiting = row(db, message_id)
    assert (waiting.done_at, waiting.failed_at, waiting.attempts) == (None, None, 1)
    assert waiting.available_at > clock.at
    assert relay_with(db, clock, refuse_with(error)).deliver(message_id) is False
    clock.at += timedelta(minutes=1)
    done = []
    assert relay_with(db, clock, done.append).deliver(message_id) is True
    assert [message.attempts for message in done] == [2]


def test_the_other_side_says_when(db, clock, tenant):
    message_id = enqueue(db, tenant.id)
    clock.at += timedelta(seconds=1)
    relay_with(db, clock, refuse_with(RetryLater("429", after_seconds=77))).deliver(message_id)
    assert row(db, message_id).available_at == clock.at + timedelta(seconds=77)


def test_a_refusal_is_given_up_with_its_reason(db, clock, tenant):
    message_id = enqueue(db, tenant.id)
    clock.at += timedelta(seconds=1)
    relay_with(db, clock, refuse_with(Forbidden("The platform refuses."))).deliver(message_id)
    ended = row(db, message_id)
    assert (ended.failed_at, ended.last_error) == (clock.at, "The platform refuses.")


def test_nobody_tries_for_ever(db, clock, tenant):
    message_id = enqueue(db, tenant.id)
    clock.at += GIVE_UP_AFTER + timedelta(seconds=1)
    relay_with(db, clock, refuse_with(AssertionError("must not be called"))).deliver(message_id)
    assert row(db, message_id).failed_at == clock.at


def test_a_worker_that_died_leaves_the_message_to_another(db, clock, tenant):
    message_id = enqueue(db, tenant.id)
    clock.at += timedelta(seconds=1)
    with pytest.raises(MemoryError):
        relay_with(db, clock, refuse_with(MemoryError())).deliver(message_id)
    done = []
    assert relay_with(db, clock, done.append).deliver(message_id) is False
    clock.at += timedelta(minutes=3)
    assert relay_with(db, clock, done.append).deliver(message_id) is True
    assert done[0].attempts == 2


def test_pauses_grow_up_to_an_hour():
    assert 1.5 <= pause_before(1) <= 2.5
    assert 2700 <= pause_before(40) <= 4500
