"""A statement as a row of a table."""

from hub.xapi_lrs.spec import rows
from tests.unit.xapi_lrs.test_statement import FULL, GROUP, REF, SUB


def cells(**changes):
    return dict(zip(rows.COLUMNS, rows.row_of(FULL | changes), strict=True))


def test_each_column_has_its_value():
    row = cells()
    assert row["actor"] == "mailto:ann@example.com"
    assert row["verb_display"] == "did"
    assert (row["object_type"], row["object_name"]) == ("Activity", "n")
    assert (row["success"], row["completion"], row["score_max"]) == ("true", "false", "10.0")
    assert row["duration"] == "PT1S"


def test_every_kind_of_statement_has_a_row():
    assert cells(actor=GROUP, object=GROUP)["object"] == ""
    assert cells(object=REF)["object"] == REF["id"]
    assert cells(object=SUB)["object_type"] == "SubStatement"
    assert cells(result={}, context={})["score_raw"] == ""


def test_no_cell_is_a_formula_and_numbers_stay_numbers():
    row = cells(result={"response": "=1+1", "score": {"raw": -5}})
    assert (row["response"], row["score_raw"]) == ("'=1+1", "-5")
