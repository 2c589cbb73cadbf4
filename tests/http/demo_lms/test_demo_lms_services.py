"""Access tokens, line items, scores, results and memberships of the Demo LMS."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM = SCOPE + "lineitem"
SCORE = SCOPE + "score"
RESULT = SCOPE + "result.readonly"
MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ITEMS = "/lti/courses/1/line-items?deployment=1"
NOW = datetime.now(UTC)


def make_item(browser: Any, **changes: Any) -> Any:
    return browser.client.post(
        ITEMS,
        base_url="http://127.0.0.1:8100",
        json={"label": "Quiz", "scoreMaximum": 50, "tag": "quiz", **changes},
        content_type="application/vnd.ims.lis.v2.lineitem+json",
        headers=browser.bearer(LINE_ITEM),
    )


def send_score(browser: Any, url: str, content_type: str = "", **changes: Any) -> Any:
    score = {
        "userId": member(browser, "learner1"),
        "scoreGiven": 0.85,
        "scoreMaximum": 1,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": NOW.isoformat(),
    }
    path, _, query = url.partition("?")
    return browser.client.post(
        f"{path}/scores?{query}",
        base_url="http://127.0.0.1:8100",
        json={name: value for name, value in {**score, **changes}.items() if value is not None},
        content_type=content_type or "application/vnd.ims.lis.v1.score+json",
        headers=browser.bearer(SCORE),
    )


def members(browser: Any, query: str = "") -> Any:
    return browser.get(f"/lti/courses/1/memberships{query}", headers=browser.bearer(MEMBERS))


def member(browser: Any, username: str) -> str:
    people = members(browser).json["members"]
    return str(next(p["user_id"] for p in people if p["email"] == f"{username}@lms.example"))


def results(browser: Any, url: str) -> Any:
    path, _, query = url.partition("?")
    return browser.get(f"{path}/results?{query}", headers=browser.bearer(RESULT)).json


@pytest.fixture
def item(browser: Any) -> str:
    response = make_item(browser)
    assert response.status_code == 201, response.text
    return str(response.json["id"])


@pytest.mark.parametrize(
    ("assertion", "form", "status", "error"),
    [
        ({}, {}, 200, None),
        ({}, {"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({}, {"client_assertion_type": None}, 401, "invalid_client"),
        ({}, {"scope": "everything"}, 400, "invalid_scope"),
        ({"sub": "other"}, {}, 401, "invalid_client"),
        ({"iss": "other"}, {}, 401, "invalid_client"),
        ({"aud": "http://127.0.0.1:8100"}, {}, 401, "invalid_client"),
        ({"exp": 1}, {}, 401, "invalid_client"),
        ({"jti": None}, {}, 401, "invalid_client"),
    ],
)
def test_access_token_needs_a_right_assertion(
    browser: Any, assertion: Any, form: Any, status: int, error: str | None
) -> None:
    values = {"scope": SCORE, "client_assertion": browser.tool.assertion(**assertion), **form}
    response = browser.token(**values)
    assert response.status_code == status, response.text
    assert response.json.get("error") == error


def test_assertion_is_used_once(browser: Any) -> None:
    assertion = browser.tool.assertion()
    assert browser.token(SCORE, client_assertion=assertion).status_code == 200
    again = browser.token(SCORE, client_assertion=assertion)
    assert again.status_code == 401
    assert "jti was used before" in again.json["error_description"]


def test_services_need_the_right_scope(browser: Any, item: str) -> None:
    assert browser.get(ITEMS).status_code == 401
    assert browser.get(ITEMS, headers={"Authorization": "Bearer guessed"}).status_code == 401
    assert browser.get(ITEMS, headers=browser.bearer(SCORE)).status_code == 403
    assert browser.get(ITEMS, headers=browser.bearer(LINE_ITEM + ".readonly")).status_code == 200


def test_line_item_is_made_found_changed_and_removed(browser: Any, item: str) -> None:
    headers = browser.bearer(LINE_ITEM)
    make_item(browser, label="Other", tag="other", resourceId="r2")
    assert len(browser.get(ITEMS, headers=headers).json) == 2
    [found] = browser.get(f"{ITEMS}&resource_id=r2", headers=headers).json
    assert (found["label"], found["scoreMaximum"], found["tag"]) == ("Other", 50, "other")
    assert [i["id"] for i in browser.get(f"{ITEMS}&tag=quiz", headers=headers).json] == [item]
    changed = browser.client.put(
        item,
        base_url="http://127.0.0.1:8100",
        json={"label": "Renamed", "scoreMaximum": 10},
        content_type="application/vnd.ims.lis.v2.lineitem+json",
        headers=headers,
    )
    assert changed.json == {"id": item, "label": "Renamed", "scoreMaximum": 10}
    assert browser.client.delete(item, base_url="http://127.0.0.1:8100", headers=headers).status_code == 204
    assert browser.get(item, headers=headers).status_code == 404


def test_line_items_are_paged(browser: Any, item: str) -> None:
    make_item(browser, label="Second")
    headers = browser.bearer(LINE_ITEM)
    first = browser.get(f"{ITEMS}&limit=1", headers=headers)
    url = first.headers["Link"].partition("<")[2].partition(">")[0]
    second = browser.get(url, headers=headers)
    assert [i["label"] for i in first.json + second.json] == ["Quiz", "Second"]
    assert "Link" not in second.headers


def test_address_without_its_query_string_is_not_found(browser: Any, item: str) -> None:
    assert browser.get(item.partition("?")[0], headers=browser.bearer(LINE_ITEM)).status_code == 404
    assert send_score(browser, item.partition("?")[0]).status_code == 404


@pytest.mark.parametrize(
    "changes", [{"label": ""}, {"label": None}, {"scoreMaximum": 0}, {"scoreMaximum": "10"}, {"resourceLinkId": "x"}]
)
def test_faulty_line_item_is_refused(browser: Any, changes: Any) -> None:
    response = make_item(browser, **changes)
    assert response.status_code == 400
    assert next(iter(changes)) in response.json["detail"]


def test_score_is_scaled_and_shown(browser: Any, item: str) -> None:
    assert send_score(browser, item, comment="Well done").status_code == 200
    [result] = results(browser, item)
    assert (result["resultScore"], result["resultMaximum"], result["comment"]) == (42.5, 50, "Well done")
    page = browser.sign_in().get("/courses/1/gradebook").text
    assert "42.5" in page
    assert "Well done" in page
    assert "42.5" in browser.sign_in("learner1").get("/courses/1/gradebook").text
    assert "42.5" not in browser.sign_in("learner2").get("/courses/1/gradebook").text


def test_score_above_the_maximum_is_cut(browser: Any, item: str) -> None:
    send_score(browser, item, scoreGiven=120, scoreMaximum=100)
    assert results(browser, item)[0]["resultScore"] == 50


def test_progress_without_a_score(browser: Any, item: str) -> None:
    answer = send_score(
        browser,
        item,
        scoreGiven=None,
        scoreMaximum=None,
        activityProgress="InProgress",
        gradingProgress="NotReady",
    )
    assert answer.status_code == 200
    assert "resultScore" not in results(browser, item)[0]


def test_older_score_never_replaces_a_newer_one(browser: Any, item: str) -> None:
    assert send_score(browser, item, timestamp=(NOW - timedelta(seconds=10)).isoformat()).status_code == 200
    for timestamp in (NOW - timedelta(seconds=20), NOW - timedelta(seconds=10)):
        refused = send_score(browser, item, scoreGiven=0.1, timestamp=timestamp.isoformat())
        assert refused.status_code == 409
    assert results(browser, item)[0]["resultScore"] == 42.5
    assert send_score(browser, item, scoreGiven=0.9, timestamp=NOW.isoformat()).status_code == 200
    assert results(browser, item)[0]["resultScore"] == 45


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"userId": "unknown"}, 400),
        ({"userId": None}, 400),
        ({"scoreGiven": -1}, 400),
        ({"scoreGiven": "1"}, 400),
        ({"scoreMaximum": None}, 400),
        ({"scoreMaximum": 0}, 400),
        ({"activityProgress": "Done"}, 400),
        ({"gradingProgress": None}, 400),
        ({"timestamp": "yesterday"}, 400),
        ({"timestamp": "2026-01-01T10:00:00"}, 400),
        ({"timestamp": (NOW + timedelta(hours=1)).isoformat()}, 400),
        ({"content_type": "application/json"}, 415),
    ],
)
def test_faulty_score_is_refused(browser: Any, item: str, changes: Any, status: int) -> None:
    assert send_score(browser, item, **changes).status_code == status
    assert results(browser, item) == []


def test_teachers_are_not_graded(browser: Any, item: str) -> None:
    refused = send_score(browser, item, userId=member(browser, "teacher"))
    assert refused.status_code == 400
    assert "not a learner" in refused.json["detail"]


def test_memberships_by_role_and_page(browser: Any) -> None:
    everyone = members(browser)
    assert everyone.mimetype == "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
    assert [m["name"] for m in everyone.json["members"]] == ["Tessa Teacher", "Liam Learner", "Lena Learner"]
    learners = members(browser, "?role=Learner").json["members"]
    assert {m["given_name"] for m in learners} == {"Liam", "Lena"}
    page = members(browser, "?limit=2")
    rest = browser.get(page.headers["Link"].partition("<")[2].partition(">")[0], headers=browser.bearer(MEMBERS))
    assert len(page.json["members"]) + len(rest.json["members"]) == 3
    assert members(browser, "?limit=many").status_code == 400
