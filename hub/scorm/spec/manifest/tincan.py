"""Reading tincan.xml, which makes a zip an xAPI package: activities, and the file that launches them."""

import re

from lxml import etree

from hub.scorm.spec.manifest import schema
from hub.scorm.spec.manifest.course import Course, Item, Organization
from hub.scorm.spec.manifest.findings import Report
from hub.scorm.spec.manifest.hrefs import BadReference, Files, resolve
from hub.scorm.spec.manifest.metadata_tables import TINCAN
from hub.scorm.spec.manifest.rules import finding, found_elsewhere
from hub.scorm.spec.manifest.values import text_of
from hub.scorm.spec.manifest.xml import Document

#: An absolute IRI (RFC 3987), as far as LRSs look.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def read(document: Document, folder: str, files: Files, report: Report) -> Course | None:
    """The course of all activities that have a launch file, in document order."""
    _check_schema(document, report)
    _check_identifiers(document, report)
    activities = document.root.findall("{*}activities/{*}activity")
    launched = [one for one in activities if text_of(one.find("{*}launch"))]
    if not launched:
        report.add(finding("xapi.no-launch", document.place(document.root)))
        return None
    read_items = (_item(one, document, folder, files, report) for one in launched)
    items = tuple({item.identifier: item for item in read_items}.values())
    first = launched[0]
    descriptions = _texts(first, "description")
    return Course(
        standard="xapi",
        edition=None,
        identifier=items[0].identifier,
        version=None,
        title=items[0].title,
        description=next(iter(descriptions.values()), ""),
        language=next(iter(items[0].titles), None) or None,
        default_organization="course",
        organizations=(Organization("course", items[0].title, items),),
        resources=(),
        titles=items[0].titles,
        descriptions=descriptions,
    )


def _check_schema(document: Document, report: Report) -> None:
    """What the schema of tincan.xml calls wrong; ids have words of their own."""
    families = {etree.QName(document.root).namespace or "": "tincan"}
    for fault in schema.faults(document.root, families, TINCAN):
        if (fault.owner, fault.name) != ("activity", "id"):
            facts = {"element": fault.owner, "name": fault.name, "what": fault.what}
            report.add(finding(f"xapi.{fault.kind}", document.place(fault.at), **facts))


def _check_identifiers(document: Document, report: Report) -> None:
    """Ids of activities are absolute IRIs and differ (xAPI 1.0.3 Data 2.4.4.1)."""
    first: dict[str, etree._Element] = {}
    for element in document.root.iter("{*}activity"):
        identifier = element.get("id", "").strip()
        place = document.place(element)
        if identifier and not _IRI.fullmatch(identifier):
            report.add(finding("xapi.iri", place, found=identifier))
        other = first.setdefault(identifier, element)
        if identifier and other is not element:
            line = document.place(other).line
            report.add(finding("xapi.duplicate", place, identifier=identifier, line_of_first=line))


def _item(element: etree._Element, document: Document, folder: str, files: Files, report: Report) -> Item:
    identifier = element.get("id", "").strip()
    if not identifier:
        report.add(finding("xapi.no-id", document.place(element)))
    titles = _texts(element, "name")
    return Item(
        identifier=identifier,
        title=next(iter(titles.values()), identifier),
        href=_address(element, document, folder, files, report),
        titles=titles,
        descriptions=_texts(element, "description"),
    )


def _address(element: etree._Element, document: Document, folder: str, files: Files, report: Report) -> str | None:
    launch = element.find("{*}launch")
    href = text_of(launch)
    place = document.place(element if launch is None else launch)
    try:
        reference = resolve(folder, href)
    except BadReference as fault:
        report.add(finding(fault.code, place, path=href))
        return None
    if reference.is_remote:
        report.add(finding("resource.external", place, path=href))
        return reference.path
    file = reference.found_in(files)
    if file is None:
        other = files.elsewhere(reference.path)
        report.add(finding("resource.launch-missing", place, path=reference.path, guess=found_elsewhere(other)))
        return None
    return reference.launch_of(file)


def _texts(element: etree._Element, name: str) -> dict[str, str]:
    found = element.findall(f"{{*}}{name}")
    return {one.get("lang", "").strip(): text_of(one) for one in found if text_of(one)}
