"""The state of an activity tree for one learner: tracking model (SN 4.2) and activity state model, as one value.

Everything in here is immutable. Unknown is None throughout: where the pseudo-code has a status that says whether a
value is known (“Objective Progress Status”) and the value, we have one member that is None when it is not.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.errors import Conflict
from hub.scorm.spec.sequencing.tree import Tree

#: The version of the stored form; a later one reads what an earlier one wrote.
VERSION = 1


class ObjectiveState(NamedTuple):
    """Objective Progress Information (SN 4.2.1.2), of a local or a shared global objective.

    `measure` is -1..1, `progress` 0..1. The primary objective's `completed` and `progress` are the activity's Attempt
    Progress Information (SN 4.2.1.5), which is what adlseq:mapInfo shares.
    """

    satisfied: bool | None = None
    measure: float | None = None
    completed: bool | None = None
    progress: float | None = None
    raw: float | None = None
    minimum: float | None = None
    maximum: float | None = None


UNKNOWN = ObjectiveState()


class ActivityState(NamedTuple):
    """What is tracked of one activity.

    `attempts` is the Activity Attempt Count; Activity Progress Status is true once it is above zero. `children` are
    the Available Children in order, None for all as defined. `stale_*` mark data of an earlier attempt on the parent
    (Use Current Attempt Objective/Progress Information). `content_set_*` tell End Attempt that content spoke, be it
    only to say “unknown”. `*_begun_at` are POSIX times, `*_seconds` the experienced durations.
    """

    objectives: tuple[ObjectiveState, ...] = ()
    active: bool = False
    suspended: bool = False
    attempts: int = 0
    children: tuple[int, ...] | None = None
    stale_objectives: bool = False
    stale_progress: bool = False
    content_set_success: bool = False
    content_set_completion: bool = False
    activity_begun_at: float | None = None
    attempt_begun_at: float | None = None
    activity_seconds: float = 0.0
    attempt_seconds: float = 0.0


class State(NamedTuple):
    """The whole tree's state. `current` and `suspended` are the Current and the Suspended Activity (SN 4.2.2)."""

    activities: tuple[ActivityState, ...]
    objectives: Mapping[str, ObjectiveState]
    current: int | None = None
    suspended: int | None = None
    prepared: bool = False


def initial(tree: Tree, objectives: Mapping[str, ObjectiveState] | None = None) -> State:
    """The state before the first session; `objectives` are the learner's shared global objectives so far."""
    blank = tuple(ActivityState(objectives=(UNKNOWN,) * len(activity.objectives)) for activity in tree.activities)
    return State(activities=blank, objectives=dict(objectives or {}))


def as_data(tree: Tree, state: State) -> dict[str, Any]:
    """The state as JSON data: by identifier, and only what is not as it was in the beginning."""
    activities = {
        activity.identifier: data
        for activity, found in zip(tree.activities, state.activities, strict=True)
        if (data := _activity_data(tree, found))
    }
    return {
        "version": VERSION,
        "current": _identifier(tree, state.current),
        "suspended": _identifier(tree, state.suspended),
        "prepared": state.prepared,
        "activities": activities,
        "objectives": {name: _known(found) for name, found in state.objectives.items()},
    }


def from_data(tree: Tree, data: Mapping[str, Any]) -> State:
    """The state that `as_data` wrote. Activities that the tree no longer has are passed over.

    Raises `Conflict` for a version of the stored form that this release does not know.
    """
    if data.get("version") != VERSION:
        raise Conflict(
            f"The sequencing state has version {data.get('version')!r}; this release reads {VERSION}.",
            code="sequencing_state_version",
        )
    stored = data["activities"]
    return State(
        activities=tuple(
            _activity_from(tree, len(activity.objectives), stored.get(activity.identifier, {}))
            for activity in tree.activities
        ),
        objectives={name: ObjectiveState(**found) for name, found in data["objectives"].items()},
        current=tree.index.get(data["current"]),
        suspended=tree.index.get(data["suspended"]),
        prepared=data["prepared"],
    )


def _identifier(tree: Tree, activity: int | None) -> str | None:
    return None if activity is None else tree.activities[activity].identifier


def _known(found: ObjectiveState) -> dict[str, Any]:
    return {name: value for name, value in zip(found._fields, found, strict=True) if value is not None}


def _activity_data(tree: Tree, found: ActivityState) -> dict[str, Any]:
    defaults = ActivityState._field_defaults
    data: dict[str, Any] = {
        name: value
        for name, value in zip(found._fields, found, strict=True)
        if name not in ("objectives", "children") and value != defaults[name]
    }
    if any(objective != UNKNOWN for objective in found.objectives):
        data["objectives"] = [_known(objective) for objective in found.objectives]
    if found.children is not None:
        data["children"] = [tree.activities[child].identifier for child in found.children]
    return data


def _activity_from(tree: Tree, count: int, data: Mapping[str, Any]) -> ActivityState:
    members = dict(data)
    objectives = [ObjectiveState(**found) for found in members.pop("objectives", [])][:count]
    children = members.pop("children", None)
    if children is not None:
        children = tuple(tree.index[child] for child in children if child in tree.index)
    return ActivityState(
        objectives=tuple(objectives) + (UNKNOWN,) * (count - len(objectives)), children=children, **members
    )
