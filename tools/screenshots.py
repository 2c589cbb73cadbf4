"""Take the pictures in docs/images: the demo in a real browser, with a little history in it. `make screenshots`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.support.chromium import chromium
from tests.support.demo_browser import FIRE_SAFETY, LmsVisitor, answer, read_on
from tests.support.running_demo import RunningDemo, running_demo

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE = {"width": 1280, "height": 900}
FIRE = "Fire safety at school"
WEATHER = "Reading a weather map"

# Pages of the console | the name of their picture.
CONSOLE = {"/packages": "console-packages", "/statements": "console-statements"}

# Makes of platform whose guide in the console is in docs/lms.
PLATFORMS = ("moodle", "canvas", "blackboard", "brightspace", "sakai", "openedx")


def main() -> None:
    """Take every picture from a demo of its own."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder)) as demo, _browser() as context:
        visitor = LmsVisitor(context.new_page(), demo)
        in_the_lms(visitor)
        in_the_console(visitor.page, demo)
        of_platforms(visitor)


@contextmanager
def _browser() -> Iterator[BrowserContext]:
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as profile,
        chromium(playwright, Path(profile), third_party_cookies=False, viewport=SIZE) as context,
    ):
        context.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        yield context


def in_the_lms(visitor: LmsVisitor) -> None:
    """The teacher adds courses, two learners work, the gradebook fills."""
    page = visitor.page
    visitor.sign_in("teacher")
    picker = visitor.open_picker()
    picker.locator("summary", has_text="Dates").click()
    save(page, "deep-linking")
    for title in (FIRE, WEATHER):
        visitor.add_activity(title)
    visitor.become("learner1")
    content = visitor.launch(FIRE)
    read_on(content, 5)
    for given in FIRE_SAFETY[:5]:
        answer(content, given)
        read_on(content, 1)
    answer(content, {"1": "b", "2": "c", "3": "b"})
    read_on(content, 1)
    content.get_by_role("button", name="Finish").click()
    visitor.leave()
    visitor.launch(WEATHER)
    save(page, "player")
    visitor.leave()
    visitor.become("learner2")
    content = visitor.launch(FIRE)
    read_on(content, 5)
    answer(content, FIRE_SAFETY[0])
    visitor.leave()
    visitor.become("teacher")
    page.goto(f"{visitor.demo.lms_url}/courses/1/gradebook")
    page.get_by_text("83").wait_for()
    save(page, "gradebook")
    visitor.open_course()
    page.get_by_role("link", name=FIRE).click()
    visitor.player.get_by_text("Lena Learner").first.wait_for()
    save(page, "report-in-the-lms")


def in_the_console(page: Page, demo: RunningDemo) -> None:
    """The author looks at what came of it."""
    author = demo.credentials("author of the Hub")
    page.goto(f"{demo.hub_url}/")
    page.get_by_label("E-mail").fill(author["email"])
    page.get_by_label("Password").fill(author["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("navigation").first.wait_for()
    for path, name in CONSOLE.items():
        page.goto(demo.hub_url + path)
        save(page, name)
    page.goto(f"{demo.hub_url}/registrations")
    page.get_by_role("row", name=FIRE).filter(has_text="Liam").get_by_role("link").first.click()
    page.get_by_text("interactions").first.click()
    save(page, "console")


def of_platforms(visitor: LmsVisitor) -> None:
    """The guides of the console for each LMS, a registration, and a connection with a launch that was refused."""
    page, demo = visitor.page, visitor.demo
    for make in PLATFORMS:
        page.goto(f"{demo.hub_url}/platforms/new?lms={make}")
        save(page, f"platform-{make}")
    page.goto(f"{demo.hub_url}/platforms/new")
    address = page.locator("text=/lti\\/register\\/demo$/").first.inner_text().strip()
    page.goto(f"{demo.lms_url}/tools")
    page.get_by_label("Registration address of the tool").fill(address)
    page.get_by_role("button", name="Register here").click()
    page.frame_locator("#registration iframe").get_by_role("button", name="Connect").wait_for()
    save(page, "registration")
    visitor.switch(clock=-900)
    save(page, "switches")
    visitor.open_course()
    page.get_by_role("link", name=FIRE).click()
    visitor.player.get_by_text("compare the clocks").first.wait_for()
    save(page, "refused-launch")
    visitor.post("/switches", reset="1")
    page.goto(f"{demo.hub_url}/platforms")
    page.get_by_role("link", name="Demo LMS").first.click()
    page.get_by_role("button", name="Test the connection").click()
    page.get_by_role("heading", name="Connection").scroll_into_view_if_needed()
    page.get_by_text("What came").first.click()
    page.get_by_role("heading", name="Connection").evaluate("heading => heading.scrollIntoView()")
    save(page, "connection")


def save(page: Page, name: str) -> None:
    """Keep what is on the screen as docs/images/NAME.png, once it has come to rest."""
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
