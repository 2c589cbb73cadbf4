"""What SCORM progress says in xAPI: valid statements, whatever content sets."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.scorm.spec import statements as say
from hub.scorm.spec.answers import changed_answers
from hub.scorm.spec.runtime.interactions import TYPES
from hub.scorm.spec.runtime.transfer import Score, Tracking
from hub.scorm.spec.statements import Moment, Place
from hub.xapi_lrs.spec.statement import faults_of
from hub.xapi_lrs.spec.versions import V2_0

PLACE = Place(
    base_url="https://hub.example",
    learner_source="https://lms.example",
    learner_subject="4711",
    learner_name="Ada Lovelace",
    registration_id=UUID(int=1),
    attempt_id=UUID(int=2),
    package_id=UUID(int=3),
    course_title="Sailing",
    activity_id="item 1/ä",
    activity_title="Wind",
)
MOMENT = Moment(1, 2, "2026-11-20T08:15:30.123Z")
STANDARDS = ["scorm_1_2", "scorm_2004"]
COMPONENTS = ("choices", "scale", "source", "target", "steps")
ADL = "http://adlnet.gov/expapi"
#: The verbs of the profile (3.2 and 6.0), each with the types of activity that it may be about.
SCOPES = {
    **{key: {"lesson"} for key in ("initialized", "resumed", "suspended", "terminated", "commented")},
    **{key: {"course", "lesson", "objective"} for key in ("completed", "passed", "failed", "scored", "progressed")},
    "responded": {"interaction"},
}


def profile_faults(statement: dict[str, Any]) -> list[str]:
    """What the profile's text asks of every statement and this one does not do."""
    verb = statement["verb"]["id"].removeprefix(f"{ADL}/verbs/")
    kind = statement["object"]["definition"]["type"].removeprefix(f"{ADL}/activities/")
    activities = statement["context"]["contextActivities"]
    grouping = [each["definition"]["type"].rpartition("/")[2] for each in activities["grouping"]]
    holds = {
        "verb and scope (3.2)": kind in SCOPES.get(verb, ()),
        "name and type (3.2)": all("name" in each["definition"] for each in [statement["object"]]),
        "category (3.2)": any(each["id"] == "https://w3id.org/xapi/scorm" for each in activities["category"]),
        "grouping of course and attempt (5.0)": {"course", "attempt"} <= set(grouping),
        "parent of what lies in a SCO (5.0)": ("parent" in activities) == (kind in ("interaction", "objective")),
        "timestamp (3.2)": "timestamp" in statement,
        "actor with an account (3.2)": "account" in statement["actor"],
        "response (6.0)": verb not in ("responded", "commented") or "response" in statement["result"],
        "duration (6.0)": verb not in ("terminated", "suspended") or "duration" in statement["result"],
    }
    return [rule for rule, is_kept in holds.items() if not is_kept]


def verbs(found: Any) -> list[str]:
    """The last parts of the verbs' ids."""
    return [each["verb"]["id"].rpartition("/")[2] for each in found]


def response(standard: str, kind: str, given_: str, **more: str) -> dict[str, Any]:
    """The one statement about one answer."""
    field = "student_response" if standard == "scorm_1_2" else "learner_response"
    values = {
        f"cmi.interactions.0.{name}": value for name, value in {"id": "q", "type": kind, field: given_, **more}.items()
    }
    (found,) = say.responses(PLACE, MOMENT, changed_answers(standard, {}, values))
    return found


class TestSessions:
    def test_every_statement_has_the_profiles_context(self) -> None:
        found = say.begun(PLACE, MOMENT, resumed=False)
        assert found["verb"]["id"] == "http://adlnet.gov/expapi/verbs/initialized"
        assert (
            found["object"]["id"]
            == "https://hub.example/activities/00000000-0000-0000-0000-000000000003/item%201%2F%C3%A4"
        )
        assert found["object"]["definition"]["type"].endswith("/lesson")
        assert found["actor"]["account"] == {"homePage": "https://lms.example", "name": "4711"}
        context = found["context"]
        assert context["registration"] == str(PLACE.registration_id)
        types = [each["definition"]["type"].rpartition("/")[2] for each in context["contextActivities"]["grouping"]]
        assert types == ["course", "attempt", "attempt"]
        assert context["contextActivities"]["category"][0]["id"] == "https://w3id.org/xapi/scorm"

    def test_the_end_tells_the_overall_result(self) -> None:
        result = Tracking("completed", "failed", Score(0.4, 40, 0, 100))
        found = say.ended(PLACE, MOMENT, result, 61.5, suspended=False)
        assert verbs([found]) == ["terminated"]
        assert found["result"] == {
            "completion": True,
            "success": False,
            "score": {"scaled": 0.4, "raw": 40, "min": 0, "max": 100},
            "duration": "PT1M1.5S",
        }
        assert verbs([say.ended(PLACE, MOMENT, Tracking(), 0, suspended=True)]) == ["suspended"]

    def test_the_same_commit_says_the_same_statements(self) -> None:
        again, later = Moment(1, 2, "2026-11-20T09:00:00.000Z"), Moment(1, 3, MOMENT.timestamp)
        ids = [say.begun(PLACE, moment, resumed=True)["id"] for moment in (MOMENT, again, later)]
        assert ids[0] == ids[1] != ids[2]

    def test_learners_without_an_address_get_one_of_ours(self) -> None:
        found = say.actor("https://hub.example", "my school", "7", "")
        assert found["account"]["homePage"] == "https://hub.example/sources/my%20school"
        assert "name" not in found

    def test_limits_that_are_equal_when_rounded_are_no_limits(self) -> None:
        found = say.ended(PLACE, MOMENT, Tracking(score=Score(None, 0.5, -1e-9, 0.0)), 0, suspended=False)
        assert found["result"]["score"] == {"raw": 0.5}


class TestChanges:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            (Tracking(), Tracking(), []),
            (Tracking(), Tracking("completed"), ["completed"]),
            (Tracking("completed"), Tracking("completed"), []),
            (Tracking(), Tracking("incomplete"), []),
            (Tracking(), Tracking(score=Score(raw=5)), ["scored"]),
            (Tracking(), Tracking(progress=0.5), ["progressed"]),
            (Tracking(), Tracking("completed", "passed", Score(1.0)), ["scored", "completed", "passed"]),
            (Tracking(success="failed"), Tracking(success="passed"), ["passed"]),
            (Tracking(success="passed"), Tracking(), []),
        ],
    )
    def test_only_what_changed(self, before: Tracking, after: Tracking, expected: list[str]) -> None:
        assert verbs(say.changes(PLACE, MOMENT, before, after)) == expected

    def test_the_course_has_its_own(self) -> None:
        (found,) = say.course_changes(PLACE, MOMENT, Tracking(), Tracking("completed"))
        assert found["object"]["id"] == PLACE.course_iri


class TestResponses:
    @pytest.mark.parametrize(
        ("kind", "given_", "expected"),
        [
            ("true-false", "t", "true"),
            ("true-false", "0", "false"),
            ("choice", "{a,b}", "a[,]b"),
            ("choice", "a", "a"),
            ("sequencing", "a,b,c", "a[,]b[,]c"),
            ("matching", "1.a,2.b", "1[.]a[,]2[.]b"),
            ("fill-in", "one, two", "one, two"),
            ("numeric", "3.5", "3.5"),
        ],
    )
    def test_formats_of_12(self, kind: str, given_: str, expected: str) -> None:
        assert response("scorm_1_2", kind, given_)["result"]["response"] == expected

    @pytest.mark.parametrize("kind", TYPES)
    def test_types_of_2004_are_xapis(self, kind: str) -> None:
        found = response("scorm_2004", kind, "a[,]b")
        assert found["object"]["definition"]["interactionType"] == kind
        assert found["result"]["response"] == "a[,]b"
        assert found["context"]["contextActivities"]["parent"][0]["id"] == PLACE.sco_iri

    @pytest.mark.parametrize(
        ("result", "expected"),
        [
            ("correct", {"success": True}),
            ("wrong", {"success": False}),
            ("incorrect", {"success": False}),
            ("neutral", {}),
            ("0.5", {"score": {"raw": 0.5}}),
        ],
    )
    def test_judgements(self, result: str, expected: dict[str, Any]) -> None:
        found = response("scorm_2004", "choice", "a", result=result)["result"]
        assert {name: value for name, value in found.items() if name != "response"} == expected

    def test_only_new_and_changed_answers(self) -> None:
        first = {
            "cmi.interactions.0.id": "q",
            "cmi.interactions.0.type": "choice",
            "cmi.interactions.0.learner_response": "a",
        }
        changed = {**first, "cmi.interactions.0.learner_response": "b"}
        unanswered = {"cmi.interactions.1.id": "r", "cmi.interactions.1.type": "choice"}
        assert (
            len(list(say.responses(PLACE, MOMENT, changed_answers("scorm_2004", first, {**first, **unanswered})))) == 0
        )
        assert len(list(say.responses(PLACE, MOMENT, changed_answers("scorm_2004", first, changed)))) == 1

    @pytest.mark.parametrize(
        ("standard", "kind", "pattern", "given_", "expected"),
        [
            ("scorm_2004", "choice", "a[,]b", "b[,]c", {"choices": ["a", "b", "c"]}),
            ("scorm_2004", "sequencing", "a[,]b", "b[,]a", {"choices": ["a", "b"]}),
            ("scorm_2004", "likert", "agree", "disagree", {"scale": ["agree", "disagree"]}),
            ("scorm_2004", "matching", "1[.]a[,]2[.]b", "1[.]b", {"source": ["1", "2"], "target": ["a", "b"]}),
            ("scorm_2004", "performance", "{order_matters=false}s1[.]9[,][.]x", "s2[.]8", {"steps": ["s1", "s2"]}),
            ("scorm_2004", "true-false", "true", "false", {}),
            ("scorm_2004", "fill-in", "{case_matters=true}{lang=en}Ada", "Ada", {}),
            ("scorm_2004", "long-fill-in", "much", "little", {}),
            ("scorm_2004", "numeric", "1[:]2", "1.5", {}),
            ("scorm_2004", "other", "x", "y", {}),
            ("scorm_1_2", "choice", "{a,b}", "a", {"choices": ["a", "b"]}),
            ("scorm_1_2", "sequencing", "a,b", "b,a", {"choices": ["a", "b"]}),
            ("scorm_1_2", "likert", "1", "2", {"scale": ["1", "2"]}),
            ("scorm_1_2", "matching", "1.a,2.b", "{1.b}", {"source": ["1", "2"], "target": ["a", "b"]}),
            ("scorm_1_2", "performance", "jump", "run", {}),
        ],
    )
    def test_definitions_of_interactions(
        self, standard: str, kind: str, pattern: str, given_: str, expected: dict[str, list[str]]
    ) -> None:
        found = response(standard, kind, given_, **{"correct_responses.0.pattern": pattern})
        definition = found["object"]["definition"]
        named = {name: [each["id"] for each in definition[name]] for name in COMPONENTS if name in definition}
        assert named == expected
        assert definition["interactionType"] == kind
        assert len(definition["correctResponsesPattern"]) == 1
        assert faults_of(found, V2_0) == []

    def test_the_objectives_of_an_interaction_are_named(self) -> None:
        found = response("scorm_2004", "choice", "a", **{"objectives.0.id": "knots", "objectives.1.id": "knots"})
        (objective,) = found["context"]["contextActivities"]["other"]
        assert objective["id"] == f"{PLACE.sco_iri}/objectives/knots"


class TestComments:
    def test_what_the_learner_writes_is_said_once(self) -> None:
        first = {"cmi.comments_from_learner.0.comment": "{lang=en}Good"}
        both = {**first, "cmi.comments_from_learner.1.comment": "Very good"}
        (found,) = say.comments(PLACE, MOMENT, "scorm_2004", {}, first)
        assert (verbs([found]), found["result"]) == (["commented"], {"response": "Good"})
        assert [one["result"]["response"] for one in say.comments(PLACE, MOMENT, "scorm_2004", first, both)] == [
            "Very good"
        ]
        assert list(say.comments(PLACE, MOMENT, "scorm_2004", both, both)) == []

    def test_12(self) -> None:
        (found,) = say.comments(PLACE, MOMENT, "scorm_1_2", {}, {"cmi.comments": "Good"})
        assert found["result"] == {"response": "Good"}


class TestProfile:
    """Rules of the profile's text that are not those of xAPI."""

    def test_the_attempt_on_a_sco_lasts_until_it_is_terminated(self) -> None:
        first, resumed, again = (replace(PLACE, attempt_session=session) for session in (1, 1, 3))
        assert first.sco_attempt_iri == resumed.sco_attempt_iri != again.sco_attempt_iri
        assert first.sco_attempt_iri.startswith(f"{PLACE.sco_iri}?attemptId=")

    def test_progress_is_the_scaled_score(self) -> None:
        (found,) = say.changes(PLACE, MOMENT, Tracking(), Tracking(progress=0.75))
        assert found["result"] == {"score": {"scaled": 0.75}, "extensions": {say.PROGRESS: 75}}

    def test_the_courses_completion_tells_success_and_score(self) -> None:
        after = Tracking("completed", "passed", Score(0.9))
        found = {one["verb"]["display"]["en-US"]: one for one in say.course_changes(PLACE, MOMENT, Tracking(), after)}
        assert found["completed"]["result"] == {"completion": True, "success": True, "score": {"scaled": 0.9}}
        grouping = found["completed"]["context"]["contextActivities"]["grouping"]
        assert [each["id"] for each in grouping] == [PLACE.course_iri, PLACE.attempt_iri]


def test_a_learner_whom_statements_do_not_name() -> None:
    after = {"cmi.objectives.0.id": "knots", "cmi.objectives.0.success_status": "passed"}
    place = replace(PLACE, pseudonym="x7")
    (found,) = say.objective_changes(place, MOMENT, "scorm_2004", {}, after)
    assert found["actor"] == {
        "objectType": "Agent",
        "account": {"homePage": "https://hub.example/pseudonyms", "name": "x7"},
    }
    assert "Ada" not in str(found)
    assert "4711" not in str(found)


class TestObjectives:
    def test_2004(self) -> None:
        before = {"cmi.objectives.0.id": "knots"}
        after = {**before, "cmi.objectives.0.success_status": "passed", "cmi.objectives.0.score.scaled": "0.9"}
        found = list(say.objective_changes(PLACE, MOMENT, "scorm_2004", before, after))
        assert verbs(found) == ["scored", "passed"]
        assert found[0]["object"]["id"] == f"{PLACE.sco_iri}/objectives/knots"
        assert found[0]["object"]["definition"]["type"].endswith("/objective")
        assert found[0]["context"]["contextActivities"]["parent"][0]["id"] == PLACE.sco_iri
        assert list(say.objective_changes(PLACE, MOMENT, "scorm_2004", after, after)) == []

    def test_12(self) -> None:
        after = {"cmi.objectives.0.id": "o", "cmi.objectives.0.status": "passed", "cmi.objectives.0.score.raw": "50"}
        found = list(say.objective_changes(PLACE, MOMENT, "scorm_1_2", {}, after))
        assert verbs(found) == ["scored", "completed", "passed"]
        assert found[0]["result"]["score"]["scaled"] == 0.5

    def test_an_objective_is_called_by_its_description_or_its_id(self) -> None:
        for told, name in (({}, "knots"), ({"cmi.objectives.0.description": "{lang=en}Tie it"}, "Tie it")):
            after = {"cmi.objectives.0.id": "knots", "cmi.objectives.0.success_status": "passed", **told}
            (found,) = say.objective_changes(PLACE, MOMENT, "scorm_2004", {}, after)
            assert list(found["object"]["definition"]["name"].values()) == [name]

    def test_an_objective_without_a_name_says_nothing(self) -> None:
        after = {"cmi.objectives.0.success_status": "passed"}
        assert list(say.objective_changes(PLACE, MOMENT, "scorm_2004", {}, after)) == []


LEARNERS_COMMENT = "cmi.comments_from_learner.0.comment"
_texts = st.text(max_size=30) | st.just("\ud800\x00")
_numbers = st.none() | st.floats(-1000, 1000)
_trackings = st.builds(
    Tracking,
    st.sampled_from(["completed", "incomplete", "unknown"]),
    st.sampled_from(["passed", "failed", "unknown"]),
    st.builds(Score, st.none() | st.floats(-1, 1), _numbers, _numbers, _numbers),
    st.none() | st.floats(0, 1),
)
_interactions = st.fixed_dictionaries(
    {"id": _texts, "student_response": _texts, "learner_response": _texts},
    optional={
        "type": st.sampled_from(TYPES),
        "result": st.sampled_from(["correct", "wrong", "neutral", "-2.5", "7"]),
        "latency": st.sampled_from(["PT1M", "00:00:05.5", "P1Y2M3DT4H"]),
        "description": _texts,
        "correct_responses.0.pattern": _texts,
        "correct_responses.1.pattern": _texts,
    },
)


_objectives = st.fixed_dictionaries(
    {"id": _texts},
    optional={
        "status": st.sampled_from(["passed", "failed", "completed", "not attempted"]),
        "success_status": st.sampled_from(["passed", "failed", "unknown"]),
        "completion_status": st.sampled_from(["completed", "incomplete"]),
        "progress_measure": st.sampled_from(["0", "0.5", "1"]),
        "score.scaled": st.sampled_from(["-1", "0.25", "1"]),
        "score.raw": st.sampled_from(["-5", "7.25", "100"]),
        "score.min": st.sampled_from(["0", "50"]),
        "score.max": st.sampled_from(["10", "50"]),
        "description": _texts,
    },
)


@given(
    _trackings,
    _trackings,
    st.lists(_interactions, max_size=3),
    st.lists(_objectives, max_size=2),
    st.sampled_from(STANDARDS),
    st.floats(0, 1e7),
    _texts,
)
def test_every_statement_is_valid(
    before: Tracking,
    after: Tracking,
    answers: list[dict[str, str]],
    objectives: list[dict[str, str]],
    standard: str,
    seconds: float,
    comment: str,
) -> None:
    values = {
        f"cmi.{collection}.{index}.{name}": value
        for collection, found in (("interactions", answers), ("objectives", objectives))
        for index, each in enumerate(found)
        for name, value in each.items()
    }
    found = [
        say.begun(PLACE, MOMENT, resumed=True),
        *say.responses(PLACE, MOMENT, changed_answers(standard, {}, values)),
        *say.comments(PLACE, MOMENT, standard, {}, {"cmi.comments": comment, LEARNERS_COMMENT: comment}),
        *say.objective_changes(PLACE, MOMENT, standard, {}, values),
        *say.changes(PLACE, MOMENT, before, after),
        *say.course_changes(PLACE, MOMENT, before, after),
        say.ended(PLACE, MOMENT, after, seconds, suspended=False),
    ]
    for statement in found:
        assert faults_of(statement, V2_0) == []
        assert profile_faults(statement) == []
        orjson.dumps(statement)
    ids = [statement["id"] for statement in found]
    assert len(ids) == len(set(ids))
