"""Looking into an MP4 (ISO/IEC 14496-12): whether it is whole, plays at once, and plays everywhere."""

import re
from collections.abc import Iterable, Iterator

from hub.scorm.spec.manifest.findings import Finding, Place
from hub.scorm.spec.manifest.rules import finding

#: The index of hours of video has some megabytes; more is not looked into.
_LARGEST_INDEX = 64 * 1024 * 1024
_SAMPLE_ENTRY = re.compile(rb"stsd.{12}(....)", re.S)
#: Codecs that some current browser does not play.
_NOT_EVERYWHERE = {
    "hvc1": "H.265 (HEVC)",
    "hev1": "H.265 (HEVC)",
    "dvh1": "Dolby Vision",
    "dvhe": "Dolby Vision",
    "mp4v": "MPEG-4 Part 2",
    "apcn": "ProRes",
    "apch": "ProRes",
    "ap4h": "ProRes",
    "s263": "H.263",
    "jpeg": "Motion JPEG",
    "ac-3": "Dolby Digital",
    "ec-3": "Dolby Digital Plus",
    "samr": "AMR",
    "alac": "Apple Lossless",
}


def is_mp4(head: bytes) -> bool:
    """Whether a file begins as an MP4 does: with its type box (4.3)."""
    return head[4:8] == b"ftyp" and len(head) >= 16


def judge(pieces: Iterable[bytes], size: int, name: str) -> Iterator[Finding]:
    """Walk the boxes at the top of the file. `size` is that of the whole file, in bytes."""
    reader = _Reader(pieces)
    position, order = 0, []
    while position < size:
        header = reader.take(8)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if position == 0 and kind != b"ftyp":
            yield finding("media.not-what-it-says", Place(name), file=name, kind="MP4")
            return
        read = 8
        if length == 1:
            length, read = int.from_bytes(reader.take(8), "big"), 16
        length = size - position if length == 0 else length
        if len(header) < 8 or length < read or position + length > size:
            yield finding("media.truncated", Place(name), kind="MP4")
            return
        order.append(kind)
        if kind == b"moov" and length <= _LARGEST_INDEX:
            yield from _codecs(reader.take(length - read), name)
        else:
            reader.skip(length - read)
        position += length
    if b"moov" not in order or b"mdat" not in order:
        yield finding("media.truncated", Place(name), kind="MP4")
    elif order.index(b"moov") > order.index(b"mdat"):
        yield finding("media.slow-start", Place(name))


def _codecs(index: bytes, name: str) -> Iterator[Finding]:
    used = (found[1].decode("latin-1") for found in _SAMPLE_ENTRY.finditer(index))
    for codec in dict.fromkeys(_NOT_EVERYWHERE[one] for one in used if one in _NOT_EVERYWHERE):
        yield finding("media.codec", Place(name), codec=codec)


class _Reader:
    """So many bytes at a time of what comes in pieces; fewer only at the end."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        parts, wanted = [], count
        while wanted > 0 and (self._rest or self._next()):
            part = self._rest[:wanted]
            self._rest = self._rest[wanted:]
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Pass over `count` bytes."""
        while count > 0 and (self._rest or self._next()):
            passed = min(count, len(self._rest))
            self._rest = self._rest[passed:]
            count -= passed

    def _next(self) -> bool:
        self._rest = next(self._pieces, b"")
        return bool(self._rest)
