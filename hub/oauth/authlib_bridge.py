"""The authorization server's protocol by Authlib, and its tokens by joserfc: their only importer.

Authlib judges the token request (client authentication, grant, errors of RFC 6749 section 5.2) and knows nothing of
Flask or the database; what it asks for is passed in as values. Access tokens are JWTs of RFC 9068.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2 import rfc6749 as authlib
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from joserfc import jwt
from joserfc.errors import JoseError

from hub.ports import KeyRing

ALGORITHM = "RS256"
TOKEN_TYPE = "at+jwt"
AUTH_METHODS = ["client_secret_basic", "client_secret_post"]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to the token endpoint: `form` holds every value of every parameter."""

    headers: Mapping[str, str]
    form: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint says: JSON members and extra headers."""

    status: int
    body: dict[str, Any]
    headers: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class KnownClient:
    """What Authlib needs to know of a client. `has_secret` checks a secret in constant time."""

    client_id: str
    grants: frozenset[str]
    scopes: tuple[str, ...]
    has_secret: Callable[[str], bool]

    def get_client_id(self) -> str:
        """The public identifier."""
        return self.client_id

    def check_client_secret(self, secret: str) -> bool:
        """Whether it is the client's secret."""
        return self.has_secret(secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Every client here is confidential: it has a secret, and may send it in either way."""
        return method in AUTH_METHODS

    def check_grant_type(self, grant: str) -> bool:
        """Whether the client was registered for the grant."""
        return grant in self.grants

    def get_allowed_scope(self, scope: str | None) -> str:
        """What it gets: what it asks for, or all it may have when it asks for nothing (RFC 6749 section 3.3)."""
        return " ".join(dict.fromkeys(scope.split()) if scope and scope.strip() else self.scopes)


#: Makes an access token: (client id, grant, scope) to the JWT.
Issue = Callable[[str, str, str], str]


class _ClientCredentials(grants.ClientCredentialsGrant):
    """RFC 6749 section 4.4; asking for more than the client may have is refused instead of silently cut."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_requested_scope(self) -> None:
        asked = (self.request.payload.scope or "").split()
        if any(scope not in self.request.client.scopes for scope in asked):
            allowed = " ".join(self.request.client.scopes)
            raise InvalidScopeError(f"This client may have these scopes: {allowed}")


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
    """One token request's worth of Authlib's server, so that nothing is shared between threads."""

    def __init__(self, find_client: Callable[[str], KnownClient | None], issue: Issue, seconds: int) -> None:
        super().__init__()
        self.query_client = lambda client_id: find_client(client_id) if _is_plain(client_id) else None
        generate = BearerTokenGenerator(
            lambda client, grant_type, user, scope: issue(client.client_id, grant_type, scope),
            expires_generator=seconds,
        )
        self.register_token_generator("default", generate)
        self.register_grant(_ClientCredentials)

    def create_oauth2_request(self, request: TokenRequest) -> _Request:
        return _Request(request)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> TokenAnswer:
        return TokenAnswer(status, dict(body), list(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens to Authlib's signals."""

    def save_token(self, token: dict[str, Any], request: _Request) -> None:
        """What is kept of a token was written when it was issued."""


def answer_token_request(
    request: TokenRequest, find_client: Callable[[str], KnownClient | None], issue: Issue, seconds: int
) -> TokenAnswer:
    """Judge a token request and issue a token good for `seconds`, or say no in the form of RFC 6749 section 5.2."""
    server = _Server(find_client, issue, seconds)
    fault = _form_fault(request)
    if fault is not None:
        return TokenAnswer(*InvalidRequestError(fault)())
    try:
        answer = server.create_token_response(request)
    except OAuth2Error as error:
        answer = TokenAnswer(*error())
    except UnicodeDecodeError:  # Basic credentials that are not UTF-8: nobody's.
        answer = TokenAnswer(*InvalidClientError()())
    assert isinstance(answer, TokenAnswer)
    return _in_our_words(answer)


def _form_fault(request: TokenRequest) -> str | None:
    """RFC 6749 section 3.2: no parameter more than once; section 2.3: one way to authenticate; ASCII where it says."""
    doubled = sorted(name for name, values in request.form.items() if len(values) > 1)
    if doubled:
        return "A parameter is given more than once"
    if "grant_type" not in request.form:
        return "The parameter grant_type is missing"
    if not all(_is_plain(request.form.get(name, [""])[0]) for name in ("grant_type", "scope", "client_id")):
        return "grant_type, scope and client_id hold printable ASCII characters only"
    if request.headers.get("Authorization") and "client_secret" in request.form:
        return "The client authenticates in two ways at once"
    return None


def _is_plain(text: str) -> bool:
    return all(" " <= character <= "~" and character not in '"\\' for character in text)


def _in_our_words(answer: TokenAnswer) -> TokenAnswer:
    """Authlib says nothing of an unknown grant, and too much of a client that could not authenticate.

    That one gets 401 with a challenge and the same words, whichever way it tried (section 5.2).
    """
    if answer.body.get("error") == "unsupported_grant_type":
        answer.body["error_description"] = f"This server knows the grant {_ClientCredentials.GRANT_TYPE}"
    if answer.body.get("error") != "invalid_client":
        return answer
    body = {"error": "invalid_client", "error_description": "Unknown client, wrong secret, or none given"}
    headers = [(name, value) for name, value in answer.headers if name.lower() != "www-authenticate"]
    return TokenAnswer(401, body, [*headers, ("WWW-Authenticate", 'Basic realm="Standards Hub"')])


def signed_token(keys: KeyRing, claims: Mapping[str, Any]) -> str:
    """The claims as a JWT access token (RFC 9068 section 2) under the key that signs now."""
    key = keys.signing_key()
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": key.kid}
    return jwt.encode(header, dict(claims), key, algorithms=[ALGORITHM])


def verified_claims(
    keys: KeyRing, token: str, *, issuer: str, audience: str, now: int, leeway_seconds: int
) -> dict[str, Any] | None:
    """The claims of an access token that this server signed, for this audience and not expired; else None.

    RFC 9068 section 4: the type must be `at+jwt`, so that no other JWT of ours (a launch, a state) passes for one.
    """
    registry = jwt.JWTClaimsRegistry(
        now=now,
        leeway=leeway_seconds,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        client_id={"essential": True},
        jti={"essential": True},
        scope={"essential": True, "allow_blank": True},
    )
    try:
        decoded = jwt.decode(token, keys.verification_set(), algorithms=[ALGORITHM])
        registry.validate(decoded.claims)
    except (JoseError, ValueError):
        return None
    has_type = str(decoded.header.get("typ", "")).lower() in {TOKEN_TYPE, f"application/{TOKEN_TYPE}"}
    return decoded.claims if has_type else None
