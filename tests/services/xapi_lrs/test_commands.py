"""The command `hub lrs`."""

import json
import uuid

import pytest
from click.testing import CliRunner

from hub.command_line import CommandLine
from hub.errors import NotFound
from hub.xapi_lrs.cli import lrs
from hub.xapi_lrs.services.credentials import Credentials


@pytest.fixture
def run(hub, settings, tenant):
    """Run a command in the test's tenant."""

    def invoke(*arguments):
        line = CommandLine()
        line.settings, line.hub = settings, hub
        return CliRunner().invoke(lrs, [*arguments, "--tenant", tenant.slug], obj=line)

    return invoke


def create(run, *arguments):
    return run("credential", "create", "--store", "default", "--scope", "statements/write", *arguments)


def test_a_credential_is_made_and_its_secret_works(run, hub, settings):
    facts = json.loads(create(run, "--json").stdout)
    assert facts["endpoint"] == f"{settings.public_url}/xapi"
    known = hub.service(Credentials).authenticate(facts["key"], facts["secret"])
    assert known.actions == {"statements.write"}


def test_people_read_a_sentence_and_the_secret_once(run):
    said = create(run)
    assert said.exit_code == 0
    assert said.stdout.startswith("Made a credential.")
    assert "secret" in said.stdout
    assert "in use" in run("credential", "list", "--store", "default").stdout


def test_a_credential_is_limited_rotated_and_revoked(run):
    made = json.loads(create(run, "--json").stdout)
    limited = json.loads(run("credential", "limit", made["id"], "--requests-per-minute", "60", "--json").stdout)
    assert limited["requests_per_minute"] == 60
    rotated = json.loads(run("credential", "rotate", made["id"], "--json").stdout)
    assert rotated["key"] == made["key"]
    assert rotated["secret"] != made["secret"]
    assert json.loads(run("credential", "revoke", made["id"], "--json").stdout)["revoked_at"]
    [listed] = json.loads(run("credential", "list", "--store", "default", "--json").stdout)
    assert (listed["key"], "secret" in listed) == (made["key"], False)


def test_what_is_not_there_is_refused(run):
    assert isinstance(run("credential", "create", "--store", "none", "--scope", "all").exception, NotFound)
    assert isinstance(run("credential", "revoke", str(uuid.uuid4())).exception, NotFound)


def test_stores_are_made_and_listed(run):
    assert json.loads(run("store", "create", "research", "--json").stdout)["name"] == "research"
    assert [each["name"] for each in json.loads(run("store", "list", "--json").stdout)] == ["default", "research"]
