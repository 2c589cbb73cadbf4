"""Launches that are let in, and what they lead to."""

import html
import re
import time
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.http.words import said
from hub.identity import Principal
from hub.lti.services.connections import Connections
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.spec import vocabulary as v
from hub.oauth.services.tenants import Tenants
from hub.privacy.services.jobs import PrivacyJobs
from hub.scorm.services.learners import Learners, agent_of
from hub.scorm.services.registrations import Registrations
from hub.scorm.storage.registrations import Filters
from hub.scorm.storage.tables_runtime import Launch
from tests.support.courses import add_course
from tests.support.lti_platform import AGS_SCOPES, EC, INSTRUCTOR, LAUNCH_URL, LtiPlatform
from tests.support.people import audited

PLAYER = "http://content.localhost:8000/play/"


def custom(package: UUID) -> dict[str, object]:
    return {v.CUSTOM: {"package_id": str(package)}}


def test_a_login_is_sent_on_to_the_platform(client: FlaskClient, platform: LtiPlatform) -> None:
    login = platform.begin(client)
    assert login.response.location.startswith(f"{platform.origin}/auth?")
    assert login.sent["redirect_uri"] == LAUNCH_URL
    assert login.sent["response_type"] == "id_token"
    assert login.sent["response_mode"] == "form_post"
    assert login.sent["prompt"] == "none"
    assert login.sent["scope"] == "openid"
    assert login.sent["client_id"] == platform.client_id
    assert login.sent["login_hint"] == "person-1"
    assert login.sent["lti_message_hint"] == "hint-1"
    assert len(login.sent["state"]) >= 43
    assert len(login.sent["nonce"]) >= 43
    cookie = login.response.headers["Set-Cookie"]
    for attribute in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/lti"):
        assert attribute in cookie
    assert login.sent["state"] not in cookie


def test_a_login_may_be_posted_and_may_leave_the_optional_parameters_out(
    client: FlaskClient, platform: LtiPlatform
) -> None:
    parameters = platform.login_parameters(client_id=None, lti_deployment_id=None, lti_message_hint=None)
    response = client.post("/lti/login", data=parameters)
    assert response.status_code == 302
    assert parse_qs(urlsplit(response.location).query)["client_id"] == [platform.client_id]


def test_a_learner_is_sent_to_the_player(client: FlaskClient, platform: LtiPlatform, package: UUID) -> None:
    response = platform.enter(client, **custom(package))
    assert response.status_code == 303, response.text
    assert response.location.startswith(PLAYER)


def test_a_token_by_es256_is_good(client: FlaskClient, platform: LtiPlatform, package: UUID) -> None:
    login = platform.begin(client)
    claims = platform.claims(login, **custom(package))
    response = platform.launch(client, login, claims, id_token=platform.sign(claims, EC))
    assert response.status_code == 303


def test_the_same_person_by_the_same_link_has_one_registration(
    client: FlaskClient, platform: LtiPlatform, package: UUID, hub: Hub, system: Principal
) -> None:
    for _ in range(2):
        assert platform.enter(client, **custom(package)).status_code == 303
    other_link = {v.RESOURCE_LINK: {"id": "link-2"}}
    assert platform.enter(client, **custom(package), **other_link).status_code == 303
    assert platform.enter(client, **custom(package), sub="learner-2", name=None, email=None).status_code == 303
    found = hub.service(Registrations).page(system, Filters(), None, 100)
    assert sorted((one.learner.subject, one.learner.name) for one in found) == [
        ("learner-1", "Ada Lovelace"),
        ("learner-1", "Ada Lovelace"),
        ("learner-2", ""),
    ]
    assert {one.learner.source for one in found} == {platform.issuer}


def test_a_learner_is_told_when_nothing_was_chosen(client: FlaskClient, platform: LtiPlatform) -> None:
    response = platform.enter(client)
    assert response.status_code == 200
    assert "has not chosen" in response.text


def test_a_package_of_another_tenant_counts_for_nothing(client: FlaskClient, platform: LtiPlatform, hub: Hub) -> None:
    other = hub.service(Tenants).create(f"other-{platform.client_id}", "Other")
    foreign = add_course(hub.db, other.id)
    response = platform.enter(client, **custom(foreign))
    assert response.status_code == 200
    assert "has not chosen" in response.text


def test_a_teacher_chooses_for_a_link_and_learners_then_enter(
    client: FlaskClient, platform: LtiPlatform, package: UUID, hub: Hub, system: Principal
) -> None:
    page = platform.enter(client, **{v.ROLES: [INSTRUCTOR]}, sub="teacher-1", name="Grace Hopper")
    assert page.status_code == 200
    assert "Choose what this link opens" in page.text
    chosen = client.post("/lti/choice", data={"visit": visit_of(page.text), "package": str(package)})
    assert chosen.status_code == 200
    assert "No learner has opened this link yet" in chosen.text
    assert platform.enter(client).status_code == 303
    report = platform.enter(client, **{v.ROLES: [INSTRUCTOR]}, sub="teacher-1")
    assert "Ada Lovelace" in report.text
    assert "Not begun" in report.text
    preview = client.post("/lti/preview", data={"visit": visit_of(report.text)})
    assert preview.status_code == 303
    assert preview.location.startswith(PLAYER)
    assert {"launch.role_given", "resource_link.chosen"} <= audited(hub, system)


def test_a_deployment_that_is_learnt_is_in_the_audit_log(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    [known] = hub.service(Platforms).list(system)
    hub.service(Platforms).change(system, known.id, PlatformChange(learns_deployments=True))
    login = platform.begin(client, lti_deployment_id="new")
    entered = platform.launch(client, login, platform.claims(login, **{v.DEPLOYMENT_ID: "new"}))
    assert entered.status_code == 200, entered.text
    assert "platform.deployment_learnt" in audited(hub, system)


def test_a_launch_that_is_refused_is_in_the_audit_log(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    assert platform.enter(client, exp=1).status_code == 401
    assert "launch.refused" in audited(hub, system)
    assert "launch.role_given" not in audited(hub, system), "learners have no role here but their own"


def test_a_teacher_sees_the_learners_of_this_link_alone(
    client: FlaskClient, platform: LtiPlatform, package: UUID
) -> None:
    platform.enter(client, **custom(package), name="Of This Link")
    other = {v.RESOURCE_LINK: {"id": "link-2"}}
    platform.enter(client, **custom(package), **other, sub="learner-2", name="Of Another Link")
    page = platform.enter(client, **custom(package), **{v.ROLES: [INSTRUCTOR]})
    assert "Of This Link" in page.text
    assert "Of Another Link" not in page.text


def test_pages_may_be_framed_by_their_platform_alone(client: FlaskClient, platform: LtiPlatform, package: UUID) -> None:
    for changes in ({v.ROLES: [INSTRUCTOR]}, {}, {v.ROLES: [INSTRUCTOR]} | custom(package)):
        policy = platform.enter(client, **changes).headers["Content-Security-Policy"]
        assert f"frame-ancestors 'self' {platform.origin};" in policy + ";"
        assert "script-src 'self'" in policy


def test_the_key_set_is_public(client: FlaskClient) -> None:
    keys = client.get("/lti/jwks").get_json()["keys"]
    assert keys
    assert all(key["kty"] == "RSA" and key["kid"] and "d" not in key for key in keys)


def visit_of(page: str) -> str:
    found = re.search(r'name="visit" value="([^"]+)"', page)
    assert found
    return found[1]


def test_pages_speak_the_language_of_the_launch_or_else_of_the_browser(
    client: FlaskClient, platform: LtiPlatform
) -> None:
    german = {v.LAUNCH_PRESENTATION: {"locale": "de_AT"}}
    assert "noch kein Kurs" in platform.enter(client, **german).text
    assert '<html lang="de">' in platform.enter(client, **german).text
    teacher = platform.enter(client, **german, **{v.ROLES: [INSTRUCTOR]})
    searched = client.post("/lti/picker", data={"visit": visit_of(teacher.text), "search": "x"})
    assert "kein Kurs gefunden" in searched.text
    assert "has not chosen" in platform.enter(client, **{v.LAUNCH_PRESENTATION: {"locale": "xx"}}).text
    refused = client.post("/lti/launch", headers={"Accept-Language": "de, en;q=0.5"})
    assert "Für die Administration" in refused.text


def test_a_learner_comes_back_with_a_word_for_the_platform(
    client: FlaskClient, platform: LtiPlatform, package: UUID, hub: Hub
) -> None:
    back = {"return_url": f"{platform.origin}/back?course=1", "locale": "de"}
    response = platform.enter(client, **custom(package), **{v.LAUNCH_PRESENTATION: back})
    assert response.status_code == 303, response.text
    with hub.db.read(EVERY_TENANT) as session:
        kept = session.scalar(select(Launch.return_url).order_by(Launch.created_at.desc()).limit(1))
    assert kept == f"{platform.origin}/back?course=1&lti_msg=Ihr+Fortschritt+ist+gespeichert."


def test_statements_of_a_platform_may_not_name_its_learners(hub, client, platform, system, tenant):
    """The setting of the platform: a keyed hash in place of the learner, by which the Hub still finds them."""
    package = add_course(hub.db, tenant.id)
    launch = {v.CUSTOM: {"package_id": str(package)}, "sub": "ann-1", "name": "Ann Larch"}
    assert platform.enter(client, **launch).status_code == 303
    [learner] = hub.service(Learners).page(system)
    assert agent_of(learner, "https://hub.example")["account"]["name"] == "ann-1"
    [known] = hub.service(Platforms).list(system)
    hub.service(Platforms).change(system, known.id, PlatformChange(uses_pseudonyms=True))
    assert platform.enter(client, **launch).status_code == 303
    [learner] = hub.service(Learners).page(system)
    account = agent_of(learner, "https://hub.example")["account"]
    assert account["homePage"] == "https://hub.example/pseudonyms"
    assert len(account["name"]) == 32
    assert "ann" not in account["name"].lower()
    [identity] = hub.service(PrivacyJobs).look_up(system, "ann-1")
    assert {agent["account"]["name"] for agent in identity.agents} == {"ann-1", account["name"]}
    hub.service(Platforms).change(system, known.id, PlatformChange(uses_pseudonyms=False))
    platform.enter(client, **launch)
    assert hub.service(Learners).page(system)[0].pseudonym is None


@pytest.mark.parametrize("nothing", ["", "$LineItem.url", None])
def test_a_column_that_the_platform_has_lost_is_no_fault(
    client: FlaskClient, platform: LtiPlatform, package: UUID, nothing: str | None
) -> None:
    """Moodle tells an empty address once the link's column was removed from its gradebook."""
    endpoint = {"scope": AGS_SCOPES, "lineitem": nothing, "lineitems": f"{platform.origin}/items"}
    launched = platform.enter(client, **{v.CUSTOM: {"package_id": str(package)}, v.AGS_ENDPOINT: endpoint})
    assert launched.status_code == 303, launched.text


def test_what_is_wrong_is_said_in_german(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    """Whole sentences, with what they are made of; and on the platform's page they are said again."""
    login = platform.begin(client)
    claims = platform.claims(login, exp=int(time.time()) - 100, **{v.RESOURCE_LINK: {"id": "x" * 300}})
    fields = {"state": login.sent["state"], "id_token": platform.sign(claims)}
    german = {"Accept-Language": "de"}
    page = client.post("/lti/launch", data=fields, headers=german)
    assert "Die Angabe (Claim) exp war vor 10" in page.text
    assert "– Element „id“: darf höchstens 255 Zeichen lang sein, nicht 300" in html.unescape(page.text)
    [known] = hub.service(Platforms).list(system)
    [seen] = hub.service(Connections).recent(system, known.id)
    app = client.application
    with app.test_request_context(headers=german):
        assert said(seen.detail).startswith("Die Angabe (Claim) exp war vor 10")
        assert any("darf höchstens 255 Zeichen" in said(fault) for fault in seen.faults)


def test_what_is_wrong_with_a_choice_is_said_in_german(
    client: FlaskClient, platform: LtiPlatform, package: UUID
) -> None:
    login = platform.begin(client)
    claims = platform.deep_linking_claims(login, **{v.LAUNCH_PRESENTATION: {"locale": "de"}})
    visit = visit_of(platform.launch(client, login, claims).text)
    wrong = {"visit": visit, "package": str(package), "graded": "on", "points": "0", "until": "2026-01-01T00:00Z"}
    page = client.post("/lti/choice", data=wrong | {"from": "2026-02-01T00:00Z", "custom": "level"})
    assert page.status_code == 400
    assert "Eigene Parameter: hat eine Zeile ohne Gleichheitszeichen." in page.text
    page = client.post("/lti/choice", data=wrong | {"from": "2026-02-01T00:00Z"}).text
    assert "Punkte: muss mehr als 0 und höchstens 10000 sein." in page
    assert "liegt vor dem Beginn." in page
