"""Launch and deep linking: what the Demo LMS says to a tool and what it takes from one."""

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

LINK: dict[str, Any] = {
    "type": "ltiResourceLink",
    "title": "Fire safety",
    "text": "What to do when the alarm sounds",
    "url": "https://tool.example/play",
    "custom": {"package": "42"},
    "lineItem": {"label": "Fire safety quiz", "scoreMaximum": 50, "resourceId": "42", "tag": "score"},
}


def activity_path(browser: Any) -> str:
    page = browser.get("/courses/1").text
    return "/activities/" + page.partition("/activities/")[2].partition('"')[0]


def test_deep_linking_request_says_what_is_accepted(browser: Any) -> None:
    claims = browser.sign_in().launch("/courses/1/add")
    settings = claims[f"{DL}deep_linking_settings"]
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingRequest"
    assert claims[f"{LTI}version"] == "1.3.0"
    assert claims["nonce"] == "nonce-1"
    assert claims["aud"] == "tool-1"
    assert 0 < claims["exp"] - time.time() <= 60
    assert settings["accept_types"] == ["ltiResourceLink"]
    assert settings["deep_link_return_url"] == "http://127.0.0.1:8100/lti/deep-linking"


def test_chosen_link_is_launched_with_its_line_item_and_custom_values(browser: Any) -> None:
    answer = browser.sign_in().add(LINK)
    assert answer.status_code == 200, answer.text
    assert "Added: Fire safety." in answer.text
    claims = browser.sign_in("learner1").launch(activity_path(browser) + "/launch")
    assert claims[f"{LTI}message_type"] == "LtiResourceLinkRequest"
    assert claims[f"{LTI}target_link_uri"] == "https://tool.example/play"
    assert claims[f"{LTI}custom"] == {"package": "42"}
    assert claims[f"{LTI}roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    assert claims["name"] == "Liam Learner"
    assert claims[AGS]["lineitem"] == "http://127.0.0.1:8100/lti/courses/1/line-items/1?deployment=1"
    assert claims[NRPS]["service_versions"] == ["2.0"]


def test_several_links_at_once(browser: Any) -> None:
    answer = browser.sign_in().add(LINK, {"type": "ltiResourceLink", "title": "Weather"})
    assert "Added: Fire safety, Weather." in answer.text
    assert "Weather" in browser.get("/courses/1").text


def test_learner_may_not_add(browser: Any) -> None:
    assert browser.sign_in("learner1").get("/courses/1/add").status_code == 403


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "other"}, "no tool with the client id"),
        ({"aud": "https://other.example"}, "aud must be"),
        ({"exp": 1}, "expired"),
        ({"iat": 1}, "too long ago"),
        ({"iat": 99999999999}, "future"),
        ({"exp": None}, "exp must be"),
        ({"nonce": None}, "nonce is missing"),
        ({f"{LTI}deployment_id": "2"}, "deployment_id must be"),
        ({f"{LTI}message_type": "LtiResourceLinkRequest"}, "message_type must be"),
        ({f"{LTI}version": "1.1"}, "version must be"),
        ({f"{DL}data": "guessed"}, "data does not belong"),
        ({f"{DL}content_items": "no list"}, "content_items must be"),
        ({f"{DL}content_items": [{"type": "link", "url": "https://a.example"}]}, "content_items[0].type"),
        ({f"{DL}content_items": [{**LINK, "url": "javascript:alert(1)"}]}, "content_items[0].url"),
        ({f"{DL}content_items": [{**LINK, "lineItem": {"scoreMaximum": 0}}]}, "lineItem.scoreMaximum"),
        ({f"{DL}content_items": [{**LINK, "custom": {"a": 1}}]}, "content_items[0].custom"),
    ],
)
def test_faulty_choice_is_refused_and_the_right_one_still_taken(browser: Any, changes: Any, reason: str) -> None:
    data = browser.sign_in().launch("/courses/1/add")[f"{DL}deep_linking_settings"]["data"]
    refused = browser.answer(browser.tool.choice(data, [LINK], **changes))
    assert refused.status_code == 400
    assert reason in refused.text
    assert "Fire safety" not in browser.get("/courses/1").text
    assert browser.answer(browser.tool.choice(data, [LINK])).status_code == 200


def test_choice_is_taken_once(browser: Any) -> None:
    data = browser.sign_in().launch("/courses/1/add")[f"{DL}deep_linking_settings"]["data"]
    token = browser.tool.choice(data, [LINK])
    assert browser.answer(token).status_code == 200
    assert "nonce was used before" in browser.answer(token).text
    assert "data does not belong" in browser.answer(browser.tool.choice(data, [LINK])).text


def test_choice_signed_by_others_is_refused(browser: Any) -> None:
    data = browser.sign_in().launch("/courses/1/add")[f"{DL}deep_linking_settings"]["data"]
    stranger = browser.tool.new_key()
    good = browser.tool.choice(data, [LINK])
    claims = jwt.decode(good, browser.tool.key).claims
    for forged in (
        browser.tool.sign(claims, key=stranger),
        browser.tool.sign(claims, key=stranger, kid=browser.tool.key.kid),
        jwt.encode({"alg": "HS256", "kid": browser.tool.key.kid}, claims, OctKey.import_key("secret" * 8)),
        good[:-4] + "AAAA",
        "",
        "a.b.c",
    ):
        refused = browser.answer(forged)
        assert refused.status_code == 400
        assert "signature cannot be verified" in refused.text
    assert browser.answer(good).status_code == 200


def test_rotated_key_is_fetched_and_a_known_one_is_not(browser: Any) -> None:
    browser.sign_in().add(LINK)
    fetched = browser.tool.fetches
    browser.add(LINK)
    assert browser.tool.fetches == fetched
    browser.tool.key = browser.tool.new_key()
    assert browser.add(LINK).status_code == 200
    assert browser.tool.fetches == fetched + 1


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_unregistered_addressee_gets_nothing(browser: Any, name: str) -> None:
    initiation = browser.sign_in().login_initiation("/courses/1/add")
    response = browser.authentication(initiation, **{name: "https://evil.example"})
    assert response.status_code == 400
    assert 'name="id_token"' not in response.text
    assert "is not registered" in response.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scope": "profile"}, "invalid_request"),
        ({"response_type": "code"}, "invalid_request"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"lti_message_hint": "guessed"}, "invalid_request"),
        ({"login_hint": "someone-else"}, "invalid_request"),
    ],
)
def test_faulty_authentication_request_goes_back_as_an_error(browser: Any, changes: Any, code: str) -> None:
    initiation = browser.sign_in().login_initiation("/courses/1/add")
    page = browser.authentication(initiation, **changes).text
    assert f'name="error" value="{code}"' in page
    assert 'name="state" value="state-1"' in page
    assert 'name="id_token"' not in page


def test_launch_is_for_the_signed_in_person_only(browser: Any) -> None:
    initiation = browser.sign_in("teacher").login_initiation("/courses/1/add")
    browser.sign_in("learner1")
    assert 'value="login_required"' in browser.authentication(initiation).text


def test_request_without_cookie_is_sent_again_by_a_page_of_the_platform(browser: Any) -> None:
    """A frame sent here by the tool's script has no SameSite=Lax cookie; the repeated request has."""
    initiation = browser.sign_in().login_initiation("/courses/1/add")
    browser.client.delete_cookie("demo_lms", domain="127.0.0.1")
    page = browser.authentication(initiation).text
    assert 'action="/lti/auth"' in page
    assert 'name="from_platform"' in page
    assert 'name="id_token"' not in page
    again = browser.authentication(initiation, from_platform="1").text
    assert 'value="login_required"' in again
