"""Manifests: what is right is read faithfully, what is meant is mended with a note, what cannot work is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.scorm.spec.manifest import package, rules
from hub.scorm.spec.manifest.archive import Limits
from hub.scorm.spec.manifest.course import as_data, from_data
from hub.scorm.spec.manifest.findings import Verdict
from hub.scorm.spec.manifest.package import Reading
from tests.support.packages import PAGE, BytesSource, RawEntry, manifest_1_2, manifest_2004, package_of, raw_zip


def read(files: dict[str, bytes]) -> Reading:
    return package.read(BytesSource(package_of(files)), Limits())


def of_manifest(manifest: bytes, *names: str) -> Reading:
    """A package of a manifest and pages of these names."""
    return read({"imsmanifest.xml": manifest, **dict.fromkeys(names or ("index.html",), PAGE)})


def codes(reading: Reading) -> list[str]:
    return [finding.code for finding in reading.findings]


def organizations(items: str, attributes: str = 'default="ORG"', more: str = "") -> str:
    return (
        f"<organizations {attributes}><organization identifier='ORG'><title>A course</title>{items}{more}"
        "</organization></organizations>"
    )


def item(identifier: str = "I", resource: str = "RES-1", inner: str = "", attributes: str = "") -> str:
    reference = f'identifierref="{resource}"' if resource else ""
    return f'<item identifier="{identifier}" {reference} {attributes}><title>Title</title>{inner}</item>'


def resources(*hrefs: str, base: str = "", kind: str = "scormtype") -> str:
    listed = (
        f'<resource identifier="RES-{number}" type="webcontent" adlcp:{kind}="sco" href="{href}"/>'
        for number, href in enumerate(hrefs, 1)
    )
    return f"<resources {base}>{''.join(listed)}</resources>"


def first_item(reading: Reading):
    assert reading.course is not None, reading.findings
    return reading.course.organization.items[0]


class TestGoodManifests:
    """The standard's own form, without a single finding."""

    def test_scorm_1_2(self):
        inner = (
            "<adlcp:prerequisites type='aicc_script'>A&amp;B</adlcp:prerequisites>"
            "<adlcp:maxtimeallowed>0001:30:00</adlcp:maxtimeallowed>"
            "<adlcp:timelimitaction>exit,no message</adlcp:timelimitaction>"
            "<adlcp:datafromlms>  x=1\n y </adlcp:datafromlms><adlcp:masteryscore>80</adlcp:masteryscore>"
        )
        reading = of_manifest(manifest_1_2(organizations(item(inner=inner, attributes='isvisible="false"'))))
        assert codes(reading) == ["item.prerequisite-unknown"] * 2
        assert reading.course is not None
        assert (reading.course.standard, reading.course.edition, reading.course.title) == (
            "scorm_1_2",
            None,
            "A course",
        )
        found = first_item(reading)
        assert (found.prerequisites, found.max_time_allowed, found.time_limit_action) == (
            "A&B",
            "0001:30:00",
            "exit,no message",
        )
        assert (found.launch_data, found.mastery_score, found.is_visible) == ("  x=1\n y ", 80.0, False)
        assert (found.href, found.scorm_type, found.resource) == ("index.html", "sco", "RES-1")

    def test_scorm_2004(self):
        inner = (
            "<adlcp:timeLimitAction>continue,message</adlcp:timeLimitAction>"
            "<adlcp:dataFromLMS>data</adlcp:dataFromLMS>"
            '<adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.8" progressWeight="0.5"/>'
            '<adlcp:data><adlcp:map targetID="shared" writeSharedData="false"/></adlcp:data>'
            "<adlnav:presentation><adlnav:navigationInterface><adlnav:hideLMSUI>continue</adlnav:hideLMSUI>"
            "<adlnav:hideLMSUI>exitAll</adlnav:hideLMSUI></adlnav:navigationInterface></adlnav:presentation>"
        )
        reading = of_manifest(manifest_2004(organizations(item(inner=inner))))
        assert reading.findings == ()
        assert reading.course is not None
        assert (reading.course.standard, reading.course.edition) == ("scorm_2004", "4th")
        found = first_item(reading)
        assert (found.time_limit_action, found.launch_data, found.hide_lms_ui) == (
            "continue,message",
            "data",
            ("continue", "exitAll"),
        )
        assert found.completion_threshold is not None
        assert (
            found.completion_threshold.completed_by_measure,
            found.completion_threshold.min_progress_measure,
            found.completion_threshold.progress_weight,
        ) == (True, 0.8, 0.5)
        assert [(one.target, one.read_shared_data, one.write_shared_data) for one in found.data_maps] == [
            ("shared", True, False)
        ]

    def test_the_tree_keeps_its_order_and_depth(self):
        tree = item("A", "", item("A1") + item("A2", "", item("A2a"))) + item("B")
        reading = of_manifest(manifest_2004(organizations(tree)))
        assert reading.findings == ()
        assert reading.course is not None
        assert [(one.identifier, depth) for one, depth in reading.course.organization.walk()] == [
            ("A", 1),
            ("A1", 2),
            ("A2", 2),
            ("A2a", 3),
            ("B", 1),
        ]

    def test_metadata_of_the_whole(self):
        head = """<manifest identifier="M" version="2" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
            xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"
            xmlns:md="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1" xml:lang="de">
          <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion><md:lom><md:general>
            <md:description><md:langstring xml:lang="de">Für alle</md:langstring></md:description>
            <md:keyword><md:langstring>Feuer</md:langstring></md:keyword>
            <md:keyword><md:langstring>Schutz</md:langstring></md:keyword>
          </md:general></md:lom></metadata>"""
        reading = of_manifest(manifest_1_2(head=head))
        assert reading.findings == ()
        assert reading.course is not None
        assert (reading.course.description, reading.course.keywords, reading.course.language) == (
            "Für alle",
            ("Feuer", "Schutz"),
            "de",
        )
        assert (reading.course.identifier, reading.course.version) == ("M", "2")

    def test_third_edition_threshold_is_plain_text(self):
        inner = "<adlcp:completionThreshold>0.75</adlcp:completionThreshold>"
        head = manifest_2004().decode().partition("  <organizations")[0].replace("4th", "3rd")
        reading = of_manifest(manifest_2004(organizations(item(inner=inner)), head=head))
        assert reading.course is not None
        assert reading.course.edition == "3rd"
        threshold = first_item(reading).completion_threshold
        assert (threshold.completed_by_measure, threshold.min_progress_measure) == (True, 0.75)

    def test_its_stored_form_is_the_same(self):
        reading = of_manifest(manifest_2004(organizations(item() + item("J", inner=SEQUENCING))))
        assert reading.course is not None
        assert from_data(as_data(reading.course)) == reading.course


class TestLaunchAddresses:
    """xml:base, href, query and parameters (RFC 3986; CAM, <item> parameters)."""

    @pytest.mark.parametrize(
        ("href", "parameters", "files", "expected"),
        [
            ("index.html", "", "index.html", "index.html"),
            ("a/b.html?x=1", "", "a/b.html", "a/b.html?x=1"),
            ("a/b.html#top", "", "a/b.html", "a/b.html#top"),
            ("a/b.html?x=1#top", "", "a/b.html", "a/b.html?x=1#top"),
            ("./a/../b.html", "", "b.html", "b.html"),
            ("with%20space.html", "", "with space.html", "with%20space.html"),
            ("with space.html", "", "with space.html", "with%20space.html"),
            ("%C3%BC.html", "", "ü.html", "%C3%BC.html"),
            ("ü.html", "", "ü.html", "%C3%BC.html"),
            ("100%25.html", "", "100%.html", "100%25.html"),
            ("a%20b.html", "", "a%20b.html", "a%2520b.html"),
            ("a#b.html", "", "a#b.html", "a%23b.html"),
            ("index.html", "a=1", "index.html", "index.html?a=1"),
            ("index.html", "?a=1", "index.html", "index.html?a=1"),
            ("index.html", "&amp;a=1", "index.html", "index.html?a=1"),
            ("index.html", "?&amp;?a=1", "index.html", "index.html?a=1"),
            ("index.html?x=1", "a=1", "index.html", "index.html?x=1&a=1"),
            ("index.html?x=1", "?a=1&amp;b=2", "index.html", "index.html?x=1&a=1&b=2"),
            ("index.html", "#page2", "index.html", "index.html#page2"),
            ("index.html#one", "#two", "index.html", "index.html#one"),
            ("index.html#one", "a=1", "index.html", "index.html?a=1#one"),
            ("index.html", "a=1#two", "index.html", "index.html?a=1#two"),
            ("index.html#one", "a=1#two", "index.html", "index.html?a=1#one"),
            ("index.html", "a=b%20c", "index.html", "index.html?a=b%20c"),
        ],
    )
    def test_href_and_parameters(self, href, parameters, files, expected):
        outline = organizations(item(attributes=f'parameters="{parameters}"'))
        reading = of_manifest(manifest_1_2(outline, resources(href)), files)
        assert first_item(reading).href == expected
        assert reading.findings == ()

    def test_parameters_that_do_not_belong_into_a_url_are_encoded(self):
        outline = organizations(item(attributes='parameters="name=a b&amp;ü=&quot;1&quot;"'))
        reading = of_manifest(manifest_1_2(outline))
        assert first_item(reading).href == "index.html?name=a%20b&%C3%BC=%221%22"
        assert codes(reading) == ["item.parameters"]

    @pytest.mark.parametrize(
        ("manifest_base", "resources_base", "resource_base", "expected"),
        [
            ("content/", "", "", "content/index.html"),
            ("content/", "sco/", "", "content/sco/index.html"),
            ("content/", "sco/", "one/", "content/sco/one/index.html"),
            ("", "", "one/two/", "one/two/index.html"),
            ("content/", "../other/", "", "other/index.html"),
            ("content", "", "", "index.html"),
        ],
    )
    def test_xml_base(self, manifest_base, resources_base, resource_base, expected):
        text = manifest_1_2(resources=resources("index.html", base=f'xml:base="{resources_base}"')).decode()
        text = text.replace("<manifest ", f'<manifest xml:base="{manifest_base}" ')
        text = text.replace("<resource ", f'<resource xml:base="{resource_base}" ')
        reading = of_manifest(text.encode(), expected)
        assert first_item(reading).href == expected
        assert reading.findings == ()

    @pytest.mark.parametrize("href", ["https://example.org/course/index.html?a=1", "//cdn.example.org/x.html"])
    def test_content_that_lives_elsewhere(self, href):
        reading = of_manifest(manifest_1_2(resources=resources(href)))
        assert first_item(reading).href == href
        assert codes(reading) == ["resource.external"]

    @pytest.mark.parametrize(
        ("href", "code"),
        [
            ("../index.html", "resource.escapes"),
            ("a/../../index.html", "resource.escapes"),
            ("..\\index.html", "resource.escapes"),
            ("javascript:alert(1)", "resource.scheme"),
            ("data:text/html,hi", "resource.scheme"),
            ("file:///etc/passwd", "resource.scheme"),
            ("C:\\course\\index.html", "resource.scheme"),
            ("missing.html", "resource.launch-missing"),
        ],
    )
    def test_what_cannot_be_launched(self, href, code):
        assert first_item(of_manifest(manifest_1_2(resources=resources("index.html")))).href == "index.html"
        reading = of_manifest(manifest_1_2(resources=resources(href)))
        assert reading.verdict is Verdict.REFUSED
        assert codes(reading)[0] == code
        assert reading.course is None

    @given(st.text(max_size=60))
    def test_parameters_of_any_kind_make_a_url(self, parameters):
        from hub.scorm.spec.manifest.hrefs import with_parameters

        joined = with_parameters("a/index.html?x=1", parameters)
        assert joined.startswith("a/index.html?x=1")
        assert joined.isascii()
        assert not set(joined) & set(' "<>\\^`{|}')


class TestTolerance:
    """What is plainly meant is taken, and its author is told."""

    @pytest.mark.parametrize(
        ("manifest", "expected"),
        [
            (manifest_1_2().decode().encode("utf-8-sig"), ["xml.byte-order-mark"]),
            (manifest_1_2().decode().replace("UTF-8", "UTF-16").encode("utf-16"), ["xml.encoding-other"]),
            (manifest_1_2().decode().replace("UTF-8", "UTF-16").encode("utf-16-be"), ["xml.encoding-other"]),
            (manifest_1_2().decode().replace("UTF-8", "UTF-16").encode("utf-16-le"), ["xml.encoding-other"]),
            (manifest_1_2().decode().replace("UTF-8", "UTF-16").encode("utf-8"), []),
            (manifest_1_2().decode().encode("utf-32"), ["xml.encoding-other"]),
            (
                manifest_1_2().decode().replace("A course", "Übung").replace("UTF-8", "ISO-8859-1").encode("latin-1"),
                ["xml.encoding-other"],
            ),
            (
                manifest_1_2().decode().replace("A course", "日本").replace("UTF-8", "Shift_JIS").encode("shift_jis"),
                ["xml.encoding-other"],
            ),
            (
                manifest_1_2().decode().replace("A course", "课程").replace("UTF-8", "GB2312").encode("gb2312"),
                ["xml.encoding-other"],
            ),
            (manifest_1_2().decode().replace("A course", "Übung").encode("cp1252"), ["xml.encoding-mended"]),
            (
                manifest_1_2().decode().replace("A course", "Übung").replace("UTF-8", "us-ascii").encode(),
                ["xml.encoding-mended"],
            ),
            (b"\n" + manifest_1_2().partition(b"?>")[2], []),
        ],
        ids=[
            "UTF-8 with BOM",
            "UTF-16 with BOM",
            "UTF-16 BE without",
            "UTF-16 LE without",
            "says UTF-16, is UTF-8",
            "UTF-32",
            "Latin-1",
            "Shift_JIS",
            "GB2312",
            "says UTF-8, is Windows",
            "says ASCII, is UTF-8",
            "no declaration",
        ],
    )
    def test_encodings(self, manifest, expected):
        reading = of_manifest(manifest)
        assert reading.course is not None
        assert reading.course.title in {"A course", "Übung", "日本", "课程"}
        assert codes(reading) == expected

    @pytest.mark.parametrize(
        ("files", "code", "href"),
        [
            (
                {"My course/imsmanifest.xml": manifest_1_2(), "My course/index.html": PAGE},
                "package.manifest-in-folder",
                "My%20course/index.html",
            ),
            (
                {"a/b/imsmanifest.xml": manifest_1_2(), "a/b/index.html": PAGE, "__MACOSX/x": b""},
                "package.manifest-in-folder",
                "a/b/index.html",
            ),
            ({"IMSMANIFEST.XML": manifest_1_2(), "index.html": PAGE}, "package.manifest-name", "index.html"),
            ({"imsmanifest.xml": manifest_1_2(), "Index.HTML": PAGE}, "resource.case", "Index.HTML"),
            (
                {"imsmanifest.xml": manifest_1_2(resources=resources("media\\index.html")), "media/index.html": PAGE},
                "resource.backslash",
                "media/index.html",
            ),
        ],
        ids=["in a folder", "two folders deep", "upper case", "case of an href", "backslash in an href"],
    )
    def test_names(self, files, code, href):
        reading = read(files)
        assert first_item(reading).href == href
        assert code in codes(reading)

    def test_schema_files_that_are_named_and_missing_are_noted(self):
        location = (
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:a imscp.xsd urn:b '
            'xsd/adl.xsd urn:c https://example.org/c.xsd"'
        )
        manifest = manifest_1_2().replace(b"<manifest", f"<manifest {location}".encode(), 1)
        files = {"course/imsmanifest.xml": manifest, "course/index.html": PAGE, "course/IMSCP.xsd": b"<schema/>"}
        found = [one for one in read(files).findings if one.code == "manifest.schema-files"]
        assert [(one.file, one.line, one.facts) for one in found] == [
            ("course/imsmanifest.xml", 2, {"count": 1, "file": "xsd/adl.xsd"})
        ]
        assert "manifest.schema-files" not in codes(read(files | {"course/xsd/adl.xsd": b"<schema/>"}))

    @pytest.mark.parametrize(
        ("count", "expected"), [(package.MANY_PARTS - 1, []), (package.MANY_PARTS, ["imsmanifest.xml"])]
    )
    def test_a_course_of_very_many_parts_is_noted(self, count, expected):
        reading = of_manifest(manifest_1_2(organizations("".join(item(f"I{number}") for number in range(count)))))
        assert [one.file for one in reading.findings if one.code == "organization.many-parts"] == expected

    def test_the_manifest_at_the_top_wins_over_others_below(self):
        reading = read({"imsmanifest.xml": manifest_1_2(), "index.html": PAGE, "sub/imsmanifest.xml": b"rubbish"})
        assert reading.findings == ()

    @pytest.mark.parametrize("codepage", ["cp437", "cp852", "cp1252", "cp1250", "cp866", "cp1251", "cp932", "gbk"])
    def test_file_names_in_old_code_pages_are_read_as_the_manifest_spells_them(self, codepage):
        names = {"cp852": "Část.html", "cp1250": "Část.html", "cp866": "урок.html", "cp1251": "урок.html"}
        names |= {"cp932": "テスト.html", "gbk": "测试.html"}
        name = names.get(codepage, "Übung.html")
        entries = [
            RawEntry(b"imsmanifest.xml", manifest_1_2(resources=resources(name))),
            RawEntry(name.encode(codepage), PAGE, host=0, mode=0),
        ]
        reading = package.read(BytesSource(raw_zip(entries)), Limits())
        assert reading.verdict is Verdict.ACCEPTED, reading.findings
        assert {entry.name for entry in reading.entries} == {"imsmanifest.xml", name}
        assert codes(reading) == ["archive.name-encoding"]

    @pytest.mark.parametrize(
        ("version", "expected", "finding"),
        [
            ("1.2", ("scorm_1_2", None), None),
            ("SCORM 1.2", ("scorm_1_2", None), None),
            ("ADL SCORM 1.2", ("scorm_1_2", None), None),
            ("CAM 1.3", ("scorm_2004", "2nd"), None),
            ("1.3", ("scorm_2004", "2nd"), None),
            ("2004 2nd Edition", ("scorm_2004", "2nd"), None),
            ("2004 3rd Edition", ("scorm_2004", "3rd"), None),
            ("SCORM 2004 4th Edition", ("scorm_2004", "4th"), None),
            ("2004 4TH EDITION", ("scorm_2004", "4th"), None),
            ("2004", ("scorm_2004", None), None),
            ("", None, "manifest.version-missing"),
            ("whatever", None, "manifest.version-unknown"),
            ("1.1.4", None, "manifest.version-unknown"),
        ],
    )
    def test_schemaversions(self, version, expected, finding):
        for make, used in ((manifest_1_2, "scorm_1_2"), (manifest_2004, "scorm_2004")):
            head, _, rest = make().decode().partition("<schemaversion>")
            text = f"{head}<schemaversion>{version}{rest[rest.index('</schemaversion>') :]}"
            reading = of_manifest(text.encode())
            assert reading.course is not None
            taken = (reading.course.standard, reading.course.edition)
            assert taken == (expected or (used, None))
            contradicts = expected is not None and expected[0] != used
            assert codes(reading) == ([finding] if finding else ["manifest.version-contradicts"] if contradicts else [])

    def test_unknown_namespaces_and_undeclared_prefixes(self):
        text = manifest_1_2().decode()
        odd = text.replace("http://www.imsproject.org/xsd/imscp_rootv1p1p2", "http://example.org/content")
        assert codes(of_manifest(odd.encode())) == ["manifest.namespace"]
        odd = text.replace("http://www.adlnet.org/xsd/adlcp_rootv1p2", "http://example.org/adl")
        reading = of_manifest(odd.encode())
        assert codes(reading) == ["manifest.namespace"]
        assert first_item(reading).scorm_type == "sco"
        odd = text.replace('xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"', "")
        reading = of_manifest(odd.encode())
        assert "xml.prefix-mended" in codes(reading)
        assert first_item(reading).scorm_type == "sco"
        assert (
            codes(of_manifest(text.replace('xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"', "").encode()))
            == []
        )

    @pytest.mark.parametrize(
        ("outline", "code"),
        [
            (organizations(item(), attributes=""), "organization.default-missing"),
            (organizations(item(), attributes='default="OTHER"'), "organization.default-unknown"),
            (organizations(item().replace("<title>Title</title>", "")), "item.without-title"),
            (organizations(item() + item("J", "")), "item.empty-leaf"),
            (organizations(item().replace('identifier="I"', "")), "identifier.missing"),
            (organizations(item(inner="<adlcp:masteryscore>120</adlcp:masteryscore>")), "item.value"),
            (organizations(item(inner="<adlcp:masteryscore>many</adlcp:masteryscore>")), "item.value"),
            (organizations(item(inner="<adlcp:maxtimeallowed>1 hour</adlcp:maxtimeallowed>")), "item.value"),
            (organizations(item(inner="<adlcp:timelimitaction>stop</adlcp:timelimitaction>")), "item.value"),
            (organizations(item(attributes='isvisible="perhaps"')), "item.value"),
        ],
    )
    def test_outlines_with_a_small_fault(self, outline, code):
        assert of_manifest(manifest_1_2(organizations(item()))).findings == ()
        reading = of_manifest(manifest_1_2(outline))
        assert reading.verdict is Verdict.ACCEPTED
        assert code in codes(reading)

    def test_several_organizations(self):
        outline = organizations(item()).replace(
            "</organizations>",
            '<organization identifier="TWO"><title>Second</title><item identifier="I-2" identifierref="RES-1">'
            "<title>T</title></item></organization></organizations>",
        )
        reading = of_manifest(manifest_1_2(outline))
        assert codes(reading) == ["organization.several"]
        assert reading.course is not None
        assert [one.identifier for one in reading.course.organizations] == ["ORG", "TWO"]

    @pytest.mark.parametrize(
        ("listed", "code"),
        [
            (resources("index.html").replace('adlcp:scormtype="sco"', ""), "resource.scorm-type-missing"),
            (resources("index.html").replace('"sco"', '"movie"'), "resource.scorm-type-unknown"),
            (resources("index.html", "index.html"), "resource.unused"),
            (
                resources("index.html").replace("/>", '><dependency identifierref="NONE"/></resource>', 1),
                "resource.dependency-missing",
            ),
            (
                resources("index.html").replace("/>", '><file href="gone.js"/></resource>', 1),
                "resource.file-missing",
            ),
        ],
    )
    def test_resources_with_a_small_fault(self, listed, code):
        assert of_manifest(manifest_1_2(resources=resources("index.html"))).findings == ()
        reading = of_manifest(manifest_1_2(resources=listed))
        assert reading.verdict is Verdict.ACCEPTED
        assert codes(reading) == [code]

    def test_a_launch_file_that_nobody_launches_may_be_missing(self):
        reading = of_manifest(manifest_1_2(resources=resources("index.html", "gone.html")))
        assert reading.verdict is Verdict.ACCEPTED
        assert sorted(codes(reading)) == ["resource.file-missing", "resource.unused"]

    @pytest.mark.parametrize("attribute", ["scormtype", "scormType"])
    @pytest.mark.parametrize("value", ["sco", "SCO", "asset", "Asset"])
    def test_both_spellings_of_the_scorm_type(self, attribute, value):
        text = manifest_1_2().decode().replace('scormtype="sco"', f'{attribute}="{value}"')
        assert first_item(of_manifest(text.encode())).scorm_type == value.lower()

    def test_blanks_around_identifiers_do_not_count(self):
        text = manifest_1_2().decode().replace('identifierref="RES-1"', 'identifierref="  RES-1 "')
        assert of_manifest(text.encode()).findings == ()


class TestRefusals:
    """What cannot work, with its place."""

    @pytest.mark.parametrize(
        ("manifest", "code", "line"),
        [
            (b"", "xml.malformed", 1),
            (b"no xml", "xml.malformed", 1),
            (manifest_1_2()[:-12], "xml.malformed", None),
            (manifest_1_2().replace(b"</title>", b"</titel>", 1), "xml.malformed", 8),
            (manifest_1_2().replace(b"A course", b"A & B"), "xml.malformed", 8),
            (manifest_1_2().replace(b"A course", b"&nbsp;"), "xml.malformed", 8),
            (manifest_1_2().replace(b"A course", b"\x01"), "xml.malformed", 8),
            (manifest_1_2().replace(b"UTF-8", b"EBCDIC-X"), "xml.encoding-unknown", 1),
            (manifest_1_2().replace(b"UTF-8", b"unicode_escape"), "xml.encoding-unknown", 1),
            (manifest_1_2().replace(b"UTF-8", b"idna"), "xml.encoding-unknown", 1),
            (b"<html><body>404</body></html>", "manifest.root", 1),
            (manifest_1_2(organizations=""), "organization.none", None),
            (manifest_1_2(organizations="<organizations/>"), "organization.none", 6),
            (manifest_1_2(organizations(item(resource=""))), "organization.nothing-to-launch", 6),
            (manifest_1_2(organizations(item(resource="res-1"))), "item.resource-missing", 6),
            (manifest_1_2(resources=""), "item.resource-missing", 9),
            (manifest_1_2(organizations(item() + item())), "identifier.duplicate", 6),
            (manifest_1_2(organizations(item("ORG"))), "identifier.duplicate", 6),
            (
                manifest_1_2(
                    resources=resources("index.html", "index.html").replace('identifier="RES-2"', 'identifier="RES-1"')
                ),
                "identifier.duplicate",
                12,
            ),
            (manifest_1_2(resources=resources("")), "item.resource-without-file", 9),
        ],
    )
    def test_manifests_that_cannot_work(self, manifest, code, line):
        reading = of_manifest(manifest)
        assert reading.verdict is Verdict.REFUSED
        found = next(finding for finding in reading.findings if finding.code == code)
        assert found.file == "imsmanifest.xml"
        if line is not None:
            assert found.line == line
        assert found.fix

    @pytest.mark.parametrize(
        ("manifest", "code"),
        [
            (manifest_1_2().replace(b"<manifest", b"<!DOCTYPE manifest><manifest", 1), "xml.doctype"),
            (
                manifest_1_2().replace(
                    b"<manifest", b'<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><manifest', 1
                ),
                "xml.doctype",
            ),
            (
                manifest_1_2().replace(
                    b"<manifest", b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><manifest', 1
                ),
                "xml.doctype",
            ),
            (
                manifest_1_2().replace(b"<manifest", b"<!-- a --> <?pi?>\n<!doctype manifest SYSTEM 'x'><manifest", 1),
                "xml.doctype",
            ),
            (
                manifest_1_2()
                .decode()
                .replace("UTF-8", "UTF-16")
                .replace("<manifest", "<!DOCTYPE manifest><manifest", 1)
                .encode("utf-16"),
                "xml.doctype",
            ),
            (manifest_1_2(organizations("<item>" * 300 + "</item>" * 300)), "xml.too-deep"),
            (b"<a>" * 20_000, "xml.too-deep"),
            (b"<m>" + b"".join(b"<a%d/>" % number for number in range(700_000)) + b"</m>", "xml.too-many-tags"),
            (
                b"<m><a " + b" ".join(b"a%d=''" % number for number in range(1_001)) + b"/></m>",
                "xml.too-many-attributes",
            ),
        ],
    )
    def test_xml_that_attacks(self, manifest, code):
        assert of_manifest(manifest_1_2()).verdict is Verdict.ACCEPTED
        reading = of_manifest(manifest)
        assert reading.verdict is Verdict.DANGEROUS
        assert codes(reading) == [code]

    def test_a_doctype_in_text_is_only_text(self):
        text = manifest_1_2().replace(b"A course", b"<![CDATA[<!DOCTYPE html>]]>")
        reading = of_manifest(text)
        assert reading.course is not None
        assert reading.course.title == "<!DOCTYPE html>"

    def test_a_manifest_too_large_is_not_read(self):
        files = {"imsmanifest.xml": b"<a>" + b" " * 40_000_000, "index.html": PAGE}
        reading = package.read(BytesSource(package_of(files)), Limits(ratio=100_000))
        assert codes(reading) == ["xml.too-large"]

    @pytest.mark.parametrize(
        ("files", "words"),
        [
            ({"story.xml": b"x"}, "Storyline"),
            ({"h5p.json": b"{}", "content/content.json": b"{}"}, "H5P"),
            ({"[Content_Types].xml": b"<x/>"}, "Office"),
            ({"lesson.txt": PAGE}, "no imsmanifest.xml"),
            ({"index.html": PAGE, "adlcp_rootv1p2.xsd": b"x"}, "no imsmanifest.xml"),
            ({"index.html": PAGE, "imsmanifest.xml.txt": b"x"}, "“imsmanifest.xml.txt” may be it"),
            ({"course.zip": b"PK"}, "another zip, “course.zip”"),
        ],
    )
    def test_no_manifest(self, files, words):
        reading = read(files)
        assert codes(reading) == ["package.no-manifest"]
        assert words in reading.findings[0].message

    def test_several_packages_in_one_zip(self):
        reading = read({"a/imsmanifest.xml": manifest_1_2(), "b/imsmanifest.xml": manifest_1_2()})
        assert codes(reading) == ["package.several-manifests"]

    def test_a_hint_where_the_file_may_be(self):
        reading = of_manifest(manifest_1_2(), "content/index.html")
        assert "“content/index.html” is" in reading.findings[0].message

    def test_all_faults_are_told_at_once(self):
        outline = organizations(item("A", "NONE") + item("B", "RES-1") + item("B", "RES-1"))
        reading = of_manifest(manifest_1_2(outline, resources("gone.html")))
        assert sorted(codes(reading)) == ["identifier.duplicate", "item.resource-missing", "resource.launch-missing"]

    @given(st.binary(max_size=200), st.integers(0, 1200))
    def test_no_manifest_breaks_the_reader(self, junk, position):
        text = manifest_2004(organizations(item(inner=SEQUENCING)))
        reading = of_manifest(text[:position] + junk + text[position + len(junk) :])
        assert (reading.course is None) == (reading.verdict is not Verdict.ACCEPTED)


SEQUENCING = """<imsss:sequencing>
  <imsss:controlMode choice="false" choiceExit="false" flow="true" forwardOnly="true"
      useCurrentAttemptObjectiveInfo="false" useCurrentAttemptProgressInfo="false"/>
  <imsss:sequencingRules>
    <imsss:preConditionRule><imsss:ruleConditions conditionCombination="any">
      <imsss:ruleCondition referencedObjective="OBJ" operator="not" condition="satisfied"/>
      <imsss:ruleCondition condition="objectiveMeasureGreaterThan" measureThreshold="-0.5"/>
    </imsss:ruleConditions><imsss:ruleAction action="skip"/></imsss:preConditionRule>
    <imsss:exitConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="always"/></imsss:ruleConditions>
      <imsss:ruleAction action="exit"/></imsss:exitConditionRule>
    <imsss:postConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="completed"/></imsss:ruleConditions>
      <imsss:ruleAction action="retryAll"/></imsss:postConditionRule>
  </imsss:sequencingRules>
  <imsss:limitConditions attemptLimit="3" attemptAbsoluteDurationLimit="PT1H"/>
  <imsss:rollupRules rollupObjectiveSatisfied="false" rollupProgressCompletion="false" objectiveMeasureWeight="0.25">
    <imsss:rollupRule childActivitySet="atLeastPercent" minimumPercent="0.5" minimumCount="2">
      <imsss:rollupConditions conditionCombination="all">
        <imsss:rollupCondition operator="not" condition="attempted"/>
      </imsss:rollupConditions><imsss:rollupAction action="incomplete"/>
    </imsss:rollupRule>
  </imsss:rollupRules>
  <imsss:objectives>
    <imsss:primaryObjective objectiveID="PRIMARY" satisfiedByMeasure="true">
      <imsss:minNormalizedMeasure>0.8</imsss:minNormalizedMeasure>
      <imsss:mapInfo targetObjectiveID="GLOBAL" readSatisfiedStatus="false" writeNormalizedMeasure="true"/>
    </imsss:primaryObjective>
    <imsss:objective objectiveID="OBJ"/>
  </imsss:objectives>
  <imsss:randomizationControls randomizationTiming="once" selectCount="2" reorderChildren="true"
      selectionTiming="onEachNewAttempt"/>
  <imsss:deliveryControls tracked="false" completionSetByContent="true" objectiveSetByContent="true"/>
  <adlseq:constrainedChoiceConsiderations preventActivation="true" constrainChoice="true"/>
  <adlseq:rollupConsiderations requiredForSatisfied="ifAttempted" measureSatisfactionIfActive="false"/>
  <adlseq:objectives><adlseq:objective objectiveID="PRIMARY">
    <adlseq:mapInfo targetObjectiveID="GLOBAL" writeRawScore="true" readMinScore="false"/>
  </adlseq:objective></adlseq:objectives>
</imsss:sequencing>"""


class TestSequencing:
    """imsss:sequencing as data, with the standard's defaults."""

    def read(self, sequencing: str, more: str = "") -> Reading:
        return of_manifest(manifest_2004(organizations(item(inner=sequencing)), more=more))

    def test_everything_that_is_there_is_read(self):
        reading = self.read(SEQUENCING)
        assert codes(reading) == ["score.untracked"]
        found = first_item(reading).sequencing
        mode = found.control_mode
        assert (mode.choice, mode.choice_exit, mode.flow, mode.forward_only) == (False, False, True, True)
        assert (mode.use_current_attempt_objective_info, mode.use_current_attempt_progress_info) == (False, False)
        (rule,) = found.pre_condition_rules
        assert (rule.action, rule.combination) == ("skip", "any")
        assert [
            (one.condition, one.operator, one.referenced_objective, one.measure_threshold) for one in rule.conditions
        ] == [
            ("satisfied", "not", "OBJ", 0.0),
            ("objectiveMeasureGreaterThan", "noOp", None, -0.5),
        ]
        assert [one.action for one in found.exit_condition_rules] == ["exit"]
        assert [(one.action, one.combination) for one in found.post_condition_rules] == [("retryAll", "all")]
        assert (found.limit_conditions.attempt_limit, found.limit_conditions.attempt_absolute_duration_limit) == (
            3,
            "PT1H",
        )
        (rollup,) = found.rollup_rules
        assert (rollup.action, rollup.combination, rollup.child_activity_set) == ("incomplete", "all", "atLeastPercent")
        assert (rollup.minimum_percent, rollup.minimum_count) == (0.5, 2)
        assert (found.rollup_objective_satisfied, found.rollup_progress_completion) == (False, False)
        assert found.objective_measure_weight == 0.25
        primary, other = found.objectives
        assert (primary.identifier, primary.is_primary, primary.satisfied_by_measure) == ("PRIMARY", True, True)
        assert primary.min_normalized_measure == 0.8
        (link,) = primary.maps
        assert (link.target, link.read_satisfied_status, link.write_normalized_measure) == ("GLOBAL", False, True)
        assert (link.write_raw_score, link.read_min_score, link.read_max_score) == (True, False, True)
        assert (other.identifier, other.is_primary) == ("OBJ", False)
        random = found.randomization
        assert (random.randomization_timing, random.select_count, random.reorder_children) == ("once", 2, True)
        assert random.selection_timing == "onEachNewAttempt"
        delivery = found.delivery_controls
        assert (delivery.tracked, delivery.completion_set_by_content, delivery.objective_set_by_content) == (
            False,
            True,
            True,
        )
        assert (found.constrain_choice.prevent_activation, found.constrain_choice.constrain_choice) == (True, True)
        assert found.rollup_considerations.required_for_satisfied == "ifAttempted"
        assert found.rollup_considerations.measure_satisfaction_if_active is False

    def test_nothing_given_means_the_defaults(self):
        from hub.scorm.spec.manifest.course import Sequencing

        assert first_item(self.read("<imsss:sequencing/>")).sequencing == Sequencing()
        assert first_item(self.read("")).sequencing is None

    def test_a_definition_of_the_collection_is_merged_part_by_part(self):
        more = (
            '<imsss:sequencingCollection><imsss:sequencing ID="S"><imsss:controlMode flow="true" choice="false"/>'
            '<imsss:limitConditions attemptLimit="2"/></imsss:sequencing></imsss:sequencingCollection>'
        )
        inner = '<imsss:sequencing IDRef=" S "><imsss:controlMode forwardOnly="true"/></imsss:sequencing>'
        reading = self.read(inner, more)
        assert reading.findings == ()
        found = first_item(reading).sequencing
        assert (found.control_mode.forward_only, found.control_mode.flow, found.control_mode.choice) == (
            True,
            False,
            True,
        )
        assert found.limit_conditions.attempt_limit == 2
        assert reading.course is not None
        assert [one.identifier for one in reading.course.sequencing_collection] == ["S"]

    def test_a_reference_to_nothing_is_refused(self):
        reading = self.read('<imsss:sequencing IDRef="NONE"/>')
        assert codes(reading) == ["sequencing.reference-missing"]
        assert reading.verdict is Verdict.REFUSED

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ('flow="true"', 'flow="maybe"'),
            ('condition="always"', 'condition="sometimes"'),
            ('action="skip"', 'action="exitAll"'),
            ('minimumPercent="0.5"', 'minimumPercent="50"'),
            ('objectiveMeasureWeight="0.25"', 'objectiveMeasureWeight="2"'),
            (">0.8<", ">80<"),
            ('attemptLimit="3"', 'attemptLimit="-1"'),
            ('randomizationTiming="once"', 'randomizationTiming="often"'),
            ('requiredForSatisfied="ifAttempted"', 'requiredForSatisfied="never"'),
            ('childActivitySet="atLeastPercent"', 'childActivitySet="most"'),
        ],
    )
    def test_values_outside_the_standard_are_told_and_not_used(self, before, after):
        assert before in SEQUENCING
        assert codes(self.read(SEQUENCING)) == ["score.untracked"]
        reading = self.read(SEQUENCING.replace(before, after))
        assert reading.verdict is Verdict.ACCEPTED
        assert "sequencing.value" in codes(reading)

    def test_rules_may_look_at_own_objectives_only(self):
        reading = self.read(SEQUENCING.replace('referencedObjective="OBJ"', 'referencedObjective="GLOBAL"'))
        assert codes(reading) == ["sequencing.objective-unknown", "score.untracked"]

    def test_scorm_1_2_has_no_sequencing(self):
        text = manifest_1_2(organizations(item(inner="<imsss:sequencing/>"))).replace(
            b"<manifest ", b'<manifest xmlns:imsss="http://www.imsglobal.org/xsd/imsss" ', 1
        )
        reading = of_manifest(text)
        assert first_item(reading).sequencing is None
        assert "sequencing.version" in codes(reading)


def test_ten_thousand_items_are_read_quickly():
    import time

    listed = "".join(item(f"I{number}") for number in range(10_000))
    data = manifest_2004(organizations(listed))
    begun = time.thread_time()
    reading = of_manifest(data)
    took = time.thread_time() - begun
    assert codes(reading) == ["organization.many-parts"]
    assert reading.course is not None
    assert len(reading.course.organization.items) == 10_000
    assert took < 2


def test_every_rule_has_words_and_a_remedy():
    for code, rule in rules.RULES.items():
        assert code == code.lower()
        assert rule.message.endswith((".", "}."))
        assert rule.fix.endswith(".")
