"""Clearing a store: its statements go with all that the index has of them, block by block."""

from collections.abc import Iterator
from uuid import UUID

from hub.db import Database
from hub.xapi_lrs.storage import clearing


class Clearing:
    """Empties stores of tenants that are removed. What else a store has is found by its number (`hub.db.tenant_rows`);
    the index is not: its hashes name their store, but do not tell it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def clear(self, tenant_id: UUID, store: int) -> Iterator[dict[str, int]]:
        """Remove the statements of the store, newest first; yields how many rows of which table went with each commit.

        It may be broken off and begun again at any time.
        """
        while True:
            with self._db.unit_of_work(tenant_id, store) as work:
                gone = clearing.remove_newest(work.psycopg, store)
            if not gone:
                return
            yield gone
