"""A statement as a row of a table, for people with a spreadsheet."""

from typing import Any

from hub.xapi_lrs.spec import actors

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


def row_of(statement: dict[str, Any]) -> list[str]:
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
        _any_language(verb.get("display")),
        target.get("objectType", "Activity"),
        target.get("id") or _key(target),
        target.get("name") or _any_language(target.get("definition", {}).get("name")),
        statement.get("context", {}).get("registration"),
        result.get("success"),
        result.get("completion"),
        *(score.get(name) for name in ("scaled", "raw", "min", "max")),
        result.get("duration"),
        result.get("response"),
        _key(statement["authority"]),
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


def _any_language(language_map: dict[str, str] | None) -> str | None:
    return next(iter(language_map.values()), None) if language_map else None
