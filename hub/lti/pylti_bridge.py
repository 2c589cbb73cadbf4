"""The bridge to pylti1p3: its launch, login and service classes over our tables, keys, HTTP client and Redis.

pylti1p3 2.0.0 gives the shape of the protocol. Where it is weaker than the specification or than safety asks, the
method is overridden here, with the reason beside it; the rules themselves are in `hub.lti.spec`. No other module
imports pylti1p3.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import msgspec
import orjson
import requests
from joserfc import jwt
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.cookie import CookieService
from pylti1p3.deep_link import DeepLink
from pylti1p3.deployment import Deployment
from pylti1p3.exception import LtiException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem
from pylti1p3.message_launch import MessageLaunch, TJwtData
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration
from pylti1p3.request import Request
from pylti1p3.service_connector import ServiceConnector, TServiceConnectorResponse
from pylti1p3.session import SessionService
from pylti1p3.tool_config import ToolConfAbstract

from hub.errors import Invalid, NotFound, Unauthenticated, Unavailable, Violation, say
from hub.lti.key_sets import KeySets, verifies
from hub.lti.spec import jose, scores
from hub.lti.spec import vocabulary as v
from hub.lti.spec.claims import LOGIN_SECONDS, Expected
from hub.lti.spec.deep_linking import response_claims
from hub.lti.spec.launch import DeepLinkingSettings, Launch, admit
from hub.lti.spec.links import next_link, related_link
from hub.lti.spec.login import Login
from hub.lti.spec.memberships import (
    GROUPS_MEDIA_TYPE,
    MEDIA_TYPE,
    MOST_MEMBERS,
    Member,
    read_groups,
    read_members,
)
from hub.lti.spec.platform import Platform
from hub.lti.spec.urls import origin_of, url_fault
from hub.ports import Clock, HttpClient, HttpResponse, Ids, KeyRing, Transients

#: A token is not used in its last seconds, so that it does not end on its way.
TOKEN_MARGIN_SECONDS = 30
ASSERTION_SECONDS = 60
MOST_PAGES = 20
#: So long one use of a platform's services may take, with all its requests: one score, one roster.
LONGEST_USE_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class BrowserCookie:
    """A cookie that the view is to set: Secure, HttpOnly, SameSite=None and Partitioned (third-party frames)."""

    name: str
    value: str
    seconds: int


@dataclass(frozen=True, slots=True)
class PlatformStorage:
    """The platform's frame that keeps values for tools (LTI postMessage Storage 0.1), where the login named one.

    `target` is the frame, `origin` the only one that messages go to and come from, `key` the name of our value.
    """

    target: str
    origin: str
    key: str


@dataclass(frozen=True, slots=True)
class LoginRedirect:
    """Where the browser goes to be authenticated, the cookie that ties it to this login, and where else the cookie's
    value can be kept by a browser that drops it."""

    url: str
    cookie: BrowserCookie
    storage: PlatformStorage | None


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """What is kept between login and launch, under the state."""

    platform_id: UUID
    tenant_id: UUID
    nonce: str
    browser: str
    login: Login


class UnboundBrowser(Unauthenticated):
    """The state is good, but this browser did not bring back the cookie of its login."""

    def __init__(self, record: LoginRecord) -> None:
        super().__init__("The browser did not send back the cookie of this login.", code="lti_cookie_missing")
        self.record = record


class PlatformRefused(Exception):
    """A service of the platform answered with another status than success."""

    def __init__(self, response: HttpResponse, step: str) -> None:
        super().__init__(scores.reason_of(response.status, response.body))
        self.response = response
        self.step = step


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
        cookies = _Cookies({}, self._ids)
        request = _Request({"iss": platform.issuer, "client_id": platform.client_id, **login.parameters()})
        states = _States(request, self._transients)
        oidc = _Login(request, _ToolConf(platform), states, cookies)
        oidc.use_ids(self._ids)
        oidc.pass_params_to_launch({"platform": platform, "login": login, "browser": cookies.binding})
        url = oidc.get_redirect_object(self.launch_url).get_redirect_url()
        storage = _storage(platform, login, cookies.made.name)
        return LoginRedirect(_plus_query(platform.auth_url, url), cookies.made, storage)

    def cookie_name(self, state: str) -> str:
        """The name of the cookie that ties the login of this state to its browser."""
        return _cookie_name(state)

    def storage_of(self, platform: Platform, record: LoginRecord, state: str) -> PlatformStorage | None:
        """Where the login of this state kept its secret besides the cookie."""
        return _storage(platform, record.login, _cookie_name(state))

    def record_of(self, state: str) -> LoginRecord:
        """The login that a state belongs to; raises `Unauthenticated` when there is none (any more)."""
        return _load_record(self._transients, state)

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
            cookies = {_cookie_name(form["state"]): stored}
        request = _Request(form)
        launch = _Launch(
            request,
            _ToolConf(platform),
            session_service=_States(request, self._transients),
            cookie_service=_Cookies(cookies, self._ids),
            requests_session=_NO_SESSION,
        )
        launch.prepare(record, self._expected(platform, record), self._key_sets, platform.jwks_url)
        launch.validate()
        return launch.admitted

    def sign_deep_linking_response(
        self, platform: Platform, deployment_id: str, settings: DeepLinkingSettings, items: Sequence[dict[str, Any]]
    ) -> str:
        """The response message as a signed token (Deep Linking 2.0 section 4.5)."""
        registration = _registration(platform)
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

    def grades(self, platform: Platform, scopes: Sequence[str]) -> "Grades":
        """The platform's Assignment and Grade Services, with the scopes that a launch granted."""
        connector = _Connector(platform, self._http, self._keys, self._clock, self._ids, self._transients)
        return Grades(connector, scopes)

    def memberships(self, platform: Platform) -> "Memberships":
        """The platform's Names and Role Provisioning Services and its groups."""
        return Memberships(_Connector(platform, self._http, self._keys, self._clock, self._ids, self._transients))

    def access_token(self, platform: Platform, scopes: Sequence[str]) -> None:
        """Ask the platform for a new token for these scopes; raises `PlatformRefused` or `Unavailable`."""
        connector = _Connector(platform, self._http, self._keys, self._clock, self._ids, self._transients)
        connector.renew(scopes)

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


# Login and launch ----------------------------------------------------------------------------------------------------

# pylti1p3 makes a requests.Session of its own where none is given; every request of ours goes by the HttpClient port
# (time-outs, size cap, address check), so it is given one that can do nothing.
_NO_SESSION = requests.Session()
_NO_SESSION.adapters.clear()


class _Request(Request):
    """The parameters of one HTTP request."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters

    @property
    def session(self) -> dict[str, object]:
        return {}

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self._parameters.get(key, "")


class _Cookies(CookieService):
    """The browser's side of a login.

    pylti1p3 stores the state itself in a cookie of that name, so whoever knows the state has the cookie's value. Ours
    holds a secret of its own, and the record under the state only its digest.
    """

    def __init__(self, received: Mapping[str, str], ids: Ids) -> None:
        self._received = received
        self._secret = ids.secret()
        self.made = BrowserCookie("", "", 0)

    @property
    def binding(self) -> str:
        """What the record keeps of the secret."""
        return _digest(self._secret)

    def get_cookie(self, name: str) -> str | None:
        return self._received.get(_cookie_name(name))

    def set_cookie(self, name: str, value: str | int, exp: int | None = None) -> None:
        self.made = BrowserCookie(_cookie_name(name), self._secret, LOGIN_SECONDS)


class _States(SessionService):
    """The record of a login, in Redis for all processes, and its single use."""

    def __init__(self, request: Request, transients: Transients) -> None:
        # The parent would set up storage in a web session, which the Hub does not have here.
        self._transients = transients
        self._nonce = ""

    def save_nonce(self, nonce: str) -> None:
        """Keep the nonce for the record that follows: a nonce belongs to its state (pylti1p3: to nothing)."""
        self._nonce = nonce

    def save_state_params(self, state: str, params: dict[str, Any]) -> None:
        platform, login = params["platform"], params["login"]
        record = LoginRecord(platform.id, platform.tenant_id, self._nonce, params["browser"], login)
        self._transients.put(_record_key(state), msgspec.json.encode(record), LOGIN_SECONDS)

    def check_state_is_valid(self, state: str, id_token_hash: str) -> bool:
        """pylti1p3 lets a token in again without any cookie once it was in; a launch is good once."""
        return False

    def use_up(self, state: str) -> bool:
        """Take the record away: of any number of parallel launches exactly one gets it (pylti1p3: all of them)."""
        return self._transients.take(_record_key(state)) is not None


class _ToolConf(ToolConfAbstract):
    """One platform of our tables as pylti1p3's configuration."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def check_iss_has_one_client(self, iss: str) -> bool:
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        return True

    def find_registration_by_issuer(self, iss: str, *args: Any, **kwargs: Any) -> Registration:
        raise LtiException("A platform is found by issuer and client id")

    def find_registration_by_params(self, iss: str, client_id: str, *args: Any, **kwargs: Any) -> Registration:
        if (iss, client_id) != (self._platform.issuer, self._platform.client_id):
            raise LtiException("is not of the platform that this login began with")
        return _registration(self._platform)

    def find_deployment(self, iss: str, deployment_id: str) -> Deployment | None:
        raise LtiException("A platform is found by issuer and client id")

    def find_deployment_by_params(
        self, iss: str, deployment_id: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Deployment | None:
        known = deployment_id in self._platform.deployment_ids or self._platform.learns_deployments
        return Deployment().set_deployment_id(deployment_id) if known else None


class _Redirect(Redirect):
    """Only carries the URL; the view redirects."""

    def __init__(self, url: str) -> None:
        self._url = url

    def do_redirect(self) -> str:
        return self._url

    def do_js_redirect(self) -> str:
        return self._url

    def set_redirect_url(self, location: str) -> None:
        self._url = location

    def get_redirect_url(self) -> str:
        return self._url


class _Login(OIDCLogin):
    """The answer to a login initiation."""

    _ids: Ids

    def use_ids(self, ids: Ids) -> None:
        """Where state and nonce come from (pylti1p3: uuid1 and uuid4, which tell time and host)."""
        self._ids = ids

    def _get_uuid(self) -> str:
        return self._ids.secret()

    def _generate_nonce(self) -> str:
        return self._ids.secret()

    def get_redirect(self, url: str) -> _Redirect:
        return _Redirect(url)


class _Launch(MessageLaunch):
    """The check of a launch."""

    _record: LoginRecord
    _expected: Expected
    _key_sets: KeySets
    _token: jose.Unverified
    admitted: Launch

    def prepare(self, record: LoginRecord, expected: Expected, key_sets: KeySets, key_set_url: str) -> None:
        """What the check is made against."""
        self._record, self._expected = record, expected
        self._key_sets, self._key_set_url = key_sets, key_set_url

    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    def validate(self) -> "_Launch":
        """The steps in our order: nothing of the token is believed before its signature, and the nonce is used up
        last, so that only a launch that is good in everything else ends its login."""
        self._validated = True  # pylti1p3's getters validate again, in its own order, until this is set.
        try:
            self.validate_state().validate_jwt_format().validate_registration().validate_jwt_signature()
            self.validate_message().validate_deployment().validate_nonce()
        except LtiException as fault:
            raise _refused("launch", str(fault)) from fault
        return self

    def validate_state(self) -> "_Launch":
        """The browser must be the one that began the login: it shows the secret whose digest the record has."""
        secret = self._cookie_service.get_cookie(self._get_request_param("state")) or ""
        if not hmac.compare_digest(_digest(secret), self._record.browser):
            raise UnboundBrowser(self._record)
        return self

    def validate_jwt_format(self) -> "_Launch":
        """Strict base64url and JSON, algorithm and header by our list (pylti1p3 takes what the key set says)."""
        token = jose.decode(self._get_request_param("id_token"))
        self._token = token
        self._jwt = cast(TJwtData, {"header": token.header, "body": token.claims})
        return self

    def get_iss(self) -> str:
        if self._token.claims.get("iss") != self._expected.issuer:
            raise _refused("iss", say("is not the issuer that this login began with"))
        return self._expected.issuer

    def get_client_id(self) -> str:
        """Our client id when it is anywhere in the audience (pylti1p3 reads the first entry only)."""
        audience = self._token.claims.get("aud")
        if self._expected.client_id not in (audience if isinstance(audience, list) else [audience]):
            raise _refused("aud", say("does not name the Hub's client id at this platform"))
        return self._expected.client_id

    def validate_jwt_signature(self) -> "_Launch":
        """One of the platform's published keys must verify the token, with the algorithm that fits the key."""
        token, header = self._get_request_param("id_token"), self._token.header
        keys = self._key_sets.matching(self._key_set_url, header)
        if not keys:
            raise _refused("id_token header kid", say("is not in the platform's key set"))
        if not any(verifies(token, key, header["alg"]) for key in keys):
            raise _refused("id_token", say("has a signature that the platform's key does not verify"))
        return self

    def validate_message(self) -> "_Launch":
        """Every claim by our table (pylti1p3 demands neither exp, iat nor target_link_uri, and knows no leeway)."""
        self.admitted = admit(self._token.claims, self._expected)
        return self

    def validate_nonce(self) -> "_Launch":
        """The nonce was compared by the table; here its login is used up, once (pylti1p3 never consumes it)."""
        if not self._session_service.use_up(self._get_request_param("state")):
            raise _refused("nonce", say("has been used already; open the link in the course again"))
        return self


# Services ------------------------------------------------------------------------------------------------------------


class _Response(DeepLink):
    """A deep linking response; pylti1p3 supplies the shape, we sign with the key ring (kid, RS256)."""

    def __init__(self, registration: Registration, deployment_id: str, keys: KeyRing) -> None:
        super().__init__(registration, deployment_id, {})
        self._keys = keys

    def encode_jwt(self, message: dict[str, Any]) -> str:
        return _sign(self._keys, message)


class _Connector(ServiceConnector):
    """Requests to a platform's services, by the HttpClient port."""

    def __init__(
        self,
        platform: Platform,
        http: HttpClient,
        keys: KeyRing,
        clock: Clock,
        ids: Ids,
        transients: Transients,
    ) -> None:
        super().__init__(_registration(platform), _NO_SESSION)
        self._platform = platform
        self._http = http
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._ends_at = time.monotonic() + LONGEST_USE_SECONDS

    def get_access_token(self, scopes: Sequence[str]) -> str:
        """A token for these scopes (Security Framework section 4), kept in Redis as long as it is good.

        pylti1p3 keeps it as long as the object lives, whatever expires_in says, and for one process only.
        """
        key = self._token_key(scopes)
        cached = self._transients.get(key)
        if cached is not None:
            return cached.decode()
        token, seconds = self._fetch_token(scopes)
        if seconds > TOKEN_MARGIN_SECONDS:
            self._transients.put(key, token.encode(), seconds - TOKEN_MARGIN_SECONDS)
        return token

    def make_service_request(
        self,
        scopes: Sequence[str],
        url: str,
        is_post: bool = False,
        data: str | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        case_insensitive_headers: bool = False,
    ) -> TServiceConnectorResponse:
        """One request with a token; a token that is no longer good (401) is renewed once.

        pylti1p3 renews no token, lowercases the address of the next page and follows it anywhere.
        """
        headers = {"Accept": accept, **({"Content-Type": content_type} if is_post else {})}
        body = (data or "").encode() if is_post else None
        response = self._authorized("POST" if is_post else "GET", url, scopes, headers, body)
        if not 200 <= response.status < 300:
            raise PlatformRefused(response, "service")
        following = next_link(response.headers.get("link", ""), url)
        return {"headers": dict(response.headers), "body": _json_or_none(response.body), "next_page_url": following}

    def renew(self, scopes: Sequence[str]) -> None:
        """Fetch a token anew, whatever is kept."""
        self._transients.delete(self._token_key(scopes))
        self.get_access_token(scopes)

    def _authorized(
        self, method: str, url: str, scopes: Sequence[str], headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse:
        response = self._send(method, url, scopes, headers, body)
        if response.status == 401:
            self._transients.delete(self._token_key(scopes))
            response = self._send(method, url, scopes, headers, body)
        elif response.status == 403 and not scores.is_too_fast(403, response.body):
            self._transients.delete(self._token_key(scopes))  # Open edX says 403 to a token that is no longer good.
        return response

    def _send(
        self, method: str, url: str, scopes: Sequence[str], headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse:
        token = self.get_access_token(scopes)
        return self._ask(method, url, {**headers, "Authorization": f"Bearer {token}"}, body)

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> HttpResponse:
        """One request in what is left of this use's time: pages without end must not hold us without end."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise Unavailable(say("%(host)s took too long to answer.", host=urlsplit(url).hostname), code="no_answer")
        return self._http.request(method, url, headers=headers, body=body, longest_seconds=left)

    def _fetch_token(self, scopes: Sequence[str]) -> tuple[str, int]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(),
            "scope": " ".join(sorted(scopes)),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        response = self._ask("POST", self._platform.token_url, headers, urlencode(form).encode())
        document = _json_or_none(response.body)
        if response.status != 200 or not isinstance(document, dict):
            raise PlatformRefused(response, "token")
        return _token_of(document, response)

    def _assertion(self) -> str:
        """Who we are, signed (RFC 7523 section 3, Security Framework section 4.1.1)."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._platform.client_id,
            "sub": self._platform.client_id,
            "aud": self._platform.token_audience or self._platform.token_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": self._ids.secret(),
        }
        return _sign(self._keys, claims)

    def _token_key(self, scopes: Sequence[str]) -> str:
        return f"lti:token:{self._platform.id}:{_digest(' '.join(sorted(scopes)))}"


class Grades(AssignmentsGradesService):
    """Scores and line items of one platform, as far as the scopes allow."""

    def __init__(self, connector: _Connector, scopes: Sequence[str]) -> None:
        known = (v.SCOPE_SCORE, v.SCOPE_LINE_ITEM, v.SCOPE_LINE_ITEM_READ, v.SCOPE_RESULT_READ)
        granted: Any = [scope for scope in known if scope in scopes]
        super().__init__(connector, {"scope": granted})

    def send(self, line_item_url: str, user_id: str, score: scores.Score, timestamp: str) -> None:
        """Post one score. Raises `PlatformRefused` for any answer but success, `Unavailable` for none."""
        grade = Grade().set_user_id(user_id).set_timestamp(timestamp)
        grade.set_activity_progress(score.activity_progress).set_grading_progress(score.grading_progress)
        grade.set_score_maximum(float(score.maximum))
        if score.given is not None:
            grade.set_score_given(float(score.given))
        if score.comment:
            grade.set_comment(score.comment)
        submission = scores.submission_of(score)
        if submission:
            grade.set_extra_claims({"submission": submission})
        with _faults_refused():
            self.put_grade(grade, LineItem({"id": line_item_url}))

    def line_item(self, line_item_url: str) -> scores.Column | None:
        """One line item as the platform has it; None when it is gone. Needs one of the line item scopes."""
        try:
            answer = self._read(line_item_url, scores.LINE_ITEM_MEDIA_TYPE)
        except PlatformRefused as refusal:
            if refusal.response.status in {404, 410} and refusal.step == "service":
                return None
            raise
        return scores.read_column(answer, line_item_url)

    def find_or_create(self, container_url: str, wanted: scores.WantedColumn) -> scores.Column:
        """The line item of a resource link in the container, made when it is missing and may be made.

        The link's own comes first; else the one with our resourceId and tag that belongs to no other link (the teacher
        moved it, or the course was copied). Raises `PlatformRefused`, `Unavailable`, or `Invalid` for an answer that
        cannot be used: one of another origin would get the token that was given to us for this one.
        """
        own, by_resource = {"resource_link_id": wanted.link_id}, {"resource_id": wanted.resource_id, "tag": wanted.tag}
        with _faults_refused():
            found = self._find(container_url, own, lambda items: scores.line_item_of(items, wanted.link_id))
            found = found or self._find(container_url, by_resource, lambda items: scores.stray_line_item(items, wanted))
            if found is None and v.SCOPE_LINE_ITEM in self._service_data["scope"]:
                found = self._create(container_url, wanted)
        if found is None:
            raise NotFound("The link has no column in the gradebook (any more).", code="lti_no_line_item")
        if url_fault(found.url, allow_private=True) or origin_of(found.url) != origin_of(container_url):
            raise Invalid("The platform's line item has no address that can be used.", code="lti_line_item_refused")
        return found

    def _find(
        self, container_url: str, filters: Mapping[str, str], choose: Callable[[object], scores.Column | None]
    ) -> scores.Column | None:
        """pylti1p3 reads every page of the container, without end where the platform's pages go in a circle; we ask for
        what we look for (AGS section 3.2.9) and look at a few pages."""
        page: str | None = container_url + ("&" if "?" in container_url else "?") + urlencode(filters)
        for _ in range(MOST_PAGES):
            if page is None:
                return None
            items, page = self.get_lineitems_page(page)
            found = choose(items)
            if found:
                return found
        return None

    def count(self, container_url: str) -> int:
        """How many line items are on the first page of a container."""
        with _faults_refused():
            items, _ = self.get_lineitems_page(container_url)
        return len(items)

    def results(self, line_item_url: str) -> dict[str, Any]:
        """What the gradebook shows, by user (AGS section 3.3): score, maximum and comment of each."""
        page: str | None = scores.path_extended(line_item_url, "results")
        found: dict[str, Any] = {}
        for _ in range(MOST_PAGES):
            if page is None:
                break
            answer = self._request(page, scores.RESULTS_MEDIA_TYPE)
            found.update(scores.read_results(answer["body"]))
            page = answer["next_page_url"]
        return found

    def _read(self, url: str, media_type: str) -> Any:
        return self._request(url, media_type)["body"]

    def _request(self, url: str, media_type: str) -> TServiceConnectorResponse:
        return self._service_connector.make_service_request(self._service_data["scope"], url, accept=media_type)

    def _create(self, container_url: str, wanted: scores.WantedColumn) -> scores.Column | None:
        answer = self._service_connector.make_service_request(
            self._service_data["scope"],
            container_url,
            is_post=True,
            data=orjson.dumps(wanted.as_line_item()).decode(),
            content_type=scores.LINE_ITEM_MEDIA_TYPE,
            accept=scores.LINE_ITEM_MEDIA_TYPE,
        )
        return scores.line_item_of([answer["body"]], wanted.link_id)

    @staticmethod
    def _add_url_path_ending(url: str, url_path_ending: str) -> str:
        """pylti1p3 loses what follows a second question mark."""
        return scores.path_extended(url, url_path_ending)


@dataclass(frozen=True, slots=True)
class Listed:
    """The members of a course or link, and where the platform tells later what changed since."""

    members: list[Member]
    differences_url: str | None


class Memberships:
    """Names and Role Provisioning Services 2.0 of one platform, and the groups of its courses.

    pylti1p3's own class reads every page without end and knows neither links nor differences.
    """

    def __init__(self, connector: _Connector) -> None:
        self._connector = connector

    def read(self, url: str, group_names: Mapping[str, str]) -> Listed:
        """The members at `url`, page by page. Raises `PlatformRefused`, `Unavailable`, `Invalid`."""
        members: list[Member] = []
        differences: str | None = None
        page: str | None = url
        seen: set[str] = set()
        while page and page not in seen and len(members) < MOST_MEMBERS:
            seen.add(page)
            answer = self._connector.make_service_request([v.SCOPE_MEMBERSHIP_READ], page, accept=MEDIA_TYPE)
            found = read_members(answer["body"], group_names)
            if found is None:
                raise Invalid("The platform's list of members is no membership container.", code="lti_service_refused")
            members += found
            differences = related_link(answer["headers"].get("link", ""), "differences", page) or differences
            page = answer["next_page_url"]
        return Listed(members[:MOST_MEMBERS], differences)

    def groups(self, url: str) -> dict[str, str]:
        """The names of a course's groups by their ids."""
        names: dict[str, str] = {}
        page: str | None = url
        for _ in range(MOST_PAGES):
            if page is None:
                break
            answer = self._connector.make_service_request([v.SCOPE_GROUPS_READ], page, accept=GROUPS_MEDIA_TYPE)
            names |= read_groups(answer["body"])
            page = answer["next_page_url"]
        return names


# Shared --------------------------------------------------------------------------------------------------------------


def _storage(platform: Platform, login: Login, key: str) -> PlatformStorage | None:
    """Messages go to the origin of the platform's authentication address (LTI OIDC Login with postMessages 0.1)."""
    return PlatformStorage(login.storage_target, origin_of(platform.auth_url), key) if login.storage_target else None


@contextmanager
def _faults_refused() -> Iterator[None]:
    """What pylti1p3 finds wrong with a service or its answer, as a refusal of ours."""
    try:
        yield
    except LtiException as fault:
        raise Invalid(
            say("The platform's service cannot be used: %(fault)s", fault=fault), code="lti_service_refused"
        ) from fault


def _registration(platform: Platform) -> Registration:
    registration = Registration().set_issuer(platform.issuer).set_client_id(platform.client_id)
    registration.set_auth_login_url(platform.auth_url).set_auth_token_url(platform.token_url)
    return registration.set_key_set_url(platform.jwks_url)


def _load_record(transients: Transients, state: str) -> LoginRecord:
    raw = transients.get(_record_key(state))
    if raw is None:
        raise _refused("state", say("is unknown, used already or older than ten minutes; open the link again"))
    return msgspec.json.decode(raw, type=LoginRecord)


def _record_key(state: str) -> str:
    return f"lti:login:{_digest(state)}"


def _cookie_name(state: str) -> str:
    """One cookie for each login, so that several frames of one page can launch at once."""
    return f"lti-{_digest(state)[:20]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plus_query(auth_url: str, made: str) -> str:
    """pylti1p3 joins its parameters with a question mark also where the URL has a query already."""
    return made.replace(auth_url + "?", auth_url + "&", 1) if "?" in auth_url else made


def _sign(keys: KeyRing, claims: Mapping[str, Any]) -> str:
    key = keys.signing_key()
    return jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, dict(claims), key)


def _token_of(document: Mapping[str, Any], response: HttpResponse) -> tuple[str, int]:
    token, seconds = document.get("access_token"), document.get("expires_in")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise PlatformRefused(response, "token")
    is_known = isinstance(seconds, int) and not isinstance(seconds, bool)
    return token, min(int(seconds or 0), 86_400) if is_known else 0


def _json_or_none(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except ValueError:
        return None


def _refused(where: str, message: str) -> Unauthenticated:
    violation = Violation("1EdTech Security Framework 1.0, 5.1", where, message)
    return Unauthenticated(
        say("The %(where)s %(fault)s.", where=where, fault=message), code="lti_launch_refused", violations=[violation]
    )
