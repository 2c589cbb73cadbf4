"""How the pages of a tenant look: name, logo and colour."""

from dataclasses import dataclass
from hashlib import sha256
from time import monotonic
from typing import BinaryIO
from uuid import UUID

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.db.tables import Tenant
from hub.errors import Invalid, NotFound, TooLarge
from hub.identity import Principal
from hub.oauth.services.recent import Recent
from hub.oauth.spec.branding import LARGEST_LOGO, checked_colour, is_svg, judge_svg, style_sheet
from hub.oauth.spec.names import checked_name
from hub.oauth.storage import branding as storage
from hub.oauth.storage.tables import TenantBranding
from hub.ports import Clock, Ids, Pictures

#: How long a process goes on with the look that it knows.
MEMORY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """What pages show of a tenant; addresses are paths on the origin of the page, None where nothing was chosen."""

    tenant_id: UUID
    slug: str
    name: str
    colour: str | None = None
    style: str | None = None
    logo: str | None = None


@dataclass(frozen=True, slots=True)
class Logo:
    """The bytes of a logo and what they are."""

    data: bytes
    content_type: str


class Branding:
    """Shows and changes how a tenant looks."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, pictures: Pictures) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._pictures = pictures
        self._known: Recent[UUID, Look | None] = Recent(1000)

    def look(self, tenant_id: UUID) -> Look | None:
        """How a tenant looks, as it was within the last seconds; None for one that is not there."""
        now = monotonic()
        return self._known.get(tenant_id, now, lambda: (now + MEMORY_SECONDS, self._find(tenant_id)))

    def of_slug(self, slug: str) -> Look | None:
        """How the tenant of that short name looks, for who has not signed in yet; None where there is none."""
        if not slug or "\0" in slug:
            return None
        with self._db.read(EVERY_TENANT) as session:
            tenant_id = storage.tenant_of_slug(session, slug)
        return None if tenant_id is None else self.look(tenant_id)

    def _find(self, tenant_id: UUID) -> Look | None:
        with self._db.read(tenant_id) as session:
            tenant, row = session.get(Tenant, tenant_id), session.get(TenantBranding, tenant_id)
        if tenant is None:
            return None
        if row is None:
            return Look(tenant.id, tenant.slug, tenant.name)
        place = f"/branding/{tenant.id}/{row.digest}"
        return Look(
            tenant.id,
            tenant.slug,
            tenant.name,
            row.colour,
            f"{place}.css" if row.colour else None,
            f"{place}/logo" if row.logo else None,
        )

    def style(self, tenant_id: UUID, digest: str) -> str:
        """The style sheet at an address. Raises `NotFound`."""
        row = self._row(tenant_id, digest)
        if row.colour is None:
            raise _nothing()
        return style_sheet(row.colour)

    def logo(self, tenant_id: UUID, digest: str) -> Logo:
        """The logo at an address. Raises `NotFound`."""
        row = self._row(tenant_id, digest)
        if row.logo is None or row.logo_type is None:
            raise _nothing()
        return Logo(row.logo, row.logo_type)

    def _row(self, tenant_id: UUID, digest: str) -> TenantBranding:
        with self._db.read(tenant_id) as session:
            row = session.get(TenantBranding, tenant_id)
        if row is None or row.digest != digest:
            raise _nothing()
        return row

    def change(
        self,
        principal: Principal,
        *,
        name: str | None = None,
        colour: str | None = None,
        logo: BinaryIO | None = None,
        without_logo: bool = False,
    ) -> Look:
        """Change what is given; an empty colour is the Hub's own again. `Invalid` says what cannot be."""
        principal.require("branding.write")
        wanted_name = None if name is None else checked_name(name, "branding")
        wanted_colour = None if colour is None else checked_colour(colour)
        wanted_logo = None if logo is None else self._checked_logo(logo)
        with self._db.unit_of_work(principal.tenant_id) as work:
            tenant, row = storage.held(work.session, principal.tenant_id, self._clock.now())
            before = {"name": tenant.name, "colour": row.colour, "logo": row.logo_type}
            tenant.name = tenant.name if wanted_name is None else wanted_name
            row.colour = row.colour if colour is None else wanted_colour
            if wanted_logo is not None:
                row.logo, row.logo_type = wanted_logo.data, wanted_logo.content_type
            elif without_logo:
                row.logo = row.logo_type = None
            row.changed_at = self._clock.now()
            row.digest = sha256(f"{row.colour}{row.logo_type}".encode() + (row.logo or b"")).hexdigest()[:16]
            after = {"name": tenant.name, "colour": row.colour, "logo": row.logo_type}
            details = {"before": before, "after": after}
            record(work.session, self._ids.uuid(), principal, "branding.changed", str(tenant.id), details)
        self._known.put(principal.tenant_id, 0.0, None)
        found = self._find(principal.tenant_id)
        assert found is not None
        return found

    def _checked_logo(self, file: BinaryIO) -> Logo:
        """The logo as it is kept: an SVG that only draws, or a picture drawn anew."""
        data = file.read(LARGEST_LOGO + 1)
        if len(data) > LARGEST_LOGO:
            raise TooLarge(f"The logo is larger than {LARGEST_LOGO // 1024} kB.", code="logo_too_large")
        if not is_svg(data):
            return Logo(self._pictures.logo(data), "image/png")
        faults = judge_svg(data)
        if faults:
            raise Invalid("This SVG cannot be the logo.", code="bad_logo", violations=faults)
        return Logo(data, "image/svg+xml")


def _nothing() -> NotFound:
    return NotFound("There is nothing at this address.", code="branding_not_found")
