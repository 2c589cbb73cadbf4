"""What was found in a package: one value for each thing that an author should know.

Every finding has a stable code (docs/findings.md lists them all), a place, plain words, the section of the standard
where there is one, and how to mend it. The rules themselves are the table in `rules`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from hub.errors import Message
from hub.scorm.spec.manifest.in_tools import in_tools

#: How many findings of one code are listed; the rest are counted, so that a report stays readable.
LISTED_PER_CODE = 50


class Severity(StrEnum):
    """How grave a finding is. `DANGER` and `ERROR` refuse the package; the others are notes to its author."""

    DANGER = "danger"
    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


class Verdict(StrEnum):
    """What becomes of the package: taken, refused because it cannot work, or refused as dangerous."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DANGEROUS = "dangerous"


class Phrase(str):
    """English words that are a fact of a finding, kept so that they can be said in another language.

    `template` is what is translated; `facts` fill its places, and may be phrases themselves.
    """

    template: str
    facts: Mapping[str, Any]

    def __new__(cls, template: str, **facts: Any) -> Self:
        self = super().__new__(cls, template.format(**facts))
        self.template, self.facts = template, facts
        return self

    @classmethod
    def of(cls, sentence: str) -> str:
        """The sentence of an error, without its full stop, as a fact, with what it was made of if it knows that."""
        if not isinstance(sentence, Message):
            return sentence.rstrip(".")
        return cls(with_braces(sentence.template), **{name: str(value) for name, value in sentence.values.items()})


def with_braces(template: str) -> str:
    """The template of an error's sentence as that of a phrase."""
    return re.sub(r"%\((\w+)\)s", r"{\1}", template).rstrip(".")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means: `message` is filled with the facts of the case, `section` cites the standard."""

    severity: Severity
    message: str
    fix: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is: a file of the zip, and 1-based line and column in it where they are known."""

    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. `message` and `fix` are for people, `code` is for programs.

    `quote` is the line it is about, or a part of it, and `mark` the 0-based place in that. `facts` are what the words
    were filled with, so that they can be said in another language (`hub.scorm.services.wording`).
    """

    code: str
    severity: Severity
    message: str
    fix: str
    section: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None
    quote: str = ""
    mark: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.file, self.line, self.column)

    @property
    def refuses(self) -> bool:
        """Whether a package with this finding is refused."""
        return self.severity in {Severity.DANGER, Severity.ERROR}

    def as_dict(self) -> dict[str, Any]:
        """The finding as a JSON object; a refusal with what to do in the common authoring tools (`in_tools`)."""
        advice = dict(in_tools(self.code)) if self.refuses else {}
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return told | {"facts": _plain(self.facts)} | ({"in_tools": advice} if advice else {})


def _plain(fact: Any) -> Any:
    """A fact as JSON; a phrase is an object of its template and facts."""
    if isinstance(fact, Phrase):
        return {"template": fact.template, "facts": _plain(fact.facts)}
    if isinstance(fact, Mapping):
        return {name: _plain(value) for name, value in fact.items()}
    return fact


class Refused(Exception):
    """Reading cannot go on; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class Report:
    """Collects findings while a package is judged."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._findings = list(findings)
        self._counts = Counter(finding.code for finding in self._findings)

    def add(self, finding: Finding) -> None:
        """Keep the finding, unless there are enough of its kind already."""
        self._counts[finding.code] += 1
        if self._counts[finding.code] <= LISTED_PER_CODE:
            self._findings.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Keep all of them."""
        for finding in findings:
            self.add(finding)

    @property
    def refuses(self) -> bool:
        """Whether anything found so far refuses the package."""
        return any(finding.refuses for finding in self._findings)

    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, the gravest first and otherwise in the order of discovery."""
        order = list(Severity)
        return tuple(sorted(self._findings, key=lambda finding: order.index(finding.severity)))


def verdict(findings: Iterable[Finding]) -> Verdict:
    """What the findings together mean for the package."""
    severities = {finding.severity for finding in findings}
    if Severity.DANGER in severities:
        return Verdict.DANGEROUS
    return Verdict.REFUSED if Severity.ERROR in severities else Verdict.ACCEPTED
