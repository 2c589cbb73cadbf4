"""/api/v1/packages/{id}/analytics from outside."""

import csv
import io

import pytest

from tests.http.packages.conftest import token_for
from tests.support.playing import Sco, Window, add_played_course, enrol


@pytest.fixture
def package(hub, tenant, system):
    """A course that two learners have taken; what they answer looks like a formula."""
    package_id = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one", "The =first"))
    for number, result in enumerate(("correct", "wrong")):
        window = Window(hub, system, enrol(hub, system, package_id).id)
        answer = {"id": "=cmd()", "type": "fill-in", "student_response": "+1", "result": result}
        window.play({f"cmi.interactions.0.{name}": value for name, value in answer.items()} | {
            "cmi.core.score.raw": str(40 + number * 50)
        })
    return f"/packages/{package_id}/analytics"


@pytest.fixture
def read(client, hub, system):
    headers = {"Authorization": f"Bearer {token_for(client, hub, system, 'registrations:read')}"}
    return lambda path, **query: client.get(f"/api/v1{path}", query_string=query, headers=headers)


def test_the_report(read, package):
    found = read(package).json
    assert found.pop("counted_at").startswith("20")
    assert (found["overview"]["attempts"], found["overview"]["score_mean"]) == (2, 0.65)
    (item,) = found["items"]
    assert (item["item"], item["difficulty"], item["answers"][0]["answers"]) == ("=cmd()", 0.5, 2)
    assert found["activities"][0]["opened"] == 2
    again = read(package, version=1, since="2020-01-01T00:00:00Z").json
    assert {name: again[name] for name in found} == found
    assert read(package, since="2120-01-01T00:00:00Z").json["overview"]["attempts"] == 0


@pytest.mark.parametrize("table", ["items", "answers", "activities", "scores", "days"])
def test_each_table_is_csv_in_which_nothing_is_a_formula(read, package, table):
    answer = read(f"{package}.csv", table=table)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f"-{table}.csv" in answer.headers["Content-Disposition"]
    head, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert rows
    assert all(len(row) == len(head) for row in rows)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_what_is_refused(client, hub, system, read, package):
    assert read(package, version=7).status_code == 404
    assert read("/packages/other/analytics").status_code == 404
    assert read(package, since="yesterday").status_code == 422
    assert read(package, since="2026-01-02T00:00:00Z", until="2026-01-01T00:00:00Z").status_code == 400
    assert read(f"{package}.csv", table="people").status_code == 422
    headers = {"Authorization": f"Bearer {token_for(client, hub, system, 'packages:read')}"}
    assert client.get(f"/api/v1{package}", headers=headers).status_code == 403
