"""The table of statements in docs/player.md, row by row against what is really written."""

import re
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from tests.support.playing import Sco, Window, add_played_course, enrol, said

PAGE = Path(__file__).resolve().parents[3] / "docs" / "player.md"
STANDARDS = ("scorm_1_2", "scorm_2004")
HEAD = "| SCORM 1.2 | SCORM 2004 | statement |\n"
QUESTION = {"id": "q1", "type": "choice", "correct_responses.0.pattern": "a", "objectives.0.id": "aim"}
ANSWERS = {
    "scorm_1_2": QUESTION | {"student_response": "b", "result": "wrong", "latency": "0000:00:05"},
    "scorm_2004": QUESTION
    | {"learner_response": "b", "result": "incorrect", "latency": "PT5S", "description": "Which?"},
}


def rows() -> list[tuple[str, str, str]]:
    """What the table says: the elements of SCORM 1.2, those of SCORM 2004, and the statement."""
    table = PAGE.read_text(encoding="utf-8").partition(HEAD)[2].partition("\n\n")[0]
    found = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()[1:]]
    return [(one, other, said) for one, other, said in found]


def told(row: tuple[str, str, str]) -> set[str]:
    """The verbs of a row."""
    return set(re.findall(r"\*(\w+)\*", row[2]))


def row_of(verb: str, *, about: str) -> tuple[str, str, str]:
    """The row with this verb about this."""
    return next(row for row in rows() if verb in told(row) and f"about {about}" in row[2])


@pytest.fixture
def written(hub: Hub, tenant: TenantView, system: Principal) -> Any:
    """The statements that a commit of these values makes, after those of the beginning: [(verb, kind, statement)]."""

    def write(standard: str, values: dict[str, str], kind: str = "commit", count: int = 1) -> list[Any]:
        scos = [Sco(f"sco{number}") for number in range(count)]
        registration = enrol(hub, system, add_played_course(hub, tenant.id, standard, *scos))
        window = Window(hub, system, registration.id)
        window.go("choice", "sco0")
        window.commit(kind="initialize")
        before = len(said(hub, window))
        window.commit(values, kind=kind)
        for number in range(1, count):
            window.play(values, f"sco{number}")
        return [_told(one) for one in said(hub, window)[before:]]

    return write


def _told(statement: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    kind = statement["object"]["definition"]["type"].rpartition("/")[2]
    return statement["verb"]["display"]["en-US"], kind, statement


#: What content sets, in SCORM 1.2 and in SCORM 2004, and the verbs about the SCO that come of it.
VALUES: list[tuple[dict[str, str] | None, dict[str, str] | None, set[str]]] = [
    ({"cmi.core.lesson_status": "completed"}, {"cmi.completion_status": "completed"}, {"completed"}),
    ({"cmi.core.lesson_status": "passed"}, {"cmi.success_status": "passed"}, {"passed"}),
    ({"cmi.core.lesson_status": "failed"}, {"cmi.success_status": "failed"}, {"failed"}),
    ({"cmi.core.score.raw": "80"}, {"cmi.score.scaled": "0.8"}, {"scored"}),
    (None, {"cmi.progress_measure": "0.5"}, {"progressed"}),
    ({"cmi.comments": "Good"}, {"cmi.comments_from_learner.0.comment": "Good"}, {"commented"}),
]


@pytest.mark.parametrize("values", VALUES, ids=lambda values: str(*values[2]))
def test_each_element_makes_the_statement_of_its_row(written: Any, values: Any) -> None:
    *both, expected = values
    (verb,) = expected
    one, other, _ = row = row_of(verb, about="the SCO")
    for standard, sent, cell in zip(STANDARDS, both, (one, other), strict=True):
        assert (sent is None) == (cell == ""), f"{row} says nothing of {standard}"
        if sent is not None:
            found = {verb for verb, kind, _ in written(standard, sent) if kind == "lesson"}
            # A SCORM 1.2 status that passes completes as well, which is the row above.
            assert found - ({"completed"} if sent.get("cmi.core.lesson_status") == "passed" else set()) == expected


@pytest.mark.parametrize("standard", STANDARDS)
def test_the_end_of_a_session(written: Any, standard: str) -> None:
    name = "cmi.core.exit" if standard == "scorm_1_2" else "cmi.exit"
    for sent, verb in (({}, "terminated"), ({name: "suspend"}, "suspended")):
        assert row_of(verb, about="the SCO")
        ended = [statement for found, _, statement in written(standard, sent, "terminate") if found == verb]
        assert len(ended) == 1
        assert "duration" in ended[0]["result"]


@pytest.mark.parametrize("standard", STANDARDS)
def test_the_beginning_of_a_session(hub: Hub, tenant: TenantView, system: Principal, standard: str) -> None:
    registration = enrol(hub, system, add_played_course(hub, tenant.id, standard, Sco("sco0")))
    name = "cmi.core.exit" if standard == "scorm_1_2" else "cmi.exit"
    for _ in range(2):
        window = Window(hub, system, registration.id)
        window.go()
        window.commit(kind="initialize")
        window.commit({name: "suspend"}, kind="terminate")
    verbs = [verb for verb, kind, _ in map(_told, said(hub, window)) if kind == "lesson"]
    assert verbs == ["initialized", "suspended", "resumed", "suspended"]
    assert row_of("initialized", about="the SCO")[0].endswith("not `resume`")
    assert row_of("resumed", about="the SCO")[0].endswith("entry `resume`")


@pytest.mark.parametrize("standard", STANDARDS)
def test_an_interaction_has_all_members_of_its_rows(written: Any, standard: str) -> None:
    sent = {f"cmi.interactions.0.{name}": value for name, value in ANSWERS[standard].items()}
    (statement,) = [one for verb, _, one in written(standard, sent) if verb == "responded"]
    assert statement["object"]["id"].endswith("/sco0/interactions/q1")
    activities = statement["context"]["contextActivities"]
    assert [one["id"].rpartition("/")[2] for one in activities["parent"]] == ["sco0"]
    assert [one["id"].rpartition("/")[2] for one in activities["other"]] == ["aim"]
    definition, column = statement["object"]["definition"], STANDARDS.index(standard)
    assert definition["name"]
    for row in rows():
        if not row[1].startswith("`.") or row[column] == "":
            continue
        for member in re.findall(r"`([\w.]+)`", row[2]):
            if member != "result.score.raw":  # Of results that are numbers; this one is a word.
                assert _member({**definition, "result": statement["result"]}, member) is not None, row
    assert ("description" in definition) == (standard == "scorm_2004")
    number = {**sent, "cmi.interactions.0.result": "2.5"}
    (statement,) = [one for verb, _, one in written(standard, number) if verb == "responded"]
    assert statement["result"]["score"] == {"raw": 2.5}
    assert "success" not in statement["result"]


def _member(found: Any, path: str) -> Any:
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def test_objectives(written: Any) -> None:
    sent = {"id": "aim", "score.scaled": "0.5", "progress_measure": "1", "completion_status": "completed"}
    verbs = set()
    for success in ("passed", "failed"):
        values = {f"cmi.objectives.0.{name}": value for name, value in {**sent, "success_status": success}.items()}
        found = [(verb, one) for verb, kind, one in written("scorm_2004", values) if kind == "objective"]
        assert all(one["object"]["id"].endswith("/sco0/objectives/aim") for _, one in found)
        verbs |= {verb for verb, _ in found}
    row = next(row for row in rows() if row[1] == "`cmi.objectives.n`")
    assert verbs == told(row)


def test_the_course_is_told_of_where_it_is_not_its_only_sco(written: Any) -> None:
    verbs = set()
    for status in ("passed", "failed"):
        sent = {"cmi.completion_status": "completed", "cmi.success_status": status, "cmi.score.scaled": "0.5"}
        verbs |= {verb for verb, kind, _ in written("scorm_2004", sent, "terminate", count=2) if kind == "course"}
        assert [one for _, kind, one in written("scorm_2004", sent, "terminate") if kind == "course"] == []
    assert verbs == told(next(row for row in rows() if row[1] == "rollup"))


def test_what_supports_content_is_not_told(written: Any) -> None:
    assert any(row[2].startswith("none") for row in rows())
    for standard, sent in (
        ("scorm_1_2", {"cmi.suspend_data": "x", "cmi.core.lesson_location": "2", "cmi.student_preference.text": "1"}),
        ("scorm_2004", {"cmi.suspend_data": "x", "cmi.location": "2", "cmi.learner_preference.audio_level": "2"}),
    ):
        assert written(standard, sent) == []


def test_every_row_is_tried_here() -> None:
    tried = set().union(*(expected for _, _, expected in VALUES))
    tried |= {"initialized", "resumed", "terminated", "suspended", "responded"}
    assert set().union(*map(told, rows())) == tried
