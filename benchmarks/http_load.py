"""HTTP load from one thread: requests on kept connections, one after the other or at an even rate."""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_LENGTH = b"content-length:"


@dataclass
class Outcome:
    """What a run came to: times in seconds, answers other than 2xx by their status."""

    seconds: float
    latencies: list[float] = field(repr=False)
    received: int
    refused: dict[int, int]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in milliseconds that this share of the answers stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


def run(
    port: int, connections: int, seconds: float, request: Callable[[int], bytes], rate: float | None = None
) -> Outcome:
    """Send what `request` makes for the connection of a number, for so long.

    Without `rate` each connection sends its next request when it has its answer. With it, so many requests a second
    fall due evenly, each goes out by the next free connection, and its latency counts from when it was due: a server
    that falls behind cannot hide it.
    """
    return _Run(port, connections, request, rate).for_seconds(seconds)


class _Run:
    def __init__(self, port: int, connections: int, request: Callable[[int], bytes], rate: float | None) -> None:
        self._selector = selectors.DefaultSelector()
        self._buffer = bytearray(1 << 20)
        self._request = request
        self._rate = rate
        self._free: deque[_Connection] = deque()
        self._latencies: list[float] = []
        self._refused: dict[int, int] = {}
        self._received = 0
        for number in range(connections):
            connection = _Connection(port, number)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            self._free.append(connection)

    def for_seconds(self, seconds: float) -> Outcome:
        begin = time.perf_counter()
        end = begin + seconds
        due, count = begin, len(self._free)
        while (now := time.perf_counter()) < end or len(self._free) < count:
            while self._free and due <= now < end:
                connection = self._free.popleft()
                connection.send(self._request(connection.number), due if self._rate else now)
                due = due + 1 / self._rate if self._rate else now
            self._take_answers(self._patience(due, now, end))
        spent = time.perf_counter() - begin
        for key in list(self._selector.get_map().values()):
            key.data.socket.close()
        return Outcome(spent, self._latencies, self._received, self._refused)

    def _patience(self, due: float, now: float, end: float) -> float:
        """How long to wait for answers: until the next request is due, where there is a rate."""
        return max(0.0, min(due, end) - now) if self._rate and self._free and now < end else 1.0

    def _take_answers(self, patience: float) -> None:
        for key, _ in self._selector.select(patience):
            connection: _Connection = key.data
            size = connection.socket.recv_into(self._buffer)
            self._received += size
            if connection.is_answered(self._buffer, size):
                self._latencies.append(time.perf_counter() - connection.began_at)
                if connection.status // 100 != 2:
                    self._refused[connection.status] = self._refused.get(connection.status, 0) + 1
                self._free.append(connection)


class _Connection:
    """One kept connection with at most one request on its way."""

    def __init__(self, port: int, number: int) -> None:
        self.number = number
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began_at = 0.0
        self.status = 0
        self._head = b""
        self._missing = 0

    def send(self, request: bytes, began_at: float) -> None:
        self._head, self.status, self.began_at = b"", 0, began_at
        self.socket.sendall(request)

    def is_answered(self, buffer: bytearray, size: int) -> bool:
        """Whether the answer is whole with these bytes; its body is counted and not kept."""
        if size == 0:
            raise ConnectionError("the server closed the connection")
        if self.status:
            self._missing -= size
            return self._missing <= 0
        self._head += bytes(memoryview(buffer)[: min(size, 4096)])
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._head[:end].lower()
        self.status = int(head[9:12])
        at = head.index(_LENGTH) + len(_LENGTH)
        body_so_far = size - (end + 4)
        self._missing = int(head[at:].split(b"\r\n", 1)[0]) - body_so_far
        return self._missing <= 0
