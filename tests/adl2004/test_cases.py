"""ADL's cases under pytest; they lie beside the repository, where somebody has put them."""

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
