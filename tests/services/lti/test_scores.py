"""Scores: queued with the progress, sent once, the newest only, whatever the platform answers."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from hub.adapters.outbound_http import OutboundHttp
from hub.bootstrap import Hub
from hub.errors import Conflict, NotFound
from hub.identity import Principal
from hub.lti.services import scores
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.services.scores import Scores
from hub.lti.spec import vocabulary as v
from hub.relay import RetryLater
from tests.services.lti.conftest import Gradebook
from tests.support.lti_platform import Answer, LtiPlatform

REFUSED: Answer = (400, {"Content-Type": "text/plain"}, b"The user is <b>not</b> enrolled")


def test_a_score_reaches_the_gradebook(book: Gradebook, platform: LtiPlatform) -> None:
    book.progress(completion="completed", success="passed", score_scaled=0.875)
    assert book.statuses() == ["pending"]
    assert book.work() == []
    (score,) = platform.scores
    parts = urlsplit(score.path)
    assert (parts.path, parts.query) == ("/items/1/lineitem/scores", "type_id=1")
    assert score.body == {
        "userId": "learner-1",
        "scoreGiven": 87.5,
        "scoreMaximum": 100.0,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": score.body["timestamp"],
        "submission": score.body["submission"],
    }
    assert score.body["submission"].keys() == {"startedAt", "submittedAt"}
    assert score.body["timestamp"].endswith("Z")
    assert len(score.body["timestamp"].partition(".")[2]) == 4
    assert v.SCOPE_SCORE in platform.tokens[score.token]
    (delivery,) = book.deliveries()
    assert delivery.status == "delivered"
    assert delivery.delivered_at is not None


@pytest.mark.parametrize(
    ("result", "given", "activity", "grading"),
    [
        ({"completion": "incomplete"}, None, "InProgress", "Pending"),
        ({"completion": "incomplete", "score_scaled": 0.5}, 50, "InProgress", "Pending"),
        ({"completion": "completed"}, 100, "Completed", "FullyGraded"),
        ({"completion": "completed", "score_raw": 7.0, "score_max": 10.0}, 70, "Completed", "FullyGraded"),
        ({"completion": "completed", "score_raw": 66.67}, 66.67, "Completed", "FullyGraded"),
        (
            {"completion": "completed", "score_raw": 5.0, "score_min": 5.0, "score_max": 5.0},
            100,
            "Completed",
            "FullyGraded",
        ),
        ({"success": "passed"}, 100, "Completed", "FullyGraded"),
        ({"success": "failed"}, 0, "Completed", "FullyGraded"),
        ({"success": "failed", "score_scaled": -0.5}, 0, "Completed", "FullyGraded"),
        ({"success": "passed", "score_scaled": 1 / 3}, 33.3333333333, "Completed", "FullyGraded"),
    ],
)
def test_what_the_result_says_is_what_is_sent(
    book: Gradebook, platform: LtiPlatform, result: dict[str, Any], given: float | None, activity: str, grading: str
) -> None:
    book.progress(**result)
    book.work()
    body = platform.scores[0].body
    assert body.get("scoreGiven") == given
    assert (body["activityProgress"], body["gradingProgress"]) == (activity, grading)


def test_a_slow_platform_gets_one_score_at_a_time(
    enter: Callable[..., Gradebook], platform: LtiPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that hangs must not have every thread of the worker."""
    monkeypatch.setattr(scores, "SLOW", timedelta(0))
    one = enter(**platform.ags())
    other = enter(**platform.ags(), **{v.RESOURCE_LINK: {"id": "link-2"}})
    one.progress(score_scaled=0.2)
    assert one.work() == []
    one.progress(score_scaled=0.4)
    other.progress(score_scaled=0.5)
    (_, message), meanwhile = one.messages(), []

    def another_worker() -> None:
        platform.before_answer = None
        with pytest.raises(RetryLater) as refused:
            one.hub.service(Scores).deliver(message)
        meanwhile.append(refused.value.reason)

    platform.before_answer = another_worker
    one.work()
    assert meanwhile == ["The platform is slow, and another score is being sent to it."]
    assert one.sent() == [20, 40, 50]
    assert one.statuses() == ["delivered"] * 3


def test_an_ungraded_link_sends_nothing(enter: Callable[..., Gradebook], platform: LtiPlatform) -> None:
    for endpoint in ({}, platform.ags(scope=[v.SCOPE_RESULT_READ]), platform.ags(scope=[v.SCOPE_SCORE], lineitem=None)):
        book = enter(**endpoint)
        book.progress(completion="completed")
    assert book.statuses() == []
    assert book.messages() == []


def test_only_what_is_new_is_queued(book: Gradebook) -> None:
    for _ in range(3):
        book.progress(score_scaled=0.5)
    assert book.statuses() == ["pending"]
    book.work()
    book.progress(score_scaled=0.5)
    assert book.statuses() == ["delivered"]


def test_a_newer_score_takes_the_place_of_one_that_waits(book: Gradebook) -> None:
    for scaled in (0.2, 0.4, 0.6):
        book.progress(score_scaled=scaled)
    assert book.statuses() == ["superseded", "superseded", "pending"]
    book.work()
    assert book.sent() == [60]


def test_a_final_mark_is_not_lost_by_a_new_attempt(book: Gradebook) -> None:
    book.progress(success="passed", score_scaled=0.9)
    book.work()
    book.progress(completion="incomplete")
    book.work()
    book.progress(success="passed", score_scaled=0.7)
    book.work()
    assert book.sent() == [90, 70]


def test_times_always_rise(book: Gradebook, platform: LtiPlatform) -> None:
    for scaled in (0.1, 0.2, 0.3, 0.4):
        book.progress(score_scaled=scaled)
    later = book.deliveries()[-1].scored_at
    assert [one.scored_at for one in book.deliveries()] == sorted({one.scored_at for one in book.deliveries()})
    assert all(one.scored_at.microsecond % 1000 == 0 for one in book.deliveries())
    book.work()
    assert datetime.fromisoformat(platform.scores[0].body["timestamp"]) == later


def test_the_token_is_asked_for_once_and_proves_who_we_are(book: Gradebook, platform: LtiPlatform, hub: Hub) -> None:
    for scaled in (0.1, 0.2, 0.3):
        book.progress(score_scaled=scaled)
        book.work()
    assert platform.requests["/token"] == 1
    keys = KeySet.import_key_set(hub.service(Platforms).public_keys())
    claims = jwt.decode(platform.assertions[0], keys, algorithms=["RS256"]).claims
    assert claims["iss"] == claims["sub"] == platform.client_id
    assert claims["aud"] == f"{platform.origin}/token"
    assert claims["exp"] - claims["iat"] == 60
    assert claims["jti"]


def test_a_token_that_soon_ends_is_not_kept(book: Gradebook, platform: LtiPlatform) -> None:
    platform.token_seconds = 20
    for scaled in (0.1, 0.2):
        book.progress(score_scaled=scaled)
        book.work()
    assert platform.requests["/token"] == 3  # Two scores, and a look at the column before the first.


def test_a_token_that_is_no_longer_good_is_renewed(book: Gradebook, platform: LtiPlatform) -> None:
    book.progress(score_scaled=0.1)
    book.work()
    platform.tokens.clear()
    book.progress(score_scaled=0.2)
    assert book.work() == []
    assert book.sent() == [10, 20]
    assert platform.requests["/token"] == 2


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(book: Gradebook, platform: LtiPlatform, status: int) -> None:
    platform.answers = [(status, {}, b"not now")] * 2
    book.progress(score_scaled=0.5)
    assert len(book.work()) == 1
    (waiting,) = book.deliveries()
    assert waiting.status == "pending"
    assert str(status) in (waiting.last_error or "")
    platform.answers = []
    assert book.work() == []
    assert book.sent() == [50]
    assert platform.scores[0].body["timestamp"] == _wire(waiting.scored_at)


def test_the_platforms_own_wish_is_kept(book: Gradebook, platform: LtiPlatform) -> None:
    platform.answers = [(429, {"Retry-After": "17"}, b"")]
    book.progress(score_scaled=0.5)
    (later,) = book.work()
    assert later.after_seconds == 17


def test_a_conflict_goes_again_under_a_later_time(book: Gradebook, platform: LtiPlatform) -> None:
    platform.answers = [(409, {}, b"older")]
    book.progress(score_scaled=0.5)
    before = book.deliveries()[0].scored_at
    assert len(book.work()) == 1
    book.work()
    assert datetime.fromisoformat(platform.scores[0].body["timestamp"]) > before


def test_no_answer_is_tried_again(book: Gradebook, platform: LtiPlatform, hub: Hub, system: Principal) -> None:
    (known,) = hub.service(Platforms).list(system)
    hub.service(Platforms).change(system, known.id, PlatformChange(token_url="http://127.0.0.1:9/token"))
    book.progress(score_scaled=0.5)
    assert len(book.work()) == 1
    assert book.statuses() == ["pending"]


@pytest.mark.parametrize(
    "answer",
    [
        (400, {}, b'{"error": "invalid_client"}'),
        (401, {}, b""),
        (200, {}, b"<html>"),
        (200, {}, b"[]"),
        (200, {}, b"{}"),
        (200, {}, b'{"access_token": 5}'),
        (200, {}, b'{"access_token": "a\\nb", "expires_in": 60}'),
    ],
)
def test_a_platform_that_gives_no_token_is_tried_again(book: Gradebook, platform: LtiPlatform, answer: Answer) -> None:
    platform.token_answers = [answer]
    book.progress(score_scaled=0.5)
    assert len(book.work()) == 1
    (waiting,) = book.deliveries()
    assert waiting.status == "pending"
    assert "access token" in (waiting.last_error or "")
    book.work()
    assert book.sent() == [50]


@pytest.mark.parametrize("seconds", ["3600", None, True, 10**30, -5, "soon", 0])
def test_an_odd_lifetime_of_a_token_does_no_harm(book: Gradebook, platform: LtiPlatform, seconds: Any) -> None:
    platform.token_seconds = seconds
    book.progress(score_scaled=0.5)
    book.work()
    assert book.sent() == [50]


@pytest.mark.parametrize("status", [400, 404, 410, 422, 301])
def test_what_will_not_pass_goes_to_the_list_with_its_reason(
    book: Gradebook, platform: LtiPlatform, hub: Hub, system: Principal, status: int
) -> None:
    platform.answers = [(status, {"Location": "https://evil.example/"}, b"The user is <b>not</b>\n enrolled\x00")]
    book.progress(score_scaled=0.5)
    assert book.work() == []
    (failed,) = hub.service(Scores).list(system, status="failed", limit=10)
    assert failed.last_error == f"The platform answered {status}: The user is <b>not</b> enrolled"


def test_a_failed_score_can_be_sent_again_by_a_person(
    book: Gradebook, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    platform.answers = [REFUSED]
    book.progress(score_scaled=0.5)
    book.work()
    (failed,) = book.deliveries()
    again = hub.service(Scores).send_again(system, failed.id)
    assert again != failed.id
    book.work()
    assert book.statuses() == ["superseded", "delivered"]
    assert book.sent() == [50]
    with pytest.raises(Conflict):
        hub.service(Scores).send_again(system, failed.id)
    with pytest.raises(NotFound):
        hub.service(Scores).send_again(system, book.registration_id)


def test_a_newer_score_takes_the_place_of_a_failed_one(book: Gradebook, platform: LtiPlatform) -> None:
    platform.answers = [REFUSED]
    book.progress(score_scaled=0.5)
    book.work()
    book.progress(score_scaled=0.5)
    book.work()
    assert book.statuses() == ["superseded", "delivered"]


def test_after_three_days_it_is_given_up(book: Gradebook, platform: LtiPlatform) -> None:
    platform.answers = [(503, {}, b"")] * 2
    book.progress(score_scaled=0.5)
    assert len(book.work()) == 1
    book.let_pass(timedelta(days=3, minutes=1))
    assert book.work() == []
    (failed,) = book.deliveries()
    assert failed.status == "failed"
    assert (failed.last_error or "").startswith("Given up after three days.")


# Killed between steps -------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs, nothing catches it."""


def die(*_: Any, **__: Any) -> None:
    raise Killed


@pytest.mark.parametrize("step", ["before the request", "after the request", "before it is settled"])
def test_a_worker_that_dies_leaves_the_right_grade(
    book: Gradebook, platform: LtiPlatform, hub: Hub, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    book.progress(score_scaled=0.5)
    with monkeypatch.context() as dying:
        if step == "before the request":
            dying.setattr(Scores, "_send", die)
        elif step == "after the request":
            real = OutboundHttp.request
            dying.setattr(OutboundHttp, "request", lambda *a, **k: _then_die(real, *a, **k))
        else:
            dying.setattr(Scores, "_settle", die)
        with pytest.raises(Killed):
            book.work()
    assert book.statuses() == ["sending"]
    assert len(book.work()) == 1, "a lease that is not over keeps others away"
    book.let_pass(timedelta(minutes=3))
    assert book.work() == []
    assert book.statuses() == ["delivered"]
    assert set(book.sent()) == {50}
    assert len({score.body["timestamp"] for score in platform.scores}) == 1


def _then_die(request: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    answer = request(*arguments, **named)
    if arguments[2].partition("?")[0].endswith("/scores"):
        raise Killed
    return answer


def test_a_dead_workers_score_does_not_follow_a_newer_one(book: Gradebook, monkeypatch: pytest.MonkeyPatch) -> None:
    book.progress(score_scaled=0.2)
    with monkeypatch.context() as dying:
        dying.setattr(Scores, "_send", die)
        with pytest.raises(Killed):
            book.work()
    book.progress(score_scaled=0.9)
    book.let_pass(timedelta(minutes=3))
    book.work()
    assert book.sent() == [90]
    assert book.statuses() == ["superseded", "delivered"]


def test_a_slow_score_is_not_overtaken(book: Gradebook, platform: LtiPlatform) -> None:
    """While the platform takes its time over one score, a newer one waits, and then follows."""
    arrived, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        platform.before_answer = None
        arrived.set()
        assert go_on.wait(60)

    platform.before_answer = slowly
    book.progress(score_scaled=0.2)
    (first,) = book.messages()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(book.hub.service(Scores).deliver, first)
        assert arrived.wait(60)
        book.progress(score_scaled=0.9)
        second = book.messages()[-1]
        with pytest.raises(RetryLater):
            book.hub.service(Scores).deliver(second)
        go_on.set()
        sending.result(60)
    book.hub.service(Scores).deliver(second)
    assert book.sent() == [20, 90]
    assert book.statuses() == ["delivered", "delivered"]


def test_a_slow_score_that_fails_gives_way_to_the_newer_one(book: Gradebook, platform: LtiPlatform) -> None:
    platform.answers = [(503, {}, b"")]
    platform.before_answer = lambda: _once(platform, lambda: book.progress(score_scaled=0.9))
    book.progress(score_scaled=0.2)
    book.work()
    book.work()
    assert book.sent() == [90]
    assert book.statuses() == ["superseded", "delivered"]


def _once(platform: LtiPlatform, step: Callable[[], None]) -> None:
    platform.before_answer = None
    step()


def test_many_commits_at_once_queue_one_newest(book: Gradebook) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: book.progress(score_scaled=n / 100), range(30)))
    statuses = book.statuses()
    assert statuses.count("pending") == 1
    newest = max(book.deliveries(), key=lambda one: one.scored_at)
    assert newest.status == "pending"
    book.work()
    assert book.sent() == [float(newest.score_given or 0)]


# A column that is not there yet ---------------------------------------------------------------------------------------


def test_a_missing_column_is_made_once(enter: Callable[..., Gradebook], platform: LtiPlatform) -> None:
    book = enter(**platform.ags(lineitem=None))
    book.progress(score_scaled=0.5)
    assert book.work() == []
    book.progress(score_scaled=0.6)
    assert book.work() == []
    (item,) = platform.line_items
    assert item["resourceLinkId"] == "link-1"
    assert item["scoreMaximum"] == 100
    assert item["label"] == "Unit 1"
    assert book.sent() == [50, 60]


def test_a_column_that_is_there_is_found(enter: Callable[..., Gradebook], platform: LtiPlatform) -> None:
    platform.line_items = [
        {"id": f"{platform.origin}/items/7/lineitem", "scoreMaximum": 10, "resourceLinkId": "another"},
        {"id": f"{platform.origin}/items/8/lineitem", "scoreMaximum": 10, "resourceLinkId": "link-1"},
    ]
    book = enter(**platform.ags(lineitem=None))
    book.progress(score_scaled=0.5)
    book.work()
    assert [score.path for score in platform.scores] == ["/items/8/lineitem/scores"]


@pytest.mark.parametrize(
    "items",
    [
        {"not": "a list"},
        [{"id": "https://evil.example/items/1", "resourceLinkId": "link-1"}],
        [{"id": "file:///etc/passwd", "resourceLinkId": "link-1"}],
        [{"id": "http://127.0.0.1:port/", "resourceLinkId": "link-1"}],
    ],
)
def test_columns_that_cannot_be_used_go_to_the_list(
    enter: Callable[..., Gradebook], platform: LtiPlatform, items: Any
) -> None:
    book = enter(**platform.ags(lineitem=None))
    platform.line_items_answer = items
    book.progress(score_scaled=0.5)
    assert book.work() == []
    (failed,) = book.deliveries()
    assert failed.status == "failed"
    assert (failed.last_error or "").startswith("The platform's ")
    assert platform.scores == []


def test_pages_of_columns_in_a_circle_come_to_an_end(enter: Callable[..., Gradebook], platform: LtiPlatform) -> None:
    book = enter(**platform.ags(lineitem=None))
    platform.line_items_link = f'<{platform.origin}/items?type_id=1>; rel="next"'
    book.progress(score_scaled=0.5)
    assert book.work() == []
    assert book.sent() == [50]
    assert platform.requests["/items"] == 41  # Two searches of twenty pages at most, and the making.


def test_no_column_is_made_for_a_link_that_the_teacher_wanted_ungraded(
    enter: Callable[..., Gradebook], platform: LtiPlatform
) -> None:
    book = enter(custom={"graded": "no"}, **platform.ags(lineitem=None))
    book.progress(completion="completed")
    assert book.statuses() == []


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_score_is_sent_on_the_scale_that_the_column_has(book: Gradebook, platform: LtiPlatform) -> None:
    platform.own_column = {"label": "Unit 1", "scoreMaximum": 8}
    book.progress(completion="completed", score_scaled=2 / 3)
    book.work()
    body = platform.scores[0].body
    assert (body["scoreGiven"], body["scoreMaximum"]) == (5.3333333333, 8)


@pytest.mark.parametrize("status", [404, 410, 403])
def test_a_column_that_the_teacher_removed_is_found_again_or_made(
    book: Gradebook, platform: LtiPlatform, status: int
) -> None:
    platform.gone_status = status
    book.progress(completion="incomplete", score_scaled=0.1)
    book.work()
    platform.own_column = None
    book.progress(completion="incomplete", score_scaled=0.2)
    assert book.work() == []
    assert platform.line_items[0]["tag"] == "grade"
    # Moved: the platform knows it under another address, by what we called it.
    moved = platform.line_items[0] | {"id": f"{platform.origin}/items/9/lineitem?type_id=1", "resourceLinkId": None}
    platform.line_items = [moved]
    book.progress(completion="incomplete", score_scaled=0.3)
    platform.answers = [(status, {}, b"")]
    assert book.work() == []
    assert [urlsplit(score.path).path for score in platform.scores] == [
        "/items/1/lineitem/scores",
        "/items/2/lineitem/scores",
        "/items/9/lineitem/scores",
    ]
    assert book.sent() == [10, 20, 30]


@pytest.mark.parametrize(("body", "tokens"), [(b"403 Forbidden (Rate Limit Exceeded)", 1), (b"Invalid token.", 2)])
def test_a_token_that_is_answered_with_403_is_renewed_unless_we_are_only_too_fast(
    enter: Callable[..., Gradebook], platform: LtiPlatform, body: bytes, tokens: int
) -> None:
    book = enter(**platform.ags(scope=[v.SCOPE_SCORE], lineitems=None))
    book.progress(completion="completed")
    platform.answers = [(403, {}, body)]
    assert len(book.work()) == 1
    assert book.work() == []
    assert len(platform.tokens) == tokens
    assert book.statuses() == ["delivered"]


def test_a_score_that_was_taken_before_its_worker_died_goes_again_under_a_later_time(
    book: Gradebook, platform: LtiPlatform
) -> None:
    """Open edX answers 400 to a second score of the same time; a second 400 is a refusal."""
    book.progress(completion="completed", score_scaled=0.9)
    assert book.work() == []
    platform.answers = [(400, {}, b"")]
    assert len(book.take_up_again()) == 1
    assert book.work() == []
    assert book.statuses() == ["delivered"]
    first, second = (score.body["timestamp"] for score in platform.scores)
    assert second > first
    platform.answers = [(400, {}, b""), (400, {}, b"")]
    assert book.take_up_again() == []
    assert book.statuses() == ["failed"]


def test_a_removed_column_that_may_not_be_made_again_is_told(
    enter: Callable[..., Gradebook], platform: LtiPlatform
) -> None:
    book = enter(**platform.ags(scope=[v.SCOPE_SCORE, v.SCOPE_LINE_ITEM_READ], lineitems=None))
    platform.own_column = None
    book.progress(completion="completed")
    assert book.work() == []
    (failed,) = book.deliveries()
    assert (failed.status, failed.last_error) == ("failed", "The link's column was removed from the gradebook.")
