"""Devices without a keyboard: they show a short code, and a person enters it in a browser (RFC 8628).

What is asked, and what was decided, lives for ten minutes in short-lived values; only what was allowed becomes a row.
"""

import re
import secrets
from dataclasses import dataclass
from uuid import UUID

import orjson

from hub.errors import Invalid, TooMany, Violation
from hub.identity import Principal
from hub.oauth.authlib_bridge import DEVICE_GRANT, Granted, KnownClient, PollAnswer, TokenAnswer, refusal
from hub.oauth.scopes import ScopesExceeded, narrowed
from hub.oauth.spec.secrets import digest
from hub.ports import Ids, Transients

DEVICE_SECONDS = 600
#: A code that has expired is told from one that never was for so long.
REMEMBERED_SECONDS = 3600
POLL_SECONDS = 5
#: Section 6.1: letters that make no words and look like nothing else; 20 of them in 8 places are 34 bits.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
#: Codes that one person may enter in ten minutes, right or wrong, each once to be asked and once to answer: 34 bits
#: then stand for long enough (section 5.1), also where somebody has a device of their own to enter between guesses.
TRIES = 20


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What a device asks for."""

    client_id: str
    scope: str
    device: str


class Devices:
    """Codes shown by devices, and what people decided."""

    def __init__(self, transients: Transients, ids: Ids, issuer: str) -> None:
        self._transients = transients
        self._ids = ids
        self._issuer = issuer

    def begin(self, client: KnownClient, scope: str) -> TokenAnswer:
        """The device authorization response (section 3.2), or why there is none."""
        if DEVICE_GRANT not in client.grants:
            return refusal("The client is not registered for this grant", "unauthorized_client")
        try:
            wanted = narrowed(scope, client.scopes)
        except ScopesExceeded as error:
            return refusal(str(error), "invalid_scope")
        device_code, user_code = self._ids.secret(), "".join(secrets.choice(ALPHABET) for _ in range(8))
        asked = {"client_id": client.client_id, "scope": " ".join(wanted), "device": digest(device_code)}
        if not self._transients.add(f"device-user:{user_code}", orjson.dumps(asked), DEVICE_SECONDS):
            return self.begin(client, scope)
        self._transients.put(f"device-owner:{digest(device_code)}", client.client_id.encode(), REMEMBERED_SECONDS)
        self._transients.put(f"device:{digest(device_code)}", b"1", DEVICE_SECONDS)
        shown = shown_code(user_code)
        body = {
            "device_code": device_code,
            "user_code": shown,
            "verification_uri": f"{self._issuer}/device",
            "verification_uri_complete": f"{self._issuer}/device?code={shown}",
            "expires_in": DEVICE_SECONDS,
            "interval": POLL_SECONDS,
        }
        return TokenAnswer(200, body, [("Cache-Control", "no-store")])

    def find(self, principal: Principal, user_code: str) -> DeviceRequest:
        """What the device that shows this code asks for; `Invalid` when no device shows it."""
        if self._transients.increment(f"device-tries:{principal.id}", DEVICE_SECONDS) > TRIES:
            raise TooMany(
                "Too many codes were tried. Wait ten minutes and begin again on the device.",
                code="too_many_attempts",
                headers={"Retry-After": str(DEVICE_SECONDS)},
            )
        kept = self._transients.get(f"device-user:{_plain(user_code)}")
        if kept is None:
            fault = Violation("RFC 8628 section 3.3", "code", "is not shown by any device now")
            raise Invalid("No device waits for this code.", code="unknown_code", violations=[fault])
        return DeviceRequest(**orjson.loads(kept))

    def take(self, user_code: str, asked: DeviceRequest) -> bool:
        """Use the code up; false when somebody did before."""
        kept = self._transients.take(f"device-user:{_plain(user_code)}")
        return kept is not None and DeviceRequest(**orjson.loads(kept)) == asked

    def decide(self, asked: DeviceRequest, grant_id: UUID | None) -> None:
        """Tell the device what it was allowed (None: nothing)."""
        decision = {"grant": str(grant_id) if grant_id else None, "scope": asked.scope}
        self._transients.put(f"device-decision:{asked.device}", orjson.dumps(decision), DEVICE_SECONDS)

    def poll(self, device_code: str, client_id: str) -> Granted | PollAnswer:
        """What became of it (section 3.5); what was allowed is given once."""
        device = digest(device_code)
        owner = self._transients.get(f"device-owner:{device}")
        if owner is None or owner.decode() != client_id:
            return PollAnswer.UNKNOWN
        decided = self._transients.take(f"device-decision:{device}")
        if decided is None:
            return self._undecided(device)
        self._transients.delete(f"device-owner:{device}")
        decision = orjson.loads(decided)
        if decision["grant"] is None:
            return PollAnswer.DENIED
        return Granted(decision["grant"], client_id, decision["scope"])

    def _undecided(self, device: str) -> PollAnswer:
        if self._transients.get(f"device:{device}") is None:
            return PollAnswer.EXPIRED
        is_in_time = self._transients.add(f"device-poll:{device}", b"1", POLL_SECONDS - 1)
        return PollAnswer.PENDING if is_in_time else PollAnswer.SLOW_DOWN


def shown_code(user_code: str) -> str:
    """A code as devices show it, however it was typed."""
    plain = _plain(user_code)
    return f"{plain[:4]}-{plain[4:]}"


def _plain(user_code: str) -> str:
    """As people type it: any case, with or without the hyphen (section 6.1)."""
    return re.sub(r"[^A-Z]", "", user_code.upper())[:8]
