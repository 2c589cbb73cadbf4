"""Content as it comes: popups of its own, APIs looked for late or in openers, phones, comments, hostile tries."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.comments import Comments
from hub.scorm.services.launches import Launches
from hub.scorm.services.registrations import Registrations, RegistrationView
from tests.support.accessibility import violations
from tests.support.chromium import chromium
from tests.support.console_browser import eventually, frame_at
from tests.support.playing import Sco, add_played_course, enrol
from tests.support.scos import sco12, sco2004

pytestmark = pytest.mark.browser

#: Opens the lesson in a window; the lesson climbs through openers and their parents to its API (RTE 3.3.6.1).
LAUNCHER = """<!doctype html><title>Launcher</title><h1>Launcher</h1>
<button onclick="window.open('lesson.html', 'lesson', 'width=700,height=500')">Open the lesson</button>"""
#: Looks for its API as ADL's own example does: in its parents, then in its opener and that one's parents.
LESSON = """<!doctype html><title>Lesson</title><h1>Lesson</h1><button id="turn">Turn</button>
<button id="finish">Finish</button><script>
function within(each, name) {{
  while (!each[name] && each.parent !== each) each = each.parent;
  return each[name] || null;
}}
var api = within(window, "{api}") || (window.opener && within(window.opener, "{api}"));
var is12 = "{api}" === "API", ended = false;
function call(name, ...values) {{ return api[(is12 ? "LMS" : "") + name](...values); }}
call("Initialize", "");
var place = is12 ? "cmi.core.lesson_location" : "cmi.location";
document.getElementById("turn").onclick = () => call("SetValue", place, "2");
function end() {{
  if (!ended) is12 ? api.LMSFinish("") : api.Terminate("");
  ended = true;
}}
document.getElementById("finish").onclick = () => {{
  call("SetValue", is12 ? "cmi.core.lesson_status" : "cmi.completion_status", "completed");
  end();
}};
addEventListener("pagehide", end);
</script>"""
#: Asks for its API before anything else of the page is there, in its head and without waiting.
HASTY = """<!doctype html><html><head><title>Hasty</title><script>
var api = window.parent.API_1484_11;
window.asked = api ? api.Initialize("") + api.GetValue("cmi.entry") + api.GetValue("cmi.location") : "no API";
if (api) api.SetValue("cmi.location", "7");
</script></head><body><h1>Hasty</h1></body></html>"""
FULL_SCREEN = """<!doctype html><title>Wide</title><h1>Wide</h1>
<button id="wide" onclick="document.documentElement.requestFullscreen()">Wide</button>"""


@pytest.fixture
def start(live_hub: Hub, tenant: TenantView, system: Principal) -> Callable[..., tuple[RegistrationView, str]]:
    """A new learner on a new course of these SCOs, and the address of a launch."""

    def make(standard: str, *scos: Sco, **files: bytes) -> Any:
        named = {name.replace("_", "."): content for name, content in files.items()}
        package = add_played_course(live_hub, tenant.id, standard, *scos, files=named)
        registration = enrol(live_hub, system, package)
        return registration, live_hub.service(Launches).create(system, registration.id).url

    return make


def activities(hub: Hub, system: Principal, registration: RegistrationView) -> Any:
    return hub.service(Registrations).get(system, registration.id).attempts[-1].activities


def content_of(page: Page) -> Any:
    return page.frame_locator("#content")


class TestWindowsOfContent:
    def test_a_lesson_in_the_contents_own_window_finds_its_api_in_the_openers_parents(
        self, page: Page, start: Any, live_hub: Hub, system: Principal
    ) -> None:
        registration, url = start("scorm_1_2", Sco("one", page=LAUNCHER), lesson_html=LESSON.format(api="API").encode())
        page.goto(url)
        with page.expect_popup() as opened:
            content_of(page).get_by_role("button", name="Open the lesson").click()
        lesson = opened.value
        lesson.click("#turn")
        lesson.click("#finish")
        expect(page.locator("#state")).to_have_attribute("data-state", "finished")
        eventually(page, lambda: activities(live_hub, system, registration)[0].status == "completed")
        assert activities(live_hub, system, registration)[0].location == "2"

    def test_closing_the_lessons_window_loses_nothing(
        self, page: Page, start: Any, live_hub: Hub, system: Principal
    ) -> None:
        registration, url = start(
            "scorm_2004", Sco("one", page=LAUNCHER), lesson_html=LESSON.format(api="API_1484_11").encode()
        )
        page.goto(url)
        with page.expect_popup() as opened:
            content_of(page).get_by_role("button", name="Open the lesson").click()
        opened.value.click("#turn")
        opened.value.close(run_before_unload=True)
        eventually(page, lambda: activities(live_hub, system, registration)[0].location == "2")

    def test_the_api_is_there_before_the_content_is(
        self, page: Page, start: Any, live_hub: Hub, system: Principal
    ) -> None:
        registration, url = start("scorm_2004", Sco("one", page=HASTY))
        page.goto(url)
        expect(content_of(page).locator("h1")).to_have_text("Hasty")
        assert frame_at(page, "/content/").evaluate("window.asked") == "trueab-initio"
        page.click("#exit")
        expect(page.locator("#notice")).to_have_attribute("data-notice", "ended")
        page.goto(live_hub.service(Launches).create(system, registration.id).url)
        expect(content_of(page).locator("h1")).to_have_text("Hasty")
        assert frame_at(page, "/content/").evaluate("window.asked") == "trueresume7"

    def test_content_may_fill_the_screen(self, page: Page, start: Any) -> None:
        _, url = start("scorm_1_2", Sco("one", page=FULL_SCREEN))
        page.goto(url)
        content_of(page).locator("#wide").click()
        page.wait_for_function("() => document.fullscreenElement !== null")
        page.evaluate("() => document.exitFullscreen()")
        expect(page.locator("#exit")).to_be_visible()


class TestComments:
    def test_content_reads_what_a_teacher_left_and_cannot_change_it(
        self, page: Page, start: Any, live_hub: Hub, system: Principal
    ) -> None:
        registration, url = start("scorm_2004", Sco("one", page=sco2004("Knots")))
        live_hub.service(Comments).add(system, registration.id, "one", "Look at question 3.", "page-3")
        page.goto(url)
        expect(content_of(page).locator("h1")).to_have_text("Knots")
        read = """() => ["_count", "0.comment", "0.location"].map(
            (name) => window.API_1484_11.GetValue("cmi.comments_from_lms." + name))"""
        assert page.evaluate(read) == ["1", "Look at question 3.", "page-3"]
        changed = """() => [window.API_1484_11.SetValue("cmi.comments_from_lms.0.comment", "Full marks."),
            window.API_1484_11.GetLastError()]"""
        assert page.evaluate(changed) == ["false", "404"]


class TestPhones:
    @pytest.fixture
    def phone(self, playwright: Playwright, tmp_path: Any) -> Iterator[Page]:
        """Chromium as a phone: small, touched, and with the words of a mobile browser."""
        device = {**playwright.devices["iPhone 13"]}
        device.pop("default_browser_type", None)
        with chromium(playwright, tmp_path / "phone", **device) as context:
            yield context.pages[0]

    def test_a_course_is_taken_by_touch(self, phone: Page, start: Any, live_hub: Hub, system: Principal) -> None:
        registration, url = start("scorm_2004", Sco("a", "Wind", sco2004("Wind")), Sco("b", "Sails", sco2004("Sails")))
        phone.goto(url)
        expect(content_of(phone).locator("h1")).to_have_text("Wind")
        content_of(phone).locator("#turn").tap()
        sizes = phone.evaluate(
            """() => ({wide: document.documentElement.scrollWidth - innerWidth,
                frame: document.getElementById("content").getBoundingClientRect().height / innerHeight,
                targets: [...document.querySelectorAll("header button, header summary")]
                  .filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect().height)})"""
        )
        assert sizes["wide"] <= 0
        assert sizes["frame"] > 0.7
        assert min(sizes["targets"]) >= 24  # WCAG 2.2, 2.5.8
        phone.locator("#contents-toggle").tap()
        phone.locator("[data-activity=b]").tap()
        expect(content_of(phone).locator("h1")).to_have_text("Sails")
        expect(phone.locator("#contents")).to_be_hidden()
        assert violations(phone) == []
        eventually(phone, lambda: activities(live_hub, system, registration)[0].location == "2")

    def test_what_was_done_is_sent_when_the_browser_is_put_away(
        self, phone: Page, start: Any, live_hub: Hub, system: Principal
    ) -> None:
        """Phones end pages in the background without a word: being hidden has to be enough."""
        registration, url = start("scorm_1_2", Sco("one", page=sco12("Knots", says_goodbye=False)))
        phone.goto(url)
        content_of(phone).locator("#turn").tap()
        phone.evaluate(
            """() => { Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
                document.dispatchEvent(new Event("visibilitychange")); }"""
        )
        eventually(phone, lambda: activities(live_hub, system, registration)[0].location == "2")
