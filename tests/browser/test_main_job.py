"""The main job, end to end: course, LMS, learner, progress, grade; by the demo's own processes and a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Playwright, expect

from hub.adapters.embedded import MinioServer, S3Server, SeaweedServer
from hub.adapters.object_store_s3 import S3Store
from tests.support.chromium import chromium, chromium_program, cookies_seen_in_a_frame
from tests.support.demo_browser import (
    FIRE_SAFETY,
    WEATHER_CHECKS,
    WEATHER_TEST,
    LmsVisitor,
    answer,
    expect_heading,
    read_on,
)
from tests.support.running_demo import RunningDemo, running_demo

pytestmark = pytest.mark.browser

FIRE = "Fire safety at school"
WEATHER = "Reading a weather map"
ADL_VERBS = "http://adlnet.gov/expapi/verbs/"
BUCKET = "main-job"
SECONDS = 60
"""How long an answer may take: enough for a busy machine."""
S3_SERVERS: dict[str, type[S3Server]] = {"seaweed": SeaweedServer, "minio": MinioServer}


@pytest.fixture(
    scope="module",
    params=["folder", pytest.param("seaweed", marks=pytest.mark.s3), pytest.param("minio", marks=pytest.mark.s3)],
)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """The demo, with its packages in a folder or in an S3 server."""
    chromium_program()
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "folder":
        with running_demo(folder) as running:
            yield running
        return
    kind = S3_SERVERS[request.param]
    if not kind.is_available():
        pytest.skip(f"{kind.name} is not on this machine")
    server = kind(tmp_path_factory.mktemp("s3"))
    server.start()
    keys = {"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key}
    S3Store(BUCKET, endpoint_url=server.url, **keys).create_bucket()
    try:
        with running_demo(
            folder,
            HUB_OBJECT_STORE=f"s3://{BUCKET}/packages",
            HUB_S3_ENDPOINT_URL=server.url,
            HUB_S3_ACCESS_KEY_ID=server.access_key_id,
            HUB_S3_SECRET_ACCESS_KEY=server.secret_access_key,
        ) as running:
            yield running
            assert not running.folder.packages.exists()
    finally:
        server.stop()


@pytest.fixture
def page(playwright: Playwright, tmp_path: Path) -> Iterator[Page]:
    """A browser that blocks third-party cookies; that it does is seen, not believed."""
    with chromium(playwright, tmp_path / "profile", third_party_cookies=False) as context:
        page = context.new_page()
        assert cookies_seen_in_a_frame(page) == {"own"}
        yield page


def statements(demo: RunningDemo, **filters: str) -> list[dict[str, Any]]:
    """All statements that fit, oldest first, as the reporting client reads them."""
    token = reporting_token(demo)
    headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "2.0.0"}
    url: str | None = f"{demo.hub_url}/xapi/statements"
    query: dict[str, str] | None = {**filters, "ascending": "true"}
    found: list[dict[str, Any]] = []
    while url:
        response = requests.get(url, params=query, headers=headers, timeout=SECONDS)
        response.raise_for_status()
        found += response.json()["statements"]
        url, query = response.json().get("more") or None, None
        if url:
            url = requests.compat.urljoin(demo.hub_url, url)
    return found


def reporting_token(demo: RunningDemo, scope: str = "statements/read") -> str:
    """A token by client credentials."""
    client = demo.credentials("reporting client")
    response = requests.post(
        client["token_url"],
        data={"grant_type": "client_credentials", "scope": scope},
        auth=(client["client_id"], client["client_secret"]),
        timeout=SECONDS,
    )
    response.raise_for_status()
    return str(response.json()["access_token"])


def verbs(found: list[dict[str, Any]]) -> list[str]:
    return [statement["verb"]["id"].removeprefix(ADL_VERBS) for statement in found]


def of_learner(found: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [statement for statement in found if statement["actor"].get("name") == name]


def test_course_is_linked_launched_left_resumed_finished_graded_and_reported(demo: RunningDemo, page: Page) -> None:
    visitor = LmsVisitor(page, demo)
    visitor.sign_in("teacher")
    visitor.add_activity(FIRE)
    expect(page.get_by_text("What to do when the alarm sounds")).to_be_visible()

    visitor.become("learner1")
    content = visitor.launch(FIRE)
    expect_heading(content, FIRE)
    read_on(content, 5)
    for given in FIRE_SAFETY[:3]:
        answer(content, given)
        read_on(content, 1)
    expect_heading(content, "Question 4 of 6")
    visitor.leave()

    content = visitor.launch(FIRE)
    expect_heading(content, "Question 4 of 6")
    expect(content.get_by_text("Welcome back.")).to_be_visible()
    for given in (*FIRE_SAFETY[3:5], {"1": "b", "2": "c", "3": "b"}):
        answer(content, given)
        read_on(content, 1)
    expect(content.get_by_text("5 of 6 right: 83 of 100 points. You have passed.")).to_be_visible()
    content.get_by_role("button", name="Finish").click()
    expect(content.get_by_text("Everything is recorded.")).to_be_visible()
    visitor.exit()

    visitor.become("teacher")
    page.goto(f"{demo.lms_url}/courses/1/gradebook")
    row = page.get_by_role("row", name="Liam Learner")
    expect(row).to_contain_text("83")
    expect(row).to_contain_text("/ 100")
    expect(row).to_contain_text("Completed")

    check_statements(demo)


def check_statements(demo: RunningDemo) -> None:
    found = of_learner(statements(demo), "Liam Learner")
    said = verbs(found)
    assert said[0] == "initialized"
    assert said.count("responded") == 6
    assert said.count("passed") == 1
    assert said.index("suspended") < said.index("resumed") < said.index("passed")
    assert said[-1] == "terminated"
    assert "failed" not in said
    passed = found[said.index("passed")]
    assert passed["result"]["score"]["raw"] == 83
    assert passed["result"]["success"] is True
    registrations = {statement["context"]["registration"] for statement in found}
    assert len(registrations) == 1
    responses = {s["object"]["id"].rsplit("/", 1)[-1]: s for s in found if s["verb"]["id"] == ADL_VERBS + "responded"}
    assert len(responses) == 6


def test_statements_are_closed_to_others(demo: RunningDemo) -> None:
    url = f"{demo.hub_url}/xapi/statements"
    version = {"X-Experience-API-Version": "2.0.0"}
    assert requests.get(url, headers=version, timeout=SECONDS).status_code == 401
    forged = {**version, "Authorization": "Bearer forged"}
    assert requests.get(url, headers=forged, timeout=SECONDS).status_code == 401
    reading = {**version, "Authorization": f"Bearer {reporting_token(demo)}"}
    assert requests.get(url, headers=reading, timeout=SECONDS).status_code == 200
    refused = requests.post(url, headers=reading, json=[], timeout=SECONDS)
    assert refused.status_code == 403
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert refused.json()["code"] == "insufficient_scope"


def test_course_of_several_scos(demo: RunningDemo, page: Page) -> None:
    visitor = LmsVisitor(page, demo)
    visitor.sign_in("teacher")
    visitor.add_activity(WEATHER)
    visitor.become("learner2")

    content = visitor.launch(WEATHER)
    content.get_by_text("My notes").click()
    content.locator("#notes").fill("Isobars close together: strong wind.")
    content.locator("#notes").blur()
    expect(content.get_by_text("Kept for all lessons.")).to_be_visible()
    read_on(content, 3)
    answer(content, WEATHER_CHECKS[0])
    content.get_by_role("button", name="Go on").click()

    content = visitor.content_at("Where air masses meet")
    content.get_by_text("My notes").click()
    expect(content.locator("#notes")).to_have_value("Isobars close together: strong wind.")
    read_on(content, 3)
    answer(content, WEATHER_CHECKS[1])
    visitor.player.get_by_role("button", name="Next").first.click()

    content = visitor.content_at("What stations report")
    read_on(content, 3)
    answer(content, WEATHER_CHECKS[2])
    contents = visitor.player.get_by_role("navigation", name="Contents")
    contents.get_by_role("button", name="Test").click()

    content = visitor.content_at("Test yourself")
    for lesson in ("pressure", "fronts", "wind"):
        expect(content.locator(f'[data-objective="{lesson}"] span')).to_have_text("check passed")
    read_on(content, 1)
    for given in WEATHER_TEST[:2]:
        answer(content, given)
        read_on(content, 1)
    visitor.leave()

    content = visitor.launch(WEATHER)
    expect_heading(content, "Question 3 of 5")
    for given in WEATHER_TEST[2:]:
        answer(content, given)
        read_on(content, 1)
    expect(content.get_by_text("5 of 5 right. You have passed.")).to_be_visible()
    content.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", name="Activities")).to_be_visible()  # A course that has ended goes back itself.

    visitor.become("teacher")
    page.goto(f"{demo.lms_url}/courses/1/gradebook")
    cell = page.get_by_role("row", name="Lena Learner").get_by_role("cell").last
    expect(cell).to_contain_text("100")
    expect(cell).to_contain_text("Completed")

    said = verbs(of_learner(statements(demo), "Lena Learner"))
    assert said.count("responded") == 8
    assert said.count("passed") >= 1
    assert said.count("initialized") >= 4
