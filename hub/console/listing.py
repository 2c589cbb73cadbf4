"""A page of a listing: its rows, and the address of the older ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request

from hub.http import service
from hub.http.paging import Cursors, page_of

Row = TypeVar("Row")

ROWS = 50

#: Parameters that belong to one request, not to the view that it shows.
PASSING = frozenset({"cursor", "done", "after"})


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """Rows; the address of the page after them (None on the last), and of the first one (None when this is it)."""

    rows: Sequence[Row]
    older: str | None
    newest: str | None
    is_filtered: bool


def listing(
    fetch: Callable[[list[Any] | None, int], Sequence[Row]], key: Callable[[Row], Sequence[Any]]
) -> Listing[Row]:
    """The page that the request's `cursor` asks for. `fetch(after, limit)` returns up to `limit` rows after a key."""
    cursors = service(Cursors)
    cursor = request.args.get("cursor") or None
    page = page_of(fetch(cursors.decode(cursor), ROWS + 1), ROWS, key)
    older = None if page.next_key is None else address(cursor=cursors.encode(page.next_key))
    filters = {name: value for name, value in request.args.items() if name not in PASSING and value}
    return Listing(page.rows, older, address() if cursor else None, bool(filters))


def address(**changes: str) -> str:
    """This page with the same filters and other values (empty: without it); `cursor`, `done` and `after` go."""
    kept: Mapping[str, str] = {name: value for name, value in request.args.items() if name not in PASSING}
    query = urlencode({name: value for name, value in {**kept, **changes}.items() if value})
    return f"{request.path}?{query}" if query else request.path
