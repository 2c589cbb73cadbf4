"""The platform's storage: where the browser keeps no cookie, and from whom the secret may come."""

import html
import re
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.lti.spec import vocabulary as v
from tests.http.lti.hostile.attack import Attack, assert_refused
from tests.http.lti.hostile.browsers import without_cookies
from tests.support.lti_platform import Login, LtiPlatform


@pytest.fixture
def stored(client: FlaskClient, platform: LtiPlatform, package: UUID) -> Attack:
    """A launch in a browser without cookies, whose secret comes back from the platform's storage by our own page."""
    frame = {"Sec-Fetch-Dest": "iframe"}
    parameters = platform.login_parameters(lti_storage_target="_parent")
    page = client.get("/lti/login", query_string=parameters, headers=frame)
    assert page.status_code == 200
    assert f'data-origin="{platform.origin}"' in page.text
    address = html.unescape(re.search(r'id="next" href="([^"]+)"', page.text)[1])
    secret = re.search(r'data-value="([^"]+)"', page.text)[1]
    sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    login = Login(sent, page)
    claims = platform.claims(login, **{v.CUSTOM: {"package_id": str(package)}})
    attack = Attack(client, platform, login, claims, form={"stored": secret})
    without_cookies(attack)
    return attack


OWN_ORIGIN = {"Origin": "http://localhost:8000"}


def test_the_secret_may_come_from_the_platforms_storage(stored: Attack) -> None:
    assert stored.send(OWN_ORIGIN).status_code == 303


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": "http://localhost:8100"}]
)
def test_the_secret_is_taken_from_no_other_page(stored: Attack, headers: dict[str, str]) -> None:
    assert_refused(stored.send(headers), stored)


def test_another_secret_is_refused_and_storage_is_not_asked_again(stored: Attack) -> None:
    stored.form["stored"] = "made-up"
    response = stored.send(OWN_ORIGIN)
    assert_refused(response, stored)
    assert "storage.js" not in response.text


def test_storage_is_asked_before_a_window_is_offered(stored: Attack) -> None:
    del stored.form["stored"]
    response = stored.send()
    assert response.status_code == 401
    assert "storage.js" in response.text
    assert 'target="_blank"' in response.text


def test_what_is_no_frame_of_a_browser_is_redirected(client: FlaskClient, platform: LtiPlatform) -> None:
    for headers in ({}, {"Sec-Fetch-Dest": "document"}):
        parameters = platform.login_parameters(lti_storage_target="_parent")
        assert client.get("/lti/login", query_string=parameters, headers=headers).status_code == 302
