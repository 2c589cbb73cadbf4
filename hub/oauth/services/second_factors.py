"""The second step of signing in with a password: a code of an authenticator, a passkey, or a recovery code.

Whoever has an authenticator or a passkey signs in by two steps, and has recovery codes for the day when it is lost.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Conflict, Invalid, NotFound, TooMany, Violation
from hub.identity import Principal
from hub.oauth.services.post import LANGUAGE, Post
from hub.oauth.spec.secrets import digest
from hub.oauth.spec.totp import (
    RECOVERY_CODES,
    key_address,
    key_text,
    matching_step,
    plain_recovery_code,
    recovery_code,
)
from hub.oauth.storage import passkeys, users
from hub.oauth.storage import second_factors as storage
from hub.oauth.storage.tables import SecondFactor
from hub.ports import Clock, Ids, KeyRing, Transients

SEED_BYTES = 20
#: Who gets here knows the password, so counting the account locks nobody else out.
TRIES, TRIES_WINDOW = 10, timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What goes into an authenticator: the key to type, or the address to open on the same device."""

    key: str
    address: str


@dataclass(frozen=True, slots=True)
class FactorView:
    """Whether there is an authenticator, whether two steps are needed, and how many recovery codes are left."""

    has_authenticator: bool
    is_needed: bool
    recovery_left: int


class SecondFactors:
    """Turn it on and off, and check codes."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, keys: KeyRing, transients: Transients, post: Post) -> None:
        self._post = post
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._transients = transients

    def of(self, principal: Principal) -> FactorView:
        """How it stands with this person."""
        user_id = UUID(principal.id)
        with self._db.read(principal.tenant_id) as session:
            has_authenticator, has_passkey = storage.needs(session, principal.tenant_id, user_id)
            row = storage.find(session, principal.tenant_id, user_id)
        is_needed = has_authenticator or has_passkey
        return FactorView(has_authenticator, is_needed, len(row.recovery) if row is not None and is_needed else 0)

    def begin(self, principal: Principal, account: str) -> Enrolment:
        """A new key for this person's authenticator; it counts once a code of it was entered."""
        user_id = UUID(principal.id)
        seed = secrets.token_bytes(SEED_BYTES)
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = storage.held(work.session, principal.tenant_id, user_id)
            if row.confirmed_at is not None:
                raise Conflict("There is an authenticator already; remove it first.", code="second_factor_exists")
            row.seed = self._keys.seal(base64.b64encode(seed).decode(), seed_context(user_id))
            row.last_step = 0
        return _enrolment(seed, account)

    def begun(self, principal: Principal, account: str) -> Enrolment:
        """The key that waits to be confirmed, once more; `NotFound` when none does."""
        with self._db.read(principal.tenant_id) as session:
            row = storage.find(session, principal.tenant_id, UUID(principal.id))
        if row is None or row.seed is None or row.confirmed_at is not None:
            raise NotFound("Nothing waits to be confirmed; begin again.", code="no_enrolment")
        return _enrolment(base64.b64decode(self._keys.unseal(row.seed, seed_context(row.user_id))), account)

    def confirm(self, principal: Principal, code: str) -> Sequence[str]:
        """Turn it on, proving that the authenticator has the key; returns the recovery codes, shown this once."""
        user_id = UUID(principal.id)
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = storage.find(work.session, principal.tenant_id, user_id, lock=True)
            if row is None or row.confirmed_at is not None:
                raise NotFound("Nothing waits to be confirmed; begin again.", code="no_enrolment")
            if not self._take_code(row, code):
                raise _wrong()
            row.confirmed_at = self._clock.now()
            record(work.session, self._ids.uuid(), principal, "second_factor.added", principal.id)
            return _new_recovery_codes(row)

    def first_recovery_codes(self, work: UnitOfWork, tenant_id: UUID, user_id: UUID) -> Sequence[str]:
        """Recovery codes for someone who has none, within the transaction that gave them another factor; else none."""
        row = storage.held(work.session, tenant_id, user_id)
        return [] if row.recovery else _new_recovery_codes(row)

    def renew_recovery_codes(self, principal: Principal) -> Sequence[str]:
        """New recovery codes; those before stop working. `NotFound` for someone who signs in by one step."""
        if not self.of(principal).is_needed:
            raise NotFound("You sign in by one step.", code="no_second_factor")
        with self._db.unit_of_work(principal.tenant_id) as work:
            record(work.session, self._ids.uuid(), principal, "recovery_codes.renewed", principal.id)
            return _new_recovery_codes(storage.held(work.session, principal.tenant_id, UUID(principal.id)))

    def turn_off(self, principal: Principal, code: str, language: str = LANGUAGE) -> None:
        """Remove the authenticator; it takes a code, so that an open session alone cannot do it."""
        user_id = UUID(principal.id)
        self.check(principal.tenant_id, user_id, code)
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = storage.find(work.session, principal.tenant_id, user_id, lock=True)
            if row is not None:
                row.seed = row.confirmed_at = None
                work.session.flush()
            record(work.session, self._ids.uuid(), principal, "second_factor.removed", principal.id)
            self.settle(work, principal.tenant_id, user_id, language)

    def remove(self, principal: Principal, user_id: UUID, language: str = LANGUAGE) -> None:
        """Take everything beside the password away from a user, by whoever may; for someone who lost it all."""
        with self._db.unit_of_work(principal.tenant_id) as work:
            removed = passkeys.remove(work.session, principal.tenant_id, user_id)
            details = {"passkeys": removed}
            record(work.session, self._ids.uuid(), principal, "second_factor.removed", str(user_id), details)
            row = storage.find(work.session, principal.tenant_id, user_id, lock=True)
            if row is not None:
                row.seed = row.confirmed_at = None
                work.session.flush()
            self.settle(work, principal.tenant_id, user_id, language)

    def settle(self, work: UnitOfWork, tenant_id: UUID, user_id: UUID, language: str = LANGUAGE) -> None:
        """After a factor went: without any left, recovery codes go too, and the person is told."""
        if any(storage.needs(work.session, tenant_id, user_id)):
            return
        user = users.user_of_tenant(work.session, tenant_id, user_id)
        if storage.remove(work.session, tenant_id, user_id) and user is not None:
            self._post.put(work, "two_steps_off", user, language)

    def factors(self, tenant_id: UUID, user_id: UUID) -> tuple[bool, bool]:
        """Whether this user has an authenticator, and whether a passkey: with either they sign in by two steps."""
        with self._db.read(tenant_id) as session:
            return storage.needs(session, tenant_id, user_id)

    def check(self, tenant_id: UUID, user_id: UUID, code: str) -> None:
        """Use a code up; `Invalid` when it is wrong or was used, `TooMany` after many wrong ones."""
        window = int(TRIES_WINDOW.total_seconds())
        if self._transients.increment(f"second-factor:{user_id}", window) > TRIES:
            raise TooMany(
                "Too many wrong codes. Wait 15 min and try again.",
                code="too_many_attempts",
                headers={"Retry-After": str(window)},
            )
        with self._db.unit_of_work(tenant_id) as work:
            row = storage.find(work.session, tenant_id, user_id, lock=True)
            is_right = row is not None and self._use(row, code)
        if not is_right:
            raise _wrong()
        self._transients.delete(f"second-factor:{user_id}")

    def _use(self, row: SecondFactor, code: str) -> bool:
        if row.confirmed_at is not None and self._take_code(row, code):
            return True
        given = digest(plain_recovery_code(code))
        if given not in row.recovery:
            return False
        row.recovery = [each for each in row.recovery if each != given]
        return True

    def _take_code(self, row: SecondFactor, code: str) -> bool:
        if row.seed is None:
            return False
        seed = base64.b64decode(self._keys.unseal(row.seed, seed_context(row.user_id)))
        step = matching_step(seed, code, self._clock.now().timestamp(), row.last_step)
        row.last_step = step if step is not None else row.last_step
        return step is not None


def _enrolment(seed: bytes, account: str) -> Enrolment:
    return Enrolment(key_text(seed), key_address(seed, account, "Standards Hub"))


def _new_recovery_codes(row: SecondFactor) -> Sequence[str]:
    codes = [recovery_code(secrets.choice) for _ in range(RECOVERY_CODES)]
    row.recovery = [digest(plain_recovery_code(each)) for each in codes]
    return codes


def seed_context(user_id: UUID) -> str:
    """What a sealed seed is bound to."""
    return f"second_factor.seed:{user_id}"


def _wrong() -> Invalid:
    fault = Violation("RFC 6238", "code", "is wrong, too old, or was used already")
    return Invalid("The code does not fit.", code="wrong_code", violations=[fault])
