"""SCORM 2004 sequencing for the player: the state of an attempt, requests on it, and what content reports to it.

The rules are `hub.scorm.spec.sequencing`; this keeps their state in the attempt, and what is global to the learner in
the learner, within the transaction of whoever asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import SystemRandom

from hub.scorm.services.courses import Course, CourseActivity
from hub.scorm.services.results import Status, status
from hub.scorm.spec import delivery
from hub.scorm.spec.runtime.model import entries
from hub.scorm.spec.runtime.transfer import Score, Tracking
from hub.scorm.spec.sequencing import overall, report, tracking
from hub.scorm.spec.sequencing.navigation import Navigation, navigation
from hub.scorm.spec.sequencing.results import Outcome, Request
from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.state import ObjectiveState, State, as_data, from_data, initial
from hub.scorm.spec.sequencing.tree import Tree
from hub.scorm.storage.runtime import Learning
from hub.scorm.storage.tables_runtime import Attempt, Learner

_RANDOM = SystemRandom()


@dataclass(frozen=True, slots=True)
class Sequenced:
    """One learner's attempt on a sequenced course, held, at one time."""

    course: Course
    tree: Tree
    learning: Learning
    now: datetime

    @property
    def state(self) -> State:
        """The state of the tree as it is kept, with the learner's objectives of now."""
        kept = self.learning.attempt.sequencing
        state = from_data(self.tree, kept) if kept else initial(self.tree)
        if self.tree.objectives_global_to_system:
            shared = self.learning.learner.objectives
            state = state._replace(objectives={name: ObjectiveState(**found) for name, found in shared.items()})
        return state

    def keep(self, state: State) -> None:
        """Keep a state, and what of it belongs to the learner."""
        data = as_data(self.tree, state)
        self.learning.attempt.sequencing = data
        if self.tree.objectives_global_to_system and data["objectives"] != self.learning.learner.objectives:
            self.learning.learner.objectives = data["objectives"]

    def request(self, kind: str, target: str | None = None) -> Outcome:
        """Send a navigation request to the Overall Sequencing Process and keep what comes of it."""
        before = self.state
        outcome = self._process(before, Request(kind, target))
        self.keep(outcome.state)
        self._forget_stores(before, outcome.state)
        return outcome

    def open(self) -> Outcome:
        """The learner opens the course: what was suspended, or cut off, goes on; else it starts.

        A learner who left between two activities suspended the cluster around them (TB.2.3 5.2), which cannot be
        delivered (DB.1.1-1). Then the course starts too: the book leaves open what follows, and without an outline
        nothing else would lead on.
        """
        trace = self.request("suspendAll").trace if self.state.current is not None else ()
        opened = self.request("resumeAll" if self.state.suspended is not None else "start")
        if opened.exception == "DB.1.1-1":
            trace += opened.trace
            opened = self.request("start")
        return replace(opened, trace=trace + opened.trace)

    def report(self, activity: CourseActivity, values: Mapping[str, str], said: Mapping[str, str]) -> None:
        """Take what content `said` in the session that ends into the tracking model; `values` is all its data."""
        found = report.of_values(said, _identifiers(values))
        self.keep(report.record(self.tree, self.state, activity.node.id, found, self.now))
        stored = delivery.stored_data(activity.data_maps, said)
        if stored:
            self._stores_owner.shared_data = {**self._stores_owner.shared_data, **stored}

    def navigation(self) -> Navigation:
        """What may be asked for now."""
        return navigation(self.tree, self.state, self.now)

    def groups(self) -> dict[str, Status]:
        """How each cluster stands, by what was rolled up to it."""
        state = self.state
        run = Run(self.tree, state, self.now.timestamp(), tentative=True)
        return {
            cluster.identifier: status(
                _tracking(run, cluster.index), begun=state.activities[cluster.index].attempts > 0
            )
            for cluster in self.tree.activities
            if cluster.children
        }

    def delivered_values(self, activity: CourseActivity, stored: Mapping[str, str]) -> dict[str, str]:
        """What sequencing adds to the data model of an activity that is delivered."""
        return {
            **delivery.objective_values(self.tree, self.state, activity.node.id, stored, self.now),
            **delivery.store_values(activity.data_maps, self._stores_owner.shared_data),
        }

    def result_if_left(self, *, running: bool) -> Tracking:
        """The status that the course would have if the learner left now.

        While content is `running`, nothing is assumed about what it has not said: it counts as suspended.
        """
        state = self.state
        if state.current is None:
            return self._root(state)
        if running:
            current = self.tree.activities[state.current].identifier
            silent = report.Report(report.Status(), {}, suspended=True)
            state = report.record(self.tree, state, current, silent, self.now)
        return self._root(self._process(state, Request("exitAll")).state)

    def result_with(self, activity: CourseActivity, values: Mapping[str, str], said: Mapping[str, str]) -> Tracking:
        """The same with what running content has said so far."""
        found = replace(report.of_values(said, _identifiers(values)), suspended=True)
        state = report.record(self.tree, self.state, activity.node.id, found, self.now)
        if state.current is None:
            return self._root(state)
        return self._root(self._process(state, Request("exitAll")).state)

    def _process(self, state: State, request: Request) -> Outcome:
        return overall.process(self.tree, state, request, self.now, _RANDOM)

    def _root(self, state: State) -> Tracking:
        return _tracking(Run(self.tree, state, self.now.timestamp(), tentative=True), 0)

    @property
    def _stores_owner(self) -> Attempt | Learner:
        organization = self.course.organization
        to_system = organization is None or organization.shared_data_global_to_system
        return self.learning.learner if to_system else self.learning.attempt

    def _forget_stores(self, before: State, after: State) -> None:
        """Stores that are not global to the system live as long as the attempt on the root (RTE 4.3.1)."""
        if before.activities[0].attempts != after.activities[0].attempts:
            self.learning.attempt.shared_data = {}


def sequenced(course: Course, learning: Learning, now: datetime) -> Sequenced | None:
    """The attempt with its sequencing; None for a course that has none (SCORM 1.2)."""
    return None if course.tree is None else Sequenced(course, course.tree, learning, now)


def request_of(said: Mapping[str, str], navigation_event: str) -> Request | None:
    """What content asks for as it terminates."""
    return report.request_of({**said, "adl.nav.request": navigation_event})


def _tracking(run: Run, activity: int) -> Tracking:
    """What sequencing knows of an activity, in the words of results."""
    found = tracking.seen(run, activity, run.tree.activities[activity].primary)
    return Tracking(
        completion="unknown" if found.completed is None else ("completed" if found.completed else "incomplete"),
        success="unknown" if found.satisfied is None else ("passed" if found.satisfied else "failed"),
        score=Score(scaled=found.measure),
        progress=found.progress,
    )


def _identifiers(values: Mapping[str, str]) -> dict[int, str]:
    return {index: entry["id"] for index, entry in entries(values, "cmi.objectives").items() if "id" in entry}
