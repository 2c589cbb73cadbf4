"""Course files on the content origin: ranges, validators, caching, codings (RFC 9110 sections 8, 12 to 14; RFC 9111).

Files are most of what learners ask for, so they are answered before Flask begins. What is no file here goes on to the
pages behind, and a refusal goes there too, to be told like every other.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import Semaphore
from typing import Any, Literal
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import (
    http_date,
    parse_accept_header,
    parse_date,
    parse_etags,
    parse_if_range_header,
    parse_range_header,
)
from werkzeug.wsgi import ClosingIterator

from hub.errors import NotFound, RangeNotSatisfiable, Unavailable
from hub.http.access import public
from hub.scorm.services.content import CODINGS, LARGEST_KEPT, ContentFile, Contents, Whole

Wsgi = Callable[..., Iterable[bytes]]
Headers = list[tuple[str, str]]
#: Who sends the bytes of large files: the Hub, the store itself by a redirect, or the proxy in front.
Sender = Literal["hub", "store", "nginx"]

PREFIX = "/content/"
#: Up to so much is handed to the server in one piece, which frees the thread however slowly the client reads.
LARGEST_PIECE = 1024 * 1024
_REFUSAL = "hub.content_refusal"
_REDIRECT_SECONDS = 3600

#: What authored content needs: scripts of its own kind, inline and evaluated ones, media from anywhere. It may not
#: become a base for other addresses, and has no plug-ins.
_POLICY = "default-src * data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: a status line, headers and a body."""

    status: str
    headers: Headers
    body: Iterable[bytes]


class ContentFiles:
    """WSGI: course files under /content/GRANT/; everything else goes to the `pages` behind."""

    def __init__(self, pages: Wsgi, contents: Contents, sender: Sender, most_streams: int) -> None:
        self._pages = pages
        self._contents = contents
        self._sender = sender
        #: A stream holds a thread for as long as its client reads; some threads are for everybody else.
        self._streams = Semaphore(most_streams)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        grant, slash, path = environ["PATH_INFO"].removeprefix(PREFIX).partition("/")
        is_file = slash and environ["PATH_INFO"].startswith(PREFIX)
        if not is_file or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._pages(environ, start_response)
        try:
            answer = self._answer(environ, grant, path)
        except Exception as refusal:  # noqa: BLE001 - raised again by `refused`, where errors are rendered and logged.
            environ[_REFUSAL] = refusal
            return self._pages(environ, start_response)
        start_response(answer.status, answer.headers)
        return answer.body

    def _answer(self, environ: dict[str, Any], grant: str, path: str) -> Answer:
        file = self._contents.find(environ.get("HTTP_HOST", ""), grant, _decoded(path))
        if file.is_folder:
            return _to_folder(environ, path)
        headers = _headers(file, self._contents.frame_ancestors(grant), environ)
        if file.info.size > LARGEST_KEPT and not file.is_packable:
            handed_over = self._handed_over(environ, file, headers)
            if handed_over is not None:
                return handed_over
        codings = () if "HTTP_RANGE" in environ else _codings(environ.get("HTTP_ACCEPT_ENCODING", ""))
        whole = self._contents.whole(file, codings)
        etag = f'"{file.info.etag}-{whole.coding}"' if whole and whole.coding else f'"{file.info.etag}"'
        headers.append(("ETag", etag))
        if _is_known(environ, etag, file):
            return Answer("304 Not Modified", headers, [])
        return self._with_body(environ, file, whole, etag, headers)

    def _with_body(
        self, environ: dict[str, Any], file: ContentFile, whole: Whole | None, etag: str, headers: Headers
    ) -> Answer:
        headers.append(("Content-Type", file.info.content_type))
        if whole is not None and whole.coding:
            headers.append(("Content-Encoding", whole.coding))
            return _all_of(whole.body, environ, headers)
        part = _wanted_part(environ, file, etag)
        start, end = part or (0, file.info.size)
        if part is not None:
            headers.append(("Content-Range", f"bytes {start}-{end - 1}/{file.info.size}"))
        status = "200 OK" if part is None else "206 Partial Content"
        headers.append(("Content-Length", str(end - start)))
        if environ["REQUEST_METHOD"] == "HEAD":
            return Answer(status, headers, [])
        if whole is not None:
            return Answer(status, headers, [whole.body if part is None else whole.body[start:end]])
        return Answer(status, headers, self._stream(file, start, end))

    def _stream(self, file: ContentFile, start: int, end: int) -> Iterable[bytes]:
        """The bytes from the store, opened before the answer begins: a file that is gone is a 404."""
        if end - start <= LARGEST_PIECE:
            with self._contents.read(file, start, end) as pieces:
                return [b"".join(pieces)]
        opened = ExitStack()
        if not self._streams.acquire(blocking=False):
            raise Unavailable("So many large files are being sent now that this one has to wait.", code="busy")
        opened.callback(self._streams.release)
        try:
            pieces = opened.enter_context(self._contents.read(file, start, end))
        except BaseException:
            opened.close()
            raise
        return ClosingIterator(pieces, opened.close)

    def _handed_over(self, environ: dict[str, Any], file: ContentFile, headers: Headers) -> Answer | None:
        """The answer that lets another send the bytes; None where the Hub has to."""
        if self._sender == "hub" or (self._sender == "store" and not _is_media_element(environ)):
            return None
        address = self._contents.address(file, _REDIRECT_SECONDS)
        if address is not None and not _store_may_answer(environ, file):
            return None
        if self._sender == "nginx":
            return _to_nginx(file, address, headers)
        return _to_store(address) if address is not None else None


@public
def refused(anything: str) -> Response:
    """Raise what `ContentFiles` met, where it is rendered and logged."""
    raise request.environ.get(_REFUSAL) or NotFound("There is nothing at this address.", code="content_not_found")


def _decoded(path: str) -> str:
    """The path as text (PEP 3333 hands over bytes dressed as Latin-1)."""
    try:
        return path.encode("latin-1").decode()
    except UnicodeError as error:
        raise NotFound("Addresses are in UTF-8; this one is not.", code="content_not_found") from error


def _to_folder(environ: dict[str, Any], path: str) -> Answer:
    """The same address with a slash at its end, from which the page's relative links lead to the right place."""
    query = environ.get("QUERY_STRING", "")
    name = quote(path.rpartition("/")[2], encoding="latin-1")
    location = f"./{name}/" + (f"?{query}" if query else "")
    return Answer("308 Permanent Redirect", [("Location", location), ("Content-Length", "0")], [])


def _headers(file: ContentFile, frame_ancestors: str, environ: dict[str, Any]) -> Headers:
    """What every answer about the file says."""
    left = max(0, file.grant.ends - int(time.time()))
    headers = [
        ("Last-Modified", _date(file.info.modified_at)),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", f"public, max-age={left}, immutable"),
        ("Content-Security-Policy", f"{_POLICY}; frame-ancestors {frame_ancestors}"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    if file.is_packable:
        headers.append(("Vary", "Accept-Encoding"))
    if environ["wsgi.url_scheme"] == "https":
        headers.append(("Strict-Transport-Security", "max-age=31536000"))
    return headers


_date = lru_cache(4_096)(http_date)


@lru_cache(512)
def _codings(accept_encoding: str) -> tuple[str, ...]:
    """The codings that the client takes, the one we like best first (RFC 9110 section 12.5.3)."""
    wanted = parse_accept_header(accept_encoding, Accept)
    named = {name.lower(): quality for name, quality in wanted}
    return tuple(coding for coding in CODINGS if named.get(coding, named.get("*", 0)) > 0)


def _is_known(environ: dict[str, Any], etag: str, file: ContentFile) -> bool:
    """Whether the client has just this (RFC 9110 sections 13.1.2 and 13.1.3: an entity tag goes before a date)."""
    tags = environ.get("HTTP_IF_NONE_MATCH")
    if tags is not None:
        return parse_etags(tags).contains_weak(etag.strip('"'))
    since = parse_date(environ.get("HTTP_IF_MODIFIED_SINCE"))
    return since is not None and _seconds(file.info.modified_at) <= since


def _wanted_part(environ: dict[str, Any], file: ContentFile, etag: str) -> tuple[int, int] | None:
    """First byte, and the byte after the last one, of the one range that was asked for; None for all of the file.

    Several ranges at once are answered by the whole file, as RFC 9110 section 14.2 allows; a range is of the file as
    it is, never of a coding of it. One without an end is what players ask for, who read on as they play: they get a
    piece and ask for the next (section 15.3.7 has clients look at what came).
    """
    wanted = parse_range_header(environ.get("HTTP_RANGE"))
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    if environ["REQUEST_METHOD"] != "GET" or not _if_range_holds(environ, file, etag):
        return None
    part = wanted.range_for_length(file.info.size)
    if part is None:
        raise RangeNotSatisfiable(
            f"The file has {file.info.size} bytes; none of the range is among them.",
            headers={"Content-Range": f"bytes */{file.info.size}"},
        )
    is_open = wanted.ranges[0][0] >= 0 and wanted.ranges[0][1] is None
    return part[0], min(part[1], part[0] + LARGEST_PIECE) if is_open else part[1]


def _if_range_holds(environ: dict[str, Any], file: ContentFile, etag: str) -> bool:
    """If-Range (RFC 9110 section 13.1.5): the range counts only for the file that the client has a part of.

    A weak entity tag promises too little for that.
    """
    header = environ.get("HTTP_IF_RANGE", "").strip()
    if header[:2].upper() == "W/":
        return False
    condition = parse_if_range_header(header)
    if condition.etag is not None:
        return condition.etag == etag.strip('"')
    return condition.date is None or condition.date == _seconds(file.info.modified_at)


def _seconds(moment: datetime) -> datetime:
    """HTTP dates know no fractions of a second."""
    return moment.replace(microsecond=0)


def _all_of(body: bytes, environ: dict[str, Any], headers: Headers) -> Answer:
    headers.append(("Content-Length", str(len(body))))
    return Answer("200 OK", headers, [] if environ["REQUEST_METHOD"] == "HEAD" else [body])


def _is_media_element(environ: dict[str, Any]) -> bool:
    """Whether an audio or video element asks, which may be sent to another origin (Fetch Metadata).

    A page there would lose its relative links and the run-time API; a script, font or request of a script would need
    the store to know about CORS.
    """
    return environ.get("HTTP_SEC_FETCH_DEST") in ("audio", "video") and environ.get("HTTP_SEC_FETCH_MODE") == "no-cors"


def _store_may_answer(environ: dict[str, Any], file: ContentFile) -> bool:
    """An address is signed for GET, and stores do not know If-Range: they would send a part of another file."""
    return environ["REQUEST_METHOD"] == "GET" and _if_range_holds(environ, file, f'"{file.info.etag}"')


def _to_store(address: str) -> Answer:
    headers = [("Location", address), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]
    return Answer("307 Temporary Redirect", [*headers, ("Content-Length", "0")], [])


def _to_nginx(file: ContentFile, address: str | None, headers: Headers) -> Answer:
    """nginx sends the bytes, and judges ranges and validators, by an internal location (docs/operations.md)."""
    headers.append(("Content-Type", file.info.content_type))
    if address is None:
        headers.append(("X-Accel-Redirect", "/_objects/folder/" + quote(file.info.key)))
    else:
        headers += [("X-Accel-Redirect", "/_objects/store"), ("X-Object-Address", address)]
    return Answer("200 OK", headers, [])
