"""The hot path of the player: what one commit or one delivery reads and writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from hub.scorm.storage import settings
from hub.scorm.storage.tables_runtime import Attempt, Launch, Learner, Registration, RuntimeState


@dataclass(frozen=True, slots=True)
class Learning:
    """An attempt that is held until the end of the transaction, with whose and of what it is."""

    attempt: Attempt
    registration: Registration
    learner: Learner


def _learning() -> Select[Registration, Attempt, Learner]:
    return (
        select(Registration, Attempt, Learner)
        .join(Attempt, Attempt.registration_id == Registration.id)
        .join(Learner, Learner.id == Registration.learner_id)
    )


def lock_attempt(session: Session, tenant_id: UUID, attempt_id: UUID) -> Learning | None:
    """The attempt, held: all writers of one attempt come one after the other.

    Whatever is read here to be written later is locked too: after a wait PostgreSQL reads locked rows again, and only
    those. The registration comes first, as everywhere.
    """
    row = session.execute(
        _learning()
        .where(Attempt.tenant_id == tenant_id, Attempt.id == attempt_id)
        .with_for_update(of=(Registration, Attempt, Learner))
    ).one_or_none()
    return None if row is None else Learning(row[1], row[0], row[2])


def lock_session(
    session: Session, tenant_id: UUID, attempt_id: UUID, activity_id: UUID
) -> tuple[Learning, RuntimeState] | None:
    """The attempt and the state of one activity, held, in one round trip; None when there is no such state."""
    row = session.execute(
        _learning()
        .add_columns(RuntimeState)
        .join(RuntimeState, RuntimeState.attempt_id == Attempt.id)
        .where(
            Attempt.tenant_id == tenant_id,
            Attempt.id == attempt_id,
            RuntimeState.tenant_id == tenant_id,
            RuntimeState.activity_id == activity_id,
        )
        .with_for_update(of=(Registration, Attempt, Learner, RuntimeState))
    ).one_or_none()
    return None if row is None else (Learning(row[1], row[0], row[2]), row[3])


def find_state(session: Session, tenant_id: UUID, attempt_id: UUID, activity_id: UUID) -> RuntimeState | None:
    """The run-time state of one activity in an attempt."""
    return session.scalars(
        select(RuntimeState).where(
            RuntimeState.tenant_id == tenant_id,
            RuntimeState.attempt_id == attempt_id,
            RuntimeState.activity_id == activity_id,
        )
    ).one_or_none()


def results(session: Session, tenant_id: UUID, attempt_id: UUID) -> Sequence[Any]:
    """Every activity's result columns in an attempt, without the run-time data."""
    return session.execute(
        select(
            RuntimeState.activity_id,
            RuntimeState.completion,
            RuntimeState.success,
            RuntimeState.score_scaled,
            RuntimeState.score_raw,
            RuntimeState.score_min,
            RuntimeState.score_max,
            RuntimeState.duration_seconds,
        ).where(RuntimeState.tenant_id == tenant_id, RuntimeState.attempt_id == attempt_id)
    ).all()


def open_states(session: Session, tenant_id: UUID, attempt_id: UUID) -> Sequence[RuntimeState]:
    """Activities whose content was started and never said goodbye."""
    return session.scalars(
        select(RuntimeState).where(
            RuntimeState.tenant_id == tenant_id,
            RuntimeState.attempt_id == attempt_id,
            RuntimeState.session_exit.is_(None),
        )
    ).all()


# Made once: to put a query of this size together takes longer than to run it.
_LAUNCH = (
    select(Launch, settings.column(Launch.package_version_id))
    .where(Launch.token_digest == bindparam("digest"))
    .with_for_update(of=Launch)
)


def find_launch(session: Session, token_digest: str) -> tuple[Launch, settings.Both] | None:
    """The launch of an address, held, with what is set for its version and package.

    The address is what says which tenant it is, so none is named here.
    """
    row = session.execute(_LAUNCH, {"digest": token_digest}).one_or_none()
    return None if row is None else (row[0], settings.both(row[1]))


def launch_of(session: Session, tenant_id: UUID, launch_id: UUID) -> Launch | None:
    """The launch, if the tenant has it."""
    return session.scalars(select(Launch).where(Launch.tenant_id == tenant_id, Launch.id == launch_id)).one_or_none()


def end_launch(session: Session, tenant_id: UUID, launch_id: UUID, now: datetime) -> None:
    """The learner left."""
    session.execute(update(Launch).where(Launch.tenant_id == tenant_id, Launch.id == launch_id).values(ended_at=now))
