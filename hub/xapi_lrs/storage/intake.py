"""The write path: many statements in three round trips, by arrays that are ready as bytes.

Whoever writes to a store first takes the store's order (`take_order`) and keeps it until the commit. So `stored`
times are given out in the order of commits: a reader that has seen a `stored` time has seen everything before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from hub.xapi_lrs.storage import wire
from hub.xapi_lrs.storage.wire import BYTEA, INT8, Prepared, array, int4, int8, sized

#: The first number of the advisory locks that writers hold, so that readers can ask for them without writing.
ORDER_LOCK = 4_711_131

_LENGTH_8 = int4(8)
_LENGTH_16 = int4(16)

#: The second statement begins once the lock is held, so it sees what the writer before has committed. `stored` is the
#: database's clock in microseconds, but never at or before the newest one given out.
_TAKE_ORDER = """
{begin}
SELECT pg_advisory_xact_lock({lock}, {store});
SELECT greatest(last_stored + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), dangling
  FROM lrs_store WHERE number = {store}
"""

_INSERT = Prepared(
    "lrs_insert",
    """
    WITH ids AS (
        INSERT INTO lrs_statement_id (store, id, stored)
        SELECT $1::int, id, stored FROM unnest($2::uuid[], $3::bigint[]) AS g(id, stored)
    ), newest AS (
        UPDATE lrs_store SET last_stored = $8::bigint WHERE number = $1::int
    ), statements AS (
        INSERT INTO lrs_statement (store, stored, id, is_voided, body)
        SELECT $1::int, stored, id, false, body
          FROM unnest($2::uuid[], $3::bigint[], $4::bytea[]) AS g(id, stored, body)
    )
    INSERT INTO lrs_term (term, stored, verb, via)
    SELECT term, stored, verb, 0 FROM unnest($5::bigint[], $6::bigint[], $7::bigint[]) AS g(term, stored, verb)
    """,
)

_INSERT_TERMS = Prepared(
    "lrs_insert_terms",
    "INSERT INTO lrs_term (term, stored, verb, via) SELECT term, $2::bigint, $3::bigint, $4::int"
    " FROM unnest($1::bigint[]) AS term",
)


class IdsTaken(Exception):
    """At least one of the statement ids is in the store already."""


@dataclass(frozen=True, slots=True)
class Row:
    """A statement as it is written: its id (16 bytes), whole body, term hashes (the verb's first)."""

    id: bytes
    stored: int
    body: bytes
    terms: Sequence[bytes]


def take_order(connection: Connection[Any], store: int) -> tuple[int, int]:
    """Become the one writer of the store until the commit.

    Opens a transaction unless one is open. Returns the `stored` time that is next and how many references of the
    store wait for their target.
    """
    sql = _TAKE_ORDER.format(begin=wire.begin(connection, store), lock=ORDER_LOCK, store=int(store))
    result = wire.execute(connection, sql)
    first, dangling = (int(result.get_value(0, column) or 0) for column in (0, 1))
    return first, dangling


def insert(connection: Connection[Any], store: int, rows: Sequence[Row]) -> None:
    """Write the statements, whose `stored` times rise from the one that `take_order` told.

    Raises `IdsTaken` when an id is there already; the transaction has failed then.
    """
    times = [_LENGTH_8 + int8(row.stored) for row in rows]
    parameters = [
        int4(store),
        array(wire.UUID, [_LENGTH_16 + row.id for row in rows]),
        array(INT8, times),
        array(BYTEA, [sized(row.body) for row in rows]),
        array(INT8, [_LENGTH_8 + term for row in rows for term in row.terms]),
        array(INT8, [time for row, time in zip(rows, times, strict=True) for _ in row.terms]),
        array(INT8, [_LENGTH_8 + row.terms[0] for row in rows for _ in row.terms]),
        int8(rows[-1].stored),
    ]
    try:
        _INSERT.run(connection, parameters)
    except wire.UniqueViolation:
        raise IdsTaken from None


def insert_terms(connection: Connection[Any], terms: Sequence[bytes], verb: bytes, stored: int, via: int) -> None:
    """Add what a statement is found under because of a statement that it targets."""
    given = array(INT8, [_LENGTH_8 + term for term in terms])
    _INSERT_TERMS.run(connection, [given, int8(stored), verb, int4(via)])


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
