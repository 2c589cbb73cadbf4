"""Tenants that are suspended, or removed: nobody signs in, no credential is taken, no launch begins."""

from collections.abc import Callable
from time import monotonic
from uuid import UUID

from hub.errors import Forbidden

#: How long a process may go on without asking again.
MEMORY_SECONDS = 1.0


def suspended() -> Forbidden:
    """What somebody is told who comes to a suspended tenant."""
    return Forbidden("This organisation is suspended. Ask whoever runs the Hub.", code="tenant_suspended")


class Suspensions:
    """Which tenants are suspended or removed, asked for once a second at most; `read` looks them up."""

    def __init__(self, read: Callable[[], frozenset[UUID]]) -> None:
        self._read = read
        self._known: frozenset[UUID] = frozenset()
        self._until = 0.0

    def require_open(self, tenant_id: UUID) -> None:
        """`Forbidden` while the tenant is suspended."""
        now = monotonic()
        if now >= self._until:
            self._until = now + MEMORY_SECONDS  # First, so that of many threads one asks.
            self._known = self._read()
        if tenant_id in self._known:
            raise suspended()

    def forget(self) -> None:
        """Ask again at the next occasion."""
        self._until = 0.0
