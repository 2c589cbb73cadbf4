"""Trying out a course before any learner does: every way through it, as far as a budget goes.

A learner's ways are what the Overall Sequencing Process answers to every valid request after every kind of result
that content may report. What no way reached, when all of them were tried, nobody will ever reach.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush

from hub.scorm.spec.manifest.course import Sequencing
from hub.scorm.spec.sequencing import overall
from hub.scorm.spec.sequencing.navigation import navigation
from hub.scorm.spec.sequencing.report import Report, Status, record
from hub.scorm.spec.sequencing.results import Request
from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.state import State, initial
from hub.scorm.spec.sequencing.tracking import seen
from hub.scorm.spec.sequencing.tree import Activity, Tree

#: Visits to activities: each request looks at all of them, so a long course is tried out less far.
BUDGET = 20_000
#: In a course of more activities than these no way would be gone far.
LARGEST = 500
_MOST_OBJECTIVES = 4
#: Any moment will do: what depends on time is not tried out.
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_TIMED = frozenset({"timeLimitExceeded", "outsideAvailableTimeRange"})


@dataclass(slots=True)
class Exploration:
    """What was found: the activities that were `delivered`, those that were `satisfied` and `completed`.

    `dead_ends` are activities after which a learner can go nowhere, not even by coming back, with the course not
    completed. `is_complete` says that there are no other ways than those tried.
    """

    delivered: set[str] = field(default_factory=set)
    satisfied: set[str] = field(default_factory=set)
    completed: set[str] = field(default_factory=set)
    dead_ends: dict[str, None] = field(default_factory=dict)
    is_complete: bool = True


def explore(tree: Tree, wanted: Collection[str] = (), budget: int = BUDGET) -> Exploration | None:
    """Try the course out until everything was delivered, the course completed, and the `wanted` clusters satisfied.

    None for a course whose ways depend on time, and for one that is too large.
    """
    if len(tree.activities) > LARGEST or any(_is_timed(activity.sequencing) for activity in tree.activities):
        return None
    return _Explorer(tree, set(wanted), budget).explore()


class _Explorer:
    """One course being tried out: first the ways that deliver something new, then those that got furthest."""

    def __init__(self, tree: Tree, wanted: set[str], budget: int) -> None:
        self._tree = tree
        self._wanted = wanted
        self._left = budget
        self._found = Exploration()
        self._known: set[object] = set()
        self._waiting: list[tuple[int, int, State]] = []
        self._rest = _Rest()
        self._thresholds = sorted(_thresholds(tree))
        self._leaves = {activity.identifier for activity in tree.activities if activity.is_leaf}

    def explore(self) -> Exploration:
        """Go every way until there are no more, or nothing is left to find, or the budget is spent."""
        self._enter(initial(self._tree))
        while self._waiting and not self._has_seen_all():
            if self._left <= 0:
                self._found.is_complete = False
                break
            self._go_on(heappop(self._waiting)[-1])
        return self._found

    def _has_seen_all(self) -> bool:
        found, root = self._found, self._tree.activities[0].identifier
        return self._leaves <= found.delivered and self._wanted <= found.satisfied and root in found.completed

    def _enter(self, state: State) -> bool:
        """Open the course, by its start or else by every choice; whether anything was delivered."""
        if self._request(state, Request("start")):
            return True
        chosen = [self._request(state, Request("choice", target)) for target in self._choices(state)]
        return any(chosen)

    def _go_on(self, state: State) -> None:
        activity = self._tree.activities[state.current or 0]
        for report in self._reports(activity):
            after = record(self._tree, state, activity.identifier, report, _NOW)
            moves = [Request("continue"), Request("previous")]
            moves += [Request("choice", target) for target in self._choices(after)]
            # Every move is tried, and leaving too: what is delivered is what can be reached.
            went = [self._request(after, move) for move in moves]
            ended = self._process(after, Request("exitAll"))
            self._learn(ended)
            if not any(went) and not self._enter(ended) and not self._is_done(ended):
                self._found.dead_ends[activity.identifier] = None

    def _request(self, state: State, request: Request) -> bool:
        """Whether the request delivers something; the state that it leads to is gone on from, once."""
        self._left -= len(self._tree.activities)
        outcome = overall.process(self._tree, state, request, _NOW, self._rest)
        if outcome.delivery is None:
            self._learn(outcome.state)
            return False
        key = self._key(outcome.state)
        if key not in self._known:
            self._known.add(key)
            is_new = outcome.delivery not in self._found.delivered
            rank = -len(self._leaves) - 1 if is_new else -_progress(outcome.state)
            heappush(self._waiting, (rank, len(self._known), outcome.state))
        self._found.delivered.add(outcome.delivery)
        self._learn(outcome.state)
        return True

    def _key(self, state: State) -> object:
        """What tells states apart for the rules: how often something was tried matters only up to its limit."""
        limits = (activity.sequencing.limit_conditions.attempt_limit for activity in self._tree.activities)
        activities = tuple(
            found._replace(attempts=min(found.attempts, max(1, limit or 0)))
            for found, limit in zip(state.activities, limits, strict=True)
        )
        return activities, frozenset(state.objectives.items()), state.current

    def _process(self, state: State, request: Request) -> State:
        self._left -= len(self._tree.activities)
        return overall.process(self._tree, state, request, _NOW, self._rest).state

    def _learn(self, state: State) -> None:
        run = Run(self._tree, state, _NOW.timestamp(), tentative=True)
        for activity in self._tree.activities:
            if activity.is_leaf and activity.index:
                continue
            found = seen(run, activity.index, activity.primary)
            if found.satisfied:
                self._found.satisfied.add(activity.identifier)
            if found.completed:
                self._found.completed.add(activity.identifier)

    def _is_done(self, state: State) -> bool:
        root = seen(Run(self._tree, state, _NOW.timestamp(), tentative=True), 0, self._tree.activities[0].primary)
        return bool(root.completed) or root.satisfied is not None

    def _choices(self, state: State) -> Sequence[str]:
        self._left -= len(self._tree.activities)
        return sorted(navigation(self._tree, state, _NOW).choices)

    def _reports(self, activity: Activity) -> Iterator[Report]:
        """What content may say in the end: all well, all failed, nothing, or something between."""
        names = list(activity.objective_index)
        good, bad = _status("passed", 1.0), _status("failed", 0.0)
        yield Report(good, dict.fromkeys(names, good))
        yield Report(bad, dict.fromkeys(names, bad))
        yield Report(Status(), {})
        yield Report(Status(completion="incomplete"), {})
        yield Report(Status(completion="completed"), {})
        yield Report(Status(success="failed", completion="completed", scaled=-1.0), {})
        for name in names[:_MOST_OBJECTIVES] if len(names) > 1 else ():
            yield Report(bad, {other: good if other == name else bad for other in names})
        for measure in self._thresholds:
            between = Status(completion="completed", scaled=measure, progress=max(0.0, measure))
            yield Report(between, dict.fromkeys(names, between))


def _progress(state: State) -> int:
    """How many activities have been completed or satisfied."""
    return sum(any(one.completed or one.satisfied for one in found.objectives) for found in state.activities)


class _Rest:
    """Chance that gives everybody a turn: each sample begins where the last one ended."""

    def __init__(self) -> None:
        self._turn = 0

    def sample(self, population: Sequence[int], k: int) -> list[int]:
        """`k` members in order, from the turn on."""
        start = self._turn % max(1, len(population))
        self._turn += k
        return [*population[start:], *population[:start]][:k]


def _status(success: str, scaled: float) -> Status:
    return Status(success=success, completion="completed", scaled=scaled, progress=1.0)


def _is_timed(sequencing: Sequencing) -> bool:
    limits = sequencing.limit_conditions
    rules = (*sequencing.pre_condition_rules, *sequencing.exit_condition_rules, *sequencing.post_condition_rules)
    conditions = [condition for rule in rules for condition in rule.conditions]
    conditions += [condition for rule in sequencing.rollup_rules for condition in rule.conditions]
    used = {condition.condition for condition in conditions}
    durations = (limits.attempt_absolute_duration_limit, limits.activity_absolute_duration_limit)
    return bool(used & _TIMED) or any((*durations, limits.begin_time_limit, limits.end_time_limit))


def _thresholds(tree: Tree) -> set[float]:
    """Measures just below and above every one that rules look at."""
    looked_at = {
        condition.measure_threshold
        for activity in tree.activities
        for rule in (*activity.sequencing.pre_condition_rules, *activity.sequencing.post_condition_rules)
        for condition in rule.conditions
        if condition.condition.startswith("objectiveMeasure") and condition.condition != "objectiveMeasureKnown"
    }
    beside = {round(measure + step, 4) for measure in looked_at for step in (-0.01, 0.01)}
    return {measure for measure in beside if -1 <= measure <= 1}
