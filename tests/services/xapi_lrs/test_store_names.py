"""Renaming stores."""

import uuid

import pytest

from hub.bootstrap import Hub
from hub.errors import Conflict, Invalid, NotFound
from hub.identity import Principal
from hub.xapi_lrs.services.stores import Stores
from tests.support.people import audited


def test_a_store_is_found_by_its_new_name_alone(hub: Hub, system: Principal) -> None:
    stores = hub.service(Stores)
    [store] = stores.list(system)
    renamed = stores.rename(system, store.id, " reports ")
    assert (renamed.id, renamed.name) == (store.id, "reports")
    assert "store.renamed" in audited(hub, system)
    assert stores.find(system.tenant_id, "reports").id == store.id
    assert stores.get(system.tenant_id, store.id).name == "reports"
    with pytest.raises(NotFound):
        stores.find(system.tenant_id, store.name)


def test_a_name_is_used_once_and_is_not_empty(hub: Hub, system: Principal) -> None:
    stores = hub.service(Stores)
    [store] = stores.list(system)
    stores.create(system, "taken")
    with pytest.raises(Conflict):
        stores.rename(system, store.id, "taken")
    with pytest.raises(Invalid):
        stores.rename(system, store.id, " ")
    with pytest.raises(NotFound):
        stores.rename(system, uuid.uuid4(), "other")
    assert stores.rename(system, store.id, store.name).name == store.name


def test_another_store_leaves_the_default_one_as_it_is(hub: Hub, system: Principal) -> None:
    stores = hub.service(Stores)
    [first] = stores.list(system)
    stores.create(system, "another")
    assert stores.of(system).id == first.id
    stores.rename(system, first.id, "old records")
    assert stores.of(system).id == first.id
    assert stores.of(system, "another").id != first.id
