"""How often one caller may ask: Flask-Limiter counts in Redis, for all processes, and every answer tells what is left.

The header fields are those of draft-ietf-httpapi-ratelimit-headers: what the policy is, and what is left of it.
Programs are counted at the API by who they are, and at the authorization server by their network address, people where
they change something in the console. The LRS counts for each credential by itself, and the player not at all.
"""

import time

import redis
from flask import Flask, Response, g, request
from flask_limiter import Limiter, RequestLimit
from limits.errors import StorageError

from hub.errors import TooMany, Unavailable, say
from hub.http.problem import answer
from hub.oauth.spec.addresses import network_of

WINDOW_SECONDS = 60
_API, _OAUTH, _UPLOADS = "/api/", "/oauth/", "/api/v1/uploads/"
#: People with a session: at home, and those who run the Hub in a tenant that is not their own.
_PEOPLE = frozenset({"user", "super_administrator"})
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: A piece of an upload (tus 1.0.0) is no request of its own: the upload was counted when it was begun.
_PIECE = "application/offset+octet-stream"


def install_rate_limits(app: Flask, redis_url: str, per_minute: int) -> None:
    """Count the requests of the app once it is known who asks."""
    pool = redis.ConnectionPool.from_url(redis_url, socket_timeout=5, socket_connect_timeout=5)
    limiter = Limiter(
        lambda: ":".join(_caller() or ()),
        app=app,
        application_limits=[f"{per_minute}/minute"],
        storage_uri="redis://",
        storage_options={"connection_pool": pool, "wrap_exceptions": True},  # type: ignore[dict-item]
        on_breach=_refuse,
    )
    limiter.request_filter(lambda: _caller() is None)
    app.register_error_handler(StorageError, _cannot_count)

    def tell(response: Response) -> Response:
        limit = limiter.current_limit
        if limit is not None and (caller := _caller()) is not None:
            name, allowed = caller[0], limit.limit.amount
            response.headers["RateLimit-Policy"] = f'"{name}";q={allowed};w={WINDOW_SECONDS}'
            response.headers["RateLimit"] = f'"{name}";r={limit.remaining};t={_seconds_left(limit)}'
        return response

    app.after_request(tell)


def _refuse(limit: RequestLimit) -> None:
    seconds = _seconds_left(limit)
    raise TooMany(
        say(
            "More than %(limit)s requests in a minute. Go on in %(seconds)s s.",
            limit=limit.limit.amount,
            seconds=seconds,
        ),
        headers={"Retry-After": str(seconds)},
    )


def _seconds_left(limit: RequestLimit) -> int:
    """Until the minute is over that the first request began."""
    return min(max(limit.reset_at - int(time.time()), 1), WINDOW_SECONDS)


def _cannot_count(_: Exception) -> Response:
    return answer(Unavailable("Redis does not answer.", code="redis_unavailable"))


def _caller() -> tuple[str, str] | None:
    """As what and as whom the request is counted; None for one that is not."""
    is_piece = request.path.startswith(_UPLOADS) and request.mimetype == _PIECE
    if request.endpoint is None or request.method == "OPTIONS" or is_piece:
        return None
    known = g.get("principal")
    is_change = request.method in _CHANGING
    if request.path.startswith(_API) or (is_change and known is not None and known.kind in _PEOPLE):
        return ("user", f"{known.kind}:{known.id}") if known is not None else _address()
    return _address() if is_change and request.path.startswith(_OAUTH) else None


def _address() -> tuple[str, str]:
    return "address", network_of(request.remote_addr or "")
