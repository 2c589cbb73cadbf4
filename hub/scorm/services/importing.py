"""What a worker does with an import job: brings the zip here, judges it, stores its files, makes the version appear.

Atomic: the version appears in one transaction once every file is stored, and until then its objects lie under a prefix
that nobody knows. Idempotent: a job that is delivered twice is done once, one whose worker died is begun anew under
another prefix. Whatever a run leaves in the store is named in an outbox message of the transaction that gives it up, so
it goes even if that worker dies at once.

Versions made of the same zip share their objects (`storage.packages.lock_content` says how that stays right).
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from hub.db import Database, UnitOfWork
from hub.errors import Forbidden, HubError, NotFound, TooLarge, Unavailable
from hub.media_types import media_type
from hub.ports import Clock, Ids, ObjectStore
from hub.scorm.services.incoming import Arrival, Incoming, NotFetched
from hub.scorm.services.packages import LONGEST_DESCRIPTION
from hub.scorm.services.streams import CountedStream, FileSource, PieceStream
from hub.scorm.services.thumbnails import Thumbnails
from hub.scorm.spec.manifest import package as packages_spec
from hub.scorm.spec.manifest.archive import ByteSource, Entry, Limits, read_entry
from hub.scorm.spec.manifest.course import PLAYABLE, Course, as_data
from hub.scorm.spec.manifest.findings import Finding, Phrase, Refused, Verdict, verdict
from hub.scorm.spec.manifest.package import Reading
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.storage import editors, import_jobs, packages
from hub.scorm.storage.tables import ImportJob, Package, PackageVersion

log = structlog.get_logger(__name__)

#: The outbox topic of objects that are to be removed.
DISCARD_TOPIC = "package.discard"
#: The most characters of ids and names that others give.
LONGEST_ID = 255
#: A worker that has not renewed its lease for so long is taken for dead.
LEASE = timedelta(minutes=2)
_RENEW_EVERY = timedelta(seconds=1)
#: Files stored at once: enough to hide the store's latency, few enough for flat memory.
_FILES_AT_ONCE = 6
#: After so many tries a job fails: its package kills workers, or there is no room for it.
MOST_TRIES = 5
_PIECE = 256 * 1024
#: Per cent at which the zip is here, where it had to be fetched or put together; is judged; is stored.
_FETCHED, _CHECKED, _STORED = 50, 10, 99
_FETCH_LASTS_AT_MOST = timedelta(minutes=30)


class Busy(Exception):
    """Another worker is at this job."""


class _Overtaken(Exception):
    """This run lost its lease, and another one has begun."""


class _TwinGone(Exception):
    """The version whose objects this run meant to share is being deleted."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One worker's try at a job."""

    tenant_id: UUID
    job_id: UUID
    package_id: UUID
    version_id: UUID
    archive_key: str
    archive_name: str
    archive_sha256: str | None
    fetch_url: str | None
    upload_id: UUID | None
    number: int

    @property
    def prefix(self) -> str:
        """Under which this run stores files."""
        return f"{self.tenant_id}/{self.package_id}/{self.version_id}/"

    @property
    def begins_at(self) -> int:
        """Per cent at which the zip is here and judged."""
        return _FETCHED if self.fetch_url or self.upload_id else _CHECKED


@dataclass(frozen=True, slots=True)
class _Archive:
    """The bytes of a zip, at hand; its hash and the name that it was sent under."""

    source: ByteSource
    sha256: str
    name: str


class Importing:
    """Works on import jobs."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        objects: ObjectStore,
        incoming: Incoming,
        thumbnails: Thumbnails,
        limits: Limits,
        largest_upload: int,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._objects = objects
        self._incoming = incoming
        self._thumbnails = thumbnails
        self._limits = limits
        self._largest_upload = largest_upload

    def run(self, tenant_id: UUID, job_id: UUID) -> None:
        """Work on a job until it is ready or failed; nothing to do when it already is.

        Raises `Busy` while another worker is at it, and whatever keeps it from going on (the store does not answer):
        then the job is queued again and no object of this run is left.
        """
        run = self._claim(tenant_id, job_id)
        if run is None:
            return
        try:
            if run.number > MOST_TRIES:
                self._fail(
                    run,
                    (finding("import.gave-up", reason=Phrase("{tries} workers did not finish it", tries=MOST_TRIES)),),
                )
            else:
                self._import(run)
        except _Overtaken:
            self._discard(run.tenant_id, [run.prefix])
            log.warning("import_overtaken", job=str(job_id))
        except NotFetched as error:
            self._not_fetched(run, error)
        except (NotFound, Forbidden) as error:
            self._fail(run, (finding("import.gave-up", reason=Phrase.of(error.detail)),))
        except BaseException as error:
            self._let_go(run, is_blameless=isinstance(error, Unavailable))
            raise

    def _claim(self, tenant_id: UUID, job_id: UUID) -> _Run | None:
        """Take the job for this worker, under a version id of its own; None when it is finished."""
        now = self._clock.now()
        with self._db.unit_of_work(tenant_id) as work:
            job = import_jobs.get(work.session, tenant_id, job_id, for_update=True)
            if job is None or job.state not in import_jobs.OPEN_STATES:
                return None
            if job.leased_until is not None and job.leased_until > now:
                raise Busy
            if job.version_id is not None:
                self._enqueue_discard(work, job.tenant_id, [_run_of(job).prefix])
            existing = self._existing_package(work, job)
            job.state, job.progress = "checking", 0
            job.started_at = job.started_at or now
            job.leased_until = now + LEASE
            job.tries += 1
            job.version_id = self._ids.uuid()
            job.package_id = existing or job.package_id or self._ids.uuid()
            return _run_of(job)

    def _existing_package(self, work: UnitOfWork, job: ImportJob) -> UUID | None:
        if job.package_external_id is None:
            return None
        found = packages.find(work.session, job.tenant_id, job.package_external_id)
        return found.id if found is not None else None

    def _import(self, run: _Run) -> None:
        with self._archive(run) as archive:
            reading = packages_spec.read(archive.source, self._limits, archive.name)
            if reading.course is None or reading.verdict is not Verdict.ACCEPTED:
                self._fail(run, reading.findings)
                return
            image = self._thumbnails.drawn_from(archive.source, reading)
            try:
                if self._has_twin(run, archive.sha256, reading):
                    with suppress(_TwinGone):
                        self._finish(run, reading, reading.course, image, is_stored=False)
                        return
                self._store(run, archive.source, reading)
            except Refused as refusal:
                self._fail(run, (refusal.finding, *reading.findings))
                return
        self._finish(run, reading, reading.course, image, is_stored=True)

    @contextmanager
    def _archive(self, run: _Run) -> Iterator[_Archive]:
        """The zip as a file; where objects are no files of this machine, as a copy that nobody else sees."""
        if run.archive_sha256 is None:
            with tempfile.TemporaryFile() as copy:
                sha256, name = self._collect(run, cast(BinaryIO, copy))
                yield _Archive(FileSource(cast(BinaryIO, copy)), sha256, name)
            return
        path = self._objects.local_path(run.archive_key)
        if path is not None:
            with path.open("rb") as file:
                yield _Archive(FileSource(file), run.archive_sha256, run.archive_name)
            return
        with tempfile.TemporaryFile() as copy:
            with self._objects.open(run.archive_key) as pieces:
                for piece in pieces:
                    copy.write(piece)
            copy.flush()
            yield _Archive(FileSource(cast(BinaryIO, copy)), run.archive_sha256, run.archive_name)

    def _collect(self, run: _Run, copy: BinaryIO) -> tuple[str, str]:
        """Bring the zip from where it is into `copy` and into the store; returns its hash and name.

        `TooLarge` becomes a finding, as for whatever is refused once the job is under way.
        """
        key = archive_key(run.tenant_id, run.version_id)
        with self._arrival(run) as arrival:
            body = self._copied(run, arrival, copy)
            name = checked_file_name(arrival.name) if arrival.name else run.archive_name
        copy.seek(0)
        self._objects.put(key, copy, "application/zip")
        with self._db.unit_of_work(run.tenant_id) as work:
            job = self._held(work, run)
            job.archive_key, job.archive_size, job.archive_sha256 = key, body.size, body.sha256
            job.archive_name, job.fetch_url = name, None
            if run.upload_id is not None:
                self._enqueue_discard(work, run.tenant_id, [upload_prefix(run.tenant_id, run.upload_id)])
        return body.sha256, name

    def _arrival(self, run: _Run) -> AbstractContextManager[Arrival]:
        if run.upload_id is not None:
            return self._incoming.uploaded(run.tenant_id, run.upload_id)
        assert run.fetch_url is not None
        return self._incoming.fetched(run.fetch_url)

    def _copied(self, run: _Run, arrival: Arrival, copy: BinaryIO) -> CountedStream:
        """Copy what arrives, telling how far it is; returns the stream that counted and hashed it."""
        body = CountedStream(cast(BinaryIO, PieceStream(arrival.pieces)), self._largest_upload)
        latest = self._clock.now() + _FETCH_LASTS_AT_MOST
        told_at = self._clock.now()
        try:
            while piece := body.read(_PIECE):
                copy.write(piece)
                now = self._clock.now()
                if now > latest:
                    raise NotFetched(Phrase("it took too long"), may_pass=False)
                if now - told_at >= _RENEW_EVERY:
                    told_at = now
                    done = min(_FETCHED, _FETCHED * body.size // arrival.size) if arrival.size else 0
                    self._renew(run, progress=done, archive_size=body.size)
        except TooLarge as error:
            raise NotFetched(Phrase.of(error.detail), may_pass=False) from error
        copy.flush()
        return body

    def _has_twin(self, run: _Run, sha256: str, reading: Reading) -> bool:
        with self._db.read(run.tenant_id) as session:
            return _twin(session, run.tenant_id, sha256, reading) is not None

    def _store(self, run: _Run, source: ByteSource, reading: Reading) -> None:
        """Put every file of the zip under the run's prefix, several at once, telling the progress."""
        total = sum(entry.size for entry in reading.entries)
        progress = _Progress(
            lambda done: self._renew(run, state="storing", progress=done), self._clock, run.begins_at, total
        )

        def put(entry: Entry) -> int:
            body = cast(BinaryIO, PieceStream(read_entry(source, entry)))
            self._objects.put(run.prefix + entry.name, body, media_type(entry.name))
            return entry.size

        with ThreadPoolExecutor(_FILES_AT_ONCE, thread_name_prefix="import") as pool:
            under_way: list[Future[int]] = [pool.submit(put, entry) for entry in reading.entries]
            try:
                for done in as_completed(under_way):
                    progress.add(done.result())
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _renew(self, run: _Run, **values: Any) -> None:
        """Renew the lease and tell the progress; `_Overtaken` when the job is another run's now."""
        leased_until = self._clock.now() + LEASE
        with self._db.unit_of_work(run.tenant_id) as work:
            if not import_jobs.change_run(
                work.session, run.tenant_id, run.job_id, run.version_id, leased_until=leased_until, **values
            ):
                raise _Overtaken

    # --- ending

    def _finish(self, run: _Run, reading: Reading, course: Course, image: bytes | None, *, is_stored: bool) -> None:
        """Make the version appear, with its package if that is new, and publish it. One transaction.

        `_TwinGone` when the files were not stored because a version had them, and that is deleted meanwhile.
        """
        now = self._clock.now()
        with self._db.unit_of_work(run.tenant_id) as work:
            job = self._held(work, run)
            assert job.archive_sha256 is not None
            packages.lock_content(work.session, run.tenant_id, job.archive_sha256)
            external_id = job.package_external_id or str(run.package_id)
            package = packages.find_or_add(work.session, run.tenant_id, run.package_id, external_id, course.title, now)
            newest = packages.newest_version(work.session, run.tenant_id, package.id)
            editors.admit(work.session, package, job.created_by, is_new=newest is None)
            twin = _twin(work.session, run.tenant_id, job.archive_sha256, reading)
            findings = reading.findings
            if twin is None and not is_stored:
                raise _TwinGone
            if twin is not None:
                self._enqueue_discard(work, run.tenant_id, [run.prefix], [job.archive_key])
                job.archive_key = twin.archive_key
            if twin is not None and newest is not None and newest.archive_sha256 == job.archive_sha256:
                findings = (*findings, finding("import.unchanged", number=newest.number))
                job.version_id = newest.id
            else:
                number = newest.number + 1 if newest else 1
                version = _version(job, run, package.id, number, reading, course, now)
                version.content_prefix = twin.content_prefix if twin else run.prefix
                self._add_version(work, package, version, newest, course)
                if image is not None:
                    self._thumbnails.keep(work, package, image)
            job.state, job.progress, job.verdict = "ready", 100, Verdict.ACCEPTED.value
            job.findings = [one.as_dict() for one in findings]
            job.package_id, job.package_external_id = package.id, external_id
            job.finished_at, job.leased_until = now, None

    def _add_version(
        self, work: UnitOfWork, package: Package, version: PackageVersion, before: PackageVersion | None, course: Course
    ) -> None:
        packages.add_version(work.session, version, course, iter(self._ids.uuid, None))
        if before is None:
            package.description = course.description[:LONGEST_DESCRIPTION]
        _publish(package, version, before)

    def _fail(self, run: _Run, findings: tuple[Finding, ...]) -> None:
        """End the job with what was found; nothing of it is kept in the store."""
        now = self._clock.now()
        with self._db.unit_of_work(run.tenant_id) as work:
            job = self._held(work, run)
            job.state, job.verdict = "failed", verdict(findings).value
            job.findings = [one.as_dict() for one in findings]
            job.finished_at, job.leased_until = now, None
            job.version_id, job.fetch_url = None, None
            pieces = [upload_prefix(run.tenant_id, run.upload_id)] if run.upload_id else []
            self._enqueue_discard(work, run.tenant_id, [run.prefix, *pieces], [job.archive_key])

    def _not_fetched(self, run: _Run, error: NotFetched) -> None:
        """Try again later if that may help, but not for days as for faults of our own: somebody waits for it."""
        if error.may_pass and run.number < MOST_TRIES:
            self._let_go(run, is_blameless=False)
            raise Unavailable(f"{error.reason}.", code="not_fetched") from error
        self._fail(run, (finding("import.not-fetched", reason=error.reason),))

    def _held(self, work: UnitOfWork, run: _Run) -> ImportJob:
        job = import_jobs.get(work.session, run.tenant_id, run.job_id, for_update=True)
        if job is None or job.version_id != run.version_id or job.state not in import_jobs.OPEN_STATES:
            raise _Overtaken
        return job

    def _let_go(self, run: _Run, *, is_blameless: bool) -> None:
        """Give the job back after a fault; if that does not work either, the lease runs out.

        A try that ended because a part of the Hub did not answer does not count.
        """
        with suppress(HubError), self._db.unit_of_work(run.tenant_id) as work:
            if import_jobs.change_run(
                work.session,
                run.tenant_id,
                run.job_id,
                run.version_id,
                state="queued",
                version_id=None,
                leased_until=None,
                tries=run.number - is_blameless,
            ):
                self._enqueue_discard(work, run.tenant_id, [run.prefix])

    def _discard(self, tenant_id: UUID, prefixes: Sequence[str]) -> None:
        with self._db.unit_of_work(tenant_id) as work:
            self._enqueue_discard(work, tenant_id, prefixes)

    def _enqueue_discard(
        self, work: UnitOfWork, tenant_id: UUID, prefixes: Sequence[str], keys: Sequence[str] = ()
    ) -> None:
        """Have a worker remove objects once this transaction is committed."""
        work.enqueue(DISCARD_TOPIC, {"prefixes": [*prefixes], "keys": [*keys]}, tenant_id)


class _Progress:
    """Tells how much is stored, at most once a second, and keeps the lease with it."""

    def __init__(self, renew: Callable[[int], None], clock: Clock, begins_at: int, total: int) -> None:
        self._renew = renew
        self._clock = clock
        self._begins_at = begins_at
        self._total = max(1, total)
        self._done = 0
        self._told_at = clock.now()
        renew(begins_at)

    def add(self, size: int) -> None:
        """So many bytes more are stored."""
        self._done += size
        now = self._clock.now()
        if now - self._told_at >= _RENEW_EVERY:
            self._told_at = now
            self._renew(self._begins_at + (_STORED - self._begins_at) * self._done // self._total)


def checked_file_name(text: str) -> str:
    """The name that the file had at its sender, without folders and what cannot be shown."""
    name = text.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in name if char.isprintable()).strip()
    return shown[-LONGEST_ID:] or "package.zip"


def _run_of(job: ImportJob) -> _Run:
    assert job.package_id is not None
    assert job.version_id is not None
    return _Run(
        tenant_id=job.tenant_id,
        job_id=job.id,
        package_id=job.package_id,
        version_id=job.version_id,
        archive_key=job.archive_key,
        archive_name=job.archive_name,
        archive_sha256=job.archive_sha256,
        fetch_url=job.fetch_url,
        upload_id=job.upload_id,
        number=job.tries,
    )


def _twin(session: Session, tenant_id: UUID, sha256: str, reading: Reading) -> PackageVersion | None:
    """A version of the same zip that was unpacked to the same files: its objects can be shared."""
    found = packages.with_same_bytes(session, tenant_id, sha256)
    return found if found is not None and found.files == _files_of(reading) else None


def _files_of(reading: Reading) -> list[list[Any]]:
    """Path, size, media type and checksum of each file, as a version keeps them."""
    return [[entry.name, entry.size, media_type(entry.name), entry.crc] for entry in reading.entries]


def archive_key(tenant_id: UUID, name: UUID) -> str:
    """Where a zip lies."""
    return f"{tenant_id}/archives/{name}.zip"


def upload_prefix(tenant_id: UUID, upload_id: UUID) -> str:
    """Under which the pieces of an upload lie."""
    return f"{tenant_id}/uploads/{upload_id}/"


def _version(
    job: ImportJob, run: _Run, package_id: UUID, number: int, reading: Reading, course: Course, now: datetime
) -> PackageVersion:
    return PackageVersion(
        id=run.version_id,
        tenant_id=run.tenant_id,
        package_id=package_id,
        number=number,
        standard=course.standard,
        edition=course.edition,
        title=course.title,
        default_organization=course.default_organization,
        content_prefix=run.prefix,
        file_count=len(reading.entries),
        content_size=sum(entry.size for entry in reading.entries),
        archive_key=job.archive_key,
        archive_name=job.archive_name,
        archive_size=job.archive_size,
        archive_sha256=job.archive_sha256,
        created_by=job.created_by,
        created_at=now,
        course=as_data(course),
        files=_files_of(reading),
        findings=[one.as_dict() for one in reading.findings],
    )


def _publish(package: Package, version: PackageVersion, before: PackageVersion | None) -> None:
    """Make the version the one to start, if it can be played.

    The package takes its title unless somebody gave the package another.
    """
    if before is not None and package.title == before.title:
        package.title = version.title
    if version.standard in PLAYABLE:
        package.published_version_id = version.id
    package.updated_at = version.created_at
    package.revision += 1
