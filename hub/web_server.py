"""The web server: granian, a few processes with many threads, so that slow clients do not hold up others."""

from granian import Granian
from granian.constants import Interfaces

from hub.config import Settings


def run_web_server(settings: Settings) -> None:
    """Serve the Hub and its content origin until stopped."""
    Granian(
        "wsgi:app",
        address=settings.bind,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=settings.web_threads,
        backpressure=settings.web_threads * 4,
        log_access=False,
        respawn_failed_workers=True,
    ).serve()
