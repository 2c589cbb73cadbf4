"""The users of a tenant as every area may ask for them: those whom learners, cohorts and packages are given to."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.tables import User
from hub.errors import NotFound, Violation


def person_of_tenant(session: Session, tenant_id: UUID, whom: str) -> User:
    """Who may sign in to the tenant, by id or e-mail address. Raises `NotFound`, naming the field `user`."""
    user_id = _uuid(whom.strip())
    is_theirs = User.email == whom.strip().lower() if user_id is None else User.id == user_id
    found = session.scalars(select(User).where(User.tenant_id == tenant_id, is_theirs, User.is_active)).one_or_none()
    if found is None:
        fault = Violation("user", "user", "must be the id or e-mail address of somebody who signs in here", whom[:100])
        raise NotFound("There is no such user.", code="user_not_found", violations=[fault])
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
