"""Selection and randomization of children (SN 3.11, 3.12, 4.8)."""

from hub.scorm.spec.sequencing.run import Run


def select_children(run: Run, activity: int) -> None:
    """Select Children Process [SR.1]: make a random subset, in its defined order, the Available Children.

    A count of 0 is the default of Selection Count (SN 3.11) and selects nothing away, as in ADL's sample run-time.
    """
    children = run.tree.activities[activity].children
    count = run.tree.activities[activity].sequencing.randomization.select_count
    if not count or count >= len(children):
        run.change(activity, children=children)
        return
    chosen = run.chance.sample(range(len(children)), count)
    run.change(activity, children=tuple(children[place] for place in sorted(chosen)))
    run.note("SR.1", "3.1.4", activity, f"{count} of {len(children)}")


def randomize_children(run: Run, activity: int) -> None:
    """Randomize Children Process [SR.2]: put the Available Children into random order."""
    if not run.tree.activities[activity].sequencing.randomization.reorder_children:
        return
    available = run.available(activity)
    run.change(activity, children=tuple(run.chance.sample(available, len(available))))
    run.note("SR.2", "3.1.1", activity)


def prepare(run: Run) -> None:
    """Select and randomize every cluster before the first session (timing “once” and “onEachNewAttempt”)."""
    if run.prepared:
        return
    for activity in run.tree.activities:
        if activity.children:
            timing = activity.sequencing.randomization
            if timing.selection_timing != "never":
                select_children(run, activity.index)
            if timing.randomization_timing != "never":
                randomize_children(run, activity.index)
    run.prepared = True


def prepare_next_attempt(run: Run, activity: int) -> None:
    """Select and randomize for the next attempt on a cluster whose attempt has just ended (“onEachNewAttempt”).

    The pseudo-code leaves the moment open. Doing it here and not on delivery lets a flow into the cluster, and the
    table of contents, already see what the next attempt will hold; it comes after rollup, so that the status of the
    ended attempt is that of the children it had.
    """
    timing = run.tree.activities[activity].sequencing.randomization
    if timing.selection_timing == "onEachNewAttempt":
        select_children(run, activity)
    if timing.randomization_timing == "onEachNewAttempt":
        randomize_children(run, activity)
