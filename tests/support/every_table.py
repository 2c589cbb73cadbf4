"""Every table that there is, and a row in each."""

from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT, Base


def tables_of(hub: Hub) -> dict[str, bool]:
    """Every table, and whether row-level security is on."""
    with hub.db.read(EVERY_TENANT) as session:
        rows = session.execute(
            text(
                "SELECT relname, relrowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid) "
                " AS is_protected"
                "  FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            )
        )
        return {row.relname: row.is_protected for row in rows}


def fill(session: Session, table: str, tenant_id: UUID, store: int) -> None:
    """A row made of the columns that may not be empty; foreign keys have to be off."""
    values = {}
    for column in Base.metadata.tables[table].columns:
        if column.name == "tenant_id":
            values[column.name] = tenant_id
        elif column.name == "store":
            values[column.name] = store
        elif not column.nullable and column.server_default is None and column.computed is None:
            values[column.name] = _VALUES[type(column.type).__name__]()
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f":{name}" for name in values)
    session.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({places})'), values)


_VALUES = {
    "Uuid": uuid4,
    "UUID": uuid4,
    "Text": lambda: uuid4().hex,
    "TEXT": lambda: uuid4().hex,
    "String": lambda: uuid4().hex,
    "Integer": lambda: 1,
    "SmallInteger": lambda: 1,
    "BigInteger": lambda: 1,
    "Float": lambda: 1.0,
    "Double": lambda: 1.0,
    "Numeric": lambda: 1,
    "Boolean": lambda: True,
    "DateTime": lambda: "2026-01-01T00:00:00Z",
    "Date": lambda: "2026-01-01",
    "LargeBinary": lambda: uuid4().bytes,
    "ARRAY": list,
    "JSONB": lambda: "{}",
}
