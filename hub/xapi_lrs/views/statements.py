"""The Statement resource (Communication 2.1)."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.http import http_date

from hub.errors import Invalid, Violation
from hub.http import action, principal, service
from hub.http.paging import Cursors
from hub.xapi_lrs.services.attachments import Attachments, Part, StoredAttachment
from hub.xapi_lrs.services.statements import StatementPage, Statements, StoredStatement
from hub.xapi_lrs.spec import query as queries
from hub.xapi_lrs.spec.attachments import HASH_HEADER
from hub.xapi_lrs.spec.formats import preferred_languages
from hub.xapi_lrs.spec.query import StatementQuery
from hub.xapi_lrs.spec.reading import Limits
from hub.xapi_lrs.spec.values import timestamp_text
from hub.xapi_lrs.views.answers import THROUGH
from hub.xapi_lrs.views.body import limited, pieces, read_body
from hub.xapi_lrs.views.multipart import MultipartReader, boundary_of
from hub.xapi_lrs.views.parameters import parameters, refused, required

#: Our own parameter of a `more` link: the query and where it goes on, signed.
_MORE = "more"


@action("statements.write")
def post_statements() -> Response:
    """Store a statement or a batch; answers the ids."""
    parameters(())
    body, parts = _body_and_parts()
    ids = service(Statements).store(principal(), body, g.xapi_version, parts)
    return Response(orjson.dumps(ids), content_type="application/json")


@action("statements.write")
def put_statement() -> Response:
    """Store one statement under an id that the client chose."""
    given = required("statementId")
    try:
        statement_id = queries.uuid(given)
    except ValueError as fault:
        raise refused("statementId", str(fault), given) from None
    body, parts = _body_and_parts()
    service(Statements).store_one(principal(), statement_id, body, g.xapi_version, parts)
    return Response(status=204)


@action("statements.read_mine")
def get_statements() -> Response:
    """One statement by its id, or a page of those that match."""
    given, boundary = parameters(), None
    if _MORE in given:
        given, boundary = _continued(given)
    asked = queries.parse(given)
    languages = preferred_languages(request.headers.get("Accept-Language"))
    if asked.is_single:
        return _single(service(Statements).find_one(principal(), asked, languages), asked)
    if boundary is not None:
        asked = queries.continued(asked, boundary)
    return _page(service(Statements).find(principal(), asked, languages), given, asked)


def add_to(blueprint: Blueprint) -> None:
    """Put the resource on the blueprint."""
    blueprint.add_url_rule("/statements", view_func=post_statements, methods=["POST"])
    blueprint.add_url_rule("/statements", view_func=put_statement, methods=["PUT"])
    blueprint.add_url_rule("/statements", view_func=get_statements, methods=["GET"])


# --- requests ---------------------------------------------------------------------------------------------------


def _body_and_parts() -> tuple[bytes, Iterable[Part]]:
    """The statements as JSON, and the attachments that follow them in a multipart body (Communication 1.5)."""
    limits = service(Limits)
    if request.mimetype == "application/json":
        return read_body(limits.batch_bytes), ()
    if request.mimetype != "multipart/mixed":
        raise _bad_type("must be application/json, or multipart/mixed with attachments", request.mimetype)
    boundary = boundary_of(request.headers["Content-Type"])
    parts = MultipartReader(pieces(limits.request_bytes), boundary).parts()
    headers, data = next(parts, ({}, iter(())))
    first_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if first_type != "application/json":
        raise _bad_type("of the first part must be application/json", first_type)
    return b"".join(limited(data, limits.batch_bytes)), parts


def _bad_type(message: str, found: str) -> Invalid:
    fault = Violation("Communication 1.5", "Content-Type", message, found)
    return Invalid(f"The Content-Type {message}.", code="bad_content_type", violations=[fault])


def _continued(given: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """The query of a `more` link, and the `stored` time that its page begins after."""
    if len(given) > 1:
        raise refused(_MORE, "must come alone")
    decoded = service(Cursors).decode(given[_MORE], _MORE)
    if decoded is None or len(decoded) != 2:
        raise refused(_MORE, "is not a link that this server made")
    return decoded[0], decoded[1]


# --- answers ----------------------------------------------------------------------------------------------------


def _single(found: StoredStatement, asked: StatementQuery) -> Response:
    response = _answer(found.body, [found.body], asked)
    response.headers["Last-Modified"] = http_date(datetime.fromtimestamp(found.stored / 1_000_000, UTC))
    response.headers[THROUGH] = timestamp_text(found.through)
    return response


def _page(page: StatementPage, given: Mapping[str, str], asked: StatementQuery) -> Response:
    more = orjson.dumps(_more_link(page, given))
    body = b'{"statements":[' + b",".join(page.bodies) + b'],"more":' + more + b"}"
    response = _answer(body, page.bodies, asked)
    response.headers[THROUGH] = timestamp_text(page.through)
    return response


def _answer(body: bytes, statements: Sequence[bytes], asked: StatementQuery) -> Response:
    """The body alone, or followed by the attachments of its statements (Communication 1.5.2)."""
    if not asked.with_attachments:
        return Response(body, content_type="application/json")
    boundary = secrets.token_hex(16)
    found = service(Attachments).of(principal(), statements)
    return Response(_parts(boundary, body, found), content_type=f"multipart/mixed; boundary={boundary}")


def _parts(boundary: str, body: bytes, attachments: Sequence[StoredAttachment]) -> Iterator[bytes]:
    yield f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode() + body
    for each in attachments:
        kind = f"Content-Type: {each.content_type}\r\n" if each.content_type is not None else ""
        yield (
            f"\r\n--{boundary}\r\n{kind}Content-Transfer-Encoding: binary\r\n"
            f"Content-Length: {each.size}\r\n{HASH_HEADER}: {each.sha2}\r\n\r\n"
        ).encode()
        yield from each.data
    yield f"\r\n--{boundary}--\r\n".encode()


def _more_link(page: StatementPage, given: Mapping[str, str]) -> str:
    """A relative IRL that goes on where the page ends, good for ever (Data 2.5)."""
    if page.boundary is None:
        return ""
    cursor = service(Cursors).encode([dict(given), page.boundary])
    return f"{request.path}?{_MORE}={cursor}"
