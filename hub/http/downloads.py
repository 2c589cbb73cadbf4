"""What a page shows, as a file: streamed line by line, so that memory stays flat however much it is, and noted in the
audit log."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request, stream_with_context

from hub.http import principal, service
from hub.oauth.services.audit_log import AuditLog
from hub.spreadsheets import cell

#: Makes spreadsheets read a table as UTF-8.
UTF_8_MARK = "\ufeff".encode()


def csv_response(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """The rows as CSV (RFC 4180) in UTF-8, with a mark that makes spreadsheets read it as such."""
    return file_response(_csv_lines([heads], rows), "text/csv; charset=utf-8", f"{name}.csv")


def file_response(body: Iterator[bytes], content_type: str, name: str) -> Response:
    """A file of that name, sent as it is made."""
    service(AuditLog).exported(principal(), name, request.path)
    # Words and numbers are written in the reader's language, so the request must still be there.
    response = Response(stream_with_context(body), content_type=content_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _csv_lines(*parts: Iterable[Sequence[object]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield UTF_8_MARK
    for rows in parts:
        for row in rows:
            writer.writerow([cell(value) for value in row])
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()


def json_response(name: str, head: Mapping[str, Any], member: str, documents: Iterable[Mapping[str, Any]]) -> Response:
    """One JSON object: the members of `head`, and a list of documents that is written as they come."""
    return file_response(_json_pieces(head, member, documents), "application/json", f"{name}.json")


def _json_pieces(head: Mapping[str, Any], member: str, documents: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    yield orjson.dumps({**head, member: []})[:-2]
    for place, document in enumerate(documents):
        yield (b",\n" if place else b"\n") + orjson.dumps(document)
    yield b"]}\n"
