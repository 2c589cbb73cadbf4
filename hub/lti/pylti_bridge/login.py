"""The login initiation by pylti1p3: the browser's cookie, the record under the state, the redirect to the platform.

IMS Security Framework 1.0, section 5.1.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from pylti1p3.cookie import CookieService
from pylti1p3.deployment import Deployment
from pylti1p3.exception import LtiException
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config import ToolConfAbstract

from hub.errors import Unauthenticated, Violation, say
from hub.lti.pylti_bridge.registration import digest, registration_of
from hub.lti.spec.claims import LOGIN_SECONDS
from hub.lti.spec.login import Login
from hub.lti.spec.platform import Platform
from hub.lti.spec.urls import origin_of
from hub.ports import Ids, Transients


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


class Parameters(Request):
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


class Cookies(CookieService):
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
        return digest(self._secret)

    def get_cookie(self, name: str) -> str | None:
        return self._received.get(cookie_name(name))

    def set_cookie(self, name: str, value: str | int, exp: int | None = None) -> None:
        self.made = BrowserCookie(cookie_name(name), self._secret, LOGIN_SECONDS)


class States(SessionService):
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


class OnePlatform(ToolConfAbstract):
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
        return registration_of(self._platform)

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


class LoginOfTool(OIDCLogin):
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


def storage_in(platform: Platform, login: Login, key: str) -> PlatformStorage | None:
    """The frame that the login named, if any.

    Messages go to the origin of the platform's authentication address (LTI OIDC Login with postMessages 0.1).
    """
    return PlatformStorage(login.storage_target, origin_of(platform.auth_url), key) if login.storage_target else None


def load_record(transients: Transients, state: str) -> LoginRecord:
    """The login that a state belongs to; `Unauthenticated` when there is none (any more)."""
    raw = transients.get(_record_key(state))
    if raw is None:
        raise refused("state", say("is unknown, used already or older than ten minutes; open the link again"))
    return msgspec.json.decode(raw, type=LoginRecord)


def _record_key(state: str) -> str:
    return f"lti:login:{digest(state)}"


def cookie_name(state: str) -> str:
    """One cookie for each login, so that several frames of one page can launch at once."""
    return f"lti-{digest(state)[:20]}"


def plus_query(auth_url: str, made: str) -> str:
    """pylti1p3 joins its parameters with a question mark also where the URL has a query already."""
    return made.replace(auth_url + "?", auth_url + "&", 1) if "?" in auth_url else made


def refused(where: str, message: str) -> Unauthenticated:
    """The refusal of a launch, which says where it is wrong."""
    violation = Violation("1EdTech Security Framework 1.0, 5.1", where, message)
    return Unauthenticated(
        say("The %(where)s %(fault)s.", where=where, fault=message), code="lti_launch_refused", violations=[violation]
    )
