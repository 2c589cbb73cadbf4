"""What PostgreSQL can do with the same statements: the yardstick of the same run.

One table as a plain design has it: who, what and about what as text, the whole statement as jsonb (or as text, for
comparison), and five indexes. COPY and INSERT of 500 rows from four connections that send bytes made beforehand; single
rows, each its own commit, from sixteen clients of pgbench with prepared statements.
"""

import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import psycopg

from benchmarks.lrs.statements import bodies
from hub.adapters.embedded.postgres import _program

_TABLE = """
DROP TABLE IF EXISTS bench_limit;
CREATE TABLE bench_limit (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), stored timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL, verb text NOT NULL, activity text NOT NULL, registration uuid NOT NULL, body {body} NOT NULL);
CREATE INDEX ON bench_limit (actor, stored);
CREATE INDEX ON bench_limit (verb, stored);
CREATE INDEX ON bench_limit (activity, stored);
CREATE INDEX ON bench_limit (registration, stored);
"""
_COLUMNS = "actor, verb, activity, registration, body"


def copy_rate(url: str, seconds: float, body: str = "jsonb") -> float:
    """Statements a second by COPY, 500 in a transaction, four connections; `body` is the type of its column."""
    lines = "".join("\t".join(values) + "\n" for values in _rows(500)).encode()

    def work(connection: psycopg.Connection) -> int:
        with connection.cursor() as cursor, cursor.copy(f"COPY bench_limit ({_COLUMNS}) FROM STDIN") as copy:
            copy.write(lines)
        connection.commit()
        return 500

    return _rate(url, seconds, body, work)


def insert_rate(url: str, seconds: float, body: str = "jsonb") -> float:
    """Statements a second by INSERT of 500 rows, each a transaction, four connections."""
    rows = ",".join("(" + ",".join(f"'{value}'" for value in values) + ")" for values in _rows(500))
    text = f"INSERT INTO bench_limit ({_COLUMNS}) VALUES {rows}".encode()

    def work(connection: psycopg.Connection) -> int:
        for command in (b"BEGIN", text, b"COMMIT"):
            result = connection.pgconn.exec_(command)
            assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, result.error_message
        return 500

    return _rate(url, seconds, body, work)


def single_rate(url: str, seconds: float, body: str = "jsonb") -> float:
    """Single-row commits a second from sixteen clients."""
    _recreate(url, body)
    script = (
        "\\set actor random(0, 999)\n\\set verb random(0, 7)\n\\set activity random(0, 199)\n"
        f"INSERT INTO bench_limit ({_COLUMNS}) VALUES ('https://lms.example.com learner-' || :actor,"
        " 'http://adlnet.gov/expapi/verbs/' || :verb, 'https://courses.example.com/lesson/' || :activity,"
        " gen_random_uuid(), :body);\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "single.sql"
        file.write_text(script)
        options = ["-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", str(max(int(seconds), 1))]
        given = ["-D", f"body={bodies(1)[0].decode()}", "-f", str(file), url]
        output = subprocess.run([_program("pgbench"), *options, *given], check=True, capture_output=True, text=True)
    found = re.search(r"tps = ([0-9.]+)", output.stdout)
    assert found is not None, output.stdout
    return float(found[1])


def clear(url: str) -> None:
    """Drop the table of the limits."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_limit")


def _rows(count: int) -> Iterator[tuple[str, ...]]:
    """The values of the columns; nothing in these statements needs escaping."""
    for body in bodies(count):
        statement = orjson.loads(body)
        account = statement["actor"]["account"]
        yield (
            f"{account['homePage']} {account['name']}",
            statement["verb"]["id"],
            statement["object"]["id"],
            statement["context"]["registration"],
            body.decode(),
        )


def _rate(url: str, seconds: float, body: str, work: Callable[[psycopg.Connection], int]) -> float:
    _recreate(url, body)
    end = time.perf_counter() + seconds

    def client(_: int) -> int:
        done = 0
        with psycopg.connect(url) as connection:
            while time.perf_counter() < end:
                done += work(connection)
        return done

    begin = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        total = sum(pool.map(client, range(4)))
    return total / (time.perf_counter() - begin)


def _recreate(url: str, body: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLE.format(body=body))
