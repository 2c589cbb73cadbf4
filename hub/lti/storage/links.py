"""Courses and links of platforms, the registrations that came by them, and their line items in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.lti.storage.tables import DeploymentRow, LineItemRow, LinkRegistrationRow, LtiContextRow, ResourceLinkRow


@dataclass(frozen=True, slots=True)
class ContextFacts:
    """What a launch tells of its course; None where it does not tell."""

    context_id: str
    title: str | None
    memberships_url: str | None
    groups_url: str | None


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a launch tells of its link; None where it does not tell."""

    tenant_id: UUID
    platform_id: UUID
    deployment_id: str
    link_id: str
    title: str | None
    context: ContextFacts | None


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a link, its course and its gradebook column; `deployment_id` is our id of the deployment.

    `registration_id` is that of the person who launches, for what the link opens.
    """

    deployment_id: UUID
    link: ResourceLinkRow | None
    context: LtiContextRow | None
    line_item: LineItemRow | None
    registration_id: UUID | None


# Made once: to put a query of this size together takes longer than to run it.
_FOUND = (
    select(DeploymentRow.id, ResourceLinkRow, LtiContextRow, LineItemRow, LinkRegistrationRow.registration_id)
    .outerjoin(
        ResourceLinkRow,
        and_(ResourceLinkRow.deployment_id == DeploymentRow.id, ResourceLinkRow.link_id == bindparam("link")),
    )
    .outerjoin(
        LtiContextRow,
        and_(LtiContextRow.deployment_id == DeploymentRow.id, LtiContextRow.context_id == bindparam("context")),
    )
    .outerjoin(LineItemRow, LineItemRow.resource_link_id == ResourceLinkRow.id)
    .outerjoin(
        LinkRegistrationRow,
        and_(
            LinkRegistrationRow.resource_link_id == ResourceLinkRow.id,
            LinkRegistrationRow.package_id == ResourceLinkRow.package_id,
            LinkRegistrationRow.user_id == bindparam("user"),
        ),
    )
    .where(
        DeploymentRow.tenant_id == bindparam("tenant"),
        DeploymentRow.platform_id == bindparam("platform"),
        DeploymentRow.deployment_id == bindparam("deployment"),
    )
)


def find(session: Session, facts: LinkFacts, user_id: str) -> Found | None:
    """A launch's deployment with what is known of its link and of this person there, in one query."""
    asked = {
        "tenant": facts.tenant_id,
        "platform": facts.platform_id,
        "deployment": facts.deployment_id,
        "link": facts.link_id,
        "context": facts.context.context_id if facts.context else None,
        "user": user_id,
    }
    row = session.execute(_FOUND, asked).one_or_none()
    return Found(*row) if row else None


def save_context(
    session: Session, new_id: UUID, tenant_id: UUID, platform_id: UUID, found: Found, facts: ContextFacts
) -> LtiContextRow:
    """The row of a course, made or brought up to date. What a launch does not tell is kept as it was."""
    row = found.context
    if row is None:
        key = {"deployment_id": found.deployment_id, "context_id": facts.context_id}
        values = {"id": new_id, "tenant_id": tenant_id, "platform_id": platform_id, **key}
        session.execute(insert(LtiContextRow).values(**values).on_conflict_do_nothing())
        row = session.scalars(select(LtiContextRow).filter_by(tenant_id=tenant_id, **key)).one()
    for name in ("title", "memberships_url", "groups_url"):
        if getattr(facts, name) is not None:
            setattr(row, name, getattr(facts, name))
    return row


def save_link(
    session: Session, new_id: UUID, facts: LinkFacts, found: Found, context: LtiContextRow | None
) -> ResourceLinkRow:
    """The row of a link, made or brought up to date. What a launch does not tell is kept as it was.

    Most launches tell nothing new: they write nothing and hold no lock that the next learner would wait for.
    """
    row = found.link
    if row is None:
        key = {"deployment_id": found.deployment_id, "link_id": facts.link_id}
        values = {"id": new_id, "tenant_id": facts.tenant_id, "platform_id": facts.platform_id, **key}
        session.execute(insert(ResourceLinkRow).values(**values).on_conflict_do_nothing())
        row = session.scalars(select(ResourceLinkRow).filter_by(tenant_id=facts.tenant_id, **key)).one()
    row.title = facts.title if facts.title is not None else row.title
    if context is not None:
        row.lti_context_id, row.context_id, row.context_title = context.id, context.context_id, context.title
        row.memberships_url = context.memberships_url
    return row


def origin_of(session: Session, row: ResourceLinkRow, history: Sequence[str]) -> ResourceLinkRow | None:
    """The link that this one was copied from: the nearest of its history that opens something here."""
    query = select(ResourceLinkRow).where(
        ResourceLinkRow.tenant_id == row.tenant_id,
        ResourceLinkRow.platform_id == row.platform_id,
        ResourceLinkRow.link_id.in_(history),
        ResourceLinkRow.package_id.is_not(None),
        ResourceLinkRow.id != row.id,
    )
    return min(session.scalars(query), key=lambda found: history.index(found.link_id), default=None)


def get_link(session: Session, tenant_id: UUID, resource_link_id: UUID) -> ResourceLinkRow | None:
    """One link of the tenant."""
    return session.scalar(
        select(ResourceLinkRow).where(ResourceLinkRow.tenant_id == tenant_id, ResourceLinkRow.id == resource_link_id)
    )


def get_context(session: Session, tenant_id: UUID, context_row_id: UUID) -> LtiContextRow | None:
    """One course of the tenant."""
    return session.scalar(
        select(LtiContextRow).where(LtiContextRow.tenant_id == tenant_id, LtiContextRow.id == context_row_id)
    )


def links_of_context(session: Session, tenant_id: UUID, context_row_id: UUID, limit: int) -> Sequence[ResourceLinkRow]:
    """The links of a course that open something, in the order in which they were used first."""
    return session.scalars(
        select(ResourceLinkRow)
        .where(
            ResourceLinkRow.tenant_id == tenant_id,
            ResourceLinkRow.lti_context_id == context_row_id,
            ResourceLinkRow.package_id.is_not(None),
        )
        .order_by(ResourceLinkRow.id)
        .limit(limit)
    ).all()


def link_of_line_item(session: Session, tenant_id: UUID, platform_id: UUID, url: str) -> ResourceLinkRow | None:
    """The link of a platform whose gradebook column is at that address."""
    return session.scalar(
        select(ResourceLinkRow)
        .join(LineItemRow, LineItemRow.resource_link_id == ResourceLinkRow.id)
        .where(
            ResourceLinkRow.tenant_id == tenant_id,
            ResourceLinkRow.platform_id == platform_id,
            LineItemRow.url == url,
        )
        .limit(1)
    )


def set_package(session: Session, tenant_id: UUID, resource_link_id: UUID, package_id: UUID, name: str) -> None:
    """Say what a link opens from now on."""
    session.execute(
        update(ResourceLinkRow)
        .where(ResourceLinkRow.tenant_id == tenant_id, ResourceLinkRow.id == resource_link_id)
        .values(package_id=package_id, package_name=name)
    )


@dataclass(frozen=True, slots=True)
class LinkKey:
    """A link together with the package that it opens."""

    tenant_id: UUID
    resource_link_id: UUID
    package_id: UUID


def add_registration(session: Session, key: LinkKey, user_id: str, registration_id: UUID) -> None:
    """Remember by which link and for whom a registration was made; a second time changes nothing."""
    session.execute(
        insert(LinkRegistrationRow)
        .values(
            registration_id=registration_id,
            tenant_id=key.tenant_id,
            resource_link_id=key.resource_link_id,
            package_id=key.package_id,
            user_id=user_id,
        )
        .on_conflict_do_nothing()
    )


def registration_of(session: Session, key: LinkKey, user_id: str) -> UUID | None:
    """The registration of one platform user by a link for the package that it opens."""
    return session.scalar(
        select(LinkRegistrationRow.registration_id).where(
            LinkRegistrationRow.tenant_id == key.tenant_id,
            LinkRegistrationRow.resource_link_id == key.resource_link_id,
            LinkRegistrationRow.package_id == key.package_id,
            LinkRegistrationRow.user_id == user_id,
        )
    )


def registrations_of(session: Session, tenant_id: UUID, resource_link_id: UUID) -> Sequence[tuple[UUID, str]]:
    """The registrations of a link with the platform users whose they are."""
    rows = session.execute(
        select(LinkRegistrationRow.registration_id, LinkRegistrationRow.user_id).where(
            LinkRegistrationRow.tenant_id == tenant_id, LinkRegistrationRow.resource_link_id == resource_link_id
        )
    )
    return [(row[0], row[1]) for row in rows]


def get_line_item(session: Session, tenant_id: UUID, resource_link_id: UUID) -> LineItemRow | None:
    """The gradebook column of a link."""
    return session.scalar(
        select(LineItemRow).where(LineItemRow.tenant_id == tenant_id, LineItemRow.resource_link_id == resource_link_id)
    )


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What a launch tells of a link's column, and what to find it by where it is gone."""

    url: str | None
    container_url: str | None
    scopes: list[str]
    resource_id: str | None


def save_line_item(
    session: Session, new_id: UUID, link: ResourceLinkRow, row: LineItemRow | None, facts: ColumnFacts
) -> None:
    """The gradebook column of a link (`row`, where it is known) as its launch tells it.

    A known URL stays where the launch names none.
    """
    if row is None:
        values = {"id": new_id, "tenant_id": link.tenant_id, "resource_link_id": link.id, "scopes": facts.scopes}
        session.execute(insert(LineItemRow).values(**values).on_conflict_do_nothing())
        row = get_line_item(session, link.tenant_id, link.id)
        assert row is not None  # It was made a line above, by us or by another.
    if facts.url and facts.url != row.url:  # The teacher moved it, or it is new: its scale may be another.
        row.url, row.checked_at = facts.url, None
    row.container_url, row.scopes, row.resource_id = facts.container_url, facts.scopes, facts.resource_id


def set_line_item(
    session: Session,
    tenant_id: UUID,
    line_item_id: UUID,
    url: str | None,
    score_maximum: Decimal | None,
    checked_at: datetime | None,
) -> None:
    """The line item was found, made or looked at (or is gone: `url` None)."""
    session.execute(
        update(LineItemRow)
        .where(LineItemRow.tenant_id == tenant_id, LineItemRow.id == line_item_id)
        .values(url=url, score_maximum=score_maximum, checked_at=checked_at)
    )


def set_results(
    session: Session, tenant_id: UUID, line_item_id: UUID, results: dict[str, Any], read_at: datetime
) -> None:
    """What the gradebook says was read."""
    session.execute(
        update(LineItemRow)
        .where(LineItemRow.tenant_id == tenant_id, LineItemRow.id == line_item_id)
        .values(results=results, results_at=read_at)
    )


def set_counting(session: Session, tenant_id: UUID, resource_link_id: UUID, counting: str) -> None:
    """Say which attempt counts from now on."""
    session.execute(
        update(ResourceLinkRow)
        .where(ResourceLinkRow.tenant_id == tenant_id, ResourceLinkRow.id == resource_link_id)
        .values(counting=counting)
    )
