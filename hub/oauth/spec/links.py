"""One-time links that come by e-mail: signed, short-lived, and bound to how things stood when they were asked for.

Nothing is kept of a link. Its signature covers a *state*, a text that using the link changes (the hash of the password,
the address, whether it is proven), so that it works once, and not at all when the same thing was done in another way.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import orjson

LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for, whose it is, until when it works (seconds since 1970), and what else it carries."""

    purpose: str
    user_id: UUID
    expires_at: int
    extra: str = ""


def sealed_link(link: Link, state: str, secret: bytes) -> str:
    """The link as it stands in an address: its content, readable, and an HMAC-SHA-256 over content and state."""
    content = orjson.dumps([link.purpose, str(link.user_id), link.expires_at, link.extra])
    return f"{_text(content)}.{_text(_signature(content, state, secret))}"


def read_link(token: str) -> Link | None:
    """What a link says of itself, which nobody has vouched for yet; None when it is no link of ours."""
    try:
        purpose, user_id, expires_at, extra = orjson.loads(_bytes(token.partition(".")[0]))
        return Link(str(purpose), UUID(user_id), int(expires_at), str(extra))
    except (ValueError, TypeError, AttributeError):
        return None


def is_good(token: str, state: str, secret: bytes, now: float) -> bool:
    """Whether the link was made here, for this state, and has not expired."""
    content, _, signature = token.partition(".")
    link = read_link(token)
    if link is None or link.expires_at <= now or len(token) > LONGEST:
        return False
    try:
        return hmac.compare_digest(_bytes(signature), _signature(_bytes(content), state, secret))
    except ValueError:
        return False


def _signature(content: bytes, state: str, secret: bytes) -> bytes:
    return hmac.new(secret, content + b"\0" + state.encode(), sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
