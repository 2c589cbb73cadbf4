"""The Celery worker: delivers outbox messages and runs what is periodic."""

from collections.abc import Callable
from uuid import UUID

from celery import Celery
from celery.beat import EmbeddedService
from celery.signals import worker_ready

from hub.bootstrap import Hub
from hub.db.database import DELIVER_TASK
from hub.log import configure_logging


def register_tasks(hub: Hub) -> Celery:
    """Give the Hub's Celery application its tasks and its schedule."""
    app = hub.celery

    @app.task(name=DELIVER_TASK)
    def deliver(message_id: str) -> None:
        hub.relay.deliver(UUID(message_id))

    for periodic in hub.periodic:
        app.task(name=periodic.name)(_without_result(periodic.run))
    app.conf.beat_schedule = {
        periodic.name: {
            "task": periodic.name,
            "schedule": periodic.seconds,
            "options": {"expires": periodic.seconds},
        }
        for periodic in hub.periodic
    }
    return app


def _without_result(run: Callable[[], object]) -> Callable[[], None]:
    def task() -> None:
        run()

    return task


def run_worker(hub: Hub) -> None:
    """Run worker and scheduler in one process until stopped; a warm stop finishes what was begun."""
    configure_logging(hub.settings.log_format)
    app = register_tasks(hub)
    # A thread, where the worker's own --beat would start a second process of the same size. The schedule is kept in
    # memory: nothing in it is worth a file.
    beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    worker_ready.connect(lambda **_: beat.start(), weak=False)  # type: ignore[union-attr]
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
