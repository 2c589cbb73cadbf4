"""Rollup and shared objectives: RB.1.1 to RB.1.5, SN 3.10."""

import pytest

from hub.scorm.spec.manifest.course import (
    CompletionThreshold,
    ControlMode,
    DeliveryControls,
    Objective,
    ObjectiveMap,
    RollupConsiderations,
    RollupRule,
)
from tests.support.sequenced import Walk, cluster, condition, course, item, rule, shares


def played(organization, *reports):
    """The course after its activities, in order, have reported and left."""
    walk = Walk(organization)
    walk.request("start")
    for number, values in enumerate(reports):
        walk.report(**values)
        if number + 1 < len(reports):
            walk.request("continue")
    walk.request("exitAll")
    return walk


PASSED, FAILED, UNKNOWN = {"success_status": "passed"}, {"success_status": "failed"}, {"success_status": "unknown"}


@pytest.mark.parametrize(
    ("reports", "satisfied"),
    [
        ([PASSED, PASSED], True),
        ([PASSED, FAILED], False),
        ([FAILED, FAILED], False),
        ([PASSED, UNKNOWN], None),
        ([FAILED], None),
    ],
)
def test_default_objective_rollup(reports, satisfied):
    assert played(course(item("a"), item("b")), *reports).primary("root").satisfied is satisfied


@pytest.mark.parametrize(
    ("reports", "completed"),
    [
        ([{"completion_status": "completed"}] * 2, True),
        ([{"completion_status": "completed"}, {"completion_status": "incomplete"}], False),
        ([{"completion_status": "completed"}, {"completion_status": "not attempted"}], False),
        ([{"completion_status": "completed"}, {"completion_status": "unknown"}], None),
    ],
)
def test_default_progress_rollup(reports, completed):
    assert played(course(item("a"), item("b")), *reports).primary("root").completed is completed


@pytest.mark.parametrize(
    ("children", "passed", "applies"),
    [
        ({"child_activity_set": "all"}, 3, True),
        ({"child_activity_set": "all"}, 2, False),
        ({"child_activity_set": "any"}, 1, True),
        ({"child_activity_set": "any"}, 0, False),
        ({"child_activity_set": "none"}, 0, True),
        ({"child_activity_set": "none"}, 1, False),
        ({"child_activity_set": "atLeastCount", "minimum_count": 2}, 2, True),
        ({"child_activity_set": "atLeastCount", "minimum_count": 2}, 1, False),
        ({"child_activity_set": "atLeastPercent", "minimum_percent": 0.6}, 2, True),
        ({"child_activity_set": "atLeastPercent", "minimum_percent": 0.7}, 2, False),
    ],
)
def test_rollup_rules_count_children(children, passed, applies):
    rules = [RollupRule("satisfied", (condition("satisfied"),), **children)]
    reports = [PASSED] * passed + [FAILED] * (3 - passed)
    walk = played(course(*(item(name) for name in "abc"), rollup_rules=rules), *reports)
    assert walk.primary("root").satisfied is (True if applies else None)


def test_a_satisfied_rule_wins_over_a_not_satisfied_rule():
    rules = [
        RollupRule("satisfied", (condition("satisfied"),), child_activity_set="any"),
        RollupRule("notSatisfied", (condition("not satisfied"),), child_activity_set="any"),
    ]
    walk = played(course(item("a"), item("b"), rollup_rules=rules), PASSED, FAILED)
    assert walk.primary("root").satisfied is True


@pytest.mark.parametrize(("report", "satisfied"), [(PASSED, None), (FAILED, False), (UNKNOWN, None)])
def test_what_is_unknown_is_neither_so_nor_not_so(report, satisfied):
    """RB.1.4.1: “not” leaves unknown what is unknown."""
    rules = [RollupRule("notSatisfied", (condition("not satisfied"),), child_activity_set="any")]
    assert played(course(item("a"), rollup_rules=rules), report).primary("root").satisfied is satisfied


def test_a_rule_for_one_action_switches_the_default_of_its_opposite_off():
    rules = [RollupRule("satisfied", (condition("satisfied"),), child_activity_set="all")]
    walk = played(course(item("a"), item("b"), rollup_rules=rules), FAILED, FAILED)
    assert walk.primary("root").satisfied is None


@pytest.mark.parametrize(("measures", "result"), [((0.5, 1.0), 0.75), ((0.5, None), 0.25), ((None, None), None)])
def test_measure_rollup_counts_unknown_measures_as_zero(measures, result):
    reports = [{} if measure is None else {"score__scaled": str(measure)} for measure in measures]
    assert played(course(item("a"), item("b")), *reports).primary("root").measure == result


def test_measure_rollup_weighs():
    walk = played(
        course(item("a", objective_measure_weight=0.5), item("b", objective_measure_weight=0.25)),
        {"score__scaled": "1"},
        {"score__scaled": "0.1"},
    )
    assert walk.primary("root").measure == pytest.approx((0.5 + 0.025) / 0.75)


@pytest.mark.parametrize(("scaled", "satisfied"), [("0.8", True), ("0.79", False)])
def test_satisfied_by_measure(scaled, satisfied):
    by_measure = Objective("own", is_primary=True, satisfied_by_measure=True, min_normalized_measure=0.8)
    walk = played(course(item("a"), item("b"), objectives=[by_measure]), *[{"score__scaled": scaled}] * 2)
    assert walk.primary("root").satisfied is satisfied


@pytest.mark.parametrize(("progress", "completed"), [("0.5", True), ("0.4", False)])
def test_completed_by_measure(progress, completed):
    threshold = CompletionThreshold(completed_by_measure=True, min_progress_measure=0.5)
    reports = [{"progress_measure": progress, "completion_status": "unknown"}] * 2
    walk = played(course(cluster("A", item("a"), item("b"), threshold=threshold)), *reports)
    assert walk.primary("A").progress == float(progress)
    assert walk.primary("A").completed is completed


def test_what_is_not_tracked_does_not_count():
    untracked = DeliveryControls(tracked=False)
    walk = played(course(item("a"), item("b", delivery_controls=untracked)), PASSED, FAILED)
    assert walk.primary("root").satisfied is True


def test_what_is_not_rolled_up_does_not_count():
    walk = played(course(item("a"), item("b", rollup_objective_satisfied=False)), PASSED, FAILED)
    assert walk.primary("root").satisfied is True


@pytest.mark.parametrize(("required", "satisfied"), [("always", None), ("ifAttempted", True)])
def test_required_if_attempted(required, satisfied):
    optional = RollupConsiderations(required_for_satisfied=required, required_for_not_satisfied=required)
    walk = played(course(item("a"), item("b", rollup_considerations=optional)), PASSED)
    assert walk.primary("root").satisfied is satisfied


@pytest.mark.parametrize(("required", "satisfied"), [("always", None), ("ifNotSkipped", True)])
def test_required_if_not_skipped(required, satisfied):
    optional = RollupConsiderations(required_for_satisfied=required, required_for_not_satisfied=required)
    skipped = item("b", pre=[rule("skip", "always")], rollup_considerations=optional)
    assert played(course(item("a"), skipped), PASSED).primary("root").satisfied is satisfied


@pytest.mark.parametrize(("required", "satisfied"), [("always", None), ("ifNotSuspended", True)])
def test_required_if_not_suspended(required, satisfied):
    optional = RollupConsiderations(required_for_satisfied=required, required_for_not_satisfied=required)
    walk = played(course(item("a"), item("b", rollup_considerations=optional)), PASSED, {"exit": "suspend"})
    assert walk.primary("root").satisfied is satisfied


def test_a_rule_over_all_of_nothing_holds():
    untracked = DeliveryControls(tracked=False)
    rules = [RollupRule("completed", (condition("completed"),), child_activity_set="any")]
    walk = played(
        course(
            cluster("A", item("a", delivery_controls=untracked)),
            cluster("B", item("b", delivery_controls=untracked), rollup_rules=rules),
        ),
        {},
        {},
    )
    assert (walk.primary("A").completed, walk.primary("A").satisfied) == (True, True)
    assert walk.primary("B").completed is None


@pytest.mark.parametrize("uses_current", [True, False])
def test_use_current_attempt_objective_information(uses_current):
    """What a child knew belongs to an earlier attempt on its parent, and then counts only if that is allowed."""
    control = ControlMode(flow=True, use_current_attempt_objective_info=uses_current)
    rules = [RollupRule("satisfied", (condition("satisfied"),), child_activity_set="any")]
    walk = played(course(cluster("A", item("a"), item("b"), control=control, rollup_rules=rules)), PASSED, FAILED)
    assert walk.primary("A").satisfied is True
    walk.request("choice", "b")
    walk.report(**FAILED)
    walk.request("exitAll")
    assert walk.primary("A").satisfied is (None if uses_current else True)


def test_a_shared_objective_is_read_whatever_the_own_value():
    reader = item("b", objectives=[shares("G", primary=True)], pre=[rule("skip", "satisfied")])
    walk = Walk(course(item("a", objectives=[shares("G", primary=True, writes=True)]), reader, item("c")))
    walk.request("start")
    walk.report(**FAILED)
    assert walk.request("continue") == "b"
    walk.report(**PASSED)
    walk.request("previous")
    walk.report(**FAILED)
    assert walk.request("continue") == "b"
    walk.request("previous")
    walk.report(**PASSED)
    assert walk.request("continue") == "c"


def test_unknown_says_nothing_to_a_shared_objective_unless_content_said_it():
    walk = Walk(course(item("a", objectives=[shares("G", primary=True, writes=True)]), item("b")))
    walk.request("start")
    walk.report(**PASSED)
    walk.request("continue")
    walk.request("previous")
    assert walk.state.objectives["G"].satisfied is True
    walk.report(**UNKNOWN)
    assert walk.state.objectives["G"].satisfied is None


def test_rollup_reaches_the_clusters_that_read_what_was_written():
    writer = item("w", objectives=[shares("G", primary=True, writes=True)])
    reader = cluster("R", item("r", objectives=[shares("G", primary=True)]))
    walk = Walk(course(writer, reader))
    walk.request("start")
    walk.report(**PASSED)
    walk.request("exit")
    assert walk.primary("R").satisfied is True


def test_scores_and_progress_travel_by_the_extended_maps():
    writes = ObjectiveMap(
        "G", write_raw_score=True, write_min_score=True, write_max_score=True, write_progress_measure=True
    )
    objective = Objective("own", is_primary=True, maps=(writes,))
    walk = played(course(item("a", objectives=[objective])), {"score__raw": "7", "score__max": "9"})
    assert (walk.state.objectives["G"].raw, walk.state.objectives["G"].maximum) == (7.0, 9.0)
    assert walk.state.objectives["G"].minimum is None


def test_objectives_that_read_alike_are_the_same():
    writer = item("a", objectives=[shares(" my%20goal", primary=True, writes=True)])
    reader = item("b", objectives=[shares("my%20%20goal ", primary=True)], pre=[rule("skip", "satisfied")])
    walk = Walk(course(writer, reader, item("c")))
    walk.request("start")
    walk.report(**PASSED)
    assert walk.request("continue") == "c"


def test_what_rollup_no_longer_knows_does_not_erase_what_a_child_shared():
    shared = shares("G", primary=True, writes=True)
    walk = Walk(course(cluster("A", item("a"), item("b"), objectives=[shared]), item("c")))
    walk.request("start")
    walk.report(score__scaled="0.5")
    walk.request("continue")
    assert walk.state.objectives["G"].measure == 0.25
    walk.request("choice", "c")
    walk.request("choice", "a")
    walk.request("exit")
    assert walk.primary("A").measure is None
    assert walk.state.objectives["G"].measure == 0.25
