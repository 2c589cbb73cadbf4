"""multipart/mixed read as a stream: parts come one after the other, none is held whole (RFC 2046 section 5.1)."""

import re
from collections.abc import Iterator
from typing import NoReturn

from hub.errors import Invalid, Violation

_BOUNDARY = re.compile(r"""boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)
_LARGEST_HEADERS = 16 * 1024
_MOST_PARTS = 1_000

Headers = dict[str, str]


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type header names; 400 without one."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        _refuse("Content-Type", "must name the boundary of its parts")
    return (found[1] or found[2]).encode("latin-1", "replace")


class MultipartReader:
    """Parts of a body, in order. The data of one must be read to its end before the next is asked for."""

    def __init__(self, pieces: Iterator[bytes], boundary: bytes) -> None:
        self._pieces = pieces
        self._delimiter = b"\r\n--" + boundary
        # A body may begin with the first boundary itself; the line break before it is thought of.
        self._buffer = b"\r\n"
        self._is_over = False

    def parts(self) -> Iterator[tuple[Headers, Iterator[bytes]]]:
        """The headers (names in lower case) and data of each part."""
        for _ in self._until_delimiter():  # What comes before the first boundary means nothing.
            pass
        count = 0
        while self._begins_part():
            count += 1
            if count > _MOST_PARTS:
                _refuse("body", f"must not have more than {_MOST_PARTS} parts")
            yield self._headers(), self._until_delimiter()

    def _until_delimiter(self) -> Iterator[bytes]:
        """The bytes up to the next delimiter, which is taken away with them."""
        keep = len(self._delimiter) - 1
        while True:
            at = self._buffer.find(self._delimiter)
            if at >= 0:
                data, self._buffer = self._buffer[:at], self._buffer[at + len(self._delimiter) :]
                if data:
                    yield data
                return
            if len(self._buffer) > keep:
                data, self._buffer = self._buffer[:-keep], self._buffer[-keep:]
                yield data
            self._fill()

    def _begins_part(self) -> bool:
        """After a delimiter: another part (a line break), or the end (two hyphens)."""
        while b"\n" not in self._buffer and not self._buffer.startswith(b"--"):
            if len(self._buffer) > _LARGEST_HEADERS:
                _refuse("body", "has a boundary that is not followed by a line break")
            self._fill()
        if self._buffer.startswith(b"--"):
            return False
        line, _, self._buffer = self._buffer.partition(b"\n")
        if line.strip():
            _refuse("body", "has a boundary that is not followed by a line break")
        return True

    def _headers(self) -> Headers:
        headers: Headers = {}
        size = 0
        while line := self._line():
            size += len(line)
            if size > _LARGEST_HEADERS:
                _refuse("body", f"must not have more than {_LARGEST_HEADERS} bytes of headers in a part")
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                _refuse("body", "has a part whose headers are not of the form name: value")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LARGEST_HEADERS:
                _refuse("body", f"must not have more than {_LARGEST_HEADERS} bytes of headers in a part")
            self._fill()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _fill(self) -> None:
        piece = next(self._pieces, b"")
        while not piece:
            if self._is_over:
                _refuse("body", "ends before its last boundary")
            piece = next(self._pieces, b"")
            self._is_over = not piece
        self._buffer += piece


def _refuse(where: str, message: str) -> NoReturn:
    fault = Violation("RFC 2046 section 5.1", where, message)
    raise Invalid(f"The multipart body is not valid: {where} {message}.", code="invalid_multipart", violations=[fault])
