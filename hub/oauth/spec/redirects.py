"""Where a person's browser may be sent with a code (OAuth 2.1 section 2.3; RFC 8252 section 7)."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit, urlunsplit

from hub.errors import Violation, say

REQUIREMENT = "OAuth 2.1 section 2.3"
LONGEST = 2000
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_ALLOWED = re.compile(r"[!-~]+")  # RFC 3986 knows no spaces, controls or other alphabets.


def redirect_fault(address: str) -> str | None:
    """Why a client may not register this redirect address; None when it may.

    https, or http on this very machine, or a scheme of the program's own with a dot in it, as RFC 8252 section 7.1
    wants; nothing that could be read in two ways.
    """
    if not _ALLOWED.fullmatch(address) or len(address) > LONGEST or "\\" in address:
        return say("must be an absolute address of printable ASCII characters")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return say("must be an absolute address")
    if "#" in address:
        return say("must have no fragment")
    if "@" in parts.netloc or "*" in address:
        return say("must have neither a user nor a wildcard")
    if parts.scheme == "https":
        return None if host else say("must name a host")
    if parts.scheme == "http":
        is_loopback = host in {*_LOOPBACK, "localhost"}
        return None if is_loopback else say("must be https, or http on 127.0.0.1, [::1] or localhost")
    return None if "." in parts.scheme else say("must be https, or a scheme with a dot, such as org.example.app")


def redirect_faults(addresses: Iterable[str]) -> list[Violation]:
    """What is wrong with each of the addresses."""
    found = ((index, address, redirect_fault(address)) for index, address in enumerate(addresses))
    return [
        Violation(REQUIREMENT, f"redirect_uris[{index}]", fault, address[:200])
        for index, address, fault in found
        if fault is not None
    ]


def is_registered(address: str, registered: Iterable[str]) -> bool:
    """Whether `address` is one of the registered ones, character for character.

    Only the port of a loopback address may differ: a program on this machine takes whichever is free (RFC 8252
    section 7.3).
    """
    known = set(registered)
    return address in known or _without_port(address) in {_without_port(each) for each in known} - {None}


def _without_port(address: str) -> str | None:
    if not _ALLOWED.fullmatch(address):
        return None
    try:
        parts = urlsplit(address)
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK or "@" in parts.netloc or parts.port == 0:
            return None
    except ValueError:
        return None
    return urlunsplit(parts._replace(netloc=parts.hostname))


def answered(address: str, **parameters: str) -> str:
    """The redirect address with the answer's parameters added to its query (RFC 6749 section 4.1.2)."""
    parts = urlsplit(address)
    query = "&".join(
        filter(None, [parts.query, urlencode({name: value for name, value in parameters.items() if value})])
    )
    return urlunsplit(parts._replace(query=query))
