"""Looking into the content itself: what authors are glad to hear before their learners tell them.

Only notes come from here, never a refusal: pages are read as browsers read them. What browsers refuse to scripts and
styles is told by `browser_rules`.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import cast
from urllib.parse import unquote

from lxml import etree, html

from hub.media_types import media_type
from hub.scorm.spec.manifest.archive import Entry
from hub.scorm.spec.manifest.course import Course
from hub.scorm.spec.manifest.findings import LISTED_PER_CODE, Finding, Place
from hub.scorm.spec.manifest.hrefs import BadReference, Files, resolve
from hub.scorm.spec.manifest.rules import finding, found_elsewhere
from hub.scorm.spec.manifest.values import text_of

LARGE_FILE_BYTES = 100_000_000
#: Pages beyond this number or size are not looked into: a report is not worth a minute of a worker.
MOST_PAGES = 100
LARGEST_PAGE_BYTES = 500_000

_CAPTIONS = (".vtt", ".srt", ".ttml", ".dfxp")
_LOADING = (
    ("script", "src"),
    ("link", "href"),
    ("img", "src"),
    ("iframe", "src"),
    ("audio", "src"),
    ("video", "src"),
    ("source", "src"),
    ("embed", "src"),
    ("object", "data"),
)
_LOADED_LINKS = frozenset({"stylesheet", "icon", "preload", "modulepreload"})


def launch_pages(course: Course, entries: Mapping[str, Entry]) -> list[Entry]:
    """The HTML files that items launch, each once."""
    paths = (
        unquote(re.split(r"[?#]", item.href, maxsplit=1)[0])
        for organization in course.organizations
        for item, _ in organization.walk()
        if item.href
    )
    pages = (entries[path] for path in dict.fromkeys(paths) if path in entries)
    readable = (page for page in pages if media_type(page.name) == "text/html" and page.size <= LARGEST_PAGE_BYTES)
    return list(readable)[:MOST_PAGES]


def judge_files(course: Course, entries: Iterable[Entry], known: Container[str] = ()) -> Iterator[Finding]:
    """Notes on the files as the zip lists them; those `known` serve a purpose though no resource lists them."""
    listed = list(entries)
    for entry in listed:
        if entry.size > LARGE_FILE_BYTES:
            yield finding("file.large", Place(entry.name), file=entry.name, size=entry.size // 1_000_000)
    if course.standard != "video" or not any(entry.name.lower().endswith(".vtt") for entry in listed):
        yield from _videos_without_captions(listed)
    yield from _flash(listed)
    yield from _unlisted(course, [entry for entry in listed if entry.name not in known])


def judge_page(name: str, data: bytes, files: Files | None = None) -> Iterator[Finding]:
    """Notes on one launch page; `files` are the files of the package, where what it loads is to be found."""
    page = _parsed(data)
    if page is None:
        return
    text = _Text(name, data)
    root = page.getroottree().getroot()
    start = text.place(_line(root), "<html")
    if not (root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or "").strip():
        yield finding("page.language", start)
    if not text_of(root.find(".//title")):
        yield finding("page.title", start)
    without = [image for image in root.iter("img") if image.get("alt") is None]
    if without:
        yield finding("page.image-text", text.place(_line(without[0]), "<img"), count=len(without))
    yield from _loaded(root, text, files)


class _Text:
    """The text of a page, to tell the columns that the parser does not know."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._lines = data.decode("utf-8", "replace").lower().split("\n")

    def place(self, line: int, text: str) -> Place:
        """The place of a text in a line; the line alone where the text is not in it."""
        found = self._lines[line - 1].find(text.lower()) if 0 < line <= len(self._lines) else -1
        return Place(self.name, line, found + 1 if found >= 0 else None)


def _parsed(data: bytes) -> etree._Element | None:
    try:
        parsed = html.document_fromstring(data, parser=html.HTMLParser(no_network=True, huge_tree=False))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return parsed if isinstance(parsed.tag, str) else None


def _line(element: etree._Element) -> int:
    return cast(int | None, element.sourceline) or 1


def _videos_without_captions(entries: list[Entry]) -> Iterator[Finding]:
    captions = {_stem(entry.name) for entry in entries if entry.name.lower().endswith(_CAPTIONS)}
    videos = [entry.name for entry in entries if media_type(entry.name).startswith("video/")]
    # Captions are called after their video, often with a language: clip.en.vtt, clip_de.vtt.
    without = [name for name in videos if not any(one.startswith(_stem(name)) for one in captions)]
    if without:
        yield finding("file.captions", Place(without[0]), count=len(without), file=without[0])


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0].lower()


def _flash(entries: list[Entry]) -> Iterator[Finding]:
    films = [entry.name for entry in entries if entry.name.lower().endswith(".swf")]
    if films:
        yield finding("file.flash", Place(films[0]), count=len(films), file=films[0])


def _unlisted(course: Course, entries: list[Entry]) -> Iterator[Finding]:
    """Files that no resource lists, where the manifest lists files at all: many tools leave all of them out."""
    listed = {name for resource in course.resources for name in (*resource.files, resource.href) if name}
    if len(listed) < 2 or not any(resource.files for resource in course.resources):
        return
    schemas = (".xsd", ".dtd", "imsmanifest.xml")
    others = [entry.name for entry in entries if entry.name not in listed and not entry.name.lower().endswith(schemas)]
    if others:
        yield finding("file.unlisted", Place(others[0]), count=len(others), file=others[0])


def _loaded(root: etree._Element, text: _Text, files: Files | None) -> Iterator[Finding]:
    """What a page loads: by http, which a page that came by https must not (Mixed Content, W3C), or from nowhere."""
    folder = "" if root.find(".//base[@href]") is not None else text.name.rpartition("/")[0]
    counts = Counter[str]()
    for element, address in _loads(root):
        missing = None
        if address.lower().startswith("http://"):
            code = "page.insecure"
        elif re.match(r"(https?:)?//", address, re.IGNORECASE):
            code = "page.elsewhere"
        elif files is not None and (missing := _missing(folder, address, files)):
            code = "page.missing-file"
        else:
            continue
        counts[code] += 1
        if counts[code] <= LISTED_PER_CODE:  # To find its place costs far more than to find it.
            facts = {"guess": found_elsewhere(files.elsewhere(missing))} if files and missing else {}
            yield finding(code, text.place(_line(element), address), address=missing or address, **facts)


def _loads(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """What a page loads, each with its address as written."""
    for tag, attribute in _LOADING:
        for element in root.iter(tag):
            if tag != "link" or (element.get("rel") or "").lower() in _LOADED_LINKS:
                yield element, (element.get(attribute) or "").strip()


def _missing(folder: str, address: str, files: Files) -> str | None:
    """The file that a plain relative address means, if there is none; what scripts put together is not judged."""
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    if not path or re.search(r"[{}<>$]|^[a-z]+:|^/|/$", path, re.IGNORECASE):
        return None
    try:
        reference = resolve(folder, path)
    except BadReference:
        return None
    return reference.path if reference.found_in(files) is None else None
