"""The first person: whoever installed the Hub becomes its administrator by a one-time link. No account is there yet."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from hub.db import EVERY_TENANT, Database
from hub.errors import Conflict, Gone, HubError, Invalid, NotFound, Violation
from hub.identity import ROLES, system_principal
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.users import NewPerson, Person, Users, checked_person
from hub.oauth.spec.links import Link, is_good, read_link, sealed_link
from hub.oauth.spec.names import checked_name
from hub.oauth.storage import users as storage
from hub.ports import Clock, KeyRing, Transients

PURPOSE, PATH = "set-up", "/set-up"
LIFETIME = timedelta(hours=24)
#: Of two people who send the form at the same time, one waits no longer than this and is refused.
TURN_SECONDS = 30
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What the first person says; `organisation` names the first tenant where there is none yet."""

    organisation: str
    name: str
    email: str
    password: str


class FirstRun:
    """Gives out the link while there is no administrator, and takes it back by there being one."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: KeyRing,
        transients: Transients,
        tenants: Tenants,
        users: Users,
        public_url: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._secret = keys.secret("set-up-link")
        self._transients = transients
        self._tenants = tenants
        self._users = users
        self._public_url = public_url

    def is_needed(self) -> bool:
        """Whether there is nobody who could let others in."""
        with self._db.read(EVERY_TENANT) as session:
            return not storage.has_administrator(session)

    def link(self) -> str:
        """A link that makes one administrator, within a day; `Conflict` once there is any."""
        if not self.is_needed():
            raise Conflict(
                "There is an administrator already. Another is made under People, or by `hub admin create`.",
                code="set_up_already",
            )
        self._only_tenant()
        expires_at = int((self._clock.now() + LIFETIME).timestamp())
        return f"{self._public_url}{PATH}?link={sealed_link(Link(PURPOSE, _NOBODY, expires_at), '', self._secret)}"

    def check(self, token: str) -> bool:
        """Whether the link needs the name of a first tenant as well; `Gone` when it is not good (any more)."""
        link = read_link(token)
        now = self._clock.now().timestamp()
        if link is None or link.purpose != PURPOSE or not is_good(token, "", self._secret, now):
            raise _void()
        if not self.is_needed():
            raise _void()
        return self._only_tenant() is None

    def finish(self, token: str, newcomer: Newcomer) -> Person:
        """Make the administrator, and the first tenant where there is none.

        `Gone` for a link that is not good (any more), `Invalid` lists what does not fit; then nothing was made.
        """
        if not self._transients.add("first-run", b"1", TURN_SECONDS):
            raise Conflict("Somebody else is doing this right now.", code="set_up_under_way")
        try:
            needs_tenant = self.check(token)
            return self._make(newcomer, needs_tenant)
        finally:
            self._transients.delete("first-run")

    def _make(self, newcomer: Newcomer, needs_tenant: bool) -> Person:
        roles = [role for role in ("administrator", "super_administrator") if role in ROLES]
        wanted = NewPerson(newcomer.email, newcomer.name, roles, newcomer.password)
        checked_person(wanted)
        tenant_id = self._new_tenant(newcomer.organisation) if needs_tenant else self._only_tenant()
        assert tenant_id is not None  # `check` has just seen it.
        person, _ = self._users.create(system_principal(tenant_id), wanted)
        return person

    def _new_tenant(self, organisation: str) -> UUID:
        try:
            name = checked_name(organisation, "tenant")
        except Invalid as error:
            faults = [Violation(each.requirement, "organisation", each.message) for each in error.violations]
            raise Invalid(error.detail, violations=faults) from error
        return self._tenants.create(slug_of(name), name).id

    def _only_tenant(self) -> UUID | None:
        """The tenant to administer; None where there is none yet. `Conflict` when there are several to choose from."""
        try:
            return self._tenants.resolve().id
        except NotFound:
            return None
        except Invalid as error:
            detail = "There are several tenants: use `hub admin create --tenant NAME`."
            raise Conflict(detail, code="tenant_needed") from error


def slug_of(name: str) -> str:
    """A DNS label (RFC 1035) made of a name: it may become a host name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-") or "hub"


def _void() -> HubError:
    return Gone("This link has expired, or there is an administrator already.", code="link_void")
