"""How long things are kept: what is older is removed with everything that hangs on it, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import orjson
import pytest
from sqlalchemy import text

from hub.db import EVERY_TENANT
from hub.errors import NotFound
from hub.identity import system_principal
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.tenants import Tenants
from hub.privacy.services.retention import Retentions
from hub.scorm.services.learners import OWN_SOURCE, Learners
from hub.scorm.services.registrations import Registrations
from hub.xapi_lrs.services import personal_data
from hub.xapi_lrs.services.documents import Documents
from hub.xapi_lrs.services.lookups import Lookups
from hub.xapi_lrs.services.stores import Stores
from hub.xapi_lrs.spec import documents as document_rules
from hub.xapi_lrs.spec.documents import AGENT_PROFILE, UNGUARDED, Preconditions
from tests.services.privacy.conftest import ANN, BOB
from tests.services.privacy.test_statements import attached, raw_of, terms_without_statement
from tests.support.playing import Sco, Window, add_played_course, enrol

DAY = timedelta(days=1)


@pytest.fixture
def apply(hub, system):
    """Do what the worker does from time to time, a day after `begin`: what was there before it is then too old. Returns
    how much it says to have removed of this tenant."""

    def told():
        events = hub.service(AuditLog).list(system, AuditFilter(action="retention.applied"))
        return sum(event.details["removed"] for event in events)

    def run(begin):
        before, clock = told(), SimpleNamespace(now=lambda: begin + DAY)
        Retentions(hub.db, clock, hub.ports.ids, hub.service(Retentions)._expire).apply()
        return told() - before

    return run


def keep_for_a_day(hub, system, *kinds):
    hub.service(Retentions).change(system, dict.fromkeys(kinds, 1))


def essay(name):
    return {"id": f"http://example.com/{name}", "definition": {"name": {"en": f"The {name}"}}}


def profile(hub, lrs, name):
    query = {"agent": orjson.dumps(ANN).decode(), "profileId": name}
    address = document_rules.address_of(AGENT_PROFILE, "PUT", query)
    hub.service(Documents).put(lrs.writer, address, b"mine", "text/plain", Preconditions(), UNGUARDED)


@pytest.mark.parametrize("is_filed", [False, True], ids=["not filed", "filed"])
def test_old_statements_go_with_all_that_only_they_had(hub, system, lrs, apply, monkeypatch, is_filed):
    monkeypatch.setattr(personal_data, "BATCH", 2)
    lrs.is_filed = is_filed
    before = terms_without_statement(hub, lrs)
    old, old_part = attached(b"an old file")
    shared, shared_part = attached(b"a shared file")
    ann = {"name": "Ann Larch", **ANN}
    lrs.store(*({"actor": ann, "object": essay("old")} for _ in range(5)))
    lrs.store({"actor": ann, "attachments": [old, shared]}, parts=[old_part, shared_part])
    lrs.store({"actor": ann, "object": essay("shared")})
    begin = datetime.now(UTC)
    [kept] = lrs.store(
        {"actor": {"name": "Bob Stone", **BOB}, "object": essay("shared"), "attachments": [shared]},
        parts=[attached(b"a shared file")[1]],
    )
    keep_for_a_day(hub, system, "statements")
    assert apply(begin) == 7
    assert [one["id"] for one in lrs.find()] == [kept]
    assert lrs.by(ANN) == []
    assert terms_without_statement(hub, lrs) == before
    left = raw_of(hub, lrs)
    assert b"Larch" not in left, "nor are the names kept that they were seen under"
    assert b"The old" not in left
    assert b"The shared" in left
    assert b"Bob Stone" in left
    with hub.db.read(EVERY_TENANT) as session:
        query = text("SELECT sha2 FROM lrs_attachment WHERE store = :n")
        assert session.scalars(query, {"n": lrs.number}).all() == [shared["sha2"]]
    assert not [key for key in hub.ports.objects.keys(f"{system.tenant_id}/lrs/") if old["sha2"] in key]
    assert apply(begin) == 0
    [event] = hub.service(AuditLog).list(system, AuditFilter(action="retention.applied"))
    assert event.details["kind"] == "statements"
    assert event.details["removed"] == 7
    lrs.store({"actor": ann, "object": essay("old")})
    assert hub.service(Lookups).person(lrs.writer, ANN)["name"] == ["Ann Larch"], "what comes again is learned anew"


def test_old_documents_go(hub, system, lrs, apply):
    profile(hub, lrs, "old")
    begin = datetime.now(UTC)
    profile(hub, lrs, "new")
    keep_for_a_day(hub, system, "statements")
    assert apply(begin) == 1
    with hub.db.read(EVERY_TENANT) as session:
        query = text("SELECT name FROM lrs_document WHERE store = :n")
        assert session.scalars(query, {"n": lrs.number}).all() == ["new"]


def played(hub, system, package, name):
    registration = enrol(hub, system, package, name)
    Window(hub, system, registration.id).play({"cmi.core.lesson_status": "passed"})
    return registration


def rows(hub, system, table):
    with hub.db.read(system.tenant_id) as session:
        return session.scalar(text(f'SELECT count(*) FROM "{table}"'))


def test_old_registrations_go_with_learners_who_have_no_other(hub, system, apply):
    package = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"))
    other = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"))
    gone, active = played(hub, system, package, "Gone"), played(hub, system, package, "Active")
    begin = datetime.now(UTC)
    again = hub.service(Registrations).ensure(system, active.learner.id, other)
    hub.service(Learners).ensure(system, OWN_SOURCE, "new", "New, and not registered yet")
    keep_for_a_day(hub, system, "registrations")
    assert apply(begin) == 3, "two registrations and a learner"
    assert hub.service(Registrations).get(system, again.id)
    for one in (gone, active):
        with pytest.raises(NotFound):
            hub.service(Registrations).get(system, one.id)
    with pytest.raises(NotFound):
        hub.service(Learners).get(system, gone.learner.id)
    assert rows(hub, system, "learner") == 2
    for table in ("attempt", "runtime_state", "answer", "launch", "replay_record"):
        assert rows(hub, system, table) == 0, table


def test_old_launches_go_unless_an_attempt_is_open_in_them(hub, system, apply):
    package = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"))
    registration = enrol(hub, system, package)
    Window(hub, system, registration.id)
    Window(hub, system, registration.id)
    begin = datetime.now(UTC)
    keep_for_a_day(hub, system, "launches")
    assert rows(hub, system, "launch") == 2
    assert apply(begin) == 1
    assert rows(hub, system, "launch") == 1
    assert apply(begin) == 0


def test_nothing_goes_before_its_time_or_in_another_tenant(hub, system, lrs, apply):
    slug = f"o{hub.ports.ids.uuid().hex[:12]}"
    other = system_principal(hub.service(Tenants).create(slug, slug).id)
    stranger = replace(lrs, writer=replace(lrs.writer, tenant_id=other.tenant_id, store_id=default_store(hub, other)))
    begin = datetime.now(UTC)
    lrs.store({"actor": ANN})
    stranger.store({"actor": ANN})
    keep_for_a_day(hub, system, "statements", "registrations", "launches")
    assert apply(begin) == 0
    assert len(lrs.find()) == 1
    assert apply(datetime.now(UTC)) == 1
    assert len(stranger.find()) == 1


def default_store(hub, principal):
    return hub.service(Stores).list(principal)[0].id
