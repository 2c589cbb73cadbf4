"""Sealed columns: which there are, and sealing them anew once there is a new key."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.db import EVERY_TENANT, Database
from hub.oauth.services.providers import secret_context
from hub.oauth.services.second_factors import seed_context
from hub.oauth.storage.tables import IdentityProvider, SecondFactor
from hub.ports import KeyRing

#: Each sealed column: its table, key column, name, and what a value of it is bound to.
SEALED: list[tuple[Any, str, str, Callable[[UUID], str]]] = [
    (IdentityProvider, "id", "client_secret", secret_context),
    (SecondFactor, "user_id", "seed", seed_context),
]


class Sealing:
    """Looks after what is sealed, in every tenant."""

    def __init__(self, db: Database, keys: KeyRing) -> None:
        self._db = db
        self._keys = keys

    def reseal(self) -> int:
        """Seal with the newest key whatever an older one sealed; returns how many values.

        Afterwards no value needs an older key. It may run while the Hub serves: a value that changes meanwhile waits.
        """
        with self._db.unit_of_work(EVERY_TENANT) as work:
            return sum(
                self._reseal(row, key, column, context_of)
                for table, key, column, context_of in SEALED
                for row in work.session.scalars(select(table).with_for_update())
            )

    def _reseal(self, row: Any, key: str, column: str, context_of: Callable[[UUID], str]) -> int:
        sealed, context = getattr(row, column), context_of(getattr(row, key))
        if sealed is None or self._keys.is_sealed_anew(sealed):
            return 0
        setattr(row, column, self._keys.seal(self._keys.unseal(sealed, context), context))
        return 1
