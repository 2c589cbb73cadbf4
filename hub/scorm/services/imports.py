"""Taking packages in: what is uploaded or to be fetched becomes a job, and its state is told to whoever waits for it.

A job is queued, checking, storing, then ready or failed; `importing` is what a worker does with it.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Conflict, Invalid, NotFound, Violation, say
from hub.identity import Principal
from hub.ports import Clock, Ids, ObjectStore
from hub.scorm.services.importing import LONGEST_ID, archive_key, checked_file_name
from hub.scorm.services.incoming import Incoming, shown_url
from hub.scorm.services.streams import CountedStream
from hub.scorm.storage import editors, import_jobs, packages
from hub.scorm.storage.tables import ImportJob, IncomingUpload

#: The outbox topic of a job that is to be worked on.
TOPIC = "package.import"
#: Between storing a zip and writing its job lies one transaction; what is this old without a job never gets one.
_STRAY_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sends: its bytes, its name, and into which package it goes (None: a new one)."""

    body: BinaryIO
    name: str
    package_id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class JobView:
    """An import job as people see it. `progress` is 0 to 100; `findings` are known once it was checked.

    `source_url` is where it is fetched from, without what may be secret; `archive_size` are the bytes that are here.
    """

    id: UUID
    state: str
    progress: int
    package_id: str | None
    version: int | None
    archive_name: str
    archive_size: int
    source_url: str | None
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


class Imports:
    """Accept uploads and addresses, and tell how far their jobs are."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        objects: ObjectStore,
        incoming: Incoming,
        largest_upload: int,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._objects = objects
        self._incoming = incoming
        self.largest_upload = largest_upload

    # --- accepting

    def accept(self, principal: Principal, upload: Upload) -> JobView:
        """Keep the upload and queue its import.

        `Invalid` names what is wrong with the package id, `TooLarge` the limit. The same Idempotency-Key with the same
        file gives the first job again, with another file `Conflict`.
        """
        principal.require("packages.write")
        package_id = self.checked_target(principal, upload.package_id)
        body = CountedStream(upload.body, self.largest_upload)
        job = self._new_job(principal, package_id, upload.name)
        job.idempotency_key = upload.idempotency_key
        self._objects.put(job.archive_key, cast(BinaryIO, body), "application/zip")
        job.archive_size, job.archive_sha256 = body.size, body.sha256
        # If this raises, the job may be stored all the same: the connection can break on the commit's answer. So the
        # zip stays, and the sweep removes it when it turns out to have no job.
        view = self._queue(principal, job)
        if view.id != job.id:
            self._objects.delete([job.archive_key])
        return view

    def fetch(
        self, principal: Principal, url: str, package_id: str | None = None, idempotency_key: str | None = None
    ) -> JobView:
        """Queue the import of what is at an https address. The worker fetches it; what it cannot get fails the job.

        `Invalid` names what is wrong with the address. The same Idempotency-Key with the same address (whatever its
        query: signatures differ) gives the first job again, with another `Conflict`.
        """
        principal.require("packages.write")
        target = self.checked_target(principal, package_id)
        job = self._new_job(principal, target, shown_url(self._incoming.checked_url(url)))
        job.fetch_url, job.source_url, job.idempotency_key = url, shown_url(url), idempotency_key
        return self._queue(principal, job)

    def checked_target(self, principal: Principal, package_id: str | None) -> str | None:
        """The id of the package that an upload is for, or None for a new one.

        `Invalid` unless it can be one, `Forbidden` for a package that `principal` may not change.
        """
        wanted = checked_package_id(package_id)
        if wanted is not None:
            with self._db.read(principal.tenant_id) as session:
                found = packages.find(session, principal.tenant_id, wanted)
                if found is not None:
                    editors.require_editor(session, principal, found)
        return wanted

    def take_upload(self, work: UnitOfWork, principal: Principal, upload: IncomingUpload) -> JobView:
        """Queue the import of an upload whose pieces are all there, in the caller's transaction."""
        job = self._new_job(principal, upload.package_external_id, upload.name)
        job.upload_id, job.archive_size = upload.id, upload.size
        upload.job_id = job.id
        return self._add(work, principal, job)

    def _new_job(self, principal: Principal, package_id: str | None, name: str) -> ImportJob:
        job_id = self._ids.uuid()
        return ImportJob(
            id=job_id,
            tenant_id=principal.tenant_id,
            state="queued",
            progress=0,
            package_external_id=package_id,
            archive_key=archive_key(principal.tenant_id, job_id),
            archive_name=checked_file_name(name),
            archive_size=0,
            findings=[],
            created_by=author_of(principal),
            created_at=self._clock.now(),
        )

    def _queue(self, principal: Principal, job: ImportJob) -> JobView:
        """Store the job and its message; the earlier job where the Idempotency-Key was used for the same."""
        earlier = self._earlier(job)
        if earlier is None:
            try:
                with self._db.unit_of_work(principal.tenant_id) as work:
                    return self._add(work, principal, job)
            except IntegrityError:  # The same key came twice at once.
                earlier = self._earlier(job)
                if earlier is None:
                    raise
        if _request_of(earlier) != _request_of(job):
            self._objects.delete([job.archive_key])
            raise Conflict(
                "This Idempotency-Key was used for another upload.",
                code="idempotency_key_reused",
                violations=[Violation("Idempotency-Key", "header", "must be new for each upload", job.idempotency_key)],
            )
        return _job_view(earlier)

    def _add(self, work: UnitOfWork, principal: Principal, job: ImportJob) -> JobView:
        work.session.add(job)
        work.session.flush()
        work.enqueue(TOPIC, {"job_id": str(job.id)}, job.tenant_id)
        details = {
            "job": str(job.id),
            "archive": job.archive_name,
            "sha256": job.archive_sha256,
            "url": job.source_url,
        }
        known = {name: value for name, value in details.items() if value is not None}
        record(work.session, self._ids.uuid(), principal, "package.uploaded", job.package_external_id, known)
        return _job_view(job)

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
            raise NotFound(say("There is no job %(job)s.", job=job_id), code="job_not_found")
        return _job_view(*found)

    def several(self, principal: Principal, job_ids: Sequence[UUID]) -> list[JobView]:
        """Those of the jobs that the tenant has."""
        principal.require("packages.read")
        with self._db.read(principal.tenant_id) as session:
            found = import_jobs.several_with_numbers(session, principal.tenant_id, job_ids)
        return [_job_view(*row) for row in found]

    def page(
        self, principal: Principal, state: str = "", before: list[Any] | None = None, limit: int = 50
    ) -> list[JobView]:
        """Up to `limit` jobs, newest first, those before the sort key (created_at, id)."""
        principal.require("packages.read")
        key = (datetime.fromisoformat(before[0]), UUID(before[1])) if before else None
        with self._db.read(principal.tenant_id) as session:
            return [_job_view(*row) for row in import_jobs.page(session, principal.tenant_id, state, key, limit)]

    # --- tidying up

    def discard(self, tenant_id: UUID, prefixes: Sequence[str], keys: Sequence[str]) -> None:
        """Remove objects that nobody needs any more. May be repeated."""
        own = f"{tenant_id}/"
        if not all(name.startswith(own) and name != own for name in (*prefixes, *keys)):
            raise ValueError(f"Only objects below {own} may be discarded.")
        for prefix in prefixes:
            self._objects.delete(self._objects.keys(prefix))
        self._objects.delete(keys)

    def sweep(self) -> int:
        """Remove zips that never got a job, and what writers that died left half-written; returns how many."""
        oldest = self._clock.now() - _STRAY_AFTER
        with self._db.read(EVERY_TENANT) as session:
            tenants = import_jobs.tenants(session)
        return self._objects.sweep(oldest) + sum(self._sweep_archives(tenant_id, oldest) for tenant_id in tenants)

    def _sweep_archives(self, tenant_id: UUID, oldest: datetime) -> int:
        """Zips whose sender, web server or worker died before a job named them."""
        archives = list(self._objects.keys(f"{tenant_id}/archives/"))
        with self._db.read(tenant_id) as session:
            wanted = import_jobs.wanted_archives(session, tenant_id, archives)
        strays = [key for key in archives if key not in wanted and self._is_older(key, oldest)]
        self._objects.delete(strays)
        return len(strays)

    def _is_older(self, key: str, moment: datetime) -> bool:
        try:
            return self._objects.head(key).modified_at < moment
        except NotFound:  # Its sender has just removed it.
            return False


def checked_package_id(text: str | None) -> str | None:
    """A package id of the caller's own, or None. `Invalid` unless it can stand in a URL's path and be read."""
    if text is None or text == "":
        return None
    is_printable = all(unicodedata.category(char)[0] not in "CZ" or char == " " for char in text)
    if len(text) > LONGEST_ID or not is_printable or "/" in text or text != text.strip() or text in {".", ".."}:
        message = say("must be 1 to %(most)s printable characters without “/”", most=LONGEST_ID)
        fault = Violation("package", "package_id", message, text[:LONGEST_ID])
        raise Invalid("A package cannot have this id.", violations=[fault])
    return text


def _request_of(job: ImportJob) -> tuple[str | None, str | None, str | None]:
    """What was asked for with an Idempotency-Key: the address, or else the bytes, and the package."""
    return job.source_url, None if job.source_url else job.archive_sha256, job.package_external_id


def author_of(principal: Principal) -> str:
    """Who made a job or upload, as it is kept with it."""
    return f"{principal.kind}:{principal.id}"


def _job_view(job: ImportJob, version: int | None = None) -> JobView:
    return JobView(
        id=job.id,
        state=job.state,
        progress=job.progress,
        package_id=job.package_external_id,
        version=version,
        archive_name=job.archive_name,
        archive_size=job.archive_size,
        source_url=job.source_url,
        verdict=job.verdict,
        findings=job.findings,
        created_by=job.created_by,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
