"""Every row of a tenant, found from the schema itself: a new table is covered as soon as it is there.

Whose a row is, is said by the columns that row-level security goes by: `tenant_id`, or `store` in the large tables of
the LRS. Rows go a few thousand at a time, each time in a transaction of its own, those that refer to others first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

#: What is left: the audit log, which is only ever added to, and what tells how the removal goes.
KEPT = frozenset({"audit_event", "tenant_removal"})
#: What goes last, with the tenant: the stores' numbers lead to the rows of their tables.
LAST = frozenset({"lrs_store"})

_TABLES = text(
    """
    SELECT c.relname AS name, o.attname AS owner,
           (SELECT array_agg(quote_ident(a.attname)) FROM pg_index i
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
             WHERE i.indrelid = c.oid AND i.indisprimary) AS key
      FROM pg_class c
      JOIN pg_attribute o ON o.attrelid = c.oid AND o.attnum > 0 AND NOT o.attisdropped
                         AND o.attname IN ('tenant_id', 'store')
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
     ORDER BY o.attname, c.relname
    """
)
_REFERENCES = text(
    """
    SELECT f.relname AS parent, c.relname AS child
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
     WHERE k.contype = 'f' AND k.confdeltype <> 'n' AND k.conrelid <> k.confrelid
       AND c.relnamespace = current_schema()::regnamespace
    """
)


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A table of tenants: its name, the column that says whose a row is, and its key, ready for SQL."""

    name: str
    owner: str
    key: str


def tables(session: Session) -> list[TenantTable]:
    """Every table with rows to remove, those that refer to others before these."""
    found = {
        row.name: TenantTable(row.name, row.owner, ", ".join(row.key or ["ctid"]))
        for row in session.execute(_TABLES)
        if row.name not in KEPT | LAST
    }
    order = TopologicalSorter[str](dict.fromkeys(found, ()))
    for parent, child in session.execute(_REFERENCES):
        if parent in found and child in found:
            order.add(parent, child)
    return [found[name] for name in order.static_order()]


def store_numbers(session: Session, tenant_id: UUID) -> list[int]:
    """By which numbers the large tables know the stores of the tenant."""
    return list(session.scalars(text("SELECT number FROM lrs_store WHERE tenant_id = :id"), {"id": tenant_id}))


def counted(session: Session, table: TenantTable, owner: UUID | int) -> int:
    """How many rows of the table are the owner's."""
    query = text(f'SELECT count(*) FROM "{table.name}" WHERE {table.owner} = :owner')
    return int(session.execute(query, {"owner": owner}).scalar_one())


def remove_some(session: Session, table: TenantTable, owner: UUID | int, most: int) -> int:
    """Remove up to so many rows of the owner; returns how many."""
    mine = f"{table.owner} = :owner"
    query = text(
        f'DELETE FROM "{table.name}" WHERE {mine} AND ({table.key}) IN'
        f' (SELECT {table.key} FROM "{table.name}" WHERE {mine} LIMIT :most)'
    )
    return int(session.execute(query, {"owner": owner, "most": most}).rowcount)  # type: ignore[attr-defined]


def owners(table: TenantTable, tenant_id: UUID, stores: Sequence[int]) -> Sequence[UUID | int]:
    """By what the rows of the tenant are found in the table."""
    return stores if table.owner == "store" else [tenant_id]
