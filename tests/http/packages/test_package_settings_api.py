"""/api/v1/packages/{id}/settings from outside."""

import pytest

from hub.scorm.spec.settings import FIELDS
from tests.http.packages.conftest import token_for
from tests.support.packages import course_1_2


@pytest.fixture
def package(api):
    api.imported(course_1_2(), package_id="p")
    return "/packages/p/settings"


def test_settings_are_read_changed_and_given_back(api, package):
    first = api.get(package)
    assert (first.status_code, first.headers["ETag"]) == (200, '"0"')
    assert set(first.json["values"]) == set(FIELDS) == set(first.json["set_by"])
    assert (first.json["version"], first.json["own"], set(first.json["set_by"].values())) == (None, {}, {"default"})

    changed = api.call("PATCH", package, json={"score": "best", "window_width": 800, "pass_score": 0.5})
    assert changed.status_code == 200
    assert changed.json["own"] == {"score": "best", "window_width": 800, "pass_score": 0.5}
    assert changed.json["set_by"]["score"] == "package"

    of_version = "/packages/p/versions/1/settings"
    api.call("PATCH", of_version, json={"score": "sum"})
    found = api.get(of_version).json
    assert (found["values"]["score"], found["values"]["window_width"]) == ("sum", 800)
    assert (found["set_by"]["score"], found["set_by"]["window_width"]) == ("version", "package")

    given_back = api.call("PATCH", package, json={"score": None, "window_width": None}).json
    assert given_back["own"] == {"pass_score": 0.5}


def test_two_people_do_not_overwrite_each_other(api, package):
    seen = api.get(package).headers["ETag"]
    assert api.call("PATCH", package, {"If-Match": seen}, json={"score": "best"}).status_code == 200
    late = api.call("PATCH", package, {"If-Match": seen}, json={"score": "sum"})
    assert (late.status_code, late.json["code"]) == (412, "changed_meanwhile")
    assert api.get(package).json["values"]["score"] == "best"
    assert api.call("PATCH", package, {"If-Match": '"x"'}, json={"score": "sum"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"score": "worst"}, "score"),
        ({"window_width": "wide"}, "window_width"),
        ({"window_width": 800.5}, "window_width"),
        ({"attempt_limit": 0}, "attempt_limit"),
        ({"pass_score": 2}, "pass_score"),
        ({"strict_suspend_data": "perhaps"}, "strict_suspend_data"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_what_may_not_be_set_is_named(api, package, body, where):
    answer = api.call("PATCH", package, json={"status": "any"} | body)
    assert answer.status_code == 422
    assert [fault["where"].rpartition(".")[2] for fault in answer.json["violations"]] == [where]
    assert api.get(package).json["own"] == {}


def test_of_nothing_and_by_nobody(api, package, client, hub, system):
    assert api.get("/packages/other/settings").status_code == 404
    assert api.get("/packages/p/versions/2/settings").status_code == 404
    assert api.get("/packages/p/versions/99999999999/settings").status_code == 404
    reader = {"Authorization": f"Bearer {token_for(client, hub, system, 'packages:read')}"}
    assert api.call("PATCH", package, json={"score": "best"}).status_code == 200
    assert client.get(f"/api/v1{package}", headers=reader).status_code == 200
    assert client.patch(f"/api/v1{package}", json={"score": "sum"}, headers=reader).status_code == 403
