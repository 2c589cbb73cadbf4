"""What people allow clients: the consent page's rules, for codes and for devices, and taking it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.errors import Forbidden, Gone, Invalid, NotFound, Violation, say
from hub.identity import Principal
from hub.oauth.services.devices import DeviceRequest, Devices, shown_code
from hub.oauth.services.issuing import CodeFacts, Codes
from hub.oauth.spec.authorization import AuthorizationFault, AuthorizationRequest, read_request
from hub.oauth.spec.redirects import answered, is_registered
from hub.oauth.storage import grants as storage
from hub.oauth.storage.clients import client_of_tenant
from hub.oauth.storage.tables import OAuthClient, OAuthGrant
from hub.ports import Clock, Ids, Transients


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked: may this client have these scopes?"""

    client_id: str
    client_name: str
    scopes: Sequence[str]
    redirect_uri: str = ""
    user_code: str = ""


@dataclass(frozen=True, slots=True)
class GrantView:
    """What a person allows a client at present."""

    id: UUID
    client_name: str
    scopes: Sequence[str]
    created_at: datetime
    last_used_at: datetime | None


@dataclass
class SentBack(Exception):
    """An authorization request that is refused where the client hears of it: at its redirect address."""

    address: str


class Authorizations:
    """Ask, allow, refuse, list and end."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, transients: Transients, issuer: str) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._issuer = issuer
        self._codes = Codes(transients, ids)
        self._devices = Devices(transients, ids, issuer)

    # --- codes --------------------------------------------------------------------------------------------------

    def question(self, principal: Principal, parameters: Mapping[str, list[str]]) -> Question:
        """What an authorization request asks of this person (RFC 6749 section 4.1.1).

        `Invalid` when it is not known to come from a client of theirs, so that nobody is sent anywhere; `SentBack`
        for any other fault.
        """
        client, request = self._judged(principal, parameters)
        return Question(client.client_id, client.name, request.scopes, request.redirect_uri)

    def allow(self, principal: Principal, session_digest: str, parameters: Mapping[str, list[str]]) -> str:
        """The address that leads back to the client, with a code."""
        client, request = self._judged(principal, parameters)
        with self._db.unit_of_work(principal.tenant_id) as work:
            grant = self._grant(work, principal, client, request.scopes, session_digest)
        facts = CodeFacts(
            principal.tenant_id,
            grant.id,
            client.client_id,
            request.redirect_uri,
            request.code_challenge,
            " ".join(request.scopes),
        )
        return self._back(request, code=self._codes.give(facts))

    def refuse(self, principal: Principal, parameters: Mapping[str, list[str]]) -> str:
        """The address that leads back to the client, with nothing."""
        _, request = self._judged(principal, parameters)
        return self._back(request, error="access_denied")

    def _judged(
        self, principal: Principal, parameters: Mapping[str, list[str]]
    ) -> tuple[OAuthClient, AuthorizationRequest]:
        client_id, redirect_uri = (_only(parameters, name) for name in ("client_id", "redirect_uri"))
        client = self._client(principal, client_id)
        if not is_registered(redirect_uri, client.redirect_uris):
            fault = Violation("OAuth 2.1 section 2.3.1", "redirect_uri", "is not one that the client registered")
            raise Invalid(
                say("%(client)s did not register this return address.", client=client.name), violations=[fault]
            )
        try:
            return client, read_request(parameters, client.grants, client.scopes)
        except AuthorizationFault as fault:
            state = (parameters.get("state") or [""])[0]
            request = AuthorizationRequest(client_id, redirect_uri, (), "", state)
            raise SentBack(self._back(request, error=fault.error, error_description=fault.description)) from fault

    def _client(self, principal: Principal, client_id: str) -> OAuthClient:
        with self._db.read(principal.tenant_id) as session:
            client = client_of_tenant(session, principal.tenant_id, client_id)
        if client is None or client.revoked_at is not None:
            fault = Violation("RFC 6749 section 4.1.1", "client_id", "is no client of your tenant")
            raise Invalid("The program that sent you here is not registered with your tenant.", violations=[fault])
        return client

    def _back(self, request: AuthorizationRequest, **answer: str) -> str:
        """With `iss`, so that a client of several servers knows which one answers (RFC 9207)."""
        return answered(request.redirect_uri, **answer, state=request.state, iss=self._issuer)

    # --- devices ------------------------------------------------------------------------------------------------

    def device_question(self, principal: Principal, user_code: str) -> tuple[DeviceRequest, Question]:
        """What the device that shows this code asks; `Invalid` when none shows it."""
        asked = self._devices.find(principal, user_code)
        client = self._client(principal, asked.client_id)
        code = shown_code(user_code)
        return asked, Question(client.client_id, client.name, asked.scope.split(), user_code=code)

    def decide_device(self, principal: Principal, user_code: str, *, allowed: bool) -> Question:
        """Tell the device that shows this code yes or no; `Gone` when that was done before."""
        asked, question = self.device_question(principal, user_code)
        client = self._client(principal, asked.client_id)
        if not self._devices.take(user_code, asked):
            raise Gone("This code was used already.", code="code_used")
        grant_id = None
        if allowed:
            with self._db.unit_of_work(principal.tenant_id) as work:
                grant_id = self._grant(work, principal, client, question.scopes, None).id
        self._devices.decide(asked, grant_id)
        return question

    # --- grants -------------------------------------------------------------------------------------------------

    def _grant(
        self,
        work: UnitOfWork,
        principal: Principal,
        client: OAuthClient,
        scopes: Sequence[str],
        session_digest: str | None,
    ) -> OAuthGrant:
        if principal.kind != "user":
            raise Forbidden("Only a person who signed in can allow this.")
        grant = OAuthGrant(
            id=self._ids.uuid(),
            tenant_id=principal.tenant_id,
            oauth_client_id=client.id,
            user_id=UUID(principal.id),
            scopes=list(scopes),
            session_digest=session_digest,
            created_at=self._clock.now(),
        )
        work.session.add(grant)
        details = {"client": client.name, "scopes": list(scopes), "grant": str(grant.id)}
        record(work.session, self._ids.uuid(), principal, "grant.given", client.client_id, details)
        return grant

    def list(self, principal: Principal) -> Sequence[GrantView]:
        """What this person allows at present, newest first."""
        with self._db.read(principal.tenant_id) as session:
            found = storage.grants_of_user(session, principal.tenant_id, UUID(principal.id))
        return [GrantView(row.id, name, row.scopes, row.created_at, row.last_used_at) for row, name in found]

    def end(self, principal: Principal, grant_id: UUID) -> None:
        """Take back what this person allowed; every token that came of it stops working within a second."""
        if grant_id not in {grant.id for grant in self.list(principal)}:
            raise NotFound("There is no such consent.", code="grant_not_found")
        with self._db.unit_of_work(principal.tenant_id) as work:
            storage.end_grant(work.session, principal.tenant_id, grant_id, self._clock.now())
            record(work.session, self._ids.uuid(), principal, "grant.ended", str(grant_id))


def _only(parameters: Mapping[str, list[str]], name: str) -> str:
    values = parameters.get(name) or []
    if len(values) != 1 or not values[0]:
        fault = Violation("RFC 6749 section 4.1.1", name, "must be given once", len(values))
        raise Invalid("The program that sent you here asked wrongly.", violations=[fault])
    return values[0]
