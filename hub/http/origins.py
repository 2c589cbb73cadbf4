"""Several origins in one process: the Host header chooses the application (RFC 9110 section 7.2)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

Wsgi = Callable[..., Iterable[bytes]]


class OriginDispatcher:
    """Sends a request to the application of its origin; any other Host is told 421 (Misdirected Request).

    The scheme is that of the origin's address too, whatever a proxy in front says or forgets to say: on it hang
    Strict-Transport-Security and the links that are made. An origin with `*.` before its host is that of all names one
    label below it; a name of its own goes first. Health checks come with whatever Host a load balancer sends, so they
    always go to the first application.
    """

    def __init__(self, applications: Mapping[str, Wsgi]) -> None:
        self._applications = {
            _host(origin): _of_scheme(urlsplit(origin).scheme, application)
            for origin, application in applications.items()
        }
        self._first = next(iter(self._applications.values()))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in {"/healthz", "/readyz"}:
            return self._first(environ, start_response)
        host = environ.get("HTTP_HOST", "").lower()
        application = self._applications.get(host) or self._applications.get(f"*.{host.partition('.')[2]}")
        if application is not None:
            return application(environ, start_response)
        body = (
            b"This server does not answer for this host name. Its addresses are set by HUB_PUBLIC_URL and "
            b"HUB_CONTENT_URL.\n"
        )
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("421 Misdirected Request", headers)
        return [body]


def _of_scheme(scheme: str, application: Wsgi) -> Wsgi:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.url_scheme"] = scheme
        return application(environ, start_response)

    return answer


def _host(origin: str) -> str:
    parts = urlsplit(origin)
    default = {"http": 80, "https": 443}[parts.scheme]
    host = (parts.hostname or "").lower()
    return host if parts.port in {None, default} else f"{host}:{parts.port}"
