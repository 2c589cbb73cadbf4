"""Courses as the player sees them: a package version's activities, read once and kept, because they never change."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.errors import NotFound, say
from hub.scorm.spec.manifest.course import MEDIA, DataMap, Organization, from_data
from hub.scorm.spec.navigation import Node
from hub.scorm.spec.prerequisites import BadScript, Test, block_status, parse
from hub.scorm.spec.runtime.sessions import Settings
from hub.scorm.spec.sequencing.tree import Tree, of_organization
from hub.scorm.storage import courses
from hub.scorm.storage.courses import VersionRow
from hub.scorm.storage.tables import Activity

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


@dataclass(frozen=True, slots=True)
class CourseActivity:
    """One activity: its node in the tree, how it is launched, and what the manifest sets for its run-time."""

    id: UUID
    node: Node
    depth: int
    href: str | None
    is_sco: bool
    hide_lms_ui: Sequence[str]
    settings: Settings
    data_maps: Sequence[DataMap] = ()

    @property
    def is_elsewhere(self) -> bool:
        """Whether the content lies on another site."""
        return self.href is not None and _ABSOLUTE.match(self.href) is not None

    @property
    def can_speak(self) -> bool:
        """Whether content can reach the run-time API; another site has no way to it."""
        return not self.is_elsewhere

    @property
    def is_awaited(self) -> bool:
        """Whether content is expected to speak. Assets are not; those that do are heard all the same."""
        return self.is_sco and self.can_speak


@dataclass(frozen=True, slots=True)
class Course:
    """A package version to be played. `activities` are in document order, the organization itself left out.

    `tree` is the activity tree of SCORM 2004 sequencing, with the `organization` it was made of; None for SCORM 1.2.
    """

    version: VersionRow
    tenant_id: UUID
    title: str
    activities: Sequence[CourseActivity]
    by_identifier: Mapping[str, CourseActivity]
    by_id: Mapping[UUID, CourseActivity]
    organization: Organization | None = None
    tree: Tree | None = None
    prerequisites: Mapping[str, Test] = field(default_factory=dict)

    @property
    def standard(self) -> str:
        """Whose run-time the content speaks: `scorm_1_2` or `scorm_2004`, which is the viewer's too."""
        return _runtime_of(self.version.standard)

    @property
    def viewer(self) -> str | None:
        """The viewer that shows the content (`pdf`, `video`, `web`); None for content that runs by itself."""
        return self.version.standard if self.version.standard in MEDIA else None

    @property
    def nodes(self) -> list[Node]:
        """The tree that navigation works on."""
        return [activity.node for activity in self.activities]

    @property
    def launchable(self) -> list[CourseActivity]:
        """The activities that have content."""
        return [activity for activity in self.activities if activity.node.launchable]

    def closed(self, statuses: Mapping[str, str]) -> frozenset[str]:
        """The activities whose prerequisites, or those of a block around them, do not hold.

        `statuses` are those of the activities with content.
        """
        nodes, known = self.nodes, dict(statuses)
        for node in reversed(nodes):
            if node.id not in known:
                known[node.id] = block_status([known[other.id] for other in nodes if other.parent == node.id])
        found: set[str] = set()
        for node in nodes:
            test = self.prerequisites.get(node.id)
            if node.parent in found or (test is not None and not test(known)):
                found.add(node.id)
        return frozenset(found)

    def activity(self, identifier: str) -> CourseActivity:
        """The activity with the manifest's identifier. Raises `NotFound`."""
        found = self.by_identifier.get(identifier)
        if found is None:
            raise NotFound(
                say("This course has no activity %(activity)s.", activity=identifier), code="activity_not_found"
            )
        return found


class Courses:
    """Finds courses; the last few hundred are kept in this process."""

    def __init__(self, kept: int = 256) -> None:
        self._cache: dict[tuple[UUID, UUID], Course] = {}
        self._kept = kept

    def find(self, session: Session, tenant_id: UUID, version_id: UUID) -> Course:
        """The course of a package version. Raises `NotFound`."""
        key = (tenant_id, version_id)
        course = self._cache.get(key)
        if course is None:
            course = self._read(session, tenant_id, version_id)
            if len(self._cache) >= self._kept:
                self._cache.pop(next(iter(self._cache)), None)
            self._cache[key] = course
        return course

    def _read(self, session: Session, tenant_id: UUID, version_id: UUID) -> Course:
        version = courses.find_version(session, tenant_id, version_id)
        if version is None:
            raise NotFound("This version of the package is not there any more.", code="version_not_found")
        rows = courses.activities(session, tenant_id, version_id)
        organization = from_data(courses.course_data(session, tenant_id, version_id)).organization
        if _runtime_of(version.standard) == "scorm_2004":
            return _course(version, tenant_id, rows, organization)
        return replace(_course(version, tenant_id, rows, None), prerequisites=_prerequisites(organization))


def _prerequisites(organization: Organization) -> Mapping[str, Test]:
    """What has to be done before an item may be opened. A script that cannot be read closes nothing."""
    found: dict[str, Test] = {}
    for item, _ in organization.walk():
        if item.prerequisites:
            with suppress(BadScript):
                found[item.identifier] = parse(item.prerequisites)
    return found


def _runtime_of(standard: str) -> str:
    return "scorm_2004" if standard in MEDIA else standard


def _course(
    version: VersionRow, tenant_id: UUID, rows: Sequence[Activity], organization: Organization | None
) -> Course:
    items = [row for row in rows if row.kind == "item"]
    identifiers = {row.id: row.identifier for row in items}
    maps = {item.identifier: item.data_maps for item, _ in organization.walk()} if organization else {}
    made = [_activity(row, identifiers, maps.get(row.identifier, ())) for row in items]
    return Course(
        version=version,
        tenant_id=tenant_id,
        title=next((row.title for row in rows if row.kind == "organization" and row.title), version.title),
        activities=made,
        by_identifier={one.node.id: one for one in made},
        by_id={one.id: one for one in made},
        organization=organization,
        tree=of_organization(organization) if organization else None,
    )


def _activity(row: Activity, identifiers: Mapping[UUID, str], data_maps: Sequence[DataMap]) -> CourseActivity:
    parent = identifiers.get(row.parent_id) if row.parent_id else None
    return CourseActivity(
        id=row.id,
        node=Node(row.identifier, parent, row.title, row.href is not None, row.is_visible),
        depth=row.depth,
        href=row.href,
        is_sco=row.scorm_type != "asset",
        hide_lms_ui=tuple(row.hide_lms_ui),
        settings=Settings(
            launch_data=row.launch_data,
            mastery_score=row.mastery_score,
            max_time_allowed=row.max_time_allowed,
            time_limit_action=row.time_limit_action,
            completion_threshold=row.completion_threshold if row.completed_by_measure else None,
            scaled_passing_score=row.scaled_passing_score,
            objectives=tuple(row.objectives),
            completion_set_by_content=_delivery_control(row.sequencing, "completion_set_by_content"),
        ),
        data_maps=data_maps,
    )


def _delivery_control(sequencing: dict[str, Any] | None, name: str) -> bool:
    """A delivery control of the item's sequencing (SN 3.13); False, its default, where it says nothing."""
    return bool(((sequencing or {}).get("delivery_controls") or {}).get(name, False))
