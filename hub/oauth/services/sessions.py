"""Sessions of people: who a browser's secret id belongs to, since when, and what ends them.

Sessions live on the server. The browser holds a random id; what is kept under its digest says who it is and since
when. Two values are kept, so that a request that is still running cannot bring back a session that was just ended:
one that lasts as long as a session may at most and is removed at sign-out, and one that every use renews.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from hub.db import Database
from hub.db.audit import present_origin, record
from hub.db.tables import Tenant, User
from hub.errors import Conflict, Forbidden, NotFound, Unauthenticated
from hub.identity import Principal, actions_of_roles
from hub.oauth.spec.secrets import digest, matches
from hub.oauth.storage import users as storage
from hub.oauth.storage.grants import end_grants_of_session, end_grants_of_user
from hub.oauth.storage.removals import is_leaving
from hub.ports import Clock, Ids, Transients

SUPER = "super_administrator"
#: How long after proving who they are people may change what guards their account.
PROOF_SECONDS = 15 * 60


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


class ProofNeeded(Forbidden):
    """This guards the account, and whoever has the session proved who they are too long ago."""

    default_code = "proof_needed"


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


class Sessions:
    """Begin and end sessions, and find who one belongs to."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, transients: Transients, idle: timedelta, longest: timedelta
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._idle = int(idle.total_seconds())
        self._longest = int(longest.total_seconds())

    def begin(
        self, tenant_id: UUID, user_id: UUID, password_hash: str, now: datetime, external: External | None = None
    ) -> str:
        """A session for someone who has just proved who they are; returns its secret id, always a new one. It lives as
        long as the password whose hash this is."""
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
            self.note_proof(session_id)
        return session_id

    def begin_anew(self, principal: Principal) -> str:
        """A new session for someone who has just changed the password, which ended all the others."""
        with self._db.read(principal.tenant_id) as session:
            user = storage.user_of_tenant(session, principal.tenant_id, UUID(principal.id))
        if user is None or user.password_hash is None:
            raise Unauthenticated("There is no such account.")
        return self.begin(user.tenant_id, user.id, user.password_hash, self._clock.now())

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

    def listed(self, principal: Principal, session_id: str) -> Sequence[SessionView]:
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

    def stays_at(self, session_id: str) -> UUID | None:
        """The provider where whoever has the session stays signed in, if they can sign out there from here."""
        kept = self._transients.get(_session_key(session_id))
        session = {} if kept is None else orjson.loads(kept)
        return UUID(session["provider"]) if "ends" in session else None

    def sign_out(self, session_id: str) -> None:
        """End the session and every grant that was given in it; one that has ended already is no error."""
        self._end(digest(session_id))

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
                record(work.session, self._ids.uuid(), actor(user), "session.ended", str(user.id))

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

    def require_recent(self, session_id: str) -> None:
        """`ProofNeeded` unless who has the session proved who they are a short while ago."""
        if self._transients.get(_proof_key(session_id)) is None:
            raise ProofNeeded("Prove once more that it is you.")

    def note_proof(self, session_id: str) -> None:
        """Who has the session has just proved who they are (`require_recent`)."""
        self._transients.put(_proof_key(session_id), b"1", PROOF_SECONDS)


def actor(user: User) -> Principal:
    """The account as the one who does what the audit log tells."""
    return Principal(user.tenant_id, "user", str(user.id), user.name)


def visitor(user: User, tenant_id: UUID) -> Principal:
    """A super administrator at work in a tenant, as an administrator of it; the audit log names the kind."""
    return Principal(
        tenant_id, "super_administrator", str(user.id), user.name, actions_of_roles([SUPER]), roles=frozenset({SUPER})
    )


def _sessions_key(user_id: str) -> str:
    return f"user-sessions:{user_id}"


def _session_key(session_id: str) -> str:
    return f"session:{digest(session_id)}"


def _use_key(session_id: str) -> str:
    return f"session-use:{digest(session_id)}"


def _visit_key(key: str) -> str:
    """Where it is kept which tenant the session of that digest visits."""
    return f"session-visit:{key}"


def _proof_key(session_id: str) -> str:
    return f"session-proof:{digest(session_id)}"


def _external_key(provider_id: str, kind: str, value: str) -> str:
    return f"sso-ended:{provider_id}:{kind}:{digest(value)}"


def _came_of_key(provider_id: str, kind: str, value: str) -> str:
    """Where the sessions are listed that came of a session, or a subject, at a provider."""
    return f"sso-sessions:{provider_id}:{kind}:{digest(value)}"
