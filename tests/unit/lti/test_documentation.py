"""docs/lti.md says what the table of claims says."""

import re
from pathlib import Path

from hub.lti.spec.claims import CLAIMS

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "lti.md"
AREA = ROOT / "hub" / "lti"


def test_the_documented_claims_are_the_table() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index("| claim | level | by |") + 2
    documented = lines[start : lines.index("", start)]
    assert documented == [_line(row.name, row.messages, row.level.value, row.section) for row in CLAIMS]


def test_every_code_is_explained() -> None:
    document = DOCUMENT.read_text(encoding="utf-8").partition("## What an error means")[2].partition("## ")[0]
    sources = [path.read_text(encoding="utf-8") for path in AREA.rglob("*.py")]
    codes = {code for source in sources for code in re.findall(r'code="(lti_[a-z_]+)"', source)}
    assert codes
    assert codes == set(re.findall(r"`(lti_[a-z_]+)`", document))


def _line(name: str, messages: frozenset[str] | None, level: str, section: str) -> str:
    short = name.replace("https://purl.imsglobal.org/spec/", "…/")
    kinds = f" ({', '.join(sorted(messages))})" if messages else ""
    return f"| `{short}`{kinds} | {level} | {section} |"
