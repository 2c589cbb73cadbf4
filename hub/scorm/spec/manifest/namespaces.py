"""Namespaces of manifests, reduced to short family names.

Editions and profiles give the same elements different namespaces (adlcp_rootv1p2, adlcp_v1p3), and tools misspell
them. After `normalise` every element and attribute has the family as its namespace: `{cp}item`,
`{adlcp}masteryscore`, and the readers ask for those only.
"""

import re
from collections.abc import Iterator

from lxml import etree

from hub.scorm.spec.manifest.findings import Finding
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.spec.manifest.xml import Document

_FAMILIES = (
    ("cp", re.compile(r"imscp|imsproject\.org/content", re.I)),
    ("adlcp", re.compile(r"adlcp", re.I)),
    ("adlseq", re.compile(r"adlseq", re.I)),
    ("adlnav", re.compile(r"adlnav", re.I)),
    ("imsss", re.compile(r"imsss", re.I)),
    ("lom", re.compile(r"imsmd|ltsc\.ieee|/lom|adlreg", re.I)),
)
_PREFIX_FAMILIES = {
    "imscp": "cp",
    "adlcp": "adlcp",
    "adlseq": "adlseq",
    "adlnav": "adlnav",
    "imsss": "imsss",
} | dict.fromkeys(("imsmd", "lom"), "lom")
#: Namespaces that are right where they are and mean nothing to us.
_FOREIGN = re.compile(r"w3\.org|^urn:undeclared:|imsglobal|adlnet|ieee", re.I)

XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def used(root: etree._Element) -> set[str]:
    """Every namespace in use below (and at) `root`, on elements and attributes."""
    found: set[str] = set()
    for element in root.iter(etree.Element):
        found.update(name[1:].partition("}")[0] for name in map(str, (element.tag, *element.attrib)) if name[:1] == "{")
    return found


def normalise(document: Document) -> Iterator[Finding]:
    """Rewrite names to their family; tell of namespaces that belong to no standard but were understood."""
    families, notes = _families_of(document)
    for element in document.root.iter(etree.Element):
        element.tag = _renamed(str(element.tag), families)
        for name, value in element.items():  # The schemas' types (xs:ID, xs:anyURI, ...) do not count outer blanks.
            if value != value.strip():
                element.set(name, value.strip())
        for name in [str(name) for name in element.attrib if str(name)[:1] == "{"]:
            new = _renamed(name, families)
            if new != name:
                element.set(new, element.attrib.pop(name))
    yield from notes


def _families_of(document: Document) -> tuple[dict[str, str], list[Finding]]:
    root = document.root
    own = etree.QName(root).namespace or ""
    # Each declaration once: `nsmap` of every element would be all that hold there, times all elements.
    declared = (namespace for _, namespace in etree.iterwalk(root, events=("start-ns",)))
    prefixes = {uri: prefix for prefix, uri in declared if prefix}
    families: dict[str, str] = {"": "cp"}
    notes = []
    for namespace in sorted(used(root) | {own}):
        family = next((name for name, pattern in _FAMILIES if pattern.search(namespace)), None)
        if family is None and namespace and (namespace == own or not _FOREIGN.search(namespace)):
            family = "cp" if namespace == own else _PREFIX_FAMILIES.get(prefixes.get(namespace, ""))
            if family is not None:
                notes.append(finding("manifest.namespace", document.place(root), found=namespace, family=family))
        if family is not None:
            families[namespace] = family
    return families, notes


def _renamed(name: str, families: dict[str, str]) -> str:
    namespace, _, local = name[1:].rpartition("}") if name[:1] == "{" else ("", "", name)
    family = families.get(namespace)
    return f"{{{family}}}{local}" if family else name
