"""The report of a package in Chromium: grouped, filtered, the line quoted, and axe-clean on both pages."""

import pytest
from playwright.sync_api import Page, expect

from hub.bootstrap import Hub
from hub.identity import Principal
from tests.support.accessibility import violations
from tests.support.console_browser import sign_in
from tests.support.imports import imported
from tests.support.packages import manifest_2004, package_of
from tests.support.people import make_account

pytestmark = pytest.mark.browser

PAGE = b"""<!DOCTYPE html>
<html><body><p>Hello</p>
  <img src="a.png"><img src="b.png">
  <script src="http://cdn.example.org/a.js"></script>
  <script>if (done) alert('Well done!');</script>
</body></html>
"""


def enter(page: Page, hub: Hub, system: Principal) -> None:
    sign_in(page, hub, make_account(hub, system, "administrator", name="Robin Ortega"))
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def upload(hub: Hub, system: Principal, name: str, body: bytes) -> object:
    return imported(hub, system, body, name, name.removesuffix(".zip")).id


def test_the_report_is_grouped_filtered_and_quotes_the_line(page: Page, live_hub: Hub, system: Principal) -> None:
    manifest = manifest_2004().decode().replace("<title>First page</title>", "").replace("<file ", "<file Href='x' ")
    files = {"imsmanifest.xml": manifest.encode(), "index.html": PAGE, "a.png": b"x", "b.png": b"x"}
    upload(live_hub, system, "report.zip", package_of(files))
    enter(page, live_hub, system)
    page.goto(f"{live_hub.settings.public_url}/packages/report/report")
    insecure = page.locator("[id='page.insecure']")
    expect(insecure.locator("mark")).to_have_text("http://cdn.example.org/a.js")
    expect(insecure.locator(".place").first).to_have_text("index.html, line 4, column 16")
    assert violations(page) == []
    page.get_by_role("navigation", name="Findings by severity").get_by_text("hint").click()
    expect(insecure).to_have_count(0)
    expect(page.locator("[id='page.language'] pre")).to_contain_text("<html>")
    page.locator("[id='page.blocked']").get_by_role("link").click()
    expect(page).to_have_url(f"{live_hub.settings.public_url}/findings#page.blocked")
    assert violations(page) == []
    answer = page.request.get(f"{live_hub.settings.public_url}/packages/report/report?format=json").json()
    assert {one["code"] for one in answer["findings"]} >= {"page.insecure", "schema.attribute"}


def test_a_refusal_says_what_to_do_in_the_authors_tool(page: Page, live_hub: Hub, system: Principal) -> None:
    broken = manifest_2004().replace(b"</item>", b"")
    job = upload(live_hub, system, "refused.zip", package_of({"imsmanifest.xml": broken, "index.html": PAGE}))
    enter(page, live_hub, system)
    page.goto(f"{live_hub.settings.public_url}/jobs/{job}")
    group = page.locator("[id='xml.malformed']")
    expect(group.locator("mark")).to_contain_text("</organization")
    group.get_by_text("In your authoring tool").click()
    expect(group.get_by_text("Storyline")).to_be_visible()
    assert violations(page) == []
