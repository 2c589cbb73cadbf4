"""Flow through the activity tree (SN appendix C, SB.2.1 to SB.2.4)."""

from enum import Enum
from typing import NamedTuple

from hub.scorm.spec.sequencing.rules import pre_condition
from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.utility import check_activity, terminate_descendent_attempts


class Direction(Enum):
    """Which way the tree is walked."""

    FORWARD = "forward"
    BACKWARD = "backward"


_FORWARD, _BACKWARD = Direction.FORWARD, Direction.BACKWARD


class Walked(NamedTuple):
    """The result of SB.2.1: the next activity and the direction in which it was reached, or why there is none."""

    activity: int | None
    direction: Direction | None = None
    ends_session: bool = False
    exception: str | None = None


class Flowed(NamedTuple):
    """The result of SB.2.2 and SB.2.3: the activity where the flow stopped, and whether it can be delivered."""

    activity: int
    deliverable: bool
    ends_session: bool = False
    exception: str | None = None


def flow_tree_traversal(
    run: Run, activity: int, direction: Direction, *, enter: bool, previous: Direction | None = None
) -> Walked:
    """Flow Tree Traversal Subprocess [SB.2.1]: the next activity in a directed traversal of the tree.

    `enter` is the pseudo-code's “consider children”, `previous` the previous traversal direction.
    """
    reversed_direction = False
    if previous is _BACKWARD and run.siblings(activity)[-1] == activity:
        # All children of a forward-only cluster that was entered backward have been skipped: go on backward.
        run.note("SB.2.1", "2", activity)
        direction, activity, reversed_direction = _BACKWARD, run.siblings(activity)[0], True
    while True:
        children = run.available(activity) if run.tree.activities[activity].children else None
        if children is not None and enter:
            return _entered(run, activity, children, direction)
        parent = run.parent(activity)
        if parent is None:
            return _walked_off(run, activity, direction)
        if direction is _BACKWARD and parent.control.forward_only and not reversed_direction:
            run.note("SB.2.1", "4.2.1.1.1", activity, "forward only")
            return Walked(None, exception="SB.2.1-4")
        siblings = run.available(parent.index)
        place = siblings.index(activity) + (1 if direction is _FORWARD else -1) if activity in siblings else -1
        if 0 <= place < len(siblings):
            run.note("SB.2.1", "3.2.2.1" if direction is _FORWARD else "4.2.3.1", siblings[place])
            return Walked(siblings[place], direction)
        # The recursion of 3.2.1.1 and 4.2.2.1: go on from the parent, without entering it.
        activity, enter, reversed_direction = parent.index, False, False


def _entered(run: Run, cluster: int, children: tuple[int, ...], direction: Direction) -> Walked:
    """SB.2.1 3.3 and 4.3: the first or last child; a forward-only cluster is gone through from its beginning."""
    if not children:
        run.note("SB.2.1", "3.3.2" if direction is _FORWARD else "4.3.2", cluster)
        return Walked(None, exception="SB.2.1-2")
    if direction is _FORWARD:
        run.note("SB.2.1", "3.3.1.1", children[0])
        return Walked(children[0], direction)
    if run.tree.activities[cluster].control.forward_only:
        run.note("SB.2.1", "4.3.1.1.1", children[0])
        return Walked(children[0], _FORWARD)
    run.note("SB.2.1", "4.3.1.2.1", children[-1])
    return Walked(children[-1], _BACKWARD)


def _walked_off(run: Run, root: int, direction: Direction) -> Walked:
    """SB.2.1 3.1 and 4.1: walking off the tree forward ends the sequencing session; backward is not possible."""
    if direction is _BACKWARD:
        run.note("SB.2.1", "4.1.1", root)
        return Walked(None, exception="SB.2.1-3")
    run.note("SB.2.1", "3.1.1", root, "walked off the tree")
    terminate_descendent_attempts(run, root)
    return Walked(None, ends_session=True)


def flow_activity_traversal(run: Run, activity: int, direction: Direction) -> Flowed:
    """Flow Activity Traversal Subprocess [SB.2.2]: go on from an activity until a deliverable leaf is found.

    The recursion of the pseudo-code is a loop here, its previous traversal direction a variable. Rules do not change
    during a traversal, so a walk that comes back to where it was would go round for ever: a forward-only cluster of
    skipped activities, entered backward, can send it there.
    """
    previous: Direction | None = None
    visited: set[tuple[int, Direction, Direction | None]] = set()
    while (activity, direction, previous) not in visited:
        visited.add((activity, direction, previous))
        stopped = _stopped(run, activity)
        if stopped is not None:
            return stopped
        walked, skipped = _walk_on(run, activity, direction, previous)
        if walked.activity is None:
            return Flowed(activity, False, walked.ends_session, walked.exception)
        if skipped and previous is _BACKWARD and walked.direction is _BACKWARD:
            direction, previous = _BACKWARD, None
        elif not skipped and direction is _BACKWARD and walked.direction is _FORWARD:
            direction, previous = _FORWARD, _BACKWARD
        elif not skipped:
            previous = None
        activity = walked.activity
    return Flowed(activity, deliverable=False, exception="SB.2.2-2")


def _stopped(run: Run, activity: int) -> Flowed | None:
    """SB.2.2 1, 4 and 7: where the flow ends, for better or worse; None if it goes on."""
    parent = run.parent(activity)
    if parent is not None and not parent.control.flow:
        run.note("SB.2.2", "1.1", activity, "no flow")
        return Flowed(activity, deliverable=False, exception="SB.2.2-1")
    if pre_condition(run, activity, "skip"):
        return None
    if check_activity(run, activity):
        run.note("SB.2.2", "5.1", activity, "not available")
        return Flowed(activity, deliverable=False, exception="SB.2.2-2")
    if run.tree.activities[activity].is_leaf:
        run.note("SB.2.2", "7", activity, "deliverable")
        return Flowed(activity, deliverable=True)
    return None


def _walk_on(run: Run, activity: int, direction: Direction, previous: Direction | None) -> tuple[Walked, bool]:
    """SB.2.2 3 and 6: past a skipped activity, else into the cluster; and whether it was skipped."""
    if pre_condition(run, activity, "skip"):
        run.note("SB.2.2", "3.1", activity, "skipped")
        return flow_tree_traversal(run, activity, direction, enter=False, previous=previous), True
    return flow_tree_traversal(run, activity, direction, enter=True), False


def flow(run: Run, activity: int, direction: Direction, *, enter: bool) -> Flowed:
    """Flow Subprocess [SB.2.3]: move away from an activity and on to the first one that can be delivered."""
    run.note("SB.2.3", "2", activity, direction.value)
    walked = flow_tree_traversal(run, activity, direction, enter=enter)
    if walked.activity is None:
        return Flowed(activity, False, walked.ends_session, walked.exception)
    # The Flow Tree Traversal may have turned round at a forward-only cluster; the pseudo-code (SB.2.3 4.2) goes on in
    # the direction asked for, which only matters for a cluster that the flow starts in and enters backward.
    return flow_activity_traversal(run, walked.activity, direction)


def choice_activity_traversal(run: Run, activity: int, direction: Direction) -> str | None:
    """Choice Activity Traversal Subprocess [SB.2.4]: why the activity cannot be walked past, or None."""
    if direction is _FORWARD:
        if pre_condition(run, activity, "stopForwardTraversal"):
            run.note("SB.2.4", "1.2.1", activity, "forward traversal is stopped")
            return "SB.2.4-1"
        return None
    parent = run.parent(activity)
    if parent is None:
        run.note("SB.2.4", "2.2.1", activity)
        return "SB.2.4-3"
    if parent.control.forward_only:
        run.note("SB.2.4", "2.1.1.1", activity, "forward only")
        return "SB.2.4-2"
    return None
