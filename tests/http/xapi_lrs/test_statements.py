"""The Statement resource from outside (Communication 2.1)."""

import uuid

import pytest

ACTOR = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.com"}
VERB = {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en": "completed"}}
ACTIVITY = {"objectType": "Activity", "id": "https://example.com/course/1"}


def statement(**changes):
    return {"actor": ACTOR, "verb": VERB, "object": ACTIVITY} | changes


def ids_of(response):
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json["statements"]]


def test_a_posted_statement_is_found_by_its_id_as_it_came(lrs):
    sent = statement(result={"score": {"raw": 12345678901234567890123, "scaled": 0.50}})
    answer = lrs.post(sent)
    assert answer.status_code == 200
    [statement_id] = answer.json
    found = lrs.get(statementId=statement_id)
    assert found.status_code == 200
    assert b"12345678901234567890123" in found.data
    assert {name: found.json[name] for name in sent} == sent
    assert found.json["id"] == statement_id
    assert found.json["version"] == "2.0.0"
    assert found.json["timestamp"] == found.json["stored"]
    assert found.json["authority"]["account"]["homePage"] == "http://localhost:8000"
    assert found.headers["X-Experience-API-Version"] == "2.0.0"


def test_a_batch_is_answered_in_order_and_read_newest_first(lrs):
    sent = [statement(id=str(uuid.uuid4())) for _ in range(5)]
    assert lrs.post(sent).json == [each["id"] for each in sent]
    assert ids_of(lrs.get()) == [each["id"] for each in reversed(sent)]
    assert ids_of(lrs.get(ascending="true")) == [each["id"] for each in sent]


def test_the_same_statement_again_is_accepted_and_another_under_its_id_refused(lrs):
    sent = statement(id=str(uuid.uuid4()))
    assert lrs.post(sent).status_code == 200
    assert lrs.post(sent).json == [sent["id"]]
    assert lrs.put(sent["id"], sent).status_code == 204
    refused = lrs.post([statement(), sent | {"verb": {"id": "http://example.com/other"}}])
    assert refused.status_code == 409
    assert refused.json["violations"][0]["where"] == "$[1].id"
    assert len(ids_of(lrs.get())) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"agent": '{"mbox":"mailto:ann@example.com"}'},
        {"verb": VERB["id"]},
        {"activity": ACTIVITY["id"]},
        {"agent": '{"mbox":"mailto:ann@example.com"}', "verb": VERB["id"]},
        {"activity": ACTIVITY["id"], "agent": '{"mbox":"mailto:ann@example.com"}', "related_activities": "true"},
        {"registration": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee", "verb": VERB["id"]},
    ],
)
def test_each_filter_finds_what_matches_and_nothing_else(lrs, query):
    wanted = statement(id=str(uuid.uuid4()), context={"registration": "6690E6C9-3ef0-4ed3-8b37-7f3964730bee"})
    other = {
        "actor": {"mbox": "mailto:bob@example.com"},
        "verb": {"id": "http://example.com/other"},
        "object": {"id": "http://example.com/else"},
    }
    lrs.post([other, wanted, other])
    assert ids_of(lrs.get(**query)) == [wanted["id"]]


def test_related_filters_reach_context_authority_and_substatements(lrs):
    bob = {"mbox": "mailto:bob@example.com"}
    parent = {"id": "https://example.com/parent"}
    inner = {"objectType": "SubStatement", "actor": bob, "verb": VERB, "object": parent}
    sent = [
        statement(id=str(uuid.uuid4()), context={"instructor": bob, "contextActivities": {"parent": parent}}),
        statement(id=str(uuid.uuid4()), object=inner),
    ]
    lrs.post(sent)
    both = [each["id"] for each in reversed(sent)]
    assert ids_of(lrs.get(agent='{"mbox":"mailto:bob@example.com"}')) == []
    assert ids_of(lrs.get(agent='{"mbox":"mailto:bob@example.com"}', related_agents="true")) == both
    assert ids_of(lrs.get(activity=parent["id"])) == []
    assert ids_of(lrs.get(activity=parent["id"], related_activities="true")) == both
    assert lrs.get(statementId=sent[0]["id"]).json["context"]["contextActivities"]["parent"] == [parent]


def test_more_shows_every_statement_once_while_others_are_written(lrs):
    sent = [statement(id=str(uuid.uuid4())) for _ in range(25)]
    lrs.post(sent)
    seen, answer = [], lrs.get(limit=10)
    while True:
        seen += ids_of(answer)
        lrs.post(statement())
        if not answer.json["more"]:
            break
        answer = lrs.request("GET", answer.json["more"].removeprefix("/xapi"))
    assert seen == [each["id"] for each in reversed(sent)]


def test_a_voided_statement_is_found_by_voided_statement_id_only(lrs):
    target = statement(id=str(uuid.uuid4()))
    voiding = statement(
        id=str(uuid.uuid4()),
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": target["id"]},
    )
    lrs.post(target)
    lrs.post(voiding)
    assert lrs.get(statementId=target["id"]).status_code == 404
    assert lrs.get(voidedStatementId=target["id"]).json["id"] == target["id"]
    assert ids_of(lrs.get(activity=ACTIVITY["id"])) == [voiding["id"]]


@pytest.mark.parametrize("order", ["target first", "reference first", "together"])
def test_a_reference_is_found_under_what_its_target_is_about(lrs, order):
    a, b, c = (str(uuid.uuid4()) for _ in range(3))
    other = {"actor": {"mbox": "mailto:bob@example.com"}, "verb": {"id": "http://example.com/confirmed"}}
    first = statement(id=a)
    second = other | {"id": b, "object": {"objectType": "StatementRef", "id": a}}
    third = other | {"id": c, "object": {"objectType": "StatementRef", "id": b}}
    parts = {
        "target first": [[first], [second], [third]],
        "reference first": [[third], [second], [first]],
        "together": [[first, second, third]],
    }
    for part in parts[order]:
        lrs.post(part)
    assert set(ids_of(lrs.get(activity=ACTIVITY["id"]))) == {a, b, c}
    assert set(ids_of(lrs.get(activity=ACTIVITY["id"], agent='{"mbox":"mailto:ann@example.com"}'))) == {a, b, c}
    assert ids_of(lrs.get(activity=ACTIVITY["id"], agent='{"mbox":"mailto:bob@example.com"}')) == []


def test_every_fault_of_a_batch_is_listed(lrs):
    refused = lrs.post([statement(), statement(verb={"id": "no iri"}), statement(actor={"name": "?"}, extra=1)])
    assert refused.status_code == 400
    assert {each["where"] for each in refused.json["violations"]} == {"$[1].verb.id", "$[2].actor", "$[2].extra"}
    assert ids_of(lrs.get()) == []


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b'{"actor":1,"actor":2}', ["$.actor"]),
        (b'[{"id":1},{"result":{"x":[{"a":1,"b":2,"a":3,"b":4}]}}]', ["$[1].result.x[0].a", "$[1].result.x[0].b"]),
        (b'{"actor":{"mbox":1,"\\u006dbox":2}}', ["$.actor.mbox"]),
        (b"5", ["$"]),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_place(lrs, body, places):
    refused = lrs.post(body)
    assert refused.status_code == 400
    assert sorted(each["where"] for each in refused.json["violations"]) == places


def test_a_statement_has_an_index_in_a_batch_only(lrs):
    sent, other = statement(id=str(uuid.uuid4())), statement(verb={"id": "http://x.example/other"})
    assert lrs.post(sent).status_code == 200
    for bad, where in ((statement(extra=1), ".extra"), (other | {"id": sent["id"]}, ".id")):
        assert [each["where"] for each in lrs.post(bad).json["violations"]] == [f"${where}"]
        assert [each["where"] for each in lrs.post([bad]).json["violations"]] == [f"$[0]{where}"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'"x"', b"NaN", b"\xff\xfe", b'{"actor":1,"actor":2}', b"[" * 5000, b'{"a":1e999}']
)
def test_what_is_no_statement_is_refused_with_400(lrs, body):
    assert lrs.post(body).status_code == 400


def test_a_stranger_and_a_reader_without_the_scope_are_refused(lrs, lrs_as):
    assert lrs.get(headers={"Authorization": None}).status_code == 401
    for malformed in ("Basic eDp5", "Basic x", "Basic bm9jb2xvbg=="):
        refused = lrs.get(headers={"Authorization": malformed})
        assert (refused.status_code, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic")
    assert lrs_as("statements/read").post(statement()).status_code == 403
    assert lrs_as("statements/write").get().status_code == 403


def test_read_mine_shows_only_what_the_same_credential_stored(lrs, lrs_as):
    other = lrs_as("statements/write", "statements/read/mine")
    [mine] = other.post(statement()).json
    [theirs] = lrs.post(statement()).json
    assert ids_of(other.get()) == [mine]
    assert ids_of(other.get(verb=VERB["id"])) == [mine]
    assert other.get(statementId=theirs).status_code == 404
    assert other.get(statementId=mine).status_code == 200


def test_a_request_without_version_is_refused_in_the_version_of_its_address(lrs):
    for root, version in (("/xapi", "2.0.0"), ("/xapi/1.0.3", "1.0.3")):
        lrs.root = root
        refused = lrs.get(headers={"X-Experience-API-Version": None})
        assert (refused.status_code, refused.headers["X-Experience-API-Version"]) == (400, version)
        assert lrs.get("/about", headers={"X-Experience-API-Version": None}).status_code == 200


def test_another_store_sees_nothing(lrs, hub, system, client):
    from hub.xapi_lrs.services.stores import Stores
    from tests.http.xapi_lrs.conftest import LrsClient, issue

    [statement_id] = lrs.post(statement()).json
    issued = issue(hub, system, hub.service(Stores).create(system, "another"), "all")
    other = LrsClient(client, issued.credential.key, issued.secret)
    assert ids_of(other.get()) == []
    assert ids_of(other.get(verb=VERB["id"])) == []
    assert other.get(statementId=statement_id).status_code == 404
