"""The rules that packages are judged by, as tables: code -> severity, words, remedy, section of the standard."""

from typing import Any

from hub.scorm.spec.manifest.findings import Finding, Phrase, Place, Rule
from hub.scorm.spec.manifest.rules.archive import ARCHIVE_RULES
from hub.scorm.spec.manifest.rules.cmi5 import CMI5_RULES
from hub.scorm.spec.manifest.rules.content import CONTENT_RULES, MEDIA_RULES
from hub.scorm.spec.manifest.rules.manifest import MANIFEST_RULES, XML_RULES
from hub.scorm.spec.manifest.rules.processing import IMPORT_RULES, RUNTIME_RULES
from hub.scorm.spec.manifest.rules.schema import METADATA_RULES, SCHEMA_RULES
from hub.scorm.spec.manifest.rules.sequencing import SEQUENCING_RULES

#: In the order in which they are shown.
RULES: dict[str, Rule] = {
    **ARCHIVE_RULES,
    **XML_RULES,
    **MANIFEST_RULES,
    **SEQUENCING_RULES,
    **SCHEMA_RULES,
    **METADATA_RULES,
    **CONTENT_RULES,
    **CMI5_RULES,
    **MEDIA_RULES,
    **IMPORT_RULES,
    **RUNTIME_RULES,
}


def finding(code: str, place: Place | None = None, **facts: Any) -> Finding:
    """The finding of rule `code` at `place`, its words filled with `facts`."""
    rule = RULES[code]
    where = place or Place()
    words = {name: shown(value) for name, value in facts.items()}
    return Finding(
        code,
        rule.severity,
        rule.message.format(**words),
        rule.fix.format(**words),
        rule.section,
        shown(where.file),
        where.line,
        where.column,
        facts=words,
    )


def found_elsewhere(other: str | None) -> str:
    """The guess that a missing file is meant to be one of the same name; empty without one."""
    return Phrase("; “{file}” is", file=other) if other else ""


def shown(value: Any) -> Any:
    """Facts come from hostile files: long texts are cut, characters that do not print are shown by their code."""
    if isinstance(value, Phrase):
        return Phrase(value.template, **{name: shown(fact) for name, fact in value.facts.items()})
    if not isinstance(value, str):
        return value
    printable = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in value[:300])
    return printable + ("…" if len(value) > 300 else "")
