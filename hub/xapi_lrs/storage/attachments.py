"""Which attachments a store has."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.xapi_lrs.storage.tables import Attachment


def add(session: Session, store: int, sha2: str, content_type: str, size: int, object_key: str) -> None:
    """Note an attachment; one that is there already is the same by its hash."""
    row = {"store": store, "sha2": sha2, "content_type": content_type, "size": size, "object_key": object_key}
    session.execute(insert(Attachment).values(row).on_conflict_do_nothing())


def find(session: Session, store: int, hashes: Sequence[str]) -> Sequence[Attachment]:
    """Those of `hashes` that the store has."""
    return session.scalars(
        select(Attachment).where(Attachment.store == store, Attachment.sha2.in_(list(hashes))).order_by(Attachment.sha2)
    ).all()


def has_any(session: Session, store: int) -> bool:
    """Whether the store has attachments at all."""
    return bool(session.scalar(select(exists().where(Attachment.store == store))))


def remove(session: Session, store: int, hashes: Sequence[str]) -> int:
    """Forget the attachments of these hashes; returns how many there were."""
    query = delete(Attachment).where(Attachment.store == store, Attachment.sha2.in_(list(hashes)))
    return len(session.scalars(query.returning(Attachment.sha2)).all())
