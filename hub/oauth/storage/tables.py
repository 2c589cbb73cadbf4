"""Tables of the authorization server: who may ask for tokens, and which were given."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, TenantOwned, Timestamped


class OAuthClient(Base, TenantOwned, Timestamped):
    """A program that may ask for tokens (RFC 6749 section 2). The secret itself is kept nowhere, only its digest.

    `store_id` is the LRS store that its tokens reach; without one they reach no statements.
    """

    __tablename__ = "oauth_client"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    secret_digest: Mapped[str]
    grants: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    store_id: Mapped[UUID | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OAuthToken(Base, TenantOwned):
    """An access token that was given; `id` is its `jti` (RFC 7519 section 4.1.7). The token itself is not kept."""

    __tablename__ = "oauth_token"
    __table_args__ = (Index("oauth_token_client_expires_idx", "oauth_client_id", "expires_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    oauth_client_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_client.id", ondelete="CASCADE"))
    grant: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
