"""Requests to the outside world: one client with time-outs, a size cap and an address check.

The name is resolved once, every address is checked, and the connection goes to the checked address, so that a second
answer of the name server cannot lead it elsewhere (DNS rebinding).
"""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit, urlunsplit

import urllib3

from hub.errors import Forbidden, Invalid, Unavailable
from hub.ports import HttpResponse

MB = 1024 * 1024


class OutboundHttp:
    """`hub.ports.HttpClient` on urllib3."""

    def __init__(
        self, *, allow_private_networks: bool, timeout_seconds: float = 10, largest_body: int = 4 * MB
    ) -> None:
        self._allow_private = allow_private_networks
        self._timeout = urllib3.Timeout(connect=5, read=timeout_seconds)
        self._largest_body = largest_body

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        allow_private: bool = False,
    ) -> HttpResponse:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Invalid(f"{url!r} is not an http(s) address.", code="bad_url")
        addresses = self._checked_addresses(parts.hostname, parts.port or _PORTS[parts.scheme], allow_private)
        sent = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "StandardsHub", **(headers or {})}
        fault: Exception | None = None
        for address in addresses:
            try:
                return self._exchange(parts, address, method, sent, body)
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
                fault = error  # Nothing was sent; localhost, say, is often ::1 first and 127.0.0.1 in truth.
            except (urllib3.exceptions.HTTPError, OSError) as error:
                fault = error
                break
        raise Unavailable(f"{parts.hostname} does not answer ({type(fault).__name__}).", code="no_answer") from fault

    def _exchange(
        self, parts: SplitResult, address: str, method: str, headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse:
        host = str(parts.hostname)
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        with self._pool(parts.scheme, host, parts.port, address) as pool:
            answer = pool.urlopen(
                method, path, body=body, headers=headers, redirect=False, retries=False, preload_content=False
            )
            return HttpResponse(answer.status, _lowered(answer.headers), self._read(answer, host))

    def _checked_addresses(self, host: str, port: int, allow_private: bool) -> list[str]:
        """The addresses of a host in the order to try them, at most a few. `Forbidden` if one of them is private."""
        try:
            found = socket.getaddrinfo(_known_name(host), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"The name {host} cannot be resolved.", code="no_answer") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not (self._allow_private or allow_private):
            for address in addresses:
                if not _is_public(address):
                    raise Forbidden(
                        f"{host} is at a private address, which the settings do not allow "
                        "(HUB_ALLOW_PRIVATE_NETWORKS).",
                        code="private_address",
                    )
        return list(dict.fromkeys(addresses))[:_MOST_ADDRESSES]

    def _pool(self, scheme: str, host: str, port: int | None, address: str) -> urllib3.HTTPConnectionPool:
        if scheme == "http":
            return urllib3.HTTPConnectionPool(address, port or 80, timeout=self._timeout)
        return urllib3.HTTPSConnectionPool(
            address, port or 443, timeout=self._timeout, server_hostname=host, assert_hostname=host
        )

    def _read(self, answer: urllib3.BaseHTTPResponse, host: str) -> bytes:
        body = answer.read(self._largest_body + 1)
        answer.release_conn()
        if len(body) > self._largest_body:
            raise Unavailable(f"{host} answered with more than {self._largest_body} bytes.", code="answer_too_large")
        return bytes(body)


_MOST_ADDRESSES = 3
_PORTS = {"http": 80, "https": 443}


def _known_name(host: str) -> str:
    """Names below `localhost` are this machine (RFC 6761 section 6.3), even where the resolver does not know."""
    return "localhost" if host.lower().rstrip(".").endswith(".localhost") else host


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = _embedded_ipv4(parsed) or parsed
    return parsed.is_global and not parsed.is_multicast


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
