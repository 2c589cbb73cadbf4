"""Signing in at an identity provider: there by a code with PKCE, back with state, nonce and issuer checked.

Each provider has a return address of its own, and each sign-in remembers the provider it began at, so that the answer
of one can never be taken for that of another (OAuth 2.0 Security BCP, RFC 9700 section 4.4).
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson
from sqlalchemy.exc import IntegrityError

from hub.db import EVERY_TENANT, Database, UnitOfWork
from hub.db.audit import record
from hub.db.tables import User
from hub.errors import (
    Forbidden,
    HubError,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    Violation,
    say,
)
from hub.identity import Principal
from hub.oauth.authlib_bridge import (
    ProviderMetadata,
    authorization_address,
    id_token_claims,
    logout_token_claims,
    read_metadata,
    with_parameters,
)
from hub.oauth.services.providers import ProviderView, secret_context
from hub.oauth.services.recent import Recent
from hub.oauth.services.sessions import External, Sessions
from hub.oauth.services.sign_in import SignIn
from hub.oauth.spec.addresses import checked_email
from hub.oauth.spec.names import LONGEST
from hub.oauth.spec.providers import KINDS, github_addresses, is_of_domain, roles_of, told_for
from hub.oauth.spec.secrets import digest
from hub.oauth.storage import providers as storage
from hub.oauth.storage import users
from hub.oauth.storage.tables import ExternalIdentity, IdentityProvider
from hub.ports import Clock, HttpClient, HttpResponse, Ids, KeyRing, Transients

#: How long a person may take at the provider.
VISIT_SECONDS = 600
METADATA_SECONDS = 600
#: A provider that does not answer is not asked again for so long, so that who knocks on and on holds up nobody else.
FAILURE_SECONDS = 5
KEYS_SECONDS = 600
#: Keys are fetched again for a key that is not among them, but by each process not more often than this.
KEYS_AGAIN_SECONDS = 10
LOGOUT_MEMORY_SECONDS = 600
#: That sign-ins cannot even begin is noted so often for each provider.
REFUSAL_NOTED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Visit:
    """A sign-in under way: where it began, and what its answer has to match."""

    provider: str
    browser: str
    nonce: str
    verifier: str
    target: str


@dataclass(frozen=True, slots=True)
class _Person:
    """Who the provider says has signed in."""

    subject: str
    email: str
    is_email_proven: bool
    name: str
    claims: Mapping[str, Any]
    session: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderCheck:
    """What a provider says of itself: how many keys it publishes, and whether people can sign out there from here."""

    issuer: str
    keys: int
    ends_sessions: bool


class SingleSignOn:
    """Begin a sign-in at a provider, finish it, and hear of logouts there."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        transients: Transients,
        http: HttpClient,
        keys: KeyRing,
        sign_in: SignIn,
        sessions: Sessions,
        public_url: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._http = http
        self._keys = keys
        self._sign_in = sign_in
        self._sessions = sessions
        self._public_url = public_url
        self._metadata: Recent[str, ProviderMetadata | Unavailable] = Recent(256)
        self._jwks: Recent[str, tuple[float, dict[str, Any]]] = Recent(256)

    # --- there --------------------------------------------------------------------------------------------------

    def begin(self, provider_id: UUID, browser: str, target: str) -> str:
        """The address at the provider where this browser (known by a secret) goes to sign in."""
        provider, _ = self._provider(provider_id)
        with self._noted(provider, once_in=REFUSAL_NOTED_SECONDS):
            metadata = self._metadata_of(provider)
        state, nonce, verifier = self._ids.secret(), self._ids.secret(), self._ids.secret()
        visit = _Visit(str(provider.id), digest(browser), nonce, verifier, target)
        self._transients.put(f"sso:{digest(state)}", orjson.dumps(visit), VISIT_SECONDS)
        return authorization_address(
            metadata.authorization_endpoint,
            verifier,
            response_type="code",
            client_id=provider.client_id,
            redirect_uri=self.return_address(provider),
            scope=" ".join(KINDS[provider.kind].scopes),
            state=state,
            nonce=nonce,
            **({"response_mode": "form_post"} if KINDS[provider.kind].posts_answer else {}),
        )

    def return_address(self, provider: ProviderView) -> str:
        """Where the provider sends people back to: one address for each provider."""
        path = "oauth/sign-in-answer" if KINDS[provider.kind].posts_answer else "sign-in/back"
        return f"{self._public_url}/{path}/{provider.id}"

    def logout_addresses(self, provider_id: UUID) -> tuple[str, str]:
        """Where the provider tells of logouts: by the back channel, and by the front channel."""
        base = f"{self._public_url}/oauth"
        return f"{base}/back-channel-logout/{provider_id}", f"{base}/front-channel-logout/{provider_id}"

    # --- and back -----------------------------------------------------------------------------------------------

    def finish(self, provider_id: UUID, answer: Mapping[str, str], browser: str) -> tuple[str, str]:
        """The secret id of a new session, and the path that the person wanted to go to.

        `Unauthenticated` for an answer that does not belong to a sign-in of this browser at this provider; `Forbidden`
        for a person whom the tenant does not let in.
        """
        kept = self._transients.take(f"sso:{digest(answer.get('state', ''))}")
        if kept is None:
            raise _stray(say("This answer belongs to no sign-in of this browser. Begin again."))
        provider, secret = self._provider(provider_id)
        visit = _Visit(**orjson.loads(kept))
        with self._noted(provider):
            if visit.browser != digest(browser) or visit.provider != str(provider_id):
                raise _stray(say("This answer belongs to no sign-in of this browser. Begin again."))
            self._check_issuer(provider, answer)
            if "error" in answer or not answer.get("code"):
                raise _not_signed_in(provider, answer.get("error", "no code"))
            person = self._ask_who(provider, secret, answer["code"], visit)
            return self._admit(provider, person), visit.target

    @contextmanager
    def _noted(self, provider: ProviderView, once_in: int = 0) -> Iterator[None]:
        """Keep in the tenant's audit log why nobody was signed in; say that the provider fails, not at what."""
        try:
            yield
        except HubError as error:
            if not once_in or self._transients.add(f"sso-refused:{provider.id}", b"1", once_in):
                details: dict[str, Any] = {"by": "provider", "provider": provider.name, "reason": error.code}
                details["detail"] = _printable(error.detail)
                if error.violations:
                    details["told"] = {fault.where: fault.found for fault in error.violations}
                with self._db.unit_of_work(provider.tenant_id) as work:
                    record(
                        work.session, self._ids.uuid(), _system(provider), "session.refused", str(provider.id), details
                    )
            if isinstance(error, Unavailable):
                raise _unavailable(provider) from error
            raise

    def _check_issuer(self, provider: ProviderView, answer: Mapping[str, str]) -> None:
        """RFC 9207 section 2.4."""
        metadata = self._metadata_of(provider)
        told = answer.get("iss")
        if told != metadata.issuer and (told is not None or metadata.sends_issuer):
            raise _stray(say("This answer names another issuer than %(issuer)s.", issuer=metadata.issuer))

    def _ask_who(self, provider: ProviderView, secret: str, code: str, visit: _Visit) -> _Person:
        tokens = self._exchange(provider, secret, code, visit.verifier)
        if provider.kind == "github":
            return self._github_person(provider, str(tokens.get("access_token", "")))
        claims = self._id_token_claims(provider, str(tokens.get("id_token", "")), visit.nonce)
        userinfo = self._metadata_of(provider).userinfo_endpoint
        if "email" not in claims and userinfo:
            told = self._get(userinfo, str(tokens.get("access_token", "")))
            # OpenID Connect Core section 5.3.2: of somebody else it must not be used.
            claims = {**told, **claims} if told.get("sub") == claims["sub"] else claims
        is_proven = claims.get("email_verified") is True or KINDS[provider.kind].trusts_email
        return _Person(
            claims["sub"],
            _text(claims, "email"),
            is_proven,
            _text(claims, "name") or _text(claims, "preferred_username"),
            claims,
            _text(claims, "sid") or None,
        )

    def _exchange(self, provider: ProviderView, secret: str, code: str, verifier: str) -> dict[str, Any]:
        """The token request (OAuth 2.1 section 4.1.3), by Basic unless the provider wants the secret in the form."""
        metadata = self._metadata_of(provider)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.return_address(provider),
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if "client_secret_basic" in metadata.auth_methods:
            pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": provider.client_id, "client_secret": secret}
        answer = self._http.request("POST", metadata.token_endpoint, headers=headers, body=urlencode(form).encode())
        if answer.status >= 500:
            raise Unavailable(f"{metadata.token_endpoint} answered {answer.status}.", code="provider_unavailable")
        tokens = _object(answer.body)
        if answer.status != 200 or "error" in tokens:
            told = [str(tokens[name]) for name in ("error", "error_description") if tokens.get(name)]
            reason = _printable(": ".join(told) or str(answer.status))[:200].rstrip(".")
            raise Unauthenticated(
                say("%(provider)s refused the code (%(reason)s).", provider=provider.name, reason=reason),
                code="provider_refused",
            )
        return tokens

    def _id_token_claims(self, provider: ProviderView, token: str, nonce: str) -> dict[str, Any]:
        facts = {"issuer": provider.issuer, "client_id": provider.client_id, "nonce": nonce}
        return self._with_keys(provider, lambda jwks, now: id_token_claims(token, jwks, now=now, **facts))

    def _with_keys(self, provider: ProviderView, judge: Any) -> dict[str, Any]:
        """Judge with the keys that are known; a second time with fresh ones, as the provider may have new keys."""
        address, now = self._metadata_of(provider).jwks_uri, self._clock.now().timestamp()
        again_at, known = self._jwks.get(address, now, lambda: (now + KEYS_SECONDS, (0, self._get(address))))
        try:
            claims: dict[str, Any] = judge(known, int(now))
        except Unauthenticated:
            if now - again_at < KEYS_AGAIN_SECONDS:
                raise
            fresh = self._get(address)
            self._jwks.put(address, now + KEYS_SECONDS, (now, fresh))
            claims = judge(fresh, int(now))
        return claims

    def _github_person(self, provider: ProviderView, access_token: str) -> _Person:
        """GitHub speaks OAuth 2 only: its API tells who it is, and which address is proven."""
        api = github_addresses(provider.issuer).api
        who = self._get(f"{api}/user", access_token)
        if not isinstance(who.get("id"), int):  # `login` may change and go to somebody else; `id` never does.
            raise Unauthenticated("GitHub does not tell who signed in.", code="bad_provider_answer")
        primary = self._github_address(api, access_token)
        name = _text(who, "name") or _text(who, "login")
        return _Person(str(who["id"]), _text(primary, "email"), primary.get("verified") is True, name, who)

    def _github_address(self, api: str, access_token: str) -> dict[str, Any]:
        """The primary address; nothing for someone who did not let the Hub see it, whom GitHub answers 403 or 404."""
        answer = self._answer_of(f"{api}/user/emails", access_token)
        if answer.status in {403, 404}:
            return {}
        listed = _json(answer, api)
        entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        return next((each for each in entries if each.get("primary") is True), {})

    # --- the account --------------------------------------------------------------------------------------------

    def _admit(self, provider: ProviderView, person: _Person) -> str:
        """Find or make the account, give it the roles of the rules, and begin a session."""
        try:
            user = self._account(provider, person)
        except IntegrityError:  # Two first sign-ins at once: now the account is there.
            user = self._account(provider, person)
        ends_sessions = bool(self._metadata_of(provider).end_session_endpoint)
        external = External(str(provider.id), provider.name, person.subject, person.session, ends_sessions)
        return self._sign_in.begin_external(user.tenant_id, user.id, external)

    def _account(self, provider: ProviderView, person: _Person) -> User:
        with self._db.unit_of_work(provider.tenant_id) as work:
            found = storage.identity(work.session, provider.tenant_id, provider.id, person.subject)
            if found is not None and provider.domains:
                _checked_email(provider, person)  # The list may be younger than the account.
            identity, user = found or self._new_identity(work, provider, person)
            if not user.is_active:
                raise _turned_away(say("The account of %(email)s is closed.", email=user.email))
            if person.is_email_proven and person.email.lower() == user.email:
                user.email_verified_at = user.email_verified_at or self._clock.now()
            has_role = not identity.made_account or self._give_roles(work, provider, person, user)
        if not has_role:  # Only now, so that what they had is gone from open sessions and tokens, too.
            raise _without_role(provider, person)
        return user

    def _new_identity(self, work: UnitOfWork, provider: ProviderView, person: _Person) -> tuple[ExternalIdentity, User]:
        email = _checked_email(provider, person)
        user = users.user_of_email(work.session, provider.tenant_id, email)
        is_new = user is None
        if user is None:
            user = self._new_user(work, provider, person, email)
        elif not person.is_email_proven:
            raise _turned_away(
                say(
                    "%(provider)s does not vouch for %(email)s, which has an account here already.",
                    provider=provider.name,
                    email=email,
                )
            )
        elif user.email_verified_at is None and storage.has_identity(work.session, provider.tenant_id, user.id):
            # Whoever came first may have made it with an address that is not theirs, to share what its owner does here.
            raise _turned_away(
                say(
                    "Another provider made the account of %(email)s without vouching for the address. Ask whoever"
                    " administers the Hub.",
                    email=email,
                )
            )
        identity = ExternalIdentity(
            provider_id=provider.id,
            subject=person.subject,
            tenant_id=provider.tenant_id,
            user_id=user.id,
            made_account=is_new,
            created_at=self._clock.now(),
        )
        work.session.add(identity)
        details = {"provider": provider.name, "subject": person.subject, "made_account": is_new}
        record(work.session, self._ids.uuid(), _system(provider), "identity.linked", str(user.id), details)
        return identity, user

    def _new_user(self, work: UnitOfWork, provider: ProviderView, person: _Person, email: str) -> User:
        if not provider.makes_accounts:
            raise _turned_away(say("There is no account for %(email)s. Ask whoever administers the Hub.", email=email))
        if not _wanted_roles(provider, person):
            raise _without_role(provider, person)
        user = User(
            id=self._ids.uuid(),
            tenant_id=provider.tenant_id,
            email=email,
            name=_shown_name(person.name) or email,
            password_hash=None,
            is_active=True,
            created_at=self._clock.now(),
            email_verified_at=self._clock.now() if person.is_email_proven else None,
        )
        work.session.add(user)
        work.session.flush()
        details = {"email": email, "provider": provider.name}
        record(work.session, self._ids.uuid(), _system(provider), "user.created", str(user.id), details)
        return user

    def _give_roles(self, work: UnitOfWork, provider: ProviderView, person: _Person, user: User) -> bool:
        """The roles of an account that a provider made are what it says today; whether there are any."""
        wanted = _wanted_roles(provider, person)
        before = users.roles_of_users(work.session, user.tenant_id, [user.id]).get(user.id, [])
        if before != wanted:
            users.set_roles(work.session, user.tenant_id, user.id, wanted)
            details = {"before": before, "after": wanted, "provider": provider.name}
            record(work.session, self._ids.uuid(), _system(provider), "user.changed", str(user.id), details)
        return bool(wanted)

    # --- signing out there --------------------------------------------------------------------------------------

    def sign_out_address(self, provider_id: UUID) -> str:
        """Where whoever signed out here signs out at the provider as well (RP-Initiated Logout section 2).

        No ID token goes along, as addresses end up in logs, so the provider asks the person first.
        """
        provider, _ = self._provider(provider_id)
        try:
            endpoint = self._metadata_of(provider).end_session_endpoint
        except Unavailable as error:
            raise _unavailable(provider) from error
        if not endpoint:
            raise NotFound(say("%(provider)s lets nobody sign out from here.", provider=provider.name))
        return with_parameters(endpoint, client_id=provider.client_id)

    # --- logouts there ------------------------------------------------------------------------------------------------

    def back_channel_logout(self, provider_id: UUID, token: str) -> None:
        """End the sessions that a logout token names (Back-Channel Logout section 2.7); `Invalid` for a bad one."""
        provider, _ = self._provider(provider_id)
        if token.count(".") != 2:
            raise Invalid("logout_token is missing, or no signed JWT.", code="invalid_request")
        facts = {"issuer": provider.issuer, "client_id": provider.client_id}
        try:
            claims = self._with_keys(provider, lambda jwks, now: logout_token_claims(token, jwks, now=now, **facts))
        except Unauthenticated as error:
            raise Invalid(error.detail, code="invalid_request") from error
        if not self._transients.add(
            f"sso-logout:{provider.id}:{digest(str(claims['jti']))}", b"1", LOGOUT_MEMORY_SECONDS
        ):
            raise Invalid("This logout token was used already.", code="invalid_request")
        sid, subject = claims.get("sid"), claims.get("sub")
        self._sessions.end_external(str(provider.id), sid=sid, subject=None if sid else subject)

    def front_channel_logout(self, provider_id: UUID, issuer: str, sid: str) -> str:
        """End the session `sid` of the provider (Front-Channel Logout section 3); returns who may frame the answer."""
        provider, _ = self._provider(provider_id)
        if issuer != provider.issuer or not sid:
            raise Invalid("iss and sid must be those of a session at this provider.")
        self._sessions.end_external(str(provider.id), sid=sid, subject=None)
        return provider.issuer

    # --- what the provider says of itself -----------------------------------------------------------------------

    def _provider(self, provider_id: UUID) -> tuple[ProviderView, str]:
        with self._db.read(EVERY_TENANT) as session:
            row: IdentityProvider | None = storage.provider_by_id(session, provider_id)
        if row is None or not row.is_active:
            raise NotFound("There is no such provider.", code="provider_not_found")
        return ProviderView.of(row), self._keys.unseal(row.client_secret, secret_context(row.id))

    def check(self, provider: ProviderView) -> ProviderCheck:
        """Ask the provider for its discovery document and its keys, as a sign-in does, but not from memory.

        `Invalid` or `Unavailable` says why nobody could sign in. Whether id and secret are right only a sign-in tells.
        """
        if provider.kind == "github":
            raise Unprocessable("GitHub has no discovery document: sign in to try it.", code="no_discovery")
        metadata, now = self._discovered(provider.issuer), self._clock.now().timestamp()
        jwks = self._get(metadata.jwks_uri)
        keys = jwks.get("keys")
        if not isinstance(keys, list) or not keys:
            raise Invalid(say("There are no keys at %(address)s.", address=metadata.jwks_uri), code="bad_discovery")
        self._metadata.put(provider.issuer, now + METADATA_SECONDS, metadata)
        self._jwks.put(metadata.jwks_uri, now + KEYS_SECONDS, (0, jwks))
        return ProviderCheck(metadata.issuer, len(keys), bool(metadata.end_session_endpoint))

    def _metadata_of(self, provider: ProviderView) -> ProviderMetadata:
        if provider.kind == "github":
            return _github_metadata(provider.issuer)
        now = self._clock.now().timestamp()
        found = self._metadata.get(provider.issuer, now, lambda: self._asked_for_metadata(provider.issuer))
        if isinstance(found, Unavailable):
            raise Unavailable(found.detail, code=found.code)
        return found

    def _asked_for_metadata(self, issuer: str) -> tuple[float, ProviderMetadata | Unavailable]:
        """What the provider says, or that it does not answer, and until when to believe that."""
        found: ProviderMetadata | Unavailable
        try:
            found, seconds = self._discovered(issuer), METADATA_SECONDS
        except Unavailable as error:
            found, seconds = error, FAILURE_SECONDS
        return self._clock.now().timestamp() + seconds, found

    def _discovered(self, issuer: str) -> ProviderMetadata:
        """OpenID Connect Discovery section 4."""
        return read_metadata(self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration"), issuer)

    def _get(self, address: str, access_token: str = "") -> dict[str, Any]:
        found = _json(self._answer_of(address, access_token), address)
        return found if isinstance(found, dict) else {}

    def _answer_of(self, address: str, access_token: str) -> HttpResponse:
        headers = {"Accept": "application/json"}
        if access_token:
            headers["Authorization"] = f"Bearer {access_token}"
        return self._http.request("GET", address, headers=headers)


def _json(answer: HttpResponse, address: str) -> Any:
    if answer.status != 200:
        raise Unavailable(
            say("%(address)s answered %(status)s.", address=address, status=answer.status), code="provider_unavailable"
        )
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise Unavailable(
            say("%(address)s did not answer with JSON.", address=address), code="provider_unavailable"
        ) from error


def _github_metadata(issuer: str) -> ProviderMetadata:
    known = github_addresses(issuer)
    return ProviderMetadata(known.issuer, known.authorize, known.token, "", "", "", False, ("client_secret_post",))


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that is a text; empty where it is missing or something else."""
    found = claims.get(name)
    return found if isinstance(found, str) else ""


def _shown_name(told: str) -> str:
    """What a provider calls somebody, without what no name has: control characters, and those that turn writing."""
    return _printable(" ".join(told.split()))[:LONGEST].strip()


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


def _checked_email(provider: ProviderView, person: _Person) -> str:
    """The address that an account is found or made by; `Forbidden` where it is not of the tenant's domains."""
    try:
        email = checked_email(person.email)
    except Invalid as error:
        raise _turned_away(
            say("%(provider)s tells no usable e-mail address of you.", provider=provider.name)
        ) from error
    if not is_of_domain(email, provider.domains):
        raise _turned_away(say("%(email)s is not of a domain that may sign in here.", email=email))
    if provider.domains and not person.is_email_proven:
        raise _turned_away(say("%(provider)s does not vouch for %(email)s.", provider=provider.name, email=email))
    return email


def _system(provider: ProviderView) -> Principal:
    return Principal(provider.tenant_id, "system", str(provider.id), provider.name)


def _turned_away(reason: str) -> HubError:
    return Forbidden(reason, code="sign_in_refused")


def _wanted_roles(provider: ProviderView, person: _Person) -> list[str]:
    """The roles that the provider gives today: those that everybody gets, and those by claims."""
    return sorted({*provider.default_roles, *roles_of(person.claims, provider.rules)})


def _without_role(provider: ProviderView, person: _Person) -> HubError:
    """Turned away, with what was told where the rules look: the audit log keeps it, the page shows it to nobody."""
    reason = say("Nothing that %(provider)s says of you gives you a role here.", provider=provider.name)
    told = told_for(person.claims, provider.rules).items()
    faults = [Violation("identity provider", claim, "fits no rule", found) for claim, found in told]
    return Forbidden(reason, code="sign_in_refused", violations=faults)


def _not_signed_in(provider: ProviderView, reason: str) -> HubError:
    return Unauthenticated(
        say("%(provider)s did not sign you in (%(reason)s).", provider=provider.name, reason=reason[:80]),
        code="provider_refused",
    )


def _unavailable(provider: ProviderView) -> HubError:
    return Unavailable(
        say("%(provider)s does not answer. Try again in a minute, or sign in another way.", provider=provider.name),
        code="provider_unavailable",
    )


def _stray(reason: str) -> HubError:
    return Unauthenticated(reason, code="sign_in_stray")
