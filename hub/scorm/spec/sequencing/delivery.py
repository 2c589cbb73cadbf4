"""Delivery behaviour (SN appendix C, DB)."""

from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.state import UNKNOWN
from hub.scorm.spec.sequencing.utility import check_activity, terminate_descendent_attempts


def delivery_request(run: Run, activity: int) -> str | None:
    """Delivery Request Process [DB.1.1]: why the activity cannot be delivered, or None."""
    if not run.tree.activities[activity].is_leaf:
        return "DB.1.1-1"
    for step in reversed(run.tree.path(activity)):
        if check_activity(run, step):
            run.note("DB.1.1", "4.2.1", step, "not available")
            return "DB.1.1-3"
    return None


def content_delivery_environment(run: Run, activity: int) -> str | None:
    """Content Delivery Environment Process [DB.2]: begin the attempts and make the activity the current one."""
    if run.current is not None and run.activities[run.current].active:
        return "DB.2-1"
    if activity != run.suspended:
        clear_suspended_activity(run, activity)
    terminate_descendent_attempts(run, activity)
    for step in reversed(run.tree.path(activity)):
        if not run.activities[step].active:
            _begin(run, step)
    run.current = activity
    run.suspended = None
    run.note("DB.2", "6", activity, "delivered")
    return None


def clear_suspended_activity(run: Run, activity: int) -> None:
    """Clear Suspended Activity Subprocess [DB.2.1]: another activity is delivered than the suspended one."""
    if run.suspended is None:
        return
    ancestor = run.tree.common_ancestor(activity, run.suspended)
    for step in run.tree.path(run.suspended):
        if step == ancestor:
            break
        suspended = any(run.activities[child].suspended for child in run.available(step))
        run.change(step, suspended=suspended and not run.tree.activities[step].is_leaf)
        run.note("DB.2.1", "1.3.1", step, "" if suspended else "no longer suspended")
    run.suspended = None


def _begin(run: Run, activity: int) -> None:
    """DB.2 5.1.1: go on with a suspended attempt, or begin a new one with nothing known yet."""
    found = run.activities[activity]
    if found.suspended or not run.tree.activities[activity].tracked:
        run.note("DB.2", "5.1.1.1.1" if found.suspended else "5.1.2", activity)
        run.change(activity, suspended=False, active=True)
        return
    run.note("DB.2", "5.1.1.2.1", activity, f"attempt {found.attempts + 1}")
    run.change(
        activity,
        active=True,
        attempts=found.attempts + 1,
        objectives=(UNKNOWN,) * len(found.objectives),
        stale_objectives=False,
        stale_progress=False,
        content_set_success=False,
        content_set_completion=False,
        activity_begun_at=run.now if found.activity_begun_at is None else found.activity_begun_at,
        attempt_begun_at=run.now,
        attempt_seconds=0.0,
    )
    _mark_stale(run, activity)


def _mark_stale(run: Run, cluster: int) -> None:
    """Use Current Attempt Objective and Progress Information (SN 3.2.5, 3.2.6).

    What the children knew belongs to an earlier attempt on this cluster and no longer counts in rollup, until they
    are attempted anew. Rules that look at a child itself still see it, as in ADL's sample run-time.
    """
    stack = [(cluster, True, True)]
    while stack:
        parent, objectives, progress = stack.pop()
        control = run.tree.activities[parent].control
        objectives = objectives and control.use_current_attempt_objective_info
        progress = progress and control.use_current_attempt_progress_info
        if not (objectives or progress):
            continue
        for child in run.tree.activities[parent].children:
            found = run.activities[child]
            if found.attempts:
                run.activities[child] = found._replace(
                    stale_objectives=found.stale_objectives or objectives,
                    stale_progress=found.stale_progress or progress,
                )
            if run.tree.activities[child].children:
                stack.append((child, objectives, progress))
