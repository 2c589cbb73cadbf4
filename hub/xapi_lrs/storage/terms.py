"""Search terms as 64-bit numbers.

A term is the keyed BLAKE2b hash of its kind and value; the key is the store's own, so terms of two stores never meet
on purpose, and nobody can make two values collide at will. With ten million distinct terms the chance that any two
of them share a number is about one in four hundred thousand.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from hub.xapi_lrs.spec.filing import Term

#: The longest value whose hash is remembered: what clients send must not fill the memory.
_SHORT = 256


def term_bytes(key: bytes, kind: str, value: str) -> bytes:
    """The term as PostgreSQL writes a bigint in binary."""
    return _remembered(key, kind, value) if len(value) <= _SHORT else _hash(key, kind, value)


def _hash(key: bytes, kind: str, value: str) -> bytes:
    return blake2b(f"{kind}{value}".encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()


#: The same few terms make up most statements.
_remembered = lru_cache(maxsize=65_536)(_hash)


def term_number(key: bytes, term: Term) -> int:
    """The term as the number that is stored."""
    return int.from_bytes(term_bytes(key, *term), "big", signed=True)


def all_term_bytes(key: bytes, terms: Iterable[Term]) -> list[bytes]:
    """Every term as bytes, in order."""
    return [term_bytes(key, kind, value) for kind, value in terms]


def forget() -> None:
    """Forget the values whose hashes are remembered."""
    _remembered.cache_clear()
