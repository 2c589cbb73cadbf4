"""Where the player's statements go: the store of their tenant, in the transaction of what they tell."""

from typing import Any
from uuid import UUID

from hub.db import UnitOfWork
from hub.identity import system_principal
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores


class StatementLog:
    """Writes statements into the tenant's default store."""

    def __init__(self, statements: Statements, stores: Stores) -> None:
        self._statements = statements
        self._stores = stores
        self._store_ids: dict[UUID, UUID] = {}

    def write(self, work: UnitOfWork, tenant_id: UUID, statements: list[dict[str, Any]]) -> None:
        """Store the statements. From here to the commit other writers of the store wait, so this comes last."""
        if statements:
            self._statements.record(work, tenant_id, self._store_of(tenant_id), statements)

    def _store_of(self, tenant_id: UUID) -> UUID:
        store_id = self._store_ids.get(tenant_id)
        if store_id is None:
            store_id = self._stores.of(system_principal(tenant_id)).id
            self._store_ids[tenant_id] = store_id
        return store_id
