"""What is no package and yet a course: one PDF, one MP4, or the pages of a web site.

Each becomes a course of one SCO, shown by the player's own viewer (hub/scorm/player), which speaks the run-time of
SCORM 2004: how much was seen is its `cmi.progress_measure`, and the completion threshold of the item decides
(RTE 4.2.4.1). So nothing behind the reader needs to know of them but what the viewer opens.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from hub.media_types import media_type
from hub.scorm.spec.manifest import mp4
from hub.scorm.spec.manifest.archive import ByteSource, Entry, read_entry, whole_file
from hub.scorm.spec.manifest.course import (
    CompletionThreshold,
    ControlMode,
    Course,
    DeliveryControls,
    Item,
    Organization,
    Sequencing,
)
from hub.scorm.spec.manifest.findings import Finding, Place
from hub.scorm.spec.manifest.rules import finding

Kind = Literal["pdf", "video", "web"]

#: How much of it is to be seen: nine tenths leave room for credits and for an imprint that nobody opens.
ENOUGH = 0.9

#: What an upload that came alone is called in its course.
_NAMES: dict[Kind, str] = {"pdf": "document.pdf", "video": "video.mp4", "web": "index.html"}
_HEAD_BYTES, _TAIL_BYTES = 1024, 64 * 1024
_HTML = re.compile(rb"^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.I | re.S)
_MANIFEST_TRACES = re.compile(
    r"(^|/)((adlcp|imscp|imsmd|imsss|adlseq|adlnav|ims_xml)[^/]*\.xsd|[^/]*manifest[^/]*\.xml[^/]*)$", re.I
)
#: What systems add to zips and nobody means.
_DEBRIS = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._[^/]*$)", re.I)
_FIRST_PAGES = ("index.html", "index.htm")
#: What tools for courses leave in their exports for the web, to tell the author of the better export.
_TOOL_TRACES = {
    "story_content/": "Storyline",
    "lib/rise/": "Rise",
    "assets/js/cpm.js": "Captivate",
    "data/browsersupport.js": "iSpring",
    "adapt/": "Adapt",
    "content.xml": "eXeLearning",
    "h5p/": "H5P",
}
#: What captions begin with: WebVTT 1.0 section 4.1; SubRip by a number and a time, as players take it.
_CAPTIONS = {
    "text/vtt": re.compile(rb"WEBVTT(\s|$)"),
    "application/x-subrip": re.compile(rb"\s*(\d+\s+)?\d{1,3}:\d\d:\d\d[,.]\d{1,3}\s*-->"),
}
_LANGUAGE = re.compile(r"[._-]([A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?)$")


@dataclass(frozen=True, slots=True)
class Medium:
    """What the viewer opens: the file, its kind, and for a video what goes with it."""

    kind: Kind
    file: Entry
    poster: Entry | None = None
    captions: tuple[Entry, ...] = ()


def of_file(source: ByteSource, name: str) -> Medium | None:
    """What a file that is no zip is, by its first bytes; None when it is nothing that can be shown.

    A page counts only when it is called one: what should be a zip and begins with HTML is some server's error page.
    """
    head = source.read(0, _HEAD_BYTES)
    kind: Kind | None = None
    if head.lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith(b"%PDF-"):
        kind = "pdf"
    elif mp4.is_mp4(head):
        kind = "video"
    elif _HTML.match(head.removeprefix(b"\xef\xbb\xbf")) and media_type(name) == "text/html":
        kind = "web"
    return Medium(kind, whole_file(_NAMES[kind], source)) if kind else None


def of_archive(entries: Sequence[Entry]) -> Medium | None:
    """What a zip without a manifest holds, if that is one document, one video or a web site.

    A zip with traces of a manifest is a package that lost it, and is not taken for anything else.
    """
    meant = [entry for entry in entries if not _DEBRIS.search(entry.name)]
    if any(_MANIFEST_TRACES.search(entry.name) for entry in meant):
        return None
    return _web_site(meant) or _document(meant) or _video(meant)


def _web_site(entries: list[Entry]) -> Medium | None:
    """The first page that is nearest to the top; a site that was zipped with its folder has it one deeper."""
    pages = [entry for entry in entries if entry.name.rpartition("/")[2].lower() in _FIRST_PAGES]
    nearest = min(pages, key=lambda entry: (entry.name.count("/"), entry.name), default=None)
    if nearest is None:
        alone = [entry for entry in entries if media_type(entry.name) == "text/html" and "/" not in entry.name]
        nearest = alone[0] if len(alone) == 1 else None
    return Medium("web", nearest) if nearest is not None else None


def _document(entries: list[Entry]) -> Medium | None:
    is_one = len(entries) == 1 and media_type(entries[0].name) == "application/pdf"
    return Medium("pdf", entries[0]) if is_one else None


def _video(entries: list[Entry]) -> Medium | None:
    """One MP4 with at most a picture and captions beside it."""
    films = [entry for entry in entries if media_type(entry.name) == "video/mp4"]
    pictures = [entry for entry in entries if media_type(entry.name).startswith("image/")]
    captions = [entry for entry in entries if media_type(entry.name) in _CAPTIONS]
    if len(films) != 1 or len(pictures) > 1 or len(films) + len(pictures) + len(captions) != len(entries):
        return None
    return Medium("video", films[0], pictures[0] if pictures else None, tuple(captions))


def course(medium: Medium, title: str) -> Course:
    """The course of one SCO that the medium becomes."""
    # The viewer says what was achieved; nothing is to be made up when it ends without a word (SN UP.4).
    delivery = DeliveryControls(completion_set_by_content=True, objective_set_by_content=True)
    item = Item(
        identifier="medium",
        title=title,
        resource="medium",
        href=quote(medium.file.name, safe="/"),
        scorm_type="sco",
        launch_data=_launch_data(medium),
        completion_threshold=CompletionThreshold(completed_by_measure=True, min_progress_measure=ENOUGH),
        sequencing=Sequencing(delivery_controls=delivery),
    )
    flowing = Sequencing(control_mode=ControlMode(flow=True))
    return Course(
        standard=medium.kind,
        edition=None,
        identifier="course",
        version=None,
        title=title,
        description="",
        language=None,
        default_organization="course",
        organizations=(Organization("course", title, (item,), sequencing=flowing),),
        resources=(),
    )


def title_of(archive_name: str) -> str:
    """A title from the name of the file that was uploaded: without its extension, underscores read as blanks."""
    stem = re.sub(r"\.(zip|pdf|mp4|m4v|html?)$", "", archive_name, flags=re.I)
    return " ".join(stem.replace("_", " ").split()) or "Course"


def notes(source: ByteSource, medium: Medium, entries: Sequence[Entry]) -> Iterator[Finding]:
    """What its author should know; errors where nobody could ever see it."""
    judges: dict[str, Callable[[], Iterator[Finding]]] = {
        "pdf": lambda: _pdf_notes(source, medium.file),
        "video": lambda: _video_notes(source, medium),
        "web": lambda: _web_notes(medium, entries),
    }
    yield from judges[medium.kind]()


def _pdf_notes(source: ByteSource, file: Entry) -> Iterator[Finding]:
    """Whether the PDF is whole, and whether it is protected (ISO 32000-2 7.5.5, 7.6)."""
    head, tail, is_protected = b"", b"", False
    for piece in read_entry(source, file):
        head = head or piece[:_HEAD_BYTES]
        is_protected = is_protected or b"/Encrypt" in tail[-16:] + piece
        tail = (tail + piece)[-_TAIL_BYTES:]
    at = Place(file.name)
    if b"%PDF-" not in head:
        yield finding("media.not-what-it-says", at, file=file.name, kind="PDF")
    elif b"startxref" not in tail:
        yield finding("media.truncated", at, kind="PDF")
    elif is_protected:
        yield finding("media.protected", at)


def _video_notes(source: ByteSource, medium: Medium) -> Iterator[Finding]:
    yield from mp4.judge(read_entry(source, medium.file), medium.file.size, medium.file.name)
    for captions in medium.captions:
        start = next(iter(read_entry(source, captions)), b"").removeprefix(b"\xef\xbb\xbf")
        if not _CAPTIONS[media_type(captions.name)].match(start):
            yield finding("media.captions", Place(captions.name), file=captions.name)


def _web_notes(medium: Medium, entries: Sequence[Entry]) -> Iterator[Finding]:
    names = [entry.name for entry in entries]
    tool = next((tool for trace, tool in _TOOL_TRACES.items() if any(trace in name for name in names)), None)
    if tool is not None:
        yield finding("media.tool", Place(medium.file.name), tool=tool)
    yield finding("media.web", Place(medium.file.name), file=medium.file.name)


def _launch_data(medium: Medium) -> str | None:
    """What the viewer is told besides the address of the file: poster and captions of a video, as JSON."""
    if medium.kind != "video":
        return None
    captions = [{"file": quote(one.name, safe="/"), "language": _language(one.name)} for one in medium.captions]
    poster = quote(medium.poster.name, safe="/") if medium.poster else None
    return json.dumps({"poster": poster, "captions": captions})


def _language(name: str) -> str:
    """The language tag (BCP 47) at the end of a file's stem, as in clip.en.vtt or clip_pt-BR.vtt; empty without."""
    found = _LANGUAGE.search(name.rpartition("/")[2].rpartition(".")[0])
    return found[1] if found else ""
