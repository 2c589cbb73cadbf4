"""Proxies in front: what they say of the client counts, what anybody else says does not."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

Wsgi = Callable[..., Iterable[bytes]]
_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")


class TrustedProxies:
    """WSGI: takes client address and host from X-Forwarded-* of the proxies in `networks`, and of nobody else.

    The client is the last address of X-Forwarded-For that is no such proxy: what stands before it, the client may have
    made up. Of X-Forwarded-Host the last value counts, which the nearest proxy has set. The scheme is that of the
    settings (`hub.http.origins`), so X-Forwarded-Proto says nothing.
    """

    def __init__(self, application: Wsgi, networks: Iterable[str]) -> None:
        self._application = application
        self._networks = [ip_network(network) for network in networks]
        self._is_proxy = lru_cache(maxsize=1024)(self._is_in_networks)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        forwarded_for, _, host, _ = (environ.pop(name, "") for name in _HEADERS)
        if self._is_proxy(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = self._client(environ["REMOTE_ADDR"], forwarded_for)
            environ["HTTP_HOST"] = _last(host) or environ.get("HTTP_HOST", "")
        return self._application(environ, start_response)

    def _client(self, proxy: str, forwarded_for: str) -> str:
        client = proxy
        for address in reversed(forwarded_for.split(",")):
            if not self._is_proxy(client) or not _is_address(address.strip()):
                break
            client = address.strip()
        return client

    def _is_in_networks(self, address: str) -> bool:
        if not _is_address(address):
            return False
        known = ip_address(address)
        known = (known.ipv4_mapped or known) if isinstance(known, IPv6Address) else known
        return any(known in network for network in self._networks)


def _last(values: str) -> str:
    return values.rpartition(",")[2].strip()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
