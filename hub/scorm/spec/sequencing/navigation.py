"""What is valid at this moment: for the player's buttons and outline, and for adl.nav.request_valid (SN 5.6)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.scorm.spec.sequencing.choice import is_near, unreachable
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
    `refusals` say why the others are not offered: by the code of the exception that stands against them, the requests
    continue and previous, and the activities of the outline that cannot be chosen.
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
    refusals: Mapping[str, tuple[str, ...]]

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
    against = {activity.index: against_choice(run, activity.index) for activity in tree.activities}
    choices = {index for index, exception in against.items() if exception is None}
    outline = tuple(_outline(run, choices))
    on = continue_(run).exception
    back = _against(run, previous(run).exception, previous_sequencing_request)
    return Navigation(
        start=_against(run, start(run).exception, start_sequencing_request) is None,
        resume_all=resume_all(run).exception is None,
        continue_=on is None,
        previous=back is None,
        exit_=exit_(run).exception is None,
        exit_all=begun,
        suspend_all=begun,
        abandon=exit_(run).exception is None,
        abandon_all=begun,
        choices=frozenset(tree.activities[index].identifier for index in choices),
        jumps=frozenset(activity.identifier for activity in tree.activities if may_jump(run, activity.index)),
        outline=outline,
        hidden=() if run.current is None else tree.activities[run.current].hide_lms_ui,
        refusals=_by_exception(
            {"continue": on, "previous": back}
            | {entry.identifier: against[tree.index[entry.identifier]] for entry in outline}
        ),
    )


def against_choice(run: Run, target: int) -> str | None:
    """Why a Choice of the target would not lead to content: NB.2.1 7, SB.2.9 and DB.1.1 one after the other."""
    parent = run.parent(target)
    if parent is not None and not parent.control.choice:
        return "NB.2.1-10"
    if not may_leave(run, target):
        return "NB.2.1-8"
    exception = unreachable(run, target)
    if exception is not None:
        return exception
    if run.tree.activities[target].is_leaf:
        return delivery_request(run, target)
    flowed = flow(run, target, Direction.FORWARD, enter=True)
    if not flowed.deliverable:
        return flowed.exception or "SB.2.9-9"
    return _confined(run, target, flowed.activity) or delivery_request(run, flowed.activity)


def _confined(run: Run, target: int, delivered: int) -> str | None:
    """Why an ancestor of the Current Activity is not offered, though SB.2.9 10 would enter it anew.

    While choice may not exit a cluster, its descendants alone can be chosen (SN 3.2.2), and while a cluster constrains
    choice, what is delivered has to lie in it or beside it (SN 3.3.2). ADL's sample run-time offers no more, either.
    """
    above = [] if run.current is None else run.tree.path(run.current)[1:]
    if target not in above:
        return None
    if not run.tree.activities[target].control.choice_exit:
        return "NB.2.1-8"
    constrained = next((step for step in above[: above.index(target)] if run.tree.constrains_choice(step)), None)
    if constrained is None or run.tree.is_within(delivered, constrained) or is_near(run, constrained, delivered):
        return None
    return "SB.2.9-8"


def may_jump(run: Run, target: int) -> bool:
    """Whether a Jump to the target leads to content: NB.2.1 8 and DB.1.1."""
    return jump(run, target).exception is None and delivery_request(run, target) is None


def _against(run: Run, exception: str | None, request: Callable[[Run], Requested]) -> str | None:
    """Why a request that is or is not valid would lead nowhere."""
    if exception is not None:
        return exception
    found = request(run)
    return found.exception or "SB.2.1-3" if found.delivery is None else delivery_request(run, found.delivery)


def _by_exception(against: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, exception in against.items():
        if exception is not None:
            found.setdefault(exception, []).append(name)
    return {exception: tuple(names) for exception, names in found.items()}


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
