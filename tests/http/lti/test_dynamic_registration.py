"""Platforms that register themselves by one address: as Moodle and Canvas do it, and as they should not."""

import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.bootstrap import Hub, create_hub_app
from hub.identity import Principal, system_principal
from hub.lti.services.dynamic_registration import MOST_WAITING, DynamicRegistration
from hub.lti.services.platforms import Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.dynamic_registration import PLATFORM_CONFIGURATION, SCOPES, TOOL_CONFIGURATION
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import Tenants, TenantView
from tests.support.lti_platform import LAUNCH_URL, LtiPlatform, running
from tests.support.people import audited

CANVAS_SCOPES = [scope for scope in SCOPES if scope != v.SCOPE_GROUPS_READ]


@pytest.fixture
def stranger():
    """A platform that the Hub does not know yet."""
    with running(LtiPlatform()) as platform:
        yield platform


@pytest.fixture
def invitation(hub: Hub, system: Principal) -> str:
    """A one-time registration address."""
    return hub.service(DynamicRegistration).invite(system)[1]


def opened(client: FlaskClient, address: str, platform: LtiPlatform, **changes: Any) -> TestResponse:
    """Open a registration address as a platform does that adds its two parameters."""
    parameters = {"openid_configuration": f"{platform.origin}/openid", "registration_token": "token-1"} | changes
    joint = "&" if "?" in address else "?"
    kept = {name: value for name, value in parameters.items() if value is not None}
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}{joint if parts.query else ''}{urlencode(kept, doseq=True)}")


def confirmed(client: FlaskClient, page: TestResponse) -> TestResponse:
    """Click the button of the page."""
    found = re.search(r'name="offer" value="([^"]+)"', page.text)
    assert found, page.text
    return client.post("/lti/register", data={"offer": found[1]})


def test_a_platform_that_was_invited_is_let_in_at_once(
    client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    page = opened(client, invitation, stranger)
    assert page.status_code == 200, page.text
    assert stranger.origin in page.text
    assert "moodle" in page.text
    assert "approve" not in page.text
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert stranger.registrations == []
    done = confirmed(client, page)
    assert done.status_code == 200, done.text
    assert "close.js" in done.text
    [platform] = hub.service(Platforms).list(system)
    assert (platform.issuer, platform.client_id) == (stranger.issuer, stranger.client_id)
    assert platform.deployment_ids == {"7"}
    assert not platform.awaits_approval
    assert not platform.learns_deployments
    assert platform.product == "moodle"
    assert platform.name == f"Moodle, {urlsplit(stranger.origin).netloc}"
    assert platform.token_audience is None
    login = client.get("/lti/login", query_string=stranger.login_parameters(lti_deployment_id="7"))
    assert login.status_code == 302


def test_what_the_hub_asks_for_is_what_moodle_and_the_specification_want(
    client: FlaskClient, stranger: LtiPlatform, invitation: str
) -> None:
    confirmed(client, opened(client, invitation, stranger))
    [(token, body)] = stranger.registrations
    assert token == "Bearer token-1"
    tool = body.pop(TOOL_CONFIGURATION)
    assert body == {
        "application_type": "web",
        "grant_types": ["client_credentials", "implicit"],
        "response_types": ["id_token"],
        "client_name": "Standards Hub",
        "client_uri": "http://localhost:8000",
        "logo_uri": "http://localhost:8000/lti/static/icon.svg",
        "initiate_login_uri": "http://localhost:8000/lti/login",
        "redirect_uris": [LAUNCH_URL],
        "jwks_uri": "http://localhost:8000/lti/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(CANVAS_SCOPES),
    }
    assert tool["domain"] == "localhost:8000"
    assert tool["target_link_uri"] == LAUNCH_URL
    assert {"sub", "name", "email"} <= set(tool["claims"])
    assert tool["custom_parameters"] == {"context_history": "$Context.id.history"}
    assert [message["type"] for message in tool["messages"]] == [v.DEEP_LINKING_REQUEST, v.RESOURCE_LINK_REQUEST]
    with client.get("/lti/static/icon.svg") as icon:
        assert icon.status_code == 200


def test_canvas_is_asked_for_what_canvas_knows(client: FlaskClient, stranger: LtiPlatform, invitation: str) -> None:
    stranger.configuration = {
        "authorization_server": "canvas.instructure.com",
        PLATFORM_CONFIGURATION: {
            "product_family_code": "canvas",
            "version": "vCloud",
            "https://canvas.instructure.com/lti/account_name": "Test University",
            "messages_supported": [
                {"type": v.RESOURCE_LINK_REQUEST, "placements": ["account_navigation", "course_navigation"]},
                {"type": v.DEEP_LINKING_REQUEST, "placements": ["assignment_selection", "link_selection"]},
            ],
            "variables": ["ResourceLink.id.history", "Context.id.history", "Canvas.course.id"],
        },
    }
    stranger.registration_answer = {"client_id": stranger.client_id, "scope": "openid"}
    page = opened(client, invitation, stranger)
    assert "Test University" in page.text
    assert confirmed(client, page).status_code == 200
    [(_, body)] = stranger.registrations
    tool = body[TOOL_CONFIGURATION]
    assert tool["https://canvas.instructure.com/lti/privacy_level"] == "public"
    assert tool["custom_parameters"] == {
        "link_history": "$ResourceLink.id.history",
        "context_history": "$Context.id.history",
    }
    deep, link = tool["messages"]
    assert deep["placements"] == ["assignment_selection", "link_selection"]
    assert link["placements"] == ["course_navigation"]
    assert link["target_link_uri"] == f"{LAUNCH_URL}?page=report"


def test_a_platform_without_a_deployment_brings_it_with_its_first_launch(
    client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal, package: object
) -> None:
    stranger.registration_answer = {"client_id": stranger.client_id}
    confirmed(client, opened(client, invitation, stranger))
    [platform] = hub.service(Platforms).list(system)
    assert platform.learns_deployments
    assert not platform.deployment_ids
    assert stranger.enter(client, **{v.CUSTOM: {"package_id": str(package)}}).status_code == 303
    assert hub.service(Platforms).get(system, platform.id).deployment_ids == {stranger.deployment_id}


def test_a_platform_that_was_not_invited_waits_for_approval(
    client: FlaskClient, stranger: LtiPlatform, tenant: TenantView, hub: Hub, system: Principal
) -> None:
    page = opened(client, hub.service(DynamicRegistration).address(system), stranger)
    assert "approve" in page.text
    assert "waits for an administrator" in confirmed(client, page).text
    [platform] = hub.service(Platforms).list(system)
    assert platform.awaits_approval
    refused = client.get("/lti/login", query_string=stranger.login_parameters(lti_deployment_id="7"))
    assert refused.status_code == 403
    assert "lti_platform_waiting" in refused.text
    hub.service(Platforms).approve(system, platform.id)
    let_in = client.get("/lti/login", query_string=stranger.login_parameters(lti_deployment_id="7"))
    assert let_in.status_code == 302


def test_a_platform_that_waits_again_is_told_so_in_the_middle_of_a_launch(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal, package: object
) -> None:
    login = platform.begin(client)
    [known] = hub.service(Platforms).list(system)
    with hub.db.unit_of_work(system.tenant_id) as work:
        from hub.lti.storage import platforms

        platforms.change(work.session, system.tenant_id, known.id, {"awaits_approval": True})
    answer = platform.launch(client, login, platform.claims(login, **{v.CUSTOM: {"package_id": str(package)}}))
    assert answer.status_code == 401
    assert "lti_platform_unknown" in answer.text


def test_an_invitation_is_good_for_one_platform(
    client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    pages = [opened(client, invitation, stranger) for _ in range(6)]
    clients = [create_hub_app(hub).test_client() for _ in pages]
    answers: list[int] = []

    def click(browser: FlaskClient, page: TestResponse) -> None:
        answers.append(confirmed(browser, page).status_code)

    threads = [threading.Thread(target=click, args=pair) for pair in zip(clients, pages, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 410, 410, 410, 410, 410]
    assert len(stranger.registrations) == 1
    again = opened(client, invitation, stranger)
    assert again.status_code == 410
    assert "lti_invitation_over" in again.text


def test_an_invitation_is_given_back_when_the_platform_declines(
    client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    stranger.registration_status = 401
    refused = confirmed(client, opened(client, invitation, stranger))
    assert refused.status_code == 400
    assert "lti_registration_declined" in refused.text
    assert "token_already_used" in refused.text
    stranger.registration_status = 200
    assert confirmed(client, opened(client, invitation, stranger)).status_code == 200
    assert hub.service(DynamicRegistration).open_invitations(system) == []


def test_an_offer_is_confirmed_once(
    client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    page = opened(client, invitation, stranger)
    assert confirmed(client, page).status_code == 200
    assert "platform.added" in audited(hub, system)
    assert confirmed(client, page).status_code == 410
    assert client.post("/lti/register", data={}).status_code == 410


def test_an_invitation_that_was_taken_back_or_of_another_tenant_is_none(
    client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    other = invitation.replace(urlsplit(invitation).path.rpartition("/")[2], "nobody-here")
    assert opened(client, other, stranger).status_code == 404
    [made] = hub.service(DynamicRegistration).open_invitations(system)
    hub.service(DynamicRegistration).revoke(system, made.id)
    assert opened(client, invitation, stranger).status_code == 410


def test_a_platform_that_registers_again_by_invitation_is_brought_up_to_date(
    client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    """An administrator of Moodle chooses to update the tool that is there."""
    before = stranger.details() | {"auth_url": f"{stranger.origin}/old", "name": "Our Moodle"}
    added = hub.service(Platforms).add(system, PlatformDetails(**before), awaits_approval=True)
    done = confirmed(client, opened(client, invitation, stranger))
    assert done.status_code == 200, done.text
    [known] = hub.service(Platforms).list(system)
    assert (known.id, known.name, known.auth_url) == (added.id, "Our Moodle", f"{stranger.origin}/auth")
    assert known.deployment_ids == {stranger.deployment_id, "7"}
    assert not known.awaits_approval


def test_nobody_changes_a_platform_without_an_invitation_or_of_another_tenant(
    client: FlaskClient, stranger: LtiPlatform, hub: Hub, system: Principal, tenant: TenantView, invitation: str
) -> None:
    elsewhere = system_principal(hub.service(Tenants).create(f"t{stranger.client_id}", "Other").id)
    for owner, address in ((system, f"/lti/register/{tenant.slug}"), (elsewhere, invitation)):
        before = hub.service(Platforms).add(owner, PlatformDetails(**stranger.details()))
        stranger.configuration = {"authorization_endpoint": f"{stranger.origin}/mine"}
        refused = confirmed(client, opened(client, address, stranger))
        assert refused.status_code == 409
        assert hub.service(Platforms).get(owner, before.id) == before
        hub.service(Platforms).remove(owner, before.id)
    assert len(hub.service(DynamicRegistration).open_invitations(system)) == 1


def test_only_so_many_platforms_wait(client: FlaskClient, stranger: LtiPlatform, hub: Hub, system: Principal) -> None:
    for number in range(MOST_WAITING):
        details = stranger.details() | {"client_id": f"{stranger.client_id}-{number}"}
        hub.service(Platforms).add(system, PlatformDetails(**details), awaits_approval=True)
    assert opened(client, hub.service(DynamicRegistration).address(system), stranger).status_code == 429


def test_the_canvas_key_is_read_from_an_address(client: FlaskClient) -> None:
    answer = client.get("/lti/canvas.json")
    assert answer.mimetype == "application/json"
    key = answer.get_json()
    assert key["public_jwk_url"] == "http://localhost:8000/lti/jwks"
    assert key["oidc_initiation_url"] == "http://localhost:8000/lti/login"
    assert key["scopes"] == CANVAS_SCOPES
    placements = key["extensions"][0]["settings"]["placements"]
    assert [one["placement"] for one in placements] == ["assignment_selection", "link_selection", "course_navigation"]


# Platforms that should not be let in: one fault each of an otherwise good registration.

Fault = Callable[[LtiPlatform], dict[str, Any] | None]


def _configured(**members: Any) -> Fault:
    def fault(platform: LtiPlatform) -> None:
        platform.configuration = members

    return fault


def _answered(body: bytes, status: int = 200) -> Fault:
    def fault(platform: LtiPlatform) -> None:
        platform.configuration_answer = (status, {}, body)

    return fault


def _asked(**parameters: Any) -> Fault:
    return lambda platform: {
        name: value.format(origin=platform.origin) if isinstance(value, str) else value
        for name, value in parameters.items()
    }


_PLATFORM = {"product_family_code": "moodle", "version": "4.5"}

FAULTS: dict[str, Fault] = {
    "no configuration named": _asked(openid_configuration=None),
    "an empty address": _asked(openid_configuration=""),
    "no http address": _asked(openid_configuration="file:///etc/passwd"),
    "a script as address": _asked(openid_configuration="javascript:alert(1)"),
    "an address with a user": _asked(openid_configuration="http://hub@127.0.0.1/openid"),
    "an address with a fragment": _asked(openid_configuration="{origin}/openid#x"),
    "two addresses": _asked(openid_configuration=["http://127.0.0.1/a", "http://127.0.0.1/b"]),
    "a very long address": _asked(openid_configuration="{origin}/" + "a" * 3000),
    "an address of nobody": _asked(openid_configuration="http://127.0.0.1:9/openid"),
    "a token with line breaks": _asked(registration_token="a\r\nX-Evil: 1"),
    "a token that is no ASCII": _asked(registration_token="naïve"),
    "two tokens": _asked(registration_token=["a", "b"]),
    "not there": _answered(b"", 404),
    "a redirect": _answered(b"", 302),
    "an error": _answered(b"oops", 500),
    "nothing": _answered(b""),
    "no JSON": _answered(b"<html>"),
    "a list": _answered(b"[]"),
    "a number": _answered(b"1e999"),
    "deep": _answered(b"[" * 5000 + b"]" * 5000),
    "large": _answered(b'{"a":"' + b"a" * 300_000 + b'"}'),
    "no issuer": _configured(issuer=None),
    "an issuer of another host": _configured(issuer="http://other.example"),
    "an issuer that is a number": _configured(issuer=1),
    "no authentication address": _configured(authorization_endpoint=None),
    "an authentication address for scripts": _configured(authorization_endpoint="javascript:alert(1)//"),
    "no token address": _configured(token_endpoint=None),
    "a token address that is a file": _configured(token_endpoint="file:///etc/passwd"),
    "no key set": _configured(jwks_uri=None),
    "a key set that is a list": _configured(jwks_uri=[]),
    "no registration address": _configured(registration_endpoint=None),
    "a registration address with a user": _configured(registration_endpoint="http://a:b@127.0.0.1/register"),
    "no platform configuration": _configured(**{PLATFORM_CONFIGURATION: None}),
    "a platform configuration that is a list": _configured(**{PLATFORM_CONFIGURATION: []}),
    "no product": _configured(**{PLATFORM_CONFIGURATION: {"version": "4"}}),
    "a product that is a number": _configured(**{PLATFORM_CONFIGURATION: _PLATFORM | {"product_family_code": 5}}),
    "no launches": _configured(
        **{PLATFORM_CONFIGURATION: _PLATFORM | {"messages_supported": ["LtiDeepLinkingRequest"]}}
    ),
    "odd messages only": _configured(**{PLATFORM_CONFIGURATION: _PLATFORM | {"messages_supported": [None, 1, {}, []]}}),
    "no id tokens": _configured(response_types_supported=["code"]),
    "symmetric signatures": _configured(id_token_signing_alg_values_supported=["HS256"]),
    "unsigned tokens": _configured(id_token_signing_alg_values_supported=["none"]),
    "passwords only": _configured(token_endpoint_auth_methods_supported=["client_secret_basic"]),
    "scopes that are a text": _configured(scopes_supported="openid"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_platform_that_is_not_sound_is_refused(
    fault: Fault, client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    refused = opened(client, invitation, stranger, **(fault(stranger) or {}))
    assert 400 <= refused.status_code < 500, refused.text
    assert "text/html" in refused.content_type
    assert "lti_registration_" in refused.text
    assert "<script>" not in refused.text
    assert "token-1" not in refused.text
    assert stranger.registrations == []
    assert len(hub.service(DynamicRegistration).open_invitations(system)) == 1


ANSWERS: dict[str, Any] = {
    "nothing": None,
    "a list": [],
    "no client id": {"scope": ""},
    "an empty client id": {"client_id": ""},
    "a client id that is a number": {"client_id": 5},
    "a client id with control characters": {"client_id": "a\u0000b"},
    "a very long client id": {"client_id": "a" * 300},
    "a scope that is a list": {"client_id": "good", "scope": ["a"]},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_that_cannot_be_used_adds_nothing(
    answer: Any, client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    page = opened(client, invitation, stranger)
    stranger.registration_answer = answer
    refused = confirmed(client, page)
    assert refused.status_code == 400, refused.text
    assert hub.service(Platforms).list(system) == []


def test_odd_but_usable_members_do_no_harm(
    client: FlaskClient, stranger: LtiPlatform, invitation: str, hub: Hub, system: Principal
) -> None:
    stranger.configuration = {
        "authorization_server": "https://auth.example/token",
        PLATFORM_CONFIGURATION: {
            "product_family_code": "<script>alert(1)</script>\u0000",
            "version": "\u202e\u0000",
            "messages_supported": [{"type": "LtiResourceLink", "placements": [1, None]}, 7],
        },
    }
    stranger.registration_answer = {
        "client_id": stranger.client_id,
        "deployment_id": 1234,
        TOOL_CONFIGURATION: {"deployment_id": {"a": 1}},
    }
    page = opened(client, invitation, stranger, registration_token=None)
    assert "<script>alert" not in page.text
    assert confirmed(client, page).status_code == 200
    [(token, _)] = stranger.registrations
    assert token is None
    [platform] = hub.service(Platforms).list(system)
    assert platform.deployment_ids == {"1234"}
    assert platform.token_audience == "https://auth.example/token"
    assert platform.product == "<script>alert(1)</script>"


def test_private_addresses_are_refused_where_they_are_not_allowed(
    hub: Hub, system: Principal, stranger: LtiPlatform
) -> None:
    strict = DynamicRegistration(
        hub.db,
        hub.ports.clock,
        hub.ports.ids,
        hub.ports.transients,
        hub.ports.http,
        hub.service(Platforms),
        "https://hub.example",
        allow_private=False,
    )
    slug = urlsplit(strict.address(system)).path.rpartition("/")[2]
    for url in (f"{stranger.origin}/openid", "https://127.0.0.1/openid", "https://10.0.0.1/x", "https://localhost/x"):
        with pytest.raises(Exception, match="openid_configuration") as refusal:
            strict.open(slug, {"openid_configuration": [url]}, "192.0.2.1")
        assert refusal.value.status == 400  # type: ignore[attr-defined]
    assert stranger.requests == {}


def test_too_many_openings_from_one_place_are_throttled(
    client: FlaskClient, stranger: LtiPlatform, hub: Hub, system: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.lti.services.dynamic_registration.OPENINGS_AN_HOUR", 2)
    registration = hub.service(DynamicRegistration)
    slug = urlsplit(registration.address(system)).path.rpartition("/")[2]
    parameters = {"openid_configuration": [f"{stranger.origin}/openid"]}
    where = f"2001:db8::{slug[:4]}"
    for _ in range(2):
        registration.open(slug, parameters, where)
    with pytest.raises(Exception, match="too often"):
        registration.open(slug, parameters, where)
    registration.open(slug, parameters, f"{where}:1")


def test_the_address_names_the_tenant_and_carries_the_secret(invitation: str, tenant: TenantView) -> None:
    parts = urlsplit(invitation)
    assert parts.path == f"/lti/register/{tenant.slug}"
    assert len(parse_qs(parts.query)["invitation"][0]) >= 43
