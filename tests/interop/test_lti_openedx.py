"""The Hub as a tool of Open edX: its LTI consumer (lti-consumer-xblock), a platform that we did not write.

The consumer runs as a process of its own, in an environment of its own (`tools/test_programs.sh`), with its own views,
models, keys and checks: it begins logins, signs messages, judges our answers to deep linking, gives tokens for our
assertions, keeps line items, scores and results, and lists members. `openedx/campus` is what Open edX is around it.
"""

import html
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.connections import Connections
from hub.lti.services.platforms import Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import Platform, PlatformDetails
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.registrations import Registrations
from hub.scorm.storage.registrations import Filters
from tests.services.lti.conftest import Gradebook
from tests.support.courses import add_course
from tests.support.lti_platform import LAUNCH_URL, LtiPlatform
from tests.support.serving import serving

PYTHON = Path("var/cache/openedx/bin/python")
HARNESS = Path(__file__).parent / "openedx"
LOGIN_URL = "http://localhost:8000/lti/login"
TEACHER, ADA, GRACE = 1, 2, 3
PEOPLE = [[TEACHER, "Mary Somerville", True], [ADA, "Ada Lovelace", False], [GRACE, "Grace Hopper", False]]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the consumer is served."""
    if not PYTHON.exists():
        pytest.skip("Open edX's consumer is not there: `make test` fetches it where the package registry answers")
    command = [str(PYTHON.absolute()), "-W", "ignore", "serve.py", str(tmp_path_factory.mktemp("openedx"))]
    with (
        (tmp_path_factory.mktemp("openedx-log") / "log").open("w") as log,
        subprocess.Popen(command, cwd=HARNESS, stdin=PIPE, stdout=PIPE, stderr=log, text=True) as process,
    ):
        yield process.stdout.readline().strip()
        process.stdin.close()


@pytest.fixture
def keyset_url(hub: Hub) -> Iterator[str]:
    """Where the consumer reads the Hub's keys."""
    document = json.dumps(hub.service(Platforms).public_keys()).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: tests speak for themselves."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}/lti/jwks"


@dataclass
class OpenEdx:
    """The consumer with the Hub as the tool of its unit; a browser goes between them."""

    origin: str
    client: FlaskClient
    details: PlatformDetails
    platform: Platform

    def open(self, person: int, deep_linking: bool = False) -> TestResponse:
        """What the Hub answers to a whole launch of that person."""
        started = _post(f"{self.origin}/test/start", {"user": person, "deep_linking": deep_linking})
        address = urlsplit(started["url"])
        login = self.client.get(f"{address.path}?{address.query}")
        assert login.status_code == 302, login.text
        page = requests.get(login.location, headers={"X-Person": str(person)}, timeout=60)
        assert page.status_code == 200, page.text
        return self.client.post("/lti/launch", data=_fields(page.text))

    def choose(self, package: str, **wishes: str) -> list[dict[str, Any]]:
        """Deep linking by the teacher; returns what the consumer kept of it."""
        picker = self.open(TEACHER, deep_linking=True)
        assert picker.status_code == 200, picker.text
        fields = {"visit": _fields(picker.text)["visit"], "package": package} | wishes
        back = self.client.post("/lti/choice", data=fields)
        assert back.status_code == 200, back.text
        action = html.unescape(re.search(r'action="([^"]+)"', back.text)[1])
        jwt = {"JWT": _fields(back.text)["JWT"]}
        kept = requests.post(action, data=jwt, headers={"X-Person": str(TEACHER)}, timeout=60)
        assert kept.status_code == 200, kept.text
        return self.records()["chosen"]

    def records(self) -> dict[str, Any]:
        """What the consumer holds."""
        return _post(f"{self.origin}/test/records", {})


def _post(url: str, body: Any) -> Any:
    response = requests.post(url, json=body, timeout=60)
    assert response.status_code == 200, response.text
    return response.json()


def _fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', page, re.DOTALL)
    return {name: html.unescape(value) for name, value in found}


@pytest.fixture
def edx(origin: str, keyset_url: str, client: FlaskClient, hub: Hub, system: Principal, ags_mode: str) -> OpenEdx:
    """Open edX, known to the Hub and knowing its keys."""
    tool = {"login_url": LOGIN_URL, "launch_url": LAUNCH_URL, "keyset_url": keyset_url}
    shown = _post(f"{origin}/test/set-up", {**tool, "ags_mode": ags_mode, "people": PEOPLE})
    details = PlatformDetails(
        issuer=origin,
        client_id=shown["client_id"],
        auth_url=shown["oidc_callback"],
        token_url=shown["token_url"],
        jwks_url=shown["keyset_url"],
        deployment_ids=(shown["deployment_id"],),
    )
    return OpenEdx(origin, client, details, hub.service(Platforms).add(system, details))


@pytest.fixture
def ags_mode() -> str:
    """Whether the tool may make columns (`programmatic`) or is given one (`declarative`)."""
    return "declarative"


@pytest.fixture
def package(hub: Hub, tenant: TenantView) -> str:
    """A course to be chosen."""
    return str(add_course(hub.db, tenant.id))


def _book(hub: Hub, system: Principal) -> Gradebook:
    (found,) = hub.service(Registrations).page(system, Filters(), None, 10)
    return Gradebook(hub, system, LtiPlatform(), found.id)


def test_choose_launch_and_grade(edx: OpenEdx, hub: Hub, system: Principal, package: str) -> None:
    (item,) = edx.choose(package, graded="on", points="40", due="2027-01-01T12:00")
    assert item["title"] == "Golf"
    assert item["custom"]["package_id"] == package
    assert item["lineItem"]["scoreMaximum"] == 40

    entered = edx.open(ADA)
    assert entered.status_code == 303, entered.text
    (found,) = hub.service(Registrations).page(system, Filters(), None, 10)
    assert (found.learner.subject, found.learner.name) == (f"person-{ADA}", "Ada Lovelace")

    book = _book(hub, system)
    book.progress(completion="completed", success="passed", score_raw=2.0, score_max=3.0)
    assert book.work() == []
    assert book.statuses() == ["delivered"]
    records = edx.records()
    (score,) = records["scores"]
    assert (score["user_id"], score["grading_progress"]) == (f"person-{ADA}", "FullyGraded")
    assert (score["score_given"], score["score_maximum"]) == (66.6666666667, 100)
    assert records["grades"] == {f"person-{ADA}": [[pytest.approx(2 / 3), 100, None]]}

    book.progress(completion="completed", success="passed", score_scaled=0.9)
    assert book.work() == []
    assert edx.records()["grades"][f"person-{ADA}"][-1] == [pytest.approx(0.9), 100, None]


def test_the_teacher_sees_who_is_in_the_course_and_what_the_gradebook_says(
    edx: OpenEdx, hub: Hub, system: Principal, package: str
) -> None:
    edx.choose(package, graded="on")
    assert edx.open(ADA).status_code == 303
    book = _book(hub, system)
    book.progress(completion="completed", success="passed", score_scaled=0.9)
    assert book.work() == []

    report = edx.open(TEACHER)
    assert report.status_code == 200, report.text
    assert "Grace Hopper" not in report.text
    visit = _fields(report.text)["visit"]
    refreshed = edx.client.post("/lti/course", data={"visit": visit, "refresh": "1"})
    assert refreshed.status_code == 200, refreshed.text
    assert "Grace Hopper" in refreshed.text
    assert "Mary Somerville" not in re.sub(r"<header.*?</header>", "", refreshed.text, flags=re.DOTALL)

    checks = {one.name: one for one in hub.service(Connections).test(system, edx.platform.id)}
    assert {name: one.is_good for name, one in checks.items() if name != "clock"} == dict.fromkeys(
        ("keys", "token", "grades", "members"), True
    )
    assert checks["members"].amount == 3


@pytest.mark.parametrize("ags_mode", ["programmatic"])
def test_a_missing_column_is_made(edx: OpenEdx, hub: Hub, system: Principal, package: str) -> None:
    edx.choose(package, graded="on")
    assert edx.open(ADA).status_code == 303
    book = _book(hub, system)
    book.progress(completion="completed", success="passed", score_scaled=0.75)
    assert book.work() == []
    assert book.statuses() == ["delivered"]
    (column,) = edx.records()["columns"]
    assert (column["tag"], column["resource_id"], column["score_maximum"]) == ("grade", package, 100)


def test_a_score_that_was_taken_before_its_worker_died_is_not_lost(
    edx: OpenEdx, hub: Hub, system: Principal, package: str
) -> None:
    """The consumer answers 400 to a second score of the same time."""
    edx.choose(package, graded="on")
    assert edx.open(ADA).status_code == 303
    book = _book(hub, system)
    book.progress(completion="completed", success="passed", score_scaled=0.75)
    assert book.work() == []
    (refused,) = book.take_up_again()
    assert "400" in refused.reason
    assert book.work() == []
    assert book.statuses() == ["delivered"]
    (score,) = edx.records()["scores"]
    assert score["score_given"] == 75


def test_a_message_that_the_consumer_did_not_sign_is_refused(edx: OpenEdx) -> None:
    started = _post(f"{edx.origin}/test/start", {"user": ADA, "deep_linking": False})
    address = urlsplit(started["url"])
    login = edx.client.get(f"{address.path}?{address.query}")
    page = requests.get(login.location, headers={"X-Person": str(ADA)}, timeout=60)
    fields = _fields(page.text)
    head, claims, _ = fields["id_token"].split(".")
    refused = edx.client.post("/lti/launch", data={**fields, "id_token": f"{head}.{claims}.{'A' * 342}"})
    assert refused.status_code == 401
    assert v.ROLES not in refused.text
