"""The Hub as a client of identity providers: discovery, requests, and the judging of ID and logout tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.errors import Invalid, Unauthenticated

#: Asymmetric only: a shared secret would let whoever knows it sign people in.
ID_TOKEN_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
CLOCK_LEEWAY_SECONDS = 60
BACKCHANNEL_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """What discovery told (OpenID Connect Discovery section 3), as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    sends_issuer: bool
    auth_methods: tuple[str, ...]


def read_metadata(document: Any, issuer: str) -> ProviderMetadata:
    """The metadata of this issuer; `Invalid` when it is another's, or lacks what signing in needs (section 4.3)."""
    if not isinstance(document, Mapping) or document.get("issuer") != issuer:
        told = document.get("issuer") if isinstance(document, Mapping) else None
        detail = f"The discovery document is of the issuer {str(told)[:200]!r}, not of {issuer!r}."
        raise Invalid(detail, code="bad_issuer")
    found = {name: document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    for name, address in found.items():
        if not isinstance(address, str) or urlsplit(address).scheme not in {"https", "http"}:
            raise Invalid(f"The discovery document of {issuer} has no usable {name}.", code="bad_discovery")
    return ProviderMetadata(
        issuer,
        str(found["authorization_endpoint"]),
        str(found["token_endpoint"]),
        str(found["jwks_uri"]),
        str(document.get("userinfo_endpoint") or ""),
        document.get("authorization_response_iss_parameter_supported") is True,
        tuple(document.get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)),
    )


def authorization_address(endpoint: str, verifier: str, **parameters: str) -> str:
    """Where the browser goes to sign in, with PKCE S256 (RFC 7636)."""
    parameters |= {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
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
        raise _not_good(str(error)[:200] or type(error).__name__) from error
    return claims


def _not_good(reason: str) -> Unauthenticated:
    return Unauthenticated(f"The provider's answer is not to be trusted: {reason}.", code="bad_provider_answer")
