"""Recognition comes to the same as judging as a whole, or leaves a statement to it."""

import copy
import json
import uuid

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import HubError
from hub.xapi_lrs.services.knowledge import Knowledge
from hub.xapi_lrs.services.recognition import Recognition
from hub.xapi_lrs.services.stores import StoreView
from hub.xapi_lrs.spec import filing, parts, reading
from hub.xapi_lrs.spec.completion import opened, opened_as_is
from hub.xapi_lrs.spec.statement import VOIDED, faults_of
from hub.xapi_lrs.spec.versions import V1_0, V2_0
from hub.xapi_lrs.storage.terms import all_term_bytes
from tests.unit.xapi_lrs.test_statement import (
    ACCEPTED,
    ACTIVITY,
    AGENT,
    CONTEXT,
    FULL,
    GROUP,
    IDENTIFIED,
    MISSING,
    REF,
    REFUSED,
    SUB,
    json_values,
)

STORE = StoreView(uuid.uuid4(), uuid.uuid4(), "store", 1, b"k" * 32)
LEFT_OUT = ("stored", "authority", "attachments")
ORDINARY = {name: value for name, value in FULL.items() if name not in LEFT_OUT} | {
    "context": {name: value for name, value in CONTEXT.items() if name != "statement"}
    | {"contextActivities": {"parent": [ACTIVITY], "grouping": [{"id": "http://example.com/g"}, ACTIVITY]}}
}
COMPACT, SPACED = (",", ":"), (", ", ": ")


@pytest.fixture(scope="module")
def knowledge():
    return Knowledge()


@pytest.fixture(scope="module")
def recognition(knowledge):
    """One for all tests: what it remembers of one statement must not change what it says of another."""
    return Recognition(knowledge, 100)


def agree(recognition, knowledge, raw, version):
    """Recognised or not; if so, everything is as the rules for the whole have it."""
    found = recognition.recognise(STORE, version, raw)
    if found is None:
        return False
    [statement], [whole], _ = reading.statements_of(raw, reading.Limits())
    assert (whole, faults_of(statement, version)) == (raw, [])
    terms = all_term_bytes(STORE.term_key, filing.terms_of(statement))
    assert (found.terms[0], sorted(found.terms)) == (terms[0], sorted(terms))
    about, people = filing.activities_in(statement), filing.people_in(statement)
    assert {each.mark for each in found.lessons} == {each.mark for each in knowledge.lessons_of(STORE, about, people)}
    assert opened_as_is(found.members, raw, "i", b"{}", "v") == opened(statement, raw, "i", b"{}", "v")
    assert filing.target_of(statement) is None
    return True


@pytest.mark.parametrize("separators", [COMPACT, SPACED])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"actor": GROUP},
        {"actor": IDENTIFIED},
        {"context": {}},
        {"context": {"team": GROUP, "instructor": AGENT}},
        {"result": {}},
        {"timestamp": "2024-02-28T23:59:59Z"},
        {"object": {"id": "http://example.com/g"}},
    ],
)
def test_ordinary_statements_are_recognised(recognition, knowledge, change, separators):
    raw = json.dumps(ORDINARY | change, separators=separators).encode()
    assert agree(recognition, knowledge, raw, V1_0)
    assert agree(recognition, knowledge, raw, V1_0), "and again, when its parts are known"


@pytest.mark.parametrize(
    "change",
    [
        {"authority": AGENT},
        {"stored": FULL["stored"]},
        {"attachments": []},
        {"object": REF},
        {"object": SUB},
        {"object": AGENT | {"objectType": "Agent"}},
        {"verb": {"id": VOIDED}},
        {"timestamp": "2026-11-20T04:33:30+01:00"},
        {"timestamp": "2023-02-29T00:00:00Z"},
        {"timestamp": "2024-02-29T00:00:00Z"},
        {"context": {"contextActivities": {"parent": ACTIVITY}}},
        {"context": {"statement": REF}},
        {"context": {"contextAgents": []}},
        {"unknown": 1},
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_whole(recognition, change):
    assert recognition.recognise(STORE, V2_0, orjson.dumps(ORDINARY | {"version": "2.0.0"})) is not None
    assert recognition.recognise(STORE, V2_0, orjson.dumps(ORDINARY | change)) is None


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace('"verb":', '"actor":{"mbox":"mailto:x@y.z"},"verb":', 1),
        lambda text: text.replace('"verb":', '"\\u0061ctor":{"mbox":"mailto:x@y.z"},"verb":', 1),
        lambda text: text.replace('"score":{', '"score":{"raw":1,', 1),
        lambda text: text.replace('"registration":', '"platform":"p","registration":', 1),
        lambda text: text.replace('"actor":', '"actor" :', 1),
        lambda text: text + " ",
        lambda text: "\x0b" + text,
        lambda text: text.replace('"success":true', '"success":True', 1),
        lambda text: text.replace('"raw":5,', '"raw":05,', 1),
        lambda text: text.replace('"r"', '"\\ud800"', 1),
        lambda text: text.replace('"r"', "[" * 2000 + "]" * 2000, 1),
        lambda text: text[:-1],
        lambda text: text + "}",
    ],
)
def test_what_is_spelled_in_an_unusual_way_is_left_to_the_whole(recognition, harm):
    text = orjson.dumps(ORDINARY).decode()
    assert harm(text) != text
    assert recognition.recognise(STORE, V1_0, harm(text).encode()) is None


def test_broken_utf_8_is_not_recognised_anywhere(recognition):
    raw = orjson.dumps(ORDINARY)
    assert recognition.recognise(STORE, V1_0, raw)
    for at in range(len(raw)):
        assert recognition.recognise(STORE, V1_0, raw[:at] + b"\xff" + raw[at + 1 :]) is None


def _altered(path, value):
    """ORDINARY with something else at a path of keys, or nothing (MISSING)."""
    result = copy.deepcopy(ORDINARY)
    *way, last = path
    at = result
    for key in way:
        at = at[key]
    if value is MISSING:
        at.pop(last, None)
    else:
        at[last] = value
    return result


_PLACES = st.sampled_from(
    [
        path
        for path, *_ in [*REFUSED, *ACCEPTED]
        if path and path[0] in ORDINARY and path[:2] not in [("context", "statement"), ("object", "definition")]
    ]
)


@given(path=_PLACES, value=json_values | st.just(MISSING), separators=st.sampled_from([COMPACT, SPACED]))
@settings(max_examples=500)
def test_recognition_agrees_with_the_rules_for_the_whole(recognition, knowledge, path, value, separators):
    raw = json.dumps(_altered(path, value), separators=separators)
    for version in (V1_0, V2_0):
        agree(recognition, knowledge, raw.encode("utf-8", "surrogatepass"), version)


@given(cut=st.integers(0, 2000), put=st.binary(max_size=4), length=st.integers(0, 4))
@settings(max_examples=500)
def test_recognition_agrees_about_bytes_that_were_tampered_with(recognition, knowledge, cut, put, length):
    raw = orjson.dumps(ORDINARY)
    cut %= len(raw)
    agree(recognition, knowledge, raw[:cut] + put + raw[cut + length :], V1_0)


_NAMES = ["score", "scaled", "raw", "min", "max", "success", "completion", "response", "duration", "extensions", "x"]
_IRIS = ['"http://a/b"', '"http://a/c"', '"a:,"', '"\\u0073core"', '""']
_KEYS = st.sampled_from([*(f'"{name}"' for name in _NAMES), *_IRIS])
_NUMBERS = ["0", "1", "-1", "0.5", "-0", "1.01", "5", "1e2", "1e999", "01", "1.", "-", "NaN"]
_STRINGS = ['"r"', '"PT1S"', '"P1Y"', '"P"', '"a:b"', '"a,\\":"', '"\\u0000"', '"\x01"', '"\u00e9"', '", "', '"{"']
_SCALARS = st.sampled_from([*_NUMBERS, *_STRINGS, "true", "false", "null", "[]", "{}", "[1]"])
_COLONS, _COMMAS = st.sampled_from([":", ":", ":", ": ", " :"]), st.sampled_from([",", ",", ",", ", ", ",,"])


def _spelled_objects(values):
    pairs = st.lists(st.tuples(_KEYS, _COLONS, values), max_size=4)
    return st.builds(lambda pairs, comma: "{" + comma.join(map("".join, pairs)) + "}", pairs, _COMMAS)


@given(name=st.sampled_from(["result", "extensions"]), text=_spelled_objects(_SCALARS | _spelled_objects(_SCALARS)))
@settings(max_examples=3_000)
def test_what_is_valid_at_sight_is_valid_by_the_rules(name, text):
    raw = text.encode()
    if parts.SILENT[name](raw):
        assert parts.part_of(name, raw, V1_0, 100) is not None
        assert parts.part_of(name, raw, V2_0, 100) is not None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("result", '{"score":{"scaled":0.5,"raw":5,"min":0,"max":10},"success":true,"duration":"PT1S"}'),
        ("result", '{"completion": false, "response": "a:b", "score": {"raw": 0, "min": 0, "max": 1}}'),
        ("extensions", '{"http://a/b":"c","http://a/c":-1.5}'),
        ("extensions", '{"http://a/b": true, "http://a/c": "d:e"}'),
    ],
)
def test_what_is_usual_is_valid_at_sight(name, text):
    assert parts.SILENT[name](text.encode())


@given(st.binary(max_size=80) | json_values.map(lambda value: json.dumps(value).encode()))
def test_a_plain_body_falls_into_the_same_statements(body):
    """What is split without a look inside is what the strict reading finds, unless that refuses it."""
    raws = reading.plain_statements_of(body, reading.Limits())
    try:
        expected = list(reading.statements_of(body, reading.Limits())[1])
    except HubError:
        return
    assert raws is None or [raw.strip() for raw in raws] == expected
