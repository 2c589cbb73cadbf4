"""Texts longer than anybody meant them, which databases and pages cannot hold: identifiers and titles."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from lxml import etree

from hub.scorm.spec.manifest.course import Course, Item, Organization
from hub.scorm.spec.manifest.findings import Finding, Place, Report
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.spec.manifest.xml import Document

#: In UTF-8, so that an index of the database holds two of them; the standards guarantee far less, or 4,000 characters.
LONGEST_IDENTIFIER = 1_200
#: Characters of a title.
LONGEST_TITLE = 500

_NAMES = frozenset(
    {"identifier", "identifierref", "objectiveID", "targetObjectiveID", "referencedObjective", "targetID"}
    | {"id", "idref", "ID", "IDRef"}
)
_WITH_LONG = etree.XPath(f"//*[@*[string-length() > {LONGEST_IDENTIFIER // 4}]]")


def identifiers(document: Document) -> Iterator[Finding]:
    """Identifiers, and references to them, that are too long to be kept."""
    for element in cast(list[etree._Element], _WITH_LONG(document.root)):
        for name, value in element.items():
            if etree.QName(name).localname in _NAMES:
                yield from _too_long(etree.QName(name).localname, str(value), document.place(element))


def _too_long(name: str, value: str, place: Place) -> Iterator[Finding]:
    size = len(value.encode())
    if size > LONGEST_IDENTIFIER:
        facts = {"name": name, "identifier": value[:40], "found": size, "limit": LONGEST_IDENTIFIER}
        yield finding("identifier.too-long", place, **facts)


def cut(course: Course | None, file: str, report: Report) -> Course | None:
    """The course with its titles cut, and what is to be said of it; `file` is its manifest."""
    if course is None:
        return None
    items = [item for organization in course.organizations for item, _ in organization.walk()]
    if course.standard == "aicc":  # The others are told by `identifiers`, with their line.
        for item in items:
            report.extend(_too_long("system_id", item.identifier, Place(file)))
    titles = [course.title, *(one.title for one in course.organizations), *(one.title for one in items)]
    count = sum(len(title) > LONGEST_TITLE for title in titles)
    if not count:
        return course
    report.add(finding("item.long-titles", Place(file), count=count, limit=LONGEST_TITLE))
    organizations = tuple(map(_cut_organization, course.organizations))
    return replace(course, title=_cut(course.title), organizations=organizations)


def _cut_organization(organization: Organization) -> Organization:
    return replace(organization, title=_cut(organization.title), items=tuple(map(_cut_item, organization.items)))


def _cut_item(item: Item) -> Item:
    return replace(item, title=_cut(item.title), items=tuple(map(_cut_item, item.items)))


def _cut(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
