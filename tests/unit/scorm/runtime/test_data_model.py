"""The tables of both data models: an accepted and a refused value for every rule."""

import pytest

from hub.scorm.spec.runtime.model import Access, DataModel, entries, general_name, violations
from hub.scorm.spec.runtime.scorm12 import SCORM_12
from hub.scorm.spec.runtime.scorm2004 import SCORM_2004

INTERACTION = {"cmi.interactions.0.id": "q", "cmi.interactions.0.type": "choice"}


def codes(model: DataModel, sent: dict[str, str], stored: dict[str, str] | None = None) -> list[str]:
    """The error codes of the faults."""
    return [fault.requirement.rpartition(" ")[2] for fault in violations(model, stored or {}, sent)]


# element | accepted | refused | error code of the refusal
ROWS_12 = [
    ("cmi.core.lesson_status", "completed", "done", "405"),
    ("cmi.core.lesson_status", "browsed", "not attempted", "405"),
    ("cmi.core.score.raw", "0", "-1", "405"),
    ("cmi.core.score.raw", "100", "100.5", "405"),
    ("cmi.core.score.raw", "", "ten", "405"),
    ("cmi.core.score.max", "7.5", "1e2", "405"),
    ("cmi.core.session_time", "0001:02:03.50", "1:2:3", "405"),
    ("cmi.core.session_time", "00:75:00", "PT1M", "405"),
    ("cmi.core.exit", "suspend", "normal", "405"),
    ("cmi.core.exit", "", "none", "405"),
    ("cmi.suspend_data", "x" * 64_000, "x" * 64_001, "405"),
    ("cmi.core.lesson_location", "x" * 1000, "x" * 1001, "405"),
    ("cmi.student_preference.audio", "-1", "-2", "405"),
    ("cmi.student_preference.speed", "100", "101", "405"),
    ("cmi.student_preference.text", "1", "0.5", "405"),
    ("cmi.objectives.0.status", "not attempted", "begun", "405"),
    ("cmi.interactions.0.type", "likert", "other", "405"),
    ("cmi.interactions.0.result", "wrong", "incorrect", "405"),
    ("cmi.interactions.0.result", "-3.5", "three", "405"),
    ("cmi.interactions.0.time", "23:59:59", "24:00:00", "405"),
    ("cmi.interactions.0.weighting", "100", "101", "405"),
    ("cmi.interactions.0.student_response", "a,b\nc", "x" * 64_001, "405"),
]

ROWS_2004 = [
    ("cmi.completion_status", "not attempted", "passed", "406"),
    ("cmi.success_status", "passed", "completed", "406"),
    ("cmi.progress_measure", "0.5", "1.1", "407"),
    ("cmi.score.scaled", "-1", "-1.0001", "407"),
    ("cmi.score.scaled", "0.1234567", "50%", "406"),
    ("cmi.score.raw", "-12.5", "12,5", "406"),
    ("cmi.session_time", "P1Y2M3DT4H5M6.75S", "P1DT", "406"),
    ("cmi.session_time", "PT0S", "PT1.5H", "406"),
    ("cmi.session_time", "PT1H0.25S", "P", "406"),
    ("cmi.exit", "normal", "quit", "406"),
    ("cmi.location", "x" * 1000, "x" * 1001, "406"),
    ("cmi.suspend_data", "x" * 64_000, "x" * 64_001, "406"),
    ("cmi.learner_preference.audio_level", "2.5", "-1", "407"),
    ("cmi.learner_preference.audio_captioning", "-1", "2", "406"),
    ("cmi.learner_preference.language", "pt-BR", "pt_BR", "406"),
    ("cmi.comments_from_learner.0.comment", "{lang=de}gut", "{lang=}gut", "406"),
    ("cmi.comments_from_learner.0.timestamp", "2026-11-20T09:30:00.5+02:00", "2026-11-20 09:30", "406"),
    ("cmi.interactions.0.timestamp", "2026-11-20T09:30:00.123Z", "2026-11-20T09:30:00.123", "406"),
    ("cmi.interactions.0.timestamp", "2026-11-20T09:30:00.12Z", "2026-11-20T09:30:00.123+00:00", "406"),
    ("cmi.objectives.0.id", "urn:adl:obj:1", "urn:", "406"),
    ("cmi.objectives.0.id", "Ziel-1", "with space", "406"),
    ("cmi.interactions.0.id", "q", "", "406"),
]


@pytest.mark.parametrize(
    ("model", "row"), [(SCORM_12, row) for row in ROWS_12] + [(SCORM_2004, row) for row in ROWS_2004]
)
def test_each_element_takes_its_type_and_nothing_else(model: DataModel, row: tuple[str, str, str, str]) -> None:
    name, accepted, refused, code = row
    base = {} if name.endswith(".id") else {name.rpartition(".")[0] + ".id": "x"} if ".0." in name else {}
    base = {each: value for each, value in base.items() if each in {"cmi.objectives.0.id", "cmi.interactions.0.id"}}
    assert codes(model, {name: accepted}, base) == []
    assert code in codes(model, {name: refused}, base)


@pytest.mark.parametrize("model", [SCORM_12, SCORM_2004])
def test_what_only_the_lms_sets_is_refused(model: DataModel) -> None:
    code = str(model.codes.read_only)
    for name in model.read_only:
        assert codes(model, {name.replace(".n", ".0"): "1"})[0] == code


@pytest.mark.parametrize("model", [SCORM_12, SCORM_2004])
def test_tables_are_complete(model: DataModel) -> None:
    assert all(name == element.name for name, element in model.elements.items())
    assert {element.access for element in model.elements.values()} == set(Access)
    indexed = {name.rpartition(".n.")[0] for name in model.elements if ".n." in name}
    assert {each.replace(".n.score", "") for each in indexed} <= model.collections | {"cmi.objectives.n"}


@pytest.mark.parametrize(
    "name", ["cmi.core.score", "cmi", "", "cmi.core.lesson_status.x", "cmi.interactions.a.id", "adl.x"]
)
def test_elements_that_do_not_exist(name: str) -> None:
    assert codes(SCORM_12, {name: "x"}) == ["401"]


@pytest.mark.parametrize("name", ["cmi._version", "cmi.objectives._count", "cmi.core._children", "cmi.score._children"])
def test_keywords_are_read_only(name: str) -> None:
    assert codes(SCORM_2004, {name: "x"}) == ["404"]


class TestCollections:
    def test_entries_follow_one_another(self) -> None:
        first, third = {"cmi.objectives.0.id": "a"}, {"cmi.objectives.2.id": "c"}
        assert codes(SCORM_2004, first) == []
        assert codes(SCORM_2004, third, first) == ["351"]
        assert codes(SCORM_12, third, first) == ["201"]

    def test_the_identifier_comes_first(self) -> None:
        assert codes(SCORM_2004, {"cmi.objectives.0.success_status": "passed"}) == ["408"]
        assert codes(SCORM_2004, {"cmi.objectives.0.success_status": "passed", "cmi.objectives.0.id": "a"}) == []

    def test_an_objectives_identifier_is_set_once_and_unique(self) -> None:
        stored = {"cmi.objectives.0.id": "a"}
        assert codes(SCORM_2004, {"cmi.objectives.0.id": "a"}, stored) == []
        assert codes(SCORM_2004, {"cmi.objectives.0.id": "b"}, stored) == ["351"]
        assert codes(SCORM_2004, {"cmi.objectives.1.id": "a"}, stored) == ["351"]

    def test_a_leading_zero_is_no_index(self) -> None:
        assert codes(SCORM_2004, {"cmi.objectives.00.id": "a"}) == ["351"]

    def test_inner_collections_are_judged_too(self) -> None:
        assert codes(SCORM_2004, {"cmi.interactions.0.objectives.0.id": "a"}, INTERACTION) == []
        assert codes(SCORM_2004, {"cmi.interactions.0.objectives.1.id": "a"}, INTERACTION) == ["351"]

    def test_only_what_was_sent_is_blamed(self) -> None:
        broken = {"cmi.objectives.5.id": "far"}
        assert codes(SCORM_2004, {"cmi.location": "x"}, broken) == []


class TestInteractions:
    # type | accepted responses | refused responses
    ROWS = [
        ("true-false", ["true", "false"], ["t", "", "True"]),
        ("choice", ["a", "a[,]b", ""], ["a[,]a", "a b", "[,]"]),
        ("fill-in", ["anything goes", "{lang=en}one[,]two", ""], ["{lang=}x"]),
        ("long-fill-in", ["{lang=de}lang", "x[,]y"], ["{lang=}x"]),
        ("matching", ["1[.]a[,]2[.]b"], ["1[,]a", "1[.]", "1[.]a[.]b"]),
        ("performance", ["step[.]answer", "[.]answer", "step[.]"], ["step", "[.]"]),
        ("sequencing", ["a[,]b[,]a"], ["a[,]"]),
        ("likert", ["agree"], ["", "very much"]),
        ("numeric", ["-3.25"], ["3[:]4", "three"]),
        ("other", ["x" * 4000], ["x" * 4001]),
    ]

    @pytest.mark.parametrize(("kind", "accepted", "refused"), ROWS)
    def test_responses_by_type(self, kind: str, accepted: list[str], refused: list[str]) -> None:
        stored = {"cmi.interactions.0.id": "q", "cmi.interactions.0.type": kind}
        name = "cmi.interactions.0.learner_response"
        assert [each for each in accepted if codes(SCORM_2004, {name: each}, stored)] == []
        assert [each for each in refused if codes(SCORM_2004, {name: each}, stored) != ["406"]] == []

    @pytest.mark.parametrize(
        ("kind", "accepted", "refused"),
        [
            ("fill-in", "{case_matters=true}{order_matters=false}{lang=en}x", "{case_matters=maybe}x"),
            ("performance", "{order_matters=true}a[.]b", "{order_matters=x}a[.]b"),
            ("numeric", "1[:]2", "2[:]1"),
            ("numeric", "[:]5", "5"),
        ],
    )
    def test_patterns_by_type(self, kind: str, accepted: str, refused: str) -> None:
        stored = {"cmi.interactions.0.id": "q", "cmi.interactions.0.type": kind}
        name = "cmi.interactions.0.correct_responses.0.pattern"
        assert codes(SCORM_2004, {name: accepted}, stored) == []
        assert codes(SCORM_2004, {name: refused}, stored) == ["406"]

    def test_a_response_needs_the_type(self) -> None:
        stored = {"cmi.interactions.0.id": "q"}
        assert codes(SCORM_2004, {"cmi.interactions.0.learner_response": "a"}, stored) == ["408"]

    def test_some_types_have_one_right_answer(self) -> None:
        stored = {**INTERACTION, "cmi.interactions.0.correct_responses.0.pattern": "a"}
        second = {"cmi.interactions.0.correct_responses.1.pattern": "b"}
        assert codes(SCORM_2004, second, stored) == []
        numeric = {
            **stored,
            "cmi.interactions.0.type": "numeric",
            "cmi.interactions.0.correct_responses.0.pattern": "1[:]2",
        }
        assert codes(SCORM_2004, {"cmi.interactions.0.correct_responses.1.pattern": "3[:]4"}, numeric) == ["351"]
        both = {**stored, **second}
        assert codes(SCORM_2004, {"cmi.interactions.0.type": "fill-in"}, both) == []
        assert codes(SCORM_2004, {"cmi.interactions.0.type": "other"}, both) == ["351"]


def test_violations_can_be_shown() -> None:
    fault = violations(SCORM_2004, {}, {"cmi.location": "\ud800" * 2000})[0]
    assert fault.found is not None
    assert len(fault.found) == 80
    fault.found.encode()


def test_names_and_entries() -> None:
    assert general_name("cmi.interactions.12.objectives.0.id") == "cmi.interactions.n.objectives.n.id"
    values = {"cmi.objectives.1.id": "b", "cmi.objectives.0.score.raw": "5", "cmi.objectivesx.0.id": "no"}
    assert entries(values, "cmi.objectives") == {0: {"score.raw": "5"}, 1: {"id": "b"}}
