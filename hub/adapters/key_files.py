"""The Hub's own keys as files in a folder that only its user can read.

`signing-YYYYMMDDTHHMMSS-xxxx.pem` are private RSA keys: the newest signs, all may verify. `secret` is 32 random bytes
from which every purpose derives its own (HKDF).
"""

import os
import secrets
import stat
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import KeySet, RSAKey

from hub.errors import ConfigurationError

KEY_BITS = 2048


def create_keys(folder: Path) -> list[str]:
    """Make whatever is missing in `folder`; returns the names of the files made. Existing keys are never touched."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    if not (folder / "secret").exists():
        made.append(_write_private(folder / "secret", secrets.token_bytes(32)))
    if not list(folder.glob("signing-*.pem")):
        made.append(add_signing_key(folder))
    return made


def add_signing_key(folder: Path) -> str:
    """Make a new signing key, which signs from now on; older ones still verify. Returns the file's name."""
    key = RSAKey.generate_key(KEY_BITS, private=True)
    name = f"signing-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}.pem"
    return _write_private(folder / name, key.as_pem(private=True))


def _write_private(path: Path, content: bytes) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path.name


class KeyFiles:
    """`hub.ports.KeyRing` over such a folder. Faults of the folder raise `ConfigurationError` at the first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.secret = cache(self._derive)

    def signing_key(self) -> Any:
        return self._keys()[-1]

    def public_set(self) -> dict[str, Any]:
        return dict(self.verification_set().as_dict(private=False))

    def verification_set(self) -> KeySet:
        return KeySet([*self._keys()])

    def check(self) -> list[str]:
        """What is wrong with the folder, in plain words; empty when all is well."""
        if not (self._folder / "secret").is_file() or not list(self._folder.glob("signing-*.pem")):
            return [f"There are no keys in {self._folder}: run `hub keys create`."]
        loose = [p.name for p in self._folder.iterdir() if p.suffix in {".pem", ""} and _is_open_to_others(p)]
        return [f"{self._folder / name} can be read by other users: run `chmod 600` on it." for name in sorted(loose)]

    def _keys(self) -> list[RSAKey]:
        return _load_keys(tuple(sorted(self._folder.glob("signing-*.pem"))), self._folder)

    def _derive(self, purpose: str) -> bytes:
        try:
            root = (self._folder / "secret").read_bytes()
        except OSError as error:
            raise ConfigurationError(
                [f"{self._folder / 'secret'} cannot be read ({error.strerror}): run `hub keys create`"]
            ) from error
        return HKDF(hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(root)


@cache
def _load_keys(paths: tuple[Path, ...], folder: Path) -> list[RSAKey]:
    if not paths:
        raise ConfigurationError([f"There is no signing key in {folder}: run `hub keys create`"])
    keys = []
    for path in paths:
        key = RSAKey.import_key(path.read_bytes(), {"use": "sig", "alg": "RS256"})
        key.ensure_kid()
        keys.append(key)
    return keys


def _is_open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
