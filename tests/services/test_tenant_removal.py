"""Removing a tenant: everything of it goes, nothing of others, and a worker may die at any step of it."""

import io
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from hub.bootstrap import Hub, build
from hub.command_line import CommandLine
from hub.config import Settings
from hub.db import EVERY_TENANT, Base, tenant_rows
from hub.db.audit import audit_events
from hub.db.row_security import UNPROTECTED
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unprocessable
from hub.identity import Principal, system_principal
from hub.oauth.services import tenant_removal
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.sessions import Sessions
from hub.oauth.services.sign_in import SignIn
from hub.oauth.services.tenant_removal import LEASE, Busy, TenantRemovals
from hub.oauth.services.tenants import Tenants, TenantView
from hub.operations import tenant as tenant_commands
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.filing import Filing
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec.query import StatementQuery
from tests.support.every_table import fill, tables_of
from tests.support.people import PASSWORD, make_account
from tests.support.two_tenants import furnished, new_tenant

OWNERS = {"tenant_id", "store"}


class Later:
    """The clock of a time when the lease of a worker that died has ended."""

    def now(self) -> datetime:
        return datetime.now(UTC) + LEASE + timedelta(seconds=5)


@pytest.fixture
def removals(hub: Hub) -> TenantRemovals:
    return hub.service(TenantRemovals)


@pytest.fixture
def staying(hub: Hub) -> Iterator[TenantView]:
    """Another tenant. It goes after the test: what `fill_all` writes is nonsense, which no other test may come upon."""
    tenant = new_tenant(hub, "Staying")
    yield tenant
    remove(hub, tenant)


def remove(hub: Hub, tenant: TenantView) -> None:
    """As a worker does it."""
    asker = system_principal(tenant.id)
    hub.service(Tenants).suspend(asker, tenant.id)
    hub.service(TenantRemovals).begin(asker, tenant.id, tenant.slug)
    hub.service(TenantRemovals).run(tenant.id)


def rows_of(hub: Hub, tenant_id: UUID, stores: list[int]) -> dict[str, int]:
    """How many rows the tenant has in each table, by the models rather than by what removes them."""
    found = {}
    with hub.db.read(EVERY_TENANT) as session:
        for table in Base.metadata.sorted_tables:
            columns = OWNERS & set(table.columns.keys())
            if columns:
                whose = "tenant_id = :tenant" if "tenant_id" in columns else "store = ANY(:stores)"
                query = text(f'SELECT count(*) FROM "{table.name}" WHERE {whose}')
                found[table.name] = session.execute(query, {"tenant": tenant_id, "stores": stores}).scalar_one()
    return found


def fill_all(hub: Hub, tenant: TenantView) -> list[int]:
    """A row in every table; returns the numbers of the stores."""
    number = hub.service(Stores).of(system_principal(tenant.id)).number
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.execute(text("SET LOCAL session_replication_role = replica"))  # No foreign keys.
        for table, columns in ((each.name, set(each.columns.keys())) for each in Base.metadata.sorted_tables):
            if columns & OWNERS and table not in {"lrs_store", "tenant_removal"}:
                fill(work.session, table, tenant.id, number)
    return [number]


def test_every_table_of_tenants_is_found(hub: Hub) -> None:
    """A table that is not found here has neither `tenant_id` nor `store`; `UNPROTECTED` has to say why."""
    with hub.db.read(EVERY_TENANT) as session:
        found = {table.name for table in tenant_rows.tables(session)}
    everything = found | tenant_rows.KEPT | tenant_rows.LAST | UNPROTECTED | {"tenant"}
    assert everything == set(tables_of(hub))
    assert found.isdisjoint(tenant_rows.KEPT | tenant_rows.LAST)


def test_a_row_of_every_table_goes_and_none_of_another_tenant(hub: Hub, staying: TenantView) -> None:
    leaving = new_tenant(hub, "Leaving")
    stores, others = fill_all(hub, leaving), fill_all(hub, staying)
    had, before = rows_of(hub, leaving.id, stores), rows_of(hub, staying.id, others)
    assert {name for name, count in had.items() if count == 0} == {"tenant_removal"}
    remove(hub, leaving)
    left = {name for name, count in rows_of(hub, leaving.id, stores).items() if count}
    assert left == tenant_rows.KEPT
    assert rows_of(hub, staying.id, others) == before


def postings_of(hub: Hub, number: int) -> set[tuple[int, int]]:
    """Which terms the blocks of a store are filed under."""
    query = text(
        "SELECT DISTINCT p.term, p.last FROM lrs_posting p JOIN lrs_block b ON b.last = p.last AND b.store = :store"
        " JOIN lrs_statement s ON s.store = b.store AND p.term = ANY(s.terms)"
    )
    with hub.db.read(EVERY_TENANT) as session:
        return {(row.term, row.last) for row in session.execute(query, {"store": number})}


def still_posted(hub: Hub, entries: set[tuple[int, int]]) -> int:
    pairs = "SELECT * FROM unnest(CAST(:t AS bigint[]), CAST(:l AS bigint[]))"
    query = text(f"SELECT count(*) FROM lrs_posting WHERE (term, last) IN ({pairs})")
    with hub.db.read(EVERY_TENANT) as session:
        terms, lasts = zip(*sorted(entries), strict=True)
        return int(session.execute(query, {"t": list(terms), "l": list(lasts)}).scalar_one())


def write(hub: Hub, tenant: TenantView, count: int) -> Principal:
    """Statements in the default store, most of them filed; returns whose they are."""
    store = hub.service(Stores).of(system_principal(tenant.id))
    writer = replace(system_principal(tenant.id), store_id=store.id)
    batch = [
        {
            "actor": {"mbox": f"mailto:p{number}@example.com"},
            "verb": {"id": "http://example.com/did"},
            "object": {"id": f"http://example.com/thing/{number % 3}"},
        }
        for number in range(count)
    ]
    for half in (batch[: count // 2], batch[count // 2 : -2], batch[-2:]):
        hub.service(Statements).store(writer, orjson.dumps(half))
        if half is not batch[-2:] and len(half) > 2:
            hub.service(Filing).file(store, least=1)
    return writer


@pytest.fixture
def operator(hub: Hub) -> Principal:
    """A super administrator at home, in a tenant that is not to be removed."""
    home = new_tenant(hub, "Operators")
    person = make_account(hub, system_principal(home.id), "super_administrator").person
    return replace(system_principal(home.id), kind="user", id=str(person.id), name="R. Root")


def test_a_whole_world_goes_with_its_files_sessions_and_credentials(hub: Hub, operator: Principal) -> None:
    world, other = furnished(hub), new_tenant(hub, "Staying")
    leaving, system = world.tenant, world.system
    account = make_account(hub, system, "author")
    session_id = hub.service(SignIn).sign_in(account.person.email, PASSWORD, "192.0.2.1")
    user = replace(system, kind="user", id=str(account.person.id))
    token = hub.service(PersonalTokens).create(user, "Script", ["packages:read"], 9)[1]
    issued = hub.service(Credentials).create(system, hub.service(Stores).of(system).name, ["all"])
    write(hub, leaving, 9)
    staying = write(hub, other, 9)
    hub.ports.objects.put(f"{leaving.id}/lrs/file", io.BytesIO(b"x"), "text/plain")
    hub.ports.objects.put(f"{other.id}/lrs/file", io.BytesIO(b"x"), "text/plain")
    number = hub.service(Stores).of(system).number
    entries = postings_of(hub, number)
    assert still_posted(hub, entries) == len(entries) > 5
    assert hub.service(Sessions).who(session_id) is not None

    hub.service(Tenants).suspend(operator, leaving.id)
    hub.service(TenantRemovals).begin(operator, leaving.id, leaving.slug)
    hub.service(TenantRemovals).run(leaving.id)

    assert still_posted(hub, entries) == 0
    assert list(hub.ports.objects.keys(f"{leaving.id}/")) == []
    assert list(hub.ports.objects.keys(f"{other.id}/")) == [f"{other.id}/lrs/file"]
    assert hub.service(Sessions).who(session_id) is None
    with pytest.raises((Unauthenticated, Forbidden)):
        hub.service(PersonalTokens).principal_of(token)
    with pytest.raises((Unauthenticated, Forbidden)):
        hub.service(Credentials).authenticate(issued.credential.key, issued.secret)
    assert len(hub.service(Statements).find(staying, StatementQuery()).bodies) == 9
    with pytest.raises(NotFound):
        hub.service(Tenants).resolve(leaving.slug)
    done = hub.service(TenantRemovals).get(operator, leaving.id)
    assert (done.state, done.progress, done.requested_by) == ("done", 100, "R. Root")
    assert done.counts["lrs_statement"] == done.counts["lrs_statement_id"] >= 10
    assert done.counts["lrs_posting"] >= len(entries)
    assert done.counts["objects"] >= 3
    assert deeds(hub, leaving.id, "tenant.remov") == ["tenant.removed", "tenant.removal_begun"]
    assert deeds(hub, operator.tenant_id, "tenant.remov") == ["tenant.removed", "tenant.removal_begun"]
    assert deeds(hub, leaving.id, "user.created"), "its own events stay"
    assert deeds(hub, other.id, "tenant.remov") == []
    assert hub.service(Tenants).create(leaving.slug, "Another").id != leaving.id


def deeds(hub: Hub, tenant_id: UUID, action: str) -> list[str]:
    with hub.db.read(tenant_id) as session:
        return [each.action for each in audit_events(session, tenant_id, action=action, limit=50)]


def test_only_a_suspended_tenant_and_its_own_name(hub: Hub, removals: TenantRemovals, tenant: TenantView) -> None:
    asker = system_principal(tenant.id)
    with pytest.raises(Conflict, match="Suspend"):
        removals.begin(asker, tenant.id, tenant.slug)
    hub.service(Tenants).suspend(asker, tenant.id)
    for wrong in ("", tenant.slug.upper(), tenant.name + " ", "x" * 5000):
        with pytest.raises(Invalid) as refused:
            removals.begin(asker, tenant.id, wrong)
        (fault,) = refused.value.violations
        assert (fault.where, fault.allowed) == ("confirm", tenant.slug)
    with pytest.raises(NotFound):
        removals.begin(asker, uuid4(), tenant.slug)
    with pytest.raises(Forbidden):
        removals.begin(replace(asker, actions=asker.actions - {"tenants.remove"}), tenant.id, tenant.slug)
    with pytest.raises(NotFound):
        removals.get(asker, tenant.id)
    assert removals.begin(asker, tenant.id, tenant.slug).state == "queued"


def test_the_tenant_of_those_who_run_the_hub_stays(hub: Hub, tenant: TenantView, removals: TenantRemovals) -> None:
    asker = system_principal(tenant.id)
    hub.service(Tenants).suspend(asker, tenant.id)
    make_account(hub, asker, "super_administrator")
    with pytest.raises(Unprocessable, match="Super administrators"):
        removals.begin(asker, tenant.id, tenant.slug)


def test_there_is_no_way_back_once_it_began(hub: Hub, tenant: TenantView, removals: TenantRemovals) -> None:
    asker = system_principal(tenant.id)
    hub.service(Tenants).suspend(asker, tenant.id)
    first = removals.begin(asker, tenant.id, tenant.slug)
    assert removals.begin(asker, tenant.id, "asked again") == first
    with hub.db.read(tenant.id) as session:
        query = text("SELECT count(*) FROM outbox WHERE topic = :topic")
        assert session.execute(query, {"topic": tenant_removal.TOPIC}).scalar_one() == 1, "one message is enough"
    with pytest.raises(Conflict, match="being removed"):
        hub.service(Tenants).reopen(asker, tenant.id)
    removals.run(tenant.id)
    removals.run(tenant.id)
    assert removals.begin(asker, tenant.id, "and again").state == "done"


def test_work_that_a_worker_is_at_ends_first(hub: Hub, tenant: TenantView, removals: TenantRemovals) -> None:
    asker = system_principal(tenant.id)
    hub.service(Tenants).suspend(asker, tenant.id)
    removals.begin(asker, tenant.id, tenant.slug)
    with hub.db.unit_of_work(tenant.id) as work:
        held, waiting = (work.enqueue("mail.send", {}, tenant.id) for _ in range(2))
        lease = text("UPDATE outbox SET leased_until = now() + interval '1 minute' WHERE id = :id")
        work.session.execute(lease, {"id": held})
    with pytest.raises(Busy):
        removals.run(tenant.id)
    with hub.db.read(tenant.id) as session:
        left = set(session.scalars(text("SELECT id FROM outbox")))
    assert held in left
    assert waiting not in left
    assert removals.get(asker, tenant.id).state == "queued"
    with hub.db.unit_of_work(tenant.id) as work:
        work.session.execute(text("UPDATE outbox SET done_at = now() WHERE id = :id"), {"id": held})
    removals.run(tenant.id)
    assert removals.get(asker, tenant.id).is_finished


def test_the_command_takes_the_name_twice_and_says_what_went(
    hub: Hub, settings: Settings, tenant: TenantView, removals: TenantRemovals
) -> None:
    def run(*arguments: str) -> Any:
        line = CommandLine()
        line.settings, line.hub = settings, hub
        return CliRunner().invoke(tenant_commands, ["remove", tenant.slug, *arguments], obj=line)

    write(hub, tenant, 9)
    unconfirmed = run()
    assert (unconfirmed.exit_code, unconfirmed.stdout) == (3, ""), "without a terminal nothing is asked"
    assert "--confirm" in unconfirmed.stderr
    refused = run("--confirm", tenant.slug)
    assert isinstance(refused.exception, Conflict), "it is not suspended"
    hub.service(Tenants).suspend(system_principal(tenant.id), tenant.id)
    assert isinstance(run("--confirm", "other").exception, Invalid)
    done = run("--confirm", tenant.slug, "--json")
    facts = orjson.loads(done.stdout)
    assert (done.exit_code, facts["state"], facts["slug"]) == (0, "done", tenant.slug)
    assert facts["counts"]["lrs_statement_id"] == 9
    with pytest.raises(NotFound):
        hub.service(Tenants).resolve(tenant.slug)


def test_what_comes_late_goes_too(hub: Hub, tenant: TenantView, removals: TenantRemovals) -> None:
    """A request that began before the tenant was suspended writes into tables that nothing holds to their tenant."""
    number = hub.service(Stores).of(system_principal(tenant.id)).number
    remove(hub, tenant)
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        for table in ("lrs_document", "lrs_statement", "lrs_statement_id"):
            fill(work.session, table, tenant.id, number)
    hub.ports.objects.put(f"{tenant.id}/lrs/late", io.BytesIO(b"x"), "text/plain")
    assert removals.sweep() >= 1
    assert {name for name, count in rows_of(hub, tenant.id, [number]).items() if count} == tenant_rows.KEPT
    assert list(hub.ports.objects.keys(f"{tenant.id}/")) == []


def _worker(settings: Settings, tenant_id: UUID, step: str, times: int) -> None:
    """A worker that is killed after it took a step so many times."""
    hub = build(settings)
    removals: Any = hub.service(TenantRemovals)
    removals._clock = Later()
    take, left = getattr(removals, step), iter(range(times - 1, -1, -1))

    def counted(*details: Any, **values: Any) -> Any:
        done = take(*details, **values)
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    setattr(removals, step, counted)
    removals.run(tenant_id)


def _die(settings: Settings, tenant_id: UUID, step: str, times: int) -> None:
    process = get_context("spawn").Process(target=_worker, args=(settings, tenant_id, step, times))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_a_worker_that_is_killed_is_followed_by_another(
    hub: Hub, settings: Settings, removals: TenantRemovals, staying: TenantView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenant_removal, "BATCH", 2)
    leaving = new_tenant(hub, "Leaving")
    stores, others = fill_all(hub, leaving), fill_all(hub, staying)
    write(hub, leaving, 9)
    before = rows_of(hub, staying.id, others)
    asker = system_principal(leaving.id)
    hub.service(Tenants).suspend(asker, leaving.id)
    removals.begin(asker, leaving.id, leaving.slug)
    left = sum(rows_of(hub, leaving.id, stores).values())
    for step, times in (("_claim", 1), ("_renew", 5), ("_note", 20)):
        _die(settings, leaving.id, step, times)
        with pytest.raises(Busy):
            removals.run(leaving.id)
        now = sum(rows_of(hub, leaving.id, stores).values())
        assert now <= left
        left = now
        # The next worker comes when the lease of this one is over.
        with hub.db.unit_of_work(EVERY_TENANT) as work:
            work.session.execute(
                text("UPDATE tenant_removal SET leased_until = now() WHERE tenant_id = :id"), {"id": leaving.id}
            )
    assert 0 < removals.get(asker, leaving.id).progress < 99
    assert hub.service(Tenants).get(asker, leaving.id).is_suspended, "it is still there"
    removals.run(leaving.id)
    assert {name for name, count in rows_of(hub, leaving.id, stores).items() if count} == tenant_rows.KEPT
    assert rows_of(hub, staying.id, others) == before
