"""A page of a listing: its rows, and the addresses of the older and the newer ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request

from hub.errors import Invalid
from hub.http import service
from hub.http.paging import Cursors, page_of

Row = TypeVar("Row")

ROWS = 50
#: From so many pages back "newer" leads page by page; from there on to the first page.
LONGEST_TRAIL = 30

#: Parameters that belong to one request, not to the view that it shows.
PASSING = frozenset({"cursor", "done", "after"})


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """Rows; the addresses of the page after them (None on the last), and of the one before (None on the first)."""

    rows: Sequence[Row]
    older: str | None
    newer: str | None
    is_filtered: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a listing a page begins: after the row with the key `after` (None: at the first row).

    `trail` are the places of the pages that led here. A cursor carries them, so that going back needs no second query
    in the other order: the pages are the very ones that were seen.
    """

    after: list[Any] | None
    trail: list[list[Any] | None]

    def older(self, key: Sequence[Any]) -> str:
        """The address of the page that begins after the row with this key."""
        return _at(Place(list(key), [*self.trail, self.after][-LONGEST_TRAIL:]))

    @property
    def newer(self) -> str | None:
        """The address of the page before; None on the first one."""
        if self.after is None:
            return None
        return _at(Place(self.trail[-1], self.trail[:-1]) if self.trail else Place(None, []))


def place() -> Place:
    """Where the request's page begins. Raises `Invalid` for a cursor that is none of the console's."""
    found = service(Cursors).decode(request.args.get("cursor") or None)
    if found is None:
        return Place(None, [])
    if len(found) != 2 or not all(isinstance(each, list) for each in found):
        raise Invalid("The cursor is not one of a page; begin again without it.", code="bad_cursor")
    return Place(*found)


def listing(
    fetch: Callable[[list[Any] | None, int], Sequence[Row]], key: Callable[[Row], Sequence[Any]]
) -> Listing[Row]:
    """The page that the request's `cursor` asks for. `fetch(after, limit)` returns up to `limit` rows after a key."""
    here = place()
    page = page_of(fetch(here.after, ROWS + 1), ROWS, key)
    older = None if page.next_key is None else here.older(page.next_key)
    filters = {name: value for name, value in request.args.items() if name not in PASSING and value}
    return Listing(page.rows, older, here.newer, bool(filters))


def _at(wanted: Place) -> str:
    if wanted.after is None:
        return address()
    return address(cursor=service(Cursors).encode([wanted.after, wanted.trail]))


def address(**changes: str) -> str:
    """This page with the same filters and other values (empty: without it); `cursor`, `done` and `after` go."""
    kept: Mapping[str, str] = {name: value for name, value in request.args.items() if name not in PASSING}
    query = urlencode({name: value for name, value in {**kept, **changes}.items() if value})
    return f"{request.path}?{query}" if query else request.path
