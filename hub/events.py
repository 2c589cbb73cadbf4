"""News that travels upward between areas.

A lower area publishes on its unit of work; handlers run at once, inside the same transaction, so that what they write
(usually an outbox row) commits or vanishes with the cause. Handlers are subscribed in `hub.bootstrap` only.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from hub.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class RegistrationProgressed:
    """The result of a registration changed: course status, score or both.

    `completion` is "completed", "incomplete" or "unknown"; `success` "passed", "failed" or "unknown". `score_scaled`
    is -1..1, `score_raw` lies between `score_min` and `score_max` where the content gave them. `duration_seconds` is
    the total time.
    """

    tenant_id: UUID
    registration_id: UUID
    attempt_id: UUID
    completion: str
    success: str
    score_scaled: float | None
    score_raw: float | None
    score_min: float | None
    score_max: float | None
    duration_seconds: float
    began_at: datetime
    changed_at: datetime
    ended: bool


@dataclass(frozen=True, slots=True)
class TenantCreated:
    """A tenant was made; areas give it what every tenant has (the LRS its default store)."""

    tenant_id: UUID


Handler = Callable[["UnitOfWork", Any], None]


class Events:
    """Who wants to hear what."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Handler]] = defaultdict(list)

    def subscribe(self, event: type, handler: Handler) -> None:
        """Call `handler(unit_of_work, event)` for every published event of that type."""
        self._handlers[event].append(handler)

    def publish(self, work: "UnitOfWork", event: object) -> None:
        """Run the handlers of the event, in the order of their subscription."""
        for handler in self._handlers[type(event)]:
            handler(work, event)
