"""Judging a whole package: zip, manifest, and what the one says about the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hub.scorm.spec.manifest import content, imsmanifest, xml
from hub.scorm.spec.manifest.archive import (
    ByteSource,
    Directory,
    Entry,
    Limits,
    read_directory,
    read_entry,
    undecided_names,
)
from hub.scorm.spec.manifest.course import Course
from hub.scorm.spec.manifest.findings import Finding, Place, Refused, Report, Verdict, verdict
from hub.scorm.spec.manifest.hrefs import Files
from hub.scorm.spec.manifest.rules import finding

_MANIFEST = "imsmanifest.xml"
#: Code pages of zip tools that do not say which one they used: DOS, DOS Central Europe, Windows.
_CODEPAGES = ("cp437", "cp852", "cp850", "cp1252", "cp1250")
#: What a project file or another kind of package has at its top, to tell the author what they uploaded.
_OTHER_KINDS = {
    "cmi5.xml": "a cmi5 package",
    "tincan.xml": "an xAPI package",
    "story.xml": "a Storyline project",
    "content.xml": "an eXeLearning project",
    "h5p.json": "an H5P file",
    "[content_types].xml": "an Office document",
    "meta-inf/container.xml": "an EPUB book",
    "moodle_backup.xml": "a Moodle backup",
}


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


def read(source: ByteSource, limits: Limits) -> Reading:
    """Judge the zip by its central directory, then read its manifest. Nothing is unpacked but the manifest."""
    directory = read_directory(source, limits)
    report = Report(directory.findings)
    if report.refuses:
        return Reading(directory.entries, None, report.findings())
    try:
        manifest = _manifest_entry(directory, report)
        document = xml.parse(_read_whole(source, manifest), manifest.name)
    except Refused as refusal:
        report.add(refusal.finding)
        return Reading(directory.entries, None, report.findings())
    directory, report = _with_right_codepage(source, limits, directory, report, document)
    report.extend(document.findings)
    files = Files(entry.name for entry in directory.entries)
    folder = manifest.name.rpartition("/")[0]
    course = imsmanifest.read(document, folder, files, report)
    if course is not None and not report.refuses:
        report.extend(_content_notes(source, directory, course))
    return Reading(directory.entries, None if report.refuses else course, report.findings())


def _content_notes(source: ByteSource, directory: Directory, course: Course) -> Iterator[Finding]:
    """Notes on the content. A page whose data is damaged has none: that is found when everything is unpacked."""
    yield from content.judge_files(course, directory.entries)
    entries = {entry.name: entry for entry in directory.entries}
    for page in content.launch_pages(course, entries):
        try:
            data = b"".join(read_entry(source, page))
        except Refused:
            continue
        yield from content.judge_page(page.name, data)


def _read_whole(source: ByteSource, entry: Entry) -> bytes:
    if entry.size > xml.LARGEST_BYTES:
        raise Refused(finding("xml.too-large", Place(entry.name), found=entry.size, limit=xml.LARGEST_BYTES))
    return b"".join(read_entry(source, entry))


def _manifest_entry(directory: Directory, report: Report) -> Entry:
    """The manifest: at the top of the zip and so named, or else the only one of its depth, with a note."""
    found = [entry for entry in directory.entries if entry.name.rpartition("/")[2].lower() == _MANIFEST]
    if not found:
        raise Refused(finding("package.no-manifest", guess=_other_kind(directory)))
    least = min(entry.name.count("/") for entry in found)
    nearest = [entry for entry in found if entry.name.count("/") == least]
    if len(nearest) > 1:
        raise Refused(finding("package.several-manifests", files=", ".join(entry.name for entry in nearest)))
    manifest = nearest[0]
    folder, _, name = manifest.name.rpartition("/")
    if folder:
        report.add(finding("package.manifest-in-folder", Place(manifest.name), folder=folder))
    if name != _MANIFEST:
        report.add(finding("package.manifest-name", Place(manifest.name), name=name))
    return manifest


def _other_kind(directory: Directory) -> str:
    names = {entry.name.lower() for entry in directory.entries}
    kind = next((kind for name, kind in _OTHER_KINDS.items() if name in names), "")
    return f"; this looks like {kind}" if kind else ""


def _with_right_codepage(
    source: ByteSource, limits: Limits, directory: Directory, report: Report, document: xml.Document
) -> tuple[Directory, Report]:
    """Names that do not say their encoding are read as the manifest spells them, where that tells."""
    raw_names = undecided_names(directory)
    if not raw_names:
        return directory, report
    wanted = {element.get("href", "") for element in document.root.iter("{*}resource", "{*}file")}
    codepage = max(_CODEPAGES, key=_hits(raw_names, wanted))
    if codepage == _CODEPAGES[0]:
        return directory, report
    again = read_directory(source, limits, codepage)
    known = set(directory.findings)
    kept = Report(one for one in report.findings() if one not in known)
    kept.extend(again.findings)
    return again, kept


def _hits(raw_names: list[bytes], wanted: set[str]) -> Callable[[str], int]:
    """How many names a code page turns into names that the manifest mentions."""

    def count(codepage: str) -> int:
        texts = (raw.decode(codepage, errors="replace").replace("\\", "/") for raw in raw_names)
        return sum(any(href.endswith(text) or text.endswith(href) for href in wanted) for text in texts)

    return count
