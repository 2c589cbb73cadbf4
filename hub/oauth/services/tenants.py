"""Tenants: separate worlds of data."""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hub.db import EVERY_TENANT, Database
from hub.db.tables import Tenant
from hub.errors import Conflict, Invalid, NotFound
from hub.events import TenantCreated
from hub.ports import Ids

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant as others see it."""

    id: UUID
    slug: str
    name: str


class Tenants:
    """Make and find tenants."""

    def __init__(self, db: Database, ids: Ids) -> None:
        self._db = db
        self._ids = ids

    def create(self, slug: str, name: str) -> TenantView:
        """Make a tenant. `slug` is a DNS label (RFC 1035): it may become a host name."""
        if not _SLUG.fullmatch(slug):
            raise Invalid(f"{slug!r} is no tenant name: lower-case letters, digits and hyphens, at most 63.")
        tenant = Tenant(id=self._ids.uuid(), slug=slug, name=name)
        try:
            with self._db.unit_of_work(tenant.id) as work:
                work.session.add(tenant)
                work.session.flush()
                work.publish(TenantCreated(tenant.id))
        except IntegrityError as error:
            raise Conflict(f"There is a tenant {slug!r} already.", code="tenant_exists") from error
        return TenantView(tenant.id, slug, name)

    def resolve(self, slug: str | None = None) -> TenantView:
        """The tenant named `slug`; without a name the only one there is."""
        query = select(Tenant).order_by(Tenant.slug)
        with self._db.read(EVERY_TENANT) as session:
            found = session.scalars(query.where(Tenant.slug == slug) if slug else query.limit(2)).all()
        if not found:
            raise NotFound(f"There is no tenant {slug!r}." if slug else "There is no tenant yet.", code="no_tenant")
        if len(found) > 1:
            raise Invalid("There are several tenants: say which one by --tenant.", code="tenant_needed")
        return TenantView(found[0].id, found[0].slug, found[0].name)
