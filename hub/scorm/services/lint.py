"""Judging a package on this machine, without a server: what an import would find, before anything is uploaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from hub.scorm.services.streams import FileSource
from hub.scorm.services.wording import words_of
from hub.scorm.spec.manifest import package as packages_spec
from hub.scorm.spec.manifest.archive import ByteSource, Limits, read_entry
from hub.scorm.spec.manifest.course import STANDARD_NAMES, Course
from hub.scorm.spec.manifest.findings import Refused, verdict
from hub.scorm.spec.manifest.package import Reading
from hub.scorm.spec.manifest.rules import RULES


@dataclass(frozen=True, slots=True)
class LintResult:
    """The verdict on one file (accepted, refused, dangerous), what it is, and everything that was found."""

    file: str
    verdict: str
    standard: str | None
    edition: str | None
    title: str | None
    file_count: int
    findings: list[dict[str, Any]]

    @property
    def standard_name(self) -> str:
        """The standard with its edition, for people."""
        name = STANDARD_NAMES.get(self.standard or "", "")
        return f"{name} {self.edition} Edition" if self.edition else name


@dataclass(frozen=True, slots=True)
class RuleView:
    """What a code of findings means; `{…}` in its words stand for the facts of a case."""

    code: str
    severity: str
    message: str
    fix: str
    section: str


def rules(language: str = "en") -> list[RuleView]:
    """Every rule that packages are judged by, by code, in a language of the pages."""
    say = words_of(language)
    return [
        RuleView(code, rule.severity.value, say(rule.message), say(rule.fix), rule.section)
        for code, rule in sorted(RULES.items())
    ]


def lint(path: Path, limits: Limits | None = None) -> LintResult:
    """Judge a zip just as an import does, the data of every file included. Raises `OSError` for an unreadable file."""
    with path.open("rb") as file:
        source = FileSource(cast(BinaryIO, file))
        reading = packages_spec.read(source, limits or Limits(), path.name)
        findings = reading.findings
        damage = _damage(source, reading) if reading.course is not None else None
        if damage is not None:
            findings = (damage.finding, *findings)
    course: Course | None = reading.course
    return LintResult(
        file=str(path),
        verdict=verdict(findings).value,
        standard=course.standard if course else None,
        edition=course.edition if course else None,
        title=course.title if course else None,
        file_count=len(reading.entries),
        findings=[one.as_dict() for one in findings],
    )


def _damage(source: ByteSource, reading: Reading) -> Refused | None:
    """The first fault in the data of the files."""
    for entry in reading.entries:
        try:
            for _ in read_entry(source, entry):
                pass
        except Refused as refusal:
            return refusal
    return None
