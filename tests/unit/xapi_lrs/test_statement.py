"""What a statement must look like: each row accepted as it should be and refused for one change (Data 2.4)."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.xapi_lrs.spec.statement import IDENTIFIERS, INTERACTION_TYPES, faults_of
from hub.xapi_lrs.spec.versions import V1_0, V2_0

AGENT = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.com"}
GROUP = {"objectType": "Group", "member": [AGENT, {"openid": "http://openid.example/bob"}]}
IDENTIFIED = {"objectType": "Group", "account": {"homePage": "http://x.example", "name": "team"}}
VERB = {"id": "http://example.com/verb", "display": {"en-US": "did"}}
ACTIVITY = {
    "objectType": "Activity",
    "id": "http://example.com/activity",
    "definition": {
        "name": {"en": "n"},
        "description": {"de": "d"},
        "type": "http://example.com/type",
        "moreInfo": "http://example.com/more",
        "interactionType": "choice",
        "correctResponsesPattern": ["a"],
        "choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}],
        "extensions": {"http://example.com/e": {"any": [1, None]}},
    },
}
REF = {"objectType": "StatementRef", "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"}
CONTEXT = {
    "registration": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    "instructor": AGENT,
    "team": IDENTIFIED,
    "contextActivities": {"parent": [ACTIVITY], "grouping": ACTIVITY, "category": [], "other": [ACTIVITY]},
    "revision": "1",
    "platform": "p",
    "language": "en",
    "statement": REF,
    "extensions": {"http://example.com/e": None},
}
RESULT = {
    "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10.0},
    "success": True,
    "completion": False,
    "response": "r",
    "duration": "PT1S",
    "extensions": {},
}
ATTACHMENT = {
    "usageType": "http://example.com/usage",
    "display": {"en": "d"},
    "description": {"en": "d"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "a" * 64,
    "fileUrl": "http://example.com/file",
}
FULL = {
    "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    "actor": AGENT,
    "verb": VERB,
    "object": ACTIVITY,
    "result": RESULT,
    "context": CONTEXT,
    "timestamp": "2026-11-20T04:33:30.123Z",
    "stored": "2026-11-20T04:33:30.123Z",
    "authority": AGENT,
    "version": "1.0.3",
    "attachments": [ATTACHMENT],
}
SUB = {
    "objectType": "SubStatement",
    "actor": AGENT,
    "verb": VERB,
    "object": ACTIVITY,
    "result": RESULT,
    "context": CONTEXT,
    "timestamp": "2026-11-20T04:33:30Z",
    "attachments": [ATTACHMENT],
}
NO_PLATFORM = {"registration": CONTEXT["registration"]}

MISSING = object()


def changed(path, value):
    """FULL with the value at a path of keys replaced, added or (MISSING) removed."""
    result = copy.deepcopy(FULL)
    *way, last = path
    at = result
    for key in way:
        at = at[key]
    if value is MISSING:
        del at[last]
    else:
        at[last] = value
    return result


ACCEPTED = [
    ((), None),
    (("actor",), GROUP),
    (("actor",), IDENTIFIED),
    (("actor",), {"mbox_sha1sum": "a" * 40}),
    (("context", "instructor"), GROUP),
    (("authority",), GROUP),
    (("verb", "display"), {}),
    (("result", "score"), {"scaled": -1}),
    (("result", "score", "raw"), 5.5),
    (("attachments", 0, "length"), 3.0),
    (("attachments",), []),
    (("timestamp",), MISSING),
    (("result", "extensions"), {"http://example.com/x": {"deep": [{"": None}]}}),
    *[
        (("object", "definition"), {"interactionType": kind, "correctResponsesPattern": []})
        for kind in INTERACTION_TYPES
    ],
]


@pytest.mark.parametrize("version", [V1_0, V2_0])
@pytest.mark.parametrize(("path", "value"), ACCEPTED)
def test_a_right_statement_has_no_faults(path, value, version):
    statement = changed(path, value) if path else FULL
    assert faults_of(statement, version) == []


@pytest.mark.parametrize("target", [AGENT, GROUP, IDENTIFIED, REF, SUB, SUB | {"object": REF, "context": NO_PLATFORM}])
def test_every_kind_of_object_is_taken(target):
    assert faults_of(FULL | {"object": target, "context": NO_PLATFORM}, V2_0) == []


REFUSED = [
    (("actor",), MISSING, "$.actor"),
    (("verb",), MISSING, "$.verb"),
    (("object",), MISSING, "$.object"),
    (("extra",), 1, "$.extra"),
    (("Actor",), AGENT, "$.Actor"),
    (("id",), "no uuid", "$.id"),
    (("id",), None, "$.id"),
    (("actor",), [], "$.actor"),
    (("actor",), {"objectType": "Person"}, "$.actor.objectType"),
    (("actor",), {"name": "nobody"}, "$.actor"),
    (("actor", "openid"), "http://openid.example/ann", "$.actor"),
    (("actor", "mbox"), "ann@example.com", "$.actor.mbox"),
    (("actor", "name"), 1, "$.actor.name"),
    (("actor", "member"), [], "$.actor.member"),
    (("actor",), {"objectType": "Group"}, "$.actor.member"),
    (("actor",), {"objectType": "Group", "member": [GROUP]}, "$.actor.member[0].objectType"),
    (("actor",), IDENTIFIED | {"mbox": "mailto:a@b.c"}, "$.actor"),
    (("actor",), {"account": {"homePage": "x", "name": "n"}}, "$.actor.account.homePage"),
    (("actor",), {"account": {"homePage": "http://x"}}, "$.actor.account.name"),
    (("verb", "id"), "did", "$.verb.id"),
    (("verb", "display", "not a tag"), "x", '$.verb.display["not a tag"]'),
    (("verb", "display", "en"), None, "$.verb.display.en"),
    (("object", "id"), MISSING, "$.object.id"),
    (("object", "objectType"), "Thing", "$.object.objectType"),
    (("object", "definition", "type"), "x", "$.object.definition.type"),
    (("object", "definition", "interactionType"), "quiz", "$.object.definition.interactionType"),
    (("object", "definition", "interactionType"), MISSING, "$.object.definition.interactionType"),
    (("object", "definition", "interactionType"), "likert", "$.object.definition.choices"),
    (("object", "definition", "choices", 1, "id"), "a", "$.object.definition.choices[1].id"),
    (("object", "definition", "extensions"), {"no iri": 1}, '$.object.definition.extensions["no iri"]'),
    (("result", "score", "scaled"), 1.1, "$.result.score.scaled"),
    (("result", "score", "raw"), 11, "$.result.score.raw"),
    (("result", "score", "min"), 10, "$.result.score.min"),
    (("result", "score", "raw"), True, "$.result.score.raw"),
    (("result", "success"), 1, "$.result.success"),
    (("result", "success"), "true", "$.result.success"),
    (("result", "duration"), "1 s", "$.result.duration"),
    (("context", "registration"), 5, "$.context.registration"),
    (("context", "team"), AGENT, "$.context.team.objectType"),
    (("context", "language"), "no tag", "$.context.language"),
    (("context", "statement"), SUB, "$.context.statement.objectType"),
    (("context", "contextActivities", "sibling"), [], "$.context.contextActivities.sibling"),
    (("context", "contextActivities", "parent"), [AGENT], "$.context.contextActivities.parent[0].id"),
    (("timestamp",), "yesterday", "$.timestamp"),
    (("authority",), {"objectType": "Group", "member": [AGENT]}, "$.authority"),
    (("authority",), IDENTIFIED, "$.authority"),
    (("version",), "0.9", "$.version"),
    (("attachments",), ATTACHMENT, "$.attachments"),
    (("attachments", 0, "sha2"), MISSING, "$.attachments[0].sha2"),
    (("attachments", 0, "length"), -1, "$.attachments[0].length"),
    (("attachments", 0, "fileUrl"), "x", "$.attachments[0].fileUrl"),
]


@pytest.mark.parametrize("version", [V1_0, V2_0])
@pytest.mark.parametrize(("path", "value", "where"), REFUSED)
def test_each_fault_is_named_at_its_place(path, value, where, version):
    assert where in [fault.where for fault in faults_of(changed(path, value), version)]


@pytest.mark.parametrize("target", [AGENT, REF, SUB])
@pytest.mark.parametrize("name", ["revision", "platform"])
def test_revision_and_platform_are_for_activities_only(target, name):
    statement = FULL | {"object": target, "context": {name: "x"}}
    assert [fault.where for fault in faults_of(statement, V2_0)] == [f"$.context.{name}"]


@pytest.mark.parametrize("name", ["id", "stored", "version", "authority"])
def test_a_substatement_is_no_statement(name):
    statement = FULL | {"object": SUB | {name: FULL[name]}, "context": NO_PLATFORM}
    assert [fault.where for fault in faults_of(statement, V2_0)] == [f"$.object.{name}"]


def test_a_substatement_holds_no_other():
    inner = SUB | {"object": SUB, "context": NO_PLATFORM}
    found = faults_of(FULL | {"object": inner, "context": NO_PLATFORM}, V2_0)
    assert [fault.where for fault in found] == ["$.object.object.objectType"]


def test_a_voiding_statement_refers_to_a_statement():
    voided = FULL | {"verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}}
    assert faults_of(voided | {"object": REF, "context": NO_PLATFORM}, V2_0) == []
    assert [fault.where for fault in faults_of(voided, V2_0)] == ["$.object.objectType"]
    inner = SUB | {"verb": voided["verb"]}  # "validated as a Statement in addition" (Data 2.4.4.3).
    inside = FULL | {"object": inner, "context": NO_PLATFORM}
    assert [fault.where for fault in faults_of(inside, V2_0)] == ["$.object.object.objectType"]
    inside["object"] = inner | {"object": REF, "context": NO_PLATFORM}
    assert faults_of(inside, V2_0) == []


CONTEXT_AGENT = {"objectType": "contextAgent", "agent": AGENT, "relevantTypes": ["http://example.com/role"]}
CONTEXT_GROUP = {"objectType": "contextGroup", "group": GROUP}


def test_context_agents_and_groups_belong_to_2_0():
    context = {"contextAgents": [CONTEXT_AGENT], "contextGroups": [CONTEXT_GROUP]}
    assert faults_of(FULL | {"context": context}, V2_0) == []
    assert len(faults_of(FULL | {"context": context}, V1_0)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"objectType": "Agent"},
        {"agent": GROUP},
        {"agent": {}},
        {"relevantTypes": []},
        {"relevantTypes": ["x"]},
        {"x": 1},
    ],
)
def test_a_context_agent_that_is_not_right_is_refused(change):
    assert faults_of(FULL | {"context": {"contextAgents": [CONTEXT_AGENT | change]}}, V2_0)


def test_a_timestamp_without_zone_is_for_1_0_3_only():
    statement = FULL | {"timestamp": "2026-11-20T04:33:30"}
    assert faults_of(statement, V1_0) == []
    assert [fault.where for fault in faults_of(statement, V2_0)] == ["$.timestamp"]


def test_all_faults_are_found_in_one_pass():
    statement = {"actor": {}, "verb": {"id": 1}, "object": {"id": "x", "extra": 1}, "result": {"success": "no"}}
    places = {fault.where for fault in faults_of(statement, V2_0)}
    assert places == {"$.actor", "$.verb.id", "$.object.id", "$.object.extra", "$.result.success"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)

places = st.sampled_from([path for path, *_ in REFUSED] + [path for path, _ in ACCEPTED if path])


@given(path=places, value=json_values)
@settings(max_examples=400)
def test_any_value_anywhere_gets_a_judgement(path, value):
    for version in (V1_0, V2_0):
        for found in faults_of(changed(path, value), version):
            assert found.where.startswith("$")
            assert found.requirement
            assert found.message


@given(value=json_values)
def test_any_json_gets_a_judgement(value):
    if not isinstance(value, dict):
        assert faults_of(value, V2_0)


def test_every_identifier_identifies():
    examples = ("mailto:a@b.c", "a" * 40, "http://openid.example/a", {"homePage": "http://x.example", "name": "n"})
    for name, example in zip(IDENTIFIERS, examples, strict=True):
        assert faults_of(FULL | {"actor": {name: example}}, V2_0) == []
