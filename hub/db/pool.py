"""The pool of connections: none that the server has closed is handed out, and a server that restarts is waited for."""

import select
import time
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

#: A restart of PostgreSQL takes a second or two; whoever needs a connection in that time gets it late.
PATIENCE_SECONDS = 3.0
_PAUSE_SECONDS = 0.1
#: What may be left to read on an idle connection: a parting message, and then the end.
_LAST_WORDS = 3


def watch(engine: Engine) -> None:
    """Have the engine hand out living connections only."""
    event.listen(engine, "checkout", _refuse_dead)
    event.listen(engine, "do_connect", _Patience().connect)


def _refuse_dead(connection: psycopg.Connection[Any], record: object, proxy: object) -> None:
    """Ask the socket, not the server: an idle connection with something to read is closed, or was told something.

    One that was closed says that the server has restarted, so all others of the pool go with it.
    """
    try:
        for _ in range(_LAST_WORDS):
            if not _has_news(connection):
                return
            connection.pgconn.consume_input()
    except psycopg.OperationalError as error:
        raise InvalidatePoolError from error


def _has_news(connection: psycopg.Connection[Any]) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class _Patience:
    """Connects again and again for a while, until the server answers; while it stays away, each try is the only one."""

    def __init__(self) -> None:
        self._away_since: float | None = None

    def connect(self, dialect: Any, record: object, arguments: Any, options: Any) -> Any:
        while True:
            try:
                connection = dialect.connect(*arguments, **options)
            except psycopg.OperationalError:
                self._away_since = self._away_since or time.monotonic()
                if time.monotonic() - self._away_since > PATIENCE_SECONDS:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                self._away_since = None
                return connection
