"""Requests to the outside world: one client with time-outs, a size cap and an address check.

The name is resolved once, every address is checked, and the connection goes to the checked address, so that a second
answer of the name server cannot lead it elsewhere (DNS rebinding).
"""

import base64
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

import urllib3

from hub.errors import Forbidden, Invalid, Unavailable, say
from hub.ports import Download, HttpResponse

MB = 1024 * 1024


class OutboundHttp:
    """`hub.ports.HttpClient` on urllib3."""

    def __init__(
        self,
        *,
        allow_private_networks: bool,
        timeout_seconds: float = 10,
        largest_body: int = 4 * MB,
        longest_seconds: float = 20,
    ) -> None:
        """`timeout_seconds` is how long the other side may say nothing, `longest_seconds` how long an answer to
        `request` may take as a whole."""
        self._allow_private = allow_private_networks
        self._longest = longest_seconds
        self._timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=timeout_seconds)
        self._largest_body = largest_body

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        allow_private: bool = False,
        longest_seconds: float | None = None,
    ) -> HttpResponse:
        parts = _web_address(url)
        addresses = self._checked_addresses(parts, allow_private)
        sent = {"Accept-Encoding": "identity", **(headers or {})}
        longest = min(longest_seconds or self._longest, self._longest)
        with (
            _Deadline(longest, str(parts.hostname)) as deadline,
            self._answer(parts, addresses, method, sent, body, self._timeout, deadline) as answer,
            _no_answer(parts),
        ):
            return HttpResponse(answer.status, _lowered(answer.headers), self._read(answer, str(parts.hostname)))

    @contextmanager
    def download(self, url: str) -> Iterator[Download]:
        credentials = _Credentials(url)
        for _ in range(_MOST_REDIRECTS + 1):
            parts = _web_address(url)
            headers = {"Accept-Encoding": "identity", **credentials.headers(parts)}
            with self._answer(
                parts, self._checked_addresses(parts, False), "GET", headers, None, _DOWNLOAD_TIMEOUT
            ) as answer:
                target = answer.get_redirect_location()
                if not target:
                    pieces = _pieces(answer, str(parts.hostname))
                    yield Download(answer.status, _lowered(answer.headers), url, pieces)
                    return
            url = _redirected(url, target)
        raise Unavailable(say("%(host)s redirects again and again.", host=parts.hostname), code="too_many_redirects")

    @contextmanager
    def _answer(
        self,
        parts: SplitResult,
        addresses: Sequence[str],
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: urllib3.Timeout,
        deadline: "_Deadline | None" = None,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer of the first address that can be reached; its body is not read yet."""
        sent = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "StandardsHub", **headers}
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        for number, address in enumerate(addresses, start=1):
            with _pool(parts, address, deadline.within(timeout) if deadline else timeout) as pool:
                if deadline is not None:
                    pool.ConnectionCls = deadline.watching(pool.ConnectionCls)
                try:
                    with _no_answer(parts):
                        answer = pool.urlopen(
                            method, path, body=body, headers=sent, redirect=False, retries=False, preload_content=False
                        )
                except Unavailable as error:
                    # Nothing was sent; localhost, say, is often ::1 first and 127.0.0.1 in truth.
                    if isinstance(error.__cause__, _UNREACHED) and number < len(addresses):
                        continue
                    raise
                yield answer
                return

    def _checked_addresses(self, parts: SplitResult, allow_private: bool) -> list[str]:
        """The addresses of a host in the order to try them, at most a few. `Forbidden` if one of them is private."""
        host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
        if port in _OTHER_PROTOCOLS and not (self._allow_private or allow_private):
            raise Forbidden(say("Port %(port)s is not one of the web.", port=port), code="port_refused")
        try:
            found = socket.getaddrinfo(_known_name(host), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unavailable(say("The name %(host)s cannot be resolved.", host=host), code="no_answer") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not (self._allow_private or allow_private):
            for address in addresses:
                if not _is_public(address):
                    raise Forbidden(
                        say(
                            "%(host)s is at a private address, which the settings do not allow "
                            "(HUB_ALLOW_PRIVATE_NETWORKS).",
                            host=host,
                        ),
                        code="private_address",
                    )
        return list(dict.fromkeys(addresses))[:_MOST_ADDRESSES]

    def _read(self, answer: urllib3.BaseHTTPResponse, host: str) -> bytes:
        # As it came: unpacking what was not asked for is how a small answer becomes a large one.
        body = bytearray()
        while piece := answer.read(_PIECE, decode_content=False):
            body += piece
            if len(body) > self._largest_body:
                facts = {"host": host, "most": self._largest_body}
                message = say("%(host)s answered with more than %(most)s bytes.", **facts)
                raise Unavailable(message, code="answer_too_large")
        answer.release_conn()
        return bytes(body)


class _Credentials:
    """User name and password of an address (RFC 3986 section 3.2.1), for its own origin only."""

    def __init__(self, url: str) -> None:
        parts = _web_address(url)
        self._origin = _origin(parts)
        self._basic = ""
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._basic = "Basic " + base64.b64encode(pair.encode()).decode()

    def headers(self, parts: SplitResult) -> dict[str, str]:
        """What to send along to this address."""
        return {"Authorization": self._basic} if self._basic and _origin(parts) == self._origin else {}


_MOST_ADDRESSES = 3
_MOST_REDIRECTS = 5
_UNREACHED = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
_PIECE = 256 * 1024
_CONNECT_SECONDS = 5.0
_DOWNLOAD_TIMEOUT = urllib3.Timeout(connect=_CONNECT_SECONDS, read=30)
_PORTS = {"http": 80, "https": 443}

#: Ports of other protocols, which could take a request for one of theirs (WHATWG Fetch, section 2.10, "bad port").
_OTHER_PROTOCOLS = frozenset((
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512,
    513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719,
    1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080, 11211,
))  # fmt: skip


def _web_address(url: str) -> SplitResult:
    """The parts of an http(s) address. The refusal does not repeat it: it may hold a password."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise Invalid("This is not an http(s) address.", code="bad_url")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _redirected(url: str, target: str) -> str:
    """Where a redirect leads (RFC 9110 section 10.2.2)."""
    new = urljoin(url, target)
    if urlsplit(url).scheme == "https" and urlsplit(new).scheme != "https":
        message = say("%(host)s redirects away from https.", host=urlsplit(url).hostname)
        raise Forbidden(message, code="insecure_redirect")
    return new


def _pool(parts: SplitResult, address: str, timeout: urllib3.Timeout) -> urllib3.HTTPConnectionPool:
    port = parts.port or _PORTS[parts.scheme]
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(address, port, timeout=timeout)
    host = str(parts.hostname)
    return urllib3.HTTPSConnectionPool(address, port, timeout=timeout, server_hostname=host, assert_hostname=host)


class _Deadline:
    """Ends the connections that it was told of when the time is over, whatever they are at: a time-out between two
    bytes alone lets an answer that trickles go on for ever."""

    def __init__(self, seconds: float, host: str) -> None:
        self._host = host
        self._ends_at = time.monotonic() + seconds
        self._open: list[socket.socket] = []
        self._is_over = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._is_over:  # What is there may look whole: headers that end with the connection do.
            raise Unavailable(say("%(host)s took too long to answer.", host=self._host), code="no_answer")

    def _end(self) -> None:
        self._is_over = True
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def within(self, timeout: urllib3.Timeout) -> urllib3.Timeout:
        """The same time-outs, with no more for connecting than what is left."""
        left = max(self._ends_at - time.monotonic(), 0.01)
        return urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=timeout.read_timeout)

    def watching(self, kind: Any) -> Any:
        """The same kind of connection, that tells of its socket once it has one."""
        known = self._open

        class Watched(kind):
            def connect(self) -> None:
                super().connect()
                known.append(self.sock)

        return Watched


@contextmanager
def _no_answer(parts: SplitResult) -> Iterator[None]:
    """What goes wrong on the way, in our terms."""
    try:
        yield
    except (urllib3.exceptions.HTTPError, OSError) as error:
        facts = {"host": parts.hostname, "error": type(error).__name__}
        raise Unavailable(say("%(host)s does not answer (%(error)s).", **facts), code="no_answer") from error


def _pieces(answer: urllib3.BaseHTTPResponse, host: str) -> Iterator[bytes]:
    try:
        yield from answer.stream(_PIECE)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(say("%(host)s broke off before all was there.", host=host), code="broke_off") from error


def _known_name(host: str) -> str:
    """Names below `localhost` are this machine (RFC 6761 section 6.3), even where the resolver does not know."""
    return "localhost" if host.lower().rstrip(".").endswith(".localhost") else host


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

#: Where all addresses of the public IPv6 internet are (RFC 4291 section 2.4; the rest leads to special things).
_UNICAST = ipaddress.IPv6Network("2000::/3")

#: Public by their number, private by their use: a cloud's own services, and relays that lead anywhere (RFC 7526).
_SPECIAL = tuple(map(ipaddress.IPv4Network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")))


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = _embedded_ipv4(parsed)
        if embedded is None:
            return parsed in _UNICAST and parsed.is_global
        parsed = embedded
    return parsed.is_global and not parsed.is_multicast and not any(parsed in network for network in _SPECIAL)


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
