"""Taking packages in: an upload becomes a job, a worker turns the job into a version, or into findings.

A job is queued, checking, storing, then ready or failed. An import is atomic: the version appears in one transaction
once every file is stored, and until then its objects lie under a prefix that nobody knows. It is idempotent: a job that
is delivered twice is done once, one whose worker died is begun anew under another prefix.
"""

import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Conflict, HubError, Invalid, NotFound, Unavailable, Violation
from hub.identity import Principal
from hub.media_types import media_type
from hub.ports import Clock, Ids, ObjectStore
from hub.scorm.services.packages import LONGEST_DESCRIPTION
from hub.scorm.services.streams import CountedStream, FileSource, PieceStream
from hub.scorm.spec.manifest import package as packages_spec
from hub.scorm.spec.manifest.archive import ByteSource, Entry, Limits, read_entry
from hub.scorm.spec.manifest.course import PLAYABLE, Course, as_data
from hub.scorm.spec.manifest.findings import Finding, Refused, Verdict, verdict
from hub.scorm.spec.manifest.package import Reading
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.storage import import_jobs, packages
from hub.scorm.storage.tables import ImportJob, Package, PackageVersion

log = structlog.get_logger(__name__)

#: The outbox topic of a job that is to be worked on.
TOPIC = "package.import"
LONGEST_ID = 255
#: A worker that has not renewed its lease for so long is taken for dead.
LEASE = timedelta(minutes=2)
_RENEW_EVERY = timedelta(seconds=1)
#: Files stored at once: enough to hide the store's latency, few enough for flat memory.
_FILES_AT_ONCE = 6
#: After so many tries a job fails: its package kills workers, or there is no room for it.
MOST_TRIES = 5
_CHECKED, _STORED = 10, 99
_SWEPT_AT_ONCE = 100
_UPLOAD_LASTS_AT_MOST = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends: its bytes, its name, and into which package it goes (None: a new one)."""

    body: BinaryIO
    name: str
    package_id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class JobView:
    """An import job as people see it. `progress` is 0 to 100; `findings` are known once it was checked."""

    id: UUID
    state: str
    progress: int
    package_id: str | None
    version: int | None
    archive_name: str
    archive_size: int
    verdict: str | None
    findings: list[dict[str, Any]]
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {"ready", "failed"}


class Busy(Exception):
    """Another worker is at this job."""


class _Overtaken(Exception):
    """This run lost its lease, and another one has begun."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One worker's try at a job."""

    tenant_id: UUID
    job_id: UUID
    package_id: UUID
    version_id: UUID
    archive_key: str
    archive_name: str
    number: int

    @property
    def prefix(self) -> str:
        return f"{self.tenant_id}/{self.package_id}/{self.version_id}/"


class Imports:
    """Accept uploads, work on them, tell how far they are."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        objects: ObjectStore,
        limits: Limits,
        largest_upload: int,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._objects = objects
        self._limits = limits
        self.largest_upload = largest_upload

    # --- accepting

    def accept(self, principal: Principal, upload: Upload) -> JobView:
        """Keep the upload and queue its import.

        `Invalid` names what is wrong with the package id, `TooLarge` the limit. The same Idempotency-Key with the same
        file gives the first job again, with another file `Conflict`.
        """
        principal.require("packages.write")
        package_id = checked_package_id(upload.package_id)
        job_id = self._ids.uuid()
        key = f"{principal.tenant_id}/archives/{job_id}.zip"
        body = CountedStream(upload.body, self.largest_upload)
        self._objects.put(key, cast(BinaryIO, body), "application/zip")
        job = ImportJob(
            id=job_id,
            tenant_id=principal.tenant_id,
            state="queued",
            progress=0,
            package_external_id=package_id,
            archive_key=key,
            archive_name=_file_name(upload.name),
            archive_size=body.size,
            archive_sha256=body.sha256,
            findings=[],
            created_by=f"{principal.kind}:{principal.id}",
            created_at=self._clock.now(),
            idempotency_key=upload.idempotency_key,
        )
        try:
            return self._queue(principal, job)
        except BaseException:
            self._objects.delete([key])
            raise

    def _queue(self, principal: Principal, job: ImportJob) -> JobView:
        earlier = self._earlier(job)
        if earlier is None:
            try:
                with self._db.unit_of_work(principal.tenant_id) as work:
                    work.session.add(job)
                    work.session.flush()
                    work.enqueue(TOPIC, {"job_id": str(job.id)}, job.tenant_id)
                    details = {"job": str(job.id), "archive": job.archive_name, "sha256": job.archive_sha256}
                    record(
                        work.session, self._ids.uuid(), principal, "package.uploaded", job.package_external_id, details
                    )
                    return _job_view(job)
            except IntegrityError:  # The same key came twice at once.
                earlier = self._earlier(job)
                if earlier is None:
                    raise
        if (earlier.archive_sha256, earlier.package_external_id) != (job.archive_sha256, job.package_external_id):
            raise Conflict(
                "This Idempotency-Key was used for another upload.",
                code="idempotency_key_reused",
                violations=[Violation("Idempotency-Key", "header", "must be new for each upload", job.idempotency_key)],
            )
        self._objects.delete([job.archive_key])
        return _job_view(earlier)

    def _earlier(self, job: ImportJob) -> ImportJob | None:
        if job.idempotency_key is None:
            return None
        with self._db.read(job.tenant_id) as session:
            return import_jobs.by_idempotency_key(session, job.tenant_id, job.created_by, job.idempotency_key)

    # --- telling

    def get(self, principal: Principal, job_id: UUID) -> JobView:
        """One job of the tenant; `NotFound` when there is none of that id."""
        principal.require("packages.read")
        with self._db.read(principal.tenant_id) as session:
            found = import_jobs.get_with_number(session, principal.tenant_id, job_id)
        if found is None:
            raise NotFound(f"There is no job {job_id}.", code="job_not_found")
        return _job_view(*found)

    def page(
        self, principal: Principal, state: str = "", before: list[Any] | None = None, limit: int = 50
    ) -> list[JobView]:
        """Up to `limit` jobs, newest first, those before the sort key (created_at, id)."""
        principal.require("packages.read")
        key = (datetime.fromisoformat(before[0]), UUID(before[1])) if before else None
        with self._db.read(principal.tenant_id) as session:
            return [_job_view(*row) for row in import_jobs.page(session, principal.tenant_id, state, key, limit)]

    # --- working

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
                self._fail(run, (finding("import.gave-up", reason=f"{MOST_TRIES} workers did not finish it"),))
            else:
                self._import(run)
        except _Overtaken:
            self._remove(run)
            log.warning("import_overtaken", job=str(job_id))
        except NotFound as error:
            self._fail(run, (finding("import.gave-up", reason=error.detail.rstrip(".")),))
        except BaseException as error:
            self._let_go(run, is_blameless=isinstance(error, Unavailable))
            raise

    def sweep(self) -> int:
        """Remove what failed runs, and uploads that never became a job, left in the store; returns how many."""
        with self._db.read(EVERY_TENANT) as session:
            left = import_jobs.failed_with_objects(session, _SWEPT_AT_ONCE)
            tenants = import_jobs.tenants(session)
        for job in left:
            self._clean(_run_of(job))
        return len(left) + sum(self._sweep_archives(tenant_id) for tenant_id in tenants)

    def _sweep_archives(self, tenant_id: UUID) -> int:
        """Zips whose sender or web server died before the job was written."""
        archives = list(self._objects.keys(f"{tenant_id}/archives/"))
        with self._db.read(tenant_id) as session:
            known = import_jobs.archive_keys(session, tenant_id, archives)
        oldest = self._clock.now() - _UPLOAD_LASTS_AT_MOST
        strays = [key for key in archives if key not in known and self._is_older(key, oldest)]
        self._objects.delete(strays)
        return len(strays)

    def _is_older(self, key: str, moment: datetime) -> bool:
        try:
            return self._objects.head(key).modified_at < moment
        except NotFound:  # Its sender has just removed it.
            return False

    def _claim(self, tenant_id: UUID, job_id: UUID) -> _Run | None:
        """Take the job for this worker, under a version id of its own; None when it is finished."""
        now = self._clock.now()
        with self._db.unit_of_work(tenant_id) as work:
            job = import_jobs.get(work.session, tenant_id, job_id, for_update=True)
            if job is None or job.state not in import_jobs.OPEN_STATES:
                return None
            if job.leased_until is not None and job.leased_until > now:
                raise Busy
            before = _run_of(job) if job.version_id is not None else None
            existing = self._existing_package(work, job)
            job.state, job.progress = "checking", 0
            job.started_at = job.started_at or now
            job.leased_until = now + LEASE
            job.tries += 1
            job.version_id = self._ids.uuid()
            job.package_id = existing or job.package_id or self._ids.uuid()
            run = _run_of(job)
        if before is not None:
            self._remove(before)
        return run

    def _existing_package(self, work: UnitOfWork, job: ImportJob) -> UUID | None:
        if job.package_external_id is None:
            return None
        found = packages.find(work.session, job.tenant_id, job.package_external_id)
        return found.id if found is not None else None

    def _import(self, run: _Run) -> None:
        with self._archive(run) as source:
            reading = packages_spec.read(source, self._limits, run.archive_name)
            if reading.course is None or reading.verdict is not Verdict.ACCEPTED:
                self._fail(run, reading.findings)
                return
            try:
                self._store(run, source, reading)
            except Refused as refusal:
                self._fail(run, (refusal.finding, *reading.findings))
                return
        self._finish(run, reading, reading.course)

    @contextmanager
    def _archive(self, run: _Run) -> Iterator[ByteSource]:
        """The zip as a file: where it lies if the store is a folder, else a copy that goes away with its name."""
        path = self._objects.local_path(run.archive_key)
        if path is not None:
            with path.open("rb") as file:
                yield FileSource(file)
            return
        with tempfile.TemporaryFile() as copy:
            with self._objects.open(run.archive_key) as pieces:
                for piece in pieces:
                    copy.write(piece)
            copy.flush()
            yield FileSource(cast(BinaryIO, copy))

    def _store(self, run: _Run, source: ByteSource, reading: Reading) -> None:
        """Put every file of the zip under the run's prefix, several at once, telling the progress."""
        total = sum(entry.size for entry in reading.entries)
        progress = _Progress(lambda done: self._renew(run, state="storing", progress=done), self._clock, total)

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

    def _finish(self, run: _Run, reading: Reading, course: Course) -> None:
        """Make the version appear, with its package if that is new, and publish it. One transaction."""
        now = self._clock.now()
        with self._db.unit_of_work(run.tenant_id) as work:
            job = self._held(work, run)
            external_id = job.package_external_id or str(run.package_id)
            package = packages.find_or_add(work.session, run.tenant_id, run.package_id, external_id, course.title, now)
            newest = packages.newest_version(work.session, run.tenant_id, package.id)
            findings = reading.findings
            if newest is not None and newest.archive_sha256 == job.archive_sha256:
                findings = (*findings, finding("import.unchanged", number=newest.number))
                job.version_id = newest.id
            else:
                number = newest.number + 1 if newest else 1
                version = _version(job, run, package.id, number, reading, course, now)
                packages.add_version(work.session, version, course, iter(self._ids.uuid, None))
                if newest is None:
                    package.description = course.description[:LONGEST_DESCRIPTION]
                _publish(package, version, newest, now)
            job.state, job.progress, job.verdict = "ready", 100, Verdict.ACCEPTED.value
            job.findings = [one.as_dict() for one in findings]
            job.package_id, job.package_external_id = package.id, external_id
            job.finished_at, job.leased_until = now, None
            is_new = job.version_id == run.version_id
        if not is_new:
            self._remove(run)
            self._objects.delete([run.archive_key])

    def _fail(self, run: _Run, findings: tuple[Finding, ...]) -> None:
        now = self._clock.now()
        with self._db.unit_of_work(run.tenant_id) as work:
            job = self._held(work, run)
            job.state, job.verdict = "failed", verdict(findings).value
            job.findings = [one.as_dict() for one in findings]
            job.finished_at, job.leased_until = now, None
        self._clean(run)

    def _held(self, work: UnitOfWork, run: _Run) -> ImportJob:
        job = import_jobs.get(work.session, run.tenant_id, run.job_id, for_update=True)
        if job is None or job.version_id != run.version_id or job.state not in import_jobs.OPEN_STATES:
            raise _Overtaken
        return job

    def _clean(self, run: _Run) -> None:
        """Remove everything of a failed job; if that does not work now, the sweep does it later."""
        try:
            self._remove(run)
            self._objects.delete([run.archive_key])
        except Unavailable as error:
            log.warning("import_left_objects", job=str(run.job_id), error=error.detail)
            return
        with self._db.unit_of_work(run.tenant_id) as work:
            job = import_jobs.get(work.session, run.tenant_id, run.job_id, for_update=True)
            if job is not None and job.version_id == run.version_id and job.state == "failed":
                job.version_id = None

    def _let_go(self, run: _Run, *, is_blameless: bool) -> None:
        """Give the job back after a fault; the next try removes what cannot be removed now.

        A try that ended because a part of the Hub did not answer does not count.
        """
        with suppress(HubError):
            self._remove(run)
        with suppress(HubError), self._db.unit_of_work(run.tenant_id) as work:
            import_jobs.change_run(
                work.session,
                run.tenant_id,
                run.job_id,
                run.version_id,
                state="queued",
                leased_until=None,
                tries=run.number - is_blameless,
            )

    def _remove(self, run: _Run) -> None:
        self._objects.delete(self._objects.keys(run.prefix))


class _Progress:
    """Tells how much is stored, at most once a second, and keeps the lease with it."""

    def __init__(self, renew: Callable[[int], None], clock: Clock, total: int) -> None:
        self._renew = renew
        self._clock = clock
        self._total = max(1, total)
        self._done = 0
        self._told_at = clock.now()
        renew(_CHECKED)

    def add(self, size: int) -> None:
        """So many bytes more are stored."""
        self._done += size
        now = self._clock.now()
        if now - self._told_at >= _RENEW_EVERY:
            self._told_at = now
            self._renew(_CHECKED + (_STORED - _CHECKED) * self._done // self._total)


def checked_package_id(text: str | None) -> str | None:
    """A package id of the caller's own, or None. `Invalid` unless it can stand in a URL's path and be read."""
    if text is None or text == "":
        return None
    is_printable = all(unicodedata.category(char)[0] not in "CZ" or char == " " for char in text)
    if len(text) > LONGEST_ID or not is_printable or "/" in text or text != text.strip() or text in {".", ".."}:
        allowed = f"1 to {LONGEST_ID} printable characters without “/”"
        fault = Violation("package", "package_id", f"must be {allowed}", text[:LONGEST_ID], allowed)
        raise Invalid("A package cannot have this id.", violations=[fault])
    return text


def _file_name(text: str) -> str:
    """The name that the file had at its sender, without folders and what cannot be shown."""
    name = text.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in name if char.isprintable()).strip()
    return shown[-LONGEST_ID:] or "package.zip"


def _run_of(job: ImportJob) -> _Run:
    assert job.package_id is not None
    assert job.version_id is not None
    return _Run(job.tenant_id, job.id, job.package_id, job.version_id, job.archive_key, job.archive_name, job.tries)


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
        files=[[entry.name, entry.size, media_type(entry.name), entry.crc] for entry in reading.entries],
        findings=[one.as_dict() for one in reading.findings],
    )


def _publish(package: Package, version: PackageVersion, before: PackageVersion | None, now: datetime) -> None:
    """Make the version the one to start, if it can be played.

    The package takes its title unless somebody gave the package another.
    """
    if before is not None and package.title == before.title:
        package.title = version.title
    if version.standard in PLAYABLE:
        package.published_version_id = version.id
    package.updated_at = now
    package.revision += 1


def _job_view(job: ImportJob, version: int | None = None) -> JobView:
    return JobView(
        id=job.id,
        state=job.state,
        progress=job.progress,
        package_id=job.package_external_id,
        version=version,
        archive_name=job.archive_name,
        archive_size=job.archive_size,
        verdict=job.verdict,
        findings=job.findings,
        created_by=job.created_by,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
