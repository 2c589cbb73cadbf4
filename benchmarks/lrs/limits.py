"""What PostgreSQL can do with the same statements: the yardstick of the same run.

One table with five indexes, as a plain design would have it: COPY and 500-row INSERT from four connections, and single
rows, each its own commit, from sixteen clients of pgbench.
"""

import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from benchmarks.lrs.statements import bodies
from hub.adapters.embedded.postgres import _program

_TABLE = """
DROP TABLE IF EXISTS bench_limit;
CREATE TABLE bench_limit (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), stored bigint GENERATED ALWAYS AS IDENTITY, actor int NOT NULL,
    verb int NOT NULL, activity int NOT NULL, registration uuid NOT NULL, body text NOT NULL);
ALTER TABLE bench_limit ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX ON bench_limit (actor, stored);
CREATE INDEX ON bench_limit (verb, stored);
CREATE INDEX ON bench_limit (activity, stored);
CREATE INDEX ON bench_limit (registration, stored);
"""
_COLUMNS = "actor, verb, activity, registration, body"


def copy_rate(url: str, seconds: float) -> float:
    """Statements a second by COPY, 500 in a transaction, four connections."""
    lines = "".join(
        f"{n % 1000}\t{n % 8}\t{n % 200}\t{_registration(n)}\t{body.decode()}\n" for n, body in enumerate(bodies(500))
    ).encode()

    def work(connection: psycopg.Connection) -> int:
        with connection.cursor() as cursor, cursor.copy(f"COPY bench_limit ({_COLUMNS}) FROM STDIN") as copy:
            copy.write(lines)
        connection.commit()
        return 500

    return _rate(url, seconds, work)


def insert_rate(url: str, seconds: float) -> float:
    """Statements a second by INSERT of 500 rows, each a transaction, four connections."""
    rows = ",".join(
        f"({n % 1000},{n % 8},{n % 200},'{_registration(n)}','{body.decode()}')" for n, body in enumerate(bodies(500))
    )
    text = f"INSERT INTO bench_limit ({_COLUMNS}) VALUES {rows}".encode()

    def work(connection: psycopg.Connection) -> int:
        connection.pgconn.exec_(b"BEGIN")
        connection.pgconn.exec_(text)
        connection.pgconn.exec_(b"COMMIT")
        return 500

    return _rate(url, seconds, work)


def single_rate(url: str, seconds: float) -> float:
    """Single-row commits a second from sixteen clients."""
    _recreate(url)
    body = bodies(1)[0].decode().replace(":", "\\072")
    script = (
        "\\set actor random(0, 999)\n\\set verb random(0, 7)\n\\set activity random(0, 199)\n"
        f"INSERT INTO bench_limit ({_COLUMNS}) VALUES (:actor, :verb, :activity, gen_random_uuid(), E'{body}');\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "single.sql"
        file.write_text(script)
        output = subprocess.run(
            [
                _program("pgbench"),
                "-n",
                "-M",
                "prepared",
                "-c",
                "16",
                "-j",
                "2",
                "-T",
                str(int(seconds)),
                "-f",
                file,
                url,
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    found = re.search(r"tps = ([0-9.]+)", output)
    assert found is not None, output
    return float(found[1])


def _rate(url: str, seconds: float, work: Callable[[psycopg.Connection], int]) -> float:
    _recreate(url)
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


def _recreate(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLE)


def _registration(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"
