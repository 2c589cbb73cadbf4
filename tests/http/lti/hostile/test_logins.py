"""Login initiations with one fault each, and what a launch has to have in common with its login."""

import html
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from tests.support.lti_platform import LAUNCH_URL, LtiPlatform

LOGIN_FAULTS: dict[str, dict[str, Any]] = {
    "no issuer": {"iss": None},
    "unknown issuer": {"iss": "https://evil.example"},
    "issuer of markup": {"iss": "<script>alert(1)</script>"},
    "issuer twice": {"iss": ["https://a.example", "https://b.example"]},
    "no hint": {"login_hint": None},
    "hint too long": {"login_hint": "x" * 9000},
    "hint with a line break": {"login_hint": "a\r\nSet-Cookie: x=y"},
    "no target": {"target_link_uri": None},
    "target elsewhere": {"target_link_uri": "https://evil.example/"},
    "target beginning like ours": {"target_link_uri": LAUNCH_URL + "@evil.example"},
    "target of another scheme": {"target_link_uri": "javascript:alert(1)"},
    "target elsewhere on our host": {"target_link_uri": "http://localhost:8000/oauth"},
    "unknown client": {"client_id": "client-of-nobody"},
    "client twice": {"client_id": ["a", "b"]},
    "unknown deployment": {"lti_deployment_id": "deployment-9"},
    "issuer of script": {"iss": "javascript:alert(1)"},
    "issuer with NUL": {"iss": "https://lms.example\0"},
    "issuer of look-alike letters": {"iss": "https://lm\u0455.example"},
    "issuer that is SQL": {"iss": "' OR 1=1 --"},
    "issuer too long": {"iss": "https://" + "x" * 3000},
    "client with NUL": {"client_id": "a\0b"},
    "client too long": {"client_id": "x" * 300},
    "client that is SQL": {"client_id": "' OR ''='"},
    "deployment twice": {"lti_deployment_id": ["deployment-1", "deployment-2"]},
    "deployment with a line break": {"lti_deployment_id": "deployment-1\n"},
    "hint twice": {"login_hint": ["a", "b"]},
    "hint with NUL": {"login_hint": "a\0"},
    "empty hint": {"login_hint": ""},
    "message hint too long": {"lti_message_hint": "x" * 20_000},
    "message hint with a line break": {"lti_message_hint": "a\r\nLocation: https://evil.example"},
    "storage target too long": {"lti_storage_target": "x" * 300},
    "storage target with a line break": {"lti_storage_target": "a\nb"},
    "target of another port": {"target_link_uri": LAUNCH_URL.replace(":8000", ":8001")},
    "target of another host's scheme": {"target_link_uri": LAUNCH_URL.replace("http:", "https:")},
    "target without a scheme": {"target_link_uri": "//localhost:8000/lti/launch"},
    "target with a backslash": {"target_link_uri": "http:\\\\localhost:8000\\lti\\launch"},
    "target with our host as the user": {"target_link_uri": "http://localhost:8000/lti/launch@evil.example/"},
    "target with a path above": {"target_link_uri": LAUNCH_URL + "/../../console"},
    "target in other letters": {"target_link_uri": LAUNCH_URL.upper()},
    "target with a fragment": {"target_link_uri": LAUNCH_URL + "#x"},
    "target twice": {"target_link_uri": [LAUNCH_URL, "https://evil.example/"]},
}


@pytest.mark.parametrize("fault", ["none", *LOGIN_FAULTS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_login_with_one_fault_is_refused(client: FlaskClient, platform: LtiPlatform, fault: str, method: str) -> None:
    parameters = platform.login_parameters(**LOGIN_FAULTS.get(fault, {}))
    sent = {"query_string": parameters} if method == "get" else {"data": parameters}
    response = getattr(client, method)("/lti/login", **sent)
    if fault == "none":
        assert response.status_code == 302
        return
    assert 400 <= response.status_code < 500
    assert response.mimetype == "text/html"
    assert "<script>alert" not in response.text
    assert "Set-Cookie" not in response.headers


def test_one_issuer_may_have_several_platforms(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    second = PlatformDetails(**platform.details() | {"client_id": "client-2nd", "deployment_ids": ("deployment-2",)})
    hub.service(Platforms).add(system, second)
    by_client = platform.begin(client, client_id="client-2nd", lti_deployment_id=None)
    assert by_client.sent["client_id"] == "client-2nd"
    by_deployment = platform.begin(client, client_id=None, lti_deployment_id="deployment-2")
    assert by_deployment.sent["client_id"] == "client-2nd"
    unclear = platform.login_parameters(client_id=None, lti_deployment_id=None)
    assert client.get("/lti/login", query_string=unclear).status_code == 401


def test_a_launch_stays_in_the_deployment_of_its_login(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    """Both deployments are known, but the platform chose one of them when the login began (LTI 1.3 section 4.1.2)."""
    deployments = ("deployment-1", "deployment-2")
    second = PlatformDetails(**platform.details() | {"client_id": "client-2nd", "deployment_ids": deployments})
    hub.service(Platforms).add(system, second)
    login = platform.begin(client, client_id="client-2nd", lti_deployment_id="deployment-1")
    claims = platform.claims(login, **{"aud": "client-2nd", v.DEPLOYMENT_ID: "deployment-2"})
    response = platform.launch(client, login, claims)
    assert response.status_code == 403
    assert "is not the deployment that this login began with" in html.unescape(response.text)
