"""Learners: the people who take courses, as their sources name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.db import Database, UnitOfWork
from hub.errors import Invalid, NotFound, say
from hub.identity import Principal
from hub.ports import Ids
from hub.scorm.spec.statements import actor, clean, pseudonymous_actor
from hub.scorm.storage import learners
from hub.scorm.storage.tables_runtime import Learner

#: The source of learners that are made by the API or the console, not by a platform.
OWN_SOURCE = "hub"
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class LearnerView:
    """A learner as others see it."""

    id: UUID
    source: str
    subject: str
    name: str
    email: str | None
    created_at: datetime
    pseudonym: str | None = None


class Learners:
    """Find and make learners."""

    def __init__(self, db: Database, ids: Ids) -> None:
        self._db = db
        self._ids = ids

    def ensure(
        self,
        principal: Principal,
        source: str,
        subject: str,
        name: str = "",
        email: str | None = None,
        *,
        within: UnitOfWork | None = None,
    ) -> LearnerView:
        """The learner `subject` of `source`, made if new; name and e-mail are brought up to date where given.

        `source` is who vouches for the person: a platform's issuer, or `OWN_SOURCE`. `within` is a transaction of the
        caller's that this is a part of. Who may not write all registrations gets learners whom they may see, as they
        are; of others `NotFound`.
        """
        principal.require("registrations.write")
        _check(source, subject)
        if not principal.reach("registrations.write").is_everything:
            return self._of_subject(principal, source, subject)
        known = {"name": clean(name), "email": email and clean(email)}
        with self._db.joined(within, principal.tenant_id) as work:
            found = learners.ensure(work.session, principal.tenant_id, self._ids.uuid(), source, subject, known)
            return view_of(found)

    def _of_subject(self, principal: Principal, source: str, subject: str) -> LearnerView:
        """For who may not make learners, or change what is known of them: one that they may see."""
        reach = principal.reach("registrations.write")
        with self._db.read(principal.tenant_id) as session:
            found = learners.find_by_subject(session, principal.tenant_id, source, subject, reach)
            if found is None:
                raise NotFound("There is no such learner among yours.", code="learner_not_found")
            return view_of(found)

    def call(self, work: UnitOfWork, learner: LearnerView, pseudonym: str | None) -> None:
        """Have statements call the learner by a pseudonym from now on, or by what they are; in the caller's
        transaction."""
        if learner.pseudonym != pseudonym:
            learners.set_pseudonym(work.session, learner.id, pseudonym)

    def page(
        self, principal: Principal, search: str = "", after: Sequence[Any] | None = None, limit: int = 50
    ) -> list[LearnerView]:
        """Up to `limit` learners, the newest first, those after the sort key (created_at, id).

        `search` is part of a name or an e-mail address, or a whole id at the source.
        """
        principal.require("learners.read")
        key = (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None
        with self._db.read(principal.tenant_id) as session:
            reach = principal.reach("learners.read")
            return [view_of(row) for row in learners.page(session, principal.tenant_id, search, key, limit, reach)]

    def get(self, principal: Principal, learner_id: UUID) -> LearnerView:
        """One learner. Raises `NotFound`."""
        principal.require("learners.read")
        with self._db.read(principal.tenant_id) as session:
            found = learners.find(session, principal.tenant_id, learner_id, principal.reach("learners.read"))
            if found is None:
                raise NotFound("There is no such learner.", code="learner_not_found")
            return view_of(found)


def view_of(row: Learner) -> LearnerView:
    """The learner of a row."""
    return LearnerView(row.id, row.source, row.subject, row.name, row.email, row.created_at, row.pseudonym)


def agent_of(learner: LearnerView, public_url: str) -> dict[str, Any]:
    """The learner as the player's statements name them: an xAPI agent."""
    if learner.pseudonym is not None:
        return pseudonymous_actor(public_url, learner.pseudonym)
    return actor(public_url, learner.source, learner.subject, "")


def _check(source: str, subject: str) -> None:
    for name, value in (("source", source), ("subject", subject)):
        if not value.strip() or len(value) > _LONGEST or clean(value) != value:
            raise Invalid(
                say("A learner's %(name)s has 1 to %(most)s characters.", name=name, most=_LONGEST), code="bad_learner"
            )
