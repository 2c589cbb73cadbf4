"""The Celery worker: delivers outbox messages in two lanes, and runs what is periodic."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

import structlog
from celery import Celery
from celery.beat import EmbeddedService
from celery.signals import worker_ready, worker_shutting_down

from hub.bootstrap import Hub
from hub.db.audit import log_events
from hub.db.database import DELIVER_TASK
from hub.log import configure_logging
from hub.relay import LONG, PROMPT, Relay

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 5.0
#: What is done more seldom is also done when a worker starts: one that is restarted each night would never come to it.
_SELDOM_SECONDS = 3600.0
_NICENESS = 10


class LongLane:
    """A few threads of low priority for what may take long, so that grades never wait for a free thread behind it.

    What waits here is known to the outbox only as due: another worker's sweep may find it first, and takes it.
    """

    def __init__(self, relay: Relay, threads: int) -> None:
        self._relay = relay
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="long", initializer=_give_way)
        self._lock = threading.Lock()
        self._taken: set[UUID] = set()

    def add(self, message_id: UUID) -> None:
        """Work on the message as soon as a thread is free; nothing to do when it waits already."""
        with self._lock:
            if message_id in self._taken:
                return
            self._taken.add(message_id)
            with suppress(RuntimeError):  # The worker is stopping: the outbox keeps it for the next one.
                self._pool.submit(self._work, message_id)

    def _work(self, message_id: UUID) -> None:
        try:
            self._relay.deliver(message_id)
        except Exception:  # It stays in the outbox; its lease runs out, and the sweep finds it again.
            log.exception("long_work_failed", message_id=str(message_id))
        finally:
            with self._lock:
                self._taken.discard(message_id)

    def stop(self) -> None:
        """Begin nothing more; what was begun is finished before the process ends."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def register_tasks(hub: Hub) -> Celery:
    """Give the Hub's Celery application its tasks and its schedule."""
    app, relay = hub.celery, hub.relay
    long_lane = LongLane(relay, hub.settings.import_threads)
    worker_shutting_down.connect(lambda **_: long_lane.stop(), weak=False)

    @app.task(name=DELIVER_TASK)
    def deliver(message_id: str, topic: str = "") -> None:
        if relay.lane_of(topic) == LONG:
            long_lane.add(UUID(message_id))
        else:
            relay.deliver(UUID(message_id))

    for task_name, answer in hub.tasks.items():
        app.task(name=task_name)(answer)

    def sweep() -> None:
        for message_id in relay.due(LONG):
            long_lane.add(message_id)
        for message_id in relay.due(PROMPT):
            relay.deliver(message_id)

    work = {periodic.name: (periodic.seconds, periodic.run) for periodic in hub.periodic}
    work["outbox.sweep"] = (SWEEP_SECONDS, sweep)
    for name, (_, run) in work.items():
        app.task(name=name)(_without_result(run))
    app.conf.beat_schedule = {
        name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
        for name, (seconds, _) in work.items()
    }
    return app


def _catch_up(hub: Hub, app: Celery) -> None:
    """Do once what the schedule, which counts from the start of the worker, would come to much later."""
    for periodic in hub.periodic:
        if periodic.seconds >= _SELDOM_SECONDS:
            app.send_task(periodic.name, expires=periodic.seconds)


def _without_result(run: Callable[[], object]) -> Callable[[], None]:
    def task() -> None:
        run()

    return task


def _give_way() -> None:
    """Let others go first. On Linux each thread, with those that it starts, has a priority of its own."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS)


def run_worker(hub: Hub) -> None:
    """Run worker and scheduler in one process until stopped; a warm stop finishes what was begun."""
    configure_logging(hub.settings.log_format)
    log_events()
    app = register_tasks(hub)
    # A thread, where the worker's own --beat would start a second process of the same size. The schedule is kept in
    # memory: nothing in it is worth a file.
    beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    worker_ready.connect(lambda **_: beat.start(), weak=False)  # type: ignore[union-attr]
    worker_ready.connect(lambda **_: _catch_up(hub, app), weak=False)
    app.worker_main(
        [
            "worker",
            "--pool=threads",
            f"--concurrency={hub.settings.worker_threads}",
            "--loglevel=warning",
            "--without-gossip",
            "--without-mingle",
        ]
    )
