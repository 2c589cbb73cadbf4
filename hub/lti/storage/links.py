"""Resource links, the registrations that came by them, and their line items in the database."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
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
    """The row of a link, made or brought up to date. What a launch does not tell is kept as it was."""
    told = {
        "title": facts.title,
        "context_id": facts.context_id,
        "context_title": facts.context_title,
        "memberships_url": facts.memberships_url,
    }
    statement = insert(ResourceLinkRow).values(
        id=new_id,
        tenant_id=facts.tenant_id,
        platform_id=facts.platform_id,
        deployment_id=facts.deployment_id,
        link_id=facts.link_id,
        **told,
    )
    kept = {name: func.coalesce(statement.excluded[name], getattr(ResourceLinkRow, name)) for name in told}
    statement = statement.on_conflict_do_update(index_elements=["deployment_id", "link_id"], set_=kept)
    return session.scalars(statement.returning(ResourceLinkRow), execution_options={"populate_existing": True}).one()


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
    statement = insert(LineItemRow).values(
        id=new_id,
        tenant_id=link.tenant_id,
        resource_link_id=link.id,
        url=url,
        container_url=container_url,
        scopes=scopes,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["resource_link_id"],
            set_={
                "url": func.coalesce(statement.excluded.url, LineItemRow.url),
                "container_url": statement.excluded.container_url,
                "scopes": statement.excluded.scopes,
            },
        )
    )


def set_line_item_url(session: Session, tenant_id: UUID, line_item_id: UUID, url: str) -> None:
    """The line item was found or made at the platform."""
    session.execute(
        update(LineItemRow).where(LineItemRow.tenant_id == tenant_id, LineItemRow.id == line_item_id).values(url=url)
    )
