"""The web server: granian, a few processes with many threads, so that slow clients do not hold up others."""

import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from granian.constants import Interfaces
from granian.net import SocketSpec
from granian.server.mp import MPServer

from hub.bootstrap import build, create_app
from hub.config import Settings
from hub.db.audit import log_events
from hub.errors import Conflict
from hub.log import configure_logging

Wsgi = Callable[..., Iterable[bytes]]


def run_web_server(settings: Settings) -> None:
    """Serve the Hub and its content origins until stopped.

    What is loaded by now is left out of collections before the workers are forked: a collection writes into every
    object it looks at, and so makes each worker a copy of memory that they could share.
    """
    _calm_garbage_collector()
    _keep_freed_memory()
    _WebServer(
        "hub.web_server:make_worker_app",
        factory=True,
        address=settings.bind,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=settings.web_threads,
        backpressure=settings.web_threads * 4,
        log_access=False,
        respawn_failed_workers=True,
        # Seconds that requests under way have to finish.
        workers_kill_timeout=10,
    ).serve()


def require_free_port(settings: Settings) -> None:
    """`Conflict` when something listens there, or nobody may.

    Our own sockets share their port (SO_REUSEPORT): without this a second server would take half of the first one's
    requests, and nobody would know.
    """
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    try:
        socket.getaddrinfo(settings.bind, settings.port, family)
        socket.create_server((settings.bind, settings.port), family=family).close()
    except socket.gaierror as error:
        why = f"The web server cannot listen at {settings.bind}: this machine knows no address of that name."
        raise Conflict(f"{why} HUB_BIND is an address of its own, such as 127.0.0.1.", code="bind_unknown") from error
    except OSError as error:
        why = f"The web server cannot listen at {settings.bind}, port {settings.port}: {os.strerror(error.errno or 0)}."
        raise Conflict(f"{why} HUB_BIND and HUB_PORT choose another place.", code="port_taken") from error


class _WebServer(MPServer):
    """Granian, with connections that wait for a worker and workers that are replaced however often they are killed.

    By itself it gives each worker a socket, which goes with the worker, and ends as a whole when a worker dies within
    5.5 seconds of its start; what cannot start by itself ends so still.
    """

    def _init_shared_socket(self) -> None:
        """Keep the listening sockets in this process: while a worker is away, its connections queue in them.

        Linux gives each worker a socket of its own and spreads connections over them. From one that they share, the
        worker that is awake takes whatever has come, and all of a client's connections end up behind one Python lock.
        """
        self._ssp = None
        is_spread = sys.platform == "linux"
        self._held = [self._listen() for _ in range(self.workers if is_spread else 1)]

    def _listen(self) -> tuple[Any, socket.socket]:
        holder: Any = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        listening = socket.socket(fileno=holder.get_fd())
        listening.set_inheritable(True)
        return holder, listening

    def _spawn_worker(self, idx: int, *how: Any, **more: Any) -> Any:
        """Give the worker its socket."""
        self._shd, self._sso = self._held[idx % len(self._held)]
        return super()._spawn_worker(idx, *how, **more)

    def _drop_shared_socket(self) -> None:
        for _, listening in self._held:
            listening.close()

    def _respawn_workers(self, workers: list[int], *how: Any, **more: Any) -> None:
        """Forget when a worker was replaced that a signal ended: that was no fault of the program."""
        killed = [number for number in workers if (self.wrks[number].inner.exitcode or 0) < 0]
        super()._respawn_workers(workers, *how, **more)
        for number in killed:
            self.respawned_wrks.pop(number, None)


def make_worker_app() -> Wsgi:
    """The application of one of our workers.

    It inherits its parent's signal handler, which tells nobody but the parent; until it serves, to stop is to end.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return make_app()


def make_app() -> Callable[..., Iterable[bytes]]:
    """The WSGI application with the settings of this process's environment."""
    settings = Settings.from_env()
    configure_logging(settings.log_format)
    log_events()
    app = create_app(build(settings))
    _calm_garbage_collector()
    return app


def _calm_garbage_collector() -> None:
    """Leave what is loaded out of every later collection, and collect less often.

    A batch of statements makes tens of thousands of short-lived dicts, none of them in a cycle: with the usual
    thresholds a sixth of the CPU goes into looking at them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


#: What mallopt(3) calls its parameters, and the bytes that we set them to.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _LARGEST_KEPT_BUFFER = 16 * 1024 * 1024, 4 * 1024 * 1024


def _keep_freed_memory() -> None:
    """Have glibc keep freed buffers for the next request; other C libraries have ways of their own.

    By itself it gives a buffer of some hundred kilobytes, such as a batch of statements, back to the system, and the
    next one is mapped and cleared anew, page by page.
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BUFFER)
