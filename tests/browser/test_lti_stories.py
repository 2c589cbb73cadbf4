"""LTI as people meet it: administrators, teachers and learners at the Demo LMS, by the demo's own processes."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, FrameLocator, Page, Playwright, expect

from tests.support.chromium import chromium, chromium_program, cookies_seen_in_a_frame
from tests.support.demo_browser import FIRE_SAFETY, LmsVisitor, answer, expect_heading, read_on
from tests.support.running_demo import RunningDemo, running_demo

pytestmark = pytest.mark.browser

FIRE = "Fire safety at school"
WEATHER = "Reading a weather map"

Visit = Callable[..., LmsVisitor]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    chromium_program()
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
def visit(playwright: Playwright, tmp_path: Path, demo: RunningDemo) -> Iterator[Visit]:
    """Somebody at a browser of their own, signed in to the Demo LMS; third-party cookies are blocked."""
    with ExitStack() as browsers:

        def start(username: str, **options: Any) -> LmsVisitor:
            folder = tmp_path / f"profile-{len(list(tmp_path.iterdir()))}"
            options = {"third_party_cookies": False, "viewport": {"width": 1280, "height": 900}, **options}
            page = browsers.enter_context(chromium(playwright, folder, **options)).new_page()
            visitor = LmsVisitor(page, demo)
            visitor.sign_in(username)
            return visitor

        yield start


@pytest.fixture
def teacher(visit: Visit) -> Iterator[LmsVisitor]:
    """The teacher, who leaves the platform behaving."""
    visitor = visit("teacher")
    yield visitor
    visitor.post("/view-as", username="teacher")
    visitor.post("/switches", reset="1")


def hub_page(visitor: LmsVisitor) -> Page:
    """The Hub's console in another tab, signed in as its administrator."""
    page, person = visitor.page.context.new_page(), visitor.demo.credentials("author of the Hub")
    page.goto(visitor.demo.hub_url)
    page.get_by_label("E-mail").fill(person["email"])
    page.get_by_label("Password").fill(person["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("navigation").first.wait_for()
    return page


def finish(content: Frame, right: int = 6) -> None:
    """Do the course on fire safety to its end, with so many right answers."""
    read_on(content, 5)
    for given in FIRE_SAFETY[:right]:
        answer(content, given)
        read_on(content, 1)
    content.get_by_role("button", name="Finish").click()
    expect(content.get_by_text("Everything is recorded.")).to_be_visible()


def score(content: Frame, points: int) -> None:
    """Have the course say a score by its run-time."""
    content.evaluate(
        """points => {
            let api = window;
            while (!api.API) api = api.parent;
            api.API.LMSSetValue("cmi.core.lesson_status", "passed");
            api.API.LMSSetValue("cmi.core.score.raw", String(points));
            api.API.LMSCommit("");
        }""",
        points,
    )


def registration_link(hub: Page, *, once: bool) -> str:
    """The address that an administrator copies from the page for new platforms."""
    hub.goto(re.sub(r"(://[^/]+).*", r"\1", hub.url) + "/platforms/new")
    if once:
        hub.get_by_role("button", name="Make a one-time link").click()
        return str(hub.locator("text=/invitation=/").first.inner_text()).strip()
    return str(hub.locator("text=/lti\\/register\\/demo$/").first.inner_text()).strip()


def test_a_tool_registers_and_its_courses_are_picked_played_graded_reported_and_reviewed(
    teacher: LmsVisitor,
) -> None:
    page = teacher.page
    link = registration_link(hub_page(teacher), once=True)

    page.goto(f"{teacher.demo.lms_url}/tools")
    page.get_by_label("Registration address of the tool").fill(link)
    page.get_by_role("button", name="Register here").click()
    offer = page.frame_locator("#registration iframe")
    expect(offer.get_by_text(teacher.demo.lms_url)).to_be_visible()
    teacher.settle()
    offer.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("row", name="by itself")).to_be_visible()
    expect(page.locator("#registration")).to_be_hidden()

    picker = open_picker(teacher, "Add from Standards Hub (2)")
    pick_two_courses(picker)
    expect(page.get_by_role("heading", name="Weather, week 1")).to_be_visible()
    expect(page.get_by_text("Due")).to_have_count(2)
    page.goto(f"{teacher.demo.lms_url}/courses/1/gradebook")
    for column in ("Weather test / 50", f"{FIRE} / 50"):
        expect(page.get_by_role("columnheader", name=column)).to_be_visible()

    teacher.become("learner1")
    finish(teacher.launch(FIRE))
    teacher.exit()
    expect(page.get_by_role("status").filter(has_text="Your progress is saved.")).to_be_visible()
    page.goto(f"{teacher.demo.lms_url}/courses/1/gradebook")
    expect(page.get_by_role("row", name="Liam")).to_contain_text("50 / 50")
    expect(page.get_by_role("row", name="Liam")).to_contain_text("Not begun")
    check_reports(teacher)
    check_review(teacher)


def open_picker(visitor: LmsVisitor, button: str) -> FrameLocator:
    visitor.open_course()
    visitor.page.get_by_role("button", name=button).click()
    picker = visitor.page.frame_locator("dialog iframe")
    expect(picker.get_by_role("heading", name="Choose a course")).to_be_visible()
    visitor.settle()
    return picker


def pick_two_courses(picker: FrameLocator) -> None:
    """Both, one under other names; the first try has dates that cannot be, and loses nothing."""
    picker.get_by_role("checkbox", name=WEATHER).check()
    picker.get_by_label("Words in title").fill("fire")
    picker.get_by_role("button", name="Search").click()
    expect(picker.get_by_role("checkbox", name=WEATHER)).to_be_checked()
    picker.get_by_role("checkbox", name=FIRE).check()
    picker.locator("summary", has_text=WEATHER).click()
    picker.get_by_label("Title in the course").first.fill("Weather, week 1")
    picker.get_by_label("Column in the gradebook").first.fill("Weather test")
    picker.get_by_label("Points").fill("50")
    picker.locator("summary", has_text="Dates").click()
    picker.get_by_label("Can be opened from").fill("2026-01-01T08:00")
    picker.get_by_label("To be handed in by").fill("2025-12-01T08:00")
    picker.get_by_label("Custom parameters").fill("level=2")
    picker.get_by_role("button", name="Add to the course").click()
    expect(picker.get_by_role("alert")).to_contain_text("before the beginning")
    expect(picker.get_by_label("Can be opened from")).to_have_value("2026-01-01T08:00")
    picker.get_by_label("To be handed in by").fill("2036-12-24T18:00")
    picker.get_by_role("button", name="Add to the course").click()


def check_reports(teacher: LmsVisitor) -> None:
    """The learner sees their own part, the teacher all of it with who has not begun and the groups."""
    page, tool = teacher.page, teacher.player
    page.get_by_role("navigation", name="Course").get_by_role("link", name="Standards Hub (2)").click()
    expect(tool.get_by_role("heading", name="Weather and safety")).to_be_visible()
    expect(tool.get_by_text(FIRE)).to_be_visible()
    assert "Lena" not in tool.locator("body").inner_text()
    teacher.become("teacher")
    teacher.open_course()
    page.get_by_role("link", name=FIRE).click()
    expect(tool.get_by_role("row", name="Lena Learner")).to_contain_text("Not begun")
    expect(tool.get_by_role("row", name="Lena Learner")).to_contain_text("Green group")
    expect(tool.get_by_role("row", name="Liam Learner")).to_contain_text("100")
    expect(tool.get_by_role("row", name="Tessa")).to_have_count(0)


def check_review(teacher: LmsVisitor) -> None:
    page = teacher.page
    page.goto(f"{teacher.demo.lms_url}/courses/1/gradebook")
    page.get_by_role("row", name="Liam").get_by_role("link", name="Open submission").click()
    expect(page.get_by_role("heading", name="Liam Learner")).to_be_visible()
    teacher.content()
    expect(teacher.player.get_by_text("Review", exact=False).first).to_be_visible()


@pytest.mark.parametrize("cookies", ["blocked", "allowed"])
def test_the_whole_way_from_the_picker_to_the_grade_whatever_becomes_of_third_party_cookies(
    visit: Visit, cookies: str
) -> None:
    """Picked by the teacher, begun, left, resumed and finished by the learner, graded, and told in the report."""
    keeps = {"third_party_cookies": cookies == "allowed"}
    teacher = visit("teacher", **keeps)
    course = copy_course(teacher, "/courses/1", f"Cookies are {cookies}")
    add_in(teacher, course, FIRE)
    learner = visit("learner1", **keeps)
    seen = learner.page.context.new_page()
    assert cookies_seen_in_a_frame(seen) == ({"plain", "own"} if keeps["third_party_cookies"] else {"own"})
    seen.close()

    learner.page.goto(course)
    open_last(learner)
    content = learner.content()
    read_on(content, 5)
    answer(content, FIRE_SAFETY[0])
    read_on(content, 1)
    learner.exit()
    expect(learner.page.get_by_role("status").filter(has_text="Your progress is saved.")).to_be_visible()
    open_last(learner)
    content = learner.content()
    expect_heading(content, "Question 2 of 6")
    for given in FIRE_SAFETY[1:]:
        answer(content, given)
        read_on(content, 1)
    content.get_by_role("button", name="Finish").click()
    expect(content.get_by_text("Everything is recorded.")).to_be_visible()

    gradebook = teacher.page
    gradebook.goto(f"{course}/gradebook")
    expect(gradebook.get_by_role("row", name="Liam").get_by_role("cell").last).to_contain_text("100 / 100")
    gradebook.goto(course)
    open_last(teacher)
    expect(teacher.player.get_by_role("row", name="Liam Learner")).to_contain_text("100")


def test_a_platform_that_nobody_invited_waits_for_an_administrator(teacher: LmsVisitor) -> None:
    page, hub = teacher.page, hub_page(teacher)
    link = registration_link(hub, once=False)
    page.goto(f"{teacher.demo.lms_url}/tools")
    page.get_by_label("Registration address of the tool").fill(link)
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Register in a new window").click()
    window = opened.value
    expect(window.get_by_text("has to approve the platform")).to_be_visible()
    window.get_by_role("button", name="Connect").click()
    expect(window.get_by_text("waits for an administrator")).to_be_visible()
    with window.expect_event("close"):
        window.get_by_role("button", name="Close").click()
    newest = page.get_by_role("row", name="by itself").last
    client_id = newest.locator("code").first.inner_text()
    deployment = newest.get_by_role("cell").nth(1).inner_text()

    teacher.open_course()
    page.get_by_role("button", name=f"Add from Standards Hub ({deployment})").click()
    tool = page.frame_locator("dialog iframe")
    expect(tool.get_by_text("waits for an administrator's approval")).to_be_visible()

    hub.goto(f"{teacher.demo.hub_url}/platforms")
    hub.get_by_role("row").filter(has_text="waiting").get_by_role("link").first.click()
    expect(hub.get_by_text(client_id, exact=True)).to_be_visible()
    hub.get_by_role("button", name="Approve").click()
    expect(hub.get_by_role("button", name="Test the connection")).to_be_visible()
    expect(hub.get_by_role("button", name="Approve")).to_have_count(0)
    open_picker(teacher, f"Add from Standards Hub ({deployment})")


def test_a_copied_course_keeps_working_and_one_without_a_past_lets_the_teacher_choose(teacher: LmsVisitor) -> None:
    first = copy_course(teacher, "/courses/1", "First term")
    add_in(teacher, first, WEATHER)
    open_last(teacher)  # Of a link that was never opened the Hub knows nothing, so its copies would have no past.
    expect(teacher.player.get_by_text(f"Opens “{WEATHER}”")).to_be_visible()
    copy_course(teacher, first, "Second term", custom=False)
    open_last(teacher)
    expect(teacher.player.get_by_text(f"Opens “{WEATHER}”")).to_be_visible()
    teacher.switch(tells_history=False)
    copy_course(teacher, first, "Third term", custom=False)
    open_last(teacher)
    expect(teacher.player.get_by_role("heading", name="Choose what this link opens")).to_be_visible()
    teacher.become("learner1")
    expect(teacher.player.get_by_text("has not chosen a course")).to_be_visible()
    teacher.become("teacher")
    teacher.player.get_by_role("radio", name=FIRE).check()
    teacher.player.get_by_role("button", name="Use for this link").click()
    expect(teacher.player.get_by_text(f"Opens “{FIRE}”")).to_be_visible()
    teacher.become("learner1")
    expect_heading(teacher.content(), FIRE)


def open_last(teacher: LmsVisitor) -> None:
    """Open the last activity of the course page that is shown."""
    teacher.page.locator("ol.activities h2 a").last.click()


def copy_course(teacher: LmsVisitor, course: str, title: str, *, custom: bool = True) -> str:
    """Copy a course; the address of the copy."""
    page = teacher.page
    page.goto(course if course.startswith("http") else teacher.demo.lms_url + course)
    page.locator("summary", has_text="Copy this course").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Copy the custom values").set_checked(custom)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".course-title")).to_have_text(title)
    return page.url


def test_a_grade_arrives_right_whatever_the_platform_does(teacher: LmsVisitor, visit: Visit) -> None:
    course = copy_course(teacher, "/courses/1", "Bad days")
    page = teacher.page
    add_in(teacher, course, FIRE)
    learner = visit("learner1")
    learner.page.goto(course)
    open_last(learner)
    content = learner.content()
    gradebook = page.context.new_page()
    gradebook.goto(f"{course}/gradebook")
    cell = gradebook.get_by_role("row", name="Liam").get_by_role("cell").last
    for points, fault in enumerate(("slow", "500", "lost", "409", "429", "401"), start=41):
        teacher.switch(fault=fault, times=1, seconds=1)
        score(content, points)
        expect(cell).to_contain_text(f"{points} / 100")
    rotate_keys(teacher.demo)
    score(content, 51)
    expect(cell).to_contain_text("51 / 100")
    page.goto(f"{course}/messages")
    assert page.get_by_role("row", name="Misbehaviour").count() == 6
    taken = page.get_by_role("row", name=re.compile(r"Score .*: 4[1-6] of 100")).count()
    assert taken in (6, 7), "each score once; the one that was taken but answered with 500 was sent again"


def add_in(teacher: LmsVisitor, course: str, title: str) -> None:
    teacher.page.goto(course)
    teacher.page.get_by_role("button", name="Add activity").click()
    picker = teacher.page.frame_locator("dialog iframe")
    expect(picker.get_by_role("checkbox", name=title)).to_be_visible()
    teacher.settle()
    picker.get_by_role("checkbox", name=title).check()
    with teacher.page.expect_navigation():
        picker.get_by_role("button", name="Add to the course").click()


def rotate_keys(demo: RunningDemo) -> None:
    """`hub keys rotate --announce-hours 0` as an operator runs it beside the running Hub."""
    command = [sys.executable, "-m", "hub", "keys", "rotate", "--announce-hours", "0"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    done = subprocess.run(command, cwd=demo.folder.project, env=inherited, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_wrong_clock_is_told_plainly_and_keys_rotate_without_a_gap(teacher: LmsVisitor) -> None:
    page, hub = teacher.page, hub_page(teacher)
    course = copy_course(teacher, "/courses/1", "Clocks and keys")
    add_in(teacher, course, FIRE)
    teacher.switch(clock=-900)
    page.goto(course)
    open_last(teacher)
    expect(teacher.player.get_by_text("compare the clocks").first).to_be_visible()
    hub.goto(f"{teacher.demo.hub_url}/platforms")
    hub.get_by_role("link", name="Demo LMS").first.click()
    refused = hub.get_by_role("row").filter(has_text="refused").first
    expect(refused).to_contain_text("ago")
    refused.get_by_text("What came").click()
    expect(refused).to_contain_text("LtiResourceLinkRequest")
    hub.get_by_role("button", name="Test the connection").click()
    clock = hub.locator("dt", has_text="Clock").locator("xpath=following-sibling::dd[1]")
    is_wrong = re.compile(r"\b90\d seconds")
    expect(clock).to_contain_text(is_wrong)

    teacher.switch(clock=0)
    # Once in this module: the Hub fetches the keys of a platform again once a minute at most.
    teacher.post("/switches/rotate", old="withdraw")
    page.goto(course)
    open_last(teacher)
    expect(teacher.player.get_by_text(f"Opens “{FIRE}”")).to_be_visible()
    hub.get_by_role("button", name="Test the connection").click()
    expect(clock).not_to_contain_text(is_wrong)


def test_one_person_on_two_devices_without_a_name_is_one_learner(teacher: LmsVisitor, visit: Visit) -> None:
    course = copy_course(teacher, "/courses/1", "Without names")
    add_in(teacher, course, FIRE)
    teacher.switch(tells_names=False, page_size=1, links="curly")
    first = visit("learner2")
    first.page.goto(course)
    open_last(first)
    content = first.content()
    read_on(content, 5)
    answer(content, FIRE_SAFETY[0])
    read_on(content, 1)
    first.leave()
    second = visit("learner2", viewport={"width": 400, "height": 800})
    second.page.goto(course)
    open_last(second)
    expect_heading(second.content(), "Question 2 of 6")

    teacher.page.goto(course)
    open_last(teacher)
    table = teacher.player.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(3)  # The head and two learners, from three pages of the roster.
    expect(table.get_by_role("row").filter(has_text="In progress")).to_have_count(1)
    assert "Lena" not in teacher.player.locator("body").inner_text()


def test_without_any_cookie_the_platforms_storage_or_a_window_lets_the_learner_in(
    teacher: LmsVisitor, visit: Visit, demo: RunningDemo
) -> None:
    course = copy_course(teacher, "/courses/1", "Cookies")
    add_in(teacher, course, FIRE)
    # Every cookie of the Hub's is lost inside the LMS's pages, partitioned ones too.
    learner = visit("learner1", no_cookies_for=("http://localhost,http://127.0.0.1",))
    learner.page.goto(course)
    open_last(learner)
    expect_heading(learner.content(), FIRE)

    teacher.switch(has_storage=False)
    learner.page.goto(course)
    open_last(learner)
    with learner.page.expect_popup() as opened:
        learner.settle()
        learner.player.get_by_role("link", name="Open in a new window").click()
    window = LmsVisitor(opened.value, demo)
    expect_heading(window.content(), FIRE)
