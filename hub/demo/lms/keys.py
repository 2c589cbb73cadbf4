"""The platform's signing key, made at first start and kept in the state folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey


class PlatformKey:
    """One RSA key: signs id_tokens (LTI 1.3 asks for RS256) and is published in the JWKS."""

    def __init__(self, folder: Path) -> None:
        self._key = _load_or_make(folder / "platform-key.json")

    def sign(self, claims: Mapping[str, Any]) -> str:
        """`claims` as a compact JWT with this key's `kid`."""
        return jwt.encode({"alg": "RS256", "kid": self._key.kid}, dict(claims), self._key)

    def jwks(self) -> Mapping[str, Any]:
        """The public half, as a JSON Web Key Set (RFC 7517)."""
        return dict(KeySet([self._key]).as_dict(private=False))


def _load_or_make(path: Path) -> RSAKey:
    if path.exists():
        return RSAKey.import_key(json.loads(path.read_text()))
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(key.as_dict(private=True)))
    return key
