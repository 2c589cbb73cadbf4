"""Large bodies and slow clients: neither takes the LRS from the others."""

import base64
import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil
import pytest

from hub.bootstrap import Hub
from hub.config import Settings
from hub.identity import system_principal
from hub.oauth.services.tenants import TenantView
from hub.xapi_lrs.services.credentials import Credentials
from tests.support.ports import free_ports

MB = 1024 * 1024
STATEMENT = b'{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://x.example/v"},"object":{"id":"http://x.example/1"}}'


@dataclass
class Server:
    """A web server of this test, and a credential for it."""

    process: psutil.Process
    port: int
    authorization: str

    def headers(self, **more: str) -> dict[str, str]:
        return {
            "Authorization": self.authorization,
            "X-Experience-API-Version": "2.0.0",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in more.items()},
        }

    def memory(self) -> int:
        return max(worker.memory_info().rss for worker in self.process.children())

    def post(self, body: bytes) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/xapi/statements", body, self.headers())
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture
def server(hub: Hub, settings: Settings, tenant: TenantView, tmp_path: Path) -> Iterator[Server]:
    [port] = free_ports(1)
    environment = {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_REDIS_URL": settings.redis_url,
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_CONTENT_URL": f"http://localhost:{port}",
        "HUB_KEYS_DIR": settings.keys_dir,
        "HUB_OBJECT_STORE": settings.object_store,
        "HUB_DATABASE_POOL": "8",
        "HUB_PORT": str(port),
    }
    issued = hub.service(Credentials).create(system_principal(tenant.id), "default", ["all"])
    token = base64.b64encode(f"{issued.credential.key}:{issued.secret}".encode()).decode()
    program = Path(sys.executable).with_name("hub")
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([program, "serve"], env=os.environ | environment, stdout=log, stderr=log)
        try:
            made = Server(psutil.Process(process.pid), port, f"Basic {token}")
            _wait_for(made)
            yield made
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(server: Server) -> None:
    for _ in range(1200):
        try:
            if server.post(STATEMENT) == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the web server did not start")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_a_gigabyte_is_refused_in_flat_memory(server, chunked):
    for _ in range(5):
        assert server.post(STATEMENT) == 200
    before = server.memory()
    with _Peak(server) as peak:
        status = _send_endlessly(server, 1024 * MB, chunked)
    assert status in (413, None)
    assert peak.value - before < 100 * MB
    assert server.post(STATEMENT) == 200


class _Peak:
    """The most memory that a worker had meanwhile."""

    def __init__(self, server: Server) -> None:
        self.value = 0
        self._server, self._is_over = server, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.02):
            self.value = max(self.value, self._server.memory())


def _send_endlessly(server: Server, size: int, chunked: bool) -> int | None:
    """The status; None when the server hung up on what it would not take."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", "/xapi/statements")
    length = {"Transfer_Encoding": "chunked"} if chunked else {"Content_Length": str(size)}
    for name, value in server.headers(**length).items():
        connection.putheader(name, value)
    connection.endheaders()
    piece = b" " * MB
    try:
        for _ in range(size // MB):
            connection.send(b"%x\r\n%b\r\n" % (MB, piece) if chunked else piece)
    except OSError:
        pass
    try:
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def test_clients_that_send_a_byte_at_a_time_do_not_hold_up_others(server):
    """64 slow clients, none of which is done before the others have been answered."""
    is_over = threading.Event()
    alone = _median_of_posts(server)
    with ThreadPoolExecutor(64) as pool:
        slow = [pool.submit(_drip, server, is_over) for _ in range(64)]
        assert _median_of_posts(server) < alone * 5 + 0.05, "bounds are wide, as test machines are busy"
        assert not any(each.done() for each in slow)
        is_over.set()
        assert {each.result() for each in slow} == {200}


def _median_of_posts(server: Server) -> float:
    """Seconds that a POST takes, of sixty one after the other."""
    taken = []
    for _ in range(60):
        begin = time.perf_counter()
        assert server.post(STATEMENT) == 200
        taken.append(time.perf_counter() - begin)
    return sorted(taken)[30]


def _drip(server: Server, is_over: threading.Event) -> int:
    """Send byte by byte, but never the last one until it is over; then the rest. Returns the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", "/xapi/statements")
    for name, value in server.headers(Content_Length=str(len(STATEMENT))).items():
        connection.putheader(name, value)
    connection.endheaders()
    left = STATEMENT
    while not is_over.wait(0.1):
        if len(left) > 1:
            connection.send(left[:1])
            left = left[1:]
    connection.send(left)
    status = connection.getresponse().status
    connection.close()
    return status
