"""Keyset paging: a page knows where the next one begins, by a signed, self-contained cursor.

A cursor names the last row's sort key, so a page costs the same wherever it is, rows that come or go meanwhile are
neither doubled nor skipped, and nothing has to be kept on the server.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Response, jsonify, request
from marshmallow import Schema, fields, validate

from hub.errors import Invalid, Violation
from hub.http.context import service

Row = TypeVar("Row")

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200


class PageArguments(Schema):
    """The query parameters of every listing."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, LARGEST_LIMIT),
        metadata={"description": f"Most rows to return, 1 to {LARGEST_LIMIT}"},
    )
    cursor = fields.String(
        load_default=None, metadata={"description": "Where to go on: the `cursor` of the Link header"}
    )


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a listing, and the sort key to go on from (None on the last page)."""

    rows: Sequence[Row]
    next_key: Sequence[Any] | None = None


def time_and_id(key: Sequence[Any] | None) -> tuple[datetime, UUID] | None:
    """The sort key of listings by time, as a cursor carries it."""
    return None if key is None else (datetime.fromisoformat(key[0]), UUID(key[1]))


def page_of(rows: Sequence[Row], limit: int, key: Callable[[Row], Sequence[Any]]) -> Page[Row]:
    """A page of rows that were fetched with `limit` + 1, so that it is known whether more follow."""
    if len(rows) <= limit:
        return Page(rows)
    return Page(rows[:limit], key(rows[limit - 1]))


class Cursors:
    """Writes and reads cursors.

    The signature keeps a client from making up its own, and a cursor from going on in another listing than the one of
    its address, whose sort key has another form.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def encode(self, key: Sequence[Any]) -> str:
        """The cursor for a sort key of JSON values, UUIDs and times."""
        body = orjson.dumps(list(key), default=str)
        return base64.urlsafe_b64encode(self._sign(body) + body).rstrip(b"=").decode()

    def decode(self, cursor: str | None, where: str = "cursor") -> list[Any] | None:
        """The sort key; None for no cursor. Raises `Invalid` for one that was not made for this listing; `where` is
        the parameter that it came in."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raw = b""
        signature, body = raw[:16], raw[16:]
        if not hmac.compare_digest(signature, self._sign(body)):
            fault = Violation(
                "RFC 8288", where, "must be taken from an answer of this address, unchanged", cursor[:100]
            )
            raise Invalid(
                "The cursor is not one of this listing; begin again without it.", code="bad_cursor", violations=[fault]
            )
        key: list[Any] = orjson.loads(body)
        return key

    def _sign(self, body: bytes) -> bytes:
        listing = request.path.encode()
        return hmac.new(self._secret, listing + b"\0" + body, hashlib.sha256).digest()[:16]


def listed(
    wanted: Mapping[str, Any],
    fetch: Callable[[list[Any] | None, int], Sequence[Row]],
    key: Callable[[Row], Sequence[Any]],
    schema: type[Schema],
) -> Response:
    """The page that the arguments of a listing ask for, as JSON, with the link to the next one.

    `fetch(after, limit)` returns up to `limit` rows beyond a sort key (None: from the first on).
    """
    cursors = service(Cursors)
    page = page_of(fetch(cursors.decode(wanted["cursor"]), wanted["limit"] + 1), wanted["limit"], key)
    cursor = None if page.next_key is None else cursors.encode(page.next_key)
    return link_next(jsonify(schema(many=True).dump(page.rows)), cursor)


def link_next(response: Response, cursor: str | None) -> Response:
    """Add the Link header (RFC 8288) to the next page: this request's own query with the new cursor."""
    if cursor is not None:
        query = urlencode([*((k, v) for k, v in request.args.items(multi=True) if k != "cursor"), ("cursor", cursor)])
        response.headers.add("Link", f'<{request.base_url}?{query}>; rel="next"')
    return response
