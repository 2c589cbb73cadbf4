"""Termination, exit and post-condition rules, delivery: TB.2.1 to TB.2.3, UP.3, UP.4, DB."""

import pytest

from hub.scorm.spec.manifest.course import ControlMode, DeliveryControls, Randomization
from tests.support.sequenced import Walk, cluster, course, item, rule


def started(*items, **parts):
    walk = Walk(course(*items, **parts))
    walk.request("start")
    return walk


def test_silent_content_has_been_completed_and_satisfied():
    walk = started(item("a"), item("b"))
    walk.request("continue")
    assert (walk.primary("a").completed, walk.primary("a").satisfied) == (True, True)


def test_nothing_is_assumed_of_content_that_says_so_itself():
    controls = DeliveryControls(completion_set_by_content=True, objective_set_by_content=True)
    walk = started(item("a", delivery_controls=controls), item("b"))
    walk.request("continue")
    assert (walk.primary("a").completed, walk.primary("a").satisfied) == (None, None)


def test_nothing_is_assumed_of_content_that_said_unknown():
    walk = started(item("a"), item("b"))
    walk.report(completion_status="unknown", success_status="unknown")
    walk.request("continue")
    assert (walk.primary("a").completed, walk.primary("a").satisfied) == (None, None)


def test_suspended_content_is_left_as_it_is():
    walk = started(item("a"), item("b"))
    walk.report(exit="suspend")
    walk.request("continue")
    assert walk.of("a").suspended
    assert walk.primary("a").completed is None


@pytest.mark.parametrize(
    ("action", "result"),
    [("retry", "a"), ("continue", "b"), ("previous", "SB.2.1-3"), ("exitAll", None), ("retryAll", "a")],
)
def test_post_condition_rules_take_the_place_of_the_request(action, result):
    walk = started(item("a", post=[rule(action, "not satisfied")]), item("b"), item("c"))
    walk.report(success_status="failed")
    assert walk.request("choice", "c") == result


def test_a_post_condition_that_does_not_apply_leaves_the_request():
    walk = started(item("a", post=[rule("retry", "not satisfied")]), item("b"), item("c"))
    walk.report(success_status="passed")
    assert walk.request("choice", "c") == "c"


def test_exit_parent_goes_on_behind_the_cluster():
    walk = started(cluster("A", item("a1", post=[rule("exitParent", "always")]), item("a2")), item("b"))
    assert walk.request("continue") == "b"
    assert not walk.of("A").active


def test_exit_parent_evaluates_the_parent_too():
    inner = cluster("A", item("a1", post=[rule("exitParent", "always")]), item("a2"), post=[rule("retry", "always")])
    assert started(inner, item("b")).request("continue") == "a1"


def test_exit_parent_of_the_root_is_an_exception():
    walk = started(item("a"), item("b"), exit_=[rule("exit", "always")], post=[rule("exitParent", "always")])
    assert walk.request("continue") == "TB.2.3-4"


def test_an_exit_rule_ends_the_topmost_ancestor_it_applies_to():
    walk = started(cluster("A", item("a1"), item("a2"), exit_=[rule("exit", "satisfied")]), item("b"))
    walk.report(success_status="passed")
    assert walk.request("continue") == "a2"
    assert walk.request("continue") == "b"


def test_leaving_the_root_without_a_retry_ends_the_session():
    walk = started(item("a"), item("b"), exit_=[rule("exit", "attempted")])
    assert walk.request("continue") is None
    assert walk.outcome.session_ended


def test_a_suspended_activity_has_no_post_conditions():
    walk = started(item("a", post=[rule("retry", "always")]), item("b"))
    walk.report(exit="suspend")
    assert walk.request("continue") == "b"


def test_exit_stays_in_the_course():
    walk = started(item("a"), item("b"))
    assert walk.request("exit") is None
    assert not walk.outcome.session_ended
    assert walk.current == "a"
    assert walk.request("continue") == "b"


def test_exit_all_ends_every_attempt():
    walk = started(cluster("A", item("a1")), item("b"))
    assert walk.request("exitAll") is None
    assert walk.outcome.session_ended
    assert not any(found.active for found in walk.state.activities)
    assert walk.primary("A").completed is True


@pytest.mark.parametrize(("kind", "ends"), [("abandon", False), ("abandonAll", True)])
def test_abandon_rolls_nothing_up(kind, ends):
    walk = started(cluster("A", item("a1")), item("b"))
    walk.request(kind)
    assert walk.outcome.session_ended is ends
    assert walk.primary("a1").completed is None
    assert walk.primary("A").completed is None


def test_a_new_attempt_begins_with_nothing_known():
    walk = started(item("a"), item("b"))
    walk.request("continue")
    walk.request("previous")
    assert walk.of("a").attempts == 2
    assert walk.primary("a").satisfied is None


def test_untracked_activities_count_no_attempts():
    walk = started(item("a", delivery_controls=DeliveryControls(tracked=False)), item("b"))
    walk.report(success_status="passed", exit="suspend")
    walk.request("continue")
    assert walk.of("a").attempts == 0
    assert walk.primary("a").satisfied is None
    assert walk.request("previous") == "a"
    assert walk.outcome.resumed


def test_selection_takes_some_children_in_order():
    chosen = Randomization(selection_timing="once", select_count=2)
    walk = started(*(item(name) for name in "abcde"), randomization=chosen)
    available = walk.of("root").children
    assert len(available) == 2
    assert list(available) == sorted(available)
    names = [walk.tree.activities[index].identifier for index in available]
    assert walk.current == names[0]
    assert walk.request("continue") == names[1]
    left_out = next(name for name in "abcde" if name not in names)
    assert walk.request("choice", left_out) == "SB.2.9-2"
    assert walk.request("jump", left_out) == "NB.2.1-11"


def test_randomization_on_each_new_attempt():
    shuffled = Randomization(randomization_timing="onEachNewAttempt", reorder_children=True)
    walk = started(*(item(name) for name in "abcdefgh"), randomization=shuffled)
    first = walk.of("root").children
    walk.request("exitAll")
    assert sorted(walk.of("root").children) == sorted(first)
    assert walk.of("root").children != first


def test_timing_never_leaves_the_children_alone():
    never = Randomization(select_count=1, reorder_children=True)
    assert started(item("a"), item("b"), randomization=never).of("root").children is None


def test_choice_after_the_current_activity_fell_out_of_a_new_selection():
    again = Randomization(selection_timing="onEachNewAttempt", select_count=1)
    inner = cluster("A", item("a1"), item("a2"), item("a3"), randomization=again, control=ControlMode(flow=True))
    walk = Walk(course(inner, item("b")), seed=5)
    walk.request("start")
    for _ in range(6):
        walk.request("choice", "b")
        assert walk.current == "b"
        assert walk.request("previous") in ("a1", "a2", "a3")
