"""Statements as files: JSON Lines, and rows of a table for people with a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import orjson

from hub.xapi_lrs.spec import actors
from hub.xapi_lrs.spec.formats import one_language

COLUMNS = (
    "id",
    "stored",
    "timestamp",
    "actor",
    "actor_name",
    "verb",
    "verb_display",
    "object_type",
    "object",
    "object_name",
    "registration",
    "success",
    "completion",
    "score_scaled",
    "score_raw",
    "score_min",
    "score_max",
    "duration",
    "response",
    "authority",
)

#: A cell that begins with one of these is a formula to a spreadsheet (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

#: Statements that are written at once: enough for few writes, so few that they need no memory to speak of.
_PIECE = 200


def json_lines(bodies: Iterable[bytes]) -> Iterator[bytes]:
    """A statement a line. A line break that a client sent between members is white space, so a space does as well."""
    for piece in _pieces(bodies):
        yield b"".join(body.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n" for body in piece)


def csv_lines(bodies: Iterable[bytes], languages: Sequence[str] = ()) -> Iterator[bytes]:
    """A row a statement in UTF-8 (RFC 4180), with a row of names first; what has several languages is told in the
    first of `languages` that it has."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for piece in _pieces(bodies):
        writer.writerows(row_of(orjson.loads(body), languages) for body in piece)
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _pieces(bodies: Iterable[bytes]) -> Iterator[list[bytes]]:
    waiting = iter(bodies)
    while piece := list(islice(waiting, _PIECE)):
        yield piece


def row_of(statement: dict[str, Any], languages: Sequence[str] = ()) -> list[str]:
    """The cells of a stored statement, in the order of the columns."""
    actor, verb, target = statement["actor"], statement["verb"], statement["object"]
    result = statement.get("result", {})
    score = result.get("score", {})
    cells = [
        statement["id"],
        statement["stored"],
        statement["timestamp"],
        _key(actor),
        actor.get("name"),
        verb["id"],
        _said(verb.get("display"), languages),
        target.get("objectType", "Activity"),
        target.get("id") or _key(target),
        target.get("name") or _said(target.get("definition", {}).get("name"), languages),
        statement.get("context", {}).get("registration"),
        result.get("success"),
        result.get("completion"),
        *(score.get(name) for name in ("scaled", "raw", "min", "max")),
        result.get("duration"),
        result.get("response"),
        " & ".join(map(_key, statement["authority"].get("member") or [statement["authority"]])),
    ]
    return [_cell(value) for value in cells]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).replace("\x00", "\ufffd")
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _key(actor: dict[str, Any]) -> str:
    account = actor.get("account")
    if account is not None:
        return f"{account['homePage']} {account['name']}"
    return str(next(iter(actors.identifier_of(actor).values()), ""))


def _said(language_map: dict[str, str] | None, languages: Sequence[str]) -> str | None:
    return next(iter(one_language(language_map, languages).values()), None) if language_map else None
