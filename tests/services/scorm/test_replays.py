"""Replays: what content and sequencing did is kept with each commit, within bounds, and shown to few."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from hub.bootstrap import Hub
from hub.db import EVERY_TENANT
from hub.errors import Forbidden, NotFound
from hub.identity import ROLES, Principal, system_principal
from hub.oauth.services.tenants import Tenants, TenantView
from hub.scorm.services.registrations import Registrations
from hub.scorm.services.replays import ReplayLog, Replays, ReplayView, Wanted
from hub.scorm.spec.manifest.course import Condition, ControlMode, Sequencing, SequencingRule
from hub.scorm.spec.replay import LONGEST_TEXT, Call
from hub.scorm.storage import registrations
from tests.support.playing import Sco, Window, add_played_course, enrol

INITIALIZE = Call(40, "Initialize", "", "", "true", 0)
SET = Call(30, "SetValue", "cmi.location", "3", "true", 0)
REFUSED = Call(20, "SetValue", "cmi.score.scaled", "7", "false", 407)
TERMINATE = Call(0, "Terminate", "", "", "true", 0)


@pytest.fixture
def window(hub: Hub, tenant: TenantView, system: Principal) -> Window:
    """A player on a SCORM 2004 course of two SCOs that may not be chosen from."""
    flow = Sequencing(control_mode=ControlMode(choice=False, flow=True))
    package = add_played_course(hub, tenant.id, "scorm_2004", Sco("one", "The first"), Sco("two"), sequencing=flow)
    return Window(hub, system, enrol(hub, system, package).id)


def replay(window: Window, principal: Principal, **wanted: Any) -> ReplayView:
    assert window.session.registration_id is not None
    return window.hub.service(Replays).get(principal, window.session.registration_id, 1, Wanted(**wanted))


def methods(found: ReplayView) -> list[str]:
    return [call.method for record in found.records for call in record.calls]


class TestOrder:
    def test_calls_and_requests_are_told_as_they_happened(self, window: Window, system: Principal) -> None:
        window.go()
        window.commit(kind="initialize", calls=[INITIALIZE])
        window.commit({"cmi.location": "3"}, calls=[SET, REFUSED], calls_from=2)
        window.commit(kind="terminate", calls=[TERMINATE], calls_from=4)
        window.go("continue")
        found = replay(window, system)
        assert [record.kind for record in found.records] == ["navigation", "calls", "calls", "calls", "navigation"]
        assert methods(found) == ["Initialize", "SetValue", "SetValue", "Terminate"]
        record = found.records[2]
        assert (record.activity, found.titles["one"]) == ("one", "The first")
        assert (record.calls[0].element, record.calls[0].value, record.calls[0].answer) == ("cmi.location", "3", "true")
        assert record.calls[1].error_words == "Data model element value out of range"
        assert record.at - record.calls[1].at == timedelta(milliseconds=20)

    def test_the_trace_says_why_something_was_delivered_or_not(self, window: Window, system: Principal) -> None:
        window.go()
        window.go("choice", "two")
        started, refused = (record.navigation for record in replay(window, system).records)
        assert started is not None
        assert refused is not None
        assert (started.request, started.delivered) == ("start", "one")
        assert [(step.process, step.activity) for step in started.trace][-1] == ("DB.2", "one")
        assert started.trace[-1].process_name == "Content Delivery Environment Process"
        assert (refused.target, refused.shown, refused.delivered) == ("two", "one", "one")
        assert (refused.exception, refused.reason) == ("NB.2.1-10", "This activity may not be chosen.")

    def test_plain_navigation_has_no_trace(self, hub: Hub, tenant: TenantView, system: Principal) -> None:
        package = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"))
        window = Window(hub, system, enrol(hub, system, package).id)
        window.go()
        (record,) = replay(window, system).records
        assert record.navigation is not None
        assert (record.navigation.request, record.navigation.delivered, record.navigation.trace) == ("start", "one", [])


class TestNothingTwice:
    def test_a_repeated_commit_tells_nothing_again(self, window: Window, system: Principal) -> None:
        window.go()
        window.commit(calls=[INITIALIZE], sequence=1)
        window.commit(calls=[INITIALIZE], sequence=1)
        assert methods(replay(window, system)) == ["Initialize"]

    def test_calls_that_arrived_without_an_answer_are_not_told_again(self, window: Window, system: Principal) -> None:
        window.go()
        window.commit(calls=[INITIALIZE, SET])
        window.commit(calls=[INITIALIZE, SET, TERMINATE])
        assert methods(replay(window, system)) == ["Initialize", "SetValue", "Terminate"]

    def test_what_the_player_could_not_keep_is_counted(self, window: Window, system: Principal) -> None:
        window.go()
        window.commit(calls=[INITIALIZE])
        window.commit(calls=[SET], calls_from=12)
        assert [record.missing for record in replay(window, system, kind="calls").records] == [0, 10]

    def test_each_session_counts_from_one(self, window: Window, system: Principal) -> None:
        for _ in range(2):
            window.go()
            window.commit(calls=[INITIALIZE])
        assert [record.session for record in replay(window, system, kind="calls").records] == [1, 2]


class TestBounds:
    def test_a_refused_commit_leaves_nothing(self, window: Window, system: Principal) -> None:
        window.go()
        with pytest.raises(Exception, match="data model"):
            window.commit({"cmi.score.scaled": "7"}, calls=[REFUSED])
        assert methods(replay(window, system)) == []

    def test_long_texts_are_cut_and_odd_ones_can_be_shown(self, window: Window, system: Principal) -> None:
        window.go()
        window.commit(calls=[SET._replace(value="x" * 9000), SET._replace(value="\0\ud800")])
        first, second = replay(window, system, kind="calls").records[0].calls
        assert (len(first.value), second.value) == (LONGEST_TEXT, "��")

    def test_a_replay_stops_at_its_limit_and_says_so(self, window: Window, system: Principal, hub: Hub) -> None:
        limit = hub.settings.replay_limit_kb * 1024
        window.go()
        call = SET._replace(value="x" * 250)
        for sequence in range(4):
            window.commit(calls=[call] * 600, calls_from=1 + 600 * sequence)
        found = replay(window, system)
        assert found.is_full == ["one"]
        assert 600 * 3 <= len(methods(found)) <= limit / 250 + 600

    def test_old_records_are_swept(self, window: Window, system: Principal, hub: Hub) -> None:
        window.go()
        window.commit(calls=[INITIALIZE])
        hub.service(Replays).sweep()
        assert len(replay(window, system).records) == 2
        with hub.db.unit_of_work(EVERY_TENANT) as work:
            work.session.connection().exec_driver_sql(
                "UPDATE replay_record SET at = at - interval '31 days' WHERE tenant_id = %s AND kind = 'calls'",
                (system.tenant_id,),
            )
        assert hub.service(Replays).sweep() >= 1
        assert [record.kind for record in replay(window, system).records] == ["navigation"]

    def test_an_operator_may_keep_none(self, window: Window, system: Principal, hub: Hub) -> None:
        window.go()
        assert window.session.attempt_id is not None
        now = hub.ports.clock.now()
        with hub.db.unit_of_work(EVERY_TENANT) as work:
            (state,) = registrations.states(work.session, system.tenant_id, window.session.attempt_id)
            for days, kept in ((0, 0), (1, 1)):
                ReplayLog(hub.ports.ids, hub.ports.clock, days, 1024).calls(work, state, [INITIALIZE], 1, now)
                assert len(work.session.new) == kept


class TestAccess:
    def test_filters(self, window: Window, system: Principal) -> None:
        window.go()
        window.commit(calls=[INITIALIZE, REFUSED])
        window.go("choice", "two")
        assert [record.kind for record in replay(window, system, kind="navigation").records] == ["navigation"] * 2
        assert methods(replay(window, system, only_errors=True)) == ["SetValue"]
        assert methods(replay(window, system, activity="two")) == []
        with pytest.raises(NotFound):
            replay(window, system, activity="three")

    def test_it_is_read_in_pages(self, window: Window, system: Principal, hub: Hub) -> None:
        window.go()
        for number in range(1, 6):
            window.commit(calls=[SET], calls_from=number)
        registration_id = window.session.registration_id
        assert registration_id is not None
        service, seen, after = hub.service(Replays), [], None
        while True:
            part = service.get(system, registration_id, 1, after=after, limit=2)
            seen += [record.id for record in part.records]
            after = part.next_id
            if after is None:
                break
        assert seen == [record.id for record in service.all(system, registration_id, 1)]
        assert len(seen) == 6

    @pytest.mark.parametrize(
        ("role", "may"),
        [("administrator", True), ("support", True), ("instructor", False), ("author", False), ("reporting", False)],
    )
    def test_only_support_people_may(self, window: Window, role: str, may: bool) -> None:
        who = Principal(
            window.session.tenant_id, "user", str(uuid4()), role, ROLES[role].actions, roles=frozenset({role})
        )
        if may:
            assert replay(window, who).attempt == 1
        else:
            with pytest.raises(Forbidden):
                replay(window, who)

    def test_nobody_elses(self, window: Window, system: Principal, hub: Hub) -> None:
        other = system_principal(hub.service(Tenants).create(f"o{window.opening.launch_id.hex[:12]}", "Other").id)
        with pytest.raises(NotFound):
            replay(window, other)

    def test_reset_takes_it_away(self, window: Window, system: Principal, hub: Hub) -> None:
        window.go()
        registration_id = window.session.registration_id
        assert registration_id is not None
        hub.service(Registrations).reset(system, registration_id)
        with pytest.raises(NotFound):
            replay(window, system)


def test_a_replay_says_what_was_not_offered_and_why(hub: Hub, tenant: TenantView, system: Principal) -> None:
    hidden = Sequencing(pre_condition_rules=(SequencingRule("hiddenFromChoice", (Condition("always"),)),))
    disabled = Sequencing(pre_condition_rules=(SequencingRule("disabled", (Condition("always"),)),))
    scos = (Sco("one"), Sco("two", sequencing=hidden), Sco("three", sequencing=disabled))
    window = Window(hub, system, enrol(hub, system, add_played_course(hub, tenant.id, "scorm_2004", *scos)).id)
    window.go()
    shown = hub.service(Replays).get(system, window.session.registration_id, 1)
    closed = {one.exception: list(one.names) for one in shown.records[0].navigation.closed}
    assert closed == {"SB.2.1-3": ["previous"], "SB.2.9-3": ["two"], "DB.1.1-3": ["three"]}
    assert all(one.reason != one.exception for one in shown.records[0].navigation.closed)
