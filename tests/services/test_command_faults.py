"""What `hub` says when the machine or a part of the Hub is not as it should be: a sentence, no traceback."""

import errno
import os
import socket
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg
import pytest

from hub.bootstrap import build
from hub.cli import main
from hub.errors import Unavailable
from hub.oauth.services.first_run import FirstRun


@pytest.fixture
def command(settings, monkeypatch, capsys):
    """Run `hub` with arguments and settings of the environment; its exit code and what it says on standard error."""

    def run(*arguments, **environment):
        given = {
            "HUB_DATABASE_URL": settings.database_url,
            "HUB_REDIS_URL": settings.redis_url,
            "HUB_KEYS_DIR": str(settings.keys_dir),
            **environment,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["hub", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.err + said.out

    return run


def test_a_port_that_is_taken(command):
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = str(taken.getsockname()[1])
        code, said = command("serve", HUB_PORT=port)
    assert code == 1
    assert said == (
        f"error: The web server cannot listen at 127.0.0.1, port {port}: {os.strerror(errno.EADDRINUSE)}."
        " HUB_BIND and HUB_PORT choose another place.\n"
    )


def test_an_address_that_nobody_knows(command):
    code, said = command("serve", HUB_BIND="no-such-machine.invalid")
    assert code == 1
    assert said == (
        "error: The web server cannot listen at no-such-machine.invalid: this machine knows no address of that name."
        " HUB_BIND is an address of its own, such as 127.0.0.1.\n"
    )


def test_a_database_that_knows_another_password(command, settings):
    url = urlsplit(settings.database_url)
    wrong = settings.database_url.replace(url.netloc, f"{url.username}:wrong@{url.hostname}:{url.port}")
    for arguments in (("user", "list"), ("migrate",), ("doctor",)):
        code, said = command(*arguments, HUB_DATABASE_URL=wrong)
        assert code == 1
        assert "The database does not answer." in said
        assert "password authentication failed" in said
        assert "wrong" not in said


def test_a_folder_that_cannot_be_made(command, tmp_path):
    (tmp_path / "file").touch()
    code, said = command("keys", "create", HUB_KEYS_DIR=str(tmp_path / "file" / "keys"))
    assert (code, said) == (1, f"error: This machine says: Not a directory ({tmp_path / 'file' / 'keys'}).\n")


def test_a_database_that_nobody_migrated(settings):
    with psycopg.connect(settings.database_url, autocommit=True) as server:
        server.execute("CREATE DATABASE unmigrated")
    empty = build(replace(settings, database_url=settings.database_url.rpartition("/")[0] + "/unmigrated"))
    try:
        with pytest.raises(Unavailable, match="has not been migrated: run `hub migrate`"):
            empty.service(FirstRun).link()
    finally:
        empty.close()
