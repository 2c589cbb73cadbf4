"""Queries on uploads that arrive in pieces, before they become import jobs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from hub.scorm.storage.import_jobs import OPEN_STATES
from hub.scorm.storage.tables import ImportJob, IncomingUpload, UploadPiece


def get(session: Session, tenant_id: UUID, upload_id: UUID, *, for_update: bool = False) -> IncomingUpload | None:
    """The tenant's upload of that id, locked if it is to be changed."""
    query = select(IncomingUpload).where(IncomingUpload.tenant_id == tenant_id, IncomingUpload.id == upload_id)
    return session.scalars(query.with_for_update() if for_update else query).one_or_none()


def unfinished(session: Session, tenant_id: UUID, created_by: str, now: datetime) -> Sequence[IncomingUpload]:
    """What a caller began and did not finish, newest first."""
    return session.scalars(
        select(IncomingUpload)
        .where(
            IncomingUpload.tenant_id == tenant_id,
            IncomingUpload.created_by == created_by,
            IncomingUpload.job_id.is_(None),
            IncomingUpload.expires_at > now,
        )
        .order_by(IncomingUpload.id.desc())
    ).all()


def count_unfinished(session: Session, tenant_id: UUID, now: datetime) -> int:
    """How many uploads of the tenant are under way."""
    query = select(func.count()).where(
        IncomingUpload.tenant_id == tenant_id, IncomingUpload.job_id.is_(None), IncomingUpload.expires_at > now
    )
    return session.scalars(query).one()


def add_piece(session: Session, upload: IncomingUpload, size: int, key: str) -> None:
    """Count `size` more bytes of the locked upload as received."""
    piece = UploadPiece(upload_id=upload.id, tenant_id=upload.tenant_id, start=upload.received, object_key=key)
    session.add(piece)
    upload.received += size


def count_pieces(session: Session, tenant_id: UUID, upload_id: UUID) -> int:
    """In how many pieces the upload has come so far."""
    query = select(func.count()).where(UploadPiece.tenant_id == tenant_id, UploadPiece.upload_id == upload_id)
    return session.scalars(query).one()


def pieces(session: Session, tenant_id: UUID, upload_id: UUID) -> Sequence[UploadPiece]:
    """The pieces in the order of their bytes."""
    return session.scalars(
        select(UploadPiece)
        .where(UploadPiece.tenant_id == tenant_id, UploadPiece.upload_id == upload_id)
        .order_by(UploadPiece.start)
    ).all()


def expired(session: Session, now: datetime, limit: int) -> Sequence[IncomingUpload]:
    """Uploads of every tenant whose time is over and that no job waits for, locked for this sweep alone."""
    is_needed = exists().where(ImportJob.id == IncomingUpload.job_id, ImportJob.state.in_(OPEN_STATES))
    return session.scalars(
        select(IncomingUpload)
        .where(IncomingUpload.expires_at <= now, ~is_needed)
        .order_by(IncomingUpload.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def known(session: Session, tenant_id: UUID, upload_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids that are uploads of the tenant."""
    query = select(IncomingUpload.id).where(IncomingUpload.tenant_id == tenant_id, IncomingUpload.id.in_(upload_ids))
    return set(session.scalars(query))


def remove(session: Session, tenant_id: UUID, upload_id: UUID) -> None:
    """Forget the upload and its pieces."""
    session.execute(delete(IncomingUpload).where(IncomingUpload.tenant_id == tenant_id, IncomingUpload.id == upload_id))
