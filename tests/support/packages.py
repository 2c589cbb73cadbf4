"""Packages made for tests: good ones, odd ones, and raw zips of which every field can be a lie."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PAGE = b"<!DOCTYPE html><html lang='en'><title>Page</title><p>Hello</p></html>"

_HEAD_1_2 = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="COURSE" version="1.0"
    xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
"""

_HEAD_2004 = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="COURSE" version="1.0"
    xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"
    xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3"
    xmlns:adlnav="http://www.adlnet.org/xsd/adlnav_v1p3"
    xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
"""

ORGANIZATIONS = """  <organizations default="ORG">
    <organization identifier="ORG">
      <title>A course</title>
      <item identifier="ITEM-1" identifierref="RES-1"><title>First page</title></item>
    </organization>
  </organizations>
"""
RESOURCES_1_2 = """  <resources>
    <resource identifier="RES-1" type="webcontent" adlcp:scormtype="sco" href="index.html">
      <file href="index.html"/>
    </resource>
  </resources>
"""
RESOURCES_2004 = RESOURCES_1_2.replace("scormtype", "scormType")


def manifest_1_2(organizations: str = ORGANIZATIONS, resources: str = RESOURCES_1_2, head: str = _HEAD_1_2) -> bytes:
    """A SCORM 1.2 manifest, with parts of it replaced."""
    return f"{head}{organizations}{resources}</manifest>\n".encode()


def manifest_2004(
    organizations: str = ORGANIZATIONS, resources: str = RESOURCES_2004, head: str = _HEAD_2004, more: str = ""
) -> bytes:
    """A SCORM 2004 4th Ed. manifest, with parts of it replaced."""
    return f"{head}{organizations}{resources}{more}</manifest>\n".encode()


def package_of(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files, made by Python's own writer."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))  # The same files make the same bytes.
            entry.compress_type = method
            archive.writestr(entry, data)
    return buffer.getvalue()


def course_1_2(**more: bytes) -> bytes:
    """A good SCORM 1.2 package of one SCO. `more` files have `__` for `/` and `_dot_` for `.` in their names."""
    extra = {name.replace("_dot_", ".").replace("__", "/"): data for name, data in more.items()}
    return package_of({"imsmanifest.xml": manifest_1_2(), "index.html": PAGE, **extra})


def course_2004() -> bytes:
    """A good SCORM 2004 package of one SCO."""
    return package_of({"imsmanifest.xml": manifest_2004(), "index.html": PAGE})


@dataclass
class RawEntry:
    """A zip entry as it will be written; whatever is set overrides what would be true."""

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0
    mode: int = 0o100644
    host: int = 3
    packed: bytes | None = None
    size: int | None = None
    packed_size: int | None = None
    crc: int | None = None
    offset: int | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    local_name: bytes | None = None
    local_method: int | None = None
    local_flags: int | None = None
    local_crc: int | None = None
    local_size: int | None = None
    local_packed_size: int | None = None
    attributes: int | None = None
    is_written: bool = True
    made: dict[str, int] = field(default_factory=dict)


def raw_zip(
    entries: Iterable[RawEntry],
    *,
    prefix: bytes = b"",
    gap: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    directory_offset: int | None = None,
    directory_size: int | None = None,
    disk: int = 0,
    zip64: Mapping[str, int] | None = None,
    tail: bytes = b"",
) -> bytes:
    """A zip of entries field by field, honest unless told otherwise."""
    out = bytearray(prefix)
    listed = list(entries)
    for entry in listed:
        _write_local(out, entry)
    out += gap
    start = len(out)
    for entry in listed:
        _write_central(out, entry)
    size = len(out) - start
    number = len(listed) if count is None else count
    if zip64 is not None:
        _write_zip64_end(out, {"count": number, "size": size, "offset": start} | dict(zip64))
    out += struct.pack(
        "<4s4H2LH",
        b"PK\x05\x06",
        disk,
        0,
        min(number, 0xFFFF),
        min(number, 0xFFFF),
        size if directory_size is None else directory_size,
        start if directory_offset is None else directory_offset,
        len(comment),
    )
    return bytes(out) + comment + tail


def _deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def _write_local(out: bytearray, entry: RawEntry) -> None:
    packed = entry.packed
    if packed is None:
        packed = _deflate(entry.data) if entry.method == 8 else entry.data
    entry.made = {
        "offset": len(out),
        "crc": zlib.crc32(entry.data) if entry.crc is None else entry.crc,
        "size": len(entry.data) if entry.size is None else entry.size,
        "packed": len(packed) if entry.packed_size is None else entry.packed_size,
    }
    if not entry.is_written:
        return
    name = entry.name if entry.local_name is None else entry.local_name
    out += struct.pack(
        "<4s5H3L2H",
        b"PK\x03\x04",
        20,
        entry.flags if entry.local_flags is None else entry.local_flags,
        entry.method if entry.local_method is None else entry.local_method,
        0,
        0x21,
        entry.made["crc"] if entry.local_crc is None else entry.local_crc,
        min(entry.made["packed"], 0xFFFFFFFF) if entry.local_packed_size is None else entry.local_packed_size,
        min(entry.made["size"], 0xFFFFFFFF) if entry.local_size is None else entry.local_size,
        len(name),
        len(entry.local_extra),
    )
    out += name + entry.local_extra + packed


def _write_central(out: bytearray, entry: RawEntry) -> None:
    attributes = (entry.mode << 16) if entry.attributes is None else entry.attributes
    out += struct.pack(
        "<4sBB5H3L5H2L",
        b"PK\x01\x02",
        20,
        entry.host,
        20,
        entry.flags,
        entry.method,
        0,
        0x21,
        entry.made["crc"],
        min(entry.made["packed"], 0xFFFFFFFF),
        min(entry.made["size"], 0xFFFFFFFF),
        len(entry.name),
        len(entry.extra),
        0,
        0,
        0,
        attributes,
        entry.made["offset"] if entry.offset is None else entry.offset,
    )
    out += entry.name + entry.extra


def _write_zip64_end(out: bytearray, fields: Mapping[str, int]) -> None:
    record = len(out)
    out += struct.pack(
        "<4sQ2H2L4Q",
        b"PK\x06\x06",
        fields.get("length", 44),
        45,
        45,
        0,
        0,
        fields["count"],
        fields["count"],
        fields["size"],
        fields["offset"],
    )
    out += struct.pack("<4sLQL", b"PK\x06\x07", 0, fields.get("record", record), fields.get("disks", 1))


class BytesSource:
    """Bytes in memory as an archive source, counting how much was read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.was_read = 0

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at `offset`."""
        piece = self._data[offset : offset + length] if offset >= 0 else b""
        self.was_read += len(piece)
        return piece
