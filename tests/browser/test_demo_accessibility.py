"""No page of the Demo LMS and of the demo courses has a fault that axe-core knows, by day and by night."""

import functools
import io
import json
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect
from werkzeug.serving import make_server

from hub.demo import courses
from hub.demo.lms.content import LinkLineItem, LtiLink
from hub.demo.lms.courses import add_link
from hub.demo.lms.grades import add_linked
from hub.demo.lms.settings import LmsSettings, password
from hub.demo.lms.state import State
from hub.demo.lms.web import create_app
from tests.support.accessibility import violations
from tests.support.chromium import chromium
from tests.support.serving import always_closed, serving

pytestmark = pytest.mark.browser


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, playwright: Playwright, tmp_path: Path) -> Iterator[Page]:
    with chromium(playwright, tmp_path / "profile", bypass_csp=True, color_scheme=request.param) as context:
        yield context.new_page()


@pytest.fixture
def lms(tmp_path: Path) -> Iterator[LmsSettings]:
    """A Demo LMS with one activity, of a tool that does not answer."""
    tool = dict.fromkeys(("login_url", "launch_url", "deep_link_url", "jwks_url"), "http://127.0.0.1:9/")
    (tmp_path / "tool.json").write_text(json.dumps({"client_id": "c", "deployment_id": "1", **tool}))
    with State(tmp_path / "lms" / "lms.sqlite").transaction() as db:
        item = LinkLineItem("Weather", 100, None, None)
        add_linked(db, add_link(db, 1, "1", LtiLink("Weather", "What comes tomorrow", None, {}, "iframe", item)), item)
    server = make_server("127.0.0.1", 0, always_closed(lambda environ, start: app(environ, start)), threaded=True)
    settings = LmsSettings(f"http://127.0.0.1:{server.server_port}", tmp_path / "lms", tmp_path / "tool.json")
    app = create_app(settings)
    with serving(server):
        yield settings


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[str]:
    """The demo courses' files at an address, with no LMS around them."""
    for course in courses.COURSES:
        with zipfile.ZipFile(io.BytesIO(courses.build(course))) as archive:
            archive.extractall(tmp_path / "site" / course)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Tests do not log requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "site")))
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_demo_lms(page: Page, lms: LmsSettings) -> None:
    page.goto(lms.issuer)
    assert violations(page) == []
    page.get_by_label("Password").fill("wrong")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in", exact=True).click()
    assert violations(page) == []
    page.get_by_label("Password").fill(password(lms.state))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Activities").wait_for()
    course = tuple(f"/courses/1{path}" for path in ("", "/roster", "/gradebook", "/messages", "/return"))
    for path in (*course, "/courses", "/tools", "/switches"):
        page.goto(f"{lms.issuer}{path}")
        assert violations(page) == [], path
    page.goto(f"{lms.issuer}/courses/1")
    page.locator("summary", has_text="Copy this course").click()
    page.get_by_role("button", name="Add activity").click()
    expect(page.locator("dialog")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Close").click()
    with page.expect_navigation():
        page.get_by_role("link", name="Weather").click()
    assert violations(page) == []


@pytest.mark.parametrize(
    "start", ["fire_safety/index", "weather_map/pressure", "weather_map/fronts", "weather_map/wind"]
)
def test_course_pages(page: Page, packages: str, start: str) -> None:
    page.goto(f"{packages}/{start}.html")
    next_page = page.get_by_role("button", name="Next", exact=True)
    assert violations(page) == []
    while next_page.is_enabled():
        next_page.click()
        assert violations(page) == [], page.locator("section:not([hidden])").get_attribute("data-page")


@pytest.mark.parametrize(("start", "wrong"), [("fire_safety/index", "t"), ("weather_map/test", "a")])
def test_course_questions(page: Page, packages: str, start: str, wrong: str) -> None:
    page.goto(f"{packages}/{start}.html")
    question = page.locator("section:not([hidden]) form")
    while not question.count():
        page.get_by_role("button", name="Next", exact=True).click()
    question.locator(f'input[value="{wrong}"]').check()
    question.get_by_role("button", name="Check answer").click()
    page.get_by_text("Not quite.").wait_for()
    assert violations(page) == []
