"""The Hub's own keys as files in a folder that only its user can read.

`signing-YYYYMMDDTHHMMSS-xxxx.pem` are private RSA keys; the time is that from which a key signs, until the next one
does. All are published and may verify: a key is announced before it signs, so that whoever keeps a copy of our key set
has it by then. `secret` is 32 random bytes
from which every purpose derives its own (HKDF). `data-YYYYMMDDTHHMMSS-xxxx.key` are 32 random bytes that encrypt
columns: the newest seals, all may open.
"""

import base64
import os
import secrets
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import KeySet, RSAKey

from hub.errors import ConfigurationError
from hub.ports import KeyInfo

KEY_BITS = 2048
_TIME = "%Y%m%dT%H%M%S"
DATA_KEY_BYTES = 32
_NONCE_BYTES = 12


def create_keys(folder: Path) -> list[str]:
    """Make whatever is missing in `folder`; returns the names of the files made. Existing keys are never touched."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    if not (folder / "secret").exists():
        made.append(_write_private(folder / "secret", secrets.token_bytes(32)))
    if not list(folder.glob("signing-*.pem")):
        made.append(add_signing_key(folder))
    if not list(folder.glob("data-*.key")):
        made.append(add_data_key(folder))
    return made


def add_signing_key(folder: Path, signs_from: datetime | None = None) -> str:
    """Make a new signing key, which signs from that time on (None: from now on); older ones still verify. Returns the
    file's name."""
    key = RSAKey.generate_key(KEY_BITS, private=True)
    name = f"signing-{signs_from or datetime.now(UTC):{_TIME}}-{secrets.token_hex(2)}.pem"
    return _write_private(folder / name, key.as_pem(private=True))


def rotate_signing_key(folder: Path, announced_for: timedelta, kept_for: timedelta) -> tuple[str, list[str]]:
    """Announce a new signing key, which signs after `announced_for`, and remove those that another replaced longer than
    `kept_for` ago. Returns the new file's name and those of the removed ones."""
    now = datetime.now(UTC)
    known = sorted(folder.glob("signing-*.pem"))
    replaced = [path for path, next_one in pairwise(known) if _signs_from(next_one) < now - kept_for]
    made = add_signing_key(folder, now + announced_for)
    for path in replaced:
        path.unlink()
    return made, [path.name for path in replaced]


def _signs_from(path: Path) -> datetime:
    """The time in a key file's name; a name without one is the oldest."""
    try:
        return datetime.strptime(path.name.split("-")[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def add_data_key(folder: Path) -> str:
    """Make a new key for columns, which seals from now on; older ones still open. Returns the file's name."""
    name = f"data-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}.key"
    return _write_private(folder / name, secrets.token_bytes(DATA_KEY_BYTES))


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
        """The newest key whose time has come; the oldest while none's has."""
        paths, now = self._paths(), datetime.now(UTC)
        due = [number for number, path in enumerate(paths) if _signs_from(path) <= now]
        return self._keys()[due[-1] if due else 0]

    def public_set(self) -> dict[str, Any]:
        return dict(self.verification_set().as_dict(private=False))

    def verification_set(self) -> KeySet:
        return KeySet([*self._keys()])

    def seal(self, plain: str, context: str) -> str:
        """AES-256-GCM with a random nonce: KEY.NONCE+CIPHERTEXT, and `context` as associated data."""
        name, key = self._data_keys()[-1]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, plain.encode(), context.encode())
        return f"{name}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, context: str) -> str:
        name, _, encoded = sealed.partition(".")
        key = dict(self._data_keys()).get(name)
        if key is None:
            raise ConfigurationError([f"The key {name} that sealed a value in the database is not in {self._folder}"])
        try:
            raw = base64.urlsafe_b64decode(encoded)
            return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()).decode()
        except (ValueError, InvalidTag) as error:
            raise ConfigurationError([f"A value sealed for {context!r} was changed, or belongs elsewhere"]) from error

    def is_sealed_anew(self, sealed: str) -> bool:
        return sealed.partition(".")[0] == self._data_keys()[-1][0]

    def known(self) -> list[KeyInfo]:
        secret = self._folder / "secret"
        since = datetime.fromtimestamp(secret.stat().st_mtime, UTC) if secret.exists() else None
        return [
            *_dated("signing", self._paths()),
            *_dated("data", sorted(self._folder.glob("data-*.key"))),
            *([KeyInfo(secret.name, "secret", since, "in use")] if since else []),
        ]

    def check(self) -> list[str]:
        """What is wrong with the folder, in plain words; empty when all is well."""
        kinds = ("secret", "signing-*.pem", "data-*.key")
        if not all(list(self._folder.glob(kind)) for kind in kinds):
            return [f"There are no keys in {self._folder}: run `hub keys create`."]
        loose = [p.name for p in self._folder.iterdir() if p.suffix in {".pem", ".key", ""} and _is_open_to_others(p)]
        return [f"{self._folder / name} can be read by other users: run `chmod 600` on it." for name in sorted(loose)]

    def _data_keys(self) -> list[tuple[str, bytes]]:
        return _load_data_keys(tuple(sorted(self._folder.glob("data-*.key"))), self._folder)

    def _paths(self) -> tuple[Path, ...]:
        return tuple(sorted(self._folder.glob("signing-*.pem")))

    def _keys(self) -> list[RSAKey]:
        return _load_keys(self._paths(), self._folder)

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


@cache
def _load_data_keys(paths: tuple[Path, ...], folder: Path) -> list[tuple[str, bytes]]:
    """The keys by name, the newest last."""
    keys = [(path.stem.removeprefix("data-"), path.read_bytes()) for path in paths]
    if not keys or any(len(key) != DATA_KEY_BYTES for _, key in keys):
        raise ConfigurationError([f"There is no whole data key in {folder}: run `hub keys create`"])
    return keys


def _dated(kind: str, paths: Sequence[Path]) -> list[KeyInfo]:
    """The keys of these files, the oldest first: the last one whose time has come is in use, or the first of all."""
    now = datetime.now(UTC)
    due = [number for number, path in enumerate(paths) if _signs_from(path) <= now]
    present = due[-1] if due else 0
    return [KeyInfo(path.name, kind, _signs_from(path), _state(number, present)) for number, path in enumerate(paths)]


def _state(number: int, present: int) -> str:
    if number == present:
        return "in use"
    return "replaced" if number < present else "announced"


def _is_open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
