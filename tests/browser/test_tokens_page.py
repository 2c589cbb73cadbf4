"""docs/tokens.md: every command runs as it is written, against a Hub that is served."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.bootstrap import Hub, create_hub_app
from hub.config import Settings
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.oauth.services.users import NewPerson, Users
from tests.conftest import _client
from tests.support.people import PASSWORD, form_token, make_account, sign_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tokens.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


class Shell:
    """One shell's worth of variables and functions, from block to block."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        (folder / "kept").write_text("")

    def run(self, block: str) -> str:
        script = f"set -eo pipefail\n. ./kept\n{block}\n{{ declare -p | grep -v ' -[a-z]*r'; declare -f; }} > kept\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def shell(live_hub: Hub, tenant: TenantView, tmp_path: Path) -> Shell:
    if not all(map(shutil.which, ("bash", "curl", "openssl"))):
        pytest.skip("needs bash, curl and openssl")
    settings = {
        item.metadata["variable"]: str(value)
        for item in fields(Settings)
        if (value := getattr(live_hub.settings, item.name)) not in {"", False}
    }
    programs = tmp_path / "bin"
    programs.mkdir()
    # The tests' database has many tenants, a demo's has one.
    (programs / "hub").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub "$@" --tenant {tenant.slug}\n')
    (programs / "hub").chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    return Shell(tmp_path, {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)} | settings)


class Person:
    """Somebody who signed in, and sends forms of the console's pages."""

    def __init__(self, hub: Hub, system: Principal) -> None:
        self._browser = _client(create_hub_app(hub), hub.settings.public_url)
        sign_in(self._browser, make_account(hub, system, "author"))

    def come_back(self, address: str) -> str:
        """Allow what an authorization request asks for; returns the code."""
        path = address.partition("/oauth/")[2]
        form = {"csrf_token": form_token(self._browser, "/account"), "decision": "allow"}
        answer = self._browser.post(f"/oauth/{path}", data=form)
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def allow_device(self, code: str) -> None:
        form = {"csrf_token": form_token(self._browser, "/account"), "code": code, "decision": "allow"}
        assert self._browser.post("/device/decision", data=form).status_code == 303


def test_every_command_runs_as_it_is_written(live_hub, system, shell):
    person = Person(live_hub, system)
    live_hub.service(Users).create(system, NewPerson("author@hub.example", "Author", ("author",), PASSWORD))
    seen = []
    for block in BLOCKS:
        block = block.replace("HUB=http://localhost:8000", f"HUB={live_hub.settings.public_url}")
        if "$CODE" in block:
            shell.run(f"CODE={person.come_back(seen[-1].strip())}")
        if "device_code=$DEVICE_CODE" in block:
            person.allow_device(seen[-1].split()[-1])
        seen.append(shell.run(block))
    assert len(seen) >= 14
    assert sum("access_token" in answer for answer in seen) >= 3
    assert any('"active":true' in answer.replace(" ", "") for answer in seen)
