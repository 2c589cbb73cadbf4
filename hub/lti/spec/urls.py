"""Which addresses a platform may name.

A platform tells the Hub where to fetch keys and tokens, where to send scores and where to send the browser.
Each is judged before it is kept; what a host name resolves to is judged again by the HTTP client when it
connects.
"""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from hub.errors import say

LONGEST_URL = 2048

#: A name by letters, digits and hyphens (underscores are met within), or an IPv6 address. Origins stand in policies of
#: ours, where a star, a comma or a semicolon would mean something.
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")

# RFC 3986 section 2 without what browsers and servers read differently: blanks, quotes, angle brackets,
# backslash.
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


def url_fault(url: object, *, allow_private: bool = False) -> str | None:
    """Why `url` may not be used as the address of a platform, or None when it may.

    Only https addresses of public hosts are good; with `allow_private` also http and private or loopback
    hosts (demonstrations, closed networks). User information and fragments are never good (RFC 9700 section
    2.1).
    """
    if not isinstance(url, str) or not url:
        return say("must be a URL")
    if len(url) > LONGEST_URL:
        return say("must be at most %(most)s characters long", most=LONGEST_URL)
    if not _URL_CHARACTERS.fullmatch(url):
        return say("has characters that a URL may not have")
    parts = _split(url)
    if parts is None or not _HOST.fullmatch(parts.hostname or ""):
        return say("must be an absolute URL with a host")
    return _parts_fault(parts, allow_private)


def origin_of(url: str) -> str:
    """The origin (RFC 6454) of an http(s) URL, as it stands in a Content-Security-Policy or in postMessage."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def extended(url: str, parameters: Mapping[str, str]) -> str:
    """`url` with parameters after those that its query string has."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
    return urlunsplit(parts._replace(query=query))


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        if parts.port == 0:  # Reading it raises for a port that is no number.
            return None
    except ValueError:
        return None
    return parts


def _parts_fault(parts: SplitResult, allow_private: bool) -> str | None:
    if parts.scheme not in {"http", "https"}:
        return say("must begin with https://")
    if parts.username is not None or parts.password is not None:
        return say("must not carry a user name or password")
    if parts.fragment:
        return say("must not have a fragment")
    if allow_private:
        return None
    if parts.scheme != "https":
        return say("must begin with https://")
    if _is_private(parts.hostname or ""):
        return say("must not be a private or loopback address")
    return None


def _is_private(host: str) -> bool:
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        # `127.1`, `0x7f000001` and `2130706433` are loopback to the C library: a last label that is a number
        # is never the name of a public host (WHATWG URL, "ends in a number checker").
        return bool(re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", host.rpartition(".")[2]))
