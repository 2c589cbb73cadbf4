"""The embedded servers on the real thing: they start, keep, stop, recover, and say what to do when they cannot."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from hub.adapters.embedded import EmbeddedError, PostgresServer, RedisServer
from hub.adapters.embedded.account import Account, closed_folder
from hub.adapters.embedded.errors import advice_for
from hub.adapters.embedded.processes import record_process, recorded_process

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def postgres(tmp_path):
    """A PostgreSQL of its own, running."""
    with PostgresServer(tmp_path / "postgres") as server:
        yield server


def scalar(server: PostgresServer, query: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def wait_until_gone(pid: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, f"process {pid} is still there"
            time.sleep(0.05)


class TestPostgres:
    def test_is_durable_and_checks_its_pages(self, postgres):
        settings = {
            name: scalar(postgres, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "data_checksums")
        }
        assert settings == {"fsync": "on", "synchronous_commit": "on", "data_checksums": "on"}

    def test_speaks_utf8_with_the_same_locale_everywhere(self, postgres):
        assert scalar(postgres, "SHOW server_encoding") == "UTF8"
        query = "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'hub'"
        assert scalar(postgres, query) == "b C.UTF-8"
        assert scalar(postgres, "SELECT lower('ÄÉЖ')") == "äéж"

    def test_is_version_18(self, postgres):
        assert str(scalar(postgres, "SHOW server_version")).startswith("18")

    def test_refuses_a_wrong_password_and_accepts_the_right_one(self, postgres):
        assert scalar(postgres, "SELECT 1") == 1
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(postgres.url.replace(postgres.secret, "guess"))

    def test_listens_on_loopback_only(self, postgres):
        assert scalar(postgres, "SHOW listen_addresses") == "127.0.0.1"
        assert scalar(postgres, "SHOW unix_socket_directories") == ""

    def test_keeps_data_address_and_password_over_a_restart(self, postgres):
        url = postgres.url
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (note text)")
            connection.execute("INSERT INTO kept VALUES ('still here')")
        postgres.stop()
        assert postgres.start() == url
        assert scalar(postgres, "SELECT note FROM kept") == "still here"

    def test_keeps_what_was_committed_when_it_is_killed(self, postgres):
        with psycopg.connect(postgres.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        postgres.process.kill()
        postgres.process.wait()
        assert not postgres.is_running()
        postgres.start()
        assert scalar(postgres, "SELECT answer FROM kept") == 42

    def test_takes_another_port_when_its_own_is_taken(self, postgres):
        before = postgres.port
        postgres.stop()
        with socket.create_server(("127.0.0.1", before)):
            postgres.start()
            assert postgres.port != before
            assert scalar(postgres, "SELECT 1") == 1

    def test_is_not_misled_by_a_lock_file_whose_number_is_another_program_now(self, postgres):
        postgres.process.kill()
        postgres.process.wait()
        lock = postgres.data / "postmaster.pid"
        lock.write_text("\n".join([str(os.getpid()), *lock.read_text().splitlines()[1:]]) + "\n")
        postgres.account.own(lock, 0o600)
        postgres.start()
        assert scalar(postgres, "SELECT 1") == 1

    def test_an_interrupted_first_start_leaves_nothing_behind(self, tmp_path):
        unfinished = tmp_path / "postgres" / "data.unfinished"
        unfinished.mkdir(parents=True)
        (unfinished / "PG_VERSION").write_text("18\n")
        with PostgresServer(tmp_path / "postgres") as server:
            assert scalar(server, "SELECT 1") == 1
            assert not unfinished.exists()
            assert not (tmp_path / "postgres" / "initdb-password").exists()

    def test_two_cannot_run_in_one_folder(self, postgres):
        with pytest.raises(EmbeddedError, match="already run by another process"):
            PostgresServer(postgres.folder).start()
        assert scalar(postgres, "SELECT 1") == 1

    def test_says_what_to_do_with_data_of_another_version(self, postgres):
        postgres.stop()
        version = postgres.data / "PG_VERSION"
        version.write_text("17\n")
        with pytest.raises(EmbeddedError, match="another version of PostgreSQL"):
            postgres.start()
        assert not postgres.is_running()

    def test_only_its_account_can_read_its_secrets(self, postgres):
        for name in ("secret", "data"):
            status = (postgres.folder / name).stat()
            assert status.st_mode & 0o077 == 0
            assert status.st_uid == postgres.account.uid

    def test_runs_as_somebody_else_than_root(self, postgres):
        assert psutil.Process(postgres.process.pid).uids().real != 0

    def test_no_secret_can_be_read_off_the_process_list(self, postgres):
        assert postgres.secret not in " ".join(psutil.Process(postgres.process.pid).cmdline())


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ('FATAL:  could not create lock file "postmaster.pid": File exists', True),
        ("FATAL:  pre-existing shared memory block (key 1656386, ID 1441836) is still in use", True),
        ('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', True),
        ("FATAL:  database files are incompatible with server", False),
    ],
)
def test_what_passes_by_itself_is_tried_again(tmp_path, said, passes):
    server = PostgresServer(tmp_path)
    server.log_file.write_text(said)
    assert server._may_try_again() is passes


class TestRedis:
    def test_answers_those_who_know_the_password(self, tmp_path):
        with RedisServer(tmp_path / "redis") as server:
            assert redis.Redis.from_url(server.url).ping()
            with pytest.raises(redis.AuthenticationError):
                redis.Redis("127.0.0.1", server.port).ping()

    def test_keeps_its_values_over_a_restart(self, tmp_path):
        server = RedisServer(tmp_path / "redis")
        with server, redis.Redis.from_url(server.url) as client:
            client.set("kept", "still here")
        with server, redis.Redis.from_url(server.url) as client:
            assert client.get("kept") == b"still here"

    def test_no_secret_can_be_read_off_the_process_list(self, tmp_path):
        with RedisServer(tmp_path / "redis") as server:
            assert server.secret not in " ".join(psutil.Process(server.process.pid).cmdline())
            assert (server.folder / "redis.conf").stat().st_mode & 0o077 == 0

    def test_reports_a_program_that_cannot_run_with_the_end_of_its_log(self, tmp_path, monkeypatch):
        wrong = [sys.executable, "-c", "raise SystemExit('No space left on device')"]
        monkeypatch.setattr(RedisServer, "command", lambda self: wrong)
        server = RedisServer(tmp_path / "redis")
        with pytest.raises(EmbeddedError, match="The disk is full") as caught:
            server.start()
        assert str(server.log_file) in str(caught.value)
        assert not server.is_running()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_a_server_ends_when_its_starter_is_killed(tmp_path):
    program = textwrap.dedent("""
        import sys, time
        from hub.adapters.embedded import RedisServer
        server = RedisServer(sys.argv[1])
        server.start()
        print(server.process.pid, flush=True)
        time.sleep(60)
    """)
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "redis")], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    with starter:
        pid = int(starter.stdout.readline())
        assert psutil.pid_exists(pid)
        starter.kill()
    wait_until_gone(pid)


def test_a_server_left_behind_is_stopped_before_the_next_start(tmp_path):
    first = RedisServer(tmp_path / "redis")
    first.start()
    left_behind = first.process.pid
    # What a killed starter leaves: no lock held, the process recorded and alive.
    first._lock.close()
    second = RedisServer(tmp_path / "redis")
    with second:
        assert second.process.pid != left_behind
        assert first.process.wait(60) is not None
        assert redis.Redis.from_url(second.url).ping()


def test_ctrl_c_on_the_terminal_passes_servers_by(tmp_path):
    with RedisServer(tmp_path / "redis") as server:
        assert os.getsid(server.process.pid) != os.getsid(0)


def test_a_recorded_process_is_found_only_while_it_is_the_same_one(tmp_path):
    file = tmp_path / "process"
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child:
        record_process(file, child.pid)
        assert recorded_process(file).pid == child.pid
        file.write_text(file.read_text().replace('"began_at": ', '"began_at": 1'))
        assert recorded_process(file) is None
        child.send_signal(signal.SIGTERM)


def test_a_closed_folder_above_is_found(tmp_path):
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    above = closed_folder(tmp_path / "closed")
    assert closed_folder(inner / "file") == (above or tmp_path / "closed")


@pytest.mark.skipif(os.geteuid() == 0, reason="root runs servers as another user")
def test_an_ordinary_user_runs_servers_as_themselves():
    assert Account.for_servers() == Account.ourselves()


@pytest.mark.parametrize(
    ("log", "advice"),
    [
        ("FATAL: could not write: No space left on device", "disk is full"),
        ("could not bind IPv4 address: Address already in use", "port is taken"),
        ("could not open file: Permission denied", "belongs to another user"),
        ("something nobody has seen before", "Its log says why"),
    ],
)
def test_advice_fits_what_the_log_says(log, advice):
    assert advice in advice_for(log, Path("/srv/hub"))
