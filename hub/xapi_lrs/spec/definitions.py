"""The canonical definition of an activity: what the LRS knows of it from all statements (Data 2.4.4.1)."""

from collections.abc import Mapping
from typing import Any

#: Members that are maps themselves: entries of other languages and keys are kept.
_MAPS = ("name", "description", "extensions")


def merged(known: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, Any]:
    """The known definition brought up to date by one that came later: newer entries win, others stay."""
    result = {**known, **newer}
    for name in _MAPS:
        if name in known and name in newer:
            result[name] = {**known[name], **newer[name]}
    if newer.get("interactionType", known.get("interactionType")) != known.get("interactionType"):
        _drop_stale_components(result, newer)
    return result


def _drop_stale_components(result: dict[str, Any], newer: Mapping[str, Any]) -> None:
    """What belonged to another interaction type is no longer true."""
    for name in ("correctResponsesPattern", "choices", "scale", "source", "target", "steps"):
        if name in result and name not in newer:
            del result[name]


def activity_object(activity_id: str, definition: Mapping[str, Any] | None) -> dict[str, Any]:
    """The Activity that GET activities answers (Communication 2.5)."""
    activity: dict[str, Any] = {"objectType": "Activity", "id": activity_id}
    return activity | {"definition": dict(definition)} if definition else activity
