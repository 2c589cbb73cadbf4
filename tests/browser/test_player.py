"""The player in a real browser: both editions, resuming, unloading, reloading, keyboard and small screens."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, expect

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from hub.scorm.services.registrations import ActivityView, Registrations, RegistrationView
from hub.scorm.services.replays import CallView, Replays
from hub.scorm.spec.manifest.course import Condition, Objective, Sequencing, SequencingRule
from tests.support.console_browser import eventually, frame_at
from tests.support.playing import Sco, Window, add_played_course, enrol
from tests.support.scos import sco12, sco2004

pytestmark = pytest.mark.browser

Start = Callable[..., str]


@pytest.fixture
def start(live_hub: Hub, system: Principal) -> Start:
    """Make a launch and return its address."""

    def make(registration: RegistrationView, **options: Any) -> str:
        return live_hub.service(Launches).create(system, registration.id, **options).url

    return make


@pytest.fixture
def course12(live_hub: Hub, tenant: TenantView, system: Principal) -> RegistrationView:
    """A learner's registration for a SCORM 1.2 course of one SCO."""
    package = add_played_course(live_hub, tenant.id, "scorm_1_2", Sco("one", "Knots", sco12("Knots")), title="Knots")
    return enrol(live_hub, system, package)


@pytest.fixture
def course2004(live_hub: Hub, tenant: TenantView, system: Principal) -> RegistrationView:
    """The same for a SCORM 2004 course of three SCOs."""
    scos = [Sco(name, title, sco2004(title)) for name, title in (("a", "Wind"), ("b", "Sails"), ("c", "Harbour"))]
    return enrol(live_hub, system, add_played_course(live_hub, tenant.id, "scorm_2004", *scos, title="Sailing"))


@pytest.fixture
def tracked(live_hub: Hub, system: Principal) -> Callable[[UUID], list[ActivityView]]:
    """What the Hub has of a registration's activities."""
    return lambda registration_id: list(
        live_hub.service(Registrations).get(system, registration_id).attempts[-1].activities
    )


def content(page: Page, title: str) -> Frame:
    """The content's frame, once the page of that title is in it."""
    expect(page.frame_locator("#content").locator("h1")).to_have_text(title)
    return frame_at(page, "/content/")


def saved(page: Page) -> None:
    """Wait until the Hub has acknowledged everything."""
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


class TestScorm12:
    def test_play_leave_and_resume(self, page: Page, start: Start, course12: RegistrationView, tracked: Any) -> None:
        page.goto(start(course12))
        frame = content(page, "Knots")
        assert frame.evaluate("[initialized, other]") == ["true", None]
        assert frame.text_content("#entry") == "ab-initio"
        frame.click("#turn")
        frame.click("#turn")
        page.click("#exit")
        expect(page.locator("#notice")).to_contain_text("You have left the course")
        assert tracked(course12.id)[0].location == "3"

        page.goto(start(course12))
        frame = content(page, "Knots")
        assert (frame.text_content("#entry"), frame.text_content("#page")) == ("resume", "3")
        frame.click("#finish")
        expect(page.locator("#state")).to_have_attribute("data-state", "finished")
        expect(page.locator("#exit")).to_have_class("next")
        page.click("#exit")
        expect(page.locator("#notice")).to_be_visible()
        activity = tracked(course12.id)[0]
        assert (activity.status, activity.result.score_raw) == ("passed", 90)

    def test_what_content_never_commits_is_kept(
        self, page: Page, start: Start, course12: RegistrationView, tracked: Any
    ) -> None:
        page.goto(start(course12))
        content(page, "Knots").click("#turn")
        eventually(page, lambda: tracked(course12.id)[0].location == "2")

    def test_content_that_says_nothing_of_its_status_has_completed(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, start: Start, tracked: Any
    ) -> None:
        sco = Sco("one", page=sco12("Knots", finish=""))
        registration = enrol(live_hub, system, add_played_course(live_hub, tenant.id, "scorm_1_2", sco))
        page.goto(start(registration))
        content(page, "Knots").click("#turn")
        saved(page)
        assert tracked(registration.id)[0].status == "in_progress"
        content(page, "Knots").click("#finish")
        expect(page.locator("#state")).to_have_attribute("data-state", "finished")
        page.click("#exit")
        expect(page.locator("#notice")).to_be_visible()
        activity = tracked(registration.id)[0]
        assert (activity.status, activity.values["cmi.core.lesson_status"]) == ("completed", "completed")

    def test_leaving_goes_back_to_the_lms(
        self, page: Page, live_hub: Hub, start: Start, course12: RegistrationView
    ) -> None:
        lms = f"{live_hub.settings.public_url}/healthz"
        page.goto(start(course12, return_url=lms))
        content(page, "Knots")
        page.click("#exit")
        page.wait_for_url(lms)


class TestUnloading:
    @pytest.mark.parametrize("says_goodbye", [True, False])
    def test_the_last_words_arrive_when_the_page_goes(
        self,
        page: Page,
        live_hub: Hub,
        tenant: TenantView,
        system: Principal,
        start: Start,
        tracked: Any,
        says_goodbye: bool,
    ) -> None:
        sco = Sco("one", page=sco12("Knots", says_goodbye=says_goodbye))
        registration = enrol(live_hub, system, add_played_course(live_hub, tenant.id, "scorm_1_2", sco))
        page.goto(start(registration))
        frame = content(page, "Knots")
        saved(page)
        frame.evaluate("turn()")
        page.goto("about:blank")
        eventually(page, lambda: tracked(registration.id)[0].location == "2")

    def test_large_suspend_data_arrives_too(
        self, page: Page, start: Start, course12: RegistrationView, tracked: Any
    ) -> None:
        page.goto(start(course12))
        frame = content(page, "Knots")
        frame.evaluate("api.LMSSetValue('cmi.suspend_data', 'x'.repeat(63999) + 'y')")
        saved(page)
        with page.expect_request("**/runtime/commits"):
            frame.evaluate("turn(); api.LMSSetValue('cmi.suspend_data', 'z'.repeat(63990))")
        page.goto("about:blank")
        page.goto(start(course12))  # What the browser stopped, as it was on its way, comes now.
        content(page, "Knots")
        eventually(page, lambda: tracked(course12.id)[0].values["cmi.suspend_data"] == "z" * 63990)

    def test_a_reload_goes_on_in_the_same_browser_only(
        self, page: Page, start: Start, course12: RegistrationView, browser: BrowserContext
    ) -> None:
        address = start(course12)
        page.goto(address)
        content(page, "Knots").click("#turn")
        page.reload()
        frame = content(page, "Knots")
        assert (frame.text_content("#entry"), frame.text_content("#page")) == ("resume", "2")
        browser.clear_cookies()
        response = page.goto(address)
        assert response is not None
        assert response.status == 410
        expect(page.locator("h1")).to_have_text("Open it again from your course")


class TestScorm2004:
    def test_several_activities(self, page: Page, start: Start, course2004: RegistrationView, tracked: Any) -> None:
        page.goto(start(course2004))
        frame = content(page, "Wind")
        assert frame.evaluate("[initialized, other]") == ["true", None]
        assert frame.evaluate("api.GetValue('adl.nav.request_valid.continue')") == "true"
        assert frame.evaluate("api.GetValue('adl.nav.request_valid.previous')") == "false"
        assert frame.evaluate("api.GetValue('adl.nav.request_valid.choice.{target=c}')") == "true"
        expect(page.locator("#previous")).to_be_disabled()
        frame.click("#finish")
        expect(page.locator("[data-activity=a]")).to_have_attribute("data-status", "passed")
        page.click("#continue")
        content(page, "Sails")
        expect(page.locator("[data-activity=b]")).to_have_attribute("aria-current", "true")
        page.click("[data-activity=c]")
        content(page, "Harbour").click("#turn")
        page.click("#previous")
        content(page, "Sails").click("#finish")
        page.click("[data-activity=c]")
        frame = content(page, "Harbour")
        assert (frame.text_content("#entry"), frame.text_content("#page")) == ("resume", "2")
        assert [each.status for each in tracked(course2004.id)] == ["passed", "passed", "in_progress"]

    def test_content_moves_on_by_itself(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, start: Start
    ) -> None:
        finish = "api.SetValue('adl.nav.request', '{target=c}choice');"
        scos = [Sco(name, name, sco2004(name, finish=finish)) for name in ("a", "b", "c")]
        registration = enrol(live_hub, system, add_played_course(live_hub, tenant.id, "scorm_2004", *scos))
        page.goto(start(registration))
        content(page, "a").click("#finish")
        content(page, "c")

    def test_without_flow_the_learner_chooses(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, start: Start
    ) -> None:
        scos = [Sco(name, name, sco2004(name)) for name in ("a", "b")]
        package = add_played_course(live_hub, tenant.id, "scorm_2004", *scos, sequencing=Sequencing())
        page.goto(start(enrol(live_hub, system, package)))
        expect(page.locator("#notice")).to_contain_text("Choose from the contents")
        expect(page.locator("#continue")).to_be_disabled()
        page.click("[data-activity=b]")
        content(page, "b")
        expect(page.locator("#notice")).to_be_hidden()

    def test_what_sequencing_closes_cannot_be_chosen(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, start: Start
    ) -> None:
        rule = SequencingRule("disabled", (Condition("completed", operator="not"),))
        hidden = SequencingRule("hiddenFromChoice", (Condition("always"),))
        scos = [
            Sco("a", "a", sco2004("a")),
            Sco("b", "b", sco2004("b"), sequencing=Sequencing(pre_condition_rules=(rule,))),
            Sco("c", "c", sco2004("c"), sequencing=Sequencing(pre_condition_rules=(hidden,))),
        ]
        page.goto(start(enrol(live_hub, system, add_played_course(live_hub, tenant.id, "scorm_2004", *scos))))
        frame = content(page, "a")
        expect(page.locator("[data-activity=a]")).to_be_enabled()
        expect(page.locator("[data-activity=c]")).to_be_hidden()
        assert frame.evaluate("api.GetValue('adl.nav.request_valid.choice.{target=c}')") == "false"
        assert frame.evaluate("api.GetValue('adl.nav.request_valid.jump.{target=c}')") == "true"

    def test_a_bookmark_can_be_cleared(
        self, page: Page, start: Start, course2004: RegistrationView, tracked: Any
    ) -> None:
        page.goto(start(course2004))
        frame = content(page, "Wind")
        frame.click("#turn")
        eventually(page, lambda: tracked(course2004.id)[0].location not in {None, ""})
        assert frame.evaluate("[api.SetValue('cmi.location', ''), api.GetLastError()]") == ["true", "0"]
        assert frame.evaluate("api.GetValue('cmi.location')") == ""
        frame.evaluate("api.Commit('')")
        eventually(page, lambda: tracked(course2004.id)[0].location == "")

    def test_content_cannot_overwrite_what_holds_elements(
        self, page: Page, start: Start, course2004: RegistrationView
    ) -> None:
        page.goto(start(course2004))
        frame = content(page, "Wind")
        frame.evaluate("api.SetValue('cmi.objectives.0.id', 'knots')")
        for name in ("cmi", "cmi.objectives", "cmi.objectives.0", "cmi.objectives.0.score", "adl.data"):
            found = frame.evaluate("name => [api.SetValue(name, 'x'), api.GetLastError()]", name)
            assert found == ["false", "401"], name
        assert frame.evaluate("api.GetValue('cmi.objectives.0.id')") == "knots"
        assert frame.evaluate("api.SetValue('cmi.objectives.0.score.scaled', '1')") == "true"

    def test_objectives_of_the_manifest_exist(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, start: Start
    ) -> None:
        objectives = Sequencing(objectives=(Objective("obj-1", True), Objective("obj-2", False)))
        sco = Sco("a", page=sco2004("a"), columns={"launch_data": "start here"}, sequencing=objectives)
        registration = enrol(live_hub, system, add_played_course(live_hub, tenant.id, "scorm_2004", sco))
        page.goto(start(registration))
        frame = content(page, "a")
        names = ["cmi.objectives._count", "cmi.objectives.1.id", "cmi.launch_data", "cmi.learner_name"]
        found = frame.evaluate("names => names.map(name => api.GetValue(name))", names)
        assert found == ["2", "obj-2", "start here", "Ada Lovelace"]


class TestTrouble:
    def test_the_older_window_is_told(
        self, page: Page, browser: BrowserContext, start: Start, course12: RegistrationView, tracked: Any
    ) -> None:
        page.goto(start(course12))
        older = content(page, "Knots")
        newer = browser.new_page()
        newer.goto(start(course12))
        content(newer, "Knots").click("#turn")
        saved(newer)
        older.click("#turn")
        expect(page.locator("#notice")).to_contain_text("opened in another window")
        assert tracked(course12.id)[0].location == "2"

    def test_a_lost_connection_loses_nothing(
        self, page: Page, browser: BrowserContext, start: Start, course12: RegistrationView, tracked: Any
    ) -> None:
        page.goto(start(course12))
        frame = content(page, "Knots")
        saved(page)
        browser.set_offline(True)
        frame.click("#turn")
        expect(page.locator("#warning")).to_contain_text("No connection")
        browser.set_offline(False)
        saved(page)
        expect(page.locator("#warning")).to_be_hidden()
        eventually(page, lambda: tracked(course12.id)[0].location == "2")

    def test_what_could_not_be_sent_comes_with_the_next_launch(
        self, page: Page, start: Start, course12: RegistrationView, tracked: Any
    ) -> None:
        """The Hub is away, the page is left; later the course is opened anew in the same browser."""
        page.goto(start(course12))
        frame = content(page, "Knots")
        saved(page)
        page.route("**/runtime/commits", lambda route: route.abort())
        frame.evaluate("api.LMSSetValue('cmi.suspend_data', 'the answer'); turn()")
        expect(page.locator("#warning")).to_contain_text("No connection")
        assert "the answer" not in page.evaluate("JSON.stringify(localStorage)")
        assert page.evaluate("Object.keys(localStorage).some(name => name.startsWith('answers.'))")
        page.reload()
        expect(page.locator("#notice")).to_contain_text("kept in this browser")
        page.goto("about:blank")
        page.unroute("**/runtime/commits")
        page.goto(start(course12))
        frame = content(page, "Knots")
        assert (frame.text_content("#entry"), frame.text_content("#page")) == ("resume", "2")
        page.wait_for_function("!Object.keys(localStorage).some(name => name.startsWith('answers.'))")

    def test_what_comes_too_late_is_told(
        self, page: Page, live_hub: Hub, system: Principal, start: Start, course12: RegistrationView, tracked: Any
    ) -> None:
        """Meanwhile the learner has gone on elsewhere: the newer state stays, and the learner is told."""
        page.goto(start(course12))
        frame = content(page, "Knots")
        saved(page)
        page.route("**/runtime/commits", lambda route: route.abort())
        frame.click("#turn")
        expect(page.locator("#warning")).to_contain_text("No connection")
        page.goto("about:blank")
        page.unroute("**/runtime/commits")
        elsewhere = Window(live_hub, system, course12.id)
        elsewhere.go()
        elsewhere.commit({"cmi.core.lesson_location": "9"})
        page.goto(start(course12))
        assert content(page, "Knots").text_content("#page") == "9"
        saved(page)
        expect(page.locator("#warning")).to_contain_text("came too late")

    def test_a_session_that_expires_is_renewed(
        self, page: Page, start: Start, course12: RegistrationView, tracked: Any
    ) -> None:
        page.goto(start(course12))
        frame = content(page, "Knots")
        saved(page)
        page.route("**/runtime/*", lambda route: route.fulfill(status=401, json={"code": "session_expired"}), times=1)
        frame.click("#turn")
        eventually(page, lambda: tracked(course12.id)[0].location == "2")
        expect(page.locator("#notice")).to_be_hidden()
        page.route("**/runtime/*", lambda route: route.fulfill(status=401, json={"code": "session_expired"}), times=1)
        page.click("#exit")
        expect(page.locator("#notice")).to_contain_text("You have left the course")

    def test_a_session_that_is_over_loses_nothing(
        self, page: Page, start: Start, course12: RegistrationView, tracked: Any
    ) -> None:
        page.goto(start(course12))
        frame = content(page, "Knots")
        saved(page)
        page.route("**/runtime/*", lambda route: route.fulfill(status=401, json={"code": "session_expired"}))
        page.route("**/renewal", lambda route: route.fulfill(status=410, json={"code": "launch_used"}))
        frame.click("#turn")
        expect(page.locator("#notice")).to_contain_text("open the course again to hand them in")
        page.unroute_all()
        page.goto(start(course12))
        assert content(page, "Knots").text_content("#page") == "2"

    def test_much_that_is_set_in_the_last_moment_arrives(
        self, page: Page, start: Start, course2004: RegistrationView, tracked: Any
    ) -> None:
        """200 kB in the moment of leaving: more than a browser sends for a page that goes, so the rest comes later."""
        page.goto(start(course2004))
        frame = content(page, "Wind")
        saved(page)
        frame.evaluate(
            """() => {
                api.SetValue("cmi.suspend_data", "s".repeat(64000));
                for (const at of [0, 1, 2]) {
                    api.SetValue(`cmi.interactions.${at}.id`, `q${at}`);
                    api.SetValue(`cmi.interactions.${at}.type`, "long-fill-in");
                    api.SetValue(`cmi.interactions.${at}.learner_response`, String(at).repeat(45000));
                }
                top.location.href = "about:blank";
            }"""
        )
        page.wait_for_url("about:blank")
        page.goto(start(course2004))
        content(page, "Wind")
        eventually(page, lambda: tracked(course2004.id)[0].values.get("cmi.suspend_data") == "s" * 64_000)
        values = tracked(course2004.id)[0].values
        assert [values[f"cmi.interactions.{at}.learner_response"] for at in range(3)] == [
            str(at) * 45_000 for at in range(3)
        ]

    def test_when_the_time_is_over_the_learner_is_told_and_let_go(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal, start: Start, tracked: Any
    ) -> None:
        columns = {"max_time_allowed": "00:00:02", "time_limit_action": "exit,message"}
        sco = Sco("one", page=sco12("Knots") + "<script>turn();</script>", columns=columns)
        registration = enrol(live_hub, system, add_played_course(live_hub, tenant.id, "scorm_1_2", sco))
        page.goto(start(registration))
        expect(page.locator("#notice")).to_contain_text("The time for this part is over")
        page.click("#act")
        expect(page.locator("#notice")).to_contain_text("You have left the course")
        assert tracked(registration.id)[0].location == "2"

    def test_a_preview_says_so_and_records_nothing(
        self, page: Page, live_hub: Hub, tenant: TenantView, system: Principal
    ) -> None:
        scos = [Sco(name, name, sco2004(name)) for name in ("a", "b")]
        package = add_played_course(live_hub, tenant.id, "scorm_2004", *scos)
        page.goto(live_hub.service(Launches).preview(system, package).url)
        frame = content(page, "a")
        assert frame.evaluate("api.GetValue('cmi.mode')") == "browse"
        expect(page.locator(".pill")).to_have_text("Preview: nothing is recorded")
        page.click("#continue")
        content(page, "b")
        page.click("#previous")
        content(page, "a")


class TestKeyboard:
    def test_everything_can_be_reached(self, page: Page, start: Start, course2004: RegistrationView) -> None:
        page.goto(start(course2004))
        content(page, "Wind")
        page.locator("body").evaluate("body => { document.activeElement.blur(); body.focus(); }")
        page.locator("#contents-toggle").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#contents")).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page.locator("#contents")).to_be_visible()
        page.locator("#continue").focus()
        page.keyboard.press("Enter")
        content(page, "Sails")

    def test_the_bar_can_be_hidden_and_shown(self, page: Page, start: Start, course2004: RegistrationView) -> None:
        page.goto(start(course2004))
        content(page, "Wind")
        page.locator("#hide").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#bar")).to_be_hidden()
        expect(page.locator("#show")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#bar")).to_be_visible()
        expect(page.locator("#hide")).to_be_focused()


class TestSmallScreens:
    def test_contents_are_a_drawer(self, page: Page, start: Start, course2004: RegistrationView) -> None:
        page.set_viewport_size({"width": 390, "height": 760})
        page.goto(start(course2004))
        content(page, "Wind")
        expect(page.locator("#contents")).to_be_hidden()
        page.click("#contents-toggle")
        page.keyboard.press("Escape")
        expect(page.locator("#contents")).to_be_hidden()
        expect(page.locator("#contents-toggle")).to_be_focused()
        page.click("#contents-toggle")
        page.click("[data-activity=b]")
        content(page, "Sails")
        expect(page.locator("#contents")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def test_right_to_left_mirrors(self, page: Page, start: Start, course2004: RegistrationView) -> None:
        page.goto(start(course2004, locale="ar"))
        content(page, "Wind")
        assert page.evaluate("document.documentElement.dir") == "rtl"
        contents, frame = page.locator("#contents").bounding_box(), page.locator("#content").bounding_box()
        assert contents is not None
        assert frame is not None
        assert contents["x"] > frame["x"]


def test_support_people_can_replay_what_content_did(
    page: Page, live_hub: Hub, system: Principal, start: Start, course2004: RegistrationView
) -> None:
    page.goto(start(course2004))
    frame = content(page, "Wind")
    frame.evaluate(
        """() => {
            const api = window.parent.API_1484_11;
            api.SetValue("cmi.score.scaled", "7");
            api.SetValue("cmi.suspend_data", "x".repeat(5000));
            api.GetValue("cmi.suspend_data");
            api.Terminate("");
        }"""
    )
    replays = live_hub.service(Replays)

    def calls() -> list[CallView]:
        return [call for record in replays.get(system, course2004.id, 1).records for call in record.calls]

    page.wait_for_function("() => document.getElementById('state').dataset.state === 'finished'")
    eventually(page, lambda: "Terminate" in [call.method for call in calls()])
    told = [(call.method, call.element, call.answer, call.error) for call in calls()]
    assert told[0] == ("Initialize", "", "true", 0)
    assert ("SetValue", "cmi.score.scaled", "false", 407) in told
    assert told[-1] == ("Terminate", "", "true", 0)
    assert told.count(told[-1]) == 1
    (long,) = [call for call in calls() if (call.method, call.element) == ("SetValue", "cmi.suspend_data")]
    assert long.value == "x" * 200 + "… (5000)"
