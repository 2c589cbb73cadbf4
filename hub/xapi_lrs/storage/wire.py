"""The hot paths speak to PostgreSQL through libpq itself: parameters are bytes that are ready, answers stay bytes.

psycopg adapts values one by one in Python and walks a generator for every step of a round trip; for a statement that
costs more than everything else together. Here one call of libpq, which lets other threads run meanwhile, is one round
trip. Outside a transaction every statement commits by itself.
"""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg import Connection
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from hub.db.row_security import narrow_store

BOOL, BYTEA, INT8, INT4, UUID = 16, 17, 20, 23, 2950

_HEAD_OF_ARRAY = Struct(">iiiii")
_ARRAY_HEAD = _HEAD_OF_ARRAY.pack
_INT8_ITEM, _INT4_ITEM = Struct(">iq"), Struct(">ii")
int4 = Struct(">i").pack
int8 = Struct(">q").pack

_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_UNIQUE_VIOLATION = b"23505"


class UniqueViolation(Exception):
    """A unique key is there already; the transaction has failed."""


class Prepared:
    """A statement that each connection of `Database.connection` prepares once, and then runs with binary parameters.

    On other connections psycopg may drop what is prepared, so there it is sent whole every time.
    """

    def __init__(self, name: str, sql: str) -> None:
        self._name = name.encode()
        self._sql = sql.encode()
        self._prepared_by: WeakSet[Connection[Any]] = WeakSet()

    def run(self, connection: Connection[Any], parameters: Sequence[bytes]) -> PGresult:
        """The result, its columns in binary form."""
        server = connection.pgconn
        formats = [1] * len(parameters)
        if connection.prepare_threshold is not None:
            return _checked(connection, server.exec_params(self._sql, parameters, None, formats, 1))
        if connection not in self._prepared_by:
            _checked(connection, server.prepare(self._name, self._sql, None))
            self._prepared_by.add(connection)
        return _checked(connection, server.exec_prepared(self._name, parameters, formats, 1))


def execute(connection: Connection[Any], sql: str) -> PGresult:
    """Run statements without parameters; the result of the last, its columns as text."""
    return _checked(connection, connection.pgconn.exec_(sql.encode()))


def begin(connection: Connection[Any], store: int) -> str:
    """What opens a transaction before the next statement of the same round trip; an open one is led to the store."""
    is_idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
    return "BEGIN;" if is_idle else narrow_store(store)


def array(element: int, count: int, items: Iterable[bytes]) -> bytes:
    """A one-dimensional array of so many elements, each its own length and value, in one item or several."""
    return _ARRAY_HEAD(1, 0, element, count, 1) + b"".join(items) if count else _ARRAY_HEAD(0, 0, element, 0, 0)[:12]


def integer(value: bytes | None) -> int:
    """An integer of a binary result; 0 for NULL."""
    return int.from_bytes(value or b"", "big", signed=True)


def integers(value: bytes | None) -> list[int]:
    """The items of a binary array of integers without NULLs; none for NULL."""
    if value is None:
        return []
    item = _INT8_ITEM if int.from_bytes(value[8:12], "big") == INT8 else _INT4_ITEM
    return [number for _, number in item.iter_unpack(memoryview(value)[_HEAD_OF_ARRAY.size :])]


def rows(result: PGresult) -> Iterable[tuple[bytes, ...]]:
    """The rows of a result whose columns are never NULL."""
    value, columns = result.get_value, range(result.nfields)
    return (tuple(value(row, column) or b"" for column in columns) for row in range(result.ntuples))


def _checked(connection: Connection[Any], result: PGresult) -> PGresult:
    if result.status in _GOOD:
        return result
    if connection.pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError("the connection to the database is lost")
    if result.error_field(DiagnosticField.SQLSTATE) == _UNIQUE_VIOLATION:
        raise UniqueViolation
    raise psycopg.errors.error_from_result(result)
