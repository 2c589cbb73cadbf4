"""Bodies of requests: unpacked, never larger than allowed, whatever they claim to be."""

import zlib
from collections.abc import Iterator

from flask import request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from hub.errors import Invalid, TooLarge, Unsupported, Violation

_PIECE = 64 * 1024

#: What tells zlib to expect the header and the checksum of gzip.
_GZIP = 16 + zlib.MAX_WBITS


def read_body(limit: int) -> bytes:
    """The whole body, unpacked; 413 as soon as it is larger than `limit` bytes."""
    if "Content-Encoding" not in request.headers:
        return _plain_body(limit)
    return b"".join(limited(pieces(limit), limit))


def _plain_body(limit: int) -> bytes:
    # A chunked body is cut off at the maximum without a word, so the maximum is one byte more than may come.
    request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(limit) from None
    except ClientDisconnected:
        raise incomplete() from None
    if len(body) > limit:
        raise _too_large(limit)
    return body


def pieces(limit: int) -> Iterator[bytes]:
    """The body piece by piece, unpacked if it came as gzip (RFC 9110 section 8.4); no more than `limit` packed."""
    request.max_content_length = limit
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        yield from _packed(limit)
    elif encoding in ("gzip", "x-gzip"):
        yield from _unpacked(_packed(limit))
    else:
        raise Unsupported(
            f"The content encoding {encoding} is not taken: send gzip or none.",
            code="bad_encoding",
            violations=[_encoding_fault("is not one that is taken", encoding)],
        )


def _packed(limit: int) -> Iterator[bytes]:
    try:
        while piece := request.stream.read(_PIECE):
            yield piece
    except RequestEntityTooLarge:
        raise _too_large(limit) from None
    except ClientDisconnected:
        raise incomplete() from None


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Never more than one piece at a time, so that a small body cannot unpack into a large memory.

    A gzip body is one member or several, one behind the other (RFC 1952 section 2.2).
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        for piece in packed:
            rest = piece
            while rest:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(_GZIP)
                yield unpacker.decompress(rest, _PIECE)
                rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error:
        fault = _encoding_fault("says gzip, and the body is none", "gzip")
        raise Invalid("The body is not valid gzip.", code="bad_encoding", violations=[fault]) from None
    if not unpacker.eof:
        fault = _encoding_fault("says gzip, and the body ends within it", "gzip")
        raise Invalid("The gzip body ended before all of it had come.", code="incomplete_body", violations=[fault])


def _encoding_fault(message: str, found: str) -> Violation:
    return Violation("RFC 9110 section 8.4", "Content-Encoding", message, found[:100], ["gzip", "identity"])


def limited(parts: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """The parts as they come, until they are more than `limit` bytes: 413 then."""
    size = 0
    for part in parts:
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        yield part


def incomplete() -> Invalid:
    """The refusal of a body that is shorter than was said."""
    fault = Violation("RFC 9112 section 6.3", "Content-Length", "is more than came", request.content_length)
    return Invalid("The body ended before all of it had come.", code="incomplete_body", violations=[fault])


def _too_large(limit: int) -> TooLarge:
    fault = Violation("limit", "$", "is too large", request.content_length, limit)
    return TooLarge(
        f"The body is larger than the {limit} bytes that are allowed.", code="too_large", violations=[fault]
    )
