"""Utility processes (SN appendix C, UP): used by all the others."""

from hub.scorm.spec.sequencing import tracking
from hub.scorm.spec.sequencing.limits import limit_conditions_check
from hub.scorm.spec.sequencing.rollup import overall_rollup
from hub.scorm.spec.sequencing.rules import pre_condition
from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.selection import prepare_next_attempt


def check_activity(run: Run, activity: int) -> bool:
    """Check Activity Process [UP.5]: whether the activity is disabled or a limit condition is violated."""
    return bool(run.remembered(("UP.5", activity), lambda: _is_out_of_reach(run, activity)))


def _is_out_of_reach(run: Run, activity: int) -> bool:
    if pre_condition(run, activity, "disabled"):
        run.note("UP.5", "2.1", activity, "disabled")
        return True
    if limit_conditions_check(run, activity):
        run.note("UP.5", "4.1", activity, "limit condition")
        return True
    return False


def terminate_descendent_attempts(run: Run, activity: int) -> None:
    """Terminate Descendent Attempts Process [UP.3]: end attempts between the Current Activity and this one.

    The Current Activity's own attempt has already ended, and the common ancestor's goes on.
    """
    if run.current is None or run.tentative:
        return
    ancestor = run.tree.common_ancestor(run.current, activity)
    run.note("UP.3", "1", activity, f"common ancestor {run.tree.activities[ancestor].identifier}")
    for between in run.tree.path(run.current)[1:]:
        if between == ancestor or not run.tree.is_within(between, ancestor):
            break
        end_attempt(run, between)


def end_attempt(run: Run, activity: int) -> None:
    """End Attempt Process [UP.4]: close the activity's attempt and roll its status up."""
    definition = run.tree.activities[activity]
    if definition.is_leaf:
        if definition.tracked and not run.activities[activity].suspended:
            _assume_status(run, activity)
    else:
        suspended = any(run.activities[child].suspended for child in run.available(activity))
        run.note("UP.4", "2.1.1" if suspended else "2.2.1", activity)
        run.change(activity, suspended=suspended)
    run.change(activity, active=False)
    run.note("UP.4", "3", activity)
    if definition.tracked:
        tracking.share_measured(run, activity)
    overall_rollup(run, activity)
    if definition.children and not run.activities[activity].suspended:
        prepare_next_attempt(run, activity)


def _assume_status(run: Run, activity: int) -> None:
    """UP.4 1.1.1: content that did not say otherwise has been completed and satisfied."""
    definition = run.tree.activities[activity]
    controls = definition.sequencing.delivery_controls
    found, primary = run.activities[activity], definition.primary
    if (
        not controls.completion_set_by_content
        and not found.content_set_completion
        and not definition.threshold.completed_by_measure
        and tracking.completed(run, activity, primary) is None
    ):
        run.note("UP.4", "1.1.1.1.1.2", activity, "completed, as content did not say")
        tracking.write(run, activity, primary, completed=True)
    if (
        not controls.objective_set_by_content
        and not found.content_set_success
        and not definition.objectives[primary].satisfied_by_measure
        and tracking.satisfied(run, activity, primary) is None
    ):
        run.note("UP.4", "1.1.1.2.1.1.2", activity, "satisfied, as content did not say")
        tracking.write(run, activity, primary, satisfied=True)
