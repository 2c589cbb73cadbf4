"""Whatever colour a tenant chooses, text in it can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.oauth.spec.branding import (
    DARK_GROUND,
    LIGHT_GROUND,
    checked_colour,
    contrast,
    is_svg,
    judge_svg,
    palette,
    style_sheet,
)


def rgb(text: str) -> tuple[int, int, int]:
    value = int(text[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


@given(st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}"))
def test_every_colour_keeps_the_contrast_of_aa(colour):
    """WCAG 2.2, 1.4.3: 4.5:1, of accent and strong accent on the page, on their wash, and below a button's words."""
    for scheme, ground in zip(palette(colour), (LIGHT_GROUND, DARK_GROUND), strict=True):
        colours = {name: rgb(value) for name, value in scheme.items()}
        for name in ("accent", "accent-strong"):
            for other in (ground, colours["accent-wash"], colours["on-accent"]):
                assert contrast(colours[name], other) >= 4.5


def test_a_colour_that_can_be_read_stays_as_it_is():
    assert palette("#1a5bc0")[0]["accent"] == "#1a5bc0"


def test_contrast_is_that_of_wcag():
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("text", "colour"), [("#1A5BC0", "#1a5bc0"), ("1a5bc0", "#1a5bc0"), ("  ", None)])
def test_colours_are_read(text, colour):
    assert checked_colour(text) == colour


@pytest.mark.parametrize("text", ["red", "#fff", "#12345g", "rgb(0,0,0)", "#1a5bc0;}"])
def test_what_is_no_colour_is_refused(text):
    with pytest.raises(Invalid):
        checked_colour(text)


def test_the_style_sheet_has_both_schemes():
    light, dark = style_sheet("#1a5bc0").splitlines()
    assert light.startswith(":root { --accent: #1a5bc0; --accent-strong: #")
    assert dark.startswith("@media (prefers-color-scheme: dark) { :root { --accent: #")


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


@pytest.mark.parametrize(
    "drawing",
    [
        '<path d="M0 0h9v9z" fill="#a00"/>',
        '<defs><linearGradient id="g"/></defs><rect fill="url(#g)"/><use href="#g" xlink:href=" #g"/>',
        "<style>.a { fill: url('#g') }</style>",
        '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about="x"/></metadata>',
        "<title>on the way, expression</title>",
    ],
)
def test_a_drawing_is_taken(drawing):
    assert judge_svg(SVG.format(drawing).encode()) == []


@pytest.mark.parametrize(
    "active",
    [
        "<script/>",
        "<image/>",
        "<foreignObject/>",
        "<a/>",
        "<animate/>",
        '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>',
        '<iframe xmlns="http://www.w3.org/1999/xhtml"/>',
        '<maction xmlns="http://www.w3.org/1998/Math/MathML"/>',
        '<path onclick="x"/>',
        '<path ONLOAD="x"/>',
        '<use href="https://evil.example/#a"/>',
        '<use xlink:href="data:x"/>',
        '<rect fill="url(https://evil.example)"/>',
        '<rect style="background: expression(x)"/>',
        '<rect style="\\75rl(x)"/>',
        "<style>@import 'x'</style>",
        "<style>a { fill: url( https://evil.example ) }</style>",
        "<?xml-stylesheet href='x'?>",
    ],
)
def test_more_than_a_drawing_is_refused(active):
    assert len(judge_svg(SVG.format(active).encode())) == 1


@pytest.mark.parametrize(
    "data", [b"<!DOCTYPE svg><svg/>", b'<!DOCTYPE x [<!ENTITY a "b">]><svg/>', b"<svg", b"<svg/>", b"<html/>"]
)
def test_what_is_no_plain_svg_is_refused(data):
    assert is_svg(b"\xef\xbb\xbf\n" + data)
    assert len(judge_svg(data)) == 1


def test_so_many_faults_are_told():
    assert len(judge_svg(SVG.format("<script/>" * 30).encode())) == 20
    assert not is_svg(b"\x89PNG")
