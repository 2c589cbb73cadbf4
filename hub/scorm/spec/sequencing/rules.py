"""Sequencing rules (SN 3.4, 4.7): which action of an activity's rules applies."""

from collections.abc import Iterable

from hub.scorm.spec.manifest.course import Condition, SequencingRule
from hub.scorm.spec.sequencing import tracking
from hub.scorm.spec.sequencing.limits import is_outside_available_time, is_over_time
from hub.scorm.spec.sequencing.run import Run


def sequencing_rules_check(run: Run, activity: int, rules: Iterable[SequencingRule]) -> str | None:
    """Sequencing Rules Check Process [UP.2]: the action of the first rule that applies, or None."""
    for rule in rules:
        if sequencing_rule_check(run, activity, rule):
            run.note("UP.2", "2.2", activity, rule.action)
            return rule.action
    return None


def pre_condition(run: Run, activity: int, action: str) -> bool:
    """Whether a precondition rule of this action applies: skip, disabled, hiddenFromChoice, stopForwardTraversal."""
    rules = run.tree.activities[activity].pre_rules.get(action)
    if rules is None:
        return False
    return run.remembered((action, activity), lambda: sequencing_rules_check(run, activity, rules)) is not None


def sequencing_rule_check(run: Run, activity: int, rule: SequencingRule) -> bool:
    """Sequencing Rule Check Subprocess [UP.2.1]: whether the rule's conditions hold; unknown is no."""
    bag = [_evaluated(run, activity, condition) for condition in rule.conditions]
    return combined(bag, rule.combination) is True


def combined(bag: list[bool | None], combination: str) -> bool | None:
    """The bag of evaluated conditions joined by “all” or “any”; an empty bag is unknown (UP.2.1 3, RB.1.4.1 3)."""
    if not bag:
        return None
    decisive = combination == "any"
    if decisive in bag:
        return decisive
    return None if None in bag else not decisive


def _evaluated(run: Run, activity: int, condition: Condition) -> bool | None:
    found = evaluate(run, activity, condition)
    # Negating “unknown” gives “unknown” (UP.2.1 2.2.1).
    return not found if condition.operator == "not" and found is not None else found


def evaluate(run: Run, activity: int, condition: Condition, *, rollup: bool = False) -> bool | None:
    """One condition of a sequencing or rollup rule against the tracking model (SN 3.4.2, 3.7.4); None is unknown.

    Of an activity that is not tracked nothing is known, and that is known: “status known” is false, “satisfied”
    unknown. A referenced objective that the activity does not have makes the condition unknown.
    """
    name = condition.condition
    if name == "always":
        return True
    if name == "never":
        return False
    definition = run.tree.activities[activity]
    if name in _OF_THE_ACTIVITY:
        return _of_the_activity(run, activity, name)
    if not definition.tracked:
        return False if name.endswith("Known") else None
    objective: int | None = definition.primary
    if condition.referenced_objective is not None:
        objective = definition.references.get(condition.referenced_objective)
    return None if objective is None else _of_an_objective(run, activity, objective, condition, rollup=rollup)


_OF_THE_ACTIVITY = {"attempted", "attemptLimitExceeded", "timeLimitExceeded", "outsideAvailableTimeRange"}


def _of_the_activity(run: Run, activity: int, name: str) -> bool | None:
    attempts = run.activities[activity].attempts
    limits = run.tree.activities[activity].sequencing.limit_conditions
    if name == "attempted":
        return attempts > 0
    if name == "attemptLimitExceeded":
        return None if limits.attempt_limit is None else attempts >= limits.attempt_limit
    if name == "timeLimitExceeded":
        return is_over_time(run, activity)
    return is_outside_available_time(run, activity)


def _of_an_objective(run: Run, activity: int, objective: int, condition: Condition, *, rollup: bool) -> bool | None:
    name = condition.condition
    if name == "satisfied":
        return tracking.satisfied(run, activity, objective, rollup=rollup)
    if name == "objectiveStatusKnown":
        return tracking.satisfied(run, activity, objective, rollup=rollup) is not None
    if name == "completed":
        return tracking.completed(run, activity, objective, rollup=rollup)
    if name == "activityProgressKnown":
        return tracking.completed(run, activity, objective, rollup=rollup) is not None
    known = tracking.measure(run, activity, objective, rollup=rollup)
    if name == "objectiveMeasureKnown":
        return known is not None
    if known is None:
        return None
    if name == "objectiveMeasureGreaterThan":
        return known > condition.measure_threshold
    if name == "objectiveMeasureLessThan":
        return known < condition.measure_threshold
    return None
