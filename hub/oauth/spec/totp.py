"""Time-based one-time codes (RFC 6238), and the codes for the day when the device is lost."""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Callable
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
#: How many steps a device's clock may be off, either way (section 5.2).
DRIFT = 1
RECOVERY_CODES = 10
#: Without letters and digits that look alike; 16 of 29 signs are 77 bits.
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ2346789"


def code_at(seed: bytes, step: int) -> str:
    """The code of a step: HOTP with HMAC-SHA-1 (RFC 4226 section 5.3), as every authenticator computes it."""
    mac = hmac.new(seed, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = mac[-1] & 0x0F
    (number,) = struct.unpack(">I", mac[offset : offset + 4])
    return str((number & 0x7FFFFFFF) % 10**DIGITS).zfill(DIGITS)


def matching_step(seed: bytes, code: str, now: float, after: int) -> int | None:
    """The step whose code this is, near `now` and later than the step `after`: each code is good once."""
    given = re.sub(r"\s", "", code)
    present = int(now) // STEP_SECONDS
    for step in range(present - DRIFT, present + DRIFT + 1):
        if step > after and hmac.compare_digest(code_at(seed, step).encode(), given.encode()):
            return step
    return None


def key_text(seed: bytes) -> str:
    """The seed as people type it into an authenticator: base32 in groups of four."""
    text = base64.b32encode(seed).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def key_address(seed: bytes, account: str, issuer: str) -> str:
    """The address that an authenticator on the same device opens (Google's Key URI format)."""
    key = base64.b32encode(seed).decode().rstrip("=")
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{urlencode({'secret': key, 'issuer': issuer})}"


def recovery_code(choose: Callable[[str], str]) -> str:
    """A new recovery code; `choose` picks one sign at random."""
    signs = "".join(choose(_ALPHABET) for _ in range(16))
    return "-".join(signs[start : start + 4] for start in range(0, 16, 4))


def plain_recovery_code(typed: str) -> str:
    """A recovery code as it is compared: without what people add or leave out."""
    return re.sub(r"[^A-Z0-9]", "", typed.upper())
