"""A statement as a row of a table."""

import orjson

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


def test_a_table_speaks_the_language_of_its_reader():
    names = {"en": "Course", "de-CH": "Kurs"}
    told = FULL | {"object": {"id": "http://example.com/x", "definition": {"name": names}}}
    for languages, name in (((), "Course"), (("de", "en"), "Kurs"), (("fr", "en"), "Course")):
        [head, row] = b"".join(rows.csv_lines([orjson.dumps(told)], languages)).decode().splitlines()
        assert dict(zip(head.split(","), row.split(","), strict=True))["object_name"] == name


def test_the_authority_of_a_program_and_a_person_is_both():
    members = [{"account": {"homePage": "https://hub.example", "name": name}} for name in ("app", "ada")]
    told = cells(authority={"objectType": "Group", "member": members})
    assert told["authority"] == "https://hub.example app & https://hub.example ada"


def test_every_statement_is_a_line_also_beyond_one_write():
    bodies = [orjson.dumps(FULL | {"version": f"1.0.{number}"}, option=orjson.OPT_INDENT_2) for number in range(450)]
    lines = b"".join(rows.json_lines(iter(bodies))).splitlines()
    assert [orjson.loads(line)["version"] for line in lines] == [f"1.0.{number}" for number in range(450)]
    assert b"".join(rows.csv_lines(iter(bodies))).count(b"\r\n") == 451
