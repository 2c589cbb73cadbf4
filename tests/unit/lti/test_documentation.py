"""docs/lti.md says what the table of claims says."""

from pathlib import Path

from hub.lti.spec.claims import CLAIMS

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "lti.md"


def test_the_documented_claims_are_the_table() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index("| claim | level | by |") + 2
    documented = lines[start : lines.index("", start)]
    assert documented == [_line(row.name, row.messages, row.level.value, row.section) for row in CLAIMS]


def _line(name: str, messages: frozenset[str] | None, level: str, section: str) -> str:
    short = name.replace("https://purl.imsglobal.org/spec/", "…/")
    kinds = f" ({', '.join(sorted(messages))})" if messages else ""
    return f"| `{short}`{kinds} | {level} | {section} |"
