"""Platforms that register themselves (LTI Dynamic Registration 1.0): one address pasted into the LMS.

The address of a tenant is no secret: whoever opens it registers a platform that waits for an administrator. An
invitation adds a secret to it that is good once, and whoever holds it was let in already. The LMS opens the address in
a frame; a person confirms there what is about to be connected; then the Hub registers itself at the platform.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import msgspec
import orjson
import structlog

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.errors import Conflict, Gone, HubError, Invalid, NotFound, TooMany, Violation, say
from hub.identity import Principal
from hub.lti.gate import Gate
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.spec.dynamic_registration import (
    Configuration,
    Registered,
    Tool,
    canvas_configuration,
    read_configuration,
    read_response,
    registration_request,
)
from hub.lti.spec.platform import LONGEST_NAME, Platform, PlatformDetails
from hub.lti.spec.scores import reason_of
from hub.lti.spec.urls import url_fault
from hub.lti.storage import invitations, platforms
from hub.lti.storage.tables import PlatformInvitationRow
from hub.oauth.spec.addresses import network_of
from hub.ports import Clock, HttpClient, HttpResponse, Ids, Transients

log = structlog.get_logger(__name__)

INVITATION_DAYS = 7
LONGEST_INVITATION_DAYS = 90
OFFER_SECONDS = 3600
MOST_INVITATIONS = 200
MOST_WAITING = 20
#: Everybody may open the address without an invitation, and each opening makes the Hub fetch something.
OPENINGS_AN_HOUR = 200
LONGEST_TOKEN = 16_384
LARGEST_CONFIGURATION = 256 * 1024
#: So long a platform may take to answer; so many threads of a process wait for one host, and for all of them.
ANSWER_SECONDS = 10.0
MOST_ASKED_AT_ONCE, MOST_ASKED_IN_ALL = 4, 16

_ACTIONS = frozenset({"platforms.read", "platforms.write"})


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link that has not been used. Its address is known only when it is made."""

    id: UUID
    created_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """A platform that asks to be connected, and whether an administrator of the Hub has to approve it."""

    key: str
    platform: Configuration
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class _Opened:
    """What is kept of an offer until it is confirmed."""

    tenant_id: UUID
    invitation_id: UUID | None
    registration_token: str | None
    platform: Configuration


class DynamicRegistration:
    """Makes invitations, shows what a platform offers, and registers the Hub there."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        transients: Transients,
        http: HttpClient,
        platforms_service: Platforms,
        public_url: str,
        *,
        allow_private: bool,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._http = http
        self._platforms = platforms_service
        self._public_url = public_url
        self._allow_private = allow_private
        self._gate = Gate(MOST_ASKED_AT_ONCE, MOST_ASKED_IN_ALL)

    @property
    def tool(self) -> Tool:
        """The Hub as it describes itself."""
        settings = self._platforms.settings
        return Tool(
            name="Standards Hub",
            description="Courses (SCORM, cmi5, xAPI) with resume, results and reports.",
            home_url=self._public_url,
            login_url=settings.login_url,
            launch_url=settings.launch_url,
            jwks_url=settings.jwks_url,
            logo_url=f"{self._public_url}/lti/static/icon.svg",
        )

    def canvas_key(self) -> dict[str, Any]:
        """The Hub as a Canvas administrator enters it by an address."""
        return canvas_configuration(self.tool)

    # Addresses and invitations

    def address(self, principal: Principal) -> str:
        """The tenant's registration address, for platforms that wait for approval."""
        principal.require("platforms.read")
        with self._db.read(principal.tenant_id) as session:
            return self._address(invitations.tenant_slug(session, principal.tenant_id))

    def _address(self, slug: str, secret: str | None = None) -> str:
        address = f"{self._public_url}/lti/register/{slug}"
        return f"{address}?{urlencode({'invitation': secret})}" if secret else address

    def invite(self, principal: Principal, days: int = INVITATION_DAYS) -> tuple[Invitation, str]:
        """A new invitation, and its address, which cannot be shown again. `Invalid` for a life of odd length."""
        principal.require("platforms.write")
        if not 1 <= days <= LONGEST_INVITATION_DAYS:
            fault = Violation("platform", "days", say("must be 1 to %(most)s", most=LONGEST_INVITATION_DAYS), days)
            raise Invalid(say("The invitation's days %(fault)s.", fault=fault.message), violations=[fault])
        secret, expires_at = self._ids.secret(), self._clock.now() + timedelta(days=days)
        with self._db.unit_of_work(principal.tenant_id) as work:
            row = invitations.add(
                work.session, self._ids.uuid(), principal.tenant_id, _digest(secret), principal.name, expires_at
            )
            work.session.refresh(row)
            about = {"expires_at": expires_at.isoformat()}
            record(work.session, self._ids.uuid(), principal, "platform_invitation.made", str(row.id), about)
            return _invitation(row), self._address(invitations.tenant_slug(work.session, row.tenant_id), secret)

    def open_invitations(self, principal: Principal) -> Sequence[Invitation]:
        """The invitations that can still be used, the newest first."""
        principal.require("platforms.read")
        with self._db.read(principal.tenant_id) as session:
            found = invitations.open_of(session, principal.tenant_id, self._clock.now(), MOST_INVITATIONS)
            return [_invitation(row) for row in found]

    def revoke(self, principal: Principal, invitation_id: UUID) -> None:
        """Take an invitation back; raises `NotFound`."""
        principal.require("platforms.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            if not invitations.remove(work.session, principal.tenant_id, invitation_id):
                raise NotFound("There is no such invitation.", code="invitation_not_found")
            record(work.session, self._ids.uuid(), principal, "platform_invitation.revoked", str(invitation_id))

    # Registration

    def open(self, slug: str, parameters: Mapping[str, Sequence[str]], address: str) -> Offer:
        """What the platform that opened a tenant's address offers (steps 1 and 2); nothing is registered yet.

        `address` is the network address that asks. Raises `NotFound` for no such tenant, `Gone` for an invitation that
        is over, `Invalid` for parameters or a configuration that cannot be used, `TooMany` for too many openings.
        """
        values = {name: _single(parameters, name) for name in ("openid_configuration", "registration_token")}
        secret = _single(parameters, "invitation")
        with self._db.read(EVERY_TENANT) as session:
            tenant_id = invitations.tenant_named(session, slug)
            if tenant_id is None:
                raise NotFound("There is no such registration address.", code="lti_registration_unknown")
            invitation_id = self._invitation_of(session, tenant_id, secret) if secret else None
            if invitation_id is None and platforms.count_waiting(session, tenant_id) >= MOST_WAITING:
                raise TooMany("Too many platforms wait for approval already.", code="lti_registration_full")
        if invitation_id is None:
            self._count_opening(address)
        token = values["registration_token"] or None
        platform = self._discover(values["openid_configuration"], token)
        opened = _Opened(tenant_id, invitation_id, token, platform)
        key = self._ids.secret()
        self._transients.put(_key(key), msgspec.json.encode(opened), OFFER_SECONDS)
        return Offer(key, platform, needs_approval=invitation_id is None)

    def _invitation_of(self, session: Any, tenant_id: UUID, secret: str) -> UUID:
        found = invitations.find(session, tenant_id, _digest(secret), self._clock.now())
        if found is None:
            raise _invitation_over()
        return found

    def _count_opening(self, address: str) -> None:
        if self._transients.increment(f"lti:register:{network_of(address)}", 3600) > OPENINGS_AN_HOUR:
            raise TooMany(
                "The registration address was opened too often from here; try again in an hour.",
                code="lti_registration_throttled",
                headers={"Retry-After": "3600"},
            )

    def _discover(self, url: str, token: str | None) -> Configuration:
        fault = url_fault(url, allow_private=self._allow_private)
        if fault or len(token or "") > LONGEST_TOKEN or not (token or "").isascii() or not (token or "").isprintable():
            where = "openid_configuration" if fault else "registration_token"
            what = fault or say("is no token")
            violation = Violation("Dynamic Registration 1.0, step 1", where, what, url[:200] if fault else None)
            raise Invalid(
                say("The %(where)s %(fault)s.", where=where, fault=what),
                code="lti_registration_refused",
                violations=[violation],
            )
        document = self._document(self._ask("GET", url, token), say("OpenID configuration"))
        return read_configuration(document, url, allow_private=self._allow_private)

    def confirm(self, key: str) -> Platform:
        """Register the Hub at the platform of an offer (step 3) and add the platform here.

        The invitation is used up before the platform is asked, and given back when that fails. Raises `Gone` for an
        offer that is over, `Invalid` for whatever the platform does not do.
        """
        raw = self._transients.take(_key(key))
        if raw is None:
            raise Gone("This page has been open for too long, or was confirmed already.", code="lti_registration_over")
        opened = msgspec.json.decode(raw, type=_Opened)
        self._claim(opened)
        try:
            registered = self._register(opened)
            platform = self._add(opened, registered)
        except HubError:
            self._release(opened)
            raise
        if opened.invitation_id:
            with self._db.unit_of_work(opened.tenant_id) as work:
                invitations.settle(work.session, opened.tenant_id, opened.invitation_id, platform.id)
        log.info("platform_registered_itself", platform=str(platform.id), product=opened.platform.product)
        return platform

    def _claim(self, opened: _Opened) -> None:
        if opened.invitation_id is None:
            return
        with self._db.unit_of_work(opened.tenant_id) as work:
            if not invitations.use(work.session, opened.tenant_id, opened.invitation_id, self._clock.now()):
                raise _invitation_over()

    def _release(self, opened: _Opened) -> None:
        if opened.invitation_id is not None:
            with self._db.unit_of_work(opened.tenant_id) as work:
                invitations.settle(work.session, opened.tenant_id, opened.invitation_id, None)

    def _register(self, opened: _Opened) -> Registered:
        body = orjson.dumps(registration_request(self.tool, opened.platform))
        response = self._ask("POST", opened.platform.registration_url, opened.registration_token, body)
        return read_response(self._document(response, say("answer to the registration")))

    def _add(self, opened: _Opened, registered: Registered) -> Platform:
        platform = opened.platform
        details = PlatformDetails(
            issuer=platform.issuer,
            client_id=registered.client_id,
            auth_url=platform.auth_url,
            token_url=platform.token_url,
            jwks_url=platform.jwks_url,
            deployment_ids=registered.deployment_ids,
            name=platform.account or _called(platform),
            token_audience=platform.token_audience,
            learns_deployments=not registered.deployment_ids,
            product=platform.product,
        )
        principal = Principal(
            opened.tenant_id, "system", "dynamic-registration", "Dynamic registration", frozenset(_ACTIONS)
        )
        try:
            return self._platforms.add(principal, details, awaits_approval=opened.invitation_id is None)
        except Conflict as error:
            known = self._known(opened, details)
            if known is None:
                raise Conflict(
                    "The platform gave a client id that the Hub knows already. "
                    "A one-time link brings the platform up to date.",
                    code="platform_exists",
                ) from error
            self._platforms.change(principal, known.id, _renewed(details))
            return self._platforms.approve(principal, known.id)

    def _known(self, opened: _Opened, details: PlatformDetails) -> Platform | None:
        """The platform that registers again, as Moodle does where an administrator chooses to update a tool.

        Whoever was not invited changes nothing that is there.
        """
        if opened.invitation_id is None:
            return None
        with self._db.read(opened.tenant_id) as session:
            return platforms.find(session, opened.tenant_id, details.issuer, details.client_id)

    def _ask(self, method: str, url: str, token: str | None, body: bytes | None = None) -> HttpResponse:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            with self._gate.passed(urlsplit(url).hostname):
                return self._http.request(method, url, headers=headers, body=body, longest_seconds=ANSWER_SECONDS)
        except TooMany:
            raise
        except HubError as error:
            raise Invalid(
                say("The platform cannot be reached. %(reason)s", reason=error.detail), code="lti_registration_declined"
            ) from error

    @staticmethod
    def _document(response: HttpResponse, what: str) -> object:
        if response.status not in {200, 201}:
            words = reason_of(response.status, response.body)
            raise Invalid(
                say("The platform's %(what)s cannot be had. %(reason)s", what=what, reason=words),
                code="lti_registration_declined",
            )
        if len(response.body) > LARGEST_CONFIGURATION:
            raise Invalid(say("The platform's %(what)s is too large.", what=what), code="lti_registration_refused")
        try:
            return orjson.loads(response.body)
        except ValueError:
            raise Invalid(
                say("The platform's %(what)s is not JSON.", what=what), code="lti_registration_refused"
            ) from None


def _called(platform: Configuration) -> str:
    """What a platform that does not name itself is called: its product and host, as in "Moodle, lms.school.example"."""
    product = platform.product if any(letter.isupper() for letter in platform.product) else platform.product.title()
    return f"{product}, {urlsplit(platform.issuer).netloc}"[:LONGEST_NAME]


def _renewed(details: PlatformDetails) -> PlatformChange:
    """What a registration that is repeated may have changed; what people chose here stays."""
    return PlatformChange(
        auth_url=details.auth_url,
        token_url=details.token_url,
        jwks_url=details.jwks_url,
        token_audience=details.token_audience,
        deployment_ids=details.deployment_ids,
    )


def _single(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name, ())
    if len(values) > 1:
        violation = Violation("Dynamic Registration 1.0, step 1", name, say("is there more than once"))
        raise Invalid(
            say("The %(name)s is there more than once.", name=name),
            code="lti_registration_refused",
            violations=[violation],
        )
    return values[0] if values else ""


def _invitation_over() -> Gone:
    return Gone("This invitation was used already, has expired or was taken back.", code="lti_invitation_over")


def _invitation(row: PlatformInvitationRow) -> Invitation:
    return Invitation(row.id, row.created_by, row.created_at, row.expires_at)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(key: str) -> str:
    return f"lti:offer:{_digest(key)}"
