"""What is valid now, and how the state is stored."""

import orjson
import pytest

from hub.errors import Conflict
from hub.scorm.spec.manifest.course import ConstrainChoice, ControlMode
from hub.scorm.spec.sequencing import state
from hub.scorm.spec.sequencing.report import of_values, request_of, seen_by_content
from hub.scorm.spec.sequencing.results import Request
from tests.support.sequenced import NOW, Walk, cluster, course, item, rule, shares


def started(*items, **parts):
    walk = Walk(course(*items, **parts))
    walk.request("start")
    return walk


def test_before_the_session_begins():
    valid = Walk(course(item("a"), item("b"))).valid()
    assert (valid.start, valid.resume_all, valid.continue_, valid.exit_all) == (True, False, False, False)
    assert valid.choices == {"root", "a", "b"}
    assert valid.jumps == frozenset()
    assert not any((valid.exit_, valid.abandon, valid.suspend_all, valid.abandon_all))


def test_in_the_session():
    valid = started(item("a"), item("b")).valid()
    assert (valid.start, valid.continue_, valid.previous, valid.suspend_all) == (False, True, False, True)
    assert valid.jumps == {"a", "b"}
    assert all((valid.exit_, valid.abandon, valid.exit_all, valid.abandon_all))


def test_between_two_activities():
    """What ran has ended, the session has not: there is nothing to exit but the course."""
    walk = started(item("a"), item("b"))
    walk.request("exit")
    valid = walk.valid()
    assert (valid.exit_, valid.abandon) == (False, False)
    assert (valid.exit_all, valid.suspend_all, valid.abandon_all) == (True, True, True)


def test_a_cluster_that_choice_may_not_exit_is_not_offered_within():
    """SN 3.2.2: its descendants alone can be chosen. What content asks for all the same is decided by SB.2.9 10."""
    stays = ControlMode(flow=True, choice_exit=False)
    walk = started(cluster("A", item("a1"), item("a2"), control=stays), item("b"))
    assert walk.valid().choices == {"a1", "a2"}
    assert walk.valid().refusals["NB.2.1-8"] == ("root", "A", "b")
    assert walk.request("choice", "A") == "a1"


def test_constrained_choice_offers_ancestors_that_lead_to_its_neighbours():
    """SN 3.3.2: from the root a flow leads to `a`, which lies beside B, but not beside D."""
    constrains = ConstrainChoice(constrain_choice=True)
    items = (cluster(name, item(name.lower()), constrain_choice=constrains) for name in "BCD")
    walk = started(item("a"), *items)
    assert (walk.request("choice", "b"), "root" in walk.valid().choices) == ("b", True)
    assert (walk.request("choice", "c"), "root" in walk.valid().choices) == ("c", False)
    assert "root" in walk.valid().refusals["SB.2.9-8"]
    assert "C" in walk.valid().choices


def test_without_flow_there_is_no_continue():
    walk = Walk(course(item("a"), item("b"), control=ControlMode()))
    walk.request("choice", "a")
    valid = walk.valid()
    assert (valid.continue_, valid.previous) == (False, False)
    assert valid.choices == {"a", "b"}


def test_the_outline_hides_what_is_hidden_and_marks_where_the_learner_is():
    hidden = cluster("H", item("h"), pre=[rule("hiddenFromChoice", "always")])
    outline = started(item("a"), hidden, item("b", is_visible=False)).valid().outline
    shown = [(entry.identifier, entry.is_visible, entry.is_selectable, entry.is_current) for entry in outline]
    assert shown == [
        ("root", True, True, False),
        ("a", True, True, True),
        ("H", False, False, False),
        ("h", False, False, False),
        ("b", False, True, False),
    ]


def test_there_is_no_outline_with_nothing_else_to_choose():
    assert not started(item("a"), control=ControlMode()).valid().has_outline
    stay = ControlMode(choice_exit=False)
    assert not started(item("a", control_mode=stay), item("b")).valid().has_outline
    assert started(item("a"), item("b")).valid().has_outline


def test_validity_is_judged_without_changing_anything():
    walk = started(item("a"), item("b"))
    before = walk.state
    walk.valid()
    assert walk.state == before


def test_the_state_survives_storage():
    walk = started(cluster("A", item("a1", objectives=[shares("G", primary=True, writes=True)]), item("a2")), item("b"))
    walk.report(success_status="passed", score__scaled="0.5", exit="suspend")
    walk.request("continue")
    stored = orjson.loads(orjson.dumps(state.as_data(walk.tree, walk.state)))
    assert state.from_data(walk.tree, stored) == walk.state
    assert set(stored["activities"]) == {"root", "A", "a1", "a2"}


def test_a_state_of_another_version_is_refused():
    walk = Walk(course(item("a")))
    stored = state.as_data(walk.tree, walk.state)
    assert state.from_data(walk.tree, stored) == walk.state
    with pytest.raises(Conflict) as refusal:
        state.from_data(walk.tree, {**stored, "version": 99})
    assert refusal.value.code == "sequencing_state_version"


@pytest.mark.parametrize(
    ("values", "request_"),
    [
        ({"adl.nav.request": "continue"}, Request("continue")),
        ({"adl.nav.request": "{target=a b}choice"}, Request("choice", "a b")),
        ({"adl.nav.request": "{target=x}jump"}, Request("jump", "x")),
        ({"adl.nav.request": "_none_"}, None),
        ({}, None),
        ({"cmi.exit": "time-out", "adl.nav.request": "continue"}, Request("exitAll")),
        ({"cmi.exit": "logout"}, Request("exitAll")),
        ({"cmi.exit": "suspend", "adl.nav.request": "suspendAll"}, Request("suspendAll")),
    ],
)
def test_the_request_that_content_leaves_behind(values, request_):
    assert request_of(values) == request_


def test_the_report_of_values():
    found = of_values(
        {
            "cmi.score.scaled": "0.5",
            "cmi.exit": "suspend",
            "cmi.session_time": "PT1M30S",
            "cmi.objectives.0.success_status": "passed",
            "cmi.objectives.1.id": "new",
            "cmi.objectives.1.progress_measure": "0.25",
        },
        {0: "first"},
    )
    assert (found.status.scaled, found.suspended, found.seconds) == (0.5, True, 90.0)
    assert found.objectives["first"].success == "passed"
    assert found.objectives["new"].progress == 0.25


def test_content_sees_shared_objectives_through_its_maps():
    walk = started(
        item("a", objectives=[shares("G", primary=True, writes=True)]),
        item("b", objectives=[shares("G", primary=True, identifier="mine")]),
    )
    walk.report(success_status="failed", score__scaled="-0.5")
    walk.request("continue")
    seen = seen_by_content(walk.tree, walk.state, "b", NOW)
    assert list(seen) == ["mine"]
    assert (seen["mine"].satisfied, seen["mine"].measure) == (False, -0.5)
