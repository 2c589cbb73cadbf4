"""People who sign in: accounts and their roles."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.db.tables import User
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable, Violation, say
from hub.identity import ROLES, SIGNED_IN, Principal, actions_of_roles
from hub.oauth.services.post import LANGUAGE, Post
from hub.oauth.spec.addresses import checked_email
from hub.oauth.spec.names import checked_name
from hub.oauth.spec.passwords import normalized, password_faults
from hub.oauth.storage import users as storage
from hub.oauth.storage.grants import end_grants_of_user
from hub.ports import Clock, Ids

Given = TypeVar("Given")
Checked = TypeVar("Checked")


class Passwords(Protocol):
    """Slow hashing of passwords; never inside a transaction."""

    def hash(self, password: str) -> str:
        """The hash to keep."""

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password of the stored hash; as slow when there is none."""

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash should be made anew."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user as administrators see one."""

    id: UUID
    email: str
    name: str
    roles: Sequence[str]
    is_active: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    email_verified_at: datetime | None
    has_password: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An account as whoever enrols its owner needs it. `is_new` when it was made just now."""

    id: UUID
    email: str
    name: str
    is_active: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What is asked for; without a password one is made and shown once.

    `invite_in` is the language of an e-mail by which the person chooses the password instead.
    """

    email: str
    name: str
    roles: Sequence[str]
    password: str | None = None
    invite_in: str | None = None


class Users:
    """Create, list and change the users of a tenant."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, passwords: Passwords, post: Post) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._post = post

    def create(self, principal: Principal, wanted: NewPerson) -> tuple[Person, str | None]:
        """Make a user; returns it with the password that was made for it, if none was given.

        `Invalid` lists what is wrong; `Conflict` says that the address has an account already, `Forbidden` that the
        roles may do more than the one who gives them.
        """
        principal.require("users.write")
        email, name, roles = checked_person(wanted)
        refuse_more_than(principal, roles)
        password, made = self._first_password(wanted)
        user = User(
            id=self._ids.uuid(),
            tenant_id=principal.tenant_id,
            email=email,
            name=name,
            password_hash=None if password is None else self._passwords.hash(normalized(password)),
            is_active=True,
            created_at=self._clock.now(),
        )
        try:
            self._add(principal, user, roles, wanted.invite_in)
        except IntegrityError as error:
            raise Conflict(say("%(email)s has an account already.", email=email), code="user_exists") from error
        return _shown(user, roles), made

    def _first_password(self, wanted: NewPerson) -> tuple[str | None, str | None]:
        """The password to begin with, and the same if it was made here; neither for who is invited."""
        if wanted.password is not None:
            return wanted.password, None
        if wanted.invite_in is not None:
            self._post.require()
            return None, None
        made = self._ids.secret()[:20]
        return made, made

    def _add(self, principal: Principal, user: User, roles: Sequence[str], invite_in: str | None) -> None:
        with self._db.unit_of_work(principal.tenant_id) as work:
            work.session.add(user)
            work.session.flush()
            storage.set_roles(work.session, principal.tenant_id, user.id, roles)
            details = {"email": user.email, "roles": list(roles)}
            record(work.session, self._ids.uuid(), principal, "user.created", str(user.id), details)
            if invite_in is not None:
                self._post.put(work, "invite", user, invite_in)

    def ensure_learners(
        self, work: UnitOfWork, principal: Principal, names: Mapping[str, str], language: str
    ) -> Mapping[str, Account]:
        """The account of each checked e-mail address, in the caller's transaction: found, or made as a learner's.

        `names` are those for new accounts, by address. Being a learner is the least that a person can be, so whoever
        may enrol may make such accounts. A new one has no password until its owner chooses one:
        an invitation is sent in `language`, where the Hub sends mail.
        """
        principal.require("enrolments.write")
        found = storage.users_of_emails(work.session, principal.tenant_id, list(names))
        known = {user.email: Account(user.id, user.email, user.name, user.is_active, False) for user in found}
        for email in names.keys() - known.keys():
            user = self._new_learner(work, principal, email, names[email])
            self._post.put(work, "invite", user, language)
            known[email] = Account(user.id, email, user.name, True, True)
        return known

    def _new_learner(self, work: UnitOfWork, principal: Principal, email: str, name: str) -> User:
        user = User(
            id=self._ids.uuid(),
            tenant_id=principal.tenant_id,
            email=email,
            name=name,
            password_hash=None,
            is_active=True,
            created_at=self._clock.now(),
        )
        work.session.add(user)
        work.session.flush()
        storage.set_roles(work.session, principal.tenant_id, user.id, ("learner",))
        details = {"email": email, "roles": ["learner"]}
        record(work.session, self._ids.uuid(), principal, "user.created", str(user.id), details)
        return user

    def list(
        self, principal: Principal, search: str = "", after: str | None = None, limit: int = 50
    ) -> Sequence[Person]:
        """Up to `limit` people whose name or address holds `search`, by address, those `after` an address."""
        principal.require("users.read")
        with self._db.read(principal.tenant_id) as session:
            users = storage.users_of_tenant(session, principal.tenant_id, search, after, limit)
            roles = storage.roles_of_users(session, principal.tenant_id, [user.id for user in users])
        return [_shown(user, roles.get(user.id, [])) for user in users]

    def get(self, principal: Principal, user_id: UUID) -> Person:
        """One user of the tenant; `NotFound` when there is none of that id."""
        principal.require("users.read")
        with self._db.read(principal.tenant_id) as session:
            user = _existing(storage.user_of_tenant(session, principal.tenant_id, user_id))
            roles = storage.roles_of_users(session, principal.tenant_id, [user.id])
        return _shown(user, roles.get(user.id, []))

    def of_email(self, principal: Principal, email: str) -> Person:
        """The user of the tenant with this address; `NotFound` when there is none."""
        principal.require("users.read")
        with self._db.read(principal.tenant_id) as session:
            user = storage.user_of_email(session, principal.tenant_id, email.strip().lower())
            if user is None:
                raise NotFound(say("There is no user %(email)s.", email=email[:100]), code="user_not_found")
            roles = storage.roles_of_users(session, principal.tenant_id, [user.id])
        return _shown(user, roles.get(user.id, []))

    def own(self, principal: Principal) -> Person:
        """The account of the person who asks."""
        with self._db.read(principal.tenant_id) as session:
            user = _existing(storage.user_of_tenant(session, principal.tenant_id, UUID(principal.id)))
            roles = storage.roles_of_users(session, principal.tenant_id, [user.id])
        return _shown(user, roles.get(user.id, []))

    def change(
        self,
        principal: Principal,
        user_id: UUID,
        *,
        name: str | None = None,
        roles: Sequence[str] | None = None,
        is_active: bool | None = None,
    ) -> Person:
        """Change what is given. `Unprocessable` when nobody would be left to administer the tenant."""
        principal.require("users.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            user = _existing(storage.user_of_tenant(work.session, principal.tenant_id, user_id))
            before = storage.roles_of_users(work.session, principal.tenant_id, [user.id]).get(user.id, [])
            after = before if roles is None else _checked_roles(roles)
            refuse_more_than(principal, {*before, *after})
            if "administrator" in before and (is_active is False or "administrator" not in after):
                _refuse_last_administrator(work.session, principal.tenant_id, user.id)
            details = {"before": _facts(user, before)}
            user.name = user.name if name is None else _checked_name(name)
            user.is_active = user.is_active if is_active is None else is_active
            storage.set_roles(work.session, principal.tenant_id, user.id, after)
            details["after"] = _facts(user, after)
            record(work.session, self._ids.uuid(), principal, "user.changed", str(user.id), details)
            return _shown(user, after)

    def reset_password(
        self, principal: Principal, user_id: UUID, password: str | None = None, language: str = LANGUAGE
    ) -> str | None:
        """Give a user a new password, which ends their sessions; returns the one that was made if none was given.

        `Forbidden` for a user who may do more than the one who asks.
        """
        person = self.require_over(principal, user_id)
        made = self._ids.secret()[:20] if password is None else None
        new = made or password or ""
        refuse_weak(new, person.email, person.name)
        new_hash = self._passwords.hash(normalized(new))
        self._set_password(principal, user_id, new_hash, "user.password_reset", language)
        return made

    def require_over(self, principal: Principal, user_id: UUID) -> Person:
        """The user, if `principal` may change how they sign in; `Forbidden` for one who may do more, and for oneself:
        an open session alone must not do what the account page asks a proof for."""
        principal.require("users.write")
        if principal.id == str(user_id):
            raise Forbidden("This is your own account: change how you sign in on its page.", code="own_account")
        person = self.get(principal, user_id)
        refuse_more_than(principal, person.roles)
        return person

    def _set_password(self, principal: Principal, user_id: UUID, password_hash: str, deed: str, language: str) -> None:
        with self._db.unit_of_work(principal.tenant_id) as work:
            user = _existing(storage.user_of_tenant(work.session, principal.tenant_id, user_id))
            user.password_hash = password_hash
            self._post.put(work, "password_changed", user, language)
            end_grants_of_user(work.session, principal.tenant_id, user_id, self._clock.now())
            record(work.session, self._ids.uuid(), principal, deed, str(user_id))

    def change_own_password(self, principal: Principal, old: str, new: str, language: str = LANGUAGE) -> None:
        """A user gives a new password, proving the old one first; it ends every session of theirs.

        `Invalid` names the field that does not fit. Where e-mail is on, the person is told.
        """
        user_id = UUID(principal.id)
        with self._db.read(principal.tenant_id) as session:
            user = _existing(storage.user_of_tenant(session, principal.tenant_id, user_id))
        if not self._passwords.verify(user.password_hash, normalized(old)):
            fault = Violation("sign-in", "old_password", "is not your present password")
            raise Invalid("The password was not changed.", violations=[fault])
        refuse_weak(new, user.email, user.name)
        new_hash = self._passwords.hash(normalized(new))
        self._set_password(principal, user_id, new_hash, "user.password_changed", language)


def checked_person(wanted: NewPerson) -> tuple[str, str, tuple[str, ...]]:
    """Address, name and roles as they are kept; `Invalid` lists what is wrong with them and the password."""
    faults: list[Violation] = []
    email = _judged(faults, checked_email, wanted.email)
    name = _judged(faults, _checked_name, wanted.name)
    roles = _judged(faults, _checked_roles, wanted.roles)
    if email is None or name is None or roles is None:
        raise Invalid("The account cannot be made like this.", violations=faults)
    if wanted.password is not None:
        refuse_weak(wanted.password, email, name)
    return email, name, roles


def _judged(faults: list[Violation], check: Callable[[Given], Checked], value: Given) -> Checked | None:
    """The checked value, or None with its faults added to `faults`."""
    try:
        return check(value)
    except Invalid as error:
        faults.extend(error.violations)
        return None


def _checked_name(name: str) -> str:
    return checked_name(name, "user")


def _checked_roles(roles: Iterable[str]) -> tuple[str, ...]:
    asked = list(roles)
    unknown = [role for role in asked if role not in ROLES]
    if unknown or not asked:
        fault = Violation("user", "roles", "must name at least one role of this server", unknown, list(ROLES))
        raise Invalid("The roles do not fit.", violations=[fault])
    return tuple(role for role in ROLES if role in asked)


def refuse_weak(password: str, email: str, name: str) -> None:
    """`Invalid` for a password that the person with this address and name should not have."""
    faults = password_faults(password, email, name)
    if faults:
        raise Invalid("The password does not fit.", code="weak_password", violations=faults)


def refuse_more_than(principal: Principal, roles: Iterable[str]) -> None:
    """Nobody gives a role that may do more than they may. Programs never sign in, but may let people in."""
    missing = _beyond(principal, roles)
    if missing:
        raise Forbidden(say("You may not give a role that allows: %(actions)s.", actions=", ".join(sorted(missing))))


def may_give(principal: Principal, roles: Iterable[str]) -> bool:
    """Whether these roles may do no more than who would give or take them."""
    return not _beyond(principal, roles)


def _beyond(principal: Principal, roles: Iterable[str]) -> frozenset[str]:
    return actions_of_roles(roles) - principal.actions - SIGNED_IN


def _refuse_last_administrator(session: Session, tenant_id: UUID, user_id: UUID) -> None:
    if set(storage.active_administrators(session, tenant_id)) <= {user_id}:
        raise Unprocessable("Nobody would be left to administer this tenant.", code="last_administrator")


def _existing(user: User | None) -> User:
    if user is None:
        raise NotFound("There is no such user.", code="user_not_found")
    return user


def _facts(user: User, roles: Sequence[str]) -> dict[str, object]:
    return {"name": user.name, "roles": list(roles), "is_active": user.is_active}


def _shown(user: User, roles: Sequence[str]) -> Person:
    return Person(
        user.id,
        user.email,
        user.name,
        roles,
        user.is_active,
        user.created_at,
        user.last_sign_in_at,
        user.email_verified_at,
        user.password_hash is not None,
    )
