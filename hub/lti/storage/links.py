"""Resource links, the registrations that came by them, and their line items in the database."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.lti.storage.tables import LineItemRow, LinkRegistrationRow, ResourceLinkRow


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a launch tells of its link; None where it does not tell."""

    tenant_id: UUID
    platform_id: UUID
    deployment_id: UUID
    link_id: str
    title: str | None
    context_id: str | None
    context_title: str | None
    memberships_url: str | None


def save_link(session: Session, new_id: UUID, facts: LinkFacts) -> ResourceLinkRow:
    """The row of a link, made or brought up to date. What a launch does not tell is kept as it was.

    Most launches tell nothing new: they write nothing and hold no lock that the next learner would wait for.
    """
    row = session.scalar(_link_query(facts))
    if row is None:
        session.execute(insert(ResourceLinkRow).values(id=new_id, **asdict(facts)).on_conflict_do_nothing())
        row = session.scalars(_link_query(facts)).one()
    for name in ("title", "context_id", "context_title", "memberships_url"):
        if getattr(facts, name) is not None:
            setattr(row, name, getattr(facts, name))
    return row


def _link_query(facts: LinkFacts) -> Select[ResourceLinkRow]:
    return select(ResourceLinkRow).where(
        ResourceLinkRow.tenant_id == facts.tenant_id,
        ResourceLinkRow.deployment_id == facts.deployment_id,
        ResourceLinkRow.link_id == facts.link_id,
    )


def get_link(session: Session, tenant_id: UUID, resource_link_id: UUID) -> ResourceLinkRow | None:
    """One link of the tenant."""
    return session.scalar(
        select(ResourceLinkRow).where(ResourceLinkRow.tenant_id == tenant_id, ResourceLinkRow.id == resource_link_id)
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


def save_line_item(
    session: Session, new_id: UUID, link: ResourceLinkRow, url: str | None, container_url: str | None, scopes: list[str]
) -> None:
    """The gradebook column of a link as its launch tells it. A known URL stays where the launch names none."""
    query = select(LineItemRow).where(LineItemRow.tenant_id == link.tenant_id, LineItemRow.resource_link_id == link.id)
    row = session.scalar(query)
    if row is None:
        values = {"id": new_id, "tenant_id": link.tenant_id, "resource_link_id": link.id, "scopes": scopes}
        session.execute(insert(LineItemRow).values(**values).on_conflict_do_nothing())
        row = session.scalars(query).one()
    row.url = url or row.url
    row.container_url = container_url
    row.scopes = scopes


def set_line_item_url(session: Session, tenant_id: UUID, line_item_id: UUID, url: str) -> None:
    """The line item was found or made at the platform."""
    session.execute(
        update(LineItemRow).where(LineItemRow.tenant_id == tenant_id, LineItemRow.id == line_item_id).values(url=url)
    )
