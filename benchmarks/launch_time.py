"""How long a learner waits: from the click on an activity in the LMS to the first byte of the course.

    python -m benchmarks.launch_time [--launches N] [--imports N]

Typed in the folder of a running `hub demo`. A real Chromium clicks the activity in the Demo LMS and goes through all
of a launch: login initiation, authentication, the signed message, the player and the course's page. Three times are
told, as the browser saw them, all up to the first byte of `index.html`: from the click, which holds the LMS's own page,
from the login initiation, which is the first that the Hub hears of it, and from the signed message, the launch itself.

With `--imports 10`, ten packages of 200 MB and 2,000 files are handed in at once before the first launch, each again
when it is ready, so that ten are always on their way; they are deleted afterwards.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Request, sync_playwright

from benchmarks.imports import make_package
from hub.bootstrap import build
from hub.config import Settings
from hub.demo.folder import DemoFolder
from hub.identity import system_principal
from hub.oauth.services.tenants import Tenants
from hub.scorm.services.imports import Imports, Upload
from hub.scorm.services.packages import Packages
from tests.support.chromium import chromium
from tests.support.demo_browser import LmsVisitor
from tests.support.running_demo import RunningDemo

TITLE = "Fire safety at school"
CONTENT = "/index.html"


@dataclass(frozen=True)
class LaunchTime:
    """Milliseconds to the first byte of the course."""

    from_click: float
    from_login: float
    from_launch: float


def main() -> None:
    """Measure and print a line for each time."""
    parser = argparse.ArgumentParser(description="Time from a click in the LMS to the first byte of the course.")
    parser.add_argument("--launches", type=int, default=30)
    parser.add_argument("--imports", type=int, default=0)
    wanted = parser.parse_args()
    with importing(wanted.imports):
        times = measure(wanted.launches)
    print(summary("from the click", [one.from_click for one in times]))
    print(summary("from the login initiation", [one.from_login for one in times]))
    print(summary("from the launch message", [one.from_launch for one in times]))


def summary(name: str, times: list[float]) -> str:
    """A line about so many milliseconds."""
    ordered = sorted(times)
    p95 = ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]
    return (
        f"{name}: {len(times)} launches, median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms,"
        f" fastest {ordered[0]:.0f} ms, slowest {ordered[-1]:.0f} ms"
    )


def measure(launches: int) -> list[LaunchTime]:
    """The times of so many launches, after one that is not counted."""
    settings = Settings.from_env()
    demo = RunningDemo(DemoFolder(Path.cwd()), settings.public_url, f"http://127.0.0.1:{settings.demo_lms_port}", 0)
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as profile,
        chromium(playwright, Path(profile), third_party_cookies=False) as context,
    ):
        visitor = LmsVisitor(context.new_page(), demo)
        visitor.sign_in("teacher")
        if not visitor.page.get_by_role("link", name=TITLE).count():
            visitor.add_activity(TITLE)
        visitor.become("learner1")
        return [one_launch(visitor) for _ in range(launches + 1)][1:]


@contextmanager
def importing(packages: int) -> Iterator[None]:
    """So many packages on their way at any time, each handed in again once it is ready."""
    if not packages:
        yield
        return
    hub = build(Settings.from_env())
    principal = system_principal(hub.service(Tenants).resolve(None).id)
    stopped, finished = threading.Event(), Counter[str]()

    def keep_importing(file: Path) -> None:
        imports = hub.service(Imports)
        while not stopped.is_set():
            with file.open("rb") as body:
                job = imports.accept(principal, Upload(body, file.name, file.stem))
            while not imports.get(principal, job.id).is_finished:
                time.sleep(0.5)
            finished[imports.get(principal, job.id).state] += 1
            hub.service(Packages).delete(principal, file.stem)

    with tempfile.TemporaryDirectory() as folder:
        files = [make_package(Path(folder) / f"benchmark-{seed}.zip", 200, 2000, seed) for seed in range(packages)]
        with ThreadPoolExecutor(packages) as pool:
            work = [pool.submit(keep_importing, file) for file in files]
            time.sleep(3)
            yield
            stopped.set()
        for one in work:
            one.result()
    print(f"meanwhile {dict(finished)} imports of 200 MB came to an end, {packages} at a time")
    hub.close()


def one_launch(visitor: LmsVisitor) -> LaunchTime:
    """One launch, from the click to the first byte."""
    visitor.open_course()
    link = visitor.page.get_by_role("link", name=TITLE).first
    with (
        visitor.page.expect_request(lambda request: request.url.endswith("/lti/login")) as login,
        visitor.page.expect_request(lambda request: request.url.endswith("/lti/launch")) as launch,
        visitor.page.expect_request_finished(_is_content) as content,
    ):
        clicked_at = time.time() * 1000
        link.click()
    timing = content.value.timing
    first_byte_at = timing["startTime"] + timing["responseStart"]
    began_at = [request.value.timing["startTime"] for request in (login, launch)]
    return LaunchTime(first_byte_at - clicked_at, *(first_byte_at - moment for moment in began_at))


def _is_content(request: Request) -> bool:
    return request.url.partition("?")[0].endswith(CONTENT)


if __name__ == "__main__":
    main()
