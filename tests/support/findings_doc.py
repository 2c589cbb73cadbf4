"""docs/findings.md, made from the rules: `python -m tests.support.findings_doc` writes it anew."""

from pathlib import Path

from hub.scorm.spec.manifest.rules import RULES

DOCUMENT = Path(__file__).parents[2] / "docs" / "findings.md"

_HEAD = """# Findings

What `hub lint`, an import's report and the API say about a package, by code. A *danger* or an *error* refuses the
package; a *warning* or a *hint* is a note to its author. In the words, `{…}` stands for the facts of the case.
"""


def text() -> str:
    """The whole document."""
    rows = [
        f"| `{code}` | {rule.severity} | {_cell(rule.message)} | {_cell(rule.fix)} | {_cell(rule.section)} |"
        for code, rule in sorted(RULES.items())
    ]
    table = "\n".join(["| code | severity | words | remedy | section |", "|---|---|---|---|---|", *rows])
    return f"{_HEAD}\n{table}\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


if __name__ == "__main__":
    DOCUMENT.write_text(text(), encoding="utf-8")
