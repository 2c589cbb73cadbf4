"""Statements, documents and attachments of a person: found, told and erased in every store."""

import hashlib
from datetime import UTC, datetime

import orjson
import pytest
from sqlalchemy import text

from hub.db import EVERY_TENANT
from hub.xapi_lrs.services.attachments import Attachments
from hub.xapi_lrs.services.documents import Documents
from hub.xapi_lrs.services.intake import Intake
from hub.xapi_lrs.services.lookups import Lookups
from hub.xapi_lrs.services.personal_data import PersonalStatements
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.spec import documents as document_rules
from hub.xapi_lrs.spec.documents import AGENT_PROFILE, STATE, UNGUARDED, Preconditions
from hub.xapi_lrs.spec.query import StatementQuery
from hub.xapi_lrs.storage import intake
from tests.services.privacy.conftest import ANN, BOB, DID

ANN_SHA1 = {"mbox_sha1sum": hashlib.sha1(ANN["mbox"].encode()).hexdigest()}
WORDS = "ann.larch@example.com"
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}


@pytest.fixture(params=[False, True], ids=["not filed", "filed"], autouse=True)
def in_the_index(lrs, request):
    """Statements are found, and erased, the same before and after they were put into the index."""
    lrs.is_filed = request.param


def raw_of(hub, lrs) -> bytes:
    """Everything that the tables of the store hold, as bytes."""
    queries = (
        "SELECT body FROM lrs_statement WHERE store = :n",
        "SELECT definition FROM lrs_activity WHERE store = :n",
        "SELECT names FROM lrs_agent WHERE store = :n",
        "SELECT content FROM lrs_document WHERE store = :n",
    )
    with hub.db.read(EVERY_TENANT) as session:
        return b"\n".join(bytes(row[0]) for query in queries for row in session.execute(text(query), {"n": lrs.number}))


def terms_without_statement(hub, lrs) -> int:
    """Index entries, of any store, that lead to no statement."""
    query = """
    SELECT count(*) FROM lrs_posting p, unnest(p.stored) AS e(stored)
     WHERE NOT EXISTS (SELECT FROM lrs_statement s WHERE s.stored = e.stored)
    """
    with hub.db.read(EVERY_TENANT) as session:
        return session.execute(text(query)).scalar_one()


#: Every place of a statement in which a person can stand, with the person who acts.
PLACES = {
    "object": (BOB, {"object": {"objectType": "Agent", "name": "Ann Larch", **ANN}}),
    "sha1": (BOB, {"object": {"objectType": "Agent", **ANN_SHA1}}),
    "instructor": (BOB, {"context": {"instructor": {"name": "Ann Larch", **ANN}}}),
    "team": (BOB, {"context": {"team": {"objectType": "Group", "member": [{"name": "Ann Larch", **ANN}, BOB]}}}),
    "group": ({"objectType": "Group", "name": "Us", "member": [BOB, {"name": "Ann Larch", **ANN}]}, {}),
    "context agent": (
        BOB,
        {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": {"name": "Ann Larch", **ANN}}]}},
    ),
    "context group": (
        BOB,
        {
            "context": {
                "contextGroups": [{"objectType": "contextGroup", "group": {"objectType": "Group", "member": [ANN]}}]
            }
        },
    ),
    "sub-statement": (
        BOB,
        {
            "object": {
                "objectType": "SubStatement",
                "actor": {"name": "Ann Larch", **ANN},
                "verb": DID,
                "object": {"id": "http://example.com/inner"},
            }
        },
    ),
    "extension": (
        BOB,
        {
            "context": {
                "instructor": ANN,
                "extensions": {"http://example.com/who": {"name": "Ann Larch", **ANN}, "http://example.com/n": [1]},
            }
        },
    ),
    "text": (BOB, {"context": {"instructor": ANN}, "result": {"response": "Thanks to ann.larch@example.com!"}}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_person_is_erased_from_what_others_say(hub, lrs, erase, place):
    actor, changes = PLACES[place]
    [kept_id] = lrs.store({"actor": actor, **changes})
    [statement] = lrs.find()
    done = erase(WORDS)
    [after] = lrs.find()
    assert b"larch" not in raw_of(hub, lrs).lower()
    assert ANN_SHA1["mbox_sha1sum"].encode() not in raw_of(hub, lrs)
    assert (after["id"], after["stored"], after["timestamp"]) == (kept_id, statement["stored"], statement["timestamp"])
    assert done.counts["statements"] == {"pseudonymised": 1}
    assert lrs.by(ANN, related=True) == []
    assert lrs.by(ANN_SHA1, related=True) == []
    [found] = lrs.by(
        {"account": {"homePage": f"{hub.settings.public_url}/erased", "name": _pseudonym(after)}}, related=True
    )
    assert found == after
    assert [one["id"] for one in lrs.by(BOB)] == [kept_id]


def _pseudonym(statement) -> str:
    body = orjson.dumps(statement).decode()
    return body.split('/erased","name":"')[1].split('"')[0]


def test_what_a_person_did_is_removed_with_everything_it_was_found_under(hub, lrs, erase):
    about = {"id": "http://example.com/essay", "definition": {"name": {"en": "The essay"}}}
    lrs.store(*({"actor": {"name": "Ann Larch", **ANN}, "object": about} for _ in range(3)), {"actor": BOB})
    before = terms_without_statement(hub, lrs)
    done = erase(WORDS)
    assert [one["actor"]["mbox"] for one in lrs.find()] == [BOB["mbox"]]
    assert lrs.by(ANN) == []
    assert terms_without_statement(hub, lrs) == before
    assert b"essay" not in raw_of(hub, lrs), "the definition that only these statements gave is gone"
    assert done.counts["statements"] == {"removed": 3}
    assert done.counts["definitions of activities"] == {"removed": 1}
    assert done.counts["names of agents"] == {"removed": 1}
    assert hub.service(Lookups).person(lrs.writer, ANN) == {"objectType": "Person", "mbox": [ANN["mbox"]]}


def test_a_definition_that_others_use_stays(hub, lrs, erase):
    about = {"id": "http://example.com/essay", "definition": {"name": {"en": "The essay"}}}
    lrs.store({"actor": ANN, "object": about}, {"actor": BOB, "object": {"id": about["id"]}})
    erase(WORDS)
    assert hub.service(Lookups).activity(lrs.writer, about["id"])["definition"] == about["definition"]


def test_pseudonymised_statements_keep_results_and_lose_what_was_written(hub, lrs, erase):
    result = {"score": {"scaled": 0.5}, "success": True, "response": "I am Ann", "extensions": {"http://e.com/x": "y"}}
    context = {"registration": "0b3cd5cd-3d12-4fa6-9b3c-1c6b2c9d7f10", "extensions": {"http://e.com/device": "Ann's"}}
    lrs.store(*({"actor": {"name": "Ann Larch", **ANN}, "result": result, "context": context} for _ in range(2)))
    erase(WORDS, "pseudonymise")
    first, second = lrs.find()
    assert first["result"] == {"score": {"scaled": 0.5}, "success": True}
    assert first["context"] == {"registration": context["registration"]}
    assert first["actor"] == second["actor"]
    assert set(first["actor"]) <= {"objectType", "account"}
    assert first["actor"]["account"]["homePage"] == f"{hub.settings.public_url}/erased"
    assert len(lrs.by(first["actor"])) == 2


def test_numbers_of_others_keep_their_digits(hub, lrs, erase):
    digits = b"123456789012345678901234567890.10"
    body = orjson.dumps(
        [
            {
                "actor": BOB,
                "verb": DID,
                "object": {"id": "http://e.com/a"},
                "context": {"instructor": ANN, "extensions": {"http://e.com/n": 7}},
            }
        ]
    ).replace(b":7", b":" + digits)
    from hub.xapi_lrs.services.statements import Statements

    hub.service(Statements).store(lrs.writer, body)
    erase(WORDS)
    assert digits in raw_of(hub, lrs)


def test_voided_statements_and_the_voiding_ones_are_erased_too(hub, lrs, erase):
    [voided] = lrs.store({"actor": ANN})
    lrs.store({"actor": ANN, "verb": VOIDED, "object": {"objectType": "StatementRef", "id": voided}})
    done = erase(WORDS)
    assert done.counts["statements"] == {"removed": 2}
    assert b"larch" not in raw_of(hub, lrs)


def test_references_lead_to_nothing_of_the_person_any_more(hub, lrs, erase):
    """A found under B's terms because it targets B: once B's person is erased, it is not (Communication 2.1.3)."""
    [of_ann] = lrs.store({"actor": ANN, "object": {"id": "http://example.com/anns"}})
    [middle] = lrs.store({"actor": BOB, "object": {"objectType": "StatementRef", "id": of_ann}})
    [outer] = lrs.store({"actor": BOB, "object": {"objectType": "StatementRef", "id": middle}})
    assert {one["id"] for one in lrs.by(ANN)} == {of_ann, middle, outer}
    erase(WORDS, "pseudonymise")
    assert lrs.by(ANN) == []
    [renamed] = [one for one in lrs.find() if one["id"] == of_ann]
    assert {one["id"] for one in lrs.by(renamed["actor"])} == {of_ann, middle, outer}


def test_a_removed_middle_leads_nobody_further(hub, lrs, erase):
    [target] = lrs.store({"actor": BOB, "object": {"id": "http://example.com/target"}})
    [middle] = lrs.store({"actor": ANN, "object": {"objectType": "StatementRef", "id": target}})
    carol = {"mbox": "mailto:carol@example.com"}
    [outer] = lrs.store({"actor": carol, "object": {"objectType": "StatementRef", "id": middle}})
    assert {one["id"] for one in lrs.by(BOB)} == {target, middle, outer}
    before = terms_without_statement(hub, lrs)
    erase(WORDS)
    assert [one["id"] for one in lrs.by(BOB)] == [target]
    assert [one["id"] for one in lrs.by(carol)] == [outer]
    assert terms_without_statement(hub, lrs) == before


def test_a_reference_of_the_person_that_waits_for_its_target_waits_no_more(hub, lrs, erase):
    lrs.store({"actor": ANN, "object": {"objectType": "StatementRef", "id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"}})
    erase(WORDS)
    with hub.db.read(EVERY_TENANT) as session:
        query = text("SELECT dangling FROM lrs_store WHERE number = :n")
        assert session.execute(query, {"n": lrs.number}).scalar_one() == 0
    lrs.store({"actor": BOB})
    assert len(lrs.find()) == 1


def test_documents_of_a_person_go_and_those_of_others_stay(hub, lrs, erase, export):
    documents = hub.service(Documents)

    def put(resource, content, **parameters):
        address = document_rules.address_of(resource, "PUT", parameters)
        documents.put(lrs.writer, address, content, "text/plain", Preconditions(), UNGUARDED)

    agents = {"ann": orjson.dumps(ANN).decode(), "bob": orjson.dumps(BOB).decode()}
    for who, agent in agents.items():
        put(STATE, f"state of {who}".encode(), activityId="http://e.com/a", agent=agent, stateId="bookmark")
        put(AGENT_PROFILE, f"profile of {who}".encode(), agent=agent, profileId="likes")
    told = export(WORDS)
    assert {told.read(name) for name in told.namelist() if name.count("/") == 1} == {b"state of ann", b"profile of ann"}
    done = erase(WORDS)
    assert done.counts["documents"] == {"removed": 2}
    assert raw_of(hub, lrs).count(b" of bob") == 2
    assert b" of ann" not in raw_of(hub, lrs)


def test_states_from_before_documents_told_whose_they_are_go_too(hub, lrs, erase):
    address = document_rules.address_of(
        STATE, "PUT", {"activityId": "http://e.com/a", "agent": orjson.dumps(ANN).decode(), "stateId": "old"}
    )
    hub.service(Documents).put(lrs.writer, address, b"old", "text/plain", Preconditions(), UNGUARDED)
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.execute(text("UPDATE lrs_document SET agent = NULL WHERE store = :n"), {"n": lrs.number})
    lrs.store({"actor": ANN, "object": {"id": "http://e.com/a"}})
    assert erase(WORDS).counts["documents"] == {"removed": 1}


def attached(data: bytes) -> tuple[dict, tuple]:
    sha2 = hashlib.sha256(data).hexdigest()
    attachment = {
        "usageType": "http://example.com/file",
        "display": {"en": "A file"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha2,
    }
    headers = {"content-type": "text/plain", "content-transfer-encoding": "binary", "x-experience-api-hash": sha2}
    return attachment, (headers, iter([data]))


def test_attachments_go_unless_somebody_else_has_them(hub, lrs, erase, export):
    own, own_part = attached(b"my essay")
    shared, shared_part = attached(b"the task")
    lrs.store({"actor": ANN, "attachments": [own, shared]}, parts=[own_part, shared_part])
    lrs.store({"actor": BOB, "attachments": [shared]}, parts=[attached(b"the task")[1]])
    told = export(WORDS)
    assert {told.read(name) for name in told.namelist() if name.startswith("attachments-")} == {
        b"my essay",
        b"the task",
    }
    done = erase(WORDS)
    assert done.counts["attachments"] == {"removed": 1}
    with hub.db.read(EVERY_TENANT) as session:
        rows = session.execute(text("SELECT sha2, object_key FROM lrs_attachment WHERE store = :n"), {"n": lrs.number})
        [(sha2, _)] = rows.all()
    assert sha2 == shared["sha2"]
    assert not [key for key in hub.ports.objects.keys(f"{lrs.writer.tenant_id}/lrs/") if own["sha2"] in key]


def task_of(hub, lrs):
    """The statement of Bob as a program reads it, with the data of its attachment."""
    query = StatementQuery(with_attachments=True)
    [body] = hub.service(Statements).find(lrs.writer, query).bodies
    return [b"".join(each.data) for each in hub.service(Attachments).of(lrs.writer, [body])]


@pytest.mark.parametrize("how", ["erased", "expired"])
def test_an_attachment_that_comes_again_while_its_last_owner_goes_stays(hub, lrs, erase, monkeypatch, how):
    """Somebody else's statement with the same file is stored after it was found that nobody else has it."""
    lrs.store({"actor": ANN, "attachments": [attached(b"the task")[0]]}, parts=[attached(b"the task")[1]])
    taken = []

    def bobs_comes_first(connection, store):
        if not taken and store == lrs.number:
            taken.append(store)
            lrs.store({"actor": BOB, "attachments": [attached(b"the task")[0]]}, parts=[attached(b"the task")[1]])
        return real(connection, store)

    before, real = datetime.now(UTC), intake.take_order
    monkeypatch.setattr(intake, "take_order", bobs_comes_first)
    if how == "erased":
        erase(WORDS)
    else:
        hub.service(PersonalStatements).expire(lrs.writer.tenant_id, before)
    assert taken
    assert task_of(hub, lrs) == [b"the task"]


def test_an_attachment_that_goes_before_its_new_statement_is_stored_is_kept_once_more(hub, lrs, erase, monkeypatch):
    """The file was there already, so it was taken for kept; then its last owner was erased."""
    lrs.store({"actor": ANN, "attachments": [attached(b"the task")[0]]}, parts=[attached(b"the task")[1]])
    real = Intake.store

    def erased_first(self, submission):
        monkeypatch.setattr(Intake, "store", real)
        assert erase(WORDS).counts["attachments"] == {"removed": 1}
        real(self, submission)

    monkeypatch.setattr(Intake, "store", erased_first)
    lrs.store({"actor": BOB, "attachments": [attached(b"the task")[0]]}, parts=[attached(b"the task")[1]])
    assert task_of(hub, lrs) == [b"the task"]


def test_every_store_of_the_tenant_is_erased_and_no_other_tenant(hub, lrs, system, erase, settings):
    from dataclasses import replace

    from hub.identity import system_principal
    from hub.oauth.services.tenants import Tenants
    from hub.xapi_lrs.services.stores import Stores

    second = hub.service(Stores).create(system, "Second/../store")
    slug = f"o{hub.ports.ids.uuid().hex[:12]}"
    other = system_principal(hub.service(Tenants).create(slug, slug).id)
    lrs.store({"actor": ANN})
    replace(lrs, writer=replace(lrs.writer, store_id=second.id)).store({"actor": ANN})
    stranger = replace(lrs, writer=replace(other, store_id=hub.service(Stores).of(other).id))
    stranger.store({"actor": ANN})
    assert erase(WORDS).counts["statements"] == {"removed": 2}
    assert len(stranger.by(ANN)) == 1


def test_what_this_process_remembers_is_forgotten(hub, lrs, erase):
    """The parts that make storing fast are the person's own bytes."""
    from hub.xapi_lrs.services.statements import Statements

    lrs.store({"actor": {"name": "Ann Larch", **ANN}})
    recognition = hub.service(Statements)._preparation._recognition
    assert b"Larch" in str(recognition._known).encode()
    erase(WORDS)
    assert b"Larch" not in str(recognition._known).encode()
    lrs.store({"actor": {"name": "Ann Larch", **ANN}})
    assert hub.service(Lookups).person(lrs.writer, ANN)["name"] == ["Ann Larch"], "and is learned anew"


def test_the_export_tells_every_statement_in_two_formats(lrs, export):
    ids = lrs.store(
        *({"actor": ANN} for _ in range(1_100)), {"actor": BOB, "context": {"instructor": ANN}}, {"actor": BOB}
    )
    told = export(WORDS)
    [name] = [name for name in told.namelist() if name.startswith("statements-") and name.endswith(".json")]
    statements = orjson.loads(told.read(name))
    assert [one["id"] for one in statements] == ids[:-1]
    lines = told.read(name.replace(".json", ".csv")).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("id,stored,timestamp,actor")
    assert len(lines) == 1 + len(statements)
    index = orjson.loads(told.read("index.json"))
    assert datetime.fromisoformat(index["made_at"]) <= datetime.now(UTC)
    assert {"name": name.removesuffix(".json"), "rows": 1_101} in index["contents"]
