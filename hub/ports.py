"""Ports: the little that is truly outside or not deterministic. Adapters in `hub.adapters` implement them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What an object store knows of one object: `size` in bytes, `etag` a strong validator without quotes."""

    key: str
    size: int
    etag: str
    content_type: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """An HTML form's worth of permission: POST `fields`, then the file as `file`, to `url` as multipart/form-data."""

    url: str
    fields: Mapping[str, str]


class ObjectStore(Protocol):
    """Bytes under keys such as `tenant/package/version/path`. Missing keys raise `hub.errors.NotFound`."""

    def put(self, key: str, body: BinaryIO, content_type: str) -> ObjectInfo:
        """Store everything that `body` yields under `key`, whole or not at all, in flat memory."""

    def head(self, key: str) -> ObjectInfo:
        """What is known of the object, without its bytes."""

    def open(self, key: str, start: int = 0, end: int | None = None) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes from `start` up to but not including `end` (None: to the last), in pieces."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins with `prefix`, in no particular order."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove the objects; keys that are not there are not an error."""

    def local_path(self, key: str) -> Path | None:
        """The file that holds the object, to be read only; None where objects are no files of this machine."""

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """An address at which anyone may read the object for so long; None where the store has none to give."""

    def presigned_post(self, key: str, size: int, content_type: str, seconds: int) -> PresignedPost | None:
        """A form by which anyone may store exactly `size` bytes as the object; None where the store has none."""

    def sweep(self, before: datetime) -> int:
        """Remove what writers that died left half-written and did not touch since `before`; returns how many."""

    def check(self) -> None:
        """Raise `hub.errors.Unavailable` unless the store can be read and written."""


class TaskQueue(Protocol):
    """Where work for later is announced. A message is a nudge only: what must not be lost is an outbox row."""

    def send(self, task: str, *arguments: Any) -> None:
        """Ask a worker to run `task` soon."""


class Clock(Protocol):
    """Time, so that tests can set it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class Ids(Protocol):
    """New identifiers and secrets."""

    def uuid(self) -> UUID:
        """A new UUID (version 7: they sort by time)."""

    def uuid_text(self) -> str:
        """The same as text; a third of the work where the text is all that is needed."""

    def secret(self) -> str:
        """A new URL-safe secret of 256 random bits."""


class Transients(Protocol):
    """Short-lived values shared by all processes: sessions, nonces, launch state, throttles."""

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Keep `value` under `key` for so many seconds, replacing what was there."""

    def add(self, key: str, value: bytes, seconds: int) -> bool:
        """Keep `value` unless `key` is already there; true when it was kept. Atomic."""

    def get(self, key: str) -> bytes | None:
        """The value, or None when it is not there (any more)."""

    def take(self, key: str) -> bytes | None:
        """The value, removed in the same step: of any number of takers exactly one gets it."""

    def delete(self, key: str) -> None:
        """Forget the value."""

    def put_entry(self, key: str, name: str, value: bytes, seconds: int) -> None:
        """Keep `value` as the entry `name` of the collection `key`, all of which lasts so many seconds from now."""

    def entries(self, key: str) -> Mapping[str, bytes]:
        """Every entry of the collection."""

    def delete_entry(self, key: str, name: str) -> None:
        """Forget an entry."""

    def increment(self, key: str, seconds: int) -> int:
        """Count one up and return the count; the first one starts a window of so many seconds."""

    def check(self) -> None:
        """Raise `hub.errors.Unavailable` unless values can be kept."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer from outside. `body` was capped by the client's limit; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Download:
    """An answer whose body is read while it comes. `url` is where it came from after all redirects."""

    status: int
    headers: Mapping[str, str]
    url: str
    pieces: Iterator[bytes]


class HttpClient(Protocol):
    """Requests to the outside: time-outs, a size cap, and no private addresses unless the settings allow them.

    Never call it inside a transaction. A request that got no answer raises `hub.errors.Unavailable`, one to a
    forbidden address `hub.errors.Forbidden`.
    """

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        allow_private: bool = False,
        longest_seconds: float | None = None,
    ) -> HttpResponse:
        """Send one request and return whatever answer came; redirects are not followed.

        `longest_seconds` is how long the answer may take as a whole, where less is wanted than the client's own limit.
        """

    def download(self, url: str) -> AbstractContextManager[Download]:
        """GET something of any size. Redirects are followed, each to an address that is checked like the first.

        User name and password in the address are sent to its own host only. A redirect from https to http is
        `Forbidden`; a body that breaks off raises `hub.errors.Unavailable` from `pieces`.
        """


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one address; `id` stays the same when it is sent again."""

    id: UUID
    to: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    """Where e-mail goes out. Never call it inside a transaction."""

    def send(self, mail: Mail) -> None:
        """Hand the message over. `Unavailable` when it may go later, `Unprocessable` when it is refused for good."""


class Pictures(Protocol):
    """Pictures that came from outside, drawn anew."""

    def thumbnail(self, data: bytes) -> bytes:
        """A small JPEG of a PNG, JPEG, GIF or WebP. `hub.errors.Invalid` when it is none, or has too many pixels."""

    def logo(self, data: bytes) -> bytes:
        """A PNG of a PNG or JPEG that fits the head of a page. `hub.errors.Invalid` as above."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be told of one of the Hub's keys: its file's `name`, `kind` (signing, data or secret), since when it is
    in use (for one that is announced: from when on), and `state`: announced, in use, or replaced."""

    name: str
    kind: str
    since: datetime
    state: str


class KeyRing(Protocol):
    """The Hub's own keys: an asymmetric set for what others verify, a secret for what only we verify."""

    def signing_key(self) -> Any:
        """The private joserfc RSA key that signs now; its `kid` is in the public set."""

    def public_set(self) -> dict[str, Any]:
        """The JWKS (RFC 7517) that others may fetch: every key that may still verify."""

    def verification_set(self) -> Any:
        """The joserfc key set of the same keys, for verifying our own tokens."""

    def secret(self, purpose: str) -> bytes:
        """32 bytes derived for one purpose (HKDF, RFC 5869), the same in every process."""

    def seal(self, plain: str, context: str) -> str:
        """A sensitive value as it is kept in a column: encrypted, and bound to `context` (what it is, and whose)."""

    def unseal(self, sealed: str, context: str) -> str:
        """The value again; `ConfigurationError` when its key is gone, or when it was changed or moved."""

    def is_sealed_anew(self, sealed: str) -> bool:
        """Whether the newest key sealed it."""

    def known(self) -> list[KeyInfo]:
        """Every key, by kind and age, without what is in it."""
