"""ADL's cases under pytest; they lie beside the repository, where somebody has put them."""

import json
from pathlib import Path

import pytest

from tests.adl2004.__main__ import in_process, main, outcomes
from tests.adl2004.cases import load

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "adl2004"
needs_cases = pytest.mark.skipif(not (FOLDER / "cases.json").exists(), reason=f"ADL's cases are not at {FOLDER}")


@needs_cases
def test_every_case_passes_in_process():
    faults = [fault for _, found in outcomes(load(FOLDER), in_process()) for fault in found]
    assert faults == []


@needs_cases
def test_a_case_that_goes_another_way_fails(tmp_path, capsys):
    """The same cases with the wrong activity expected: the runner notices, names the visit and says so at the end."""
    (tmp_path / "manifests").symlink_to(FOLDER / "manifests")
    text = (FOLDER / "cases.json").read_text(encoding="utf-8")
    (tmp_path / "cases.json").write_text(text.replace('"SET->a~n~r!N.c->t->0"', '"SET->a~n~r!N.p->t->0"'))
    assert main([str(tmp_path), "--case", "CM-01"]) == 1
    said = capsys.readouterr().out
    assert "CM-01 activity 2 visit 1" in said
    assert said.endswith("0 passed, 1 failed\n")
    assert main([str(FOLDER), "--case", "CM-01"]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"


MANIFEST = """<manifest identifier="M" version="1" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
  <organizations default="root"><organization identifier="root"><title>Chance</title>%s
    <imsss:sequencing>
      <imsss:controlMode flow="true"/>
      <imsss:randomizationControls selectionTiming="once" selectCount="2" randomizationTiming="once"
        reorderChildren="true"/>
    </imsss:sequencing></organization></organizations>
  <resources>
    <resource identifier="SCO" type="webcontent" adlcp:scormType="sco" href="sco.htm"><file href="sco.htm"/></resource>
  </resources></manifest>"""
ITEM = """<item identifier="activity_{0}" identifierref="SCO" parameters="?tc=R&amp;act={0}">
  <title>Activity {0}</title></item>"""


def folder_with_chance(folder, asked="enabled"):
    """A case of four activities of which two are selected, in any order; each is asked whether its line is shown."""
    acts = "1234"
    visits = [
        {
            "act": act,
            "visit": 1,
            "commands": ["I->->t->0"],
            "user_action": "Continue",
            "ui_questions": [f"toc.{asked}@Activity {act}"],
            "ui_answers": ["Y"],
        }
        for act in acts
    ]
    items = {f"activity_{act}": {"act": act, "title": f"Activity {act}"} for act in acts}
    case = {"case": "R", "manifest": "R.xml", "start": ".", "items": items, "visits": visits}
    (folder / "R.xml").write_text(MANIFEST % "".join(ITEM.format(act) for act in acts), encoding="utf-8")
    cases = {"tokens": {"I": "doInitialize", "t": "true"}, "cases": [case]}
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    return folder


def test_what_chance_has_not_selected_need_not_come(tmp_path, capsys):
    assert main([str(folder_with_chance(tmp_path))]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"


def test_what_chance_has_selected_is_judged(tmp_path, capsys):
    assert main([str(folder_with_chance(tmp_path, asked="hidden"))]) == 1
    assert capsys.readouterr().out.count("is no, not yes") == 2
