"""Queries on personal access tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hub.db.tables import User, UserRole
from hub.oauth.storage.tables import PersonalToken


def live(session: Session, digest: str, now: datetime) -> tuple[PersonalToken, User, list[str]] | None:
    """The token of that digest while it is good, with its user, who stands, and the user's roles."""
    roles = (
        select(func.array_agg(UserRole.role))
        .where(UserRole.user_id == User.id, UserRole.tenant_id == PersonalToken.tenant_id)
        .scalar_subquery()
    )
    row = session.execute(
        select(PersonalToken, User, roles)
        .join(User, User.id == PersonalToken.user_id)
        .where(
            PersonalToken.digest == digest,
            PersonalToken.revoked_at.is_(None),
            PersonalToken.expires_at > now,
            User.tenant_id == PersonalToken.tenant_id,
            User.is_active,
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1], sorted(row[2] or []))


def of_user(session: Session, tenant_id: UUID, user_id: UUID, now: datetime) -> Sequence[PersonalToken]:
    """A user's tokens that are good, newest first."""
    return session.scalars(
        select(PersonalToken)
        .where(
            PersonalToken.tenant_id == tenant_id,
            PersonalToken.user_id == user_id,
            PersonalToken.revoked_at.is_(None),
            PersonalToken.expires_at > now,
        )
        .order_by(PersonalToken.id.desc())
    ).all()


def by_id(session: Session, tenant_id: UUID, user_id: UUID, token_id: UUID) -> PersonalToken | None:
    """A user's token, good or not."""
    return session.scalars(
        select(PersonalToken).where(
            PersonalToken.tenant_id == tenant_id, PersonalToken.user_id == user_id, PersonalToken.id == token_id
        )
    ).one_or_none()


def touch(session: Session, tenant_id: UUID, token_id: UUID, now: datetime) -> None:
    """Keep when the token was used last."""
    session.execute(
        update(PersonalToken)
        .where(PersonalToken.tenant_id == tenant_id, PersonalToken.id == token_id)
        .values(last_used_at=now)
    )
