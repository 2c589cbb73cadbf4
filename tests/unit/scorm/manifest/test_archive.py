"""The zip rules: every hostile archive is refused with the entry and the reason, every honest one is read."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.scorm.spec.manifest.archive import (
    LONGEST_NAME_BYTES,
    Limits,
    name_faults,
    read_directory,
    read_entry,
    undecided_names,
)
from hub.scorm.spec.manifest.findings import Refused, Verdict, verdict
from tests.support.packages import BytesSource, RawEntry, package_of, raw_zip

LIMITS = Limits(files=100, bytes=10_000_000, ratio=200)
PAGE = RawEntry(b"index.html", b"<p>hello</p>")
_WIDE = 0xFFFFFFFF
S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK = 0o120000, 0o020000, 0o060000, 0o010000, 0o140000


def judged(data: bytes, limits: Limits = LIMITS):
    """Everything that is wrong with a zip: in its directory, and if that is fine in its data."""
    source = BytesSource(data)
    directory = read_directory(source, limits)
    findings = list(directory.findings)
    if verdict(findings) is Verdict.ACCEPTED:
        for entry in directory.entries:
            try:
                for _ in read_entry(source, entry):
                    pass
            except Refused as refusal:
                findings.append(refusal.finding)
    return findings


def named(name: bytes, **details) -> bytes:
    return raw_zip([PAGE, RawEntry(name, b"x", **details)])


def stored(name: bytes, data: bytes, **details) -> RawEntry:
    return RawEntry(name, data, method=0, **details)


def overlap_bomb(files: int) -> bytes:
    """Many entries that all unpack the same kernel of zeros (the way of the overlapping zip bombs)."""
    kernel = RawEntry(b"a.bin", b"\0" * 90_000)
    twins = [RawEntry(b"%d.bin" % n, b"\0" * 90_000, offset=0, is_written=False) for n in range(files)]
    return raw_zip([kernel, *twins])


def quoted_bomb() -> bytes:
    """Local headers quoted inside stored blocks, each entry reaching over the next ones."""
    out = raw_zip([stored(b"a.bin", b"x" * 10), stored(b"b.bin", b"y" * 10)])
    first = out.index(b"PK\x01\x02")
    return out[: first + 20] + struct.pack("<LL", 60, 60) + out[first + 28 :]


def with_byte(data: bytes, position: int, value: int) -> bytes:
    return data[:position] + bytes([value]) + data[position + 1 :]


GOOD = raw_zip([PAGE, RawEntry(b"media/a.mp3", b"sound" * 50)])
CENTRAL = GOOD.index(b"PK\x01\x02")
END = GOOD.rindex(b"PK\x05\x06")

#: What is dangerous: (name of the case, the zip, the finding's code).
DANGEROUS: list[tuple[str, Callable[[], bytes], str]] = [
    ("parent", lambda: named(b"../evil.html"), "archive.escapes"),
    ("parent twice", lambda: named(b"../../etc/passwd"), "archive.escapes"),
    ("parent inside", lambda: named(b"a/../../evil"), "archive.escapes"),
    ("parent that returns", lambda: named(b"a/../b"), "archive.escapes"),
    ("parent at the end", lambda: named(b"a/.."), "archive.escapes"),
    ("parent folder", lambda: named(b"../", mode=0o040755), "archive.escapes"),
    ("parent by backslash", lambda: named(b"..\\evil.html"), "archive.escapes"),
    ("parent by both", lambda: named(b"a\\../..\\evil"), "archive.escapes"),
    ("parent after ./", lambda: named(b"./../evil"), "archive.escapes"),
    ("absolute", lambda: named(b"/etc/passwd"), "archive.absolute"),
    ("absolute twice", lambda: named(b"//server/share"), "archive.absolute"),
    ("absolute after ./", lambda: named(b".//etc/passwd"), "archive.absolute"),
    ("backslash absolute", lambda: named(b"\\windows\\evil"), "archive.absolute"),
    ("UNC", lambda: named(b"\\\\server\\share\\evil"), "archive.absolute"),
    ("device path", lambda: named(b"\\\\?\\C:\\evil"), "archive.absolute"),
    ("drive", lambda: named(b"C:\\evil.exe"), "archive.drive"),
    ("drive with slash", lambda: named(b"c:/evil.exe"), "archive.drive"),
    ("drive-relative", lambda: named(b"C:evil.exe"), "archive.drive"),
    ("drive after ./", lambda: named(b"./D:/evil"), "archive.drive"),
    ("zero in the name", lambda: named(b"good.html\0.exe"), "archive.control"),
    ("newline", lambda: named(b"a\nb"), "archive.control"),
    ("escape", lambda: named(b"\x1b[2Jx"), "archive.control"),
    ("delete", lambda: named(b"a\x7f"), "archive.control"),
    ("tab", lambda: named(b"a\tb"), "archive.control"),
    ("C1 control", lambda: named("a\x85b".encode()), "archive.control"),
    ("text turned around", lambda: named("page\u202elmth.exe".encode()), "archive.control"),
    ("text isolated", lambda: named("a\u2066b".encode()), "archive.control"),
    ("double slash", lambda: named(b"a//b"), "archive.segment"),
    ("dot segment", lambda: named(b"a/./b"), "archive.segment"),
    ("three dots", lambda: named(b".../b"), "archive.segment"),
    ("dots and blanks", lambda: named(b".. /b"), "archive.segment"),
    ("blank name", lambda: named(b" "), "archive.segment"),
    ("blank folder", lambda: named(b"a/ /b"), "archive.segment"),
    ("no name", lambda: named(b""), "archive.no-name"),
    ("only ./", lambda: named(b"./"), "archive.no-name"),
    ("symbolic link", lambda: named(b"link", mode=S_IFLNK | 0o777), "archive.link"),
    ("link claimed by MS-DOS", lambda: named(b"link", mode=S_IFLNK | 0o777, host=0), "archive.link"),
    ("link to a folder", lambda: named(b"link/", mode=S_IFLNK | 0o777), "archive.link"),
    ("character device", lambda: named(b"tty", mode=S_IFCHR | 0o666), "archive.device"),
    ("block device", lambda: named(b"sda", mode=S_IFBLK | 0o666), "archive.device"),
    ("pipe", lambda: named(b"fifo", mode=S_IFIFO | 0o666), "archive.device"),
    ("socket", lambda: named(b"sock", mode=S_IFSOCK | 0o666), "archive.device"),
    ("same name twice", lambda: raw_zip([PAGE, RawEntry(b"a", b"1"), RawEntry(b"a", b"2")]), "archive.duplicate"),
    ("same after ./", lambda: raw_zip([RawEntry(b"a", b"1"), RawEntry(b"./a", b"2")]), "archive.duplicate"),
    ("same after backslash", lambda: raw_zip([RawEntry(b"a/b", b"1"), RawEntry(b"a\\b", b"2")]), "archive.duplicate"),
    ("case", lambda: raw_zip([RawEntry(b"Index.html", b"1"), PAGE]), "archive.collision"),
    ("case of a folder", lambda: raw_zip([RawEntry(b"A/b", b"1"), RawEntry(b"a/B", b"2")]), "archive.collision"),
    (
        "composed and decomposed",
        lambda: raw_zip([RawEntry("é".encode(), b"1"), RawEntry("e\u0301".encode(), b"2")]),
        "archive.collision",
    ),
    ("sharp s", lambda: raw_zip([RawEntry("ß".encode(), b"1"), RawEntry(b"SS", b"2")]), "archive.collision"),
    ("file and folder", lambda: raw_zip([RawEntry(b"a", b"1"), RawEntry(b"a/b", b"2")]), "archive.file-and-folder"),
    (
        "file and folder by case",
        lambda: raw_zip([RawEntry(b"A", b"1"), RawEntry(b"a/b", b"2")]),
        "archive.file-and-folder",
    ),
    (
        "file and empty folder",
        lambda: raw_zip([RawEntry(b"a", b"1"), RawEntry(b"a/", mode=0o040755)]),
        "archive.file-and-folder",
    ),
    ("folder with data", lambda: named(b"folder/", mode=0o040755), "archive.folder-with-data"),
    ("bomb by ratio", lambda: raw_zip([RawEntry(b"zeros", b"\0" * 1_000_000)]), "archive.ratio"),
    ("bomb by lie of the packed size", lambda: raw_zip([RawEntry(b"a", b"x", size=9_000_000)]), "archive.ratio"),
    ("too large in sum", lambda: raw_zip([stored(b"%d" % n, b"x" * 2_600_000) for n in range(4)]), "archive.too-large"),
    ("too large by lie", lambda: raw_zip([RawEntry(b"a", b"x", size=0xFFFFFFF0)]), "archive.too-large"),
    ("too many files", lambda: raw_zip([RawEntry(b"%d" % n) for n in range(101)]), "archive.too-many-files"),
    ("far too many", lambda: raw_zip([PAGE], count=60_000), "archive.too-many-files"),
    (
        "billions by zip64",
        lambda: raw_zip([PAGE], count=0xFFFF, directory_offset=0xFFFFFFFF, zip64={"count": 2**40}),
        "archive.too-many-files",
    ),
    ("overlapping twins", lambda: overlap_bomb(50), "archive.overlap"),
    ("overlapping quotes", quoted_bomb, "archive.overlap"),
    (
        "offset into another entry",
        lambda: raw_zip([stored(b"a", b"x" * 100), RawEntry(b"b", b"1", offset=60, is_written=False)]),
        "archive.overlap",
    ),
    ("offset behind the data", lambda: raw_zip([PAGE, RawEntry(b"b", b"1", offset=5_000_000)]), "archive.offset"),
    ("packed size beyond the data", lambda: raw_zip([stored(b"b", b"x", size=500, packed_size=500)]), "archive.offset"),
    ("larger than said", lambda: raw_zip([RawEntry(b"a", b"x" * 5000, size=10)]), "archive.entry-larger"),
    ("two names", lambda: named(b"good.html", local_name=b"../x.html"), "archive.local-mismatch"),
    ("two methods", lambda: named(b"a", local_method=0), "archive.local-mismatch"),
    ("encrypted locally only", lambda: named(b"a", local_flags=1), "archive.local-mismatch"),
    ("stored with two sizes", lambda: raw_zip([stored(b"a", b"xxxx", size=2)]), "archive.ambiguous"),
    ("fewer entries than listed", lambda: raw_zip([PAGE, RawEntry(b"a", b"x")], count=1), "archive.ambiguous"),
    ("more entries than listed", lambda: raw_zip([PAGE], count=2), "archive.ambiguous"),
    ("two ends that differ", lambda: raw_zip([PAGE], zip64={"count": 7}), "archive.ambiguous"),
    ("zip64 end elsewhere", lambda: raw_zip([PAGE], zip64={"length": 60}), "archive.ambiguous"),
    (
        "local extra field reaching over the next entry",
        lambda: raw_zip(
            [
                RawEntry(b"a", b"", method=0, size=40, packed_size=40, packed=b"", crc=0),
                stored(b"b", b"y" * 5),
            ]
        ),
        "archive.overlap",
    ),
    (
        "Unicode path that escapes",
        lambda: named(b"good.html", extra=unicode_path(b"good.html", "../\u00e9vil".encode())),
        "archive.escapes",
    ),
    (
        "Unicode path that is another plain name",
        lambda: named(b"good.html", extra=unicode_path(b"good.html", b"../evil")),
        "archive.ambiguous",
    ),
    (
        "plain name that escapes behind a Unicode path",
        lambda: named(b"../e.html", extra=unicode_path(b"../e.html", "é.html".encode())),
        "archive.escapes",
    ),
    (
        "letters that escape behind a Unicode path",
        lambda: named(b"\x82/../../e", extra=unicode_path(b"\x82/../../e", "é".encode())),
        "archive.escapes",
    ),
    (
        "two Unicode paths",
        lambda: named(b"?", extra=unicode_path(b"?", "é".encode()) + unicode_path(b"?", "ü".encode())),
        "archive.ambiguous",
    ),
    (
        "Unicode path at the data only",
        lambda: named(b"good.html", local_extra=unicode_path(b"good.html", "évil.html".encode())),
        "archive.local-mismatch",
    ),
    ("two sizes", lambda: named(b"a", local_size=5), "archive.local-mismatch"),
    ("two packed sizes", lambda: named(b"a", local_packed_size=500), "archive.local-mismatch"),
    ("two checksums", lambda: named(b"a", local_crc=5), "archive.local-mismatch"),
    ("negative sizes of zip64", lambda: raw_zip([zip64_entry(size=2**64 - 1)]), "archive.too-large"),
    ("place of zip64 far away", lambda: raw_zip([zip64_entry(offset=2**63)]), "archive.offset"),
    ("zip64 field twice", lambda: raw_zip([zip64_entry(times=2)]), "archive.ambiguous"),
    ("end record in the comment of another", lambda: raw_zip([PAGE], comment=raw_zip([])), "archive.ambiguous"),
    ("a whole zip in the comment", lambda: raw_zip([PAGE], comment=GOOD), "archive.ambiguous"),
    ("count of zip64 without its record", lambda: raw_zip([PAGE], count=0xFFFF), "archive.too-many-files"),
    (
        "file and folder by its mode",
        lambda: raw_zip([RawEntry(b"a", b"1"), RawEntry(b"a", mode=0o040755)]),
        "archive.file-and-folder",
    ),
]


def unicode_path(name: bytes, other: bytes) -> bytes:
    """An extra field that gives an entry called `name` another one (APPNOTE 4.6.9)."""
    return struct.pack("<HHBL", 0x7075, 5 + len(other), 1, zlib.crc32(name)) + other


def zip64_entry(size: int = 5, offset: int = 0, times: int = 1) -> RawEntry:
    """An entry whose sizes and place are in a field of zip64."""
    wide = struct.pack("<HHQQQ", 1, 24, size, 5, offset) * times
    return RawEntry(
        b"a",
        b"12345",
        method=0,
        size=_WIDE,
        packed_size=_WIDE,
        offset=_WIDE,
        extra=wide,
        local_size=5,
        local_packed_size=5,
    )


#: What cannot be read, without being an attack.
REFUSED: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing", lambda: b"", "archive.not-a-zip"),
    ("text", lambda: b"hello", "archive.not-a-zip"),
    ("RAR", lambda: b"Rar!\x1a\x07\x00" + b"x" * 100, "archive.not-a-zip"),
    ("7-Zip", lambda: b"7z\xbc\xaf\x27\x1c" + b"x" * 100, "archive.not-a-zip"),
    ("PDF", lambda: b"%PDF-1.7\n" + b"x" * 100, "archive.not-a-zip"),
    ("web page", lambda: b"\xef\xbb\xbf<!DOCTYPE html><p>404", "archive.not-a-zip"),
    ("cut in the data", lambda: GOOD[: CENTRAL // 2], "archive.truncated"),
    ("cut in the directory", lambda: GOOD[: CENTRAL + 10], "archive.truncated"),
    ("cut in the end record", lambda: GOOD[:-1], "archive.damaged"),
    ("bytes behind the end", lambda: GOOD + b"more", "archive.damaged"),
    ("comment longer than the file", lambda: with_byte(GOOD, len(GOOD) - 2, 9), "archive.damaged"),
    ("no files", lambda: raw_zip([]), "archive.empty"),
    ("folders only", lambda: raw_zip([RawEntry(b"a/", mode=0o040755)]), "archive.empty"),
    ("several disks", lambda: raw_zip([PAGE], disk=1), "archive.several-disks"),
    ("entry on another disk", lambda: with_byte(GOOD, CENTRAL + 34, 1), "archive.several-disks"),
    ("several disks of zip64", lambda: raw_zip([PAGE], zip64={"disks": 2}), "archive.several-disks"),
    ("encrypted directory", lambda: GOOD[:CENTRAL] + bytes(END - CENTRAL) + GOOD[END:], "archive.damaged"),
    ("program in front", lambda: raw_zip([PAGE], prefix=b"MZ" + b"x" * 98, directory_offset=55), "archive.prefixed"),
    ("gap before the directory", lambda: raw_zip([PAGE], directory_size=3), "archive.prefixed"),
    ("directory outside", lambda: raw_zip([PAGE], directory_offset=2**31), "archive.damaged"),
    ("broken directory", lambda: with_byte(GOOD, CENTRAL, 0), "archive.damaged"),
    ("name longer than the directory", lambda: with_byte(GOOD, CENTRAL + 29, 0xFF), "archive.damaged"),
    ("zip64 without sizes", lambda: raw_zip([RawEntry(b"a", b"x", size=0xFFFFFFFF)]), "archive.damaged"),
    ("zip64 end missing", lambda: raw_zip([PAGE], zip64={"record": 3}), "archive.damaged"),
    ("encrypted", lambda: named(b"a", flags=1, local_flags=1), "archive.encrypted"),
    ("strongly encrypted", lambda: named(b"a", flags=0x41), "archive.encrypted"),
    ("masked headers", lambda: named(b"a", flags=0x2000), "archive.encrypted"),
    ("AES", lambda: named(b"a", method=99, extra=struct.pack("<HH", 0x9901, 7) + b"\2\0AE\3\0\0"), "archive.encrypted"),
    ("Deflate64", lambda: named(b"a", method=9), "archive.method"),
    ("LZMA", lambda: named(b"a", method=14), "archive.method"),
    ("BZIP2", lambda: named(b"a", method=12), "archive.method"),
    ("Zstandard", lambda: named(b"a", method=93), "archive.method"),
    ("unknown method", lambda: named(b"a", method=77), "archive.method"),
    ("name too long", lambda: named(b"a/" * 430 + b"x"), "archive.name-too-long"),
    ("part too long", lambda: named(b"a" * 256), "archive.name-too-long"),
    ("wrong checksum", lambda: raw_zip([RawEntry(b"a", b"x" * 50, crc=1)]), "archive.damaged-entry"),
    ("shorter than said", lambda: raw_zip([RawEntry(b"a", b"x" * 50, size=60)]), "archive.damaged-entry"),
    ("rubbish for data", lambda: raw_zip([RawEntry(b"a", b"x", packed=b"\xff" * 20)]), "archive.damaged-entry"),
    (
        "packed data cut off",
        lambda: raw_zip([RawEntry(b"a", b"x" * 50, packed=b"\x01\x10\x00")]),
        "archive.damaged-entry",
    ),
    (
        "bytes behind the packed data",
        lambda: raw_zip([RawEntry(b"a", b"", packed=b"\x03\x00" + b"hidden")]),
        "archive.damaged-entry",
    ),
    ("no local header", lambda: with_byte(GOOD, 0, 0), "archive.damaged-entry"),
]


@pytest.mark.parametrize(("make", "code"), [pytest.param(*case[1:], id=case[0]) for case in DANGEROUS])
def test_dangerous_zips_are_refused_as_dangerous(make, code):
    findings = judged(make())
    assert code in {finding.code for finding in findings}
    assert verdict(findings) is Verdict.DANGEROUS
    finding = next(finding for finding in findings if finding.code == code)
    assert finding.message
    assert finding.fix
    assert "\0" not in finding.message


@pytest.mark.parametrize(("make", "code"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_unreadable_zips_are_refused(make, code):
    findings = judged(make())
    assert code in {finding.code for finding in findings}
    assert verdict(findings) is Verdict.REFUSED


def test_there_are_enough_hostile_zips():
    assert len(DANGEROUS) + len(REFUSED) >= 100


def test_the_honest_twin_of_all_of_them_is_taken():
    assert judged(GOOD) == []
    assert judged(named(b"good.html")) == []


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a/b/c.html",
        ".htaccess",
        "a..b",
        "..a",
        "a b",
        "Ünï.html",
        "日本/ページ.html",
        "c:",
        "x.C:y",
        "a" * 255,
        "~",
    ],
)
def test_honest_names(name):
    faults = [fault.code for fault in name_faults(name)]
    assert faults == (["archive.drive"] if name == "c:" else [])


def test_folders_comments_and_empty_files_are_fine():
    data = raw_zip(
        [RawEntry(b"a/", mode=0o040755), RawEntry(b"a/empty"), RawEntry(b"dos", b"x", host=0, mode=0)],
        comment=b"made by a tool",
    )
    assert judged(data) == []
    assert [entry.name for entry in read_directory(BytesSource(data), LIMITS).entries] == ["a/empty", "dos"]


def test_small_files_may_have_any_ratio():
    assert judged(raw_zip([RawEntry(b"blank.bmp", b"\0" * 90_000)])) == []


def test_limits_are_settings():
    data = raw_zip([RawEntry(b"zeros", b"\0" * 1_000_000), RawEntry(b"b", b"x")])
    assert verdict(judged(data)) is Verdict.DANGEROUS
    assert judged(data, Limits(files=100, bytes=10_000_000, ratio=2000)) == []
    assert verdict(judged(data, Limits(files=1, bytes=10_000_000, ratio=2000))) is Verdict.DANGEROUS
    assert verdict(judged(data, Limits(files=100, bytes=1_000_000, ratio=2000))) is Verdict.DANGEROUS


def test_zip64_is_read():
    data = raw_zip([zip64_entry()], count=1, directory_offset=0xFFFFFFFF, zip64={})
    directory = read_directory(BytesSource(data), LIMITS)
    (found,) = directory.entries
    assert (found.size, found.packed_size, found.offset) == (5, 5, 0)
    assert b"".join(read_entry(BytesSource(data), found)) == b"12345"
    assert [finding.code for finding in directory.findings] == ["archive.zip64"]


@pytest.mark.parametrize("make", [lambda: raw_zip([zip64_entry()]), lambda: raw_zip([PAGE], zip64={})])
def test_zip64_in_a_part_is_noted_too(make):
    assert [finding.code for finding in judged(make())] == ["archive.zip64"]


def test_empty_folders_are_noted():
    folder = 0o040755
    names = [(b"a/", folder), (b"a/b/", folder), (b"c/", folder), (b"cc/d.html", 0), (b"e", folder)]
    data = raw_zip([RawEntry(name, b"x" if not mode else b"", mode=mode) for name, mode in names])
    (found,) = judged(data)
    assert (found.code, found.file, found.facts["count"]) == ("archive.empty-folder", "a/", 4)
    assert judged(raw_zip([RawEntry(b"a/", mode=folder), RawEntry(b"a/b/", mode=folder), RawEntry(b"a/b/c")])) == []


def test_backslashes_are_read_as_slashes_with_a_note():
    data = raw_zip([RawEntry(b"media\\a.mp3", b"x", host=0, mode=0), PAGE])
    directory = read_directory(BytesSource(data), LIMITS)
    assert [entry.name for entry in directory.entries] == ["media/a.mp3", "index.html"]
    assert [finding.code for finding in directory.findings] == ["archive.backslash"]


@pytest.mark.parametrize(
    ("raw", "extra", "flags", "expected", "is_certain", "noted"),
    [
        (b"plain", b"", 0, "plain", True, []),
        ("Übung".encode(), b"", 0x800, "Übung", True, []),
        ("Übung".encode(), b"", 0, "Übung", True, ["archive.utf-8"]),
        ("Übung".encode("cp437"), b"", 0, "Übung", False, ["archive.name-encoding"]),
        ("Übung".encode("cp437"), b"", 0x800, "Übung", False, ["archive.name-encoding"]),
        (b"?bung", unicode_path(b"?bung", "Übung".encode()), 0, "Übung", True, []),
    ],
)
def test_names_in_various_encodings(raw, extra, flags, expected, is_certain, noted):
    directory = read_directory(BytesSource(raw_zip([RawEntry(raw, b"x", flags=flags, extra=extra)])), LIMITS)
    assert [finding.code for finding in directory.findings] == noted
    assert [entry.name for entry in directory.entries] == [expected]
    assert undecided_names(directory) == ([] if is_certain else [raw])


def test_a_unicode_path_field_counts_when_it_belongs_to_the_name():
    def field(name: bytes) -> bytes:
        return struct.pack("<HHBL", 0x7075, 5 + 6, 1, zlib.crc32(name)) + "Übung".encode()

    for raw, expected in ((b"?bung", "Übung"), (b"other", "other")):
        data = raw_zip([RawEntry(raw, b"x", extra=field(b"?bung"))])
        assert [entry.name for entry in read_directory(BytesSource(data), LIMITS).entries] == [expected]


def test_long_lists_of_faults_are_cut():
    data = raw_zip([RawEntry(b"../%d" % number) for number in range(99)])
    assert len(read_directory(BytesSource(data), LIMITS).findings) == 50


def test_the_directory_is_judged_without_reading_the_data():
    data = raw_zip([stored(b"large.bin", random.Random(1).randbytes(5_000_000))])
    source = BytesSource(data)
    assert read_directory(source, LIMITS).findings == ()
    assert source.was_read < 200_000


def test_a_bomb_is_not_unpacked_beyond_what_was_promised():
    data = raw_zip([RawEntry(b"a", b"\0" * 5_000_000, size=100_000)])
    source = BytesSource(data)
    (entry,) = read_directory(source, LIMITS).entries
    seen: list[int] = []
    with pytest.raises(Refused) as refused:
        seen.extend(map(len, read_entry(source, entry)))
    assert refused.value.finding.code == "archive.entry-larger"
    assert sum(seen) <= 100_000


def test_a_large_entry_comes_in_small_pieces():
    original = random.Random(2).randbytes(3_000_000) + b"text " * 100_000
    source = BytesSource(raw_zip([RawEntry(b"a", original)]))
    (entry,) = read_directory(source, LIMITS).entries
    pieces = list(read_entry(source, entry))
    assert b"".join(pieces) == original
    assert max(map(len, pieces)) <= 256 * 1024


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9äß]{1,8}(/[a-z0-9]{1,8}){0,3}", fullmatch=True),
        st.binary(max_size=2000),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_what_pythons_writer_makes_is_read_back(files, method):
    data = package_of(files, method)
    source = BytesSource(data)
    directory = read_directory(source, LIMITS)
    if verdict(directory.findings) is Verdict.ACCEPTED:
        assert {entry.name: b"".join(read_entry(source, entry)) for entry in directory.entries} == files
    else:  # The generated names may collide, which is for the rules to find.
        assert {finding.code for finding in directory.findings} <= {"archive.collision", "archive.file-and-folder"}


@given(st.data())
def test_no_change_of_a_byte_breaks_the_reader(data):
    changed = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    judged(bytes(changed))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data):
    judged(b"PK\x03\x04" + data + GOOD[END:])
    judged(data)


@given(st.text(max_size=300))
def test_a_name_without_fault_stays_inside(name):
    if list(name_faults(name)):
        return
    parts = name.removesuffix("/").split("/")
    assert not name.startswith("/")
    assert all(part.strip(" .") for part in parts)
    assert len(name.encode()) <= LONGEST_NAME_BYTES


def test_streamed_zips_with_data_descriptors_are_read():
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.html", b"hello " * 100)
        archive.writestr("b.html", b"bye")
    assert judged(out.getvalue()) == []


@pytest.mark.parametrize(
    "name", [b"aux.html", b"sub/CON", b"com1.js", b"page.html:stream", b"a?b.html", b"end.", b"a /b"]
)
def test_names_that_windows_cannot_hold_are_taken_with_a_note(name):
    found = read_directory(BytesSource(named(name)), Limits())
    assert [one.code for one in found.findings] == ["archive.windows"]


@pytest.mark.parametrize(
    "name", [b"auxiliary.html", b"console/a", b"com10.js", b"a.b.c", b"a b.html", "\u200fשלום".encode()]
)
def test_names_that_only_look_alike_are_fine(name):
    found = read_directory(BytesSource(named(name)), Limits())
    assert "archive.windows" not in {one.code for one in found.findings}
