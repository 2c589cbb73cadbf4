"""The Demo LMS's storage for tools: what a tool's frame may keep there, and what nobody else may read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from hub.demo.lms.content import LtiLink
from hub.demo.lms.courses import add_link
from hub.demo.lms.settings import LmsSettings, password
from hub.demo.lms.state import State
from hub.demo.lms.web import create_app
from tests.support.chromium import PATIENCE, chromium
from tests.support.serving import always_closed, serving

pytestmark = pytest.mark.browser

TOOL = """<h1>Tool</h1><script>
  const answers = {};
  addEventListener("message", (event) => answers[event.data.message_id]?.({...event.data, origin: event.origin}));
  const ask = (subject, data, patience) => new Promise((resolve) => {
    const message_id = crypto.randomUUID();
    answers[message_id] = resolve;
    setTimeout(resolve, patience, null);
    parent.postMessage({subject, message_id, ...data}, "*");
  });
</script>"""


@pytest.fixture
def tool() -> Iterator[str]:
    """A tool whose every page can talk to the frame around it."""

    @Request.application
    def page(request: Request) -> Response:
        return Response(TOOL, content_type="text/html")

    server = make_server("127.0.0.1", 0, page, threaded=True)
    with serving(server):
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def lms(tmp_path: Path, tool: str) -> Iterator[str]:
    registration = dict.fromkeys(("launch_url", "deep_link_url", "login_url", "jwks_url"), f"{tool}/login")
    (tmp_path / "tool.json").write_text(json.dumps({"client_id": "c", "deployment_id": "1", **registration}))
    with State(tmp_path / "lms" / "lms.sqlite").transaction() as db:
        add_link(db, 1, "1", LtiLink("Weather", "", None, {}, "iframe", None))
    server = make_server("127.0.0.1", 0, always_closed(lambda environ, start: app(environ, start)), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    app = create_app(LmsSettings(address, tmp_path / "lms", tmp_path / "tool.json"))
    with serving(server):
        yield address


@pytest.fixture
def page(playwright: Playwright, tmp_path: Path, lms: str) -> Iterator[Page]:
    """An activity whose frame shows the tool."""
    with chromium(playwright, tmp_path / "profile", third_party_cookies=False) as context:
        page = context.new_page()
        page.goto(lms)
        page.get_by_label("Password").fill(password(tmp_path / "lms"))
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="Weather").click()
        page.frame_locator("iframe").get_by_role("heading", name="Tool").wait_for()
        yield page


def ask(page: Page, subject: str, **data: Any) -> Any:
    """What the LMS answers to a message of the tool's frame."""
    return page.frames[1].evaluate("([subject, data, most]) => ask(subject, data, most)", [subject, data, PATIENCE])


def is_ignored(page: Page, subject: str, **data: Any) -> bool:
    """Whether the LMS gives such a message no answer within a second."""
    return page.frames[1].evaluate("([subject, data]) => ask(subject, data, 1000)", [subject, data]) is None


def test_login_initiation_names_the_storage(page: Page, lms: str, tool: str) -> None:
    with page.expect_request(f"{tool}/login") as login:
        page.reload()
    assert "lti_storage_target=_parent" in (login.value.post_data or "")


def test_values_are_kept_changed_and_removed(page: Page, lms: str) -> None:
    subjects = [one["subject"] for one in ask(page, "lti.capabilities")["supported_messages"]]
    assert subjects == ["lti.capabilities", "lti.put_data", "lti.get_data"]
    put = ask(page, "lti.put_data", key="state", value="abc")
    assert (put["subject"], put["key"], put["value"], put["origin"]) == ("lti.put_data.response", "state", "abc", lms)
    assert ask(page, "lti.get_data", key="state")["value"] == "abc"
    assert ask(page, "lti.get_data", key="other")["value"] is None
    ask(page, "lti.put_data", key="state", value=None)
    assert ask(page, "lti.get_data", key="state")["value"] is None


def test_too_much_and_malformed_is_refused(page: Page) -> None:
    too_long = ask(page, "lti.put_data", key="long", value="x" * 4097)
    assert too_long["error"]["code"] == "storage_exhaustion"
    assert ask(page, "lti.put_data", key="", value="x")["error"]["code"] == "bad_request"
    assert ask(page, "lti.get_data")["error"]["code"] == "bad_request"
    assert is_ignored(page, "lti.unknown")


def test_another_site_in_the_frame_gets_no_answer(page: Page, tool: str) -> None:
    ask(page, "lti.put_data", key="state", value="abc")
    stranger = tool.replace("localhost", "stranger.localhost")
    page.frames[1].goto(f"{stranger}/any")
    assert is_ignored(page, "lti.get_data", key="state")
    page.frames[1].goto(f"{tool}/any")
    assert ask(page, "lti.get_data", key="state")["value"] == "abc"
