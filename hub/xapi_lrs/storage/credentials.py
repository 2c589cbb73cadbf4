"""Credentials of a store."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.xapi_lrs.storage.tables import Credential, Store


def all_of(session: Session, tenant_id: UUID, store_id: UUID) -> Sequence[Credential]:
    """Every credential of a store of the tenant, newest first."""
    return session.scalars(
        select(Credential)
        .where(Credential.tenant_id == tenant_id, Credential.store_id == store_id)
        .order_by(Credential.created_at.desc(), Credential.id)
    ).all()


def by_id(session: Session, tenant_id: UUID, credential_id: UUID) -> Credential | None:
    """The credential of that id, locked for a change."""
    return session.scalars(
        select(Credential).where(Credential.tenant_id == tenant_id, Credential.id == credential_id).with_for_update()
    ).one_or_none()


def by_key(session: Session, key: str) -> tuple[Credential, Store] | None:
    """The credential that a request names, with its store: the tenant is found by it, so it is not asked for."""
    row = session.execute(
        select(Credential, Store).join(Store, Store.id == Credential.store_id).where(Credential.key == key)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def touch(session: Session, ids: Iterable[UUID], now: datetime) -> None:
    """Note that these credentials were used."""
    session.execute(update(Credential).where(Credential.id.in_(list(ids))).values(last_used_at=now))
