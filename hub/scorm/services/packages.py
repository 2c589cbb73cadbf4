"""Packages and their versions: list, read, change, publish, delete."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Gone, Invalid, NotFound, PreconditionFailed, Unprocessable, Violation, say
from hub.identity import Principal
from hub.ports import Clock, Ids, ObjectStore
from hub.scorm.spec.manifest.comparison import FileChanges, OutlineChanges, compare_files, compare_outlines
from hub.scorm.spec.manifest.course import PLAYABLE, STANDARD_NAMES, from_data
from hub.scorm.storage import courses, editors, packages, thumbnails
from hub.scorm.storage.packages import PackageRow
from hub.scorm.storage.tables import Activity, Package, PackageVersion

T = TypeVar("T")

#: The outbox topic of a deleted package, whose objects are to be removed.
ERASE_TOPIC = "package.erase"
LONGEST_TITLE, LONGEST_DESCRIPTION = 500, 5000
MOST_TAGS, LONGEST_TAG = 20, 50


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version as people see it. Sizes are in bytes; `archive_*` is the zip that was uploaded."""

    id: UUID
    number: int
    standard: str
    edition: str | None
    title: str
    file_count: int
    content_size: int
    archive_name: str
    archive_size: int
    archive_sha256: str
    created_by: str
    created_at: datetime
    is_published: bool


@dataclass(frozen=True, slots=True)
class PackageView:
    """A package as people see it. `id` is the API's, `uuid` what other tables refer to; `revision` is its ETag.

    `thumbnail` is the path of its picture on the Hub's origin, which needs no credential.
    """

    id: str
    uuid: UUID
    title: str
    description: str
    tags: Sequence[str]
    revision: int
    created_at: datetime
    updated_at: datetime
    version_count: int
    published: VersionView | None
    thumbnail: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a version's package."""

    version: int
    standard: str
    counts: dict[str, int]
    findings: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from the version `before` to the version `after`."""

    before: int
    after: int
    files: FileChanges
    outline: OutlineChanges


@dataclass(frozen=True, slots=True)
class Published:
    """What a launch begins with: a version, where its files lie, and its activities in document order."""

    package: PackageView
    version_id: UUID
    standard: str
    content_prefix: str
    default_organization: str
    activities: Sequence[Activity]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change; None leaves it as it is. `published_version` is a version's number."""

    title: str | None = None
    description: str | None = None
    tags: Sequence[str] | None = None
    published_version: int | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """The zip of a version, to be handed out as it came."""

    name: str
    size: int
    pieces: Iterator[bytes]

    @property
    def content_type(self) -> str:
        """That of a zip; whatever else was uploaded is just bytes, which no browser opens by itself."""
        return "application/zip" if self.name.lower().endswith(".zip") else "application/octet-stream"


class Packages:
    """The packages of a tenant."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, objects: ObjectStore) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._objects = objects

    def page(
        self,
        principal: Principal,
        words: str = "",
        tag: str = "",
        before: Sequence[Any] | None = None,
        limit: int = 50,
    ) -> Sequence[PackageView]:
        """Up to `limit` packages, newest first, those before the sort key (created_at, uuid).

        `words` must all occur in title, description, id or tags.
        """
        principal.require("packages.read")
        key = (datetime.fromisoformat(before[0]), UUID(before[1])) if before else None
        with self._db.read(principal.tenant_id) as session:
            return [_view(row) for row in packages.page(session, principal.tenant_id, words, tag, key, limit)]

    def get(self, principal: Principal, package_id: str) -> PackageView:
        """One package; `NotFound` when the tenant has none of that id."""
        principal.require("packages.read")
        with self._db.read(principal.tenant_id) as session:
            return _view(_existing(packages.find_row(session, principal.tenant_id, package_id), package_id))

    def startable(self, principal: Principal, package_id: str, *, within: UnitOfWork | None = None) -> UUID | None:
        """The package's `uuid` where learners can start it, None where there is no such package.

        `within` is a transaction of the caller's that this is a part of.
        """
        principal.require("packages.read")
        with self._db.joined(within, principal.tenant_id) as work:
            return packages.published(work.session, principal.tenant_id, package_id)

    def versions(self, principal: Principal, package_id: str) -> Sequence[VersionView]:
        """Every version of the package, newest first."""
        principal.require("packages.read")
        with self._db.read(principal.tenant_id) as session:
            package = _existing(packages.find(session, principal.tenant_id, package_id), package_id)
            found = packages.versions(session, principal.tenant_id, package.id)
        return [_version_view(version, package.published_version_id) for version in found]

    def version(self, principal: Principal, package_id: str, number: int) -> VersionView:
        """One version by its number."""
        package, version = self._version(principal, package_id, number)
        return _version_view(version, package.published_version_id)

    def report(self, principal: Principal, package_id: str, number: int | None = None) -> Report:
        """What was found in a version (None: the published one, or else the newest) when it was imported."""
        _, version = self._version(principal, package_id, number, PackageVersion.findings)
        counts = Counter(one["severity"] for one in version.findings)
        return Report(version.number, version.standard, dict(counts), version.findings)

    def files(self, principal: Principal, package_id: str, number: int | None = None) -> Sequence[tuple[str, int, str]]:
        """Path, size in bytes and media type of every file of a version (None: published, or else newest)."""
        _, version = self._version(principal, package_id, number, PackageVersion.files)
        return [(path, size, kind) for path, size, kind, *_ in version.files]

    def compare(self, principal: Principal, package_id: str, before: int, after: int) -> Comparison:
        """What changed from one version to another, by their numbers."""
        columns = (PackageVersion.files, PackageVersion.course)
        _, old = self._version(principal, package_id, before, *columns)
        _, new = self._version(principal, package_id, after, *columns)
        old_files, new_files = (
            {path: (size, checksum) for path, size, _, *checksum in version.files} for version in (old, new)
        )
        return Comparison(
            before=before,
            after=after,
            files=compare_files(old_files, new_files),
            outline=compare_outlines(from_data(old.course), from_data(new.course)),
        )

    def course(self, principal: Principal, package_id: str, number: int | None = None) -> dict[str, Any]:
        """The manifest of a version as data (`hub.scorm.spec.manifest.course`)."""
        _, version = self._version(principal, package_id, number, PackageVersion.course)
        return version.course

    def published(self, principal: Principal, package_id: str) -> Published:
        """What a launch of the package begins with now; `Gone` when no version is published."""
        principal.require("packages.read")
        with self._db.read(principal.tenant_id) as session:
            row = _existing(packages.find_row(session, principal.tenant_id, package_id), package_id)
            version = row.published
            if version is None:
                raise Gone(
                    say("No version of the package %(package)s is published.", package=package_id),
                    code="package_unpublished",
                )
            activities = courses.activities(session, principal.tenant_id, version.id)
        return Published(
            _view(row),
            version.id,
            version.standard,
            version.content_prefix,
            version.default_organization,
            activities,
        )

    def change(
        self, principal: Principal, package_id: str, changes: Changes, revision: int | None = None
    ) -> PackageView:
        """Change title, description, tags or the published version.

        `PreconditionFailed` when `revision` is given and somebody else changed the package meanwhile.
        """
        principal.require("packages.write")
        values = _checked(changes)
        with self._db.unit_of_work(principal.tenant_id) as work:
            package = packages.find(work.session, principal.tenant_id, package_id, for_update=True)
            package = _existing(package, package_id)
            editors.require_editor(work.session, principal, package)
            if revision is not None and revision != package.revision:
                raise PreconditionFailed("Somebody else changed this package meanwhile; read it again.")
            if changes.published_version is not None:
                values["published_version_id"] = self._version_id(work.session, package, changes.published_version)
            before = {name: str(getattr(package, name)) for name in values}
            for name, value in values.items():
                setattr(package, name, value)
            package.updated_at = self._clock.now()
            package.revision += 1
            details = {"before": before, "after": {name: str(value) for name, value in values.items()}}
            record(work.session, self._ids.uuid(), principal, "package.changed", package_id, details)
            work.session.flush()
            return _view(_existing(packages.find_row(work.session, principal.tenant_id, package_id), package_id))

    def delete(self, principal: Principal, package_id: str) -> None:
        """Delete the package: nobody finds or launches it any more, its id is free, its objects go soon after.

        Registrations and their results stay.
        """
        principal.require("packages.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            package = packages.find(work.session, principal.tenant_id, package_id, for_update=True)
            package = _existing(package, package_id)
            editors.require_editor(work.session, principal, package)
            package.deleted_at = self._clock.now()
            package.published_version_id = None
            thumbnails.remove(work.session, package.tenant_id, package.id)
            details = {"title": package.title}
            record(work.session, self._ids.uuid(), principal, "package.deleted", package_id, details)
            work.enqueue(ERASE_TOPIC, {"package_id": str(package.id)}, principal.tenant_id)

    def erase_objects(self, tenant_id: UUID, package_id: UUID) -> None:
        """Remove the files and zips of a deleted package that no other package shares. May be repeated.

        Only versions of packages that are not deleted are shared with, so what nobody uses now stays unused.
        """
        with self._db.read(tenant_id) as session:
            gone = packages.versions(session, tenant_id, package_id)
        for version in gone:
            with self._db.unit_of_work(tenant_id) as work:
                packages.lock_content(work.session, tenant_id, version.archive_sha256)
                is_in_use = packages.is_content_in_use(work.session, version)
            if not is_in_use:
                self._objects.delete(self._objects.keys(version.content_prefix))
                self._objects.delete([version.archive_key])

    @contextmanager
    def archive(self, principal: Principal, package_id: str, number: int | None = None) -> Iterator[Archive]:
        """The very zip that was uploaded as this version (None: the published one, or else the newest)."""
        _, version = self._version(principal, package_id, number)
        with self._objects.open(version.archive_key) as pieces:
            yield Archive(version.archive_name, version.archive_size, pieces)

    def _version(
        self, principal: Principal, package_id: str, number: int | None, *columns: Any
    ) -> tuple[Package, PackageVersion]:
        principal.require("packages.read")
        with self._db.read(principal.tenant_id) as session:
            row = _existing(packages.find_row(session, principal.tenant_id, package_id), package_id)
            shown = row.published or packages.newest_version(session, principal.tenant_id, row.package.id)
            wanted = number if number is not None or shown is None else shown.number
            session.expunge_all()  # So that the deferred columns are read with it.
            found = packages.version(session, principal.tenant_id, row.package.id, wanted or 0, *columns)
        if found is None:
            message = say("The package %(package)s has no version %(number)s.", package=package_id, number=wanted)
            raise NotFound(message, code="version_not_found")
        return row.package, found

    def _version_id(self, session: Any, package: Package, number: int) -> UUID:
        version = packages.version(session, package.tenant_id, package.id, number)
        if version is None:
            fault = Violation("package", "published_version", "must be a version of this package", number)
            raise Invalid(say("There is no version %(number)s.", number=number), violations=[fault])
        if version.standard not in PLAYABLE:
            raise Unprocessable(
                say(
                    "%(standard)s packages are not played yet, so version %(number)s cannot be published.",
                    standard=STANDARD_NAMES.get(version.standard, version.standard),
                    number=number,
                ),
                code="not_playable",
            )
        return version.id


def _existing(found: T | None, package_id: str) -> T:
    if found is None:
        raise NotFound(say("There is no package %(package)s.", package=package_id), code="package_not_found")
    return found


def _checked(changes: Changes) -> dict[str, Any]:
    """The columns to change. `Invalid` lists all faults."""
    faults: list[Violation] = []
    values: dict[str, Any] = {}
    if changes.title is not None:
        values["title"] = " ".join(changes.title.split())
        if not 0 < len(values["title"]) <= LONGEST_TITLE:
            message = say("must have 1 to %(most)s characters", most=LONGEST_TITLE)
            faults.append(Violation("package", "title", message))
    if changes.description is not None:
        values["description"] = changes.description.strip()
        if len(values["description"]) > LONGEST_DESCRIPTION:
            message = say("must have at most %(most)s characters", most=LONGEST_DESCRIPTION)
            faults.append(Violation("package", "description", message))
    if changes.tags is not None:
        values["tags"] = list(dict.fromkeys(tag.strip() for tag in changes.tags))
        if len(values["tags"]) > MOST_TAGS or any(not 0 < len(tag) <= LONGEST_TAG for tag in values["tags"]):
            facts = {"most": MOST_TAGS, "longest": LONGEST_TAG}
            message = say("must be at most %(most)s tags of 1 to %(longest)s characters", **facts)
            faults.append(Violation("package", "tags", message))
    if any("\0" in str(value) for value in values.values()):
        faults.append(Violation("package", "", "must not have zero characters"))
    if faults:
        raise Invalid("The package cannot be changed like this.", violations=faults)
    return values


def _view(row: PackageRow) -> PackageView:
    package = row.package
    return PackageView(
        id=package.external_id,
        uuid=package.id,
        title=package.title,
        description=package.description,
        tags=package.tags,
        revision=package.revision,
        created_at=package.created_at,
        updated_at=package.updated_at,
        version_count=row.versions,
        published=_version_view(row.published, row.published.id) if row.published else None,
        thumbnail=_thumbnail_path(package),
    )


def _thumbnail_path(package: Package) -> str | None:
    """Where the picture is on the Hub's origin; the address changes with the picture."""
    return package.thumbnail and f"/thumbnails/{package.tenant_id}/{package.id}/{package.thumbnail}.jpg"


def _version_view(version: PackageVersion, published_id: UUID | None) -> VersionView:
    return VersionView(
        id=version.id,
        number=version.number,
        standard=version.standard,
        edition=version.edition,
        title=version.title,
        file_count=version.file_count,
        content_size=version.content_size,
        archive_name=version.archive_name,
        archive_size=version.archive_size,
        archive_sha256=version.archive_sha256,
        created_by=version.created_by,
        created_at=version.created_at,
        is_published=version.id == published_id,
    )
