"""Launches in which anything may be anything: no value of a claim, a header or a form makes the Hub fail.

A launch that the Hub cannot take is refused with 4xx and a page; one whose change does no harm is let in. Nothing in
between, and never a 5xx.
"""

import copy
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.spec import vocabulary as v
from tests.http.lti.hostile.tokens import raw_signed
from tests.support.lti_platform import INSTRUCTOR, RSA, Login, LtiPlatform

_SOME = settings(
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\u202e\u2066",
        "ﬁ\u0301\u200d👩‍👩‍👧",
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}%{7*7}",
        "' OR 1=1; --",
        "../../etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "https://[::1",
        "https://*/",
        "https://a;b/",
        "http://127.0.0.1:1/",
        "%00",
        "\r\nSet-Cookie: a=b",
        "x" * 300,
        "x" * 9000,
        "true",
        "$ResourceLink.id.history",
        "0001-01-01T00:00:00Z",
        "NaN",
    ]
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([-1, 0, 2**31, 2**53, 2**63, 2**64, 10**30, 10**300, 1e-300, -0.0]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, ODD_TEXTS, st.text(max_size=20))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(ODD_TEXTS, st.text(max_size=8)), inner, max_size=4)
    ),
    max_leaves=12,
)

CLAIMS = (
    *("iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "sub", "name", "given_name", "family_name", "email", "locale"),
    *(v.MESSAGE_TYPE, v.VERSION, v.DEPLOYMENT_ID, v.TARGET_LINK_URI, v.RESOURCE_LINK, v.ROLES, v.CONTEXT, v.CUSTOM),
    *(v.LAUNCH_PRESENTATION, v.AGS_ENDPOINT, v.NAMES_ROLE_SERVICE, v.GROUPS_SERVICE, v.FOR_USER, v.TOOL_PLATFORM),
    *(v.DEEP_LINKING_SETTINGS, v.LIS, v.ROLE_SCOPE_MENTOR),
)
MEMBERS = (
    *((v.RESOURCE_LINK, name) for name in ("id", "title", "description")),
    *((v.CONTEXT, name) for name in ("id", "title", "label", "type")),
    *((v.LAUNCH_PRESENTATION, name) for name in ("return_url", "locale", "document_target", "width")),
    *((v.AGS_ENDPOINT, name) for name in ("scope", "lineitem", "lineitems")),
    *((v.NAMES_ROLE_SERVICE, name) for name in ("context_memberships_url", "service_versions")),
    *((v.GROUPS_SERVICE, name) for name in ("context_groups_url", "scope")),
    *((v.CUSTOM, name) for name in ("package_id", "graded", "link_history", "x")),
)
SETTINGS = (
    *("deep_link_return_url", "accept_types", "accept_presentation_document_targets", "accept_multiple"),
    *("accept_lineitem", "accept_media_types", "auto_create", "title", "text", "data"),
)


@pytest.fixture
def good(platform: LtiPlatform, package: UUID):
    """The claims of a good launch with every service."""

    def claims(login: Login) -> dict[str, Any]:
        custom = {v.CUSTOM: {"package_id": str(package), "link_history": "a,b"}}
        return platform.claims(login, **custom, **platform.ags(), **platform.nrps())

    return claims


def assert_answered(response: TestResponse) -> None:
    assert response.status_code < 500, response.text
    assert response.status_code in (200, 303) or 400 <= response.status_code < 500
    assert "<script>alert" not in response.text


def send(client: FlaskClient, platform: LtiPlatform, login: Login, claims: Any) -> TestResponse:
    # The claims as they are, also such that a signing library would refuse.
    attack = type("Attack", (), {"platform": platform})
    header = json.dumps({"alg": "RS256", "kid": RSA.kid, "typ": "JWT"}).encode()
    token = raw_signed(attack, header, json.dumps(claims).encode("utf-8", "surrogatepass"))
    return platform.launch(client, login, {}, id_token=token)


def test_the_launch_as_it_is_is_let_in(client: FlaskClient, platform: LtiPlatform, good) -> None:
    login = platform.begin(client)
    assert send(client, platform, login, good(login)).status_code == 303


@_SOME
@given(name=st.sampled_from(CLAIMS), value=VALUES)
def test_any_claim_may_be_anything(client: FlaskClient, platform: LtiPlatform, good, name: str, value: Any) -> None:
    login = platform.begin(client)
    assert_answered(send(client, platform, login, good(login) | {name: value}))


@_SOME
@given(place=st.sampled_from(MEMBERS), value=VALUES)
def test_any_member_of_a_claim_may_be_anything(
    client: FlaskClient, platform: LtiPlatform, good, place: tuple[str, str], value: Any
) -> None:
    login = platform.begin(client)
    claims = copy.deepcopy(good(login))
    claims[place[0]][place[1]] = value
    assert_answered(send(client, platform, login, claims))


@_SOME
@given(place=st.sampled_from(MEMBERS), value=VALUES)
def test_what_a_teacher_launches_may_be_anything(
    client: FlaskClient, platform: LtiPlatform, good, place: tuple[str, str], value: Any
) -> None:
    login = platform.begin(client)
    claims = copy.deepcopy(good(login)) | {v.ROLES: [INSTRUCTOR]}
    claims[place[0]][place[1]] = value
    assert_answered(send(client, platform, login, claims))


@_SOME
@given(name=st.sampled_from(SETTINGS), value=VALUES)
def test_any_deep_linking_setting_may_be_anything(
    client: FlaskClient, platform: LtiPlatform, name: str, value: Any
) -> None:
    login = platform.begin(client)
    claims = platform.deep_linking_claims(login)
    claims[v.DEEP_LINKING_SETTINGS][name] = value
    assert_answered(send(client, platform, login, claims))


@_SOME
@given(value=VALUES)
def test_the_claims_as_a_whole_may_be_anything(client: FlaskClient, platform: LtiPlatform, value: Any) -> None:
    login = platform.begin(client)
    response = send(client, platform, login, value)
    assert 400 <= response.status_code < 500


@_SOME
@given(
    name=st.sampled_from(["alg", "kid", "typ", "jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"]), value=VALUES
)
def test_any_header_may_be_anything(client: FlaskClient, platform: LtiPlatform, good, name: str, value: Any) -> None:
    login = platform.begin(client)
    attack = type("Attack", (), {"platform": platform})
    header = {"alg": "RS256", "kid": RSA.kid, "typ": "JWT", name: value}
    token = raw_signed(attack, json.dumps(header).encode(), json.dumps(good(login)).encode())
    assert_answered(platform.launch(client, login, {}, id_token=token))


@_SOME
@given(
    name=st.sampled_from(["state", "id_token", "error", "error_description", "stored", "visit"]),
    value=st.one_of(ODD_TEXTS, st.text(max_size=50), st.binary(max_size=50)),
)
def test_any_field_of_the_form_may_be_anything(
    client: FlaskClient, platform: LtiPlatform, good, name: str, value: str | bytes
) -> None:
    login = platform.begin(client)
    assert_answered(platform.launch(client, login, good(login), **{name: value}))


@_SOME
@given(
    name=st.sampled_from(
        [
            *("iss", "login_hint", "target_link_uri", "client_id", "lti_deployment_id", "lti_message_hint"),
            *("lti_storage_target", "deployment_id"),
        ]
    ),
    value=st.one_of(ODD_TEXTS, st.text(max_size=50)),
)
def test_any_parameter_of_a_login_may_be_anything(
    client: FlaskClient, platform: LtiPlatform, name: str, value: str
) -> None:
    parameters = platform.login_parameters(**{name: value})
    response = client.post("/lti/login", data=parameters)
    assert response.status_code == 302 or 400 <= response.status_code < 500
    if response.status_code == 302:
        assert response.location.startswith(f"{platform.origin}/auth?")


@_SOME
@given(
    keys=st.one_of(
        VALUES,
        st.fixed_dictionaries({"keys": st.lists(VALUES, max_size=3)}),
        st.tuples(st.sampled_from(["kty", "n", "e", "use", "alg", "key_ops", "kid"]), VALUES),
    )
)
def test_the_key_set_may_be_anything(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal, good, keys: Any
) -> None:
    (known,) = hub.service(Platforms).list(system)
    fresh = f"{platform.origin}/jwks?of={uuid4()}"  # A key set that was fetched is kept by its address.
    hub.service(Platforms).change(system, known.id, PlatformChange(jwks_url=fresh))
    if isinstance(keys, tuple):
        keys = {"keys": [{**RSA.as_dict(private=False), "kid": RSA.kid, keys[0]: keys[1]}]}
    platform.key_set = keys
    login = platform.begin(client)
    assert_answered(send(client, platform, login, good(login)))
