"""What changed between two versions of a package: files by their content, items by their identifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.scorm.spec.manifest.course import Course, Item
from hub.scorm.spec.manifest.findings import Phrase


@dataclass(frozen=True, slots=True)
class FileChanges:
    """Paths of files that are new, gone, or have other bytes."""

    added: Sequence[str]
    removed: Sequence[str]
    changed: Sequence[str]


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item that is in both versions with other facts: the names of what differs."""

    identifier: str
    title: str
    what: Sequence[str]


@dataclass(frozen=True, slots=True)
class OutlineChanges:
    """Items of the default organization that are new, gone, or differ; `is_reordered` when the others moved."""

    added: Sequence[str]
    removed: Sequence[str]
    changed: Sequence[ItemChange]
    is_reordered: bool


#: What authors call the parts of an item, by the fields that hold them.
_PARTS = {
    "title": Phrase("title"),
    "href": Phrase("launch address"),
    "is_visible": Phrase("visibility"),
    "launch_data": Phrase("launch data"),
    "prerequisites": Phrase("prerequisites"),
    "max_time_allowed": Phrase("time allowed"),
    "time_limit_action": Phrase("time limit action"),
    "mastery_score": Phrase("mastery score"),
    "completion_threshold": Phrase("completion threshold"),
    "hide_lms_ui": Phrase("hidden buttons"),
    "sequencing": Phrase("sequencing"),
    "au": Phrase("AU settings"),
}


def compare_files(before: Mapping[str, Any], after: Mapping[str, Any]) -> FileChanges:
    """`before` and `after` give what tells a file's content (size and checksum) by its path."""
    return FileChanges(
        added=sorted(after.keys() - before.keys()),
        removed=sorted(before.keys() - after.keys()),
        changed=sorted(path for path in before.keys() & after.keys() if before[path] != after[path]),
    )


def compare_outlines(before: Course, after: Course) -> OutlineChanges:
    """The default organizations of two versions, item by item."""
    old, new = _items(before), _items(after)
    kept = [identifier for identifier in old if identifier in new]
    changes = (ItemChange(key, new[key].title, _differences(old[key], new[key])) for key in kept)
    return OutlineChanges(
        added=[new[key].title for key in new if key not in old],
        removed=[old[key].title for key in old if key not in new],
        changed=[change for change in changes if change.what],
        is_reordered=kept != [identifier for identifier in new if identifier in old],
    )


def _items(course: Course) -> dict[str, Item]:
    return {item.identifier: item for item, _ in course.organization.walk()}


def _differences(old: Item, new: Item) -> list[str]:
    return [words for field, words in _PARTS.items() if getattr(old, field) != getattr(new, field)]
