"""Rows of tables that are about a person: counted, told (every column but secrets, as JSON values), removed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, select
from sqlalchemy.orm import Session

#: Columns that are not told: what lets somebody in, and what is the same for everybody of the tenant.
_UNTOLD = re.compile(r"tenant_id|seed|recovery|.*(digest|hash|secret|public_key).*")

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table that are about somebody; `kind` is what people call them, in the plural."""

    kind: str
    table: Table
    condition: ColumnElement[bool]

    @property
    def file_name(self) -> str:
        """Under what they are told."""
        return self.kind.replace(" ", "-")


def told(session: Session, part: Part) -> Iterator[dict[str, Any]]:
    """The rows in the order of their key, read a few at a time."""
    columns = [column for column in part.table.columns if not _UNTOLD.fullmatch(column.name)]
    query = select(*columns).where(part.condition).order_by(*part.table.primary_key.columns)
    for row in session.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield {column.name: _plain(value) for column, value in zip(columns, row, strict=True)}


def counted(session: Session, part: Part) -> int:
    """How many they are."""
    return session.scalar(select(func.count()).select_from(part.table).where(part.condition)) or 0


def removed(session: Session, part: Part) -> int:
    """Remove them; returns how many."""
    return int(session.execute(delete(part.table).where(part.condition)).rowcount)  # type: ignore[attr-defined]


def _plain(value: Any) -> Any:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value


def as_uuid(words: str) -> UUID | None:
    """What somebody looks for, as an id; None when it is none."""
    try:
        return UUID(words)
    except ValueError:
        return None
