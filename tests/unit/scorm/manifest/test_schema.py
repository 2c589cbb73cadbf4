"""The rules of the official schemas: each table takes what is right and tells what is not, with its place."""

import pytest

from hub.scorm.spec.manifest import package, schema, schema_tables
from hub.scorm.spec.manifest.archive import Limits
from hub.scorm.spec.manifest.findings import Verdict
from hub.scorm.spec.manifest.xml import parse
from tests.support.packages import PAGE, BytesSource, manifest_1_2, manifest_2004, package_of

TITLE = "<title>First page</title>"
WITH_EVERYTHING = """<title>First page</title>
  <adlcp:timeLimitAction>exit,message</adlcp:timeLimitAction>
  <adlcp:dataFromLMS>x</adlcp:dataFromLMS>
  <adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.5" progressWeight="1"/>
  <imsss:sequencing>
    <imsss:controlMode choice="1" flow="true"/>
    <imsss:sequencingRules>
      <imsss:preConditionRule>
        <imsss:ruleConditions conditionCombination="any">
          <imsss:ruleCondition referencedObjective="OBJ" condition="objectiveMeasureLessThan" measureThreshold="-.5"/>
        </imsss:ruleConditions>
        <imsss:ruleAction action="skip"/>
      </imsss:preConditionRule>
      <imsss:postConditionRule><imsss:ruleAction action="retry"/></imsss:postConditionRule>
    </imsss:sequencingRules>
    <imsss:limitConditions attemptLimit="2" attemptAbsoluteDurationLimit="P1DT2H"
        beginTimeLimit="2026-01-31T12:00:00Z"/>
    <imsss:rollupRules objectiveMeasureWeight="0.3">
      <imsss:rollupRule childActivitySet="atLeastPercent" minimumPercent="0.5">
        <imsss:rollupConditions><imsss:rollupCondition condition="completed"/></imsss:rollupConditions>
        <imsss:rollupAction action="completed"/>
      </imsss:rollupRule>
    </imsss:rollupRules>
    <imsss:objectives>
      <imsss:primaryObjective objectiveID="OBJ" satisfiedByMeasure="true">
        <imsss:minNormalizedMeasure>0.7</imsss:minNormalizedMeasure>
        <imsss:mapInfo targetObjectiveID="urn:x:1" writeSatisfiedStatus="true"/>
      </imsss:primaryObjective>
    </imsss:objectives>
    <imsss:randomizationControls selectCount="1" selectionTiming="once"/>
    <imsss:deliveryControls tracked="true"/>
    <adlseq:objectives>
      <adlseq:objective objectiveID="OBJ">
        <adlseq:mapInfo targetObjectiveID="urn:x:1" writeRawScore="true"/>
      </adlseq:objective>
    </adlseq:objectives>
  </imsss:sequencing>
  <adlcp:data><adlcp:map targetID="urn:x:2" writeSharedData="true"/></adlcp:data>
  <adlnav:presentation><adlnav:navigationInterface>
    <adlnav:hideLMSUI>exit</adlnav:hideLMSUI>
  </adlnav:navigationInterface></adlnav:presentation>"""


def told(manifest: bytes) -> list[tuple[str, int | None]]:
    """Codes and lines of what the schemas found."""
    reading = package.read(BytesSource(package_of({"imsmanifest.xml": manifest, "index.html": PAGE})), Limits())
    assert reading.verdict is Verdict.ACCEPTED, reading.findings
    return [(one.code, one.line) for one in reading.findings if one.code.startswith("schema.")]


def full() -> str:
    return manifest_2004().decode().replace(TITLE, WITH_EVERYTHING)


def test_what_follows_the_schemas_is_taken_without_a_word():
    assert told(manifest_1_2()) == []
    assert told(full().encode()) == []


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("<imsss:controlMode choice=", "<imsss:controlMode Choice=", "schema.attribute"),
        ('<imsss:ruleAction action="retry"/>', "", "schema.element"),
        ('<imsss:deliveryControls tracked="true"/>', '<imsss:deliveryControls tracked="true"/>' * 2, "schema.element"),
        ("<adlcp:dataFromLMS>x</", "<adlcp:dataFromLMS><b xmlns='urn:b'/></", "schema.element"),
        ("<adlcp:dataFromLMS>x</adlcp:dataFromLMS>", "<adlcp:datafromlms>x</adlcp:datafromlms>", "schema.element"),
        ('<adlcp:data><adlcp:map targetID="urn:x:2" writeSharedData="true"/>', "<adlcp:data>", "schema.element"),
        ("<imsss:deliveryControls ", "some text <imsss:deliveryControls ", "schema.element"),
        ('beginTimeLimit="2026-01-31T12:00:00Z"', 'beginTimeLimit="31.1.2026"', "schema.value"),
        ('attemptAbsoluteDurationLimit="P1DT2H"', 'attemptAbsoluteDurationLimit="P"', "schema.value"),
        ('writeRawScore="true"', 'writeRawScore="yes"', "schema.value"),
        ('<adlseq:objective objectiveID="OBJ">', "<adlseq:objective>", "schema.attribute"),
        ('targetID="urn:x:2"', 'targetID="urn:x:2" readShared="1"', "schema.attribute"),
        ('identifier="ITEM-1"', 'identifier="1 (first)"', "schema.identifier"),
        ('identifier="RES-1"', 'identifier="COURSE"', "schema.value"),
    ],
)
def test_each_breach_is_told_where_it_is(before, after, code):
    text = full()
    if after == 'identifier="COURSE"':
        text = text.replace('identifierref="RES-1"', 'identifierref="COURSE"')
    assert text.count(before) == 1
    lines = text[: text.index(before)].count("\n") + 1
    found = told(text.replace(before, after).encode())
    assert [one for one, _ in found] == [code]
    assert lines - 2 <= (found[0][1] or 0) <= lines + 1


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (TITLE, "<adlcp:masteryscore>80</adlcp:masteryscore>" + TITLE, "schema.element"),
        (TITLE, TITLE * 2, "schema.element"),
        (TITLE, f"<title>{'x' * 201}</title>", "schema.value"),
        (TITLE, TITLE + "<adlcp:prerequisites>A</adlcp:prerequisites>", "schema.attribute"),
        (TITLE, TITLE + "<adlcp:dataFromLMS>x</adlcp:dataFromLMS>", "schema.element"),
        ("adlcp:scormtype", "adlcp:scormType", "schema.attribute"),
        (' type="webcontent"', "", "schema.attribute"),
        ("<file href", "<file HREF", "schema.attribute"),
        ('version="1.0"\n', 'version="1.0 of the 31st of January"\n', "schema.value"),
    ],
)
def test_scorm_1_2_has_rules_of_its_own(before, after, code):
    text = manifest_1_2().decode()
    assert before in text
    found = [one for one, _ in told(text.replace(before, after).encode())]
    assert found
    assert set(found) == {code}


def test_what_the_reader_told_is_not_told_again():
    text = full().replace('flow="true"', 'flow="perhaps"')
    reading = package.read(BytesSource(package_of({"imsmanifest.xml": text.encode(), "index.html": PAGE})), Limits())
    assert [one.code for one in reading.findings] == ["sequencing.value"]


def whats(children: str, found: str, *, is_unordered: bool = False) -> list[str]:
    """What a type with such children says of an element that has those."""
    document = parse(f"<root>{''.join(f'<{name}/>' for name in found.split())}</root>".encode(), "x.xml")
    kinds = {f"x:{name}": schema.Type() for name in "abcd"}
    table = {"x:root": schema.Type(children, is_unordered=is_unordered), **kinds}
    return [fault.what for fault in schema.faults(document.root, {"": "x"}, table)]


@pytest.mark.parametrize(
    ("children", "found", "expected"),
    [
        ("a b? c*", "a", []),
        ("a b? c*", "a b c c", []),
        ("a b? c*", "b", ["has b where a should be"]),
        ("a b? c*", "a b b", ["may have b only once"]),
        ("a b? c*", "a c b", ["has b too late"]),
        ("a b? c*", "a d", ["may not have d"]),
        ("a b", "", ["has no a", "has no b"]),
        ("a b+", "a", ["has no b"]),
        ("a|b+ c", "b a b c", []),
        ("a|b+ c", "c", ["has c where a or b should be"]),
    ],
)
def test_order_and_number(children, found, expected):
    assert whats(children, found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [("b a", []), ("a", ["has no b"]), ("a b a", ["may have a only once"]), ("a b c", ["may not have c"])],
)
def test_children_in_any_order(found, expected):
    assert whats("a b", found, is_unordered=True) == expected


def test_every_type_of_the_tables_is_known():
    for table in (schema_tables.SCORM_1_2, schema_tables.SCORM_2004, schema_tables.CMI5):
        for kind in table.values():
            for name in (*(kind.attributes or {}).values(), kind.text):
                if name and name != "anything":
                    fit, meaning = schema._check(name)
                    assert meaning
                    assert fit("") in {True, False}
