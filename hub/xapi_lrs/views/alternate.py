"""Alternate request syntax at the door: the request that is meant takes the place of the form that came.

It is done before Flask sees the request, so that authentication, routing and every view know only plain requests.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, urlencode

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from hub.errors import HubError
from hub.xapi_lrs.spec.alternate import Meant, meant
from hub.xapi_lrs.spec.versions import HEADER

Wsgi = Callable[..., Iterable[bytes]]

#: Where a refusal is left for the view that raises it (`views.blueprint`).
REFUSAL = "hub.xapi_lrs.refusal"

_PREFIX = "/xapi/"
_FORM = "application/x-www-form-urlencoded"


class AlternateRequestSyntax:
    """Rewrites such requests of version 1.0.x; those of 2.0 go on as they are, and are refused for their parameter."""

    def __init__(self, application: Wsgi, largest_form: int) -> None:
        self._application = application
        self._largest_form = largest_form

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "method=" in environ.get("QUERY_STRING", "") and environ["PATH_INFO"].startswith(_PREFIX):
            self._rewrite(environ)
            if environ["REQUEST_METHOD"] == "HEAD":
                return self._application(environ, _without_length(start_response))
        return self._application(environ, start_response)

    def _rewrite(self, environ: dict[str, Any]) -> None:
        query = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
        if "method" not in query or environ["REQUEST_METHOD"] != "POST" or not _is_form(environ):
            return
        try:
            form = parse_qs(self._form(environ), keep_blank_values=True, max_num_fields=100, errors="surrogateescape")
        except (ValueError, HTTPException):
            return  # What cannot be read stays as it came, and is refused for its content type.
        if not _is_version_1(environ, form):
            return
        try:
            _put(environ, meant(query, form))
        except HubError as refusal:
            environ[REFUSAL] = refusal
            _authorize(environ, form)

    def _form(self, environ: dict[str, Any]) -> str:
        request = Request(environ)
        request.max_content_length = self._largest_form
        body = request.get_data(cache=False)
        environ["wsgi.input"] = io.BytesIO(body)
        return body.decode("ascii")


def _without_length(start_response: Callable[..., Any]) -> Callable[..., Any]:
    """On the wire the request is a POST: its answer has no body, so it must not tell the length of one."""

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [each for each in headers if each[0].lower() != "content-length"], *rest)

    return start


def _is_form(environ: dict[str, Any]) -> bool:
    """By its type, or without any: to name it is a SHOULD, and the browsers that this syntax is for do not."""
    kind: str = environ.get("CONTENT_TYPE", "")
    return kind.partition(";")[0].strip().lower() in (_FORM, "")


def _is_version_1(environ: dict[str, Any], form: dict[str, list[str]]) -> bool:
    """The version as the form or the request names it, else that of the address."""
    named = next((texts[0] for name, texts in form.items() if name.lower() == HEADER.lower()), None)
    named = named or environ.get("HTTP_X_EXPERIENCE_API_VERSION")
    if named is None:
        return bool(environ["PATH_INFO"].startswith("/xapi/1.0.3/"))
    return not named.startswith("2.0")


def _authorize(environ: dict[str, Any], form: dict[str, list[str]]) -> None:
    """Take who is refused from the form, so that they are told why instead of being asked who they are."""
    named = next((texts[0] for name, texts in form.items() if name.lower() == "authorization"), None)
    if named is not None:
        environ["HTTP_AUTHORIZATION"] = named


def _put(environ: dict[str, Any], request: Meant) -> None:
    environ["REQUEST_METHOD"] = request.method
    environ["QUERY_STRING"] = urlencode(request.query, errors="surrogateescape")
    content = request.content or b""
    environ["wsgi.input"] = io.BytesIO(content)
    environ["CONTENT_LENGTH"] = str(len(content))
    environ["CONTENT_TYPE"] = request.headers.get("Content-Type", "application/json" if content else "")
    for name in ("Authorization", HEADER, "If-Match", "If-None-Match"):
        if name in request.headers:
            environ["HTTP_" + name.upper().replace("-", "_")] = request.headers[name]
