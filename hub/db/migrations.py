"""Migrations: run them, and say whether the database is at the newest one."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import OperationalError, ProgrammingError

from hub.db.row_security import ROLE
from hub.errors import Forbidden, Unavailable

FOLDER = Path(__file__).resolve().parents[2] / "alembic"


class Migrations:
    """The folder alembic/ applied to one database."""

    def __init__(self, sqlalchemy_url: str) -> None:
        self._url = sqlalchemy_url
        self._config = Config()
        self._config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        self._config.attributes["url"] = sqlalchemy_url
        self._at_head = False

    def upgrade(self, revision: str = "head") -> None:
        """Bring the database to `revision`. Safe to call by several processes: one migrates, the others wait."""
        try:
            command.upgrade(self._config, revision)
        except OperationalError as error:
            raise Unavailable("The database does not answer.", code="database_unavailable") from error
        except ProgrammingError as error:
            if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise
            raise Forbidden(
                f"The database user may not do this: {error.orig.diag.message_primary}. Let it own the database, and "
                f"as an administrator run: CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO the user of HUB_DATABASE_URL;",
                code="database_permission",
            ) from error

    def current(self) -> str | None:
        """The revision that the database is at."""
        engine = create_engine(self._url, poolclass=pool.NullPool, connect_args={"connect_timeout": 5})
        try:
            with engine.connect() as connection:
                return MigrationContext.configure(connection).get_current_revision()
        except OperationalError as error:
            raise Unavailable("The database does not answer.", code="database_unavailable") from error

    def newest(self) -> str | None:
        """The newest revision that this release knows."""
        return ScriptDirectory.from_config(self._config).get_current_head()

    def check(self) -> None:
        """Raise `Unavailable` unless the database is at the newest revision."""
        if self._at_head:
            return
        current, newest = self.current(), self.newest()
        if current != newest:
            raise Unavailable(
                f"The database is at migration {current or 'none'}, this release needs {newest}: run `hub migrate`.",
                code="not_migrated",
            )
        self._at_head = True
