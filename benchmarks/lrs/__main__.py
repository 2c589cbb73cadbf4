"""Measure the LRS:  python -m benchmarks.lrs COMMAND [--folder DIR] [--seconds N]

limits    what PostgreSQL does with the same statements in one table with five indexes
single    one statement a POST, 16 connections
batch     50 and 500 statements a POST, 4 connections
queries   every kind of query at limit=50, one connection
paging    everything there is, 500 a page
download  everything there is as JSON Lines and as CSV, and the memory of the web server meanwhile
fill      batches of 500 until the store has --statements (1,000,000)
all       everything at 20,000 statements, then at --statements; about five minutes in an empty --folder

Each command starts PostgreSQL, Redis and the Hub by itself and stops them again; what is stored stays in --folder.
"""

import argparse
import itertools
import platform
import random
import re
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import orjson
import psutil
import psycopg

from benchmarks.lrs import limits
from benchmarks.lrs.load import Outcome, fetch, get, post, run
from benchmarks.lrs.server import Measured, running
from benchmarks.lrs.statements import (
    ACTIVITIES,
    ACTORS,
    VERBS,
    activity_id,
    actor,
    bodies,
    course_id,
    registration,
    verb_id,
)

_MORE = re.compile(rb'"more":"([^"]*)"\}$')


class Report:
    """Lines of the table; `limit` in statements a second gives the ratio."""

    def __init__(self) -> None:
        machine = platform.processor() or platform.machine()
        print(f"{machine}, {psutil.cpu_count()} cores, Python {platform.python_version()}")
        print("| work | statements/s | p50 ms | p95 ms | p99 ms | app CPU ms | db CPU ms | of the limit |")
        print("|---|---|---|---|---|---|---|---|")

    def line(self, work: str, outcome: Outcome, each: float, limit: float | None = None) -> float:
        """One measured kind of work, `each` statements a request."""
        count = outcome.requests * each
        rate = count / outcome.seconds
        times = " | ".join(f"{outcome.percentile(share):.2f}" for share in (0.5, 0.95, 0.99))
        cpu = f"{outcome.application_cpu * 1000 / count:.3f} | {outcome.postgres_cpu * 1000 / count:.3f}"
        print(f"| {work} | {rate:,.0f} | {times} | {cpu} | {f'{rate / limit:.0%}' if limit else ''} |", flush=True)
        return rate

    def limit(self, work: str, rate: float) -> float:
        """One limit of PostgreSQL."""
        print(f"| {work} | {rate:,.0f} | | | | | | |", flush=True)
        return rate


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.lrs", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "command", choices=["limits", "single", "batch", "queries", "paging", "download", "fill", "all"]
    )
    parser.add_argument("--folder", type=Path, default=Path("var/benchmark-lrs"))
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--statements", type=int, default=1_000_000)
    given = parser.parse_args()
    with running(given.folder) as measured:
        report = Report()
        if given.command == "all":
            _all(measured, report, given.seconds, given.statements)
        elif given.command == "fill":
            _fill(measured, report, given.statements)
        elif given.command == "download":
            _download(measured)
        else:
            {"limits": _limits, "single": _single, "batch": _batch, "queries": _queries, "paging": _paging}[
                given.command
            ](measured, report, given.seconds)


def _all(measured: Measured, report: Report, seconds: float, statements: int) -> None:
    _fill(measured, report, 20_000)
    _settle(measured)
    _queries(measured, report, seconds)
    single_limit, insert_limit = _limits(measured, report, seconds)
    _single(measured, report, seconds, single_limit)
    _batch(measured, report, seconds, insert_limit)
    _fill(measured, report, statements)
    _settle(measured)
    _queries(measured, report, seconds)
    _batch(measured, report, seconds, insert_limit)
    _paging(measured, report, seconds)


def _limits(measured: Measured, report: Report, seconds: float) -> tuple[float, float]:
    url = measured.database_url
    report.limit("limit: COPY, 4 connections", limits.copy_rate(url, seconds))
    insert = report.limit("limit: INSERT of 500 rows, 4 connections", limits.insert_rate(url, seconds))
    single = report.limit("limit: single-row commits, 16 clients", limits.single_rate(url, seconds))
    report.limit("the same with text instead of jsonb: COPY", limits.copy_rate(url, seconds / 2, "text"))
    report.limit("the same with text instead of jsonb: INSERT", limits.insert_rate(url, seconds / 2, "text"))
    report.limit("the same with text instead of jsonb: single rows", limits.single_rate(url, seconds / 2, "text"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE bench_limit")
    return single, insert


def _single(measured: Measured, report: Report, seconds: float, limit: float | None = None) -> None:
    requests = itertools.cycle([post(measured, body) for body in bodies(5_000)])
    run(measured, 16, 1.0, lambda: next(requests))
    report.line("POST 1, 16 connections", run(measured, 16, seconds, lambda: next(requests)), 1, limit)


def _batch(measured: Measured, report: Report, seconds: float, limit: float | None = None) -> None:
    for size in (50, 500):
        requests = _batches(measured, size)
        run(measured, 4, 1.0, lambda requests=requests: next(requests))
        outcome = run(measured, 4, seconds, lambda requests=requests: next(requests))
        report.line(f"POST {size}, 4 connections, {_count(measured):,} stored", outcome, size, limit)


def _batches(measured: Measured, size: int) -> Iterator[bytes]:
    made = bodies(20 * size)
    return itertools.cycle(_batch_of(measured, made[at : at + size]) for at in range(0, len(made), size))


def _batch_of(measured: Measured, statements: Sequence[bytes]) -> bytes:
    return post(measured, b"[" + b",".join(statements) + b"]")


def _fill(measured: Measured, report: Report, statements: int) -> None:
    stored = _count(measured)
    missing = (statements - stored + 499) // 500
    if missing > 0:
        requests = (_batch_of(measured, bodies(500, seed=stored + number)) for number in range(missing))
        begin = time.perf_counter()
        for _ in fetch(measured, requests):
            pass
        print(f"| filled to {_count(measured):,} in {time.perf_counter() - begin:.0f} s | | | | | | | |", flush=True)


def _queries(measured: Measured, report: Report, seconds: float) -> None:
    stored = _count(measured)
    for name, parameters in _QUERIES.items():
        chance = random.Random(7)
        since = _middle(measured)
        end = time.perf_counter() + max(seconds / 3, 1.0)
        outcome, found = _timed(measured, end, lambda p=parameters, c=chance, s=since: p(c, s))
        report.line(f"GET 50 by {name}, {stored:,} stored, {found:.0f} found", outcome, found)


def _timed(measured: Measured, end: float, parameters: Callable[[], dict[str, str]]) -> tuple[Outcome, float]:
    """How long requests took, and how many statements each found on average."""

    def requests() -> Iterator[bytes]:
        while time.perf_counter() < end:
            yield get(measured, "/xapi/statements?" + urlencode({**parameters(), "limit": "50"}))

    latencies: list[float] = []
    found = 0
    before, begin = measured.cpu_seconds(), time.perf_counter()
    for latency, body in fetch(measured, requests()):
        latencies.append(latency)
        found += body.count(b'"stored":"')
    after = measured.cpu_seconds()
    outcome = Outcome(time.perf_counter() - begin, latencies, after[0] - before[0], after[1] - before[1])
    return outcome, found / len(latencies)


def _agent(chance: random.Random) -> str:
    return orjson.dumps({"account": actor(chance.randrange(ACTORS))["account"]}).decode()


_QUERIES: dict[str, Callable[[random.Random, str], dict[str, str]]] = {
    "latest": lambda c, s: {},
    "agent+verb": lambda c, s: {"agent": _agent(c), "verb": verb_id(c.randrange(len(VERBS)))},
    "registration": lambda c, s: {"registration": registration(c.randrange(ACTORS), c.randrange(ACTIVITIES))},
    "activity": lambda c, s: {"activity": activity_id(c.randrange(ACTIVITIES))},
    "since+verb ascending": lambda c, s: {
        "since": s,
        "verb": verb_id(c.randrange(len(VERBS))),
        "ascending": "true",
    },
    "related_activities": lambda c, s: {
        "activity": course_id(c.randrange(ACTIVITIES)),
        "related_activities": "true",
    },
    "related_agents": lambda c, s: {"agent": _agent(c), "related_agents": "true"},
    "agent+activity": lambda c, s: {"agent": _agent(c), "activity": activity_id(c.randrange(ACTIVITIES))},
}


def _paging(measured: Measured, report: Report, seconds: float) -> None:
    latencies: list[float] = []
    before, begin = measured.cpu_seconds(), time.perf_counter()
    target = ["/xapi/statements?limit=500"]

    def requests() -> Iterator[bytes]:
        while target[0]:
            yield get(measured, target[0])

    for latency, body in fetch(measured, requests()):
        latencies.append(latency)
        found = _MORE.search(body)
        target[0] = found[1].decode() if found else ""
    after = measured.cpu_seconds()
    outcome = Outcome(time.perf_counter() - begin, latencies, after[0] - before[0], after[1] - before[1])
    report.line("paging through everything, 500 a page", outcome, 500)
    tenth = max(len(latencies) // 10, 1)
    first, last = sum(latencies[:tenth]) / tenth, sum(latencies[-tenth:]) / tenth
    print(f"| first tenth {first * 1000:.1f} ms a page, last tenth {last * 1000:.1f} ms | | | | | | | |", flush=True)


def _download(measured: Measured) -> None:
    token, store = measured.reader()
    for form in ("jsonl", "csv"):
        address = f"http://{measured.host}:{measured.port}/api/v1/stores/{store}/statements?format={form}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        begin, before, size, lines, most = time.perf_counter(), measured.largest_worker(), 0, 0, 0.0
        with urllib.request.urlopen(request) as answer:
            while piece := answer.read(1 << 24):
                size, lines, most = size + len(piece), lines + piece.count(b"\n"), max(most, measured.largest_worker())
        spent = time.perf_counter() - begin
        print(f"| {form}: {lines:,} lines, {size / 1e6:,.0f} MB in {spent:.0f} s | | | | | | | |")
        print(
            f"| largest web worker {before:.0f} MB before, at most {most:.0f} MB meanwhile | | | | | | | |", flush=True
        )


def _count(measured: Measured) -> int:
    with psycopg.connect(measured.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM lrs_statement_id").fetchone()
        assert row is not None
        return int(row[0])


def _middle(measured: Measured) -> str:
    """A time that half of the statements were stored after."""
    with psycopg.connect(measured.database_url) as connection:
        row = connection.execute(
            "SELECT to_timestamp(percentile_disc(0.5) WITHIN GROUP (ORDER BY stored) / 1e6)"
            " FROM lrs_statement_id TABLESAMPLE SYSTEM (5)"
        ).fetchone()
        assert row is not None
        return row[0].isoformat().replace("+00:00", "Z")


def _settle(measured: Measured) -> None:
    """Let PostgreSQL and the Hub do now what they would do by themselves within minutes, in the middle of what is
    measured."""
    measured.file_rest()
    with psycopg.connect(measured.database_url, autocommit=True) as connection:
        for table in ("lrs_statement", "lrs_posting", "lrs_statement_id"):
            connection.execute(f"VACUUM (ANALYZE) {table}")
        connection.execute("CHECKPOINT")


if __name__ == "__main__":
    main()
