"""Alembic's environment: migrations run in one transaction, one process at a time."""

from importlib import import_module

from alembic import context
from sqlalchemy import create_engine, pool, text

from hub.db import Base
from hub.db.row_security import protect_tables

# Every module with tables, so that `alembic check` compares all of them.
TABLES = [
    "hub.db.tables",
    "hub.scorm.storage.tables_runtime",
    "hub.scorm.storage.tables_reports",
    "hub.scorm.storage.tables_reach",
    *(f"hub.{area}.storage.tables" for area in ("xapi_lrs", "scorm", "lti", "oauth", "privacy")),
]
for module in TABLES:
    import_module(module)

# Any number will do, so long as nothing else uses it (pg_advisory_xact_lock).
MIGRATION_LOCK = 4_711_131_719


def run() -> None:
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            context.run_migrations()
            protect_tables(connection)


run()
