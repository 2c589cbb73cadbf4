"""Server-sent events (HTML Living Standard section 9.2): the state of something, told whenever it changes.

A stream holds a thread of the web server, which courses and grades need too. So a process has only a few places for
streams, and a stream lasts less than a minute; the browser connects again by itself and says by `Last-Event-ID` what it
knows. Who gets no place is answered 503 and asks from time to time instead.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from threading import BoundedSemaphore

from flask import Response, request

from hub.errors import HubError, Unavailable

#: Streams of one web server process at the same time.
PLACES = 16
LASTS_SECONDS = 50.0
_LOOK_EVERY_SECONDS = 0.5
#: How often a quiet stream says that it is alive; this is also how soon a browser that went away is noticed.
_COMMENT_EVERY_SECONDS = 5.0
_RECONNECT_MILLISECONDS = 2000

_places = BoundedSemaphore(PLACES)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How one of the things that a stream follows is now: `data` is one line of JSON."""

    key: str
    data: bytes
    is_final: bool

    @property
    def id(self) -> str:
        """The event's id: the same for the same state."""
        return blake2b(self.key.encode() + b"\0" + self.data, digest_size=9).hexdigest()


def event_stream(name: str, look: Callable[[], Sequence[Snapshot]]) -> Response:
    """Events called `name`, one for each change that `look` sees; `end` once everything is final.

    `look` runs outside of the request. 204 when nothing can change any more and the browser knows the last state:
    it then stops connecting. `Unavailable` when all places are taken.
    """
    known = request.headers.get("Last-Event-ID", "")
    first = look()
    if all(one.is_final for one in first) and known in {one.id for one in first}:
        return Response(status=204)
    if not _places.acquire(blocking=False):
        raise Unavailable("Too many people follow events just now; ask for the state instead.", code="no_place")
    response = Response(_events(name, look, first, known), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # A proxy that collects answers would hold events back.
    response.call_on_close(_places.release)
    return response


def _events(
    name: str, look: Callable[[], Sequence[Snapshot]], snapshots: Sequence[Snapshot], known: str
) -> Iterator[bytes]:
    yield f"retry: {_RECONNECT_MILLISECONDS}\n\n".encode()
    sent: dict[str, str] = {}
    until = time.monotonic() + LASTS_SECONDS
    quiet_since = time.monotonic()
    while True:
        for one in snapshots:
            if one.id != sent.get(one.key, known):
                sent[one.key] = one.id
                quiet_since = time.monotonic()
                yield f"id: {one.id}\nevent: {name}\ndata: ".encode() + one.data + b"\n\n"
        if all(one.is_final for one in snapshots):
            yield b"event: end\ndata: {}\n\n"
            return
        if time.monotonic() > until:
            return
        if time.monotonic() - quiet_since > _COMMENT_EVERY_SECONDS:
            quiet_since = time.monotonic()
            yield b": nothing new\n\n"
        time.sleep(_LOOK_EVERY_SECONDS)
        try:
            snapshots = look()
        except HubError:  # The browser connects again.
            return
