"""Personal access tokens: what a person gives to a script of theirs, with an end and a trace of its use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.errors import Forbidden, Invalid, NotFound, Unauthenticated, Violation, say
from hub.identity import PEOPLE, Principal, actions_of_roles
from hub.oauth.scopes import OF_CLIENTS, actions_of_scopes, checked_scopes, refuse_to_give
from hub.oauth.services.recent import Recent
from hub.oauth.services.users import Person
from hub.oauth.spec.names import checked_name
from hub.oauth.spec.secrets import digest
from hub.oauth.storage import personal_tokens as storage
from hub.oauth.storage.tables import PersonalToken
from hub.ports import Clock, Ids

#: How every token begins, so that scanners of code and logs can find one that was left there.
PREFIX = "hub_pat_"
LONGEST_DAYS = 366
MOST = 50
#: How long a process may go on without looking whether a token was revoked, and how often its use is written down.
MEMORY_SECONDS = 1.0
TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PersonalTokenView:
    """A token without itself: it is shown once, when it is made."""

    id: UUID
    name: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class PersonalTokens:
    """Make, list, revoke and recognise them."""

    def __init__(self, db: Database, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._known: Recent[str, tuple[Principal, UUID] | None] = Recent(4096)

    def create(
        self, principal: Principal, name: str, scopes: Sequence[str], days: int, owner: Person | None = None
    ) -> tuple[PersonalTokenView, str]:
        """A token that ends after so many days, with scopes that its maker may use; the second value is shown once.

        `owner` is whom the Hub itself, by command, makes it for. `Invalid` lists what is wrong, `Forbidden` names what
        the maker may not do.
        """
        user_id, actions = _owner(principal, owner)
        name, granted = _checked(name, scopes, days)
        refuse_to_give(granted, actions)
        secret, now = PREFIX + self._ids.secret(), self._clock.now()
        row = PersonalToken(
            id=self._ids.uuid(),
            tenant_id=principal.tenant_id,
            user_id=user_id,
            name=name,
            digest=digest(secret),
            scopes=list(granted),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        with self._db.unit_of_work(principal.tenant_id) as work:
            if len(storage.of_user(work.session, principal.tenant_id, row.user_id, now)) >= MOST:
                raise Invalid(
                    say("You have %(most)s tokens; revoke one that is no longer used.", most=MOST),
                    code="too_many_tokens",
                )
            work.session.add(row)
            details = {"name": name, "scopes": list(granted), "expires_at": row.expires_at.isoformat()}
            details |= {"user": str(user_id)}
            record(work.session, self._ids.uuid(), principal, "personal_token.created", str(row.id), details)
        return _shown(row), secret

    def list(self, principal: Principal) -> Sequence[PersonalTokenView]:
        """This person's tokens that are still good, newest first; none for what stands for no person."""
        principal.require("tokens.read")
        return self._of(principal, UUID(principal.id)) if principal.kind in PEOPLE else []

    def get(self, principal: Principal, token_id: UUID) -> PersonalTokenView:
        """One of them; `NotFound` when there is none of that id that is still good."""
        for known in self.list(principal):
            if known.id == token_id:
                return known
        raise _missing()

    def of_person(self, principal: Principal, user_id: UUID) -> Sequence[PersonalTokenView]:
        """The same of anybody of the tenant, for who administers it."""
        principal.require("users.read")
        return self._of(principal, user_id)

    def _of(self, principal: Principal, user_id: UUID) -> Sequence[PersonalTokenView]:
        with self._db.read(principal.tenant_id) as session:
            rows = storage.of_user(session, principal.tenant_id, user_id, self._clock.now())
        return [_shown(row) for row in rows]

    def revoke(self, principal: Principal, token_id: UUID) -> PersonalTokenView:
        """End a token of this person; it stops working within a second."""
        principal.require("tokens.write")
        if principal.kind not in PEOPLE:
            raise _missing()
        return self._revoke(principal, UUID(principal.id), token_id)

    def revoke_of_person(self, principal: Principal, user_id: UUID, token_id: UUID) -> PersonalTokenView:
        """The same of anybody of the tenant, for who administers it."""
        principal.require("users.write")
        return self._revoke(principal, user_id, token_id)

    def _revoke(self, principal: Principal, user_id: UUID, token_id: UUID) -> PersonalTokenView:
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = storage.by_id(work.session, principal.tenant_id, user_id, token_id)
            if row is None:
                raise _missing()
            row.revoked_at = row.revoked_at or self._clock.now()
            details = {"name": row.name, "user": str(user_id)}
            record(work.session, self._ids.uuid(), principal, "personal_token.revoked", str(row.id), details)
            return _shown(row)

    def principal_of(self, token: str) -> Principal:
        """Who made this token, narrowed to its scopes; `Unauthenticated` when it is not good."""
        now = self._clock.now()
        key = digest(token)
        found = self._known.get(key, now.timestamp(), lambda: (now.timestamp() + MEMORY_SECONDS, self._find(key)))
        if found is None:
            detail = "The personal token has expired or was revoked, or never was."
            challenge = f'Bearer realm="Standards Hub", error="invalid_token", error_description="{detail}"'
            raise Unauthenticated(detail, code="invalid_token", headers={"WWW-Authenticate": challenge})
        self._db.suspensions.require_open(found[0].tenant_id)
        return found[0]

    def _find(self, key: str) -> tuple[Principal, UUID] | None:
        now = self._clock.now()
        with self._db.read(EVERY_TENANT) as session:
            found = storage.live(session, key, now)
        if found is None:
            return None
        row, user, roles = found
        if row.last_used_at is None or now - row.last_used_at > TOUCH:
            with self._db.unit_of_work(row.tenant_id) as work:
                storage.touch(work.session, row.tenant_id, row.id, now)
        actions = (actions_of_roles(roles) - {"console.use"}) & actions_of_scopes(row.scopes)
        name = f"{user.name} ({row.name})"
        return Principal(row.tenant_id, "user_token", str(user.id), name, actions, roles=frozenset(roles)), row.id


def _owner(principal: Principal, owner: Person | None) -> tuple[UUID, frozenset[str]]:
    """Whose token it is, and what its maker may do: their own, or what the roles of `owner` allow."""
    if owner is not None and principal.kind == "system":
        return owner.id, actions_of_roles(owner.roles)
    if owner is not None or principal.kind not in PEOPLE:
        raise Forbidden(
            say("Personal tokens belong to people; this credential stands for none."), code="no_personal_tokens"
        )
    principal.require("tokens.write")
    return UUID(principal.id), principal.actions


def _checked(name: str, scopes: Sequence[str], days: int) -> tuple[str, tuple[str, ...]]:
    faults: list[Violation] = []
    try:
        name = checked_name(name, "personal token")
    except Invalid as error:
        faults.extend(error.violations)
    if not scopes:
        faults.append(Violation("RFC 6749 section 3.3", "scopes", "must name at least one scope"))
    if not 1 <= days <= LONGEST_DAYS:
        faults.append(
            Violation("personal token", "days", say("must lie between 1 and %(most)s", most=LONGEST_DAYS), days)
        )
    if faults:
        raise Invalid("The token cannot be made like this.", violations=faults)
    return name, checked_scopes(scopes, families=(*OF_CLIENTS, "hub"))


def _shown(row: PersonalToken) -> PersonalTokenView:
    return PersonalTokenView(row.id, row.name, row.scopes, row.created_at, row.expires_at, row.last_used_at)


def _missing() -> NotFound:
    return NotFound("There is no such token.", code="token_not_found")
