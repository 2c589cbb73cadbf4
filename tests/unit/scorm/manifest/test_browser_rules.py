"""What browsers refuse to a course is told of every text file, and of nothing that only looks like it."""

import time
from dataclasses import replace

import pytest

from hub.scorm.spec.manifest import browser_rules
from hub.scorm.spec.manifest.archive import Entry, whole_file
from tests.support.packages import BytesSource

HTML = '<html lang="en"><head><title>Course</title>{}</head><body></body></html>'


def entry(name: str, size: int) -> Entry:
    return replace(whole_file(name, BytesSource(b"")), size=size)


def judge(files: dict[str, str | bytes], launched: tuple[str, ...] = ("index.html",)):
    data = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    entries = {name: entry(name, len(text)) for name, text in data.items()}
    pages = [entries[name] for name in launched if name in entries]
    return list(browser_rules.judge(entries.values(), pages, lambda one: data[one.name]))


def codes(files: dict[str, str | bytes]) -> list[str]:
    return [found.code for found in judge(files)]


USES = [
    "x.open('GET', 'data.xml', false);",
    'req.open("POST", url, !1)',
    "document.domain = 'example.org'",
    "if (bad) alert('Sorry');",
    "window.confirm('Leave?')",
    "top.location = 'bye.html'",
    "window.top.location.href='bye.html'",
    "top.close()",
    "navigator.geolocation.getCurrentPosition(show)",
    "navigator.bluetooth.requestDevice({})",
    "navigator.mediaDevices.getDisplayMedia()",
    "navigator.clipboard.readText()",
    "Notification.requestPermission()",
    "window.showModalDialog('ask.html')",
    "document.cookie = 'place=3'",
    "window.onload = function () { window.open('course.html') }",
    "var x = new ActiveXObject('Microsoft.XMLHTTP')",
    "window.addEventListener('unload', save)",
    "var where = 'http://example.org/'; alert('x')",
]


@pytest.mark.parametrize("script", USES)
@pytest.mark.parametrize("place", ["page", "loaded", "other page"])
def test_what_scripts_use_is_found_wherever_it_stands(script, place):
    files = {
        "page": {"index.html": HTML.format(f"<script>{script}</script>")},
        "loaded": {"index.html": HTML.format('<script src="js/a.js"></script>'), "js/a.js": script},
        "other page": {"index.html": HTML.format(""), "pages/2.htm": HTML.format(f"<script>{script}</script>")},
    }[place]
    assert codes(files) == ["page.blocked"]


@pytest.mark.parametrize(
    "script",
    [
        "x.open('GET', 'data.xml', true);",
        "fetch('data.json')",
        "player.alert(message)",
        "laptop.location = 1; showAlert('x')",
        "document.domainName = 'x'",
        "if (document.cookie == 'x') go()",
        "// alert('debug')",
        "go(); // then alert('x')",
        "/* top.location = 'x';\n alert('y') */ go()",
        # Feature tests and fallbacks, as libraries have them.
        "var r = window.XMLHttpRequest ? new XMLHttpRequest() : new ActiveXObject('Microsoft.XMLHTTP')",
        "try { new ActiveXObject('ShockwaveFlash.ShockwaveFlash') } catch (e) {}",
        "if (window.showModalDialog) window.showModalDialog('a'); else ask()",
        "on('unload', save); window.addEventListener('pagehide', save); window.addEventListener('unload', save)",
        "if (window.top !== window.self) top.location = 'x'",
        "stop.close(); desktop.location.href = 'x'; style.top.location",
        "'http://www.w3.org/2000/svg'",
        "var home = 'http://example.org/'",
    ],
)
def test_harmless_scripts_have_no_notes(script):
    assert codes({"index.html": HTML.format(f"<script>{script}</script>"), "a.js": script}) == []


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.css", "body { background: url('http://example.org/a.png') }", "page.insecure"),
        ("a.css", '@import "http://example.org/a.css";', "page.insecure"),
        ("a.html", HTML.format("<style>p { background: url(http://example.org/a.png) }</style>"), "page.insecure"),
        ("a.html", HTML.format('<script src="http://example.org/a.js"></script>'), "page.insecure"),
        ("a.html", HTML.format('<link rel="stylesheet" href="http://example.org/a.css">'), "page.insecure"),
        ("a.html", HTML.format('<a href="http://example.org/">more</a>'), "page.http-link"),
        ("a.js", "image.src = 'http://example.org/a.png'", "script.insecure"),
        ("a.js", "fetch('http://example.org/a.json')", "script.insecure"),
        ("a.js", "x.open('GET', 'http://example.org/a.json', true)", "script.insecure"),
        ("a.js", "new WebSocket('ws://example.org/')", "script.insecure"),
    ],
)
def test_what_comes_by_http_is_found(name, text, code):
    (found,) = judge({"index.html": HTML.format(""), name: text})
    assert (found.code, found.file, found.line) == (code, name, 1)
    assert "example.org" in found.message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.css", "/* url(http://example.org/a.png) */ @namespace url(https://www.w3.org/1999/xhtml);"),
        ("a.html", HTML.format('<link rel="canonical" href="http://example.org/">')),
        ("a.html", HTML.format('<a target="_blank" href="http://example.org/">more</a>')),
        ("a.html", HTML.format('<a href="http://example.org/" target=_top>more</a>')),
        ("a.html", HTML.format('<!-- <img src="http://example.org/a.png"> -->')),
        ("a.html", HTML.format('<script type="application/json">{"x": "alert(\'a\')"}</script>')),
        ("a.html", HTML.format('<svg xmlns="http://www.w3.org/2000/svg"></svg>')),
        ("a.js", "// image.src = 'http://example.org/a.png'"),
        ("a.json", '{"src": "alert(\'x\')"}'),
    ],
)
def test_what_only_looks_like_it_is_let_be(name, text):
    assert codes({"index.html": HTML.format(""), name: text}) == []


def test_a_feature_is_told_once_with_the_files_counted_and_the_launch_page_first():
    (found,) = judge(
        {
            "a/first.js": "alert('x')",
            "b.js": "\n\n   confirm('y')",
            "index.html": HTML.format("\n<script>\n  alert('z')</script>"),
        }
    )
    assert (found.file, found.line, found.column) == ("index.html", 3, 3)
    assert "files: 3" in found.message
    assert found.facts["what"].template == "alert, confirm or prompt"


def test_what_a_launch_page_loads_comes_before_the_rest():
    found = judge(
        {
            "a.js": "alert('x')",
            "scripts/z.js": "alert('y')",
            "index.html": HTML.format('<script src="./scripts/z.js?v=1"></script>'),
        }
    )
    assert [one.file for one in found] == ["scripts/z.js"]


def test_damaged_and_large_files_are_passed_over():
    large = b"alert('x')" + b" " * browser_rules.LARGEST_TEXT_BYTES
    assert codes({"index.html": HTML.format(""), "large.js": large}) == []
    page = entry("index.html", 100)
    assert list(browser_rules.judge([page], [page], lambda one: None)) == []


def test_so_much_text_is_read_in_all(monkeypatch):
    script = "alert('x')" + " " * 90
    files = {"index.html": HTML.format(""), **{f"{number}.js": script for number in range(5)}}
    room = len(files["index.html"]) + 2 * len(script)
    monkeypatch.setattr(browser_rules, "MOST_TEXT_BYTES", room)
    (found,) = judge(files)
    assert found.facts["count"] == 2


@pytest.mark.parametrize(
    "text",
    [
        "<script " * 60_000,
        "on" + "a" * 300_000,
        "onload=" * 60_000,
        "/*" * 200_000 + "alert('x')",
        "alert('x')//" * 30_000,
        "try top. " * 40_000,
        '.open("GET",' * 30_000,
        "<a href=" * 60_000,
        "//" + "alert('x') " * 30_000,
        "document.cookie= url(http://x" * 20_000,
    ],
)
def test_hostile_text_does_not_hold_a_worker_up(text):
    began = time.thread_time()
    judge({"index.html": text, "a.js": text, "a.css": text})
    assert time.thread_time() - began < 4
