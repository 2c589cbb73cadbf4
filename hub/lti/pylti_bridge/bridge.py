"""The bridge itself: each use of pylti1p3 is one method."""

from collections.abc import Mapping, Sequence
from typing import Any

from pylti1p3.deep_link import DeepLink
from pylti1p3.registration import Registration

from hub.lti.key_sets import KeySets
from hub.lti.pylti_bridge.connector import Connector
from hub.lti.pylti_bridge.grades import Grades
from hub.lti.pylti_bridge.launch import CheckedLaunch
from hub.lti.pylti_bridge.login import (
    Cookies,
    LoginOfTool,
    LoginRecord,
    LoginRedirect,
    OnePlatform,
    Parameters,
    PlatformStorage,
    States,
    cookie_name,
    load_record,
    plus_query,
    storage_in,
)
from hub.lti.pylti_bridge.memberships import Memberships
from hub.lti.pylti_bridge.registration import NO_SESSION, registration_of, sign
from hub.lti.spec.claims import Expected
from hub.lti.spec.deep_linking import response_claims
from hub.lti.spec.launch import DeepLinkingSettings, Launch
from hub.lti.spec.login import Login
from hub.lti.spec.platform import Platform
from hub.ports import Clock, HttpClient, Ids, KeyRing, Transients


class Bridge:
    """Everything that the Hub does by pylti1p3. One for the process; it keeps no state of its own."""

    def __init__(
        self,
        *,
        transients: Transients,
        http: HttpClient,
        keys: KeyRing,
        clock: Clock,
        ids: Ids,
        launch_url: str,
        allow_private: bool,
    ) -> None:
        self._transients = transients
        self._http = http
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._key_sets = KeySets(transients, http)
        self.launch_url = launch_url
        self._allow_private = allow_private

    def begin_login(self, platform: Platform, login: Login) -> LoginRedirect:
        """Answer a login initiation (Security Framework 5.1.1.2): remember it, and send the browser on."""
        cookies = Cookies({}, self._ids)
        request = Parameters({"iss": platform.issuer, "client_id": platform.client_id, **login.parameters()})
        states = States(request, self._transients)
        oidc = LoginOfTool(request, OnePlatform(platform), states, cookies)
        oidc.use_ids(self._ids)
        oidc.pass_params_to_launch({"platform": platform, "login": login, "browser": cookies.binding})
        url = oidc.get_redirect_object(self.launch_url).get_redirect_url()
        storage = storage_in(platform, login, cookies.made.name)
        return LoginRedirect(plus_query(platform.auth_url, url), cookies.made, storage)

    def cookie_name(self, state: str) -> str:
        """The name of the cookie that ties the login of this state to its browser."""
        return cookie_name(state)

    def storage_of(self, platform: Platform, record: LoginRecord, state: str) -> PlatformStorage | None:
        """Where the login of this state kept its secret besides the cookie."""
        return storage_in(platform, record.login, cookie_name(state))

    def record_of(self, state: str) -> LoginRecord:
        """The login that a state belongs to; raises `Unauthenticated` when there is none (any more)."""
        return load_record(self._transients, state)

    def receive(
        self,
        platform: Platform,
        form: Mapping[str, str],
        cookies: Mapping[str, str],
        stored: str | None,
        record: LoginRecord,
    ) -> Launch:
        """Check a launch from its state to its last claim, and use its nonce up.

        `stored` is the secret as our own page read it from the platform's storage. Raises `UnboundBrowser` for a
        browser that shows the secret neither by cookie nor so, and other refusals (401, 400, 403) for everything else
        that is wrong.
        """
        if stored is not None:
            cookies = {cookie_name(form["state"]): stored}
        request = Parameters(form)
        launch = CheckedLaunch(
            request,
            OnePlatform(platform),
            session_service=States(request, self._transients),
            cookie_service=Cookies(cookies, self._ids),
            requests_session=NO_SESSION,
        )
        launch.prepare(record, self._expected(platform, record), self._key_sets, platform.jwks_url)
        launch.validate()
        return launch.admitted

    def sign_deep_linking_response(
        self, platform: Platform, deployment_id: str, settings: DeepLinkingSettings, items: Sequence[dict[str, Any]]
    ) -> str:
        """The response message as a signed token (Deep Linking 2.0 section 4.5)."""
        registration = registration_of(platform)
        claims = response_claims(
            client_id=platform.client_id,
            issuer=platform.issuer,
            deployment_id=deployment_id,
            settings=settings,
            items=items,
            nonce=self._ids.secret(),
            now=self._clock.now().timestamp(),
        )
        return _Response(registration, deployment_id, self._keys).encode_jwt(claims)

    def grades(self, platform: Platform, scopes: Sequence[str]) -> Grades:
        """The platform's Assignment and Grade Services, with the scopes that a launch granted."""
        return Grades(self._connector(platform), scopes)

    def memberships(self, platform: Platform) -> Memberships:
        """The platform's Names and Role Provisioning Services and its groups."""
        return Memberships(self._connector(platform))

    def access_token(self, platform: Platform, scopes: Sequence[str]) -> None:
        """Ask the platform for a new token for these scopes; raises `PlatformRefused` or `Unavailable`."""
        self._connector(platform).renew(scopes)

    def _connector(self, platform: Platform) -> Connector:
        return Connector(platform, self._http, self._keys, self._clock, self._ids, self._transients)

    def _expected(self, platform: Platform, record: LoginRecord) -> Expected:
        return Expected(
            issuer=platform.issuer,
            client_id=platform.client_id,
            deployment_ids=platform.deployment_ids,
            nonce=record.nonce,
            target_link_uri=record.login.target_link_uri,
            launch_url=self.launch_url,
            now=self._clock.now().timestamp(),
            allow_private=self._allow_private,
            learns_deployments=platform.learns_deployments,
            login_deployment=record.login.deployment_id,
        )


class _Response(DeepLink):
    """A deep linking response; pylti1p3 supplies the shape, we sign with the key ring (kid, RS256)."""

    def __init__(self, registration: Registration, deployment_id: str, keys: KeyRing) -> None:
        super().__init__(registration, deployment_id, {})
        self._keys = keys

    def encode_jwt(self, message: dict[str, Any]) -> str:
        return sign(self._keys, message)
