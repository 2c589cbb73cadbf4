"""The zip rules: what a package's container may be, judged from its central directory before a byte is unpacked.

We read the directory ourselves (PKWARE APPNOTE 6.3.10) because the common readers repair what should be refused:
they relocate `..`, keep drive names, and accept entries that share bytes. Nothing is ever sanitised: a dangerous
name refuses the whole package. While unpacking, every promise of the directory (size, checksum, place) is checked
again with a running count, so memory stays flat and no entry grows beyond what was judged.
"""

import re
import stat
import struct
import unicodedata
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple, Protocol

from hub.scorm.spec.manifest.findings import Finding, Phrase, Place, Refused, Report
from hub.scorm.spec.manifest.rules import finding

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4sBB5H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_SIGNATURE, _END64_SIGNATURE, _LOCATOR_SIGNATURE = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_CENTRAL_SIGNATURE, _LOCAL_SIGNATURE = b"PK\x01\x02", b"PK\x03\x04"

_LONGEST_COMMENT = 0xFFFF
_SATURATED16, _SATURATED32 = 0xFFFF, 0xFFFFFFFF
_EXTRA_ZIP64, _EXTRA_UNICODE_PATH, _EXTRA_AES = 0x0001, 0x7075, 0x9901
_FLAG_ENCRYPTED, _FLAG_STREAMED, _FLAG_STRONG, _FLAG_MASKED = 0x0001, 0x0008, 0x0040, 0x2000
_FLAG_UTF8 = 0x0800
_STORED, _DEFLATED = 0, 8
_METHODS = {9: "Deflate64", 12: "BZIP2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}
_OTHER_FORMATS = {
    b"Rar!": Phrase("a RAR archive"),
    b"7z\xbc\xaf": Phrase("a 7-Zip archive"),
    b"\x1f\x8b": Phrase("a gzip file"),
    b"%PDF": Phrase("a PDF"),
    b"<": Phrase("an HTML or XML page"),
    b"From: <Saved by": Phrase("a web page saved as MHTML (save it as a complete page, and zip that)"),
    b"\x1a\x45\xdf\xa3": Phrase("a WebM or Matroska video (MP4 is taken)"),
    b"RIFF": Phrase("an AVI or WAV file (of videos, MP4 is taken)"),
    b"\xd0\xcf\x11\xe0": Phrase("an old Office document"),
}

#: A packed file smaller than this may have any ratio: blank pictures and tables of zeros do, and 20,000 of them
#: stay below the limit on the whole.
RATIO_FLOOR_BYTES = 100_000
#: S3 allows keys of 1,024 bytes and most file systems names of 255; our own prefix takes up to 170.
LONGEST_NAME_BYTES, LONGEST_SEGMENT_BYTES = 850, 255
_LARGEST_DIRECTORY_BYTES = 64 * 1024 * 1024
_PIECE = 256 * 1024

_DRIVE = re.compile(r"^[A-Za-z]:")
#: Control characters, and what turns the direction of text around, so that a name shows as another.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: What Windows cannot hold: names of devices, streams and wildcards, blanks and dots at the end of a part.
_NOT_ON_WINDOWS = re.compile(r'(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.[^/]*)?(/|$)|[:<>"|?*]|[. ](/|$)', re.I)
_DOTS_AND_BLANKS = re.compile(r"^[.\s]*$")


class ByteSource(Protocol):
    """The zip's bytes, readable at any place and from several threads at once."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at `offset`, fewer than `length` only at the end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a package may hold. Bytes and counts; `ratio` is unpacked size over packed size of one file."""

    files: int = 20_000
    bytes: int = 2 * 1024**3
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the zip as its directory describes it. `until` is where the next entry's bytes may begin.

    `is_bare` is what no directory describes: a file that came without a zip, whole. `is_zip64` tells that its sizes or
    its place are in a field of zip64.
    """

    name: str
    raw_name: bytes
    size: int
    packed_size: int
    crc: int
    method: int
    flags: int
    mode: int
    offset: int
    is_folder: bool
    has_certain_name: bool
    until: int = 0
    is_bare: bool = False
    is_zip64: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """What the zip holds: its files (folders left out), and what was found on reading it."""

    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]


def whole_file(name: str, source: ByteSource) -> Entry:
    """The entry for an upload that is itself the one file of its course."""
    crc = 0
    for position in range(0, source.size, _PIECE):
        crc = zlib.crc32(source.read(position, _PIECE), crc)
    size = source.size
    return Entry(name, name.encode(), size, size, crc, _STORED, 0, 0, 0, False, True, size, is_bare=True)


def read_directory(source: ByteSource, limits: Limits, codepage: str = "cp437") -> Directory:
    """Read and judge the central directory; names without a declared encoding are read as `codepage`.

    Nothing is raised: whatever refuses the zip is among the findings.
    """
    report = Report()
    try:
        end = _locate(source)
        entries = _entries(source, end, limits, codepage)
    except Refused as refusal:
        return Directory((), (refusal.finding,))
    _judge_entries(entries, limits, report)
    _note_names(entries, codepage, report)
    if end.is_zip64 or any(entry.is_zip64 for entry in entries):
        report.add(finding("archive.zip64"))
    files = [entry for entry in entries if not entry.is_folder]
    if not files:
        report.add(finding("archive.empty"))
    return Directory(tuple(files), report.findings())


def undecided_names(directory: Directory) -> list[bytes]:
    """The raw names that are neither ASCII nor say their encoding, so that a code page had to be guessed."""
    return [entry.raw_name for entry in directory.entries if not entry.has_certain_name]


# --- finding the directory -------------------------------------------------------------------------------------


class _End(NamedTuple):
    """What the end of the zip says of its central directory: entries, bytes, and where it begins."""

    entries: int
    size: int
    offset: int
    is_zip64: bool


def _entries(source: ByteSource, end: _End, limits: Limits, codepage: str) -> list[Entry]:
    if end.entries > 2 * limits.files:
        raise Refused(finding("archive.too-many-files", found=end.entries, limit=limits.files))
    if end.size > _LARGEST_DIRECTORY_BYTES:
        raise Refused(finding("archive.damaged", what=Phrase("its directory has {size} bytes", size=end.size)))
    table = source.read(end.offset, end.size)
    entries = list(_parse(table, codepage))
    if len(entries) != end.entries:
        what = Phrase("it announces {count} entries and lists {listed}", count=end.entries, listed=len(entries))
        raise Refused(finding("archive.ambiguous", what=what))
    return _with_bounds(entries, end.offset)


def _locate(source: ByteSource) -> _End:
    """Find the central directory (APPNOTE 4.3.16; 4.3.14 for zip64)."""
    tail_at = max(0, source.size - _LONGEST_COMMENT - _END.size)
    tail = source.read(tail_at, source.size - tail_at)
    positions = list(_end_positions(tail))
    if not positions:
        raise Refused(_no_directory(source, tail))
    if len(positions) > 1:  # One in the comment of the other: programs differ in which they take.
        raise Refused(finding("archive.ambiguous", what=Phrase("it has more than one end record")))
    _, disk, first_disk, on_disk, count, size, offset, _ = _END.unpack_from(tail, positions[0])
    end_at = tail_at + positions[0]
    locator = source.read(end_at - _END64_LOCATOR.size, _END64_LOCATOR.size) if end_at >= _END64_LOCATOR.size else b""
    is_zip64 = locator[:4] == _LOCATOR_SIGNATURE
    if is_zip64:
        end_at, count, size, offset = _locate64(source, end_at, locator, (count, size, offset))
    elif disk or first_disk or on_disk != count:
        raise Refused(finding("archive.several-disks"))
    if offset + size > end_at:
        raise Refused(finding("archive.damaged", what=Phrase("its directory lies outside the file")))
    if offset + size != end_at:
        raise Refused(finding("archive.prefixed", count=end_at - offset - size))
    return _End(count, size, offset, is_zip64)


def _end_positions(tail: bytes) -> Iterator[int]:
    """Where end records are: those whose comment reaches exactly to the end of the file, the last one first."""
    position = tail.rfind(_END_SIGNATURE)
    while position >= 0:
        if position + _END.size <= len(tail):
            comment = _END.unpack_from(tail, position)[-1]
            if position + _END.size + comment == len(tail):
                yield position
        position = tail.rfind(_END_SIGNATURE, 0, position)


def _no_directory(source: ByteSource, tail: bytes) -> Finding:
    head = source.read(0, 512)
    if _END_SIGNATURE in tail:
        return finding("archive.damaged", what=Phrase("its end record does not end where the file ends"))
    if head.startswith(_LOCAL_SIGNATURE):
        return finding("archive.truncated")
    guesses = (name for magic, name in _OTHER_FORMATS.items() if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(magic))
    guess = next(guesses, "")
    return finding("archive.not-a-zip", guess=Phrase(" but {format}", format=guess) if guess else "")


def _locate64(
    source: ByteSource, end_at: int, locator: bytes, legacy: tuple[int, int, int]
) -> tuple[int, int, int, int]:
    _, _, record_at, disks = _END64_LOCATOR.unpack(locator)
    record = source.read(record_at, _END64.size) if record_at < end_at else b""
    if disks > 1:
        raise Refused(finding("archive.several-disks"))
    if len(record) < _END64.size or record[:4] != _END64_SIGNATURE:
        raise Refused(finding("archive.damaged", what=Phrase("its zip64 end record is missing")))
    _, length, _, _, disk, first_disk, on_disk, count, size, offset = _END64.unpack(record)
    if record_at + 12 + length != end_at - _END64_LOCATOR.size:
        raise Refused(finding("archive.ambiguous", what=Phrase("its zip64 end record is not where it should be")))
    if disk or first_disk or on_disk != count:
        raise Refused(finding("archive.several-disks"))
    ceilings = (_SATURATED16, _SATURATED32, _SATURATED32)
    for old, new, ceiling in zip(legacy, (count, size, offset), ceilings, strict=True):
        if old not in {new, ceiling}:
            raise Refused(finding("archive.ambiguous", what=Phrase("its two end records differ")))
    return record_at, count, size, offset


# --- reading its entries ---------------------------------------------------------------------------------------


def _parse(table: bytes, codepage: str) -> Iterator[Entry]:
    position = 0
    while position < len(table):
        header = table[position : position + _CENTRAL.size]
        if len(header) < _CENTRAL.size or header[:4] != _CENTRAL_SIGNATURE:
            what = Phrase("its directory is unreadable at byte {position}", position=position)
            raise Refused(finding("archive.damaged", what=what))
        fields = _CENTRAL.unpack(header)
        name_length, extra_length, comment_length = fields[11:14]
        name_at = position + _CENTRAL.size
        extra_at = name_at + name_length
        position = extra_at + extra_length + comment_length
        if position > len(table):
            raise Refused(finding("archive.damaged", what=Phrase("its directory ends within an entry")))
        yield _entry(fields, table[name_at:extra_at], table[extra_at : extra_at + extra_length], codepage)


def _entry(fields: tuple[int, ...], raw_name: bytes, extra: bytes, codepage: str) -> Entry:
    _, _, host, _, flags, method, _, _, crc, packed_size, size, _, _, _, disk, _, attributes, offset = fields
    at = Place(raw_name.decode(codepage, errors="replace"))
    if disk not in {0, _SATURATED16}:
        raise Refused(finding("archive.several-disks", at))
    extras = _extras(extra, at)
    is_zip64 = _SATURATED32 in {size, packed_size, offset}
    size, packed_size, offset = _wide(extras, at, size, packed_size, offset)
    if _EXTRA_AES in extras:
        flags |= _FLAG_ENCRYPTED
    text, is_certain = _decode_name(raw_name, extras.get(_EXTRA_UNICODE_PATH, b""), codepage)
    name = _plain(text)
    # The upper half of the attributes is a Unix mode whatever the host says: some tools write it under MS-DOS.
    mode = attributes >> 16
    is_marked = stat.S_ISDIR(mode) or (host == 0 and bool(attributes & 0x10))
    is_folder = name.endswith("/") or (is_marked and size == 0)
    if is_folder and not name.endswith("/"):
        name += "/"
    return Entry(
        name, raw_name, size, packed_size, crc, method, flags, mode, offset, is_folder, is_certain, is_zip64=is_zip64
    )


def _plain(name: str) -> str:
    """A name as a path of the package: with slashes, and without the folder that it all is in."""
    return name.replace("\\", "/").removeprefix("./")


def _extras(extra: bytes, at: Place) -> dict[int, bytes]:
    """Extra fields by their id (APPNOTE 4.5); trailing bytes that make no field are passed over, as is usual.

    Where one that we read stands twice, programs differ in which they take.
    """
    found: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind in found and kind in {_EXTRA_ZIP64, _EXTRA_UNICODE_PATH}:
            raise Refused(finding("archive.ambiguous", at, what=Phrase("an entry has the same extra field twice")))
        found.setdefault(kind, extra[position + 4 : position + 4 + length])
        position += 4 + length
    return found


def _wide(extras: dict[int, bytes], at: Place, size: int, packed_size: int, offset: int = 0) -> tuple[int, int, int]:
    """Sizes and offset of an entry: those that are saturated are in the field of zip64, in this order (4.5.3)."""
    extra = extras.get(_EXTRA_ZIP64, b"")
    values = iter(value for (value,) in struct.iter_unpack("<Q", extra[: len(extra) // 8 * 8]))
    try:
        size = next(values) if size == _SATURATED32 else size
        packed_size = next(values) if packed_size == _SATURATED32 else packed_size
        offset = next(values) if offset == _SATURATED32 else offset
    except StopIteration:
        raise Refused(finding("archive.damaged", at, what=Phrase("a zip64 entry lacks its sizes"))) from None
    return size, packed_size, offset


def _decode_name(raw: bytes, unicode_path: bytes, codepage: str) -> tuple[str, bool]:
    """The name as text, and whether that is certain rather than guessed (APPNOTE 4.6.9 and appendix D)."""
    raw = _unicode_path(raw, unicode_path)
    try:  # Whatever the flag says: many tools write UTF-8 without it, and other text is hardly ever valid UTF-8.
        return raw.decode(), True
    except UnicodeDecodeError:
        return raw.decode(codepage, errors="replace"), False


def _unicode_path(raw: bytes, field: bytes) -> bytes:
    """The name in the extra field for it, where that belongs to this name (APPNOTE 4.6.9), or else the name itself.

    The field is there for what the plain name cannot spell. One that calls the file by another plain name, or hides a
    dangerous one from programs that read it, contradicts the directory.
    """
    if field[:1] != b"\x01" or field[1:5] != struct.pack("<L", zlib.crc32(raw)):
        return raw
    other = field[5:]
    if other.isascii() and other != raw:
        names = {"entry": raw.decode("ascii", "replace"), "other": other.decode("ascii")}
        what = Phrase("“{entry}” is called “{other}” in its extra field", **names)
        raise Refused(finding("archive.ambiguous", Place(names["entry"]), what=what))
    plain = raw.decode("ascii", "replace")
    for fault in name_faults(_plain(plain) if raw.isascii() else plain):  # Else a “\\” may be half of a letter.
        raise Refused(fault)
    return other


def _with_bounds(entries: list[Entry], directory_at: int) -> list[Entry]:
    """Tell each entry where its bytes must end: at the next entry, or at the directory."""
    starts = sorted({entry.offset for entry in entries} | {directory_at})
    following = dict(pairwise(starts))
    return [replace(entry, until=following.get(entry.offset, directory_at)) for entry in entries]


# --- judging the entries ---------------------------------------------------------------------------------------


def _judge_entries(entries: list[Entry], limits: Limits, report: Report) -> None:
    for entry in entries:
        report.extend(_entry_faults(entry, limits))
    report.extend(_overlaps(entries))
    report.extend(_collisions(entries))
    files = sum(not entry.is_folder for entry in entries)
    total = sum(entry.size for entry in entries)
    if files > limits.files:
        report.add(finding("archive.too-many-files", found=files, limit=limits.files))
    if total > limits.bytes:
        report.add(finding("archive.too-large", found=total, limit=limits.bytes))


def _entry_faults(entry: Entry, limits: Limits) -> Iterator[Finding]:
    yield from name_faults(entry.name)
    yield from _kind_faults(entry)
    at = Place(entry.name)
    if entry.flags & (_FLAG_ENCRYPTED | _FLAG_STRONG | _FLAG_MASKED):
        yield finding("archive.encrypted", at, entry=entry.name)
    elif entry.method not in {_STORED, _DEFLATED}:
        method = _METHODS.get(entry.method) or Phrase("method {number}", number=entry.method)
        yield finding("archive.method", at, entry=entry.name, method=method)
    elif entry.method == _STORED and entry.size != entry.packed_size:
        what = Phrase("“{entry}” is not packed and yet has two sizes", entry=entry.name)
        yield finding("archive.ambiguous", at, what=what)
    if entry.size > RATIO_FLOOR_BYTES and entry.size > limits.ratio * max(1, entry.packed_size):
        ratio = entry.size // max(1, entry.packed_size)
        yield finding("archive.ratio", at, entry=entry.name, ratio=ratio, limit=limits.ratio)


def name_faults(name: str) -> Iterator[Finding]:
    """What is dangerous or impossible about the name of an entry; nothing for a plain relative path."""
    at = Place(name)
    parts = name.removesuffix("/").split("/")
    control = _CONTROL.search(name)
    if not name:
        yield finding("archive.no-name")
    elif control is not None:
        yield finding("archive.control", at, entry=name, codepoint=f"{ord(control[0]):04X}")
    elif name.startswith("/"):
        yield finding("archive.absolute", at, entry=name)
    elif _DRIVE.match(name):
        yield finding("archive.drive", at, entry=name)
    elif ".." in parts:
        yield finding("archive.escapes", at, entry=name)
    elif any(_DOTS_AND_BLANKS.match(part) for part in parts):
        yield finding("archive.segment", at, entry=name)
    else:
        yield from _length_faults(name, parts, at)


def _length_faults(name: str, parts: list[str], at: Place) -> Iterator[Finding]:
    whole, longest = len(name.encode()), max(len(part.encode()) for part in parts)
    if whole > LONGEST_NAME_BYTES:
        what = Phrase("in all")
        yield finding("archive.name-too-long", at, entry=name, found=whole, limit=LONGEST_NAME_BYTES, what=what)
    elif longest > LONGEST_SEGMENT_BYTES:
        what = Phrase("for one name")
        yield finding("archive.name-too-long", at, entry=name, found=longest, limit=LONGEST_SEGMENT_BYTES, what=what)


def _kind_faults(entry: Entry) -> Iterator[Finding]:
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        yield finding("archive.link", Place(entry.name), entry=entry.name)
    elif kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        yield finding("archive.device", Place(entry.name), entry=entry.name)
    if entry.is_folder and entry.size:
        yield finding("archive.folder-with-data", Place(entry.name), entry=entry.name)


def _overlaps(entries: list[Entry]) -> Iterator[Finding]:
    """Entries that share bytes: how a small zip holds petabytes (each entry is checked again when unpacked)."""
    placed = sorted(entries, key=lambda entry: entry.offset)
    for entry, following in pairwise(placed):
        if _least_end(entry) > following.offset:
            yield finding("archive.overlap", Place(following.name), entry=following.name, other=entry.name)
    if placed and _least_end(placed[-1]) > placed[-1].until:
        yield finding("archive.offset", Place(placed[-1].name), entry=placed[-1].name)


def _least_end(entry: Entry) -> int:
    return entry.offset + _LOCAL.size + len(entry.raw_name) + entry.packed_size


def _collisions(entries: list[Entry]) -> Iterator[Finding]:
    """Names that would meet in one file: twice the same, alike but for case or Unicode form, or file and folder."""
    first: dict[str, Entry] = {}
    named = [(folded(entry.name), entry) for entry in entries if len(entry.name) <= LONGEST_NAME_BYTES]
    for name, entry in named:
        if entry.is_folder:
            continue
        other = first.setdefault(name, entry)
        if other is not entry:
            code = "archive.duplicate" if other.name == entry.name else "archive.collision"
            yield finding(code, Place(entry.name), entry=entry.name, other=other.name)
    # With the least character between folders, what is below a file stands right behind it.
    ordered = sorted(((name.replace("/", "\0"), entry) for name, entry in named), key=itemgetter(0))
    for (above, file), (below, entry) in pairwise(ordered):
        if not file.is_folder and below.startswith(above + "\0"):
            yield finding("archive.file-and-folder", Place(entry.name), entry=file.name)


def folded(name: str) -> str:
    """The form in which names are the same that meet on a file system without case or Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _note_names(entries: list[Entry], codepage: str, report: Report) -> None:
    backslashes = [entry.name for entry in entries if b"\\" in entry.raw_name]
    if backslashes:
        report.add(finding("archive.backslash", Place(backslashes[0]), count=len(backslashes)))
    elsewhere = [entry.name for entry in entries if not entry.is_folder and _NOT_ON_WINDOWS.search(entry.name)]
    if elsewhere and not report.refuses:
        report.add(finding("archive.windows", Place(elsewhere[0]), count=len(elsewhere), entry=elsewhere[0]))
    empty = _empty_folders(entries)
    if empty and not report.refuses:
        report.add(finding("archive.empty-folder", Place(empty[0]), count=len(empty), entry=empty[0]))
    unmarked = [entry.name for entry in entries if _is_unmarked_utf8(entry)]
    if unmarked:
        report.add(finding("archive.utf-8", Place(unmarked[0]), count=len(unmarked)))
    guessed = [entry.name for entry in entries if not entry.has_certain_name]
    if guessed:
        report.add(finding("archive.name-encoding", Place(guessed[0]), count=len(guessed), encoding=codepage.upper()))


def _is_unmarked_utf8(entry: Entry) -> bool:
    """Whether the name itself, not an extra field, is in UTF-8 without the mark for it."""
    if entry.flags & _FLAG_UTF8 or entry.raw_name.isascii():
        return False
    return _plain(entry.raw_name.decode(errors="replace")).rstrip("/") == entry.name.rstrip("/")


def _empty_folders(entries: list[Entry]) -> list[str]:
    """The folders of the zip that no file is below."""
    files = sorted(entry.name for entry in entries if not entry.is_folder)
    places = ((entry.name, bisect_left(files, entry.name)) for entry in entries if entry.is_folder)
    return [name for name, at in places if at == len(files) or not files[at].startswith(name)]


# --- unpacking -------------------------------------------------------------------------------------------------


def read_entry(source: ByteSource, entry: Entry) -> Iterator[bytes]:
    """The unpacked bytes of one file, in pieces of at most 256 kB.

    Raises `Refused` as soon as the data is not what the directory promised: another name, more bytes, a wrong
    checksum. The caller must then throw away what it has.
    """
    start = _data_start(source, entry)
    pieces = _inflated(source, entry, start) if entry.method == _DEFLATED else _packed(source, entry, start)
    count = checksum = 0
    for piece in pieces:
        count += len(piece)
        if count > entry.size:
            raise Refused(finding("archive.entry-larger", Place(entry.name), entry=entry.name, size=entry.size))
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if count < entry.size:
        raise Refused(_damaged(entry, Phrase("it ends after {count} of {size} bytes", count=count, size=entry.size)))
    if checksum != entry.crc:
        raise Refused(_damaged(entry, Phrase("its checksum is wrong")))


def _damaged(entry: Entry, what: str) -> Finding:
    return finding("archive.damaged-entry", Place(entry.name), entry=entry.name, what=what)


def _data_start(source: ByteSource, entry: Entry) -> int:
    """Where the packed bytes begin, after the local header agreed with the directory (APPNOTE 4.3.7)."""
    if entry.is_bare:
        return entry.offset
    header = source.read(entry.offset, _LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != _LOCAL_SIGNATURE:
        raise Refused(_damaged(entry, Phrase("its header is missing")))
    _, _, flags, method, _, _, crc, packed_size, size, name_length, extra_length = _LOCAL.unpack(header)
    name_at = entry.offset + _LOCAL.size
    following = source.read(name_at, name_length + extra_length)
    at = Place(entry.name)
    name, extras = following[:name_length], _extras(following[name_length:], at)
    is_streamed = bool(flags & _FLAG_STREAMED)  # Checksum and sizes were not known yet (4.4.4, bit 3).
    promised = (entry.size, entry.packed_size)
    mismatch = {
        Phrase("name"): name != entry.raw_name or _local_name(name, extras) not in {None, entry.name},
        Phrase("packing method"): method != entry.method,
        Phrase("encryption"): bool((flags ^ entry.flags) & _FLAG_ENCRYPTED),
        Phrase("size"): not is_streamed and _wide(extras, at, size, packed_size)[:2] != promised,
        Phrase("checksum"): not is_streamed and crc != entry.crc,
    }
    for what, differs in mismatch.items():
        if differs:
            raise Refused(finding("archive.local-mismatch", at, entry=entry.name, what=what))
    start = name_at + name_length + extra_length
    if start + entry.packed_size > entry.until:
        raise Refused(finding("archive.overlap", at, entry=entry.name, other=Phrase("what follows it")))
    return start


def _local_name(raw: bytes, extras: dict[int, bytes]) -> str | None:
    """The name that the local header's extra field spells; None where there is none for this name."""
    spelt = _unicode_path(raw, extras.get(_EXTRA_UNICODE_PATH, b""))
    return _plain(spelt.decode(errors="replace")) if spelt is not raw else None


def _packed(source: ByteSource, entry: Entry, start: int) -> Iterator[bytes]:
    end = start + entry.packed_size
    for position in range(start, end, _PIECE):
        yield source.read(position, min(_PIECE, end - position))


def _inflated(source: ByteSource, entry: Entry, start: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _packed(source, entry, start):
            waiting = packed
            while waiting and not inflater.eof:
                yield inflater.decompress(waiting, _PIECE)
                waiting = inflater.unconsumed_tail
            if inflater.eof and (waiting or inflater.unused_data):
                raise Refused(_damaged(entry, Phrase("its packed data has a part that nothing reads")))
        while not inflater.eof and (rest := inflater.decompress(b"", _PIECE)):
            yield rest
    except zlib.error as error:
        raise Refused(_damaged(entry, Phrase("it cannot be unpacked ({error})", error=str(error)))) from error
    if not inflater.eof:
        raise Refused(_damaged(entry, Phrase("its packed data is cut off")))
