"""The write path: many statements in one transaction, by COPY of rows that are ready as bytes.

Whoever writes to a store first takes the store's order (`take_order`) and keeps it until the commit. So `stored`
times are given out in the order of commits: a reader that has seen a `stored` time has seen everything before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection

_COPY_BEGIN = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END = b"\xff\xff"

# Rows of COPY (FORMAT binary): the number of fields, then each field with its length before it.
_ID_ROW = Struct(">hi i i16s iq").pack
_STATEMENT_ROW = Struct(">hi i iq i16s ib i").pack
_TERM_ROW = Struct(">hi8s iq i8s ih").pack

#: The first number of the advisory locks that writers hold, so that readers can ask for them without writing.
ORDER_LOCK = 4_711_131

#: `stored` is the database's clock in microseconds, read once the lock is held, but never at or before the newest
#: one given out.
_TAKE_ORDER = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(%s, %s))
UPDATE lrs_store
   SET last_stored = greatest(last_stored, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) + %s
  FROM turn
 WHERE number = %s
RETURNING last_stored, dangling
"""


class IdsTaken(Exception):
    """At least one of the statement ids is in the store already."""


@dataclass(frozen=True, slots=True)
class Row:
    """A statement as it is written: its id (16 bytes), whole body, term hashes (the verb's first)."""

    id: bytes
    stored: int
    body: bytes
    terms: Sequence[bytes]


def take_order(connection: Connection[Any], store: int, count: int) -> tuple[int, int]:
    """Become the one writer of the store until the commit, with `count` successive `stored` times.

    Returns the first of them and how many references of the store wait for their target.
    """
    last, dangling = connection.execute(_TAKE_ORDER, (ORDER_LOCK, store, count, store)).fetchone()  # type: ignore[misc]
    return last - count + 1, dangling


def insert(connection: Connection[Any], store: int, rows: Sequence[Row]) -> None:
    """Write the statements. Raises `IdsTaken` when an id is there already; the transaction has failed then."""
    identities = [_ID_ROW(3, 4, store, 16, row.id, 8, row.stored) for row in rows]
    try:
        _copy(connection, "lrs_statement_id (store, id, stored)", identities)
    except psycopg.errors.UniqueViolation:
        raise IdsTaken from None
    _copy(connection, "lrs_statement (store, stored, id, is_voided, body)", _statement_rows(store, rows))
    _copy(connection, "lrs_term (term, stored, verb, via)", _term_rows(rows))


def insert_terms(connection: Connection[Any], terms: Iterable[bytes], verb: bytes, stored: int, via: int) -> None:
    """Add what a statement is found under because of a statement that it targets."""
    _copy(
        connection,
        "lrs_term (term, stored, verb, via)",
        [_TERM_ROW(4, 8, term, 8, stored, 8, verb, 2, via) for term in terms],
    )


def _statement_rows(store: int, rows: Sequence[Row]) -> list[bytes]:
    pieces: list[bytes] = []
    for row in rows:
        body = row.body
        pieces.append(_STATEMENT_ROW(5, 4, store, 8, row.stored, 16, row.id, 1, 0, len(body)))
        pieces.append(body)
    return pieces


def _term_rows(rows: Sequence[Row]) -> list[bytes]:
    pieces: list[bytes] = []
    for row in rows:
        verb, stored = row.terms[0], row.stored
        for term in row.terms:
            pieces.append(_TERM_ROW(4, 8, term, 8, stored, 8, verb, 2, 0))
    return pieces


def _copy(connection: Connection[Any], target: str, pieces: list[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT binary)") as copy:
        copy.write(b"".join([_COPY_BEGIN, *pieces, _COPY_END]))


def bodies_of(connection: Connection[Any], store: int, ids: Sequence[UUID]) -> dict[UUID, tuple[int, bytes]]:
    """The `stored` time and body of each of `ids` that the store has."""
    query = """
    SELECT i.id, i.stored, s.body
      FROM lrs_statement_id i JOIN lrs_statement s ON s.store = i.store AND s.stored = i.stored
     WHERE i.store = %s AND i.id = ANY(%s)
    """
    rows = connection.execute(query, (store, list(ids)), binary=True).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def mark_voided(connection: Connection[Any], store: int, stored: int) -> None:
    """Hide a statement from everything but `voidedStatementId`."""
    connection.execute("UPDATE lrs_statement SET is_voided = true WHERE store = %s AND stored = %s", (store, stored))
