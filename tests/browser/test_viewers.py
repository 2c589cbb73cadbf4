"""The viewers in a real browser: a PDF, a video and a web site are uploaded, begun, left, resumed and completed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from hub.scorm.services.packages import Packages
from hub.scorm.services.registrations import ActivityView, Registrations
from tests.support.accessibility import violations
from tests.support.console_browser import eventually, frame_at
from tests.support.imports import imported
from tests.support.media import mp4, pdf
from tests.support.packages import package_of
from tests.support.playing import enrol

pytestmark = pytest.mark.browser

CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:04.000\nPull the pin.\n"
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")
LONG = "<p>And so on.</p>" * 200
SITE = {
    "index.html": f"<!doctype html><html lang=en><title>Site</title><h1>Start</h1>{LONG}<a href='two.html?x=1'>Two</a>",
    "two.html": "<!doctype html><html lang=en><title>Two</title><h1>Two</h1><a href='index.html#top'>Back</a>",
}


class Visit:
    """A learner of a course that was just uploaded."""

    def __init__(self, page: Page, hub: Hub, principal: Principal, name: str, body: bytes) -> None:
        self.page, self.hub, self.principal = page, hub, principal
        self.job = imported(hub, principal, body, name)
        assert self.job.state == "ready", self.job.findings
        package = hub.service(Packages).get(principal, self.job.package_id or "")
        self.title = package.title
        self.registration = enrol(hub, principal, package.uuid)

    def open(self, **options: Any) -> Frame:
        """Launch it, and the viewer's frame."""
        self.page.goto(self.hub.service(Launches).create(self.principal, self.registration.id, **options).url)
        expect(self.page.frame_locator("#content").locator("footer")).to_be_visible()
        return frame_at(self.page, "/viewer/")

    def leave(self) -> None:
        """By the player's own button."""
        self.page.click("#exit")
        expect(self.page.locator("#notice")).to_contain_text("You have left the course")

    @property
    def activity(self) -> ActivityView:
        """What the Hub has of it."""
        found = self.hub.service(Registrations).get(self.principal, self.registration.id)
        return found.attempts[-1].activities[0]

    @property
    def status(self) -> str:
        """The registration's."""
        return self.hub.service(Registrations).get(self.principal, self.registration.id).registration.status


@pytest.fixture
def faults(page: Page) -> Iterator[list[str]]:
    """What the browser's console complained of, which must be nothing: the policy of the viewers holds."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield said
    assert said == []


@pytest.fixture
def upload(
    page: Page, live_hub: Hub, tenant: TenantView, system: Principal, faults: list[str]
) -> Callable[[str, bytes], Visit]:
    return lambda name, body: Visit(page, live_hub, system, name, body)


#: Plays without a sound and stops by itself, however late somebody looks.
PLAY_TO_THREE_SECONDS = """(video => {
    video.muted = true;
    video.addEventListener("timeupdate", () => { if (video.currentTime > 3) video.pause(); });
    video.play();
})(document.querySelector("video"))"""


def until(frame: Frame, condition: str) -> None:
    """Wait until a condition of the page's holds; the viewers' policy lets Playwright's own waiting not run."""
    eventually(frame.page, lambda: bool(frame.evaluate(condition)))


def test_a_pdf_is_read_left_resumed_and_completed(page: Page, upload: Callable[[str, bytes], Visit]) -> None:
    visit = upload("fire_safety manual.pdf", pdf(4))
    assert visit.title == "fire safety manual"
    frame = visit.open()
    expect(frame.locator(".sheet .words").first).to_contain_text("Page 1 of the manual")
    expect(frame.locator("#seen")).to_have_text("1 of 4 pages seen")
    link = frame.locator(".sheet a").first
    assert link.get_attribute("href") == "https://example.org/more"
    assert "noopener" in (link.get_attribute("rel") or "")
    frame.click("#next")
    expect(frame.locator("#seen")).to_have_text("2 of 4 pages seen")
    assert violations(frame) == []
    visit.leave()
    assert (visit.activity.location, visit.activity.result.completion) == ("2", "incomplete")
    assert visit.activity.values["cmi.progress_measure"] == "0.5"

    page.set_viewport_size({"width": 360, "height": 640})
    frame = visit.open(locale="de")
    expect(frame.locator("#page")).to_have_value("2")
    expect(frame.locator("#seen")).to_have_text("2 von 4 Seiten gesehen")
    assert violations(frame) == []
    frame.locator("#pages").focus()
    page.keyboard.press("End")
    expect(frame.locator("#seen")).to_have_text("3 von 4 Seiten gesehen")
    assert visit.activity.result.completion == "incomplete"
    frame.fill("#page", "3")
    page.keyboard.press("Enter")
    expect(frame.locator("#seen")).to_have_text("4 von 4 Seiten gesehen")
    visit.page.click("#exit")
    expect(page.locator("#notice")).to_be_visible()
    assert (visit.activity.result.completion, visit.activity.result.success) == ("completed", "unknown")
    assert visit.status == "completed"


def test_a_video_counts_what_was_played(page: Page, upload: Callable[[str, bytes], Visit]) -> None:
    film = {"clip.mp4": mp4(8), "poster.gif": PIXEL, "clip.en.vtt": CAPTIONS, "clip_de.vtt": CAPTIONS}
    film["clip.fr.srt"] = "1\r\n00:00:00,500 --> 00:01:02,250\r\nSortez\r\nvite\r\n\r\n2\r\n".encode("cp1252")
    visit = upload("Fire.zip", package_of(film))
    assert visit.job.findings == []
    frame = visit.open()
    expect(frame.locator("track")).to_have_count(2)
    expect(frame.locator("track").first).to_have_attribute("label", "English")
    until(frame, "document.querySelector('video').textTracks[2].cues?.length === 1")
    cue = "(({language, cues: [cue]}) => [language, cue.startTime, cue.endTime, cue.text])"
    told = frame.evaluate(f"{cue}(document.querySelector('video').textTracks[2])")
    assert told == ["fr", 0.5, 62.25, "Sortez\nvite"]
    assert frame.evaluate("document.querySelector('video').poster").endswith("/poster.gif")
    until(frame, "document.querySelector('video').readyState >= 2")
    assert violations(frame) == []
    # Jumping to the end counts for nothing.
    frame.evaluate("document.querySelector('video').currentTime = 7.5")
    until(frame, "!document.querySelector('video').seeking")
    frame.evaluate("document.querySelector('video').currentTime = 0")
    frame.evaluate(PLAY_TO_THREE_SECONDS)
    until(frame, "document.querySelector('video').paused")
    place = frame.evaluate("document.querySelector('video').currentTime")
    visit.leave()
    assert visit.activity.result.completion == "incomplete"
    assert float(visit.activity.values["cmi.progress_measure"]) == pytest.approx(place / 8, abs=0.1)
    assert float(visit.activity.location or 0) == pytest.approx(place, abs=0.2)

    frame = visit.open()
    until(frame, f"Math.abs(document.querySelector('video').currentTime - {place}) < 0.2")
    frame.evaluate("(document.querySelector('video').muted = true, document.querySelector('video').play())")
    until(frame, "document.querySelector('video').ended")
    expect(frame.locator("#seen")).to_have_text("100 % played")
    visit.leave()
    assert visit.activity.result.completion == "completed"
    assert visit.status == "completed"


def test_a_web_site_is_seen_page_by_page(page: Page, upload: Callable[[str, bytes], Visit]) -> None:
    visit = upload("site.zip", package_of({f"site/{name}": text.encode() for name, text in SITE.items()}))
    assert [one["code"] for one in visit.job.findings] == ["media.web"]
    frame = visit.open()
    expect(frame.locator("#seen")).to_have_text("0 of 2 pages seen")
    assert violations(frame) == []
    site = frame.frame_locator("#site")
    site.locator("a").scroll_into_view_if_needed()
    expect(frame.locator("#seen")).to_have_text("1 of 2 pages seen")
    visit.leave()
    assert visit.activity.result.completion == "incomplete"
    assert visit.activity.location == "index.html"

    frame = visit.open()
    frame.frame_locator("#site").locator("a").click()
    expect(frame.frame_locator("#site").locator("h1")).to_have_text("Two")
    expect(frame.locator("#seen")).to_have_text("2 of 2 pages seen")
    visit.leave()
    assert (visit.activity.result.completion, visit.activity.location) == ("completed", "two.html")
    assert visit.status == "completed"
