"""What is set for a package, in a real browser: the window, its controls, strictness and the way out."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from hub.scorm.services.package_settings import SettingsOfPackages
from hub.scorm.services.registrations import Registrations
from tests.support.playing import Sco, add_played_course, enrol
from tests.support.scos import sco12

pytestmark = pytest.mark.browser


@pytest.fixture
def launch(live_hub: Hub, tenant: TenantView, system: Principal) -> Callable[..., str]:
    """The address of a learner's launch of a course of two SCOs with these settings."""

    def make(**settings: Any) -> str:
        scos = [Sco(name, title, sco12(title)) for name, title in (("a", "Knots"), ("b", "Sails"))]
        package = add_played_course(live_hub, tenant.id, "scorm_1_2", *scos, title="Sailing")
        live_hub.service(SettingsOfPackages).change(system, str(package), settings)
        make.registration = enrol(live_hub, system, package).id  # type: ignore[attr-defined]
        back = live_hub.settings.public_url + "/healthz"
        return live_hub.service(Launches).create(system, make.registration, return_url=back).url  # type: ignore[attr-defined]

    return make


def test_by_default_everything_is_shown_and_leaving_leads_back(page: Page, launch: Callable[..., str]) -> None:
    page.goto(launch())
    expect(page.frame_locator("#content").locator("h1")).to_have_text("Knots")
    expect(page.locator("#contents")).to_be_visible()
    expect(page.locator("#continue")).to_be_visible()
    page.click("#exit")
    page.wait_for_url("**/healthz")


def test_controls_are_hidden_and_leaving_ends_on_the_players_page(page: Page, launch: Callable[..., str]) -> None:
    page.goto(launch(contents="none", buttons="hidden", on_exit="page", strict_suspend_data=True))
    expect(page.frame_locator("#content").locator("h1")).to_have_text("Knots")
    for control in ("#contents", "#contents-toggle", "#previous", "#continue"):
        expect(page.locator(control)).to_have_count(0)
    tried = page.evaluate(
        """() => [4096, 4097].map((length) => [
            window.API.LMSSetValue("cmi.suspend_data", "x".repeat(length)), String(window.API.LMSGetLastError())])"""
    )
    assert tried == [["true", "0"], ["false", "405"]]
    page.click("#exit")
    expect(page.locator("#notice")).to_contain_text("You have left the course.")
    assert "/play/" in page.url


def test_leaving_closes_a_window_that_was_opened_for_the_course(
    page: Page, launch: Callable[..., str], live_hub: Hub
) -> None:
    page.goto(live_hub.settings.public_url + "/healthz")
    with page.expect_popup() as opened:
        page.evaluate("url => { window.open(url); }", launch(on_exit="close"))
    expect(opened.value.frame_locator("#content").locator("h1")).to_have_text("Knots")
    with opened.value.expect_event("close"):
        opened.value.click("#exit")
    page.goto(launch(on_exit="close"))  # A window that the learner opened cannot be closed: there is a page then.
    page.click("#exit")
    expect(page.locator("#notice")).to_contain_text("You have left the course.")


def test_a_course_is_completed_as_soon_as_it_is_judged(
    page: Page, launch: Callable[..., str], live_hub: Hub, system: Principal
) -> None:
    for completion, expected in (("judged", "completed"), ("reported", "incomplete")):
        page.goto(launch(completion=completion, on_exit="page"))
        expect(page.frame_locator("#content").locator("h1")).to_have_text("Knots")
        page.evaluate("() => window.API.LMSSetValue('cmi.core.lesson_status', 'failed')")
        page.click("#exit")
        expect(page.locator("#notice")).to_contain_text("You have left the course.")
        found = live_hub.service(Registrations).get(system, launch.registration)  # type: ignore[attr-defined]
        result = found.registration.result
        assert (result.completion, result.success) == (expected, "failed")


def test_contents_may_be_closed_at_first(page: Page, launch: Callable[..., str]) -> None:
    page.goto(launch(contents="closed"))
    expect(page.locator("#contents")).to_be_hidden()
    page.click("#contents-toggle")
    expect(page.locator("#contents")).to_be_visible()


def test_content_in_a_window_of_its_own(
    page: Page, launch: Callable[..., str], live_hub: Hub, system: Principal
) -> None:
    page.goto(launch(window="new_window", window_width=640, window_height=480))
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open the course").click()
    window = opened.value
    expect(window.locator("h1")).to_have_text("Knots")
    assert window.evaluate("[innerWidth, innerHeight]") == [640, 480]
    window.evaluate("() => window.opener.API.LMSSetValue('cmi.core.lesson_status', 'completed')")
    expect(page.locator("#notice")).to_contain_text("The course is open in another window.")
    page.click("#continue")
    expect(window.locator("h1")).to_have_text("Sails")
    window.close()
    expect(page.locator("#notice")).to_contain_text("You have closed the course's window.")
    page.get_by_role("button", name="Back to the course").click()
    with page.expect_popup() as reopened:
        page.get_by_role("button", name="Open the course").click()
    expect(reopened.value.locator("h1")).to_have_text("Sails")
    with reopened.value.expect_event("close"):
        page.click("#exit")
    page.wait_for_url("**/healthz")
    detail = live_hub.service(Registrations).get(system, launch.registration)  # type: ignore[attr-defined]
    assert detail.attempts[0].activities[0].status == "completed"
