"""Packages made to keep a worker busy: all are small to send, and are judged at once all the same."""

import time
import zipfile

import pytest

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from tests.support.packages import (
    ORGANIZATIONS,
    PAGE,
    RESOURCES_1_2,
    BytesSource,
    RawEntry,
    manifest_1_2,
    manifest_2004,
    package_of,
    raw_zip,
)

#: CPU time; each of them took minutes or hours where something was done for every pair.
_SECONDS = 4
_MANY = 10_000


def of_items(items: str, root: str = "") -> bytes:
    manifest = manifest_1_2(ORGANIZATIONS.replace("</item>", f"</item>{items}", 1))
    return package_of(
        {"imsmanifest.xml": manifest.replace(b"<manifest", f"<manifest {root}".encode()), "index.html": PAGE}
    )


def item(number: int, inner: str = "") -> str:
    return f'<item identifier="I{number}" identifierref="RES-1"><title>T</title>{inner}</item>'


def prerequisites() -> bytes:
    """Items of which each waits for the next one."""
    wanted = "<adlcp:prerequisites>I%d</adlcp:prerequisites>"
    return of_items("".join(item(number, wanted % (number + 1)) for number in range(_MANY)) + item(_MANY))


def namespaces() -> bytes:
    """Namespaces that hold in every item."""
    declared = " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(_MANY))
    return of_items("".join(item(number) for number in range(_MANY)), declared)


def attributes() -> bytes:
    """An element of attributes that no standard knows."""
    return of_items("", " ".join(f'a{number}=""' for number in range(200_000)))


def names_of_no_encoding() -> bytes:
    """Names in the zip for which code pages are tried, each to be looked for among those of the manifest."""
    listed = "".join(f'<file href="x/{number}.html"/>' for number in range(_MANY))
    manifest = manifest_1_2(resources=RESOURCES_1_2.replace("</resource>", f"{listed}</resource>"))
    names = (b"\x81%d.html" % number for number in range(_MANY - 2))
    files = [RawEntry(b"imsmanifest.xml", manifest), RawEntry(b"index.html", PAGE)]
    return raw_zip([*files, *(RawEntry(name, method=0) for name in names)])


def folders() -> bytes:
    """Names of very many folders."""
    return raw_zip([RawEntry(b"a/" * 32_000 + b"%d" % number) for number in range(50)])


def page_of_one_line() -> bytes:
    """A page that loads thousands of pictures from elsewhere, each to be found in its line."""
    page = b"<html lang='en'><title>T</title>" + b"<img alt='' src='http://e.org/a.png'>" * 13_000
    return package_of({"imsmanifest.xml": manifest_1_2(), "index.html": page}, zipfile.ZIP_STORED)


def of_objectives(items: int, objectives: int) -> bytes:
    """Items that all refer to one definition with many objectives."""
    listed = "".join(
        f'<imsss:objective objectiveID="o{number}"><imsss:mapInfo targetObjectiveID="t{number}"/></imsss:objective>'
        for number in range(objectives)
    )
    definition = f'<imsss:objectives><imsss:primaryObjective objectiveID="p"/>{listed}</imsss:objectives>'
    collection = f'<imsss:sequencingCollection><imsss:sequencing ID="S">{definition}</imsss:sequencing>'
    found = "".join(item(number, '<imsss:sequencing IDRef="S"/>') for number in range(items))
    outline = ORGANIZATIONS.replace("</item>", f"</item>{found}", 1)
    manifest = manifest_2004(outline, more=f"{collection}</imsss:sequencingCollection>")
    return package_of({"imsmanifest.xml": manifest, "index.html": PAGE})


def metadata() -> bytes:
    """Files of metadata that are full of what the schema does not know."""
    files = {
        f"m{number}.xml": b'<lom xmlns="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1">' + b"<x/>" * 400_000 + b"</lom>"
        for number in range(6)
    }
    named = "".join(f"<adlcp:location>{name}</adlcp:location>" for name in files)
    manifest = manifest_1_2().replace(b"</schemaversion>", f"</schemaversion>{named}".encode())
    return package_of({"imsmanifest.xml": manifest, "index.html": PAGE} | files, zipfile.ZIP_STORED)


AU, CST = "system_id,file_name\na,index.html\n", "block,member\nroot,a\n"


def of_aicc(course: str = "[Course]\nCourse_Title=T\n", units: str = AU, structure: str = CST) -> bytes:
    tables = {"c.crs": course, "c.au": units, "c.des": "system_id,title\na,A\n", "c.cst": structure}
    return package_of({name: text.encode() for name, text in tables.items()} | {"index.html": PAGE}, zipfile.ZIP_STORED)


def members() -> bytes:
    """A block of the same member again and again."""
    return of_aicc(structure="block,member\nroot" + ",a" * 150_000 + "\n")


def columns() -> bytes:
    """Columns that every row would have."""
    return of_aicc(units="system_id,file_name" + ",c" * 100_000 + "\n" + "a,index.html\n" * 50_000)


def rows() -> bytes:
    """More rows than a course has."""
    return of_aicc(units=AU + "a\n" * 400_000)


def lines() -> bytes:
    """A description of very many lines."""
    return of_aicc(course="[Course]\nCourse_Title=T\n[Course_Description]\n" + "x\n" * 1_000_000)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (prerequisites, "organization.many-parts"),
        (namespaces, "organization.many-parts"),
        (attributes, "xml.too-many-attributes"),
        (names_of_no_encoding, "archive.name-encoding"),
        (folders, "archive.name-too-long"),
        (page_of_one_line, "page.insecure"),
        (lambda: of_objectives(3_000, 300), "sequencing.too-large"),
        (lambda: of_objectives(1, 4_000), None),
        (metadata, None),
        (members, "aicc.member-repeated"),
        (columns, "package.not-playable"),
        (rows, "aicc.too-large"),
        (lines, "package.not-playable"),
    ],
)
def test_no_small_package_takes_long(make, code):
    source = BytesSource(make())
    started = time.thread_time()
    reading = package.read(source, Limits())
    assert time.thread_time() - started < _SECONDS
    assert code in {one.code for one in reading.findings} | {None}
