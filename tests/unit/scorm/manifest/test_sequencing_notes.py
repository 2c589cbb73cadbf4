"""Notes on sequencing that cannot have been meant, and silence about what can."""

import pytest

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from tests.support.packages import PAGE, BytesSource, manifest_2004, package_of


def codes(sequencing: str, items: int = 2) -> list[str]:
    below = "".join(
        f"<item identifier='I{number}' identifierref='RES-1'><title>T</title></item>" for number in range(items)
    )
    reference = "" if items else "identifierref='RES-1'"
    outline = (
        "<organizations default='ORG'><organization identifier='ORG'><title>C</title>"
        f"<item identifier='TOP' {reference}><title>Top</title>{below}"
        f"<imsss:sequencing>{sequencing}</imsss:sequencing></item></organization></organizations>"
    )
    reading = package.read(
        BytesSource(package_of({"imsmanifest.xml": manifest_2004(outline), "index.html": PAGE})), Limits()
    )
    assert reading.course is not None, reading.findings
    return [finding.code for finding in reading.findings]


def rule(kind: str, action: str, *conditions: str, combination: str = "all") -> str:
    listed = "".join(f"<imsss:ruleCondition {one}/>" for one in conditions)
    return (
        f"<imsss:sequencingRules><imsss:{kind}><imsss:ruleConditions conditionCombination='{combination}'>{listed}"
        f"</imsss:ruleConditions><imsss:ruleAction action='{action}'/></imsss:{kind}></imsss:sequencingRules>"
    )


def rollup(count: int, *conditions: str) -> str:
    listed = "".join(f"<imsss:rollupCondition {one}/>" for one in conditions)
    return (
        f"<imsss:rollupRules><imsss:rollupRule childActivitySet='atLeastCount' minimumCount='{count}'>"
        f"<imsss:rollupConditions conditionCombination='all'>{listed}</imsss:rollupConditions>"
        "<imsss:rollupAction action='completed'/></imsss:rollupRule></imsss:rollupRules>"
    )


ALWAYS, SATISFIED = "condition='always'", "condition='satisfied'"
NOT_SATISFIED = "condition='satisfied' operator='not'"


@pytest.mark.parametrize(
    ("sequencing", "items", "code"),
    [
        ("<imsss:controlMode choice='false' flow='false'/>", 2, "sequencing.unreachable"),
        ("<imsss:limitConditions attemptLimit='0'/>", 0, "sequencing.no-attempts"),
        (rule("preConditionRule", "disabled", ALWAYS), 0, "sequencing.always-disabled"),
        (rule("preConditionRule", "disabled", SATISFIED, ALWAYS, combination="any"), 0, "sequencing.always-disabled"),
        (rule("postConditionRule", "retry", ALWAYS), 0, "sequencing.endless"),
        (rule("postConditionRule", "retryAll", ALWAYS), 2, "sequencing.endless"),
        (rule("postConditionRule", "previous", ALWAYS), 0, "sequencing.endless"),
        (rule("preConditionRule", "skip", SATISFIED, NOT_SATISFIED), 0, "sequencing.never-true"),
        (rule("exitConditionRule", "exit", "condition='always' operator='not'"), 0, "sequencing.never-true"),
        (rollup(3, "condition='completed'"), 2, "sequencing.count-too-high"),
        (rollup(1, "condition='completed'", "condition='completed' operator='not'"), 2, "sequencing.never-true"),
        (
            "<imsss:randomizationControls selectCount='3' selectionTiming='once'/>",
            2,
            "sequencing.selects-too-many",
        ),
    ],
)
def test_what_cannot_have_been_meant(sequencing, items, code):
    assert codes(sequencing, items) == [code]


@pytest.mark.parametrize(
    ("sequencing", "items"),
    [
        ("<imsss:controlMode choice='false' flow='true'/>", 2),
        ("<imsss:controlMode choice='false' flow='false'/>", 0),
        ("<imsss:limitConditions attemptLimit='1'/>", 0),
        (rule("preConditionRule", "disabled", ALWAYS, SATISFIED), 0),
        (rule("preConditionRule", "disabled", SATISFIED, NOT_SATISFIED, combination="any"), 0),
        (rule("preConditionRule", "hiddenFromChoice", ALWAYS), 0),
        (rule("postConditionRule", "continue", ALWAYS), 0),
        (rule("postConditionRule", "retry", NOT_SATISFIED), 0),
        (rule("postConditionRule", "retry", ALWAYS) + "<imsss:limitConditions attemptLimit='3'/>", 0),
        (rollup(2, "condition='completed'"), 2),
        ("<imsss:randomizationControls selectCount='2' selectionTiming='once'/>", 2),
    ],
)
def test_what_may_well_be_meant(sequencing, items):
    assert codes(sequencing, items) == []
