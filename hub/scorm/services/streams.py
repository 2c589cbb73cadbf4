"""Bytes on their way: zips read from files, entries read as streams, uploads counted while they pass."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from hub.errors import TooLarge, say


class FileSource:
    """The bytes of an open file at any place, for several threads (`archive.ByteSource`)."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at `offset`; fewer than `length` only at the end."""
        pieces: list[bytes] = []
        while length > 0 and (piece := os.pread(self._descriptor, length, offset)):
            pieces.append(piece)
            offset, length = offset + len(piece), length - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class PieceStream(io.RawIOBase):
    """A readable stream of pieces that an iterator yields."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, as a raw stream: a piece may be shorter; nothing at the end only."""
        if size < 0:
            rest, self._rest = self._rest, b""
            return rest + b"".join(self._pieces)
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class WatchedStream(io.RawIOBase):
    """Passes bytes on, and tells how many have passed."""

    def __init__(self, body: BinaryIO, tell: Callable[[int], None]) -> None:
        self._body = body
        self._tell = tell
        self._passed = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the body."""
        piece = self._body.read(size)
        self._passed += len(piece)
        self._tell(self._passed)
        return piece


class CountedStream(io.RawIOBase):
    """Passes bytes on, counts them, and hashes them (SHA-256). `TooLarge` once there are more than `limit`."""

    def __init__(self, body: BinaryIO, limit: int) -> None:
        self._body = body
        self._limit = limit
        self._digest = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the body."""
        piece = self._body.read(size)
        self.size += len(piece)
        if self.size > self._limit:
            raise TooLarge(
                say("The file is larger than %(most)s MB, the most that this Hub takes.", most=self._limit // 1024**2),
                code="upload_too_large",
            )
        self._digest.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        """The hash of what has passed, in hexadecimal digits."""
        return self._digest.hexdigest()


class BoundedStream(io.RawIOBase):
    """The next bytes of a body, at most `limit` of them, counted. What follows stays in the body."""

    def __init__(self, body: BinaryIO, limit: int) -> None:
        self._body = body
        self._left = limit
        self._first = self._next(min(limit, 64 * 1024))
        self.size = 0

    @property
    def is_at_end(self) -> bool:
        """Whether there was not a single byte."""
        return not self._first

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the body; nothing once the limit is reached."""
        wanted = len(self._first) + self._left if size < 0 else size
        piece, self._first = self._first[:wanted], self._first[wanted:]
        piece = piece or self._next(min(wanted, self._left))
        self.size += len(piece)
        return piece

    def _next(self, size: int) -> bytes:
        piece = self._body.read(size) if size else b""
        self._left -= len(piece)
        return piece


class HashedStream(io.RawIOBase):
    """Passes bytes on and hashes them."""

    def __init__(self, body: io.RawIOBase, digest: "hashlib._Hash") -> None:
        self._body = body
        self._digest = digest

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the body."""
        piece = self._body.read(size) or b""
        self._digest.update(piece)
        return piece

    @property
    def digest(self) -> bytes:
        """The hash of what has passed."""
        return self._digest.digest()
