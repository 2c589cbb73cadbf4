"""Registrations: one learner's use of one package, with its attempts and what was tracked in them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable, say
from hub.identity import EVERYTHING, Principal, Reached
from hub.ports import Clock, Ids
from hub.scorm.services.courses import Course, Courses
from hub.scorm.services.learners import LearnerView, view_of
from hub.scorm.services.package_settings import kept_with_attempt, settings_of_version
from hub.scorm.services.results import ResultView, Status, result_view, status, tracking_of
from hub.scorm.spec.statements import clean
from hub.scorm.storage import courses as versions
from hub.scorm.storage import learners, registrations
from hub.scorm.storage.registrations import STATUSES as STATUSES
from hub.scorm.storage.registrations import Filters as Filters
from hub.scorm.storage.registrations import Row
from hub.scorm.storage.tables_runtime import Attempt, Launch, Registration, RuntimeState

#: In which mode a registration may be opened.
MODES = ("normal", "browse", "review")

_LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """A registration as others see it; its id is the xAPI registration."""

    id: UUID
    external_id: str
    learner: LearnerView
    package_id: UUID
    package_external_id: str
    package_title: str
    package_version_id: UUID
    context_key: str
    mode: str
    status: Status
    result: ResultView
    began_at: datetime | None
    completed_at: datetime | None
    changed_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ActivityView:
    """One activity of the course with what was tracked of it.

    `values` are its run-time data for people to read: characters that no text may hold are replaced.
    """

    identifier: str
    title: str
    depth: int
    has_content: bool
    status: Status
    result: ResultView | None
    progress: float | None
    location: str
    sessions: int
    values: Mapping[str, str]
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt with its activities in the order of the course."""

    id: UUID
    number: int
    result: ResultView
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    activities: Sequence[ActivityView]


@dataclass(frozen=True, slots=True)
class LaunchView:
    """One opening of the player."""

    id: UUID
    mode: str
    created_at: datetime
    opened_at: datetime | None
    ended_at: datetime | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class RegistrationDetail:
    """A registration with everything beneath it."""

    registration: RegistrationView
    attempts: Sequence[AttemptView]
    launches: Sequence[LaunchView]


class Registrations:
    """Make, find and look into registrations."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, courses: Courses) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._courses = courses

    def ensure(
        self,
        principal: Principal,
        learner_id: UUID,
        package_id: UUID,
        context_key: str = "",
        external_id: str | None = None,
        *,
        within: UnitOfWork | None = None,
    ) -> RegistrationView:
        """The registration of a learner for a package in a context: found, or made on the published version.

        `context_key` tells apart uses that must not share progress, such as two links of a platform. `external_id`
        is a caller's own id for a new registration, up to 255 characters. `within` is a transaction of the caller's
        that this is a part of.
        """
        principal.require("registrations.write")
        _check_text("id", external_id)
        _check_text("context key", context_key or None)
        with self._db.joined(within, principal.tenant_id) as work:
            session, tenant_id = work.session, principal.tenant_id
            version_id = _version_to_start(session, tenant_id, package_id)
            reach = principal.reach("registrations.write")
            if learners.find(session, tenant_id, learner_id, reach) is None:
                raise NotFound("There is no such learner.", code="learner_not_found")
            new_id = self._ids.uuid()
            registration_id = registrations.ensure(
                session,
                {
                    "id": new_id,
                    "tenant_id": tenant_id,
                    "external_id": external_id or str(new_id),
                    "learner_id": learner_id,
                    "package_id": package_id,
                    "package_version_id": version_id,
                    "context_key": context_key,
                    "changed_at": self._clock.now(),
                },
            )
            if registration_id is None:
                detail = say("There is a registration with the id %(id)s already.", id=external_id)
                raise Conflict(detail, code="id_taken")
            if registrations.find(session, tenant_id, registration_id, reach) is None:
                raise Forbidden(
                    "You may register learners in the contexts of your own cohorts only.", code="not_your_context"
                )
            return _found(session, tenant_id, registration_id)

    def start(
        self,
        principal: Principal,
        learner_id: UUID,
        package_external_id: str,
        context_key: str = "",
        external_id: str | None = None,
    ) -> RegistrationView:
        """As `ensure`, for a package by the id that the API knows it by."""
        with self._db.read(principal.tenant_id) as session:
            package_id = versions.package_of(session, principal.tenant_id, package_external_id)
        if package_id is None:
            raise NotFound("There is no such package.", code="package_not_found")
        return self.ensure(principal, learner_id, package_id, context_key, external_id)

    def page(
        self, principal: Principal, filters: Filters, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[RegistrationView]:
        """Registrations, the newest first, from beyond the sort key `after` (created_at, id) on."""
        principal.require("registrations.read")
        if filters.status is not None and filters.status not in STATUSES:
            raise Invalid(say("status is one of %(statuses)s.", statuses=", ".join(STATUSES)), code="bad_status")
        with self._db.read(principal.tenant_id) as session:
            reach = principal.reach("registrations.read")
            return [
                _view(row) for row in registrations.page(session, principal.tenant_id, filters, after, limit, reach)
            ]

    def of_context(self, principal: Principal, context_key: str, limit: int) -> list[RegistrationView]:
        """The registrations of one context (those that came by one link of a platform, say), the newest first."""
        return self.page(principal, Filters(context_key=context_key), None, limit)

    def find(self, principal: Principal, external_id: str) -> UUID:
        """The id of the registration that the API knows by `external_id`. Raises `NotFound`."""
        principal.require("registrations.read")
        with self._db.read(principal.tenant_id) as session:
            reach = principal.reach("registrations.read")
            found = registrations.find_by_external_id(session, principal.tenant_id, external_id, reach)
        if found is None:
            raise NotFound("There is no such registration.", code="registration_not_found")
        return found

    def get(self, principal: Principal, registration_id: UUID) -> RegistrationDetail:
        """One registration with its attempts, activities and launches. Raises `NotFound`."""
        principal.require("registrations.read")
        tenant_id = principal.tenant_id
        with self._db.read(principal.tenant_id) as session:
            found = _found(session, tenant_id, registration_id, principal.reach("registrations.read"))
            attempts = [
                _attempt_view(
                    attempt,
                    self._courses.find(session, tenant_id, attempt.package_version_id or found.package_version_id),
                    registrations.states(session, tenant_id, attempt.id),
                )
                for attempt in registrations.attempts(session, tenant_id, registration_id)
            ]
            launches = [_launch_view(row) for row in registrations.launches(session, tenant_id, registration_id)]
        return RegistrationDetail(found, attempts, launches)

    def begin_attempt(self, principal: Principal, registration_id: UUID) -> RegistrationView:
        """End the current attempt and begin a new one, on the version that is published now.

        What was tracked stays with the old attempt; the registration's result starts again.
        """
        principal.require("registrations.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = _held(work.session, principal, registration_id)
            attempt = begin_attempt(work.session, row, self._ids.uuid(), self._clock.now())
            self._audit(work.session, principal, "registration.attempt_begun", row, {"attempt": attempt.number})
            return _found(work.session, principal.tenant_id, registration_id)

    def reset(self, principal: Principal, registration_id: UUID) -> RegistrationView:
        """Remove all attempts with what was tracked, as if the learner had never begun.

        Statements stay in the LRS, and grades that were sent stay with their platform.
        """
        principal.require("registrations.write")
        now, tenant_id = self._clock.now(), principal.tenant_id
        with self._db.unit_of_work(tenant_id) as work:
            row = _held(work.session, principal, registration_id)
            details = {"attempts": registrations.remove_attempts(work.session, tenant_id, registration_id)}
            self._audit(work.session, principal, "registration.reset", row, details)
            row.package_version_id = _version_to_start(work.session, tenant_id, row.package_id)
            _start_again(row, now)
            work.session.flush()
            return _found(work.session, tenant_id, registration_id)

    def set_mode(self, principal: Principal, registration_id: UUID, mode: str) -> RegistrationView:
        """In which mode launches open the registration from now on: normal, browse or review.

        Browse and review show the content and record nothing; review shows what the learner left.
        """
        principal.require("registrations.write")
        if mode not in MODES:
            raise Invalid(say("mode is one of %(modes)s.", modes=", ".join(MODES)), code="bad_mode")
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = _held(work.session, principal, registration_id)
            details = {"before": row.mode, "after": mode}
            self._audit(work.session, principal, "registration.mode_set", row, details)
            row.mode, row.changed_at = mode, self._clock.now()
            work.session.flush()
            return _found(work.session, principal.tenant_id, registration_id)

    def _audit(
        self, session: Session, principal: Principal, action: str, row: Registration, details: Mapping[str, Any]
    ) -> None:
        record(session, self._ids.uuid(), principal, action, row.external_id, details)


def begin_attempt(session: Session, row: Registration, attempt_id: UUID, now: datetime) -> Attempt:
    """End what is open of a registration, and begin its next attempt on the version that is published now.

    The attempt keeps the settings that its result is reckoned by.
    """
    earlier = registrations.attempts(session, row.tenant_id, row.id)
    for attempt in earlier:
        if attempt.ended_at is None:
            registrations.end_attempt(session, row.tenant_id, attempt.id, now)
    if earlier:
        row.package_version_id = _version_to_start(session, row.tenant_id, row.package_id)
        _start_again(row, now)
    made = Attempt(
        id=attempt_id,
        tenant_id=row.tenant_id,
        registration_id=row.id,
        number=len(earlier) + 1,
        package_version_id=row.package_version_id,
        settings=kept_with_attempt(settings_of_version(session, row.tenant_id, row.package_version_id)),
        changed_at=now,
    )
    session.add(made)
    session.flush()
    return made


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """How one attempt stands."""

    id: UUID
    result: ResultView
    began_at: datetime | None
    completed_at: datetime | None


def results_of_attempts(session: Session, tenant_id: UUID, registration_id: UUID) -> list[AttemptResult]:
    """The results of a registration's attempts, the oldest first, in the caller's transaction."""
    found = registrations.attempts(session, tenant_id, registration_id)
    return [AttemptResult(row.id, result_view(row), row.began_at, row.completed_at) for row in found]


def _held(session: Session, principal: Principal, registration_id: UUID) -> Registration:
    reach = principal.reach("registrations.write")
    row = registrations.lock(session, principal.tenant_id, registration_id, reach)
    if row is None:
        raise NotFound("There is no such registration.", code="registration_not_found")
    return row


def _start_again(row: Registration, now: datetime) -> None:
    row.completion, row.success = "unknown", "unknown"
    row.score_scaled = row.score_raw = row.score_min = row.score_max = None
    row.duration_seconds = 0.0
    row.began_at = row.completed_at = None
    row.changed_at = now


def _version_to_start(session: Session, tenant_id: UUID, package_id: UUID) -> UUID:
    exists, version_id = versions.published_version(session, tenant_id, package_id)
    if not exists:
        raise NotFound("There is no such package.", code="package_not_found")
    if version_id is None:
        raise Unprocessable("The package has no published version yet, so nobody can start it.", code="not_published")
    return version_id


def _check_text(name: str, value: str | None) -> None:
    if value is not None and not (0 < len(value) <= _LONGEST_ID and value.isprintable()):
        detail = say("A registration's %(name)s has 1 to %(most)s printable characters.", name=name, most=_LONGEST_ID)
        raise Invalid(detail, code="bad_id")


def _found(session: Session, tenant_id: UUID, registration_id: UUID, reach: Reached = EVERYTHING) -> RegistrationView:
    row = registrations.find(session, tenant_id, registration_id, reach)
    if row is None:
        raise NotFound("There is no such registration.", code="registration_not_found")
    return _view(row)


def _view(row: Row) -> RegistrationView:
    found = row.registration
    return RegistrationView(
        id=found.id,
        external_id=found.external_id,
        learner=view_of(row.learner),
        package_id=found.package_id,
        package_external_id=row.package_external_id,
        package_title=row.package_title,
        package_version_id=found.package_version_id,
        context_key=found.context_key,
        mode=found.mode,
        status=status(tracking_of(found), begun=found.began_at is not None),
        result=result_view(found),
        began_at=found.began_at,
        completed_at=found.completed_at,
        changed_at=found.changed_at,
        created_at=found.created_at,
    )


def _attempt_view(attempt: Attempt, course: Course, states: Sequence[RuntimeState]) -> AttemptView:
    by_activity = {state.activity_id: state for state in states}
    empty = ActivityView("", "", 0, False, "not_begun", None, None, "", 0, {}, None)
    activities = []
    for activity in course.activities:
        view = replace(
            empty,
            identifier=activity.node.id,
            title=activity.node.title,
            depth=activity.depth,
            has_content=activity.node.launchable,
        )
        state = by_activity.get(activity.id)
        activities.append(view if state is None else _with_state(view, state))
    return AttemptView(
        attempt.id,
        attempt.number,
        result_view(attempt),
        attempt.created_at,
        attempt.changed_at,
        attempt.ended_at,
        activities,
    )


def _with_state(view: ActivityView, state: RuntimeState) -> ActivityView:
    tracking = tracking_of(state)
    return replace(
        view,
        status=status(tracking, begun=True),
        result=result_view(state),
        progress=tracking.progress,
        location=state.location,
        sessions=state.session,
        values={clean(name): clean(value) for name, value in json.loads(state.values).items()},
        changed_at=state.changed_at,
    )


def _launch_view(row: Launch) -> LaunchView:
    return LaunchView(row.id, row.mode, row.created_at, row.opened_at, row.ended_at, row.user_agent)
