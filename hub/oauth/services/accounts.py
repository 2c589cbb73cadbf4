"""What people do with their own account by e-mail: a forgotten password, a first one, a proven or another address."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.db.audit import record
from hub.db.tables import User
from hub.errors import Conflict, Gone, HubError, TooMany, Unprocessable
from hub.identity import Principal
from hub.oauth.services.post import LINKS, Post
from hub.oauth.services.users import Passwords, Users, refuse_weak
from hub.oauth.spec.addresses import checked_email, network_of
from hub.oauth.spec.links import Link, is_good, read_link
from hub.oauth.spec.passwords import normalized
from hub.oauth.spec.secrets import digest
from hub.oauth.storage import users as storage
from hub.oauth.storage.grants import end_grants_of_user
from hub.ports import Clock, Ids, TaskQueue, Transients

#: The worker's task that answers somebody who forgot the password.
FORGOTTEN_TASK = "accounts.forgotten"
#: Messages that one address may be sent on anybody's request in an hour.
MOST_MESSAGES, MESSAGE_WINDOW = 5, timedelta(hours=1)
#: The same address in more tenants than this is not written to.
MOST_ACCOUNTS = 10
ADDRESS_WINDOW = timedelta(minutes=1)


class Accounts:
    """Links out, and links that come back."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        transients: Transients,
        queue: TaskQueue,
        post: Post,
        users: Users,
        passwords: Passwords,
        per_minute: int,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._queue = queue
        self._post = post
        self._users = users
        self._passwords = passwords
        self._per_minute = per_minute

    # --- a forgotten password -----------------------------------------------------------------------------------

    def forgot(self, email: str, language: str, address: str) -> None:
        """Somebody at a network address says that they forgot the password of an account.

        Whether there is one is found out by the worker, so that neither the answer nor the time it takes tells.
        `Invalid` for what is no e-mail address, `TooMany` after many requests from one network address.
        """
        self._post.require()
        email = checked_email(email)
        window = int(ADDRESS_WINDOW.total_seconds())
        if self._transients.increment(f"forgot:address:{network_of(address)}", window) > self._per_minute:
            raise TooMany(
                "Too many requests. Wait a minute and try again.",
                code="too_many_attempts",
                headers={"Retry-After": str(window)},
            )
        self._queue.send(FORGOTTEN_TASK, email, language)

    def send_reset_links(self, email: str, language: str) -> None:
        """Write to every account of this address that has a password here or was invited; the worker's part."""
        if not self._may_write_to(email):
            return
        with self._db.read(EVERY_TENANT) as session:
            accounts = storage.accounts_to_reset(session, email, MOST_ACCOUNTS)
        for user in accounts:
            kind = "reset" if user.password_hash else "invite"
            with self._db.unit_of_work(user.tenant_id) as work:
                self._post.put(work, kind, user, language)
                record(work.session, self._ids.uuid(), _actor(user), "password_reset.asked", str(user.id))

    def _may_write_to(self, email: str) -> bool:
        window = int(MESSAGE_WINDOW.total_seconds())
        return self._transients.increment(f"mail:{digest(email)}", window) <= MOST_MESSAGES

    def link_owner(self, token: str, *kinds: str) -> tuple[Link, User]:
        """What a link stands for and whose it is; `Gone`, with one answer for every reason, when it is not good."""
        link = read_link(token)
        if link is None or link.purpose not in kinds:
            raise _void()
        with self._db.read(EVERY_TENANT) as session:
            user = storage.user_by_id(session, link.user_id)
        if user is None or not user.is_active or not self._is_good(token, link, user):
            raise _void()
        return link, user

    def _is_good(self, token: str, link: Link, user: User) -> bool:
        state = LINKS[link.purpose].state_of(user)
        return is_good(token, state, self._post.secret, self._clock.now().timestamp())

    def reset(self, token: str, password: str, language: str) -> None:
        """Give the account of a link a new password. It ends every session, and proves the address.

        `Gone` for a link that is not good (any more), `Invalid` for a password that does not fit.
        """
        link, user = self.link_owner(token, "reset", "invite")
        refuse_weak(password, user.email, user.name)
        password_hash = self._passwords.hash(normalized(password))
        with self._db.unit_of_work(user.tenant_id) as work:
            user = self._still_good(work, token, link)
            user.password_hash = password_hash
            user.email_verified_at = user.email_verified_at or self._clock.now()
            end_grants_of_user(work.session, user.tenant_id, user.id, self._clock.now())
            record(work.session, self._ids.uuid(), _actor(user), "user.password_reset", str(user.id), {"by": "link"})
            self._post.put(work, "password_changed", user, language)

    def _still_good(self, work: UnitOfWork, token: str, link: Link) -> User:
        """The account, locked, once more: of two uses at the same time one comes too late."""
        user = storage.user_for_update(work.session, link.user_id)
        if user is None or not self._is_good(token, link, user):
            raise _void()
        return user

    # --- a first password ---------------------------------------------------------------------------------------

    def invite(self, principal: Principal, user_id: UUID, language: str) -> None:
        """Send a user a link to choose a password; `Forbidden` for one who may do more than the one who asks."""
        self._post.require()
        person = self._users.require_over(principal, user_id)
        if not person.is_active:
            raise Unprocessable("The account is closed.", code="user_closed")
        with self._db.unit_of_work(principal.tenant_id) as work:
            user = storage.user_of_tenant(work.session, principal.tenant_id, user_id)
            assert user is not None  # It was there a moment ago, and accounts are closed, not removed.
            self._post.put(work, "reset" if user.password_hash else "invite", user, language)
            record(work.session, self._ids.uuid(), principal, "user.invited", str(user_id))

    # --- the address --------------------------------------------------------------------------------------------

    def ask_to_verify(self, principal: Principal, language: str) -> None:
        """Send this person a link that proves that they read the mail of their address."""
        self._send(principal, "verify", language)

    def ask_to_change(self, principal: Principal, new: str, language: str) -> None:
        """Send a link to the new address; the account keeps its old one until that link is opened.

        An address that has an account already is sent word of that instead, so that nobody finds out by trying.
        """
        self._post.require()
        email = checked_email(new)
        with self._db.read(principal.tenant_id) as session:
            is_taken = storage.user_of_email(session, principal.tenant_id, email) is not None
        self._send(principal, "address_taken" if is_taken else "change", language, to=email, extra=email)

    def _send(self, principal: Principal, kind: str, language: str, to: str | None = None, extra: str = "") -> None:
        self._post.require()
        with self._db.unit_of_work(principal.tenant_id) as work:
            user = storage.user_of_tenant(work.session, principal.tenant_id, UUID(principal.id))
            assert user is not None  # Whoever asks has a session of it.
            if not self._may_write_to(to or user.email):
                raise TooMany("Too many messages to this address. Try again in an hour.", code="too_many_messages")
            self._post.put(work, kind, user, language, to=to, extra=extra)

    def confirm_address(self, token: str, language: str) -> str:
        """Prove the address of a link, and make it the account's where it is a new one; returns it.

        `Gone` for a link that is not good (any more), `Conflict` when the address went to somebody else meanwhile.
        """
        link, user = self.link_owner(token, "verify", "change")
        try:
            with self._db.unit_of_work(user.tenant_id) as work:
                user = self._still_good(work, token, link)
                if link.purpose == "change":
                    self._change_address(work, user, link.extra, language)
                user.email_verified_at = self._clock.now()
                record(work.session, self._ids.uuid(), _actor(user), "user.email_verified", str(user.id))
        except IntegrityError as error:
            raise Conflict("This address has another account by now.", code="user_exists") from error
        return user.email

    def _change_address(self, work: UnitOfWork, user: User, email: str, language: str) -> None:
        old = user.email
        user.email = email
        work.session.flush()
        details = {"before": {"email": old}, "after": {"email": email}}
        record(work.session, self._ids.uuid(), _actor(user), "user.email_changed", str(user.id), details)
        self._post.put(work, "address_changed", user, language, to=old, extra=email)


def _actor(user: User) -> Principal:
    return Principal(user.tenant_id, "user", str(user.id), user.name)


def _void() -> HubError:
    return Gone("This link has expired, was used already, or is not complete. Ask for a new one.", code="link_void")
