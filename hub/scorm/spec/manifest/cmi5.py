"""Reading a cmi5 course structure (cmi5 sections 3, 8.1, 13 and 14), from a package or as a file of its own.

cmi5 leaves no room for tolerance: whatever the schema or the text of the standard calls wrong refuses the course. What
is not in cmi5's namespace is an extension (13.1.5) and is passed over.
"""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from hub.scorm.spec.manifest import schema
from hub.scorm.spec.manifest.course import AssignableUnit, Course, CourseObjective, Item, Organization
from hub.scorm.spec.manifest.findings import Phrase, Report
from hub.scorm.spec.manifest.hrefs import BadReference, Files, resolve
from hub.scorm.spec.manifest.rules import finding, found_elsewhere
from hub.scorm.spec.manifest.schema_tables import CMI5
from hub.scorm.spec.manifest.values import NotAllowed, decimal, text_of
from hub.scorm.spec.manifest.xml import Document

NAMESPACE = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
_N = f"{{{NAMESPACE}}}"

_MOVE_ON = ("NotApplicable", "Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed")
_LAUNCH_METHODS = ("AnyWindow", "OwnWindow")
#: Query parameters that the LMS adds at launch (8.1).
_LAUNCH_PARAMETERS = frozenset({"endpoint", "fetch", "actor", "registration", "activityId"})
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NOT_IN_URLS = re.compile(r"[\s<>\"{}|\\^`]")
_TAG = Phrase("a language tag such as en or de-AT")
_FOUR_PLACES = re.compile(r"\d*(\.\d{0,4}0*)?")


def read(document: Document, folder: str, files: Files | None, report: Report) -> Course | None:
    """The course; `files` are those of the package, None for a course structure that came alone."""
    root = document.root
    if root.tag != f"{_N}courseStructure":
        report.add(finding("cmi5.root", document.place(root), name=etree.QName(root).localname))
        return None
    return _Reader(document, folder, files, report).course()


class _Reader:
    """One reading of one course structure."""

    def __init__(self, document: Document, folder: str, files: Files | None, report: Report) -> None:
        self._document = document
        self._folder = folder
        self._files = files
        self._report = report
        self._objectives: dict[str, CourseObjective] = {}
        self._first: dict[str, etree._Element] = {}

    def course(self) -> Course | None:
        """The whole structure; None when it has no course element to speak of."""
        root = self._document.root
        self._check_schema(root)
        course = root.find(f"{_N}course")
        if course is None:
            return None
        identifier = self._identifier(course, "course")
        for objective in root.iterfind(f"{_N}objectives/{_N}objective"):
            self._read_objective(objective)
        titles = self._texts(course, "title")
        outline = Organization(identifier, _first_text(titles) or identifier, self._items(root))
        return Course(
            standard="cmi5",
            edition=None,
            identifier=identifier,
            version=None,
            title=outline.title,
            description=_first_text(self._texts(course, "description")),
            language=next(iter(titles), None) or None,
            default_organization=identifier,
            organizations=(outline,),
            resources=(),
            titles=titles,
            descriptions=self._texts(course, "description"),
            objectives=tuple(self._objectives.values()),
        )

    def _add(self, code: str, at: etree._Element, /, **facts: object) -> None:
        self._report.add(finding(code, self._document.place(at), **facts))

    # --- the schema

    def _check_schema(self, root: etree._Element) -> None:
        """Whatever the schema of course structures calls wrong; the values have words of their own below."""
        for fault in schema.faults(root, {NAMESPACE: "cmi5"}, CMI5):
            if fault.kind == "element":
                self._add("cmi5.element", fault.at, parent=fault.owner, what=fault.what)
            elif fault.kind == "attribute" and fault.name != "id":
                self._add("cmi5.attribute", fault.at, element=fault.owner, name=fault.name, what=fault.what)
            elif fault.owner == "langstring":
                self._add("cmi5.value", fault.at, name=fault.name, found=fault.at.get("lang"), allowed=_TAG)

    def _identifier(self, element: etree._Element, kind: str) -> str:
        identifier = element.get("id", "").strip()
        if not _IRI.fullmatch(identifier):
            self._add("cmi5.iri", element, kind=kind, found=identifier)
        other = self._first.setdefault(identifier, element)
        if other is not element:
            line = self._document.place(other).line
            self._add("cmi5.duplicate", element, identifier=identifier, line_of_first=line)
        return identifier

    def _texts(self, element: etree._Element, name: str) -> dict[str, str]:
        """The texts of a title or description by language, the first one first."""
        found = element.findall(f"{_N}{name}/{_N}langstring")
        texts = {one.get("lang", "").strip(): text_of(one) for one in reversed(found)}
        return dict(reversed(texts.items()))

    def _value(self, element: etree._Element, name: str, allowed: Sequence[str]) -> str:
        text = element.get(name, allowed[0]).strip()
        if text not in allowed:
            self._add(
                "cmi5.value", element, name=name, found=text, allowed=Phrase("one of {words}", words=", ".join(allowed))
            )
        return text

    # --- objectives, blocks and AUs

    def _read_objective(self, element: etree._Element) -> None:
        identifier = self._identifier(element, "objective")
        titles, descriptions = self._texts(element, "title"), self._texts(element, "description")
        self._objectives[identifier] = CourseObjective(identifier, titles, descriptions)

    def _items(self, parent: etree._Element) -> tuple[Item, ...]:
        found = [child for child in _own_children(parent) if etree.QName(child).localname in {"au", "block"}]
        return tuple(self._item(child, etree.QName(child).localname) for child in found)

    def _item(self, element: etree._Element, kind: str) -> Item:
        identifier = self._identifier(element, "AU" if kind == "au" else kind)
        titles = self._texts(element, "title")
        parameters = element.find(f"{_N}launchParameters")
        return Item(
            identifier=identifier,
            title=_first_text(titles) or identifier,
            items=self._items(element) if kind == "block" else (),
            href=self._address(element) if kind == "au" else None,
            launch_data=text_of(parameters) if parameters is not None else None,
            titles=titles,
            descriptions=self._texts(element, "description"),
            objectives=self._references(element),
            au=self._unit(element) if kind == "au" else None,
        )

    def _references(self, element: etree._Element) -> tuple[str, ...]:
        found = element.findall(f"{_N}objectives/{_N}objective")
        for one in found:
            if one.get("idref", "").strip() not in self._objectives:
                self._add("cmi5.objective-missing", one, reference=one.get("idref", ""))
        return tuple(one.get("idref", "").strip() for one in found)

    def _unit(self, element: etree._Element) -> AssignableUnit:
        key = element.find(f"{_N}entitlementKey")
        return AssignableUnit(
            move_on=self._value(element, "moveOn", _MOVE_ON),
            mastery_score=self._mastery_score(element),
            launch_method=self._value(element, "launchMethod", _LAUNCH_METHODS),
            activity_type=element.get("activityType", "").strip() or None,
            entitlement_key=text_of(key) if key is not None else None,
        )

    def _mastery_score(self, element: etree._Element) -> float | None:
        text = element.get("masteryScore", "").strip()
        if not text:
            return None
        try:
            if _FOUR_PLACES.fullmatch(text.lstrip("+")):
                return decimal(0, 1)(text)
        except NotAllowed:
            pass
        allowed = Phrase("a number from 0 to 1 with at most four decimal places")
        self._add("cmi5.value", element, name="masteryScore", found=text, allowed=allowed)
        return None

    # --- addresses

    def _address(self, element: etree._Element) -> str | None:
        """What the AU launches: a whole URL as it is, or a file of the package."""
        found = element.find(f"{_N}url")
        url = text_of(found)
        if found is None or not url:
            if found is not None:
                self._add("cmi5.url", found, url=url)
            return None
        if _NOT_IN_URLS.search(url) or not _is_parsable(url):
            self._add("cmi5.url", found, url=url)
            return None
        self._check_query(found, url)
        if _SCHEME.match(url):
            return url
        if self._files is None:
            self._add("cmi5.url-relative", found, url=url)
            return None
        return self._file(found, url, self._files)

    def _check_query(self, element: etree._Element, url: str) -> None:
        names = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
        for name in sorted(names & _LAUNCH_PARAMETERS):
            self._add("cmi5.query", element, url=url, name=name)

    def _file(self, element: etree._Element, url: str, files: Files) -> str | None:
        try:
            reference = resolve(self._folder, url)
        except BadReference as fault:
            self._add(fault.code, element, path=url)
            return None
        file = reference.found_in(files)
        if reference.is_remote or file is None:
            other = files.elsewhere(reference.path)
            self._add("resource.launch-missing", element, path=reference.path, guess=found_elsewhere(other))
            return None
        if file != reference.path and "%" not in reference.path:
            self._add("resource.case", element, path=reference.path, found=file)
        return reference.launch_of(file)


def _own_children(element: etree._Element) -> list[etree._Element]:
    return [child for child in element.iterchildren(etree.Element) if etree.QName(child).namespace == NAMESPACE]


def _is_parsable(url: str) -> bool:
    try:
        urlsplit(url)
    except ValueError:  # A bracket that is no IPv6 address, for one.
        return False
    return True


def _first_text(texts: dict[str, str]) -> str:
    return next(iter(texts.values()), "")
