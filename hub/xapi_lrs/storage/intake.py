"""The write path: many statements in one round trip, by arrays that are ready as bytes.

Whoever writes to a store first takes the store's order (`take_order`) and keeps it until the commit. So `stored`
times are given out in the order of commits: a reader that has seen a `stored` time has seen everything before it.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection

from hub.xapi_lrs.spec.completion import Opening
from hub.xapi_lrs.storage import wire
from hub.xapi_lrs.storage.wire import BOOL, BYTEA, INT4, INT8, Prepared, array, int4

#: The first number of the advisory locks that writers hold, so that readers can ask for them without writing.
ORDER_LOCK = 4_711_131

_LENGTH_4 = int4(4)
_LENGTH_8 = int4(8)
_LENGTH_16 = int4(16)
_TRUE, _FALSE = int4(1) + b"\x01", int4(1) + b"\x00"

#: What comes after the lock begins once it is held, so it sees what the writer before has committed.
_TAKE_ORDER = """
{begin}
SELECT pg_advisory_xact_lock({lock}, {store});
SAVEPOINT in_order;
SELECT dangling FROM lrs_store WHERE number = {store}
"""

#: All of it is one statement, and so one round trip and, outside a transaction, one commit.
#:
#: The store's lock comes first; whoever had it has committed its `last_stored` by then, and a row that was changed
#: meanwhile is read again by UPDATE. `stored` is the database's clock in microseconds, but never at or before the
#: newest one given out, and one later for each statement. What its time decides is written into the statement here.
#: Arrays are opened in the list of columns, which needs no copy of their rows as in FROM.
#: Without `$8` nothing is written to a store in which references wait for their target.
_APPEND = Prepared(
    "lrs_append",
    """
    WITH turn AS MATERIALIZED (
        SELECT pg_advisory_xact_lock($9::int, $1::int)
    ), store AS (
        UPDATE lrs_store s
           SET last_stored = greatest(s.last_stored, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
                             + cardinality($2::uuid[])
          FROM turn
         WHERE s.number = $1::int AND ($8::bool OR s.dangling = 0)
        RETURNING s.number, s.last_stored - cardinality($2::uuid[]) AS before
    ), ids AS (
        INSERT INTO lrs_statement_id (store, id, stored)
        SELECT number, id, before + n
          FROM store, LATERAL (SELECT unnest($2::uuid[]) AS id, generate_series(1, cardinality($2::uuid[])) AS n) g
    ), statements AS (
        INSERT INTO lrs_statement (store, stored, id, is_voided, body, terms)
        SELECT number, before + n, id, false,
               head || at || CASE WHEN has_timestamp THEN '"}' ELSE '","timestamp":"'::bytea || at || '"}' END,
               ($5::bigint[])[first_term:last_term]
          FROM store,
               LATERAL (SELECT unnest($2::uuid[]) AS id, unnest($3::bytea[]) AS head,
                               unnest($4::bool[]) AS has_timestamp, unnest($6::int[]) AS first_term,
                               unnest($7::int[]) AS last_term, generate_series(1, cardinality($2::uuid[])) AS n) g,
               LATERAL (SELECT convert_to(to_char(timestamp 'epoch' + (before + n) * interval '1 microsecond',
                                                  'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8') AS at OFFSET 0) t
    )
    SELECT before FROM store
    """,
)


class IdsTaken(Exception):
    """At least one of the statement ids is in the store already."""


class Row(msgspec.Struct, gc=False):
    """A statement as it is written: its id (16 bytes), the statement without its `stored` time, and its term hashes
    (the verb's first)."""

    id: bytes
    opening: Opening
    terms: Sequence[bytes]


def take_order(connection: Connection[Any], store: int) -> int:
    """Become the one writer of the store until the commit.

    Opens a transaction unless one is open. Returns how many references of the store wait for their target.
    """
    sql = _TAKE_ORDER.format(begin=wire.begin(connection, store), lock=ORDER_LOCK, store=int(store))
    return int(wire.execute(connection, sql).get_value(0, 0) or 0)


def append(connection: Connection[Any], store: int, rows: Sequence[Row], *, follows_references: bool) -> int | None:
    """Write the statements; their `stored` times are the one returned and those after it, one by one.

    Becomes the one writer of the store until the commit, which outside a transaction is at once. None, and nothing
    written, where a reference of the store waits for its target, unless the caller `follows_references`. Raises
    `IdsTaken` when an id is there already; the transaction has failed then.
    """
    count = len(rows)
    ends = list(accumulate([len(row.terms) for row in rows]))
    parameters = [
        int4(store),
        array(wire.UUID, count, [_LENGTH_16 + row.id for row in rows]),
        array(BYTEA, count, [piece for row in rows for piece in _sized_head(row.opening)]),
        array(BOOL, count, [_TRUE if row.opening.has_timestamp else _FALSE for row in rows]),
        array(INT8, ends[-1], [_LENGTH_8.join((b"", *row.terms)) for row in rows]),
        array(INT4, count, [_LENGTH_4 + int4(end + 1) for end in (0, *ends[:-1])]),
        array(INT4, count, [_LENGTH_4 + int4(end) for end in ends]),
        b"\x01" if follows_references else b"\x00",
        int4(ORDER_LOCK),
    ]
    try:
        result = _APPEND.run(connection, parameters)
    except wire.UniqueViolation:
        raise IdsTaken from None
    return wire.integer(result.get_value(0, 0)) + 1 if result.ntuples else None


def _sized_head(opening: Opening) -> tuple[bytes, bytes, bytes]:
    return int4(len(opening.kept) + len(opening.added)), opening.kept, opening.added


def append_new(connection: Connection[Any], store: int, rows: Sequence[Row]) -> int | None:
    """The same for the one writer (`take_order`), who may go on when it fails: None, and nothing written, when an id is
    there already."""
    try:
        return append(connection, store, rows, follows_references=True)
    except IdsTaken:
        wire.execute(connection, "ROLLBACK TO SAVEPOINT in_order")
        return None


def bodies_of(connection: Connection[Any], store: int, ids: Sequence[UUID]) -> dict[UUID, tuple[int, bytes | None]]:
    """The `stored` time and body of each of `ids` that the store knows; None for the body of a statement whose
    partition was taken away."""
    query = """
    SELECT i.id, i.stored, s.body
      FROM lrs_statement_id i LEFT JOIN lrs_statement s ON s.store = i.store AND s.stored = i.stored
     WHERE i.store = %s AND i.id = ANY(%s)
    """
    rows = connection.execute(query, (store, list(ids)), binary=True).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def mark_voided(connection: Connection[Any], store: int, stored: int) -> None:
    """Hide a statement from everything but `voidedStatementId`."""
    connection.execute("UPDATE lrs_statement SET is_voided = true WHERE store = %s AND stored = %s", (store, stored))
