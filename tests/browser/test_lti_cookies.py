"""A launch in the frame of an LMS, whatever cookies the browser keeps: partitioned, or none at all."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.support.chromium import chromium
from tests.support.lti_browser import FramingPlatform

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(playwright: Playwright, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """A browser that keeps all cookies, all but third parties' ones, or none at all."""
    with ExitStack() as open_browsers:

        def start(keeps: str) -> Page:
            options = {"third_party_cookies": keeps == "all", "cookies": keeps != "none"}
            context = open_browsers.enter_context(chromium(playwright, tmp_path / keeps, **options))
            return context.new_page()

        yield start


def course_in_frame(page: Page) -> Any:
    """The course itself: in the player's frame, in the tool's frame."""
    return page.frame_locator("#tool").frame_locator("#content").locator("h1")


@pytest.mark.parametrize(("keeps", "storage"), [("all", "no"), ("own", "no"), ("own", "yes")])
def test_a_browser_that_keeps_partitioned_cookies_plays_at_once(
    visit: Callable[[str], Page], framing_lms: FramingPlatform, keeps: str, storage: str
) -> None:
    page = visit(keeps)
    page.goto(f"{framing_lms.origin}/course?storage={storage}")
    expect(course_in_frame(page)).to_have_text("Knots")


def test_a_browser_without_cookies_plays_by_the_platforms_storage(
    visit: Callable[[str], Page], framing_lms: FramingPlatform
) -> None:
    page = visit("none")
    page.goto(f"{framing_lms.origin}/course?storage=yes")
    expect(course_in_frame(page)).to_have_text("Knots")
    assert page.context.cookies() == []


def test_without_cookies_and_storage_a_window_is_offered(
    visit: Callable[[str], Page], framing_lms: FramingPlatform
) -> None:
    page = visit("none")
    page.goto(f"{framing_lms.origin}/course?storage=no")
    expect(page.frame_locator("#tool").get_by_role("link", name="Open in a new window")).to_be_visible()


def test_the_new_window_plays_where_cookies_are_kept_there(
    visit: Callable[[str], Page], framing_lms: FramingPlatform
) -> None:
    """A browser that keeps cookies for the pages it visits, but loses those of frames."""
    page = visit("own")
    framing_lms.waits_for_a_click = True
    page.goto(f"{framing_lms.origin}/course?storage=no")
    go_on = page.frame_locator("#tool").get_by_role("button", name="Go on")
    expect(go_on).to_be_visible()
    page.context.clear_cookies()
    framing_lms.waits_for_a_click = False
    go_on.click()
    with page.expect_popup() as popup:
        page.frame_locator("#tool").get_by_role("link", name="Open in a new window").click()
    expect(popup.value.frame_locator("#content").locator("h1")).to_have_text("Knots")
