"""The system's Chromium for tests, by Playwright; with third-party cookies blocked where a test wants that."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.support.serving import serving

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

#: How long anything may take in a browser on a busy machine, in milliseconds; tests wait for what they expect.
PATIENCE = 60_000

# Nothing here may call home; the sandbox needs privileges that containers lack.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_program() -> str:
    """Where Chromium is; skips the test where there is none, saying how to get one."""
    chosen = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not chosen:
        pytest.skip("No Chromium was found (Debian: apt install chromium; elsewhere set CHROMIUM=/path/to/it).")
    return chosen


def require_driver() -> None:
    """Skips the test where Playwright's own program cannot start, saying what it lacks."""
    tried = subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"Playwright cannot start (Debian: apt install libatomic1): {tried.stderr.strip()[-200:]}")


@contextmanager
def chromium(
    playwright: Playwright,
    profile: Path,
    *,
    third_party_cookies: bool = True,
    cookies: bool = True,
    no_cookies_for: tuple[str, ...] = (),
    **options: Any,
) -> Iterator[BrowserContext]:
    """A browser with a profile folder of its own, `cookies` in general; `options` go to Playwright's context.

    `no_cookies_for` are patterns as in Chromium's settings: a site, or a site and, after a comma, the page it is in.
    """
    preferences = profile / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True, exist_ok=True)
    blocked = not third_party_cookies
    rules: dict[str, Any] = {"block_third_party_cookies": blocked, "cookie_controls_mode": int(blocked)}
    if no_cookies_for:
        rules["content_settings"] = {"exceptions": {"cookies": {one: {"setting": 2} for one in no_cookies_for}}}
    if not cookies:
        rules["default_content_setting_values"] = {"cookies": 2}
    preferences.write_text(json.dumps({"profile": rules}))
    context = playwright.chromium.launch_persistent_context(
        str(profile), executable_path=chromium_program(), args=list(FLAGS), headless=True, **options
    )
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    try:
        yield context
    finally:
        context.close()


class _Cookies(BaseHTTPRequestHandler):
    """`/top` frames `/frame` of another site, which sets two cookies and then lists those that come back."""

    def do_GET(self) -> None:
        port = self.server.server_address[1]
        pages = {
            "/top": f'<iframe src="http://localhost:{port}/set"></iframe>',
            "/set": '<script>location.replace("/read")</script>',
            "/read": f"<p>{self.headers.get('Cookie', '')}</p>",
        }
        body = pages.get(self.path, "").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/set":
            self.send_header("Set-Cookie", "plain=1; SameSite=None; Secure")
            self.send_header("Set-Cookie", "own=1; SameSite=None; Secure; Partitioned")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests do not log requests."""


def cookies_seen_in_a_frame(page: Page) -> set[str]:
    """The names of the cookies that a frame of another site gets back: of `plain` and the partitioned `own`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cookies)
    with serving(server):
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/top")
        frame = page.frame_locator("iframe").locator("p")
        frame.wait_for(state="attached")
        return {part.partition("=")[0].strip() for part in (frame.text_content() or "").split(";") if part.strip()}
