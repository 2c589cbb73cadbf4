"""A launch in the frame of an LMS, whatever cookies the browser keeps: partitioned, or none at all."""

import html
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, Playwright, expect

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import TenantView
from tests.support.chromium import chromium
from tests.support.lti_platform import Answer, Login, LtiPlatform, running
from tests.support.playing import Sco, add_played_course
from tests.support.scos import sco12

pytestmark = pytest.mark.browser

STORAGE = """
<script>
  const kept = new Map();
  addEventListener("message", (event) => {
    const { subject, message_id, key, value } = event.data;
    if (subject === "lti.put_data") kept.set(event.origin + key, value);
    if (subject !== "lti.put_data" && subject !== "lti.get_data") return;
    const found = kept.get(event.origin + key) ?? null;
    event.source.postMessage({ subject: subject + ".response", message_id, key, value: found }, event.origin);
  });
</script>
"""


@dataclass
class FramingPlatform(LtiPlatform):
    """A platform with pages: a course that frames the launch, with or without storage, and authentication."""

    login_url: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    waits_for_a_click: bool = False

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> Answer:
        """Pages for the browser, services for the Hub."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/course":
            return self._course(query.get("storage") == "yes")
        if parts.path == "/auth":
            return self._authenticate(query)
        return super().answer(method, url, headers, body)

    def _course(self, has_storage: bool) -> Answer:
        target = {"lti_storage_target": "_parent"} if has_storage else {}
        source = f"{self.login_url}?{urlencode(self.login_parameters(**target))}"
        script = STORAGE if has_storage else ""
        return _page(f'{script}<iframe id="tool" width="900" height="600" src="{html.escape(source)}"></iframe>')

    def _authenticate(self, sent: dict[str, str]) -> Answer:
        claims = self.claims(Login(sent, None), **{v.CUSTOM: self.custom})
        fields = {"state": sent["state"], "id_token": self.sign(claims)}
        inputs = "".join(f'<input name="{name}" value="{html.escape(value)}">' for name, value in fields.items())
        action = html.escape(sent["redirect_uri"])
        script = "" if self.waits_for_a_click else "<script>document.forms[0].submit()</script>"
        return _page(f'<form method="post" action="{action}">{inputs}<button>Go on</button></form>{script}')


def _page(body: str) -> Answer:
    return 200, {"Content-Type": "text/html; charset=utf-8"}, f"<!doctype html>{body}".encode()


@pytest.fixture
def lms(live_hub: Hub, tenant: TenantView, system: Principal) -> Iterator[FramingPlatform]:
    """The platform, with a link to a course."""
    package = add_played_course(live_hub, tenant.id, "scorm_1_2", Sco("one", "Knots", sco12("Knots")), title="Knots")
    tool = live_hub.service(Platforms).settings
    platform = FramingPlatform(launch_url=tool.launch_url, login_url=tool.login_url)
    platform.custom = {"package_id": str(package)}
    with running(platform):
        live_hub.service(Platforms).add(system, PlatformDetails(**platform.details()))
        yield platform


@pytest.fixture
def visit(playwright: Playwright, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """A browser that keeps all cookies, all but third parties' ones, or none at all."""
    with ExitStack() as open_browsers:

        def start(keeps: str) -> Page:
            options = {"third_party_cookies": keeps == "all", "cookies": keeps != "none"}
            context = open_browsers.enter_context(chromium(playwright, tmp_path / keeps, **options))
            page = context.new_page()
            page.set_default_timeout(10_000)
            return page

        yield start


def course_in_frame(page: Page) -> Any:
    """The course itself: in the player's frame, in the tool's frame."""
    return page.frame_locator("#tool").frame_locator("#content").locator("h1")


@pytest.mark.parametrize(("keeps", "storage"), [("all", "no"), ("own", "no"), ("own", "yes")])
def test_a_browser_that_keeps_partitioned_cookies_plays_at_once(
    visit: Callable[[str], Page], lms: FramingPlatform, keeps: str, storage: str
) -> None:
    page = visit(keeps)
    page.goto(f"{lms.origin}/course?storage={storage}")
    expect(course_in_frame(page)).to_have_text("Knots")


def test_a_browser_without_cookies_plays_by_the_platforms_storage(
    visit: Callable[[str], Page], lms: FramingPlatform
) -> None:
    page = visit("none")
    page.goto(f"{lms.origin}/course?storage=yes")
    expect(course_in_frame(page)).to_have_text("Knots")
    assert page.context.cookies() == []


def test_without_cookies_and_storage_a_window_is_offered(visit: Callable[[str], Page], lms: FramingPlatform) -> None:
    page = visit("none")
    page.goto(f"{lms.origin}/course?storage=no")
    expect(page.frame_locator("#tool").get_by_role("link", name="Open in a new window")).to_be_visible()


def test_the_new_window_plays_where_cookies_are_kept_there(visit: Callable[[str], Page], lms: FramingPlatform) -> None:
    """A browser that keeps cookies for the pages it visits, but loses those of frames."""
    page = visit("own")
    lms.waits_for_a_click = True
    page.goto(f"{lms.origin}/course?storage=no")
    go_on = page.frame_locator("#tool").get_by_role("button", name="Go on")
    expect(go_on).to_be_visible()
    page.context.clear_cookies()
    lms.waits_for_a_click = False
    go_on.click()
    with page.expect_popup() as popup:
        page.frame_locator("#tool").get_by_role("link", name="Open in a new window").click()
    expect(popup.value.frame_locator("#content").locator("h1")).to_have_text("Knots")
