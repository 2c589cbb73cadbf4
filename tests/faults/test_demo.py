"""`hub demo` as a whole: it keeps its data, survives the death of each part, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from hub.adapters.embedded.processes import recorded_process
from hub.config import read_env_file
from tests.support.running_demo import RunningDemo, running_demo

LINUX = sys.platform.startswith("linux")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a demo in it that has run once."""
    made = tmp_path_factory.mktemp("demo")
    with running_demo(made):
        pass
    return made


def parts(demo: RunningDemo) -> dict[str, psutil.Process]:
    """Every process that the demo looks after, by its name."""
    files = {
        "postgres": demo.folder.postgres / "process",
        "redis": demo.folder.redis / "process",
        **{file.name: file for file in demo.folder.processes.iterdir()},
    }
    found: dict[str, psutil.Process] = {}

    def are_all_there() -> bool:
        found.update({name: process for name, file in files.items() if (process := recorded_process(file))})
        return found.keys() == files.keys()

    until(are_all_there)
    return found


def is_ready(demo: RunningDemo) -> bool:
    try:
        return requests.get(f"{demo.hub_url}/readyz", timeout=30).ok and requests.get(demo.lms_url, timeout=30).ok
    except requests.RequestException:
        return False


def until(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def restarts(folder: Path) -> int:
    return (folder / "demo.log").read_text().count("is running again")


def supervisor(demo: RunningDemo) -> psutil.Process:
    return psutil.Process(int((demo.folder.root / "demo.lock").read_text()))


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def command(folder: Path, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | settings
    return subprocess.run(
        [sys.executable, "-m", "hub", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="class")
def demo(folder: Path) -> Iterator[RunningDemo]:
    """The second start of that demo."""
    with running_demo(folder) as running:
        yield running


class TestRunning:
    """All on the second start of that demo, one after the other."""

    def test_it_has_kept_everything_and_shows_no_password_again(self, folder, demo):
        assert is_ready(demo)
        listed = command(folder, "user", "list", "--json")
        assert "author@hub.example" in listed.stdout, listed.stderr
        shown = (folder / "demo.log").read_text()
        assert "ready" in shown
        assert demo.credentials("author of the Hub")["password"] not in shown

    @pytest.mark.parametrize("part", ["postgres", "redis", "web-server", "worker", "demo-lms"])
    def test_a_part_that_is_killed_is_started_again(self, folder, demo, part):
        killed = parts(demo)[part]
        told_before = restarts(folder)
        killed.kill()
        until(lambda: is_gone(killed) and restarts(folder) > told_before)
        until(lambda: is_ready(demo))
        assert parts(demo)[part].pid != killed.pid

    def test_a_second_demo_in_the_folder_is_refused_and_harms_nothing(self, folder, demo):
        refused = command(folder, "demo", HUB_PORT="1", HUB_DEMO_LMS_PORT="2")
        assert refused.returncode == 1
        assert "already running here" in refused.stderr
        reset = command(folder, "demo", "reset")
        assert reset.returncode == 3
        assert "Stop it first" in reset.stderr
        assert is_ready(demo)


def test_all_that_was_started_is_stopped_and_nothing_else(folder):
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with bystander:
        with running_demo(folder) as demo:
            family = [supervisor(demo), *supervisor(demo).children(recursive=True)]
            assert len(family) > 5
        until(lambda: all(map(is_gone, family)))
        assert bystander.poll() is None
        bystander.terminate()


@pytest.mark.skipif(not LINUX, reason="only Linux tells a child that its parent died")
def test_nothing_outlives_a_demo_that_is_killed_and_the_next_one_starts(folder):
    with running_demo(folder) as demo:
        children = supervisor(demo).children(recursive=True)
        supervisor(demo).kill()
        until(lambda: all(is_gone(process) for process in children))
    with running_demo(folder) as demo:
        assert is_ready(demo)


def test_a_taken_port_is_told_before_anything_is_started(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = command(tmp_path, "demo", HUB_PORT=port)
    assert refused.returncode == 1
    assert f"Port {port}, which the Hub needs, is taken by" in refused.stderr
    assert "HUB_PORT=" in refused.stderr
    assert not (tmp_path / "var" / "postgres").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "var").write_text("in the way")
    refused = command(tmp_path, "demo")
    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr


def test_a_setting_that_does_not_fit_is_told(tmp_path):
    refused = command(tmp_path, "demo", HUB_PORT="many")
    assert refused.returncode == 2
    assert "HUB_PORT" in refused.stderr


def test_settings_and_credentials_are_for_their_owner_alone(folder):
    for name in ("credentials", "hub.env"):
        assert (folder / "var" / name).stat().st_mode & 0o077 == 0
    settings = read_env_file(folder / "var" / "hub.env")
    assert settings["HUB_ALLOW_PRIVATE_NETWORKS"] == "true"


def test_reset_begins_again(tmp_path):
    with running_demo(tmp_path) as demo:
        before = demo.credentials("author of the Hub")["password"]
    done = command(tmp_path, "demo", "reset")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "var" / "postgres").exists()
    with running_demo(tmp_path) as demo:
        assert demo.credentials("author of the Hub")["password"] != before


def test_ctrl_c_stops_it_in_good_order(folder):
    with running_demo(folder) as demo:
        running = supervisor(demo)
        running.send_signal(signal.SIGINT)
        until(lambda: is_gone(running))
        assert "database system is shut down" in (demo.folder.logs / "postgres.log").read_text()[-500:]
