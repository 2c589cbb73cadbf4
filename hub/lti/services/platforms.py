"""Platforms: the learning management systems that may launch into a tenant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.db import Database
from hub.db.audit import record
from hub.errors import Conflict, NotFound
from hub.identity import Principal
from hub.lti.spec.platform import Platform, PlatformDetails, judge_details
from hub.lti.spec.urls import origin_of
from hub.lti.storage import platforms
from hub.ports import Ids, KeyRing


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """What an administrator copies into the platform; the same for every platform."""

    login_url: str
    launch_url: str
    jwks_url: str
    deep_link_url: str

    @classmethod
    def of(cls, public_url: str) -> "ToolSettings":
        """The addresses below the Hub's origin. One address takes every message, so that a platform needs to know
        only one redirect URI."""
        launch_url = f"{public_url}/lti/launch"
        return cls(f"{public_url}/lti/login", launch_url, f"{public_url}/lti/jwks", launch_url)


@dataclass(frozen=True, slots=True)
class PlatformChange:
    """What can be changed later; None leaves it as it is. Deployments are only ever added."""

    name: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    jwks_url: str | None = None
    token_audience: str | None = None
    is_active: bool | None = None
    learns_deployments: bool | None = None
    uses_pseudonyms: bool | None = None
    deployment_ids: tuple[str, ...] = ()


class Platforms:
    """Add, list, change and remove platforms."""

    def __init__(self, db: Database, ids: Ids, keys: KeyRing, settings: ToolSettings, *, allow_private: bool) -> None:
        self._db = db
        self._ids = ids
        self._keys = keys
        self._allow_private = allow_private
        self.settings = settings

    def add(self, principal: Principal, details: PlatformDetails, *, awaits_approval: bool = False) -> Platform:
        """Add a platform. `Invalid` lists every fault of the details, `Conflict` says that it is there already."""
        return self.add_all(principal, [details], awaits_approval=awaits_approval)[0]

    def add_all(
        self, principal: Principal, wanted: Sequence[PlatformDetails], *, awaits_approval: bool = False
    ) -> Sequence[Platform]:
        """Add several platforms, or none when one of them is refused."""
        principal.require("platforms.write")
        judged = [self._judged(details) for details in wanted]
        new_ids = [self._ids.uuid() for _ in judged]
        try:
            with self._db.unit_of_work(principal.tenant_id) as work:
                for new_id, details in zip(new_ids, judged, strict=True):
                    platforms.add(work.session, principal.tenant_id, new_id, details, awaits_approval=awaits_approval)
                    self._add_deployments(work.session, principal.tenant_id, new_id, details.deployment_ids)
                    about = {"issuer": details.issuer, "client_id": details.client_id}
                    record(work.session, self._ids.uuid(), principal, "platform.added", str(new_id), about)
        except IntegrityError as error:
            raise Conflict(
                "There is a platform with this issuer and client id already.", code="platform_exists"
            ) from error
        return [self.get(principal, new_id) for new_id in new_ids]

    def _judged(self, details: PlatformDetails) -> PlatformDetails:
        """Without a name it is called by its issuer's origin, which an issuer has once it was judged."""
        judge_details(replace(details, name=details.name or "Platform"), allow_private=self._allow_private)
        return replace(details, name=details.name or origin_of(details.issuer))

    def _add_deployments(self, session: Session, tenant_id: UUID, platform_id: UUID, names: Sequence[str]) -> None:
        platforms.add_deployments(session, tenant_id, platform_id, [(self._ids.uuid(), name) for name in names])

    def list(self, principal: Principal, *, after: UUID | None = None, limit: int = 50) -> Sequence[Platform]:
        """Up to `limit` platforms in the order in which they were added, those after the id `after`."""
        principal.require("platforms.read")
        with self._db.read(principal.tenant_id) as session:
            return platforms.list_after(session, principal.tenant_id, after, limit)

    def get(self, principal: Principal, platform_id: UUID) -> Platform:
        """One platform; raises `NotFound`."""
        principal.require("platforms.read")
        with self._db.read(principal.tenant_id) as session:
            found = platforms.get(session, principal.tenant_id, platform_id)
        if found is None:
            raise NotFound("There is no such platform.", code="platform_not_found")
        return found

    def change(self, principal: Principal, platform_id: UUID, wanted: PlatformChange) -> Platform:
        """Change a platform; issuer and client id stay, they are what it is known by."""
        principal.require("platforms.write")
        before = self.get(principal, platform_id)
        judge_details(_details(before, wanted), allow_private=self._allow_private)
        values = {name: getattr(wanted, name) for name in _CHANGEABLE if getattr(wanted, name) is not None}
        about = {"before": {name: getattr(before, name) for name in values}, "after": values}
        with self._db.unit_of_work(principal.tenant_id) as work:
            if values:
                platforms.change(work.session, principal.tenant_id, platform_id, values)
            self._add_deployments(work.session, principal.tenant_id, platform_id, wanted.deployment_ids)
            record(work.session, self._ids.uuid(), principal, "platform.changed", str(platform_id), about)
        return self.get(principal, platform_id)

    def approve(self, principal: Principal, platform_id: UUID) -> Platform:
        """Let a platform in that registered itself; approving twice changes nothing."""
        principal.require("platforms.write")
        if self.get(principal, platform_id).awaits_approval:
            with self._db.unit_of_work(principal.tenant_id) as work:
                platforms.change(work.session, principal.tenant_id, platform_id, {"awaits_approval": False})
                record(work.session, self._ids.uuid(), principal, "platform.approved", str(platform_id))
        return self.get(principal, platform_id)

    def learn_deployment(self, platform: Platform, deployment_id: str) -> None:
        """Keep a deployment that a verified launch brought, of a platform whose registration named none."""
        principal = Principal(platform.tenant_id, "launch", str(platform.id), platform.name)
        with self._db.unit_of_work(principal.tenant_id) as work:
            self._add_deployments(work.session, platform.tenant_id, platform.id, [deployment_id])
            about = {"deployment": deployment_id}
            record(work.session, self._ids.uuid(), principal, "platform.deployment_learnt", str(platform.id), about)

    def remove(self, principal: Principal, platform_id: UUID) -> None:
        """Remove a platform with its links and score deliveries; registrations and statements stay."""
        principal.require("platforms.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            if not platforms.remove(work.session, principal.tenant_id, platform_id):
                raise NotFound("There is no such platform.", code="platform_not_found")
            record(work.session, self._ids.uuid(), principal, "platform.removed", str(platform_id))

    def public_keys(self) -> dict[str, object]:
        """The Hub's key set (RFC 7517): every key that may have signed what a platform holds."""
        return self._keys.public_set()


_CHANGEABLE = (
    "name",
    "auth_url",
    "token_url",
    "jwks_url",
    "token_audience",
    "is_active",
    "learns_deployments",
    "uses_pseudonyms",
)


def _details(platform: Platform, wanted: PlatformChange) -> PlatformDetails:
    """What the platform would be after the change."""
    return PlatformDetails(
        issuer=platform.issuer,
        client_id=platform.client_id,
        deployment_ids=(*platform.deployment_ids, *wanted.deployment_ids),
        **{
            name: getattr(platform if getattr(wanted, name) is None else wanted, name)
            for name in ("name", "auth_url", "token_url", "jwks_url", "token_audience", "learns_deployments")
        },
    )
