"""The answers that reports count: the last one to each interaction in each attempt."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.scorm.storage.tables_reports import Answer

_KEY = ("attempt_id", "activity_id", "item")


def keep(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write answers; one that is known is replaced by what it is now. No two rows may be of one item."""
    statement = insert(Answer).values(list(rows))
    changed = {name: statement.excluded[name] for name in rows[0] if name not in _KEY}
    session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=changed))
