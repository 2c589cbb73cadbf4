"""A Hub of its own to measure: PostgreSQL and Redis from wheels, and `hub serve` with the usual settings."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import orjson
import psutil
import psycopg

from hub.adapters.embedded import PostgresServer, RedisServer
from hub.adapters.key_files import create_keys
from hub.bootstrap import build
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.identity import system_principal
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.stores import Stores

#: Megabytes of PostgreSQL's own memory: a quarter of the machine's, as its manual advises.
_SHARED_BUFFERS = psutil.virtual_memory().total // 4 // 1024**2

#: What an administrator would set on a machine that PostgreSQL shares with the Hub. Durability is untouched.
POSTGRES_SETTINGS = {
    "shared_buffers": f"{_SHARED_BUFFERS}MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
}


class TunedPostgres(PostgresServer):
    """The embedded PostgreSQL with memory for a million statements."""

    def command(self) -> list[str | Path]:
        return [*super().command(), *(w for n, v in POSTGRES_SETTINGS.items() for w in ("-c", f"{n}={v}"))]


@dataclass
class Measured:
    """The running system, and where to reach it."""

    settings: Settings
    database_url: str
    host: str
    port: int
    key: str
    secret: str
    application: psutil.Process
    postgres: psutil.Process

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU time so far of the application's processes and of PostgreSQL's."""
        return _cpu(self.application), _cpu(self.postgres)

    def largest_worker(self) -> float:
        """Megabytes that the largest process of the web server has in memory."""
        return max(member.memory_info().rss for member in self.application.children(recursive=True)) / 1e6

    def reader(self) -> tuple[str, str]:
        """An access token that may read statements, and the id of the store."""
        hub = build(self.settings)
        principal = system_principal(hub.service(Tenants).resolve("benchmark").id)
        client, secret = hub.service(Clients).create(principal, NewClient("Reader", ("all",), store="default"))
        store = hub.service(Stores).id_of(principal.tenant_id, "default")
        hub.close()
        form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": secret}
        address = f"http://{self.host}:{self.port}/oauth/token"
        with urllib.request.urlopen(address, urlencode(form).encode()) as answer:
            return orjson.loads(answer.read())["access_token"], str(store)

    def has_huge_pages(self) -> bool:
        """Whether PostgreSQL's shared memory lies in huge pages."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute("SHOW huge_pages_status").fetchone() == ("on",)

    def file_rest(self) -> None:
        """What the Hub's worker does every minute."""
        hub = build(self.settings)
        hub.service(Filing).file_rest()
        hub.close()


@contextmanager
def _huge_pages() -> Iterator[None]:
    """Set huge pages aside for PostgreSQL's shared memory where we may (Linux, as root), as its manual advises for so
    much of it (docs/operations.md); give them back afterwards."""
    setting = Path("/proc/sys/vm/nr_hugepages")
    if not os.access(setting, os.W_OK):
        yield
        return
    before = setting.read_text()
    kilobytes = int(Path("/proc/meminfo").read_text().partition("Hugepagesize:")[2].split()[0])
    setting.write_text(str(int(before) + _SHARED_BUFFERS * 1024 * 11 // 10 // kilobytes))
    try:
        yield
    finally:
        setting.write_text(before)


@contextmanager
def running(folder: Path) -> Iterator[Measured]:
    """A Hub on `folder`, which is kept, so that a filled store can be measured again."""
    with _huge_pages(), _started(folder) as measured:
        yield measured


@contextmanager
def _started(folder: Path) -> Iterator[Measured]:
    folder.mkdir(parents=True, exist_ok=True)
    postgres, redis = TunedPostgres(folder / "postgres"), RedisServer(folder / "redis")
    port = _free_port()
    try:
        environment = _environment(folder, postgres.start(), redis.start(), port)
        key, secret = _prepare(environment, folder)
        hub = Path(sys.executable).with_name("hub")
        process = subprocess.Popen([hub, "serve"], env=os.environ | environment)
        try:
            _wait_for(port)
            assert postgres.process is not None
            yield Measured(
                Settings.from_env(environment),
                environment["HUB_DATABASE_URL"],
                "127.0.0.1",
                port,
                key,
                secret,
                psutil.Process(process.pid),
                psutil.Process(postgres.process.pid),
            )
        finally:
            process.terminate()
            process.wait(20)
    finally:
        redis.stop()
        postgres.stop()


def _environment(folder: Path, database_url: str, redis_url: str, port: int) -> dict[str, str]:
    create_keys(folder / "keys")
    return {
        "HUB_DATABASE_URL": database_url,
        "HUB_REDIS_URL": redis_url,
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_CONTENT_URL": f"http://localhost:{port}",
        "HUB_KEYS_DIR": str(folder / "keys"),
        "HUB_OBJECT_STORE": f"folder:{folder / 'objects'}",
        "HUB_PORT": str(port),
    }


def _prepare(environment: dict[str, str], folder: Path) -> tuple[str, str]:
    """Migrate, and make a credential of the tenant's default store."""
    settings = Settings.from_env(environment)
    Migrations(settings.sqlalchemy_url).upgrade()
    hub = build(settings)
    tenants = hub.service(Tenants)
    marker = folder / "tenant-made"
    if not marker.exists():
        tenants.create("benchmark", "Benchmark")
        marker.touch()
    principal = system_principal(tenants.resolve("benchmark").id)
    issued = hub.service(Credentials).create(principal, "default", ["all"], "benchmark")
    hub.close()
    return issued.credential.key, issued.secret


def _cpu(process: psutil.Process) -> float:
    """Of the process and all that it started; the time of those that ended is in their parent's."""
    seconds = sum(process.cpu_times()[:4])
    for member in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # It has ended since it was listed.
            seconds += sum(member.cpu_times()[:4])
    return seconds


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the web server did not start")
