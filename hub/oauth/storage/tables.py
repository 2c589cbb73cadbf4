"""Tables of the authorization server: who may ask for tokens, what people allowed, and which tokens were given."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, TenantOwned, Timestamped


class OAuthClient(Base, TenantOwned, Timestamped):
    """A program that may ask for tokens (RFC 6749 section 2). The secret itself is kept nowhere, only its digest.

    `authentication` is "secret", "private_key_jwt" (then `jwks` are its public keys) or "none". `store_id` is the LRS
    store that its tokens reach; without one they reach no statements.
    """

    __tablename__ = "oauth_client"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    secret_digest: Mapped[str | None]
    authentication: Mapped[str] = mapped_column(server_default=text("'secret'"))
    jwks: Mapped[dict[str, Any] | None]
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
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
    revoked_at: Mapped[datetime | None]


class OAuthGrant(Base, TenantOwned, Timestamped):
    """What a person allowed a client: the family of every token that came of one consent; ending it ends them all.

    `session_digest` is the browser session in which it was allowed: signing out there ends it. A grant to a device has
    none.
    """

    __tablename__ = "oauth_grant"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    oauth_client_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_client.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    session_digest: Mapped[str | None]
    last_used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class RefreshToken(Base, TenantOwned):
    """A refresh token, by its digest. `used_at` is when it was exchanged for the next one."""

    __tablename__ = "oauth_refresh_token"

    digest: Mapped[str] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_grant.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PersonalToken(Base, TenantOwned, Timestamped):
    """A token that a person made for a script of theirs, by its digest."""

    __tablename__ = "personal_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdentityProvider(Base, TenantOwned, Timestamped):
    """Where people of a tenant may sign in instead of here. `client_secret` is sealed (`KeyRing.seal`).

    `rules` are `hub.oauth.spec.providers.RoleRule` as lists; `default_roles` is what everybody who comes gets.
    """

    __tablename__ = "identity_provider"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[str]
    domains: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    default_roles: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    rules: Mapped[list[Any]]
    makes_accounts: Mapped[bool]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class ExternalIdentity(Base, TenantOwned, Timestamped):
    """Who an account is at a provider. `made_account` tells whether the account was made by it: its roles then too."""

    __tablename__ = "external_identity"

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("identity_provider.id", ondelete="CASCADE"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    made_account: Mapped[bool]


class SecondFactor(Base, TenantOwned, Timestamped):
    """A user's authenticator, and the recovery codes for a lost device, be it that or one with a passkey.

    `seed` is sealed; `last_step` is the step of the code used last: none works twice. Until `confirmed_at` there is no
    authenticator. `recovery` are digests of the codes that are left.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    seed: Mapped[str | None]
    last_step: Mapped[int] = mapped_column(server_default=text("0"))
    recovery: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    confirmed_at: Mapped[datetime | None]


class Passkey(Base, TenantOwned, Timestamped):
    """A public key credential of a user (Web Authentication Level 3). `credential_id` is base64url, `public_key` COSE.

    `sign_count` is the authenticator's counter at its last use; `is_synced` says that several devices may have it.
    """

    __tablename__ = "passkey"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    is_synced: Mapped[bool]
    name: Mapped[str]
    last_used_at: Mapped[datetime | None]


class TenantBranding(Base, TenantOwned):
    """How the pages of a tenant look: its colour (`#rrggbb`), and its logo with its media type.

    `digest` is of all of it: it stands in the addresses, so that browsers may keep what they get there.
    """

    __tablename__ = "tenant_branding"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True, index=True)
    colour: Mapped[str | None]
    logo: Mapped[bytes | None]
    logo_type: Mapped[str | None]
    digest: Mapped[str]
    changed_at: Mapped[datetime]
