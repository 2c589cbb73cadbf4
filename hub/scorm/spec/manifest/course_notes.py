"""What shows only when a whole course is looked at: ways that lead nowhere, scores that nobody gets to see.

Only what holds whatever learners do is told, so that no sensible course is blamed.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from hub.scorm.spec.manifest.course import Course, Item, Objective, Organization, Sequencing
from hub.scorm.spec.manifest.findings import Finding, Place
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.spec.manifest.sequencing import weight
from hub.scorm.spec.sequencing.exploration import LARGEST, explore
from hub.scorm.spec.sequencing.tree import of_organization

#: Objectives, maps and rules with which a course is still tried out: more would hold up a worker.
_TRIED = 3_000

PlaceOf = Callable[[str], Place]

_WRITES = ("write_satisfied_status", "write_normalized_measure", "write_raw_score", "write_completion_status")
_PREREQUISITE = re.compile(r'"[^"]*"|[^\s&|~(),={}*<>"]+')


def notes(course: Course, place_of: PlaceOf) -> Iterator[Finding]:
    """Notes on the organization that learners get; `place_of` tells where an item of it stands."""
    organization = course.organization
    if course.standard == "scorm_2004":
        yield from _ways(organization, place_of)
        yield from _objectives(organization, place_of)
        yield from _scores_2004(organization, place_of)
    else:
        yield from _prerequisites(organization, place_of)
        yield from _scores_1_2(organization, place_of)


# --- ways through the course


def _ways(organization: Organization, place_of: PlaceOf) -> Iterator[Finding]:
    """What comes of trying the course out, where it has sequencing of its own at all."""
    nodes = _nodes(organization)
    if len(nodes) > LARGEST or not 0 < sum(weight(node.sequencing) + bool(node.sequencing) for node in nodes) < _TRIED:
        return
    excused = set(_excused(organization))
    launched = [item.identifier for item, _ in organization.walk() if item.href and not item.items]
    wanted = [identifier for identifier in launched if identifier not in excused]
    satisfiable = [node.identifier for node in nodes if _wants_satisfaction(node)]
    found = explore(of_organization(organization), satisfiable) if wanted else None
    if found is None:
        return
    if not found.delivered:
        yield finding("sequencing.cannot-start", place_of(organization.identifier), title=organization.title)
    elif found.is_complete:
        delivered, satisfied = found.delivered, found.satisfied
        yield from _told("sequencing.never-delivered", (one for one in wanted if one not in delivered), place_of)
        yield from _told("sequencing.never-satisfied", (one for one in satisfiable if one not in satisfied), place_of)
        yield from _told("sequencing.dead-end", found.dead_ends, place_of)
        if organization.identifier not in found.completed:
            yield finding("sequencing.never-completed", place_of(organization.identifier), title=organization.title)


def _told(code: str, identifiers: Iterable[str], place_of: PlaceOf) -> Iterator[Finding]:
    """The same of several items."""
    return (finding(code, place_of(identifier), identifier=identifier) for identifier in identifiers)


def _excused(organization: Organization) -> Iterator[str]:
    """Items of clusters of which only some are selected, and those whose reason was told already."""
    for node in _nodes(organization):
        sequencing = node.sequencing or Sequencing()
        mode = sequencing.control_mode
        if sequencing.randomization.select_count is not None or (node.items and not mode.choice and not mode.flow):
            yield from (below.identifier for item in node.items for below, _ in item.walk())
        if isinstance(node, Item) and _is_closed(sequencing):
            yield from (below.identifier for below, _ in node.walk())


def _is_closed(sequencing: Sequencing) -> bool:
    disabled = any(
        rule.action == "disabled" and any(one.condition == "always" for one in rule.conditions)
        for rule in sequencing.pre_condition_rules
    )
    return disabled or sequencing.limit_conditions.attempt_limit == 0


def _wants_satisfaction(node: Organization | Item) -> bool:
    """Whether a cluster says when it is satisfied: then somebody must be able to satisfy it."""
    if not node.items or node.sequencing is None:
        return False
    primary = node.sequencing.primary_objective
    by_rule = any(rule.action == "satisfied" for rule in node.sequencing.rollup_rules)
    return by_rule or (primary is not None and primary.satisfied_by_measure)


def _nodes(organization: Organization) -> list[Organization | Item]:
    return [organization, *(item for item, _ in organization.walk())]


# --- objectives


def _objectives(organization: Organization, place_of: PlaceOf) -> Iterator[Finding]:
    """Global objectives that are looked at and that nothing in the course ever sets."""
    known = [(node, one) for node in _nodes(organization) for one in (node.sequencing or Sequencing()).objectives]
    maps = [(node, objective, one) for node, objective in known for one in objective.maps]
    written = {one.target for _, _, one in maps if any(getattr(one, name) for name in _WRITES)}
    looked_at = {node.identifier: _looked_at(node) for node in _nodes(organization)}
    for node, objective, one in maps:
        wanted = {objective.identifier} | ({None} if objective.is_primary else set())
        if one.target not in written and wanted & looked_at[node.identifier]:
            code = "objective.never-written" if not organization.objectives_global_to_system else "objective.elsewhere"
            yield finding(code, place_of(node.identifier), identifier=node.identifier, target=one.target)


def _looked_at(node: Organization | Item) -> set[str | None]:
    """The objectives that rules of the node depend on, None for the primary one; content cannot set what it reads."""
    sequencing = node.sequencing or Sequencing()
    rules = (*sequencing.pre_condition_rules, *sequencing.exit_condition_rules, *sequencing.post_condition_rules)
    conditions = (condition for rule in rules for condition in rule.conditions)
    return {
        one.referenced_objective
        for one in conditions
        if one.condition in {"satisfied", "objectiveStatusKnown"} or "Measure" in one.condition
    }


# --- scores


def _scores_2004(organization: Organization, place_of: PlaceOf) -> Iterator[Finding]:
    leaves = [item for item, _ in organization.walk() if item.href and not item.items and item.scorm_type == "sco"]
    counted = [item for item in leaves if _weight(item) > 0]
    if len(leaves) > 1 and not counted:
        yield finding("score.weightless", place_of(organization.identifier), title=organization.title)
    yield from _told("score.untracked", (item.identifier for item in leaves if _is_scored_in_vain(item)), place_of)
    with_mastery = (item.identifier for item in leaves if item.mastery_score is not None)
    yield from _told("score.mastery-version", with_mastery, place_of)
    for node in _nodes(organization):
        for objective in (node.sequencing or Sequencing()).objectives:
            if objective.min_normalized_measure != 1.0 and not objective.satisfied_by_measure:
                place, facts = place_of(node.identifier), {"measure": f"{objective.min_normalized_measure:g}"}
                yield finding("score.threshold-unused", place, identifier=node.identifier, **facts)


def _is_scored_in_vain(item: Item) -> bool:
    """Whether nothing is tracked of an item that somebody is to be judged by."""
    sequencing = item.sequencing or Sequencing()
    return not sequencing.delivery_controls.tracked and any(map(_is_scored, sequencing.objectives))


def _is_scored(objective: Objective) -> bool:
    """Whether somebody is to pass by it, or something is to learn of it."""
    writes = any(getattr(one, name) for one in objective.maps for name in _WRITES)
    return objective.satisfied_by_measure or writes


def _weight(item: Item) -> float:
    return item.sequencing.objective_measure_weight if item.sequencing else 1.0


def _scores_1_2(organization: Organization, place_of: PlaceOf) -> Iterator[Finding]:
    for item, _ in organization.walk():
        if item.mastery_score is None:
            continue
        if item.href is None or item.scorm_type == "asset":
            yield finding("score.mastery-unused", place_of(item.identifier), identifier=item.identifier)
        elif item.mastery_score == 0:
            yield finding("score.mastery-zero", place_of(item.identifier), identifier=item.identifier)


# --- prerequisites


def _prerequisites(organization: Organization, place_of: PlaceOf) -> Iterator[Finding]:
    """Prerequisites (SCORM 1.2 CAM 2.3.4.2.2, aicc_script) of items that do not exist, or that wait for each other.

    What an item waits for is taken for granted as soon as that can be begun: only circles remain.
    """
    items = {item.identifier: item for item, _ in organization.walk()}
    wanted = {name: _named(item.prerequisites or "") for name, item in items.items()}
    for name, names in wanted.items():
        for other in sorted(other for other in names if other not in items):
            yield finding("item.prerequisite-unknown", place_of(name), identifier=name, reference=other)
    startable = _startable(items, {name: {one for one in names if one in items} for name, names in wanted.items()})
    yield from _told("item.prerequisite-circle", (name for name in wanted if name not in startable), place_of)


def _startable(items: Mapping[str, Item], wanted: Mapping[str, set[str]]) -> set[str]:
    """The items that can be begun at some time: those that wait for nothing, and what these let go on."""
    missing = {name: set(names) for name, names in wanted.items()}
    followers = defaultdict(list)
    for name, names in wanted.items():
        for other in names:
            followers[other].append(name)
    ready = [name for name, item in items.items() if _may_hold(item, missing[name], wanted[name])]
    startable = set[str]()
    while ready:
        name = ready.pop()
        if name in startable:
            continue
        startable.add(name)
        for other in followers[name]:
            missing[other].discard(name)
            if _may_hold(items[other], missing[other], wanted[other]):
                ready.append(other)
    return startable


def _named(script: str) -> set[str]:
    """The items that a script names; what stands in quotes, or behind `=` or `<>`, is a status."""
    text = re.sub(r"(=|<>)\s*(\"[^\"]*\"|[\w -]+)", "", script)
    return {name.strip() for name in _PREREQUISITE.findall(text) if not re.fullmatch(r'\d+|"[^"]*"', name)}


def _may_hold(item: Item, missing: set[str], names: set[str]) -> bool:
    """Whether the prerequisites, which name `names`, may come true while the `missing` ones cannot be begun.

    Anything but “and” is let pass.
    """
    script = item.prerequisites or ""
    if re.search(r"~|<>", script):
        return True
    return missing < names if re.search(r"[|{]", script) else not missing
