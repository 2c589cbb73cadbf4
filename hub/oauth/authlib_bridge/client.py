"""The Hub as a client of identity providers: discovery, requests, and the judging of ID and logout tokens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.errors import Invalid, Unauthenticated, say

#: Asymmetric only: a shared secret would let whoever knows it sign people in.
ID_TOKEN_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
CLOCK_LEEWAY_SECONDS = 60
#: OpenID Connect Core section 2: at most so many characters.
LONGEST_SUBJECT = 255
BACKCHANNEL_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """What discovery told (OpenID Connect Discovery section 3), as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    sends_issuer: bool
    auth_methods: tuple[str, ...]


def read_metadata(document: Any, issuer: str) -> ProviderMetadata:
    """The metadata of this issuer; `Invalid` when it is another's, or lacks what signing in needs (section 4.3)."""
    told = document.get("issuer") if isinstance(document, Mapping) else None
    if told != issuer:
        detail = say(
            "The discovery document is of the issuer %(told)s, not of %(issuer)s.", told=str(told)[:200], issuer=issuer
        )
        raise Invalid(detail, code="bad_issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not _is_endpoint(document.get(name)):
            detail = say("The discovery document of %(issuer)s has no usable %(name)s.", issuer=issuer, name=name)
            raise Invalid(detail, code="bad_discovery")
    return ProviderMetadata(
        issuer,
        document["authorization_endpoint"],
        document["token_endpoint"],
        document["jwks_uri"],
        _optional_endpoint(document, "userinfo_endpoint"),
        _optional_endpoint(document, "end_session_endpoint"),
        document.get("authorization_response_iss_parameter_supported") is True,
        _auth_methods(document.get("token_endpoint_auth_methods_supported")),
    )


def _optional_endpoint(document: Mapping[str, Any], name: str) -> str:
    """An address that a provider may have; empty where it has none that can be used."""
    told = document.get(name)
    return str(told) if _is_endpoint(told) else ""


def _is_endpoint(address: Any) -> bool:
    """Whether it is an absolute web address without a fragment (RFC 6749 section 3.1)."""
    if not isinstance(address, str) or not re.fullmatch(r"[!-~]+", address) or "#" in address:
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in {"https", "http"} and bool(parts.hostname)
    except ValueError:
        return False


def _auth_methods(told: Any) -> tuple[str, ...]:
    """How a client may authenticate; by Basic where nothing is told (OpenID Connect Discovery section 3)."""
    methods = [each for each in told if isinstance(each, str)] if isinstance(told, list) else []
    return tuple(methods or ["client_secret_basic"])


def authorization_address(endpoint: str, verifier: str, **parameters: str) -> str:
    """Where the browser goes to sign in, with PKCE S256 (RFC 7636)."""
    parameters |= {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
    return with_parameters(endpoint, **parameters)


def with_parameters(endpoint: str, **parameters: str) -> str:
    """An address of a provider with parameters, beside those that it has itself (RFC 6749 section 3.1)."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


def id_token_claims(
    token: str, jwks: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: int
) -> dict[str, Any]:
    """The claims of an ID token by every rule of OpenID Connect Core section 3.1.3.7, or `Unauthenticated`."""
    claims = _signed(token, jwks, issuer=issuer, client_id=client_id, now=now)
    if claims.get("nonce") != nonce:
        raise _not_good("nonce is not the one of this sign-in")
    audience = claims["aud"]
    is_shared = isinstance(audience, list) and len(audience) > 1
    if (is_shared or "azp" in claims) and claims.get("azp") != client_id:
        raise _not_good("azp is another client")
    if len(claims["sub"]) > LONGEST_SUBJECT or not claims["sub"].isprintable():
        raise _not_good(f"sub must be at most {LONGEST_SUBJECT} printable characters")
    return claims


def logout_token_claims(
    token: str, jwks: Mapping[str, Any], *, issuer: str, client_id: str, now: int
) -> dict[str, Any]:
    """The claims of a logout token (OpenID Connect Back-Channel Logout section 2.6), or `Unauthenticated`."""
    claims = _signed(token, jwks, issuer=issuer, client_id=client_id, now=now, essential=("jti", "events"))
    events = claims["events"]
    if not isinstance(events, Mapping) or BACKCHANNEL_EVENT not in events:
        raise _not_good("events does not name a logout")
    if "nonce" in claims:
        raise _not_good("a logout token has no nonce")
    if not isinstance(claims.get("sub"), str) and not isinstance(claims.get("sid"), str):
        raise _not_good("neither sub nor sid is told")
    return claims


def _signed(
    token: str,
    jwks: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    now: int,
    essential: tuple[str, ...] = ("sub",),
) -> dict[str, Any]:
    rules: dict[str, Any] = {name: {"essential": True} for name in ("exp", "iat", *essential)}
    rules |= {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
    registry = jwt.JWTClaimsRegistry(now=now, leeway=CLOCK_LEEWAY_SECONDS, **rules)
    try:
        keys = KeySet.import_key_set({"keys": [key for key in jwks["keys"] if key.get("use", "sig") == "sig"]})
        claims = jwt.decode(token, keys, algorithms=ID_TOKEN_ALGORITHMS).claims
        registry.validate(claims)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_good(_reason(error)) from error
    return claims


def _reason(error: Exception) -> str:
    """What is wrong with a token, in the words of joserfc."""
    if isinstance(error, JoseError):
        return (error.description or error.error.replace("_", " ")).rstrip(".")[:200]
    return "the keys or the claims cannot be read"


def _not_good(reason: str) -> Unauthenticated:
    detail = say("The provider's answer is not to be trusted: %(reason)s.", reason=reason)
    return Unauthenticated(detail, code="bad_provider_answer")
