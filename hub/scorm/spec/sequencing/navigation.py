"""What is valid at this moment: for the player's buttons and outline, and for adl.nav.request_valid (SN 5.6)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hub.scorm.spec.sequencing.choice import unreachable
from hub.scorm.spec.sequencing.delivery import delivery_request
from hub.scorm.spec.sequencing.flow import Direction, flow
from hub.scorm.spec.sequencing.navigation_request import continue_, exit_, jump, may_leave, previous, resume_all, start
from hub.scorm.spec.sequencing.results import Requested
from hub.scorm.spec.sequencing.rules import pre_condition
from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.sequencing_request import previous_sequencing_request, start_sequencing_request
from hub.scorm.spec.sequencing.state import State
from hub.scorm.spec.sequencing.tree import Tree


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents: whether learners see it and may choose it."""

    identifier: str
    title: str
    depth: int
    is_visible: bool
    is_selectable: bool
    is_current: bool
    is_leaf: bool


@dataclass(frozen=True, slots=True)
class Navigation:
    """The navigation requests that are valid, and the table of contents.

    `choices` and `jumps` are identifiers of targets; content may choose an activity that the outline does not show.
    `hidden` are the controls that the current activity hides (adlnav:hideLMSUI), under the names of the requests.
    """

    start: bool
    resume_all: bool
    continue_: bool
    previous: bool
    exit_: bool
    exit_all: bool
    suspend_all: bool
    abandon: bool
    abandon_all: bool
    choices: frozenset[str]
    jumps: frozenset[str]
    outline: tuple[Entry, ...]
    hidden: tuple[str, ...]

    @property
    def exits(self) -> tuple[str, ...]:
        """The requests by which the learner may leave now, those left out that the current activity hides.

        Outside a session nothing has to be ended, and nothing keeps the learner in.
        """
        if not self.exit_all:
            return ("suspendAll",)
        valid = {
            "suspendAll": self.suspend_all,
            "exitAll": self.exit_all,
            "exit": self.exit_,
            "abandon": self.abandon,
            "abandonAll": self.abandon_all,
        }
        return tuple(request for request, is_valid in valid.items() if is_valid and request not in self.hidden)

    @property
    def has_outline(self) -> bool:
        """Whether there is anything to choose below the root; without it a table of contents is not shown."""
        return any(entry.is_visible and entry.is_selectable and entry.depth > 0 for entry in self.outline)


def navigation(tree: Tree, state: State, now: datetime) -> Navigation:
    """What is valid now.

    Judged by the state as it is, before the running activity ends, as ADL's sample run-time does: what exit and
    post-condition rules will make of a request is not foreseen. Continue is valid wherever flow is (SN 5.6.4);
    Start, Previous, Choice and Jump where they lead to an activity that can be delivered.
    """
    run = Run(tree, state, now.timestamp(), tentative=True)
    begun = run.current is not None
    choices = {activity.index for activity in tree.activities if may_choose(run, activity.index)}
    return Navigation(
        start=_leads_somewhere(run, start(run).exception, start_sequencing_request),
        resume_all=resume_all(run).exception is None,
        continue_=continue_(run).exception is None,
        previous=_leads_somewhere(run, previous(run).exception, previous_sequencing_request),
        exit_=exit_(run).exception is None,
        exit_all=begun,
        suspend_all=begun,
        abandon=exit_(run).exception is None,
        abandon_all=begun,
        choices=frozenset(tree.activities[index].identifier for index in choices),
        jumps=frozenset(activity.identifier for activity in tree.activities if may_jump(run, activity.index)),
        outline=tuple(_outline(run, choices)),
        hidden=() if run.current is None else tree.activities[run.current].hide_lms_ui,
    )


def may_choose(run: Run, target: int) -> bool:
    """Whether a Choice of the target leads to content: NB.2.1 7, SB.2.9 and DB.1.1 one after the other."""
    parent = run.parent(target)
    if (parent is not None and not parent.control.choice) or not may_leave(run, target):
        return False
    if unreachable(run, target) is not None:
        return False
    if run.tree.activities[target].is_leaf:
        return delivery_request(run, target) is None
    flowed = flow(run, target, Direction.FORWARD, enter=True)
    return flowed.deliverable and delivery_request(run, flowed.activity) is None


def may_jump(run: Run, target: int) -> bool:
    """Whether a Jump to the target leads to content: NB.2.1 8 and DB.1.1."""
    return jump(run, target).exception is None and delivery_request(run, target) is None


def _leads_somewhere(run: Run, exception: str | None, request: Callable[[Run], Requested]) -> bool:
    if exception is not None:
        return False
    delivery = request(run).delivery
    return delivery is not None and delivery_request(run, delivery) is None


def _outline(run: Run, choices: set[int]) -> Iterator[Entry]:
    """The available activities in order; what is hidden from choice is not shown, nor what hangs below it."""
    stack = [(0, False)]
    while stack:
        index, hidden = stack.pop()
        activity = run.tree.activities[index]
        hidden = hidden or pre_condition(run, index, "hiddenFromChoice")
        stack.extend((child, hidden) for child in reversed(run.available(index)))
        yield Entry(
            identifier=activity.identifier,
            title=activity.title,
            depth=activity.depth,
            is_visible=activity.is_visible and not hidden,
            is_selectable=index in choices,
            is_current=index == run.current,
            is_leaf=activity.is_leaf,
        )
