"""What a store knows of activities and agents, by the hash of their identifier."""

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import Connection

_SELECT = {
    "activities": b"SELECT term, definition FROM lrs_activity WHERE store = %s AND term = ANY(%s)",
    "agents": b"SELECT term, names FROM lrs_agent WHERE store = %s AND term = ANY(%s)",
}
_UPSERT = {
    "activities": b"INSERT INTO lrs_activity (store, term, definition) VALUES (%s, %s, %s)"
    b" ON CONFLICT (store, term) DO UPDATE SET definition = excluded.definition",
    "agents": b"INSERT INTO lrs_agent (store, term, names) VALUES (%s, %s, %s)"
    b" ON CONFLICT (store, term) DO UPDATE SET names = excluded.names",
}


def load(connection: Connection[Any], what: str, store: int, terms: Iterable[int]) -> dict[int, bytes]:
    """What is known of those `terms` ("activities": definitions, "agents": names), as JSON."""
    return dict(connection.execute(_SELECT[what], (store, list(terms)), binary=True).fetchall())


def save(connection: Connection[Any], what: str, store: int, known: Mapping[int, bytes]) -> None:
    """Replace what is known of those terms."""
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT[what], [(store, term, text) for term, text in sorted(known.items())])
