"""Statements with a real database: order, consistency, what the Hub itself records."""

import threading
import uuid

import orjson
import pytest

from hub.bootstrap import build
from hub.db import EVERY_TENANT, Database
from hub.errors import Conflict
from hub.identity import Principal
from hub.oauth.scopes import actions_of_scopes
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.services.upkeep import Upkeep
from hub.xapi_lrs.spec import filing
from hub.xapi_lrs.spec.query import StatementQuery, continued


def statement(**changes):
    return {
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": "http://example.com/did"},
        "object": {"id": "http://example.com/thing"},
    } | changes


@pytest.fixture
def store(hub, system):
    return hub.service(Stores).create(system, "of-this-test")


@pytest.fixture
def writer(tenant, store):
    return Principal(tenant.id, "lrs_credential", "key", "Writer", actions_of_scopes(["all"]), store.id)


@pytest.fixture
def statements(hub):
    return hub.service(Statements)


def read_all(statements, principal):
    query = StatementQuery(ascending=True)
    while True:
        page = statements.find(principal, query)
        yield from (orjson.loads(body) for body in page.bodies)
        if page.boundary is None:
            return
        query = continued(query, page.boundary)


def test_concurrent_writers_are_given_rising_times_and_lose_nothing(statements, writer):
    sent = [[statement(id=str(uuid.uuid4())) for _ in range(3)] for _ in range(60)]

    def write(batches):
        for batch in batches:
            statements.store(writer, orjson.dumps(batch))

    threads = [threading.Thread(target=write, args=(sent[n::6],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = list(read_all(statements, writer))
    assert {each["id"] for each in found} == {each["id"] for batch in sent for each in batch}
    times = [each["stored"] for each in found]
    assert times == sorted(set(times))


def test_a_reader_that_follows_consistent_through_misses_nothing(statements, writer):
    """Reads `since` what it has seen, up to Consistent-Through, while others write."""
    total, seen, since, is_last = 150, [], 0, False

    def write():
        for _ in range(total // 3):
            statements.store(writer, orjson.dumps(statement()))

    writers = [threading.Thread(target=write) for _ in range(3)]
    for thread in writers:
        thread.start()
    while not is_last:
        is_last = not any(thread.is_alive() for thread in writers)
        through = statements.consistent_through(writer)
        page = statements.find(writer, StatementQuery(ascending=True, after=since, before=through + 1, limit=500))
        seen += [orjson.loads(body)["id"] for body in page.bodies]
        since = through
    assert len(seen) == len(set(seen)) == total


REF = {"objectType": "StatementRef"}


def _stream(number):
    """What one client sends: plain ones, new activities, references to what came before and to what comes later."""
    first, later, nowhere = (str(uuid.uuid4()) for _ in range(3))
    for step in range(12):
        named = {"id": f"http://example.com/{number}/{step}", "definition": {"name": {"en": f"{step}"}}}
        yield [statement() for _ in range(step % 3 + 1)]
        yield [statement(object=named)]
        yield [statement(object=REF | {"id": later if step < 6 else nowhere})]
        yield [statement(id=first)]
        yield [statement(object=REF | {"id": first})]
    yield [statement(id=later)]


def _page_backwards(statements, principal):
    """Every id from the newest back to the first, by boundaries, while others write."""
    query, ids = StatementQuery(limit=7), []
    while True:
        page = statements.find(principal, query)
        ids += [orjson.loads(body)["id"] for body in page.bodies]
        if page.boundary is None:
            return ids
        query = continued(query, page.boundary)


def test_two_processes_write_in_one_order_and_readers_see_all_of_it(hub, settings, statements, writer):
    """Every way of writing at once: `stored` rises strictly, Consistent-Through hides nothing, pages repeat nothing."""
    other = build(settings)
    ways = [statements, other.service(Statements)]
    sent: set[str] = set()
    seen: list[str] = []

    def write(number):
        for batch in _stream(number):
            sent.update(ways[number % 2].store(writer, orjson.dumps(batch)))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in writers:
        thread.start()
    since, is_last = 0, False
    while not is_last:
        is_last = not any(thread.is_alive() for thread in writers)
        before = set(seen)
        through = ways[len(seen) % 2].consistent_through(writer)
        backwards = _page_backwards(statements, writer)
        assert len(backwards) == len(set(backwards))
        assert before <= set(backwards)
        page = statements.find(writer, StatementQuery(ascending=True, after=since, before=through + 1, limit=500))
        seen += [orjson.loads(body)["id"] for body in page.bodies]
        since = through
    other.close()
    everything = list(read_all(statements, writer))
    times = [each["stored"] for each in everything]
    assert times == sorted(set(times))
    assert [each["id"] for each in everything] == seen
    assert set(seen) == sent
    assert all(each["timestamp"] == each["stored"] for each in everything)


def test_what_the_hub_records_commits_or_vanishes_with_its_cause(hub, statements, writer, tenant, store):
    db: Database = hub.db
    with db.unit_of_work(EVERY_TENANT) as work:
        [kept] = statements.record(work, tenant.id, store.id, [statement()])

    def record_and_fail():
        with db.unit_of_work(EVERY_TENANT) as work:
            statements.record(work, tenant.id, store.id, [statement()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    found = list(read_all(statements, writer))
    assert [each["id"] for each in found] == [kept]
    assert found[0]["authority"]["account"]["name"] == "hub"


def test_a_conflict_refuses_its_own_request_only(statements, writer):
    known = statement(id=str(uuid.uuid4()))
    statements.store(writer, orjson.dumps(known))
    outcomes = {}

    def write(name, body):
        try:
            outcomes[name] = statements.store(writer, orjson.dumps(body))
        except Conflict as refused:
            outcomes[name] = refused

    bodies = {
        "same": known,
        "other": known | {"verb": {"id": "http://example.com/other"}},
        **{f"new{n}": statement(id=str(uuid.uuid4())) for n in range(8)},
    }
    threads = [threading.Thread(target=write, args=item) for item in bodies.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert isinstance(outcomes.pop("other"), Conflict)
    assert outcomes == {name: [body["id"]] for name, body in bodies.items() if name != "other"}
    assert len(list(read_all(statements, writer))) == 9


def test_the_same_new_statement_from_two_clients_at_once_is_stored_once(statements, writer):
    sent = orjson.dumps(statement(id=str(uuid.uuid4())))
    threads = [threading.Thread(target=statements.store, args=(writer, sent)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(read_all(statements, writer))) == 1


def test_a_store_in_which_a_reference_waits_takes_statements_like_any_other(statements, writer):
    awaited, known = statement(id=str(uuid.uuid4())), statement(id=str(uuid.uuid4()))
    reference = statement(object={"objectType": "StatementRef", "id": awaited["id"]})
    [source] = statements.store(writer, orjson.dumps(reference))
    for body in (known, known, [known, statement()]):
        statements.store(writer, orjson.dumps(body))
    with pytest.raises(Conflict):
        statements.store(writer, orjson.dumps([statement(), known | {"verb": {"id": "http://example.com/other"}}]))
    assert len(list(read_all(statements, writer))) == 3
    statements.store(writer, orjson.dumps([statement(), awaited]))
    about = StatementQuery(groups=(((filing.ACTIVITY, awaited["object"]["id"]),),))
    assert source in [orjson.loads(body)["id"] for body in statements.find(writer, about).bodies]


def test_the_id_of_a_statement_that_was_taken_away_is_not_given_to_another(hub, statements, writer, store):
    gone = orjson.dumps(statement(id=str(uuid.uuid4())))
    statements.store(writer, gone)
    with hub.db.connection(store.tenant_id, store.number) as connection:  # As detaching its partition does.
        connection.execute("DELETE FROM lrs_statement WHERE store = %s", (store.number,))
    with pytest.raises(Conflict):
        statements.store(writer, gone)
    voiding = statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": orjson.loads(gone)["id"]},
    )
    [stored] = statements.store(writer, orjson.dumps(voiding))
    assert [each["id"] for each in read_all(statements, writer)] == [stored]


def test_partitions_of_the_coming_year_are_there_and_stay(hub):
    assert hub.service(Upkeep).extend_partitions() == 0


def test_every_tenant_has_a_default_store(hub, system):
    assert [each.name for each in hub.service(Stores).list(system)] == ["default"]
