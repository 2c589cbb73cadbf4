"""How long a learner waits: from the click on an activity in the LMS to the first byte of the course.

    python -m benchmarks.launch_time [--launches N]

Typed in the folder of a running `hub demo`. A real Chromium clicks the activity in the Demo LMS and goes through all
of a launch: login initiation, authentication, the signed message, the player and the course's page. Three times are
told, as the browser saw them, all up to the first byte of `index.html`: from the click, which holds the LMS's own page,
from the login initiation, which is the first that the Hub hears of it, and from the signed message, the launch itself.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Request, sync_playwright

from hub.config import Settings
from hub.demo.folder import DemoFolder
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
    times = measure(parser.parse_args().launches)
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
