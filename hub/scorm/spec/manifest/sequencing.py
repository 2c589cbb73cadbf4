"""Reading imsss:sequencing (IMS Simple Sequencing as profiled by SCORM 2004; CAM section 5, SN section 3).

Definitions are read as data with the standard's defaults; what they mean is `hub.scorm.spec.sequencing`.
"""

from collections.abc import Iterable

from lxml import etree

from hub.scorm.spec.manifest.course import (
    AuxiliaryResource,
    Condition,
    ConstrainChoice,
    ControlMode,
    DeliveryControls,
    LimitConditions,
    Objective,
    ObjectiveMap,
    Randomization,
    RollupConsiderations,
    RollupRule,
    Sequencing,
    SequencingRule,
)
from hub.scorm.spec.manifest.findings import Report
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.spec.manifest.sequencing_notes import notes
from hub.scorm.spec.manifest.values import Reader, boolean, count, decimal, one_of, text_of
from hub.scorm.spec.manifest.xml import Document

_RULE_CONDITIONS = (
    "satisfied",
    "objectiveStatusKnown",
    "objectiveMeasureKnown",
    "objectiveMeasureGreaterThan",
    "objectiveMeasureLessThan",
    "completed",
    "activityProgressKnown",
    "attempted",
    "attemptLimitExceeded",
    "timeLimitExceeded",
    "outsideAvailableTimeRange",
    "always",
)
_ROLLUP_CONDITIONS = (
    "satisfied",
    "objectiveStatusKnown",
    "objectiveMeasureKnown",
    "completed",
    "activityProgressKnown",
    "attempted",
    "attemptLimitExceeded",
    "timeLimitExceeded",
    "outsideAvailableTimeRange",
    "never",
)
_ACTIONS = {
    "preConditionRule": ("skip", "disabled", "hiddenFromChoice", "stopForwardTraversal"),
    "exitConditionRule": ("exit",),
    "postConditionRule": ("exitParent", "exitAll", "retry", "retryAll", "continue", "previous"),
}
_ROLLUP_ACTIONS = ("satisfied", "notSatisfied", "completed", "incomplete")
_CHILD_SETS = ("all", "any", "none", "atLeastCount", "atLeastPercent")
_TIMINGS = ("never", "once", "onEachNewAttempt")
_CONSIDERATIONS = ("always", "ifAttempted", "ifNotSkipped", "ifNotSuspended")

_MEASURE = decimal(-1, 1)
_FRACTION = decimal(0, 1)

#: Attributes of the score and progress maps that SCORM 2004 4th Ed. added, by the field they fill.
_EXTENDED_MAP_ATTRIBUTES = {
    f"{access}_{name}": access + "".join(part.title() for part in name.split("_"))
    for access in ("read", "write")
    for name in ("raw_score", "min_score", "max_score", "completion_status", "progress_measure")
}


#: Objectives and rules of all items together: a collection that every item refers to counts for each of them.
MOST_PARTS = 100_000


def weight(sequencing: Sequencing | None) -> int:
    """How many objectives, maps and rules there are to look at."""
    if sequencing is None:
        return 0
    rules = (sequencing.pre_condition_rules, sequencing.exit_condition_rules, sequencing.post_condition_rules)
    maps = sum(len(objective.maps) for objective in sequencing.objectives)
    return len(sequencing.objectives) + maps + len(sequencing.rollup_rules) + sum(map(len, rules))


class SequencingReader:
    """Reads the sequencing definitions of one manifest."""

    def __init__(self, document: Document, report: Report, collection: etree._Element | None) -> None:
        self._document = document
        self._report = report
        self._values = Reader(document, report, "sequencing.value")
        definitions = collection.findall("{imsss}sequencing") if collection is not None else []
        self._definitions = {found.get("ID", ""): found for found in definitions}
        self._weight = 0

    def collection(self) -> tuple[Sequencing, ...]:
        """Every definition of the manifest's sequencing collection."""
        return tuple(self._read(found, {}, name) for name, found in self._definitions.items())

    def of(self, owner: etree._Element, identifier: str) -> Sequencing | None:
        """The sequencing of an item or organization; None where it has none (all defaults then)."""
        element = owner.find("{imsss}sequencing")
        if element is None:
            return None
        reference = element.get("IDRef")
        referenced = self._definitions.get(reference) if reference else None
        if reference and referenced is None:
            place = self._document.place(element)
            self._report.add(finding("sequencing.reference-missing", place, identifier=identifier, reference=reference))
        if self._weight > MOST_PARTS:
            self._report.add(finding("sequencing.too-large", self._document.place(element), limit=MOST_PARTS))
            return None
        sequencing = self._read(element, _parts(referenced), identifier)
        self._weight += weight(sequencing)
        self._check_references(element, sequencing, identifier)
        children = len(owner.findall("{cp}item"))
        self._report.extend(notes(sequencing, identifier, children, lambda: self._document.place(element)))
        return sequencing

    def _read(self, element: etree._Element, inherited: dict[str, etree._Element], identifier: str) -> Sequencing:
        """One definition. What it says itself replaces, part by part, what it refers to (CAM, <sequencing> IDRef)."""
        parts = inherited | _parts(element)
        rules = parts.get("{imsss}sequencingRules")
        rollup = parts.get("{imsss}rollupRules")
        objectives = self._objectives(parts.get("{imsss}objectives"), parts.get("{adlseq}objectives"), identifier)
        return Sequencing(
            identifier=element.get("ID"),
            control_mode=self._control_mode(parts.get("{imsss}controlMode")),
            constrain_choice=self._constrain_choice(parts.get("{adlseq}constrainedChoiceConsiderations")),
            pre_condition_rules=self._rules(rules, "preConditionRule"),
            exit_condition_rules=self._rules(rules, "exitConditionRule"),
            post_condition_rules=self._rules(rules, "postConditionRule"),
            limit_conditions=self._limits(parts.get("{imsss}limitConditions")),
            auxiliary_resources=_auxiliary_resources(parts.get("{imsss}auxiliaryResources")),
            rollup_rules=self._rollup_rules(rollup),
            rollup_objective_satisfied=self._flag(rollup, "rollupObjectiveSatisfied", True),
            rollup_progress_completion=self._flag(rollup, "rollupProgressCompletion", True),
            objective_measure_weight=self._values.attribute(rollup, "objectiveMeasureWeight", _FRACTION, 1.0),
            rollup_considerations=self._considerations(parts.get("{adlseq}rollupConsiderations")),
            objectives=objectives,
            randomization=self._randomization(parts.get("{imsss}randomizationControls")),
            delivery_controls=self._delivery_controls(parts.get("{imsss}deliveryControls")),
        )

    def _flag(self, element: etree._Element | None, name: str, default: bool) -> bool:
        return self._values.attribute(element, name, boolean, default)

    def _control_mode(self, element: etree._Element | None) -> ControlMode:
        return ControlMode(
            choice=self._flag(element, "choice", True),
            choice_exit=self._flag(element, "choiceExit", True),
            flow=self._flag(element, "flow", False),
            forward_only=self._flag(element, "forwardOnly", False),
            use_current_attempt_objective_info=self._flag(element, "useCurrentAttemptObjectiveInfo", True),
            use_current_attempt_progress_info=self._flag(element, "useCurrentAttemptProgressInfo", True),
        )

    def _constrain_choice(self, element: etree._Element | None) -> ConstrainChoice:
        return ConstrainChoice(
            prevent_activation=self._flag(element, "preventActivation", False),
            constrain_choice=self._flag(element, "constrainChoice", False),
        )

    def _rules(self, element: etree._Element | None, kind: str) -> tuple[SequencingRule, ...]:
        found = element.findall(f"{{imsss}}{kind}") if element is not None else []
        rules = (self._rule(rule, _ACTIONS[kind]) for rule in found)
        return tuple(rule for rule in rules if rule.action and rule.conditions)

    def _rule(self, element: etree._Element, actions: tuple[str, ...]) -> SequencingRule:
        conditions = element.find("{imsss}ruleConditions")
        return SequencingRule(
            action=self._values.attribute(element.find("{imsss}ruleAction"), "action", one_of(actions), ""),
            conditions=self._conditions(conditions, "{imsss}ruleCondition", _RULE_CONDITIONS),
            combination=self._values.attribute(conditions, "conditionCombination", one_of(("all", "any")), "all"),
        )

    def _conditions(self, element: etree._Element | None, tag: str, vocabulary: Iterable[str]) -> tuple[Condition, ...]:
        found = element.findall(tag) if element is not None else []
        conditions = (
            Condition(
                condition=self._values.attribute(one, "condition", one_of(vocabulary), ""),
                operator=self._values.attribute(one, "operator", one_of(("not", "noOp")), "noOp"),
                referenced_objective=one.get("referencedObjective") or None,
                measure_threshold=self._values.attribute(one, "measureThreshold", _MEASURE, 0.0),
            )
            for one in found
        )
        return tuple(condition for condition in conditions if condition.condition)

    def _limits(self, element: etree._Element | None) -> LimitConditions:
        if element is None:
            return LimitConditions()
        return LimitConditions(
            attempt_limit=self._values.attribute(element, "attemptLimit", count, None),
            attempt_absolute_duration_limit=element.get("attemptAbsoluteDurationLimit"),
            attempt_experienced_duration_limit=element.get("attemptExperiencedDurationLimit"),
            activity_absolute_duration_limit=element.get("activityAbsoluteDurationLimit"),
            activity_experienced_duration_limit=element.get("activityExperiencedDurationLimit"),
            begin_time_limit=element.get("beginTimeLimit"),
            end_time_limit=element.get("endTimeLimit"),
        )

    def _rollup_rules(self, element: etree._Element | None) -> tuple[RollupRule, ...]:
        found = element.findall("{imsss}rollupRule") if element is not None else []
        rules = (self._rollup_rule(rule) for rule in found)
        return tuple(rule for rule in rules if rule.action and rule.conditions)

    def _rollup_rule(self, element: etree._Element) -> RollupRule:
        conditions = element.find("{imsss}rollupConditions")
        action = element.find("{imsss}rollupAction")
        return RollupRule(
            action=self._values.attribute(action, "action", one_of(_ROLLUP_ACTIONS), ""),
            conditions=self._conditions(conditions, "{imsss}rollupCondition", _ROLLUP_CONDITIONS),
            combination=self._values.attribute(conditions, "conditionCombination", one_of(("all", "any")), "any"),
            child_activity_set=self._values.attribute(element, "childActivitySet", one_of(_CHILD_SETS), "all"),
            minimum_count=self._values.attribute(element, "minimumCount", count, 0),
            minimum_percent=self._values.attribute(element, "minimumPercent", _FRACTION, 0.0),
        )

    def _considerations(self, element: etree._Element | None) -> RollupConsiderations:
        def consideration(name: str) -> str:
            return self._values.attribute(element, name, one_of(_CONSIDERATIONS), "always")

        return RollupConsiderations(
            required_for_satisfied=consideration("requiredForSatisfied"),
            required_for_not_satisfied=consideration("requiredForNotSatisfied"),
            required_for_completed=consideration("requiredForCompleted"),
            required_for_incomplete=consideration("requiredForIncomplete"),
            measure_satisfaction_if_active=self._flag(element, "measureSatisfactionIfActive", True),
        )

    def _objectives(
        self, element: etree._Element | None, extended: etree._Element | None, identifier: str
    ) -> tuple[Objective, ...]:
        """The primary objective first, then the others in document order (CAM, <objectives>)."""
        if element is None:
            return ()
        extensions = {
            found.get("objectiveID", ""): found
            for found in (extended.findall("{adlseq}objective") if extended is not None else [])
        }
        primary = [self._objective(one, True, extensions) for one in element.findall("{imsss}primaryObjective")[:1]]
        others = [self._objective(one, False, extensions) for one in element.findall("{imsss}objective")]
        if any(objective.identifier is None for objective in others):
            place = self._document.place(element)
            self._report.add(finding("sequencing.objective-without-id", place, identifier=identifier))
        return (*primary, *(objective for objective in others if objective.identifier is not None))

    def _objective(self, element: etree._Element, is_primary: bool, extensions: dict[str, etree._Element]) -> Objective:
        identifier = element.get("objectiveID") or None
        threshold = element.find("{imsss}minNormalizedMeasure")
        measure = 1.0
        if threshold is not None and text_of(threshold):
            measure = self._values.value(threshold, "minNormalizedMeasure", text_of(threshold), _MEASURE, 1.0)
        return Objective(
            identifier=identifier,
            is_primary=is_primary,
            satisfied_by_measure=self._flag(element, "satisfiedByMeasure", False),
            min_normalized_measure=measure,
            maps=self._maps(element, extensions.get(identifier or "")),
        )

    def _maps(self, element: etree._Element, extension: etree._Element | None) -> tuple[ObjectiveMap, ...]:
        """Map infos by their global objective; those of the 4th Ed. extension add to them or stand alone.

        Each reads only what it is about: a global objective that has no adlseq:mapInfo is not read for scores, one
        that has nothing else not for satisfaction.
        """
        own = {one.get("targetObjectiveID", ""): one for one in element.findall("{imsss}mapInfo")}
        more = {
            one.get("targetObjectiveID", ""): one
            for one in (extension.findall("{adlseq}mapInfo") if extension is not None else [])
        }
        targets = dict.fromkeys([*own, *more])
        return tuple(self._map(target, own.get(target), more.get(target)) for target in targets if target)

    def _map(self, target: str, own: etree._Element | None, more: etree._Element | None) -> ObjectiveMap:
        extended = {
            field: self._flag(more, attribute, more is not None and field.startswith("read"))
            for field, attribute in _EXTENDED_MAP_ATTRIBUTES.items()
        }
        return ObjectiveMap(
            target=target,
            read_satisfied_status=self._flag(own, "readSatisfiedStatus", own is not None),
            read_normalized_measure=self._flag(own, "readNormalizedMeasure", own is not None),
            write_satisfied_status=self._flag(own, "writeSatisfiedStatus", False),
            write_normalized_measure=self._flag(own, "writeNormalizedMeasure", False),
            **extended,
        )

    def _randomization(self, element: etree._Element | None) -> Randomization:
        return Randomization(
            randomization_timing=self._values.attribute(element, "randomizationTiming", one_of(_TIMINGS), "never"),
            select_count=self._values.attribute(element, "selectCount", count, None),
            reorder_children=self._flag(element, "reorderChildren", False),
            selection_timing=self._values.attribute(element, "selectionTiming", one_of(_TIMINGS), "never"),
        )

    def _delivery_controls(self, element: etree._Element | None) -> DeliveryControls:
        return DeliveryControls(
            tracked=self._flag(element, "tracked", True),
            completion_set_by_content=self._flag(element, "completionSetByContent", False),
            objective_set_by_content=self._flag(element, "objectiveSetByContent", False),
        )

    def _check_references(self, element: etree._Element, sequencing: Sequencing, identifier: str) -> None:
        """Conditions may look at objectives of their own activity only (CAM, <ruleCondition>)."""
        known = {objective.identifier for objective in sequencing.objectives}
        rules = (
            *sequencing.pre_condition_rules,
            *sequencing.exit_condition_rules,
            *sequencing.post_condition_rules,
        )
        for condition in (condition for rule in rules for condition in rule.conditions):
            reference = condition.referenced_objective
            if reference is not None and reference not in known:
                place = self._document.place(element)
                self._report.add(
                    finding("sequencing.objective-unknown", place, identifier=identifier, reference=reference)
                )


def _parts(element: etree._Element | None) -> dict[str, etree._Element]:
    return {str(child.tag): child for child in element.iterchildren(etree.Element)} if element is not None else {}


def _auxiliary_resources(element: etree._Element | None) -> tuple[AuxiliaryResource, ...]:
    found = element.findall("{imsss}auxiliaryResource") if element is not None else []
    return tuple(AuxiliaryResource(one.get("auxiliaryResourceID", ""), one.get("purpose", "")) for one in found)
