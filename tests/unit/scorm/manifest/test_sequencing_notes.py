"""Notes on sequencing that cannot have been meant, and silence about what can."""

import pytest

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from tests.support.packages import PAGE, BytesSource, manifest_1_2, manifest_2004, package_of


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
    first, *others = codes(sequencing, items)
    assert first == code
    assert set(others) <= {"sequencing.never-completed"}  # What comes of it.


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


def of_course(outline: str, attributes: str = "", sequencing: str = "") -> list[str]:
    """The codes for a whole SCORM 2004 course of these items."""
    flowing = "<imsss:controlMode choice='false' flow='true'/>" + sequencing
    text = (
        f"<organizations default='ORG'><organization identifier='ORG' {attributes}><title>C</title>{outline}"
        f"<imsss:sequencing>{flowing}</imsss:sequencing></organization></organizations>"
    )
    data = manifest_2004(text)
    reading = package.read(BytesSource(package_of({"imsmanifest.xml": data, "index.html": PAGE})), Limits())
    assert reading.course is not None, reading.findings
    return [finding.code for finding in reading.findings]


def sco(name: str, sequencing: str = "") -> str:
    inner = f"<imsss:sequencing>{sequencing}</imsss:sequencing>" if sequencing else ""
    return f"<item identifier='{name}' identifierref='RES-1'><title>{name}</title>{inner}</item>"


def objective(target: str, *, writes: bool = False, attributes: str = "") -> str:
    flag = " writeSatisfiedStatus='true'" if writes else ""
    return (
        f"<imsss:objectives><imsss:primaryObjective objectiveID='P' {attributes}>"
        f"<imsss:mapInfo targetObjectiveID='{target}'{flag}/></imsss:primaryObjective></imsss:objectives>"
    )


WEIGHTLESS = "<imsss:rollupRules objectiveMeasureWeight='0'/>"
UNTRACKED = "<imsss:deliveryControls tracked='false'/>"
NEEDS_OTHER = rule("preConditionRule", "skip", "condition='satisfied'") + objective("urn:o")
BY_MEASURE = (
    "<imsss:objectives><imsss:primaryObjective objectiveID='P'{}>"
    "<imsss:minNormalizedMeasure>0.8</imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives>"
)
LOCAL = "adlseq:objectivesGlobalToSystem='false'"


@pytest.mark.parametrize(
    ("outline", "attributes", "sequencing", "expected"),
    [
        (sco("A") + sco("B"), "", "", []),
        (sco("A", rule("preConditionRule", "skip", ALWAYS)), "", "", ["sequencing.cannot-start"]),
        (
            sco("A") + sco("B", rule("preConditionRule", "skip", ALWAYS)),
            "",
            "",
            ["sequencing.never-delivered", "sequencing.never-completed"],
        ),
        (sco("A") + sco("B", rule("preConditionRule", "hiddenFromChoice", ALWAYS)), "", "", []),
        (
            sco("A") + sco("B"),
            "",
            "<imsss:rollupRules><imsss:rollupRule><imsss:rollupConditions conditionCombination='any'>"
            "<imsss:rollupCondition condition='attemptLimitExceeded'/></imsss:rollupConditions>"
            "<imsss:rollupAction action='satisfied'/></imsss:rollupRule></imsss:rollupRules>",
            ["sequencing.never-satisfied"],
        ),
        (sco("A", NEEDS_OTHER), "", "", ["objective.elsewhere"]),
        (sco("A", NEEDS_OTHER), LOCAL, "", ["objective.never-written"]),
        (sco("A", NEEDS_OTHER) + sco("B", objective("urn:o", writes=True)), LOCAL, "", []),
        (sco("A", objective("urn:o")), LOCAL, "", []),
        (sco("A", WEIGHTLESS) + sco("B", WEIGHTLESS), "", "", ["score.weightless"]),
        (sco("A", WEIGHTLESS) + sco("B"), "", "", []),
        (sco("A") + sco("B", objective("urn:o", writes=True) + UNTRACKED), "", "", ["score.untracked"]),
        (sco("A") + sco("B", UNTRACKED), "", "", []),
        (sco("A", BY_MEASURE.format("")), "", "", ["score.threshold-unused"]),
        (sco("A", BY_MEASURE.format(" satisfiedByMeasure='true'")), "", "", []),
    ],
)
def test_what_only_the_whole_course_shows(outline, attributes, sequencing, expected):
    assert of_course(outline, attributes, sequencing=sequencing) == expected


def of_items_1_2(*items: tuple[str, str], scorm_type: str = "sco") -> list[str]:
    """The codes for a SCORM 1.2 course of items with such extensions."""
    listed = "".join(
        f"<item identifier='{name}' identifierref='RES-1'><title>T</title>{inner}</item>" for name, inner in items
    )
    text = (
        "<organizations default='ORG'><organization identifier='ORG'><title>C</title>"
        f"{listed}</organization></organizations>"
    )
    data = manifest_1_2(text).replace(b'scormtype="sco"', f'scormtype="{scorm_type}"'.encode())
    reading = package.read(BytesSource(package_of({"imsmanifest.xml": data, "index.html": PAGE})), Limits())
    return [finding.code for finding in reading.findings]


def needs(script: str) -> str:
    return f"<adlcp:prerequisites type='aicc_script'>{script}</adlcp:prerequisites>"


def mastery(score: str) -> str:
    return f"<adlcp:masteryscore>{score}</adlcp:masteryscore>"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([("A", ""), ("B", needs("A")), ("C", needs("A&amp;B"))], []),
        ([("A", ""), ("B", needs("A=&quot;completed&quot;|A=passed"))], []),
        ([("A", needs("B|C")), ("B", ""), ("C", needs("A"))], []),
        ([("A", needs("~B")), ("B", needs("A"))], []),
        ([("A", needs("2*{B,C}")), ("B", ""), ("C", "")], []),
        ([("A", needs("X"))], ["item.prerequisite-unknown"]),
        ([("A", needs("A"))], ["item.prerequisite-circle"]),
        ([("A", needs("B")), ("B", needs("A"))], ["item.prerequisite-circle"] * 2),
        ([("A", mastery("80"))], []),
        ([("A", mastery("0"))], ["score.mastery-zero"]),
    ],
)
def test_prerequisites_and_scores_of_scorm_1_2(items, expected):
    assert of_items_1_2(*items) == expected


def test_a_mastery_score_needs_a_sco():
    assert of_items_1_2(("A", mastery("80")), scorm_type="asset") == ["score.mastery-unused"]


def test_scorm_2004_has_no_mastery_score():
    found = of_course(sco("A").replace("</item>", "<adlcp:masteryscore>80</adlcp:masteryscore></item>"))
    assert sorted(found) == ["schema.element", "score.mastery-version"]
