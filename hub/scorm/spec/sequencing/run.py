"""One request under way: the state being changed, the moment, the chance, and the trace of the steps taken."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from hub.scorm.spec.sequencing.state import ActivityState, ObjectiveState, State
from hub.scorm.spec.sequencing.tree import Activity, Tree


class Rng(Protocol):
    """A source of chance; `random.Random` is one."""

    def sample(self, population: Sequence[int], k: int) -> list[int]:
        """`k` different members in random order."""


class Step(NamedTuple):
    """One visited step of the pseudo-code: `SB.2.2` step `3.2` at an activity, and what was found there."""

    process: str
    step: str
    activity: str | None = None
    note: str = ""


class Run:
    """The working copy of a state. Entries are immutable values; changing one puts another in its place.

    A `tentative` run only asks what would be: it ends no attempts and keeps no trace.
    """

    def __init__(
        self, tree: Tree, state: State, now: float, rng: Rng | None = None, *, tentative: bool = False
    ) -> None:
        self.tree = tree
        self.now = now
        self._rng = rng
        self.activities: list[ActivityState] = list(state.activities)
        self.objectives: dict[str, ObjectiveState] = dict(state.objectives)
        self.changed_objectives: set[str] = set()
        self.current = state.current
        self.suspended = state.suspended
        self.prepared = state.prepared
        self.tentative = tentative
        self.trace: list[Step] = []
        self._found: dict[object, Any] = {}

    @property
    def chance(self) -> Rng:
        """The source of chance; only a request that may select or randomize children has one."""
        if self._rng is None:
            raise RuntimeError("this run was not given a source of chance")
        return self._rng

    def state(self) -> State:
        """The state as it is now."""
        return State(tuple(self.activities), self.objectives, self.current, self.suspended, self.prepared)

    def change(self, activity: int, **changes: Any) -> None:
        """Give some members of an activity's state new values."""
        self.activities[activity] = self.activities[activity]._replace(**changes)

    def available(self, activity: int) -> tuple[int, ...]:
        """The Available Children of an activity in order (SN 4.2.2.1)."""
        children = self.activities[activity].children
        return self.tree.activities[activity].children if children is None else children

    def is_available(self, activity: int) -> bool:
        """Whether the activity is among the Available Children of its parent."""
        parent = self.tree.activities[activity].parent
        if parent is None:
            return True
        children = self.activities[parent].children
        return children is None or activity in children

    def siblings(self, activity: int) -> tuple[int, ...]:
        """The Available Children of the activity's parent; of the root, the root alone."""
        parent = self.tree.activities[activity].parent
        return (activity,) if parent is None else self.available(parent)

    def parent(self, activity: int) -> Activity | None:
        """The activity's parent."""
        parent = self.tree.activities[activity].parent
        return None if parent is None else self.tree.activities[parent]

    def remembered(self, key: object, find: Callable[[], Any]) -> Any:
        """What `find` finds; in a tentative run, where nothing changes, it is looked for only once."""
        if not self.tentative:
            return find()
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]

    def note(self, process: str, step: str, activity: int | None = None, note: str = "") -> None:
        """Remember a visited step."""
        if not self.tentative:
            name = None if activity is None else self.tree.activities[activity].identifier
            self.trace.append(Step(process, step, name, note))
