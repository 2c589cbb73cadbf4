"""What every answer of the LRS has in common, whoever writes it."""

import gzip
import re
from typing import Any

from flask import Response, request

from hub.xapi_lrs.spec.documents import etag_of, is_unchanged

THROUGH = "X-Experience-API-Consistent-Through"

_EXPOSED = (
    "ETag, Last-Modified, Link, RateLimit, RateLimit-Policy, Retry-After, X-Experience-API-Version,"
    " X-Experience-API-Consistent-Through, X-Request-Id"
)
_WORTH_PACKING = 1_400
_REFUSED = re.compile(r"gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)").search


def cors_headers(environ: dict[str, Any]) -> list[tuple[str, str]]:
    """What lets a page of any origin read the answer (Fetch, "CORS protocol"). Credentials are in the Authorization
    header and never in a cookie, so any origin may."""
    if "HTTP_ORIGIN" not in environ:
        return []
    return [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", _EXPOSED)]


def tagged(body: bytes) -> Response:
    """JSON with its entity tag, which every answer of the resources with concurrency controls has (Communication 3.1);
    without the body for who has it already."""
    etag = etag_of(body)
    is_known = is_unchanged(request.headers.get("If-None-Match"), etag)
    response = Response(status=304) if is_known else Response(body, content_type="application/json")
    response.headers["ETag"] = etag
    return response


def packed(environ: dict[str, Any], body: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """JSON as it is sent, with the headers that say how."""
    headers = [("Content-Type", "application/json")]
    if takes_gzip(environ):
        headers.append(("Vary", "Accept-Encoding"))
        if is_worth_packing(body):
            headers.append(("Content-Encoding", "gzip"))
            body = as_gzip(body)
    headers.append(("Content-Length", str(len(body))))
    return headers, body


def takes_gzip(environ: dict[str, Any]) -> bool:
    """Whether the client understands gzip, and has not refused it by a weight of 0 (RFC 9110 section 12.5.3)."""
    accepted = environ.get("HTTP_ACCEPT_ENCODING", "").lower()
    return "gzip" in accepted and _REFUSED(accepted) is None


def is_worth_packing(body: bytes) -> bool:
    """Whether the body is longer than a packet."""
    return len(body) >= _WORTH_PACKING


def as_gzip(body: bytes) -> bytes:
    """The body packed quickly, the same for the same."""
    return gzip.compress(body, compresslevel=1, mtime=0)
