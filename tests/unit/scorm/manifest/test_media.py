"""What is no package and yet a course: PDF, MP4, web pages; bare and in a zip, whole and broken."""

import json

import pytest

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits, read_entry
from hub.scorm.spec.manifest.course import PLAYABLE
from hub.scorm.spec.manifest.findings import Verdict
from hub.scorm.spec.manifest.package import Reading
from tests.support.media import box, mp4, pdf
from tests.support.packages import PAGE, BytesSource, package_of

VTT = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"


def read(body: bytes | dict[str, bytes], name: str = "Fire_safety.zip") -> Reading:
    data = package_of(body) if isinstance(body, dict) else body
    return package.read(BytesSource(data), Limits(), name)


def codes(reading: Reading) -> list[str]:
    return [finding.code for finding in reading.findings]


@pytest.mark.parametrize(
    ("body", "name", "kind", "href", "title"),
    [
        (pdf(), "Fire_safety.pdf", "pdf", "document.pdf", "Fire safety"),
        (b"\xef\xbb\xbf \n" + pdf(), "a.PDF", "pdf", "document.pdf", "a"),
        ({"docs/Fire drill.pdf": pdf()}, "x.zip", "pdf", "docs/Fire%20drill.pdf", "x"),
        ({"a.pdf": pdf(), "__MACOSX/._a.pdf": b"x", ".DS_Store": b"x"}, "x.zip", "pdf", "a.pdf", "x"),
        (mp4(), "clip.mp4", "video", "video.mp4", "clip"),
        ({"clip.m4v": mp4()}, "clip.zip", "video", "clip.m4v", "clip"),
        (PAGE, "page.html", "web", "index.html", "page"),
        (b"<!-- made by hand --><HTML lang='en'><title>x</title>", "page.htm", "web", "index.html", "page"),
        ({"index.html": PAGE, "a.pdf": pdf(), "b.pdf": pdf()}, "s.zip", "web", "index.html", "s"),
        ({"site/index.htm": PAGE, "site/sub/index.html": PAGE}, "s.zip", "web", "site/index.htm", "s"),
        ({"start.html": PAGE, "img/a.png": b"x"}, "s.zip", "web", "start.html", "s"),
    ],
)
def test_each_becomes_a_course_of_one_sco(body, name, kind, href, title):
    reading = read(body, name)
    assert reading.course is not None, reading.findings
    item = reading.course.organization.items[0]
    assert (reading.course.standard, item.href, reading.course.title) == (kind, href, title)
    assert kind in PLAYABLE
    assert (item.scorm_type, item.completion_threshold.completed_by_measure) == ("sco", True)
    assert item.sequencing.delivery_controls.completion_set_by_content


def test_what_came_alone_is_its_one_file():
    body = pdf()
    reading = read(body, "a.pdf")
    assert [(entry.name, entry.size) for entry in reading.entries] == [("document.pdf", len(body))]
    assert b"".join(read_entry(BytesSource(body), reading.entries[0])) == body


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (PAGE, "course.zip"),  # An error page in the place of a zip.
        ({"a.pdf": pdf(), "b.pdf": pdf()}, "x.zip"),
        ({"a.mp4": mp4(), "b.mp4": mp4()}, "x.zip"),
        ({"a.mp4": mp4(), "a.png": b"x", "b.png": b"x"}, "x.zip"),
        ({"a.html": PAGE, "b.html": PAGE}, "x.zip"),
        ({"a.pdf": pdf(), "notes.txt": b"x"}, "x.zip"),
        ({"index.html": PAGE, "imscp_rootv1p1p2.xsd": b"x"}, "x.zip"),  # A package that lost its manifest.
    ],
)
def test_what_is_not_plainly_one_thing_is_refused(body, name):
    reading = read(body, name)
    assert reading.verdict is Verdict.REFUSED
    assert codes(reading) in (["archive.not-a-zip"], ["package.no-manifest"])


def test_a_video_takes_poster_and_captions_along():
    files = {"v/clip.mp4": mp4(), "v/clip.jpg": b"x", "v/clip.en.vtt": VTT, "v/clip_pt-BR.vtt": VTT, "v/words.vtt": VTT}
    reading = read(files)
    assert codes(reading) == []
    assert json.loads(reading.course.organization.items[0].launch_data) == {
        "poster": "v/clip.jpg",
        "captions": [
            {"file": "v/clip.en.vtt", "language": "en"},
            {"file": "v/clip_pt-BR.vtt", "language": "pt-BR"},
            {"file": "v/words.vtt", "language": ""},
        ],
    }


@pytest.mark.parametrize(
    ("body", "name", "expected"),
    [
        (pdf(), "a.pdf", []),
        (pdf()[:-60], "a.pdf", ["media.truncated"]),
        (pdf(encrypt=True), "a.pdf", ["media.protected"]),
        ({"a.pdf": b"not a PDF"}, "a.zip", ["media.not-what-it-says"]),
        (mp4(), "a.mp4", ["file.captions"]),
        (mp4()[:-10], "a.mp4", ["media.truncated"]),
        (mp4()[:40], "a.mp4", ["media.truncated"]),
        (box(b"ftyp", b"isom" * 4) + box(b"mdat", b"x"), "a.mp4", ["media.truncated"]),
        (mp4(codec=b"hvc1"), "a.mp4", ["media.codec", "file.captions"]),
        (mp4(index_first=False), "a.mp4", ["media.slow-start", "file.captions"]),
        ({"a.mp4": b"RIFF....AVI LIST"}, "a.zip", ["media.not-what-it-says"]),
        ({"a.mp4": mp4(), "a.vtt": b"1\n00:00:00,000 --> 00:00:01,000\nHi"}, "a.zip", ["media.captions"]),
        ({"a.mp4": mp4(), "a.srt": b"\xef\xbb\xbf1\r\n00:00:00,000 --> 00:00:01,000\r\nHi"}, "a.zip", []),
        ({"a.mp4": mp4(), "a.srt": b"00:00:00.5 --> 00:00:01,000\nHi"}, "a.zip", []),
        ({"a.mp4": mp4(), "a.srt": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi"}, "a.zip", ["media.captions"]),
        ({"a.mp4": mp4(), "a.vtt": b"\xef\xbb\xbfWEBVTT - with words"}, "a.zip", []),
        (PAGE, "a.html", ["media.web"]),
        ({"index.html": PAGE, "story_content/user.js": b""}, "a.zip", ["media.tool", "media.web"]),
    ],
)
def test_notes(body, name, expected):
    assert codes(read(body, name)) == expected


def test_a_box_of_unlimited_and_one_of_wide_length_are_read():
    film = mp4()
    data_at = film.index(b"mdat") - 4
    unlimited = film[:data_at] + b"\0\0\0\0" + film[data_at + 4 :]
    assert codes(read(unlimited, "a.mp4")) == ["file.captions"]
    wide = box(b"ftyp", b"isom" * 4) + b"\0\0\0\1free" + (20).to_bytes(8, "big") + b"1234" + film[24:]
    assert codes(read(wide, "a.mp4")) == ["file.captions"]


def test_a_file_beyond_the_limit_is_refused():
    reading = package.read(BytesSource(pdf()), Limits(bytes=100), "a.pdf")
    assert (reading.verdict, codes(reading)) == (Verdict.DANGEROUS, ["archive.too-large"])
