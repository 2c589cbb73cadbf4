"""The tracking model (SN 4.2.1): reading and writing the values of local objectives through their maps.

A local objective that reads a global one shows the global value, whatever its own says (SN 3.10.3: since the 3rd
Edition a known local value no longer hides the shared one). Satisfaction and measure are read even when the global
does not know them; completion, progress and scores only when it does, as those came with the 4th Edition's maps and
the local value is their default.
"""

from typing import Any

from hub.scorm.spec.sequencing.run import Run
from hub.scorm.spec.sequencing.state import UNKNOWN, ObjectiveState

_UNKNOWN = UNKNOWN


def satisfied(run: Run, activity: int, objective: int, *, rollup: bool = False) -> bool | None:
    """Objective Satisfied Status; None while Objective Progress Status is false.

    Objective Satisfied by Measure decides by the measure, but not while the activity is active, unless
    adlseq:measureSatisfactionIfActive says so (SN 3.8).
    """
    definition = run.tree.activities[activity]
    local = definition.objectives[objective]
    found = run.activities[activity]
    if local.satisfied_by_measure:
        considerations = definition.sequencing.rollup_considerations
        if found.active and not considerations.measure_satisfaction_if_active:
            return None
        known = measure(run, activity, objective, rollup=rollup)
        return None if known is None else known >= local.min_normalized_measure
    if "satisfied" in local.reads:
        return run.objectives.get(local.reads["satisfied"], _UNKNOWN).satisfied
    return None if rollup and found.stale_objectives else found.objectives[objective].satisfied


def measure(run: Run, activity: int, objective: int, *, rollup: bool = False) -> float | None:
    """Objective Normalized Measure, -1..1; None while Objective Measure Status is false."""
    local = run.tree.activities[activity].objectives[objective]
    if "measure" in local.reads:
        return run.objectives.get(local.reads["measure"], _UNKNOWN).measure
    found = run.activities[activity]
    return None if rollup and found.stale_objectives else found.objectives[objective].measure


def progress(run: Run, activity: int, objective: int, *, rollup: bool = False) -> float | None:
    """Completion amount, 0..1; of the primary objective it is the Attempt Completion Amount."""
    local = run.tree.activities[activity].objectives[objective]
    if "progress" in local.reads:
        shared = run.objectives.get(local.reads["progress"], _UNKNOWN).progress
        if shared is not None:
            return shared
    found = run.activities[activity]
    return None if rollup and found.stale_progress else found.objectives[objective].progress


def completed(run: Run, activity: int, objective: int, *, rollup: bool = False) -> bool | None:
    """Completion status; of the primary objective it is the Attempt Completion Status.

    None while Attempt Progress Status is false. adlcp:completedByMeasure decides by the completion amount.
    """
    definition = run.tree.activities[activity]
    if definition.threshold.completed_by_measure and objective == definition.primary:
        known = progress(run, activity, objective, rollup=rollup)
        return None if known is None else known >= definition.threshold.min_progress_measure
    local = definition.objectives[objective]
    if "completed" in local.reads:
        shared = run.objectives.get(local.reads["completed"], _UNKNOWN).completed
        if shared is not None:
            return shared
    found = run.activities[activity]
    return None if rollup and found.stale_progress else found.objectives[objective].completed


def seen(run: Run, activity: int, objective: int) -> ObjectiveState:
    """All values of a local objective as they show through its maps: what content finds in cmi.objectives."""
    local = run.tree.activities[activity].objectives[objective]
    own = run.activities[activity].objectives[objective]
    scores: dict[str, float | None] = {}
    for name in ("raw", "minimum", "maximum"):
        shared = run.objectives.get(local.reads.get(name, ""), _UNKNOWN)
        scores[name] = getattr(own if getattr(shared, name) is None else shared, name)
    # A completion status that was shared is shown as it is; the completion threshold of this activity judges it only
    # in sequencing.
    shared_completion = run.objectives.get(local.reads.get("completed", ""), _UNKNOWN).completed
    return ObjectiveState(
        satisfied=satisfied(run, activity, objective),
        measure=measure(run, activity, objective),
        completed=completed(run, activity, objective) if shared_completion is None else shared_completion,
        progress=progress(run, activity, objective),
        **scores,
    )


def write(run: Run, activity: int, objective: int, **values: Any) -> None:
    """Set values of a local objective, and of the global objectives it writes them to (SN 3.10.3).

    A value that becomes unknown says nothing, and so takes nothing from a global objective: another activity may have
    written there. Only content that says “unknown” itself does that (see `report`).
    """
    found = run.activities[activity]
    local = run.tree.activities[activity].objectives[objective]
    own = found.objectives[objective]
    changed = own._replace(**values)
    if changed != own:
        objectives = list(found.objectives)
        objectives[objective] = changed
        run.change(activity, objectives=tuple(objectives))
    for name in local.writes.keys() & values.keys():
        if values[name] is not None:
            share(run, local.writes[name], name, values[name])


def share(run: Run, targets: tuple[str, ...], name: str, value: Any) -> None:
    """Set one value of global objectives."""
    for target in targets:
        before = run.objectives.get(target, _UNKNOWN)
        if getattr(before, name) != value:
            run.objectives[target] = before._replace(**{name: value})
            run.changed_objectives.add(target)


def share_measured(run: Run, activity: int) -> None:
    """Write on what is decided by measure: satisfaction by the measure, completion by the completion amount.

    The measure may have been read from another global objective, so this is what carries a verdict from one shared
    objective to the next.
    """
    definition = run.tree.activities[activity]
    for objective, local in enumerate(definition.objectives):
        if local.satisfied_by_measure and local.writes:
            known = measure(run, activity, objective)
            if known is not None:
                share(run, local.writes.get("measure", ()), "measure", known)
            verdict = satisfied(run, activity, objective)
            if verdict is not None:
                share(run, local.writes.get("satisfied", ()), "satisfied", verdict)
    primary = definition.objectives[definition.primary]
    if definition.threshold.completed_by_measure and "completed" in primary.writes:
        done = completed(run, activity, definition.primary)
        if done is not None:
            share(run, primary.writes["completed"], "completed", done)
