"""Resumable uploads over HTTP: the tus protocol 1.0.0 (tus.io/protocols/resumable-upload).

Core, and the extensions creation, creation-with-upload, expiration, termination and checksum. Where a view offers
uploads it makes a `Tus` over whoever keeps them, and lets it answer each method.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import BinaryIO, Protocol, cast
from uuid import UUID

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected

from hub.errors import Invalid, PreconditionFailed, Unsupported, Violation
from hub.http.context import principal
from hub.identity import Principal

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "termination", "checksum")
MEDIA_TYPE = "application/offset+octet-stream"
#: The address of the import job that a complete upload became; not part of the protocol.
JOB_HEADER = "Hub-Job"

_LARGEST_NUMBER = 2**53


class Upload(Protocol):
    """What the protocol tells of an upload."""

    @property
    def id(self) -> UUID: ...
    @property
    def size(self) -> int: ...
    @property
    def received(self) -> int: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def job_id(self) -> UUID | None: ...


class UploadKeeper(Protocol):
    """Who keeps uploads (`hub.scorm.services.uploads.Uploads`)."""

    @property
    def largest(self) -> int:
        """The most bytes that an upload may have."""

    def create(self, principal: Principal, size: int, name: str, package_id: str | None = None) -> Upload:
        """Begin an upload."""

    def get(self, principal: Principal, upload_id: UUID) -> Upload:
        """How far it is."""

    def append(
        self, principal: Principal, upload_id: UUID, offset: int, body: BinaryIO, checksum: str | None = None
    ) -> Upload:
        """Add bytes."""

    def cancel(self, principal: Principal, upload_id: UUID) -> None:
        """Forget it."""


class Tus:
    """Answers the protocol's requests. `address` is where uploads are, `jobs` where their import jobs are."""

    def __init__(self, keeper: UploadKeeper, address: str, jobs: str) -> None:
        self._keeper = keeper
        self._address = address
        self._jobs = jobs

    def options(self) -> Response:
        """What this server can do. Needs no version of the client."""
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": ",".join(EXTENSIONS),
            "Tus-Max-Size": str(self._keeper.largest),
            "Tus-Checksum-Algorithm": "sha1,sha256",
        }
        return _answer(204, headers)

    def create(self) -> Response:
        """POST: begin an upload, perhaps with its first bytes (201)."""
        check_version()
        if "Upload-Defer-Length" in request.headers:
            raise _wrong_header("Upload-Length", "is needed: this server does not take uploads of unknown length")
        size = _number("Upload-Length")
        known = _metadata()
        name, package_id = known.get("filename", known.get("name", "")), known.get("package_id")
        with_bytes = request.mimetype == MEDIA_TYPE
        if with_bytes:
            _check_length(size)
        upload = self._keeper.create(principal(), size, name, package_id)
        if with_bytes:
            upload = self._append(upload.id, 0)
        return self._told(201, upload, {"Location": f"{self._address}/{upload.id}"})

    def head(self, upload_id: UUID) -> Response:
        """HEAD: where to go on."""
        check_version()
        upload = self._keeper.get(principal(), upload_id)
        return self._told(200, upload, {"Upload-Length": str(upload.size), "Cache-Control": "no-store"})

    def patch(self, upload_id: UUID) -> Response:
        """PATCH: more bytes."""
        check_version()
        if request.mimetype != MEDIA_TYPE:
            raise Unsupported(f"The bytes of an upload are sent as {MEDIA_TYPE}.")
        offset = _number("Upload-Offset")
        upload = self._keeper.get(principal(), upload_id)
        _check_length(upload.size - offset)
        return self._told(204, self._append(upload_id, offset))

    def delete(self, upload_id: UUID) -> Response:
        """DELETE: forget the upload."""
        check_version()
        self._keeper.cancel(principal(), upload_id)
        return _answer(204)

    def post(self, upload_id: UUID) -> Response:
        """POST to an upload: another method, from where only GET and POST can be sent."""
        method = request.headers.get("X-HTTP-Method-Override", "").upper()
        if method not in {"HEAD", "PATCH", "DELETE"}:
            raise _wrong_header("X-HTTP-Method-Override", "must be HEAD, PATCH or DELETE")
        answer: Response = getattr(self, method.lower())(upload_id)
        return answer

    def _append(self, upload_id: UUID, offset: int) -> Upload:
        body = cast(BinaryIO, _UntilDisconnected(cast(BinaryIO, request.stream)))
        checksum = request.headers.get("Upload-Checksum")
        return self._keeper.append(principal(), upload_id, offset, body, checksum)

    def _told(self, status: int, upload: Upload, more: Mapping[str, str] | None = None) -> Response:
        headers = {
            "Upload-Offset": str(upload.received),
            "Upload-Expires": _http_date(upload.expires_at),
            **(more or {}),
        }
        if upload.job_id is not None:
            headers[JOB_HEADER] = f"{self._jobs}/{upload.job_id}"
        return _answer(status, headers)


def check_version() -> None:
    """`PreconditionFailed` unless the client speaks our version of the protocol."""
    if request.headers.get("Tus-Resumable") != VERSION:
        fault = Violation("tus 1.0.0, Tus-Resumable", "Tus-Resumable", f"must be {VERSION}")
        raise PreconditionFailed(
            "This address speaks the tus protocol, for uploads that can be resumed.",
            code="tus_version",
            violations=[fault],
            headers={"Tus-Version": VERSION},
        )


class _UntilDisconnected:
    """A body that ends where its connection breaks, so that what came before can be kept."""

    def __init__(self, body: BinaryIO) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """The next bytes, none at the end or once the client is gone."""
        try:
            return self._body.read(size)
        except (ClientDisconnected, OSError):
            return b""


def _check_length(room: int) -> None:
    """Refuse a body that says that it is longer than what is left, before it is read."""
    if room < 0 or (request.content_length or 0) > room:
        raise _wrong_header("Content-Length", f"must be at most the {max(room, 0)} bytes that are left of the upload")
    request.max_content_length = room


def _number(header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal() and int(text[:20]) < _LARGEST_NUMBER and len(text) <= 20):
        raise _wrong_header(header, "must be a whole number, 0 or more")
    return int(text)


def _metadata() -> dict[str, str]:
    """Upload-Metadata: pairs of a key and a base64 value, separated by commas."""
    found: dict[str, str] = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _wrong_header(
                "Upload-Metadata", f"has a value that is not UTF-8 text in base64: {key[:50]}"
            ) from None
    return found


def _wrong_header(header: str, message: str) -> Invalid:
    return Invalid("The upload cannot be done like this.", violations=[Violation("tus 1.0.0", header, message)])


def _http_date(moment: datetime) -> str:
    """An HTTP-date (RFC 9110 section 5.6.7)."""
    return format_datetime(moment, usegmt=True)


def _answer(status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, headers={"Tus-Resumable": VERSION, **(headers or {})})
