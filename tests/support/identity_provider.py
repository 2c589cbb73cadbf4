"""An OpenID provider of a test's own, reached through the port for outbound HTTP."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from hub.ports import HttpResponse

CLIENT_ID, CLIENT_SECRET = "hub-at-provider", "a secret of/the:provider"


class ProviderOfTests:
    """`hub.ports.HttpClient` behind which one issuer answers. `claims` is what it says of whoever signs in."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.claims: dict[str, Any] = {
            "sub": "person-1",
            "email": "ada@school.example",
            "email_verified": True,
            "name": "Ada From Afar",
        }
        self.sends_issuer = True
        self.spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.asked: list[dict[str, list[str]]] = []
        self._codes: dict[str, dict[str, str]] = {}

    def visit(self, address: str) -> dict[str, str]:
        """The person signs in there; returns the parameters that they come back with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        return {"code": code, "state": query["state"]} | ({"iss": self.issuer} if self.sends_issuer else {})

    def id_token(self, nonce: str, key: Any = None, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = self.spoil(claims | self.claims | changes)
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": self.key.kid} | dict(header or {}), claims, key)

    def logout_token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8)}
        claims["events"] = {"http://schemas.openid.net/event/backchannel-logout": {}}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, "typ": "logout+jwt"}, claims, self.key)

    def request(self, method: str, url: str, *, headers=None, body=None, **_: Any) -> HttpResponse:
        path = url.removeprefix(self.issuer)
        answers = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": lambda body: KeySet([self.key]).as_dict(private=False),
            "/token": self._token,
        }
        if path == url or path not in answers:
            return HttpResponse(404, {}, b"")
        found = answers[path](body)
        return HttpResponse(400 if "error" in found else 200, {}, json.dumps(found).encode())

    def _discovery(self, _: bytes | None) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": self.sends_issuer,
        }

    def _token(self, body: bytes | None) -> dict[str, Any]:
        form = parse_qs((body or b"").decode())
        self.asked.append(form)
        asked = self._codes.pop(form["code"][0], None)
        if asked is None or form["redirect_uri"][0] != asked["redirect_uri"]:
            return {"error": "invalid_grant"}
        return {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}
