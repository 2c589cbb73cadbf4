"""The files of a course: found by a grant and a path, streamed from the object store."""

import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar
from uuid import UUID

from hub.db import Database
from hub.errors import NotFound
from hub.ports import ObjectInfo, ObjectStore
from hub.scorm.services.tokens import ContentGrants
from hub.scorm.storage import courses

#: What a folder's own address shows.
_DIRECTORY_PAGES = ("index.html", "index.htm", "default.html", "default.htm")
_UNSAFE = re.compile(r"(^|/)\.{1,2}(/|$)|[\\\0]")

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ContentFile:
    """A file of a course. Until `expires_at` its address is good, and its bytes never change."""

    info: ObjectInfo
    expires_at: datetime


class Recent(Generic[Key, Value]):
    """The values that were asked for last, for all threads of this process."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """The value, now the most recent one."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def forget(self, key: Key) -> None:
        """Ask again next time."""
        with self._lock:
            self._values.pop(key, None)

    def put(self, key: Key, value: Value) -> None:
        """Keep the value; the one not asked for longest makes room."""
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._size:
                self._values.popitem(last=False)


class Contents:
    """Serves course files. Versions never change, so what was found once is remembered."""

    def __init__(self, db: Database, store: ObjectStore, grants: ContentGrants) -> None:
        self._db = db
        self._store = store
        self._grants = grants
        self._prefixes: Recent[tuple[UUID, UUID], str] = Recent(1_000)
        self._files: Recent[str, ObjectInfo] = Recent(20_000)

    def find(self, grant: str, path: str) -> ContentFile:
        """The file at `path` of the package version that `grant` opens. Raises `NotFound`."""
        tenant_id, version_id, expires_at = self._grants.read(grant)
        if _UNSAFE.search(path):
            raise _not_found()
        prefix = self._prefix(tenant_id, version_id)
        if path and not path.endswith("/"):
            return ContentFile(self._info(f"{prefix}/{path}"), expires_at)
        for page in _DIRECTORY_PAGES:
            try:
                return ContentFile(self._info(f"{prefix}/{path}{page}"), expires_at)
            except NotFound:
                continue
        raise _not_found()

    @contextmanager
    def read(self, file: ContentFile, start: int = 0, end: int | None = None) -> Iterator[Iterator[bytes]]:
        """The bytes from `start` up to but not including `end`, in pieces. Raises `NotFound` when they are gone."""
        try:
            with self._store.open(file.info.key, start, end) as pieces:
                yield pieces
        except NotFound as error:
            self._files.forget(file.info.key)
            raise _not_found() from error

    def _prefix(self, tenant_id: UUID, version_id: UUID) -> str:
        key = (tenant_id, version_id)
        prefix = self._prefixes.get(key)
        if prefix is None:
            with self._db.read() as session:
                version = courses.find_version(session, tenant_id, version_id)
            if version is None:
                raise _not_found()
            prefix = version.content_prefix.rstrip("/")
            self._prefixes.put(key, prefix)
        return prefix

    def _info(self, key: str) -> ObjectInfo:
        info = self._files.get(key)
        if info is None:
            try:
                info = self._store.head(key)
            except NotFound as error:
                raise _not_found() from error
            self._files.put(key, info)
        return info


def _not_found() -> NotFound:
    return NotFound("This course has no such file.", code="content_not_found")
