"""The authorization server's protocol by Authlib: client authentication, grants, and errors of RFC 6749 section 5.2.

Authlib allows more than OAuth 2.1 does: here every code needs PKCE with S256, every refresh token is used once, and
nothing that was asked for is silently cut.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from authlib.oauth2 import OAuth2Error
from authlib.oauth2 import rfc6749 as authlib
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc7523.client import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceCodeGrant
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.oauth.authlib_bridge.tokens import ASSERTION_ALGORITHMS
from hub.oauth.scopes import ScopesExceeded, narrowed

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
AUTH_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
#: How a client that was registered for one way of authentication may do it.
_WAYS = {
    "secret": {"client_secret_basic", "client_secret_post"},
    "private_key_jwt": {"private_key_jwt"},
    "none": {"none"},
}


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to the token endpoint or one like it: `form` holds every value of every parameter."""

    headers: Mapping[str, str]
    form: Mapping[str, list[str]]

    def one(self, name: str) -> str:
        """The first value of a parameter; empty when it is missing."""
        return (self.form.get(name) or [""])[0]

    @property
    def client_id(self) -> str:
        """The client that the request says it is of, empty for what is no client id; nothing is proven yet."""
        try:
            named = self.one("client_id") or extract_basic_authorization(self.headers)[0] or ""
        except UnicodeDecodeError:
            return ""
        return named if _is_plain(named) else ""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What such an endpoint says: JSON members and extra headers."""

    status: int
    body: dict[str, Any]
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KnownClient:
    """What Authlib needs to know of a client.

    `authentication` is "secret", "private_key_jwt" or "none"; `has_secret` checks a secret in constant time, `jwks` are
    the public keys of one that signs assertions.
    """

    client_id: str
    grants: frozenset[str]
    scopes: tuple[str, ...]
    authentication: str
    has_secret: Callable[[str], bool]
    jwks: Mapping[str, Any] | None = None

    def get_client_id(self) -> str:
        """The public identifier."""
        return self.client_id

    def check_client_secret(self, secret: str) -> bool:
        """Whether it is the client's secret."""
        return self.has_secret(secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether the client was registered for this way of authentication (RFC 7591 section 2)."""
        return method in _WAYS[self.authentication]

    def check_grant_type(self, grant: str) -> bool:
        """Whether the client was registered for the grant."""
        return grant in self.grants

    def get_allowed_scope(self, scope: str | None) -> str:
        """What it gets of the scopes that it is registered for, whoever it acts for (RFC 6749 section 3.3)."""
        return _allowed(scope, self.scopes)


def _allowed(scope: str | None, granted: Sequence[str]) -> str:
    """`hub.oauth.scopes.narrowed` as Authlib asks for it and hears no."""
    try:
        return " ".join(narrowed(scope, granted))
    except ScopesExceeded as error:
        raise InvalidScopeError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Granted:
    """What a person allowed a client: behind a code, a refresh token or a device code."""

    grant_id: str
    client_id: str
    scope: str
    redirect_uri: str = ""
    code_challenge: str = ""
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Scopes, separated by spaces."""
        return self.scope

    def get_client_id(self) -> str:
        """Whom it was given to."""
        return self.client_id

    def check_client(self, client: KnownClient) -> bool:
        """Whether it was given to this client."""
        return client.client_id == self.client_id


class PollAnswer(Enum):
    """What becomes of a device that asks for its token (RFC 8628 section 3.5), apart from getting it."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


@dataclass(frozen=True, slots=True)
class Issued:
    """A new access token, and the refresh token that goes with it if there is one."""

    access_token: str
    seconds: int
    scope: str
    refresh_token: str | None = None


class Book(Protocol):
    """What was registered and granted, as one request sees it."""

    def find_client(self, client_id: str) -> KnownClient | None:
        """The client, unless it is unknown or was revoked."""

    def take_code(self, code: str, client_id: str) -> Granted | None:
        """What the code was given for, once; None when it is not good (any more) for this client."""

    def find_refresh_token(self, token: str, client_id: str) -> Granted | None:
        """What the refresh token was given for; None when it is not good (any more) for this client."""

    def spend_refresh_token(self, token: str) -> None:
        """It was answered with the next one, and is not good for another."""

    def poll_device(self, device_code: str, client_id: str) -> Granted | PollAnswer:
        """What the device was allowed, or why it gets nothing now."""

    def is_new_assertion(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Whether this assertion was not used before, and can be remembered for as long as it is good."""

    def issue(self, client_id: str, grant_type: str, scope: str, granted: Granted | None, refreshes: bool) -> Issued:
        """Make the tokens, for the person behind `granted` or for the client itself."""


class _Credentials(grants.ClientCredentialsGrant):
    """RFC 6749 section 4.4; asking for more than the client may have is refused instead of silently cut."""

    TOKEN_ENDPOINT_AUTH_METHODS = [method for method in AUTH_METHODS if method != "none"]

    def validate_requested_scope(self) -> None:
        self.request.client.get_allowed_scope(self.request.payload.scope)


class _Code(grants.AuthorizationCodeGrant):
    """RFC 6749 section 4.1.3. The code is used up by being shown, right or wrong."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def query_authorization_code(self, code: str, client: KnownClient) -> Granted | None:
        return self.server.book.take_code(code, client.client_id)

    def authenticate_user(self, authorization_code: Granted) -> Granted:
        return authorization_code

    def delete_authorization_code(self, authorization_code: Granted) -> None:
        """It was taken when it was shown."""


class _Pkce(CodeChallenge):
    """RFC 7636 with S256 only, for every client (OAuth 2.1 section 4.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]
    CODE_CHALLENGE_METHODS = {"S256": CodeChallenge.CODE_CHALLENGE_METHODS["S256"]}


class _Refresh(grants.RefreshTokenGrant):
    """RFC 6749 section 6; each use gives a new refresh token (OAuth 2.1 section 4.3.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Granted | None:
        return self.server.book.find_refresh_token(refresh_token, self.request.client.client_id)

    def _validate_token_scope(self, token: Granted) -> None:
        """Authlib compares names; a scope that was granted includes narrower ones."""
        _allowed(self.request.payload.scope, token.scope.split())

    def authenticate_user(self, refresh_token: Granted) -> Granted:
        return refresh_token

    def revoke_old_credential(self, refresh_token: Granted) -> None:
        """Only now: a request that was refused, for its scope perhaps, has used nothing up."""
        self.server.book.spend_refresh_token(self.request.payload.data["refresh_token"])


class _Device(DeviceCodeGrant):
    """RFC 8628 section 3.4."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def authenticate_token_endpoint_client(self) -> KnownClient:
        self.request.client = super().authenticate_token_endpoint_client()
        client: KnownClient = self.request.client
        return client

    def query_device_credential(self, device_code: str) -> Granted:
        answer = self.server.book.poll_device(device_code, self.request.client.client_id)
        if isinstance(answer, PollAnswer):
            raise OAuth2Error(description=_POLL_WORDS[answer], error=answer.value)
        return answer

    def validate_device_credential(self, credential: Granted) -> Granted:
        return credential


_POLL_WORDS = {
    PollAnswer.PENDING: "Nobody has entered the code yet",
    PollAnswer.SLOW_DOWN: "Ask less often: wait five seconds longer each time",
    PollAnswer.DENIED: "The person said no",
    PollAnswer.EXPIRED: "Nobody has entered the code in time: begin again",
    PollAnswer.UNKNOWN: "The code was used, never was, or is not this client's",
}


class _Assertion(JWTBearerClientAssertion):
    """RFC 7523 section 3: a client proves itself by a JWT that it signed, each usable once."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, book: Book, audiences: list[str]) -> None:
        super().__init__(leeway=10)
        self._book = book
        self._audiences = audiences

    def get_audiences(self) -> list[str]:
        return self._audiences

    def resolve_client_public_key(self, client: KnownClient) -> KeySet:
        if client.jwks is None:
            raise InvalidClientError()
        return KeySet.import_key_set({"keys": client.jwks["keys"]})

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        try:
            claims = jwt.decode(assertion, resolve_key, algorithms=ASSERTION_ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            raise InvalidClientError() from error
        self.verify_claims(claims)
        return claims

    def validate_jti(self, claims: Mapping[str, Any], jti: Any) -> bool:
        return isinstance(jti, str) and self._book.is_new_assertion(str(claims["sub"]), jti, float(claims["exp"]))


class _Payload(authlib.OAuth2Payload):
    def __init__(self, form: Mapping[str, list[str]]) -> None:
        self._form = form

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._form.items()}

    @property
    def datalist(self) -> Mapping[str, list[str]]:
        return self._form


class _Request(authlib.OAuth2Request):
    """The address is given as https: which transport is safe is a question for the settings, not for each request."""

    def __init__(self, request: TokenRequest) -> None:
        super().__init__("POST", "https://token.endpoint", headers=request.headers)
        self.payload = _Payload(request.form)

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


class _Server(authlib.AuthorizationServer):
    """One request's worth of Authlib's server, so that nothing is shared between threads."""

    def __init__(self, book: Book, audiences: list[str]) -> None:
        super().__init__()
        self.book = book
        self.query_client = lambda client_id: book.find_client(client_id) if _is_plain(client_id) else None
        self.register_token_generator("default", self._issue)
        self.register_client_auth_method("private_key_jwt", _Assertion(book, audiences))
        self.register_grant(_Credentials)
        self.register_grant(_Code, [_Pkce(required=True)])
        self.register_grant(_Refresh)
        self.register_grant(_Device)

    def _issue(
        self,
        grant_type: str,
        client: KnownClient,
        user: Granted | None,
        scope: str | None,
        expires_in: int | None,
        include_refresh_token: bool,
    ) -> dict[str, Any]:
        refreshes = include_refresh_token and client.check_grant_type("refresh_token") and user is not None
        made = self.book.issue(client.client_id, grant_type, client.get_allowed_scope(scope), user, refreshes)
        token = {"token_type": "Bearer", "access_token": made.access_token, "expires_in": made.seconds}
        return token | ({"refresh_token": made.refresh_token} if made.refresh_token else {}) | {"scope": made.scope}

    def authenticate_client(self, request: _Request, methods: list[str], endpoint: str = "token") -> Any:
        """A client that is named besides must be the one that proved itself (RFC 7521 section 4.2)."""
        client = super().authenticate_client(request, methods, endpoint)
        if (request.form.get("client_id") or client.client_id) != client.client_id:
            raise InvalidClientError()
        return client

    def create_oauth2_request(self, request: TokenRequest) -> _Request:
        return _Request(request)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> TokenAnswer:
        return TokenAnswer(status, dict(body), list(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens to Authlib's signals."""

    def save_token(self, token: dict[str, Any], request: _Request) -> None:
        """What is kept of a token was written when it was issued."""


def answer_token_request(request: TokenRequest, book: Book, audiences: list[str]) -> TokenAnswer:
    """Judge a token request and issue tokens, or say no in the form of RFC 6749 section 5.2.

    `audiences` are what an assertion may name as its receiver.
    """
    fault = _form_fault(request)
    if fault is None and "grant_type" not in request.form:
        fault = "The parameter grant_type is missing"
    if fault is not None:
        return refusal(fault)
    try:
        answer = _Server(book, audiences).create_token_response(request)
    except OAuth2Error as error:
        answer = TokenAnswer(*error())
    except UnicodeDecodeError:  # Basic credentials that are not UTF-8: nobody's.
        answer = TokenAnswer(*InvalidClientError()())
    assert isinstance(answer, TokenAnswer)
    return _in_our_words(answer)


def authenticated_client(
    request: TokenRequest, book: Book, audiences: list[str], *, public: bool
) -> KnownClient | TokenAnswer:
    """Who asks at an endpoint beside the token endpoint, or the refusal; `public` lets clients without secret in."""
    fault = _form_fault(request)
    if fault is not None:
        return refusal(fault)
    methods = [method for method in AUTH_METHODS if public or method != "none"]
    server = _Server(book, audiences)
    try:
        client = server.authenticate_client(server.create_oauth2_request(request), methods)
    except (OAuth2Error, UnicodeDecodeError):
        return _in_our_words(TokenAnswer(*InvalidClientError()()))
    assert isinstance(client, KnownClient)
    return client


def refusal(description: str, error: str = "invalid_request", status: int = 400) -> TokenAnswer:
    """A refusal in the form of RFC 6749 section 5.2."""
    headers = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]
    return TokenAnswer(status, {"error": error, "error_description": description}, headers)


def _form_fault(request: TokenRequest) -> str | None:
    """RFC 6749 section 3.2: no parameter more than once; section 2.3: one way to authenticate; ASCII where it says."""
    if any(len(values) > 1 for values in request.form.values()):
        return "A parameter is given more than once"
    if not all(_is_plain(request.one(name)) for name in ("grant_type", "scope", "client_id")):
        return "grant_type, scope and client_id hold printable ASCII characters only"
    ways = [
        request.headers.get("Authorization", ""),
        request.one("client_secret"),
        request.one("client_assertion"),
    ]
    if sum(bool(way) for way in ways) > 1:
        return "The client authenticates in two ways at once"
    return _assertion_fault(request.one("client_assertion"))


def _assertion_fault(assertion: str) -> str | None:
    if not assertion:
        return None
    try:
        jws.extract_compact(assertion.encode())
    except (JoseError, ValueError, UnicodeError):
        return "client_assertion is not a JWT"
    return None


def _is_plain(text: str) -> bool:
    return all(" " <= character <= "~" and character not in '"\\' for character in text)


_GRANT_TYPES = "authorization_code, refresh_token, client_credentials and " + DEVICE_GRANT


def _in_our_words(answer: TokenAnswer) -> TokenAnswer:
    """Authlib says nothing of an unknown grant, and too much of a client that could not authenticate.

    That one gets 401 with a challenge and the same words, whichever way it tried (section 5.2).
    """
    if answer.body.get("error") == "unsupported_grant_type":
        answer.body["error_description"] = f"This server knows the grants {_GRANT_TYPES}"
    if answer.body.get("error") == "invalid_grant":
        answer.body["error_description"] = "It has expired, was used before, was revoked, or is not this client's"
    if answer.body.get("error") != "invalid_client":
        return answer
    body = {"error": "invalid_client", "error_description": "Unknown client, wrong secret, or none given"}
    headers = [(name, value) for name, value in answer.headers if name.lower() != "www-authenticate"]
    return TokenAnswer(401, body, [*headers, ("WWW-Authenticate", 'Basic realm="Standards Hub"')])
