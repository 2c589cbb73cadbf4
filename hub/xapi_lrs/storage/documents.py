"""State and profile documents."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from hub.xapi_lrs.storage.tables import Document


@dataclass(frozen=True, slots=True)
class Place:
    """Where documents belong: `owner` as the rules name it; `registration` None for those without one."""

    store: int
    owner: str
    registration: UUID | None = None

    @property
    def digest(self) -> bytes:
        """What stands for the owner in the table, however long it is."""
        return hashlib.blake2b(self.owner.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def lock(session: Session, place: Place, name: str) -> None:
    """Be the only one who changes this document until the commit, whether it exists or not."""
    key = hashlib.blake2b(f"{place.store}\x1e{place.registration}\x1e{name}".encode(), key=place.digest, digest_size=8)
    number = int.from_bytes(key.digest(), "big", signed=True)
    session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def get(session: Session, place: Place, name: str) -> Document | None:
    """The document of that id."""
    return session.scalars(select(Document).where(_at(place), Document.name == name)).one_or_none()


def names(
    session: Session, place: Place, *, any_registration: bool, since: datetime | None
) -> Sequence[tuple[str, datetime]]:
    """The ids of the documents there and when each was changed, those changed after `since` only."""
    query = select(Document.name, func.max(Document.updated_at)).where(_whose(place, any_registration))
    if since is not None:
        query = query.where(Document.updated_at > since)
    rows = session.execute(query.group_by(Document.name).order_by(Document.name)).all()
    return [(row[0], row[1]) for row in rows]


def delete_all(session: Session, place: Place, *, any_registration: bool) -> None:
    """Remove every document there."""
    session.execute(delete(Document).where(_whose(place, any_registration)))


def _at(place: Place) -> ColumnElement[bool]:
    return _whose(place, any_registration=False)


def _whose(place: Place, any_registration: bool) -> ColumnElement[bool]:
    owned = (Document.store == place.store) & (Document.owner == place.digest)
    if any_registration:
        return owned
    if place.registration is None:
        return owned & Document.registration.is_(None)
    return owned & (Document.registration == place.registration)
