"""Signing in: by e-mail address and password, with a second step, by a passkey, by an identity provider; and proving
once more who one is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.db.tables import User
from hub.errors import HubError, Invalid, TooMany, Unauthenticated, Violation
from hub.identity import Principal
from hub.oauth.services.guessing import Guessing
from hub.oauth.services.passkeys import Passkeys
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.sessions import SUPER, External, Sessions, actor
from hub.oauth.services.users import Passwords
from hub.oauth.spec.passwords import MAXIMUM_LENGTH, normalized
from hub.oauth.spec.secrets import digest, matches
from hub.oauth.storage import users as storage
from hub.ports import Clock, Ids, Transients

SECOND_STEP_SECONDS = 300
#: The same address in more tenants than this does not happen; the limit bounds the hashing of one attempt.
ACCOUNTS_TRIED = 3


@dataclass
class SecondStepNeeded(Unauthenticated):
    """The password was right, and a code is needed as well; `pending` stands for the password in the second step."""

    default_code = "second_step_needed"

    pending: str = ""


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


class SignIn:
    """The ways to a session."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        transients: Transients,
        passwords: Passwords,
        guessing: Guessing,
        second_factors: SecondFactors,
        passkeys: Passkeys,
        sessions: Sessions,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._passwords = passwords
        self._guessing = guessing
        self._second_factors = second_factors
        self._passkeys = passkeys
        self._sessions = sessions

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
            record(work.session, self._ids.uuid(), actor(user), "session.began", str(user.id), details)
        return self._sessions.begin(tenant_id, user_id, user.password_hash or "", now, external)

    def _admit(self, user: User, password_hash: str, by: str = "password") -> str:
        now = self._clock.now()
        self._require_open(user)
        with self._db.unit_of_work(user.tenant_id) as work:
            storage.note_sign_in(work.session, user, now, password_hash)
            record(work.session, self._ids.uuid(), actor(user), "session.began", str(user.id), {"by": by})
        return self._sessions.begin(user.tenant_id, user.id, password_hash, now)

    def _require_open(self, user: User) -> None:
        """`Forbidden` for who comes to a suspended tenant, but for those who can open it again."""
        with self._db.read(user.tenant_id) as session:
            roles = storage.roles_of_users(session, user.tenant_id, [user.id]).get(user.id, [])
        if SUPER not in roles:
            self._db.suspensions.require_open(user.tenant_id)

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
        self._sessions.note_proof(session_id)

    def prove_by_passkey(self, principal: Principal, session_id: str, answer: str) -> None:
        """Prove it by a passkey."""
        self._passkeys.recognise(session_id, answer, (principal.tenant_id, UUID(principal.id)))
        self._sessions.note_proof(session_id)

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
                record(work.session, self._ids.uuid(), actor(account), event, str(account.id))


def _pending_key(pending: str) -> str:
    return f"sign-in:pending:{digest(pending)}"
