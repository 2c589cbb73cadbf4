"""What the LRS needs from time to time."""

from hub.db import EVERY_TENANT, Database
from hub.xapi_lrs.storage.partitions import create_partitions


class Upkeep:
    """Makes partitions ahead of the time they are for."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def extend_partitions(self) -> int:
        """Make the partitions of the coming year that are missing; returns how many were made."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            return create_partitions(work.session.connection())
