"""Consent: what learners agree to before anything of them is recorded."""

import re
from html import unescape
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.errors import Conflict, Invalid, NotFound, PreconditionFailed
from hub.identity import Principal
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.privacy.services.jobs import PrivacyJobs
from hub.scorm.services.consents import LONGEST_TEXT, Consents, ConsentView
from hub.scorm.services.launches import Launches
from hub.scorm.services.registrations import RegistrationView
from tests.http.player.conftest import Player
from tests.http.player.test_player_page import launch_data

TEXT = "We keep your answers for two years.\n\nAsk <the office> & co."


@pytest.fixture
def asked(hub: Hub, system: Principal) -> None:
    """The tenant asks its learners."""
    hub.service(Consents).change(system, TEXT, is_asked=True)


def launch(hub: Hub, system: Principal, registration: RegistrationView, **options: object) -> str:
    """The path of a fresh launch on the content origin."""
    link = hub.service(Launches).create(system, registration.id, **options)  # type: ignore[arg-type]
    return "/play/" + link.url.rpartition("/")[2]


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the page that asks."""
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}


def agree(client: FlaskClient, path: str, page: str) -> str:
    """Agree to what the page asks, as a browser that keeps no cookie; returns the player's page."""
    client.delete_cookie("launch", domain="content.localhost", path=path)
    answer = client.post(f"{path}/consent", data=form_of(page))
    assert answer.status_code == 200, answer.text
    return answer.text


def answers(hub: Hub, system: Principal, registration: RegistrationView) -> list[ConsentView]:
    return hub.service(Consents).of_learners(system, [registration.learner.id])


def test_nobody_is_asked_anything_until_somebody_says_so(
    hub: Hub, system: Principal, content_client: FlaskClient, registration: RegistrationView
) -> None:
    assert hub.service(Consents).notice(system).is_asked is False
    page = content_client.get(launch(hub, system, registration)).text
    assert 'id="launch"' in page
    assert "withdrawal" not in page


def test_a_course_begins_when_the_learner_has_agreed_and_not_before(
    hub: Hub, system: Principal, content_client: FlaskClient, registration: RegistrationView, asked: None
) -> None:
    path = launch(
        hub, system, registration, return_url="https://lms.example/back", frame_origins=["https://lms.example"]
    )
    answer = content_client.get(path)
    assert "Ask &lt;the office&gt; &amp; co." in answer.text
    assert "https://lms.example/back" in answer.text
    assert 'id="launch"' not in answer.text, "no player"
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'self' https://lms.example" in policy or "https://lms.example" in policy
    page = agree(content_client, path, answer.text)
    token = str(launch_data(page)["token"])
    started = Player(content_client, token, {}).call("navigation", {"request": "start"})
    assert started.status_code == 200
    [given] = answers(hub, system, registration)
    assert (given.version, given.withdrawn_at) == (1, None)
    [event] = hub.service(AuditLog).list(system, AuditFilter(action="consent.given"))
    assert (event.actor_kind, event.target) == ("learner", str(registration.learner.id))
    assert 'id="launch"' in content_client.get(launch(hub, system, registration)).text, "asked once"


def test_the_token_of_the_page_that_asks_records_nothing(
    hub: Hub, system: Principal, content_client: FlaskClient, registration: RegistrationView, asked: None
) -> None:
    path = launch(hub, system, registration)
    token = form_of(content_client.get(path).text)["token"]
    refused = Player(content_client, token, {}).call("navigation", {"request": "start"})
    assert refused.status_code == 401
    assert answers(hub, system, registration) == []


@pytest.mark.parametrize("case", ["no token", "no version", "another version", "another launch", "session token"])
def test_nobody_agrees_by_a_form_that_is_not_the_pages_own(
    hub: Hub, system: Principal, content_client: FlaskClient, registration: RegistrationView, asked: None, case: str
) -> None:
    path = launch(hub, system, registration)
    form = form_of(content_client.get(path).text)
    if case == "no token":
        form["token"] = ""
    elif case == "no version":
        form.pop("version")
    elif case == "another version":
        form["version"] = "2"
    elif case == "another launch":
        form["token"] = form_of(content_client.get(launch(hub, system, registration)).text)["token"]
    else:
        hub.service(Consents).change(system, TEXT, is_asked=False)
        form["token"] = hub.service(Launches).open(launch(hub, system, registration)[6:], None, "x").token
        hub.service(Consents).change(system, TEXT, is_asked=True)
    answer = content_client.post(f"{path}/consent", data=form)
    assert answer.status_code in (401, 409), answer.text
    assert answers(hub, system, registration) == []


def test_another_text_is_asked_anew_and_the_same_is_not(
    hub: Hub, system: Principal, content_client: FlaskClient, registration: RegistrationView, asked: None
) -> None:
    path = launch(hub, system, registration)
    agree(content_client, path, content_client.get(path).text)
    consents = hub.service(Consents)
    assert consents.change(system, "", is_asked=False).version == 1
    assert consents.change(system, TEXT, is_asked=True).version == 1
    assert 'id="launch"' in content_client.get(launch(hub, system, registration)).text
    assert consents.change(system, "Now for three years.", is_asked=True).version == 2
    path = launch(hub, system, registration)
    page = content_client.get(path).text
    assert "Now for three years." in page
    agree(content_client, path, page)
    assert [each.version for each in answers(hub, system, registration)] == [2, 1]
    assert [each.text for each in consents.notices(system)] == ["Now for three years.", TEXT]


def test_who_withdraws_is_recorded_no_more(
    hub: Hub, system: Principal, content_client: FlaskClient, registration: RegistrationView, asked: None
) -> None:
    path = launch(hub, system, registration, locale="de-AT")
    page = agree(content_client, path, content_client.get(path).text)
    assert f"{path}/consent/withdrawal" in page
    token = str(launch_data(page)["token"])
    player = Player(content_client, token, {})
    player = Player(content_client, token, player.call("navigation", {"request": "start"}).json["delivery"])
    gone = content_client.post(f"{path}/consent/withdrawal", data={"token": token})
    assert gone.status_code == 200
    assert "Du hast deine Einwilligung zurückgenommen" in gone.text
    assert player.commit({"cmi.core.lesson_location": "3"}).status_code in (409, 410)
    [given] = answers(hub, system, registration)
    assert given.withdrawn_at is not None
    assert "Before you begin" in content_client.get(launch(hub, system, registration)).text
    [event] = hub.service(AuditLog).list(system, AuditFilter(action="consent.withdrawn"))
    assert event.actor_kind == "learner"
    again = content_client.post(f"{path}/consent/withdrawal", data={"token": token})
    assert again.status_code == 409
    with pytest.raises(Conflict):
        hub.service(Consents).withdraw(system, registration.learner.id)


def test_previews_and_reviews_ask_nothing(
    hub: Hub, system: Principal, content_client: FlaskClient, registration: RegistrationView, package: UUID, asked: None
) -> None:
    preview = hub.service(Launches).preview(system, package).url.rpartition("/")[2]
    assert 'id="launch"' in content_client.get(f"/play/{preview}").text
    review = content_client.get(launch(hub, system, registration, mode="review")).text
    assert 'id="launch"' in review
    assert "withdrawal" not in review


def test_what_was_agreed_to_is_exported_and_erased(
    hub: Hub, system: Principal, content_client: FlaskClient, registration: RegistrationView, asked: None
) -> None:
    path = launch(hub, system, registration)
    agree(content_client, path, content_client.get(path).text)
    jobs = hub.service(PrivacyJobs)
    person = jobs.look_up(system, str(registration.learner.id))
    assert {each.kind: each.count for each in jobs.holdings(system, person)}["consents"] == 1
    job = jobs.erase(system, person, "remove")
    jobs.run(system.tenant_id, job.id)
    assert jobs.get(system, job.id).counts["consents"] == {"removed": 1}
    assert answers(hub, system, registration) == []


def test_a_text_is_checked(hub: Hub, system: Principal) -> None:
    consents = hub.service(Consents)
    for text in ("", "  \n", "x" * (LONGEST_TEXT + 1)):
        with pytest.raises(Invalid):
            consents.change(system, text, is_asked=True)
    assert consents.notices(system) == []
    consents.change(system, "a\r\nb\0", is_asked=True, version=0)
    assert consents.notice(system).text == "a\nb\N{REPLACEMENT CHARACTER}"
    with pytest.raises(PreconditionFailed):
        consents.change(system, "c", is_asked=True, version=0)
    with pytest.raises(NotFound):
        consents.withdraw(system, UUID(int=1))
