"""Judging a whole package: zip, manifest, and what the one says about the other."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from hub.scorm.spec.manifest import (
    aicc,
    browser_rules,
    cmi5,
    content,
    imsmanifest,
    long_texts,
    media,
    metadata,
    tincan,
    xml,
)
from hub.scorm.spec.manifest.archive import (
    ByteSource,
    Directory,
    Entry,
    Limits,
    read_directory,
    read_entry,
    undecided_names,
)
from hub.scorm.spec.manifest.course import PLAYABLE, STANDARD_NAMES, Course
from hub.scorm.spec.manifest.findings import Finding, Phrase, Place, Refused, Report, Verdict, verdict
from hub.scorm.spec.manifest.hrefs import Files
from hub.scorm.spec.manifest.quotes import with_quotes
from hub.scorm.spec.manifest.rules import finding

#: From so many parts (SCOs, assets, AUs) on an outline is more than people and many systems cope with.
MANY_PARTS = 500
_CMI5 = "cmi5.xml"
#: Code pages of zip tools that do not say which one they used: of DOS and Windows, Western first.
_CODEPAGES = ("cp437", "cp852", "cp850", "cp1252", "cp1250", "cp866", "cp1251", "cp932", "gbk", "big5", "cp949")
#: What a project file or another kind of package has at its top, to tell the author what they uploaded.
_OTHER_KINDS = {
    "story.xml": Phrase("a Storyline project"),
    "content.xml": Phrase("an eXeLearning project"),
    "h5p.json": Phrase("an H5P file"),
    "[content_types].xml": Phrase("an Office document"),
    "meta-inf/container.xml": Phrase("an EPUB book"),
    "moodle_backup.xml": Phrase("a Moodle backup"),
}


_LIKE_A_MANIFEST = re.compile(r"(^|/)([^/]*manifest[^/]*\.xml[^/]*|(cmi5|tincan)[^/]*\.(xml|txt)[^/]*)$")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of package: how its manifest is called, and how it is read."""

    name: str
    read: Callable[[xml.Document, str, Files, Report], Course | None]

    def is_called(self, name: str) -> bool:
        """Whether a file of this name, in lower case, can be its manifest."""
        return name.endswith(self.name) if self.name.startswith(".") else name == self.name


def _no_document(*_: object) -> Course | None:
    """AICC has several tables and no document: `_read_aicc` reads them."""
    return None


_KINDS = (
    _Kind("imsmanifest.xml", imsmanifest.read),
    _Kind(_CMI5, cmi5.read),
    _Kind("tincan.xml", tincan.read),
)
_AICC = _Kind(".crs", _no_document)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a package: its files and course where they could be read, and all findings."""

    entries: tuple[Entry, ...]
    course: Course | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the package is taken."""
        return verdict(self.findings)


def read(source: ByteSource, limits: Limits, name: str = "") -> Reading:
    """Judge an upload (see `_judge`), and quote the lines that the findings are about."""
    reading = _judge(source, limits, name)
    entries = {entry.name: entry for entry in reading.entries}

    def load(file: str) -> bytes | None:
        entry = entries.get(file)
        if not reading.entries and file == _CMI5 and source.size <= xml.LARGEST_BYTES:
            return source.read(0, source.size)
        try:
            return _read_whole(source, entry) if entry is not None else None
        except Refused:
            return None

    return replace(reading, findings=with_quotes(reading.findings, load))


def _judge(source: ByteSource, limits: Limits, name: str) -> Reading:
    """Judge the zip by its central directory, then read its manifest. Nothing is unpacked but that and launch pages.

    A cmi5 course structure may come without a zip (cmi5 14.2), and so may a PDF, a video or a web page; `name` is what
    the upload is called.
    """
    if _is_xml(source):
        return _read_course_structure(source)
    medium = media.of_file(source, name)
    if medium is not None:
        return _read_file(source, medium, limits, name)
    directory = read_directory(source, limits)
    report = Report(directory.findings)
    if report.refuses:
        return Reading(directory.entries, None, report.findings())
    try:
        found = _manifest_entry(directory, report)
        if found is None:
            return _read_medium(source, directory.entries, media.of_archive(directory.entries), report, name)
        kind, manifest = found
        if kind is _AICC:
            return _read_aicc(source, directory, manifest, report)
        document = xml.parse(_read_whole(source, manifest), manifest.name)
    except Refused as refusal:
        report.add(refusal.finding)
        return Reading(directory.entries, None, report.findings())
    directory, report = _with_right_codepage(source, limits, directory, report, document)
    report.extend(document.findings)
    report.extend(long_texts.identifiers(document))
    files = Files(entry.name for entry in directory.entries)
    course = long_texts.cut(kind.read(document, manifest.name.rpartition("/")[0], files, report), manifest.name, report)
    if course is not None and not report.refuses:
        beside = metadata.files_of(document, files)
        report.extend(_repeated_identifiers(course))
        report.extend(_metadata_notes(source, directory.entries, beside))
        report.extend(_content_notes(source, directory.entries, course, beside))
        report.extend(_notes_on_course(course, manifest.name))
    return Reading(directory.entries, None if report.refuses else course, report.findings())


def _metadata_notes(source: ByteSource, entries: Sequence[Entry], named: list[str]) -> Iterator[Finding]:
    """Notes on metadata in files of their own."""
    by_name = {entry.name: entry for entry in entries}

    def load(file: str) -> bytes | None:
        try:
            return _read_whole(source, by_name[file])
        except Refused:
            return None

    return metadata.notes_on_files(named, load)


def _read_aicc(source: ByteSource, directory: Directory, manifest: Entry, report: Report) -> Reading:
    folder = manifest.name.rpartition("/")[0]
    tables = {
        entry.name: _read_whole(source, entry)
        for entry in directory.entries
        if entry.name.rpartition("/")[0] == folder and aicc.is_course_file(entry.name)
    }
    read = aicc.read(manifest.name, tables, Files(entry.name for entry in directory.entries), report)
    course = long_texts.cut(read, manifest.name, report)
    if course is not None and not report.refuses:
        report.extend(_repeated_identifiers(course))
        report.extend(_content_notes(source, directory.entries, course))
        report.extend(_notes_on_course(course, manifest.name))
    return Reading(directory.entries, None if report.refuses else course, report.findings())


def _read_file(source: ByteSource, medium: media.Medium, limits: Limits, name: str) -> Reading:
    report = Report()
    if source.size > limits.bytes:
        report.add(finding("archive.too-large", found=source.size, limit=limits.bytes))
        return Reading((medium.file,), None, report.findings())
    return _read_medium(source, (medium.file,), medium, report, name)


def _read_medium(
    source: ByteSource, entries: tuple[Entry, ...], medium: media.Medium | None, report: Report, name: str
) -> Reading:
    """A course of what follows no standard. Raises `Refused` when there is nothing of the kind."""
    if medium is None:
        raise Refused(finding("package.no-manifest", guess=_other_kind(entries)))
    course = media.course(medium, media.title_of(name))
    try:
        report.extend(media.notes(source, medium, entries))
    except Refused as refusal:
        report.add(refusal.finding)
    if not report.refuses:
        report.extend(_content_notes(source, entries, course))
    return Reading(entries, None if report.refuses else course, report.findings())


def _is_xml(source: ByteSource) -> bool:
    head = source.read(0, 256).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"<") and b"courseStructure" in source.read(0, 64 * 1024)


def _read_course_structure(source: ByteSource) -> Reading:
    report = Report()
    course = None
    try:
        if source.size > xml.LARGEST_BYTES:
            raise Refused(finding("xml.too-large", Place(_CMI5), found=source.size, limit=xml.LARGEST_BYTES))
        document = xml.parse(source.read(0, source.size), _CMI5)
        report.extend(document.findings)
        report.extend(long_texts.identifiers(document))
        course = long_texts.cut(cmi5.read(document, "", None, report), _CMI5, report)
    except Refused as refusal:
        report.add(refusal.finding)
    if course is not None and not report.refuses:
        report.extend(_notes_on_course(course, _CMI5))
    return Reading((), None if report.refuses else course, report.findings())


def _repeated_identifiers(course: Course) -> Iterator[Finding]:
    """A last look: whatever made the identifiers, those of one outline differ."""
    for organization in course.organizations:
        seen = {organization.identifier}
        for item, _ in organization.walk():
            if item.identifier in seen:
                yield finding("identifier.duplicate", identifier=item.identifier, line_of_first="?")
            seen.add(item.identifier)


def _notes_on_course(course: Course, manifest: str) -> Iterator[Finding]:
    parts = sum(bool(item.href) for item, _ in course.organization.walk())
    if parts >= MANY_PARTS:
        yield finding("organization.many-parts", Place(manifest), count=parts)
    if course.standard not in PLAYABLE:
        yield finding("package.not-playable", Place(manifest), standard=STANDARD_NAMES[course.standard])


def _content_notes(
    source: ByteSource, files: Sequence[Entry], course: Course, known: Container[str] = ()
) -> Iterator[Finding]:
    """Notes on the content. A file whose data is damaged has none: that is found when everything is unpacked."""

    def load(entry: Entry) -> bytes | None:
        try:
            return b"".join(read_entry(source, entry))
        except Refused:
            return None

    yield from content.judge_files(course, files, known)
    entries = {entry.name: entry for entry in files}
    found = Files(entries)
    pages = content.launch_pages(course, entries)
    for page in pages:
        data = load(page)
        if data is not None:
            yield from content.judge_page(page.name, data, found)
    yield from browser_rules.judge(files, pages, load)


def _read_whole(source: ByteSource, entry: Entry) -> bytes:
    if entry.size > xml.LARGEST_BYTES:
        raise Refused(finding("xml.too-large", Place(entry.name), found=entry.size, limit=xml.LARGEST_BYTES))
    return b"".join(read_entry(source, entry))


def _manifest_entry(directory: Directory, report: Report) -> tuple["_Kind", Entry] | None:
    """The manifest: at the top of the zip and so named, or else the only one of its depth, with a note.

    A zip that can be played as SCORM is taken for that, whatever else it may be.
    """
    for kind in (*_KINDS, _AICC):
        found = [entry for entry in directory.entries if kind.is_called(entry.name.rpartition("/")[2].lower())]
        if found:
            return kind, _nearest(found, kind, report)
    return None


def _nearest(found: list[Entry], kind: "_Kind", report: Report) -> Entry:
    least = min(entry.name.count("/") for entry in found)
    nearest = [entry for entry in found if entry.name.count("/") == least]
    if len(nearest) > 1:
        raise Refused(finding("package.several-manifests", files=", ".join(entry.name for entry in nearest)))
    manifest = nearest[0]
    folder, _, name = manifest.name.rpartition("/")
    if folder:
        report.add(finding("package.manifest-in-folder", Place(manifest.name), folder=folder))
    if name != kind.name and kind is not _AICC:
        report.add(finding("package.manifest-name", Place(manifest.name), name=name, kind=kind.name))
    return manifest


def _other_kind(entries: Iterable[Entry]) -> str:
    names = {entry.name.lower() for entry in entries}
    kind = next((kind for name, kind in _OTHER_KINDS.items() if name in names), "")
    if kind:
        return Phrase("; this looks like {kind}", kind=kind)
    similar = next((name for name in sorted(names) if _LIKE_A_MANIFEST.search(name)), "")
    if similar:
        return Phrase("; “{file}” may be it under another name", file=similar)
    inner = next((name for name in sorted(names) if name.endswith(".zip")), "")
    return Phrase("; it holds another zip, “{file}”", file=inner) if inner else ""


def _with_right_codepage(
    source: ByteSource, limits: Limits, directory: Directory, report: Report, document: xml.Document
) -> tuple[Directory, Report]:
    """Names that do not say their encoding are read as the manifest spells them, where that tells."""
    raw_names = undecided_names(directory)
    if not raw_names:
        return directory, report
    codepage = max(_CODEPAGES, key=_hits(raw_names, _names_in(document)))
    if codepage == _CODEPAGES[0]:
        return directory, report
    again = read_directory(source, limits, codepage)
    known = set(directory.findings)
    kept = Report(one for one in report.findings() if one not in known)
    kept.extend(again.findings)
    return again, kept


def _names_in(manifest: xml.Document) -> frozenset[str]:
    """The last parts of the names that the manifest mentions, as written and without percent signs."""
    hrefs = (element.get("href", "") for element in manifest.root.iter("{*}resource", "{*}file"))
    lasts = {_last_part(re.split(r"[?#]", href, maxsplit=1)[0]) for href in hrefs}
    return frozenset(lasts | {unquote(last) for last in lasts})


def _last_part(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _hits(raw_names: list[bytes], wanted: frozenset[str]) -> Callable[[str], int]:
    """How many names a code page turns into names that the manifest mentions."""

    def count(codepage: str) -> int:
        return sum(_last_part(raw.decode(codepage, errors="replace")) in wanted for raw in raw_names)

    return count
