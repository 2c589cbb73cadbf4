"""A Hub of its own: PostgreSQL and Redis from wheels, and `hub serve` with the usual settings."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from hub.adapters.embedded import PostgresServer, RedisServer
from hub.adapters.key_files import create_keys
from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.db.migrations import Migrations
from tests.support.ports import free_ports

START_SECONDS = 120.0


@dataclass(frozen=True)
class RunningHub:
    """The Hub that is served, and the same one composed here, to prepare what is asked for."""

    hub: Hub
    web: psutil.Process
    database: PostgresServer
    log: Path

    @property
    def port(self) -> int:
        """Where the web server listens on 127.0.0.1."""
        return self.hub.settings.port

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU time so far of the web server's processes, and of PostgreSQL's."""
        assert self.database.process is not None
        return _cpu(self.web), _cpu(psutil.Process(self.database.process.pid))

    def workers(self) -> list[psutil.Process]:
        """The web server's worker processes, as far as they live."""
        return [each for each in self.web.children() if each.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def running_hub(**settings: str) -> Iterator[RunningHub]:
    """A Hub in a temporary folder, with more `settings` of the environment; all ends and vanishes with the block."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        postgres, redis = PostgresServer(folder / "postgres"), RedisServer(folder / "redis")
        try:
            environment = _environment(folder, postgres.start(), redis.start()) | settings
            hub = _prepared(environment)
            log = folder / "web.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", "hub", "serve"], env=os.environ | environment, stdout=output, stderr=output
                )
            try:
                _wait_for(log, hub.settings.web_workers)
                yield RunningHub(hub, psutil.Process(process.pid), postgres, log)
            finally:
                hub.close()
                process.terminate()
                process.wait(START_SECONDS)
        finally:
            redis.stop()
            postgres.stop()


def _environment(folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    create_keys(folder / "keys")
    (port,) = free_ports(1)
    return {
        "HUB_DATABASE_URL": database_url,
        "HUB_REDIS_URL": redis_url,
        "HUB_PUBLIC_URL": f"http://localhost:{port}",
        "HUB_CONTENT_URL": f"http://content.localhost:{port}",
        "HUB_KEYS_DIR": str(folder / "keys"),
        "HUB_OBJECT_STORE": f"folder:{folder / 'packages'}",
        "HUB_PORT": str(port),
    }


def _prepared(environment: dict[str, str]) -> Hub:
    settings = Settings.from_env(environment)
    Migrations(settings.sqlalchemy_url).upgrade()
    return build(settings)


def _cpu(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in family)


def _wait_for(log: Path, workers: int) -> None:
    """Until every worker takes requests: the socket is there before them."""
    deadline = time.monotonic() + START_SECONDS
    while log.read_text().count("Started worker-") < workers:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the web server does not start:\n{log.read_text()}")
        time.sleep(0.05)
