"""Take the pictures in docs/images: the demo in a real browser, with a little history in it. `make screenshots`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.support.chromium import chromium
from tests.support.demo_browser import FIRE_SAFETY, LmsVisitor, answer, read_on
from tests.support.running_demo import RunningDemo, running_demo

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE = {"width": 1280, "height": 900}
FIRE = "Fire safety at school"
WEATHER = "Reading a weather map"

# Pages of the console | the name of their picture.
CONSOLE = {"/packages": "console-packages", "/statements": "console-statements"}


def main() -> None:
    """Take every picture from a demo of its own."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder)) as demo, _browser() as context:
        visitor = LmsVisitor(context.new_page(), demo)
        in_the_lms(visitor)
        in_the_console(visitor.page, demo)


@contextmanager
def _browser() -> Iterator[BrowserContext]:
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as profile,
        chromium(playwright, Path(profile), third_party_cookies=False, viewport=SIZE) as context,
    ):
        context.set_default_timeout(15_000)
        yield context


def in_the_lms(visitor: LmsVisitor) -> None:
    """The teacher adds courses, two learners work, the gradebook fills."""
    page = visitor.page
    visitor.sign_in("teacher")
    visitor.open_picker()
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


def save(page: Page, name: str) -> None:
    """Keep what is on the screen as docs/images/NAME.png, once it has come to rest."""
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
