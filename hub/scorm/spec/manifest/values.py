"""Reading single values out of manifests, strictly by the standard's types and with a note where they do not fit."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from lxml import etree

from hub.scorm.spec.manifest.findings import Phrase, Report
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.spec.manifest.xml import Document

T = TypeVar("T")

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_DECIMAL = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)$")


class NotAllowed(ValueError):
    """The text is not a value of its type; `allowed` says what would be."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


def boolean(text: str) -> bool:
    """xs:boolean, in any case, and yes and no."""
    if text.lower() not in _BOOLEANS:
        raise NotAllowed(Phrase("true or false"))
    return _BOOLEANS[text.lower()]


def decimal(low: float, high: float) -> Callable[[str], float]:
    """A reader of decimals between `low` and `high`."""

    def read(text: str) -> float:
        if not _DECIMAL.match(text) or not low <= float(text) <= high:
            raise NotAllowed(Phrase("a number from {low:g} to {high:g}", low=low, high=high))
        return float(text)

    return read


def count(text: str) -> int:
    """xs:nonNegativeInteger."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise NotAllowed(Phrase("a whole number"))
    return int(text)


def pattern(expression: str, meaning: str) -> Callable[[str], str]:
    """A reader of text that has the form of `expression`."""
    compiled = re.compile(expression)

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            raise NotAllowed(meaning)
        return text

    return read


def one_of(words: Iterable[str]) -> Callable[[str], str]:
    """A reader of a vocabulary; other case is mended silently, since it leaves no doubt."""
    allowed = {word.lower(): word for word in words}

    def read(text: str) -> str:
        if text.lower() not in allowed:
            raise NotAllowed(Phrase("one of {words}", words=", ".join(allowed.values())))
        return allowed[text.lower()]

    return read


def text_of(element: etree._Element | None) -> str:
    """The element's own text with white space collapsed; empty when there is none."""
    return " ".join(str(element.xpath("string()")).split()) if element is not None else ""


class Reader:
    """Reads typed values of one document and reports those that do not fit under `code`."""

    def __init__(self, document: Document, report: Report, code: str) -> None:
        self._document = document
        self._report = report
        self._code = code

    def attribute(self, element: etree._Element | None, name: str, read: Callable[[str], T], default: T) -> T:
        """The attribute's value, or `default` where it is absent, empty or does not fit."""
        text = element.get(name) if element is not None else None
        if element is None or text is None or not text.strip():
            return default
        return self.value(element, name, text, read, default)

    def child(self, element: etree._Element, names: Iterable[str], read: Callable[[str], T], default: T) -> T:
        """The text of the first child that is called one of `names`, or `default`."""
        for name in names:
            found = element.find(name)
            text = text_of(found)
            if found is not None and text:
                return self.value(found, name, text, read, default)
        return default

    def value(self, element: etree._Element, name: str, text: str, read: Callable[[str], T], default: T) -> T:
        """`text` as a value; `default` and a finding where it does not fit."""
        try:
            return read(text.strip())
        except NotAllowed as fault:
            local = name.rpartition("}")[2]
            place = self._document.place(element)
            facts = {"name": local, "found": text.strip(), "allowed": fault.allowed, "default": default}
            self._report.add(finding(self._code, place, **facts))
            return default
