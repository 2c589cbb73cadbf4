"""Errors on the wire: RFC 9457 problem documents, and dialects for blueprints that speak another form."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from hub.errors import (
    HubError,
    Invalid,
    NotFound,
    TooLarge,
    TooMany,
    Unprocessable,
    Unsupported,
    Violation,
    say,
)
from hub.http.context import request_id
from hub.http.words import said

log = structlog.get_logger(__name__)

Renderer = Callable[[HubError], Response]

_DIALECTS = "hub.error_dialects"

#: What Werkzeug refuses by itself, in sentences that pages can say in the reader's language.
_SENTENCES = {
    400: say("The request cannot be read."),
    404: say("There is nothing at this address."),
    405: say("This address is not asked for in this way."),
    408: say("It took too long until the request was here."),
    413: say("What was sent is larger than this address takes."),
    415: say("What was sent is of a kind that this address does not take."),
    416: say("The part that is asked for lies beyond the end."),
}

_BY_STATUS: dict[int, type[HubError]] = {
    404: NotFound,
    413: TooLarge,
    415: Unsupported,
    422: Unprocessable,
    429: TooMany,
}


def register_dialect(app: Flask, blueprint: Blueprint | str, renderer: Renderer) -> None:
    """Errors raised within `blueprint` are answered by `renderer` instead of a problem document."""
    name = blueprint if isinstance(blueprint, str) else blueprint.name
    app.extensions.setdefault(_DIALECTS, {})[name] = renderer


def _phrase(status: int) -> str:
    """The status in words; a protocol may have one that HTTP does not register (tus: 460)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def problem(error: HubError) -> Response:
    """The error as application/problem+json."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": _phrase(error.status),
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id(),
    }
    if error.violations:
        document["violations"] = [violation.as_dict() for violation in error.violations]
    try:
        body = orjson.dumps(document, default=str)
    except TypeError:  # Half a character of the request is quoted, which only an escape of JSON can tell.
        body = json.dumps(document, default=str).encode()
    return Response(body, error.status, dict(error.headers), content_type="application/problem+json")


def install_problems(app: Flask) -> None:
    """Answer every error of the app in the form of its blueprint; its pages say them by the filter `said`."""
    app.jinja_env.filters["said"] = said
    app.register_error_handler(HubError, answer)
    app.register_error_handler(HTTPException, lambda error: answer(from_http_exception(error), error))
    app.register_error_handler(Exception, _unexpected)


def from_http_exception(error: HTTPException) -> HubError:
    """The same refusal, raised by Werkzeug or flask-smorest, in our own terms."""
    status = error.code or 500
    violations = violations_of((getattr(error, "data", None) or {}).get("messages", {}))
    kind = _BY_STATUS.get(status, Invalid)
    detail = "The request breaks the rules listed." if violations else _sentence(error)
    if kind.status == status:
        return kind(detail, violations=violations)
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    made = type(f"Http{status}", (HubError,), {"status": status})(detail, code=code, violations=violations)
    assert isinstance(made, HubError)
    return made


def _sentence(error: HTTPException) -> str:
    """What was said where it was raised; in place of what Werkzeug always says, a sentence of ours."""
    is_standard = error.description == type(error).description
    found = _SENTENCES.get(error.code or 500) if is_standard else None
    return found or error.description or ""


def violations_of(told: Any) -> list[Violation]:
    """marshmallow's messages, flattened: one violation for each field and message."""
    found: list[Violation] = []

    def walk(where: str, messages: Any) -> None:
        if isinstance(messages, dict):
            for key, inner in messages.items():
                walk(f"{where}.{key}" if where else str(key), inner)
        else:
            listed = messages if isinstance(messages, list) else [messages]
            found.extend(Violation("request", where, str(message)) for message in listed)

    walk("", told)
    return found


def answer(error: HubError, original: HTTPException | None = None) -> Response:
    """The error in the form of the request's blueprint, with the headers of what Werkzeug raised, if it did."""
    dialects: dict[str, Renderer] = _current_dialects()
    response = dialects.get(request.blueprint or "", problem)(error)
    if original is not None:
        for name, value in original.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers.setdefault(name, value)
    return response


def _current_dialects() -> dict[str, Renderer]:
    found: dict[str, Renderer] = current_app.extensions.get(_DIALECTS, {})
    return found


def _unexpected(error: Exception) -> Response:
    log.error("request_failed", path=request.path, exc_info=error)
    return answer(HubError("Something went wrong on our side. The request id finds it in the log."))
