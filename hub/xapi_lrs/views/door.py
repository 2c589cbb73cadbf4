"""The door before Flask: the plain POST of statements, which is most of what an LRS is asked for (Communication 2.1.2).

Statements as JSON with a Basic credential that has no limit of requests are stored and answered here, by the same
services and with the same headers as behind. Every other request goes on to Flask as it came; so does a refusal, to be
told like every other (`REFUSAL`).
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from hub.errors import HubError
from hub.http.context import chosen_request_id
from hub.http.headers import headers_of_data
from hub.identity import Principal
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.spec import versions
from hub.xapi_lrs.spec.values import timestamp_text
from hub.xapi_lrs.spec.versions import Version
from hub.xapi_lrs.views.alternate import REFUSAL
from hub.xapi_lrs.views.answers import THROUGH, cors_headers, packed
from hub.xapi_lrs.views.basic import key_and_secret
from hub.xapi_lrs.views.body import incomplete

Wsgi = Callable[..., Iterable[bytes]]

_PATHS = frozenset({"/xapi/statements", "/xapi/1.0.3/statements"})


class StatementDoor:
    """WSGI: stores what comes in a plain POST; everything else goes to the `pages` behind."""

    def __init__(self, pages: Wsgi, credentials: Credentials, statements: Statements, largest_body: int) -> None:
        self.pages = pages
        self._credentials = credentials
        self._statements = statements
        self._largest_body = largest_body

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = self._length_of_plain(environ)
        known = self._writer(environ) if length is not None else None
        if length is None or known is None:
            return self.pages(environ, start_response)
        principal, version = known
        try:
            self._credentials.note_use(principal)
            ids = self._statements.store(principal, _body(environ, length), version)
        except Exception as refusal:  # noqa: BLE001 - raised again behind, where errors are rendered and logged.
            environ[REFUSAL] = refusal
            return self.pages(environ, start_response)
        headers, body = packed(environ, orjson.dumps(ids))
        start_response("200 OK", [*self._headers(environ, principal, version), *headers])
        return [body]

    def _length_of_plain(self, environ: dict[str, Any]) -> int | None:
        """The length of the body of a POST of statements as JSON, as it is; None for any other request."""
        if environ["PATH_INFO"] not in _PATHS or environ["REQUEST_METHOD"] != "POST" or environ.get("QUERY_STRING"):
            return None
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        length = environ.get("CONTENT_LENGTH", "")
        if kind != "application/json" or "HTTP_CONTENT_ENCODING" in environ or not length.isascii():
            return None
        return int(length) if length.isdigit() and int(length) <= self._largest_body else None

    def _writer(self, environ: dict[str, Any]) -> tuple[Principal, Version] | None:
        """Who stores, in which version; None when they may not, or not like this."""
        scheme, _, encoded = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            version = versions.requested(environ.get("HTTP_X_EXPERIENCE_API_VERSION"))
            principal = self._credentials.authenticate(*key_and_secret(encoded))
        except HubError:
            return None
        if not principal.may("statements.write") or self._credentials.is_limited(principal):
            return None
        return principal, version

    def _headers(self, environ: dict[str, Any], principal: Principal, version: Version) -> list[tuple[str, str]]:
        through = self._statements.consistent_through(principal, just_stored=True)
        return [
            (versions.HEADER, version.latest),
            (THROUGH, timestamp_text(through)),
            ("X-Request-Id", chosen_request_id(environ.get("HTTP_X_REQUEST_ID", ""))),
            *headers_of_data(is_secure=environ["wsgi.url_scheme"] == "https"),
            *cors_headers(environ),
        ]


def _body(environ: dict[str, Any], length: int) -> bytes:
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) < length:
        raise incomplete()
    return body
