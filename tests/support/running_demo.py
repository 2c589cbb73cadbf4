"""The demo as a newcomer runs it: `hub demo` in a folder of its own, on free ports."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.demo.folder import Credentials, DemoFolder
from tests.support.ports import free_ports

START_SECONDS = 300.0
STOP_SECONDS = 120.0


@dataclass(frozen=True)
class RunningDemo:
    """Where the demo's parts are, who may sign in, and how long it took to be ready."""

    folder: DemoFolder
    hub_url: str
    lms_url: str
    start_seconds: float

    def credentials(self, section: str) -> dict[str, str]:
        """What the demo printed under this name."""
        found = Credentials(self.folder.credentials).get(section)
        assert found is not None, f"the demo has no credentials of {section}"
        return found


@contextmanager
def running_demo(folder: Path, **settings: str) -> Iterator[RunningDemo]:
    """`hub demo` in `folder` with `settings` of the environment, from its `ready` until it has stopped."""
    hub_port, lms_port = free_ports(2)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment |= {"HUB_PORT": str(hub_port), "HUB_DEMO_LMS_PORT": str(lms_port), **settings}
    output = folder / "demo.log"
    begun = time.monotonic()
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "demo"], cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        _wait_until_ready(process, output, begun + START_SECONDS)
        yield RunningDemo(
            folder=DemoFolder(folder),
            hub_url=f"http://localhost:{hub_port}",
            lms_url=f"http://127.0.0.1:{lms_port}",
            start_seconds=time.monotonic() - begun,
        )
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _wait_until_ready(process: "subprocess.Popen[bytes]", output: Path, deadline: float) -> None:
    while "\nready after" not in output.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the demo did not get ready:\n{output.read_text()}")
        time.sleep(0.05)
