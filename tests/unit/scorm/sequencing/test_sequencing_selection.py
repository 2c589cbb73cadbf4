"""Selection and randomization of children: SR.1, SR.2 and the controls of SN 3.11 and 3.12."""

import json
import random
from itertools import combinations, permutations

import pytest

from hub.scorm.spec.manifest.course import ControlMode, ObjectiveMap, Randomization
from hub.scorm.spec.manifest.course import Objective as LocalObjective
from hub.scorm.spec.sequencing import state
from tests.support.sequenced import FLOW, Walk, cluster, course, item, rule

NAMES = "abcdef"
PASSED = {"success_status": "passed", "completion_status": "completed"}


def selects(count, timing="once"):
    return Randomization(selection_timing=timing, select_count=count)


def shuffles(timing="once"):
    return Randomization(randomization_timing=timing, reorder_children=True)


def started(randomization, names=NAMES, seed=1, **parts):
    walk = Walk(course(*(item(name) for name in names), randomization=randomization, **parts), seed)
    walk.request("start")
    return walk


def available(walk, name="root"):
    """The names of the Available Children of an activity, in order."""
    children = walk.of(name).children
    indices = walk.tree.activities[walk.tree.index[name]].children if children is None else children
    return "".join(walk.tree.activities[index].identifier for index in indices)


def delivered_by_flow(walk):
    """What Continue delivers, one after the other, until the course ends."""
    names = walk.current
    while walk.request("continue") is not None:
        names += walk.current
    return names


def again(walk):
    """The learner ends the attempt on the course and begins another."""
    walk.request("exitAll")
    walk.request("start")
    return available(walk)


def leave_and_return(walk):
    """The learner suspends; the state is stored and read as JSON; the learner resumes."""
    walk.request("suspendAll")
    walk.state = state.from_data(walk.tree, json.loads(json.dumps(state.as_data(walk.tree, walk.state))))
    walk.request("resumeAll")
    return available(walk)


def test_every_subset_can_be_selected_and_keeps_the_order_of_the_manifest():
    found = {available(started(selects(2), "abcd", seed)) for seed in range(200)}
    assert found == {"".join(pair) for pair in combinations("abcd", 2)}


def test_every_order_can_come_up():
    found = {available(started(shuffles(), "abc", seed)) for seed in range(200)}
    assert found == {"".join(order) for order in permutations("abc")}


def test_selected_children_can_be_put_into_any_order():
    both = Randomization("once", 2, reorder_children=True, selection_timing="once")
    found = {available(started(both, "abc", seed)) for seed in range(200)}
    assert found == {"".join(order) for order in permutations("abc", 2)}


@pytest.mark.parametrize("randomization", [selects(3), shuffles(), selects(3, "onEachNewAttempt")])
def test_flow_goes_through_the_available_children_in_their_order(randomization):
    walk = started(randomization, seed=8)
    order = available(walk)
    assert delivered_by_flow(walk) == order


@pytest.mark.parametrize("count", [None, 0, 6, 7])
def test_without_a_count_below_the_number_of_children_all_are_available(count):
    """A count of 0 is the default of the definition model: nothing is asked for."""
    assert available(started(selects(count))) == NAMES


@pytest.mark.parametrize(
    "randomization",
    [
        Randomization(select_count=2, reorder_children=True),
        Randomization("never", 2, reorder_children=True, selection_timing="never"),
        Randomization("once", reorder_children=False, selection_timing="once"),
    ],
)
def test_timing_never_and_no_order_asked_for_leave_the_children_alone(randomization):
    walk = started(randomization)
    assert {available(walk), again(walk)} == {NAMES}


@pytest.mark.parametrize("make", [lambda timing: selects(3, timing), shuffles])
def test_once_is_once_for_all_attempts_and_on_each_new_attempt_is_not(make):
    once, each = started(make("once")), started(make("onEachNewAttempt"))
    assert {again(once) for _ in range(10)} == {available(once)}
    assert len({again(each) for _ in range(10)}) > 5


@pytest.mark.parametrize("make", [lambda timing: selects(3, timing), shuffles])
@pytest.mark.parametrize("timing", ["once", "onEachNewAttempt"])
def test_a_suspended_attempt_goes_on_with_the_children_it_had(make, timing):
    walk = started(make(timing), seed=3)
    before, current = available(walk), walk.request("continue")
    assert {leave_and_return(walk) for _ in range(5)} == {before}
    assert walk.current == current


def test_a_cluster_is_prepared_anew_for_each_attempt_on_it_and_not_on_the_course():
    inner = cluster("C", *(item(name) for name in NAMES), randomization=shuffles("onEachNewAttempt"))
    walk = Walk(course(inner, item("z")))
    walk.request("start")
    orders = set()
    for _ in range(8):
        orders.add(available(walk, "C"))
        assert walk.current == available(walk, "C")[0]
        walk.request("choice", "z")
        walk.request("choice", "C")
    assert len(orders) > 4
    assert walk.of("root").attempts == 1


def test_retry_of_a_cluster_is_a_new_attempt():
    children = [item(name, post=[rule("exitParent", "always")]) for name in NAMES]
    again_and_again = [rule("retry", "attempted")]
    inner = cluster("C", *children, randomization=shuffles("onEachNewAttempt"), post=again_and_again)
    walk = Walk(course(inner, item("z")))
    walk.request("start")
    first = available(walk, "C")
    assert walk.request("continue") == available(walk, "C")[0]
    assert walk.of("C").attempts == 2
    assert available(walk, "C") != first


def test_what_is_not_selected_is_neither_shown_nor_chosen_nor_jumped_to():
    walk = started(selects(2), seed=4)
    left_out = next(name for name in NAMES if name not in available(walk))
    valid = walk.valid()
    assert [entry.identifier for entry in valid.outline] == ["root", *available(walk)]
    assert left_out not in valid.choices | valid.jumps
    assert walk.request("choice", left_out) == "SB.2.9-2"
    assert walk.request("jump", left_out) == "NB.2.1-11"


def test_what_hangs_below_an_activity_that_is_not_selected_is_out_of_reach_too():
    walk = Walk(course(cluster("A", item("a")), cluster("B", item("b")), randomization=selects(1)), seed=2)
    walk.request("start")
    other = "b" if walk.current == "a" else "a"
    assert other not in {entry.identifier for entry in walk.valid().outline}
    assert walk.request("choice", other) == "SB.2.9-2"
    assert walk.request("jump", other) == "NB.2.1-11"


def test_the_outline_shows_children_in_their_random_order():
    walk = started(shuffles(), seed=5)
    assert [entry.identifier for entry in walk.valid().outline[1:]] == list(available(walk))


def test_only_available_children_count_in_rollup():
    walk = started(selects(2), seed=6)
    for _ in range(2):
        walk.report(score__scaled="0.8", **PASSED)
        walk.request("continue")
    root = walk.primary("root")
    assert (root.satisfied, root.completed, root.measure) == (True, True, 0.8)


def test_without_selection_the_same_reports_leave_the_course_open():
    """The other side of the test above: four of six children were never attempted."""
    walk = started(selects(None))
    for _ in range(2):
        walk.report(score__scaled="0.8", **PASSED)
        walk.request("continue")
    walk.request("exitAll")
    assert (walk.primary("root").satisfied, walk.primary("root").completed) == (None, None)


def test_a_shared_objective_rolls_up_where_its_reader_is_available():
    writes = LocalObjective("w", is_primary=True, maps=(ObjectiveMap("G", write_satisfied_status=True),))
    reads = LocalObjective("r", is_primary=True, maps=(ObjectiveMap("G"),))
    inner = cluster("C", item("r", objectives=[reads]), item("s"), randomization=selects(1))
    for seed in range(6):
        walk = Walk(course(item("w", objectives=[writes]), inner), seed)
        walk.request("start")
        walk.report(success_status="passed")
        walk.request("exit")
        assert walk.primary("C").satisfied is (True if available(walk, "C") == "r" else None)


def test_choice_walks_along_the_random_order():
    """stopForwardTraversal keeps learners from what comes after it in the order of this attempt (SB.2.9 8)."""
    children = [item(name) for name in "abcd"] + [item("x", pre=[rule("stopForwardTraversal", "always")])]
    for seed in range(20):
        walk = Walk(course(*children, randomization=shuffles()), seed)
        walk.request("start")
        order = available(walk)
        beyond = order[order.index("x") + 1 :]
        assert walk.valid().choices & set("abcdx") == set(order) - set(beyond)
        assert all(walk.request("choice", name) == "SB.2.4-1" for name in beyond[:1])


def test_a_forward_only_cluster_is_entered_at_the_first_of_its_random_order():
    inner = cluster(
        "C",
        *(item(name) for name in NAMES),
        randomization=shuffles(),
        control=ControlMode(flow=True, forward_only=True),
    )
    walk = Walk(course(inner, item("z")), seed=7)
    walk.request("choice", "z")
    assert walk.request("previous") == available(walk, "C")[0]


def test_the_last_in_the_random_order_ends_the_course():
    walk = started(shuffles(), seed=9)
    walk.request("choice", available(walk)[-1])
    assert walk.request("continue") is None
    assert walk.outcome.session_ended


def test_chance_is_the_only_thing_that_differs():
    """The same source of chance gives the same course; the engine has none of its own."""
    one, other = (started(shuffles("onEachNewAttempt"), seed=11) for _ in range(2))
    assert [again(one) for _ in range(3)] == [again(other) for _ in range(3)]
    assert isinstance(one.rng, random.Random)
    assert one.tree.activities[0].control == FLOW
