"""Whose word counts for the client's address, scheme and host."""

from typing import Any

import pytest

from hub.http.access_log import without_secrets
from hub.http.proxies import TrustedProxies


def seen(trusted: str, address: str, **headers: str) -> tuple[str, str, str]:
    """Address, scheme and host as the application sees them."""
    found: dict[str, Any] = {}
    environ = {"REMOTE_ADDR": address, "wsgi.url_scheme": "http", "HTTP_HOST": "hub.internal"}
    environ |= {f"HTTP_X_FORWARDED_{name.upper()}": value for name, value in headers.items()}
    TrustedProxies(lambda environ, start: found.update(environ) or [], trusted.split())(environ, lambda *_: None)
    assert not any(name.startswith("HTTP_X_FORWARDED") for name in found)
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"], found["HTTP_HOST"]


FORWARDED = {"for": "203.0.113.7", "proto": "https", "host": "hub.example.org"}


@pytest.mark.parametrize("trusted", ["10.0.0.1", "10.0.0.0/8", "192.0.2.1 10.0.0.0/24"])
def test_a_proxy_speaks_for_the_client(trusted: str) -> None:
    assert seen(trusted, "10.0.0.1", **FORWARDED) == ("203.0.113.7", "https", "hub.example.org")


@pytest.mark.parametrize(("trusted", "address"), [("", "10.0.0.1"), ("10.0.0.1", "10.0.0.2"), ("10.0.0.1", "")])
def test_nobody_else_does(trusted: str, address: str) -> None:
    assert seen(trusted, address, **FORWARDED) == (address, "http", "hub.internal")


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("2001:db8::7", "2001:db8::7"),
        ("nonsense", "10.0.0.1"),
        ("203.0.113.7, nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(forwarded_for: str, client: str) -> None:
    assert seen("10.0.0.0/8", "10.0.0.1", **{"for": forwarded_for})[0] == client


def test_a_scheme_is_http_or_https_and_the_nearest_proxy_says_it() -> None:
    assert seen("10.0.0.1", "10.0.0.1", proto="http, https")[1] == "https"
    assert seen("10.0.0.1", "10.0.0.1", proto="javascript")[1] == "http"
    assert seen("10.0.0.1", "::ffff:10.0.0.1", proto="https")[1] == "https"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/play/" + "a" * 43, "/play/…"),
        ("/content/" + "A-_b" * 18 + "/media/film.mp4", "/content/…/media/film.mp4"),
        ("/api/v1/jobs/0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55", "/api/v1/jobs/0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55"),
        ("/xapi/statements", "/xapi/statements"),
        ("/x/" + "0" * 32, "/x/…"),
    ],
)
def test_secrets_in_paths_are_not_told(path: str, told: str) -> None:
    assert without_secrets(path) == told
