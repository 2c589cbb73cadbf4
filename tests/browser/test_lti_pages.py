"""The Hub's pages inside an LMS: a teacher chooses, looks and previews; nothing that axe-core knows is wrong."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, Playwright, expect

from hub.bootstrap import Hub
from hub.oauth.services.tenants import TenantView
from tests.support.accessibility import violations
from tests.support.chromium import chromium
from tests.support.console_browser import frame_at
from tests.support.courses import add_course
from tests.support.lti_browser import FramingPlatform

pytestmark = pytest.mark.browser

Launch = Callable[[str], Frame]


@pytest.fixture(params=["light", "dark"])
def launch(
    request: pytest.FixtureRequest, playwright: Playwright, tmp_path: Path, framing_lms: FramingPlatform
) -> Iterator[Launch]:
    """Launch in a role; returns the tool's frame."""
    options = {"bypass_csp": True, "color_scheme": request.param, "third_party_cookies": False}
    with chromium(playwright, tmp_path / "profile", **options) as context:
        page: Page = context.new_page()

        def start(role: str) -> Frame:
            framing_lms.role = role
            page.goto(f"{framing_lms.origin}/course")
            expect(page.frame_locator("#tool").locator("h1")).to_be_visible()
            return frame_at(page, "/lti/")

        yield start


def test_the_picker(launch: Launch, live_hub: Hub, tenant: TenantView) -> None:
    add_course(live_hub.db, tenant.id, "Sailing for beginners")
    frame = launch("author")
    expect(frame.get_by_role("heading", name="Choose a course")).to_be_visible()
    assert violations(frame) == []
    frame.get_by_label("Words in title or description").fill("sail")
    frame.get_by_role("button", name="Search").click()
    expect(frame.get_by_label("Knots")).to_have_count(0)
    frame.get_by_label("Sailing for beginners").check()
    frame.get_by_role("button", name="Add to the course").click()
    frame.wait_for_url("**/deep-linking**")


def test_the_course(launch: Launch, framing_lms: FramingPlatform) -> None:
    frame = launch("teacher")
    expect(frame.get_by_role("heading", name="Unit 1")).to_be_visible()
    assert violations(frame) == []
    frame.get_by_role("button", name="Preview").click()
    expect(frame.frame_locator("#content").locator("h1")).to_have_text("Knots")


def test_nothing_chosen_yet(launch: Launch, framing_lms: FramingPlatform) -> None:
    framing_lms.custom = {}
    frame = launch("learner")
    expect(frame.get_by_text("has not chosen")).to_be_visible()
    assert violations(frame) == []


def test_an_error(launch: Launch, framing_lms: FramingPlatform) -> None:
    framing_lms.claim_changes = {"exp": 1, "sub": "<b>bold</b>" * 40}
    frame = launch("learner")
    expect(frame.get_by_role("heading", name="The link could not be opened")).to_be_visible()
    expect(frame.get_by_role("cell", name="exp", exact=True)).to_be_visible()
    assert violations(frame) == []
