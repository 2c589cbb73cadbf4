"""Tools that register themselves at the Demo LMS, and its switches: what it accepts, how it behaves, how it fails."""

import sqlite3
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.demo.lms.settings import LmsSettings
from hub.demo.lms.state import PEOPLE, SCHEMA, State

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LINE_ITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
ITEMS = "/lti/courses/1/line-items?deployment=1"

LINK: dict[str, Any] = {"type": "ltiResourceLink", "title": "Fire", "lineItem": {"scoreMaximum": 10}}


def switch(browser: Any, **changes: str | None) -> Any:
    """Set some switches as the page's form does, the others as they were made."""
    boxes = ("has_queries", "tells_names", "tells_history", "has_storage")
    boxes += ("accepts_links", "accepts_several", "accepts_line_items", "accepts_iframe", "accepts_window")
    form = {"service": "scores", "fault": "", "times": "1", "seconds": "0", "clock": "0", "page_size": "0", "links": ""}
    form |= dict.fromkeys(boxes, "1")
    return browser.post("/switches", {name: v for name, v in {**form, **changes}.items() if v is not None})


# Registration -------------------------------------------------------------------------------------------------------


def begin(browser: Any) -> dict[str, str]:
    """What a tool is told when an administrator opens its registration address."""
    sent = browser.post("/tools/register", {"url": "https://tool.example/register?tenant=1"})
    assert sent.status_code == 303, sent.text
    assert sent.headers["Location"].startswith("https://tool.example/register?tenant=1&")
    return {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}


def description(browser: Any, **changes: Any) -> dict[str, Any]:
    url = browser.tool.url
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "token_endpoint_auth_method": "private_key_jwt",
        "client_name": "A tool",
        "initiate_login_uri": f"{url}/login",
        "redirect_uris": [f"{url}/launch", f"{url}/other"],
        "jwks_uri": f"{url}/jwks",
        "scope": f"{SCORE} https://example.org/unknown",
        TOOL: {
            "target_link_uri": f"{url}/launch",
            "custom_parameters": {"history": "$ResourceLink.id.history", "odd": "$Unknown.variable"},
            "messages": [
                {"type": "LtiDeepLinkingRequest", "target_link_uri": f"{url}/choose"},
                {"type": "LtiResourceLinkRequest", "target_link_uri": f"{url}/link"},
                {
                    "type": "LtiResourceLinkRequest",
                    "target_link_uri": f"{url}/course",
                    "placements": ["course_navigation"],
                },
            ],
        },
        **changes,
    }


def send(browser: Any, token: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return browser.client.post("/lti/registrations", base_url="http://127.0.0.1:8100", json=body, headers=headers)


def test_a_tool_registers_itself_once_and_is_launched_with_what_it_asked_for(browser: Any) -> None:
    told = begin(browser.sign_in())
    configuration = browser.get(urlsplit(told["openid_configuration"]).path).json
    assert configuration["issuer"] == "http://127.0.0.1:8100"
    assert configuration["registration_endpoint"] == "http://127.0.0.1:8100/lti/registrations"
    registered = send(browser, told["registration_token"], description(browser))
    assert registered.status_code == 200, registered.text
    assert registered.json["scope"] == SCORE
    deployment = registered.json[TOOL]["deployment_id"]
    assert deployment == "2"
    assert send(browser, told["registration_token"], description(browser)).status_code == 401
    assert registered.json["client_id"] in browser.get("/tools").text

    initiation = browser.login_initiation(f"/courses/1/add?deployment={deployment}")
    assert initiation["client_id"] == registered.json["client_id"]
    assert initiation["target_link_uri"].endswith("/choose")
    browser.tool.client_id, before = registered.json["client_id"], browser.tool.client_id
    try:
        claims = browser.launch(f"/courses/1/add?deployment={deployment}")
        assert claims[f"{LTI}custom"] == {"history": "$ResourceLink.id.history", "odd": "$Unknown.variable"}
        browser.tool.deployment_id = deployment
        settings = claims[f"{DL}deep_linking_settings"]
        assert browser.answer(browser.tool.choice(settings["data"], [LINK])).status_code == 200
        assert browser.token(f"{SCORE} {LINE_ITEM}").json["scope"] == SCORE
        assert browser.token(LINE_ITEM).status_code == 400
        assert f"/courses/1/tools/{deployment}" in browser.get("/courses/1").text
        shown = browser.launch(f"/courses/1/tools/{deployment}/launch")
        assert shown[f"{LTI}target_link_uri"].endswith("/course")
        assert shown[f"{LTI}message_type"] == "LtiResourceLinkRequest"
    finally:
        browser.tool.client_id, browser.tool.deployment_id = before, "1"
    assert browser.get(ITEMS, headers=browser.bearer(LINE_ITEM)).json == [], "tools see no others' columns"

    assert browser.post(f"/tools/{deployment}/remove").status_code == 303
    assert "is not registered any more" in browser.get(first_activity(browser)).text
    assert begin_again(browser) == "3", "a deployment id is not given twice"


def begin_again(browser: Any) -> str:
    return str(send(browser, begin(browser)["registration_token"], description(browser)).json[TOOL]["deployment_id"])


def first_activity(browser: Any) -> str:
    return "/activities/" + str(browser.get("/courses/1").text).partition("/activities/")[2].partition('"')[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"application_type": "native"}, "application_type must be web"),
        ({"response_types": ["code"]}, "response_types must be id_token"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "must be private_key_jwt"),
        ({"redirect_uris": []}, "redirect_uris must be a list"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris must be an http"),
        ({"jwks_uri": None}, "jwks_uri must be a text"),
        ({"client_name": " "}, "client_name must be a text"),
        ({TOOL: "no object"}, "must be a JSON object"),
        ({TOOL: {"target_link_uri": "ftp://a"}}, "target_link_uri must be an http"),
    ],
)
def test_a_faulty_description_is_refused_and_the_token_still_good(browser: Any, changes: Any, reason: str) -> None:
    token = begin(browser.sign_in())["registration_token"]
    refused = send(browser, token, description(browser, **changes))
    assert refused.status_code == 400
    assert reason in refused.json["detail"]
    assert send(browser, token, description(browser)).status_code == 200


def test_only_teachers_set_up(browser: Any) -> None:
    assert send(browser, "guessed", description(browser)).status_code == 401
    browser.sign_in("learner1")
    for path in ("/tools", "/switches"):
        assert browser.get(path).status_code == 403
    for path in ("/tools/register", "/switches", "/switches/rotate", "/tools/1/remove"):
        assert browser.post(path, {"url": "https://tool.example"}).status_code == 403, path
    browser.sign_in()
    assert browser.post("/tools/1/remove").status_code == 409
    assert browser.get("/courses/1/tools/1/launch").status_code == 404
    assert browser.post("/tools/register", {"url": "javascript:alert(1)"}).status_code == 400


# What is accepted and told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switched", "items", "reason"),
    [
        ({"accepts_several": None}, [LINK, LINK], "at most 1"),
        ({"accepts_line_items": None}, [LINK], "content_items[0].lineItem is not accepted"),
        ({"accepts_iframe": None}, [{**LINK, "iframe": {"width": 800}}], "content_items[0].iframe is not accepted"),
        ({"accepts_window": None}, [{**LINK, "window": {}}], "content_items[0].window is not accepted"),
        ({"accepts_links": None}, [LINK], "content_items[0].type must be one of file"),
        ({}, [{**LINK, "embed": {}}], "content_items[0].embed is not accepted"),
        ({}, [{**LINK, "available": {"startDateTime": "tomorrow"}}], "available.startDateTime must be"),
        ({}, [{**LINK, "icon": {"url": "javascript:alert(1)"}}], "icon.url must be"),
    ],
)
def test_what_the_platform_does_not_accept_is_told_and_refused(
    browser: Any, switched: Any, items: Any, reason: str
) -> None:
    switch(browser.sign_in(), **switched)
    settings = browser.launch("/courses/1/add")[f"{DL}deep_linking_settings"]
    assert settings["accept_multiple"] is ("accepts_several" not in switched)
    assert settings["accept_lineitem"] is ("accepts_line_items" not in switched)
    assert ("window" in settings["accept_presentation_document_targets"]) is ("accepts_window" not in switched)
    answer = browser.answer(browser.tool.choice(settings["data"], items))
    assert answer.status_code == 400
    assert reason in answer.text
    assert "/activities/" not in browser.get("/courses/1").text


def test_a_link_shows_its_pictures_and_times_and_opens_when_it_may(browser: Any) -> None:
    link = LINK | {
        "icon": {"url": "https://tool.example/icon.svg"},
        "window": {"targetName": "fire", "width": 700, "height": 500},
        "available": {"startDateTime": "2020-01-01T10:00:00Z", "endDateTime": "2020-02-01T10:00:00Z"},
        "submission": {"endDateTime": "2020-01-20T10:00:00Z"},
        "custom": {"until": "$ResourceLink.available.endDateTime"},
    }
    browser.sign_in().add(link)
    page = browser.get("/courses/1").text
    assert 'src="https://tool.example/icon.svg"' in page
    assert "2020-01-20 10:00 UTC" in page
    path = first_activity(browser)
    assert 'target="fire"' in browser.get(path).text
    assert 'data-size="width=700,height=500"' in browser.get(path).text
    claims = browser.launch(f"{path}/launch")
    assert claims[f"{LTI}custom"] == {"until": "2020-02-01T10:00:00+00:00"}
    browser.sign_in("learner1")
    assert "is not open now" in browser.get(path).text
    assert browser.get(f"{path}/launch").status_code == 403


def test_a_copied_course_tells_where_its_links_came_from(browser: Any) -> None:
    browser.sign_in().add({**LINK, "custom": {"package": "42", "history": "$ResourceLink.id.history"}})
    first = first_activity(browser).removeprefix("/activities/")
    assert browser.post("/courses/1/copy", {"title": "Again", "custom": "1"}).headers["Location"] == "/courses/2"
    assert browser.post("/courses/2/copy", {"title": "Third", "custom": "1"}).headers["Location"] == "/courses/3"
    assert browser.post("/courses/2/copy", {"title": "Bare"}).headers["Location"] == "/courses/4"
    ids = {}
    for course in (2, 3, 4):
        page = browser.get(f"/courses/{course}").text
        ids[course] = page.partition("/activities/")[2].partition('"')[0]
    claims = browser.launch(f"/activities/{ids[3]}/launch")
    assert claims[f"{LTI}custom"] == {"package": "42", "history": f"{ids[2]},{first}"}
    assert claims[f"{LTI}context"]["title"] == "Third"
    assert claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]["lineitem"].endswith("?deployment=1")
    assert browser.launch(f"/activities/{ids[4]}/launch")[f"{LTI}custom"] == {}
    switch(browser, tells_history=None)
    custom = browser.launch(f"/activities/{ids[3]}/launch")[f"{LTI}custom"]
    assert custom["history"] == "$ResourceLink.id.history", "a variable that is not known stays as it is"
    assert "Again" in browser.get("/courses").text


def test_people_without_names(browser: Any) -> None:
    switch(browser.sign_in(), tells_names=None)
    claims = browser.launch("/courses/1/add")
    assert claims["sub"]
    assert not {"name", "given_name", "family_name", "email"} & set(claims)


# Submission review ---------------------------------------------------------------------------------------------------


def test_a_submission_is_reviewed_by_its_teacher_and_its_learner(browser: Any) -> None:
    review = {"reviewableStatus": ["Completed"], "custom": {"mode": "review"}}
    browser.sign_in().add({**LINK, "lineItem": {"scoreMaximum": 10, "submissionReview": review}})
    [item] = browser.get(ITEMS, headers=browser.bearer(LINE_ITEM)).json
    learner = person(browser, "learner1")
    score(browser, item["id"], learner, "InProgress")
    assert "Open submission" not in browser.sign_in().get("/courses/1/gradebook").text
    time.sleep(1)  # Scores are newer by a second, as the strictest platforms ask.
    score(browser, item["id"], learner, "Completed")
    page = browser.get("/courses/1/gradebook").text
    path = "/activities/" + page.partition('href="/activities/')[2].partition('"')[0]
    claims = browser.launch(f"{path}/launch")
    assert claims[f"{LTI}message_type"] == "LtiSubmissionReviewRequest"
    assert claims[f"{LTI}for_user"]["user_id"] == learner
    assert claims[f"{LTI}for_user"]["name"] == "Liam Learner"
    assert claims[f"{LTI}custom"] == {"mode": "review"}
    assert claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]["lineitem"] == item["id"]
    assert browser.sign_in("learner1").launch(f"{path}/launch")["sub"] == learner
    assert browser.sign_in("learner2").get(f"{path}/launch").status_code == 403
    assert browser.get(path.replace(learner, "nobody")).status_code == 404


def person(browser: Any, username: str) -> str:
    headers = browser.bearer("https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly")
    members = browser.get("/lti/courses/1/memberships", headers=headers).json["members"]
    return str(next(one["user_id"] for one in members if one["email"] == f"{username}@lms.example"))


def score(browser: Any, item: str, learner: str, progress: str = "Completed", now: float | None = None) -> Any:
    path, _, query = item.partition("?")
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now or time.time()))
    body = {"userId": learner, "scoreGiven": 5, "scoreMaximum": 10, "timestamp": moment}
    body |= {"activityProgress": progress, "gradingProgress": "FullyGraded"}
    return browser.client.post(
        f"{path}/scores?{query}",
        base_url="http://127.0.0.1:8100",
        json=body,
        content_type="application/vnd.ims.lis.v1.score+json",
        headers=browser.bearer(SCORE),
    )


# Rosters -------------------------------------------------------------------------------------------------------------


def members(browser: Any, path: str) -> Any:
    scope = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
    return browser.get(path, headers=browser.bearer(scope))


def test_a_roster_by_pages_links_groups_and_differences(browser: Any) -> None:
    browser.sign_in().add(LINK)
    switch(browser, page_size="2")
    link = first_activity(browser).removeprefix("/activities/")
    first = members(browser, f"/lti/courses/1/memberships?rlid={link}&limit=50")
    assert len(first.json["members"]) == 2
    last = members(browser, addresses(first)["next"])
    assert [one["status"] for one in last.json["members"]] == ["Active"]
    assert last.json["members"][0]["group_enrollments"] == [{"group_id": "green"}]
    gone = last.json["members"][0]["user_id"]
    assert members(browser, f"/lti/courses/1/memberships?rlid={link}x").status_code == 404

    browser.post("/courses/1/roster", {"person": gone, "status": "Deleted"})
    changed = members(browser, addresses(last)["differences"])
    assert [(one["user_id"], one["status"]) for one in changed.json["members"]] == [(gone, "Deleted")]
    assert len(members(browser, "/lti/courses/1/memberships?limit=2").json["members"]) == 2
    assert "next" not in addresses(members(browser, "/lti/courses/1/memberships"))
    assert members(browser, addresses(changed)["differences"]).json["members"] == []
    browser.post("/courses/1/roster", {"person": gone, "status": "Active"})
    [back] = members(browser, addresses(changed)["differences"]).json["members"]
    assert back["status"] == "Active"

    scope = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
    groups = browser.get("/lti/courses/1/groups", headers=browser.bearer(scope)).json["groups"]
    assert {one["id"]: one["name"] for one in groups} == {"blue": "Blue group", "green": "Green group"}
    claim = browser.launch(f"/activities/{link}/launch")["https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"]
    assert claim["context_groups_url"] == "http://127.0.0.1:8100/lti/courses/1/groups"


def addresses(response: Any) -> dict[str, str]:
    header = response.headers.get("Link", "")
    parts = [part.partition(">; rel=") for part in header.split(", ") if part]
    return {relation.strip('"'): url.lstrip("<") for url, _, relation in parts}


@pytest.mark.parametrize(
    ("links", "written"),
    [
        ("relative", '</lti/courses/1/memberships?limit=1&page=1>; rel="next"'),
        ("curly", "<http://127.0.0.1:8100/lti/courses/1/memberships?limit=1&amp;page=1>; rel=“next”"),
        ("unquoted", ";rel=next"),
    ],
)
def test_link_headers_are_written_as_switched(browser: Any, links: str, written: str) -> None:
    switch(browser.sign_in(), links=links, page_size="1")
    header = members(browser, "/lti/courses/1/memberships").headers["Link"]
    assert written in header.encode("latin-1").decode()


# Misbehaviour --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "status"), [("401", 401), ("409", 409), ("429", 429), ("500", 500), ("lost", 500)])
def test_a_service_fails_so_many_times(browser: Any, fault: str, status: int) -> None:
    browser.sign_in().add(LINK)
    learner = person(browser, "learner1")
    [item] = browser.get(ITEMS, headers=browser.bearer(LINE_ITEM)).json
    switch(browser, fault=fault, times="2", seconds="7")
    begun = time.time() - 10
    answers = [score(browser, item["id"], learner, now=begun + number) for number in range(3)]
    assert [one.status_code for one in answers] == [status, status, 200]
    assert (answers[0].headers.get("Retry-After") == "7") is (fault == "429")
    note = browser.get("/courses/1/messages").text
    assert note.count("Misbehaviour") == 2


def test_faults_befall_their_service_and_late_answers_come_late(browser: Any) -> None:
    switch(browser.sign_in(), service="token", fault="slow", times="0", seconds="1")
    begun = time.monotonic()
    assert browser.token(SCORE).status_code == 200
    assert time.monotonic() - begun >= 1
    switch(browser, service="members", fault="500", times="0")
    assert browser.token(SCORE).status_code == 200
    assert [members(browser, "/lti/courses/1/memberships").status_code for _ in range(2)] == [500, 500]
    browser.post("/switches", {"reset": "1"})
    assert members(browser, "/lti/courses/1/memberships").status_code == 200


def test_a_wrong_clock_is_told_everywhere(browser: Any) -> None:
    browser.sign_in().add(LINK)
    learner = person(browser, "learner1")
    [item] = browser.get(ITEMS, headers=browser.bearer(LINE_ITEM)).json
    switch(browser, clock="-600")
    assert abs(browser.launch("/courses/1/add")["iat"] - time.time() + 600) < 60
    date = parsedate_to_datetime(browser.get("/lti/jwks").headers["Date"])
    assert abs(date.timestamp() - time.time() + 600) < 60
    assert "clocks of platform and tool differ" in browser.token(SCORE).json["error_description"]
    switch(browser, clock="0")
    assert score(browser, item["id"], learner).status_code == 200


def test_line_items_without_a_query_string(browser: Any) -> None:
    switch(browser.sign_in(), has_queries=None)
    browser.add(LINK)
    [item] = browser.get("/lti/courses/1/line-items", headers=browser.bearer(LINE_ITEM)).json
    assert "?" not in item["id"]
    assert score(browser, item["id"], person(browser, "learner1")).status_code == 200


def test_a_key_is_rotated_and_the_old_one_kept_or_withdrawn(browser: Any) -> None:
    def kids() -> list[str]:
        return [key["kid"] for key in browser.get("/lti/jwks").json["keys"]]

    [first] = kids()
    browser.sign_in().post("/switches/rotate", {"old": "keep"})
    assert kids()[0] == first
    second = kids()[1]
    assert browser.launch("/courses/1/add")["nonce"] == "nonce-1"
    browser.post("/switches/rotate", {"old": "withdraw"})
    assert len(kids()) == 1
    assert kids()[0] not in (first, second)
    assert browser.launch("/courses/1/add")["nonce"] == "nonce-1"


@pytest.mark.parametrize("changes", [{"fault": "418"}, {"times": "-1"}, {"clock": "x"}, {"seconds": "9999"}])
def test_a_switch_that_makes_no_sense_is_refused(browser: Any, changes: Any) -> None:
    browser.sign_in()
    refused = switch(browser, **changes)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert "Nothing is changed now" in refused.text


def test_the_storage_can_be_switched_off(browser: Any) -> None:
    browser.sign_in()
    assert browser.login_initiation("/courses/1/add")["lti_storage_target"] == "_parent"
    switch(browser, has_storage=None)
    assert "lti_storage_target" not in browser.login_initiation("/courses/1/add")


def test_a_file_of_an_earlier_demo_is_brought_up_to_date(lms_settings: LmsSettings, tmp_path: Path) -> None:
    path = tmp_path / "earlier.sqlite"
    with sqlite3.connect(path) as db:
        for statement in SCHEMA.strip().split(";\n"):
            db.execute(statement)
        db.execute("INSERT INTO course VALUES (1, 'ES-8', 'Weather', '')")
        for username, given, family, role in PEOPLE:
            db.execute("INSERT INTO person VALUES (?, ?, ?, ?, '')", (username, username, given, family))
            db.execute("INSERT INTO membership VALUES (1, ?, ?)", (username, role))
        db.execute("INSERT INTO activity VALUES ('a', 1, 'Fire', '', NULL, '{}', 'iframe', 1)")
    db.close()
    for _ in range(2):
        with State(path).transaction() as db:
            assert db.execute("SELECT deployment, history FROM activity").fetchone()[:] == ("1", "")
            teams = dict(db.execute("SELECT person_id, team FROM membership").fetchall())
            assert teams == {"teacher": "", "learner1": "blue", "learner2": "green"}
