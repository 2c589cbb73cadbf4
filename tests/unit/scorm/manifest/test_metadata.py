"""Metadata and tincan.xml by their schemas: each rule has an example that keeps it and one that breaks it."""

import pytest

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from tests.support.packages import PAGE, RESOURCES_1_2, BytesSource, manifest_1_2, manifest_2004, package_of

TEXT, WORD = '<langstring xml:lang="en">Fire</langstring>', "<source><langstring>LOMv1.0</langstring></source>"
IMS = f"""<lom xmlns="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1"><general><title>{TEXT}</title>
<catalogentry><catalog>own</catalog><entry>{TEXT}</entry></catalogentry>
<structure>{WORD}<value>{TEXT}</value></structure></general>
<lifecycle><version>{TEXT}</version></lifecycle>
<technical><size>100</size><location type="URI">index.html</location></technical></lom>"""
LOM = """<lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general uniqueElementName="general">
<title><string language="en">Fire</string></title><language>en</language>
<aggregationLevel><source>LOMv1.0</source><value>2</value></aggregationLevel></general>
<lifeCycle><contribute><role><source>LOMv1.0</source><value>author</value></role>
<date><dateTime>2026-01-31T12:00</dateTime></date></contribute></lifeCycle>
<metaMetadata><contribute><role><source>LOMv1.0</source><value>creator</value></role></contribute></metaMetadata>
<educational><typicalLearningTime><duration>PT1H30M</duration></typicalLearningTime></educational>
<classification><taxonPath><source><string>Own</string></source></taxonPath></classification></lom>"""
TINCAN = """<?xml version="1.0"?><tincan xmlns="http://projecttincan.com/tincan.xsd"><activities>
<activity id="https://example.org/fire" type="http://adlnet.gov/expapi/activities/course">
<name lang="en">Fire</name><description lang="und"/><launch lang="en">index.html</launch></activity>
<activity id="https://example.org/fire/1"><name>One</name><interactionType>choice</interactionType>
<correctResponsePatterns><correctResponsePattern>a</correctResponsePattern></correctResponsePatterns>
<choices><component><id>a</id><description>A</description></component></choices></activity>
</activities></tincan>"""
IN_FILE = "<metadata><adlcp:location>meta/lom.xml</adlcp:location></metadata>"


def with_metadata(manifest: bytes, metadata: str) -> bytes:
    return manifest.replace(b"</schemaversion>", b"</schemaversion>" + metadata.encode(), 1)


def told(files: dict[str, bytes]) -> list[str]:
    reading = package.read(BytesSource(package_of(files | {"index.html": PAGE})), Limits())
    assert reading.course is not None
    return [one.code for one in reading.findings if one.code.startswith(("metadata.", "xapi."))]


def in_manifest(metadata: str) -> list[str]:
    manifest = manifest_1_2() if "imsmd" in metadata else manifest_2004()
    return told({"imsmanifest.xml": with_metadata(manifest, metadata)})


def in_tincan(text: str) -> list[str]:
    return told({"tincan.xml": text.encode()})


@pytest.mark.parametrize("metadata", [IMS, LOM])
def test_good_metadata_have_no_notes(metadata):
    assert in_manifest(metadata) == []


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (f"<title>{TEXT}</title>", "<title>Fire</title>", "metadata.element"),
        ("<catalog>own</catalog>", "", "metadata.element"),
        ("<general>", "<general><keywords/>", "metadata.element"),
        ("<technical><size>100</size>", "<technical><size>small</size>", "metadata.value"),
        ('type="URI"', 'type="FILE"', "metadata.value"),
        ('type="URI"', 'kind="URI"', "metadata.attribute"),
        (WORD, "", "metadata.element"),
    ],
)
def test_ims_metadata(before, after, code):
    assert before in IMS
    assert code in in_manifest(IMS.replace(before, after, 1))


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("<language>en</language>", "<language>English!</language>", "metadata.value"),
        ("<language>en</language>", "<language>none</language><language>de</language>", None),
        ("<value>2</value>", "<value>5</value>", "metadata.value"),
        ("<source>LOMv1.0</source><value>2</value>", "<source>own</source><value>5</value>", None),
        ("<value>author</value>", "<value>creator</value>", "metadata.value"),
        ("<value>creator</value>", "<value>author</value>", "metadata.value"),
        ("2026-01-31T12:00", "31.1.2026", "metadata.value"),
        ("PT1H30M", "01:30", "metadata.value"),
        ("<lifeCycle>", "<lifeCycle><status/><status/>", "metadata.element"),
        ("<lifeCycle>", "<lifeCycle><state/>", "metadata.element"),
        ('<string language="en">', '<string lang="en">', "metadata.attribute"),
        ("<title>", '<x xmlns="urn:own">own</x><title>', None),
    ],
)
def test_lom(before, after, code):
    assert before in LOM
    found = in_manifest(LOM.replace(before, after, 1))
    assert code in found if code else found == []


def test_metadata_in_a_file_of_their_own():
    manifest = with_metadata(manifest_2004(), IN_FILE.removeprefix("<metadata>").removesuffix("</metadata>"))
    files = {"imsmanifest.xml": manifest}
    assert told(files | {"meta/lom.xml": LOM.encode()}) == []
    assert told(files | {"meta/lom.xml": LOM.replace("PT1H30M", "1").encode()}) == ["metadata.value"]
    assert told(files | {"meta/lom.xml": b"<lom><unclosed></lom>"}) == ["metadata.unreadable"]
    assert told(files | {"meta/lom.xml": b'<!DOCTYPE lom [<!ENTITY a "b">]><lom/>'}) == ["metadata.unreadable"]
    assert told(files) == []  # That it is missing is told of the manifest.


def test_a_good_tincan_has_no_notes():
    assert in_tincan(TINCAN) == []


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ('id="https://example.org/fire/1"', 'id="fire-1"', "xapi.iri"),
        ('id="https://example.org/fire/1"', 'id="https://example.org/fire"', "xapi.duplicate"),
        ("<name>One</name>", "<title>One</title>", "xapi.element"),
        ("<name>One</name>", '<name language="en">One</name>', "xapi.attribute"),
        ('<name lang="en">', '<name lang="English language">', "xapi.value"),
        ("<interactionType>choice<", "<interactionType>multiple<", "xapi.value"),
        ("<choices><component><id>a</id>", "<choices><component>", "xapi.element"),
    ],
)
def test_tincan(before, after, code):
    assert before in TINCAN
    assert in_tincan(TINCAN.replace(before, after, 1)) == [code]


def test_what_tincan_launches_is_taken_once_for_each_activity():
    again = TINCAN.replace("<name>One</name>", "<name>One</name><launch>second.html?a=1</launch>")
    zipped = package_of({"tincan.xml": again.encode(), "index.html": PAGE, "second.html": PAGE})
    reading = package.read(BytesSource(zipped), Limits())
    assert reading.course is not None
    assert [item.href for item in reading.course.organization.items] == ["index.html", "second.html?a=1"]


def test_a_file_of_metadata_is_known_though_no_resource_lists_it():
    resources = RESOURCES_1_2.replace("</resource>", "<file href='a.css'/></resource>")
    manifest = with_metadata(manifest_1_2(resources=resources), IN_FILE)
    files = {"imsmanifest.xml": manifest, "index.html": PAGE, "a.css": b"", "meta/lom.xml": IMS.encode()}
    more = {"meta/other.xml": IMS.encode()}
    for packed, expected in ((files, []), (files | more, ["meta/other.xml"])):
        reading = package.read(BytesSource(package_of(packed)), Limits())
        assert [one.file for one in reading.findings if one.code == "file.unlisted"] == expected
