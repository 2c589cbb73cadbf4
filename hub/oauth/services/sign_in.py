"""Signing in with e-mail address and password, and the session that follows.

Sessions live on the server. The browser holds a random id; what is kept under its digest says who it is and since
when. Two values are kept, so that a request that is still running cannot bring back a session that was just ended:
one that lasts as long as a session may at most and is removed at sign-out, and one that every use renews.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from hub.db import EVERY_TENANT, Database
from hub.db.audit import present_origin, record
from hub.db.tables import Tenant, User
from hub.errors import Conflict, Forbidden, HubError, Invalid, NotFound, TooMany, Unauthenticated, Violation
from hub.identity import Principal, actions_of_roles
from hub.oauth.services.guessing import Guessing
from hub.oauth.services.passkeys import Passkeys
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.users import Passwords
from hub.oauth.spec.passwords import MAXIMUM_LENGTH, normalized
from hub.oauth.spec.secrets import digest, matches
from hub.oauth.storage import users as storage
from hub.oauth.storage.grants import end_grants_of_session, end_grants_of_user
from hub.oauth.storage.removals import is_leaving
from hub.ports import Clock, Ids, Transients

SUPER = "super_administrator"
SECOND_STEP_SECONDS = 300
#: How long after proving who they are people may change what guards their account.
PROOF_SECONDS = 15 * 60
#: The same address in more tenants than this does not happen; the limit bounds the hashing of one attempt.
ACCOUNTS_TRIED = 3


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Someone with a session: the principal, what pages show about them, and since when.

    `is_visiting` says that a super administrator acts in a tenant that is not their own.
    """

    principal: Principal
    email: str
    roles: Sequence[str]
    tenant_name: str
    began_at: datetime
    is_visiting: bool = False


@dataclass
class SecondStepNeeded(Unauthenticated):
    """The password was right, and a code is needed as well; `pending` stands for the password in the second step."""

    default_code = "second_step_needed"

    pending: str = ""


class ProofNeeded(Forbidden):
    """This guards the account, and whoever has the session proved who they are too long ago."""

    default_code = "proof_needed"


@dataclass(frozen=True, slots=True)
class SecondStep:
    """Whose second step it is, and by what it can be taken besides a recovery code.

    `password_hash` is as it is to be kept, `proven` the digest of the one that the password was checked against.
    """

    tenant_id: UUID
    user_id: UUID
    password_hash: str
    proven: str
    has_authenticator: bool
    has_passkey: bool


@dataclass(frozen=True, slots=True)
class SessionView:
    """An open session. `key` names it without opening it; `address` and `browser` are where it began."""

    key: str
    began_at: datetime
    address: str
    browser: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class External:
    """The session at an identity provider that a session here came of; `sid` is its id there, if it has one.

    `ends_sessions` says that people can sign out there from here.
    """

    provider_id: str
    provider: str
    subject: str
    sid: str | None
    ends_sessions: bool = False


class SignIn:
    """Sign in, sign out, and find who a session belongs to."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        transients: Transients,
        passwords: Passwords,
        idle: timedelta,
        longest: timedelta,
        guessing: Guessing,
        second_factors: SecondFactors,
        passkeys: Passkeys,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._passwords = passwords
        self._guessing = guessing
        self._second_factors = second_factors
        self._passkeys = passkeys
        self._idle = int(idle.total_seconds())
        self._longest = int(longest.total_seconds())

    def sign_in(self, email: str, password: str, address: str, device: str = "", tenant: str = "") -> str:
        """Begin a session; returns its secret id, always a new one. `device` is the device cookie of the browser.

        `tenant` is the short name of the tenant whose page it is: it decides where the same address and password open
        accounts in several. Each of these is guarded by itself: whoever has one of them guesses no faster at another.

        `Unauthenticated` says only that the two do not belong together, whatever the reason, and takes as long when
        there is no such account; `TooMany` asks to wait after many guesses (`Guessing`); `SecondStepNeeded` goes on in
        `second_step`.
        """
        self._guessing.admit_address(address)
        email, tried = email.strip().lower()[:254], normalized(password[: MAXIMUM_LENGTH * 4])
        accounts = self._accounts(email, tenant)
        if not accounts:
            self._guessing.admit(email, address, device)
            self._passwords.verify(None, tried)
        user = self._opened(accounts, tried, address, device)
        password_hash = self._present_hash(user, password)
        if any(self._second_factors.factors(user.tenant_id, user.id)):
            raise self._second_step_needed(user, password_hash)
        return self._admit(user, password_hash)

    def _second_step_needed(self, user: User, password_hash: str) -> SecondStepNeeded:
        pending = self._ids.secret()
        proven = digest(user.password_hash or "")
        facts = {"tenant": str(user.tenant_id), "user": str(user.id), "hash": password_hash, "proven": proven}
        kept = orjson.dumps(facts)
        self._transients.put(_pending_key(pending), kept, SECOND_STEP_SECONDS)
        return SecondStepNeeded("Now the code of your authenticator.", pending=pending)

    def step_of(self, pending: str) -> SecondStep:
        """The second step of someone whose password was right; `Unauthenticated` when it took too long."""
        kept = self._transients.get(_pending_key(pending))
        if kept is None:
            raise Unauthenticated("That took too long. Sign in again.", code="sign_in_stray")
        facts = orjson.loads(kept)
        tenant_id, user_id = UUID(facts["tenant"]), UUID(facts["user"])
        return SecondStep(
            tenant_id, user_id, facts["hash"], facts["proven"], *self._second_factors.factors(tenant_id, user_id)
        )

    def second_step(self, pending: str, code: str) -> str:
        """Begin a session for someone whose password was right, with a code; returns its secret id.

        `Invalid` for a wrong code, `Unauthenticated` when it took too long.
        """
        step = self.step_of(pending)
        with self._refusals_told(step):
            self._second_factors.check(step.tenant_id, step.user_id, code)
        return self._admit_after(step, pending)

    def begin_passkey_step(self, pending: str, browser: str) -> dict[str, Any]:
        """What the authenticator is asked to sign as the second step."""
        step = self.step_of(pending)
        return self._passkeys.begin(browser, (step.tenant_id, step.user_id))

    def passkey_step(self, pending: str, browser: str, answer: str) -> str:
        """The same with a passkey in place of a code."""
        step = self.step_of(pending)
        with self._refusals_told(step):
            self._passkeys.recognise(browser, answer, (step.tenant_id, step.user_id))
        return self._admit_after(step, pending)

    @contextmanager
    def _refusals_told(self, step: SecondStep) -> Iterator[None]:
        """A wrong second step is a failure to sign in: whoever got so far knows the password."""
        try:
            yield
        except (Invalid, Unauthenticated):
            with self._db.read(step.tenant_id) as session:
                user = storage.user_of_tenant(session, step.tenant_id, step.user_id)
            self._note("session.refused", [user] if user else [])
            raise

    def _admit_after(self, step: SecondStep, pending: str) -> str:
        if self._transients.take(_pending_key(pending)) is None:
            raise Unauthenticated("That took too long. Sign in again.", code="sign_in_stray")
        with self._db.read(step.tenant_id) as session:
            user = storage.user_of_tenant(session, step.tenant_id, step.user_id)
        if user is None or not user.is_active or not matches(user.password_hash or "", step.proven):
            raise Unauthenticated("The account was changed meanwhile. Sign in again.", code="sign_in_stray")
        return self._admit(user, step.password_hash)

    def by_passkey(self, browser: str, answer: str, address: str) -> str:
        """Begin a session for whoever has the passkey that answered, without a password; returns its secret id.

        The passkey proved by itself who uses it (by fingerprint, face or PIN), so no second step is asked for.
        """
        self._guessing.admit_address(address)
        user = self._passkeys.recognise(browser, answer)
        return self._admit(user, user.password_hash or "", "passkey")

    def _admit(self, user: User, password_hash: str, by: str = "password") -> str:
        now = self._clock.now()
        self._require_open(user)
        with self._db.unit_of_work(user.tenant_id) as work:
            storage.note_sign_in(work.session, user, now, password_hash)
            record(work.session, self._ids.uuid(), _actor(user), "session.began", str(user.id), {"by": by})
        return self._begin_session(user.tenant_id, user.id, password_hash, now)

    def _require_open(self, user: User) -> None:
        """`Forbidden` for who comes to a suspended tenant, but for those who can open it again."""
        with self._db.read(user.tenant_id) as session:
            roles = storage.roles_of_users(session, user.tenant_id, [user.id]).get(user.id, [])
        if SUPER not in roles:
            self._db.suspensions.require_open(user.tenant_id)

    # --- proving it once more -----------------------------------------------------------------------------------

    def require_recent(self, session_id: str) -> None:
        """`ProofNeeded` unless who has the session proved who they are a short while ago."""
        if self._transients.get(_proof_key(session_id)) is None:
            raise ProofNeeded("Prove once more that it is you.")

    def prove(self, principal: Principal, session_id: str, password: str) -> None:
        """Prove it by the password; `Invalid` when it is not the present one."""
        with self._db.read(principal.tenant_id) as session:
            user = storage.user_of_tenant(session, principal.tenant_id, UUID(principal.id))
        if user is None:
            raise Unauthenticated("There is no such account.")
        self._guessing.admit_session(session_id)
        if not self._passwords.verify(user.password_hash, normalized(password[: MAXIMUM_LENGTH * 4])):
            self._note("session.refused", [user])
            fault = Violation("sign-in", "password", "is not your present password")
            raise Invalid("That is not your password.", code="wrong_password", violations=[fault])
        self._note_proof(session_id)

    def prove_by_passkey(self, principal: Principal, session_id: str, answer: str) -> None:
        """Prove it by a passkey."""
        self._passkeys.recognise(session_id, answer, (principal.tenant_id, UUID(principal.id)))
        self._note_proof(session_id)

    def _note_proof(self, session_id: str) -> None:
        self._transients.put(_proof_key(session_id), b"1", PROOF_SECONDS)

    # --- identity providers -------------------------------------------------------------------------------------

    def begin_external(self, tenant_id: UUID, user_id: UUID, external: External) -> str:
        """A session for someone whom an identity provider signed in; returns its secret id."""
        now = self._clock.now()
        with self._db.unit_of_work(tenant_id) as work:
            user = storage.user_of_tenant(work.session, tenant_id, user_id)
            if user is None or not user.is_active:
                raise Unauthenticated("There is no such account.")
            self._db.suspensions.require_open(tenant_id)
            user.last_sign_in_at = now
            details = {"provider": external.provider}
            record(work.session, self._ids.uuid(), _actor(user), "session.began", str(user.id), details)
        return self._begin_session(tenant_id, user_id, user.password_hash or "", now, external)

    def end_external(self, provider_id: str, *, sid: str | None, subject: str | None) -> None:
        """End the sessions that came of a session at a provider, or of all sessions of a subject there, and what was
        allowed to programs in them. One that is just beginning finds the mark."""
        now = self._clock.now().isoformat().encode()
        for kind, value in (("sid", sid), ("sub", subject)):
            if value:
                self._transients.put(_external_key(provider_id, kind, value), now, self._longest)
                for key in self._transients.entries(_came_of_key(provider_id, kind, value)):
                    self._end(key)

    def _was_ended_there(self, session: Mapping[str, str]) -> bool:
        """Whether the provider told of a logout since the session began."""
        marks = (
            self._transients.get(_external_key(session["provider"], kind, session[kind]))
            for kind in ("sid", "sub")
            if session.get(kind)
        )
        return any(mark is not None and mark.decode() >= session["began_at"] for mark in marks)

    def begin_anew(self, principal: Principal) -> str:
        """A new session for someone who has just changed the password, which ended all the others."""
        with self._db.read(principal.tenant_id) as session:
            user = storage.user_of_tenant(session, principal.tenant_id, UUID(principal.id))
        if user is None or user.password_hash is None:
            raise Unauthenticated("There is no such account.")
        return self._begin_session(user.tenant_id, user.id, user.password_hash, self._clock.now())

    def _present_hash(self, user: User, password: str) -> str:
        """The hash of the right password as it is to be kept: made anew where today's parameters are stronger."""
        kept = user.password_hash or ""
        return self._passwords.hash(normalized(password)) if self._passwords.is_outdated(kept) else kept

    def _accounts(self, email: str, tenant: str) -> Sequence[User]:
        with self._db.read(EVERY_TENANT) as session:
            return storage.accounts_of_email(session, email, ACCOUNTS_TRIED, tenant)

    def _opened(self, accounts: Sequence[User], tried: str, address: str, device: str) -> User:
        """The first account that the password opens, of those at which nobody has to wait before the next guess."""
        refusal: HubError = Unauthenticated(
            "The e-mail address and the password do not belong together.", code="sign_in_failed"
        )
        refused = []
        for account in accounts:
            try:
                if self._guessing.admit(str(account.id), address, device):
                    self._note("session.slowed", [account])
            except TooMany as wait:
                refusal = wait
                continue
            if self._passwords.verify(account.password_hash, tried):
                self._guessing.forget(str(account.id), address)
                return account
            refused.append(account)
        self._note("session.refused", refused)
        raise refusal

    def _note(self, event: str, accounts: Sequence[User]) -> None:
        """In the audit log of each tenant whose account was tried; where there is none, nowhere."""
        for account in accounts:
            with self._db.unit_of_work(account.tenant_id) as work:
                record(work.session, self._ids.uuid(), _actor(account), event, str(account.id))

    def _begin_session(
        self, tenant_id: UUID, user_id: UUID, password_hash: str, now: datetime, external: External | None = None
    ) -> str:
        session_id = self._ids.secret()
        kept = {
            "tenant": str(tenant_id),
            "user": str(user_id),
            "began_at": now.isoformat(),
            "password": digest(password_hash),
        }
        if external is not None:
            kept |= {"provider": external.provider_id, "sub": external.subject, "sid": external.sid or ""}
            kept |= {"ends": "yes"} if external.ends_sessions else {}
            for kind in ("sub", "sid") if external.sid else ("sub",):
                came_of = _came_of_key(external.provider_id, kind, kept[kind])
                self._transients.put_entry(came_of, digest(session_id), b"1", self._longest)
        self._transients.put(_session_key(session_id), orjson.dumps(kept), self._longest)
        listed = orjson.dumps({"began_at": kept["began_at"], "address": present_origin().address or ""})
        self._transients.put_entry(_sessions_key(str(user_id)), digest(session_id), listed, self._longest)
        self._transients.put(_use_key(session_id), b"1", self._idle)
        if external is None or not password_hash:  # A provider's word is no proof to who signs in here by a password.
            self._note_proof(session_id)
        return session_id

    @staticmethod
    def digest_of(session_id: str) -> str:
        """By what the session is known to what was allowed in it."""
        return digest(session_id)

    def who(self, session_id: str) -> SignedIn | None:
        """Who the session belongs to; None when it ended, was not used for too long, or the account was closed.

        Roles are read anew each time, so that what is taken away is gone at once. A session lives no longer than the
        password that began it.
        """
        kept = self._transients.get(_session_key(session_id))
        if kept is None or self._transients.get(_use_key(session_id)) is None:
            return None
        session = orjson.loads(kept)
        if "provider" in session and self._was_ended_there(session):
            return None
        tenant_id = UUID(session["tenant"])
        with self._db.read(tenant_id) as read:
            found = storage.user_with_roles(read, tenant_id, UUID(session["user"]))
        if found is None or not matches(found[0].password_hash or "", session["password"]):
            return None
        self._transients.put(_use_key(session_id), b"1", self._idle)
        user, tenant, roles = found
        began_at = datetime.fromisoformat(session["began_at"])
        if "provider" in session:  # Whoever administers a tenant may connect providers, but not rule all tenants.
            roles = [role for role in roles if role != SUPER]
        if SUPER in roles:
            visiting = self._visiting(session_id, user)
            if visiting is not None:
                return SignedIn(visiting[0], user.email, [SUPER], visiting[1], began_at, True)
        elif tenant.suspended_at is not None:
            return None
        principal = Principal(
            user.tenant_id, "user", str(user.id), user.name, actions_of_roles(roles), roles=frozenset(roles)
        )
        return SignedIn(principal, user.email, roles, tenant.name, began_at)

    def _visiting(self, session_id: str, user: User) -> tuple[Principal, str] | None:
        """A super administrator in the tenant that they entered, with its name; None for one who is at home."""
        kept = self._transients.get(_visit_key(digest(session_id)))
        if kept is None:
            return None
        tenant_id = UUID(kept.decode())
        with self._db.read(tenant_id) as session:
            tenant = None if is_leaving(session, tenant_id) else session.get(Tenant, tenant_id)
        return None if tenant is None else (visitor(user, tenant_id), tenant.name)

    def enter(self, principal: Principal, session_id: str, tenant_id: UUID) -> None:
        """Act in another tenant from now on, in this session. Its own audit log tells. Raises `NotFound`; `Conflict`
        for one that is being removed."""
        principal.require("tenants.enter")
        if principal.kind not in {"user", "super_administrator"}:
            raise Forbidden("Only a person who signed in enters a tenant.", code="not_allowed")
        self.leave(principal, session_id)
        with self._db.unit_of_work(tenant_id) as work:
            if work.session.get(Tenant, tenant_id) is None:
                raise NotFound("There is no such tenant.", code="tenant_not_found")
            if is_leaving(work.session, tenant_id):
                raise Conflict("The tenant is being removed.", code="tenant_leaving")
            actor = Principal(tenant_id, "super_administrator", principal.id, principal.name)
            record(work.session, self._ids.uuid(), actor, "tenant.entered")
        self._transients.put(_visit_key(digest(session_id)), str(tenant_id).encode(), self._longest)

    def leave(self, principal: Principal, session_id: str) -> None:
        """Be at home again. For one who is at home it does nothing."""
        kept = self._transients.take(_visit_key(digest(session_id)))
        if kept is None:
            return
        tenant_id = UUID(kept.decode())
        with self._db.unit_of_work(tenant_id) as work:
            actor = Principal(tenant_id, "super_administrator", principal.id, principal.name)
            record(work.session, self._ids.uuid(), actor, "tenant.left")

    def sessions(self, principal: Principal, session_id: str) -> Sequence[SessionView]:
        """This person's open sessions, the newest first; `session_id` is the one that asks."""
        found = []
        for key, kept in self._transients.entries(_sessions_key(principal.id)).items():
            if self._transients.get(f"session-use:{key}") is None or self._transients.get(f"session:{key}") is None:
                self._transients.delete_entry(_sessions_key(principal.id), key)
                continue
            facts = orjson.loads(kept)
            began_at = datetime.fromisoformat(facts["began_at"])
            browser = facts.get("browser", "")
            found.append(SessionView(key, began_at, facts["address"], browser, key == digest(session_id)))
        return sorted(found, key=lambda session: session.began_at, reverse=True)

    def note_browser(self, session_id: str, browser: str) -> None:
        """Remember in which browser a session began, so that its owner knows it in the list."""
        kept = self._transients.get(_session_key(session_id))
        if kept is None:
            return
        user, key = orjson.loads(kept)["user"], digest(session_id)
        listed = self._transients.entries(_sessions_key(user)).get(key)
        if listed is not None:
            facts = orjson.dumps({**orjson.loads(listed), "browser": browser})
            self._transients.put_entry(_sessions_key(user), key, facts, self._longest)

    def end_session(self, principal: Principal, key: str) -> None:
        """End one of this person's sessions."""
        if key in self._transients.entries(_sessions_key(principal.id)):
            self._end(key)

    def end_all_sessions(self, principal: Principal) -> None:
        """End every session of this person, and everything that was allowed to programs."""
        for key in self._transients.entries(_sessions_key(principal.id)):
            self._end(key)
        with self._db.unit_of_work(principal.tenant_id) as work:
            end_grants_of_user(work.session, principal.tenant_id, UUID(principal.id), self._clock.now())
            record(work.session, self._ids.uuid(), principal, "session.ended_everywhere", principal.id)

    def forget(self, user_id: UUID) -> int:
        """End every session of someone who is being erased, leaving no trace of them; returns how many."""
        keys = list(self._transients.entries(_sessions_key(str(user_id))))
        for key in keys:
            self._transients.delete(f"session:{key}")
            self._transients.delete(f"session-use:{key}")
        self._transients.delete(_sessions_key(str(user_id)))
        return len(keys)

    def stays_at(self, session_id: str) -> UUID | None:
        """The provider where whoever has the session stays signed in, if they can sign out there from here."""
        kept = self._transients.get(_session_key(session_id))
        session = {} if kept is None else orjson.loads(kept)
        return UUID(session["provider"]) if "ends" in session else None

    def sign_out(self, session_id: str) -> None:
        """End the session and every grant that was given in it; one that has ended already is no error."""
        self._end(digest(session_id))

    def _end(self, key: str) -> None:
        kept = self._transients.take(f"session:{key}")
        self._transients.delete(f"session-use:{key}")
        self._transients.delete(_visit_key(key))
        if kept is None:
            return
        session = orjson.loads(kept)
        tenant_id = UUID(session["tenant"])
        self._transients.delete_entry(_sessions_key(session["user"]), key)
        with self._db.unit_of_work(tenant_id) as work:
            user = storage.user_of_tenant(work.session, tenant_id, UUID(session["user"]))
            end_grants_of_session(work.session, tenant_id, key, self._clock.now())
            if user is not None:
                record(work.session, self._ids.uuid(), _actor(user), "session.ended", str(user.id))


def _actor(user: User) -> Principal:
    return Principal(user.tenant_id, "user", str(user.id), user.name)


def _sessions_key(user_id: str) -> str:
    return f"user-sessions:{user_id}"


def _session_key(session_id: str) -> str:
    return f"session:{digest(session_id)}"


def _visit_key(key: str) -> str:
    """Where it is kept which tenant the session of that digest visits."""
    return f"session-visit:{key}"


def visitor(user: User, tenant_id: UUID) -> Principal:
    """A super administrator at work in a tenant, as an administrator of it; the audit log names the kind."""
    return Principal(
        tenant_id, "super_administrator", str(user.id), user.name, actions_of_roles([SUPER]), roles=frozenset({SUPER})
    )


def _use_key(session_id: str) -> str:
    return f"session-use:{digest(session_id)}"


def _proof_key(session_id: str) -> str:
    return f"session-proof:{digest(session_id)}"


def _pending_key(pending: str) -> str:
    return f"sign-in:pending:{digest(pending)}"


def _external_key(provider_id: str, kind: str, value: str) -> str:
    return f"sso-ended:{provider_id}:{kind}:{digest(value)}"


def _came_of_key(provider_id: str, kind: str, value: str) -> str:
    """Where the sessions are listed that came of a session, or a subject, at a provider."""
    return f"sso-sessions:{provider_id}:{kind}:{digest(value)}"
