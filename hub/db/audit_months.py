"""Months of the audit log: a partition for each, made ahead of time, detached when its time is over.

A detached month is a table of its own in the schema `audit_partition`, which nobody sees but who administers the
database: `hub audit` lists, writes out and removes it. A default partition takes what no month covers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from hub.errors import Conflict, NotFound

MONTHS_AHEAD = 3
SCHEMA = "audit_partition"
REST = "audit_rest"

_NAME = re.compile(r"audit_(\d{4})_(\d{2})")

_MONTHS = text(
    """
    SELECT c.relname,
           EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AS is_attached,
           pg_total_relation_size(c.oid) AS bytes
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = :schema AND c.relkind = 'r'
     ORDER BY c.relname
    """
)


@dataclass(frozen=True, slots=True)
class Month:
    """One month: `name` as YYYY-MM, whether the log still shows it, its events and its bytes on disk."""

    name: str
    is_attached: bool
    events: int
    bytes: int


def create_months(connection: Connection, ahead: int = MONTHS_AHEAD) -> int:
    """Make the partitions of this month and of so many after it that do not exist; returns how many were made."""
    now = connection.execute(text("SELECT now()")).scalar_one().astimezone(UTC)
    first = now.year * 12 + now.month - 1
    return sum(_create(connection, number) for number in range(first, first + ahead + 1))


def _create(connection: Connection, number: int) -> int:
    if _exists(connection, _table(_start(number))) or _is_covered(connection, _start(number)):
        return 0
    bounds = f"FOR VALUES FROM ('{_start(number):%Y-%m-%dT00:00:00Z}') TO ('{_start(number + 1):%Y-%m-%dT00:00:00Z}')"
    connection.exec_driver_sql(f"CREATE TABLE {_table(_start(number))} PARTITION OF audit_event {bounds}")
    return 1


def _is_covered(connection: Connection, moment: datetime) -> bool:
    """Whether the partition of everything before months were made takes it: it ends with the month it was made in."""
    query = text("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = to_regclass(:name)")
    bound = connection.execute(query, {"name": f"{SCHEMA}.audit_before"}).scalar()
    end = re.search(r"TO \('([^']+)'\)", bound or "")
    return end is not None and moment < datetime.fromisoformat(end[1]).astimezone(UTC)


def months(connection: Connection) -> list[Month]:
    """Every month that there is, attached or not, the oldest first; events before the first are `before`."""
    found = []
    for name, is_attached, size in connection.execute(_MONTHS, {"schema": SCHEMA}).all():
        events = connection.exec_driver_sql(f'SELECT count(*) FROM {SCHEMA}."{name}"').scalar_one()
        found.append(Month(_shown(name), is_attached, events, size))
    return found


def detach_before(connection: Connection, moment: datetime) -> list[str]:
    """Detach the months that ended before a time; returns their names. Their events stay in the database."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    gone = []
    for name, is_attached, _ in connection.execute(_MONTHS, {"schema": SCHEMA}).all():
        end = _end_of(connection, name)
        if is_attached and end is not None and end <= moment:
            connection.exec_driver_sql(f'ALTER TABLE audit_event DETACH PARTITION {SCHEMA}."{name}"')
            gone.append(_shown(name))
    return gone


def _end_of(connection: Connection, name: str) -> datetime | None:
    query = text("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = to_regclass(:name)")
    bound = connection.execute(query, {"name": f"{SCHEMA}.{name}"}).scalar()
    end = re.search(r"TO \('([^']+)'\)", bound or "")
    return None if end is None else datetime.fromisoformat(end[1]).astimezone(UTC)


def check(connection: Connection, month: str) -> None:
    """Raise `NotFound` where there is no such month."""
    _known(connection, month)


def events_of(connection: Connection, month: str) -> Iterator[dict[str, Any]]:
    """The events of a month, attached or not, in their order, read a few at a time. `NotFound` without such a month."""
    table = _known(connection, month)
    query = text(f"SELECT to_jsonb(e) FROM {table} e ORDER BY e.at, e.id")
    rows = connection.execute(query, execution_options={"yield_per": 500})
    return (row[0] for row in rows)


def remove(connection: Connection, month: str) -> int:
    """Remove a detached month for good; returns how many events it had. `Conflict` for one that is attached."""
    table = _known(connection, month)
    attached = text("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass(:name))")
    if connection.execute(attached, {"name": table}).scalar_one():
        raise Conflict(f"{month} is still part of the audit log: detach it before.", code="month_attached")
    events = int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
    connection.exec_driver_sql(f"DROP TABLE {table}")
    return events


def _known(connection: Connection, month: str) -> str:
    name = "audit_before" if month == "before" else f"audit_{month.replace('-', '_')}"
    table = f"{SCHEMA}.{name}"
    if not (name == "audit_before" or _NAME.fullmatch(name)) or not _exists(connection, table):
        raise NotFound(f"The audit log has no month {month[:20]}.", code="month_not_found")
    return table


def _exists(connection: Connection, table: str) -> bool:
    return connection.execute(text("SELECT to_regclass(:name)"), {"name": table}).scalar() is not None


def _shown(name: str) -> str:
    found = _NAME.fullmatch(name)
    return f"{found[1]}-{found[2]}" if found else name.removeprefix("audit_")


def _table(start: datetime) -> str:
    return f"{SCHEMA}.audit_{start:%Y_%m}"


def _start(number: int) -> datetime:
    """The beginning of a month by its number, counted from the year 0."""
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
