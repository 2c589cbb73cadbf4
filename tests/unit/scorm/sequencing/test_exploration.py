"""Trying courses out: what is reached, what never is, and where learners get stuck."""

from hub.scorm.spec.manifest.course import Condition, ControlMode, Organization, RollupRule, SequencingRule
from hub.scorm.spec.sequencing.exploration import Exploration, explore
from hub.scorm.spec.sequencing.tree import of_organization
from tests.support.sequenced import FLOW, cluster, item, rule, sequencing, shares

ORDER = ControlMode(choice=False, flow=True)
CHOICE = ControlMode(choice=True, flow=False)


def tried(*items, wanted=(), **parts) -> Exploration:
    """The exploration of a course of these items, flowing unless told otherwise."""
    parts = {"control_mode": FLOW} | parts
    found = explore(of_organization(Organization("root", "root", items, sequencing=sequencing(**parts))), wanted)
    assert found is not None
    return found


def test_a_course_that_flows_is_reached_as_a_whole():
    found = tried(item("a"), cluster("b", item("b1"), item("b2")))
    assert found.delivered == {"a", "b1", "b2"}
    assert found.is_complete
    assert "root" in found.completed
    assert not found.dead_ends


def test_without_flow_it_is_chosen_from():
    assert tried(item("a"), item("b"), control_mode=CHOICE).delivered == {"a", "b"}


def test_what_neither_flows_nor_lets_choose_is_never_begun():
    closed = ControlMode(choice=False, flow=False)
    assert tried(item("a"), item("b"), control_mode=closed).delivered == set()


def test_what_a_rule_always_skips_is_never_delivered_and_the_rest_is():
    never = item("never", pre=[rule("skip", "always")])
    found = tried(item("a"), never, item("b"), control_mode=ORDER)
    assert (found.delivered, found.is_complete) == ({"a", "b"}, True)


def test_what_opens_only_for_those_who_fail_is_found():
    reads = shares("passed", identifier="reads")
    test = item("test", objectives=[shares("passed", primary=True, writes=True)])
    help_ = item("help", objectives=[reads], pre=[rule("skip", "not objectiveStatusKnown", objective="reads")])
    found = tried(test, help_, control_mode=ORDER)
    assert found.delivered == {"test", "help"}


def test_a_measure_between_two_thresholds_is_tried():
    reads = shares("score", identifier="reads")
    low = Condition("objectiveMeasureLessThan", referenced_objective="reads", measure_threshold=0.4)
    high = Condition("objectiveMeasureGreaterThan", referenced_objective="reads", measure_threshold=0.6)
    unknown = Condition("objectiveMeasureKnown", "not", "reads")
    only_between = SequencingRule("skip", (unknown, low, high), "any")
    test = item("test", objectives=[shares("score", primary=True, writes=True)])
    found = tried(test, item("help", objectives=[reads], pre=[only_between]), control_mode=ORDER)
    assert found.delivered == {"test", "help"}


def test_an_attempt_that_may_not_be_repeated_is_a_dead_end():
    completed_when_satisfied = RollupRule("completed", (Condition("satisfied"),), child_activity_set="all")
    found = tried(
        item("exam", attempts=1),
        item("after", pre=[rule("disabled", "always")]),
        control_mode=ORDER,
        rollup_rules=[completed_when_satisfied],
        rollup_objective_satisfied=False,
    )
    assert found.delivered == {"exam"}
    assert list(found.dead_ends) == ["exam"]


def test_a_cluster_that_nobody_can_satisfy_is_not_among_the_satisfied():
    impossible = RollupRule("satisfied", (Condition("attempted", "not"), Condition("attempted")), combination="all")
    found = tried(item("a"), item("b"), wanted=["root"], rollup_rules=[impossible])
    assert found.is_complete
    assert "root" not in found.satisfied


def test_time_is_not_tried_out():
    timed = item("a", pre=[rule("skip", "timeLimitExceeded")])
    assert explore(of_organization(Organization("root", "root", (timed,)))) is None


def test_a_course_too_large_is_left_alone():
    items = tuple(item(f"i{number}") for number in range(600))
    assert explore(of_organization(Organization("root", "root", items))) is None


def test_the_budget_ends_it():
    items = tuple(item(f"i{number}") for number in range(20))
    tree = of_organization(Organization("root", "root", items, sequencing=sequencing(control_mode=FLOW)))
    found = explore(tree, wanted=["no-such"], budget=500)
    assert found is not None
    assert not found.is_complete
