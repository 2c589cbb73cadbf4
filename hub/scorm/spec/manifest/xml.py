"""Reading the XML of strangers: any declared encoding, no DTD, no entities, no network, bounded depth.

lxml builds the tree. A second, lazy pass with expat tells where each element begins, because lxml knows lines only;
it runs when there is something to report.
"""

import codecs
import re
from functools import cached_property
from typing import cast
from xml.parsers import expat

from lxml import etree

from hub.scorm.spec.manifest.findings import Finding, Phrase, Place, Refused
from hub.scorm.spec.manifest.rules import finding

LARGEST_BYTES = 10 * 1024 * 1024
#: Start and end tags together: a course of 10,000 items has some 100,000, and each costs memory in the tree.
MOST_TAGS = 600_000
#: Of one element: a thousand times what any standard has, and each is looked for among all of them.
MOST_ATTRIBUTES = 1_000
_OVERLOADED = etree.XPath(f"//*[count(@*) > {MOST_ATTRIBUTES}]")
#: libxml2 refuses deeper nesting by itself.
DEEPEST = 256

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: First bytes of "<?" or "<x" without a byte order mark (XML 1.0 appendix F.1).
_SHAPES = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")
#: Encodings of documents; Python has others that are not (zip, idna, escapes) or are costly to decode.
_DOCUMENT_ENCODINGS = re.compile(
    r"^(ascii|utf[-_]?(8|16|32)|iso8859|latin|cp\d|windows|mac|koi8|gb|big5|euc|shift|iso2022|tis|johab|hp_roman)", re.I
)
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ROOT_NAME = re.compile(r"<[^\s/>]+")
_UNDECLARED = re.compile(r"Namespace prefix (\S+) ")

_KNOWN_PREFIXES = {
    "adlcp": "http://www.adlnet.org/xsd/adlcp_v1p3",
    "adlseq": "http://www.adlnet.org/xsd/adlseq_v1p3",
    "adlnav": "http://www.adlnet.org/xsd/adlnav_v1p3",
    "imsss": "http://www.imsglobal.org/xsd/imsss",
    "imsmd": "http://www.imsglobal.org/xsd/imsmd_rootv1p2p1",
    "lom": "http://ltsc.ieee.org/xsd/LOM",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_PREFIXES_MENDED = 8


class Document:
    """A parsed file: its root element, what was found on the way, and where each element is."""

    def __init__(self, file: str, text: str, root: etree._Element, findings: tuple[Finding, ...]) -> None:
        self.file = file
        self.root = root
        self.findings = findings
        self._text = text

    def place(self, element: etree._Element) -> Place:
        """Line and column where the element's start tag begins; it must still be in the tree."""
        number = self._numbers.get(element)
        if number is None or number >= len(self._positions):
            return Place(self.file, element.sourceline)  # type: ignore[arg-type]  # lxml-stubs leave it open
        line, column = self._positions[number]
        return Place(self.file, line, column)

    @cached_property
    def _numbers(self) -> dict[etree._Element, int]:
        return {element: number for number, element in enumerate(self.root.iter(etree.Element))}

    @cached_property
    def _positions(self) -> list[tuple[int, int]]:
        """1-based line and column of every start tag, in document order."""
        found: list[tuple[int, int]] = []
        parser = expat.ParserCreate("utf-8")

        def note(_name: str, _attributes: dict[str, str]) -> None:
            found.append((parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))

        parser.StartElementHandler = note
        try:
            parser.Parse(self._text.encode(), True)
        except expat.ExpatError:  # lxml took what expat does not: the lines that lxml knows must do.
            return []
        return found


def parse(data: bytes, file: str) -> Document:
    """Parse one file of a package. Raises `Refused` for what is malformed, dangerous or not readable as text."""
    if len(data) > LARGEST_BYTES:
        raise Refused(finding("xml.too-large", Place(file), found=len(data), limit=LARGEST_BYTES))
    text, findings = _decode(data, file)
    _refuse_doctype(text, file)
    tags = text.count("<")
    if tags > MOST_TAGS:
        raise Refused(finding("xml.too-many-tags", Place(file), found=tags, limit=MOST_TAGS))
    root, mended = _tree(text, file)
    document = Document(file, text, root, (*findings, *mended))
    _refuse_overloaded(document)
    return document


def decoded(data: bytes, file: str) -> str:
    """The text of a file as `parse` reads it. Raises `Refused` for what is not readable as text."""
    return _decode(data, file)[0]


def _decode(data: bytes, file: str) -> tuple[str, list[Finding]]:
    """The text, by byte order mark, shape of the first bytes, or declaration (XML 1.0 4.3.3 and appendix F)."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding, file), [_note_on(encoding, file, has_mark=True)]
    for shape, encoding in _SHAPES:
        if data.startswith(shape):
            return _strict(data, encoding, file), [_note_on(encoding, file)]
    declared = _declared_encoding(data, file)
    try:
        text = data.decode(declared)
        return text, [] if data.isascii() or _is_utf8(declared) else [_note_on(declared, file)]
    except UnicodeDecodeError:
        return _mended(data, declared, file)


def _note_on(encoding: str, file: str, *, has_mark: bool = False) -> Finding:
    """The note for what is right and yet not what every system takes: a mark, or another encoding than UTF-8."""
    if has_mark and _is_utf8(encoding):
        return finding("xml.byte-order-mark", Place(file, 1, 1))
    return finding("xml.encoding-other", Place(file, 1, 1), encoding=encoding.upper())


def _is_utf8(encoding: str) -> bool:
    return encoding.lower() in {"utf-8", "utf8"}


def _strict(data: bytes, encoding: str, file: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused(finding("xml.encoding", Place(file), encoding=encoding.upper())) from error


def _declared_encoding(data: bytes, file: str) -> str:
    """What the XML declaration says; UTF-8 where it says nothing or the impossible.

    A declaration that can be read byte by byte is not UTF-16, whatever it says: tools that transcode a manifest
    often leave the old declaration behind.
    """
    match = _DECLARATION.match(data[:1024])
    name = match[1].decode() if match else "utf-8"
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = ""
    if not _DOCUMENT_ENCODINGS.match(codec):
        raise Refused(finding("xml.encoding-unknown", Place(file, 1, 1), encoding=name))
    return "utf-8" if codec.startswith(("utf-16", "utf-32")) else codec


def _mended(data: bytes, declared: str, file: str) -> tuple[str, list[Finding]]:
    """Text that is not in its declared encoding: UTF-8 if it is that, else the Windows code page of most old tools."""
    for encoding in ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        note = finding("xml.encoding-mended", Place(file, 1, 1), declared=declared.upper(), encoding=encoding.upper())
        return text, [note]
    raise Refused(finding("xml.encoding", Place(file), encoding=declared.upper()))


def _refuse_doctype(text: str, file: str) -> None:
    """A DTD can only stand before the root element (XML 1.0 2.8), so the prolog is all we need to look at."""
    end = _end_of_prolog(text)
    if text[end : end + 9].upper() == "<!DOCTYPE":
        line = text.count("\n", 0, end) + 1
        column = end - text.rfind("\n", 0, end)
        raise Refused(finding("xml.doctype", Place(file, line, column)))


def _refuse_overloaded(document: Document) -> None:
    overloaded = cast(list[etree._Element], _OVERLOADED(document.root))
    if overloaded:
        element = overloaded[0]
        facts = {"name": etree.QName(element).localname, "found": len(element.attrib), "limit": MOST_ATTRIBUTES}
        raise Refused(finding("xml.too-many-attributes", document.place(element), **facts))


def _end_of_prolog(text: str) -> int:
    """Where the first thing begins that is no white space, comment or processing instruction."""
    prolog = _PROLOG.match(text)
    return prolog.end() if prolog else 0


def _tree(text: str, file: str) -> tuple[etree._Element, list[Finding]]:
    """The tree; prefixes that nobody declared are declared as what they are usually meant for."""
    mended: list[Finding] = []
    for _ in range(_PREFIXES_MENDED):
        parser = etree.XMLParser(
            encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
        )
        try:
            return etree.fromstring(text.encode(), parser), mended
        except etree.XMLSyntaxError as error:
            prefix = _UNDECLARED.match(error.msg or "")
            if prefix is None:
                raise Refused(_syntax_finding(error, file)) from error
            namespace = _KNOWN_PREFIXES.get(prefix[1], f"urn:undeclared:{prefix[1]}")
            text = _declaring(text, prefix[1], namespace)
            mended.append(finding("xml.prefix-mended", _place(error, file), prefix=prefix[1], namespace=namespace))
    raise Refused(finding("xml.malformed", Place(file), what=Phrase("too many prefixes are not declared")))


def _declaring(text: str, prefix: str, namespace: str) -> str:
    """The text with one more namespace declaration on its root element."""
    root = _ROOT_NAME.search(text, _end_of_prolog(text))
    end = root.end() if root else 0
    return f'{text[:end]} xmlns:{prefix}="{namespace}"{text[end:]}'


def _place(error: etree.XMLSyntaxError, file: str) -> Place:
    line, column = error.position
    return Place(file, line or 1, column or 1)


def _syntax_finding(error: etree.XMLSyntaxError, file: str) -> Finding:
    place = _place(error, file)
    if "Excessive depth" in (error.msg or ""):
        return finding("xml.too-deep", place, limit=DEEPEST)
    what = re.sub(r",? line \d+, column \d+.*$", "", error.msg or "unreadable").strip()
    return finding("xml.malformed", place, what=what)
