"""An answered 200 is on disk: PostgreSQL and web workers are killed with -9 under load, twenty times in all.

Afterwards every acknowledged statement is readable, none is there twice, no batch is half there; in between the LRS
answers 503 with Retry-After, and it recovers by itself.
"""

import base64
import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from hub.adapters.embedded import PostgresServer, RedisServer
from hub.adapters.embedded.errors import EmbeddedError
from hub.adapters.key_files import create_keys
from hub.bootstrap import build
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.identity import system_principal
from hub.oauth.services.tenants import Tenants
from hub.xapi_lrs.services.credentials import Credentials
from tests.support.ports import free_ports

KILLS = 10
RECOVERY_SECONDS = 30
WRITERS = 8


class SteadyPostgres(PostgresServer):
    """A PostgreSQL that comes back at the same address, as a real one does."""

    def _choose_ports(self, *, afresh: bool) -> dict[str, int]:
        return getattr(self, "ports", None) or super()._choose_ports(afresh=afresh)


@dataclass
class Lrs:
    """A running Hub, and its PostgreSQL."""

    postgres: SteadyPostgres
    server: psutil.Process
    port: int
    headers: dict[str, str]

    def request(self, method: str, target: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, target, body, self.headers)
            answer = connection.getresponse()
            headers = {name.lower(): text for name, text in answer.getheaders()}
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    def kill_postgres(self) -> None:
        process = self.postgres.process
        assert process is not None
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
        for victim in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        psutil.wait_procs(family, 10)
        for _ in range(20):  # A backend that was just being born keeps the shared memory until it notices.
            self.postgres.stop()
            with contextlib.suppress(EmbeddedError):
                self.postgres.start()
                return
            time.sleep(0.5)
        raise AssertionError("PostgreSQL did not start again")

    def kill_worker(self) -> None:
        """Kill the worker that has lived longest, as soon as there is one."""
        while not (workers := self.server.children()):
            time.sleep(0.1)
        with contextlib.suppress(psutil.NoSuchProcess):
            min(workers, key=lambda worker: worker.create_time()).kill()


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lrs]:
    folder: Path = tmp_path_factory.mktemp("durable")
    postgres, redis = SteadyPostgres(folder / "postgres"), RedisServer(folder / "redis")
    [port] = free_ports(1)
    create_keys(folder / "keys")
    environment = {
        "HUB_DATABASE_URL": postgres.start(),
        "HUB_REDIS_URL": redis.start(),
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_CONTENT_URL": f"http://localhost:{port}",
        "HUB_KEYS_DIR": str(folder / "keys"),
        "HUB_OBJECT_STORE": f"folder:{folder / 'objects'}",
        "HUB_PORT": str(port),
    }
    program = Path(sys.executable).with_name("hub")
    headers = _credential(Settings.from_env(environment))
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([program, "serve"], env=os.environ | environment, stdout=log, stderr=log)
        try:
            running = Lrs(postgres, psutil.Process(process.pid), port, headers)
            _wait_until_it_answers(running)
            yield running
        finally:
            process.terminate()
            process.wait(60)
            redis.stop()
            postgres.stop()


def _credential(settings: Settings) -> dict[str, str]:
    Migrations(settings.sqlalchemy_url).upgrade()
    hub = build(settings)
    principal = system_principal(hub.service(Tenants).create("faults", "Faults").id)
    issued = hub.service(Credentials).create(principal, "default", ["all"])
    hub.close()
    token = base64.b64encode(f"{issued.credential.key}:{issued.secret}".encode()).decode()
    return {
        "Authorization": f"Basic {token}",
        "X-Experience-API-Version": "2.0.0",
        "Content-Type": "application/json",
    }


@dataclass
class Load:
    """Writers that never stop, and what they were told."""

    lrs: Lrs
    sent: list[list[str]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    refusals: list[tuple[int, str | None]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        while not self.is_over.is_set():
            ids = [str(uuid.uuid4()) for _ in range(random.choice((1, 1, 1, 5, 50)))]
            self.sent.append(ids)
            try:
                status, headers, _ = self.lrs.request("POST", "/xapi/statements", _statements(ids))
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status == 200:
                self.acknowledged += ids
            else:
                self.refusals.append(
                    (status, {name.lower(): text for name, text in headers.items()}.get("retry-after"))
                )
                time.sleep(0.05)


def _statements(ids: list[str]) -> bytes:
    return json.dumps(
        [
            {
                "id": statement_id,
                "actor": {"mbox": f"mailto:{index}@example.com"},
                "verb": {"id": "http://example.com/did"},
                "object": {"id": f"http://example.com/{index}"},
            }
            for index, statement_id in enumerate(ids)
        ]
    ).encode()


@pytest.mark.parametrize("victim", ["kill_postgres", "kill_worker"])
def test_nothing_acknowledged_is_lost(lrs, victim):
    load = Load(lrs)
    writers = [threading.Thread(target=load.write, daemon=True) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    recoveries = []
    try:
        for _ in range(KILLS):
            time.sleep(random.uniform(0.2, 0.6))
            getattr(lrs, victim)()
            recoveries.append(_wait_until_it_answers(lrs))
    finally:
        load.is_over.set()
        for writer in writers:
            writer.join()
    assert max(recoveries) < RECOVERY_SECONDS
    assert {status for status, _ in load.refusals} <= {503}
    assert all(wait is not None for _, wait in load.refusals)
    stored = list(_all_ids(lrs))
    assert len(stored) == len(set(stored))
    assert set(load.acknowledged) <= set(stored)
    known = set(stored)
    halves = [ids for ids in load.sent if 0 < len(known.intersection(ids)) < len(ids)]
    assert halves == []
    assert len(load.acknowledged) > KILLS


def _wait_until_it_answers(lrs: Lrs) -> float:
    """Seconds until a statement can be stored again."""
    begin = time.monotonic()
    while time.monotonic() - begin < RECOVERY_SECONDS * 4:
        try:
            if lrs.request("POST", "/xapi/statements", _statements([str(uuid.uuid4())]))[0] == 200:
                break
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    return time.monotonic() - begin


def _all_ids(lrs: Lrs) -> Iterator[str]:
    target = "/xapi/statements?limit=500"
    while target:
        status, _, body = lrs.request("GET", target)
        assert status == 200, body
        page = json.loads(body)
        yield from (each["id"] for each in page["statements"])
        target = page["more"]
