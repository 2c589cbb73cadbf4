"""Uploads that may stop and go on, and uploads straight into the object store.

A resumable upload (tus 1.0.0) arrives in any number of requests. What they bring is kept as objects of a few megabytes,
each counted in the database once it is safe, so that a lost connection, a reloaded page or a killed web server costs
at most the last of them. A direct upload is one object that the client itself puts into the store by a signed form.
When the bytes are all there the upload becomes an import job; the worker puts them together.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, cast
from uuid import UUID

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.errors import Conflict, Gone, Invalid, NotFound, TooLarge, TooMany, Violation, say
from hub.identity import Principal
from hub.ports import Clock, Ids, ObjectStore, PresignedPost
from hub.scorm.services.importing import DISCARD_TOPIC, checked_file_name, upload_prefix
from hub.scorm.services.imports import Imports, JobView, author_of
from hub.scorm.services.streams import BoundedStream, HashedStream
from hub.scorm.storage import import_jobs, uploads
from hub.scorm.storage.tables import IncomingUpload

#: An upload that nothing was added to for so long is abandoned.
LASTS = timedelta(hours=24)
#: How long a client may take to put a direct upload into the store, and then to say so.
DIRECT_SECONDS = 3600
#: One object of an upload: below the size at which S3 wants several requests.
PIECE_BYTES = 4 * 1024 * 1024
#: Uploads of a tenant that are under way at the same time; each may hold the largest upload.
MOST_UNFINISHED = 100
#: Pieces smaller than this are counted, so that nobody sends a course byte by byte.
_SMALL_BYTES, MOST_PIECES = 64 * 1024, 10_000
_STRAY_AFTER = timedelta(minutes=30)
_SWEPT_AT_ONCE = 100
#: Checksum algorithms (tus 1.0.0, Checksum extension).
CHECKSUMS = ("sha1", "sha256")


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload as its sender sees it. Sizes are in bytes; `job_id` is the import that it became."""

    id: UUID
    name: str
    size: int
    received: int
    package_id: str | None
    expires_at: datetime
    job_id: UUID | None


@dataclass(frozen=True, slots=True)
class DirectUpload:
    """A direct upload and the form by which its bytes go into the store."""

    upload: UploadView
    form: PresignedPost


class WrongChecksum(Invalid):
    """The bytes are not those that the client meant (tus 1.0.0, Checksum extension: 460)."""

    status = 460
    default_code = "wrong_checksum"


class Uploads:
    """The uploads of a tenant. Each is its maker's own: nobody else sees it."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, objects: ObjectStore, imports: Imports) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._objects = objects
        self._imports = imports

    @property
    def largest(self) -> int:
        """The most bytes that an upload may have."""
        return self._imports.largest_upload

    # --- in pieces

    def create(self, principal: Principal, size: int, name: str, package_id: str | None = None) -> UploadView:
        """Begin an upload of `size` bytes. `TooLarge` and `TooMany` name the limit, `Invalid` a wrong package id."""
        upload = self._new(principal, size, name, package_id, self._clock.now() + LASTS)
        with self._db.unit_of_work(principal.tenant_id) as work:
            self._add(work, upload)
            if size == 0:
                self._imports.take_upload(work, principal, upload)
            return _view(upload)

    def get(self, principal: Principal, upload_id: UUID) -> UploadView:
        """How far an upload is. `NotFound` unless it is the caller's own, `Gone` once its time is over."""
        return _view(self._own(principal, upload_id))

    def unfinished(self, principal: Principal) -> list[UploadView]:
        """What the caller began and did not finish, newest first."""
        principal.require("packages.write")
        with self._db.read(principal.tenant_id) as session:
            found = uploads.unfinished(session, principal.tenant_id, author_of(principal), self._clock.now())
        return [_view(upload) for upload in found if not upload.is_direct]

    def append(
        self, principal: Principal, upload_id: UUID, offset: int, body: BinaryIO, checksum: str | None = None
    ) -> UploadView:
        """Add bytes from `offset` on, as many as come; what came before a connection broke is kept.

        `Conflict` unless exactly `offset` bytes are there already. With a `checksum` ("sha256 BASE64") all bytes are
        kept or, if they have another one, none (`WrongChecksum`). The last byte makes the import job.
        """
        upload = self._own(principal, upload_id)
        if upload.is_direct:
            raise _not_found(upload_id)
        if offset != upload.received:
            raise _wrong_offset(offset, upload.received)
        expected = _checksum(checksum)
        while upload.received < upload.size:
            room = upload.size - upload.received
            stream = BoundedStream(body, room if expected else min(room, PIECE_BYTES))
            if stream.is_at_end:
                break
            upload = self._append_piece(principal, upload, stream, expected)
        return _view(upload)

    def _append_piece(
        self, principal: Principal, upload: IncomingUpload, stream: BoundedStream, expected: "_Checksum | None"
    ) -> IncomingUpload:
        key = f"{upload_prefix(upload.tenant_id, upload.id)}{upload.received:013d}-{self._ids.uuid()}"
        body = stream if expected is None else HashedStream(stream, hashlib.new(expected.algorithm))
        self._objects.put(key, cast(BinaryIO, body), "application/octet-stream")
        try:
            if isinstance(body, HashedStream) and expected is not None and body.digest != expected.digest:
                raise WrongChecksum("The checksum does not fit the bytes; send them again.")
            return self._count(principal, upload, stream.size, key)
        except (WrongChecksum, Conflict, NotFound):  # Surely not counted, which is unknown when an answer is lost.
            self._objects.delete([key])
            raise

    def _count(self, principal: Principal, upload: IncomingUpload, size: int, key: str) -> IncomingUpload:
        """Count an object that is safe in the store; the last one makes the import job."""
        with self._db.unit_of_work(upload.tenant_id) as work:
            current = uploads.get(work.session, upload.tenant_id, upload.id, for_update=True)
            if current is None:
                raise _not_found(upload.id)
            if current.received != upload.received:  # Another request was faster.
                raise _wrong_offset(upload.received, current.received)
            if size < _SMALL_BYTES and uploads.count_pieces(work.session, upload.tenant_id, upload.id) >= MOST_PIECES:
                raise Conflict(
                    say(
                        "The upload came in %(count)s pieces already; begin again with larger ones.", count=MOST_PIECES
                    ),
                    code="too_many_pieces",
                )
            uploads.add_piece(work.session, current, size, key)
            current.expires_at = self._clock.now() + LASTS
            if current.received == current.size:
                self._imports.take_upload(work, principal, current)
            return current

    def cancel(self, principal: Principal, upload_id: UUID) -> None:
        """Forget an upload and its bytes. One that became a job is that job's now: `Conflict`."""
        upload = self._own(principal, upload_id)
        with self._db.unit_of_work(principal.tenant_id) as work:
            current = uploads.get(work.session, upload.tenant_id, upload.id, for_update=True)
            if current is None:
                raise _not_found(upload_id)
            if current.job_id is not None:
                message = say("The upload is complete; it became the job %(job)s.", job=current.job_id)
                raise Conflict(message, code="upload_complete")
            self._forget(work, current)

    # --- straight into the store

    def create_direct(self, principal: Principal, size: int, name: str, package_id: str | None = None) -> DirectUpload:
        """Begin an upload that goes past the Hub. `Conflict` where the object store takes none (a folder)."""
        expires_at = self._clock.now() + timedelta(seconds=2 * DIRECT_SECONDS)
        upload = self._new(principal, size, name, package_id, expires_at)
        upload.is_direct = True
        form = self._objects.presigned_post(_direct_key(upload), size, "application/zip", DIRECT_SECONDS)
        if form is None:
            raise Conflict(
                "This Hub keeps packages in a folder, to which nothing can be sent directly. Use POST /api/v1/packages "
                "or, for an upload that can be resumed, POST /api/v1/uploads.",
                code="no_direct_upload",
            )
        with self._db.unit_of_work(principal.tenant_id) as work:
            self._add(work, upload)
            return DirectUpload(_view(upload), form)

    def complete_direct(self, principal: Principal, upload_id: UUID) -> JobView:
        """Queue the import of a direct upload. Said twice, the same job; `Conflict` while the bytes are not there."""
        upload = self._own(principal, upload_id)
        if not upload.is_direct:
            raise _not_found(upload_id)
        if upload.job_id is None:
            self._check_arrived(upload)
        with self._db.unit_of_work(principal.tenant_id) as work:
            current = uploads.get(work.session, upload.tenant_id, upload.id, for_update=True)
            if current is None:
                raise _not_found(upload_id)
            if current.job_id is None:
                uploads.add_piece(work.session, current, current.size, _direct_key(current))
                return self._imports.take_upload(work, principal, current)
            job_id = current.job_id
        return self._imports.get(principal, job_id)

    def _check_arrived(self, upload: IncomingUpload) -> None:
        try:
            size = self._objects.head(_direct_key(upload)).size
        except NotFound:
            size = 0
        if size != upload.size:
            facts = {"size": size, "whole": upload.size}
            message = say("%(size)s of %(whole)s bytes are in the store; send the file first.", **facts)
            raise Conflict(message, code="upload_incomplete")

    # --- looking after them

    def sweep(self) -> int:
        """Remove what was abandoned, and objects that no upload knows; returns how many uploads and objects."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            over = uploads.expired(work.session, self._clock.now(), _SWEPT_AT_ONCE)
            for upload in over:
                self._forget(work, upload)
        with self._db.read(EVERY_TENANT) as session:
            tenants = import_jobs.tenants(session)
        return len(over) + sum(self._sweep_strays(tenant_id) for tenant_id in tenants)

    def _sweep_strays(self, tenant_id: UUID) -> int:
        upload_of = {key: UUID(key.split("/")[2]) for key in self._objects.keys(f"{tenant_id}/uploads/")}
        with self._db.read(tenant_id) as session:
            known = uploads.known(session, tenant_id, [*set(upload_of.values())])
        oldest = self._clock.now() - _STRAY_AFTER
        strays = [key for key, upload in upload_of.items() if upload not in known and self._is_older(key, oldest)]
        self._objects.delete(strays)
        return len(strays)

    def _is_older(self, key: str, moment: datetime) -> bool:
        try:
            return self._objects.head(key).modified_at < moment
        except NotFound:
            return False

    # --- shared

    def _new(
        self, principal: Principal, size: int, name: str, package_id: str | None, expires_at: datetime
    ) -> IncomingUpload:
        principal.require("packages.write")
        if size < 0:
            raise Invalid(
                "An upload has no such size.", violations=[Violation("upload", "size", "must not be negative")]
            )
        if size > self.largest:
            raise TooLarge(
                say("The file is larger than %(most)s MB, the most that this Hub takes.", most=self.largest // 1024**2),
                code="upload_too_large",
            )
        return IncomingUpload(
            id=self._ids.uuid(),
            tenant_id=principal.tenant_id,
            name=checked_file_name(name),
            size=size,
            received=0,
            is_direct=False,
            package_external_id=self._imports.checked_target(principal, package_id),
            created_by=author_of(principal),
            created_at=self._clock.now(),
            expires_at=expires_at,
        )

    def _add(self, work: UnitOfWork, upload: IncomingUpload) -> None:
        if uploads.count_unfinished(work.session, upload.tenant_id, self._clock.now()) >= MOST_UNFINISHED:
            raise TooMany(
                say(
                    "%(count)s uploads are under way, the most at a time; finish or cancel some of them.",
                    count=MOST_UNFINISHED,
                ),
                code="too_many_uploads",
                headers={"Retry-After": "60"},
            )
        work.session.add(upload)
        work.session.flush()

    def _own(self, principal: Principal, upload_id: UUID) -> IncomingUpload:
        principal.require("packages.write")
        with self._db.read(principal.tenant_id) as session:
            upload = uploads.get(session, principal.tenant_id, upload_id)
        if upload is None or upload.created_by != author_of(principal):
            raise _not_found(upload_id)
        if upload.expires_at <= self._clock.now():
            raise Gone("This upload was abandoned and is removed; begin again.", code="upload_expired")
        return upload

    def _forget(self, work: UnitOfWork, upload: IncomingUpload) -> None:
        uploads.remove(work.session, upload.tenant_id, upload.id)
        prefix = upload_prefix(upload.tenant_id, upload.id)
        work.enqueue(DISCARD_TOPIC, {"prefixes": [prefix], "keys": []}, upload.tenant_id)


@dataclass(frozen=True, slots=True)
class _Checksum:
    algorithm: str
    digest: bytes


def _checksum(text: str | None) -> _Checksum | None:
    """An Upload-Checksum: the algorithm and the digest in base64. `Invalid` when it is not one of ours."""
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        digest = b""
    if algorithm not in CHECKSUMS or not digest:
        names = ", ".join(CHECKSUMS)
        message = say("must be one of %(names)s, a blank, and the digest in base64", names=names)
        fault = Violation("tus 1.0.0, Checksum", "Upload-Checksum", message, text[:100])
        raise Invalid("The checksum cannot be read.", violations=[fault])
    return _Checksum(algorithm, digest)


def _direct_key(upload: IncomingUpload) -> str:
    return f"{upload_prefix(upload.tenant_id, upload.id)}direct.zip"


def _view(upload: IncomingUpload) -> UploadView:
    return UploadView(
        id=upload.id,
        name=upload.name,
        size=upload.size,
        received=upload.received,
        package_id=upload.package_external_id,
        expires_at=upload.expires_at,
        job_id=upload.job_id,
    )


def _not_found(upload_id: UUID) -> NotFound:
    return NotFound(say("There is no upload %(upload)s.", upload=upload_id), code="upload_not_found")


def _wrong_offset(offset: int, received: int) -> Conflict:
    message = say("must be %(offset)s", offset=received)
    fault = Violation("tus 1.0.0, PATCH", "Upload-Offset", message, offset, received)
    return Conflict("The bytes do not go on where the upload stopped.", code="wrong_offset", violations=[fault])
