"""The Hub on a port of its own, and a Chromium to visit it with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright
from werkzeug.serving import make_server

from hub.bootstrap import Hub, build, create_app
from hub.config import Settings
from hub.identity import Principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import TenantView
from tests.support.chromium import chromium, require_driver
from tests.support.lti_browser import FramingPlatform
from tests.support.lti_platform import running
from tests.support.playing import Sco, add_played_course
from tests.support.scos import sco12
from tests.support.serving import always_closed, serving


@pytest.fixture(scope="session")
def live_hub(hub: Hub, settings: Settings) -> Iterator[Hub]:
    """The composed Hub, served on a free port: the Hub at localhost, content at content.localhost."""
    with _served(settings, "content.localhost") as live:
        yield live


@pytest.fixture
def hub_of_many_origins(hub: Hub, settings: Settings) -> Iterator[Hub]:
    """The same with an origin for each package version, below localhost."""
    with _served(settings, "*.localhost") as live:
        yield live


@contextmanager
def _served(settings: Settings, content_host: str) -> Iterator[Hub]:
    server = make_server("127.0.0.1", 0, _not_yet, threaded=True)
    port = server.server_port
    live = build(replace(settings, public_url=f"http://localhost:{port}", content_url=f"http://{content_host}:{port}"))
    server.app = always_closed(create_app(live))
    with serving(server):
        yield live
    live.close()


def _not_yet(environ: object, start_response: object) -> list[bytes]:
    raise AssertionError("The application is put in place before the server answers.")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver, once for the run."""
    require_driver()
    with sync_playwright() as driver:
        yield driver


@pytest.fixture
def browser(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """A fresh Chromium."""
    with chromium(playwright, tmp_path / "profile", viewport={"width": 1180, "height": 760}) as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Page:
    """Its first tab."""
    return browser.pages[0]


@pytest.fixture
def framing_lms(live_hub: Hub, tenant: TenantView, system: Principal) -> Iterator[FramingPlatform]:
    """The platform, with a link to a course."""
    package = add_played_course(live_hub, tenant.id, "scorm_1_2", Sco("one", "Knots", sco12("Knots")), title="Knots")
    tool = live_hub.service(Platforms).settings
    platform = FramingPlatform(launch_url=tool.launch_url, login_url=tool.login_url)
    platform.custom = {"package_id": str(package)}
    with running(platform):
        live_hub.service(Platforms).add(system, PlatformDetails(**platform.details()))
        yield platform
