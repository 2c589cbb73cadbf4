"""Tokens of the player: what its run-time calls carry, and the grants in the addresses of content files."""

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from hub.errors import NotFound, Unauthenticated
from hub.ports import Clock, KeyRing
from hub.scorm.services.recent import Recent
from hub.scorm.spec.runtime.sessions import Mode

_ALGORITHM = "HS256"
#: What a player's token is for: to record, or to agree to being recorded. Each has a key of its own.
Use = Literal["session", "consent"]
_SIGNATURE = 16
_GRANT = struct.Struct(">16s16sI")


@dataclass(frozen=True, slots=True)
class PlayerSession:
    """One opened player: all that its token is good for. A preview has neither registration nor attempt.

    `frames` are the origins that may frame what is shown, with blanks between.
    """

    tenant_id: UUID
    launch_id: UUID
    version_id: UUID
    mode: Mode
    registration_id: UUID | None = None
    attempt_id: UUID | None = None
    frames: str = ""

    @property
    def is_recorded(self) -> bool:
        """Whether what happens counts: not in previews, and not in browse and review mode."""
        return self.attempt_id is not None and self.mode == "normal"


class PlayerTokens:
    """Signed tokens (RFC 7519) that let the page of one launch act for its one attempt, for twelve hours."""

    LIFETIME = timedelta(hours=12)

    def __init__(self, keys: KeyRing, clock: Clock, content_url: str) -> None:
        self._keys: dict[Use, OctKey] = {
            "session": OctKey.import_key(keys.secret("player-session")),
            "consent": OctKey.import_key(keys.secret("player-consent")),
        }
        self._journal_secret = keys.secret("player-journal")
        self._clock = clock
        self._audience = content_url
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock.now().timestamp()),
            aud={"essential": True, "value": content_url},
            exp={"essential": True},
            sub={"essential": True},
        )

    def issue(self, session: PlayerSession, use: Use = "session") -> str:
        """A token for the session."""
        now = self._clock.now()
        claims = {
            "aud": self._audience,
            "sub": str(session.launch_id),
            "iat": int(now.timestamp()),
            "exp": int((now + self.LIFETIME).timestamp()),
            "ten": str(session.tenant_id),
            "ver": str(session.version_id),
            "mode": session.mode,
            "frames": session.frames,
        }
        if session.registration_id and session.attempt_id:
            claims |= {"reg": str(session.registration_id), "att": str(session.attempt_id)}
        return jwt.encode({"alg": _ALGORITHM}, claims, self._keys[use])

    def journal_key(self, attempt_id: UUID) -> str:
        """The key under which browsers keep what they could not send of an attempt, as 64 hexadecimal digits.

        Only a page of that attempt gets it, so on a shared computer nobody else's content can read what is kept.
        """
        return hmac.new(self._journal_secret, attempt_id.bytes, hashlib.sha256).hexdigest()

    def read(self, token: str, use: Use = "session") -> PlayerSession:
        """The session of a token. Raises `Unauthenticated` for one that is forged, expired or of another use."""
        try:
            claims = jwt.decode(token, self._keys[use], algorithms=[_ALGORITHM]).claims
            self._claims.validate(claims)
            return _session(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise Unauthenticated(
                "This player session is over or not known; open the course again.", code="session_expired"
            ) from error


def _session(claims: dict[str, Any]) -> PlayerSession:
    return PlayerSession(
        tenant_id=UUID(claims["ten"]),
        launch_id=UUID(claims["sub"]),
        version_id=UUID(claims["ver"]),
        mode=claims["mode"],
        registration_id=UUID(claims["reg"]) if "reg" in claims else None,
        attempt_id=UUID(claims["att"]) if "att" in claims else None,
        frames=claims.get("frames", ""),
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """What a grant opens, until when (Unix time), and which origins may frame it, with blanks between."""

    tenant_id: UUID
    version_id: UUID
    ends: int
    frames: str


class ContentGrants:
    """Capabilities to read the files of one package version: the segment after /content/ in their addresses.

    The end of a grant is rounded up to a window, so that within it everyone gets the same addresses and caches work.
    """

    WINDOW = timedelta(hours=12)

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self._secret = keys.secret("content-grant")
        self._clock = clock
        self._known: Recent[str, Grant] = Recent(5_000)

    def issue(self, tenant_id: UUID, version_id: UUID, frames: str = "") -> str:
        """A grant that is good for 12 to 24 hours."""
        window = int(self.WINDOW.total_seconds())
        ends = (int(self._clock.now().timestamp()) // window + 2) * window
        body = _GRANT.pack(tenant_id.bytes, version_id.bytes, ends) + frames.encode("ascii")
        return base64.urlsafe_b64encode(body + self._sign(body)).rstrip(b"=").decode()

    def read(self, grant: str) -> Grant:
        """What a grant opens. Raises `NotFound` for a forged or expired one."""
        found = self._known.get(grant) or self._known.put(grant, self._verified(grant))
        if found.ends <= self._clock.now().timestamp():
            raise NotFound("This address is not good any more; open the course again.", code="content_expired")
        return found

    def _verified(self, grant: str) -> Grant:
        body, signature = _split(grant)
        if not hmac.compare_digest(signature, self._sign(body)):
            raise NotFound("There is nothing at this address.", code="content_not_found")
        tenant, version, ends = _GRANT.unpack(body[: _GRANT.size])
        return Grant(UUID(bytes=tenant), UUID(bytes=version), ends, body[_GRANT.size :].decode("ascii"))

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._secret, body, hashlib.sha256).digest()[:_SIGNATURE]


def _split(grant: str) -> tuple[bytes, bytes]:
    try:
        raw = base64.b64decode(grant + "=" * (-len(grant) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    if len(raw) < _GRANT.size + _SIGNATURE:
        raw = bytes(_GRANT.size + _SIGNATURE)
    return raw[:-_SIGNATURE], raw[-_SIGNATURE:]
