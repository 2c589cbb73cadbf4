"""Enrolments in bulk: what a CSV file asks for, and every fault with its line."""

import pytest

from hub.errors import Invalid, Violation
from hub.scorm.spec.enrolment import LARGEST_FILE, MOST_FAULTS, MOST_LINES, Wish, Wishes, read


def email(text: str) -> str:
    if "@" not in text:
        raise Invalid("No address.", violations=[Violation("rule", "email", "is not an address", text)])
    return text.lower()


def name(text: str) -> str:
    if len(text) > 10:
        raise Invalid("The name is too long.")
    return text


def wishes(text: str | bytes, package: str = "") -> Wishes:
    return read(text.encode() if isinstance(text, str) else text, package, email, name)


@pytest.mark.parametrize(
    "text",
    [
        "email,name,package\nAnn@x.example,Ann Lee,p1\n",
        "\ufeffEmail;NAME;Package\r\nann@x.example;Ann Lee;p1\r\n",
        "\n\npackage\temail\tname\n\n p1 \tann@x.example\t Ann Lee\n",
        'email,name,package\n"ann@x.example","Ann Lee",p1\n,,\n',
    ],
)
def test_files_as_spreadsheets_write_them(text: str) -> None:
    found = wishes(text)
    assert [(one.email, one.name, one.package) for one in found.lines] == [("ann@x.example", "Ann Lee", "p1")]
    assert found.faults == []


def test_a_package_may_be_given_for_all() -> None:
    found = wishes("email,package\na@x,\nb@x,p2\nc@x", "p1")
    assert found.lines == [Wish(2, "a@x", "", "p1"), Wish(3, "b@x", "", "p2"), Wish(4, "c@x", "", "p1")]
    assert wishes("email\na@x", "p1").lines == [Wish(2, "a@x", "", "p1")]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", [("file", "has no lines below its header")]),
        ("email,package\n", [("file", "has no lines below its header")]),
        ("email\na@x", [("line 1", "has no column package")]),
        ("package\np", [("line 1", "has no column email")]),
        ("email,package,age\na@x,p,7", [("line 1", "must name each of email, name, package once at most")]),
        ("email,package,email\na@x,p,b@x", [("line 1", "must name each of email, name, package once at most")] * 2),
        ("email,package\na,p", [("line 2, email", "is not an address")]),
        ("email,package\n,p", [("line 2, email", "is empty")]),
        ("email,package\na@x,", [("line 2, package", "is empty")]),
        ("email,name,package\na@x,12345678901,p", [("line 2, name", "The name is too long.")]),
        ("email,package\na@x,p,more", [("line 2", "has 3 cells, but the header 2")]),
        ("email,package\na@x,p\nA@x,p", [("line 3", "says the same as line 2")]),
        ("email,package\nx,", [("line 2, email", "is not an address"), ("line 2, package", "is empty")]),
        ("email,package\nx,p\ny,p", [(f"line {number}, email", "is not an address") for number in (2, 3)]),
        (b"email,package\na@x,p\n\xff@x,p", [("line 3", "is not UTF-8; save the file as “CSV UTF-8”")]),
        ("email,package\na@x,p\0", [("line 2", "has a zero character")]),
        ('email,package\n"a@x" b,p', [("line 2", "is not CSV: ',' expected after '\"'")]),
    ],
)
def test_every_fault_is_told_with_its_place(text: str | bytes, faults: list[tuple[str, str]]) -> None:
    assert [(one.where, one.message) for one in wishes(text).faults] == faults


def test_limits() -> None:
    lines = "".join(f"p{number}@x,p\n" for number in range(MOST_LINES))
    assert wishes("email,package\n" + lines).faults == []
    assert [one.where for one in wishes("email,package\n" + lines + "more@x,p").faults] == ["file"]
    assert len(wishes("email,package\n" + "x,p\n" * (MOST_FAULTS + 50)).faults) == MOST_FAULTS
    assert wishes(b"x" * LARGEST_FILE).faults[0].where == "line 1"
    assert wishes(b"x" * (LARGEST_FILE + 1)).faults[0].where == "file"
