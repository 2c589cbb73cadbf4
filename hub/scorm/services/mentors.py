"""Mentors and accounts of learners: who accompanies whom, and who is who."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database
from hub.db.audit import record
from hub.db.people import person_of_tenant
from hub.db.tables import User
from hub.errors import NotFound
from hub.identity import Principal
from hub.ports import Ids
from hub.scorm.services.cohorts import PersonView
from hub.scorm.storage import cohorts as storage
from hub.scorm.storage import learners
from hub.scorm.storage.tables_reach import Mentoring
from hub.scorm.storage.tables_runtime import Learner


class Mentors:
    """Assign learners to users, and connect learners with their accounts."""

    def __init__(self, db: Database, ids: Ids) -> None:
        self._db = db
        self._ids = ids

    def of_learner(self, principal: Principal, learner_id: UUID) -> Sequence[PersonView]:
        """To whom a learner is assigned."""
        principal.require("learners.read")
        with self._db.read(principal.tenant_id) as session:
            _learner(session, principal, "learners.read", learner_id)
            found = storage.mentors(session, principal.tenant_id, learner_id)
            return [PersonView.of(user) for user in found]

    def assign(self, principal: Principal, learner_id: UUID, whom: str) -> None:
        """Assign a learner to a user (an id or e-mail address). Twice changes nothing."""
        principal.require("learners.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            _learner(work.session, principal, "learners.write", learner_id)
            person = person_of_tenant(work.session, principal.tenant_id, whom)
            pair = {"tenant_id": principal.tenant_id, "user_id": person.id, "learner_id": learner_id}
            if storage.connect(work.session, Mentoring, [pair]):
                self._audit(work.session, principal, "mentor.assigned", learner_id, user=str(person.id))

    def release(self, principal: Principal, learner_id: UUID, user_id: UUID) -> None:
        """End the assignment; the user sees the learner no longer."""
        principal.require("learners.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            _learner(work.session, principal, "learners.write", learner_id)
            pair = {"user_id": user_id, "learner_id": learner_id}
            if not storage.disconnect(work.session, Mentoring, principal.tenant_id, **pair):
                raise NotFound("The learner has no such mentor.", code="mentor_not_found")
            self._audit(work.session, principal, "mentor.released", learner_id, user=str(user_id))

    def account_of(self, principal: Principal, learner_id: UUID) -> PersonView | None:
        """The account by which a learner signs in here, if they have one."""
        principal.require("learners.read")
        with self._db.read(principal.tenant_id) as session:
            learner = _learner(session, principal, "learners.read", learner_id)
            user = session.get(User, learner.user_id) if learner.user_id else None
            return None if user is None else PersonView.of(user)

    def connect_account(self, principal: Principal, learner_id: UUID, whom: str | None) -> None:
        """Say by which account, its id or e-mail address, a learner signs in here (None: by none)."""
        principal.require("learners.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            learner = _learner(work.session, principal, "learners.write", learner_id)
            user_id = whom and person_of_tenant(work.session, principal.tenant_id, whom).id
            before, learner.user_id = learner.user_id, user_id or None
            if before != user_id:
                details = {"before": before and str(before), "after": user_id and str(user_id)}
                self._audit(work.session, principal, "learner.account_set", learner_id, **details)

    def _audit(self, session: Session, principal: Principal, deed: str, learner_id: UUID, **details: Any) -> None:
        record(session, self._ids.uuid(), principal, deed, str(learner_id), details)


def _learner(session: Session, principal: Principal, action: str, learner_id: UUID) -> Learner:
    found = learners.find(session, principal.tenant_id, learner_id, principal.reach(action))
    if found is None:
        raise NotFound("There is no such learner.", code="learner_not_found")
    return found
