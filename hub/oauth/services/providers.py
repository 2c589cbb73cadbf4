"""Identity providers of a tenant: register, list, change, remove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.errors import Invalid, NotFound, Violation, say
from hub.identity import ROLES, Principal
from hub.oauth.services.users import refuse_more_than
from hub.oauth.spec.names import checked_name
from hub.oauth.spec.providers import KINDS, RoleRule, read_domains, read_rules, written_rules
from hub.oauth.spec.redirects import redirect_fault
from hub.oauth.storage import providers as storage
from hub.oauth.storage.tables import IdentityProvider
from hub.ports import Clock, Ids, KeyRing


@dataclass(frozen=True, slots=True)
class NewProvider:
    """What is asked for. `domains` and `rules` are texts as people write them; an empty list lets every domain in.

    `client_secret` is None where the one that is kept stays.
    """

    kind: str
    name: str
    issuer: str
    client_id: str
    client_secret: str | None
    domains: str = ""
    default_roles: Sequence[str] = ()
    rules: str = ""
    makes_accounts: bool = True
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider without its secret."""

    id: UUID
    tenant_id: UUID
    kind: str
    name: str
    issuer: str
    client_id: str
    domains: Sequence[str]
    default_roles: Sequence[str]
    rules: Sequence[RoleRule]
    makes_accounts: bool
    is_active: bool

    @property
    def rules_text(self) -> str:
        """The rules as people write them."""
        return written_rules(self.rules)

    @classmethod
    def of(cls, row: IdentityProvider) -> "ProviderView":
        return cls(
            row.id,
            row.tenant_id,
            row.kind,
            row.name,
            row.issuer,
            row.client_id,
            row.domains,
            row.default_roles,
            [RoleRule(*rule) for rule in row.rules],
            row.makes_accounts,
            row.is_active,
        )


class Providers:
    """Where people of a tenant may sign in instead of here."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, keys: KeyRing, *, allow_plain_http: bool) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._allow_plain_http = allow_plain_http

    def create(self, principal: Principal, wanted: NewProvider) -> ProviderView:
        """Register a provider; `Invalid` lists what is wrong. Nobody lets people in with more than they may do."""
        principal.require("providers.write")
        facts = self._checked(wanted)
        refuse_more_than(principal, _roles(facts))
        provider_id = self._ids.uuid()
        row = IdentityProvider(
            id=provider_id,
            tenant_id=principal.tenant_id,
            client_secret=self._sealed(wanted.client_secret or "", provider_id),
            created_at=self._clock.now(),
            **facts,
        )
        with self._db.unit_of_work(principal.tenant_id) as work:
            work.session.add(row)
            record(work.session, self._ids.uuid(), principal, "provider.created", str(row.id), facts)
        return ProviderView.of(row)

    def change(self, principal: Principal, provider_id: UUID, **changes: Any) -> ProviderView:
        """Change what is given of `NewProvider`, its kind excepted; `Invalid` lists what is wrong.

        Who changes where people come from could come as anybody: it takes every right that the provider gives, before
        and after. The issuer stays once somebody came by it, as people are known by what that issuer calls them.
        """
        principal.require("providers.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = _existing(storage.provider_of_tenant(work.session, principal.tenant_id, provider_id))
            before = _facts(row)
            wanted = replace(_as_wanted(row), **changes)
            after = self._checked(wanted)
            refuse_more_than(principal, _roles(before) | _roles(after))
            if after["issuer"] != row.issuer and storage.is_used(work.session, row.tenant_id, row.id):
                raise _bound_issuer(row.issuer)
            for name, value in after.items():
                setattr(row, name, value)
            if wanted.client_secret is not None:
                row.client_secret = self._sealed(wanted.client_secret, row.id)
            details = {"before": before, "after": after, "secret_changed": wanted.client_secret is not None}
            record(work.session, self._ids.uuid(), principal, "provider.changed", str(row.id), details)
            return ProviderView.of(row)

    def _sealed(self, secret: str, provider_id: UUID) -> str:
        return self._keys.seal(secret.strip(), secret_context(provider_id))

    def _checked(self, wanted: NewProvider) -> dict[str, Any]:
        """What is to be kept, but for the secret; `Invalid` lists what is wrong."""
        faults: list[Violation] = []
        name = ""
        try:
            name = checked_name(wanted.name, "identity provider")
        except Invalid as error:
            faults.extend(error.violations)
        if wanted.kind not in KINDS:
            faults.append(Violation("identity provider", "kind", "must be a known kind", wanted.kind, list(KINDS)))
        if fault := self._issuer_fault(wanted.issuer.strip()):
            faults.append(Violation("OpenID Connect Discovery section 3", "issuer", fault, wanted.issuer[:200]))
        for field in ("client_id", "client_secret"):
            value = getattr(wanted, field)
            if value is not None and not _is_shown(value.strip()):
                faults.append(Violation("identity provider", field, "must be what the provider shows"))
        domains, wrong = read_domains(wanted.domains)
        rules, unread = read_rules(wanted.rules, ROLES)
        unknown = [role for role in wanted.default_roles if role not in ROLES]
        if unknown or not (rules or wanted.default_roles):
            message = say("must be roles of this server, or there must be rules that give some")
            faults.append(Violation("identity provider", "default_roles", message, unknown, list(ROLES)))
        if faults := [*faults, *wrong, *unread]:
            raise Invalid("The provider cannot be registered like this.", violations=faults)
        return {
            "kind": wanted.kind,
            "name": name,
            "issuer": wanted.issuer.strip(),
            "client_id": wanted.client_id.strip(),
            "domains": domains,
            "default_roles": list(wanted.default_roles),
            "rules": [[rule.claim, rule.value, rule.role] for rule in rules],
            "makes_accounts": wanted.makes_accounts,
            "is_active": wanted.is_active,
        }

    def _issuer_fault(self, issuer: str) -> str | None:
        if fault := redirect_fault(issuer):
            return fault
        if not issuer.startswith(("https://", *(("http://",) if self._allow_plain_http else ()))):
            return say("must be an https address")
        return say("must have no query") if "?" in issuer else None

    def list(self, principal: Principal) -> Sequence[ProviderView]:
        """Every provider of the tenant, by name."""
        principal.require("providers.read")
        with self._db.read(principal.tenant_id) as session:
            return [ProviderView.of(row) for row in storage.providers_of_tenant(session, principal.tenant_id)]

    def get(self, principal: Principal, provider_id: UUID) -> ProviderView:
        """One provider of the tenant; `NotFound` when there is none of that id."""
        principal.require("providers.read")
        with self._db.read(principal.tenant_id) as session:
            return ProviderView.of(_existing(storage.provider_of_tenant(session, principal.tenant_id, provider_id)))

    def remove(self, principal: Principal, provider_id: UUID) -> None:
        """Remove a provider; accounts stay, but nobody signs in by it any more."""
        principal.require("providers.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = _existing(storage.provider_of_tenant(work.session, principal.tenant_id, provider_id))
            record(work.session, self._ids.uuid(), principal, "provider.removed", str(row.id), {"name": row.name})
            work.session.delete(row)

    def offered(self, slug: str | None) -> Sequence[tuple[UUID, str]]:
        """Id and name of what the sign-in page offers for a tenant (None: the only one)."""
        with self._db.read(EVERY_TENANT) as session:
            return storage.open_providers(session, slug)

    def offered_beside(self, provider_id: UUID) -> Sequence[tuple[UUID, str]]:
        """Id and name of what the tenant of a provider offers, that one included."""
        with self._db.read(EVERY_TENANT) as session:
            row = storage.provider_by_id(session, provider_id)
            return [] if row is None else storage.open_providers_of(session, row.tenant_id)


def secret_context(provider_id: UUID) -> str:
    """What a provider's sealed secret is bound to."""
    return f"identity_provider.client_secret:{provider_id}"


def _is_shown(value: str) -> bool:
    """Whether a provider could have shown this as an id or a secret."""
    return value.isascii() and value.isprintable() and 0 < len(value) <= 2000


def _facts(row: IdentityProvider) -> dict[str, Any]:
    """What is kept of a provider, as `_checked` gives it."""
    names = ("kind", "name", "issuer", "client_id", "domains", "default_roles", "rules", "makes_accounts", "is_active")
    return {name: getattr(row, name) for name in names}


def _as_wanted(row: IdentityProvider) -> NewProvider:
    """What to ask for so that everything stays."""
    rules = written_rules(RoleRule(*rule) for rule in row.rules)
    return NewProvider(**_facts(row) | {"domains": " ".join(row.domains), "rules": rules, "client_secret": None})


def _roles(facts: Mapping[str, Any]) -> set[str]:
    """Every role that a provider may give."""
    return {*facts["default_roles"], *(role for _, _, role in facts["rules"])}


def _bound_issuer(issuer: str) -> Invalid:
    message = say("stays, because people came by it already; add another provider instead")
    fault = Violation("OpenID Connect Core section 5.7", "issuer", message, issuer)
    return Invalid("The provider cannot be changed like this.", violations=[fault])


def _existing(row: IdentityProvider | None) -> IdentityProvider:
    if row is None:
        raise NotFound("There is no such provider.", code="provider_not_found")
    return row
