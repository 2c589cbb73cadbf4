"""A tenant's colour, kept readable wherever pages use it, and its logo, judged before it is kept.

Pages use one accent: as text and lines on light and dark grounds, and as the ground of buttons. Whatever colour a
tenant chooses, it is moved towards black on light pages and towards white on dark ones, as little as the contrast of
4.5:1 (success criterion 1.4.3) needs.
"""

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from hub.errors import Invalid, Violation, say

Rgb = tuple[int, int, int]

_HEX = re.compile(r"#?([0-9a-f]{6})")
#: The least contrast of text (WCAG 2.2, 1.4.3), with a little to spare for rounding.
ENOUGH = 4.6
#: The grounds that the accent is read on, the most difficult of each scheme, as in the style sheets.
LIGHT_GROUND, DARK_GROUND = (0xF5, 0xF6, 0xF8), (0x1B, 0x1F, 0x26)
WHITE, BLACK, DARK_INK = (255, 255, 255), (0, 0, 0), (0x0D, 0x15, 0x20)


def checked_colour(text: str) -> str | None:
    """A colour as `#rrggbb`, None for no text. Raises `Invalid`."""
    given = text.strip().lower()
    if not given:
        return None
    found = _HEX.fullmatch(given)
    if found is None:
        fault = Violation("branding", "colour", "must be six hexadecimal digits, as in #1a5bc0", text[:30])
        raise Invalid("The colour cannot be read.", violations=[fault])
    return f"#{found[1]}"


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    """WCAG 2.2, "relative luminance"."""
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (part / 255 for part in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def palette(colour: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The style sheets' colours made of a tenant's, for light pages and for dark ones."""
    wanted = _rgb(colour)
    return _scheme(wanted, WHITE, LIGHT_GROUND, BLACK, WHITE), _scheme(
        wanted, DARK_GROUND, DARK_GROUND, WHITE, DARK_INK
    )


def _scheme(wanted: Rgb, page: Rgb, ground: Rgb, towards: Rgb, on_accent: Rgb) -> dict[str, str]:
    wash = _mixed(page, wanted, 0.1)
    accent = _readable(wanted, (ground, wash, on_accent), towards)
    strong = _readable(_mixed(accent, towards, 0.2), (ground, wash, on_accent), towards)
    colours = {"accent": accent, "accent-strong": strong, "on-accent": on_accent, "accent-wash": wash}
    return {name: _text(value) for name, value in colours.items()}


def _readable(wanted: Rgb, grounds: tuple[Rgb, ...], towards: Rgb) -> Rgb:
    """The colour nearest to `wanted` on the way `towards` black or white that all `grounds` contrast with enough."""
    steps = (_mixed(wanted, towards, step / 50) for step in range(51))
    return next(each for each in steps if all(contrast(each, ground) >= ENOUGH for ground in grounds))


def _mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _rgb(colour: str) -> Rgb:
    value = int(colour.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 0xFF, value & 0xFF


def _text(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def style_sheet(colour: str) -> str:
    """The style sheet that gives the pages of a tenant its colour."""
    light, dark = ("".join(f"--{name}: {value}; " for name, value in scheme.items()) for scheme in palette(colour))
    return f":root {{ {light}}}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}\n"


# --- logos ------------------------------------------------------------------------------------------------------

LARGEST_LOGO = 512 * 1024
_SVG = "http://www.w3.org/2000/svg"
#: The elements of SVG 1.1 and 2 that draw, and nothing that runs, links, moves or fetches.
_ELEMENTS = frozenset(
    """
    svg g defs symbol title desc metadata path rect circle ellipse line polyline polygon text tspan linearGradient
    radialGradient stop clipPath mask pattern use style
    """.split()  # noqa: SIM905
)
#: Other languages that browsers know wherever they stand; those of drawing programs mean nothing to them.
_RUN_BY_BROWSERS = frozenset({"http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"})
_XLINK = "{http://www.w3.org/1999/xlink}href"
_ACTIVE_STYLE = re.compile(r"@import|expression\s*\(|javascript:|url\s*\(\s*+[\"']?+\s*+(?!#)|\\", re.IGNORECASE)


def is_svg(data: bytes) -> bool:
    """Whether a file means to be an SVG: it begins with a tag, whatever its name says."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def judge_svg(data: bytes) -> list[Violation]:
    """Everything in an SVG that is more than a drawing. It is kept as it is or not at all: nothing is cut out."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return [_fault(say("must have no DOCTYPE; save it as plain SVG"))]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        return [_fault(say("is not XML: %(error)s", error=error.msg))]
    if root.tag != f"{{{_SVG}}}svg":
        return [_fault(say("is not SVG"))]
    return list(_faults_of(root))[:20]


def _faults_of(root: etree._Element) -> Iterator[Violation]:
    if root.getroottree().xpath("//processing-instruction()"):
        yield _fault(say("must have no processing instructions"))
    for element in root.iter(etree.Element):
        namespace, name = etree.QName(element).namespace, etree.QName(element).localname
        if namespace in _RUN_BY_BROWSERS or (namespace == _SVG and name not in _ELEMENTS):
            yield _fault(say("must not have the element %(name)s", name=name))
        if name == "style" and _ACTIVE_STYLE.search("".join(map(str, element.itertext()))):
            yield _fault(say("has a style that fetches something"))
        for attribute, value in element.attrib.items():
            yield from _faults_of_attribute(str(attribute), str(value))


def _faults_of_attribute(name: str, value: str) -> Iterator[Violation]:
    local = name.rpartition("}")[2].lower()
    if local.startswith("on"):
        yield _fault(say("must not have the attribute %(name)s", name=local))
    elif (name == _XLINK or local in {"href", "src"}) and not value.strip().startswith("#"):
        yield _fault(
            say("must refer to nothing outside itself, but has %(name)s=%(value)s", name=local, value=value[:60])
        )
    elif _ACTIVE_STYLE.search(value) and ("url" in value.lower() or local == "style"):
        yield _fault(say("has an attribute %(name)s that fetches something", name=local))


def _fault(message: str) -> Violation:
    return Violation("branding", "logo", message)
