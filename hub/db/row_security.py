"""Row-level security: PostgreSQL itself shows a transaction the rows of its tenant only.

Every query of ours names its tenant. This is what stands behind it: a transaction for a tenant takes the role
`hub_tenant` and names the tenant in the setting `hub.tenant`; the policies of the tables compare each row with it. So
a query that forgets its tenant finds nothing of others, and cannot write to them. What has to look across tenants
(whose credential is this, which work is due) says so by `EVERY_TENANT` and keeps the role that it signed in with,
which owns the tables and is exempt; so are migrations, dumps and psql.
"""

from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from hub.errors import Unavailable

#: Stands where a tenant is asked for, in the few places that look across all of them.
EVERY_TENANT: Final = "*"

#: The tenant that a transaction is for, or all of them.
TenantScope = UUID | Literal["*"]

ROLE: Final = "hub_tenant"

#: Tables that tell nothing of a tenant. The hashes in `lrs_posting` are keyed by store: each names its store already.
UNPROTECTED: Final = frozenset({"alembic_version", "lrs_posting"})

#: Tables whose rows are only ever added.
APPEND_ONLY: Final = ("audit_event",)

_TENANT = "nullif(current_setting('hub.tenant', true), '')::uuid"

#: What a row must fulfil, by the column that says whose it is. The large tables of the LRS carry their store's number
#: instead of the tenant, so what reads them names the store as well. A comparison for equality leaves the planner all
#: that it knows: a look into `lrs_store` from here made pages of fifty read the whole store.
_CONDITIONS = {
    "tenant_id": f"tenant_id = {_TENANT}",
    "store": "store = nullif(current_setting('hub.store', true), '')::int",
}
_OF_TENANTS = f"id = {_TENANT}"

_MAKE_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
        CREATE ROLE {ROLE} NOLOGIN;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_auth_members m
         WHERE m.roleid = '{ROLE}'::regrole AND m.member = current_user::regrole
           AND coalesce((to_jsonb(m) ->> 'set_option')::bool, true)
    ) THEN
        GRANT {ROLE} TO CURRENT_USER;
    END IF;
END $$
"""

_TABLES = text(
    """
    SELECT c.relname, c.relrowsecurity,
           (SELECT max(a.attname) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY(:columns))
      FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
     ORDER BY c.relname
    """
)


def protect_tables(connection: Connection) -> list[str]:
    """Give the role its rights, and every table that belongs to tenants its policy unless it has one.

    Every migration ends with it, so a new table needs no word of its own. Returns the names of the tables that got a
    policy. The role is made where it is missing, for which the database user needs CREATEROLE.
    """
    connection.exec_driver_sql(_MAKE_ROLE)
    schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}")
    connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {ROLE}")
    for table in APPEND_ONLY:
        if connection.execute(text("SELECT to_regclass(:name)"), {"name": table}).scalar() is not None:
            connection.exec_driver_sql(f"REVOKE UPDATE, DELETE ON {table} FROM {ROLE}")
    made = []
    for table, is_protected, column in connection.execute(_TABLES, {"columns": list(_CONDITIONS)}).all():
        condition = _OF_TENANTS if table == "tenant" else _CONDITIONS.get(column)
        if condition is not None and not is_protected:
            connection.exec_driver_sql(f'CREATE POLICY tenant ON "{table}" TO {ROLE} USING ({condition})')
            connection.exec_driver_sql(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
            made.append(table)
    return made


def begin(tenant: TenantScope, store: int | None) -> bytes:
    """The SQL that begins a transaction for the tenant."""
    return b"BEGIN" if tenant == EVERY_TENANT else f"BEGIN;{narrow(tenant, store)}".encode()


def narrow(tenant: UUID | str, store: int | None) -> str:
    """The SQL that narrows an open transaction to one tenant, and one LRS store of it, until it ends."""
    chosen = "" if store is None else narrow_store(store)
    return f"SET LOCAL ROLE {ROLE}; SET LOCAL hub.tenant = '{UUID(str(tenant))}';{chosen}"


def narrow_store(store: int) -> str:
    """The SQL that opens the LRS store of that number to the open transaction."""
    return f"SET LOCAL hub.store = '{int(store)}';"


def dedicate(tenant: TenantScope, store: int | None) -> bytes:
    """The SQL that narrows a connection to one tenant and store, or opens it to all, until it is told otherwise."""
    if tenant == EVERY_TENANT:
        return b"RESET ROLE; RESET hub.tenant; RESET hub.store"
    chosen = "RESET hub.store" if store is None else f"SET hub.store = '{int(store)}'"
    return f"SET ROLE {ROLE}; SET hub.tenant = '{UUID(str(tenant))}'; {chosen}".encode()


def check_role(connection: Connection) -> None:
    """Raise `Unavailable` when the role of tenants is itself exempt from row-level security, as a superuser is."""
    found = connection.execute(
        text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :role"), {"role": ROLE}
    ).scalar_one_or_none()
    if found is not False:
        raise Unavailable(
            f"The database role {ROLE} {'is missing' if found is None else 'is exempt from row-level security'}.",
            code="row_security_missing",
        )
