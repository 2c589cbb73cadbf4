"""Shapes of values: each accepts up to its limit, refuses what is just beyond it, and says which member was wrong."""

from typing import Any

import pytest

from hub.lti.spec import shapes
from hub.lti.spec.shapes import Shape

WORDS = shapes.list_of(shapes.text(3), 2)
PAIRS = shapes.map_of(shapes.text(3), 2)
PERSON = shapes.record({"id": shapes.identifier}, {"name": shapes.text(3)})


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (shapes.text(3), ["", "abc"], ["abcd", None, 5, ["a"]]),
        (shapes.text(3, 1), ["a", "abc"], ["", " ", "abcd"]),
        (shapes.identifier, ["a", "x" * 255, "a b~"], ["", "  ", "x" * 256, "ä", "a\n", 7, None]),
        (shapes.flag, [True, False, "true", "false"], ["True", 1, 0, None, ""]),
        (shapes.numeric_date, [0, 1.5, 2**53], [-1, 2**53 + 1, True, False, "0", None, float("inf"), float("nan")]),
        (shapes.url_or_nothing, ["https://lms.example", "", None, "$LineItem.url"], ["lms.example", "x$y", 7]),
        (shapes.scalar, ["x" * 8192, 1, 1.5, True, None], ["x" * 8193, [], {}]),
        (WORDS, [[], ["a", "abc"]], [["a", "b", "c"], ["abcd"], "ab", ("a",), {"a": "b"}, None]),
        (shapes.text_or_list, ["a", ["a"], ["a"] * 50], ["", [], ["a"] * 51, [""], [7], 7, None]),
        (PAIRS, [{}, {"a": "abc", "b": ""}], [{"a": "", "b": "", "c": ""}, {"a": "abcd"}, [], None]),
        (PERSON, [{"id": "1"}, {"id": "1", "name": None}, {"id": "1", "more": 7}], [{}, {"id": None}, [], None]),
        (PERSON, [{"id": "1", "name": "abc"}], [{"id": "1", "name": "abcd"}, {"id": ""}, {"name": "abc"}]),
    ],
)
def test_what_a_shape_takes(shape: Shape, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if shape(value) is not None] == []
    assert [value for value in bad if shape(value) is None] == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (shapes.text(3)("abcd"), "must be at most 3 characters long, not 4"),
        (WORDS(["a", 7]), "entry 1 must be a string"),
        (WORDS(["a"] * 3), "must have at most 2 entries, not 3"),
        (PAIRS({"x" * 50: 7}), f"member ‘{'x' * 40}’ must be a string"),
        (PERSON({"name": "a"}), "has no member ‘id’"),
        (PERSON({"id": "1", "name": 7}), "member ‘name’ must be a string"),
    ],
)
def test_the_fault_names_the_place(fault: str, said: str) -> None:
    assert fault == said
