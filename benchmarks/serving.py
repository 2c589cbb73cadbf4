"""How fast course files are served: a file of 100 kB from the folder store, to 200 connections.

    python -m benchmarks.serving [--seconds N] [--connections N] [--kilobytes N] [--rate N]

starts a PostgreSQL, a Redis and a Hub of its own, with a course, and loads them from the same machine: once as fast as
the connections go, where the time of an answer is the queue of all connections, and once at an even rate, where it is
what a learner waits. The load is one thread, its CPU time is told too.
"""

import argparse
import random
import time
from collections.abc import Iterator

from benchmarks.http_load import Outcome, run
from tests.support.playing import course_address
from tests.support.running_hub import RunningHub, running_hub


def main() -> None:
    """Measure and print a line for each kind of file."""
    parser = argparse.ArgumentParser(description="Requests a second and waiting time of course files.")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--kilobytes", type=int, default=100)
    parser.add_argument("--rate", type=float, default=3_000.0)
    wanted = parser.parse_args()
    with running_hub() as served:
        for line in measure(served, wanted):
            print(line, flush=True)


def measure(served: RunningHub, wanted: argparse.Namespace) -> Iterator[str]:
    """A line for each kind of request."""
    size = wanted.kilobytes * 1000
    text = (b"export const line = 'The quick brown fox jumps over the lazy dog.';\n" * size)[:size]
    files = {"picture.jpg": random.Random(1).randbytes(size), "script.js": text}
    address = course_address(served.hub, files)
    whole, packed = _get(served, f"{address}picture.jpg"), _get(served, f"{address}script.js", "br")
    part = _get(served, f"{address}picture.jpg", extra="Range: bytes=1000-50999\r\n")
    run(served.port, 20, 1, lambda _: whole)
    for name, request in (("whole", whole), ("packed text", packed), ("range of half", part)):
        for rate in (None, wanted.rate):
            yield _line(served, name, wanted, request, rate)


def _line(served: RunningHub, name: str, wanted: argparse.Namespace, request: bytes, rate: float | None) -> str:
    before, own = served.cpu_seconds()[0], time.process_time()
    outcome = run(served.port, wanted.connections, wanted.seconds, lambda _: request, rate)
    cpu, own = served.cpu_seconds()[0] - before, time.process_time() - own
    return told(f"{name}, {wanted.connections} connections, {'at will' if rate is None else 'even'}", outcome, cpu, own)


def told(name: str, outcome: Outcome, cpu: float, own: float) -> str:
    """A line about an outcome: `cpu` the web server's seconds, `own` the load's."""
    answers = len(outcome.latencies)
    faults = f", REFUSED {outcome.refused}" if outcome.refused else ""
    return (
        f"{name}: {outcome.rate:,.0f}/s, {outcome.received / outcome.seconds / 1e6:,.0f} MB/s, "
        f"median {outcome.percentile(0.5):.1f} ms, p95 {outcome.percentile(0.95):.1f} ms, "
        f"p99 {outcome.percentile(0.99):.1f} ms; web server {cpu / answers * 1e6:.0f} us CPU each, "
        f"load {own / answers * 1e6:.0f}{faults}"
    )


def _get(served: RunningHub, url: str, codings: str = "", extra: str = "") -> bytes:
    host, _, path = url.partition("://")[2].partition("/")
    accepted = f"Accept-Encoding: {codings}\r\n" if codings else ""
    return f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n{accepted}{extra}\r\n".encode()


if __name__ == "__main__":
    main()
