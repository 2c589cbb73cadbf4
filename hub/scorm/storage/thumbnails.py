"""Queries on the pictures of packages."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.scorm.storage.tables import PackageThumbnail


def put(session: Session, tenant_id: UUID, package_id: UUID, image: bytes, *, is_chosen: bool) -> None:
    """Keep the picture of the package in place of any other."""
    values = {"image": image, "is_chosen": is_chosen}
    session.execute(
        insert(PackageThumbnail)
        .values(package_id=package_id, tenant_id=tenant_id, **values)
        .on_conflict_do_update(index_elements=["package_id"], set_=values)
    )


def image(session: Session, tenant_id: UUID, package_id: UUID) -> bytes | None:
    """The picture of the package."""
    return session.scalars(
        select(PackageThumbnail.image).where(
            PackageThumbnail.tenant_id == tenant_id, PackageThumbnail.package_id == package_id
        )
    ).one_or_none()


def is_chosen(session: Session, tenant_id: UUID, package_id: UUID) -> bool:
    """Whether the package has a picture that a person chose."""
    query = select(PackageThumbnail.is_chosen).where(
        PackageThumbnail.tenant_id == tenant_id, PackageThumbnail.package_id == package_id
    )
    return session.scalars(query).one_or_none() is True


def remove(session: Session, tenant_id: UUID, package_id: UUID) -> None:
    """Forget the picture of the package."""
    session.execute(
        delete(PackageThumbnail).where(
            PackageThumbnail.tenant_id == tenant_id, PackageThumbnail.package_id == package_id
        )
    )
