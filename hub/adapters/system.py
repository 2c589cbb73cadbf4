"""Time and identifiers from the operating system."""

import os
import secrets
import time
from datetime import UTC, datetime
from uuid import UUID

#: Of how many identifiers the randomness is fetched at once.
_AT_ONCE = 256

#: A hexadecimal digit with its two upper bits set to the variant 10 (RFC 9562 section 4.1).
_VARIANTS = {f"{digit:x}": f"{0b1000 | digit & 0b11:x}" for digit in range(16)}


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """UUIDs of version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then randomness.

    Randomness is fetched for many at once: each call of the system lets another thread take the interpreter.
    """

    def __init__(self) -> None:
        self._randomness: list[bytes] = []
        os.register_at_fork(after_in_child=self._randomness.clear)

    def _ten_random_bytes(self) -> bytes:
        try:
            return self._randomness.pop()
        except IndexError:
            fetched = os.urandom(10 * _AT_ONCE)
            self._randomness.extend(fetched[at : at + 10] for at in range(0, len(fetched), 10))
            return self._randomness.pop()

    def uuid(self) -> UUID:
        milliseconds = time.time_ns() // 1_000_000
        number = (milliseconds << 80) | int.from_bytes(self._ten_random_bytes())
        number = (number & ~(0xF << 76)) | (0x7 << 76)
        return UUID(int=(number & ~(0x3 << 62)) | (0x2 << 62))

    def uuid_text(self) -> str:
        time_digits = f"{time.time_ns() // 1_000_000:012x}"
        digits = self._ten_random_bytes().hex()
        variant = _VARIANTS[digits[3]]
        return f"{time_digits[:8]}-{time_digits[8:]}-7{digits[:3]}-{variant}{digits[4:7]}-{digits[7:19]}"

    def secret(self) -> str:
        return secrets.token_urlsafe(32)
