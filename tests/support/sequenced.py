"""Small courses written tersely, and a learner who walks through them."""

import random
from datetime import UTC, datetime
from typing import Any

from hub.scorm.spec.manifest.course import (
    Condition,
    ControlMode,
    Item,
    LimitConditions,
    Objective,
    ObjectiveMap,
    Organization,
    Sequencing,
    SequencingRule,
)
from hub.scorm.spec.sequencing import overall, report, state, tree
from hub.scorm.spec.sequencing.navigation import Navigation, navigation
from hub.scorm.spec.sequencing.results import Outcome, Request

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FLOW = ControlMode(flow=True)


def rule(action: str, *conditions: str, objective: str | None = None, combination: str = "all") -> SequencingRule:
    """A sequencing rule; “not satisfied” negates a condition."""
    return SequencingRule(action, tuple(condition(text, objective) for text in conditions), combination)


def condition(text: str, objective: str | None = None) -> Condition:
    """A condition; “not satisfied” negates it."""
    name = text.removeprefix("not ")
    return Condition(name, "not" if name != text else "noOp", objective)


def sequencing(**parts: Any) -> Sequencing:
    """A sequencing definition; `pre`, `exit_` and `post` are lists of rules, `attempts` the attempt limit."""
    names = {"pre": "pre_condition_rules", "exit_": "exit_condition_rules", "post": "post_condition_rules"}
    members: dict[str, Any] = {names.get(name, name): value for name, value in parts.items()}
    if "attempts" in members:
        members["limit_conditions"] = LimitConditions(attempt_limit=members.pop("attempts"))
    for name in (*names.values(), "rollup_rules", "objectives"):
        if name in members:
            members[name] = tuple(members[name])
    return Sequencing(**members)


def shares(target: str, *, primary: bool = False, writes: bool = False, identifier: str = "shared") -> Objective:
    """A local objective that reads a global one, and writes it if asked to."""
    found = ObjectiveMap(target, write_satisfied_status=writes, write_normalized_measure=writes)
    return Objective(identifier, is_primary=primary, maps=(found,))


def item(name: str, *items: Item, **parts: Any) -> Item:
    """An item named like its identifier; `threshold` is its completion threshold."""
    threshold = parts.pop("threshold", None)
    is_visible = parts.pop("is_visible", True)
    return Item(
        name,
        name,
        items=items,
        completion_threshold=threshold,
        is_visible=is_visible,
        sequencing=sequencing(**parts) if parts else None,
    )


def cluster(name: str, *items: Item, control: ControlMode = FLOW, **parts: Any) -> Item:
    """A cluster that flows, unless told otherwise."""
    return item(name, *items, control_mode=control, **parts)


def course(*items: Item, control: ControlMode = FLOW, **parts: Any) -> Organization:
    """A course `root` that flows, unless told otherwise."""
    is_global = parts.pop("objectives_global_to_system", True)
    definition = sequencing(control_mode=control, **parts)
    return Organization("root", "Course", items, objectives_global_to_system=is_global, sequencing=definition)


class Walk:
    """A learner's way through a course; remembers the last outcome."""

    def __init__(self, organization: Organization, seed: int = 1) -> None:
        self.tree = tree.of_organization(organization)
        self.state = state.initial(self.tree)
        self.rng = random.Random(seed)
        self.outcome: Outcome | None = None

    def request(self, kind: str, target: str | None = None) -> str | None:
        """What the request delivers, or the exception it meets."""
        self.outcome = overall.process(self.tree, self.state, Request(kind, target), NOW, self.rng)
        self.state = self.outcome.state
        return self.outcome.delivery or self.outcome.exception

    def report(self, **values: str) -> None:
        """The running content reports values, as in `success_status="passed"`, and says goodbye."""
        named = {f"cmi.{name.replace('__', '.')}": value for name, value in values.items()}
        found = report.of_values(named)
        self.state = report.record(self.tree, self.state, self.current or "", found, NOW)

    @property
    def current(self) -> str | None:
        """The Current Activity."""
        return None if self.state.current is None else self.tree.activities[self.state.current].identifier

    def of(self, name: str) -> state.ActivityState:
        """The state of an activity."""
        return self.state.activities[self.tree.index[name]]

    def primary(self, name: str) -> state.ObjectiveState:
        """The state of an activity's primary objective."""
        return self.of(name).objectives[self.tree.activities[self.tree.index[name]].primary]

    def valid(self) -> Navigation:
        """What is valid now."""
        return navigation(self.tree, self.state, NOW)
