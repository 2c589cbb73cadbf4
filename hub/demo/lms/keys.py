"""The platform's signing keys, made at first start and kept in the state folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey


class PlatformKeys:
    """RSA keys (LTI 1.3 asks for RS256), all published in the JWKS; the newest signs."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "platform-key.json"
        if not self._path.exists():
            self._write([_new()])

    def sign(self, claims: Mapping[str, Any]) -> str:
        """`claims` as a compact JWT with the newest key's `kid`."""
        key = self._read()[-1]
        return jwt.encode({"alg": "RS256", "kid": key.kid}, dict(claims), key)

    def jwks(self) -> Mapping[str, Any]:
        """The public halves, as a JSON Web Key Set (RFC 7517)."""
        return dict(KeySet(list(self._read())).as_dict(private=False))

    def rotate(self, *, keep: bool) -> None:
        """Sign with a new key from now on; the key before it stays in the JWKS if `keep`, others go."""
        self._write([*(self._read()[-1:] if keep else []), _new()])

    def _read(self) -> list[RSAKey]:
        kept = json.loads(self._path.read_text())
        # The first demos kept one key by itself.
        return [RSAKey.import_key(one) for one in (kept if isinstance(kept, list) else [kept])]

    def _write(self, keys: list[RSAKey]) -> None:
        self._path.touch(mode=0o600)
        self._path.write_text(json.dumps([key.as_dict(private=True) for key in keys]))


def _new() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
