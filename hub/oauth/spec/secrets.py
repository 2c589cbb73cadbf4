"""Digests of random secrets."""

import hashlib
import hmac


def digest(secret: str) -> str:
    """What is kept of a secret of 256 random bits: SHA-256 in hex. Slow hashing is for what people think up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(secret: str, kept: str) -> bool:
    """Whether `kept` is the digest of `secret`, in constant time."""
    return hmac.compare_digest(digest(secret), kept)
