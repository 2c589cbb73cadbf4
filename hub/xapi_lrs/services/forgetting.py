"""What processes remember of statements, so as to be fast, is forgotten by all of them after an erasure.

Parts of statements, authorities and the terms that they are found under stay in the memory of each process. The one
that erases leaves a mark in Redis; the others see it when the next statements come to them, within a few seconds.
"""

import time
from collections.abc import Callable

from hub.errors import Unavailable
from hub.ports import Ids, Transients

_KEY = "lrs.forgotten"
_KEPT_SECONDS = 7 * 24 * 3600
#: How often a process that takes in statements looks.
LOOK_SECONDS = 5.0


class Forgetting:
    """Spreads that something is to be forgotten, and heeds it."""

    def __init__(self, transients: Transients, ids: Ids) -> None:
        self._transients = transients
        self._ids = ids
        self._clear: list[Callable[[], None]] = []
        self._heeded: bytes | None = None
        self._next_look = time.monotonic() + LOOK_SECONDS

    def clears(self, *steps: Callable[[], None]) -> None:
        """Name what is to be done to forget."""
        self._clear += steps

    def spread(self) -> None:
        """Forget, and let every other process do so."""
        self._transients.put(_KEY, self._ids.secret().encode(), _KEPT_SECONDS)
        self._next_look = 0.0
        self.heed()

    def heed(self) -> None:
        """Forget if another process says so. Costs nothing but a look at the clock most of the time."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        try:
            mark = self._transients.get(_KEY)
        except Unavailable:  # Looked for again soon.
            return
        if mark is not None and mark != self._heeded:
            for step in self._clear:
                step()
            self._heeded = mark
