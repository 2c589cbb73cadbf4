"""What the LRS knows of one activity or agent (Communication 2.4 and 2.5)."""

from typing import Any

from hub.db import Database
from hub.identity import Principal
from hub.xapi_lrs.services.knowledge import Knowledge
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec import actors
from hub.xapi_lrs.spec.definitions import activity_object


class Lookups:
    """Activities with their canonical definition, agents with all their names."""

    def __init__(self, db: Database, stores: Stores, knowledge: Knowledge) -> None:
        self._db = db
        self._stores = stores
        self._knowledge = knowledge

    def activity(self, principal: Principal, activity_id: str) -> dict[str, Any]:
        """The Activity; without a definition when no statement gave one."""
        store = self._stores.of(principal)
        with self._db.connection(store.tenant_id, store.number) as connection:
            known = self._knowledge.definitions(connection, store, [activity_id])
        return activity_object(activity_id, known.get(activity_id))

    def person(self, principal: Principal, agent: dict[str, Any]) -> dict[str, Any]:
        """The Person that the agent is."""
        store = self._stores.of(principal)
        key = actors.key_of(agent)
        assert key is not None
        with self._db.connection(store.tenant_id, store.number) as connection:
            names = self._knowledge.names(connection, store, key)
        return actors.person_of(agent, names)
