"""What a person does in a browser, in tests of pages."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Frame, Page

from hub.bootstrap import Hub
from tests.support.chromium import PATIENCE
from tests.support.people import Account


def sign_in(page: Page, hub: Hub, account: Account) -> None:
    """Sign in at the console; an account with a second step is asked for it next."""
    page.goto(f"{hub.settings.public_url}/sign-in")
    page.get_by_label("E-mail address").fill(account.person.email)
    page.get_by_label("Password").fill(account.password)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in", exact=True).click()


def frame_at(page: Page, part: str) -> Frame:
    """The frame whose path begins with `part`, once it has all of its document."""

    found: list[Frame] = []

    def is_there() -> bool:
        found[:] = [frame for frame in page.frames if urlsplit(frame.url).path.startswith(part)]
        return len(found) == 1

    eventually(page, is_there)
    found[0].wait_for_load_state()
    return found[0]


def eventually(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for what the Hub will soon know: a page that says “saved” may still tell of the commit before."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < PATIENCE / 1000, "it did not come about"
        page.wait_for_timeout(50)
