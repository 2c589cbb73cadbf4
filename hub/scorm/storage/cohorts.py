"""Queries on cohorts, their members and leaders, and on mentors."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.db.tables import User
from hub.identity import Reached
from hub.scorm.storage.reach import COHORT_CONTEXT, cohorts_within
from hub.scorm.storage.tables import Package
from hub.scorm.storage.tables_reach import Cohort, CohortLeader, CohortMember, Mentoring
from hub.scorm.storage.tables_runtime import Learner, Registration

Pairs = type[CohortMember] | type[CohortLeader] | type[Mentoring]


def context_of(cohort_id: UUID) -> str:
    """The context of what a cohort is enrolled for."""
    return f"{COHORT_CONTEXT}{cohort_id}"


def _counted(tenant_id: UUID, reach: Reached) -> Select[Cohort, int]:
    members = select(func.count()).where(CohortMember.cohort_id == Cohort.id).scalar_subquery()
    return select(Cohort, members).where(Cohort.tenant_id == tenant_id, cohorts_within(reach))


def page(
    session: Session, tenant_id: UUID, reach: Reached, search: str, after: tuple[str, UUID] | None, limit: int
) -> Sequence[tuple[Cohort, int]]:
    """Cohorts within `reach` with the number of their members, by name, from beyond (name, id) on.

    `search` is a part of their names.
    """
    query = _counted(tenant_id, reach)
    if search:
        query = query.where(Cohort.name.icontains(search, autoescape=True))
    if after is not None:
        query = query.where(tuple_(Cohort.name, Cohort.id) > after)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Cohort.name, Cohort.id).limit(limit))]


def find(session: Session, tenant_id: UUID, cohort_id: UUID, reach: Reached) -> tuple[Cohort, int] | None:
    """The cohort with the number of its members, if it is within `reach`."""
    row = session.execute(_counted(tenant_id, reach).where(Cohort.id == cohort_id)).one_or_none()
    return None if row is None else (row[0], row[1])


def leaders(session: Session, tenant_id: UUID, cohort_id: UUID) -> Sequence[User]:
    """Who leads a cohort, by name."""
    return _people(
        session, CohortLeader.user_id, CohortLeader.tenant_id == tenant_id, CohortLeader.cohort_id == cohort_id
    )


def mentors(session: Session, tenant_id: UUID, learner_id: UUID) -> Sequence[User]:
    """To whom a learner is assigned, by name."""
    wanted = Mentoring.tenant_id == tenant_id, Mentoring.learner_id == learner_id
    return _people(session, Mentoring.user_id, *wanted)


def _people(session: Session, joined: InstrumentedAttribute[UUID], *conditions: ColumnElement[bool]) -> Sequence[User]:
    return session.scalars(
        select(User).join(joined.class_, joined == User.id).where(*conditions).order_by(User.name, User.id)
    ).all()


def members(
    session: Session, tenant_id: UUID, cohort_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Learner]:
    """The learners of a cohort, the newest first, from beyond (created_at, id) on."""
    query = (
        select(Learner)
        .join(CohortMember, CohortMember.learner_id == Learner.id)
        .where(CohortMember.tenant_id == tenant_id, CohortMember.cohort_id == cohort_id)
    )
    if after is not None:
        query = query.where(tuple_(Learner.created_at, Learner.id) < after)
    return session.scalars(query.order_by(Learner.created_at.desc(), Learner.id.desc()).limit(limit)).all()


def connect(session: Session, table: Pairs, rows: Iterable[dict[str, UUID]]) -> int:
    """Add pairs to a table of pairs; how many were not there before."""
    values = list(rows)
    if not values:
        return 0
    made = session.execute(insert(table).values(values).on_conflict_do_nothing().returning(table.tenant_id))
    return len(made.all())


def disconnect(session: Session, table: Pairs, tenant_id: UUID, **pair: UUID) -> bool:
    """Remove a pair; whether it was there."""
    conditions = [getattr(table, name) == value for name, value in pair.items()]
    gone = session.execute(delete(table).where(table.tenant_id == tenant_id, *conditions).returning(table.tenant_id))
    return bool(gone.all())


def progress(session: Session, tenant_id: UUID, cohort_id: UUID) -> Sequence[Row[str, str, int, int, int, int, int]]:
    """Of each package that the cohort is enrolled for: its id and title, and how many learners are registered, have
    begun, completed, passed and failed."""
    state = Registration
    query = (
        select(
            Package.external_id,
            Package.title,
            func.count(),
            func.count(state.began_at),
            func.count().filter(state.completion == "completed"),
            func.count().filter(state.success == "passed"),
            func.count().filter(state.success == "failed"),
        )
        .join(Package, Package.id == state.package_id)
        .where(state.tenant_id == tenant_id, state.context_key == context_of(cohort_id))
        .group_by(Package.id, Package.external_id, Package.title)
        .order_by(Package.title, Package.external_id)
    )
    return session.execute(query).all()


def learners_of_users(session: Session, tenant_id: UUID, user_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The learner that each account is connected with; of several the oldest."""
    query = (
        select(Learner.user_id, Learner.id)
        .where(Learner.tenant_id == tenant_id, Learner.user_id.in_(list(user_ids)))
        .order_by(Learner.created_at.desc(), Learner.id.desc())
    )
    return {user_id: learner_id for user_id, learner_id in session.execute(query) if user_id is not None}


def published_packages(
    session: Session, tenant_id: UUID, external_ids: Iterable[str]
) -> dict[str, tuple[UUID, UUID | None]]:
    """Id and published version of those of the packages that there are."""
    query = select(Package.external_id, Package.id, Package.published_version_id).where(
        Package.tenant_id == tenant_id, Package.external_id.in_(list(external_ids)), Package.deleted_at.is_(None)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def add_registrations(session: Session, rows: Sequence[dict[str, object]]) -> int:
    """Add the registrations that are not there yet; how many these were."""
    made = session.execute(insert(Registration).values(list(rows)).on_conflict_do_nothing().returning(Registration.id))
    return len(made.all())
