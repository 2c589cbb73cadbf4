"""State and profile documents."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select, text
from sqlalchemy.orm import Session

from hub.xapi_lrs.storage.tables import Document


@dataclass(frozen=True, slots=True)
class Place:
    """Where documents belong: `owner` as the rules name it; `registration` None for those without one; `agent` whose
    they are, None for an activity's."""

    store: int
    owner: str
    registration: UUID | None = None
    agent: str | None = None

    @property
    def digest(self) -> bytes:
        """What stands for the owner in the table, however long it is."""
        return digest_of(self.owner)

    @property
    def agent_digest(self) -> bytes | None:
        """What stands for the agent in the table."""
        return None if self.agent is None else digest_of(self.agent)


def digest_of(text: str) -> bytes:
    """What stands for an owner or agent, however long it is."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


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


def of_agents(session: Session, store: int, agents: Sequence[str], owners: Sequence[str]) -> Iterator[Document]:
    """Every document of these agents, and of these `owners` among documents that do not tell their agent."""
    yield from session.scalars(
        select(Document).where(_whose_agent(store, agents, owners)).execution_options(yield_per=20)
    )


def by_id(session: Session, store: int, document_id: UUID) -> Document | None:
    """The document of that row."""
    return session.scalars(select(Document).where(Document.store == store, Document.id == document_id)).one_or_none()


def count_of_agents(session: Session, store: int, agents: Sequence[str], owners: Sequence[str]) -> int:
    """How many they are."""
    return session.scalar(select(func.count()).select_from(Document).where(_whose_agent(store, agents, owners))) or 0


def delete_of_agents(session: Session, store: int, agents: Sequence[str], owners: Sequence[str], limit: int) -> int:
    """Remove up to so many of them; returns how many there were."""
    some = select(Document.id).where(_whose_agent(store, agents, owners)).limit(limit)
    query = delete(Document).where(Document.store == store, Document.id.in_(some)).returning(Document.id)
    return len(session.scalars(query).all())


def delete_before(session: Session, store: int, before: datetime, limit: int) -> int:
    """Remove up to so many documents that were not changed since a time; returns how many there were."""
    some = select(Document.id).where(Document.store == store, Document.updated_at < before).limit(limit)
    query = delete(Document).where(Document.store == store, Document.id.in_(some)).returning(Document.id)
    return len(session.scalars(query).all())


def has_untold_agents(session: Session, store: int) -> bool:
    """Whether there are documents that do not tell whose they are: those of activities, and old ones of agents."""
    return bool(session.scalar(select(exists().where(Document.store == store, Document.agent.is_(None)))))


def _whose_agent(store: int, agents: Sequence[str], owners: Sequence[str]) -> ColumnElement[bool]:
    told = Document.agent.in_([digest_of(each) for each in agents])
    untold = Document.agent.is_(None) & Document.owner.in_([digest_of(each) for each in owners])
    return (Document.store == store) & (told | untold)


def _at(place: Place) -> ColumnElement[bool]:
    return _whose(place, any_registration=False)


def _whose(place: Place, any_registration: bool) -> ColumnElement[bool]:
    owned = (Document.store == place.store) & (Document.owner == place.digest)
    if any_registration:
        return owned
    if place.registration is None:
        return owned & Document.registration.is_(None)
    return owned & (Document.registration == place.registration)
