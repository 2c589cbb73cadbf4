"""Rows about an account: every table that refers to it, whichever area it is of, and the audit log."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Table, and_, or_, select
from sqlalchemy.orm import Session

from hub.db.base import Base
from hub.db.personal_rows import Part, as_uuid
from hub.db.tables import AuditEvent, User

AUDIT = "audit events"


def parts_of_account(tenant_id: UUID, users: Sequence[UUID]) -> list[Part]:
    """The rows of these accounts, what hangs on them first. A new table whose rows go with
    their `user` is among them."""
    parts = []
    for table in reversed(Base.metadata.sorted_tables):
        keys = [key.parent for key in table.foreign_keys if key.column is _ID and key.ondelete == "CASCADE"]
        if keys:
            belongs = or_(*(column.in_(users) for column in keys))
            parts.append(Part(_kind(table), table, and_(table.c.tenant_id == tenant_id, belongs)))
    own = and_(User.tenant_id == tenant_id, User.id.in_(users))
    return [*parts, Part("accounts", _USER, own)]


_USER: Table = User.__table__  # type: ignore[assignment]
_ID = _USER.c.id


def _kind(table: Table) -> str:
    """A table's name for people: oauth_grant is "oauth grants", external_identity "external identities"."""
    name = table.name.replace("_", " ")
    return f"{name[:-1]}ies" if name.endswith("ty") else f"{name}s"


def audit_of(tenant_id: UUID, ids: Sequence[str]) -> Part:
    """What was done by, or to, accounts and learners of these ids."""
    about = or_(AuditEvent.actor_id.in_(ids), AuditEvent.target.in_(ids))
    table: Table = AuditEvent.__table__  # type: ignore[assignment]
    return Part(AUDIT, table, and_(AuditEvent.tenant_id == tenant_id, about))


def accounts_like(session: Session, tenant_id: UUID, words: str, limit: int) -> Sequence[User]:
    """Accounts of that id or e-mail address, or whose name has the words in it."""
    same = or_(User.email == words.lower(), User.name.icontains(words, autoescape=True), User.id == as_uuid(words))
    return session.scalars(
        select(User).where(User.tenant_id == tenant_id, same).order_by(User.email).limit(limit)
    ).all()
