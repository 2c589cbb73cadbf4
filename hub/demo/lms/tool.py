"""What the registered tool signs: deep linking responses and requests for access tokens."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from .settings import Tool, read_tool

LEEWAY = 60
"""Seconds by which two clocks may differ."""

LONGEST = 3600
"""Seconds after which a token is too old to be accepted, whatever it says of itself."""


class Refused(Exception):
    """A message was refused; the text says what was wrong with it."""


@dataclass(frozen=True)
class Expected:
    """Who must have signed a token and for whom."""

    issuer: str
    audience: str


def fetch_key_set(url: str) -> KeySet:
    """The key set at `url`; `Refused` when it cannot be had."""
    try:
        response = requests.get(url, timeout=(3, 10), headers={"Accept": "application/json"})
        response.raise_for_status()
        return KeySet.import_key_set(response.json())
    except (requests.RequestException, ValueError, JoseError) as fault:
        raise Refused(f"the tool's key set at {url} cannot be read: {fault}") from None


class RegisteredTool:
    """The tool as registered in the settings file, with its keys fetched when they are needed."""

    def __init__(self, path: Path, fetch: Callable[[str], KeySet] = fetch_key_set) -> None:
        self._path = path
        self._fetch = fetch
        self._keys: KeySet | None = None

    def settings(self) -> Tool:
        """The registration as it stands now; `SettingsFault` when there is none."""
        return read_tool(self._path)

    def verify(self, token: str, expected: Expected) -> dict[str, Any]:
        """The claims of `token` after its signature, issuer, audience and times are checked; or `Refused`.

        LTI Security Framework 1.0 section 5.2 and section 4.1.1.
        """
        try:
            claims = self._decode(token)
        except (JoseError, ValueError) as fault:
            raise Refused(f"the signature cannot be verified: {fault}") from None
        _check_parties(claims, expected)
        _check_times(claims, time.time())
        return claims

    def _decode(self, token: str) -> dict[str, Any]:
        """Once more with fresh keys when the cached ones do not fit: the tool may have rotated its key."""
        url = self.settings().jwks_url
        if self._keys is not None:
            try:
                return _claims(token, self._keys)
            except (JoseError, ValueError):
                self._keys = None
        keys = self._fetch(url)
        claims = _claims(token, keys)
        self._keys = keys
        return claims


def _claims(token: str, keys: KeySet) -> dict[str, Any]:
    return dict(jwt.decode(token, keys, algorithms=["RS256", "ES256"]).claims)


def _check_parties(claims: dict[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise Refused(f"iss must be {expected.issuer!r}, found {claims.get('iss')!r}")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.audience not in audiences:
        raise Refused(f"aud must be {expected.audience!r}, found {audience!r}")


def _check_times(claims: dict[str, Any], now: float) -> None:
    for name in ("iat", "exp"):
        value = claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(f"{name} must be a number of seconds, found {value!r}")
    if claims["exp"] < now - LEEWAY:
        raise Refused("the token has expired")
    if claims["iat"] > now + LEEWAY:
        raise Refused("iat lies in the future: the clocks of platform and tool differ")
    if claims["iat"] < now - LONGEST:
        raise Refused("the token was issued too long ago")
