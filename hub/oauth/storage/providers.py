"""Queries on identity providers and who people are there."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.tables import Tenant, User
from hub.oauth.storage.tables import ExternalIdentity, IdentityProvider


def provider_by_id(session: Session, provider_id: UUID) -> IdentityProvider | None:
    """The provider of that id in whichever tenant: the address that people come back to names it."""
    return session.get(IdentityProvider, provider_id)


def provider_of_tenant(session: Session, tenant_id: UUID, provider_id: UUID) -> IdentityProvider | None:
    """The provider of that id if it belongs to the tenant."""
    return session.scalars(
        select(IdentityProvider).where(IdentityProvider.tenant_id == tenant_id, IdentityProvider.id == provider_id)
    ).one_or_none()


def providers_of_tenant(session: Session, tenant_id: UUID) -> Sequence[IdentityProvider]:
    """Every provider of the tenant, by name."""
    return session.scalars(
        select(IdentityProvider)
        .where(IdentityProvider.tenant_id == tenant_id)
        .order_by(IdentityProvider.name, IdentityProvider.id)
    ).all()


def open_providers(session: Session, slug: str | None) -> Sequence[tuple[UUID, str]]:
    """Id and name of the providers in use: those of the tenant named, or of the only tenant there is."""
    query = select(Tenant.id).where(Tenant.slug == slug) if slug else select(Tenant.id).limit(2)
    tenants = session.scalars(query).all()
    return open_providers_of(session, tenants[0]) if len(tenants) == 1 else []


def open_providers_of(session: Session, tenant_id: UUID) -> Sequence[tuple[UUID, str]]:
    """Id and name of the tenant's providers in use."""
    return [(each.id, each.name) for each in providers_of_tenant(session, tenant_id) if each.is_active]


def is_used(session: Session, tenant_id: UUID, provider_id: UUID) -> bool:
    """Whether an account is known by the provider."""
    found = select(ExternalIdentity.subject).where(
        ExternalIdentity.tenant_id == tenant_id, ExternalIdentity.provider_id == provider_id
    )
    return session.scalars(found.limit(1)).first() is not None


def has_identity(session: Session, tenant_id: UUID, user_id: UUID) -> bool:
    """Whether any provider knows the account."""
    found = select(ExternalIdentity.subject).where(
        ExternalIdentity.tenant_id == tenant_id, ExternalIdentity.user_id == user_id
    )
    return session.scalars(found.limit(1)).first() is not None


def identity(
    session: Session, tenant_id: UUID, provider_id: UUID, subject: str
) -> tuple[ExternalIdentity, User] | None:
    """Whose account it is that the provider knows by this subject."""
    row = session.execute(
        select(ExternalIdentity, User)
        .join(User, User.id == ExternalIdentity.user_id)
        .where(
            ExternalIdentity.tenant_id == tenant_id,
            ExternalIdentity.provider_id == provider_id,
            ExternalIdentity.subject == subject,
            User.tenant_id == tenant_id,
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])
