"""The player where it lives: inside an LMS's frame, for everybody, around content that means no good."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Playwright, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from hub.scorm.services.packages import Packages
from hub.scorm.services.registrations import Registrations, RegistrationView
from tests.support.accessibility import violations
from tests.support.chromium import chromium
from tests.support.console_browser import eventually, frame_at, sign_in
from tests.support.people import make_account
from tests.support.playing import Sco, add_played_course, enrol
from tests.support.scos import sco12, sco2004
from tests.support.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def lms() -> Iterator[str]:
    """Another site with a page that frames whatever address its query has."""

    @Request.application
    def page(request: Request) -> Response:
        return Response(
            f'<h1>LMS</h1><iframe src="{request.args.get("src", "about:blank")}" width=1000 height=600></iframe>',
            content_type="text/html",
        )

    server = make_server("127.0.0.1", 0, page, threaded=True)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture
def strict_page(playwright: Playwright, tmp_path: Path) -> Iterator[Page]:
    """A browser that blocks third-party cookies."""
    with chromium(playwright, tmp_path / "strict", third_party_cookies=False) as context:
        yield context.pages[0]


def expect_refused(page: Page) -> None:
    """Wait until the browser shows nothing but its own error in the frame."""
    eventually(page, lambda: [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"])


class TestInsideAnLms:
    def test_play_and_reload_with_third_party_cookies_blocked(
        self, strict_page: Page, live_hub: Hub, tenant: TenantView, system: Principal, lms: str
    ) -> None:
        package = add_played_course(live_hub, tenant.id, "scorm_1_2", Sco("one", page=sco12("Knots")))
        registration = enrol(live_hub, system, package)
        launches = live_hub.service(Launches)
        url = launches.create(system, registration.id, frame_origins=[lms.rstrip("/")]).url
        strict_page.goto(f"{lms}?src={url}")
        content = frame_at(strict_page, "/content/")
        content.click("#turn")
        expect(frame_at(strict_page, "/play/").locator("#state")).to_have_attribute("data-state", "saved")
        with strict_page.expect_event("framenavigated", lambda frame: "/content/" in frame.url):
            frame_at(strict_page, "/play/").evaluate("location.reload()")
        expect(frame_at(strict_page, "/content/").locator("#page")).to_have_text("2")
        (activity,) = live_hub.service(Registrations).get(system, registration.id).attempts[0].activities
        assert (activity.location, activity.sessions) == ("2", 2)

    def test_no_other_site_frames_the_player_or_its_content(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, lms: str
    ) -> None:
        package = add_played_course(live_hub, tenant.id, "scorm_1_2", Sco("one", page=sco12("Knots")))
        registration, launches = enrol(live_hub, system, package), live_hub.service(Launches)
        elsewhere = launches.create(system, registration.id, frame_origins=["https://lms.example"]).url
        page.goto(f"{lms}?src={elsewhere}")
        expect_refused(page)
        page.goto(launches.create(system, registration.id).url)
        address = frame_at(page, "/content/").url  # In a window of its own it plays.
        page.goto(f"{lms}?src={address}")
        expect_refused(page)


@pytest.fixture
def course(live_hub: Hub, tenant: TenantView, system: Principal) -> RegistrationView:
    """A course of two groups for the eye."""
    scos = [Sco(name, title, sco2004(title)) for name, title in (("a", "Wind"), ("b", "Sails"), ("c", "Harbour"))]
    return enrol(live_hub, system, add_played_course(live_hub, tenant.id, "scorm_2004", *scos, title="Sailing"))


class TestForEverybody:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1180, 390])
    def test_axe_finds_nothing(
        self,
        playwright: Playwright,
        tmp_path: Path,
        live_hub: Hub,
        system: Principal,
        course: RegistrationView,
        scheme: Any,
        width: int,
    ) -> None:
        options: dict[str, Any] = {
            "bypass_csp": True,
            "color_scheme": scheme,
            "viewport": {"width": width, "height": 760},
        }
        with chromium(playwright, tmp_path / "axe", **options) as context:
            page = context.pages[0]
            page.goto(live_hub.service(Launches).create(system, course.id).url)
            frame = frame_at(page, "/content/")
            frame.click("#finish")
            expect(page.locator("[data-activity=a]")).to_have_attribute("data-status", "passed")
            if width < 760:
                page.click("#contents-toggle")
            expect(page.locator("#contents")).to_be_visible()
            assert violations(page) == []
            if width < 760:
                page.click("#contents-toggle")
            page.click("#exit")
            expect(page.locator("#notice")).to_be_visible()
            assert violations(page) == []
            page.goto(live_hub.settings.content_url + "/play/nothing")
            assert violations(page) == []


# Each runs in the content's frame and answers what it got; nothing of it may be worth anything.
HOSTILE = {
    "the cookie of the launch": "document.cookie + parent.document.cookie",
    "the console": "text(HUB + '/', {credentials: 'include'})",
    "the API with the user's session": "text(HUB + '/api/v1/registrations', {credentials: 'include'})",
    "statements": "text(HUB + '/xapi/statements?limit=1', {credentials: 'include'})",
    "the API on its own origin": "text('/api/v1/registrations')",
    "a frame of the console": "frameText(HUB + '/sign-in')",
    "another course's file": "text(OTHER.replace(GRANT_OTHER, GRANT_OWN))",
    "a forged grant": "text('/content/' + 'A'.repeat(70) + '/secret.html')",
    "a folder above": "text(location.pathname.replace('one.html', '..%2f..%2fsecret.html'))",
    "a folder above, encoded twice": "text(location.pathname.replace('one.html', '%252e%252e%252fsecret.html'))",
    "another registration's data": "call('/runtime/navigation', {request: 'start'}, FORGED)",
    "an activity of another course": "call('/runtime/commits', {...COMMIT, activity: 'other'}, TOKEN)",
    "somebody else's name": "call('/runtime/commits', {...COMMIT, values: {'cmi.core.student_id': 'root'}}, TOKEN)",
    "the total time": "call('/runtime/commits', {...COMMIT, values: {'cmi.core.total_time': '99:00:00'}}, TOKEN)",
    "a score out of range": "call('/runtime/commits', {...COMMIT, values: {'cmi.core.score.raw': '1000'}}, TOKEN)",
    "a session to come": "call('/runtime/commits', {...COMMIT, session: 99}, TOKEN)",
    "a token in the address": "text('/runtime/navigation?token=' + TOKEN, {method: 'POST', body: START})",
    "the launch page again": "text(parent.location.pathname, {credentials: 'omit'})",
    "another launch's page": "text(OTHER_PLAY, {credentials: 'omit'})",
    "a service worker for the whole origin": "worker('/')",
    "inline script in the player's page": "inject('<script>window.stolen = 1</' + 'script>')",
    "an inline handler in the player's page": "inject('<img src=x onerror=\"window.stolen = 1\">')",
    "eval in the player's page": "parent.eval('1 + 1')",
    "the top window": "top.document.querySelector('h1').textContent",
    "a window of the console": "window.open(HUB + '/sign-in')?.document.title",
    "one domain with the console": "(document.domain = 'localhost', frameText(HUB + '/sign-in'))",
    "the console after asking for storage access": "asked(document.requestStorageAccess(), HUB)",
    "the console's style sheets": "sheet(HUB + '/static/console.css')",
    "the console's pages as a script": "script(HUB + '/registrations')",
    "the API with the player's token": "text(HUB + '/api/v1/registrations', BEARER)",
    "statements with the player's token": "text(HUB + '/xapi/statements', BEARER)",
    "a cookie for the Hub": "(document.cookie = 'session=evil; Domain=localhost; Path=/', document.cookie)",
    "the Hub's address for its own page": "(history.pushState(null, '', HUB + '/sign-in'), 'pushed')",
    "a forged message to the player": "message(parent)",
    "a forged message to the LMS": "message(top)",
    "a session that never was": "call('/runtime/commits', {...COMMIT, session: -1}, TOKEN)",
    "a commit that is no number": "call('/runtime/commits', {...COMMIT, sequence: '1 or 1=1'}, TOKEN)",
    "a token for another registration": "call('/runtime/navigation', {request: 'start'}, TAMPERED)",
    "a renewal of another launch": "text(OTHER_PLAY + '/renewal', {method: 'POST', credentials: 'omit'})",
    "a folder above, with a backslash": "text(location.pathname.replace('one.html', '..%5c..%5csecret.html'))",
    "a folder above, in overlong UTF-8": "text(location.pathname.replace('one.html', '%c0%ae%c0%ae%c0%afsecret.html'))",
    "a folder above, after a null byte": "text(location.pathname.replace('one.html', '%00/..%2f..%2fsecret.html'))",
    "its own file in another's place": "text(location.pathname, {method: 'PUT', body: 'x'})",
    "the Hub's inner pages on this origin": "texts('/metrics', '/sign-in', '/system')",
    "a worker out of another course": "shared(OTHER.replace(GRANT_OTHER, GRANT_OWN))",
}

_TOOLS = """
async ([source, facts]) => {
  const {HUB, OTHER, OTHER_PLAY, GRANT_OWN, GRANT_OTHER, FORGED} = facts;
  const TOKEN = JSON.parse(parent.document.getElementById("launch").textContent).token;
  const BEARER = {headers: {Authorization: "Bearer " + TOKEN}};
  const COOKIES = {credentials: "include"};
  const [head, claims, signature] = TOKEN.split(".");
  const others = JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/")));
  for (const name of Object.keys(others)) if (typeof others[name] === "string") others[name] = crypto.randomUUID();
  const TAMPERED = [head, btoa(JSON.stringify(others)).replace(/=+$/, ""), signature].join(".");
  const COMMIT = {activity: "one", session: 1, base: 0, sequence: 900000, kind: "commit", values: {}};
  const START = JSON.stringify({request: "start"});
  const text = async (url, options = {}) => {
    const response = await fetch(url, options);
    return response.ok ? response.text() : "";
  };
  const texts = async (...urls) => (await Promise.all(urls.map((url) => text(url)))).join("");
  const asked = async (access, url) => (await access) ?? text(url, COOKIES);
  const worker = async (scope) => {
    await navigator.serviceWorker.register(location.pathname.replace("one.html", "worker.js"), {scope});
    return "registered";
  };
  const call = async (path, body, token) => {
    const headers = {Authorization: "Bearer " + token, "Content-Type": "application/json"};
    const response = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
    return response.ok ? response.text() : "";
  };
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const added = (name, attributes) => new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement(name), attributes, {onload: () => resolve(element)});
    element.onerror = reject;
    document.head.append(element);
  });
  const sheet = async (href) => (await added("link", {rel: "stylesheet", href})).sheet.cssRules[0].cssText;
  const script = async (src) => (await added("script", {src})) && "ran";
  const message = async (target) => {
    const before = parent.document.body.outerHTML.length;
    for (const type of ["exit", "suspendAll", "org.imsglobal.lti.close", "lti.put_data", "navigate"]) {
      target.postMessage({type, subject: type, request: type, target: "other"}, "*");
      target.postMessage(JSON.stringify({type}), "*");
    }
    await sleep(200);
    return parent.document.body.outerHTML.length === before ? "" : "changed";
  };
  const shared = (url) => new Promise((resolve, reject) => {
    const found = new SharedWorker(url);
    found.onerror = reject;
    setTimeout(() => reject(), 500);
  });
  const inject = async (html) => {
    const box = parent.document.createElement("div");
    parent.document.body.append(box);
    const range = parent.document.createRange();
    box.append(range.createContextualFragment(html));
    await new Promise((resolve) => setTimeout(resolve, 150));
    return parent.stolen ? "ran" : "";
  };
  const frameText = (url) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    const read = () => { try { resolve(frame.contentDocument.body.textContent); } catch { resolve(""); } };
    frame.onload = read;
    setTimeout(() => resolve(""), 1500);
    frame.src = url;
    document.body.append(frame);
  });
  try { return await eval(source); } catch (error) { return ""; }
}
"""


#: Sends a form into a frame and gives what can be read of the answer there.
_SEND_FORM = """
(action) => new Promise((resolve) => {
  const frame = Object.assign(document.createElement("iframe"), {name: "answer" + Math.random()});
  const form = Object.assign(document.createElement("form"), {action, method: "post", target: frame.name});
  document.body.append(frame, form);
  frame.onload = () => { try { resolve(frame.contentDocument.body.textContent); } catch { resolve(""); } };
  form.submit();
})
"""


class TestHostileContent:
    @pytest.fixture
    def hostile(self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, lms: str) -> Any:
        """A frame of hostile content, and the facts that it would like to use."""
        launches = live_hub.service(Launches)
        own = add_played_course(
            live_hub, tenant.id, "scorm_1_2", Sco("one", page=sco12("Hostile")), files={"worker.js": b"self.x = 1"}
        )
        other = add_played_course(live_hub, tenant.id, "scorm_1_2", Sco("other"), files={"secret.html": b"secret"})
        theirs = launches.create(system, enrol(live_hub, system, other).id).url
        page.goto(theirs)
        address = frame_at(page, "/content/").url
        ours = launches.create(system, enrol(live_hub, system, own).id, frame_origins=[lms.rstrip("/")])
        page.goto(f"{lms}?src={ours.url}")
        frame = frame_at(page, "/content/")
        expect(frame_at(page, "/play/").locator("#state")).to_have_attribute("data-state", "saved")
        facts = {
            "HUB": live_hub.settings.public_url,
            "OTHER": address.replace("other.html", "secret.html"),
            "OTHER_PLAY": theirs,
            "GRANT_OWN": frame.url.split("/")[4],
            "GRANT_OTHER": address.split("/")[4],
            "FORGED": "eyJhbGciOiJub25lIn0.e30.",
        }
        return lambda source: frame.evaluate(_TOOLS, [source, facts])

    def test_nothing_can_be_had(self, hostile: Any) -> None:
        assert hostile("fetch(OTHER).then(r => r.text())") == "secret"  # The tools work: this address is known.
        assert hostile("script(location.pathname.replace('one.html', 'worker.js'))") == "ran"
        assert hostile("sheet('/player/player.css')")
        assert hostile("call('/runtime/commits', {...COMMIT, sequence: 900, values: {'cmi.comments': 'x'}}, TOKEN)")
        found = {name: hostile(source) for name, source in HOSTILE.items()}
        assert {name: got[:200] for name, got in found.items() if got} == {}
        assert len(found) >= 45

    def test_nothing_is_done_in_the_name_of_who_is_signed_in(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal
    ) -> None:
        """The console's cookie goes with no form that content sends, nor with what it fetches or frames."""
        account, hub = make_account(live_hub, system, "administrator"), live_hub.settings.public_url
        sign_in(page, live_hub, account)
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        packages = live_hub.service(Packages).page(system)
        package = add_played_course(live_hub, tenant.id, "scorm_1_2", Sco("one", page=sco12("Hostile")))
        page.goto(live_hub.service(Launches).create(system, enrol(live_hub, system, package).id).url)
        content = frame_at(page, "/content/")
        expect(page.locator("#state")).to_have_attribute("data-state", "saved")
        assert content.evaluate(_SEND_FORM, urlsplit(content.url).path)  # An answer of this origin can be read.
        for path in ("/sign-out", f"/packages/{package}/delete", f"/packages/{package}/settings"):
            answered = content.evaluate(_SEND_FORM, hub + path)
            assert answered == "", f"{path} was answered with {answered}"
        page.goto(f"{hub}/packages/{package}")
        expect(page.get_by_role("heading", name="Sailing")).to_be_visible()
        assert len(live_hub.service(Packages).page(system)) == len(packages) + 1

    def test_the_page_that_opened_the_player_is_out_of_reach(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, lms: str
    ) -> None:
        """Else content could send the LMS's window to a page that looks like it."""
        package = add_played_course(live_hub, tenant.id, "scorm_1_2", Sco("one", page=sco12("Hostile")))
        url = live_hub.service(Launches).create(system, enrol(live_hub, system, package).id).url
        page.goto(lms)
        with page.expect_popup() as opened:
            page.evaluate("url => { window.open(url); }", url)
        content = frame_at(opened.value, "/content/")
        expect(opened.value.locator("#state")).to_have_attribute("data-state", "saved")
        assert content.evaluate("[parent.opener, top.opener, window.opener]") == [None, None, None]
