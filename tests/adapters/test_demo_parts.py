"""The parts of `hub demo`, each with real processes, ports and files."""

import io
import os
import socket
import stat
import sys
import time

import psutil
import pytest
from rich.console import Console

from hub.config import Settings, read_env_file
from hub.demo.children import MOST_FAILURES, Child, Watched, port_holder
from hub.demo.folder import Credentials, DemoError, DemoFolder
from hub.demo.progress import Progress
from hub.demo.supervisor import check_ports, demo_settings


@pytest.fixture
def folder(tmp_path):
    """The files of a demo that has not been started."""
    made = DemoFolder(tmp_path)
    made.make()
    return made


@pytest.fixture
def children(folder):
    """Makes children that run a line of Python, and stops them afterwards."""
    made = []

    def make(program: str, name: str = "Some child") -> Child:
        made.append(Child(name, [sys.executable, "-c", program], folder, {"PATH": os.environ["PATH"]}))
        return made[-1]

    yield make
    for child in made:
        child.stop(0)


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


class TestFolder:
    def test_two_demos_cannot_run_in_one_folder(self, folder):
        refused = pytest.raises(DemoError, match=f"already running here, as process {os.getpid()}")
        with folder.held(), refused, folder.held():
            pass
        with folder.held():
            pass

    def test_commands_typed_in_the_folder_get_the_settings_of_the_demo(self, folder):
        settings = demo_settings(folder)
        folder.write_settings(settings)
        assert Settings.from_env(read_env_file(folder.settings_file)) == settings
        assert stat.S_IMODE(folder.settings_file.stat().st_mode) == 0o600

    def test_clearing_takes_what_the_demo_made_and_leaves_what_was_built(self, folder):
        built = folder.root / "cache" / "program"
        built.parent.mkdir()
        built.touch()
        folder.postgres.mkdir()
        folder.credentials.touch()
        folder.clear()
        assert built.exists()
        assert not folder.postgres.exists()
        assert not folder.credentials.exists()

    def test_credentials_are_shown_once(self, folder):
        assert folder.shows_credentials()
        assert not folder.shows_credentials()
        folder.clear()
        assert folder.shows_credentials()


class TestCredentials:
    def test_are_kept_in_a_file_that_only_its_owner_can_read(self, folder):
        Credentials(folder.credentials).put("author of the Hub", {"password": "50%-secret [x]"})
        assert stat.S_IMODE(folder.credentials.stat().st_mode) == 0o600
        assert Credentials(folder.credentials).get("author of the Hub") == {"password": "50%-secret [x]"}

    def test_what_was_not_kept_is_not_there(self, folder):
        assert Credentials(folder.credentials).get("reporting client") is None


class TestSettings:
    def test_the_port_is_part_of_both_origins(self, folder, monkeypatch):
        monkeypatch.setenv("HUB_PORT", "8123")
        settings = demo_settings(folder)
        assert (settings.port, settings.public_url) == (8123, "http://localhost:8123")
        assert settings.content_url == "http://*.localhost:8123"

    def test_everything_is_kept_under_var(self, folder):
        settings = demo_settings(folder)
        assert settings.keys_dir == str(folder.root / "keys")
        assert settings.object_store == f"folder:{folder.root / 'packages'}"

    def test_another_store_can_be_chosen(self, folder, monkeypatch):
        monkeypatch.setenv("HUB_OBJECT_STORE", "s3://bucket/prefix")
        assert demo_settings(folder).object_store == "s3://bucket/prefix"

    def test_a_taken_port_is_told_with_its_holder_and_the_variable_to_set(self, folder, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            monkeypatch.setenv("HUB_DEMO_LMS_PORT", str(port))
            with pytest.raises(DemoError, match=f"Port {port}, .* Demo LMS .* HUB_DEMO_LMS_PORT=") as told:
                check_ports(demo_settings(folder))
            assert str(os.getpid()) in str(told.value)

    def test_a_port_taken_on_ipv6_alone_is_told_too(self, folder, monkeypatch):
        try:
            taken = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            pytest.skip("this machine has no IPv6")
        with taken:
            monkeypatch.setenv("HUB_PORT", str(taken.getsockname()[1]))
            with pytest.raises(DemoError, match="HUB_PORT="):
                check_ports(demo_settings(folder))


class TestChild:
    def test_its_output_goes_to_its_log(self, children):
        child = children("print('hello')")
        child.start()
        until(lambda: not child.is_running())
        assert child.log_tail() == "hello"
        assert child.log_file.name == "some-child.log"

    def test_stops_with_all_that_it_started(self, children):
        started = (
            "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
        )
        child = children(f"{started}; print('started', flush=True); time.sleep(60)")
        child.start()
        until(lambda: "started" in child.log_tail())
        descendants = psutil.Process(child.process.pid).children(recursive=True)
        assert descendants
        child.stop()
        until(lambda: all(map(is_gone, descendants)))

    def test_one_that_does_not_heed_is_stopped_by_force(self, children):
        child = children(
            "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
        )
        child.start()
        until(lambda: "on" in child.log_tail())
        child.stop(0.2)
        assert not child.is_running()

    def test_ctrl_c_on_the_terminal_passes_it_by(self, children):
        child = children("import time; time.sleep(60)")
        child.start()
        assert os.getsid(child.process.pid) != os.getsid(0)

    def test_one_left_behind_is_ended(self, children):
        left = children("import time; time.sleep(60)")
        left.start()
        children("").end_orphan()
        assert left.process.wait(60) is not None


class TestWatching:
    def test_a_child_that_dies_is_started_again_after_a_pause(self, children):
        child = children("import time; time.sleep(60)")
        child.start()
        watched = Watched(child)
        assert watched.look(0) is None
        child.process.kill()
        child.process.wait()
        assert "starting it again in 0.5 s" in watched.look(1)
        assert watched.look(1.2) is None
        assert watched.look(1.6) == "Some child is running again."
        assert child.is_running()

    def test_pauses_double_and_one_that_keeps_dying_is_given_up_with_the_end_of_its_log(self, children):
        child = children("raise SystemExit('nothing works')")
        watched = Watched(child)
        pauses = []
        for now in range(0, MOST_FAILURES * 40, 40):
            pauses.append(watched.look(now).split(" again in ")[1].split(" s.")[0])
            watched.look(now + 20)
            until(lambda: not child.is_running())
        assert pauses == ["0.5", "1", "2", "4", "8"]
        with pytest.raises(DemoError, match=r"(?s)keeps stopping.*nothing works"):
            watched.look(1000)

    def test_after_a_steady_minute_failures_are_forgotten(self, children):
        child = children("import time; time.sleep(60)")
        watched = Watched(child)
        now = time.monotonic()
        for _ in range(3):
            assert "in 0.5 s" in watched.look(now)
            watched.look(now + 1)
            assert child.is_running()
            now += 100
            watched.look(now)
            child.process.kill()
            child.process.wait()


def test_the_holder_of_a_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert f"process {os.getpid()}" in port_holder(taken.getsockname()[1])


def test_progress_is_plain_lines_where_there_is_no_terminal():
    output = io.StringIO()
    progress = Progress(Console(file=output, force_terminal=False, soft_wrap=True))
    with progress.step("PostgreSQL"):
        progress.detail("making [its] folder [/]")
    assert output.getvalue().split("\n") == ["        making [its] folder [/]", "  done  PostgreSQL", ""]
