"""Rosters in the database: the members of a course, or of those who may use one link."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.lti.spec.memberships import Member
from hub.lti.storage.tables import RosterMemberRow, RosterRow


def get(session: Session, tenant_id: UUID, roster_id: UUID) -> RosterRow | None:
    """The roster of a course or link."""
    return session.scalar(select(RosterRow).where(RosterRow.tenant_id == tenant_id, RosterRow.id == roster_id))


def members(session: Session, tenant_id: UUID, roster_id: UUID) -> Sequence[RosterMemberRow]:
    """Its members by name."""
    query = select(RosterMemberRow).where(
        RosterMemberRow.tenant_id == tenant_id, RosterMemberRow.roster_id == roster_id
    )
    return sorted(session.scalars(query), key=lambda one: (one.name or one.user_id).casefold())


def save(session: Session, tenant_id: UUID, roster_id: UUID, context_id: UUID, **values: Any) -> None:
    """Keep when it was fetched, or why it could not be."""
    statement = insert(RosterRow).values(id=roster_id, tenant_id=tenant_id, lti_context_id=context_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def replace(
    session: Session, tenant_id: UUID, roster_id: UUID, listed: Sequence[Member], *, is_difference: bool
) -> None:
    """The members as they are now, or what changed of them since the last time."""
    query = delete(RosterMemberRow).where(
        RosterMemberRow.tenant_id == tenant_id, RosterMemberRow.roster_id == roster_id
    )
    if is_difference:
        query = query.where(RosterMemberRow.user_id.in_([member.user_id for member in listed]))
    session.execute(query)
    rows = [
        {
            "tenant_id": tenant_id,
            "roster_id": roster_id,
            "user_id": member.user_id,
            "name": member.name,
            "email": member.email,
            "is_learner": member.is_learner,
            "groups": list(member.groups),
        }
        for member in {member.user_id: member for member in listed if not member.is_gone}.values()
    ]
    for start in range(0, len(rows), 1000):
        session.execute(insert(RosterMemberRow), rows[start : start + 1000])
