"""Queries on registrations, their attempts and launches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.identity import Reached
from hub.scorm.storage import settings
from hub.scorm.storage.reach import registrations_within
from hub.scorm.storage.tables import Package
from hub.scorm.storage.tables_runtime import Attempt, Launch, Learner, Registration, RuntimeState


@dataclass(frozen=True, slots=True)
class Filters:
    """What a listing is narrowed to; None means any. `status` is a word of `STATUSES`."""

    package_id: UUID | None = None
    package_external_id: str | None = None
    learner_id: UUID | None = None
    status: str | None = None
    search: str | None = None
    context_key: str | None = None


#: The states of a registration that people filter by.
STATUSES = ("not_begun", "in_progress", "completed", "passed", "failed")

_CONDITIONS: dict[str, Any] = {
    "not_begun": Registration.began_at.is_(None),
    "in_progress": (Registration.began_at.is_not(None))
    & (Registration.completion != "completed")
    & (Registration.success == "unknown"),
    "completed": Registration.completion == "completed",
    "passed": Registration.success == "passed",
    "failed": Registration.success == "failed",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A registration with its learner and what its package is called."""

    registration: Registration
    learner: Learner
    package_external_id: str
    package_title: str


def _rows(tenant_id: UUID) -> Select[Registration, Learner, str, str]:
    return (
        select(Registration, Learner, Package.external_id, Package.title)
        .join(Learner, Learner.id == Registration.learner_id)
        .join(Package, Package.id == Registration.package_id)
        .where(Registration.tenant_id == tenant_id)
    )


def ensure(session: Session, values: dict[str, Any]) -> UUID | None:
    """The id of the registration with these values' tenant, learner, package and context: found, or made of them.

    None when there is none and another one has the external id.
    """
    made = session.execute(insert(Registration).values(**values).on_conflict_do_nothing().returning(Registration.id))
    registration_id = made.scalar_one_or_none()
    if registration_id is not None:
        return registration_id
    keys = ("tenant_id", "learner_id", "package_id", "context_key")
    conditions = [getattr(Registration, key) == values[key] for key in keys]
    return session.scalars(select(Registration.id).where(*conditions)).one_or_none()


def find(session: Session, tenant_id: UUID, registration_id: UUID, reach: Reached) -> Row | None:
    """The registration, if the tenant has it and it is within `reach`."""
    query = _rows(tenant_id).where(Registration.id == registration_id, registrations_within(reach))
    row = session.execute(query).one_or_none()
    return None if row is None else Row(*row)


def find_by_external_id(session: Session, tenant_id: UUID, external_id: str, reach: Reached) -> UUID | None:
    """The registration within `reach` that the API knows by this id."""
    return session.scalars(
        select(Registration.id).where(
            Registration.tenant_id == tenant_id, Registration.external_id == external_id, registrations_within(reach)
        )
    ).one_or_none()


def page(
    session: Session,
    tenant_id: UUID,
    filters: Filters,
    after: tuple[datetime, UUID] | None,
    limit: int,
    reach: Reached,
) -> Sequence[Row]:
    """The newest registrations within `reach` first, from beyond the sort key `after` on."""
    query = _rows(tenant_id).where(registrations_within(reach))
    if filters.package_id:
        query = query.where(Registration.package_id == filters.package_id)
    if filters.package_external_id:
        query = query.where(Package.external_id == filters.package_external_id)
    if filters.learner_id:
        query = query.where(Registration.learner_id == filters.learner_id)
    if filters.status:
        query = query.where(_CONDITIONS[filters.status])
    if filters.context_key is not None:
        query = query.where(Registration.context_key == filters.context_key)
    if filters.search:
        pattern = f"%{_escaped(filters.search)}%"
        query = query.where(
            or_(Learner.name.ilike(pattern), Learner.email.ilike(pattern), Learner.subject == filters.search)
        )
    if after:
        query = query.where(tuple_(Registration.created_at, Registration.id) < after)
    ordered = query.order_by(Registration.created_at.desc(), Registration.id.desc()).limit(limit)
    return [Row(*row) for row in session.execute(ordered)]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def lock(session: Session, tenant_id: UUID, registration_id: UUID, reach: Reached) -> Registration | None:
    """The registration if it is within `reach`, held until the end of the transaction."""
    return session.scalars(
        select(Registration)
        .where(Registration.tenant_id == tenant_id, Registration.id == registration_id, registrations_within(reach))
        .with_for_update()
    ).one_or_none()


@dataclass(frozen=True, slots=True)
class ToLaunch:
    """A registration with what a launch goes by: whether its package is still there, and what is set for it."""

    registration: Registration
    has_package: bool
    settings: settings.Both


# Made once: to put a query of this size together takes longer than to run it.
_TO_LAUNCH = (
    select(Registration, Package.deleted_at.is_(None), settings.column(Registration.package_version_id))
    .join(Package, Package.id == Registration.package_id)
    .where(Registration.tenant_id == bindparam("tenant"), Registration.id == bindparam("registration"))
    .with_for_update(of=Registration)
)


def lock_to_launch(session: Session, tenant_id: UUID, registration_id: UUID, reach: Reached) -> ToLaunch | None:
    """The registration with its package if it is within `reach`, held until the end of the transaction."""
    query = _TO_LAUNCH if reach.is_everything else _TO_LAUNCH.where(registrations_within(reach))
    row = session.execute(query, {"tenant": tenant_id, "registration": registration_id}).one_or_none()
    return None if row is None else ToLaunch(row[0], row[1], settings.both(row[2]))


def attempts(session: Session, tenant_id: UUID, registration_id: UUID) -> Sequence[Attempt]:
    """Its attempts, the first one first."""
    return session.scalars(
        select(Attempt)
        .where(Attempt.tenant_id == tenant_id, Attempt.registration_id == registration_id)
        .order_by(Attempt.number)
    ).all()


def launches(session: Session, tenant_id: UUID, registration_id: UUID, limit: int = 100) -> Sequence[Launch]:
    """Its launches, the newest first."""
    return session.scalars(
        select(Launch)
        .where(Launch.tenant_id == tenant_id, Launch.registration_id == registration_id)
        .order_by(Launch.created_at.desc())
        .limit(limit)
    ).all()


def states(session: Session, tenant_id: UUID, attempt_id: UUID) -> Sequence[RuntimeState]:
    """The run-time states of an attempt."""
    return session.scalars(
        select(RuntimeState).where(RuntimeState.tenant_id == tenant_id, RuntimeState.attempt_id == attempt_id)
    ).all()


def remove_attempts(session: Session, tenant_id: UUID, registration_id: UUID) -> int:
    """Remove all attempts with everything that hangs on them; how many it were."""
    gone = session.scalars(
        delete(Attempt)
        .where(Attempt.tenant_id == tenant_id, Attempt.registration_id == registration_id)
        .returning(Attempt.id)
    )
    return len(gone.all())


def end_attempt(session: Session, tenant_id: UUID, attempt_id: UUID, now: datetime) -> None:
    """Close an attempt; its launches may not write any more."""
    session.execute(
        update(Attempt)
        .where(Attempt.tenant_id == tenant_id, Attempt.id == attempt_id)
        .values(ended_at=now, launch_id=None, changed_at=now)
    )
