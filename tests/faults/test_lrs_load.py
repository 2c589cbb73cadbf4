"""Large bodies and slow clients: neither takes the LRS from the others."""

import base64
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from hub.adapters.embedded.server import free_ports
from hub.bootstrap import Hub
from hub.config import Settings
from hub.identity import system_principal
from hub.oauth.services.tenants import TenantView
from hub.xapi_lrs.services.credentials import Credentials

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
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
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
        made = Server(psutil.Process(process.pid), port, f"Basic {token}")
        _wait_for(made)
        yield made
        process.terminate()
        process.wait(20)


def _wait_for(server: Server) -> None:
    for _ in range(300):
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
    peak = _Peak(server)
    status = _send_endlessly(server, 1024 * MB, chunked)
    peak.is_over = True
    assert status in (413, None)
    assert peak.value - before < 100 * MB
    assert server.post(STATEMENT) == 200


class _Peak:
    """The most memory that a worker had meanwhile."""

    def __init__(self, server: Server) -> None:
        self.value, self.is_over = 0, False
        self._server = server
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.is_over:
            self.value = max(self.value, self._server.memory())
            time.sleep(0.02)


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
    """64 slow clients; others must not wait for them. Bounds are wide, as test machines are busy."""
    is_over = threading.Event()
    alone = _times(server, 60)
    slow = [threading.Thread(target=_drip, args=(server, is_over), daemon=True) for _ in range(64)]
    for thread in slow:
        thread.start()
    time.sleep(1)
    beside = _times(server, 60)
    is_over.set()
    for thread in slow:
        thread.join(5)
    assert beside[len(beside) // 2] < alone[len(alone) // 2] * 5 + 0.05


def _times(server: Server, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        assert server.post(STATEMENT) == 200
        taken.append(time.perf_counter() - begin)
    return sorted(taken)


def _drip(server: Server, is_over: threading.Event) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in server.headers(Host=f"127.0.0.1:{server.port}").items())
    head = f"POST /xapi/statements HTTP/1.1\r\n{lines}Content-Length: {len(STATEMENT)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode())
        for byte in STATEMENT:
            if is_over.wait(0.1):
                return
            connection.send(bytes([byte]))
