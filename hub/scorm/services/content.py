"""The files of a course: found by a grant and a path, from memory where they are small, else from the object store."""

import re
import time
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from urllib.parse import unquote

import brotli

from hub.db import Database
from hub.errors import NotFound
from hub.ports import ObjectInfo, ObjectStore
from hub.scorm.services.origins import ContentOrigins
from hub.scorm.services.recent import Recent
from hub.scorm.services.tokens import ContentGrants, Grant
from hub.scorm.storage import courses

#: What a folder's own address shows.
_DIRECTORY_PAGES = ("index.html", "index.htm", "default.html", "default.htm")
_UNSAFE = re.compile(r"(^|/)\.{1,2}(/|$)|[\\\0]")
#: Versions never change, but packages are deleted: so soon nothing is told of them any more.
_LOOK_AGAIN_SECONDS = 2.0
#: Names of files that are remembered, of all versions together.
_MOST_NAMES = 200_000
#: A file up to this size is kept in memory, a larger one is read from the store for each answer.
LARGEST_KEPT = 256 * 1024
#: Larger text is sent as it is: to pack it would hold up whoever asks first for a second.
LARGEST_PACKED = 8 * 1024 * 1024
#: Smaller text gains nothing that a network packet would show.
_SMALLEST_PACKED = 600
#: Content codings (RFC 9110 section 8.4.1) in the order in which we like to send them.
CODINGS = ("br", "gzip")
#: Types that pack well; the other binary ones are packed by their nature.
_PACKABLE = re.compile(
    r"text/(?!event-stream).*|.*\+(xml|json)|application/(json|xml|javascript|wasm|rtf|ttml|vnd\.apple\.mpegurl"
    r"|vnd\.ms-fontobject|x-subrip|yaml)|font/(ttf|otf|collection)|image/(bmp|x-icon|vnd\.microsoft\.icon)|model/.*"
)


@dataclass(frozen=True, slots=True)
class ContentFile:
    """A file of a course, whose bytes never change under its address.

    `is_folder` says that the address named the folder whose page this is, without the slash that relative links need.
    """

    info: ObjectInfo
    grant: Grant
    is_folder: bool = False

    @property
    def is_packable(self) -> bool:
        """Whether the file is sent in a content coding to those who take one."""
        size = self.info.size
        return _SMALLEST_PACKED <= size <= LARGEST_PACKED and _is_packable(self.info.content_type)


@dataclass(frozen=True, slots=True)
class Whole:
    """All of a file in memory; `coding` is the content coding of `body`, empty for none."""

    body: bytes
    coding: str


class Contents:
    """Serves course files, the small and the packed ones from up to `memory` bytes of this process."""

    def __init__(
        self, db: Database, store: ObjectStore, grants: ContentGrants, origins: ContentOrigins, memory: int
    ) -> None:
        self._db = db
        self._store = store
        self._grants = grants
        self._origins = origins
        self._prefixes: Recent[Grant, str] = Recent(1_000)
        self._names: Recent[Grant, Mapping[str, str]] = Recent(_MOST_NAMES, len)
        self._files: Recent[str, tuple[ObjectInfo, float]] = Recent(20_000)
        self._bodies: Recent[tuple[str, str, str], bytes] = Recent(memory, _weight)
        self._packing = [Lock() for _ in range(16)]

    def find(self, host: str, grant: str, path: str) -> ContentFile:
        """The file at `path` of the package version that `grant` opens at `host`. Raises `NotFound`.

        A folder's address is that of its page. A name that differs in case, in Unicode form or by percent signs is
        found too: authors test on systems where such names are the same.
        """
        granted = self._grants.read(grant)
        if _UNSAFE.search(path) or not self._origins.serves(host, granted.version_id):
            raise _not_found()
        prefix = self._prefix(granted)
        if path and not path.endswith("/"):
            info = self._info(prefix + path) or self._alike(granted, prefix, path)
            if info is not None:
                return ContentFile(info, granted)
        folder = path if not path or path.endswith("/") else f"{path}/"
        return ContentFile(self._page(granted, prefix, folder), granted, is_folder=folder != path)

    def whole(self, file: ContentFile, codings: Sequence[str] = ()) -> Whole | None:
        """All of the file, in the first of the `codings` if it is worth packing; None when it is too large to keep."""
        if codings and file.is_packable:
            packed = self._packed(file.info, codings[0])
            if packed:
                return Whole(packed, codings[0])
        return Whole(self._body(file.info), "") if file.info.size <= LARGEST_KEPT else None

    @contextmanager
    def read(self, file: ContentFile, start: int = 0, end: int | None = None) -> Iterator[Iterator[bytes]]:
        """The bytes from `start` up to but not including `end`, in pieces. Raises `NotFound` when they are gone."""
        try:
            with self._store.open(file.info.key, start, end) as pieces:
                yield pieces
        except NotFound as error:
            self._files.forget(file.info.key)
            raise _not_found() from error

    def frame_ancestors(self, grant: str) -> str:
        """The sources of the directive frame-ancestors for the launch that made the grant. Raises `NotFound`."""
        return self._origins.frame_ancestors(self._grants.read(grant).frames)

    def address(self, file: ContentFile, seconds: int) -> str | None:
        """Where the store itself hands out the file for so long; None where it has no addresses."""
        return self._store.presigned_url(file.info.key, seconds)

    def _prefix(self, grant: Grant) -> str:
        prefix = self._prefixes.get(grant)
        if prefix is None:
            with self._db.read(grant.tenant_id) as session:
                version = courses.find_version(session, grant.tenant_id, grant.version_id)
            if version is None:
                raise _not_found()
            prefix = self._prefixes.put(grant, version.content_prefix.rstrip("/") + "/")
        return prefix

    def _page(self, grant: Grant, prefix: str, folder: str) -> ObjectInfo:
        for page in _DIRECTORY_PAGES:
            info = self._info(f"{prefix}{folder}{page}") or self._alike(grant, prefix, folder + page)
            if info is not None:
                return info
        raise _not_found()

    def _alike(self, grant: Grant, prefix: str, path: str) -> ObjectInfo | None:
        """The file whose name is the same but for case, Unicode form or percent signs."""
        names = self._names.get(grant)
        if names is None:
            with self._db.read(grant.tenant_id) as session:
                found = courses.file_names(session, grant.tenant_id, grant.version_id)
            names = self._names.put(grant, {_folded(name): name for name in reversed(found)})
        name = names.get(_folded(path))
        return self._info(prefix + name) if name is not None else None

    def _info(self, key: str) -> ObjectInfo | None:
        now = time.monotonic()
        known = self._files.get(key)
        if known is not None and now - known[1] < _LOOK_AGAIN_SECONDS:
            return known[0]
        try:
            return self._files.put(key, (self._store.head(key), now))[0]
        except NotFound:
            self._files.forget(key)
            return None

    def _body(self, info: ObjectInfo) -> bytes:
        key = (info.key, info.etag, "")
        body = self._bodies.get(key)
        return body if body is not None else self._bodies.put(key, self._read_all(info))

    def _packed(self, info: ObjectInfo, coding: str) -> bytes:
        """The packed bytes, made once however many ask at the same time; none where packing gains nothing."""
        key = (info.key, info.etag, coding)
        packed = self._bodies.get(key)
        if packed is None:
            with self._packing[hash(key) % len(self._packing)]:
                packed = self._bodies.get(key)
                if packed is None:
                    packed = self._bodies.put(key, _pack(self._read_all(info), coding))
        return packed

    def _read_all(self, info: ObjectInfo) -> bytes:
        try:
            with self._store.open(info.key) as pieces:
                return b"".join(pieces)
        except NotFound as error:
            self._files.forget(info.key)
            raise _not_found() from error


def _is_packable(content_type: str) -> bool:
    return _PACKABLE.fullmatch(content_type.partition(";")[0].strip().lower()) is not None


def _pack(body: bytes, coding: str) -> bytes:
    if coding == "br":
        packed: bytes = brotli.compress(body, quality=5)
    else:
        packed = zlib.compress(body, 6, 16 + zlib.MAX_WBITS)
    return packed if len(packed) < len(body) * 0.9 else b""


def _weight(body: bytes) -> int:
    """What keeping the bytes costs, with their key and place."""
    return len(body) + 500


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unquote(name)).casefold()


def _not_found() -> NotFound:
    return NotFound("This course has no such file.", code="content_not_found")
