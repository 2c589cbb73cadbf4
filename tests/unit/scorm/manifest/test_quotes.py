"""Quoted lines: what is shown of them, and where the mark stands."""

import pytest

from hub.scorm.spec.manifest.findings import Place
from hub.scorm.spec.manifest.quotes import with_quotes
from hub.scorm.spec.manifest.rules import finding


def quote(data: bytes, line: int, column: int | None = None) -> tuple[str, int | None]:
    found = finding("xml.malformed", Place("a.xml", line, column), what="x")
    (quoted,) = with_quotes([found], lambda file: data if file == "a.xml" else None)
    return quoted.quote, quoted.mark


@pytest.mark.parametrize(
    ("data", "line", "column", "expected"),
    [
        (b"<a>\n  <b/>\n</a>", 2, 3, ("<b/>", 0)),
        (b"<a>\r\n\t<b c='d'/>\r\n", 2, 5, ("<b c='d'/>", 3)),
        (b"<a>\n  <b/>\n</a>", 2, None, ("<b/>", None)),
        (b"<a><b></a>", 1, 11, ("<a><b></a>", 6)),
        (b"<a/>", 9, 1, ("", None)),
        ("<?xml version='1.0' encoding='utf-16'?>\n<ü/>".encode("utf-16"), 2, 1, ("<ü/>", 0)),
        (b"<a>\xff\n<b/>", 2, 1, ("<b/>", 0)),
        (b"<a b='\x1b[31m'/>", 1, 1, ("<a b='\\u001b[31m'/>", 0)),
    ],
)
def test_the_line_is_quoted_with_its_place(data, line, column, expected):
    assert quote(data, line, column) == expected


def test_a_long_line_is_cut_around_the_place():
    shown, mark = quote(b"x" * 5000 + b"<here>" + b"y" * 5000, 1, 5001)
    assert len(shown) == 160
    assert mark is not None
    assert shown[mark : mark + 6] == "<here>"


def test_what_has_no_line_or_no_file_is_left_as_it_is():
    found = [finding("archive.empty"), finding("page.title", Place("gone.html", 3))]
    assert with_quotes(found, lambda file: None) == tuple(found)
