"""E-mail addresses of accounts, and the addresses a sign-in may return to."""

import re
from urllib.parse import urlsplit

from hub.errors import Invalid, Violation

_EMAIL = re.compile(r"[^\s\0-\x1f\x7f@\"(),:;<>\[\\\]]{1,64}@[^\s\0-\x1f\x7f@\"(),:;<>\[\\\]_]{1,255}")


def checked_email(address: str) -> str:
    """The address as it is stored and compared: trimmed, in lower case. `Invalid` when mail could not be sent to it.

    Only the form is judged (RFC 5321 section 4.1.2, without quoted local parts): the real proof is a message that
    arrives.
    """
    email = address.strip().lower()
    local, _, domain = email.partition("@")
    dots_fit = ".." not in email and not any(part.startswith(".") or part.endswith(".") for part in (local, domain))
    if len(email) > 254 or not _EMAIL.fullmatch(email) or not dots_fit:
        fault = Violation("RFC 5321 section 4.1.2", "email", "is not an e-mail address", address[:100])
        raise Invalid("The e-mail address is not one that mail can be sent to.", violations=[fault])
    return email


def local_return_address(target: str | None, otherwise: str = "/") -> str:
    """The path on this site that `target` names, or `otherwise`: never another site (CWE-601).

    Browsers read a backslash as a slash and drop tabs and line breaks, so anything with those is not taken at all.
    """
    if not target or not target.startswith("/") or target.startswith("//") or len(target) > 2000:
        return otherwise
    if "\\" in target or any(ord(character) <= 32 or ord(character) == 127 for character in target):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target
