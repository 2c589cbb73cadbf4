"""Whose word counts for the client's address and host, and whose for the scheme."""

from typing import Any

import pytest

from hub.http.access_log import without_secrets
from hub.http.origins import OriginDispatcher
from hub.http.proxies import TrustedProxies


def seen(trusted: str, address: str, **headers: str) -> tuple[str, str]:
    """Address and host as the application sees them."""
    found: dict[str, Any] = {}
    environ = {"REMOTE_ADDR": address, "HTTP_HOST": "hub.internal"}
    environ |= {f"HTTP_X_FORWARDED_{name.upper()}": value for name, value in headers.items()}
    TrustedProxies(lambda environ, start: found.update(environ) or [], trusted.split())(environ, lambda *_: None)
    assert not any(name.startswith("HTTP_X_FORWARDED") for name in found)
    return found["REMOTE_ADDR"], found["HTTP_HOST"]


FORWARDED = {"for": "203.0.113.7", "proto": "https", "host": "hub.example.org"}


@pytest.mark.parametrize("trusted", ["10.0.0.1", "10.0.0.0/8", "192.0.2.1 10.0.0.0/24"])
def test_a_proxy_speaks_for_the_client(trusted: str) -> None:
    assert seen(trusted, "10.0.0.1", **FORWARDED) == ("203.0.113.7", "hub.example.org")


@pytest.mark.parametrize(("trusted", "address"), [("", "10.0.0.1"), ("10.0.0.1", "10.0.0.2"), ("10.0.0.1", "")])
def test_nobody_else_does(trusted: str, address: str) -> None:
    assert seen(trusted, address, **FORWARDED) == (address, "hub.internal")


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


def test_the_scheme_is_that_of_the_settings() -> None:
    """So nobody takes Strict-Transport-Security away, and a proxy that says nothing does not either."""
    seen: list[str] = []

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.append(environ["wsgi.url_scheme"])
        return []

    origins = OriginDispatcher({"https://hub.example": application, "http://content.example": application})
    app = TrustedProxies(origins, ["10.0.0.1"])
    for host, said, path in (
        ("hub.example", "http", "/"),
        ("hub.example", "", "/"),
        ("content.example", "https", "/"),
        ("10.0.0.7", "http", "/healthz"),
    ):
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_HOST": host, "PATH_INFO": path, "wsgi.url_scheme": "http"}
        app(environ | {"HTTP_X_FORWARDED_PROTO": said}, lambda *_: None)
    assert seen == ["https", "https", "http", "https"]


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
