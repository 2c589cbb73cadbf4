"""Queries on learners."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.identity import Reached
from hub.scorm.storage.reach import learners_within
from hub.scorm.storage.tables_runtime import Learner


def ensure(
    session: Session, tenant_id: UUID, learner_id: UUID, source: str, subject: str, known: dict[str, Any]
) -> Learner:
    """The learner `subject` of `source`: found, or made under `learner_id`.

    What is `known` of the person (name, email) is brought up to date. Two launches of the same new learner at once
    make one row: the unique key decides.
    """
    query = select(Learner).where(Learner.tenant_id == tenant_id, Learner.source == source, Learner.subject == subject)
    found = session.scalars(query).one_or_none()
    if found is None:
        values = {"id": learner_id, "tenant_id": tenant_id, "source": source, "subject": subject, "name": ""} | known
        session.execute(insert(Learner).values(**values).on_conflict_do_nothing())
        found = session.scalars(query).one()
    for name, value in known.items():
        if value and getattr(found, name) != value:
            setattr(found, name, value)
    return found


def set_pseudonym(session: Session, learner_id: UUID, pseudonym: str | None) -> None:
    """Have statements call the learner so."""
    session.get_one(Learner, learner_id).pseudonym = pseudonym


def page(
    session: Session,
    tenant_id: UUID,
    search: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
    reach: Reached,
) -> Sequence[Learner]:
    """The newest learners within `reach` first, from beyond the sort key `after` on."""
    query = select(Learner).where(Learner.tenant_id == tenant_id, learners_within(reach))
    if search:
        named = or_(Learner.name.icontains(search, autoescape=True), Learner.email.icontains(search, autoescape=True))
        query = query.where(or_(named, Learner.subject == search))
    if after is not None:
        query = query.where(tuple_(Learner.created_at, Learner.id) < after)
    return session.scalars(query.order_by(Learner.created_at.desc(), Learner.id.desc()).limit(limit)).all()


def find(session: Session, tenant_id: UUID, learner_id: UUID, reach: Reached) -> Learner | None:
    """The learner, if the tenant has it and it is within `reach`."""
    return session.scalars(
        select(Learner).where(Learner.tenant_id == tenant_id, Learner.id == learner_id, learners_within(reach))
    ).one_or_none()


def find_by_subject(session: Session, tenant_id: UUID, source: str, subject: str, reach: Reached) -> Learner | None:
    """The learner `subject` of `source`, if it is within `reach`."""
    return session.scalars(
        select(Learner).where(
            Learner.tenant_id == tenant_id,
            Learner.source == source,
            Learner.subject == subject,
            learners_within(reach),
        )
    ).one_or_none()
