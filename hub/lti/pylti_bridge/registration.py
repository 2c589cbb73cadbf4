"""What the parts of the bridge share: a platform as pylti1p3 knows it, our signature, names for secrets."""

import hashlib
from collections.abc import Mapping
from typing import Any

import requests
from joserfc import jwt
from pylti1p3.registration import Registration

from hub.lti.spec.platform import Platform
from hub.ports import KeyRing

#: pylti1p3 makes a requests.Session of its own where none is given; every request of ours goes by the HttpClient port
#: (time-outs, size cap, address check), so it is given one that can do nothing.
NO_SESSION = requests.Session()
NO_SESSION.adapters.clear()


def registration_of(platform: Platform) -> Registration:
    """A platform as pylti1p3 takes it."""
    registration = Registration().set_issuer(platform.issuer).set_client_id(platform.client_id)
    registration.set_auth_login_url(platform.auth_url).set_auth_token_url(platform.token_url)
    return registration.set_key_set_url(platform.jwks_url)


def sign(keys: KeyRing, claims: Mapping[str, Any]) -> str:
    """A token with these claims, by the key that the Hub signs with now (RS256)."""
    key = keys.signing_key()
    return jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, dict(claims), key)


def digest(text: str) -> str:
    """What stands for a secret in the names of cookies and keys."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
