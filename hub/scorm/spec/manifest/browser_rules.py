"""What browsers refuse to a course, which runs in a frame of another site and is served by https.

Every text file of a package is searched: launch pages and what they load first, then the others, up to a limit. What a
script does is guessed from what it says, so only notes come from here; code that says by itself what it does where the
browser refuses, and comments, are not blamed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from hub.media_types import media_type
from hub.scorm.spec.manifest.archive import Entry
from hub.scorm.spec.manifest.findings import Finding, Phrase, Place
from hub.scorm.spec.manifest.rules import finding

#: Beyond these a report is not worth the time of a worker.
LARGEST_TEXT_BYTES = 3_000_000
MOST_TEXT_BYTES = 16_000_000
MOST_TEXTS = 1_000
#: Places in one file that are looked at for one thing.
_MOST_PLACES = 200

_KINDS = {"text/html": "page", "application/xhtml+xml": "page", "text/javascript": "script", "text/css": "style"}
# What is not closed reaches to the end, and tags are of bounded length: searching takes time in proportion to the text.
_SCRIPT = re.compile(r"<script\b([^<>]{0,2000})>(.*?)(?:</script|\Z)", re.IGNORECASE | re.DOTALL)
_STYLE = re.compile(r"<style\b[^<>]{0,2000}>(.*?)(?:</style|\Z)", re.IGNORECASE | re.DOTALL)
_DATA_TYPE = re.compile(r"\btype\s*=\s*['\"]?[^'\"> ]*(?:json|template|html|xml|glsl|shader)", re.IGNORECASE)
_HANDLER = re.compile(r"\bon[a-z]{2,30}\s{0,9}=\s{0,9}(\"[^\"]{1,4000}\"|'[^']{1,4000}')", re.IGNORECASE)
_STYLE_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_MARKUP_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
#: A link that stays in the frame; one with a target leaves it, and may lead to http.
_LINK = re.compile(
    r"<a\b[^<>]{0,2000}?\bhref\s{0,9}=\s{0,9}['\"]?(http://[^'\"\s<>]{1,2000})[^<>]{0,2000}>", re.IGNORECASE
)
_TARGET = re.compile(r"\btarget\s*=", re.IGNORECASE)
_LOADED = re.compile(
    r"<(?:script|link|img|iframe|audio|video|source|embed|object|frame)\b[^<>]{0,2000}?\b(?:src|href|data)"
    r"\s{0,9}=\s{0,9}['\"]?([^'\"\s<>]{1,2000})",
    re.IGNORECASE,
)
_STYLE_LOADS = re.compile(r"(?:url\(\s{0,9}['\"]?|@import\s{1,9}['\"])(http://[^'\"\s)]{1,2000})", re.IGNORECASE)
_SCRIPT_LOADS = re.compile(
    r"(?:\.src\s*=|\b(?:fetch|import|importScripts|getScript|getJSON|Worker|EventSource)\(|\bWebSocket\("
    r"|\.open\(\s*['\"](?:GET|POST)['\"]\s*,)\s{0,9}['\"]((?:http|ws)://[^'\"\s]{1,2000})"
)


@dataclass(frozen=True, slots=True)
class _Feature:
    """What browsers block: the words for it, and how code shows that it uses it.

    `trace` is text that is always part of it, found faster than the `pattern`. `fallback` in the same file shows that
    the code finds out whether the feature is there.
    """

    what: Phrase
    instead: Phrase
    trace: bytes
    pattern: re.Pattern[str]
    fallback: re.Pattern[str] | None = None


def _feature(what: Phrase, instead: Phrase, trace: str, pattern: str, fallback: str = "") -> _Feature:
    return _Feature(what, instead, trace.encode(), re.compile(pattern), re.compile(fallback) if fallback else None)


#: What browsers refuse to a frame of another site, or are about to, and what content does instead.
_FEATURES = (
    _feature(
        Phrase("synchronous requests"),
        Phrase("fetch, or requests that do not block"),
        ".open(",
        r"\.open\(\s*['\"](?:GET|POST|PUT)['\"]\s*,[^;)]{0,300},\s*(?:false|!1)\s*[,)]",
    ),
    _feature(Phrase("document.domain"), Phrase("postMessage"), "document.domain", r"\bdocument\.domain\s*=(?!=)"),
    _feature(
        Phrase("alert, confirm or prompt"),
        Phrase("a message in the page itself"),
        "",
        r"(?<![\w.$])(?:window\.)?(?:alert|confirm|prompt)\s*\(\s*['\"]",
    ),
    _feature(
        Phrase("the top window"),
        Phrase("the frame it runs in"),
        "top.",
        r"(?<![\w.$])(?:window\.)?top\.(?:location(?:\.href|\.replace\()?\s*[=(]|(?:close|moveTo|resizeTo)\s*\(|document\b)",
        r"\btry\b[^}]{0,200}\btop\.|(?:self|window)\s*!==?\s*(?:window\.)?top|top\s*!==?\s*(?:window\.)?(?:self|window)",
    ),
    _feature(
        Phrase("the position of the learner"),
        Phrase("asking the learner"),
        "geolocation",
        r"\bnavigator\.geolocation\.\w+\(",
    ),
    _feature(
        Phrase("devices (Bluetooth, USB, serial, MIDI)"),
        Phrase("nothing: no page in a frame gets them"),
        "navigator.",
        r"\bnavigator\.(?:(?:bluetooth|usb|serial|hid)\.request\w+|requestMIDIAccess)\s*\(",
    ),
    _feature(Phrase("a picture of the screen"), Phrase("an upload"), "getDisplayMedia", r"\.getDisplayMedia\s*\("),
    _feature(
        Phrase("the clipboard"),
        Phrase("a field to paste into"),
        "clipboard.read",
        r"\bnavigator\.clipboard\.read(?:Text)?\s*\(",
    ),
    _feature(
        Phrase("notifications"),
        Phrase("a message in the page"),
        "requestPermission",
        r"\bNotification\.requestPermission\s*\(",
    ),
    _feature(
        Phrase("showModalDialog"),
        Phrase("a dialog element"),
        "showModalDialog",
        r"\bshowModalDialog\s*\(",
        r"(?:if\s*\(\s*|[!&|?]\s*)(?:window\.)?showModalDialog\b|typeof\s+(?:window\.)?showModalDialog",
    ),
    _feature(
        Phrase("ActiveX"),
        Phrase("HTML5"),
        "ActiveXObject",
        r"\bnew\s+(?:window\.)?ActiveXObject\b",
        r"XMLHttpRequest|DOMParser|window\.ActiveXObject|ActiveXObject['\"]\s*in\b|typeof\s+ActiveXObject|\bcatch\b|plugins",
    ),
    _feature(
        Phrase("a popup when it opens"),
        Phrase("a link or button that opens it"),
        "window.open(",
        r"\bonload\s*=\s*[^;]{0,80}window\.open\(",
    ),
    _feature(
        Phrase("cookies"),
        Phrase("suspend_data, which the learning platform keeps"),
        "document.cookie",
        r"\bdocument\.cookie\s*=(?!=)",
    ),
    _feature(
        Phrase("the event unload"),
        Phrase("pagehide, or a commit after each step"),
        "unload",
        r"\baddEventListener\(\s*['\"]unload['\"]|\.on\(\s*['\"]unload['\"]|\bonunload\s*=(?!=)",
        r"beforeunload|pagehide|visibilitychange",
    ),
)
_ALERTS = (b"alert", b"confirm", b"prompt")


@dataclass(slots=True)
class _Seen:
    """Something that several files do: where it was found first, and in how many."""

    first: Place
    count: int = 0


@dataclass(slots=True)
class _Search:
    blocked: dict[int, _Seen] = field(default_factory=dict)
    links: list[tuple[Place, str]] = field(default_factory=list)


def judge(
    entries: Iterable[Entry], launched: Iterable[Entry], load: Callable[[Entry], bytes | None]
) -> Iterator[Finding]:
    """Notes on all text files; `load` gives the bytes of one, or None where they are damaged."""
    search = _Search()
    known = {entry.name: entry for entry in entries}
    pages = [entry.name for entry in launched]
    for name, data in _texts(known, pages, load):
        text = _Text(name, data)
        yield from _insecure(text, is_launched=name in pages)
        _note_features(text, search)
    yield from _told(search)


def _told(search: _Search) -> Iterator[Finding]:
    for index, seen in sorted(search.blocked.items()):
        feature = _FEATURES[index]
        facts = {"what": feature.what, "instead": feature.instead, "count": seen.count, "file": seen.first.file}
        yield finding("page.blocked", seen.first, **facts)
    if search.links:
        place, address = search.links[0]
        yield finding("page.http-link", place, count=len(search.links), address=address)


def _texts(
    entries: Mapping[str, Entry], pages: list[str], load: Callable[[Entry], bytes | None]
) -> Iterator[tuple[str, bytes]]:
    """Text files with their bytes: launch pages, what these load, then the others, as far as the limits go."""
    left, count, done = MOST_TEXT_BYTES, 0, set[str]()
    waiting = [*reversed([*pages, *entries])]
    while waiting and count < MOST_TEXTS:
        name = waiting.pop()
        entry = entries.get(name)
        if entry is None or name in done or media_type(name) not in _KINDS:
            continue
        done.add(name)
        if entry.size > min(LARGEST_TEXT_BYTES, left):
            continue
        data = load(entry)
        if data is None:
            continue
        left, count = left - entry.size, count + 1
        if name in pages:
            waiting += reversed(_loaded_by(name, data))
        yield name, data


def _loaded_by(name: str, data: bytes) -> list[str]:
    """Files that a page loads, as far as they are named plainly."""
    folder = name.rpartition("/")[0]
    addresses = _LOADED.findall(data.decode("utf-8", "replace"))
    paths = (re.split(r"[?#]", address, maxsplit=1)[0].removeprefix("./") for address in addresses)
    return [f"{folder}/{path}" if folder else path for path in paths]


class _Text:
    """A text file, decoded only when something of interest may be in it."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.kind = _KINDS[media_type(name)]
        self.data = data

    @cached_property
    def text(self) -> str:
        """The text, with comments of markup and styles blanked out, so that places stay."""
        text = self.data.decode("utf-8", "replace")
        comment = {"page": _MARKUP_COMMENT, "style": _STYLE_COMMENT}.get(self.kind)
        return comment.sub(_blank, text) if comment else text

    def place(self, offset: int) -> Place:
        """The place of a character."""
        before = self.text[:offset]
        return Place(self.name, before.count("\n") + 1, offset - before.rfind("\n"))

    @cached_property
    def scripts(self) -> list[tuple[int, int]]:
        """From where to where the file is a script."""
        if self.kind == "script":
            return [(0, len(self.text))]
        if self.kind == "style":
            return []
        elements = (one.span(2) for one in _SCRIPT.finditer(self.text) if not _DATA_TYPE.search(one[1]))
        return [*elements, *(one.span(1) for one in _HANDLER.finditer(self.text))]

    @cached_property
    def styles(self) -> list[tuple[int, int]]:
        """From where to where the file is a style sheet."""
        if self.kind == "style":
            return [(0, len(self.text))]
        return [one.span(1) for one in _STYLE.finditer(self.text)] if self.kind == "page" else []

    def find(self, pattern: re.Pattern[str], parts: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
        """Where the pattern is in those parts, but not in comments."""
        found = (one for start, end in parts for one in pattern.finditer(self.text, start, end))
        is_script = parts is self.scripts
        return (one for one in islice(found, _MOST_PLACES) if not (is_script and _is_comment(self.text, one.start())))


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]+", lambda line: " " * len(line[0]), found[0])


def _insecure(text: _Text, *, is_launched: bool) -> Iterator[Finding]:
    """What is loaded by http, which a page that came by https must not (Mixed Content, W3C).

    What the markup of launch pages loads is told by `content`, which reads it as browsers do.
    """
    if b"http://" not in text.data and b"ws://" not in text.data:
        return
    for found in text.find(_STYLE_LOADS, text.styles):
        yield finding("page.insecure", text.place(found.start(1)), address=found[1])
    for found in text.find(_SCRIPT_LOADS, text.scripts):
        yield finding("script.insecure", text.place(found.start(1)), address=found[1])
    if text.kind == "page" and not is_launched:
        for found in text.find(_LOADED, [(0, len(text.text))]):
            if found[1].lower().startswith("http://") and _is_loaded(found[0]):
                yield finding("page.insecure", text.place(found.start(1)), address=found[1])


def _is_loaded(tag: str) -> bool:
    is_link = tag[:5].lower() == "<link"
    return not is_link or re.search(r"rel\s*=\s*['\"]?(?:stylesheet|icon|preload|modulepreload)", tag, re.I) is not None


def _note_features(text: _Text, search: _Search) -> None:
    if text.kind == "page" and b"http://" in text.data:
        for found in text.find(_LINK, [(0, len(text.text))]):
            if not _TARGET.search(found[0]):
                search.links.append((text.place(found.start(1)), found[1]))
    if text.kind == "style":
        return
    for index, feature in enumerate(_FEATURES):
        if not (feature.trace in text.data if feature.trace else any(word in text.data for word in _ALERTS)):
            continue
        found_one = next(text.find(feature.pattern, text.scripts), None)
        if found_one is None or (feature.fallback and feature.fallback.search(text.text)):
            continue
        seen = search.blocked.setdefault(index, _Seen(text.place(found_one.start())))
        seen.count += 1


def _is_comment(text: str, at: int) -> bool:
    """Whether a comment of a script reaches to `at`. A string that looks like a comment's begin may mislead this."""
    line = text[max(text.rfind("\n", 0, at) + 1, at - 2_000) : at]
    if re.search(r"(^|[^:'\"\\])//", line):
        return True
    opened = text.rfind("/*", max(0, at - 20_000), at)
    return opened >= 0 and text.find("*/", opened, at) < 0
