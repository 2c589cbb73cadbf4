"""Keys in files: made once, announced before they sign, removed long after."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from joserfc import jwt

from hub.adapters.key_files import KeyFiles, add_signing_key, create_keys, rotate_signing_key
from hub.cli import cli
from hub.command_line import CommandLine
from hub.config import Settings

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a set of keys of yesterday."""
    add_signing_key(tmp_path, datetime.now(UTC) - DAY)
    create_keys(tmp_path)
    return tmp_path


def test_a_key_is_announced_before_it_signs_and_verifies_after(folder: Path) -> None:
    keys = KeyFiles(folder)
    before = keys.signing_key().kid
    signed = jwt.encode({"alg": "RS256", "kid": before}, {"a": 1}, keys.signing_key())
    rotate_signing_key(folder, DAY, DAY)
    published = {key["kid"] for key in keys.public_set()["keys"]}
    assert keys.signing_key().kid == before
    assert len(published) == 2
    add_signing_key(folder)
    assert keys.signing_key().kid not in published
    assert len(keys.public_set()["keys"]) == 3
    assert jwt.decode(signed, keys.verification_set(), algorithms=["RS256"]).claims == {"a": 1}


def test_keys_that_were_replaced_long_ago_are_removed(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ages = (90, 60, 5, -1)
    old, replaced, signing, announced = (add_signing_key(tmp_path, now - age * DAY) for age in ages)
    _, removed = rotate_signing_key(tmp_path, DAY, 30 * DAY)
    assert removed == [old]
    kept = {path.name for path in tmp_path.glob("signing-*")}
    assert {replaced, signing, announced} < kept


def test_while_no_keys_time_has_come_the_oldest_signs(tmp_path: Path) -> None:
    add_signing_key(tmp_path, datetime.now(UTC) + DAY)
    first = KeyFiles(tmp_path).signing_key().kid
    add_signing_key(tmp_path, datetime.now(UTC) + 2 * DAY)
    assert KeyFiles(tmp_path).signing_key().kid == first


def test_the_command_rotates(folder: Path) -> None:
    line = CommandLine()
    line.settings = Settings(database_url="", redis_url="", keys_dir=str(folder))
    done = CliRunner().invoke(cli, ["keys", "rotate", "--announce-hours", "0"], obj=line)
    assert done.exit_code == 0, done.output
    assert "signs from now on" in done.output
    assert len(list(folder.glob("signing-*.pem"))) == 2


def test_keys_are_listed_with_their_ages_and_states(folder: Path) -> None:
    now = datetime.now(UTC)
    add_signing_key(folder, now + DAY)
    signing = [key for key in KeyFiles(folder).known() if key.kind == "signing"]
    assert [key.state for key in signing] == ["in use", "announced"]
    assert now - 2 * DAY < signing[0].since < now < signing[1].since
    add_signing_key(folder, now)
    signing = [key for key in KeyFiles(folder).known() if key.kind == "signing"]
    assert [key.state for key in signing] == ["replaced", "in use", "announced"]
    assert [(key.name, key.state) for key in KeyFiles(folder).known() if key.kind == "secret"] == [("secret", "in use")]
    line = CommandLine()
    line.settings = Settings(database_url="", redis_url="", keys_dir=str(folder))
    listed = json.loads(CliRunner().invoke(cli, ["keys", "list", "--json"], obj=line).stdout)
    assert [key["name"] for key in listed] == [key.name for key in KeyFiles(folder).known()]
