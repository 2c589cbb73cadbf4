"""The task queue: Celery over Redis."""

from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from hub.errors import Unavailable


def make_celery(redis_url: str) -> Celery:
    """A Celery application that only announces and runs tasks; results are kept in PostgreSQL, not in Celery."""
    app = Celery("hub", broker=redis_url)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
            "visibility_timeout": 3600,
        },
        timezone="UTC",
    )
    return app


class CeleryQueue:
    """`hub.ports.TaskQueue` on Celery."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send(self, task: str, *arguments: Any) -> None:
        try:
            self._app.send_task(task, args=arguments, retry=False)
        except OperationalError as error:
            raise Unavailable("The task queue does not answer.", code="queue_unavailable") from error
