"""What PostgreSQL can do with the same statements: the yardstick of the same run.

One table as a plain design has it: who, what and about what as text, the whole statement as jsonb (or as text, for
comparison), and five indexes. COPY and INSERT of 500 rows from four connections that send bytes made beforehand, of the
same statements that the LRS is sent; single rows, each its own commit, from sixteen clients of pgbench with prepared
statements. The table grows from one measurement to the next, as the LRS does, until it is cleared.
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
CREATE TABLE {name} (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), stored timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL, verb text NOT NULL, activity text NOT NULL, registration uuid NOT NULL, body {body} NOT NULL);
CREATE INDEX ON {name} (actor, stored);
CREATE INDEX ON {name} (verb, stored);
CREATE INDEX ON {name} (activity, stored);
CREATE INDEX ON {name} (registration, stored);
"""
_COLUMNS = "actor, verb, activity, registration, body"


#: How many batches of 500 there are before they come again.
_BATCHES = 20


def copy_rate(url: str, seconds: float, body: str = "jsonb") -> float:
    """Statements a second by COPY, 500 in a transaction, four connections; `body` is the type of its column."""
    batches = ["".join("\t".join(values) + "\n" for values in rows).encode() for rows in _batches()]
    command = f"COPY {_table(url, body)} ({_COLUMNS}) FROM STDIN"

    def work(connection: psycopg.Connection, number: int) -> int:
        with connection.cursor() as cursor, cursor.copy(command) as copy:
            copy.write(batches[number % _BATCHES])
        connection.commit()
        return 500

    return _rate(url, seconds, work)


def insert_rate(url: str, seconds: float, body: str = "jsonb") -> float:
    """Statements a second by INSERT of 500 rows, each a transaction, four connections."""
    into = f"INSERT INTO {_table(url, body)} ({_COLUMNS}) VALUES "
    values = [",".join("(" + ",".join(f"'{value}'" for value in row) + ")" for row in rows) for rows in _batches()]
    batches = [(into + each).encode() for each in values]

    def work(connection: psycopg.Connection, number: int) -> int:
        for command in (b"BEGIN", batches[number % _BATCHES], b"COMMIT"):
            result = connection.pgconn.exec_(command)
            assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, result.error_message
        return 500

    return _rate(url, seconds, work)


def single_rate(url: str, seconds: float, body: str = "jsonb") -> float:
    """Single-row commits a second from sixteen clients."""
    script = (
        "\\set actor random(0, 999)\n\\set verb random(0, 7)\n\\set activity random(0, 199)\n"
        f"INSERT INTO {_table(url, body)} ({_COLUMNS}) VALUES ('https://lms.example.com learner-' || :actor,"
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
    """Drop the tables of the limits."""
    with psycopg.connect(url, autocommit=True) as connection:
        for body in ("jsonb", "text"):
            connection.execute(f"DROP TABLE IF EXISTS bench_limit_{body}")


def _table(url: str, body: str) -> str:
    """The table with such a column, made where it is not there."""
    name = f"bench_limit_{body}"
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass(%s)", (name,)).fetchone() == (None,):
            connection.execute(_TABLE.format(name=name, body=body))
    return name


def _batches() -> list[list[tuple[str, ...]]]:
    """The rows of every batch."""
    rows = list(_rows(_BATCHES * 500))
    return [rows[at : at + 500] for at in range(0, len(rows), 500)]


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


def _rate(url: str, seconds: float, work: Callable[[psycopg.Connection, int], int]) -> float:
    end = time.perf_counter() + seconds

    def client(number: int) -> int:
        done = 0
        with psycopg.connect(url) as connection:
            while time.perf_counter() < end:
                done += work(connection, number)
                number += 1
        return done

    begin = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        total = sum(pool.map(client, range(0, _BATCHES, _BATCHES // 4)))
    return total / (time.perf_counter() - begin)
