"""Reading, completing, comparing, filing and shaping statements."""

import json
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HubError, Invalid
from hub.xapi_lrs.spec import definitions, documents, filing, formats, immutability, query, reading
from hub.xapi_lrs.spec.actors import key_of
from hub.xapi_lrs.spec.completion import opened
from tests.unit.xapi_lrs.test_statement import ACTIVITY, AGENT, CONTEXT, FULL, GROUP, REF, SUB

STORED = b"2026-11-20T04:33:30.123456Z"
AUTHORITY = b'{"mbox":"mailto:authority@example.com"}'


def refusal_of(attempt):
    """What an attempt is refused with; anything that is no refusal is a failure of the test."""
    try:
        attempt()
    except HubError as refused:
        return refused
    return None


def completed(raw):
    statement = orjson.loads(raw)
    return opened(statement, raw, "6690e6c9-3ef0-4ed3-8b37-7f3964730bee", AUTHORITY, "2.0.0").closed(STORED)


def test_the_bytes_that_came_are_kept_in_front_of_what_is_added():
    raw = b'{ "actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://x.example/v"},"object" : {"id":"x:1"},"n":1.50 }'
    whole = completed(raw)
    assert whole.startswith(raw[:-2])
    added = orjson.loads(whole)
    assert added["stored"] == added["timestamp"] == STORED.decode()
    assert (added["version"], added["authority"]) == ("2.0.0", {"mbox": "mailto:authority@example.com"})


def test_what_the_client_says_of_stored_and_authority_is_dropped():
    whole = orjson.loads(completed(orjson.dumps(FULL)))
    assert whole["stored"] == STORED.decode()
    assert whole["authority"] == orjson.loads(AUTHORITY)
    assert {name: whole[name] for name in ("id", "version", "timestamp", "result")} == {
        name: FULL[name] for name in ("id", "version", "timestamp", "result")
    }


def test_single_context_activities_become_arrays_in_substatements_too():
    whole = orjson.loads(completed(orjson.dumps({"actor": AGENT, "verb": FULL["verb"], "object": SUB})))
    assert whole["object"]["context"]["contextActivities"]["grouping"] == [ACTIVITY]
    assert whole["object"]["context"]["contextActivities"]["parent"] == [ACTIVITY]


def test_a_timestamp_is_kept_in_utc():
    raw = orjson.dumps(FULL | {"timestamp": "2026-11-20T05:33:30.5+01:00"})
    assert orjson.loads(completed(raw))["timestamp"] == "2026-11-20T04:33:30.5Z"


@given(
    st.dictionaries(
        st.text(), st.integers() | st.text() | st.lists(st.floats(allow_nan=False, allow_infinity=False)), max_size=5
    )
)
def test_json_is_put_together_again_unchanged(value):
    raw = json.dumps(value).encode()
    assert orjson.loads(reading.object_of(reading.members_of(raw))) == orjson.loads(raw)


keys = st.sampled_from(["a", "b", '"', "\\", ":", '":', " ", "\n"])


@given(st.lists(st.tuples(keys, keys), max_size=5), st.sampled_from(["", " ", "\n", "\t"]), st.booleans())
def test_exactly_the_objects_with_a_doubled_key_are_refused(pairs, space, escaped):
    def text(value):
        return '"' + "".join(f"\\u{ord(c):04x}" for c in value) + '"' if escaped else json.dumps(value)

    body = "{" + ",".join(f"{text(key)}{space}:{text(value)}" for key, value in pairs) + "}"
    names = [key for key, _ in pairs]
    if len(names) == len(set(names)):
        assert reading.decode(body.encode(), 10) == dict(pairs)
    else:
        with pytest.raises(Invalid):
            reading.decode(body.encode(), 10)


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_refused(body):
    refused = refusal_of(lambda: reading.statements_of(body, reading.Limits()))
    assert refused is None or 400 <= refused.status < 500


@pytest.mark.parametrize(
    "body", [b"NaN", b"[1e999]", b'"\\ud800"', b"\xff", b"{'a':1}", b"[1,]", b"01", b"", b"nul", b'{"a":1}{"b":2}']
)
def test_what_is_no_json_is_refused(body):
    with pytest.raises(Invalid):
        reading.decode(body, 10)


def test_depth_is_counted_in_levels():
    assert reading.decode(b"[" * 10 + b"]" * 10, 10)
    with pytest.raises(Invalid):
        reading.decode(b"[" * 11 + b"]" * 11, 10)


# --- comparing ---------------------------------------------------------------------------------------------------

SAME = [
    {"id": str(uuid4()), "stored": "2020-01-01T00:00:00Z", "authority": AGENT, "version": "2.0.0"},
    {"timestamp": "2026-11-20T05:33:30.123+01:00"},
    {"verb": {"id": FULL["verb"]["id"], "display": {"fr": "fait"}}},
    {"object": ACTIVITY | {"definition": {"name": {"fr": "autre"}}}},
    {"actor": {"mbox": "mailto:ann@EXAMPLE.com", "name": "Ann"}},
    {"result": FULL["result"] | {"duration": "PT1S"}},
    {"context": CONTEXT | {"registration": CONTEXT["registration"].upper()}},
]
DIFFERENT = [
    {"timestamp": "2026-11-20T04:33:31Z"},
    {"verb": {"id": "http://example.com/other"}},
    {"object": {"id": "http://example.com/other"}},
    {"actor": {"mbox": "mailto:ANN@example.com", "name": "Ann"}},
    {"actor": {"mbox": "mailto:ann@example.com", "name": "Another"}},
    {"result": {"success": True}},
    {"result": FULL["result"] | {"duration": "PT1000MS"}},
    {"context": {}},
    {"attachments": []},
]


def within(**context):
    return FULL | {"context": context}


PLANNED = {"objectType": "SubStatement", "actor": AGENT, "verb": FULL["verb"], "object": ACTIVITY}
PAIRS = [
    (True, {"object": PLANNED | {"timestamp": "2030-01-01T00:00:00Z"}},
     {"object": PLANNED | {"timestamp": "2030-01-01T01:00:00+01:00"}}),
    (False, {"object": PLANNED | {"timestamp": "2030-01-01T00:00:00Z"}},
     {"object": PLANNED | {"timestamp": "2031-01-01T00:00:00Z"}}),
    (False, {"object": PLANNED | {"timestamp": "2030-01-01T00:00:00Z"}}, {"object": PLANNED}),
    (True, within(contextAgents=[{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@b.c"}}]),
     within(contextAgents=[{"objectType": "contextAgent", "agent": {"objectType": "Agent", "mbox": "mailto:a@B.C"}}])),
    (False, within(contextAgents=[{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@b.c"}}]),
     within(contextAgents=[{"objectType": "contextAgent", "agent": {"mbox": "mailto:b@b.c"}}])),
    (True, within(contextGroups=[{"objectType": "contextGroup", "group": GROUP}]),
     within(contextGroups=[{"objectType": "contextGroup", "group": GROUP | {"member": GROUP["member"][::-1]}}])),
    (True, within(statement=REF), within(statement=REF | {"id": REF["id"].upper()})),
    (False, within(extensions={"x:1": 1}), within(extensions={"x:1": True})),
    (False, within(extensions={"x:1": [0]}), within(extensions={"x:1": [False]})),
    (True, within(extensions={"x:1": {"a": 1, "b": 2}}), within(extensions={"x:1": {"b": 2.0, "a": 1}})),
]  # fmt: skip


@pytest.mark.parametrize(("is_same", "one", "other"), PAIRS)
def test_parts_are_compared_as_what_they_say(is_same, one, other):
    assert immutability.are_same(FULL | one, FULL | other) is is_same


@pytest.mark.parametrize("change", SAME)
def test_differences_that_do_not_count(change):
    assert immutability.are_same(FULL, FULL | change)


@pytest.mark.parametrize("change", DIFFERENT)
def test_differences_that_count(change):
    assert not immutability.are_same(FULL, FULL | change)


def test_members_of_a_group_have_no_order():
    one = FULL | {"actor": GROUP}
    other = FULL | {"actor": GROUP | {"member": GROUP["member"][::-1]}}
    assert immutability.are_same(one, other)


def test_durations_are_compared_to_hundredths():
    one, other = ({"result": {"duration": text}} for text in ("PT0.12S", "PT0.1237S"))
    assert immutability.are_same(FULL | one, FULL | other)


# --- filing ------------------------------------------------------------------------------------------------------


def test_a_statement_is_filed_under_everything_that_filters_look_for():
    terms = filing.terms_of(FULL | {"context": CONTEXT | {"instructor": GROUP}}, ["authority"])
    kinds = {kind: [value for found, value in terms if found == kind] for kind, _ in terms}
    assert terms[0] == (filing.VERB, FULL["verb"]["id"])
    assert kinds[filing.AGENT] == [key_of(AGENT)]
    assert kinds[filing.ACTIVITY] == [ACTIVITY["id"]]
    assert filing.RELATED_ACTIVITY not in kinds  # They are all the object itself.
    assert set(kinds[filing.RELATED_AGENT]) == {key_of(GROUP["member"][1]), key_of(CONTEXT["team"])}
    assert kinds[filing.AUTHORITY] == ["authority"]
    assert kinds[filing.REGISTRATION] == [CONTEXT["registration"]]
    assert len(terms) == len(set(terms))


def test_a_substatement_is_reached_by_related_filters_only():
    terms = filing.terms_of({"actor": {"openid": "http://o.example"}, "verb": FULL["verb"], "object": SUB})
    assert (filing.RELATED_ACTIVITY, ACTIVITY["id"]) in terms
    assert (filing.RELATED_AGENT, key_of(AGENT)) in terms
    assert (filing.ACTIVITY, ACTIVITY["id"]) not in terms


def test_members_of_a_group_are_found_as_the_actor():
    terms = filing.terms_of(FULL | {"actor": GROUP, "object": REF})
    assert {value for kind, value in terms if kind == filing.AGENT} == {key_of(member) for member in GROUP["member"]}
    assert filing.target_of(FULL | {"object": REF}) == REF["id"]


def test_accounts_do_not_run_into_each_other():
    one = key_of({"account": {"homePage": "http://a.example", "name": "b"}})
    other = key_of({"account": {"homePage": "http://a.example/", "name": "b"}})
    assert one != other
    assert key_of({"objectType": "Group", "member": []}) is None


# --- shaping -----------------------------------------------------------------------------------------------------

LANGUAGES = {"en-US": "color", "en-GB": "colour", "de": "Farbe"}


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (None, "en-US"),
        ("de", "de"),
        ("de-AT", "de"),
        ("en-GB;q=0.5, de;q=0.4", "en-GB"),
        ("en", "en-US"),
        ("fr, *;q=0.1", "en-US"),
        ("de;q=0, en-gb", "en-GB"),
        ("ja", "en-US"),
        (";;q=x,,", "en-US"),
    ],
)
def test_the_reader_gets_the_language_that_fits_best(header, tag):
    found = formats.one_language(LANGUAGES, formats.preferred_languages(header))
    assert found == {tag: LANGUAGES[tag]}


def test_ids_only_leaves_what_identifies():
    context = CONTEXT | {"contextActivities": {"parent": [ACTIVITY]}}
    shaped = formats.ids_only(FULL | {"actor": GROUP, "context": context})
    assert shaped["verb"] == {"id": FULL["verb"]["id"]}
    assert shaped["object"] == {"id": ACTIVITY["id"]}
    assert shaped["actor"]["member"][0] == {"objectType": "Agent", "mbox": AGENT["mbox"]}
    assert shaped["context"]["contextActivities"]["parent"] == [{"id": ACTIVITY["id"]}]
    assert shaped["result"] == FULL["result"]


def test_definitions_grow_and_forget_what_belongs_to_another_interaction():
    known = {
        "name": {"en": "old", "de": "alt"},
        "interactionType": "choice",
        "choices": [{"id": "a"}],
        "type": "http://t",
    }
    newer = {"name": {"en": "new"}, "interactionType": "true-false"}
    assert definitions.merged(known, newer) == {
        "name": {"en": "new", "de": "alt"},
        "interactionType": "true-false",
        "type": "http://t",
    }


# --- queries and documents ---------------------------------------------------------------------------------------


def test_a_query_is_read_into_what_it_asks_for():
    asked = query.parse(
        {
            "agent": '{"mbox":"mailto:a@b.c"}',
            "related_agents": "true",
            "verb": "http://x.example/v",
            "since": "2026-11-20T04:33:30.5Z",
            "until": "2026-11-20T04:33:31 01:00",
            "limit": "5",
            "ascending": "true",
        }
    )
    [[*terms]] = asked.groups
    assert [kind for kind, _ in terms] == [filing.AGENT, filing.RELATED_AGENT, filing.AUTHORITY]
    assert asked.verb == (filing.VERB, "http://x.example/v")
    assert (asked.limit, asked.ascending) == (5, True)
    assert asked.before - asked.after == 500_001 - 3_600_000_000


@given(st.dictionaries(st.sampled_from([*query.PARAMETERS, "x"]), st.text(), max_size=4))
def test_any_query_is_read_or_refused(parameters):
    refused = refusal_of(lambda: query.parse(parameters))
    assert refused is None or refused.violations


@given(
    st.sampled_from([documents.STATE, documents.AGENT_PROFILE, documents.ACTIVITY_PROFILE]),
    st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    st.dictionaries(st.sampled_from([*documents._PARSERS, "x"]), st.text(), max_size=5),
)
def test_any_document_address_is_read_or_refused(resource, method, parameters):
    refused = refusal_of(lambda: documents.address_of(resource, method, parameters))
    assert refused is None or refused.violations
