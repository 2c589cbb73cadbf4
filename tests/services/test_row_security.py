"""A query that forgets its tenant finds nothing: every table, asked as another tenant."""

from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from hub.bootstrap import build
from hub.db import EVERY_TENANT, Base
from hub.db.migrations import Migrations
from hub.db.row_security import ROLE, UNPROTECTED, check_role
from hub.errors import Forbidden, Unavailable
from hub.identity import system_principal
from hub.oauth.services.tenants import Tenants
from hub.xapi_lrs.services.stores import Stores
from tests.support.every_table import fill, tables_of

NOBODY = UUID(int=1)
#: Nobody removes from these, of whatever tenant.
APPEND_ONLY = {"audit_event"}


def test_every_table_has_a_policy_or_a_reason(hub):
    tables = tables_of(hub)
    assert {table for table, is_protected in tables.items() if not is_protected} == UNPROTECTED
    assert set(tables) >= {table.name for table in Base.metadata.sorted_tables}


@pytest.fixture
def row_of_each(hub, tenant):
    """One row in every table, made by PostgreSQL itself from the columns that may not be empty."""
    store = hub.service(Stores).of(system_principal(tenant.id)).number
    protected = [table for table, is_protected in tables_of(hub).items() if is_protected]
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.execute(text("SET LOCAL session_replication_role = replica"))  # No foreign keys.
        for table in protected:
            if table not in {"tenant", "lrs_store"}:
                fill(work.session, table, tenant.id, store)
    yield protected
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in protected:
            columns = {column.name for column in Base.metadata.tables[table].columns}
            whose = (
                "tenant_id = :tenant"
                if "tenant_id" in columns
                else "store = :store"
                if "store" in columns
                else "id = :tenant"
            )
            work.session.execute(text(f'DELETE FROM "{table}" WHERE {whose}'), {"tenant": tenant.id, "store": store})


def test_every_table_shows_a_tenant_its_own_rows_only(hub, tenant, row_of_each):
    """Without any condition: what the code forgot, the database does not."""
    assert len(row_of_each) > 25
    number = hub.service(Stores).of(system_principal(tenant.id)).number
    for whose, store, expected in ((tenant.id, number, True), (NOBODY, None, False), (NOBODY, -1, False)):
        with hub.db.read(whose, store) as session, hub.db.connection(whose, store) as connection:
            for table in row_of_each:
                found = session.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()
                assert (found > 0) is expected, f"{table} as {whose}"
                assert connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (found,), table


def test_no_table_is_written_for_another_tenant(hub, tenant, row_of_each):
    store = hub.service(Stores).of(system_principal(tenant.id)).number
    with hub.db.unit_of_work(NOBODY) as work:
        for table in set(row_of_each) - APPEND_ONLY:
            assert work.session.execute(text(f'DELETE FROM "{table}"')).rowcount == 0, table
    for table in APPEND_ONLY:
        with pytest.raises(ProgrammingError, match="permission denied"), hub.db.unit_of_work(NOBODY) as work:
            work.session.execute(text(f'DELETE FROM "{table}"'))
    for table in row_of_each:
        with pytest.raises(ProgrammingError, match="row-level security"), hub.db.unit_of_work(NOBODY) as work:
            fill(work.session, table, tenant.id, store)


def test_nothing_leads_around_the_policies(hub):
    """A policy holds for who asks its table. Partitions asked by their own names, views, and functions that run as
    their owner would each lead around it: the role of tenants has no right to any, or there is none."""
    others = text(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname !~ '^(pg_|information_schema)' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        "   AND (n.nspname <> 'public' OR c.relkind IN ('v', 'm', 'f'))"
        "   AND (:is_any OR has_schema_privilege(:role, n.oid, 'USAGE') AND"
        "        has_table_privilege(:role, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE'))"
    )
    definers = text(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname !~ '^(pg_|information_schema)' AND p.prosecdef"
        "   AND has_function_privilege(:role, p.oid, 'EXECUTE')"
    )
    with hub.db.read(EVERY_TENANT) as session:
        there = session.scalars(others, {"role": ROLE, "is_any": True}).all()
        assert {name.partition(".")[0] for name in there} >= {"audit_partition", "lrs_partition"}
        assert session.scalars(others, {"role": ROLE, "is_any": False}).all() == []
        assert session.scalars(definers, {"role": ROLE}).all() == []
    with pytest.raises(ProgrammingError, match="permission denied"), hub.db.read(NOBODY) as session:
        session.execute(text("SELECT count(*) FROM audit_partition.audit_before"))


def test_connections_that_served_one_tenant_serve_another(hub):
    """What is pooled keeps nothing of the tenant before, after a failure either."""
    tenants = [hub.service(Tenants).create(f"r{uuid4().hex[:10]}", "R") for _ in range(2)]
    for _ in range(3):
        for each in tenants:
            with hub.db.read(each.id) as session:
                assert session.execute(text("SELECT id FROM tenant")).scalars().all() == [each.id]
            with hub.db.connection(each.id) as connection:
                assert connection.execute("SELECT id FROM tenant").fetchall() == [(each.id,)]
            with pytest.raises(psycopg.errors.DivisionByZero), hub.db.connection(each.id) as connection:
                connection.execute("SELECT 1 / 0")
    with hub.db.read(EVERY_TENANT) as session:
        assert {each.id for each in tenants} <= set(session.execute(text("SELECT id FROM tenant")).scalars())
        assert session.execute(text("SELECT current_user")).scalar_one() != ROLE


def test_the_role_of_tenants_is_looked_at(hub):
    hub.db.check_row_security()


def test_a_role_that_is_exempt_is_a_fault(hub):
    with hub.db.engine.connect() as connection:
        connection.exec_driver_sql(f"ALTER ROLE {ROLE} BYPASSRLS")
        with pytest.raises(Unavailable, match="exempt"):
            check_role(connection)
        connection.rollback()


@pytest.fixture
def ordinary_user(postgres_url):
    """A database of its own, whose owner may nothing else."""
    name = f"plain_{uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'plain-password'")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    parts = urlsplit(postgres_url)
    yield parts._replace(netloc=f"{name}:plain-password@{parts.hostname}:{parts.port}", path=f"/{name}").geturl(), name
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE {name}")


def test_an_ordinary_owner_migrates_once_it_has_the_role(postgres_url, ordinary_user, settings, hub):
    url, name = ordinary_user
    theirs = replace(settings, database_url=url)
    with pytest.raises(Forbidden, match="GRANT hub_tenant"):
        Migrations(theirs.sqlalchemy_url).upgrade()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"GRANT {ROLE} TO {name}")
    Migrations(theirs.sqlalchemy_url).upgrade()
    Migrations(theirs.sqlalchemy_url).upgrade()
    small = build(theirs)
    try:
        made = [small.service(Tenants).create(f"plain{number}", "Plain") for number in range(2)]
        with small.db.read(made[0].id) as session:
            assert session.execute(text("SELECT id FROM tenant")).scalars().all() == [made[0].id]
    finally:
        small.close()
