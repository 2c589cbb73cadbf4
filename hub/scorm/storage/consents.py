"""Queries on consent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.scorm.storage.tables_consent import Consent, ConsentNotice
from hub.scorm.storage.tables_runtime import Learner, Registration


def newest_notice(session: Session, tenant_id: UUID, *, lock: bool = False) -> ConsentNotice | None:
    """The newest version of what the tenant asks; None where it never asked."""
    query = select(ConsentNotice).where(ConsentNotice.tenant_id == tenant_id)
    query = query.order_by(ConsentNotice.version.desc()).limit(1)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def notices(session: Session, tenant_id: UUID) -> Sequence[ConsentNotice]:
    """Every version, the newest first."""
    query = select(ConsentNotice).where(ConsentNotice.tenant_id == tenant_id)
    return session.scalars(query.order_by(ConsentNotice.version.desc())).all()


def standing(session: Session, tenant_id: UUID, learner_id: UUID, version: int) -> Consent | None:
    """The learner's consent to that version, if they have given it and not taken it back."""
    query = select(Consent).where(
        Consent.tenant_id == tenant_id,
        Consent.learner_id == learner_id,
        Consent.version == version,
        Consent.withdrawn_at.is_(None),
    )
    return session.scalars(query.limit(1)).one_or_none()


def of_learners(session: Session, tenant_id: UUID, learners: Sequence[UUID]) -> Sequence[tuple[Consent, Learner]]:
    """What these learners agreed to, the newest first."""
    query = (
        select(Consent, Learner)
        .join(Learner, Learner.id == Consent.learner_id)
        .where(Consent.tenant_id == tenant_id, Consent.learner_id.in_(learners))
        .order_by(Consent.given_at.desc(), Consent.id.desc())
    )
    return [(consent, learner) for consent, learner in session.execute(query)]


def learners_of_account(session: Session, tenant_id: UUID, user_id: UUID) -> Sequence[UUID]:
    """The learners whom an account is connected with."""
    return session.scalars(select(Learner.id).where(Learner.tenant_id == tenant_id, Learner.user_id == user_id)).all()


def learner_of_registration(session: Session, tenant_id: UUID, registration_id: UUID) -> Learner:
    """Whose registration it is."""
    query = select(Learner).join(Registration, Registration.learner_id == Learner.id)
    return session.scalars(query.where(Registration.tenant_id == tenant_id, Registration.id == registration_id)).one()


def withdraw(session: Session, tenant_id: UUID, learner_id: UUID, now: datetime) -> int:
    """Take back all that the learner agreed to; returns how much that was."""
    query = (
        update(Consent)
        .where(Consent.tenant_id == tenant_id, Consent.learner_id == learner_id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]
