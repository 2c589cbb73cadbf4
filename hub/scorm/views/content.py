"""Course files on the content origin: ranges, validators, caching (RFC 9110 sections 8, 13 and 14; RFC 9111)."""

from contextlib import ExitStack
from datetime import UTC, datetime

from flask import Response, request
from werkzeug.http import http_date, is_resource_modified, quote_etag

from hub.errors import RangeNotSatisfiable
from hub.http.access import public
from hub.http.context import service
from hub.scorm.services.content import ContentFile, Contents

#: What authored content needs: scripts of its own kind, inline and evaluated ones, media from anywhere. It may not
#: become a base for other addresses, and has no plug-ins. It names no frame-ancestors: those are all the frames around
#: it (CSP Level 3 section 6.4.2), the learning platform's among them, which are not known here.
_POLICY = "default-src * data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'"


@public
def content_file(grant: str, path: str) -> Response:
    """One file of a course. The grant in its address is the credential."""
    found = service(Contents).find(grant, path)
    if not _is_modified(found):
        return _with_headers(Response(status=304), found)
    start, end, status = _wanted_part(found)
    response = _with_headers(_body(found, start, end, status), found)
    response.content_length = end - start
    if status == 206:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.info.size}"
    return response


def _body(found: ContentFile, start: int, end: int, status: int) -> Response:
    content_type = found.info.content_type
    if request.method == "HEAD" or start == end:
        return Response(status=status, content_type=content_type)
    # Opened before the answer begins, so that a file that is gone is a 404 and not half an answer.
    opened = ExitStack()
    pieces = opened.enter_context(service(Contents).read(found, start, end))
    response = Response(pieces, status=status, content_type=content_type)
    response.call_on_close(opened.close)
    return response


def _is_modified(found: ContentFile) -> bool:
    return is_resource_modified(request.environ, etag=quote_etag(found.info.etag), last_modified=found.info.modified_at)


def _wanted_part(found: ContentFile) -> tuple[int, int, int]:
    """First byte, byte after the last one, and status: all of it, or the one range that was asked for.

    Several ranges at once are answered by the whole file, as RFC 9110 section 14.2 allows.
    """
    size = found.info.size
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1 or not _if_range_holds(found):
        return 0, size, 200
    part = wanted.range_for_length(size)
    if part is None:
        raise RangeNotSatisfiable(
            f"The file has {size} bytes; none of the range is among them.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return part[0], part[1], 206


def _if_range_holds(found: ContentFile) -> bool:
    """If-Range (RFC 9110 section 13.1.5): the range counts only for the file that the client has a part of."""
    condition = request.if_range
    if condition is None or (condition.etag is None and condition.date is None):
        return True
    if condition.etag is not None:
        return condition.etag == found.info.etag
    return condition.date == found.info.modified_at.replace(microsecond=0)


def _with_headers(response: Response, found: ContentFile) -> Response:
    left = int((found.expires_at - datetime.now(UTC)).total_seconds())
    response.headers["ETag"] = quote_etag(found.info.etag)
    response.headers["Last-Modified"] = http_date(found.info.modified_at)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = f"public, max-age={max(0, left)}, immutable"
    response.headers["Content-Security-Policy"] = _POLICY
    return response
