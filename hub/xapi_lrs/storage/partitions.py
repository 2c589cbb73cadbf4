"""Partitions of the statements and of the index: one for each quarter of a year, made ahead of time.

A default partition takes whatever no quarter covers, so that a statement is never refused for want of a partition.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, text

from hub.xapi_lrs.spec.values import microseconds

QUARTERS_AHEAD = 4

_PARTITIONED = {"lrs_statement": "statement", "lrs_posting": "posting"}


def create_partitions(connection: Connection, quarters: int = QUARTERS_AHEAD) -> int:
    """Make the partitions of this quarter and of so many after it that do not exist; returns how many were made."""
    now = connection.execute(text("SELECT now()")).scalar_one().astimezone(UTC)
    made = 0
    for table, name in _PARTITIONED.items():
        if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar() is None:
            continue  # The first migrations run before there is the index.
        made += _create(connection, f"lrs_partition.{name}_rest", f"PARTITION OF {table} DEFAULT")
        for start, end, label in _quarters(now, quarters + 1):
            bounds = f"FOR VALUES FROM ({microseconds(start)}) TO ({microseconds(end)})"
            made += _create(connection, f"lrs_partition.{name}_{label}", f"PARTITION OF {table} {bounds}")
    return made


def _create(connection: Connection, name: str, definition: str) -> int:
    if connection.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None:
        return 0
    connection.execute(text(f"CREATE TABLE {name} {definition}"))
    if ".posting_" in name:
        for column in ("stored", "verbs"):  # Numbers of eight bytes, which compressing takes longer than writing.
            connection.execute(text(f"ALTER TABLE {name} ALTER COLUMN {column} SET STORAGE EXTERNAL"))
    if ".statement_" in name:
        # A statement is read whole, so it stays in its row: neither compressed nor moved out below 8 kB.
        connection.execute(text(f"ALTER TABLE {name} ALTER COLUMN body SET STORAGE EXTERNAL"))
        connection.execute(text(f"ALTER TABLE {name} SET (toast_tuple_target = 8160)"))
    return 1


def _quarters(now: datetime, count: int) -> list[tuple[datetime, datetime, str]]:
    first = now.year * 4 + (now.month - 1) // 3
    return [(_start(n), _start(n + 1), f"{n // 4}q{n % 4 + 1}") for n in range(first, first + count)]


def _start(number: int) -> datetime:
    return datetime(number // 4, number % 4 * 3 + 1, 1, tzinfo=UTC)
