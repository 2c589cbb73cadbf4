"""How services answer: JSON with its media type, pages of a list, problems, and what is switched on to go wrong."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, jsonify, request

from .. import exchanges, switches
from ..tools import Refused
from .context import switched, transaction

View = TypeVar("View", bound=Callable[..., Response])
Entry = TypeVar("Entry")


def problem(status: int, detail: str, **headers: str) -> Response:
    """An error as problem+json (RFC 9457)."""
    response = jsonify({"title": "The request was refused", "status": status, "detail": detail})
    response.status_code = status
    response.mimetype = "application/problem+json"
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def answer(body: Any, media_type: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`body` as JSON of this media type."""
    response = jsonify(body)
    response.status_code = status
    response.mimetype = media_type
    response.headers.update(headers or {})
    return response


# Pages of a list ----------------------------------------------------------------------------------------------------


def page_of(entries: list[Entry]) -> tuple[list[Entry], str | None]:
    """The part of `entries` that was asked for by `limit` and `page`, and the address of the next."""
    most = switched().page_size or len(entries) or 1
    limit = min(_number("limit") or most, most)
    first = _number("page") * limit
    if first + limit >= len(entries):
        return entries[first : first + limit], None
    query = urlencode({**request.args, "limit": limit, "page": _number("page") + 1})
    return entries[first : first + limit], f"{request.base_url}?{query}"


def link_header(**relations: str | None) -> dict[str, str]:
    """The Link header (RFC 8288) to the addresses in their relations, written as is switched on."""
    write = _WRITERS[switched().links]
    links = [write(relation, url) for relation, url in relations.items() if url]
    return {"Link": ", ".join(links)} if links else {}


def _relative(relation: str, url: str) -> str:
    return f'<{url.removeprefix(request.host_url.rstrip("/"))}>; rel="{relation}"'


def _curly(relation: str, url: str) -> str:
    return f"<{url.replace('&', '&amp;')}>; rel=“{relation}”".encode().decode("latin-1")  # As servers write bytes.


def _unquoted(relation: str, url: str) -> str:
    return f'</help>; rel="help"; title="a, b", <{url}>;rel={relation}'


_WRITERS: dict[str, Callable[[str, str], str]] = {
    "": lambda relation, url: f'<{url}>; rel="{relation}"',
    "relative": _relative,
    "curly": _curly,
    "unquoted": _unquoted,
}


def _number(name: str) -> int:
    text = request.args.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refused(f"{name} must be a whole number, found {text!r}")
    return int(text)


# Misbehaviour -------------------------------------------------------------------------------------------------------

_REFUSALS = {
    "401": "The access token is not accepted.",
    "409": "A newer score is kept already.",
    "429": "There were too many requests.",
    "500": "Something went wrong; nothing was done.",
}


def faulty(service: str) -> Callable[[View], View]:
    """Have a view fail as is switched on for its service."""

    def decorate(view: View) -> View:
        @wraps(view)
        def perhaps(*args: Any, **kwargs: Any) -> Response:
            with transaction() as db:
                fault = switches.take_fault(db, service)
                if fault:
                    exchanges.note(db, exchanges.TO_TOOL, "Misbehaviour", f"{service}: {switches.FAULTS[fault]}")
            if fault in _REFUSALS:
                return _refusal(fault)
            if fault == "slow":
                time.sleep(switched().seconds)
            done = view(*args, **kwargs)
            return problem(500, "Something went wrong after it was done.") if fault == "lost" else done

        return perhaps  # type: ignore[return-value]

    return decorate


def _refusal(fault: str) -> Response:
    headers = {"Retry_After": str(switched().seconds)} if fault == "429" else {}
    return problem(int(fault), _REFUSALS[fault], **headers)
