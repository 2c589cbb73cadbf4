"""Rollup behaviour (SN 4.6, appendix C RB): from the status of children to that of their parent."""

from hub.scorm.spec.manifest.course import Condition, RollupRule
from hub.scorm.spec.sequencing import tracking
from hub.scorm.spec.sequencing.rules import combined, evaluate, pre_condition
from hub.scorm.spec.sequencing.run import Run

_DEFAULT_RULES: dict[str, tuple[RollupRule, ...]] = {
    action: (RollupRule(action=action, conditions=(Condition(condition=condition),)),)
    for action, condition in (
        ("notSatisfied", "objectiveStatusKnown"),
        ("satisfied", "satisfied"),
        ("incomplete", "activityProgressKnown"),
        ("completed", "completed"),
    )
}
#: A status may travel through shared objectives from cluster to cluster; a circle of them is cut after this many.
_ROUNDS = 8


def overall_rollup(run: Run, activity: int) -> None:
    """Overall Rollup Process [RB.1.5]: roll up along the path from the activity to the root, deepest first.

    Where an activity on the path writes a shared global objective, the clusters that read it through a child's
    primary objective are rolled up too, and so on while that changes further global objectives (SN 4.6.7).
    """
    path = run.tree.path(activity)
    clusters = set(path)
    for step in path:
        for objective in run.tree.activities[step].objectives:
            for targets in objective.writes.values():
                for target in targets:
                    clusters |= _clusters_reading(run, target)
    for _ in range(_ROUNDS):
        run.changed_objectives.clear()
        for cluster in sorted(clusters, key=lambda found: run.tree.activities[found].depth, reverse=True):
            if run.tree.activities[cluster].children:
                roll_up(run, cluster)
        clusters = set()
        for target in run.changed_objectives:
            clusters |= _clusters_reading(run, target)
        if not clusters:
            return


def _clusters_reading(run: Run, target: str) -> set[int]:
    found: set[int] = set()
    for reader in run.tree.readers.get(target, ()):
        parent = run.tree.activities[reader].parent
        if parent is not None and reader in run.available(parent):
            found.update(run.tree.path(parent))
    return found


def roll_up(run: Run, cluster: int) -> None:
    """One step of the Overall Rollup Process [RB.1.5 3]: measures first, then objective, then progress."""
    run.note("RB.1.5", "3", cluster)
    children = [child for child in run.available(cluster) if run.tree.activities[child].tracked]
    if not run.tree.activities[cluster].tracked:
        return
    measure_rollup(run, cluster, children)
    completion_measure_rollup(run, cluster, children)
    objective_rollup(run, cluster, children)
    activity_progress_rollup(run, cluster, children)


def measure_rollup(run: Run, cluster: int, children: list[int]) -> None:
    """Measure Rollup Process [RB.1.1 a]: the weighted mean of the children's measures; unknown ones count as zero.

    The process takes measures as they are: one of an earlier attempt on the cluster counts until the child has a new
    one. Use Current Attempt Objective Information (SN 3.2.5) is asked of conditions only, as in ADL's sample run-time.
    """
    activities, total, counted, known = run.tree.activities, 0.0, 0.0, False
    for child in children:
        weight = activities[child].sequencing.objective_measure_weight
        counted += weight
        found = tracking.measure(run, child, activities[child].primary)
        if found is not None:
            total += found * weight
            known = True
    measure = total / counted if known and counted > 0 else None
    tracking.write(run, cluster, activities[cluster].primary, measure=measure)
    if measure is not None:
        run.note("RB.1.1 a", "6.3.1.2", cluster, f"{measure:.4f}")


def completion_measure_rollup(run: Run, cluster: int, children: list[int]) -> None:
    """Completion Measure Rollup Process [RB.1.1 b]: the weighted mean of the children's completion amounts.

    Those of an earlier attempt on the cluster count, as with measures.
    """
    activities, total, counted, known = run.tree.activities, 0.0, 0.0, False
    for child in children:
        weight = activities[child].threshold.progress_weight
        counted += weight
        found = tracking.progress(run, child, activities[child].primary)
        if found is not None:
            total += found * weight
            known = True
    amount = total / counted if known and counted > 0 else None
    tracking.write(run, cluster, activities[cluster].primary, progress=amount)
    if amount is not None:
        run.note("RB.1.1 b", "5.2.1.2", cluster, f"{amount:.4f}")


def objective_rollup(run: Run, cluster: int, children: list[int]) -> None:
    """Objective Rollup Process [RB.1.2]: by measure if the objective is satisfied by measure, else by rules."""
    definition = run.tree.activities[cluster]
    if definition.objectives[definition.primary].satisfied_by_measure:
        objective_rollup_using_measure(run, cluster)
    else:
        objective_rollup_using_rules(run, cluster, children)


def objective_rollup_using_measure(run: Run, cluster: int) -> None:
    """Objective Rollup Using Measure Process [RB.1.2 a]: compare the rolled-up measure with its threshold."""
    primary = run.tree.activities[cluster].primary
    verdict = tracking.satisfied(run, cluster, primary)
    run.note("RB.1.2 a", "3.1", cluster, _SATISFIED[verdict])
    tracking.write(run, cluster, primary, satisfied=verdict)


def objective_rollup_using_rules(run: Run, cluster: int, children: list[int]) -> None:
    """Objective Rollup Using Rules Process [RB.1.2 b]: “not satisfied” rules first, “satisfied” rules win."""
    verdict: bool | None = None
    if rollup_rule_check(run, cluster, children, "notSatisfied", "satisfied"):
        verdict = False
    if rollup_rule_check(run, cluster, children, "satisfied", "notSatisfied"):
        verdict = True
    if verdict is not None:
        run.note("RB.1.2 b", "4", cluster, _SATISFIED[verdict])
        tracking.write(run, cluster, run.tree.activities[cluster].primary, satisfied=verdict)


def activity_progress_rollup(run: Run, cluster: int, children: list[int]) -> None:
    """Activity Progress Rollup Process [RB.1.3]: by measure if the activity is completed by measure, else by rules."""
    if run.tree.activities[cluster].threshold.completed_by_measure:
        activity_progress_rollup_using_measure(run, cluster)
    else:
        activity_progress_rollup_using_rules(run, cluster, children)


def activity_progress_rollup_using_measure(run: Run, cluster: int) -> None:
    """Activity Progress Rollup Using Measure Process [RB.1.3 a]: compare the amount with minProgressMeasure."""
    primary = run.tree.activities[cluster].primary
    verdict = tracking.completed(run, cluster, primary)
    run.note("RB.1.3 a", "3", cluster, _COMPLETED[verdict])
    tracking.write(run, cluster, primary, completed=verdict)


def activity_progress_rollup_using_rules(run: Run, cluster: int, children: list[int]) -> None:
    """Activity Progress Rollup Using Rules Process [RB.1.3 b]: “incomplete” rules first, “completed” rules win."""
    verdict: bool | None = None
    if rollup_rule_check(run, cluster, children, "incomplete", "completed"):
        verdict = False
    if rollup_rule_check(run, cluster, children, "completed", "incomplete"):
        verdict = True
    if verdict is not None:
        run.note("RB.1.3 b", "4", cluster, _COMPLETED[verdict])
        tracking.write(run, cluster, run.tree.activities[cluster].primary, completed=verdict)


def rollup_rule_check(run: Run, cluster: int, children: list[int], action: str, opposite: str) -> bool:
    """Rollup Rule Check Subprocess [RB.1.4]: whether a rule of this action applies.

    The default rules hold where neither this action nor its opposite has a rule (RB.1.2 b 1, RB.1.3 b 1).

    A rule over “all” or “none” holds when no child contributes to it. ADL's case RU-11 asks for that, against step
    1.2.4 (no action unless some child contributed), and its sample run-time does the same.
    """
    defined = run.tree.activities[cluster].rollup_rules
    is_default = action not in defined and opposite not in defined
    for rule in _DEFAULT_RULES[action] if is_default else defined.get(action, ()):
        bag = [
            evaluate_rollup_conditions(run, child, rule)
            for child in children
            if check_child_for_rollup(run, child, action)
        ]
        if _applies(rule, bag):
            run.note("RB.1.4", "1.2.10.1", cluster, action)
            return True
    return False


def _applies(rule: RollupRule, bag: list[bool | None]) -> bool:
    """RB.1.4 1.2.5 to 1.2.9: whether enough of the children fulfil the rule."""
    if rule.child_activity_set == "all":
        return False not in bag and None not in bag
    if rule.child_activity_set == "any":
        return True in bag
    if rule.child_activity_set == "none":
        return True not in bag and None not in bag
    fulfilled = bag.count(True)
    if rule.child_activity_set == "atLeastCount":
        return bool(bag) and fulfilled >= rule.minimum_count
    return bool(bag) and fulfilled / len(bag) >= rule.minimum_percent


def evaluate_rollup_conditions(run: Run, child: int, rule: RollupRule) -> bool | None:
    """Evaluate Rollup Conditions Subprocess [RB.1.4.1]: true, false or unknown (None) for one child."""
    bag: list[bool | None] = []
    for condition in rule.conditions:
        found = evaluate(run, child, condition, rollup=True)
        bag.append(not found if condition.operator == "not" and found is not None else found)
    return combined(bag, rule.combination)


def check_child_for_rollup(run: Run, child: int, action: str) -> bool:
    """Check Child for Rollup Subprocess [RB.1.4.2]: whether a tracked child counts for this action."""
    sequencing = run.tree.activities[child].sequencing
    considerations = sequencing.rollup_considerations
    if action in ("satisfied", "notSatisfied"):
        included = sequencing.rollup_objective_satisfied
        satisfied = action == "satisfied"
        required = considerations.required_for_satisfied if satisfied else considerations.required_for_not_satisfied
    else:
        included = sequencing.rollup_progress_completion
        completed = action == "completed"
        required = considerations.required_for_completed if completed else considerations.required_for_incomplete
    return included and _is_required(run, child, required)


def _is_required(run: Run, child: int, required: str) -> bool:
    """adlseq:rollupConsiderations (RB.1.4.2 2.1.2, 2.1.3).

    Of “ifNotSuspended” the pseudo-code can be read to leave out what was never attempted, too; the sample run-time
    and the description of the element (SN 3.8) leave out only what is suspended.
    """
    found = run.activities[child]
    if required == "ifNotSuspended":
        return found.attempts == 0 or not found.suspended
    if required == "ifAttempted":
        return found.attempts > 0
    if required == "ifNotSkipped":
        return not pre_condition(run, child, "skip")
    return True


_SATISFIED = {None: "unknown", True: "satisfied", False: "not satisfied"}
_COMPLETED = {None: "unknown", True: "completed", False: "incomplete"}
