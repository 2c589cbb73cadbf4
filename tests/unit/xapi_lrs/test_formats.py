"""How statements are answered, in which language, and what they are found under (Communication 2.1.3)."""

from typing import Any

import pytest

from hub.xapi_lrs.spec.filing import terms_of
from hub.xapi_lrs.spec.formats import activity_ids, canonical, ids_only, one_language, preferred_languages
from tests.unit.xapi_lrs.test_statement import ACTIVITY, AGENT, FULL, GROUP, IDENTIFIED, REF, SUB

ANN, ID = {"mbox": AGENT["mbox"]}, ACTIVITY["id"]
VERB_ID = "http://example.com/verb"
SHORT_CONTEXT = {
    "registration": REF["id"],
    "instructor": {"objectType": "Agent"} | ANN,
    "team": IDENTIFIED,
    "contextActivities": {"parent": [{"id": ID}], "grouping": [{"id": ID}], "category": [], "other": [{"id": ID}]},
}


def listed(statement: dict[str, Any]) -> dict[str, Any]:
    """As it is stored: a context activity that came alone is in an array."""
    context = statement["context"]
    return statement | {
        "context": context
        | {"contextActivities": context["contextActivities"] | {"grouping": [ACTIVITY]}}
        | {"contextAgents": [{"objectType": "contextAgent", "agent": AGENT, "relevantTypes": ["http://example.com/t"]}]}
    }


def test_with_ids_only() -> None:
    shown = ids_only(listed(FULL))
    assert shown["actor"] == {"objectType": "Agent"} | ANN
    assert shown["verb"] == {"id": VERB_ID}
    assert shown["object"] == {"id": ID}
    assert {name: shown["context"][name] for name in SHORT_CONTEXT} == SHORT_CONTEXT
    assert shown["context"]["contextAgents"][0]["agent"] == {"objectType": "Agent"} | ANN
    assert shown["authority"] == {"objectType": "Agent"} | ANN
    assert shown["result"] == FULL["result"]


def test_groups_by_their_ids() -> None:
    shown = ids_only({"actor": GROUP, "verb": {"id": VERB_ID}, "object": IDENTIFIED | {"member": [AGENT]}})
    members = [{"objectType": "Agent"} | ANN, {"openid": "http://openid.example/bob"}]
    assert shown["actor"] == {"objectType": "Group", "member": members}
    assert shown["object"] == IDENTIFIED


@pytest.mark.parametrize("target", [REF, AGENT, SUB])
def test_other_objects(target: dict[str, Any]) -> None:
    shown = ids_only({"actor": AGENT, "verb": {"id": VERB_ID}, "object": listed(target) if target is SUB else target})
    if target is SUB:
        assert (shown["object"]["actor"], shown["object"]["object"]) == ({"objectType": "Agent"} | ANN, {"id": ID})
    else:
        assert shown["object"] == {name: value for name, value in target.items() if name != "name"}


def test_canonical_in_one_language() -> None:
    verb = {"id": VERB_ID, "display": {"en-US": "did", "de": "tat"}}
    choices = [{"id": "a", "description": {"en": "An A", "de": "Ein A"}}, {"id": "b"}]
    known = {ID: {"name": {"en": "canonical", "de": "kanonisch"}, "choices": choices}}
    shown = canonical({"actor": AGENT, "verb": verb, "object": ACTIVITY}, known, ["de"])
    assert shown["verb"]["display"] == {"de": "tat"}
    assert shown["object"]["definition"]["name"] == {"de": "kanonisch"}
    assert shown["object"]["definition"]["choices"] == [{"id": "a", "description": {"de": "Ein A"}}, {"id": "b"}]
    assert shown["actor"] == AGENT
    own = canonical({"actor": AGENT, "verb": {"id": VERB_ID}, "object": ACTIVITY}, {}, ["de"])
    assert own["verb"] == {"id": VERB_ID}
    assert own["object"]["definition"]["name"] == {"en": "n"}
    assert canonical({"actor": AGENT, "verb": verb, "object": {"id": ID}}, {}, [])["object"] == {"id": ID}


@pytest.mark.parametrize(
    ("languages", "found"),
    [
        ([], "en-US"),
        (["fr"], "en-US"),
        (["de"], "de-CH"),
        (["DE-ch"], "de-CH"),
        (["de-CH-1996"], "de-CH"),
        (["d"], "en-US"),
        (["fr", "pt-BR"], "pt"),
        (["*", "pt"], "en-US"),
        (["en"], "en-US"),
    ],
)
def test_the_language_that_fits_best(languages: list[str], found: str) -> None:
    tags = {"en-US": "a", "de-CH": "b", "pt": "c"}
    assert one_language(tags, languages) == {found: tags[found]}


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        (None, []),
        ("", []),
        ("de", ["de"]),
        ("de;q=0.5, en, fr;q=0.9", ["en", "fr", "de"]),
        ("de; Q=0.5 , en;q=0.5", ["de", "en"]),
        ("de;q=0, en;q=x, fr;q=-1, pt;level=1, it;q=7", ["pt", "it"]),
    ],
)
def test_preferred_languages(header: str | None, languages: list[str]) -> None:
    assert preferred_languages(header) == languages


def test_the_activities_of_a_statement() -> None:
    inner = SUB | {"object": {"id": "http://example.com/inner"}}
    assert activity_ids(FULL | {"object": inner}) == {ID, "http://example.com/inner"}


def test_what_a_statement_is_found_under() -> None:
    found = terms_of({"actor": AGENT, "verb": {"id": VERB_ID}, "object": IDENTIFIED | {"member": [AGENT]}}, ["who"])
    ann, team = "mbox:ann@example.com", "account:http://x.example\x1fteam"
    assert found == [
        ("v", VERB_ID), ("p", ann), ("p", team), ("w", "who"), ("d", f"{VERB_ID} {ann}"), ("d", f"{VERB_ID} {team}"),
    ]  # fmt: skip
    related = terms_of({"actor": IDENTIFIED, "verb": {"id": VERB_ID}, "object": SUB})
    assert ("P", ann) in related
    assert ("A", ID) in related
    assert ("p", ann) not in related
