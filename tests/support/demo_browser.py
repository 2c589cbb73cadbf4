"""What people do in the Demo LMS, in the tool's pages inside it, and in the demo courses."""

import re
import time
from collections.abc import Mapping
from contextlib import suppress

from playwright.sync_api import Error, Frame, FrameLocator, Page, expect

from tests.support.chromium import PATIENCE
from tests.support.running_demo import RunningDemo

# The right answer to each question of the course on fire safety, by the number of the question.
Answer = Mapping[str, str]
FIRE_SAFETY: tuple[Answer, ...] = (
    {"alarm-drill": "f"},
    {"hot-door": "b"},
    {"on-the-way-out": "a c"},
    {"d": "1", "b": "2", "a": "3", "c": "4"},
    {"emergency-number": "112"},
    {"1": "b", "2": "c", "3": "a"},
)

WEATHER_CHECKS: tuple[Answer, ...] = ({"check-pressure": "b"}, {"check-fronts": "b"}, {"check-wind": "25"})
WEATHER_TEST: tuple[Answer, ...] = (
    {"wind-around-a-low": "b"},
    {"high-brings-showers": "false"},
    {"cold": "triangles", "warm": "semicircles", "occluded": "both"},
    {"veil": "1", "rain": "2", "mild": "3", "showers": "4"},
    {"knots": "60"},
)


class LmsVisitor:
    """Someone at a browser, signed in to the Demo LMS."""

    def __init__(self, page: Page, demo: RunningDemo) -> None:
        self.page = page
        self.demo = demo

    def sign_in(self, username: str) -> None:
        """Sign in with the password that the demo printed."""
        credentials = self.demo.credentials(f"{username} of the Demo LMS")
        self.page.goto(self.demo.lms_url)
        self.page.locator(f'input[name=username][value="{username}"]').check()
        self.page.get_by_label("Password").fill(credentials["password"])
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("heading", name="Activities")).to_be_visible()

    def become(self, username: str) -> None:
        """Use the switch "View as"."""
        with self.page.expect_navigation():
            self.page.get_by_label("View as").select_option(username)

    def post(self, path: str, **form: str) -> None:
        """Send one of the LMS's own forms without looking at its page."""
        headers = {"Origin": self.demo.lms_url}
        response = self.page.request.post(self.demo.lms_url + path, form=form, headers=headers)
        assert response.ok, response.text()

    def switch(self, **changes: str | bool | int) -> None:
        """Set some of the LMS's switches on their page."""
        self.page.goto(f"{self.demo.lms_url}/switches")
        for name, value in changes.items():
            field = self.page.locator(f"#{name}")
            if isinstance(value, bool):
                field.set_checked(value)
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(str(value))
        self.page.get_by_role("button", name="Set the switches").click()
        expect(self.page.get_by_role("status")).to_have_text("The switches are set.")

    def open_course(self) -> None:
        """Go to the course page."""
        self.page.goto(f"{self.demo.lms_url}/courses/1")

    def open_picker(self) -> FrameLocator:
        """Begin deep linking: the tool's page within the dialog, once it shows what there is to choose."""
        self.open_course()
        self.page.get_by_role("button", name="Add activity").click()
        picker = self.page.frame_locator("dialog iframe")
        expect(picker.get_by_role("heading", name="Choose a course")).to_be_visible()
        self.settle()
        return picker

    def settle(self) -> None:
        """Wait a little: Chromium drops clicks into a frame of another site that has only just come to its place.

        It takes its time from the frames that it draws, so two are awaited first.
        """
        self.page.bring_to_front()
        self.page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        self.page.wait_for_timeout(600)

    def add_activity(self, title: str) -> None:
        """Deep-link the course `title`."""
        picker = self.open_picker()
        picker.get_by_role("checkbox", name=title).check()
        picker.get_by_role("button", name=re.compile("^Add")).click()
        expect(self.page.get_by_role("link", name=title)).to_be_visible()

    def launch(self, title: str) -> Frame:
        """Open an activity from the course page; the frame of the content once it shows itself."""
        self.open_course()
        self.page.get_by_role("link", name=title).click()
        return self.content()

    @property
    def player(self) -> FrameLocator:
        """The tool's player in the activity's frame."""
        return self.page.frame_locator("iframe[name=activity]")

    def content_at(self, title: str) -> Frame:
        """The content once the page with this title is shown in it."""
        expect(self.player.frame_locator("#content").get_by_role("heading", name=title)).to_be_visible()
        return self.content()

    def content(self) -> Frame:
        """The innermost frame once a page of a demo course is in it."""
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE / 1000:
            for frame in self.page.frames:
                with suppress(Error):  # It has just been taken out of the page.
                    if frame.locator("[data-page]:not([hidden])").count():
                        return frame
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no content came up; the frames are {[frame.url for frame in self.page.frames]}")

    def leave(self) -> None:
        """Go back to the course page by the LMS's link, without a word to the player."""
        self.page.get_by_role("link", name="Back to the course").click()
        expect(self.page.get_by_role("heading", name="Activities")).to_be_visible()

    def exit(self) -> None:
        """Go back to the course page by the player's own button."""
        self.player.get_by_role("button", name="Exit").click()
        expect(self.page.get_by_role("heading", name="Activities")).to_be_visible()


def read_on(content: Frame, pages: int) -> None:
    """Press "Next" so many times."""
    for _ in range(pages):
        content.get_by_role("button", name="Next", exact=True).click()


def expect_heading(content: Frame, title: str) -> None:
    """Wait until the page with this title is shown."""
    expect(content.locator("section:not([hidden]) h1")).to_have_text(title)


def answer(content: Frame, given: Answer) -> None:
    """Answer the question that is shown and go on."""
    shown = content.locator("section:not([hidden])")
    for name, values in given.items():
        for value in values.split():
            field = shown.locator(f'[name="{name}"]')
            if field.first.evaluate("field => field.type") in ("radio", "checkbox"):
                shown.locator(f'[name="{name}"][value="{value}"]').check()
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
    shown.get_by_role("button", name="Check answer").click()
    expect(shown.get_by_role("status")).to_be_visible()
