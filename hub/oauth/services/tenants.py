"""Tenants: separate worlds of data. Who runs the Hub makes, suspends and opens them, and acts in them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.db.tables import Tenant
from hub.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unprocessable, Violation, say
from hub.events import TenantCreated
from hub.identity import Principal, system_principal
from hub.oauth.spec.names import checked_name
from hub.oauth.storage import removals, users
from hub.ports import Clock, Ids

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant as others see it."""

    id: UUID
    slug: str
    name: str
    created_at: datetime | None = None
    suspended_at: datetime | None = None

    @property
    def is_suspended(self) -> bool:
        """Whether nobody is let in."""
        return self.suspended_at is not None

    @property
    def revision(self) -> int:
        """A number that is another one once anything of this has changed (RFC 9110 section 8.8.3)."""
        told = f"{self.slug}\0{self.name}\0{self.suspended_at}"
        return int.from_bytes(sha256(told.encode()).digest()[:6])


class Tenants:
    """Make, find, suspend and open tenants."""

    def __init__(self, db: Database, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids

    def create(self, slug: str, name: str, principal: Principal | None = None) -> TenantView:
        """Make a tenant. `slug` is a DNS label (RFC 1035): it stands in addresses.

        Without a `principal` it is the Hub itself that makes it: the command line.
        """
        if principal is not None:
            principal.require("tenants.write")
        if not _SLUG.fullmatch(slug):
            fault = Violation("tenant", "slug", "must have lower-case letters, digits and hyphens, at most 63", slug)
            raise Invalid(
                say("%(slug)s is no tenant name: lower-case letters, digits and hyphens, at most 63.", slug=slug),
                violations=[fault],
            )
        tenant = Tenant(id=self._ids.uuid(), slug=slug, name=checked_name(name, "tenant"), created_at=self._clock.now())
        try:
            with self._db.unit_of_work(tenant.id) as work:
                work.session.add(tenant)
                work.session.flush()
                work.publish(TenantCreated(tenant.id))
                self._tell(work.session, principal or system_principal(tenant.id), tenant, "tenant.created")
        except IntegrityError as error:
            fault = Violation("tenant", "slug", "is that of another tenant", slug)
            raise Conflict(
                say("There is a tenant %(slug)s already.", slug=slug), code="tenant_exists", violations=[fault]
            ) from error
        return _view(tenant)

    def resolve(self, slug: str | None = None) -> TenantView:
        """The tenant named `slug`; without a name the only one there is."""
        query = select(Tenant).order_by(Tenant.slug)
        with self._db.read(EVERY_TENANT) as session:
            found = session.scalars(query.where(Tenant.slug == slug) if slug else query.limit(2)).all()
        if not found:
            detail = say("There is no tenant %(slug)s.", slug=slug) if slug else "There is no tenant yet."
            raise NotFound(detail, code="no_tenant")
        if len(found) > 1:
            raise Invalid("There are several tenants: say which one by --tenant.", code="tenant_needed")
        return _view(found[0])

    def are_several(self) -> bool:
        """Whether there is more than one tenant."""
        with self._db.read(EVERY_TENANT) as session:
            return len(session.scalars(select(Tenant.id).limit(2)).all()) > 1

    def page(
        self, principal: Principal, search: str = "", after: str | None = None, limit: int = 50
    ) -> Sequence[TenantView]:
        """Up to `limit` tenants whose name or short name holds `search`, by short name, those after one."""
        principal.require("tenants.read")
        query = select(Tenant)
        if search:
            query = query.where(
                Tenant.slug.icontains(search, autoescape=True) | Tenant.name.icontains(search, autoescape=True)
            )
        if after is not None:
            query = query.where(Tenant.slug > after)
        with self._db.read(EVERY_TENANT) as session:
            return [_view(row) for row in session.scalars(query.order_by(Tenant.slug).limit(limit))]

    def get(self, principal: Principal, tenant_id: UUID) -> TenantView:
        """One tenant. Raises `NotFound`."""
        principal.require("tenants.read")
        with self._db.read(tenant_id) as session:
            return _view(_existing(session.get(Tenant, tenant_id)))

    def suspend(self, principal: Principal, tenant_id: UUID) -> TenantView:
        """Let nobody in any more: no sign-in, no token or credential, no launch. Nothing is lost.

        `Unprocessable` for the tenant of those who run the Hub, who would lock themselves out.
        """
        return self.change(principal, tenant_id, is_suspended=True)

    def reopen(self, principal: Principal, tenant_id: UUID) -> TenantView:
        """Let people and programs in again."""
        return self.change(principal, tenant_id, is_suspended=False)

    def change(
        self,
        principal: Principal,
        tenant_id: UUID,
        *,
        name: str | None = None,
        is_suspended: bool | None = None,
        revision: int | None = None,
    ) -> TenantView:
        """Change what is given. The short name stays: it stands in addresses that people keep.

        `PreconditionFailed` where a `revision` is given and the tenant has another one by now, `Conflict` while it is
        being removed.
        """
        principal.require("tenants.write")
        wanted = None if name is None else checked_name(name, "tenant")
        with self._db.unit_of_work(tenant_id) as work:
            tenant = _existing(work.session.get(Tenant, tenant_id, with_for_update=True))
            if removals.is_leaving(work.session, tenant_id):
                raise Conflict("The tenant is being removed.", code="tenant_leaving")
            if revision is not None and revision != _view(tenant).revision:
                raise PreconditionFailed("Somebody else changed it meanwhile.", code="revision_mismatch")
            if wanted is not None and wanted != tenant.name:
                names = {"before": tenant.name, "after": wanted}
                tenant.name = wanted
                self._tell(work.session, principal, tenant, "tenant.renamed", names)
            if is_suspended is not None and is_suspended != (tenant.suspended_at is not None):
                self._set_suspended(work.session, principal, tenant, is_suspended)
                work.after_commit.append(self._db.suspensions.forget)
            return _view(tenant)

    def _set_suspended(self, session: Session, principal: Principal, tenant: Tenant, is_suspended: bool) -> None:
        if is_suspended and users.has_role(session, tenant.id, "super_administrator"):
            raise Unprocessable(
                "Super administrators sign in to this tenant; they would lock themselves out.",
                code="tenant_of_super_administrators",
            )
        tenant.suspended_at = self._clock.now() if is_suspended else None
        self._tell(session, principal, tenant, "tenant.suspended" if is_suspended else "tenant.reopened")

    def _tell(
        self,
        session: Session,
        principal: Principal,
        tenant: Tenant,
        deed: str,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a deed into the log of the tenant that it was done to, whoever did it."""
        actor = replace(principal, tenant_id=tenant.id)
        record(session, self._ids.uuid(), actor, deed, tenant.slug, details or {"name": tenant.name})


def _existing(tenant: Tenant | None) -> Tenant:
    if tenant is None:
        raise NotFound("There is no such tenant.", code="tenant_not_found")
    return tenant


def _view(row: Tenant) -> TenantView:
    return TenantView(row.id, row.slug, row.name, row.created_at, row.suspended_at)
