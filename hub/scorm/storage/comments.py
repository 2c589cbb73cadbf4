"""Queries on the comments that content reads as comments from the LMS."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.scorm.storage.tables_runtime import LmsComment


def of_registration(
    session: Session, tenant_id: UUID, registration_id: UUID, activity: str | None = None
) -> Sequence[LmsComment]:
    """The comments of a registration, or of one activity in it, the oldest first."""
    query = select(LmsComment).where(LmsComment.tenant_id == tenant_id, LmsComment.registration_id == registration_id)
    if activity is not None:
        query = query.where(LmsComment.activity == activity)
    return session.scalars(query.order_by(LmsComment.created_at, LmsComment.id)).all()


def remove(session: Session, tenant_id: UUID, registration_id: UUID, comment_id: UUID) -> str | None:
    """Remove a comment; the activity that it was about, None where there is no such comment."""
    return session.scalars(
        delete(LmsComment)
        .where(
            LmsComment.tenant_id == tenant_id,
            LmsComment.registration_id == registration_id,
            LmsComment.id == comment_id,
        )
        .returning(LmsComment.activity)
    ).one_or_none()
