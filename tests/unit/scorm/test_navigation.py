"""Where a learner goes next: order, choice, and the end."""

import pytest

from hub.scorm.spec.navigation import Node, Outcome, parse, process, valid_requests

TREE = [
    Node("intro", None, "Intro", True, True),
    Node("part", None, "Part", False, True),
    Node("one", "part", "One", True, True),
    Node("two", "part", "Two", True, False),
    Node("empty", None, "Empty", False, True),
]


@pytest.mark.parametrize(
    ("current", "request_", "target", "expected"),
    [
        (None, "start", None, Outcome(deliver="intro")),
        ("two", "start", None, Outcome(deliver="two")),
        ("gone", "start", None, Outcome(deliver="intro")),
        ("intro", "continue", None, Outcome(deliver="one")),
        ("two", "continue", None, Outcome(ended=True)),
        ("one", "previous", None, Outcome(deliver="intro")),
        ("intro", "previous", None, Outcome(refusal="nothing_before")),
        ("intro", "choice", "two", Outcome(deliver="two")),
        ("intro", "choice", "part", Outcome(deliver="one")),
        ("intro", "choice", "empty", Outcome(refusal="no_such_activity")),
        ("intro", "choice", None, Outcome(refusal="no_such_activity")),
        ("one", "suspendAll", None, Outcome(ended=True, suspended=True)),
        ("one", "exitAll", None, Outcome(ended=True)),
    ],
)
def test_requests(current: str | None, request_: str, target: str | None, expected: Outcome) -> None:
    assert process(TREE, current, request_, target) == expected  # type: ignore[arg-type]


def test_a_course_without_content_delivers_nothing() -> None:
    assert process([TREE[1]], None, "start").refusal == "nothing_to_deliver"


def test_what_may_be_asked_for() -> None:
    first, last = valid_requests(TREE, "intro"), valid_requests(TREE, "two")
    assert (first.forward, first.backward) == (True, False)
    assert (last.forward, last.backward) == (False, True)
    assert first.choices == ["intro", "part", "one", "empty"]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("continue", ("continue", None)),
        ("{target=intro}choice", ("choice", "intro")),
        ("{target=a b}jump", ("jump", "a b")),
        ("_none_", None),
        ("choice", None),
        ("{target=}choice", None),
        ("start", None),
        ("", None),
    ],
)
def test_navigation_events(event: str, expected: tuple[str, str | None] | None) -> None:
    assert parse(event) == expected
