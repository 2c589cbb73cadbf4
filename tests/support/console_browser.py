"""What a person does in a browser, in tests of pages."""

from collections.abc import Callable

from playwright.sync_api import Page

from hub.bootstrap import Hub
from tests.support.people import Account


def sign_in(page: Page, hub: Hub, account: Account) -> None:
    """Sign in at the console; an account with a second step is asked for it next."""
    page.goto(f"{hub.settings.public_url}/sign-in")
    page.get_by_label("E-mail address").fill(account.person.email)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def eventually(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for what the Hub will soon know: a page that says “saved” may still tell of the commit before."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    assert holds()
