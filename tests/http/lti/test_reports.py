"""What teachers and learners see inside the LMS: rosters, reports, reviews, copies of courses."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.events import RegistrationProgressed
from hub.identity import Principal
from hub.lti.services.rosters import Rosters
from hub.lti.services.visits import Visits
from hub.lti.spec import vocabulary as v
from hub.scorm.services.registrations import Registrations
from hub.scorm.storage.registrations import Filters
from tests.support.lti_platform import INSTRUCTOR, LAUNCH_URL, LEARNER, LtiPlatform
from tests.support.people import audited

REPORT = f"{LAUNCH_URL}?page=report"


def person(user_id: str, role: str = LEARNER, **more: Any) -> dict[str, Any]:
    return {"user_id": user_id, "name": user_id.replace("-", " ").title(), "roles": [role], "status": "Active"} | more


MEMBERS = [person("learner-1"), person("learner-2"), person("learner-3"), person("teacher-1", INSTRUCTOR)]


@pytest.fixture
def course(platform: LtiPlatform, package: UUID) -> dict[str, Any]:
    """The claims of a graded link in a course that tells its members."""
    platform.members = list(MEMBERS)
    return {v.CUSTOM: {"package_id": str(package)}, **platform.nrps(), **platform.ags(scope=[*v_scopes()])}


def v_scopes() -> list[str]:
    return [v.SCOPE_SCORE, v.SCOPE_LINE_ITEM, v.SCOPE_LINE_ITEM_READ, v.SCOPE_RESULT_READ]


def teacher(**claims: Any) -> dict[str, Any]:
    return {v.ROLES: [INSTRUCTOR], "sub": "teacher-1", "name": "Tessa Teacher", **claims}


def token_of(page: TestResponse) -> str:
    found = re.search(r'name="visit" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def refreshed(client: FlaskClient, page: TestResponse, where: str = "course") -> str:
    answer = client.post(f"/lti/{where}", data={"visit": token_of(page), "refresh": "yes"})
    assert answer.status_code == 200, answer.text
    return answer.text


def report_launch(client: FlaskClient, platform: LtiPlatform, **claims: Any) -> TestResponse:
    login = platform.begin(client, target_link_uri=REPORT)
    changes = {v.TARGET_LINK_URI: REPORT, v.RESOURCE_LINK: {"id": "course-1"}} | claims
    return platform.launch(client, login, platform.claims(login, **changes))


def test_the_report_of_a_link_shows_who_has_not_begun(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any]
) -> None:
    assert platform.enter(client, **course).status_code == 303
    page = platform.enter(client, **teacher(**course))
    assert "data-stale" in page.text
    assert "Learner 2" not in page.text
    shown = refreshed(client, page)
    assert "Learner 2" in shown
    assert "Learner 3" in shown
    assert "Tessa" not in shown
    assert "Teacher 1" not in shown
    assert "data-stale" not in shown
    assert shown.count("Not begun") == 4  # Two learners, those of the first who only opened it, and the sum.
    assert "rlid=link-1" in platform.asked[-1]
    assert "course=1" in platform.asked[-1]


def test_all_pages_of_the_roster_are_read_and_differences_asked_for(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any]
) -> None:
    platform.members_a_page = 1
    platform.differences = [person("learner-2", status="Deleted"), person("learner-9")]
    page = platform.enter(client, **teacher(**course))
    assert "Learner 3" in refreshed(client, page)
    assert len([url for url in platform.asked if url.startswith("/members")]) == 4
    shown = refreshed(client, page)
    assert "since=1" in platform.asked[-1]
    assert "Learner 9" in shown
    assert "Learner 3" in shown
    assert "Learner 2" not in shown


def test_a_platform_that_knows_no_lists_of_links_is_asked_for_the_course(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any]
) -> None:
    platform.knows_links = False
    assert "Learner 3" in refreshed(client, platform.enter(client, **teacher(**course)))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, {}, b"insufficient_scope"), "The platform answered 403: insufficient_scope"),
        ((500, {}, b""), "The platform answered 500."),
        ((200, {}, b"<html>"), "no membership container"),
        ((200, {}, b'{"members": 5}'), "no membership container"),
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), "The platform answered 302."),
    ],
)
def test_a_roster_that_cannot_be_had_is_told_and_what_was_known_stays(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], answer: Any, words: str
) -> None:
    page = platform.enter(client, **teacher(**course))
    refreshed(client, page)
    platform.members_answer = answer
    shown = refreshed(client, page)
    assert words in shown
    assert "Learner 3" in shown


def test_odd_members_do_not_hide_the_others(client: FlaskClient, platform: LtiPlatform, course: dict[str, Any]) -> None:
    odd: list[Any] = [None, 5, {}, {"user_id": 7}, {"user_id": "a\0b"}, {"user_id": "x", "roles": "Learner", "name": 5}]
    odd.append(person("y", name="<script>alert(1)</script>", group_enrollments=[{"group_id": "g"}, 5, {}]))
    platform.members = odd + MEMBERS
    platform.groups = [{"id": "g", "name": "Team <b>1"}, 5, {"id": None}]
    shown = refreshed(client, platform.enter(client, **teacher(**course)))
    assert "Learner 3" in shown
    assert "Team &lt;b&gt;1" in shown
    assert "<script>alert" not in shown


def test_pages_of_a_roster_in_a_circle_come_to_an_end(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any]
) -> None:
    content = b'{"members": []}'
    platform.members_answer = (200, {"Link": f'<{platform.origin}/members?a=1>; rel="next"'}, content)
    refreshed(client, platform.enter(client, **teacher(**course)))
    assert len(platform.asked) < 6


def test_the_gradebooks_results_are_read_back(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any]
) -> None:
    platform.results = [
        {"id": "r", "userId": "learner-2", "resultScore": 7.5, "resultMaximum": 10, "comment": "by hand"},
        {"userId": None},
        "odd",
    ]
    shown = refreshed(client, platform.enter(client, **teacher(**course)))
    assert "7.5/10" in shown


def test_a_teacher_sees_their_own_course_and_no_other(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], hub: Hub
) -> None:
    platform.enter(client, **course)
    other = {v.CONTEXT: {"id": "course-2"}, v.RESOURCE_LINK: {"id": "link-9"}}
    platform.enter(client, **course, **other, sub="learner-9", name="Nina Elsewhere")
    page = report_launch(client, platform, **teacher(**course))
    assert page.status_code == 200, page.text
    shown = refreshed(client, page, "report")
    assert "Ada Lovelace" in shown
    assert "Learner 3" in shown
    assert "Unit 1" in shown
    assert "Nina" not in shown
    assert "rlid" not in platform.asked[-1]
    link = re.search(r'name="link" value="([^"]+)"', shown)
    assert link
    narrowed = client.post("/lti/report", data={"visit": token_of(page), "link": link[1]})
    assert "Learners of this link" in narrowed.text
    elsewhere = platform.enter(client, **teacher(**course, **other))
    foreign = hub.service(Visits).find(token_of(elsewhere)).resource_link_id
    refused = client.post("/lti/report", data={"visit": token_of(page), "link": str(foreign)})
    assert refused.status_code == 400
    for odd in ("", str(uuid4()), "x", "\0"):
        assert client.post("/lti/report", data={"visit": token_of(page), "link": odd}).status_code < 500


def test_a_learner_sees_their_own_progress_only(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any]
) -> None:
    platform.enter(client, **course)
    platform.enter(client, **course, sub="learner-2", name="Lena Learner")
    page = report_launch(client, platform, **course)
    assert page.status_code == 200
    assert "My progress" in page.text
    assert "Unit 1" in page.text
    assert "Lena" not in page.text
    for where in ("course", "picker", "preview", "counting", "choice", "upload"):
        refused = client.post(f"/lti/{where}", data={"visit": token_of(page), "refresh": "yes", "package": "x"})
        assert refused.status_code in {400, 403, 409}, where
    assert client.post("/lti/report", data={"visit": token_of(page), "refresh": "yes"}).status_code == 403


def test_a_report_needs_a_course(client: FlaskClient, platform: LtiPlatform, course: dict[str, Any]) -> None:
    refused = report_launch(client, platform, **teacher(**course) | {v.CONTEXT: None})
    assert refused.status_code == 400
    assert "lti_no_context" in refused.text


def test_two_teachers_at_once_ask_the_platform_once(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], hub: Hub
) -> None:
    visit = hub.service(Visits).find(token_of(platform.enter(client, **teacher(**course))))
    hub.ports.transients.add(f"lti:roster:{visit.resource_link_id}", b"1", 5)
    hub.service(Rosters).refresh(visit)
    assert platform.asked == []


# Which attempt counts


def test_the_link_says_which_attempt_counts(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], hub: Hub, system: Principal
) -> None:
    page = platform.enter(client, **teacher(**course))
    saved = client.post("/lti/counting", data={"visit": token_of(page), "counting": "best"})
    assert '<option value="best" selected>' in saved.text
    assert "resource_link.counting" in audited(hub, system)
    assert client.post("/lti/counting", data={"visit": token_of(page), "counting": "worst"}).status_code == 400


# Submission review


def review(platform: LtiPlatform, for_user: str = "learner-1", **changes: Any) -> dict[str, Any]:
    kind = {v.MESSAGE_TYPE: v.SUBMISSION_REVIEW_REQUEST, v.FOR_USER: {"user_id": for_user}, v.RESOURCE_LINK: None}
    return teacher(**platform.ags(), **kind) | changes


def test_a_submission_review_opens_the_attempt(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], hub: Hub
) -> None:
    platform.enter(client, **course)
    for changes in ({}, {v.RESOURCE_LINK: {"id": "link-1"}, v.AGS_ENDPOINT: None}):
        opened = platform.enter(client, **review(platform, **changes))
        assert opened.status_code == 303, opened.text
        assert "/play/" in opened.location
    own = platform.enter(client, **review(platform, **{v.ROLES: [LEARNER], "sub": "learner-1"}))
    assert own.status_code == 303


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({v.FOR_USER: None}, 400),
        ({v.FOR_USER: {"user_id": ""}}, 400),
        ({v.FOR_USER: "learner-1"}, 400),
        ({v.FOR_USER: {"user_id": "nobody"}}, 404),
        ({v.AGS_ENDPOINT: None}, 404),
        ({v.ROLES: [LEARNER], "sub": "learner-2"}, 403),
        ({v.TARGET_LINK_URI: None}, 401),
    ],
)
def test_a_review_that_is_not_sound_is_refused(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], changes: dict[str, Any], status: int
) -> None:
    platform.enter(client, **course)
    assert platform.enter(client, **review(platform) | changes).status_code == status


# Copies of courses


def test_a_link_of_a_copied_course_opens_what_its_origin_opened(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], package: UUID
) -> None:
    platform.enter(client, **course)
    copied = {v.RESOURCE_LINK: {"id": "link-2"}, v.CONTEXT: {"id": "course-2"}}
    without = {v.CUSTOM: {"link_history": "$ResourceLink.id.history"}}
    assert "not chosen" in platform.enter(client, **course | copied | without).text
    history = {v.CUSTOM: {"link_history": "link-0, link-1"}}
    assert platform.enter(client, **course | copied | history).status_code == 303


def test_a_link_without_a_package_lets_the_teacher_choose(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], package: UUID
) -> None:
    page = platform.enter(client, **teacher(**course | {v.CUSTOM: {"link_history": "x" * 3000 + ",,"}}))
    assert "Choose what this link opens" in page.text
    chosen = client.post("/lti/choice", data={"visit": token_of(page), "package": str(package)})
    assert "Learners of this link" in chosen.text or "No learner" in chosen.text


def test_progress_of_several_attempts_is_counted_by_the_links_setting(
    client: FlaskClient, platform: LtiPlatform, course: dict[str, Any], hub: Hub, system: Principal
) -> None:
    platform.enter(client, **course)
    [registration] = hub.service(Registrations).page(system, Filters(), None, 10)
    hub.service(Registrations).begin_attempt(system, registration.id)
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        numbered = "SELECT id FROM attempt WHERE registration_id = :r ORDER BY number"
        first, second = work.session.scalars(text(numbered), {"r": registration.id})
        done = "UPDATE attempt SET completion = 'completed', score_scaled = 0.9 WHERE id = :id"
        work.session.execute(text(done), {"id": first})
        work.session.execute(
            text("UPDATE resource_link SET counting = 'best' WHERE tenant_id = :t"), {"t": system.tenant_id}
        )
        result = {"score_scaled": 0.3, "score_raw": None, "score_min": None, "score_max": None}
        moment = hub.ports.clock.now()
        work.publish(
            RegistrationProgressed(
                tenant_id=system.tenant_id,
                registration_id=registration.id,
                attempt_id=second,
                completion="completed",
                success="unknown",
                duration_seconds=1,
                began_at=moment,
                changed_at=moment,
                ended=True,
                **result,
            )
        )
        given = work.session.scalar(
            text("SELECT score_given FROM score_delivery WHERE tenant_id = :t"), {"t": system.tenant_id}
        )
    assert given == 90
