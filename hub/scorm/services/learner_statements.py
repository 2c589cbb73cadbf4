"""What the LRS holds about one learner, for those who accompany them and must not read the whole store."""

import json
from dataclasses import replace
from uuid import UUID

from hub.db import Database
from hub.errors import NotFound
from hub.identity import Principal, system_principal
from hub.scorm.services.learners import agent_of, view_of
from hub.scorm.storage import learners
from hub.xapi_lrs.services.statements import StatementPage, Statements
from hub.xapi_lrs.spec.query import continued, parse


class LearnerStatements:
    """Reads a learner's statements."""

    def __init__(self, db: Database, statements: Statements, public_url: str) -> None:
        self._db = db
        self._statements = statements
        self._public_url = public_url

    def page(self, principal: Principal, learner_id: UUID, before: int | None = None, limit: int = 50) -> StatementPage:
        """Up to `limit` statements whose actor is the learner, in the tenant's default store, the newest first.

        `before` is the boundary of the page before. Raises `NotFound` for a learner who is not among one's own.
        """
        principal.require("learners.follow")
        with self._db.read(principal.tenant_id) as session:
            row = learners.find(session, principal.tenant_id, learner_id, principal.reach("learners.follow"))
            if row is None:
                raise NotFound("There is no such learner.", code="learner_not_found")
            learner = view_of(row)
        query = parse({"agent": json.dumps(agent_of(learner, self._public_url))})
        wanted = replace(query if before is None else continued(query, before), limit=limit)
        return self._statements.find(system_principal(principal.tenant_id), wanted)
