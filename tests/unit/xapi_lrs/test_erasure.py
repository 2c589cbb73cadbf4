"""A statement without a person: wherever they stand in it, and nothing else."""

import copy
import re
from typing import Any

import pytest

from hub.xapi_lrs.spec.erasure import Erased, erased, hashes_of, is_by, pseudonymised, read, written
from hub.xapi_lrs.spec.signatures import USAGE_TYPE
from tests.unit.xapi_lrs.test_statement import ACTIVITY, AGENT, ATTACHMENT, CONTEXT, FULL, IDENTIFIED, RESULT, SUB, VERB

ACCOUNT = {"homePage": "https://hub.example/erased", "name": "x7"}
OTHER_NAME = {"objectType": "Agent", "account": ACCOUNT}
BOB = {"mbox": "mailto:bob@example.com", "name": "Bob Stone"}
ANN = erased([AGENT], ["Ann Lee", "ann@example.com", "Ann", " ", "me@x"], ACCOUNT)


def test_only_texts_that_mean_one_person_are_looked_for() -> None:
    assert ANN.texts is not None
    found = ANN.texts.findall("Ann Lee, ann lee's mail ANN@example.com; Ann; Joann Lee; Ann Leeds; me@x")
    assert found == ["Ann Lee", "ann lee", "ANN@example.com"]
    assert erased([AGENT], ["Ann", "a b", "", "a@bc", "Annabel"], ACCOUNT).texts is None
    assert erased([AGENT], ["a@b.c"], ACCOUNT).texts is not None
    assert erased([{"objectType": "Group", "member": []}], [], ACCOUNT) == Erased(frozenset(), None, ACCOUNT)


@pytest.mark.parametrize(
    ("actor", "is_theirs"),
    [
        (AGENT, True),
        ({"mbox": "mailto:ann@EXAMPLE.com"}, True),
        (BOB, False),
        ({"objectType": "Group", "member": [AGENT]}, False),
    ],
)
def test_whose_statement_it_is(actor: dict[str, Any], is_theirs: bool) -> None:
    assert is_by({"actor": actor}, ANN) is is_theirs


def test_what_they_did_stays_without_what_they_wrote() -> None:
    found = pseudonymised(copy.deepcopy(FULL), ANN)
    assert found["actor"] == found["authority"] == found["context"]["instructor"] == OTHER_NAME
    assert found["result"] == {name: value for name, value in RESULT.items() if name not in ("response", "extensions")}
    assert "extensions" not in found["context"]
    assert "attachments" not in found
    assert (found["verb"], found["object"], found["id"]) == (VERB, ACTIVITY, FULL["id"])
    bare = {"actor": AGENT, "verb": VERB, "object": ACTIVITY, "result": {"response": "r"}}
    assert pseudonymised(bare, ANN) == {"actor": OTHER_NAME, "verb": VERB, "object": ACTIVITY}


def test_of_others_only_the_person_goes() -> None:
    signature = ATTACHMENT | {"usageType": USAGE_TYPE}
    statement = {
        "actor": BOB,
        "verb": VERB,
        "object": {"objectType": "Group", "member": [AGENT, BOB]},
        "result": {"response": "Ask Ann Lee", "extensions": {"http://x/Ann Lee": [{"mbox": AGENT["mbox"], "n": 1}, 7]}},
        "context": {"team": IDENTIFIED, "contextAgents": [{"agent": AGENT}]},
        "attachments": [signature, ATTACHMENT],
    }
    found = pseudonymised(copy.deepcopy(statement), ANN)
    assert found["actor"] == BOB
    assert found["object"]["member"] == [OTHER_NAME, BOB]
    assert found["result"]["response"] == "Ask x7"
    assert found["result"]["extensions"] == {"http://x/x7": [{"n": 1, "account": ACCOUNT}, 7]}
    assert found["context"] == {"team": IDENTIFIED, "contextAgents": [{"agent": OTHER_NAME}]}
    assert found["attachments"] == [ATTACHMENT]


def test_a_sub_statement_is_treated_alike() -> None:
    found = pseudonymised({"actor": AGENT, "verb": VERB, "object": copy.deepcopy(SUB)}, ANN)["object"]
    assert found["actor"] == OTHER_NAME
    assert "attachments" not in found
    assert "response" not in found["result"]
    assert found["context"]["registration"] == CONTEXT["registration"]


@pytest.mark.parametrize(
    "agent",
    [
        {"account": {"homePage": "https://x", "name": "ann"}},
        {"mbox_sha1sum": "A" * 40},
        {"openid": "https://ann.example"},
    ],
)
def test_every_kind_of_identifier_is_known(agent: dict[str, Any]) -> None:
    who = erased([agent], [], ACCOUNT)
    statement = {"actor": BOB, "verb": VERB, "object": ACTIVITY, "context": {"instructor": {"name": "Ann", **agent}}}
    assert pseudonymised(statement, who)["context"]["instructor"] == {"account": ACCOUNT}
    odd = {"actor": BOB, "verb": VERB, "object": ACTIVITY, "context": {"extensions": {"http://x": {"account": 7}}}}
    assert pseudonymised(copy.deepcopy(odd), who) == odd


def test_numbers_keep_their_digits() -> None:
    body = b'{"actor":{},"n":[1.50,1E5,0.1,10000000000000000000001,true]}'
    assert written(read(body)) == body
    assert re.search(rb"1\.50", written(read(body)))


def test_hashes() -> None:
    assert hashes_of([FULL | {"attachments": [ATTACHMENT | {"sha2": "A" * 64}]}, {"object": SUB}]) == {"a" * 64}
