"""Score deliveries in the database: queue the newest, send one at a time for each learner, settle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session

from hub.lti.spec.scores import Score
from hub.lti.storage.tables import LineItemRow, LinkRegistrationRow, PlatformRow, ResourceLinkRow, ScoreDeliveryRow


@dataclass(frozen=True, slots=True)
class Target:
    """Where the grades of a registration go: a line item, and the learner's id at the platform."""

    line_item_id: UUID
    user_id: str
    counting: str = "last"


@dataclass(frozen=True, slots=True)
class Column:
    """A line item with what is needed to reach it."""

    line_item_id: UUID
    platform_id: UUID
    url: str | None
    container_url: str | None
    scopes: tuple[str, ...]
    link_id: str
    title: str | None
    package_id: UUID | None
    resource_id: str | None
    tag: str | None
    score_maximum: Decimal | None
    checked_at: datetime | None


def target_of(session: Session, tenant_id: UUID, registration_id: UUID) -> Target | None:
    """The target of a registration that came by a graded link; None for every other."""
    found = session.execute(
        select(LineItemRow.id, LinkRegistrationRow.user_id, ResourceLinkRow.counting)
        .join(LinkRegistrationRow, LinkRegistrationRow.resource_link_id == LineItemRow.resource_link_id)
        .join(ResourceLinkRow, ResourceLinkRow.id == LineItemRow.resource_link_id)
        .where(LinkRegistrationRow.tenant_id == tenant_id, LinkRegistrationRow.registration_id == registration_id)
    ).one_or_none()
    return Target(*found) if found else None


def lock(session: Session, target: Target) -> None:
    """Let one transaction at a time decide about a learner's scores in a line item."""
    key = f"{target.line_item_id}:{target.user_id}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def newest(session: Session, tenant_id: UUID, target: Target) -> ScoreDeliveryRow | None:
    """The newest score of a learner in a line item, whatever became of it."""
    return session.scalar(
        select(ScoreDeliveryRow)
        .where(
            ScoreDeliveryRow.tenant_id == tenant_id,
            ScoreDeliveryRow.line_item_id == target.line_item_id,
            ScoreDeliveryRow.user_id == target.user_id,
        )
        .order_by(ScoreDeliveryRow.scored_at.desc())
        .limit(1)
    )


def supersede(session: Session, tenant_id: UUID, target: Target) -> None:
    """Take back whatever waits or has failed: a newer score takes its place."""
    session.execute(
        update(ScoreDeliveryRow)
        .where(
            ScoreDeliveryRow.tenant_id == tenant_id,
            ScoreDeliveryRow.line_item_id == target.line_item_id,
            ScoreDeliveryRow.user_id == target.user_id,
            ScoreDeliveryRow.status.in_(["pending", "failed"]),
        )
        .values(status="superseded")
    )


def add(
    session: Session,
    new_id: UUID,
    tenant_id: UUID,
    registration_id: UUID,
    target: Target,
    score: Score,
    scored_at: datetime,
    now: datetime,
) -> None:
    """Queue a score; call `supersede` before."""
    session.add(
        ScoreDeliveryRow(
            id=new_id,
            tenant_id=tenant_id,
            line_item_id=target.line_item_id,
            registration_id=registration_id,
            user_id=target.user_id,
            status="pending",
            score_given=score.given,
            score_maximum=score.maximum,
            activity_progress=score.activity_progress,
            grading_progress=score.grading_progress,
            started_at=score.started_at,
            submitted_at=score.submitted_at,
            comment=score.comment,
            scored_at=scored_at,
            created_at=now,
        )
    )


def get(session: Session, tenant_id: UUID, delivery_id: UUID) -> ScoreDeliveryRow | None:
    """One delivery of the tenant."""
    return session.scalar(
        select(ScoreDeliveryRow)
        .where(ScoreDeliveryRow.tenant_id == tenant_id, ScoreDeliveryRow.id == delivery_id)
        .execution_options(populate_existing=True)
    )


def sibling(session: Session, row: ScoreDeliveryRow, status: str) -> ScoreDeliveryRow | None:
    """Another delivery of the same learner and line item in that status (there is at most one)."""
    return session.scalar(
        select(ScoreDeliveryRow).where(
            ScoreDeliveryRow.tenant_id == row.tenant_id,
            ScoreDeliveryRow.line_item_id == row.line_item_id,
            ScoreDeliveryRow.user_id == row.user_id,
            ScoreDeliveryRow.status == status,
            ScoreDeliveryRow.id != row.id,
        )
    )


def begin_sending(session: Session, row: ScoreDeliveryRow, now: datetime, lease: timedelta) -> None:
    """This worker sends the score until the lease ends."""
    row.status = "sending"
    row.attempts += 1
    row.leased_until = now + lease
    session.flush()


def column_of(session: Session, tenant_id: UUID, line_item_id: UUID) -> Column:
    """The line item of a delivery."""
    row = session.execute(
        select(
            LineItemRow.id,
            ResourceLinkRow.platform_id,
            LineItemRow.url,
            LineItemRow.container_url,
            LineItemRow.scopes,
            ResourceLinkRow.link_id,
            ResourceLinkRow.title,
            ResourceLinkRow.package_id,
            LineItemRow.resource_id,
            LineItemRow.tag,
            LineItemRow.score_maximum,
            LineItemRow.checked_at,
        )
        .join(ResourceLinkRow, ResourceLinkRow.id == LineItemRow.resource_link_id)
        .where(LineItemRow.tenant_id == tenant_id, LineItemRow.id == line_item_id)
    ).one()
    values = row._asdict()
    return Column(line_item_id=values.pop("id"), scopes=tuple(values.pop("scopes")), **values)


@dataclass(frozen=True, slots=True)
class Listed:
    """A delivery with the names that people know it by."""

    row: ScoreDeliveryRow
    platform_id: UUID
    platform_name: str
    link_title: str | None
    context_title: str | None


def listing(
    session: Session,
    tenant_id: UUID,
    *,
    status: str | None = None,
    platform_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Listed]:
    """Deliveries of the tenant, newest first, those before the key `before` (created_at, id)."""
    query = (
        select(ScoreDeliveryRow, PlatformRow.id, PlatformRow.name, ResourceLinkRow.title, ResourceLinkRow.context_title)
        .join(LineItemRow, LineItemRow.id == ScoreDeliveryRow.line_item_id)
        .join(ResourceLinkRow, ResourceLinkRow.id == LineItemRow.resource_link_id)
        .join(PlatformRow, PlatformRow.id == ResourceLinkRow.platform_id)
        .where(ScoreDeliveryRow.tenant_id == tenant_id)
    )
    if status is not None:
        query = query.where(ScoreDeliveryRow.status == status)
    if platform_id is not None:
        query = query.where(PlatformRow.id == platform_id)
    if before is not None:
        query = query.where(tuple_(ScoreDeliveryRow.created_at, ScoreDeliveryRow.id) < before)
    query = query.order_by(ScoreDeliveryRow.created_at.desc(), ScoreDeliveryRow.id.desc()).limit(limit)
    return [Listed(*found) for found in session.execute(query)]
