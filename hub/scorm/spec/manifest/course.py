"""The one Course model: what every kind of package becomes when its manifest has been read.

Values only, and everything in the standard's words and defaults, so that the player, the sequencing engine and the
report page never look at XML. `as_data` and `from_data` are its stored form.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Standard = Literal["scorm_1_2", "scorm_2004", "cmi5", "xapi", "aicc", "pdf", "video", "web"]

STANDARD_NAMES: dict[str, str] = {
    "scorm_1_2": "SCORM 1.2",
    "scorm_2004": "SCORM 2004",
    "cmi5": "cmi5",
    "xapi": "xAPI",
    "aicc": "AICC",
    "pdf": "PDF",
    "video": "Video",
    "web": "Web pages",
}

#: What follows no standard: the player's own viewer shows it, by the run-time of SCORM 2004.
MEDIA: frozenset[str] = frozenset({"pdf", "video", "web"})
#: What the player plays; packages of other standards are read, judged and kept.
PLAYABLE: frozenset[str] = frozenset({"scorm_1_2", "scorm_2004"}) | MEDIA


@dataclass(frozen=True, slots=True)
class ControlMode:
    """Sequencing Control Modes (SN 3.2)."""

    choice: bool = True
    choice_exit: bool = True
    flow: bool = False
    forward_only: bool = False
    use_current_attempt_objective_info: bool = True
    use_current_attempt_progress_info: bool = True


@dataclass(frozen=True, slots=True)
class ConstrainChoice:
    """Constrain Choice Controls (SN 3.3; adlseq:constrainedChoiceConsiderations)."""

    prevent_activation: bool = False
    constrain_choice: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a sequencing or rollup rule; `operator` is `not` or `noOp`."""

    condition: str
    operator: str = "noOp"
    referenced_objective: str | None = None
    measure_threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class SequencingRule:
    """If conditions (joined by `combination`: all or any) then action (SN 3.4)."""

    action: str
    conditions: tuple[Condition, ...]
    combination: str = "all"


@dataclass(frozen=True, slots=True)
class LimitConditions:
    """Limit Conditions (SN 3.5); durations and times as the manifest writes them (ISO 8601)."""

    attempt_limit: int | None = None
    attempt_absolute_duration_limit: str | None = None
    attempt_experienced_duration_limit: str | None = None
    activity_absolute_duration_limit: str | None = None
    activity_experienced_duration_limit: str | None = None
    begin_time_limit: str | None = None
    end_time_limit: str | None = None


@dataclass(frozen=True, slots=True)
class AuxiliaryResource:
    """An auxiliary resource (SN 3.6): stored, never used by the sequencing process."""

    identifier: str
    purpose: str


@dataclass(frozen=True, slots=True)
class RollupRule:
    """If enough children fulfil the conditions then action (SN 3.7). `minimum_percent` is 0..1."""

    action: str
    conditions: tuple[Condition, ...]
    combination: str = "any"
    child_activity_set: str = "all"
    minimum_count: int = 0
    minimum_percent: float = 0.0


@dataclass(frozen=True, slots=True)
class RollupConsiderations:
    """When an activity counts in its parent's rollup (SN 3.8; adlseq:rollupConsiderations)."""

    required_for_satisfied: str = "always"
    required_for_not_satisfied: str = "always"
    required_for_completed: str = "always"
    required_for_incomplete: str = "always"
    measure_satisfaction_if_active: bool = True


@dataclass(frozen=True, slots=True)
class ObjectiveMap:
    """How a local objective reads and writes a global one (SN 3.10; the score parts are adlseq:mapInfo, 4th Ed.)."""

    target: str
    read_satisfied_status: bool = True
    read_normalized_measure: bool = True
    write_satisfied_status: bool = False
    write_normalized_measure: bool = False
    read_raw_score: bool = True
    read_min_score: bool = True
    read_max_score: bool = True
    read_completion_status: bool = True
    read_progress_measure: bool = True
    write_raw_score: bool = False
    write_min_score: bool = False
    write_max_score: bool = False
    write_completion_status: bool = False
    write_progress_measure: bool = False


@dataclass(frozen=True, slots=True)
class Objective:
    """A local objective (SN 3.10). `identifier` is None only for a primary objective without one."""

    identifier: str | None
    is_primary: bool
    satisfied_by_measure: bool = False
    min_normalized_measure: float = 1.0
    maps: tuple[ObjectiveMap, ...] = ()


@dataclass(frozen=True, slots=True)
class Randomization:
    """Selection and Randomization Controls (SN 3.11, 3.12)."""

    randomization_timing: str = "never"
    select_count: int | None = None
    reorder_children: bool = False
    selection_timing: str = "never"


@dataclass(frozen=True, slots=True)
class DeliveryControls:
    """Delivery Controls (SN 3.13)."""

    tracked: bool = True
    completion_set_by_content: bool = False
    objective_set_by_content: bool = False


@dataclass(frozen=True, slots=True)
class Sequencing:
    """The sequencing definition of one activity (SN 3), a definition of the collection already merged in."""

    identifier: str | None = None
    control_mode: ControlMode = ControlMode()
    constrain_choice: ConstrainChoice = ConstrainChoice()
    pre_condition_rules: tuple[SequencingRule, ...] = ()
    exit_condition_rules: tuple[SequencingRule, ...] = ()
    post_condition_rules: tuple[SequencingRule, ...] = ()
    limit_conditions: LimitConditions = LimitConditions()
    auxiliary_resources: tuple[AuxiliaryResource, ...] = ()
    rollup_rules: tuple[RollupRule, ...] = ()
    rollup_objective_satisfied: bool = True
    rollup_progress_completion: bool = True
    objective_measure_weight: float = 1.0
    rollup_considerations: RollupConsiderations = RollupConsiderations()
    objectives: tuple[Objective, ...] = ()
    randomization: Randomization = Randomization()
    delivery_controls: DeliveryControls = DeliveryControls()

    @property
    def primary_objective(self) -> Objective | None:
        """The objective that contributes to the parent's rollup."""
        return next((objective for objective in self.objectives if objective.is_primary), None)


@dataclass(frozen=True, slots=True)
class CompletionThreshold:
    """When progress means completion (adlcp:completionThreshold). `min_progress_measure` is 0..1."""

    completed_by_measure: bool = False
    min_progress_measure: float = 1.0
    progress_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class DataMap:
    """A shared data bucket of an item (adlcp:data/adlcp:map, 4th Ed.)."""

    target: str
    read_shared_data: bool = True
    write_shared_data: bool = True


@dataclass(frozen=True, slots=True)
class AssignableUnit:
    """What cmi5 says of an AU (section 13.1.4). `mastery_score` is 0..1."""

    move_on: str = "NotApplicable"
    mastery_score: float | None = None
    launch_method: str = "AnyWindow"
    activity_type: str | None = None
    entitlement_key: str | None = None


@dataclass(frozen=True, slots=True)
class CourseObjective:
    """A learning objective of a cmi5 course (section 13.1.3), its texts by language."""

    identifier: str
    titles: dict[str, str]
    descriptions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """A node of the outline below the organization.

    `href` is what is launched: relative to the root of the package and percent-encoded, or an absolute URL, with the
    parameters joined; None for a cluster. `mastery_score` is 0..100 (SCORM 1.2). A cmi5 block is an item without, a
    cmi5 AU one with `au`; their launch parameters are `launch_data`, and their texts are kept in every language.
    """

    identifier: str
    title: str
    items: tuple["Item", ...] = ()
    resource: str | None = None
    parameters: str = ""
    is_visible: bool = True
    href: str | None = None
    scorm_type: str | None = None
    launch_data: str | None = None
    prerequisites: str | None = None
    max_time_allowed: str | None = None
    time_limit_action: str | None = None
    mastery_score: float | None = None
    completion_threshold: CompletionThreshold | None = None
    hide_lms_ui: tuple[str, ...] = ()
    data_maps: tuple[DataMap, ...] = ()
    sequencing: Sequencing | None = None
    titles: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    objectives: tuple[str, ...] = ()
    au: AssignableUnit | None = None

    def walk(self, depth: int = 1) -> Iterator[tuple["Item", int]]:
        """This item and everything below it in document order, each with its depth."""
        yield self, depth
        for child in self.items:
            yield from child.walk(depth + 1)


@dataclass(frozen=True, slots=True)
class Organization:
    """One outline of the course; in SCORM 2004 the root of the activity tree."""

    identifier: str
    title: str
    items: tuple[Item, ...]
    objectives_global_to_system: bool = True
    shared_data_global_to_system: bool = True
    completion_threshold: CompletionThreshold | None = None
    sequencing: Sequencing | None = None

    def walk(self) -> Iterator[tuple[Item, int]]:
        """Every item in document order with its depth below the organization, which is depth 0."""
        for item in self.items:
            yield from item.walk()


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: `href` and `files` as paths in the package (xml:base resolved), or absolute URLs."""

    identifier: str
    type: str
    scorm_type: str | None
    href: str | None
    files: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """A package's manifest, read. `edition` is 2nd, 3rd or 4th for SCORM 2004 where the manifest tells."""

    standard: Standard
    edition: str | None
    identifier: str
    version: str | None
    title: str
    description: str
    language: str | None
    default_organization: str
    organizations: tuple[Organization, ...]
    resources: tuple[Resource, ...]
    sequencing_collection: tuple[Sequencing, ...] = ()
    keywords: tuple[str, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    objectives: tuple[CourseObjective, ...] = ()

    @property
    def organization(self) -> Organization:
        """The organization that learners get."""
        return next(found for found in self.organizations if found.identifier == self.default_organization)


def as_data(value: Any) -> Any:
    """A model value as plain JSON data."""
    return msgspec.to_builtins(value)


def from_data(data: Any) -> Course:
    """The course that `as_data` wrote; members that it did not know yet take their defaults."""
    return msgspec.convert(data, Course)
