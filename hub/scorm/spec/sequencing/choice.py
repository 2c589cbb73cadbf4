"""The Choice sequencing request (SN appendix C, SB.2.9)."""

import math

from hub.scorm.spec.sequencing.flow import Direction, choice_activity_traversal, flow
from hub.scorm.spec.sequencing.results import Requested
from hub.scorm.spec.sequencing.rules import pre_condition
from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.utility import end_attempt, terminate_descendent_attempts


def choice_sequencing_request(run: Run, target: int | None) -> Requested:
    """Choice Sequencing Request Process [SB.2.9]: deliver the target, or the first that flows out of it."""
    if target is None:
        return Requested(exception="SB.2.9-1")
    exception = unreachable(run, target)
    if exception is not None:
        run.note("SB.2.9", "3-11", target, exception)
        return Requested(exception=exception)
    if run.tree.activities[target].is_leaf:
        run.note("SB.2.9", "12.1", target)
        return Requested(delivery=target)
    flowed = flow(run, target, Direction.FORWARD, enter=True)
    if flowed.deliverable:
        run.note("SB.2.9", "15.1", flowed.activity)
        return Requested(delivery=flowed.activity)
    # Nothing to deliver, but the target was reached: it becomes the Current Activity.
    run.note("SB.2.9", "14.1", target)
    ancestor = _common_ancestor(run, target)
    terminate_descendent_attempts(run, ancestor)
    end_attempt(run, ancestor)
    run.current = target
    return Requested(exception="SB.2.9-9")


def unreachable(run: Run, target: int) -> str | None:
    """Steps 3 to 11 of SB.2.9: the exception that keeps the target from being reached, or None."""
    for step in reversed(run.tree.path(target)):
        if not run.is_available(step):
            return "SB.2.9-2"
        if pre_condition(run, step, "hiddenFromChoice"):
            return "SB.2.9-3"
    parent = run.parent(target)
    if parent is not None and not parent.control.choice:
        return "SB.2.9-4"
    current = run.current
    if current == target:
        return None
    ancestor = _common_ancestor(run, target)
    if current is None or current == ancestor:
        return _down(run, target, ancestor)
    if run.tree.activities[current].parent == run.tree.activities[target].parent:
        return _along_siblings(run, current, target)
    if target == ancestor:
        return _up(run, current, ancestor)
    return _across(run, current, target, ancestor)


def _common_ancestor(run: Run, target: int) -> int:
    """SB.2.9 5 and 6: of the Current Activity and the target; the root before the session has begun."""
    return 0 if run.current is None else run.tree.common_ancestor(run.current, target)


def _along_siblings(run: Run, current: int, target: int) -> str | None:
    """SB.2.9 8, case 2: both in the same cluster; walk from the one to the other, the target itself untested."""
    places = run.remembered(("places", current), lambda: {step: at for at, step in enumerate(run.siblings(current))})
    if current not in places:
        # The Current Activity has fallen out of a new selection of children: there is no way along.
        return "SB.2.9-5"
    if places[current] < places[target]:
        stop, exception = run.remembered("block ahead", lambda: _block(run, current, Direction.FORWARD))
        return exception if stop < places[target] else None
    stop, exception = run.remembered("block behind", lambda: _block(run, current, Direction.BACKWARD))
    return exception if stop > places[target] else None


def _block(run: Run, current: int, direction: Direction) -> tuple[float, str | None]:
    """The place of the first sibling, from the Current Activity on, that cannot be walked past, and why."""
    siblings = run.siblings(current)
    step, end = (1, len(siblings)) if direction is Direction.FORWARD else (-1, -1)
    for place in range(siblings.index(current), end, step):
        exception = choice_activity_traversal(run, siblings[place], direction)
        if exception is not None:
            return place, exception
    return step * math.inf, None


def _down(run: Run, target: int, ancestor: int) -> str | None:
    """SB.2.9 9, case 3: the target lies below the Current Activity, or the session has not begun."""
    way = _between(run, ancestor, target)
    if not way:
        return "SB.2.9-5" if target != ancestor else None
    for step in way:
        exception = choice_activity_traversal(run, step, Direction.FORWARD)
        if exception is not None:
            return exception
        if _prevents_activation(run, step, ancestor):
            return "SB.2.9-6"
    return None


def _up(run: Run, current: int, target: int) -> str | None:
    """SB.2.9 10, case 4: the target is an ancestor; everything below it has to be left.

    Choice exit of the Current Activity itself is the business of NB.2.1, as long as it is active.
    """
    for step in run.tree.path(current)[1:]:
        if step == target:
            return None
        if not run.tree.activities[step].control.choice_exit:
            return "SB.2.9-7"
    return "SB.2.9-5"


def _across(run: Run, current: int, target: int, ancestor: int) -> str | None:
    """SB.2.9 11, case 5: the target hangs elsewhere below the common ancestor.

    Constrain Choice speaks of a cluster and its neighbours (SN 3.3.2), so that of the Current Activity does not count.
    """
    constrained: int | None = None
    for step in run.tree.path(current)[1:]:
        if step == ancestor:
            break
        definition = run.tree.activities[step]
        if not definition.control.choice_exit:
            return "SB.2.9-7"
        if constrained is None and run.tree.constrains_choice(step):
            constrained = step
    if constrained is not None and not is_near(run, constrained, target):
        return "SB.2.9-8"
    return _towards(run, current, target, ancestor)


def is_near(run: Run, constrained: int, target: int) -> bool:
    """SB.2.9 11.5: whether the target is, or lies in, the neighbour of the constrained activity."""
    direction = Direction.FORWARD if is_after(run, target, constrained) else Direction.BACKWARD
    considered = choice_flow(run, constrained, direction)
    return run.tree.is_within(target, considered) or target == constrained


def _towards(run: Run, current: int, target: int, ancestor: int) -> str | None:
    """SB.2.9 11.6 to 11.9: walk from the common ancestor to the target."""
    way = _between(run, ancestor, target)
    if not way:
        return "SB.2.9-5"
    forward = is_after(run, target, current)
    for step in way if forward else [*way, target]:
        if forward:
            exception = choice_activity_traversal(run, step, Direction.FORWARD)
            if exception is not None:
                return exception
        if _prevents_activation(run, step, ancestor):
            return "SB.2.9-6"
    return None


def _between(run: Run, ancestor: int, target: int) -> list[int]:
    """From the ancestor, included, down to the target, excluded."""
    return [step for step in reversed(run.tree.path(target)) if step >= ancestor and step != target]


def _prevents_activation(run: Run, activity: int, ancestor: int) -> bool:
    return (
        activity != ancestor
        and run.tree.activities[activity].sequencing.constrain_choice.prevent_activation
        and not run.activities[activity].active
    )


def is_after(run: Run, one: int, other: int) -> bool:
    """Whether the one comes after the other in a forward walk over the Available Children."""
    if run.tree.is_within(one, other) or run.tree.is_within(other, one):
        return one > other
    path_of_one, path_of_other = run.tree.path(one)[::-1], run.tree.path(other)[::-1]
    apart = next(at for at, (left, right) in enumerate(zip(path_of_one, path_of_other, strict=False)) if left != right)
    siblings = run.available(path_of_one[apart - 1])
    left, right = path_of_one[apart], path_of_other[apart]
    if left not in siblings or right not in siblings:
        return left > right
    return siblings.index(left) > siblings.index(right)


def choice_flow(run: Run, activity: int, direction: Direction) -> int:
    """Choice Flow Subprocess [SB.2.9.1]: the activity next to a constrained one, or itself at the end of the tree."""
    found = choice_flow_tree_traversal(run, activity, direction)
    return activity if found is None else found


def choice_flow_tree_traversal(run: Run, activity: int, direction: Direction) -> int | None:
    """Choice Flow Tree Traversal Subprocess [SB.2.9.2]: the next activity, without entering any."""
    while (parent := run.tree.activities[activity].parent) is not None:
        siblings = run.available(parent)
        if activity in siblings:
            place = siblings.index(activity) + (1 if direction is Direction.FORWARD else -1)
            if 0 <= place < len(siblings):
                return siblings[place]
        activity = parent
    return None
