"""Our tables against the official schemas: `python -m tests.official_schemas FOLDER [--documents N]`.

The folder holds the XSDs of one edition, as their owners publish them and many packages carry them; the repository has
none. Good documents are changed at random, and both judge them: how often both call them good, both bad, or only one,
and an example of each disagreement. Left out on purpose: the source of a LOM vocabulary may be another than LOMv1.0.
"""

import argparse
import copy
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from hub.scorm.spec.manifest import metadata, namespaces, schema, schema_tables, xml
from hub.scorm.spec.manifest.cmi5 import NAMESPACE as CMI5
from tests.support.packages import manifest_1_2, manifest_2004
from tests.unit.scorm.manifest.test_metadata import IMS, LOM
from tests.unit.scorm.manifest.test_schema import full

Judge = Callable[[bytes], list[str]]
_XS = "http://www.w3.org/2001/XMLSchema"
_VALUES = (
    *(
        "",
        "true",
        "yes",
        "1",
        "-1",
        "1.5",
        "0.5",
        "all",
        "abc",
        "a b",
        "1x",
        "PT1H",
        "2026-01-01T00:00:00",
        "none",
        "2",
    ),
    *("sco", "SCO", "passed", "satisfied", "x" * 300, "+5", "exit", "en", "author", "2026"),
)
_ATTRIBUTES = ("foo", "identifier", "href", "id", "version", "isvisible", "choice", "attemptLimit", "moveOn", "type")


_COURSE_STRUCTURE = f"""<courseStructure xmlns="{CMI5}"><course id="https://example.org/c">
<title><langstring lang="en">Course</langstring></title><description><langstring>c</langstring></description></course>
<objectives><objective id="https://example.org/o"><title><langstring>o</langstring></title>
<description><langstring>o</langstring></description></objective></objectives>
<block id="https://example.org/b"><title><langstring>b</langstring></title><description><langstring>b</langstring>
</description><objectives><objective idref="https://example.org/o"/></objectives>
<au id="https://example.org/a" moveOn="Passed" masteryScore="0.5" launchMethod="OwnWindow" activityType="urn:x">
<title><langstring lang="de-AT">a</langstring></title><description><langstring>a</langstring></description>
<url>a.html?x=1</url><launchParameters>x</launchParameters><entitlementKey>k</entitlementKey></au></block>
</courseStructure>""".encode()


@dataclass(frozen=True)
class Kind:
    """One kind of document: the namespaces with the files of their schemas, good documents, and our judge."""

    name: str
    files: dict[str, str]
    documents: tuple[bytes, ...]
    judge: Judge


def _manifest(table: schema.Table) -> Judge:
    def judge(data: bytes) -> list[str]:
        document = xml.parse(data, "imsmanifest.xml")
        list(namespaces.normalise(document))
        return [_said(one) for one in schema.faults(document.root, schema_tables.MANIFEST_FAMILIES, table)]

    return judge


def _metadata(data: bytes) -> list[str]:
    document = xml.parse(data, "metadata.xml")
    list(namespaces.normalise(document))
    return [one.message for one in metadata.notes(document)]


def _course_structure(data: bytes) -> list[str]:
    document = xml.parse(data, "cmi5.xml")
    return [_said(one) for one in schema.faults(document.root, {CMI5: "cmi5"}, schema_tables.CMI5)]


def _said(fault: schema.Fault) -> str:
    return f"{fault.kind}: {fault.owner} {fault.name} {fault.what}"


KINDS = (
    Kind(
        "SCORM 1.2",
        {
            "http://www.imsproject.org/xsd/imscp_rootv1p1p2": "imscp_rootv1p1p2.xsd",
            "http://www.adlnet.org/xsd/adlcp_rootv1p2": "adlcp_rootv1p2.xsd",
        },
        (manifest_1_2(),),
        _manifest(schema_tables.SCORM_1_2),
    ),
    Kind(
        "SCORM 2004",
        {
            "http://www.imsglobal.org/xsd/imscp_v1p1": "imscp_v1p1.xsd",
            "http://www.adlnet.org/xsd/adlcp_v1p3": "adlcp_v1p3.xsd",
            "http://www.adlnet.org/xsd/adlseq_v1p3": "adlseq_v1p3.xsd",
            "http://www.adlnet.org/xsd/adlnav_v1p3": "adlnav_v1p3.xsd",
            "http://www.imsglobal.org/xsd/imsss": "imsss_v1p0.xsd",
        },
        (manifest_2004(), full().encode()),
        _manifest(schema_tables.SCORM_2004),
    ),
    Kind("cmi5", {CMI5: "CourseStructure.xsd"}, (_COURSE_STRUCTURE,), _course_structure),
    Kind(
        "IMS Meta-Data",
        {"http://www.imsglobal.org/xsd/imsmd_rootv1p2p1": "imsmd_rootv1p2p1.xsd"},
        (IMS.encode(),),
        _metadata,
    ),
    Kind("LOM", {"http://ltsc.ieee.org/xsd/LOM": "lom.xsd"}, (LOM.encode(),), _metadata),
)


class _InFolder(etree.Resolver):
    """Finds what schemas include by its name, wherever in the folder it lies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, url: str, _: str, context: object) -> object:
        name = "xml.xsd" if url.endswith("ims_xml.xsd") else url.rpartition("/")[2]
        if Path(url).exists() and name != "xml.xsd":
            return None
        found = _found(self._folder, name)
        return self.resolve_filename(str(found), context) if found else None


def _found(folder: Path, name: str) -> Path | None:
    return next(iter(sorted(folder.rglob(name))), None)


def official(kind: Kind, folder: Path) -> etree.XMLSchema | None:
    """The official schema of a kind; None where the folder lacks a file of it."""
    files = {namespace: _found(folder, name) for namespace, name in kind.files.items()}
    if None in files.values():
        return None
    parser = etree.XMLParser(load_dtd=False, no_network=True)
    parser.resolvers.add(_InFolder(folder))
    if len(files) == 1:
        tree = etree.parse(str(next(iter(files.values()))), parser)
        for wildcard in tree.iter(f"{{{_XS}}}any"):  # IMS Meta-Data 1.2 is ambiguous as it stands.
            wildcard.set("namespace", "##other" if wildcard.get("namespace") == "##any" else wildcard.get("namespace"))
        return etree.XMLSchema(tree)
    imports = "".join(f'<xs:import namespace="{uri}" schemaLocation="{path}"/>' for uri, path in files.items())
    text = f'<xs:schema xmlns:xs="{_XS}">{imports}</xs:schema>'
    return etree.XMLSchema(etree.ElementTree(etree.fromstring(text, parser)))


def changed(root: etree._Element, chance: random.Random) -> None:
    """Change one thing, somewhere."""
    elements = list(root.iter(etree.Element))
    element = chance.choice(elements)
    parent, following = element.getparent(), element.getnext()
    changes: list[Callable[[], object]] = [
        lambda: parent is not None and parent.remove(element),
        lambda: parent is not None and element.addnext(copy.deepcopy(element)),
        lambda: following is not None and following.addnext(element),
        lambda: element.attrib and element.attrib.pop(chance.choice(list(element.attrib))),
        lambda: element.attrib and element.set(chance.choice(list(element.attrib)), chance.choice(_VALUES)),
        lambda: element.set(chance.choice(_ATTRIBUTES), chance.choice(_VALUES)),
        lambda: element.append(copy.deepcopy(chance.choice([one for one in elements if len(one) < 3]))),
        lambda: element.append(etree.Element(chance.choice(elements).tag)),
    ]
    chance.choice(changes)()


def variants(kind: Kind, count: int, chance: random.Random) -> Iterator[bytes]:
    """The good documents, and as many changed ones."""
    yield from kind.documents
    for _ in range(count):
        root = etree.fromstring(chance.choice(kind.documents))
        for _ in range(chance.choice((1, 1, 2))):
            changed(root, chance)
        yield etree.tostring(root)


def compare(kind: Kind, theirs: etree.XMLSchema, count: int) -> tuple[Counter[str], dict[str, str]]:
    """How often who calls a document good, and an example of each disagreement."""
    counts, examples = Counter[str](), dict[str, str]()
    for data in variants(kind, count, random.Random(7)):
        is_good, faults = theirs.validate(etree.fromstring(data)), kind.judge(data)
        if is_good == (not faults):
            counts["both good" if is_good else "both bad"] += 1
            continue
        counts["only we call bad" if is_good else "only they call bad"] += 1
        example = faults[0] if is_good else next(iter(theirs.error_log)).message
        examples.setdefault(re.sub(r"[“'].*?[”']", "…", example), example)
    return counts, examples


def main() -> None:
    """Compare each kind whose schemas are in the folder."""
    parser = argparse.ArgumentParser(description="Hold our schema tables against the official schemas.")
    parser.add_argument("folder", type=Path, help="a folder with the XSDs, at any depth")
    parser.add_argument("--documents", type=int, default=2_000, help="changed documents of each kind")
    wanted = parser.parse_args()
    for kind in KINDS:
        theirs = official(kind, wanted.folder)
        if theirs is None:
            sys.stdout.write(f"{kind.name}: not compared, {', '.join(kind.files.values())} are not all there\n")
            continue
        counts, examples = compare(kind, theirs, wanted.documents)
        sys.stdout.write(f"{kind.name}: {', '.join(f'{count} {what}' for what, count in counts.most_common())}\n")
        for example in examples.values():
            sys.stdout.write(f"    {example[:200]}\n")


if __name__ == "__main__":
    main()
