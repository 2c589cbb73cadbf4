"""What learners leave in the tables of packages and of the run-time: found, told, and erased."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session

from hub.db.personal_rows import Part, as_uuid
from hub.db.tables import User
from hub.scorm.storage.tables import ImportJob, IncomingUpload, PackageVersion
from hub.scorm.storage.tables_consent import Consent
from hub.scorm.storage.tables_reach import CohortMember, Mentoring
from hub.scorm.storage.tables_reports import Answer, ReplayRecord
from hub.scorm.storage.tables_runtime import Attempt, Launch, Learner, LmsComment, Registration, RuntimeState

#: Where a row says by whom it was made, as `kind:id`.
MADE_BY: Sequence[tuple[str, Any]] = (
    ("imports", ImportJob),
    ("versions of packages", PackageVersion),
    ("unfinished uploads", IncomingUpload),
    ("comments for learners", LmsComment),
)

#: Kinds of answers in which learners write what they like (SCORM 2004 4th Ed. RTE 4.2.9.2).
_WRITTEN = ("fill-in", "long-fill-in", "performance", "other")


def parts_of(tenant_id: UUID, learners: Sequence[UUID]) -> list[Part]:
    """All that there is about these learners, outer things first."""
    registrations = select(Registration.id).where(
        Registration.tenant_id == tenant_id, Registration.learner_id.in_(learners)
    )
    attempts = select(Attempt.id).where(Attempt.tenant_id == tenant_id, Attempt.registration_id.in_(registrations))
    conditions: list[tuple[str, Any, ColumnElement[bool]]] = [
        ("learners", Learner, Learner.id.in_(learners)),
        ("registrations", Registration, Registration.learner_id.in_(learners)),
        ("attempts", Attempt, Attempt.registration_id.in_(registrations)),
        ("states of activities", RuntimeState, RuntimeState.attempt_id.in_(attempts)),
        ("answers", Answer, Answer.attempt_id.in_(attempts)),
        ("launches", Launch, Launch.registration_id.in_(registrations)),
        ("comments", LmsComment, LmsComment.registration_id.in_(registrations)),
        ("replay records", ReplayRecord, ReplayRecord.attempt_id.in_(attempts)),
        ("consents", Consent, Consent.learner_id.in_(learners)),
    ]
    found = [
        Part(kind, model.__table__, and_(model.tenant_id == tenant_id, condition))
        for kind, model, condition in conditions
    ]
    return found + parts_beside(tenant_id, learners)


def parts_beside(tenant_id: UUID, learners: Sequence[UUID]) -> list[Part]:
    """Who else knows these learners: a random name between others who have theirs would still tell whose it is."""
    tables: Sequence[tuple[str, Any]] = (("places in cohorts", CohortMember), ("assignments to mentors", Mentoring))
    return [
        Part(kind, model.__table__, and_(model.tenant_id == tenant_id, model.learner_id.in_(learners)))
        for kind, model in tables
    ]


def parts_made_by(tenant_id: UUID, authors: Sequence[str]) -> list[Part]:
    """What these people brought in; `authors` as the rows name them."""
    return [
        Part(kind, model.__table__, and_(model.tenant_id == tenant_id, model.created_by.in_(authors)))
        for kind, model in MADE_BY
    ]


def learners_like(session: Session, tenant_id: UUID, words: str, limit: int) -> Sequence[Learner]:
    """Learners of that id here or at their source, or with that e-mail address, or whose name has the words in it, or
    who sign in by an account of that id or address."""
    is_account = or_(User.id == as_uuid(words), User.email == words.lower())
    accounts = select(User.id).where(User.tenant_id == tenant_id, is_account)
    same = or_(
        Learner.user_id.in_(accounts),
        Learner.subject == words,
        func.lower(Learner.email) == words.lower(),
        Learner.name.icontains(words, autoescape=True),
        Learner.id == as_uuid(words),
    )
    return session.scalars(
        select(Learner).where(Learner.tenant_id == tenant_id, same).order_by(Learner.created_at).limit(limit)
    ).all()


def learners_of(session: Session, tenant_id: UUID, ids: Sequence[UUID]) -> Sequence[Learner]:
    """The learners of those ids."""
    return session.scalars(select(Learner).where(Learner.tenant_id == tenant_id, Learner.id.in_(ids))).all()


def registrations_of(session: Session, tenant_id: UUID, learners: Sequence[UUID]) -> Sequence[UUID]:
    """The ids of all registrations of these learners."""
    return session.scalars(
        select(Registration.id).where(Registration.tenant_id == tenant_id, Registration.learner_id.in_(learners))
    ).all()


def attempts_of(session: Session, tenant_id: UUID, registrations: Sequence[UUID]) -> Sequence[UUID]:
    """The ids of all attempts of these registrations."""
    return session.scalars(
        select(Attempt.id).where(Attempt.tenant_id == tenant_id, Attempt.registration_id.in_(registrations))
    ).all()


def end_launches(session: Session, tenant_id: UUID, registrations: Sequence[UUID], now: datetime) -> None:
    """Nobody goes on playing: windows that are open can store nothing any more, and links open nothing."""
    ours = (Launch.tenant_id == tenant_id) & Launch.registration_id.in_(registrations)
    session.execute(update(Launch).where(ours, Launch.ended_at.is_(None)).values(ended_at=now))
    session.execute(
        update(Launch).where(ours).values(expires_at=now, browser_digest=None, user_agent=None, return_url=None)
    )
    session.execute(
        update(Attempt)
        .where(Attempt.tenant_id == tenant_id, Attempt.registration_id.in_(registrations))
        .values(launch_id=None)
    )


def delete_of_attempts(session: Session, tenant_id: UUID, model: Any, attempts: Sequence[UUID]) -> int:
    """Remove the rows of these attempts; returns how many."""
    query = delete(model).where(model.tenant_id == tenant_id, model.attempt_id.in_(attempts))
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]


def empty_states(session: Session, tenant_id: UUID, attempts: Sequence[UUID]) -> int:
    """Keep results, remove what content stored: suspend data, comments, answers, the learner's name. Returns how many
    states of activities."""
    query = (
        update(RuntimeState)
        .where(RuntimeState.tenant_id == tenant_id, RuntimeState.attempt_id.in_(attempts))
        .values(values="{}", said="{}", location="", suspend_length=0)
    )
    session.execute(
        update(Attempt).where(Attempt.tenant_id == tenant_id, Attempt.id.in_(attempts)).values(shared_data={})
    )
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]


def empty_written_answers(session: Session, tenant_id: UUID, attempts: Sequence[UUID]) -> int:
    """Keep whether they were right, remove what was written; returns how many."""
    query = (
        update(Answer)
        .where(Answer.tenant_id == tenant_id, Answer.attempt_id.in_(attempts), Answer.kind.in_(_WRITTEN))
        .values(response="")
    )
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]


def delete_comments(session: Session, tenant_id: UUID, registrations: Sequence[UUID]) -> int:
    """Remove what was written for the learners of these registrations; how many it were."""
    gone = session.scalars(
        delete(LmsComment)
        .where(LmsComment.tenant_id == tenant_id, LmsComment.registration_id.in_(registrations))
        .returning(LmsComment.id)
    )
    return len(gone.all())


def rename_registrations(session: Session, tenant_id: UUID, registrations: Sequence[UUID]) -> int:
    """Registrations lose ids that somebody gave them, which may tell a name; returns how many."""
    query = (
        update(Registration)
        .where(Registration.tenant_id == tenant_id, Registration.id.in_(registrations))
        .values(external_id=cast(Registration.id, Text))
    )
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]


def rename_made_by(session: Session, part: Part, author: str) -> int:
    """Say that somebody else made these; returns how many."""
    query = update(part.table).where(part.condition).values(created_by=author)
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]


def delete_launches_before(session: Session, tenant_id: UUID, before: datetime, limit: int) -> int:
    """Remove up to so many launches from before a time that are in no attempt's hand; returns how many."""
    used = select(Attempt.id).where(Attempt.tenant_id == tenant_id, Attempt.launch_id == Launch.id).exists()
    some = select(Launch.id).where(Launch.tenant_id == tenant_id, Launch.created_at < before, ~used).limit(limit)
    query = delete(Launch).where(Launch.tenant_id == tenant_id, Launch.id.in_(some)).returning(Launch.id)
    return len(session.scalars(query).all())


def delete_registrations_before(session: Session, tenant_id: UUID, before: datetime, limit: int) -> int:
    """Remove up to so many registrations that were not changed since a time, with all that hangs on them; and learners
    from before it who have none. Returns how many registrations and learners."""
    some = (
        select(Registration.id)
        .where(Registration.tenant_id == tenant_id, Registration.changed_at < before)
        .order_by(Registration.changed_at)
        .limit(limit)
    )
    ours = (Registration.tenant_id == tenant_id) & Registration.id.in_(some)
    gone = len(session.scalars(delete(Registration).where(ours).returning(Registration.id)).all())
    idle = ~select(Registration.id).where(Registration.learner_id == Learner.id).exists()
    alone = select(Learner.id).where(Learner.tenant_id == tenant_id, Learner.created_at < before, idle).limit(limit)
    query = delete(Learner).where(Learner.tenant_id == tenant_id, Learner.id.in_(alone)).returning(Learner.id)
    return gone + len(session.scalars(query).all())
