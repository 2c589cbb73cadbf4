"""The smaller rules: addresses, roles, logins, paging, scores, deep linking answers; and that no input breaks any."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HubError, Invalid
from hub.lti.spec import vocabulary as v
from hub.lti.spec.claims import CLAIMS
from hub.lti.spec.deep_linking import Choice, Wishes, content_item, response_claims
from hub.lti.spec.launch import DeepLinkingSettings, admit
from hub.lti.spec.links import next_link
from hub.lti.spec.login import read_login
from hub.lti.spec.roles import judge_roles
from hub.lti.spec.scores import (
    Attempt,
    Column,
    Outcome,
    Progress,
    Score,
    WantedColumn,
    counted,
    judge_refusal,
    line_item_of,
    next_timestamp,
    path_extended,
    read_results,
    reason_of,
    replaces,
    rescaled,
    scaled_score,
    score_of,
    stray_line_item,
    wire_time,
    wished_pause,
)
from hub.lti.spec.urls import origin_of, url_fault
from tests.unit.lti.test_claims import EXPECTED, LAUNCH_URL, deep_linking_claims, resource_link_claims

VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"
COURSE = VOCABULARY + "membership#"

# Addresses


@pytest.mark.parametrize(
    ("url", "public", "private"),
    [
        ("https://lms.example", True, True),
        ("https://lms.example:8443/a/b?c=d&e=%20", True, True),
        ("https://93.184.216.34/", True, True),
        ("https://[2606:2800:220:1::1]/", True, True),
        ("http://lms.example", False, True),
        ("https://localhost/", False, True),
        ("https://a.localhost/", False, True),
        ("https://lms.local/", False, True),
        ("https://127.0.0.1/", False, True),
        ("https://127.1/", False, True),
        ("https://0x7f000001/", False, True),
        ("https://2130706433/", False, True),
        ("https://10.1.2.3/", False, True),
        ("https://169.254.169.254/", False, True),
        ("https://[::1]/", False, True),
        ("https://[::ffff:10.0.0.1]/", False, True),
        ("ftp://lms.example/", False, False),
        ("javascript:alert(1)", False, False),
        ("//lms.example/", False, False),
        ("lms.example", False, False),
        ("https://", False, False),
        ("https://u@lms.example/", False, False),
        ("https://u:p@lms.example/", False, False),
        ("https://lms.example/#top", False, False),
        ("https://lms.example:port/", False, False),
        ("https://lms.example:99999/", False, False),
        ("https://[::1/", False, False),
        ("https://lms.example\\@evil.example/", False, False),
        ('https://lms.example/"', False, False),
        ("https://lms.example/ x", False, False),
        ("https://lms.example/\n", False, False),
        ("https://lms.exämple/", False, False),
        ("https://lms.example/" + "x" * 2048, False, False),
        ("", False, False),
        (None, False, False),
        (5, False, False),
    ],
)
def test_addresses(url: object, public: bool, private: bool) -> None:
    assert (url_fault(url) is None) is public
    assert (url_fault(url, allow_private=True) is None) is private


def test_origins() -> None:
    assert origin_of("https://LMS.example:8443/a?b#c") == "https://lms.example:8443"


# Roles


@pytest.mark.parametrize(
    ("roles", "instructor", "learner"),
    [
        ([], False, True),
        (["http://example.org/other"], False, True),
        ([COURSE + "Learner"], False, True),
        ([COURSE + "Instructor"], True, False),
        ([COURSE + "ContentDeveloper"], True, False),
        ([COURSE + "Mentor"], False, True),
        ([VOCABULARY + "membership/Instructor#TeachingAssistant"], True, False),
        ([VOCABULARY + "membership/Instructor#TeachingAssistant", COURSE + "Learner"], False, True),
        ([VOCABULARY + "membership/Learner#GuestLearner"], False, True),
        (["Instructor"], True, False),
        (["Learner"], False, True),
        ([COURSE + "Instructor", COURSE + "Learner"], True, True),
        ([VOCABULARY + "institution/person#Instructor"], False, True),
        ([VOCABULARY + "institution/person#Faculty", COURSE + "Learner"], False, True),
        ([VOCABULARY + "system/person#Administrator"], True, False),
        ([VOCABULARY + "system/person#Administrator", COURSE + "Learner"], False, True),
    ],
)
def test_roles(roles: list[str], instructor: bool, learner: bool) -> None:
    judged = judge_roles(roles)
    assert (judged.is_instructor, judged.is_learner) == (instructor, learner)


# Logins

LOGIN = {"iss": ["https://lms.example"], "login_hint": ["7"], "target_link_uri": [LAUNCH_URL]}


def test_a_login_is_read() -> None:
    login = read_login(LOGIN | {"deployment_id": ["1"], "client_id": ["c"], "unknown": ["x", "y"]}, LAUNCH_URL)
    assert login.deployment_id == "1"
    assert login.message_hint is None
    assert login.parameters() == {
        "iss": "https://lms.example",
        "login_hint": "7",
        "target_link_uri": LAUNCH_URL,
        "client_id": "c",
        "lti_deployment_id": "1",
    }


def test_a_login_names_its_deployment_and_hint() -> None:
    told = {"lti_deployment_id": ["1"], "deployment_id": ["2"], "lti_message_hint": ["m"], "login_hint": ["x" * 8192]}
    login = read_login(LOGIN | told | {"lti_storage_target": ["_parent"]}, LAUNCH_URL)
    assert (login.deployment_id, login.message_hint, login.storage_target) == ("1", "m", "_parent")
    assert (
        read_login(LOGIN | {"lti_message_hint": [""], "client_id": [""]}, LAUNCH_URL).parameters().keys()
        == LOGIN.keys()
    )


@pytest.mark.parametrize(
    "change",
    [
        {"iss": []},
        {"iss": [""]},
        {"iss": ["a", "b"]},
        {"iss": ["x" * 2049]},
        {"login_hint": ["x" * 8193]},
        {"lti_message_hint": ["x" * 16_385]},
        {"deployment_id": ["x" * 256]},
        {"lti_storage_target": ["x" * 256]},
        {"login_hint": ["a\r\nb"]},
        {"target_link_uri": ["https://evil.example"]},
        {"target_link_uri": [LAUNCH_URL + "/../../"]},
        {"target_link_uri": [LAUNCH_URL + "#x"]},
        {"client_id": ["x" * 256]},
        {"lti_deployment_id": ["a", "b"]},
    ],
)
def test_a_login_with_a_fault_is_refused(change: dict[str, list[str]]) -> None:
    read_login(LOGIN, LAUNCH_URL)
    with pytest.raises(Invalid) as refusal:
        read_login(LOGIN | change, LAUNCH_URL)
    assert [violation.where for violation in refusal.value.violations] == list(change)


# The next page

PAGE = "https://lms.example/items?limit=10"


@pytest.mark.parametrize(
    ("header", "following"),
    [
        ("", None),
        ('<https://lms.example/items?p=2>; rel="next"', "https://lms.example/items?p=2"),
        ("<https://lms.example/Items?P=Two>; rel=next", "https://lms.example/Items?P=Two"),
        ('<https://lms.example/1>; rel="first", <https://lms.example/2>; rel="next"', "https://lms.example/2"),
        ('<https://lms.example/2>; title="x"; rel="prev next"', "https://lms.example/2"),
        ("<https://lms.example/items?a=1&amp;p=2>; rel=“next”", "https://lms.example/items?a=1&p=2"),
        # The same as HTTP libraries hand it over: bytes of UTF-8 read as Latin-1.
        ("<https://lms.example/items?p=2>; rel=“next”".encode().decode("latin-1"), "https://lms.example/items?p=2"),
        ('</help>; rel="help"; title="a, b", <https://lms.example/p2>;rel=next', "https://lms.example/p2"),
        ('</items?p=2>; rel="next"', "https://lms.example/items?p=2"),
        ('<?p=2>; rel="next"', "https://lms.example/items?p=2"),
        ('<https://evil.example/items?p=2>; rel="next"', None),
        ('<http://lms.example/items?p=2>; rel="next"', None),
        ('<https://lms.example/2>; rel="nextish"', None),
        ('<https://lms.example/2>; rel="prev"', None),
        ('<http://[>; rel="next"', None),
        ('<http://lms.example:x/>; rel="next"', None),
        ("no link at all", None),
    ],
)
def test_the_next_page(header: str, following: str | None) -> None:
    assert next_link(header, PAGE) == following


# Scores


@pytest.mark.parametrize(
    ("url", "scores"),
    [
        ("https://lms.example/items/1", "https://lms.example/items/1/scores"),
        ("https://lms.example/items/1/", "https://lms.example/items/1/scores"),
        ("https://lms.example/items/1/lineitem?type_id=1", "https://lms.example/items/1/lineitem/scores?type_id=1"),
        ("https://lms.example/i?a=b?c=d", "https://lms.example/i/scores?a=b?c=d"),
    ],
)
def test_where_scores_go(url: str, scores: str) -> None:
    assert path_extended(url, "scores") == scores


NOW = datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=UTC)


def test_times_rise_in_whole_milliseconds() -> None:
    first = next_timestamp(NOW, None)
    assert wire_time(first) == "2026-11-20T12:00:00.123Z"
    second = next_timestamp(NOW, first)
    assert second - first == timedelta(milliseconds=1)
    assert next_timestamp(NOW - timedelta(days=1), second) > second
    assert next_timestamp(NOW.replace(microsecond=500_000), None).microsecond == 500_000
    assert next_timestamp(NOW + timedelta(seconds=1), second) == first + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("values", "scaled"),
    [
        ((0.5, 1.0, 0.0, 2.0), 0.5),
        ((None, 80.0, None, None), 0.8),
        ((None, 3.0, 1.0, 5.0), 0.5),
        ((None, 3.0, None, 4.0), 0.75),
        ((None, 3.0, 5.0, 5.0), None),
        ((None, None, 0.0, 100.0), None),
        ((None, 2.0, 0.0, 3.0), Fraction(2, 3)),
        ((None, 7.3, None, 9.1), Fraction(73, 91)),
        ((None, 1e-7, None, 1.0), Fraction(1, 10**7)),
    ],
)
def test_scaled_scores(values: tuple[float | None, ...], scaled: float | Fraction | None) -> None:
    assert scaled_score(*values) == (Fraction(repr(scaled)) if isinstance(scaled, float) else scaled)


@given(
    st.sampled_from(["completed", "incomplete", "unknown"]),
    st.sampled_from(["passed", "failed", "unknown"]),
    st.none() | st.fractions(-10, 10),
    st.sampled_from([Decimal(1), Decimal(10), Decimal(100)]),
)
def test_a_score_lies_within_its_scale(
    completion: str, success: str, scaled: Fraction | None, maximum: Decimal
) -> None:
    score = score_of(Progress(completion, success, scaled), maximum)
    assert score.given is None or 0 <= score.given <= maximum
    assert (score.grading_progress == "FullyGraded") == (score.activity_progress == "Completed")
    if score.grading_progress == "FullyGraded":
        assert score.given is not None


@pytest.mark.parametrize(
    ("values", "maximum", "sent"),
    [
        ((0.1 + 0.2, None, None, None), 100, 30),
        ((0.6667, None, None, None), 100, 66.67),
        ((0.29, None, None, None), 100, 29),
        ((None, 2.0, 0.0, 3.0), 3, 2),
        ((None, 2.0, 0.0, 3.0), 8, 5.3333333333),
        ((2 / 3, None, None, None), 8, 5.3333333333),
        ((2 / 3, None, None, None), 3, 2),
        ((None, 7.3, 0.0, 9.1), 9.1, 7.3),
        ((None, 1.0, 0.0, 3.0), 10_000, 3333.3333333333),
        ((0.07, None, None, None), 0.5, 0.035),
    ],
)
def test_decimal_scores_are_exact(values: tuple[float | None, ...], maximum: float, sent: float) -> None:
    score = score_of(Progress("completed", "passed", scaled_score(*values)), Decimal(100))
    assert float(rescaled(score, Decimal(str(maximum))).given) == sent


def test_what_replaces_what() -> None:
    final = Score(Decimal(90), Decimal(100), "Completed", "FullyGraded")
    other = Score(Decimal(70), Decimal(100), "Completed", "FullyGraded")
    begun = Score(None, Decimal(100), "InProgress", "Pending")
    assert replaces(begun, None)
    assert replaces(final, begun)
    assert replaces(other, final)
    assert not replaces(final, final)
    assert not replaces(begun, final)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (409, Outcome.RETRY_LATER_TIME),
        *((status, Outcome.RETRY) for status in (401, 403, 408, 425, 429, 500, 502, 503, 599)),
        *((status, Outcome.FAIL) for status in (301, 302, 400, 404, 405, 410, 413, 415, 422)),
    ],
)
def test_what_a_refusal_means(status: int, outcome: Outcome) -> None:
    assert judge_refusal(status) is outcome


def test_a_score_that_may_be_there_goes_again_under_a_later_time() -> None:
    assert judge_refusal(400, may_be_there=True) is Outcome.RETRY_LATER_TIME
    assert judge_refusal(404, may_be_there=True) is Outcome.FAIL


@pytest.mark.parametrize(
    ("text", "pause"),
    [("", None), ("17", 17), (" 17 ", 17), ("-1", None), ("soon", None), ("٣", None), ("9" * 30, 86400)],
)
def test_the_pause_that_is_wished(text: str, pause: float | None) -> None:
    assert wished_pause({"retry-after": text}) == pause


def test_a_reason_is_one_short_line() -> None:
    assert reason_of(400, b"") == "The platform answered 400."
    assert reason_of(400, b"a\n\x1b[31m b\xff\x00") == "The platform answered 400: a [31m b�"
    assert reason_of(500, b"x" * 10_000) == f"The platform answered 500: {'x' * 300}"


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([{"id": "https://a", "resourceLinkId": "l"}], "https://a"),
        ([{"id": "https://a", "resourceLinkId": "other"}, {"id": "https://b", "resourceLinkId": "l"}], "https://b"),
        ([{"id": 5, "resourceLinkId": "l"}, None, "x"], None),
        ([], None),
        ({"id": "https://a"}, None),
        (None, None),
    ],
)
def test_the_line_item_of_a_link(items: Any, found: str | None) -> None:
    assert line_item_of(items, "l") == (Column(found, None) if found else None)


@pytest.mark.parametrize(
    ("told", "maximum"),
    [(10, Decimal(10)), (9.1, Decimal("9.1")), (0, None), (-1, None), (1e9, None), (True, None), ("10", None)],
)
def test_the_scale_of_a_column(told: Any, maximum: Decimal | None) -> None:
    assert line_item_of([{"id": "a", "resourceLinkId": "l", "scoreMaximum": told}], "l") == Column("a", maximum)


def test_results_are_read() -> None:
    items = [
        {"userId": "1", "resultScore": 8.5, "resultMaximum": 10, "comment": "Well\n" + "x" * 600},
        {"userId": 2, "resultScore": True, "resultMaximum": 1e12, "comment": 7},
        {"resultScore": 1},
        {"userId": None},
        "odd",
    ]
    assert read_results(items) == {
        "1": {"score": 8.5, "maximum": 10.0, "comment": "Well" + "x" * 495},
        "2": {"score": None, "maximum": None, "comment": None},
    }
    assert read_results({"userId": "1"}) == {}


WANTED = WantedColumn("l", "p", "grade", "Golf", Decimal(100))


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([{"id": "a", "resourceId": "p", "tag": "grade", "scoreMaximum": 10}], "a"),
        ([{"id": "a", "resourceId": "p"}], "a"),
        ([{"id": "a", "resourceId": "p", "tag": "grade", "resourceLinkId": "other"}], None),
        ([{"id": "a", "resourceId": "p", "tag": "other"}], None),
        ([{"id": "a", "resourceId": "q", "tag": "grade"}], None),
        ([{"id": one, "resourceId": "p", "tag": "grade"} for one in "ab"], None),
        ([None, {"id": 1, "resourceId": "p"}], None),
        ("odd", None),
    ],
)
def test_a_column_that_lost_its_link_is_known_by_what_we_called_it(items: Any, found: str | None) -> None:
    column = stray_line_item(items, WANTED)
    assert (column.url if column else None) == found


def attempt(completion: str = "completed", scaled: float | None = None) -> Attempt:
    return Attempt(Progress(completion, "unknown", scaled_score(scaled, None, None, None)))


@pytest.mark.parametrize(
    ("counting", "given"),
    [("last", 40), ("first", 60), ("best", 90), ("average", Decimal(190) / 3)],
)
def test_the_link_says_which_attempt_counts(counting: str, given: Decimal) -> None:
    attempts = [attempt(scaled=0.6), attempt(scaled=0.9), attempt(scaled=0.4), attempt("incomplete", 0.1)]
    score = counted(attempts, counting, Decimal(100))
    assert score.given == given
    assert score.grading_progress == "FullyGraded"
    assert "3 attempts" in (score.comment or "")


@pytest.mark.parametrize(
    ("counting", "comment"),
    [("best", "2 attempts; the best one counts."), ("average", "The average of 2 attempts.")],
)
def test_the_comment_says_what_counts(counting: str, comment: str) -> None:
    score = counted([attempt(scaled=0.2), attempt(scaled=0.2)], counting, Decimal(100))
    assert (score.comment, score.given) == (comment, 20)
    assert counted([attempt(scaled=0.2)], counting, Decimal(100)) == score_of(
        attempt(scaled=0.2).progress, Decimal(100)
    )


def test_while_no_attempt_has_a_result_the_newest_tells_how_far_it_is() -> None:
    score = counted([attempt("incomplete", 0.5), attempt("incomplete", 0.2)], "best", Decimal(100))
    assert (score.given, score.grading_progress, score.comment) == (20, "Pending", None)


@pytest.mark.parametrize(
    ("given", "maximum", "sent"),
    [
        ("87.5", "10", "8.75"),
        ("33.3333", "3", "0.999999"),
        ("33.33333333333333", "3", "1"),
        ("100", "0.5", "0.5"),
        ("50", None, "50"),
        ("50", "0", "50"),
    ],
)
def test_a_score_is_sent_on_the_scale_of_its_column(given: str, maximum: str | None, sent: str) -> None:
    score = Score(Decimal(given), Decimal(100), "Completed", "FullyGraded")
    assert rescaled(score, Decimal(maximum) if maximum else None).given == Decimal(sent)


# Deep linking answers


def test_an_answer_has_what_the_platform_takes() -> None:
    settings = DeepLinkingSettings("https://lms.example/r", ("embed", "window"), True, True, "data")
    due = datetime(2026, 12, 24, 18, tzinfo=UTC)
    wishes = Wishes(points=Decimal("12.5"), target="iframe", due_at=due)
    item = content_item(Choice("p", "Golf", "A game"), wishes, settings, LAUNCH_URL, "https://hub.example/icon")
    assert item == {
        "type": "ltiResourceLink",
        "title": "Golf",
        "text": "A game",
        "url": LAUNCH_URL,
        "icon": {"url": "https://hub.example/icon", "width": 48, "height": 48},
        "custom": {"package_id": "p", "link_history": "$ResourceLink.id.history"},
        "lineItem": {
            "label": "Golf",
            "scoreMaximum": 12.5,
            "resourceId": "p",
            "tag": "grade",
            "submissionReview": {"reviewableStatus": ["InProgress", "Submitted", "Completed"]},
        },
        "window": {"targetName": "package-p"},
        "submission": {"endDateTime": "2026-12-24T18:00:00Z"},
    }
    claims = response_claims(
        client_id="c", issuer="i", deployment_id="1", settings=settings, items=[item], nonce="n", now=100.9
    )
    assert (claims["iss"], claims["aud"], claims["iat"], claims["exp"]) == ("c", ["i"], 100, 400)
    assert claims[v.DEEP_LINKING_DATA] == "data"


# Nothing breaks a rule

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
NAMES = sorted({row.name for row in CLAIMS})


def status_of(claims: dict[str, Any]) -> int:
    """What a launch with these claims is answered with."""
    try:
        admit(claims, EXPECTED)
    except HubError as refusal:
        return refusal.status
    return 200


@given(st.sampled_from(["link", "choice"]), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_whatever_the_claims_are_they_are_let_in_or_refused(kind: str, changes: dict[str, Any]) -> None:
    claims = (resource_link_claims() if kind == "link" else deep_linking_claims()) | changes
    assert status_of(claims) in {200, 400, 401, 403}


@given(st.sampled_from(NAMES), st.sampled_from(["scope", "id", "accept_types", "deep_link_return_url"]), JSON)
def test_whatever_a_member_is_it_is_let_in_or_refused(name: str, member: str, value: Any) -> None:
    for claims in (resource_link_claims(), deep_linking_claims()):
        if isinstance(claims.get(name), dict):
            claims[name] = claims[name] | {member: value}
            assert status_of(claims) in {200, 400, 401, 403}


@given(st.text(max_size=100))
def test_any_text_is_an_address_or_is_not(text: str) -> None:
    url_fault(text)
    url_fault("https://" + text)
    next_link(text, PAGE)
    next_link(f"<{text}>; rel=next", PAGE)
