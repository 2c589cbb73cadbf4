"""Flow, navigation requests and sequencing requests: NB.2.1, SB.2.1 to SB.2.13."""

import pytest

from hub.scorm.spec.manifest.course import ConstrainChoice, ControlMode
from tests.support.sequenced import FLOW, Walk, cluster, course, item, rule, shares


def started(*items, **parts):
    walk = Walk(course(*items, **parts))
    walk.request("start")
    return walk


def test_start_flows_to_the_first_leaf():
    assert Walk(course(cluster("A", item("a1")), item("b"))).request("start") == "a1"


def test_start_without_flow_lets_the_learner_choose():
    walk = Walk(course(item("a"), item("b"), control=ControlMode()))
    assert walk.request("start") == "SB.2.2-1"
    assert walk.request("choice", "b") == "b"


def test_a_course_of_one_activity_starts_with_it_even_without_flow():
    assert Walk(course(item("a"), control=ControlMode())).request("start") == "a"


def test_continue_and_previous_walk_over_clusters():
    walk = started(cluster("A", item("a1"), item("a2")), item("b"))
    assert [walk.request("continue") for _ in range(2)] == ["a2", "b"]
    assert [walk.request("previous") for _ in range(2)] == ["a2", "a1"]
    assert walk.request("previous") == "SB.2.1-3"


def test_continue_after_the_last_activity_ends_the_session():
    walk = started(item("a"), item("b"))
    walk.request("continue")
    assert walk.request("continue") is None
    assert walk.outcome.session_ended
    assert walk.current is None


@pytest.mark.parametrize(
    ("request_", "exception"),
    [
        (("start",), "NB.2.1-1"),
        (("resumeAll",), "NB.2.1-1"),
        (("forward",), "NB.2.1-7"),
        (("fly",), "NB.2.1-13"),
        (("choice", "nowhere"), "NB.2.1-11"),
        (("choice", None), "NB.2.1-11"),
        (("jump", "nowhere"), "NB.2.1-11"),
    ],
)
def test_a_request_that_is_not_valid_changes_nothing(request_, exception):
    walk = started(item("a"), item("b"))
    before = walk.state
    assert walk.request(*request_) == exception
    assert walk.state == before


@pytest.mark.parametrize("kind", ["continue", "previous", "exit", "exitAll", "suspendAll", "abandon", "abandonAll"])
def test_before_the_session_begins_there_is_nothing_to_leave(kind):
    assert Walk(course(item("a"), item("b"))).request(kind) == "NB.2.1-2"


def test_forward_only_refuses_previous():
    walk = started(item("a"), item("b"), control=ControlMode(flow=True, forward_only=True))
    assert walk.request("continue") == "b"
    assert walk.request("previous") == "NB.2.1-5"


def test_a_forward_only_cluster_is_entered_at_its_beginning_from_behind():
    forward_only = cluster("A", item("a1"), item("a2"), control=ControlMode(flow=True, forward_only=True))
    walk = Walk(course(forward_only, item("b")))
    walk.request("choice", "b")
    assert walk.request("previous") == "a1"


def test_skipped_children_of_a_forward_only_cluster_lead_on_backward():
    skip = rule("skip", "always")
    forward_only = ControlMode(flow=True, forward_only=True)
    walk = Walk(course(item("a"), cluster("B", item("b1", pre=[skip]), control=forward_only), item("c")))
    walk.request("choice", "c")
    assert walk.request("previous") == "a"


def test_skip_and_disabled_are_told_apart():
    skipping = started(item("a"), item("b", pre=[rule("skip", "always")]), item("c"))
    disabled = started(item("a"), item("b", pre=[rule("disabled", "always")]), item("c"))
    assert skipping.request("continue") == "c"
    assert disabled.request("continue") == "SB.2.2-2"


def test_a_refused_flow_leaves_the_learner_between_activities():
    walk = started(item("a"), item("b", pre=[rule("disabled", "always")]))
    walk.request("continue")
    assert walk.current == "a"
    assert not walk.of("a").active
    assert walk.request("exit") == "NB.2.1-12"


def test_attempt_limit_keeps_a_new_attempt_from_beginning_but_not_a_suspended_one_from_going_on():
    walk = started(item("a", attempts=1), item("b"))
    walk.report(exit="suspend")
    assert walk.request("continue") == "b"
    assert walk.request("previous") == "a"
    assert walk.outcome.resumed
    walk.report()
    walk.request("continue")
    assert walk.request("previous") == "SB.2.2-2"


@pytest.mark.parametrize("kind", ["start", "choice"])
def test_objectives_of_the_course_are_forgotten_with_a_new_attempt(kind):
    read = item("b", pre=[rule("skip", "satisfied", objective="shared")], objectives=[shares("G")])
    for is_global in (True, False):
        walk = Walk(
            course(
                item("a", objectives=[shares("G", primary=True, writes=True)]),
                read,
                item("c"),
                objectives_global_to_system=is_global,
            )
        )
        walk.request("start")
        walk.report(success_status="passed")
        assert walk.request("continue") == "c"
        walk.request("exitAll")
        walk.request(kind, "a" if kind == "choice" else None)
        assert ("G" in walk.state.objectives) is is_global


def test_objectives_of_the_course_are_kept_within_an_attempt():
    first = item("a", objectives=[shares("G", primary=True, writes=True)])
    walk = started(first, item("b", objectives=[shares("G")]), objectives_global_to_system=False)
    walk.report(success_status="passed")
    assert walk.request("choice", "b") == "b"
    assert walk.state.objectives["G"].satisfied is True
    assert walk.request("suspendAll") is None
    assert walk.request("choice", "a") == "a", "another attempt on the course does not begin"
    assert walk.state.objectives["G"].satisfied is True


def test_resume_all_goes_on_where_the_learner_stopped():
    walk = started(cluster("A", item("a1"), item("a2")), item("b"))
    walk.request("continue")
    assert walk.request("suspendAll") is None
    assert walk.outcome.session_ended
    assert walk.request("resumeAll") == "a2"
    assert walk.outcome.resumed
    assert walk.of("a2").attempts == 1


def test_leaving_between_two_activities_suspends_the_cluster_around_them():
    walk = started(cluster("A", item("a1"), item("a2")), item("b"))
    walk.request("exit")
    assert walk.request("suspendAll") is None
    assert walk.tree.activities[walk.state.suspended].identifier == "A"


def test_starting_elsewhere_gives_the_suspended_activity_up():
    walk = started(cluster("A", item("a1"), item("a2")), item("b"))
    walk.request("suspendAll")
    assert walk.request("choice", "b") == "b"
    assert walk.state.suspended is None
    assert not walk.of("a1").suspended
    assert walk.of("root").attempts == 1


def test_nothing_to_resume():
    assert Walk(course(item("a"), item("b"))).request("resumeAll") == "NB.2.1-3"


def test_jump_ignores_choice_and_flow():
    hidden = cluster("B", item("b1", pre=[rule("hiddenFromChoice", "always")]), control=ControlMode(choice=False))
    walk = started(item("a"), hidden)
    assert walk.request("choice", "b1") == "NB.2.1-10"
    assert walk.request("jump", "b1") == "b1"


@pytest.mark.parametrize(
    ("target", "result"),
    [
        ("b1", "b1"),
        ("B", "b1"),
        ("hidden", "SB.2.9-3"),
        ("below", "SB.2.9-3"),
        ("closed1", "SB.2.9-6"),
        ("Closed", "closed1"),
        ("stopped1", "SB.2.4-1"),
        ("Stopped", "stopped1"),
        ("behind", "SB.2.4-1"),
    ],
)
def test_choice(target, result):
    walk = started(
        item("a"),
        cluster("B", item("b1"), item("b2")),
        item("hidden", pre=[rule("hiddenFromChoice", "always")]),
        cluster("Hidden", item("below"), pre=[rule("hiddenFromChoice", "always")]),
        cluster("Closed", item("closed1"), constrain_choice=ConstrainChoice(prevent_activation=True)),
        cluster("Stopped", item("stopped1"), pre=[rule("stopForwardTraversal", "always")]),
        item("behind"),
    )
    assert walk.request("choice", target) == result


def test_choice_of_a_cluster_without_flow_moves_the_learner_there():
    walk = started(item("a"), cluster("B", item("b1"), control=ControlMode()))
    assert walk.request("choice", "B") == "SB.2.9-9"
    assert walk.current == "B"
    assert walk.request("choice", "b1") == "b1"


def test_stop_forward_traversal_is_felt_only_forward():
    walk = Walk(course(item("a"), item("b", pre=[rule("stopForwardTraversal", "always")]), item("c")))
    walk.request("choice", "b")
    assert walk.request("choice", "c") == "SB.2.4-1"
    assert walk.request("choice", "a") == "a"


def test_choice_exit_keeps_the_learner_in():
    stay = ControlMode(flow=True, choice_exit=False)
    walk = started(cluster("A", item("a1"), item("a2"), control=stay), item("b"))
    assert walk.request("choice", "b") == "NB.2.1-8"
    assert walk.request("choice", "a2") == "a2"


@pytest.mark.parametrize(("target", "result"), [("a", "a"), ("c1", "c1"), ("d", "SB.2.9-8"), ("b2", "b2")])
def test_constrained_choice_reaches_the_neighbours_only(target, result):
    constrained = cluster("B", item("b1"), item("b2"), constrain_choice=ConstrainChoice(constrain_choice=True))
    walk = Walk(course(item("a"), constrained, cluster("C", item("c1")), item("d")))
    walk.request("choice", "b1")
    assert walk.request("choice", target) == result


def test_the_trace_tells_why():
    walk = started(item("a"), item("b", pre=[rule("skip", "always")]), item("c"))
    walk.request("continue")
    steps = [(step.process, step.activity, step.note) for step in walk.outcome.trace]
    assert ("SB.2.2", "b", "skipped") in steps
    assert steps[0][0] == "NB.2.1"
    assert steps[-1] == ("DB.2", "c", "delivered")


def test_a_thousand_skipped_activities_are_walked_over_without_recursion():
    skipped = [item(f"s{number}", pre=[rule("skip", "always")]) for number in range(3000)]
    walk = Walk(course(*skipped, item("last"), control=FLOW))
    assert walk.request("start") == "last"
