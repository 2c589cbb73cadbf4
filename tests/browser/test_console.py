"""The console in Chromium: accessibility of every page, uploads by script, the phone layout."""

import io
import json
import random
import re
import zipfile
from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from hub.bootstrap import Hub
from hub.demo import courses
from hub.identity import Principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.importing import Importing
from hub.scorm.services.imports import Imports, Upload
from hub.scorm.services.learners import Learners
from hub.scorm.services.registrations import Registrations
from hub.scorm.spec.replay import Call
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from tests.support.accessibility import violations
from tests.support.console_browser import eventually, sign_in
from tests.support.packages import course_1_2
from tests.support.people import make_account
from tests.support.playing import Window

pytestmark = pytest.mark.browser

STATEMENT = b"""{"actor": {"name": "Mara Quist", "mbox": "mailto:mara@school.example"},
  "verb": {"id": "http://adlnet.gov/expapi/verbs/passed", "display": {"en": "passed"}},
  "object": {"id": "https://hub.example/golf", "definition": {"name": {"en": "Golf explained"}}},
  "result": {"score": {"scaled": 0.85}}}"""


@pytest.fixture
def console(live_hub: Hub, page: Page, system: Principal) -> Page:
    """An administrator who has signed in."""
    account = make_account(live_hub, system, "administrator", name="Robin Ortega")
    sign_in(page, live_hub, account)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    return page


@pytest.fixture
def worker(live_hub: Hub, system: Principal) -> Iterator[object]:
    """Import whatever was uploaded, as a worker would."""

    def work() -> None:
        for job in live_hub.service(Imports).page(system):
            if not job.is_finished:
                live_hub.service(Importing).run(system.tenant_id, job.id)

    return work


def _play(hub: Hub, system: Principal, registration_id: UUID) -> None:
    """Something to analyse and to replay: an answer, a call that failed, a request that was refused."""
    window = Window(hub, system, registration_id)
    window.go()
    answer = {"id": "q1", "type": "true-false", "learner_response": "true", "result": "correct"}
    values = {f"cmi.interactions.0.{name}": value for name, value in answer.items()} | {"cmi.score.scaled": "0.9"}
    for number in range(2):
        calls = [Call(1, "SetValue", "cmi.score.scaled", "9", "false", 407)]
        window.commit(values, calls=calls, calls_from=number + 1)
    window.go("choice", "nowhere")


@pytest.fixture
def furnished(live_hub: Hub, system: Principal, worker) -> list[str]:
    """A tenant with something of everything; returns the paths of all pages."""
    imports = live_hub.service(Imports)
    imports.accept(system, Upload(io.BytesIO(courses.build("weather_map")), "weather.zip", "weather-map"))
    refused = imports.accept(system, Upload(_zip_without_manifest(), "broken.zip"))
    worker()
    learner = live_hub.service(Learners).ensure(system, "https://lms.example", "u1", "Mara Quist")
    registration = live_hub.service(Registrations).start(system, learner.id, "weather-map")
    live_hub.service(Registrations).begin_attempt(system, registration.id)
    _play(live_hub, system, registration.id)
    (statement_id,) = live_hub.service(Statements).store(system, STATEMENT)
    store = live_hub.service(Stores).of(system)
    live_hub.service(Credentials).create(system, store.name, ["statements/read"], "Reports")
    client, _ = live_hub.service(Clients).create(system, NewClient("Reports", ("statements/read",)))
    platform = live_hub.service(Platforms).add(system, _platform(str(system.tenant_id)))
    person = make_account(live_hub, system, "author").person
    return [
        "/",
        "/packages",
        "/packages?q=nothing-of-that-name",
        "/packages/weather-map",
        "/packages/weather-map/versions",
        "/packages/weather-map/report",
        "/packages/weather-map/settings",
        "/packages/weather-map/player",
        "/packages/weather-map/analytics",
        "/jobs",
        "/jobs/fetch",
        f"/jobs/{refused.id}",
        "/registrations",
        f"/registrations/{registration.id}",
        f"/registrations/{registration.id}/attempts/2/replay",
        "/learners",
        f"/learners/{registration.learner.id}",
        "/statements",
        "/statements?live=yes",
        f"/statements/{statement_id}",
        "/platforms",
        "/platforms/new",
        f"/platforms/{platform.id}",
        "/deliveries",
        "/stores",
        f"/stores/{store.id}",
        "/clients",
        "/clients/new",
        f"/clients/{client.client_id}",
        "/people",
        "/people/new",
        f"/people/{person.id}",
        "/audit",
        "/system",
        "/account",
        "/api/v1/",
        "/api/v1/?of=stores",
        "/nowhere",
    ]


def _zip_without_manifest() -> io.BytesIO:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("readme.txt", "no manifest")
    body.seek(0)
    return body


def _platform(client_id: str) -> PlatformDetails:
    base = "https://lms.example"
    return PlatformDetails(base, client_id, f"{base}/auth", f"{base}/token", f"{base}/jwks", ("1",), "Hillside Moodle")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_has_a_fault_that_axe_knows(console, furnished, live_hub, width, scheme):
    console.emulate_media(color_scheme=scheme)
    console.set_viewport_size({"width": width, "height": 800})
    complaints = []
    console.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for path in furnished:
        console.goto(live_hub.settings.public_url + path)
        for details in console.locator("details:not(.operation)").all():
            details.evaluate("each => { each.open = true; }")
        assert violations(console) == [], path
        is_too_wide = console.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not is_too_wide, f"{path} scrolls sideways"
    assert [text for text in complaints if "404" not in text] == []


def test_the_entrance_has_no_fault_that_axe_knows(page, live_hub):
    page.goto(f"{live_hub.settings.public_url}/sign-in")
    assert violations(page) == []
    page.get_by_label("E-mail address").fill("nobody@school.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    assert violations(page) == []


def test_several_files_are_uploaded_with_progress_and_followed(console, worker, live_hub):
    console.goto(f"{live_hub.settings.public_url}/packages")
    files = [
        {"name": "fire.zip", "mimeType": "application/zip", "buffer": courses.build("fire_safety")},
        {"name": "broken.zip", "mimeType": "application/zip", "buffer": _zip_without_manifest().read()},
    ]
    console.get_by_label("Upload packages").set_input_files(files)
    rows = console.locator("#uploads > li")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("queued")
    expect(rows.nth(1)).to_contain_text("queued")
    assert violations(console) == []
    worker()
    expect(rows.nth(0)).to_contain_text("Open the package")
    expect(rows.nth(1)).to_contain_text("failed")
    expect(console.get_by_role("link", name="Fire safety at school")).to_be_visible()  # In the list, without a reload.
    rows.nth(0).get_by_role("link", name="Open the package").click()
    expect(console.get_by_role("heading", level=1)).to_have_text("Fire safety at school")


def test_a_dropped_file_is_uploaded(console, worker, live_hub):
    console.goto(f"{live_hub.settings.public_url}/packages")
    console.evaluate(
        """bytes => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "dropped.zip", { type: "application/zip" }));
          const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
          document.querySelector(".drop").dispatchEvent(drop);
        }""",
        list(courses.build("fire_safety")),
    )
    expect(console.locator("#uploads > li")).to_contain_text("queued")
    worker()
    expect(console.locator("#uploads > li")).to_contain_text("Open the package")


def test_an_upload_goes_on_where_it_stopped(console, worker, live_hub, tmp_path):
    """After requests that broke, and after the page was reloaded."""
    course = tmp_path / "large.zip"
    course.write_bytes(course_1_2(media__noise_dot_bin=random.Random(1).randbytes(250_000)))
    sent: list[str] = []
    broken: set[int] = set()

    def pass_or_break(route):
        sent.append(route.request.method)
        is_broken = route.request.method == "PATCH" and sent.count("PATCH") in broken
        route.abort() if is_broken else route.continue_()

    def choose():
        sent.clear()
        console.evaluate("document.querySelector('form[data-upload]').dataset.chunk = 100000")
        console.get_by_label("Upload packages").set_input_files(course)

    console.goto(f"{live_hub.settings.public_url}/packages")
    console.route("**/jobs/uploads*", pass_or_break)
    console.route("**/jobs/uploads/*", pass_or_break)
    row = console.locator("#uploads > li")
    broken.update({2, 4})
    choose()
    expect(row).to_contain_text("queued")
    assert sent.count("PATCH") == 5, "two broke, three brought 100,000 bytes at most"
    assert sent.count("HEAD") == 2, "after each the browser asked where to go on"
    worker()
    expect(row).to_contain_text("Open the package")

    broken.update(range(2, 100))
    choose()
    eventually(console, lambda: sent.count("PATCH") >= 2)
    console.reload()
    expect(row).to_contain_text("100 kB of 250.8 kB are here")
    assert violations(console) == []
    broken.clear()
    choose()
    expect(row.first).to_contain_text("queued")
    expect(row).to_have_count(1)
    assert sent == ["HEAD", "PATCH", "PATCH"]


def test_a_preview_plays_on_the_content_origin(console, furnished, live_hub):
    console.goto(f"{live_hub.settings.public_url}/packages/weather-map")
    console.get_by_role("button", name="Preview").click()
    console.wait_for_url(f"{live_hub.settings.content_url}/**")
    assert console.context.cookies(live_hub.settings.content_url) is not None
    names = {cookie["name"] for cookie in console.context.cookies(live_hub.settings.content_url)}
    assert not any("hub-session" in name for name in names), "no cookie of the Hub reaches content"


def test_times_are_local_with_the_exact_utc_on_hover(console, live_hub):
    console.goto(f"{live_hub.settings.public_url}/account")
    time = console.locator("main time").first
    expect(time).not_to_contain_text("UTC")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time.get_attribute("title"))


def test_the_menu_opens_on_a_phone_and_closes_by_the_keyboard(console, live_hub):
    console.set_viewport_size({"width": 390, "height": 800})
    packages = console.get_by_role("link", name="Packages", exact=True)
    expect(packages).to_be_hidden()
    console.get_by_role("button", name="Menu").click()
    expect(packages).to_be_visible()
    assert violations(console) == []
    console.keyboard.press("Escape")
    expect(packages).to_be_hidden()


def test_the_keyboard_reaches_the_content_first(console, live_hub):
    console.goto(f"{live_hub.settings.public_url}/packages")
    console.keyboard.press("Tab")
    expect(console.get_by_role("link", name="Skip to content")).to_be_focused()
    console.keyboard.press("Enter")
    expect(console.locator("main")).to_be_focused()


def test_what_cannot_be_undone_is_asked_first(console, furnished, live_hub):
    console.goto(f"{live_hub.settings.public_url}/packages/weather-map/settings")
    console.once("dialog", lambda dialog: dialog.dismiss())
    console.get_by_role("button", name="Delete this package").click()
    expect(console.get_by_role("heading", level=1)).to_contain_text("Settings of")
    console.once("dialog", lambda dialog: dialog.accept())
    console.get_by_role("button", name="Delete this package").click()
    expect(console.get_by_role("status")).to_contain_text("was deleted")


def test_a_name_in_a_statement_or_file_is_never_script(console, live_hub, worker, tenant: TenantView):
    fired = []
    console.on("dialog", lambda dialog: (fired.append(dialog.message), dialog.dismiss()))
    console.goto(f"{live_hub.settings.public_url}/packages")
    name = "<img src=x onerror=alert(1)>.zip"
    console.get_by_label("Upload packages").set_input_files(
        [{"name": name, "mimeType": "application/zip", "buffer": _zip_without_manifest().read()}]
    )
    expect(console.locator("#uploads > li")).to_contain_text("queued")
    expect(console.locator("#uploads > li")).to_contain_text("onerror=alert")
    worker()
    expect(console.locator("#uploads > li")).to_contain_text("failed")
    assert fired == []


def test_statements_are_followed_live(console, live_hub, system):
    console.goto(f"{live_hub.settings.public_url}/statements?live=yes")
    live_hub.service(Statements).store(system, STATEMENT)
    expect(console.locator("td.sentence")).to_contain_text("Golf explained")
    expect(console.locator("td.sentence")).to_have_count(1)
    console.get_by_text("JSON", exact=True).click()
    expect(console.locator("td.sentence pre")).to_contain_text('"scaled": 0.85')
    assert violations(console) == []
    expect(console.get_by_text("More came than this page keeps")).to_be_hidden()
    burst = [json.loads(STATEMENT) | {"object": {"id": f"https://a.example/{number}"}} for number in range(600)]
    live_hub.service(Statements).store(system, json.dumps(burst).encode())
    expect(console.locator("td.sentence").first).to_contain_text("https://a.example/599")
    expect(console.locator("td.sentence")).to_have_count(500)
    expect(console.get_by_text("More came than this page keeps")).to_be_visible()
