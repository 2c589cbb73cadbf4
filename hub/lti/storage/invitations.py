"""Invitations in the database: one-time links by which a platform registers itself."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hub.db.tables import Tenant
from hub.lti.storage.tables import PlatformInvitationRow


def tenant_named(session: Session, slug: str) -> UUID | None:
    """The tenant whose registration address was opened; whoever comes there is nobody yet."""
    return session.scalar(select(Tenant.id).where(Tenant.slug == slug))


def tenant_slug(session: Session, tenant_id: UUID) -> str:
    """The tenant's name as it stands in its registration address."""
    return session.scalars(select(Tenant.slug).where(Tenant.id == tenant_id)).one()


def add(
    session: Session, new_id: UUID, tenant_id: UUID, digest: str, created_by: str, expires_at: datetime
) -> PlatformInvitationRow:
    """Keep a new invitation under the digest of its secret."""
    row = PlatformInvitationRow(
        id=new_id, tenant_id=tenant_id, digest=digest, created_by=created_by, expires_at=expires_at
    )
    session.add(row)
    session.flush()
    return row


def open_of(session: Session, tenant_id: UUID, now: datetime, limit: int) -> Sequence[PlatformInvitationRow]:
    """The tenant's invitations that can still be used, the newest first."""
    query = select(PlatformInvitationRow).where(
        PlatformInvitationRow.tenant_id == tenant_id,
        PlatformInvitationRow.used_at.is_(None),
        PlatformInvitationRow.expires_at > now,
    )
    return session.scalars(query.order_by(PlatformInvitationRow.id.desc()).limit(limit)).all()


def find(session: Session, tenant_id: UUID, digest: str, now: datetime) -> UUID | None:
    """The invitation with this digest, if it can still be used."""
    return session.scalar(
        select(PlatformInvitationRow.id).where(
            PlatformInvitationRow.tenant_id == tenant_id,
            PlatformInvitationRow.digest == digest,
            PlatformInvitationRow.used_at.is_(None),
            PlatformInvitationRow.expires_at > now,
        )
    )


def use(session: Session, tenant_id: UUID, invitation_id: UUID, now: datetime) -> bool:
    """Use an invitation up; of several who try at once one is told true."""
    used = session.execute(
        update(PlatformInvitationRow)
        .where(
            PlatformInvitationRow.tenant_id == tenant_id,
            PlatformInvitationRow.id == invitation_id,
            PlatformInvitationRow.used_at.is_(None),
            PlatformInvitationRow.expires_at > now,
        )
        .values(used_at=now)
        .returning(PlatformInvitationRow.id)
    )
    return used.first() is not None


def settle(session: Session, tenant_id: UUID, invitation_id: UUID, platform_id: UUID | None) -> None:
    """Say which platform came by an invitation that was used; none: it can be used again."""
    values = {"platform_id": platform_id} if platform_id else {"used_at": None}
    session.execute(
        update(PlatformInvitationRow)
        .where(PlatformInvitationRow.tenant_id == tenant_id, PlatformInvitationRow.id == invitation_id)
        .values(**values)
    )


def remove(session: Session, tenant_id: UUID, invitation_id: UUID) -> bool:
    """Take an invitation back; false when there is none."""
    removed = session.execute(
        delete(PlatformInvitationRow)
        .where(PlatformInvitationRow.tenant_id == tenant_id, PlatformInvitationRow.id == invitation_id)
        .returning(PlatformInvitationRow.id)
    )
    return removed.first() is not None
