"""Queries on OAuth clients and the tokens given to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hub.oauth.storage.tables import OAuthClient, OAuthToken


def client_by_client_id(session: Session, client_id: str) -> OAuthClient | None:
    """The client of that public identifier, in whichever tenant: the identifier is how its tenant becomes known."""
    return session.scalars(select(OAuthClient).where(OAuthClient.client_id == client_id)).one_or_none()


def client_of_tenant(session: Session, tenant_id: UUID, client_id: str) -> OAuthClient | None:
    """The client of that public identifier if it belongs to the tenant."""
    return session.scalars(
        select(OAuthClient).where(OAuthClient.tenant_id == tenant_id, OAuthClient.client_id == client_id)
    ).one_or_none()


def clients_of_tenant(session: Session, tenant_id: UUID) -> Sequence[OAuthClient]:
    """Every client of the tenant: those in use first, then by name."""
    return session.scalars(
        select(OAuthClient)
        .where(OAuthClient.tenant_id == tenant_id)
        .order_by(OAuthClient.revoked_at.is_not(None), OAuthClient.name, OAuthClient.id)
    ).all()


def note_token(session: Session, token: OAuthToken, now: datetime) -> None:
    """Keep that a token was given, and forget those of the same client that have expired."""
    session.execute(
        delete(OAuthToken).where(
            OAuthToken.oauth_client_id == token.oauth_client_id,
            OAuthToken.tenant_id == token.tenant_id,
            OAuthToken.expires_at < now,
        )
    )
    session.add(token)
    session.execute(
        update(OAuthClient)
        .where(OAuthClient.id == token.oauth_client_id, OAuthClient.tenant_id == token.tenant_id)
        .values(last_used_at=now)
    )


def revoked_tokens(session: Session, tenant_id: UUID, client: UUID, now: datetime) -> frozenset[str]:
    """Ids of the client's access tokens that were revoked and would otherwise still be good."""
    query = select(OAuthToken.id).where(
        OAuthToken.tenant_id == tenant_id,
        OAuthToken.oauth_client_id == client,
        OAuthToken.revoked_at.is_not(None),
        OAuthToken.expires_at > now,
    )
    return frozenset(str(each) for each in session.scalars(query))


def revoke_token(session: Session, tenant_id: UUID, token_id: UUID, now: datetime) -> None:
    """Mark an access token as revoked."""
    session.execute(
        update(OAuthToken).where(OAuthToken.tenant_id == tenant_id, OAuthToken.id == token_id).values(revoked_at=now)
    )
