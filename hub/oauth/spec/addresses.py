"""E-mail addresses of accounts, the addresses a sign-in may return to, and network addresses as they are counted."""

import re
from ipaddress import IPv6Address, ip_address
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
    has_form = bool(_EMAIL.fullmatch(email)) and len(email) <= 254 and dots_fit
    if not has_form or not _has_ascii_form(domain) or _becomes_anothers(address):
        fault = Violation("RFC 5321 section 4.1.2", "email", "is not an e-mail address", address[:100])
        raise Invalid("The e-mail address is not one that mail can be sent to.", violations=[fault])
    return email


def _becomes_anothers(address: str) -> bool:
    """Whether a sign beyond ASCII becomes a plain letter in lower case, as the Kelvin sign becomes k: the address would
    be taken for that of somebody else (Unicode Technical Report 36 section 2)."""
    return any(not sign.isascii() and sign.lower().isascii() for sign in address)


def _has_ascii_form(domain: str) -> bool:
    """Whether name servers can be asked for the domain: each label has an ASCII form of at most 63 characters (RFC 5890
    section 2.3.1)."""
    try:
        return bool(domain.encode("idna"))
    except UnicodeError:
        return False


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


def network_of(address: str) -> str:
    """As what a network address is counted: IPv4 by itself, IPv6 by its /64 network.

    One customer, even one machine, has all 2^64 addresses of such a network (RFC 6177 section 2, RFC 8981), so who is
    counted by single ones has no limit. The same address written in another way, or mapped into IPv6, is the same.
    """
    try:
        known = ip_address(address)
    except ValueError:  # Behind a socket, or none at all.
        return address[:100]
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return f"{IPv6Address(int(known) >> 64 << 64)}/64"
