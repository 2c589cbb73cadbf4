"""What a view may ask of the request it serves."""

import random
import re
from typing import Any, TypeVar, cast

import structlog
from flask import Flask, Response, current_app, g, request

from hub.db.audit import Origin, set_origin
from hub.errors import Invalid, Unauthenticated
from hub.identity import Principal

Service = TypeVar("Service")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

SERVICES = "hub.services"


def service(kind: type[Service]) -> Service:
    """The instance of a service class that `hub.bootstrap` built."""
    return cast(Service, current_app.extensions[SERVICES][kind])


def principal() -> Principal:
    """Who is asking. Raises `Unauthenticated` when nobody is known (only a public endpoint can get here so)."""
    known: Principal | None = g.get("principal")
    if known is None:
        raise Unauthenticated("This needs a credential.")
    return known


def request_id() -> str:
    """The id of this request: in every log line, every problem document and the X-Request-Id header."""
    return str(g.get("request_id", ""))


def chosen_request_id(given: str) -> str:
    """The id that the client gave its request, if it is one, or a new one. It is no secret."""
    return given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(64):016x}"


def install_context(app: Flask, services: dict[type, Any]) -> None:
    """Give the app its services, and each request its id."""
    app.extensions[SERVICES] = services
    app.before_request(_begin)
    app.after_request(_stamp)


def _begin() -> None:
    g.request_id = chosen_request_id(request.headers.get("X-Request-Id", ""))
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    set_origin(Origin(request.remote_addr, g.request_id))
    if "\0" in request.path or any("\0" in value for _, value in request.args.items(multi=True)):
        raise Invalid("The address has a zero character.")  # PostgreSQL knows no such text.


def _stamp(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    return response
