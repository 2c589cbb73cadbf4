"""Consent: what a tenant asks its learners to agree to before anything of them is recorded.

Off until a text is set. Each text is a version; learners agree to the newest one, in the player before content begins,
and are asked anew when there is another. What was agreed to, and when, is kept for as long as the learner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database
from hub.db.audit import record
from hub.errors import Conflict, Invalid, NotFound, PreconditionFailed, Violation
from hub.identity import EVERYTHING, Principal
from hub.ports import Clock, Ids
from hub.scorm.spec.statements import clean
from hub.scorm.storage import consents as storage
from hub.scorm.storage import learners, personal_data
from hub.scorm.storage.tables_consent import Consent, ConsentNotice
from hub.scorm.storage.tables_runtime import Learner

LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A version of what is asked. Version 0 without a text is a tenant that never asked anything."""

    version: int
    text: str
    is_asked: bool
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConsentView:
    """That a learner agreed to a version, and when they took it back."""

    learner_id: UUID
    learner: str
    version: int
    given_at: datetime
    withdrawn_at: datetime | None


class Consents:
    """Says what is asked, and keeps what was answered."""

    def __init__(self, db: Database, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids

    # --- what is asked

    def notice(self, principal: Principal) -> NoticeView:
        """What the tenant asks now."""
        principal.require("privacy.read")
        with self._db.read(principal.tenant_id) as session:
            return _notice(storage.newest_notice(session, principal.tenant_id))

    def notices(self, principal: Principal) -> list[NoticeView]:
        """Every version that there ever was, the newest first."""
        principal.require("privacy.read")
        with self._db.read(principal.tenant_id) as session:
            return [_notice(row) for row in storage.notices(session, principal.tenant_id)]

    def change(self, principal: Principal, text: str, is_asked: bool, version: int | None = None) -> NoticeView:
        """Ask for consent to a text, or no longer. Another text is another version, to which everybody is asked anew.

        `Invalid` where a text is missing or too long; `PreconditionFailed` where a `version` is given and is not the
        newest any more.
        """
        principal.require("privacy.write")
        text = _checked(text, is_asked)
        with self._db.unit_of_work(principal.tenant_id) as work:
            newest = storage.newest_notice(work.session, principal.tenant_id, lock=True)
            before = _notice(newest)
            if version is not None and version != before.version:
                raise PreconditionFailed("Somebody else changed it meanwhile.", code="revision_mismatch")
            if newest is None or (text and text != newest.text):
                newest = ConsentNotice(
                    tenant_id=principal.tenant_id, version=before.version + 1, text=text, created_at=self._clock.now()
                )
                work.session.add(newest)
            newest.is_asked = is_asked
            about = {"before": _told(before), "after": _told(_notice(newest))}
            record(work.session, self._ids.uuid(), principal, "consent.changed", None, about)
            return _notice(newest)

    # --- what was answered

    def of_learners(self, principal: Principal, learner_ids: Sequence[UUID]) -> list[ConsentView]:
        """What these learners agreed to and took back, the newest first."""
        principal.require("privacy.read")
        with self._db.read(principal.tenant_id) as session:
            return [_view(*row) for row in storage.of_learners(session, principal.tenant_id, learner_ids)]

    def of_learner(self, principal: Principal, learner_id: UUID) -> list[ConsentView]:
        """The same of one learner. Raises `NotFound`."""
        principal.require("privacy.read")
        with self._db.read(principal.tenant_id) as session:
            _found(session, principal, learner_id)
            return [_view(*row) for row in storage.of_learners(session, principal.tenant_id, [learner_id])]

    def own(self, principal: Principal) -> list[ConsentView]:
        """What the person who is signed in agreed to, as the learners whom their account is connected with."""
        with self._db.read(principal.tenant_id) as session:
            own = storage.learners_of_account(session, principal.tenant_id, UUID(principal.id))
            return [_view(*row) for row in storage.of_learners(session, principal.tenant_id, own)]

    def withdraw(self, principal: Principal, learner_id: UUID) -> None:
        """Take back all that a learner agreed to, for them. `Conflict` where they agreed to nothing."""
        principal.require("privacy.write")
        self._withdraw(principal, learner_id)

    def withdraw_own(self, principal: Principal, learner_id: UUID) -> None:
        """The same by the learner. `NotFound` for somebody else's."""
        with self._db.read(principal.tenant_id) as session:
            own = storage.learners_of_account(session, principal.tenant_id, UUID(principal.id))
        if learner_id not in own:
            raise NotFound("There is no such learner.", code="learner_not_found")
        self._withdraw(principal, learner_id)

    def _withdraw(self, principal: Principal, learner_id: UUID) -> None:
        with self._db.unit_of_work(principal.tenant_id) as work:
            _found(work.session, principal, learner_id)
            self.withdraw_in(work.session, principal, learner_id)

    # --- in the player

    def asked(self, session: Session, tenant_id: UUID) -> NoticeView | None:
        """What learners have to agree to before anything of them is recorded; None for nothing."""
        notice = storage.newest_notice(session, tenant_id)
        return _notice(notice) if notice is not None and notice.is_asked else None

    def has_agreed_to(self, session: Session, tenant_id: UUID, registration_id: UUID, version: int) -> bool:
        """Whether the learner of a registration agreed to that version, and did not take it back."""
        learner = storage.learner_of_registration(session, tenant_id, registration_id)
        return storage.standing(session, tenant_id, learner.id, version) is not None

    def give(self, session: Session, tenant_id: UUID, registration_id: UUID, version: int) -> None:
        """The learner agrees. `Conflict` when another text has taken the place of the one that they read."""
        notice = storage.newest_notice(session, tenant_id)
        if notice is None or notice.version != version:
            raise Conflict("The text has been changed meanwhile. Open the course again.", code="consent_outdated")
        learner = storage.learner_of_registration(session, tenant_id, registration_id)
        if storage.standing(session, tenant_id, learner.id, version) is None:
            given = Consent(id=self._ids.uuid(), tenant_id=tenant_id, learner_id=learner.id, version=version)
            given.given_at = self._clock.now()
            session.add(given)
            record(session, self._ids.uuid(), _actor(learner), "consent.given", str(learner.id), {"version": version})

    def withdraw_by(self, session: Session, tenant_id: UUID, registration_id: UUID) -> None:
        """The learner takes it back in the player."""
        learner = storage.learner_of_registration(session, tenant_id, registration_id)
        self.withdraw_in(session, _actor(learner), learner.id)

    def withdraw_in(self, session: Session, principal: Principal, learner_id: UUID) -> None:
        """Take it back; windows that are open can record nothing any more."""
        now = self._clock.now()
        if not storage.withdraw(session, principal.tenant_id, learner_id, now):
            raise Conflict("The learner has agreed to nothing.", code="no_consent")
        registrations = personal_data.registrations_of(session, principal.tenant_id, [learner_id])
        personal_data.end_launches(session, principal.tenant_id, registrations, now)
        record(session, self._ids.uuid(), principal, "consent.withdrawn", str(learner_id))


def _found(session: Session, principal: Principal, learner_id: UUID) -> None:
    """`NotFound` unless the tenant has the learner."""
    if learners.find(session, principal.tenant_id, learner_id, EVERYTHING) is None:
        raise NotFound("There is no such learner.", code="learner_not_found")


def _checked(text: str, is_asked: bool) -> str:
    text = clean(text.replace("\r\n", "\n").strip())
    if is_asked and not text:
        fault = Violation("consent", "text", "must say what learners agree to")
        raise Invalid("There is nothing to agree to.", code="invalid_consent", violations=[fault])
    if len(text) > LONGEST_TEXT:
        fault = Violation("consent", "text", "must have at most 20,000 characters")
        raise Invalid("The text is too long.", code="invalid_consent", violations=[fault])
    return text


def _actor(learner: Learner) -> Principal:
    return Principal(learner.tenant_id, "learner", str(learner.id), learner.name or learner.subject)


def _told(notice: NoticeView) -> dict[str, Any]:
    """As the audit log tells it: the texts are kept with the versions."""
    return {"version": notice.version, "is_asked": notice.is_asked}


def _notice(row: ConsentNotice | None) -> NoticeView:
    return (
        NoticeView(0, "", False, None)
        if row is None
        else NoticeView(row.version, row.text, row.is_asked, row.created_at)
    )


def _view(row: Consent, learner: Learner) -> ConsentView:
    name = learner.name or learner.email or learner.subject
    return ConsentView(learner.id, name, row.version, row.given_at, row.withdrawn_at)
