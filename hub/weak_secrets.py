"""Secrets of the settings that are no secrets: missing, short, or those that everybody tries first."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from hub.config import Settings

SHORTEST = 16
_TRIED_FIRST = frozenset(
    {"postgres", "password", "secret", "admin", "changeme", "change-me", "hub", "redis", "minioadmin", "root", "test"}
)


def weak_secrets(settings: Settings) -> list[str]:
    """What to change, a sentence for each; no secret is ever part of one."""
    return (
        [*_of_address("HUB_DATABASE_URL", settings.database_url), *_of_redis(settings), *_of_s3(settings)]
        + [
            f"{name} is http on a host of the network: cookies and tokens can be read on the way. Use https."
            for name, address in (("HUB_PUBLIC_URL", settings.public_url), ("HUB_CONTENT_URL", settings.content_url))
            if address.startswith("http://") and not _is_here(urlsplit(address).hostname or "")
        ]
        + list(_of_proxies(settings))
    )


def _of_proxies(settings: Settings) -> Iterator[str]:
    """The Hub itself speaks http, so with an https address there is a proxy in front."""
    if settings.public_url.startswith("https://") and not settings.trusted_proxies:
        yield (
            "HUB_TRUSTED_PROXIES is empty although HUB_PUBLIC_URL is https: all visitors have the address of the "
            "proxy, and slow each other down at sign-in."
        )


def _of_redis(settings: Settings) -> Iterator[str]:
    parts = urlsplit(settings.redis_url)
    if parts.scheme == "redis" and not _is_here(parts.hostname or ""):
        yield "HUB_REDIS_URL goes over the network in the clear: use rediss://."
    yield from _of_address("HUB_REDIS_URL", settings.redis_url)


def _of_s3(settings: Settings) -> Iterator[str]:
    if settings.s3_secret_access_key and _is_weak(settings.s3_secret_access_key):
        yield "HUB_S3_SECRET_ACCESS_KEY is short or one that everybody tries first."


def _of_address(name: str, address: str) -> Iterator[str]:
    parts = urlsplit(address)
    password = unquote(parts.password or "")
    if not password and not _is_here(parts.hostname or ""):
        yield f"{name} has no password."
    if password and (_is_weak(password) or password == parts.username):
        yield f"The password in {name} is short or one that everybody tries first."


def _is_weak(secret: str) -> bool:
    return len(secret) < SHORTEST or secret.lower().strip("0123456789!") in _TRIED_FIRST or len(set(secret)) < 6


def _is_here(host: str) -> bool:
    """This machine: loopback, or a socket without a host."""
    if host in {"", "localhost"} or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
