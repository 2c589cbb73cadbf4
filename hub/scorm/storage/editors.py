"""Who may change a package: whoever made it, those with whom it was shared, and whose role reaches all packages."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.db.tables import User, UserRole
from hub.errors import Forbidden
from hub.identity import PEOPLE, Principal, actions_of_roles
from hub.scorm.storage.tables import Package
from hub.scorm.storage.tables_reach import PackageEditor


def may_edit(session: Session, principal: Principal, package_id: UUID) -> bool:
    """Whether `principal`, who may change packages, may change this one."""
    reach = principal.reach("packages.write")
    if reach.is_everything:
        return True
    return "edited" in reach.kinds and session.get(PackageEditor, (package_id, reach.user_id)) is not None


def require_editor(session: Session, principal: Principal, package: Package) -> None:
    """`Forbidden` unless `principal` may change the package."""
    if not may_edit(session, principal, package.id):
        raise Forbidden(
            f"The package {package.external_id} is not yours. Who may change it can share it with you.",
            code="not_your_package",
        )


def admit(session: Session, package: Package, author: str, *, is_new: bool) -> None:
    """A person who made a package may change it; `Forbidden` for one who would change somebody else's.

    `author` is `KIND:ID` of who uploaded. What they may do now counts, not what they might at the time.
    """
    kind, _, user_id = author.partition(":")
    if kind not in PEOPLE:
        return
    if is_new:
        add(session, package.tenant_id, package.id, UUID(user_id))
    roles = frozenset(session.scalars(select(UserRole.role).where(UserRole.user_id == UUID(user_id))))
    who = Principal(package.tenant_id, "user", user_id, author, actions_of_roles(roles), roles=roles)
    require_editor(session, who, package)


def of_package(session: Session, tenant_id: UUID, package_id: UUID) -> Sequence[User]:
    """The people who may change it, by their names."""
    return session.scalars(
        select(User)
        .join(PackageEditor, PackageEditor.user_id == User.id)
        .where(PackageEditor.tenant_id == tenant_id, PackageEditor.package_id == package_id)
        .order_by(User.name, User.id)
    ).all()


def add(session: Session, tenant_id: UUID, package_id: UUID, user_id: UUID) -> bool:
    """Let a user change the package; whether they could not before."""
    values = {"tenant_id": tenant_id, "package_id": package_id, "user_id": user_id}
    made = session.execute(
        insert(PackageEditor).values(values).on_conflict_do_nothing().returning(PackageEditor.user_id)
    )
    return made.scalar_one_or_none() is not None


def remove(session: Session, tenant_id: UUID, package_id: UUID, user_id: UUID) -> bool:
    """Let a user change the package no longer; whether they could before."""
    gone = session.execute(
        delete(PackageEditor)
        .where(
            PackageEditor.tenant_id == tenant_id,
            PackageEditor.package_id == package_id,
            PackageEditor.user_id == user_id,
        )
        .returning(PackageEditor.user_id)
    )
    return gone.scalar_one_or_none() is not None
