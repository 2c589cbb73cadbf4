"""The demo's own processes: web server, worker and Demo LMS, and how all that runs is watched."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil

from hub.adapters.embedded import EmbeddedError
from hub.adapters.embedded.account import Account
from hub.adapters.embedded.errors import tail
from hub.adapters.embedded.processes import end_process, record_process, recorded_process
from hub.adapters.embedded.server import open_log
from hub.demo.folder import DemoError, DemoFolder

STOP_SECONDS = 8.0
MOST_FAILURES = 5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0


class Child:
    """One process in a group of its own, with its output in a log file."""

    def __init__(self, name: str, command: Sequence[str], folder: DemoFolder, environment: Mapping[str, str]) -> None:
        slug = name.lower().replace(" ", "-")
        self.name = name
        self.log_file = folder.logs / f"{slug}.log"
        self._command = command
        self._folder = folder
        self._environment = environment
        self._record = folder.processes / slug
        self.process: subprocess.Popen[bytes] | None = None

    def end_orphan(self) -> None:
        """End what a demo that was killed left behind."""
        if orphan := recorded_process(self._record):
            end_process(orphan, signal.SIGTERM, STOP_SECONDS)

    def start(self) -> None:
        """Start the process; returns at once."""
        with open_log(self.log_file) as log:
            self.process = Account.ourselves().popen(
                self._command,
                reaches=[],
                last_signal=signal.SIGTERM,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder.project,
                env=self._environment,
            )
        record_process(self._record, self.process.pid)

    def ask_to_stop(self) -> None:
        """Ask it to stop; `stop` waits for that."""
        if self.is_running() and self.process:
            self.process.terminate()

    def stop(self, grace_seconds: float = STOP_SECONDS) -> None:
        """Stop the process and all that it started."""
        if self.process is None:
            return
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(grace_seconds)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._record.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Whether the process that we started is alive."""
        return self.process is not None and self.process.poll() is None

    def log_tail(self, lines: int = 15) -> str:
        """The last lines it wrote."""
        return tail(self.log_file, lines)


class Unit(Protocol):
    """Anything that is kept running: a `Child` or an embedded server."""

    @property
    def name(self) -> str: ...
    @property
    def log_file(self) -> Path: ...
    def start(self) -> object: ...
    def stop(self) -> None: ...
    def is_running(self) -> bool: ...
    def log_tail(self, lines: int = 15) -> str: ...


class Watched:
    """A unit that is started again when it stops by itself, after a pause that doubles each time."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._failures = 0
        self._started_at = time.monotonic()
        self._retry_at: float | None = None

    def look(self, now: float) -> str | None:
        """Do what is due; returns what to tell people, if anything. `DemoError` when it keeps failing."""
        if self.unit.is_running():
            if now - self._started_at > STEADY_SECONDS:
                self._failures = 0
            return None
        if self._retry_at is None:
            return self._plan(now)
        return self._retry(now) if now >= self._retry_at else None

    def _plan(self, now: float) -> str:
        self._failures += 1
        if self._failures > MOST_FAILURES:
            raise DemoError(f"{self.unit.name} keeps stopping. {self.unit.log_file} ends:\n{self.unit.log_tail()}")
        pause = min(0.5 * 2 ** (self._failures - 1), LONGEST_PAUSE)
        self._retry_at = now + pause
        return f"{self.unit.name} has stopped; starting it again in {pause:g} s. Its log: {self.unit.log_file}"

    def _retry(self, now: float) -> str | None:
        self._retry_at = None
        self._started_at = now
        try:
            self.unit.stop()
            self.unit.start()
        except EmbeddedError as fault:
            return str(fault)
        return f"{self.unit.name} is running again."


def port_holder(port: int) -> str:
    """The program that listens on a port, as far as we may know, for a message."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return _described(connection.pid)
    return "another program"


def _described(pid: int | None) -> str:
    if pid is None:
        return "a program of another user"
    with suppress(psutil.Error):
        return f"{psutil.Process(pid).name()} (process {pid})"
    return f"process {pid}"
