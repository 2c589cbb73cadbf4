"""Each LMS has a page in docs/lms that says what the console's page says."""

from pathlib import Path

import pytest

from hub.console.lms_guides import GUIDES, Guide

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize("guide", GUIDES, ids=[guide.key for guide in GUIDES])
def test_a_page_tells_every_field_of_its_lms(guide: Guide) -> None:
    page = (DOCS / "lms" / f"{guide.key}.md").read_text(encoding="utf-8")
    missing = [entry.label for entry in guide.entries if f"| {entry.label} |" not in page]
    missing += [label for label in guide.shown.values() if f"*{label}*" not in page]
    missing += [value for value in guide.presets.values() if f"`{value}`" not in page]
    assert missing == []
    assert guide.place in page
    assert guide.registration in page
    assert f"(lms/{guide.key}.md)" in (DOCS / "lti.md").read_text(encoding="utf-8")
