"""Objects in a folder: for one machine, or several with a shared disk.

An object is a file, put in place by rename once its bytes are on the disk, so a reader sees the whole object or none.
Its ETag is made of inode, size and time of change: writing an object always makes a new file. Its media type is what
its name implies; one that was given differently is kept beside it, under `.types`.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from errno import ENOENT
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from hub.errors import Invalid, NotFound, Unavailable
from hub.media_types import media_type
from hub.ports import ObjectInfo, PresignedPost

_PIECE = 256 * 1024
#: What is read at once for a reader, who may be slow: some of these wait in memory for each.
_READ_PIECE = 64 * 1024
_INCOMING, _TYPES = ".incoming", ".types"
_FOLDER_TRIES = 100


class FolderStore:
    """`hub.ports.ObjectStore` on a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def put(self, key: str, body: BinaryIO, content_type: str) -> ObjectInfo:
        """Write to a new file, force it to the disk, then give it its name."""
        path = self._path(key)
        with _storage_faults(key):
            incoming = self._incoming()
        try:
            _write(incoming, body, key)
            with _storage_faults(key):
                self._set_type(key, content_type)
                _in_folder(path, lambda: incoming.replace(path))
        except BaseException:
            incoming.unlink(missing_ok=True)
            raise
        return self.head(key)

    def head(self, key: str) -> ObjectInfo:
        path = self._path(key)
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise _not_found(key) from None
        if not _is_file(status):
            raise _not_found(key)
        return self._info(key, status)

    @contextmanager
    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[Iterator[bytes]]:
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            raise _not_found(key) from None
        try:
            if not _is_file(os.fstat(descriptor)):
                raise _not_found(key)
            yield _pieces(descriptor, start, end)
        finally:
            os.close(descriptor)

    def keys(self, prefix: str) -> Iterator[str]:
        folder = self._root / prefix.rpartition("/")[0]
        for place, folders, files in os.walk(folder):
            if Path(place) == self._root:
                folders[:] = [name for name in folders if name not in {_INCOMING, _TYPES}]
            for name in files:
                key = (Path(place) / name).relative_to(self._root).as_posix()
                if key.startswith(prefix):
                    yield key

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            for path in (self._path(key), self._type_path(key)):
                with suppress(FileNotFoundError, NotADirectoryError):
                    path.unlink()
                    self._prune(path.parent)

    def local_path(self, key: str) -> Path | None:
        path = self._path(key)
        if not path.is_file():
            raise _not_found(key)
        return path

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """A folder has no address of its own."""
        return None

    def presigned_post(self, key: str, size: int, content_type: str, seconds: int) -> PresignedPost | None:
        """A folder has no address of its own."""
        return None

    def sweep(self, before: datetime) -> int:
        """Remove new files that nobody has written to since `before`."""
        swept = 0
        for path in (self._root / _INCOMING).glob("*"):
            with suppress(FileNotFoundError):  # Its writer has just given it its name.
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    swept += 1
        return swept

    def check(self) -> None:
        try:
            _make_folder(self._root)
            with tempfile.TemporaryFile(dir=self._root) as probe:
                probe.write(b"probe")
        except OSError as error:
            raise Unavailable(
                f"The package folder {self._root} cannot be written: {error.strerror}.", code="object_store_unavailable"
            ) from error

    def _path(self, key: str) -> Path:
        """The file of a key. Keys are made by us, yet a wrong one must never lead out of the folder."""
        parts = key.split("/")
        if any(part in {"", ".", ".."} or "\0" in part for part in parts) or parts[0] in {_INCOMING, _TYPES}:
            raise Invalid(f"{key!r} is not the key of an object.", code="bad_object_key")
        return self._root.joinpath(*parts)

    def _incoming(self) -> Path:
        """A new file of our own, on the same file system as the objects."""
        folder = self._root / _INCOMING
        _make_folder(folder)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        return Path(name)

    def _type_path(self, key: str) -> Path:
        return self._root / _TYPES / key

    def _info(self, key: str, status: os.stat_result) -> ObjectInfo:
        etag = f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"
        modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
        return ObjectInfo(key, status.st_size, etag, self._type(key), modified_at)

    def _type(self, key: str) -> str:
        try:
            return self._type_path(key).read_text()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return media_type(key)

    def _set_type(self, key: str, content_type: str) -> None:
        path = self._type_path(key)
        if content_type != media_type(key):
            _in_folder(path, lambda: _write_private(path, content_type))
        else:
            with suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()

    def _prune(self, folder: Path) -> None:
        """Remove folders that the last object has left."""
        while folder not in {self._root, self._root / _TYPES}:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _write(path: Path, body: BinaryIO, key: str) -> None:
    """All of `body`, safe on the disk. What goes wrong on reading it is the caller's own error."""
    with path.open("wb", buffering=0) as file:
        while piece := body.read(_PIECE):
            with _storage_faults(key):
                _write_fully(file, piece)
        with _storage_faults(key):
            os.fsync(file.fileno())


def _write_fully(file: FileIO, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _in_folder(path: Path, act: Callable[[], object]) -> None:
    """Do something in the folder of `path`, which is made, and made again if a deletion prunes it meanwhile."""
    for _ in range(_FOLDER_TRIES):
        try:
            _make_folder(path.parent)
            act()
            return
        except FileNotFoundError:
            continue
    raise OSError(ENOENT, f"{path.parent} vanishes again and again")


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it, all for their owner only."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)


def _pieces(descriptor: int, start: int, end: int | None) -> Iterator[bytes]:
    position = start
    while end is None or position < end:
        length = _READ_PIECE if end is None else min(_READ_PIECE, end - position)
        piece = os.pread(descriptor, length, position)
        if not piece:
            return
        yield piece
        position += len(piece)


def _is_file(status: os.stat_result) -> bool:
    return (status.st_mode & 0o170000) == 0o100000


def _not_found(key: str) -> NotFound:
    return NotFound(f"There is no object {key}.", code="object_not_found")


@contextmanager
def _storage_faults(key: str) -> Iterator[None]:
    """A full disk or a missing permission is the store's fault, not the caller's."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{key} cannot be stored: {error.strerror}.", code="object_store_unavailable") from error
