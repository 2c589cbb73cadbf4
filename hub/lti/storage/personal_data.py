"""What platforms told of a person: links to registrations, scores on their way, rosters, and grades that were read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from hub.db.personal_rows import Part
from hub.lti.storage.tables import (
    LineItemRow,
    LinkRegistrationRow,
    LtiContextRow,
    PlatformRow,
    ResourceLinkRow,
    RosterMemberRow,
    RosterRow,
    ScoreDeliveryRow,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as a platform's issuer names them (`sub`; OpenID Connect Core 1.0 section 2)."""

    issuer: str
    user_id: str


def parts_of(tenant_id: UUID, subjects: Sequence[Subject], registrations: Sequence[UUID]) -> list[Part]:
    """Rows that go: by the registrations they belong to, and by who the platform says they are about."""
    conditions: list[tuple[str, Any, ColumnElement[bool]]] = [
        ("links to courses", LinkRegistrationRow, LinkRegistrationRow.registration_id.in_(registrations)),
        ("score deliveries", ScoreDeliveryRow, ScoreDeliveryRow.registration_id.in_(registrations)),
        ("places in rosters", RosterMemberRow, or_(false(), *(_listed(tenant_id, one) for one in subjects))),
    ]
    return [
        Part(kind, model.__table__, and_(model.tenant_id == tenant_id, condition))
        for kind, model, condition in conditions
    ]


def _listed(tenant_id: UUID, subject: Subject) -> ColumnElement[bool]:
    rosters = (
        select(RosterRow.id)
        .join(LtiContextRow, LtiContextRow.id == RosterRow.lti_context_id)
        .join(PlatformRow, PlatformRow.id == LtiContextRow.platform_id)
        .where(RosterRow.tenant_id == tenant_id, PlatformRow.issuer == subject.issuer)
    )
    return and_(RosterMemberRow.user_id == subject.user_id, RosterMemberRow.roster_id.in_(rosters))


def grades_of(session: Session, tenant_id: UUID, subject: Subject, *, lock: bool = False) -> Sequence[LineItemRow]:
    """The gradebook columns in which a grade of this person was read."""
    query = (
        select(LineItemRow)
        .join(ResourceLinkRow, ResourceLinkRow.id == LineItemRow.resource_link_id)
        .join(PlatformRow, PlatformRow.id == ResourceLinkRow.platform_id)
        .where(
            LineItemRow.tenant_id == tenant_id,
            PlatformRow.issuer == subject.issuer,
            LineItemRow.results.has_key(subject.user_id),
        )
        .order_by(LineItemRow.id)
    )
    return session.scalars(query.with_for_update(of=LineItemRow) if lock else query).all()
