"""Whatever colour a tenant chooses, text in it can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.oauth.spec.branding import DARK_GROUND, LIGHT_GROUND, checked_colour, contrast, palette


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
