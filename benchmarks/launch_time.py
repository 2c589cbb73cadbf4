"""How long a learner waits: from the click on an activity in the LMS to the first byte of the course.

    python -m benchmarks.launch_time [--launches N]

Typed in the folder of a running `hub demo`. A real Chromium clicks the activity in the Demo LMS, so the time holds all
of a launch: login initiation, authentication, the signed message, the player and the request for the course's page.
The clock starts at the click and stops where the first byte of `index.html` arrives, as the browser saw it.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Request, sync_playwright

from hub.config import Settings
from hub.demo.folder import DemoFolder
from tests.support.chromium import chromium
from tests.support.demo_browser import LmsVisitor
from tests.support.running_demo import RunningDemo

TITLE = "Fire safety at school"
CONTENT = "/index.html"


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description="Time from a click in the LMS to the first byte of the course.")
    parser.add_argument("--launches", type=int, default=30)
    times = measure(parser.parse_args().launches)
    ordered = sorted(times)
    p95 = ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]
    print(
        f"{len(times)} launches: median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms,"
        f" fastest {ordered[0]:.0f} ms, slowest {ordered[-1]:.0f} ms"
    )


def measure(launches: int) -> list[float]:
    """The times of so many launches in milliseconds, after one that is not counted."""
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


def one_launch(visitor: LmsVisitor) -> float:
    """One launch, from the click to the first byte, in milliseconds."""
    arrived: list[Request] = []
    visitor.open_course()
    visitor.page.on("requestfinished", arrived.append)
    clicked_at = time.time() * 1000
    visitor.page.get_by_role("link", name=TITLE).first.click()
    visitor.content()
    visitor.page.remove_listener("requestfinished", arrived.append)
    timing = next(request.timing for request in arrived if request.url.partition("?")[0].endswith(CONTENT))
    return float(timing["startTime"] + timing["responseStart"] - clicked_at)


if __name__ == "__main__":
    main()
