"""What a sequencing definition cannot have meant: items that nobody ever gets, rules that never fire, endless loops.

Only what holds whatever learners do is told, so that no sensible course is blamed.
"""

from collections.abc import Callable, Iterator

from hub.scorm.spec.manifest.course import Condition, Sequencing, SequencingRule
from hub.scorm.spec.manifest.findings import Finding, Place
from hub.scorm.spec.manifest.rules import finding

#: Where the definition stands; asked only when there is something to tell, since finding out takes a while.
PlaceOf = Callable[[], Place]

_TURNING_BACK = frozenset({"retry", "retryAll", "previous"})


def notes(sequencing: Sequencing, identifier: str, children: int, place: PlaceOf) -> Iterator[Finding]:
    """Notes on the definition of one item or organization with so many items directly below it."""
    mode = sequencing.control_mode
    if children and not mode.choice and not mode.flow:
        yield finding("sequencing.unreachable", place(), identifier=identifier)
    if sequencing.limit_conditions.attempt_limit == 0:
        yield finding("sequencing.no-attempts", place(), identifier=identifier)
    selected = sequencing.randomization.select_count
    if selected is not None and selected > children > 0 and sequencing.randomization.selection_timing != "never":
        yield finding("sequencing.selects-too-many", place(), identifier=identifier, count=selected, children=children)
    yield from _rule_notes(sequencing, identifier, place)
    yield from _rollup_notes(sequencing, identifier, children, place)


def _rule_notes(sequencing: Sequencing, identifier: str, place: PlaceOf) -> Iterator[Finding]:
    for rule in sequencing.pre_condition_rules:
        if rule.action == "disabled" and _is_always_true(rule):
            yield finding("sequencing.always-disabled", place(), identifier=identifier)
    limited = sequencing.limit_conditions.attempt_limit is not None
    for rule in sequencing.post_condition_rules:
        if rule.action in _TURNING_BACK and _is_always_true(rule) and not limited:
            yield finding("sequencing.endless", place(), identifier=identifier, action=rule.action)
    rules = (*sequencing.pre_condition_rules, *sequencing.exit_condition_rules, *sequencing.post_condition_rules)
    for rule in rules:
        if rule.combination == "all" and _contradict(rule.conditions):
            yield finding("sequencing.never-true", place(), identifier=identifier, action=rule.action)


def _rollup_notes(sequencing: Sequencing, identifier: str, children: int, place: PlaceOf) -> Iterator[Finding]:
    for rule in sequencing.rollup_rules:
        if rule.child_activity_set == "atLeastCount" and rule.minimum_count > children:
            yield finding(
                "sequencing.count-too-high", place(), identifier=identifier, count=rule.minimum_count, children=children
            )
        if rule.combination == "all" and _contradict(rule.conditions):
            yield finding("sequencing.never-true", place(), identifier=identifier, action=rule.action)


def _is_always_true(rule: SequencingRule) -> bool:
    certain = [one.condition == "always" and one.operator == "noOp" for one in rule.conditions]
    return all(certain) if rule.combination == "all" else any(certain)


def _contradict(conditions: tuple[Condition, ...]) -> bool:
    """Whether a condition and its opposite are both wanted, or “always” is not."""
    wanted = {(one.condition, one.referenced_objective, one.measure_threshold, one.operator) for one in conditions}
    opposites = {(*one[:3], "not" if one[3] == "noOp" else "noOp") for one in wanted}
    return bool(wanted & opposites) or any(one.condition == "always" and one.operator == "not" for one in conditions)
