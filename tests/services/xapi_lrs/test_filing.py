"""The index: whatever is filed when, every query finds what the rules say, and nothing else."""

import random
import threading
import time
import uuid
from dataclasses import replace

import orjson
import pytest

from hub.db import EVERY_TENANT
from hub.identity import Principal
from hub.oauth.scopes import actions_of_scopes
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec.query import continued, parse

PEOPLE = [{"mbox": f"mailto:{name}@example.com"} for name in ("ann", "bob", "eve")]
ACTIVITIES = [f"http://example.com/activity/{number}" for number in range(3)]
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
VERBS = [f"http://example.com/verb/{number}" for number in range(3)]
REGISTRATIONS = [str(uuid.UUID(int=number)) for number in range(1, 3)]


@pytest.fixture
def store(hub, system):
    return hub.service(Stores).create(system, f"filing-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def writer(tenant, store):
    return Principal(tenant.id, "lrs_credential", "key", "Writer", actions_of_scopes(["all"]), store.id)


@pytest.fixture
def statements(hub):
    return hub.service(Statements)


@pytest.fixture
def filing(hub):
    return hub.service(Filing)


def random_statement(chance, ids):
    """Any shape that decides what it is found under; `ids` are those of other statements, also of later ones."""
    context = {}
    if chance.random() < 0.4:
        context["registration"] = chance.choice(REGISTRATIONS)
    if chance.random() < 0.3:
        context["instructor"] = chance.choice(PEOPLE)
    if chance.random() < 0.3:
        context["contextActivities"] = {"parent": [{"id": chance.choice(ACTIVITIES)}]}
    verb = chance.choice(VERBS)
    group = {"objectType": "Group", "member": chance.sample(PEOPLE, 2)}
    inner = {"actor": chance.choice(PEOPLE), "verb": {"id": VERBS[0]}, "object": {"id": chance.choice(ACTIVITIES)}}
    target = {"id": chance.choice(ACTIVITIES)}
    what = chance.random()
    if what < 0.3 and ids:
        target = {"objectType": "StatementRef", "id": chance.choice(ids)}
        verb = VOIDED if what < 0.06 else verb
    elif what < 0.4:
        target = {"objectType": "SubStatement", **inner}
    elif what < 0.5:
        target = {"objectType": "Agent", **chance.choice(PEOPLE)}
    actor = group if chance.random() < 0.1 else chance.choice(PEOPLE)
    return {"actor": actor, "verb": {"id": verb}, "object": target, **({"context": context} if context else {})}


def members(actor):
    return [*([actor] if "mbox" in actor else []), *actor.get("member", ())]


class Model:
    """What a query finds, by looking at every statement (Communication 2.1.3)."""

    def __init__(self, stored):
        self.stored = stored
        self.by_id = {each["id"]: each for each in stored}
        self.voided = {
            each["object"]["id"]
            for each in stored
            if each["verb"]["id"] == VOIDED
            and each["object"]["id"] in self.by_id
            and self.by_id[each["object"]["id"]]["verb"]["id"] != VOIDED
        }

    def find(self, asked):
        return [
            each["id"]
            for each in self.stored
            if each["id"] not in self.voided and any(self._says(one, asked) for one in self._chain(each))
        ]

    def _chain(self, statement):
        seen = {}
        while statement is not None and statement["id"] not in seen:
            seen[statement["id"]] = statement
            target = statement["object"]
            statement = self.by_id.get(target["id"]) if target.get("objectType") == "StatementRef" else None
        return seen.values()

    def _says(self, statement, asked):
        people, activities = self._about(statement, asked)
        return (
            ("verb" not in asked or statement["verb"]["id"] == asked["verb"])
            and ("agent" not in asked or orjson.loads(asked["agent"]) in people)
            and ("activity" not in asked or asked["activity"] in activities)
            and (
                "registration" not in asked or statement.get("context", {}).get("registration") == asked["registration"]
            )
        )

    def _about(self, statement, asked):
        target, context = statement["object"], statement.get("context", {})
        people, activities = members(statement["actor"]), []
        kind = target.get("objectType", "Activity")
        if kind == "Activity":
            activities.append(target["id"])
        if kind == "Agent":
            people.append({"mbox": target["mbox"]})
        if asked.get("related_agents"):
            people += [context["instructor"]] if "instructor" in context else []
            people += members(target["actor"]) if kind == "SubStatement" else []
        if asked.get("related_activities"):
            activities += [each["id"] for each in context.get("contextActivities", {}).get("parent", [])]
            activities += [target["object"]["id"]] if kind == "SubStatement" else []
        return people, activities


def random_query(chance):
    asked = {}
    if chance.random() < 0.5:
        asked["agent"] = orjson.dumps(chance.choice(PEOPLE)).decode()
        if chance.random() < 0.4:
            asked["related_agents"] = "true"
    if chance.random() < 0.4:
        asked["activity"] = chance.choice(ACTIVITIES)
        if chance.random() < 0.4:
            asked["related_activities"] = "true"
    if chance.random() < 0.5:
        asked["verb"] = chance.choice([*VERBS, VOIDED])
    if chance.random() < 0.2:
        asked["registration"] = chance.choice(REGISTRATIONS)
    return asked


def ids_of(statements, principal, query):
    """Every id that a query finds, page by page."""
    found = []
    while True:
        page = statements.find(principal, query)
        found += [orjson.loads(body)["id"] for body in page.bodies]
        if page.boundary is None:
            return found
        query = continued(query, page.boundary)


@pytest.mark.parametrize("seed", range(4))
def test_a_query_finds_what_looking_at_every_statement_finds(statements, writer, store, filing, seed):
    chance = random.Random(seed)
    ids = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(90)]
    sent = [random_statement(chance, ids) | {"id": each} for each in ids]
    at = 0
    while at < len(sent):
        size = chance.choice((1, 1, 2, 7))
        statements.store(writer, orjson.dumps(sent[at : at + size]))
        at += size
        if chance.random() < 0.15:
            filing.file(store, least=1)
    stored = [orjson.loads(body) for body in statements.each(writer, parse({"ascending": "true"}))]
    model = Model([orjson.loads(body) for body in _with_voided(statements, writer, sent)])
    assert [each["id"] for each in stored] == [each for each in ids if each not in model.voided]
    times = [each["stored"] for each in stored]
    for _ in range(120):
        asked, order = random_query(chance), chance.choice(({}, {"ascending": "true"}))
        limit = {"limit": str(chance.choice((1, 3, 50)))}
        expected = model.find(asked)
        bounds = {}
        if chance.random() < 0.4:
            bounds = {"since": chance.choice(times), "until": chance.choice(times)}
            expected = [each for each in expected if bounds["since"] < model.by_id[each]["stored"] <= bounds["until"]]
        found = ids_of(statements, writer, parse(asked | order | limit | bounds))
        assert found == (expected if order else expected[::-1]), (asked, bounds)


def _with_voided(statements, writer, sent):
    for each in sent:
        single = parse({"statementId": each["id"]})
        try:
            yield statements.find_one(writer, single).body
        except Exception:  # noqa: BLE001 - one that is voided is found by the other parameter.
            yield statements.find_one(writer, parse({"voidedStatementId": each["id"]})).body


def plain(number):
    return {"actor": PEOPLE[number % 3], "verb": {"id": VERBS[number % 2]}, "object": {"id": ACTIVITIES[number % 3]}}


def blocks(hub, store):
    with hub.db.connection(EVERY_TENANT) as connection:
        rows = connection.execute("SELECT last FROM lrs_block WHERE store = %s ORDER BY last", (store.number,))
        return [row[0] for row in rows.fetchall()]


def newest(hub, store):
    with hub.db.connection(EVERY_TENANT) as connection:
        rows = connection.execute("SELECT max(stored) FROM lrs_statement WHERE store = %s", (store.number,))
        return rows.fetchone()[0]


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def test_a_few_thousand_statements_are_filed_beside_and_found_throughout(hub, statements, writer, store, filing):
    query = parse({"agent": orjson.dumps(PEOPLE[0]).decode(), "verb": VERBS[0], "limit": "500"})
    batch = orjson.dumps([plain(number) for number in range(600)])
    for sent in range(1, 9):
        statements.store(writer, batch)
        assert len(ids_of(statements, writer, query)) == sent * 100
    wait_until(lambda: blocks(hub, store))
    assert len(ids_of(statements, writer, query)) == 800
    wait_until(lambda: blocks(hub, store)[-1] == newest(hub, store))
    assert len(ids_of(statements, writer, query)) == 800


def test_few_statements_are_filed_too_when_nothing_more_comes(hub, statements, writer, store):
    for _ in range(4):
        statements.store(writer, orjson.dumps([plain(number) for number in range(30)]))
    wait_until(lambda: blocks(hub, store) == [newest(hub, store)])


def test_blocks_are_made_once_however_many_file(hub, statements, writer, store, filing):
    statements.store(writer, orjson.dumps([plain(number) for number in range(300)]))
    threads = [threading.Thread(target=filing.file, args=(store, 1)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(blocks(hub, store)) == 1
    with hub.db.connection(EVERY_TENANT) as connection:
        [(count,)] = connection.execute(
            "SELECT sum(cardinality(p.stored)) FROM lrs_posting p JOIN lrs_block b USING (last) WHERE b.store = %s",
            (store.number,),
        ).fetchall()
    assert count == 300 * 5  # The actor, the verb, both together, the activity and the authority.


def test_what_is_left_over_is_filed_by_the_periodic_round_when_worth_while(hub, statements, writer, store, filing):
    statements.store(writer, orjson.dumps([plain(number) for number in range(99)]))
    filing.file_rest()
    assert blocks(hub, store) == []
    statements.store(writer, orjson.dumps(plain(0)))
    filing.file_rest()
    assert len(blocks(hub, store)) == 1


def test_statements_of_the_release_before_are_carried_over(hub, statements, writer, store, filing):
    """It wrote no terms into statements, and no inherited ones."""
    chance = random.Random(9)
    ids = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(95)]
    sent = [random_statement(chance, ids) | {"id": each} for each in ids]
    for each in sent:
        statements.store(writer, orjson.dumps(each))
    queries = [parse(random_query(chance) | {"limit": "7"}) for _ in range(60)]
    before = [ids_of(statements, writer, query) for query in queries]
    with hub.db.connection(EVERY_TENANT) as connection:
        connection.execute("UPDATE lrs_statement SET terms = NULL WHERE store = %s", (store.number,))
        connection.execute("DELETE FROM lrs_inherited WHERE store = %s", (store.number,))
    agents = parse({"agent": orjson.dumps(PEOPLE[0]).decode()})
    assert ids_of(statements, writer, agents) == []
    filing.file_rest()
    assert [ids_of(statements, writer, query) for query in queries] == before
    filing.file(store, least=1)
    assert [ids_of(statements, writer, query) for query in queries] == before


def test_a_reader_of_its_own_statements_finds_no_others_filed_or_not(statements, writer, store, filing):
    scopes = ["statements/read/mine", "statements/write"]
    other = replace(writer, id="other", name="Other", actions=actions_of_scopes(scopes))
    mine = [statements.store(other, orjson.dumps(plain(number)))[0] for number in range(3)]
    theirs = statements.store(writer, orjson.dumps(plain(0)))
    for _ in range(2):
        assert ids_of(statements, other, parse({"ascending": "true"})) == mine
        assert ids_of(statements, other, parse({"verb": VERBS[0], "ascending": "true"})) == mine[::2]
        assert set(ids_of(statements, writer, parse({}))) == {*mine, *theirs}
        filing.file(store, least=1)
