"""Measure the LRS:  python -m benchmarks.lrs COMMAND [--folder DIR] [--seconds N]

limits    what PostgreSQL does with the same statements in one table with five indexes
single    one statement a POST, 16 connections, and its limit by turns with it
batch     50 and 500 statements a POST, 4 connections, and their limit by turns with them
queries   every kind of query at limit=50, one connection
paging    everything there is, 500 a page
download  everything there is as JSON Lines and as CSV, and the memory of the web server meanwhile
fill      batches of 500 until the store has --statements (1,000,000)
all       everything at 20,000 statements, then at --statements; about six minutes in an empty --folder

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
from dataclasses import dataclass
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

#: Of how many turns the measurement of a kind of work consists, and that of its limit between them.
_TURNS = 5

#: What a page at limit=50 is called full from: a shorter one is asked for again at the length that it had before.
_FULL = 40


class Report:
    """Lines of the table; `limit` in statements a second gives the ratio."""

    def __init__(self, measured: Measured) -> None:
        machine = platform.processor() or platform.machine()
        pages = "huge pages" if measured.has_huge_pages() else "no huge pages"
        print(f"{machine}, {psutil.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL with {pages}")
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
        report = Report(measured)
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
    few = _queries(measured, report, seconds)
    _limits(measured, report, seconds)
    _single(measured, report, seconds)
    _batch(measured, report, seconds)
    _fill(measured, report, statements)
    _settle(measured)
    many = _queries(measured, report, seconds)
    _compare(measured, seconds, few, many)
    _batch(measured, report, seconds)
    _paging(measured, report, seconds)


def _limits(measured: Measured, report: Report, seconds: float) -> None:
    url = measured.database_url
    report.limit("limit: COPY, 4 connections", limits.copy_rate(url, seconds))
    report.limit("limit: INSERT of 500 rows, 4 connections", limits.insert_rate(url, seconds))
    report.limit("limit: single-row commits, 16 clients", limits.single_rate(url, seconds))
    report.limit("the same with text instead of jsonb: COPY", limits.copy_rate(url, seconds / 2, "text"))
    report.limit("the same with text instead of jsonb: INSERT", limits.insert_rate(url, seconds / 2, "text"))
    report.limit("the same with text instead of jsonb: single rows", limits.single_rate(url, seconds / 2, "text"))
    limits.clear(url)


def _single(measured: Measured, report: Report, seconds: float) -> None:
    requests = itertools.cycle([post(measured, body) for body in bodies(5_000)])
    outcome, limit = _by_turns(measured, 16, seconds, lambda: next(requests), limits.single_rate)
    report.limit("limit by turns: single-row commits", limit)
    report.line("POST 1, 16 connections", outcome, 1, limit)


def _batch(measured: Measured, report: Report, seconds: float) -> None:
    for size in (50, 500):
        requests = _batches(measured, size)
        outcome, limit = _by_turns(measured, 4, seconds, lambda requests=requests: next(requests), limits.insert_rate)
        report.limit("limit by turns: INSERT of 500 rows", limit)
        report.line(f"POST {size}, 4 connections, {_count(measured):,} stored", outcome, size, limit)


def _by_turns(
    measured: Measured,
    connections: int,
    seconds: float,
    request: Callable[[], bytes],
    limit: Callable[[str, float], float],
) -> tuple[Outcome, float]:
    """A kind of work, and statements a second of its limit, a turn of each after the other: a machine that others use
    too is slow or fast for a minute or so, and then for both."""
    run(measured, connections, 1.0, request)
    outcomes, rates = [], []
    for _ in range(_TURNS):
        rates.append(limit(measured.database_url, seconds / _TURNS))
        outcomes.append(run(measured, connections, seconds / _TURNS, request))
    limits.clear(measured.database_url)
    return Outcome.of_all(outcomes), sum(rates) / len(rates)


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


def _queries(measured: Measured, report: Report, seconds: float) -> dict[str, "_Timed"]:
    stored = _count(measured)
    timed = {}
    for name in _QUERIES:
        each = timed[name] = _timed(measured, name, seconds)
        report.line(f"GET 50 by {name}, {stored:,} stored, {each.found:.0f} found", each.outcome, each.found)
    return timed


def _compare(measured: Measured, seconds: float, few: dict[str, "_Timed"], many: dict[str, "_Timed"]) -> None:
    """How much longer than with few statements stored a page takes, and one of as many statements as were found then:
    it is the same work, where a full page is more."""
    print("| p95 ms | with few | found | with many | found | times | as many as with few | times |")
    print("|---|---|---|---|---|---|---|---|")
    for name, before in few.items():
        now, same = many[name], many[name]
        if round(before.found) < min(now.found, _FULL):
            same = _timed(measured, name, seconds, limit=max(round(before.found), 1))
        cells = [f"{before.p95:.2f}", f"{before.found:.0f}", f"{now.p95:.2f}", f"{now.found:.0f}"]
        cells += [f"{now.p95 / before.p95:.1f}", f"{same.p95:.2f}", f"{same.p95 / before.p95:.1f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


@dataclass(frozen=True)
class _Timed:
    """How long the requests of a kind of query took, and how many statements each found on average."""

    outcome: Outcome
    found: float

    @property
    def p95(self) -> float:
        return self.outcome.percentile(0.95)


def _timed(measured: Measured, name: str, seconds: float, limit: int = 50) -> _Timed:
    chance, since = random.Random(7), _middle(measured)
    end = time.perf_counter() + max(seconds / 3, 1.0)

    def requests() -> Iterator[bytes]:
        while time.perf_counter() < end:
            parameters = _QUERIES[name](chance, since) | {"limit": str(limit)}
            yield get(measured, "/xapi/statements?" + urlencode(parameters))

    latencies: list[float] = []
    found = 0
    before, begin = measured.cpu_seconds(), time.perf_counter()
    for latency, body in fetch(measured, requests()):
        latencies.append(latency)
        found += body.count(b'"stored":"')
    after = measured.cpu_seconds()
    outcome = Outcome(time.perf_counter() - begin, latencies, after[0] - before[0], after[1] - before[1])
    return _Timed(outcome, found / len(latencies))


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
