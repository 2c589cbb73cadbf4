"""How often one caller may ask: a count for each minute of the clock, told in every answer.

The header fields are those of draft-ietf-httpapi-ratelimit-headers: what the policy is, and what is left of it.
Programs are counted at the API by who they are, and at the authorization server by their network address, people where
they change something in the console. The LRS counts for each credential by itself, and the player not at all.
"""

from dataclasses import dataclass

from flask import Flask, Response, g, request

from hub.errors import TooMany
from hub.http.context import service
from hub.ports import Clock, Transients

WINDOW_SECONDS = 60
_API, _OAUTH, _UPLOADS = "/api/", "/oauth/", "/api/v1/uploads/"
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: A piece of an upload (tus 1.0.0) is no request of its own: the upload was counted when it was begun.
_PIECE = "application/offset+octet-stream"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller may still do: `remaining` of `limit` requests (below 0: one too many), anew in `seconds`."""

    name: str
    limit: int
    remaining: int
    seconds: int


class RateLimits:
    """Counts requests in short-lived values that all processes share."""

    def __init__(self, transients: Transients, clock: Clock, per_minute: int) -> None:
        self._transients = transients
        self._clock = clock
        self._per_minute = per_minute

    def count(self, name: str, who: str) -> Allowance:
        """Count a request of `who`, as the kind of caller that `name` says."""
        now = self._clock.now()
        asked = self._transients.increment(f"rate:{name}:{who}:{now:%H%M}", WINDOW_SECONDS + 30)
        return Allowance(name, self._per_minute, self._per_minute - asked, WINDOW_SECONDS - now.second)


def install_rate_limits(app: Flask) -> None:
    """Count the requests of the app once it is known who asks."""

    def count() -> None:
        caller = _caller()
        if caller is None:
            return
        g.rate = service(RateLimits).count(*caller)
        if g.rate.remaining < 0:
            raise TooMany(
                f"More than {g.rate.limit} requests in a minute. Go on in {g.rate.seconds} s.",
                headers={"Retry-After": str(g.rate.seconds)},
            )

    def tell(response: Response) -> Response:
        rate: Allowance | None = g.get("rate")
        if rate is not None:
            response.headers["RateLimit-Policy"] = f'"{rate.name}";q={rate.limit};w={WINDOW_SECONDS}'
            response.headers["RateLimit"] = f'"{rate.name}";r={max(rate.remaining, 0)};t={rate.seconds}'
        return response

    app.before_request(count)
    app.after_request(tell)


def _caller() -> tuple[str, str] | None:
    """Whose request it is; None for one that is not counted."""
    is_piece = request.path.startswith(_UPLOADS) and request.mimetype == _PIECE
    if request.endpoint is None or request.method == "OPTIONS" or is_piece:
        return None
    known = g.get("principal")
    is_change = request.method in _CHANGING
    if request.path.startswith(_API) or (is_change and known is not None and known.kind == "user"):
        return ("user", f"{known.kind}:{known.id}") if known is not None else ("address", request.remote_addr or "")
    return ("address", request.remote_addr or "") if is_change and request.path.startswith(_OAUTH) else None
