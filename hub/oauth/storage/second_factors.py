"""Queries on second factors."""

from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.oauth.storage.tables import Passkey, SecondFactor


def find(session: Session, tenant_id: UUID, user_id: UUID, *, lock: bool = False) -> SecondFactor | None:
    """The second factor of a user, confirmed or not."""
    query = select(SecondFactor).where(SecondFactor.tenant_id == tenant_id, SecondFactor.user_id == user_id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def held(session: Session, tenant_id: UUID, user_id: UUID) -> SecondFactor:
    """The second factor of a user, made where there is none, held until the end of the transaction."""
    values = {"tenant_id": tenant_id, "user_id": user_id}
    session.execute(insert(SecondFactor).values(values).on_conflict_do_nothing())
    query = select(SecondFactor).where(SecondFactor.tenant_id == tenant_id, SecondFactor.user_id == user_id)
    return session.scalars(query.with_for_update()).one()


def needs(session: Session, tenant_id: UUID, user_id: UUID) -> tuple[bool, bool]:
    """Whether the user has an authenticator, and whether a passkey."""
    authenticator = exists().where(
        SecondFactor.tenant_id == tenant_id, SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
    )
    passkey = exists().where(Passkey.tenant_id == tenant_id, Passkey.user_id == user_id)
    row = session.execute(select(authenticator, passkey)).one()
    return row[0], row[1]


def remove(session: Session, tenant_id: UUID, user_id: UUID) -> bool:
    """Remove it; false when there was none."""
    removed = session.execute(
        delete(SecondFactor)
        .where(SecondFactor.tenant_id == tenant_id, SecondFactor.user_id == user_id)
        .returning(SecondFactor.user_id)
    )
    return bool(removed.all())
