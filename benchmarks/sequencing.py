"""CPU time of sequencing: `python -m benchmarks.sequencing`. Prints a table in milliseconds of CPU.

Two shapes of course: deep (clusters of ten, as most courses are) and flat (everything in one cluster, the worst case
for rollup and for the table of contents). The activities carry what courses carry: a disabled rule that waits for an
objective, a shared global objective, measure and rollup rules.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from hub.scorm.spec.manifest.course import (
    Condition,
    ControlMode,
    Item,
    Objective,
    ObjectiveMap,
    Organization,
    RollupRule,
    Sequencing,
    SequencingRule,
)
from hub.scorm.spec.sequencing import overall, report, state, tree
from hub.scorm.spec.sequencing.navigation import navigation
from hub.scorm.spec.sequencing.results import Request

NOW = datetime(2026, 1, 1, tzinfo=UTC)
#: What a request may cost, by the number of activities (milliseconds of CPU).
LIMITS = {50: 2.0, 1000: 20.0}


def course(count: int, width: int) -> Organization:
    """A course of about `count` activities in clusters of `width`."""
    ids = (f"a{number}" for number in range(1, count))
    level: tuple[Item, ...] = tuple(_leaf(next(ids), number) for number in range(count * (width - 1) // width))
    while len(level) > width:
        level = tuple(_cluster(next(ids, f"c{at}"), level[at : at + width]) for at in range(0, len(level), width))
    return Organization("course", "Course", level, sequencing=Sequencing(control_mode=ControlMode(flow=True)))


def _leaf(identifier: str, number: int) -> Item:
    waits = SequencingRule("disabled", (Condition("satisfied", operator="not", referenced_objective="before"),))
    written = ObjectiveMap(target=f"goal-{number}", write_satisfied_status=True, write_normalized_measure=True)
    objectives = [
        Objective("own", is_primary=True, satisfied_by_measure=True, min_normalized_measure=0.5, maps=(written,))
    ]
    if number % 10 == 9:
        objectives.append(Objective("before", is_primary=False, maps=(ObjectiveMap(target=f"goal-{number - 1}"),)))
    return Item(
        identifier,
        identifier,
        sequencing=Sequencing(objectives=tuple(objectives), pre_condition_rules=(waits,) if number % 10 == 9 else ()),
    )


def _cluster(identifier: str, items: tuple[Item, ...]) -> Item:
    rule = RollupRule("completed", (Condition("completed"), Condition("attempted")), child_activity_set="all")
    return Item(
        identifier,
        identifier,
        items=items,
        sequencing=Sequencing(control_mode=ControlMode(flow=True), rollup_rules=(rule,)),
    )


def measurements(organization: Organization) -> Iterator[tuple[str, Callable[[], object]]]:
    """The requests of a learner halfway through the course."""
    definition = tree.of_organization(organization)
    rng = random.Random(7)
    begun = overall.process(definition, state.initial(definition), Request("start"), NOW, rng)
    leaves = [activity.identifier for activity in definition.activities if activity.is_leaf]
    chosen = overall.process(definition, begun.state, Request("choice", leaves[len(leaves) // 2]), NOW, rng)
    passed = report.Report(report.Status(completion="completed", scaled=0.8), {}, seconds=60.0)
    current = leaves[len(leaves) // 2]
    reported = report.record(definition, chosen.state, current, passed, NOW)
    stored = state.as_data(definition, reported)
    yield "record", lambda: report.record(definition, chosen.state, current, passed, NOW)
    for kind, target in (("continue", None), ("previous", None), ("choice", leaves[-2]), ("exitAll", None)):
        request = Request(kind, target)
        yield kind, lambda request=request: overall.process(definition, reported, request, NOW, rng)
    yield "navigation", lambda: navigation(definition, reported, NOW)
    yield "as_data", lambda: state.as_data(definition, reported)
    yield "from_data", lambda: state.from_data(definition, stored)
    yield "tree", lambda: tree.of_organization(organization)


def cpu_milliseconds(call: Callable[[], object], times: int) -> float:
    """The median CPU time of a call."""
    found = []
    for _ in range(times):
        before = time.process_time()
        call()
        found.append((time.process_time() - before) * 1000)
    return statistics.median(found)


def main() -> int:
    """Print the table; 1 if a request takes longer than it may."""
    too_slow = False
    for count, limit in LIMITS.items():
        for shape, width in (("deep", 10), ("flat", count)):
            organization = course(count, width)
            for name, call in measurements(organization):
                taken = cpu_milliseconds(call, 200 if count < 100 else 20)
                late = taken > limit and name != "tree"
                too_slow = too_slow or late
                sys.stdout.write(f"{count:5d} {shape}  {name:<11}{taken:8.3f}{'  over the limit' if late else ''}\n")
    return 1 if too_slow else 0


if __name__ == "__main__":
    sys.exit(main())
