"""No token, secret or name of a person in a log or an address, whatever goes well or wrong between Hub and platform."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.connections import Connections
from hub.lti.services.dynamic_registration import DynamicRegistration
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from hub.scorm.services.packages import Packages
from tests.services.lti.conftest import Gradebook
from tests.support.lti_platform import INSTRUCTOR, RSA, STRANGER, Answer, LtiPlatform, running

REGISTRATION_TOKEN = "registration-token-of-the-platform"
MADE_UP: Answer = (500, {}, b"Authorization: Bearer what-the-platform-repeats")


class Listener(LtiPlatform):
    """A platform that keeps every address at which the Hub asked it for something."""

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> Answer:
        self.asked.append(url)
        return super().answer(method, url, headers, body)


@pytest.fixture
def platform(hub: Hub, system: Principal) -> Iterator[Listener]:
    with running(Listener()) as made:
        hub.service(Platforms).add(system, PlatformDetails(**made.details()))
        yield made


class Browser:
    """What a browser's history and the Hub's answers show: every address, and every secret that was in a form."""

    def __init__(self, client: FlaskClient, platform: LtiPlatform) -> None:
        self.client, self.platform = client, platform
        self.addresses: list[str] = []
        self.secrets: set[str] = set()

    def launch(self, key: Any = RSA, form: dict[str, str] | None = None, **changes: Any) -> str:
        """A launch, and the page or address that came of it."""
        login = self.platform.begin(self.client)
        claims = self.platform.claims(login, **changes)
        token = self.platform.sign(claims, key)
        fields = {"state": login.sent["state"], "id_token": token} | (form or {})
        response = self.client.post("/lti/launch", data=fields)
        cookie = login.response.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
        self.secrets |= {token, *token.split("."), cookie} - {token.split(".")[0]}
        self.addresses += [response.location or ""]
        # State and nonce go to the platform in an address (OIDC Core 3.2.2.1), and nowhere else.
        self.secrets |= {login.sent["state"], login.sent["nonce"]}
        return str(response.text)

    def post(self, path: str, **fields: Any) -> str:
        """Send a form of a page."""
        response = self.client.post(path, data=fields)
        self.addresses += [response.location or ""]
        self.secrets |= {value for name, value in fields.items() if name == "visit"}
        return str(response.text)


def visit_of(page: str) -> str:
    found = re.search(r'name="visit" value="([^"]+)"', page)
    assert found, page
    return found[1]


def enter_and_fail(browser: Browser, package: str) -> None:
    """Launches that are let in, and such that are refused at every step."""
    custom = {v.CUSTOM: {"package_id": package}}
    browser.launch(**custom)
    browser.launch(STRANGER, **custom)
    browser.launch(form={"id_token": "x" + browser.platform.sign({"a": 1})})
    browser.launch(form={"error": "login_required", "error_description": "somebody@school.example"})
    browser.launch(form={"state": "made-up-state"})
    browser.launch(exp=1, nonce="another")
    browser.launch(**{v.MESSAGE_TYPE: "Unknown"})
    browser.client.post("/lti/launch", data={"state": "\ud7ff", "id_token": ["a", "b"]})


def pick_and_report(browser: Browser, package: str) -> None:
    """Pages of a teacher: deep linking, the report with its roster."""
    settings = {
        "deep_link_return_url": f"{browser.platform.origin}/back",
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe"],
    }
    deep = {v.MESSAGE_TYPE: v.DEEP_LINKING_REQUEST, v.DEEP_LINKING_SETTINGS: settings, v.ROLES: [INSTRUCTOR]}
    picker = browser.launch(**deep)
    page = browser.post("/lti/choice", visit=visit_of(picker), package=package)
    browser.secrets.add(re.search(r'name="JWT" value="([^"]+)"', page)[1])
    browser.post("/lti/choice", visit=visit_of(picker), package="none")
    browser.post("/lti/choice", visit="made-up-visit", package=package)
    teacher = {v.ROLES: [INSTRUCTOR], v.CUSTOM: {"package_id": package}} | browser.platform.nrps()
    course = browser.launch(**teacher)
    for answer in (None, (500, {}, b"x"), (401, {}, b"x")):
        browser.platform.members_answer = answer
        browser.post("/lti/course", visit=visit_of(course), refresh="1")
    browser.post("/lti/preview", visit=visit_of(course))


def register(browser: Browser, hub: Hub, system: Principal) -> None:
    """Dynamic registration that fails at the platform, and one that does not."""
    address = urlsplit(hub.service(DynamicRegistration).invite(system)[1])
    parameters = {"openid_configuration": f"{browser.platform.origin}/openid", "registration_token": REGISTRATION_TOKEN}
    browser.platform.client_id = "client-of-registration"
    for status in (500, 200):
        browser.platform.registration_status = status
        page = browser.client.get(f"{address.path}?{address.query}&{urlencode(parameters)}").text
        offer = re.search(r'name="offer" value="([^"]+)"', page)[1]
        browser.client.post("/lti/register", data={"offer": offer})
        browser.secrets |= {offer}
    browser.secrets |= {REGISTRATION_TOKEN, parse_qs(address.query)["invitation"][0]}


def test_no_secret_is_in_a_log_or_an_address(
    enter: Callable[..., Gradebook],
    client: FlaskClient,
    platform: Listener,
    hub: Hub,
    system: Principal,
    capfd: pytest.CaptureFixture[str],
) -> None:
    book = enter(**platform.ags(), **platform.nrps())
    browser, (link,) = Browser(client, platform), hub.service(Platforms).list(system)
    package = packages_of(hub, system)
    enter_and_fail(browser, package)
    pick_and_report(browser, package)
    hub.service(Connections).test(system, link.id)
    token_faults = [(400, {}, b'{"error": "invalid_client"}'), (200, {}, b"no token")]
    platform.token_seconds = 1  # So that each score asks for a token.
    for number, answer in enumerate([MADE_UP, (401, {}, b"x"), (429, {}, b"x"), (403, {}, b"x"), (400, {}, b"x")]):
        platform.answers, platform.token_answers = [answer], token_faults[:number]
        book.progress(score_scaled=number / 10)
        book.work()
    hub.service(Platforms).change(system, link.id, PlatformChange(jwks_url=f"http://127.0.0.1:9/{uuid4()}"))
    browser.launch()
    register(browser, hub, system)

    logs = "".join(capfd.readouterr())
    for event in ("launch_admitted", "score_settled", "platform_registered_itself", "roster_refused"):
        assert event in logs, "the logs were not captured"
    assert len(platform.assertions) > 3
    secrets = browser.secrets | set(platform.tokens) | set(platform.assertions)
    people = {"Ada Lovelace", "ada@school.example", "somebody@school.example", "what-the-platform-repeats"}
    assert sorted(secret for secret in secrets | people if secret in logs) == []
    addresses = unquote_plus("\n".join([*browser.addresses, *platform.asked]))
    assert "/play/" in addresses
    assert "/scores" in addresses
    assert sorted(secret for secret in secrets | people if secret in addresses) == []


def packages_of(hub: Hub, system: Principal) -> str:
    """The one package of the tenant."""
    return str(hub.service(Packages).page(system, "", limit=1)[0].uuid)
