"""cmi5 course structures and xAPI packages: read as they are, refused by the rule that they break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from hub.scorm.spec.manifest.course import AssignableUnit, as_data, from_data
from hub.scorm.spec.manifest.findings import Verdict
from tests.support.packages import PAGE, BytesSource, manifest_1_2, package_of

TEXTS = (
    "<title><langstring lang='en-US'>Title</langstring><langstring lang='de'>Titel</langstring></title>"
    "<description><langstring lang='en-US'> About </langstring></description>"
)
COURSE = f"<course id='https://example.org/course'>{TEXTS}</course>"
OBJECTIVES = f"<objectives><objective id='https://example.org/objective'>{TEXTS}</objective></objectives>"


def au(identifier: str = "https://example.org/au", url: str = "index.html", inner: str = "", more: str = "") -> str:
    return f"<au id='{identifier}' {more}>{TEXTS}{inner}<url>{url}</url></au>"


def structure(body: str, course: str = COURSE) -> bytes:
    return (
        "<?xml version='1.0' encoding='utf-8'?>"
        f"<courseStructure xmlns='https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd'>{course}{body}"
        "</courseStructure>"
    ).encode()


def in_zip(cmi5: bytes, **more: bytes):
    files = {"cmi5.xml": cmi5, "index.html": PAGE, **more}
    return package.read(BytesSource(package_of(files)), Limits())


def alone(cmi5: bytes):
    return package.read(BytesSource(cmi5), Limits())


def errors(reading) -> list[str]:
    return [finding.code for finding in reading.findings if finding.refuses]


def test_a_course_with_everything():
    references = "<objectives><objective idref=' https://example.org/objective '/></objectives>"
    unit = (
        f"<au id='https://example.org/au' moveOn='CompletedAndPassed' masteryScore='0.8500' launchMethod='OwnWindow' "
        f"activityType=' http://adlnet.gov/expapi/activities/media '>{TEXTS}{references}<url> index.html?a=1 </url>"
        "<launchParameters> x=1 </launchParameters><entitlementKey>key</entitlementKey></au>"
    )
    block = f"<block id='https://example.org/block'>{TEXTS}{unit}</block>"
    reading = in_zip(structure(OBJECTIVES + block + au("https://example.org/other", "https://cdn.example.org/x.html")))
    assert [finding.code for finding in reading.findings] == ["package.not-playable"]
    course = reading.course
    assert course is not None
    assert (course.standard, course.title, course.description, course.language) == ("cmi5", "Title", "About", "en-US")
    assert course.titles == {"en-US": "Title", "de": "Titel"}
    assert [one.identifier for one in course.objectives] == ["https://example.org/objective"]
    walked = [(one.identifier.rpartition("/")[2], depth) for one, depth in course.organization.walk()]
    assert walked == [("block", 1), ("au", 2), ("other", 1)]
    first = course.organization.items[0].items[0]
    assert (first.href, first.launch_data) == ("index.html?a=1", "x=1")
    assert first.objectives == ("https://example.org/objective",)
    assert first.au == AssignableUnit(
        "CompletedAndPassed", 0.85, "OwnWindow", "http://adlnet.gov/expapi/activities/media", "key"
    )
    other = course.organization.items[1]
    assert (other.href, other.au) == ("https://cdn.example.org/x.html", AssignableUnit())
    assert from_data(as_data(course)) == course


def test_a_course_structure_alone():
    reading = alone(structure(au(url="https://example.org/index.html")))
    assert reading.verdict is Verdict.ACCEPTED
    assert reading.entries == ()
    assert reading.course is not None
    assert reading.course.standard == "cmi5"


def test_a_thousand_units():
    reading = in_zip(structure("".join(au(f"https://example.org/au/{number}") for number in range(1000))))
    assert reading.course is not None
    assert len(reading.course.organization.items) == 1000


def test_extensions_are_passed_over():
    extension = "<x:more xmlns:x='https://example.org/extension'><x:au/></x:more>"
    assert errors(in_zip(structure(au() + extension))) == []


@pytest.mark.parametrize(
    ("body", "course", "code"),
    [
        (au(), COURSE.replace("https://example.org/course", "example.org/course"), "cmi5.iri"),
        (au(), COURSE.replace("id='https://example.org/course'", ""), "cmi5.iri"),
        (au("example.org/au"), COURSE, "cmi5.iri"),
        (au("https://example.org/a b"), COURSE, "cmi5.iri"),
        (f"<block id='block'>{TEXTS}{au()}</block>", COURSE, "cmi5.iri"),
        (OBJECTIVES.replace("https://example.org/objective", "objective") + au(), COURSE, "cmi5.iri"),
        (au() + au(), COURSE, "cmi5.duplicate"),
        (au("https://example.org/course"), COURSE, "cmi5.duplicate"),
        (f"<block id='https://example.org/au'>{TEXTS}{au()}</block>", COURSE, "cmi5.duplicate"),
        (OBJECTIVES.replace("</objectives>", OBJECTIVES[12:]) + au(), COURSE, "cmi5.duplicate"),
        (au(more="moveOn='Sometimes'"), COURSE, "cmi5.value"),
        (au(more="moveOn='passed'"), COURSE, "cmi5.value"),
        (au(more="launchMethod='Frame'"), COURSE, "cmi5.value"),
        (au(more="masteryScore='1.1'"), COURSE, "cmi5.value"),
        (au(more="masteryScore='-0.1'"), COURSE, "cmi5.value"),
        (au(more="masteryScore='80%'"), COURSE, "cmi5.value"),
        (au(more="masteryScore='0.12345'"), COURSE, "cmi5.value"),
        (au(url="index.html?endpoint=x"), COURSE, "cmi5.query"),
        (au(url="index.html?a=1&amp;fetch="), COURSE, "cmi5.query"),
        (au(url="index.html?actor=1"), COURSE, "cmi5.query"),
        (au(url="index.html?registration=1"), COURSE, "cmi5.query"),
        (au(url="https://example.org/x?activityId=1"), COURSE, "cmi5.query"),
        (au(url="http://example.org index.html"), COURSE, "cmi5.url"),
        (au(url="http://[half"), COURSE, "cmi5.url"),
        (au(url=" "), COURSE, "cmi5.url"),
        (au(url="missing.html"), COURSE, "resource.launch-missing"),
        (au(url="../index.html"), COURSE, "resource.escapes"),
        (au(url="javascript:alert(1)"), COURSE, "resource.scheme"),
        (au(inner="<objectives><objective idref='https://example.org/none'/></objectives>"), COURSE,
         "cmi5.objective-missing"),
        ("", COURSE, "cmi5.element"),
        (au(), "", "cmi5.element"),
        (au(), COURSE * 2, "cmi5.element"),
        (au() + OBJECTIVES, COURSE, "cmi5.element"),
        (au().replace("<title>", "<name>").replace("</title>", "</name>"), COURSE, "cmi5.element"),
        (au().replace(TEXTS, ""), COURSE, "cmi5.element"),
        (f"<au id='https://example.org/au'><url>index.html</url>{TEXTS}</au>", COURSE, "cmi5.element"),
        (f"<au id='https://example.org/au'>{TEXTS}</au>", COURSE, "cmi5.element"),
        (f"<block id='https://example.org/block'>{TEXTS}</block>", COURSE, "cmi5.element"),
        (au().replace("<langstring lang='de'>Titel</langstring>", "").replace(
            "<langstring lang='en-US'>Title</langstring>", ""), COURSE, "cmi5.element"),
    ],
)  # fmt: skip
def test_each_rule_refuses_what_breaks_it(body, course, code):
    assert errors(in_zip(structure(au()))) == []
    reading = in_zip(structure(body, course))
    assert code in errors(reading)
    found = next(finding for finding in reading.findings if finding.code == code)
    assert (found.file, found.line) == ("cmi5.xml", 1)


@pytest.mark.parametrize("url", ["index.html", "path/1/index.html", "/index.html", "index.html?a=1"])
def test_alone_all_addresses_are_whole(url):
    assert errors(alone(structure(au(url=url)))) == ["cmi5.url-relative"]


@pytest.mark.parametrize(
    ("data", "code", "verdict"),
    [
        (structure(au()).replace(b"profiles/cmi5", b"profiles/other"), "cmi5.root", Verdict.REFUSED),
        (structure(au(url="https://example.org/"))[:-5], "xml.malformed", Verdict.REFUSED),
        (
            structure(au()).replace(b"<courseStructure", b"<!DOCTYPE courseStructure><courseStructure"),
            "xml.doctype",
            Verdict.DANGEROUS,
        ),
        (b"<!-- courseStructure --><html/>", "cmi5.root", Verdict.REFUSED),
    ],
)
def test_files_alone_that_are_no_course_structure(data, code, verdict):
    reading = alone(data)
    assert (reading.verdict, reading.findings[0].code) == (verdict, code)


def test_a_zip_that_is_scorm_too_is_taken_for_scorm():
    reading = in_zip(structure(au()), **{"imsmanifest.xml": manifest_1_2()})
    assert reading.course is not None
    assert reading.course.standard == "scorm_1_2"


@given(st.binary(max_size=100), st.integers(0, 700))
def test_no_course_structure_breaks_the_reader(junk, position):
    text = structure(OBJECTIVES + au())
    in_zip(text[:position] + junk + text[position + len(junk) :])
    alone(text[:position] + junk + text[position + len(junk) :])


TINCAN = (
    "<tincan xmlns='http://projecttincan.com/tincan.xsd'><activities>"
    "<activity id='https://example.org/course' type='http://adlnet.gov/expapi/activities/course'>"
    "<name lang='en'>Course</name><description lang='en'>About</description><launch lang='en'>index.html</launch>"
    "</activity><activity id='https://example.org/quiz' type='q'><name>Quiz</name></activity></activities></tincan>"
)


def of_tincan(text: str):
    return package.read(BytesSource(package_of({"tincan.xml": text.encode(), "index.html": PAGE})), Limits())


def test_an_xapi_package():
    reading = of_tincan(TINCAN)
    assert [finding.code for finding in reading.findings] == ["package.not-playable"]
    course = reading.course
    assert course is not None
    assert (course.standard, course.title, course.description) == ("xapi", "Course", "About")
    assert [(one.identifier, one.href) for one in course.organization.items] == [
        ("https://example.org/course", "index.html")
    ]


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("<launch lang='en'>index.html</launch>", "", "xapi.no-launch"),
        ("index.html", "missing.html", "resource.launch-missing"),
        ("index.html", "../index.html", "resource.escapes"),
        ("id='https://example.org/course'", "", "xapi.no-id"),
        ("</activities>", "", "xml.malformed"),
    ],
)
def test_xapi_packages_that_cannot_work(before, after, code):
    assert before in TINCAN
    assert errors(of_tincan(TINCAN)) == []
    assert code in errors(of_tincan(TINCAN.replace(before, after)))
