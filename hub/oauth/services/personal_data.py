"""What is known of a person who signs in: the account with everything that hangs on it, and the audit log."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from hub.db import Database
from hub.db.personal_rows import Part, counted, removed, told
from hub.errors import Conflict
from hub.identity import Principal
from hub.oauth.services.sessions import SUPER, Sessions
from hub.oauth.services.users import refuse_more_than
from hub.oauth.storage import personal_data as storage
from hub.oauth.storage import users
from hub.personal_data import Collection, Erasure, File, Holding, Identity, Person

MOST_FOUND = 50


class PersonalAccounts:
    """`hub.personal_data.Holder` of accounts, tokens, sessions and the audit log."""

    def __init__(self, db: Database, sessions: Sessions, public_url: str) -> None:
        self._db = db
        self._sessions = sessions
        self._public_url = public_url

    def look_up(self, tenant_id: UUID, words: str) -> Sequence[Identity]:
        """Accounts by id, e-mail address or a part of the name."""
        with self._db.read(tenant_id) as session:
            return [self._identity(row) for row in storage.accounts_like(session, tenant_id, words, MOST_FOUND)]

    def _identity(self, row: Any) -> Identity:
        """Statements that the account stored by a program name it as their authority (Data 2.4.9)."""
        agent = {"account": {"homePage": self._public_url, "name": str(row.id)}}
        return Identity("account", str(row.id), f"{row.name} <{row.email}>", (agent,), (row.name, row.email))

    def holdings(self, person: Person) -> Sequence[Holding]:
        """Rows of every table that belongs to the account, and entries of the audit log by or about the person."""
        with self._db.read(person.tenant_id) as session:
            return [Holding(part.kind, counted(session, part)) for part in self._parts(person)]

    def tell(self, person: Person) -> Iterator[Collection | File]:
        """Each of them as a collection, without what lets anybody in."""
        for part in self._parts(person):
            yield Collection(part.file_name, lambda part=part: self._rows(person.tenant_id, part))  # type: ignore[misc]

    def _rows(self, tenant_id: UUID, part: Part) -> Iterator[dict[str, Any]]:
        with self._db.read(tenant_id) as session:
            yield from told(session, part)

    def check_erasure(self, principal: Principal, person: Person) -> None:
        """`Conflict` when nobody could administer the tenant any more without these accounts, `Forbidden` for an
        account that reaches other tenants, by who does not."""
        with self._db.unit_of_work(person.tenant_id) as work:
            administrators = set(users.active_administrators(work.session, person.tenant_id))
            roles = users.roles_of_users(work.session, person.tenant_id, person.users)
        for held in roles.values():
            refuse_more_than(principal, [role for role in held if role == SUPER])
        if administrators & set(person.users) and not administrators - set(person.users):
            raise Conflict("This is the only administrator: make somebody else one before.", code="last_administrator")

    def erase(self, person: Person, how: Erasure) -> None:
        """Sessions end and the account goes with its tokens. The audit log stays until its time is over: it is the
        record of what was done, and only ever added to."""
        for user_id in person.users:
            ended = self._sessions.forget(user_id)
            with self._db.unit_of_work(person.tenant_id) as work:
                how.note(work.session, "sessions", "removed", ended)
                for part in storage.parts_of_account(person.tenant_id, [user_id]):
                    how.note(work.session, part.kind, "removed", removed(work.session, part))

    def _parts(self, person: Person) -> list[Part]:
        return [
            *storage.parts_of_account(person.tenant_id, person.users),
            storage.audit_of(person.tenant_id, _ids(person)),
        ]


def _ids(person: Person) -> list[str]:
    return [str(each) for each in (*person.users, *person.learners)]
