"""The Overall Sequencing Process (SN appendix C, OP.1)."""

from datetime import datetime

from hub.scorm.spec.sequencing import selection
from hub.scorm.spec.sequencing.delivery import content_delivery_environment, delivery_request
from hub.scorm.spec.sequencing.navigation_request import navigation_request
from hub.scorm.spec.sequencing.results import Outcome, Request, Requested
from hub.scorm.spec.sequencing.run import Rng, Run
from hub.scorm.spec.sequencing.sequencing_request import sequencing_request
from hub.scorm.spec.sequencing.state import State
from hub.scorm.spec.sequencing.termination import termination_request
from hub.scorm.spec.sequencing.tree import Tree
from hub.scorm.spec.sequencing.utility import end_attempt


def process(tree: Tree, state: State, request: Request, now: datetime, rng: Rng) -> Outcome:
    """Overall Sequencing Process [OP.1]: one pass of its loop, for one navigation request.

    What content reported has to be in the state already (`report.record`), except for abandon and abandonAll, which
    throw it away. An exception of NB.2.1 leaves the state as it was; one that comes up later leaves the learner
    between activities, with everything terminated that the request had to terminate.
    """
    run = Run(tree, state, now.timestamp(), rng)
    if run.current is None:
        selection.prepare(run)
    translated = navigation_request(run, request)
    if translated.exception is not None:
        return _outcome(run, state, Requested(exception=translated.exception))
    sequencing, target = translated.sequencing, translated.target
    if translated.termination is not None:
        terminated = termination_request(run, translated.termination)
        if terminated.exception is not None:
            return _outcome(run, run.state(), Requested(exception=terminated.exception))
        # A sequencing request that termination brought up takes the place of the learner's (OP.1 1.3.3.1).
        sequencing = terminated.sequencing or sequencing
    if sequencing in ("start", "choice", "retry"):
        _forget_course_objectives(run)
    requested = sequencing_request(run, sequencing or "", target)
    resumed = requested.delivery is not None and run.activities[requested.delivery].suspended
    if requested.delivery is not None:
        requested = _deliver(run, requested.delivery)
    if requested.ends_session:
        _end_session(run)
    return _outcome(run, run.state(), requested, resumed=resumed)


def _deliver(run: Run, activity: int) -> Requested:
    """OP.1 1.5 and 1.6: validate the delivery request, then deliver."""
    exception = delivery_request(run, activity) or content_delivery_environment(run, activity)
    return Requested(exception=exception) if exception else Requested(delivery=activity)


def _forget_course_objectives(run: Run) -> None:
    """Objectives that are global to the course live as long as the attempt on the root (SN 3.10.2).

    They are forgotten before the way into the new attempt is looked for, as rules along it may read them.
    """
    anew = run.current is None or (run.current == 0 and not run.activities[0].active)
    if anew and not run.tree.objectives_global_to_system and not run.activities[0].suspended:
        run.objectives.clear()


def _end_session(run: Run) -> None:
    """OP.1 1.4.3: the session ends; the next one starts without a Current Activity.

    Walking off the tree has ended the attempts of all but the root (SB.2.1 3.1.1); with the session the root's ends.
    """
    if run.activities[0].active:
        end_attempt(run, 0)
    run.note("OP.1", "1.4.3.1", run.current, "session ended")
    run.current = None


def _outcome(run: Run, state: State, requested: Requested, *, resumed: bool = False) -> Outcome:
    if requested.exception is not None:
        run.note(requested.exception.partition("-")[0], requested.exception, run.current, "exception")
    return Outcome(
        state=state,
        delivery=None if requested.delivery is None else run.tree.activities[requested.delivery].identifier,
        exception=requested.exception,
        trace=tuple(run.trace),
        resumed=resumed and requested.delivery is not None,
        session_ended=requested.ends_session,
    )
