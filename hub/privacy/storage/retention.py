"""Queries on how long things are kept."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.privacy.storage.tables import Retention


def of_tenant(session: Session, tenant_id: UUID, *, lock: bool = False) -> Retention | None:
    """What a tenant has set; None where it never has."""
    query = select(Retention).where(Retention.tenant_id == tenant_id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def of_all(session: Session) -> Sequence[Retention]:
    """What every tenant has set."""
    return session.scalars(select(Retention)).all()
