"""The line that a finding is about, cut to what can be read at a glance, so that its author sees it marked."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from hub.scorm.spec.manifest import xml
from hub.scorm.spec.manifest.findings import Finding, Refused
from hub.scorm.spec.manifest.rules import shown

#: Characters of a quote, and how many of them stand before the place at most.
_LONGEST, _BEFORE = 160, 60
_MOST_FILES = 40


def with_quotes(findings: Sequence[Finding], load: Callable[[str], bytes | None]) -> tuple[Finding, ...]:
    """The findings, those with a line quoted; `load` gives the bytes of a file, or None."""

    @lru_cache(_MOST_FILES)
    def lines(file: str) -> list[str]:
        data = load(file)
        return _text(data, file).split("\n") if data is not None else []

    return tuple(_quoted(found, lines(found.file)) if found.line and found.file else found for found in findings)


def _text(data: bytes, file: str) -> str:
    try:
        return xml.decoded(data, file)
    except Refused:
        return data.decode("utf-8", "replace")


def _quoted(found: Finding, lines: list[str]) -> Finding:
    if not found.line or found.line > len(lines):
        return found
    line = lines[found.line - 1].rstrip("\r").replace("\t", " ")
    at = (found.column or 1) - 1
    if at >= len(line.rstrip()):  # What is wrong is told behind it: mark the last tag.
        at = max(0, line.rfind("<"))
    start = max(0, at - _BEFORE) if len(line) > _LONGEST else len(line) - len(line.lstrip())
    quote = line[start : start + _LONGEST]
    if not quote.strip():
        return found
    mark = at - start if found.column is not None and 0 <= at - start < len(quote) else None
    return replace(found, quote=shown(quote), mark=mark)
