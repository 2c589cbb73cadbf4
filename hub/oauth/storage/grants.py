"""Queries on what people allowed clients, and on refresh tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from hub.db.tables import User, UserRole
from hub.oauth.storage.tables import OAuthClient, OAuthGrant, RefreshToken

LiveGrant = tuple[OAuthGrant, OAuthClient, User, list[str]]


def live_grant(session: Session, grant_id: UUID) -> LiveGrant | None:
    """A grant that has not ended, of a client and a user that stand, with the user's roles, in one query."""
    roles = (
        select(func.array_agg(UserRole.role))
        .where(UserRole.user_id == User.id, UserRole.tenant_id == OAuthGrant.tenant_id)
        .scalar_subquery()
    )
    row = session.execute(
        select(OAuthGrant, OAuthClient, User, roles)
        .join(OAuthClient, OAuthClient.id == OAuthGrant.oauth_client_id)
        .join(User, User.id == OAuthGrant.user_id)
        .where(
            OAuthGrant.id == grant_id,
            OAuthGrant.ended_at.is_(None),
            OAuthClient.revoked_at.is_(None),
            OAuthClient.tenant_id == OAuthGrant.tenant_id,
            User.tenant_id == OAuthGrant.tenant_id,
            User.is_active,
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2], sorted(row[3] or []))


def refresh_token(session: Session, digest: str) -> tuple[RefreshToken, OAuthGrant, str] | None:
    """The refresh token with its grant and the client's public identifier; its row is locked until the commit."""
    row = session.execute(
        select(RefreshToken, OAuthGrant, OAuthClient.client_id)
        .join(OAuthGrant, OAuthGrant.id == RefreshToken.grant_id)
        .join(OAuthClient, OAuthClient.id == OAuthGrant.oauth_client_id)
        .where(RefreshToken.digest == digest)
        .with_for_update(of=RefreshToken)
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def forget_expired(session: Session, tenant_id: UUID, grant_id: UUID, now: datetime) -> None:
    """Remove the refresh tokens of a grant that have expired."""
    session.execute(
        delete(RefreshToken).where(
            RefreshToken.tenant_id == tenant_id, RefreshToken.grant_id == grant_id, RefreshToken.expires_at < now
        )
    )


def end_grant(session: Session, tenant_id: UUID, grant_id: UUID, now: datetime) -> bool:
    """End a grant and with it every token of its family; false when it had ended already."""
    return _end(session, tenant_id, OAuthGrant.id == grant_id, now) > 0


def end_grants_of_session(session: Session, tenant_id: UUID, session_digest: str, now: datetime) -> int:
    """End what was allowed in a browser session; returns how many grants."""
    return _end(session, tenant_id, OAuthGrant.session_digest == session_digest, now)


def end_grants_of_user(session: Session, tenant_id: UUID, user_id: UUID, now: datetime) -> int:
    """End everything that a user allowed; returns how many grants."""
    return _end(session, tenant_id, OAuthGrant.user_id == user_id, now)


def _end(session: Session, tenant_id: UUID, which: object, now: datetime) -> int:
    ended = session.execute(
        update(OAuthGrant)
        .where(OAuthGrant.tenant_id == tenant_id, OAuthGrant.ended_at.is_(None), which)  # type: ignore[arg-type]
        .values(ended_at=now)
        .returning(OAuthGrant.id)
    )
    return len(ended.all())


def grants_of_user(session: Session, tenant_id: UUID, user_id: UUID) -> Sequence[tuple[OAuthGrant, str]]:
    """What a user allows at present, newest first, with the name of each client."""
    rows = session.execute(
        select(OAuthGrant, OAuthClient.name)
        .join(OAuthClient, OAuthClient.id == OAuthGrant.oauth_client_id)
        .where(
            OAuthGrant.tenant_id == tenant_id,
            OAuthGrant.user_id == user_id,
            OAuthGrant.ended_at.is_(None),
            OAuthClient.revoked_at.is_(None),
        )
        .order_by(OAuthGrant.id.desc())
    )
    return [(grant, name) for grant, name in rows]


def forget_ended(session: Session, before: datetime) -> int:
    """Remove grants of all tenants that ended, or were last used, before a moment; returns how many."""
    removed = session.execute(
        delete(OAuthGrant)
        .where(
            or_(
                OAuthGrant.ended_at < before,
                func.coalesce(OAuthGrant.last_used_at, OAuthGrant.created_at) < before,
            )
        )
        .returning(OAuthGrant.id)
    )
    return len(removed.all())
