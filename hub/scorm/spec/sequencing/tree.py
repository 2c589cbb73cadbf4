"""The activity tree (SN 2.1.1, 3): what the manifest defines, flattened into document order and never changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from hub.scorm.spec.manifest.course import (
    CompletionThreshold,
    ControlMode,
    Item,
    Objective,
    ObjectiveMap,
    Organization,
    RollupRule,
    Sequencing,
    SequencingRule,
)

#: Rules by the action they take.
RulesByAction = Mapping[str, tuple[SequencingRule, ...]]


@dataclass(frozen=True, slots=True)
class LocalObjective:
    """A local objective, with its maps sorted by what they carry (SN 3.10).

    `reads` and `writes` name the global objectives (in normal form) by the value that is read or written: `satisfied`,
    `measure`, `raw`, `minimum`, `maximum`, `completed`, `progress`.
    """

    identifier: str | None
    satisfied_by_measure: bool
    min_normalized_measure: float
    reads: Mapping[str, str]
    writes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity; `parent`, `children` and `last` (the last descendant) are indices in document order."""

    index: int
    identifier: str
    title: str
    parent: int | None
    children: tuple[int, ...]
    last: int
    depth: int
    is_visible: bool
    hide_lms_ui: tuple[str, ...]
    sequencing: Sequencing
    control: ControlMode
    tracked: bool
    threshold: CompletionThreshold
    objectives: tuple[LocalObjective, ...]
    objective_index: Mapping[str, int]
    primary: int
    references: Mapping[str, int]
    pre_rules: RulesByAction
    rollup_rules: Mapping[str, tuple[RollupRule, ...]]

    @property
    def is_leaf(self) -> bool:
        """Whether content, and no other activity, hangs here."""
        return not self.children


@dataclass(frozen=True, slots=True)
class Tree:
    """All activities in document order, the root first.

    `readers` are, by global objective, the activities whose primary objective reads it.
    """

    activities: tuple[Activity, ...]
    index: Mapping[str, int]
    readers: Mapping[str, tuple[int, ...]]
    objectives_global_to_system: bool

    def path(self, activity: int) -> list[int]:
        """From the activity up to the root, both included."""
        found: list[int] = []
        step: int | None = activity
        while step is not None:
            found.append(step)
            step = self.activities[step].parent
        return found

    def constrains_choice(self, activity: int) -> bool:
        """Whether the activity, while one of its descendants is current, confines choice to its neighbours."""
        return self.activities[activity].sequencing.constrain_choice.constrain_choice

    def is_within(self, activity: int, ancestor: int) -> bool:
        """Whether the activity is the ancestor or one of its descendants."""
        return ancestor <= activity <= self.activities[ancestor].last

    def common_ancestor(self, one: int, other: int) -> int:
        """The deepest cluster both belong to; a cluster belongs to itself (SN C, “common ancestor”)."""
        step = one if self.activities[one].children else (self.activities[one].parent or 0)
        cluster = other if self.activities[other].children else (self.activities[other].parent or 0)
        while not self.is_within(cluster, step):
            step = self.activities[step].parent or 0
        return step


def of_organization(organization: Organization) -> Tree:
    """The activity tree of a content organization (CAM 5.1: the organization is the root, each item an activity)."""
    activities = tuple(_activities(organization))
    readers: dict[str, list[int]] = {}
    for activity in activities:
        for target in dict.fromkeys(activity.objectives[activity.primary].reads.values()):
            readers.setdefault(target, []).append(activity.index)
    return Tree(
        activities=activities,
        index={activity.identifier: activity.index for activity in activities},
        readers={target: tuple(found) for target, found in readers.items()},
        objectives_global_to_system=organization.objectives_global_to_system,
    )


def _activities(organization: Organization) -> Iterator[Activity]:
    """In document order; with an explicit stack, so that depth costs no recursion."""
    nodes: list[tuple[Organization | Item, int | None, int]] = []
    children: list[list[int]] = []
    stack: list[tuple[Organization | Item, int | None, int]] = [(organization, None, 0)]
    while stack:
        node, parent, depth = stack.pop()
        index = len(nodes)
        nodes.append((node, parent, depth))
        children.append([])
        if parent is not None:
            children[parent].append(index)
        stack.extend((child, index, depth + 1) for child in reversed(node.items))
    last = list(range(len(nodes)))
    for index in range(len(nodes) - 1, -1, -1):
        if children[index]:
            last[index] = last[children[index][-1]]
    for index, (node, parent, depth) in enumerate(nodes):
        yield _activity(node, index, parent, tuple(children[index]), last[index], depth)


def _activity(
    node: Organization | Item, index: int, parent: int | None, children: tuple[int, ...], last: int, depth: int
) -> Activity:
    sequencing = node.sequencing or Sequencing()
    if parent is None and _is_single(node):
        sequencing = replace(sequencing, control_mode=_of_a_single_activity(sequencing.control_mode))
    defined = sequencing.objectives
    if not any(objective.is_primary for objective in defined):
        # SN 3.10: every activity has an objective that contributes to rollup, defined or not.
        defined = (Objective(identifier=None, is_primary=True), *defined)
    is_visible, hide_lms_ui = (node.is_visible, node.hide_lms_ui) if isinstance(node, Item) else (True, ())
    return Activity(
        index=index,
        identifier=node.identifier,
        title=node.title,
        parent=parent,
        children=children,
        last=last,
        depth=depth,
        is_visible=is_visible,
        hide_lms_ui=hide_lms_ui,
        sequencing=sequencing,
        control=sequencing.control_mode,
        tracked=sequencing.delivery_controls.tracked,
        threshold=node.completion_threshold or CompletionThreshold(),
        objectives=tuple(_local_objective(objective) for objective in defined),
        objective_index={found.identifier: at for at, found in enumerate(defined) if found.identifier is not None},
        primary=next(at for at, objective in enumerate(defined) if objective.is_primary),
        references=dict(_references(sequencing, defined)),
        pre_rules=_by_action(sequencing.pre_condition_rules),
        rollup_rules=_rollup_by_action(sequencing.rollup_rules),
    )


def _is_single(root: Organization | Item) -> bool:
    return len(root.items) == 1 and not root.items[0].items


def _of_a_single_activity(control: ControlMode) -> ControlMode:
    """A course with one activity starts with it and shows no table of contents.

    SB.2.5 step 2 delivers a root that is the only activity, but the manifest's root is never a leaf. So, as in ADL's
    sample run-time, a single activity below it is flowed to, where the defaults would have it chosen.
    """
    return replace(control, choice=False, flow=True) if control.choice and not control.flow else control


def _references(sequencing: Sequencing, defined: tuple[Objective, ...]) -> Iterator[tuple[str, int]]:
    """The objective that each Referenced Objective of the activity's rules means.

    Where two objectives read alike, the one that is written alike is meant.
    """
    exact = {found.identifier: at for at, found in enumerate(defined)}
    alike = {_normal(found.identifier): at for at, found in enumerate(defined) if found.identifier is not None}
    rules = (*sequencing.pre_condition_rules, *sequencing.exit_condition_rules, *sequencing.post_condition_rules)
    for rule in rules:
        for condition in rule.conditions:
            name = condition.referenced_objective
            if name is not None:
                found = exact.get(name, alike.get(_normal(name)))
                if found is not None:
                    yield name, found


def _normal(identifier: str) -> str:
    """What an objective's identifier reads as: it is of type anyURI, so %20 is a blank, and blanks collapse."""
    return " ".join(unquote(identifier).split())


def _by_action(rules: tuple[SequencingRule, ...]) -> RulesByAction:
    return {
        action: tuple(rule for rule in rules if rule.action == action) for action in {rule.action for rule in rules}
    }


def _rollup_by_action(rules: tuple[RollupRule, ...]) -> Mapping[str, tuple[RollupRule, ...]]:
    return {
        action: tuple(rule for rule in rules if rule.action == action) for action in {rule.action for rule in rules}
    }


def _local_objective(objective: Objective) -> LocalObjective:
    reads: dict[str, str] = {}
    writes: dict[str, list[str]] = {}
    for found in objective.maps:
        target = _normal(found.target)
        for value, is_read, is_written in _directions(found):
            if is_read:
                # SN 3.10.3: a local objective reads each value from one global objective only; the first map counts.
                reads.setdefault(value, target)
            if is_written:
                writes.setdefault(value, []).append(target)
    return LocalObjective(
        identifier=objective.identifier,
        satisfied_by_measure=objective.satisfied_by_measure,
        min_normalized_measure=objective.min_normalized_measure,
        reads=reads,
        writes={value: tuple(targets) for value, targets in writes.items()},
    )


def _directions(found: ObjectiveMap) -> Iterator[tuple[str, bool, bool]]:
    yield "satisfied", found.read_satisfied_status, found.write_satisfied_status
    yield "measure", found.read_normalized_measure, found.write_normalized_measure
    yield "raw", found.read_raw_score, found.write_raw_score
    yield "minimum", found.read_min_score, found.write_min_score
    yield "maximum", found.read_max_score, found.write_max_score
    yield "completed", found.read_completion_status, found.write_completion_status
    yield "progress", found.read_progress_measure, found.write_progress_measure
