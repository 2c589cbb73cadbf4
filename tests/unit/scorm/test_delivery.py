"""Shared data of activities (adl.data), calls that replays keep, and what changed between versions."""

from dataclasses import replace
from typing import Any

import pytest

from hub.scorm.spec.delivery import Store, objective_values, store_faults, store_values, stored_data, stores_of
from hub.scorm.spec.manifest.archive import Entry
from hub.scorm.spec.manifest.comparison import FileChanges, ItemChange, compare_files, compare_outlines
from hub.scorm.spec.manifest.course import Course, DataMap, Item, Objective, Organization
from hub.scorm.spec.manifest.pictures import LARGEST_BYTES, picture_of
from hub.scorm.spec.replay import (
    EXCEPTION,
    LONGEST_TEXT,
    METHODS,
    MOST_CALLS,
    MOST_STEPS,
    Call,
    closed_of,
    cut,
    error_words,
    fault,
    navigation_record,
    new_calls,
)
from hub.scorm.spec.sequencing.state import ObjectiveState
from tests.support.sequenced import NOW, Walk, item
from tests.support.sequenced import course as sequenced_course

MAPS = [DataMap("both"), DataMap("read", write_shared_data=False), DataMap("write", read_shared_data=False)]


def test_objectives_as_content_finds_them() -> None:
    """At the place that content gave them, else behind its own; what is not known is not there."""
    walk = Walk(sequenced_course(item("a", objectives=[Objective("first", False), Objective("main", True)])))
    known = {
        "first": ObjectiveState(True, -0.00000001, False, 0.125, 10.0, 0.1 + 0.2, 1e6),
        "main": ObjectiveState(False, 0.5, True),
    }
    index = walk.tree.index["a"]
    places = walk.tree.activities[index].objective_index
    objectives = tuple(known[name] for name in sorted(places, key=lambda name: places[name]))
    activities = list(walk.state.activities)
    activities[index] = activities[index]._replace(objectives=objectives)
    stored = {"cmi.objectives.0.id": "own", "cmi.objectives.1.id": "main"}
    state = walk.state._replace(activities=tuple(activities))
    assert objective_values(walk.tree, state, "a", stored, NOW) == {
        "cmi.objectives.2.id": "first",
        "cmi.objectives.2.success_status": "passed",
        "cmi.objectives.2.completion_status": "incomplete",
        "cmi.objectives.2.score.scaled": "0",
        "cmi.objectives.2.score.raw": "10",
        "cmi.objectives.2.score.min": "0.3",
        "cmi.objectives.2.score.max": "1000000",
        "cmi.objectives.2.progress_measure": "0.125",
        "cmi.objectives.1.id": "main",
        "cmi.objectives.1.success_status": "failed",
        "cmi.objectives.1.completion_status": "completed",
        "cmi.objectives.1.score.scaled": "0.5",
    }


def test_stores_show_what_may_be_read() -> None:
    assert store_values(MAPS[:1], {}) == {"adl.data.0.id": "both"}
    assert store_values(MAPS, {"both": "a", "read": "b", "write": "c"}) == {
        "adl.data.0.id": "both",
        "adl.data.0.store": "a",
        "adl.data.1.id": "read",
        "adl.data.1.store": "b",
        "adl.data.2.id": "write",
    }
    assert stores_of(MAPS) == [Store(True, True), Store(True, False), Store(False, True)]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("adl.data.0.store", None),
        ("adl.data.2.store", None),
        ("adl.data.1.store", "404"),
        ("adl.data.3.store", "351"),
        ("adl.data.x.store", "351"),
        ("adl.data.0.id", None),
        ("cmi.location", None),
    ],
)
def test_only_what_may_be_written_is(name: str, error: str | None) -> None:
    faults = store_faults(MAPS, {name: "x"})
    assert [fault.requirement.rpartition(" ")[2] for fault in faults] == ([error] if error else [])


def test_what_content_put_into_its_stores() -> None:
    said = {f"adl.data.{number}.store": str(number) for number in range(3)}
    assert stored_data(MAPS, said) == {"both": "0", "write": "2"}
    assert stored_data(MAPS, {}) == {}


# Replays

CALL = Call(0, METHODS[0], "cmi.location", "x", "true", 0)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({}, None),
        ({"age": 2**31 - 1, "error": 999}, None),
        ({"age": -1}, "calls[1][0]"),
        ({"age": 2**31}, "calls[1][0]"),
        ({"method": "LMSPaint"}, "calls[1][1]"),
        ({"error": -1}, "calls[1][5]"),
        ({"error": 1000}, "calls[1][5]"),
    ],
)
def test_a_log_of_calls(change: dict[str, Any], place: str | None) -> None:
    found = fault([CALL, CALL._replace(**change)])
    assert (found[0] if found else None) == place


def test_so_many_calls_come_at_once() -> None:
    assert fault([CALL] * MOST_CALLS) is None
    assert fault([CALL] * (MOST_CALLS + 1)) is not None


def test_long_texts_are_cut() -> None:
    long = "x" * (LONGEST_TEXT + 1)
    assert cut(CALL._replace(element=long, value=long, answer=long)) == CALL._replace(
        element=long[1:], value=long[1:], answer=long[1:]
    )
    assert cut(CALL) == CALL


@pytest.mark.parametrize(("first", "known", "new"), [(1, 0, 3), (1, 2, 1), (1, 3, 0), (1, 9, 0), (4, 3, 3), (4, 5, 1)])
def test_calls_that_are_known_are_not_kept_twice(first: int, known: int, new: int) -> None:
    calls = [CALL._replace(age=number) for number in range(3)]
    assert list(new_calls(calls, first, known)) == calls[3 - new :]


def test_errors_have_the_names_of_their_standard() -> None:
    assert error_words("scorm_1_2", 203) != error_words("scorm_2004", 203)
    assert "array" in error_words("scorm_1_2", 203)
    assert "children" in error_words("scorm_1_2", 202)
    assert error_words("scorm_2004", 7) == ""


def test_a_navigation_request_as_it_is_kept() -> None:
    steps = [("NB.2.1", "1", "a", None), ("SB.2.9", "SB.2.9-5", "a", EXCEPTION)]
    kept = navigation_record("choice", "b", "a", {"delivered": None, "exception": None}, steps)
    assert kept == {
        "request": "choice", "target": "b", "shown": "a", "delivered": None, "exception": "SB.2.9-5",
        "trace": [list(step) for step in steps],
    }  # fmt: skip
    told = navigation_record("exit", None, None, {"exception": "TB.2.3-1"}, [steps[0]] * (MOST_STEPS + 2))
    assert (told["exception"], len(told["trace"]), told["left_out"]) == ("TB.2.3-1", MOST_STEPS, 2)
    assert {name: len(found) for name, found in closed_of({"NB.2.1-8": ["x"] * 60}).items()} == {"NB.2.1-8": 50}


# Versions


def course(*items: Item) -> Course:
    outline = Organization("org", "Course", items)
    return Course("scorm_2004", "4th", "m", None, "Course", "", None, "org", (outline,), ())


A, B, C = (Item(name, name.upper(), href=f"{name}.html") for name in "abc")


def test_outlines_that_differ() -> None:
    below = Item("cluster", "Cluster", (B,))
    found = compare_outlines(course(A, below), course(replace(A, title="New", href="x.html", is_visible=False), C, B))
    assert (found.added, found.removed, found.is_reordered) == (["C"], ["Cluster"], False)
    assert found.changed == [ItemChange("a", "New", ["title", "launch address", "visibility"])]
    assert compare_outlines(course(A, B), course(B, A)).is_reordered
    assert compare_outlines(course(A, B), course(A, B)).changed == []


def test_files_that_differ() -> None:
    before, after = {"a": (1, 2), "b": (1, 2), "c": (1, 2)}, {"b": (1, 2), "c": (1, 3), "e": (), "d": ()}
    assert compare_files(before, after) == FileChanges(["d", "e"], ["a"], ["c"])


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["index.html", "logo.png"], None),
        (["cover.png", "Thumbnail.JPG"], "Thumbnail.JPG"),
        (["a/b/cover.png", "a/cover.png", "z/cover.gif"], "a/cover.png"),
        (["cover.svg", "cover.bmp", "covers.png"], None),
    ],
)
def test_the_picture_of_a_package(names: list[str], found: str | None) -> None:
    entries = [Entry(name, name.encode(), 10, 10, 0, 0, 0, 0, 0, False, True) for name in names]
    picture = picture_of(entries)
    assert (picture.name if picture else None) == found
    for size in (0, LARGEST_BYTES + 1):
        assert picture_of([replace(entry, size=size) for entry in entries]) is None
