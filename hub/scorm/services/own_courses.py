"""One's own courses: what a person who signed in is registered for, and playing it."""

from datetime import datetime
from uuid import UUID

from hub.identity import Principal
from hub.scorm.services.launches import Launches, LaunchLink
from hub.scorm.services.registrations import Filters, RegistrationDetail, Registrations, RegistrationView


class OwnCourses:
    """The registrations of the learners that an account is connected with."""

    def __init__(self, registrations: Registrations, launches: Launches) -> None:
        self._registrations = registrations
        self._launches = launches

    def page(
        self, principal: Principal, after: tuple[datetime, UUID] | None = None, limit: int = 50
    ) -> list[RegistrationView]:
        """Up to `limit` of one's own registrations, the newest first, those after the sort key (created_at, id)."""
        return self._registrations.page(principal.as_learner(), Filters(), after, limit)

    def get(self, principal: Principal, registration_id: UUID) -> RegistrationDetail:
        """One of them. Raises `NotFound` for somebody else's."""
        return self._registrations.get(principal.as_learner(), registration_id)

    def play(self, principal: Principal, registration_id: UUID, return_url: str | None, locale: str) -> LaunchLink:
        """The address of the player: where one left off, or at the beginning."""
        return self._launches.create(principal.as_learner(), registration_id, return_url=return_url, locale=locale)
