"""The web server: granian, a few processes with many threads, so that slow clients do not hold up others."""

import gc
from collections.abc import Callable, Iterable
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from hub.bootstrap import build, create_app
from hub.config import Settings
from hub.log import configure_logging

Wsgi = Callable[..., Iterable[bytes]]


def run_web_server(settings: Settings) -> None:
    """Serve the Hub and its content origin until stopped."""
    Granian(
        "hub.web_server:make_app",
        factory=True,
        address=settings.bind,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=settings.web_threads,
        backpressure=settings.web_threads * 4,
        log_access=False,
        respawn_failed_workers=True,
        # Seconds that requests under way have to finish; a worker asked to stop while it starts never hears of it.
        workers_kill_timeout=10,
    ).serve()


def make_app() -> Callable[..., Iterable[bytes]]:
    """The WSGI application with the settings of this process's environment."""
    settings = Settings.from_env()
    configure_logging(settings.log_format)
    app = create_app(build(settings))
    _calm_garbage_collector()
    return _with_terminated_input(app)


def _with_terminated_input(app: Wsgi) -> Wsgi:
    """Tell the application that Granian ends its input where the body ends, so that chunked bodies can be read."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input_terminated"] = True
        return app(environ, start_response)

    return application


def _calm_garbage_collector() -> None:
    """Leave what is loaded out of every later collection, and collect less often.

    A batch of statements makes tens of thousands of short-lived dicts, none of them in a cycle: with the usual
    thresholds a sixth of the CPU goes into looking at them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
