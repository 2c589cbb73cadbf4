"""Termination behaviour (SN appendix C, TB.2.1 to TB.2.3)."""

from collections.abc import Callable

from hub.scorm.spec.sequencing import tracking
from hub.scorm.spec.sequencing.results import Terminated
from hub.scorm.spec.sequencing.rollup import overall_rollup
from hub.scorm.spec.sequencing.rules import sequencing_rules_check
from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.utility import end_attempt, terminate_descendent_attempts


def sequencing_exit_action_rules(run: Run, current: int) -> None:
    """Sequencing Exit Action Rules Subprocess [TB.2.1]: end the topmost ancestor that has an exit rule applying."""
    for ancestor in reversed(run.tree.path(current)[1:]):
        rules = run.tree.activities[ancestor].sequencing.exit_condition_rules
        if rules and sequencing_rules_check(run, ancestor, rules):
            run.note("TB.2.1", "4", ancestor, "exits")
            terminate_descendent_attempts(run, ancestor)
            end_attempt(run, ancestor)
            run.current = ancestor
            return


def sequencing_post_condition_rules(run: Run, current: int) -> str | None:
    """Sequencing Post Condition Rules Subprocess [TB.2.2]: the action to take, or None.

    One of retry, continue, previous (a sequencing request), exitParent, exitAll (a termination request) and retryAll
    (both: exitAll, then retry).
    """
    if run.activities[current].suspended:
        run.note("TB.2.2", "1.1", current, "suspended")
        return None
    action = sequencing_rules_check(run, current, run.tree.activities[current].sequencing.post_condition_rules)
    run.note("TB.2.2", "3" if action else "4", current, action or "")
    return action


def termination_request(run: Run, kind: str) -> Terminated:
    """Termination Request Process [TB.2.3]: end the attempt on the Current Activity, as the request says."""
    run.note("TB.2.3", kind, run.current)
    current = run.current
    if current is None:
        return Terminated(exception="TB.2.3-1")
    if kind in ("exit", "abandon") and not run.activities[current].active:
        return Terminated(exception="TB.2.3-2")
    process = _PROCESSES.get(kind)
    return Terminated(exception="TB.2.3-7") if process is None else process(run, current)


def _exit(run: Run, current: int) -> Terminated:
    """TB.2.3 3: the Exit termination request."""
    end_attempt(run, current)
    sequencing_exit_action_rules(run, current)
    while True:
        current = current if run.current is None else run.current
        action = sequencing_post_condition_rules(run, current)
        is_root = run.tree.activities[current].parent is None
        if action in ("exitAll", "retryAll"):
            ended = _exit_all(run, current)
            return ended if action == "exitAll" else Terminated(sequencing="retry")
        if action == "exitParent":
            if is_root:
                run.note("TB.2.3", "3.3.4.2.1", current)
                return Terminated(exception="TB.2.3-4")
            run.current = run.tree.activities[current].parent or 0
            run.note("TB.2.3", "3.3.4.1.1", run.current)
            end_attempt(run, run.current)
            continue
        if is_root and action != "retry":
            # The attempt on the root has ended without a retry, and with it the session.
            run.note("TB.2.3", "3.3.5.1.1", current)
            return Terminated(sequencing="exit")
        return Terminated(sequencing=action)


def _exit_all(run: Run, current: int) -> Terminated:
    """TB.2.3 4: the Exit All termination request."""
    if run.activities[current].active:
        end_attempt(run, current)
    terminate_descendent_attempts(run, 0)
    end_attempt(run, 0)
    run.current = 0
    run.note("TB.2.3", "4.5", 0)
    return Terminated(sequencing="exit")


def _suspend_all(run: Run, current: int) -> Terminated:
    """TB.2.3 5: the Suspend All termination request."""
    found = run.activities[current]
    if found.active or found.suspended:
        tracking.share_measured(run, current)
        overall_rollup(run, current)
        run.suspended = current
    elif current != 0:
        run.suspended = run.tree.activities[current].parent or 0
    else:
        return Terminated(exception="TB.2.3-3")
    for step in run.tree.path(run.suspended):
        run.note("TB.2.3", "5.5.1", step)
        run.change(step, active=False, suspended=True)
    run.current = 0
    return Terminated(sequencing="exit")


def _abandon(run: Run, current: int) -> Terminated:
    """TB.2.3 6: the Abandon termination request; nothing is rolled up."""
    run.change(current, active=False)
    return Terminated()


def _abandon_all(run: Run, current: int) -> Terminated:
    """TB.2.3 7: the Abandon All termination request."""
    for step in run.tree.path(current):
        run.note("TB.2.3", "7.3.1", step)
        run.change(step, active=False)
    run.current = 0
    return Terminated(sequencing="exit")


_PROCESSES: dict[str, Callable[[Run, int], Terminated]] = {
    "exit": _exit,
    "exitAll": _exit_all,
    "suspendAll": _suspend_all,
    "abandon": _abandon,
    "abandonAll": _abandon_all,
}
