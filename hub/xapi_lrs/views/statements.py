"""The Statement resource (Communication 2.1)."""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.http import http_date

from hub.errors import Invalid, Violation
from hub.http import action, principal, service
from hub.http.paging import Cursors
from hub.xapi_lrs.services.statements import StatementPage, Statements, StoredStatement
from hub.xapi_lrs.spec import query as queries
from hub.xapi_lrs.spec.formats import preferred_languages
from hub.xapi_lrs.spec.reading import Limits
from hub.xapi_lrs.spec.values import timestamp_text
from hub.xapi_lrs.views.body import read_body
from hub.xapi_lrs.views.parameters import parameters, refused, required

THROUGH = "X-Experience-API-Consistent-Through"

#: Our own parameter of a `more` link: the query and where it goes on, signed.
_MORE = "more"


@action("statements.write")
def post_statements() -> Response:
    """Store a statement or a batch; answers the ids."""
    parameters(())
    ids = service(Statements).store(principal(), _json_body(), g.xapi_version)
    return Response(orjson.dumps(ids), content_type="application/json")


@action("statements.write")
def put_statement() -> Response:
    """Store one statement under an id that the client chose."""
    try:
        statement_id = queries.uuid(required("statementId"))
    except ValueError as fault:
        raise refused("statementId", str(fault)) from None
    service(Statements).store_one(principal(), statement_id, _json_body(), g.xapi_version)
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
        return _single(service(Statements).find_one(principal(), asked, languages))
    if boundary is not None:
        asked = queries.continued(asked, boundary)
    return _page(service(Statements).find(principal(), asked, languages), given)


def add_to(blueprint: Blueprint) -> None:
    """Put the resource on the blueprint."""
    blueprint.add_url_rule("/statements", view_func=post_statements, methods=["POST"])
    blueprint.add_url_rule("/statements", view_func=put_statement, methods=["PUT"])
    blueprint.add_url_rule("/statements", view_func=get_statements, methods=["GET"])


# --- requests ---------------------------------------------------------------------------------------------------


def _json_body() -> bytes:
    if request.mimetype != "application/json":
        raise Invalid(
            "Statements are sent as application/json, or as multipart/mixed with attachments.",
            code="bad_content_type",
            violations=[
                Violation(
                    "Communication 1.5", "Content-Type", "is not taken here", request.mimetype, "application/json"
                )
            ],
        )
    return read_body(service(Limits).batch_bytes)


def _continued(given: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """The query of a `more` link, and the `stored` time that its page begins after."""
    if len(given) > 1:
        raise refused(_MORE, "must come alone")
    decoded = service(Cursors).decode(given[_MORE])
    if decoded is None or len(decoded) != 2:
        raise refused(_MORE, "is not a link that this server made")
    return decoded[0], decoded[1]


# --- answers ----------------------------------------------------------------------------------------------------


def _single(found: StoredStatement) -> Response:
    response = Response(found.body, content_type="application/json")
    response.headers["Last-Modified"] = http_date(datetime.fromtimestamp(found.stored / 1_000_000, UTC))
    response.headers[THROUGH] = timestamp_text(found.through)
    return response


def _page(page: StatementPage, given: Mapping[str, str]) -> Response:
    more = orjson.dumps(_more_link(page, given))
    body = b'{"statements":[' + b",".join(page.bodies) + b'],"more":' + more + b"}"
    response = Response(body, content_type="application/json")
    response.headers[THROUGH] = timestamp_text(page.through)
    return response


def _more_link(page: StatementPage, given: Mapping[str, str]) -> str:
    """A relative IRL that goes on where the page ends, good for ever (Data 2.5)."""
    if page.boundary is None:
        return ""
    cursor = service(Cursors).encode([dict(given), page.boundary])
    return f"{request.path}?{_MORE}={cursor}"
