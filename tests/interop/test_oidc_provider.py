"""Signing in at npm's oidc-provider, a certified OpenID provider that we did not write, over real HTTP."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from hub.oauth.services.providers import NewProvider, Providers
from hub.oauth.services.single_sign_on import SingleSignOn
from hub.oauth.services.users import Users
from tests.support.ports import free_ports

ROOT = Path(__file__).parents[2]


@pytest.fixture
def provider(hub, system) -> Iterator[object]:
    """The provider registered here, and this Hub registered there, running."""
    if shutil.which("node") is None or not (ROOT / "node_modules/oidc-provider").is_dir():
        pytest.skip("needs node and `npm ci`")
    [port] = free_ports(1)
    wanted = NewProvider(
        "oidc",
        "Certified",
        f"http://127.0.0.1:{port}",
        "hub",
        "secret of the interop test",
        domains="school.example",
        rules="groups=writers -> author",
    )
    made = hub.service(Providers).create(system, wanted)
    back = hub.service(SingleSignOn).return_address(made)
    logout, _ = hub.service(SingleSignOn).logout_addresses(made.id)
    program = ["node", "--no-warnings", ROOT / "tests/interop/oidc_provider.mjs", str(port), back, logout]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout.readline().strip() == "ready"
        yield made
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def sign_in_there(address: str, back: str) -> str:
    """Fill in the provider's own pages; returns the address that it sends the browser back to."""
    with requests.Session() as browser:
        page = browser.get(address, allow_redirects=False)
        for _ in range(12):
            if page.is_redirect:
                target = urljoin(page.url, page.headers["Location"])
                if target.startswith(back):
                    return target
                page = browser.get(target, allow_redirects=False)
                continue
            action = re.search(r'<form[^>]* action="([^"]+)"', page.text)[1]
            form = dict(re.findall(r'name="(\w+)" value="(\w+)"', page.text))
            form |= {"login": "ada", "password": "any"} if "password" in page.text else {}
            page = browser.post(urljoin(page.url, action), data=form, allow_redirects=False)
    raise AssertionError(f"never sent back: {page.text[:500]}")


def test_a_person_signs_in_at_a_certified_provider(hub, system, client, provider):
    there = client.get(f"/sign-in/with/{provider.id}?next=/packages").headers["Location"]
    returned = sign_in_there(there, hub.service(SingleSignOn).return_address(provider))
    assert "iss=" in returned
    parts = urlsplit(returned)
    answer = client.get(f"{parts.path}?{parts.query}")
    assert (answer.status_code, answer.headers.get("Location")) == (303, "/packages"), answer.text
    assert client.get("/packages").status_code == 200
    [person] = hub.service(Users).list(system)
    assert (person.email, person.name, person.roles) == ("ada@school.example", "Ada", ["author"])
    assert client.get(f"{parts.path}?{parts.query}").status_code == 401, "the same answer a second time"
