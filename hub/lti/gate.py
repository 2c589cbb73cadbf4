"""A gate: how many threads of a process may wait for platforms at the same time.

A platform that hangs, or a hostile one, must not hold so many threads that there are none left for others.
"""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from hub.errors import TooMany


class Gate:
    """Lets so many in for each name (a platform, an address), and so many in all; nobody waits before it."""

    def __init__(self, each: int, in_all: int) -> None:
        self._each = each
        self._in_all = in_all
        self._inside: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def passed(self, name: Hashable) -> Iterator[None]:
        """Be inside under this name; raises `TooMany` at once where there is no room."""
        with self._lock:
            if self._inside[name] >= self._each or self._inside.total() >= self._in_all:
                raise TooMany(
                    "Too many wait for the platform's answer already; try again in a few seconds.",
                    code="lti_platform_busy",
                    headers={"Retry-After": "10"},
                )
            self._inside[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[name] -= 1
                if not self._inside[name]:
                    del self._inside[name]
