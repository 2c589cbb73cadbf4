"""Scripts of SCORM 1.2 prerequisites."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.scorm.spec.prerequisites import BadScript, block_status, parse, status_of
from hub.scorm.spec.runtime.transfer import Tracking

STATUSES = {"a": "passed", "b": "completed", "c": "failed", "d": "incomplete", "e": "not attempted"}


@pytest.mark.parametrize(
    ("script", "holds"),
    [
        ("a", True),
        ("b", True),
        ("c", False),
        ("e", False),
        ("unknown", False),
        ("a & b", True),
        ("a&c", False),
        ("c | b", True),
        ("~c", True),
        ("~~a", True),
        ("~(a & b)", False),
        ("a | c & d", True),
        ("(a | c) & d", False),
        ('c = "failed"', True),
        ("c=f", True),
        ('a <> "passed"', False),
        ("e <> p", True),
        ('e = "not attempted"', True),
        ("2*{a, b, c}", True),
        ("3*{a, b, c}", False),
        ("2*{a & b, ~c, d}", True),
        ('"a" & b', True),
    ],
)
def test_scripts(script: str, holds: bool) -> None:
    assert parse(script)(STATUSES) is holds


@pytest.mark.parametrize(
    "script", ["", "&", "a &", "(a", "a)", "a b", "2*{a", "2*a", 'a = "done"', "a =", '"', "((" * 80]
)
def test_what_cannot_be_read(script: str) -> None:
    with pytest.raises(BadScript):
        parse(script)


@given(some.text(alphabet='ab12&|~()*{},=<>" pf', max_size=60))
def test_any_text_is_read_or_refused(script: str) -> None:
    try:
        test = parse(script)
    except BadScript:
        return
    assert test(STATUSES) in (True, False)


def test_statuses() -> None:
    assert status_of(Tracking("completed", "passed")) == "passed"
    assert status_of(Tracking("incomplete", "failed")) == "failed"
    assert status_of(Tracking("completed")) == "completed"
    assert status_of(Tracking("incomplete")) == "incomplete"
    assert status_of(Tracking()) == "not attempted"
    assert [
        block_status(found) for found in ([], ["passed", "completed"], ["passed", "failed"], ["not attempted"])
    ] == [
        "not attempted",
        "completed",
        "incomplete",
        "not attempted",
    ]
