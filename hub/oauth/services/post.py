"""E-mail to people: what is told or asked by it, put into the outbox with its cause and sent by the worker.

A message in the outbox names what to write and to whom; the text, and the link if there is one, are made when it is
sent, so that nothing secret waits in the database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.db import Database, UnitOfWork
from hub.db.outbox import Claimed
from hub.db.tables import User
from hub.errors import Gone, Unprocessable
from hub.oauth.spec.addresses import checked_email
from hub.oauth.spec.links import Link, sealed_link
from hub.oauth.storage import users as storage
from hub.ports import Clock, Ids, KeyRing, Mail, Mailer

TOPIC = "mail.send"
LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class LinkKind:
    """A kind of link: the page that it opens, how long it works, and the state that it is bound to."""

    path: str
    lifetime: timedelta
    state_of: Callable[[User], str]


def _password_state(user: User) -> str:
    return f"{user.email} {user.password_hash}"


def _address_state(user: User) -> str:
    proven = user.email_verified_at
    return f"{user.email} {proven and proven.timestamp()}"


#: What a message that carries a link is called, and what its link is like.
LINKS = {
    "reset": LinkKind("/reset-password", timedelta(hours=1), _password_state),
    "invite": LinkKind("/reset-password", timedelta(days=7), _password_state),
    "verify": LinkKind("/confirm-address", timedelta(days=1), _address_state),
    "change": LinkKind("/confirm-address", timedelta(days=1), _password_state),
}

#: What else is told: of things that were done, so that somebody who did not do them hears of it.
NOTICES = frozenset({"address_changed", "address_taken", "password_changed", "passkey_added", "two_steps_off"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in somebody's language."""

    subject: str
    text: str
    html: str


#: Writes a message: its kind, the language, and what it tells of.
Render = Callable[[str, str, Mapping[str, str]], Rendered]


class Post:
    """Puts messages into the outbox, and sends them."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        keys: KeyRing,
        mailer: Mailer | None,
        render: Render,
        public_url: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._mailer = mailer
        self._render = render
        self._public_url = public_url
        self._secret = keys.secret("mailed-link")

    @property
    def is_on(self) -> bool:
        """Whether this Hub sends e-mail at all."""
        return self._mailer is not None

    def require(self) -> None:
        """`Unprocessable` on a Hub that sends no e-mail."""
        if not self.is_on:
            raise Unprocessable("This Hub sends no e-mail (HUB_MAIL).", code="mail_off")

    def put(
        self, work: UnitOfWork, kind: str, user: User, language: str, *, to: str | None = None, extra: str = ""
    ) -> None:
        """Send a message of that kind once the transaction is committed; nothing where e-mail is off.

        `to` is another address than the account's; `extra` is what its link carries or what it tells of.
        """
        if self.is_on:
            payload = {"kind": kind, "user": str(user.id), "language": language, "to": to or user.email, "extra": extra}
            work.enqueue(TOPIC, payload, user.tenant_id)

    def deliver(self, message: Claimed) -> None:
        """Write and send one message; `Gone` when what it tells of is over."""
        if self._mailer is None:
            raise Gone("E-mail was switched off meanwhile.", code="mail_off")
        told = message.payload
        with self._db.read(message.tenant_id) as session:
            found = storage.user_with_roles(session, message.tenant_id, UUID(told["user"]))
        if found is None:
            raise Gone("The account is closed.")
        user, tenant, _ = found
        facts = {"name": user.name, "email": user.email, "tenant": tenant.name, "extra": told["extra"]}
        if told["kind"] in LINKS:
            facts |= self._link_facts(told, user, message.created_at)
        written = self._render(told["kind"], told["language"], facts)
        self._mailer.send(Mail(message.id, told["to"], written.subject, written.text, written.html))

    def _link_facts(self, told: Mapping[str, str], user: User, asked_at: datetime) -> dict[str, str]:
        kind = LINKS[told["kind"]]
        expires_at = asked_at + kind.lifetime
        if expires_at <= self._clock.now():
            raise Gone("Its link has expired before it could be sent.")
        link = Link(told["kind"], user.id, int(expires_at.timestamp()), told["extra"])
        token = sealed_link(link, kind.state_of(user), self._secret)
        return {"link": f"{self._public_url}{kind.path}?link={token}"}

    def try_out(self, address: str, language: str = LANGUAGE) -> None:
        """Send a message to this address at once; raises what the mail server says against it."""
        self.require()
        assert self._mailer is not None
        written = self._render("test", language, {})
        self._mailer.send(Mail(self._ids.uuid(), checked_email(address), written.subject, written.text, written.html))

    @property
    def secret(self) -> bytes:
        """What links are signed with."""
        return self._secret
