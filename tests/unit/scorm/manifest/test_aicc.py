"""AICC courses: the tables in any order and case, and what cannot work refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from hub.scorm.spec.manifest.course import as_data, from_data
from tests.support.packages import PAGE, BytesSource, package_of

CRS = (
    "[Course]\r\nCourse_ID=C1\r\nCourse_Title=Fire safety\r\nVersion=3.0\r\n"
    "[Course_Description]\r\nFor all.\r\n\r\nYearly.\r\n"
)
AU = (
    '"System_ID","type","command_line","Max_Time_Allowed","time_limit_action","file_name","max_score","mastery_score",'
    '"system_vendor","core_vendor","web_launch","AU_password"\r\n'
    '"A1","lesson","","00:30:00","C,N","intro.html","100","80","","x=1","page=1",""\r\n'
    '"A2","lesson","","","","https://example.org/quiz.html","","","","","",""\r\n'
)
DES = (
    '"system_id","developer_id","title","description"\r\n'
    '"A1","d","Introduction","First, read this"\r\n"B1","d","Part","",\r\n'
)
CST = '"block","member"\r\n"ROOT","B1"\r\n"B1","A1"\r\n"ROOT","A2"\r\n'
PRE = '"structure_element","prerequisite"\r\n"A2","A1"\r\n'


def read(crs: str = CRS, au: str = AU, des: str = DES, cst: str = CST, **more: bytes):
    tables = {"course.crs": crs, "course.au": au, "course.des": des, "course.cst": cst, "course.pre": PRE}
    files = {name: text.encode() for name, text in tables.items() if text}
    return package.read(BytesSource(package_of({**files, "intro.html": PAGE, **more})), Limits())


def codes(reading) -> list[str]:
    return [finding.code for finding in reading.findings if finding.code != "package.not-playable"]


def test_a_course_with_everything():
    reading = read()
    assert codes(reading) == []
    course = reading.course
    assert course is not None
    assert (course.standard, course.identifier, course.title, course.version) == ("aicc", "C1", "Fire safety", "3.0")
    assert course.description == "For all.\nYearly."
    assert [(one.identifier, one.title, depth) for one, depth in course.organization.walk()] == [
        ("B1", "Part", 1),
        ("A1", "Introduction", 2),
        ("A2", "A2", 1),
    ]
    first, second = course.organization.items[0].items[0], course.organization.items[1]
    assert (first.href, first.launch_data, first.mastery_score) == ("intro.html?page=1", "x=1", 80.0)
    assert (first.max_time_allowed, first.time_limit_action) == ("00:30:00", "continue,no message")
    assert (second.href, second.prerequisites) == ("https://example.org/quiz.html", "A1")
    assert from_data(as_data(course)) == course


def test_members_in_one_row_and_columns_in_another_order():
    cst = '"Block","Member"\r\n"root","A2","B1"\r\n"b1","a1"\r\n'
    au = '"file_name","SYSTEM_ID"\n"intro.html","A1"\n"intro.html","A2"\n'
    reading = read(cst=cst, au=au)
    assert codes(reading) == []
    assert reading.course is not None
    assert [one.identifier for one, _ in reading.course.organization.walk()] == ["A2", "B1", "A1"]


def test_other_encodings_and_names():
    files = {
        "Kurs/KURS.CRS": CRS.replace("Fire safety", "Brandschutz für alle").encode("cp1252"),
        "Kurs/KURS.AU": b"\xef\xbb\xbf" + AU.encode(),
        "Kurs/KURS.DES": DES.encode(),
        "Kurs/KURS.CST": CST.encode(),
        "Kurs/intro.html": PAGE,
    }
    reading = package.read(BytesSource(package_of(files)), Limits())
    assert codes(reading) == ["package.manifest-in-folder"]
    assert reading.course is not None
    assert reading.course.title == "Brandschutz für alle"
    assert reading.course.organization.items[0].items[0].href == "Kurs/intro.html?page=1"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"au": ""}, "aicc.file-missing"),
        ({"des": ""}, "aicc.file-missing"),
        ({"cst": ""}, "aicc.file-missing"),
        ({"au": AU.replace('"System_ID"', '"id"')}, "aicc.column-missing"),
        ({"cst": CST.replace('"member"', '"child"')}, "aicc.column-missing"),
        ({"cst": '"block","member"\r\n"ROOT","X"\r\n'}, "aicc.no-unit"),
        ({"cst": CST + '"ROOT","X"\r\n'}, "aicc.member-unknown"),
        ({"cst": CST + '"B1","A2"\r\n'}, "aicc.member-repeated"),
        ({"cst": CST + '"B1","B1"\r\n'}, "aicc.member-repeated"),
        ({"cst": CST + '"A1","B1"\r\n'}, "aicc.member-repeated"),
        ({"au": AU.replace('"intro.html"', '""')}, "aicc.no-file-name"),
        ({"au": AU.replace('"intro.html"', '"gone.html"')}, "resource.launch-missing"),
        ({"au": AU.replace('"intro.html"', '"../intro.html"')}, "resource.escapes"),
        ({"crs": CRS.replace("Fire", "\0Fire")}, "aicc.encoding"),
    ],
)
def test_what_is_wrong_is_told(changed, code):
    assert codes(read()) == []
    assert code in codes(read(**changed))


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("E,M", "exit,message"),
        ("continue, no message", "continue,no message"),
        ("E", None),
        ("E,", None),
        (",M", None),
        ("E,M,N", None),
        ("X,M", None),
    ],
)
def test_time_limit_actions(text, action):
    reading = read(au=AU.replace('"C,N"', f'"{text}"'))
    assert reading.course.organization.items[0].items[0].time_limit_action == action


def test_tables_of_the_same_name_go_before_others():
    other = AU.replace("A1", "Z1").replace("A2", "Z2").encode()
    reading = read(**{"a.au": other, "z.au": other})
    assert [one.identifier for one, _ in reading.course.organization.walk()] == ["B1", "A1", "A2"]


def test_a_structure_without_root_takes_all_units_in_their_order():
    reading = read(cst='"block","member"\r\n')
    assert reading.course is not None
    assert [one.identifier for one in reading.course.organization.items] == ["A1", "A2"]


@given(st.sampled_from(["crs", "au", "des", "cst"]), st.text(max_size=120))
def test_no_table_breaks_the_reader(name, text):
    originals = {"crs": CRS, "au": AU, "des": DES, "cst": CST}
    read(**{name: originals[name][:40] + text})
    read(**{name: originals[name] + text})
