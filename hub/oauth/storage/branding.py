"""Queries on how tenants look."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.db.tables import Tenant
from hub.oauth.storage.tables import TenantBranding


def tenant_of_slug(session: Session, slug: str) -> UUID | None:
    """The id of the tenant of that short name."""
    return session.scalars(select(Tenant.id).where(Tenant.slug == slug)).one_or_none()


def held(session: Session, tenant_id: UUID, now: datetime) -> tuple[Tenant, TenantBranding]:
    """The tenant and its look, made where there is none, both held until the end of the transaction."""
    values = {"tenant_id": tenant_id, "digest": "", "changed_at": now}
    session.execute(insert(TenantBranding).values(values).on_conflict_do_nothing())
    tenant = session.scalars(select(Tenant).where(Tenant.id == tenant_id).with_for_update()).one()
    row = session.scalars(select(TenantBranding).where(TenantBranding.tenant_id == tenant_id).with_for_update()).one()
    return tenant, row
