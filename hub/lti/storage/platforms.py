"""Platforms and their deployments in the database."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from hub.lti.spec.platform import Platform, PlatformDetails
from hub.lti.storage.tables import DeploymentRow, LineItemRow, LtiContextRow, PlatformRow, ResourceLinkRow

#: Platforms with the names of their deployments, in one query: every step of a launch asks for one.
_PLATFORMS = select(
    PlatformRow,
    func.array(
        select(DeploymentRow.deployment_id).where(DeploymentRow.platform_id == PlatformRow.id).scalar_subquery(),
        type_=ARRAY(Text),
    ),
)


def find_by_issuer(session: Session, issuer: str, client_id: str | None) -> list[Platform]:
    """The active platforms of an issuer, all of them or the one with that client id.

    The one read of this area that names no tenant: whoever logs in by LTI is nobody until the platform is known, and
    the platform says which tenant it is.
    """
    query = _PLATFORMS.where(PlatformRow.issuer == issuer, PlatformRow.is_active)
    if client_id is not None:
        query = query.where(PlatformRow.client_id == client_id)
    return _read(session, query.order_by(PlatformRow.id).limit(100))


def meant_by(session: Session, issuer: str, client_id: str | None) -> UUID | None:
    """The platform, active or not, that a refused login means: by issuer and client id, else the issuer's only one.

    It names no tenant either, and for the same reason.
    """
    of_issuer = select(PlatformRow.id, PlatformRow.client_id).where(PlatformRow.issuer == issuer)
    exact = session.execute(of_issuer.where(PlatformRow.client_id == client_id)).all() if client_id else []
    found = exact or session.execute(of_issuer.limit(2)).all()
    return found[0][0] if len(found) == 1 else None


def get(session: Session, tenant_id: UUID, platform_id: UUID) -> Platform | None:
    """One platform of the tenant."""
    found = _read(session, _PLATFORMS.where(PlatformRow.tenant_id == tenant_id, PlatformRow.id == platform_id))
    return found[0] if found else None


def find(session: Session, tenant_id: UUID, issuer: str, client_id: str) -> Platform | None:
    """The tenant's platform of that issuer and client id."""
    named = (PlatformRow.issuer == issuer, PlatformRow.client_id == client_id)
    found = _read(session, _PLATFORMS.where(PlatformRow.tenant_id == tenant_id, *named))
    return found[0] if found else None


def list_after(session: Session, tenant_id: UUID, after: UUID | None, limit: int) -> list[Platform]:
    """The tenant's platforms in the order in which they were added."""
    query = _PLATFORMS.where(PlatformRow.tenant_id == tenant_id).order_by(PlatformRow.id).limit(limit)
    if after is not None:
        query = query.where(PlatformRow.id > after)
    return _read(session, query)


def _read(session: Session, query: Select[PlatformRow, Sequence[str]]) -> list[Platform]:
    return [_platform(row, frozenset(deployments)) for row, deployments in session.execute(query)]


def _platform(row: PlatformRow, deployment_ids: frozenset[str]) -> Platform:
    return Platform(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        auth_url=row.auth_url,
        token_url=row.token_url,
        jwks_url=row.jwks_url,
        token_audience=row.token_audience,
        is_active=row.is_active,
        awaits_approval=row.awaits_approval,
        learns_deployments=row.learns_deployments,
        uses_pseudonyms=row.uses_pseudonyms,
        product=row.product,
        deployment_ids=deployment_ids,
    )


def services_of(session: Session, tenant_id: UUID, platform_id: UUID) -> tuple[str | None, Sequence[str], str | None]:
    """The newest gradebook container with its scopes, and the newest list of members, that launches told of."""
    item = session.execute(
        select(LineItemRow.container_url, LineItemRow.scopes)
        .join(ResourceLinkRow, ResourceLinkRow.id == LineItemRow.resource_link_id)
        .where(LineItemRow.tenant_id == tenant_id, ResourceLinkRow.platform_id == platform_id)
        .order_by(LineItemRow.container_url.is_(None), LineItemRow.id.desc())
        .limit(1)
    ).one_or_none()
    memberships = session.scalar(
        select(LtiContextRow.memberships_url)
        .where(
            LtiContextRow.tenant_id == tenant_id,
            LtiContextRow.platform_id == platform_id,
            LtiContextRow.memberships_url.is_not(None),
        )
        .order_by(LtiContextRow.id.desc())
        .limit(1)
    )
    return (item[0], item[1], memberships) if item else (None, (), memberships)


def count_waiting(session: Session, tenant_id: UUID) -> int:
    """How many platforms of the tenant wait for approval."""
    query = select(func.count()).where(PlatformRow.tenant_id == tenant_id, PlatformRow.awaits_approval)
    return session.scalar(query) or 0


def add(
    session: Session, tenant_id: UUID, new_id: UUID, details: PlatformDetails, *, awaits_approval: bool = False
) -> None:
    """Add a platform. Issuer and client id that are taken, in this or another tenant, raise IntegrityError."""
    session.add(
        PlatformRow(
            id=new_id,
            tenant_id=tenant_id,
            name=details.name,
            issuer=details.issuer,
            client_id=details.client_id,
            auth_url=details.auth_url,
            token_url=details.token_url,
            jwks_url=details.jwks_url,
            token_audience=details.token_audience,
            learns_deployments=details.learns_deployments,
            uses_pseudonyms=details.uses_pseudonyms,
            product=details.product,
            awaits_approval=awaits_approval,
        )
    )
    session.flush()


def add_deployments(
    session: Session, tenant_id: UUID, platform_id: UUID, deployments: Iterable[tuple[UUID, str]]
) -> None:
    """Add deployments by our new id and the platform's name; those that are there already stay."""
    for new_id, deployment_id in deployments:
        values = {"id": new_id, "tenant_id": tenant_id, "platform_id": platform_id, "deployment_id": deployment_id}
        session.execute(insert(DeploymentRow).values(**values).on_conflict_do_nothing())


def remove(session: Session, tenant_id: UUID, platform_id: UUID) -> bool:
    """Remove a platform with its deployments, links and deliveries; false when there is none."""
    removed = session.execute(
        delete(PlatformRow)
        .where(PlatformRow.tenant_id == tenant_id, PlatformRow.id == platform_id)
        .returning(PlatformRow.id)
    )
    return removed.first() is not None


def change(session: Session, tenant_id: UUID, platform_id: UUID, values: dict[str, Any]) -> bool:
    """Change columns of a platform; false when there is none."""
    changed = session.execute(
        update(PlatformRow)
        .where(PlatformRow.tenant_id == tenant_id, PlatformRow.id == platform_id)
        .values(**values)
        .returning(PlatformRow.id)
    )
    return changed.first() is not None
