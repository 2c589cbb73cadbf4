"""Notes on the content: told where they help, silent where all is well, never a refusal."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from hub.scorm.spec.manifest.content import LARGEST_PAGE_BYTES, judge_page
from hub.scorm.spec.manifest.findings import LISTED_PER_CODE
from hub.scorm.spec.manifest.hrefs import Files
from tests.support.packages import PAGE, BytesSource, manifest_1_2, package_of

GOOD = """<!DOCTYPE html><html lang="en"><head><title>Fire safety</title>
<link rel="stylesheet" href="style.css"><script src="course.js"></script></head>
<body><img src="a.png" alt="An extinguisher"><img src="line.png" alt="">
<a href="http://example.org/">Read on</a><script>{script}</script></body></html>"""


def codes(page: str) -> list[str]:
    return [finding.code for finding in judge_page("index.html", page.encode())]


def test_a_good_page_has_no_notes():
    assert codes(GOOD.replace("{script}", "window.API = null;")) == []


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (' lang="en"', "", "page.language"),
        (' lang="en"', ' lang=" "', "page.language"),
        ("Fire safety", " ", "page.title"),
        ("<title>Fire safety</title>", "", "page.title"),
        (' alt="An extinguisher"', "", "page.image-text"),
        ('src="course.js"', 'src="http://cdn.example.org/x.js"', "page.insecure"),
        ('href="style.css"', 'href="HTTP://example.org/style.css"', "page.insecure"),
        ('src="a.png"', 'src="https://example.org/a.png"', "page.elsewhere"),
        ('src="a.png"', 'src="//example.org/a.png"', "page.elsewhere"),
    ],
)
def test_each_note_has_its_cause(before, after, code):
    assert before in GOOD
    assert codes(GOOD.replace(before, after)) == [code]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"media__clip_dot_mp4": b"x"}, ["file.captions"]),
        ({"media__clip_dot_mp4": b"x", "media__clip_dot_vtt": b"x"}, []),
        ({"media__clip_dot_mp4": b"x", "captions__clip_dot_en_dot_vtt": b"x"}, []),
        ({"media__clip_dot_mp4": b"x", "other_dot_vtt": b"x"}, ["file.captions"]),
        ({"film_dot_swf": b"x"}, ["file.flash"]),
        ({"a_dot_mp3": b"x", "b_dot_png": b"x"}, []),
    ],
)
def test_notes_on_files(files, expected):
    listed = "".join(f'<file href="{name.replace("__", "/").replace("_dot_", ".")}"/>' for name in files)
    manifest = manifest_1_2().replace(b'<file href="index.html"/>', f'<file href="index.html"/>{listed}'.encode())
    data = {"imsmanifest.xml": manifest, "index.html": PAGE}
    data |= {name.replace("__", "/").replace("_dot_", "."): content for name, content in files.items()}
    reading = package.read(BytesSource(package_of(data)), Limits())
    assert [finding.code for finding in reading.findings] == expected


def test_files_beside_the_manifest_are_told_only_where_it_lists_files():
    manifest = manifest_1_2().replace(b'<file href="index.html"/>', b'<file href="index.html"/><file href="a.js"/>')
    files = {"imsmanifest.xml": manifest, "index.html": PAGE, "a.js": b"", "notes.txt": b"", "x.xsd": b""}
    reading = package.read(BytesSource(package_of(files)), Limits())
    assert [(one.code, one.file) for one in reading.findings] == [("file.unlisted", "notes.txt")]
    bare = manifest_1_2().replace(b'<file href="index.html"/>', b"")
    assert package.read(BytesSource(package_of({**files, "imsmanifest.xml": bare})), Limits()).findings == ()


def test_large_pages_and_other_types_are_left_alone():
    huge = b"<html>" + b"<p>x" * (LARGEST_PAGE_BYTES // 3)
    reading = package.read(
        BytesSource(package_of({"imsmanifest.xml": manifest_1_2(), "index.html": huge})), Limits(ratio=10_000)
    )
    assert reading.findings == ()


@given(st.binary(max_size=500))
def test_no_bytes_break_it(data):
    list(judge_page("index.html", data))


@given(st.text(alphabet="<>/=\"' abscriptimgahrefhttp:!-&;#x0", max_size=300))
def test_no_markup_breaks_it(text):
    list(judge_page("index.html", text.encode()))


def test_what_a_page_loads_is_looked_for_beside_it():
    page = GOOD.replace("{script}", "").replace("style.css", "css/Style.css?v=2").encode()
    files = Files(["sub/index.html", "sub/css/style.css", "sub/a.png", "sub/line.png", "js/course.js"])
    (missing,) = judge_page("sub/index.html", page, files)
    assert (missing.code, missing.line, missing.column) == ("page.missing-file", 2, 62)
    assert "“sub/course.js”, which is not in the package; “js/course.js” is" in missing.message


@pytest.mark.parametrize("address", ["{{logo}}", "data:,x", "/abs.png", "images/", "", "../../out.png", "blob:x", "#a"])
def test_what_is_no_plain_name_of_a_file_is_not_looked_for(address):
    page = GOOD.replace("{script}", "").replace("a.png", address).encode()
    files = Files(["index.html", "style.css", "course.js", "line.png"])
    assert list(judge_page("index.html", page, files)) == []


def test_places_have_columns():
    found = {one.code: str(one.place) for one in judge_page("p.html", b"<!doctype html>\n <html><body><p><img src=x>")}
    assert found == {"page.language": "p.html:2:2", "page.title": "p.html:2:2", "page.image-text": "p.html:2:17"}


def test_places_are_looked_for_only_where_they_are_told():
    pictures = "".join(f"<img alt='' src='a{number}.png'><img alt='' src='//e.org/{number}'>" for number in range(200))
    page = f"<html lang='en'><title>T</title>{pictures}".encode()
    found = Counter(one.code for one in judge_page("index.html", page, Files(["index.html"])))
    assert found == {"page.missing-file": LISTED_PER_CODE, "page.elsewhere": LISTED_PER_CODE}
