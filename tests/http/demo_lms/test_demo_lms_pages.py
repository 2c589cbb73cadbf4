"""The Demo LMS's own pages: signing in, what each role sees, and what others' pages may not do."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.support.ports import free_ports

LINK = {"type": "ltiResourceLink", "title": "<script>alert(1)</script>", "lineItem": {"scoreMaximum": 10}}


def test_nobody_is_signed_in_at_first(browser: Any) -> None:
    response = browser.get("/courses/1/gradebook")
    assert response.status_code == 302
    assert browser.get(response.headers["Location"]).status_code == 200


def test_password_opens_and_another_does_not(browser: Any) -> None:
    refused = browser.post("/sign-in", {"username": "teacher", "password": "guess"})
    assert refused.status_code == 403
    assert "not the password" in refused.text
    assert browser.post("/sign-in", {"username": "nobody", "password": browser.secret}).status_code == 403
    browser.sign_in("teacher")
    assert browser.get("/courses/1").status_code == 200


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_sign_in_leads_to_own_pages_only(browser: Any, target: str) -> None:
    form = {"username": "teacher", "password": browser.secret}
    assert browser.post("/sign-in", {**form, "next": target}).headers["Location"] == "/"
    assert browser.post("/sign-in", {**form, "next": "/courses/1"}).headers["Location"] == "/courses/1"


def test_view_as_needs_a_sign_in(browser: Any) -> None:
    assert browser.post("/view-as", {"username": "teacher"}).headers["Location"] == "/"
    assert browser.get("/courses/1").status_code == 302
    browser.sign_in("learner1")
    browser.post("/view-as", {"username": "learner2"})
    assert "selected>Lena Learner" in browser.get("/courses/1").text


def test_forms_of_other_sites_and_other_host_names_are_refused(browser: Any) -> None:
    browser.sign_in()
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert browser.post("/sign-out", headers=headers).status_code == 403
    assert browser.client.post("/sign-out", base_url="http://127.0.0.1:8100").status_code == 403
    assert browser.client.get("/", base_url="http://rebound.example:8100").status_code == 421
    assert browser.get("/courses/1").status_code == 200


def test_activity_is_shown_escaped_and_removed_with_its_grades(browser: Any) -> None:
    browser.sign_in().add(LINK)
    page = browser.get("/courses/1").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    path = "/activities/" + page.partition("/activities/")[2].partition('"')[0]
    browser.sign_in("learner1")
    assert browser.post(f"{path}/remove").status_code == 403
    browser.sign_in("teacher")
    assert browser.post(f"{path}/remove").status_code == 302
    assert browser.get(path).status_code == 404
    assert "is graded yet" in browser.get("/courses/1/gradebook").text


def test_what_was_said_is_listed_for_teachers(browser: Any) -> None:
    browser.sign_in().add(LINK)
    page = browser.get("/courses/1/messages").text
    for what in ("Login initiation", "Authentication response", "Deep linking response"):
        assert what in page
    assert browser.sign_in("learner1").get("/courses/1/messages").status_code == 403


def test_unconnected_tool_is_explained(browser: Any, lms_settings: Any) -> None:
    lms_settings.tool_file.write_text('{"client_id": "x"}')
    response = browser.sign_in().get("/courses/1/add")
    assert response.status_code == 503
    assert "lacks deep_link_url, deployment_id, jwks_url, launch_url, login_url" in response.text
    lms_settings.tool_file.unlink()
    assert "does not exist" in browser.get("/courses/1/add").text


def test_pages_may_not_be_framed_by_others(browser: Any) -> None:
    policy = browser.get("/").headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "script-src 'self'" in policy


def test_process_starts_keeps_its_state_and_stays_small(tmp_path: Path) -> None:
    [port] = free_ports(1)
    command = [sys.executable, "-m", "hub.demo.lms", "--port", str(port), "--state", str(tmp_path / "lms")]
    secrets = []
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz")
            requests.get(f"http://127.0.0.1:{port}/lti/jwks", timeout=60).raise_for_status()
            assert psutil.Process(process.pid).memory_info().rss < 60_000_000
            secrets.append((tmp_path / "lms" / "password").read_text())
        finally:
            process.terminate()
            assert process.wait(60) == 0
    assert secrets[0] == secrets[1]
    for path in (tmp_path / "lms").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=10).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
