"""hub package settings and report, hub registration reset, mode, begin-attempt and replay, hub learner."""

import csv
import io
import json
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import Hub
from hub.cli import cli
from hub.command_line import CommandLine
from hub.errors import HubError, Unprocessable
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.registrations import RegistrationView
from hub.scorm.spec.replay import Call
from tests.support.playing import Sco, Window, add_played_course, enrol


class Line:
    """The command line on the test's Hub and tenant."""

    def __init__(self, hub: Hub, tenant: TenantView) -> None:
        self._line = CommandLine()
        self._line.__dict__["hub"] = hub
        self._tenant = tenant.slug

    def run(self, *words: object) -> Result:
        return CliRunner().invoke(cli, [*map(str, words), "--tenant", self._tenant], obj=self._line)


@pytest.fixture
def line(hub: Hub, tenant: TenantView) -> Line:
    return Line(hub, tenant)


@pytest.fixture
def package(hub: Hub, tenant: TenantView) -> UUID:
    return add_played_course(hub, tenant.id, "scorm_2004", Sco("one", "Wind"))


@pytest.fixture
def played(hub: Hub, system: Principal, package: UUID) -> RegistrationView:
    registration = enrol(hub, system, package, "Grace Hopper")
    window = Window(hub, system, registration.id)
    window.go()
    answer = {"id": "q1", "type": "fill-in", "learner_response": "=1+1", "result": "correct"}
    values = {f"cmi.interactions.0.{name}": value for name, value in answer.items()}
    window.commit(values, calls=[Call(0, "SetValue", "cmi.location", "3", "false", 351)])
    return registration


def test_settings_are_shown_and_changed(line: Line, package: UUID) -> None:
    changed = line.run("package", "settings", package, "--set", "score=best", "--set", "pass_score=0.5")
    assert changed.exit_code == 0
    assert ["score", "best", "package"] in [row.split() for row in changed.output.splitlines()]
    line.run("package", "settings", package, "--version", 1, "--set", "strict_suspend_data=true")
    found = json.loads(line.run("package", "settings", package, "--version", 1, "--json").output)
    assert found["own"] == {"strict_suspend_data": True}
    assert (found["values"]["pass_score"], found["set_by"]["pass_score"]) == (0.5, "package")
    line.run("package", "settings", package, "--unset", "score")
    assert json.loads(line.run("package", "settings", package, "--json").output)["own"] == {"pass_score": 0.5}
    refused = line.run("package", "settings", package, "--set", "score=worst")
    assert isinstance(refused.exception, Unprocessable)
    assert line.run("package", "settings", package, "--set", "score").exit_code == 2


def test_the_report_in_words_as_json_and_as_csv(line: Line, package: UUID, played: RegistrationView) -> None:
    assert "1 attempts, 0 completed" in line.run("package", "report", package).output
    assert json.loads(line.run("package", "report", package, "--json").output)["overview"]["attempts"] == 1
    table = line.run("package", "report", package, "--table", "answers").output
    assert next(csv.DictReader(io.StringIO(table)))["response"] == "'=1+1"
    assert "0 attempts" in line.run("package", "report", package, "--since", "2120-01-01").output


def test_what_is_done_with_a_registration(line: Line, played: RegistrationView) -> None:
    shown = line.run("registration", "replay", played.id).output
    assert "start  -> one" in shown
    assert "SetValue(cmi.location=3) -> false  [351 General set failure]" in shown
    records = json.loads(line.run("registration", "replay", played.id, "--json").output)
    assert [record["kind"] for record in records] == ["navigation", "calls"]
    left = line.run("registration", "comment", played.id, "Well done.", "--activity", "one")
    assert "when it is next started" in left.output
    assert isinstance(line.run("registration", "comment", played.id, "x", "--activity", "nowhere").exception, HubError)
    assert "review mode" in line.run("registration", "mode", played.id, "review").output
    assert line.run("registration", "mode", played.id, "exam").exit_code == 2
    assert line.run("registration", "begin-attempt", played.id).exit_code == 0
    assert line.run("registration", "reset", played.id).exit_code == 2
    assert json.loads(line.run("registration", "reset", played.id, "--yes", "--json").output)["status"] == "not_begun"
    assert isinstance(line.run("registration", "replay", played.id).exception, HubError)


def test_learners_are_listed(line: Line, played: RegistrationView) -> None:
    assert "Grace Hopper" in line.run("learner", "list", "--search", "hopper").output
    assert json.loads(line.run("learner", "list", "--search", "nobody", "--json").output) == []
