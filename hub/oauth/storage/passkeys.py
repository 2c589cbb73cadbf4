"""Queries on passkeys."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.db.tables import User
from hub.oauth.storage.tables import Passkey


def of_user(session: Session, tenant_id: UUID, user_id: UUID) -> Sequence[Passkey]:
    """The passkeys of a user, the oldest first."""
    return session.scalars(
        select(Passkey).where(Passkey.tenant_id == tenant_id, Passkey.user_id == user_id).order_by(Passkey.id)
    ).all()


def with_owner(session: Session, credential_id: str) -> tuple[Passkey, User] | None:
    """The passkey of that credential in whichever tenant, and whose it is; its row is locked until the commit."""
    row = session.execute(
        select(Passkey, User)
        .join(User, User.id == Passkey.user_id)
        .where(Passkey.credential_id == credential_id, User.tenant_id == Passkey.tenant_id)
        .with_for_update(of=Passkey)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def of_id(session: Session, tenant_id: UUID, user_id: UUID, passkey_id: UUID, *, lock: bool = False) -> Passkey | None:
    """One passkey of a user."""
    query = select(Passkey).where(Passkey.tenant_id == tenant_id, Passkey.user_id == user_id, Passkey.id == passkey_id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def remove(session: Session, tenant_id: UUID, user_id: UUID, passkey_id: UUID | None = None) -> list[str]:
    """Remove one passkey of a user, or all; returns the names of those that went."""
    chosen = delete(Passkey).where(Passkey.tenant_id == tenant_id, Passkey.user_id == user_id)
    if passkey_id is not None:
        chosen = chosen.where(Passkey.id == passkey_id)
    return list(session.scalars(chosen.returning(Passkey.name)))
