"""The registered tools, and what they sign: deep linking responses and requests for access tokens."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from .settings import SettingsFault, Tool, read_tool, write_tool

LEEWAY = 60
"""Seconds by which two clocks may differ."""

LONGEST = 3600
"""Seconds after which a token is too old to be accepted, whatever it says of itself."""


class Refused(Exception):
    """A message was refused; the text says what was wrong with it."""


@dataclass(frozen=True)
class Expected:
    """For whom a tool's token must be, and the platform's clock in seconds since 1970."""

    audience: str
    now: float


def fetch_key_set(url: str) -> KeySet:
    """The key set at `url`; `Refused` when it cannot be had."""
    try:
        response = requests.get(url, timeout=(3, 10), headers={"Accept": "application/json"})
        response.raise_for_status()
        return KeySet.import_key_set(response.json())
    except (requests.RequestException, ValueError, JoseError) as fault:
        raise Refused(f"the tool's key set at {url} cannot be read: {fault}") from None


class Tools:
    """The tool registered by hand, in its file, and those that registered themselves, in a folder.

    A deployment id names one of them within this platform. Files are read anew each time; keys are fetched when they
    are needed and kept by their address.
    """

    def __init__(self, by_hand: Path, folder: Path, fetch: Callable[[str], KeySet] = fetch_key_set) -> None:
        self._by_hand = by_hand
        self._folder = folder
        self._fetch = fetch
        self._keys: dict[str, KeySet] = {}

    def all(self) -> list[Tool]:
        """Every tool, the one registered by hand first; `SettingsFault` when there is none."""
        registered = [read_tool(path) for path in sorted(self._folder.glob("*.json"))]
        if registered and not self._by_hand.exists():
            return registered
        return [read_tool(self._by_hand), *registered]

    def first(self) -> Tool:
        """The tool that is used where nothing says which."""
        return self.all()[0]

    def deployed(self, deployment_id: str) -> Tool:
        """The tool of a deployment; `SettingsFault` when it was removed."""
        return self._find("deployment", deployment_id, lambda tool: tool.deployment_id)

    def client(self, client_id: Any) -> Tool:
        """The tool of a client id; `Refused` when none has it."""
        try:
            return self._find("client id", client_id, lambda tool: tool.client_id)
        except SettingsFault as fault:
            raise Refused(str(fault)) from None

    def _find(self, what: str, value: Any, name: Callable[[Tool], str]) -> Tool:
        for tool in self.all():
            if name(tool) == value:
                return tool
        raise SettingsFault(f"no tool with the {what} {value!r} is registered here")

    def next_deployment(self) -> str:
        """A deployment id that no tool has or had."""
        return str(max([1, *(int(path.stem) for path in self._folder.glob("*.*") if path.stem.isdecimal())]) + 1)

    def add(self, tool: Tool) -> None:
        """Keep a tool that registered itself."""
        write_tool(self._folder / f"{tool.deployment_id}.json", tool)

    def may_remove(self, tool: Tool) -> bool:
        """Whether the tool registered itself; the one registered by hand is unregistered by hand."""
        return (self._folder / f"{tool.deployment_id}.json").exists()

    def remove(self, tool: Tool) -> None:
        """Forget a tool that registered itself; its deployment id is not given again, so nothing becomes another's."""
        path = self._folder / f"{tool.deployment_id}.json"
        path.rename(path.with_suffix(".removed"))

    def verify(self, token: str, expected: Expected) -> tuple[Tool, dict[str, Any]]:
        """The tool that signed `token` and its claims, after signature, audience and times are checked; or `Refused`.

        LTI Security Framework 1.0 section 5.2 and section 4.1.1.
        """
        try:
            tool = self.client(_claimed_issuer(token))
            claims = self._decode(token, tool.jwks_url)
        except (JoseError, ValueError) as fault:
            raise Refused(f"the signature cannot be verified: {fault}") from None
        _check_audience(claims, expected.audience)
        _check_times(claims, expected.now)
        return tool, claims

    def _decode(self, token: str, url: str) -> dict[str, Any]:
        """Once more with fresh keys when the cached ones do not fit: the tool may have rotated its key."""
        if cached := self._keys.pop(url, None):
            try:
                claims = _claims(token, cached)
                self._keys[url] = cached
                return claims
            except (JoseError, ValueError):
                pass
        keys = self._fetch(url)
        claims = _claims(token, keys)
        self._keys[url] = keys
        return claims


def _claims(token: str, keys: KeySet) -> dict[str, Any]:
    return dict(jwt.decode(token, keys, algorithms=["RS256", "ES256"]).claims)


def _claimed_issuer(token: str) -> Any:
    """Who the token says it is from, before anything of it is known to be true."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("it is no JWT")
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    if not isinstance(claims, dict):
        raise ValueError("its claims are no JSON object")
    return claims.get("iss")


def _check_audience(claims: dict[str, Any], expected: str) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected not in audiences:
        raise Refused(f"aud must be {expected!r}, found {audience!r}")


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
