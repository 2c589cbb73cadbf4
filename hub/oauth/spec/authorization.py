"""What a client asks at the authorization endpoint (OAuth 2.1 section 4.1.1)."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hub.oauth.scopes import ScopesExceeded, narrowed

#: RFC 7636 section 4.2: base64url of SHA-256, so always 43 characters.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
#: RFC 6749 appendix A.5: printable ASCII; the limit keeps the way back short enough for a header.
_STATE = re.compile(r"[ -~]{0,1000}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that may be put to the person."""

    client_id: str
    redirect_uri: str
    scopes: Sequence[str]
    code_challenge: str
    state: str


@dataclass
class AuthorizationFault(Exception):
    """Why not: an error of RFC 6749 section 4.1.2.1 with a sentence for developers."""

    error: str
    description: str


def read_request(
    parameters: Mapping[str, list[str]], grants: Collection[str], scopes: Sequence[str]
) -> AuthorizationRequest:
    """The request of a client with these grants and scopes, whose id and redirect address were found to be its own.

    PKCE is for every client, with S256 only: `plain` protects nothing from whoever can read the request.
    """
    doubled = sorted(name for name, values in parameters.items() if len(values) > 1)
    if doubled:
        raise AuthorizationFault("invalid_request", f"{doubled[0][:40]} is given more than once")
    given = {name: values[0] for name, values in parameters.items() if values}
    if not _STATE.fullmatch(given.get("state", "")):
        raise AuthorizationFault("invalid_request", "state has at most 1000 printable ASCII characters")
    if given.get("response_type") != "code":
        raise AuthorizationFault("unsupported_response_type", "response_type must be code")
    if given.get("response_mode", "query") != "query":
        raise AuthorizationFault("invalid_request", "response_mode must be query")
    if "authorization_code" not in grants:
        raise AuthorizationFault("unauthorized_client", "The client is not registered for authorization_code")
    if given.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(given.get("code_challenge", "")):
        raise AuthorizationFault("invalid_request", "code_challenge with code_challenge_method=S256 is required")
    try:
        wanted = narrowed(given.get("scope"), scopes)
    except ScopesExceeded as error:
        raise AuthorizationFault("invalid_scope", str(error)) from error
    return AuthorizationRequest(
        given["client_id"], given["redirect_uri"], wanted, given["code_challenge"], given.get("state", "")
    )
