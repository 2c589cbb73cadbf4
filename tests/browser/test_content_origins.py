"""An origin for each package version: what one keeps in the browser, no other can see or touch."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Frame, Page, expect

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from tests.support.console_browser import frame_at
from tests.support.playing import Sco, add_played_course, enrol
from tests.support.scos import sco12

pytestmark = pytest.mark.browser

#: Keeps a secret in every place that a browser has for a page.
KEEP = """
async () => {
  localStorage.setItem("secret", "s3cret");
  sessionStorage.setItem("secret", "s3cret");
  document.cookie = "secret=s3cret; path=/";
  await (await caches.open("secret")).put("/secret", new Response("s3cret"));
  await navigator.serviceWorker.register(location.pathname.replace("one.html", "worker.js"));
  await new Promise((resolve, reject) => {
    const opening = indexedDB.open("secret", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("s").put("s3cret", "k");
    opening.onsuccess = () => { opening.result.close(); resolve(); };
    opening.onerror = reject;
  });
}
"""

#: What a page of another package tries. Each gives what it found; the empty text stands for nothing.
LOOK = """
async ([address]) => {
  const frameOf = (url) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.onload = () => resolve(frame);
    frame.src = url;
    document.body.append(frame);
  });
  const tries = {
    localStorage: () => localStorage.getItem("secret"),
    sessionStorage: () => sessionStorage.getItem("secret"),
    cookie: () => document.cookie.match(/secret=(\\w+)/)?.[1],
    caches: async () => (await caches.match("/secret"))?.text(),
    indexedDB: async () => (await indexedDB.databases()).map((each) => each.name).join(),
    workers: async () => (await navigator.serviceWorker.getRegistrations()).map((each) => each.scope).join(),
    file: async () => (await fetch(address)).text(),
    frame: async () => (await frameOf(address)).contentDocument?.title,
    ownGrantAtTheirOrigin: async () => (await fetch(new URL(location.pathname, address))).text(),
  };
  const found = {};
  for (const [name, look] of Object.entries(tries)) {
    try { found[name] = (await look()) || ""; } catch { found[name] = ""; }
  }
  document.cookie = "tossed=1; Domain=localhost; path=/";
  return found;
}
"""


def content_frame(page: Page) -> Frame:
    """The frame of the content, once the player has told that it began."""
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    return frame_at(page, "/content/")


def test_packages_cannot_reach_each_other(
    page: Page, hub_of_many_origins: Hub, tenant: TenantView, system: Principal
) -> None:
    hub = hub_of_many_origins

    def launched(title: str) -> str:
        course = Sco("one", title, page=sco12(title))
        package = add_played_course(hub, tenant.id, "scorm_1_2", course, files={"worker.js": b"self.x = 1"})
        return hub.service(Launches).create(system, enrol(hub, system, package).id).url

    def look(address: str) -> dict[str, Any]:
        return content_frame(page).evaluate(LOOK, [address])

    theirs, hostile = launched("Theirs"), launched("Hostile")
    assert urlsplit(theirs).hostname != urlsplit(hostile).hostname
    page.goto(theirs)
    content_frame(page).evaluate(KEEP)
    address = content_frame(page).url
    assert urlsplit(address).hostname == urlsplit(theirs).hostname
    found = look(address)
    assert {name for name, what in found.items() if what} == set(found)  # At home all of it is there.

    page.goto(hostile)
    found = look(address)
    assert {name: what for name, what in found.items() if what} == {}

    page.goto(address)
    assert "tossed" not in page.evaluate("document.cookie")
    assert page.evaluate("localStorage.getItem('secret')") == "s3cret"
