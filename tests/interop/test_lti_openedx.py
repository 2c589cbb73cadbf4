"""The Hub as a tool of Open edX: its LTI 1.3 consumer (lti-consumer-xblock), a platform that we did not write.

The consumer's own classes begin the login, sign the messages, check our deep linking answer and our token request, and
give and check the access tokens. Around them is only what its web pages would do: carry forms, and keep a score.
"""

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.registrations import Registrations
from hub.scorm.storage.registrations import Filters
from tests.services.lti.conftest import Gradebook
from tests.support.courses import add_course
from tests.support.lti_platform import LAUNCH_URL, Answer, LtiPlatform, running

LOGIN_URL = "http://localhost:8000/lti/login"


@pytest.fixture(scope="module", autouse=True)
def open_edx() -> None:
    """Django as the consumer needs it."""
    pytest.importorskip("lti_consumer", reason="pip install -e .[interop]")
    import django
    from django.conf import settings

    if not settings.configured:
        caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        settings.configure(PLATFORM_NAME="Open edX", CACHES=caches, USE_TZ=True)
        django.setup()


class OpenEdx(LtiPlatform):
    """Open edX's consumer behind a web server."""

    def begin_consumer(self, tool_key: Any) -> None:
        """Set the consumer up, as its course author would."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from lti_consumer.lti_1p3.consumer import LtiAdvantageConsumer
        self.consumer = LtiAdvantageConsumer(
            iss=self.issuer,
            lti_oidc_url=LOGIN_URL,
            lti_launch_url=LAUNCH_URL,
            client_id=self.client_id,
            deployment_id=self.deployment_id,
            rsa_key=RSAKey.generate_key(2048).as_pem(private=True).decode(),
            rsa_key_id="edx-1",
            redirect_uris=[LAUNCH_URL],
            tool_key=tool_key.as_pem(private=False).decode(),
        )
        self.consumer.set_resource_link_claim("block-v1:edX+Demo+type@lti_consumer+block@1", title="Golf")
        self.consumer.set_context_claim("course-v1:edX+Demo", context_title="Demo")
        self.consumer.set_launch_presentation_claim("iframe", f"{self.origin}/back")
        self.consumer.enable_ags(f"{self.origin}/ags/lti/1", lineitem_url=f"{self.origin}/ags/lti/1/2")
        self.consumer.enable_nrps(f"{self.origin}/nrps")

    def go(self, client: FlaskClient, role: str, message_type: str = "LtiResourceLinkRequest") -> TestResponse:
        """A whole launch of a person with that role."""
        from lti_consumer.data import Lti1p3LaunchData

        person = {"user_id": "7", "user_role": role, "name": "Ada Lovelace", "email": "ada@school.example"}
        self.consumer.set_user_data("7", role, full_name=person["name"], email_address=person["email"])
        data = Lti1p3LaunchData(config_id="1", resource_link_id="1", message_type=message_type, **person)
        preflight = urlsplit(self.consumer.prepare_preflight_url(data))
        login = client.get(f"{preflight.path}?{preflight.query}")
        assert login.status_code == 302, login.text
        query = {name: values[0] for name, values in parse_qs(urlsplit(login.location).query).items()}
        return client.post("/lti/launch", data=self.consumer.generate_launch_request(query))

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> Answer:
        """Its services, as its views would route them."""
        path = urlsplit(url).path
        if path == "/jwks":
            return _json(200, self.consumer.get_public_keyset())
        if path == "/token":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            return _json(200, self.consumer.access_token(form))
        token = headers["Authorization"].removeprefix("Bearer ")
        assert self.consumer.check_token(token, ["https://purl.imsglobal.org/spec/lti-ags/scope/score"])
        assert headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
        self.answers.append((201, {}, body))
        return _json(201, {"path": path})


def _json(status: int, document: Any) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


@pytest.fixture
def edx(hub: Hub, system: Principal) -> Iterator[OpenEdx]:
    """Open edX, known to the Hub and knowing its key."""
    with running(OpenEdx()) as platform:
        platform.begin_consumer(hub.ports.keys.signing_key())
        hub.service(Platforms).add(system, PlatformDetails(**platform.details()))
        yield platform


def choose(client: FlaskClient, edx: OpenEdx, package: str) -> list[dict[str, Any]]:
    """Deep linking by a member of the course's staff; returns the content items as the consumer reads them."""
    edx.consumer.enable_deep_linking(LAUNCH_URL, f"{edx.origin}/deep-linking")
    page = edx.go(client, "staff", "LtiDeepLinkingRequest")
    assert page.status_code == 200, page.text
    visit = re.search(r'name="visit" value="([^"]+)"', page.text)
    assert visit
    back = client.post("/lti/choice", data={"visit": visit[1], "package": package, "graded": "on"})
    answer = re.search(r'name="JWT" value="([^"]+)"', back.text)
    assert answer
    items: list[dict[str, Any]] = edx.consumer.check_and_decode_deep_linking_token(answer[1])
    return items


def test_choose_launch_and_grade(
    client: FlaskClient, edx: OpenEdx, hub: Hub, tenant: TenantView, system: Principal
) -> None:
    package = str(add_course(hub.db, tenant.id))
    (item,) = choose(client, edx, package)
    assert item["title"] == "Golf"
    edx.consumer.set_dl_content_launch_parameters(url=item["url"], custom=item["custom"])

    entered = edx.go(client, "student")
    assert entered.status_code == 303, entered.text
    report = edx.go(client, "instructor")
    assert "Ada Lovelace" in report.text

    (found,) = hub.service(Registrations).page(system, Filters(), None, 10)
    assert found.learner.subject == "7"
    book = Gradebook(hub, system, edx, found.id)
    book.progress(completion="completed", success="passed", score_scaled=0.9)
    assert book.work() == []
    score = json.loads(edx.answers[-1][2])
    assert (score["userId"], score["scoreGiven"], score["scoreMaximum"]) == ("7", 90, 100)
    assert book.statuses() == ["delivered"]
