"""Whether a manifest follows its schemas: a short walker over the tables of `schema_tables`.

The official schemas (IMS Content Packaging, ADL's extensions, Simple Sequencing, cmi5) say which elements stand where
and how often, which attributes they have, and of what type. Their rules are our tables; nothing of their text is here.
Every fault is told, and reading goes on: the field takes most of them, so the callers decide how grave one is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce

from lxml import etree

from hub.scorm.spec.manifest.findings import Phrase

#: Matches any element of a namespace that the schema does not know.
OTHER = "other"
_NAME = re.compile(r"[^\W\d][\w.\-·]*")
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_DURATION = re.compile(r"-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_ZONE = r"(Z|[+-](0\d|1[0-4]):[0-5]\d)?"
_DATE_TIME = re.compile(
    rf"-?\d{{4,}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])(:[0-5]\d){{2}}(\.\d+)?{_ZONE}"
)
#: IEEE 1484.12.1 8, as the binding (1484.12.3) writes it.
_LOM_TIME = re.compile(
    r"(?!0000)\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d(\.\d+(Z|[+-]([01]\d|2[0-3])"
    r":[0-5]\d)?)?)?)?)?)?)?"
)
_LOM_DURATION = re.compile(r"P(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
#: What has a colon before its first slash begins with a scheme (RFC 3986 3.1, 4.2).
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:|[^:/?#]*(?=[/?#]|$)).*", re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Type:
    """What an element may hold: children (see `_particles`), attributes by name, and text of a simple type.

    An attribute's or a text's type is named as in `_check`; a name that ends in `!` is required; `anything` is not
    looked into. `is_unordered` is XML Schema's `all`; `is_mixed` allows text beside the
    children. Attributes of other namespaces are always allowed.
    """

    children: str = ""
    attributes: Mapping[str, str] | None = None
    text: str = ""
    is_unordered: bool = False
    is_mixed: bool = False


Table = Mapping[str, Type]


@dataclass(frozen=True, slots=True)
class Fault:
    """One breach: `kind` is element, attribute, value or identifier; `at` is where it shows.

    `what` continues the sentence “`owner` …”, or for values “`name` of `owner` is …”.
    """

    kind: str
    at: etree._Element
    owner: str
    name: str
    what: str


def faults(root: etree._Element, families: Mapping[str, str], table: Table) -> Iterator[Fault]:
    """Every breach below `root`, in document order. `families` are the prefixes of `table` by namespace."""
    yield from _Walk(families, table).walk(root)


@dataclass(frozen=True, slots=True)
class _Particle:
    names: frozenset[str]
    least: int
    is_many: bool

    @property
    def shown(self) -> str:
        """What is meant, for people."""
        first, *others = (_shown(name) for name in sorted(self.names))
        return reduce(lambda one, other: Phrase("{one} or {other}", one=one, other=other), others, first)


@cache
def _particles(children: str) -> tuple[_Particle, ...]:
    """`title item* au|block+ other*`: names with `?`, `*` or `+`, alternatives joined by `|`."""
    found = []
    for word in children.split():
        names, mark = (word[:-1], word[-1]) if word[-1] in "?*+" else (word, "")
        found.append(_Particle(frozenset(names.split("|")), int(mark in {"", "+"}), mark in {"*", "+"}))
    return tuple(found)


class _Walk:
    """One document against one table."""

    def __init__(self, families: Mapping[str, str], table: Table) -> None:
        self._families = families
        self._table = table
        self._names: dict[str, tuple[str, str]] = {}
        self._ids: set[str] = set()
        self._references: list[tuple[etree._Element, str, str]] = []

    def walk(self, root: etree._Element) -> Iterator[Fault]:
        """All faults; references last, when every id is known."""
        yield from self._element(root, self._name(root)[1], "")
        for element, name, reference in self._references:
            if reference not in self._ids:
                yield _fault("value", element, name, Phrase("“{value}”, which no ID of the file is", value=reference))

    def _name(self, element: etree._Element) -> tuple[str, str]:
        """Family and name with it; of an unknown namespace the family is empty."""
        tag = str(element.tag)
        known = self._names.get(tag)
        if known is None:
            namespace, _, local = tag[1:].rpartition("}") if tag[:1] == "{" else ("", "", tag)
            family = self._families.get(namespace, "")
            known = self._names[tag] = (family, f"{family}:{local}" if family else local)
        return known

    def _element(self, element: etree._Element, name: str, parent: str) -> Iterator[Fault]:
        path = f"{parent}/{name}"
        kind = self._table.get(path)
        if kind is None:
            path, kind = name, self._table.get(name)
        if kind is None:
            if parent and _family(parent) == _family(name):  # That it may not have it was said of the parent.
                return
            yield _fault("element", element, "", Phrase("is no element of the standard"))
            return
        if kind.text == "anything":
            return
        yield from self._attributes(element, kind)
        if kind.text:
            if next(element.iterchildren(etree.Element), None) is not None:
                yield _fault("element", element, "", Phrase("may hold text only, no elements"))
            else:
                yield from self._value(element, _local(name), str(element.xpath("string()")), kind.text)
            return
        yield from self._children(element, name, path, kind)

    def _children(self, element: etree._Element, name: str, path: str, kind: Type) -> Iterator[Fault]:
        family = _family(name)
        children = [(child, *self._name(child)) for child in element.iterchildren(etree.Element)]
        before_text = [element] if (element.text or "").strip() else []
        before_text += [child for child, *_ in children if (child.tail or "").strip()]
        for one in [] if kind.is_mixed else before_text[:1]:
            yield Fault("element", one, _local(name), "", Phrase("holds text beside its elements"))
        found = [_local(full) if of == family else OTHER for _, of, full in children]
        judge = _judge_set if kind.is_unordered else _judge_order
        for place, what in judge(found, _particles(kind.children)):
            yield Fault("element", element if place is None else children[place][0], _local(name), "", what)
        for child, of, full in children:
            if of:
                yield from self._element(child, full, path)

    def _attributes(self, element: etree._Element, kind: Type) -> Iterator[Fault]:
        allowed = kind.attributes or {}
        for full, text in element.items():
            name = str(full)
            if name[:1] == "{":
                name = self._foreign(name)
            if not name:
                continue
            wanted = allowed.get(name) or allowed.get(f"{name}!") or self._table_attribute(name)
            if wanted is None:
                yield _fault("attribute", element, name, Phrase("may not have the attribute"))
            else:
                yield from self._value(element, name, str(text), wanted)
        for name in allowed:
            if name[-1] == "!" and element.get(name[:-1]) is None:
                yield _fault("attribute", element, name[:-1], Phrase("lacks the attribute"))

    def _foreign(self, name: str) -> str:
        """An attribute of a namespace as the table calls it; empty for those that it does not know."""
        namespace, _, local = name[1:].rpartition("}")
        family = self._families.get(namespace)
        return f"{family}:{local}" if family else ""

    def _table_attribute(self, name: str) -> str | None:
        found = self._table.get(f"@{name}")
        return found.text if found else None

    def _value(self, element: etree._Element, name: str, text: str, wanted: str) -> Iterator[Fault]:
        value = " ".join(text.split()) if not wanted.startswith("text") else text
        if wanted == "ID":
            if value in self._ids:
                yield _fault("value", element, name, Phrase("“{value}”, which another element has too", value=value))
            self._ids.add(value)
        elif wanted == "IDREF":
            self._references.append((element, name, value))
        fit, allowed = _check(wanted)
        if not fit(value):
            kind = "identifier" if wanted == "ID" else "value"
            what = Phrase("“{value}”, which is not {allowed}", value=value, allowed=allowed)
            yield _fault(kind, element, name, what)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _family(name: str) -> str:
    """The family of an element's name, or of the last one of a path."""
    return name.rpartition("/")[2].partition(":")[0]


def _fault(kind: str, element: etree._Element, name: str, what: str) -> Fault:
    return Fault(kind, element, etree.QName(element).localname, name, what)


def _judge_order(found: list[str], particles: tuple[_Particle, ...]) -> Iterator[tuple[int | None, str]]:
    """What is wrong with the order and number of children, and at which of them, where it is one.

    After each fault reading goes on as if it were mended.
    """
    at, count = 0, 0
    for index, name in enumerate(found):
        place = next((place for place in range(at, len(particles)) if name in particles[place].names), None)
        if place is None:
            is_late = any(name in particle.names for particle in particles[:at])
            too_late = Phrase("has {child} too late", child=_shown(name))
            yield index, too_late if is_late else Phrase("may not have {child}", child=_shown(name))
            continue
        if place == at and count and not particles[at].is_many:
            yield index, Phrase("may have {child} only once", child=_shown(name))
            continue
        for missed in particles[at + (count > 0) : place]:
            if missed.least:
                what = Phrase("has {child} where {missed} should be", child=_shown(name), missed=missed.shown)
                yield index, what
        at, count = place, count + 1 if place == at else 1
    for missed in particles[at + (count > 0) :]:
        if missed.least:
            yield None, Phrase("has no {child}", child=missed.shown)


def _judge_set(found: list[str], particles: tuple[_Particle, ...]) -> Iterator[tuple[int | None, str]]:
    """The same for children that may come in any order."""
    for particle in particles:
        count = sum(name in particle.names for name in found)
        if count < particle.least:
            yield None, Phrase("has no {child}", child=particle.shown)
        elif count > 1 and not particle.is_many:
            yield None, Phrase("may have {child} only once", child=particle.shown)
    known = frozenset[str]().union(*(particle.names for particle in particles))
    for index, name in enumerate(found):
        if name not in known:
            yield index, Phrase("may not have {child}", child=_shown(name))


def _shown(name: str) -> str:
    return Phrase("an element of another namespace") if name == OTHER else name


@cache
def _check(kind: str) -> tuple[Callable[[str], bool], str]:
    """A simple type by its name: what fits it, and how that is said.

    `text2000` and `uri2000` hold at most so many characters; `a|b|c` one of these words; the others are XML Schema's
    (`measure` and `fraction` are decimals from -1 or 0 to 1).
    """
    if "|" in kind:
        words = list(filter(None, kind.split("|")))
        return frozenset(words).__contains__, Phrase("one of {words}", words=", ".join(words)) if words[1:] else words[
            0
        ]
    name = kind.rstrip("0123456789")
    fit, meaning = _SIMPLE[name]
    if name == kind:
        return fit, meaning
    most = int(kind[len(name) :])
    limited = Phrase("{kind} of at most {most} characters", kind=meaning, most=most)
    return (lambda text: len(text) <= most and fit(text)), limited


def _decimal(low: float) -> Callable[[str], bool]:
    return lambda text: bool(_DECIMAL.fullmatch(text)) and low <= float(text) <= 1


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


_SIMPLE: dict[str, tuple[Callable[[str], bool], str]] = {
    "ID": (_matches(_NAME), Phrase("a name: a letter or _, then letters, digits, “.”, “-” and “_”")),
    "IDREF": (lambda text: True, Phrase("a name")),
    "text": (lambda text: True, Phrase("text")),
    "uri": (_matches(_URI), Phrase("an address")),
    "address": (_matches(re.compile(rf"(?=.){_URI.pattern}")), Phrase("an address")),
    "boolean": (frozenset({"true", "false", "1", "0"}).__contains__, Phrase("true or false")),
    "count": (_matches(re.compile(r"\+?\d+|-0+")), Phrase("a whole number from 0")),
    "measure": (_decimal(-1), Phrase("a number from -1 to 1")),
    "measure or nothing": (lambda text: not text or _decimal(-1)(text), Phrase("a number from -1 to 1")),
    "fraction": (_decimal(0), Phrase("a number from 0 to 1")),
    "duration": (_matches(_DURATION), Phrase("a duration such as PT1H30M")),
    "dateTime": (_matches(_DATE_TIME), Phrase("a time such as 2026-01-31T12:00:00Z")),
    "language or none": (
        lambda text: text == "none" or bool(_LANGUAGE.fullmatch(text)),
        Phrase("a language tag or none"),
    ),
    "integer": (_matches(re.compile(r"[+-]?\d{1,10}")), Phrase("a whole number")),
    "lom time": (_matches(_LOM_TIME), Phrase("a time such as 2026-01-31 or 2026-01-31T12:00")),
    "lom duration": (_matches(_LOM_DURATION), Phrase("a duration such as PT1H30M")),
    "language": (_matches(_LANGUAGE), Phrase("a language tag such as en or de-AT")),
}
