"""Queries on the people who sign in, and their roles."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from hub.db.tables import Tenant, User, UserRole
from hub.oauth.storage.tables import ExternalIdentity

#: The roles that may let others in.
ADMINISTRATORS = ("administrator", "super_administrator")


def accounts_of_email(session: Session, email: str, limit: int, slug: str = "") -> Sequence[User]:
    """The accounts that may sign in with this address: that in the tenant `slug` first, then the one used last."""
    return session.scalars(
        select(User)
        .join(Tenant, Tenant.id == User.tenant_id)
        .where(User.email == email, User.is_active, User.password_hash.is_not(None))
        .order_by((Tenant.slug == slug).desc(), User.last_sign_in_at.desc().nulls_last(), User.id)
        .limit(limit)
    ).all()


def accounts_to_reset(session: Session, email: str, limit: int) -> Sequence[User]:
    """The accounts of this address that have a password, or may choose a first one: not those of a provider."""
    return session.scalars(
        select(User)
        .where(
            User.email == email,
            User.is_active,
            User.password_hash.is_not(None) | ~exists().where(ExternalIdentity.user_id == User.id),
        )
        .order_by(User.id)
        .limit(limit)
    ).all()


def user_by_id(session: Session, user_id: UUID) -> User | None:
    """The user of that id in whichever tenant: a link names it."""
    return session.get(User, user_id)


def user_for_update(session: Session, user_id: UUID) -> User | None:
    """The same, locked until the transaction ends."""
    return session.get(User, user_id, with_for_update=True)


def user_of_email(session: Session, tenant_id: UUID, email: str) -> User | None:
    """The account of that address in the tenant, closed or not."""
    return session.scalars(select(User).where(User.tenant_id == tenant_id, User.email == email)).one_or_none()


def user_with_roles(session: Session, tenant_id: UUID, user_id: UUID) -> tuple[User, Tenant, list[str]] | None:
    """An active user of the tenant with the tenant itself and the user's roles, in one query."""
    roles = (
        select(func.array_agg(UserRole.role))
        .where(UserRole.user_id == User.id, UserRole.tenant_id == tenant_id)
        .scalar_subquery()
    )
    row = session.execute(
        select(User, Tenant, roles)
        .join(Tenant, Tenant.id == User.tenant_id)
        .where(User.tenant_id == tenant_id, User.id == user_id, User.is_active)
    ).one_or_none()
    return None if row is None else (row[0], row[1], sorted(row[2] or []))


def users_of_tenant(session: Session, tenant_id: UUID, search: str, after: str | None, limit: int) -> Sequence[User]:
    """Up to `limit` people of the tenant whose name or address holds `search`, by address, those `after` one."""
    query = select(User).where(User.tenant_id == tenant_id)
    if search:
        query = query.where(
            User.email.icontains(search, autoescape=True) | User.name.icontains(search, autoescape=True)
        )
    if after is not None:
        query = query.where(User.email > after)
    return session.scalars(query.order_by(User.email).limit(limit)).all()


def users_of_emails(session: Session, tenant_id: UUID, emails: Sequence[str]) -> Sequence[User]:
    """The users of the tenant with these addresses, active or not."""
    return session.scalars(select(User).where(User.tenant_id == tenant_id, User.email.in_(emails))).all()


def user_of_tenant(session: Session, tenant_id: UUID, user_id: UUID) -> User | None:
    """The user of that id if it belongs to the tenant, active or not."""
    return session.scalars(select(User).where(User.tenant_id == tenant_id, User.id == user_id)).one_or_none()


def roles_of_users(session: Session, tenant_id: UUID, user_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The roles of each user, sorted."""
    found: dict[UUID, list[str]] = {}
    rows = session.execute(
        select(UserRole.user_id, UserRole.role)
        .where(UserRole.tenant_id == tenant_id, UserRole.user_id.in_(list(user_ids)))
        .order_by(UserRole.role)
    )
    for user_id, role in rows:
        found.setdefault(user_id, []).append(role)
    return found


def set_roles(session: Session, tenant_id: UUID, user_id: UUID, roles: Iterable[str]) -> None:
    """Give the user exactly these roles."""
    session.execute(delete(UserRole).where(UserRole.tenant_id == tenant_id, UserRole.user_id == user_id))
    rows = [{"tenant_id": tenant_id, "user_id": user_id, "role": role} for role in roles]
    if rows:
        session.execute(insert(UserRole), rows)


def has_administrator(session: Session) -> bool:
    """Whether anybody administers any tenant."""
    found = exists().where(UserRole.user_id == User.id, User.is_active, UserRole.role.in_(ADMINISTRATORS))
    return bool(session.execute(select(found)).scalar_one())


def active_administrators(session: Session, tenant_id: UUID) -> Sequence[UUID]:
    """Ids of those who can administer the tenant, which is locked, so that of two who go at once the last one stays.

    The lock is a statement of its own: one that waited for it would see the roles as they were when it began to wait.
    """
    session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))
    return session.scalars(
        select(User.id)
        .join(UserRole, UserRole.user_id == User.id)
        .where(User.tenant_id == tenant_id, User.is_active, UserRole.role == "administrator")
        .order_by(User.id)
    ).all()


def note_sign_in(session: Session, user: User, now: datetime, password_hash: str) -> None:
    """Keep when the user signed in last, and the hash of the same password made anew, if it is another.

    A password that was changed since `user` was read stays.
    """
    renewed = case((User.password_hash == user.password_hash, password_hash), else_=User.password_hash)
    session.execute(
        update(User)
        .where(User.tenant_id == user.tenant_id, User.id == user.id)
        .values(last_sign_in_at=now, password_hash=renewed)
    )


def has_role(session: Session, tenant_id: UUID, role: str) -> bool:
    """Whether an active user of the tenant has a role."""
    query = select(UserRole.user_id).join(User, User.id == UserRole.user_id)
    return (
        session.scalars(
            query.where(UserRole.tenant_id == tenant_id, UserRole.role == role, User.is_active).limit(1)
        ).one_or_none()
        is not None
    )
