"""JSON Web Tokens by joserfc: our access tokens (RFC 9068), and the keys of clients that sign assertions (RFC 7523)."""

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.errors import Invalid, Violation
from hub.ports import KeyRing

ALGORITHM = "RS256"
TOKEN_TYPE = "at+jwt"
#: What a client may sign its assertions with: asymmetric only, and nothing that joserfc advises against.
ASSERTION_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519"]


def checked_key_set(document: Any) -> dict[str, Any]:
    """A client's JWKS (RFC 7517 section 5) with public keys only; `Invalid` says what is wrong with it."""
    try:
        keys = KeySet.import_key_set(document)
        kinds = {key.key_type for key in keys.keys}
        is_public = all(not key.is_private for key in keys.keys)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _bad_keys("is not a JWKS of RFC 7517") from error
    if not keys.keys or not kinds <= {"RSA", "EC", "OKP"}:
        raise _bad_keys("must hold at least one RSA, EC or OKP key, and no other kind")
    if not is_public:
        raise _bad_keys("holds a private key; give the public one, and replace the pair")
    return dict(keys.as_dict(private=False))


def _bad_keys(message: str) -> Invalid:
    return Invalid("The keys do not fit.", violations=[Violation("RFC 7517 section 5", "jwks", message)])


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
