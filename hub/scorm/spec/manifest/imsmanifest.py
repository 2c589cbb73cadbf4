"""Reading imsmanifest.xml of SCORM 1.2 and SCORM 2004 (CAM section 3; IMS Content Packaging 1.1.x).

What is plainly meant is taken, with a note to the author; what cannot work (an item without its resource, a launch
file that is not in the zip, two items of one name) refuses the package. All findings are collected before anyone is
told.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from hub.scorm.spec.manifest import course_notes, metadata, namespaces, schema, schema_tables
from hub.scorm.spec.manifest.course import (
    STANDARD_NAMES,
    CompletionThreshold,
    Course,
    DataMap,
    Item,
    Organization,
    Resource,
    Sequencing,
    Standard,
)
from hub.scorm.spec.manifest.findings import Finding, Phrase, Place, Report
from hub.scorm.spec.manifest.hrefs import BadReference, Files, Reference, join_base, resolve, with_parameters
from hub.scorm.spec.manifest.namespaces import XML_BASE, XML_LANG
from hub.scorm.spec.manifest.rules import finding, found_elsewhere
from hub.scorm.spec.manifest.sequencing import SequencingReader
from hub.scorm.spec.manifest.values import Reader, boolean, decimal, one_of, pattern, text_of
from hub.scorm.spec.manifest.xml import Document

_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/")
_HIDE_LMS_UI = ("previous", "continue", "exit", "exitAll", "abandon", "abandonAll", "suspendAll")
_TIME_LIMIT_ACTIONS = ("exit,message", "exit,no message", "continue,message", "continue,no message")
_TIMESPAN_1_2 = r"\d{2,4}:\d{2}:\d{2}(\.\d{1,2})?"
_SCORM_TYPE_NAMES = ("{adlcp}scormType", "{adlcp}scormtype", "scormType", "scormtype")
_EDITIONS = ((r"4th|4\.0", "4th"), (r"3rd", "3rd"), (r"2nd|cam\s*1\.3|1\.3", "2nd"))


#: Findings of the readers that the schemas would repeat at the same place, in other words.
_TOLD_BY_READERS = frozenset(
    {
        "identifier.duplicate",
        "identifier.missing",
        "item.value",
        "manifest.version-contradicts",
        "organization.default-unknown",
        "organization.none",
        "resource.scorm-type-unknown",
        "sequencing.objective-without-id",
        "sequencing.reference-missing",
        "sequencing.value",
    }
)


@dataclass(frozen=True, slots=True)
class Version:
    """Which standard the manifest follows, and its edition where it says so."""

    standard: Standard
    edition: str | None


def read(document: Document, folder: str, files: Files, report: Report) -> Course | None:
    """The course that the manifest in `folder` of the zip describes; None when there is none to speak of.

    Findings go to `report`; the course is good only when nothing there refuses it.
    """
    root = document.root
    if etree.QName(root).localname != "manifest":
        report.add(finding("manifest.root", document.place(root), name=etree.QName(root).localname))
        return None
    spoken = namespaces.used(root)
    report.extend(_schema_files(document, folder, files))
    report.extend(namespaces.normalise(document))
    reader = _ManifestReader(document, folder, files, report, spoken)
    course = reader.course()
    used = version_by_namespaces(spoken)
    table = schema_tables.BY_STANDARD[used.standard if used else reader.standard]
    report.extend(_schema_notes(document, table, report))
    report.extend(metadata.notes(document))
    return course


def _schema_files(document: Document, folder: str, files: Files) -> Iterator[Finding]:
    """A note on schema files that the manifest has for its own and that are not beside it (XML Schema 1 4.3.2)."""
    named = [path for path in document.root.get(_SCHEMA_LOCATION, "").split()[1::2] if not _ABSOLUTE.match(path)]
    missing = [path for path in named if files.find(f"{folder}/{path}" if folder else path) is None]
    if missing:
        yield finding("manifest.schema-files", document.place(document.root), count=len(missing), file=missing[0])


def _schema_notes(document: Document, table: schema.Table, report: Report) -> Iterator[Finding]:
    """What the official schemas call wrong and the readers took or passed over; nothing is said twice."""
    told = {one.place for one in report.findings() if one.code in _TOLD_BY_READERS}
    for fault in schema.faults(document.root, schema_tables.MANIFEST_FAMILIES, table):
        place = document.place(fault.at)
        if place not in told:
            yield finding(f"schema.{fault.kind}", place, element=fault.owner, name=fault.name, what=fault.what)


def declared_version(text: str) -> Version | None:
    """What a schemaversion means, tolerating how tools write it; None when it means nothing."""
    words = text.lower()
    if "2004" in words or "cam" in words or re.fullmatch(r"(scorm\s*)?1\.3(\.\d)?", words):
        edition = next((name for expression, name in _EDITIONS if re.search(expression, words)), None)
        return Version("scorm_2004", edition)
    return Version("scorm_1_2", None) if re.search(r"\b1\.2\b", words) else None


def version_by_namespaces(spoken: set[str]) -> Version | None:
    """The standard whose namespaces the manifest uses."""
    if any(re.search(r"adlcp_v1p3|imsss|adlseq|adlnav", namespace, re.I) for namespace in spoken):
        return Version("scorm_2004", None)
    if any(re.search(r"adlcp_(root)?v1p[12]", namespace, re.I) for namespace in spoken):
        return Version("scorm_1_2", None)
    return None


class _ManifestReader:
    """One reading of one manifest: what all parts of it share."""

    def __init__(self, document: Document, folder: str, files: Files, report: Report, spoken: set[str]) -> None:
        self._document = document
        self._root = document.root
        self._base = join_base(folder, self._root.get(XML_BASE, ""))
        self._files = files
        self._report = report
        self._values = Reader(document, report, "item.value")
        self._version = self._read_version(spoken)
        self._sequencing = SequencingReader(document, report, self._root.find("{imsss}sequencingCollection"))
        self._resources: dict[str, Resource] = {}
        self._references: dict[str, Reference] = {}
        self._similar: dict[str, str] = {}
        self._launched = {one.get("identifierref", "").strip() for one in self._root.iter("{cp}item")}
        self._missing: set[str] = set()

    @property
    def standard(self) -> Standard:
        """The standard that the manifest was read by."""
        return self._version.standard

    def course(self) -> Course | None:
        """The whole manifest as a course."""
        self._read_resources()
        container = self._root.find("{cp}organizations")
        found = container.findall("{cp}organization") if container is not None else []
        if container is None or not found:
            self._add("organization.none", self._root if container is None else container)
            return None
        self._check_unique(found)
        organizations = tuple(self._organization(one) for one in found)
        default = self._default_organization(container, organizations)
        self._check_resources()
        if self._root.find("{cp}manifest") is not None:
            self._add("manifest.submanifest", self._root.find("{cp}manifest"))
        course = Course(
            standard=self._version.standard,
            edition=self._version.edition,
            identifier=self._root.get("identifier", ""),
            version=self._root.get("version"),
            title=default.title,
            description=_lom_text(self._root, "description"),
            language=self._root.get(XML_LANG) or _lom_text(self._root, "language") or None,
            default_organization=default.identifier,
            organizations=organizations,
            resources=tuple(self._resources.values()),
            sequencing_collection=self._sequencing.collection(),
            keywords=_lom_keywords(self._root),
        )
        if not self._report.refuses:
            self._report.extend(course_notes.notes(course, self._place_in(default.identifier)))
        return course

    def _place_in(self, organization: str) -> Callable[[str], Place]:
        """Where the items of an organization stand, and itself, by identifier."""
        found = self._root.iterfind("{cp}organizations/{cp}organization")
        root = next((one for one in found if one.get("identifier", "").strip() == organization), self._root)
        elements = {one.get("identifier", "").strip(): one for one in (root, *root.iter("{cp}item"))}
        return lambda identifier: self._document.place(elements.get(identifier, root))

    def _add(self, code: str, element: etree._Element | None, **facts: object) -> None:
        place = self._document.place(self._root if element is None else element)
        self._report.add(finding(code, place, **facts))

    # --- version

    def _read_version(self, spoken: set[str]) -> Version:
        element = self._root.find("{cp}metadata/{cp}schemaversion")
        text = text_of(element)
        declared, used = declared_version(text), version_by_namespaces(spoken)
        taken = declared or used or Version("scorm_1_2", None)
        names = {"standard": STANDARD_NAMES[taken.standard]}
        if not text:
            self._add("manifest.version-missing", self._root, **names)
        elif declared is None:
            self._add("manifest.version-unknown", element, found=text, **names)
        elif used is not None and used.standard != declared.standard:
            facts = {"declared": STANDARD_NAMES[declared.standard], "used": STANDARD_NAMES[used.standard]}
            self._add("manifest.version-contradicts", element, **facts)
        return taken

    # --- organizations

    def _check_unique(self, organizations: list[etree._Element]) -> None:
        """Identifiers within one outline, and those of the outlines, are used once (IMS CP: xs:ID)."""
        self._refuse_repeated(organizations)
        for organization in organizations:
            self._refuse_repeated([organization, *organization.iter("{cp}item")])

    def _refuse_repeated(self, elements: list[etree._Element]) -> None:
        first: dict[str, etree._Element] = {}
        for element in elements:
            identifier = element.get("identifier", "").strip()
            other = first.setdefault(identifier, element)
            if identifier and other is not element:
                line = self._document.place(other).line
                self._add("identifier.duplicate", element, identifier=identifier, line_of_first=line)

    def _identifier(self, element: etree._Element, kind: str) -> str:
        identifier = element.get("identifier", "").strip()
        if identifier:
            return identifier
        place = self._document.place(element)
        made = f"{kind}-{place.line}-{place.column}"
        self._add("identifier.missing", element, kind=kind, identifier=made)
        return made

    def _default_organization(self, container: etree._Element, found: tuple[Organization, ...]) -> Organization:
        named = container.get("default", "").strip()
        default = next((one for one in found if one.identifier == named), found[0])
        if not named:
            self._add("organization.default-missing", container)
        elif default.identifier != named:
            self._add("organization.default-unknown", container, found=named)
        if len(found) > 1:
            self._add("organization.several", container, count=len(found), title=default.title)
        if not any(item.resource for item, _ in default.walk()):
            self._add("organization.nothing-to-launch", container, identifier=default.identifier)
        return default

    def _organization(self, element: etree._Element) -> Organization:
        identifier = self._identifier(element, "organization")
        attribute = self._values.attribute
        return Organization(
            identifier=identifier,
            title=text_of(element.find("{cp}title")) or text_of(element.find("{cp}item/{cp}title")) or identifier,
            items=tuple(self._item(child) for child in element.findall("{cp}item")),
            objectives_global_to_system=attribute(element, "{adlseq}objectivesGlobalToSystem", boolean, True),
            shared_data_global_to_system=attribute(element, "{adlcp}sharedDataGlobalToSystem", boolean, True),
            completion_threshold=self._completion_threshold(element),
            sequencing=self._sequencing_of(element, identifier),
        )

    def _item(self, element: etree._Element) -> Item:
        identifier = self._identifier(element, "item")
        children = tuple(self._item(child) for child in element.findall("{cp}item"))
        resource, href = self._launch(element, identifier, bool(children))
        return Item(
            identifier=identifier,
            title=self._title(element, identifier),
            items=children,
            resource=resource.identifier if resource else None,
            parameters=element.get("parameters", ""),
            is_visible=self._values.attribute(element, "isvisible", boolean, True),
            href=href,
            scorm_type=resource.scorm_type if resource and href else None,
            launch_data=self._plain(element, "{adlcp}dataFromLMS", "{adlcp}datafromlms"),
            prerequisites=self._plain(element, "{adlcp}prerequisites"),
            max_time_allowed=self._max_time_allowed(element),
            time_limit_action=self._time_limit_action(element),
            mastery_score=self._mastery_score(element),
            completion_threshold=self._completion_threshold(element),
            hide_lms_ui=self._hide_lms_ui(element),
            data_maps=self._data_maps(element),
            sequencing=self._sequencing_of(element, identifier),
        )

    def _title(self, element: etree._Element, identifier: str) -> str:
        title = text_of(element.find("{cp}title"))
        if not title:
            self._add("item.without-title", element, identifier=identifier, title=identifier)
        return title or identifier

    def _plain(self, element: etree._Element, *names: str) -> str | None:
        """The element's text as it stands: launch data is the content's own and keeps its white space."""
        found = next((child for name in names if (child := element.find(name)) is not None), None)
        return str(found.xpath("string()")) if found is not None else None

    def _max_time_allowed(self, element: etree._Element) -> str | None:
        names = ("{adlcp}maxtimeallowed",)
        read = pattern(_TIMESPAN_1_2, Phrase("a time span such as 0001:30:00"))
        limits = element.find("{imsss}sequencing/{imsss}limitConditions")
        absolute = limits.get("attemptAbsoluteDurationLimit") if limits is not None else None
        return self._values.child(element, names, read, None) or absolute

    def _time_limit_action(self, element: etree._Element) -> str | None:
        names = ("{adlcp}timeLimitAction", "{adlcp}timelimitaction")
        return self._values.child(element, names, _time_limit_action, None)

    def _mastery_score(self, element: etree._Element) -> float | None:
        names = ("{adlcp}masteryscore", "{adlcp}masteryScore")
        return self._values.child(element, names, decimal(0, 100), None)

    def _completion_threshold(self, element: etree._Element) -> CompletionThreshold | None:
        """adlcp:completionThreshold: attributes since the 4th Edition, plain text in the 3rd, where giving a
        threshold meant that progress decides about completion."""
        found = element.find("{adlcp}completionThreshold")
        if found is None:
            return None
        fraction = decimal(0, 1)
        if text_of(found):
            measure = self._values.value(found, "completionThreshold", text_of(found), fraction, 1.0)
            return CompletionThreshold(completed_by_measure=True, min_progress_measure=measure)
        return CompletionThreshold(
            completed_by_measure=self._values.attribute(found, "completedByMeasure", boolean, False),
            min_progress_measure=self._values.attribute(found, "minProgressMeasure", fraction, 1.0),
            progress_weight=self._values.attribute(found, "progressWeight", fraction, 1.0),
        )

    def _hide_lms_ui(self, element: etree._Element) -> tuple[str, ...]:
        found = element.findall("{adlnav}presentation/{adlnav}navigationInterface/{adlnav}hideLMSUI")
        read = one_of(_HIDE_LMS_UI)
        words = (self._values.value(one, "hideLMSUI", text_of(one), read, "") for one in found)
        return tuple(word for word in dict.fromkeys(words) if word)

    def _data_maps(self, element: etree._Element) -> tuple[DataMap, ...]:
        return tuple(
            DataMap(
                target=found.get("targetID", ""),
                read_shared_data=self._values.attribute(found, "readSharedData", boolean, True),
                write_shared_data=self._values.attribute(found, "writeSharedData", boolean, True),
            )
            for found in element.findall("{adlcp}data/{adlcp}map")
        )

    def _sequencing_of(self, element: etree._Element, identifier: str) -> Sequencing | None:
        if self._version.standard == "scorm_2004":
            return self._sequencing.of(element, identifier)
        if element.find("{imsss}sequencing") is not None:
            self._add("sequencing.version", element, identifier=identifier)
        return None

    # --- what an item launches

    def _launch(
        self, element: etree._Element, identifier: str, has_children: bool
    ) -> tuple[Resource | None, str | None]:
        """The item's resource and launch address; both None for a cluster or a faulty reference."""
        wanted = element.get("identifierref", "").strip()
        if not wanted:
            if not has_children:
                self._add("item.empty-leaf", element, identifier=identifier)
            return None, None
        resource = self._resources.get(wanted)
        if resource is None:
            other = self._similar.get(wanted.lower())
            guess = Phrase("; “{file}” does", file=other) if other else ""
            self._add("item.resource-missing", element, identifier=identifier, reference=wanted, guess=guess)
            return None, None
        if has_children and self._version.standard == "scorm_2004":
            self._add("item.cluster-with-resource", element, identifier=identifier)
            return resource, None
        if resource.href is None:
            if wanted not in self._references:
                self._add("item.resource-without-file", element, identifier=identifier, reference=wanted)
            return resource, None
        return resource, self._address(element, resource)

    def _address(self, element: etree._Element, resource: Resource) -> str:
        reference, href = self._references[resource.identifier], resource.href or ""
        address = href if reference.is_remote else reference.launch_of(href)
        parameters = element.get("parameters", "")
        joined = with_parameters(address, parameters)
        if re.search(r"[\s\"<>\\^`{|}]|[^\x00-\x7f]", parameters.strip()):
            self._add("item.parameters", element, found=parameters)
        return joined

    # --- resources

    def _read_resources(self) -> None:
        container = self._root.find("{cp}resources")
        if container is None:
            return
        self._refuse_repeated(container.findall("{cp}resource"))
        base = join_base(self._base, container.get(XML_BASE, ""))
        for element in container.findall("{cp}resource"):
            resource = self._resource(element, join_base(base, element.get(XML_BASE, "")))
            self._resources.setdefault(resource.identifier, resource)
        self._similar = {name.lower(): name for name in self._resources}

    def _resource(self, element: etree._Element, base: str) -> Resource:
        identifier = self._identifier(element, "resource")
        href = element.get("href", "").strip()
        listed = [(one, one.get("href", "").strip()) for one in element.findall("{cp}file")]
        dependencies = (one.get("identifierref", "").strip() for one in element.findall("{cp}dependency"))
        path = self._file(element, base, href, is_launched=identifier in self._launched) if href else None
        files = [self._file(one, base, name, is_launched=False) for one, name in listed if name]
        if path is not None:
            self._references[identifier] = resolve(base, href)
        elif href:
            self._references[identifier] = Reference("")  # It has an href, and what is wrong with it was said.
        return Resource(
            identifier=identifier,
            type=element.get("type", ""),
            scorm_type=self._scorm_type(element, identifier) if href else None,
            href=path,
            files=tuple(name for name in files if name is not None),
            dependencies=tuple(name for name in dependencies if name),
        )

    def _scorm_type(self, element: etree._Element, identifier: str) -> str:
        text = next((value for name in _SCORM_TYPE_NAMES if (value := element.get(name))), "").strip()
        if text.lower() in {"sco", "asset"}:
            return text.lower()
        attribute = "scormType" if self._version.standard == "scorm_2004" else "scormtype"
        code = "resource.scorm-type-unknown" if text else "resource.scorm-type-missing"
        self._add(code, element, identifier=identifier, found=text, attribute=attribute)
        return "sco"

    def _file(self, element: etree._Element, base: str, href: str, *, is_launched: bool) -> str | None:
        """The file of the zip that an href means, or an absolute URL; None (and a finding) when there is none."""
        try:
            reference = resolve(base, href)
        except BadReference as fault:
            self._add(fault.code, element, path=href)
            return None
        if reference.is_remote:
            if is_launched:
                self._add("resource.external", element, path=href)
            return reference.path
        if reference.had_backslash:
            self._add("resource.backslash", element, path=href)
        found = reference.found_in(self._files)
        if found is None:
            self._note_missing(element, reference.path, is_launched)
        elif found not in {reference.path, reference.path + reference.suffix} and "%" not in reference.path:
            self._add("resource.case", element, path=reference.path, found=found)
        return found

    def _note_missing(self, element: etree._Element, path: str, is_launched: bool) -> None:
        """Tell once of each file that is not there."""
        if path not in self._missing:
            self._missing.add(path)
            code = "resource.launch-missing" if is_launched else "resource.file-missing"
            other = self._files.elsewhere(path)
            self._add(code, element, path=path, guess=found_elsewhere(other))

    def _check_resources(self) -> None:
        container = self._root.find("{cp}resources")
        elements = container.findall("{cp}resource") if container is not None else []
        needed = self._launched | {name for one in self._resources.values() for name in one.dependencies}
        for element in elements:
            resource = self._resources.get(element.get("identifier", "").strip())
            if resource is None:
                continue
            for reference in resource.dependencies:
                if reference not in self._resources:
                    facts = {"identifier": resource.identifier, "reference": reference}
                    self._add("resource.dependency-missing", element, **facts)
            if resource.identifier not in needed:
                self._add("resource.unused", element, identifier=resource.identifier)


def _time_limit_action(text: str) -> str:
    return one_of(_TIME_LIMIT_ACTIONS)(re.sub(r"\s*,\s*", ",", text))


def _lom_text(root: etree._Element, name: str) -> str:
    """The first text of a general LOM element of the whole package (`description`, `language`)."""
    found = root.find(f"{{cp}}metadata//{{lom}}general/{{lom}}{name}")
    return text_of(found[0]) if found is not None and len(found) else text_of(found)


def _lom_keywords(root: etree._Element) -> tuple[str, ...]:
    found = root.findall("{cp}metadata//{lom}general/{lom}keyword")
    return tuple(dict.fromkeys(word for one in found if (word := text_of(one[0] if len(one) else one))))
