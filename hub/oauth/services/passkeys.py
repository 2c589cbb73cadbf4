"""Passkeys: keys on people's devices that sign in without a password, or beside one (Web Authentication Level 3).

Each ceremony has a challenge of its own, kept for five minutes under the browser's secret and good for one answer.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.db.audit import record
from hub.db.tables import User
from hub.errors import Conflict, HubError, Invalid, NotFound, Unauthenticated, Unprocessable
from hub.identity import Principal
from hub.oauth.services.post import LANGUAGE, Post
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.spec.names import checked_name
from hub.oauth.spec.secrets import digest
from hub.oauth.storage import passkeys as storage
from hub.oauth.storage import users
from hub.oauth.storage.tables import Passkey
from hub.oauth.webauthn_bridge import NewCredential, RelyingParty
from hub.ports import Clock, Ids, Transients

CHALLENGE_SECONDS = 300
MOST = 20


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    is_synced: bool
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, row: Passkey) -> "PasskeyView":
        return cls(row.id, row.name, row.is_synced, row.created_at, row.last_used_at)


class Passkeys:
    """Add, list, rename and remove passkeys, and recognise people by them."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        transients: Transients,
        relying_party: RelyingParty,
        second_factors: SecondFactors,
        post: Post,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._relying_party = relying_party
        self._second_factors = second_factors
        self._post = post

    @property
    def are_possible(self) -> bool:
        """Whether browsers offer passkeys at the Hub's address: by https or on localhost, and not at an IP address."""
        return self._relying_party.is_possible

    def of(self, principal: Principal) -> Sequence[PasskeyView]:
        """This person's passkeys, the oldest first."""
        with self._db.read(principal.tenant_id) as session:
            rows = storage.of_user(session, principal.tenant_id, UUID(principal.id))
        return [PasskeyView.of(row) for row in rows]

    def get(self, principal: Principal, passkey_id: UUID) -> PasskeyView:
        """One of this person's passkeys; `NotFound` when they have none of that id."""
        with self._db.read(principal.tenant_id) as session:
            row = storage.of_id(session, principal.tenant_id, UUID(principal.id), passkey_id)
            return PasskeyView.of(_existing(row))

    # --- adding and removing ------------------------------------------------------------------------------------

    def begin_adding(self, principal: Principal, browser: str) -> dict[str, Any]:
        """What the browser's authenticator is asked to make."""
        with self._db.read(principal.tenant_id) as session:
            user = users.user_of_tenant(session, principal.tenant_id, UUID(principal.id))
            known = storage.of_user(session, principal.tenant_id, UUID(principal.id))
        if user is None or user.password_hash is None:
            raise Unprocessable("You sign in at an identity provider: passkeys are made there.", code="no_password")
        if len(known) >= MOST:
            raise Unprocessable(f"You have {MOST} passkeys; remove one first.", code="too_many_passkeys")
        challenge = self._new_challenge("add", browser)
        return self._relying_party.creation_options(
            challenge, user.id, user.email, user.name, [each.credential_id for each in known]
        )

    def add(
        self, principal: Principal, browser: str, name: str, answer: str, language: str = LANGUAGE
    ) -> Sequence[str]:
        """Keep what was made, under a name of its owner's choice; returns recovery codes, if there were none yet.

        `Invalid` says what is wrong with name or answer, `Conflict` that the credential is known.
        """
        name = checked_name(name, "passkey")
        made = self._relying_party.created(answer, self._challenge("add", browser))
        user_id = UUID(principal.id)
        row = Passkey(
            id=self._ids.uuid(),
            tenant_id=principal.tenant_id,
            user_id=user_id,
            name=name,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            is_synced=made.is_synced,
            created_at=self._clock.now(),
        )
        try:
            with self._db.unit_of_work(principal.tenant_id) as work:
                work.session.add(row)
                work.session.flush()
                self._tell(work, principal, row, language)
                return self._second_factors.first_recovery_codes(work, principal.tenant_id, user_id)
        except IntegrityError as error:
            raise Conflict("This passkey is known already.", code="passkey_exists") from error

    def _tell(self, work: UnitOfWork, principal: Principal, row: Passkey, language: str) -> None:
        record(work.session, self._ids.uuid(), principal, "passkey.added", str(row.id), {"name": row.name})
        user = users.user_of_tenant(work.session, row.tenant_id, row.user_id)
        assert user is not None  # The foreign key has just held.
        self._post.put(work, "passkey_added", user, language, extra=row.name)

    def rename(self, principal: Principal, passkey_id: UUID, name: str) -> None:
        """Give one another name; `Invalid` for what is no name, `NotFound` when this person has none of that id."""
        name = checked_name(name, "passkey")
        with self._db.unit_of_work(principal.tenant_id) as work:
            found = storage.of_id(work.session, principal.tenant_id, UUID(principal.id), passkey_id, lock=True)
            row = _existing(found)
            details = {"before": {"name": row.name}, "after": {"name": name}}
            if row.name != name:
                row.name = name
                record(work.session, self._ids.uuid(), principal, "passkey.renamed", str(row.id), details)

    def remove(self, principal: Principal, passkey_id: UUID, language: str = LANGUAGE) -> None:
        """Remove one; `NotFound` when this person has none of that id."""
        with self._db.unit_of_work(principal.tenant_id) as work:
            removed = storage.remove(work.session, principal.tenant_id, UUID(principal.id), passkey_id)
            if not removed:
                raise _missing()
            self._second_factors.settle(work, principal.tenant_id, UUID(principal.id), language)
            record(work.session, self._ids.uuid(), principal, "passkey.removed", str(passkey_id), {"name": removed[0]})

    # --- recognising --------------------------------------------------------------------------------------------

    def begin(self, browser: str, user: tuple[UUID, UUID] | None = None) -> dict[str, Any]:
        """What the authenticator is asked to sign: by any passkey of this Hub, or by one of a user (tenant, id).

        Whoever proved a password before need not prove to the authenticator who they are as well.
        """
        challenge = self._new_challenge("use", browser)
        if user is None:
            return self._relying_party.request_options(challenge)
        with self._db.read(user[0]) as session:
            known = [each.credential_id for each in storage.of_user(session, *user)]
        return self._relying_party.request_options(challenge, known, must_verify=False)

    def recognise(self, browser: str, answer: str, user: tuple[UUID, UUID] | None = None) -> User:
        """Whose passkey answered; `Invalid` when none of this Hub (or of that user) did, or not as it must."""
        challenge = self._challenge("use", browser)
        claimed = self._relying_party.claimed(answer)
        with self._db.unit_of_work(EVERY_TENANT) as work:
            found = storage.with_owner(work.session, claimed.credential_id)
            refusal: HubError = _unknown()
            if found is not None:
                row, owner = found
                is_theirs = claimed.user_id in {None, owner.id} and user in {None, (owner.tenant_id, owner.id)}
                try:
                    if is_theirs and owner.is_active:
                        self._use(row, answer, challenge, must_verify=user is None)
                        return owner
                except Invalid as error:  # What was tried is kept, so the transaction ends well.
                    refusal = error
                self._note_refusal(work, row, owner, refusal)
        raise refusal

    def _use(self, row: Passkey, answer: str, challenge: bytes, *, must_verify: bool) -> None:
        kept = NewCredential(row.credential_id, row.public_key, row.sign_count, row.is_synced)
        row.sign_count = self._relying_party.asserted(answer, challenge, kept, must_verify=must_verify)
        row.last_used_at = self._clock.now()

    def _note_refusal(self, work: UnitOfWork, row: Passkey, owner: User, refusal: HubError) -> None:
        actor = Principal(owner.tenant_id, "user", str(owner.id), owner.name)
        reason = refusal.violations[0].message if refusal.violations else refusal.detail
        details = {"name": row.name, "reason": reason}
        record(work.session, self._ids.uuid(), actor, "passkey.refused", str(row.id), details)

    # --- challenges ---------------------------------------------------------------------------------------------

    def _new_challenge(self, purpose: str, browser: str) -> bytes:
        if not self.are_possible:
            raise Unprocessable("Passkeys need https (or localhost) and a host name.", code="no_passkeys")
        challenge = secrets.token_bytes(32)
        self._transients.put(_key(purpose, browser), challenge, CHALLENGE_SECONDS)
        return challenge

    def _challenge(self, purpose: str, browser: str) -> bytes:
        challenge = self._transients.take(_key(purpose, browser))
        if challenge is None:
            raise Unauthenticated("That took too long. Try again.", code="sign_in_stray")
        return challenge


def _key(purpose: str, browser: str) -> str:
    return f"passkey:{purpose}:{digest(browser)}"


def _existing(row: Passkey | None) -> Passkey:
    if row is None:
        raise _missing()
    return row


def _missing() -> NotFound:
    return NotFound("There is no such passkey.", code="passkey_not_found")


def _unknown() -> Invalid:
    return Invalid("No account here knows this passkey.", code="passkey_unknown")
