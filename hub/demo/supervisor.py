"""`hub demo`: everything on one machine, started in order, watched, and stopped in order.

PostgreSQL and Redis come first; then migrations, keys and the demo's contents, made by a process of its own that ends
when it is done; then worker, web server and Demo LMS side by side. This process stays small: it only watches.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

from hub.adapters.embedded import EmbeddedServer, PostgresServer, RedisServer
from hub.adapters.embedded.errors import advice_for, tail
from hub.config import Settings
from hub.demo.children import Child, Unit, Watched, port_holder
from hub.demo.folder import Credentials, DemoError, DemoFolder
from hub.demo.progress import Progress

READY_SECONDS = 60.0
WATCH_SECONDS = 0.5
WEB, WORKER, LMS = "Web server", "Worker", "Demo LMS"


class Demo:
    """The running demo of one folder."""

    def __init__(self, project: Path, progress: Progress | None = None) -> None:
        self._folder = DemoFolder(project)
        self._progress = progress or Progress()
        self._began_at = time.monotonic()
        self._servers: list[EmbeddedServer] = []
        self._children: list[Child] = []
        self._is_hurried = False

    def run(self) -> None:
        """Start everything, say `ready`, and keep it running until SIGINT, SIGTERM or SIGHUP.

        Raises `DemoError` or `EmbeddedError` when something cannot run; all that was started is stopped first.
        """
        settings = demo_settings(self._folder)
        with self._folder.held(), ExitStack() as stack:
            stack.callback(self._stop)
            _on_signals(_interrupt)
            try:
                self._start(settings)
                self._watch()
            except KeyboardInterrupt:
                self._progress.say("\nStopping.")
            finally:
                _on_signals(self._hurry)

    def _start(self, settings: Settings) -> None:
        self._children = _children(self._folder, settings)
        for child in self._children:
            child.end_orphan()
        check_ports(settings)
        settings = self._start_servers(settings)
        self._folder.write_settings(settings)
        self._prepare(settings)
        self._start_children(settings)
        self._announce(settings)

    def _start_servers(self, settings: Settings) -> Settings:
        postgres = PostgresServer(self._folder.postgres, self._folder.logs / "postgres.log")
        redis = RedisServer(self._folder.redis, self._folder.logs / "redis.log")
        self._servers = [postgres, redis]
        with self._progress.step("PostgreSQL 18"):
            settings = replace(settings, database_url=postgres.start())
        with self._progress.step("Redis"):
            return replace(settings, redis_url=redis.start())

    def _prepare(self, settings: Settings) -> None:
        """Run `hub.demo.seed`, unless it has run since the program or the settings last changed."""
        wanted = fingerprint(settings)
        if self._folder.is_prepared(wanted):
            return
        self._seed()
        self._folder.note_prepared(wanted)

    def _seed(self) -> None:
        """Run `hub.demo.seed` as a process of its own; it prints a line of JSON for each thing it does."""
        with self._progress.step("Database, keys, people and courses"):
            log_file = self._folder.logs / "seed.log"
            with log_file.open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "hub.demo.seed"],
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=self._folder.project,
                    env=child_environment(),
                    text=True,
                )
                fault = self._follow(process)
            if process.returncode != 0:
                raise DemoError(self._seed_fault(fault, log_file))

    def _seed_fault(self, told: str | None, log_file: Path) -> str:
        """What the seed told of its fault, or its log; with what to do, if PostgreSQL's log has a reason."""
        ending = tail(log_file)
        advice = advice_for(ending + self._servers[0].log_tail(), self._folder.root, otherwise="")
        if told:
            return f"{told} {advice}"
        return f"The demo's contents could not be made. {advice}\n{log_file} ends:\n{ending}"

    def _follow(self, process: subprocess.Popen[str]) -> str | None:
        fault = None
        assert process.stdout is not None
        try:
            for line in process.stdout:
                said = json.loads(line)
                fault = said.get("fault", fault)
                if "doing" in said:
                    self._progress.detail(said["doing"])
            process.wait()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        return fault

    def _start_children(self, settings: Settings) -> None:
        addresses = {
            WEB: ("localhost", settings.port, "/readyz"),
            LMS: ("127.0.0.1", settings.demo_lms_port, "/"),
        }
        with self._progress.step("Web server, worker and Demo LMS"):
            for child in self._children:
                child.start()
            deadline = time.monotonic() + READY_SECONDS
            for child in self._children:
                if child.name in addresses:
                    _wait_for(child, *addresses[child.name], deadline)

    def _announce(self, settings: Settings) -> None:
        say = self._progress.say
        say("\n", ("ready", "bold green"), f" after {time.monotonic() - self._began_at:.1f} s\n")
        say(f"  Hub       {settings.public_url}")
        say(f"  Content   {settings.content_url}")
        say(f"  Demo LMS  http://127.0.0.1:{settings.demo_lms_port}\n")
        if self._folder.shows_credentials():
            for name, values in Credentials(self._folder.credentials).sections().items():
                shown = [
                    part for key, value in values.items() if "url" not in key for part in (f"  {key} ", (value, "bold"))
                ]
                say(f"  {name:<24}", *shown)
            say("")
        say(
            f"  Credentials are kept in {self._folder.credentials.relative_to(self._folder.project)}."
            " Ctrl-C stops the demo."
        )

    def _watch(self) -> None:
        units: list[Unit] = [*self._servers, *self._children]
        watched = [Watched(unit) for unit in units]
        while True:
            for each in watched:
                if news := each.look(time.monotonic()):
                    self._progress.say(news)
            for message in self._folder.new_mail():
                self._progress.say("\n", ("E-mail", "bold"), f" {message}\n")
            time.sleep(WATCH_SECONDS)

    def _stop(self) -> None:
        """Stop what we started: first those who use the servers, all at once, then the servers."""
        for child in self._children:
            child.ask_to_stop()
        for child in self._children:
            child.stop(0 if self._is_hurried else 8)
        for server in reversed(self._servers):
            server.stop()

    def _hurry(self, number: int, frame: FrameType | None) -> None:
        """A second Ctrl-C: wait for nobody."""
        self._is_hurried = True
        for child in self._children:
            if child.process and child.is_running():
                os.killpg(child.process.pid, signal.SIGKILL)


def demo_settings(folder: DemoFolder) -> Settings:
    """The demo's settings: what the environment says, and the demo's own for the rest.

    The servers' addresses are filled in when they have started.
    """
    given = {name: value for name, value in os.environ.items() if name.startswith("HUB_")}
    port = given.get("HUB_PORT") or "8000"
    own = {
        "HUB_DATABASE_URL": "postgresql://embedded",
        "HUB_REDIS_URL": "redis://embedded",
        "HUB_PUBLIC_URL": f"http://localhost:{port}",
        "HUB_CONTENT_URL": f"http://*.localhost:{port}",
        "HUB_KEYS_DIR": str(folder.keys),
        "HUB_OBJECT_STORE": f"folder:{folder.packages}",
        "HUB_ALLOW_PRIVATE_NETWORKS": "true",
        "HUB_MAIL": f"folder:{folder.mail}",
        "HUB_MAIL_FROM": "Standards Hub <hub@hub.example>",
        "HUB_DATABASE_POOL": "8",
    }
    return Settings.from_env(own | given | {name: own[name] for name in ("HUB_DATABASE_URL", "HUB_REDIS_URL")})


def fingerprint(settings: Settings) -> str:
    """Another text whenever the program, the demo's courses or a setting has changed."""
    package = Path(__file__).parents[1]
    sources = [*package.rglob("*.py"), *package.glob("demo/courses/**/*"), *package.parent.glob("alembic/**/*.py")]
    stats = sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sources)
    return sha256(repr((stats, settings)).encode()).hexdigest()


def child_environment() -> dict[str, str]:
    """Our environment without the settings: children read those from the folder's settings file."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    # Many threads, few of them busy: glibc need not keep a pool of memory for each.
    return {"MALLOC_ARENA_MAX": "2"} | inherited


def _children(folder: DemoFolder, settings: Settings) -> list[Child]:
    environment = child_environment()
    lms = ["-m", "hub.demo.lms", "--port", str(settings.demo_lms_port), "--state", str(folder.lms)]
    return [
        Child(LMS, [sys.executable, *lms], folder, environment),
        Child(WEB, [sys.executable, "-m", "hub", "serve"], folder, environment),
        Child(WORKER, [sys.executable, "-m", "hub", "worker"], folder, environment),
    ]


def check_ports(settings: Settings) -> None:
    """Raise `DemoError` for a port that is taken, with who has it and what to set."""
    for port, variable, user in (
        (settings.port, "HUB_PORT", "Hub"),
        (settings.demo_lms_port, "HUB_DEMO_LMS_PORT", "Demo LMS"),
    ):
        if _is_taken(port):
            raise DemoError(
                f"Port {port}, which the {user} needs, is taken by {port_holder(port)}."
                f" Stop that program, or choose another port: {variable}={_next_free(port)} make demo"
            )


def _is_taken(port: int) -> bool:
    """Whether anything listens where a browser would look for localhost, on IPv4 or IPv6."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            if probe.connect_ex((host, port)) == 0:
                return True
    return False


def _next_free(port: int) -> int:
    return next(candidate for candidate in range(port + 1, port + 100) if not _is_taken(candidate))


def _wait_for(child: Child, host: str, port: int, path: str, deadline: float) -> None:
    while not _answers(host, port, path):
        if not child.is_running() or time.monotonic() > deadline:
            how = "does not answer" if child.is_running() else "cannot run"
            raise DemoError(f"{child.name} {how}. {child.log_file} ends:\n{child.log_tail()}")
        time.sleep(0.05)


def _answers(host: str, port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}"})
        return connection.getresponse().status < HTTPStatus.BAD_REQUEST
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _on_signals(act: "signal._HANDLER") -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, act)
