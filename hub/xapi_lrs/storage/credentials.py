"""Credentials of a store."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.xapi_lrs.storage import wire
from hub.xapi_lrs.storage.tables import Credential
from hub.xapi_lrs.storage.wire import Prepared


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


_BY_KEY = Prepared(
    "lrs_credential",
    """
    SELECT id, tenant_id, store_id, secret_hash, name, array_to_string(scopes, ' '), coalesce(requests_per_minute, 0)
      FROM lrs_credential WHERE key = $1::text AND revoked_at IS NULL
    """,
)


@dataclass(frozen=True, slots=True)
class InUse:
    """A credential that is not revoked, as requests need it; `requests_per_minute` 0 means no limit."""

    id: UUID
    tenant_id: UUID
    store_id: UUID
    secret_hash: bytes
    name: str
    scopes: Sequence[str]
    requests_per_minute: int


def by_key(connection: Connection[Any], key: str) -> InUse | None:
    """The credential in use that a request names. The tenant is found by it, so it is not asked for."""
    for row in wire.rows(_BY_KEY.run(connection, [key.encode("utf-8", "replace").replace(b"\0", b"?")])):
        own, tenant, store = (UUID(bytes=value) for value in row[:3])
        return InUse(own, tenant, store, row[3], row[4].decode(), row[5].decode().split(), wire.integer(row[6]))
    return None


def touch(session: Session, ids: Iterable[UUID], now: datetime) -> None:
    """Note that these credentials were used."""
    session.execute(update(Credential).where(Credential.id.in_(list(ids))).values(last_used_at=now))
