"""What the pseudo-code says where other engines, ADL's sample run-time among them, are known to do otherwise."""

from itertools import permutations

import pytest

from hub.scorm.spec.manifest.course import ConstrainChoice, ControlMode, Objective, RollupRule
from tests.support.sequenced import Walk, cluster, condition, course, item, rule, shares

PASSED, FAILED = {"success_status": "passed"}, {"success_status": "failed"}


def test_continue_onto_what_is_disabled_does_not_end_the_session():
    """SB.2.7 4.1: the session ends as the Flow Subprocess says, which walked off no tree."""
    walk = Walk(course(item("a"), item("b", pre=[rule("disabled", "always")])))
    walk.request("start")
    assert walk.request("continue") == "SB.2.2-2"
    assert not walk.outcome.session_ended
    assert walk.request("choice", "a") == "a"


def test_continue_past_skipped_activities_at_the_end_ends_the_session():
    walk = Walk(course(item("a"), cluster("B", item("b"), pre=[rule("skip", "always")])))
    walk.request("start")
    assert walk.request("continue") is None
    assert walk.outcome.session_ended


@pytest.mark.parametrize(("passed", "is_satisfied"), [(2, None), (3, True)])
def test_a_percentage_is_not_rounded(passed, is_satisfied):
    """RB.1.4 1.2.9: 2 of 3 children are less than 0.7 of them."""
    satisfied = (condition("satisfied"),)
    enough = RollupRule("satisfied", satisfied, child_activity_set="atLeastPercent", minimum_percent=0.7)
    walk = Walk(course(*(item(name) for name in "abc"), rollup_rules=[enough]))
    walk.request("start")
    for _ in range(passed):
        walk.report(**PASSED)
        walk.request("continue")
    if walk.current is not None:
        walk.report(success_status="unknown")
        walk.request("exitAll")
    assert walk.primary("root").satisfied is is_satisfied


@pytest.mark.parametrize("conditions", list(permutations(["satisfied", "objectiveStatusKnown"])))
def test_all_of_false_and_unknown_is_false_in_any_order(conditions):
    """RB.1.4.1 3: of a child that was not attempted “satisfied” is unknown and “status known” false."""
    none = RollupRule("satisfied", tuple(map(condition, conditions)), combination="all", child_activity_set="none")
    walk = Walk(course(item("a"), item("b"), rollup_rules=[none]))
    walk.request("start")
    walk.report(**FAILED)
    walk.request("exitAll")
    assert walk.primary("root").satisfied is True


def test_a_measure_of_nothing_is_not_zero():
    """RB.1.1 a 6.2: without a child's measure the cluster has none, and satisfaction by measure stays open."""
    walk = Walk(course(cluster("A", item("a")), item("b", pre=[rule("skip", "always")])))
    walk.request("start")
    walk.report(**PASSED)
    walk.request("exit")
    assert walk.primary("A").measure is None


def test_constrain_choice_allows_all_that_hangs_below_the_neighbour():
    """SB.2.9 11.5.5: an available descendant of the activity that comes next, not its children only."""
    constrained = cluster("A", item("a1"), item("a2"), constrain_choice=ConstrainChoice(constrain_choice=True))
    neighbour = cluster("B", cluster("C", item("c1"), item("c2")), item("b"))
    walk = Walk(course(constrained, neighbour, cluster("D", item("d"))))
    walk.request("start")
    assert {"B", "C", "c1", "c2", "b"} <= walk.valid().choices
    assert not {"D", "d"} & walk.valid().choices
    assert walk.request("choice", "c2") == "c2"


def test_stop_forward_traversal_does_not_stop_the_way_back():
    """SB.2.9 11.8 and 11.9: the way down to the target is judged only where the target lies ahead."""
    stops = cluster("S", item("s"), pre=[rule("stopForwardTraversal", "always")])
    walk = Walk(course(cluster("A", item("a")), stops, cluster("Z", item("z"))))
    walk.request("start")
    assert walk.request("choice", "s") == "SB.2.4-1"
    walk.request("choice", "z")
    assert walk.request("choice", "s") == "s"


def test_prevent_activation_is_asked_of_the_target_on_the_way_back_only():
    """SB.2.9 11.8 walks to the target without it, 11.9 with it."""
    closed = ConstrainChoice(prevent_activation=True)
    walk = Walk(course(cluster("A", cluster("P", item("p"), constrain_choice=closed)), cluster("B", item("b"))))
    walk.request("choice", "b")
    assert walk.request("choice", "P") == "SB.2.9-6"
    walk = Walk(course(cluster("A", item("a")), cluster("B", cluster("P", item("p"), constrain_choice=closed))))
    walk.request("start")
    assert walk.request("choice", "P") == "p"


def test_a_cluster_may_be_chosen_from_within_though_it_may_not_be_left():
    """NB.2.1 7.1.1.2, SB.2.9 10: the common ancestor is not left, so its choiceExit is not asked."""
    stays = ControlMode(flow=True, choice_exit=False)
    walk = Walk(course(cluster("A", item("a1"), item("a2"), control=stays), item("b")))
    walk.request("start")
    walk.request("continue")
    assert walk.request("choice", "b") == "NB.2.1-8"
    assert walk.request("choice", "A") == "a1"


def test_a_jump_below_a_disabled_cluster_is_not_offered():
    """DB.1.1 4 judges every activity on the way from the root."""
    walk = Walk(course(item("a"), cluster("B", item("b"), pre=[rule("disabled", "always")])))
    walk.request("start")
    assert "b" not in walk.valid().jumps
    assert walk.request("jump", "b") == "DB.1.1-3"


def test_an_exit_rule_of_the_root_ends_the_course_whatever_was_chosen():
    """TB.2.3 3.3.5: the sequencing request that termination brings takes the place of the learner's."""
    walk = Walk(course(item("a"), item("b"), exit_=[rule("exit", "attempted")]))
    walk.request("start")
    assert walk.request("choice", "b") is None
    assert walk.outcome.session_ended


def test_what_content_reported_stands_where_the_shared_objective_knows_nothing():
    """UP.4 assumes a status only of content that set none; ADL's player overrules “failed” here."""
    writes = shares("OUT", writes=True, identifier="secondary")
    walk = Walk(course(item("a", objectives=[shares("IN", primary=True), writes]), item("b")))
    walk.request("start")
    walk.report(**FAILED)
    walk.request("continue")
    assert walk.primary("a").satisfied is False


def test_the_primary_objective_is_named_twice():
    """Where content set different values by both names, the objective's success counts, else those of cmi.*."""
    walk = Walk(course(item("a", objectives=[Objective("own", is_primary=True)]), item("b")))
    walk.request("start")
    walk.report(
        success_status="failed",
        completion_status="completed",
        score__scaled="0.5",
        objectives__0__id="own",
        objectives__0__success_status="passed",
        objectives__0__completion_status="incomplete",
        objectives__0__score__scaled="1",
    )
    found = walk.primary("a")
    assert (found.satisfied, found.completed, found.measure) == (True, True, 0.5)


def test_measures_of_an_earlier_attempt_count_until_there_are_new_ones():
    """RB.1.1 a takes measures as they are; conditions of rollup rules ask for the current attempt (SN 3.2.5)."""
    walk = Walk(course(cluster("A", item("a"), item("b")), item("c")))
    walk.request("start")
    walk.report(score__scaled="0.25", success_status="passed")
    walk.request("continue")
    walk.report(score__scaled="0.5", success_status="passed")
    assert walk.request("continue") == "c"
    assert (walk.primary("A").measure, walk.primary("A").satisfied) == (0.375, True)
    assert walk.request("choice", "A") == "a"
    walk.report(score__scaled="1", success_status="passed")
    walk.request("continue")
    assert (walk.primary("A").measure, walk.primary("A").satisfied) == (0.75, None)
