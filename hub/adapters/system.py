"""Time and identifiers from the operating system."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """UUIDs of version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then randomness."""

    def uuid(self) -> UUID:
        milliseconds = time.time_ns() // 1_000_000
        number = (milliseconds << 80) | secrets.randbits(80)
        number = (number & ~(0xF << 76)) | (0x7 << 76)
        return UUID(int=(number & ~(0x3 << 62)) | (0x2 << 62))

    def secret(self) -> str:
        return secrets.token_urlsafe(32)
