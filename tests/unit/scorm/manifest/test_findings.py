"""Findings: their order, their verdict, their words for hostile facts, and their documentation."""

import pytest

from hub.scorm.spec.manifest.findings import LISTED_PER_CODE, Place, Report, Severity, Verdict, verdict
from hub.scorm.spec.manifest.in_tools import in_tools
from hub.scorm.spec.manifest.rules import RULES, finding
from tests.support import findings_doc


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], Verdict.ACCEPTED),
        (["resource.unused"], Verdict.ACCEPTED),
        (["resource.case", "resource.unused"], Verdict.ACCEPTED),
        (["organization.none", "resource.case"], Verdict.REFUSED),
        (["organization.none", "xml.doctype"], Verdict.DANGEROUS),
    ],
)
def test_the_gravest_finding_decides(codes, expected):
    facts = {"identifier": "I", "path": "p", "found": "P"}
    assert verdict(finding(code, **facts) for code in codes) is expected


def test_a_report_puts_the_gravest_first_and_cuts_repetitions():
    report = Report()
    for _ in range(LISTED_PER_CODE + 5):
        report.add(finding("resource.unused", identifier="R"))
    report.add(finding("xml.doctype", Place("imsmanifest.xml", 2, 1)))
    listed = report.findings()
    assert listed[0].severity is Severity.DANGER
    assert str(listed[0].place) == "imsmanifest.xml:2:1"
    assert len(listed) == LISTED_PER_CODE + 1
    assert report.refuses


def test_hostile_facts_are_shown_harmlessly():
    found = finding("archive.escapes", entry="../\x1b[31m\u202e" + "x" * 1000)
    assert "\x1b" not in found.message
    assert "\u202e" not in found.message
    assert "\\u001b" in found.message
    assert len(found.message) < 400


def test_the_place_of_a_hostile_name_is_shown_harmlessly_too():
    found = finding("archive.control", Place("a\x1b[31m\n"), entry="a\x1b[31m\n", codepoint="001B")
    assert "\x1b" not in found.file
    assert "\n" not in found.file


def test_every_code_is_documented():
    assert findings_doc.DOCUMENT.read_text(encoding="utf-8") == findings_doc.text(), (
        "docs/findings.md is old: python -m tests.support.findings_doc writes it anew"
    )


def test_severities_are_those_of_the_codes():
    assert {rule.severity for rule in RULES.values()} == set(Severity)


#: What no authoring tool has a part in: limits of the Hub, files that no tool made, imports that did not end.
NOT_IN_TOOLS = ("media.", "import.")


def test_every_refusal_says_what_to_do_in_the_common_tools():
    for code, rule in RULES.items():
        if rule.severity in {Severity.DANGER, Severity.ERROR} and not code.startswith(NOT_IN_TOOLS):
            assert {"Storyline", "Rise", "Captivate", "iSpring"} <= in_tools(code).keys(), code


def test_advice_stands_in_the_json_of_a_refusal_only():
    assert "in_tools" in finding("organization.none").as_dict()
    assert "in_tools" not in finding("resource.unused", identifier="R").as_dict()
