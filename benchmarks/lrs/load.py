"""Load: connections that send one prepared request after the other, in one thread, with little CPU of its own."""

import base64
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.lrs.server import Measured

_LENGTH = b"content-length:"


@dataclass
class Outcome:
    """What a run of requests came to. Times in seconds, latencies too."""

    seconds: float
    latencies: list[float] = field(repr=False)
    application_cpu: float
    postgres_cpu: float

    @classmethod
    def of_all(cls, parts: Sequence["Outcome"]) -> "Outcome":
        """Several runs as one."""
        return cls(
            sum(each.seconds for each in parts),
            [latency for each in parts for latency in each.latencies],
            sum(each.application_cpu for each in parts),
            sum(each.postgres_cpu for each in parts),
        )

    @property
    def requests(self) -> int:
        return len(self.latencies)

    def percentile(self, share: float) -> float:
        """The latency in milliseconds that this share of the requests stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


def post(measured: Measured, body: bytes) -> bytes:
    """A POST of statements as bytes on the wire."""
    return _request(measured, "POST", "/xapi/statements", body)


def get(measured: Measured, target: str) -> bytes:
    """A GET as bytes on the wire."""
    return _request(measured, "GET", target, b"")


def _request(measured: Measured, method: str, target: str, body: bytes) -> bytes:
    token = base64.b64encode(f"{measured.key}:{measured.secret}".encode()).decode()
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: {measured.host}:{measured.port}\r\nAuthorization: Basic {token}\r\n"
        "X-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run(measured: Measured, connections: int, seconds: float, request: Callable[[], bytes]) -> Outcome:
    """Keep so many connections busy for so long; every answer must be 200."""
    selector = selectors.DefaultSelector()
    channels = [_Channel(measured) for _ in range(connections)]
    for channel in channels:
        selector.register(channel.socket, selectors.EVENT_READ, channel)
    before, begin = measured.cpu_seconds(), time.perf_counter()
    for channel in channels:
        channel.send(request())
    latencies: list[float] = []
    busy = len(channels)
    while busy:
        for key, _ in selector.select(10):
            channel = key.data
            if channel.receive():
                now = time.perf_counter()
                latencies.append(now - channel.sent_at)
                if now - begin < seconds:
                    channel.send(request())
                else:
                    busy -= 1
    spent = time.perf_counter() - begin
    after = measured.cpu_seconds()
    for channel in channels:
        channel.socket.close()
    return Outcome(spent, latencies, after[0] - before[0], after[1] - before[1])


def fetch(measured: Measured, requests: Iterator[bytes]) -> Iterator[tuple[float, bytes]]:
    """Send requests one after the other over one connection; yields each one's latency and body."""
    channel = _Channel(measured)
    channel.socket.setblocking(True)
    for each in requests:
        channel.send(each)
        while not channel.receive():
            pass
        yield time.perf_counter() - channel.sent_at, channel.body
    channel.socket.close()


class _Channel:
    """One connection, with one request on its way."""

    def __init__(self, measured: Measured) -> None:
        self.socket = socket.create_connection((measured.host, measured.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.body = b""
        self._received = bytearray()
        self._needed = 0

    def send(self, request: bytes) -> None:
        self._received.clear()
        self._needed = 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take in what has come; true when the answer is whole."""
        piece = self.socket.recv(1 << 20)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self._received += piece
        if not self._needed:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = bytes(self._received[:end]).lower()
            if not head.startswith(b"http/1.1 200"):
                raise RuntimeError(bytes(self._received[:2000]).decode(errors="replace"))
            at = head.index(_LENGTH) + len(_LENGTH)
            self._needed = end + 4 + int(head[at:].split(b"\r\n", 1)[0])
        if len(self._received) < self._needed:
            return False
        self.body = bytes(self._received[self._received.find(b"\r\n\r\n") + 4 :])
        return True
