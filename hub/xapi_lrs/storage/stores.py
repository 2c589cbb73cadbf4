"""Stores of a tenant."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.xapi_lrs.storage.tables import Block, Store


def add(session: Session, tenant_id: UUID, store_id: UUID, name: str, term_key: bytes) -> Store:
    """A new store; its number is known once the session is flushed."""
    store = Store(id=store_id, tenant_id=tenant_id, name=name, term_key=term_key)
    session.add(store)
    session.flush()
    return store


def all_of(session: Session, tenant_id: UUID) -> Sequence[Store]:
    """Every store of the tenant, by name."""
    return session.scalars(select(Store).where(Store.tenant_id == tenant_id).order_by(Store.name)).all()


def first(session: Session, tenant_id: UUID, preferred: str) -> Store | None:
    """The store with the preferred name, or else the tenant's oldest."""
    in_turn = select(Store).where(Store.tenant_id == tenant_id).order_by(Store.name != preferred, Store.number)
    return session.scalars(in_turn.limit(1)).one_or_none()


def by_name(session: Session, tenant_id: UUID, name: str) -> Store | None:
    """The store of that name."""
    return session.scalars(select(Store).where(Store.tenant_id == tenant_id, Store.name == name)).one_or_none()


def by_id(session: Session, tenant_id: UUID, store_id: UUID) -> Store | None:
    """The store of that id, if it is the tenant's."""
    return session.scalars(select(Store).where(Store.tenant_id == tenant_id, Store.id == store_id)).one_or_none()


def with_unfiled(session: Session) -> Sequence[Store]:
    """Every store, of any tenant, with statements that are not in the index yet."""
    filed = select(func.max(Block.last)).where(Block.store == Store.number).scalar_subquery()
    return session.scalars(
        select(Store).where(Store.last_stored > func.coalesce(filed, 0)).order_by(Store.number)
    ).all()
