"""Which JSON Web Tokens are looked at, and with which key (RFC 7515, RFC 7517, 1EdTech Security Framework
1.0).

Nothing here trusts the token: the header is only asked *which* of the platform's published keys to try.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from hub.errors import Unauthenticated, Violation, say

#: Asymmetric only: with an HMAC algorithm a public key would pass as the shared secret (RFC 8725 section
#: 2.1).
ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}

LONGEST_TOKEN = 64 * 1024
DEEPEST_JSON = 32
SHORTEST_RSA_BITS = 2048
#: Larger ones make every launch dear, and OpenSSL refuses them from here on.
LONGEST_RSA_BITS = 16_384
#: Verifiers that check the padding carelessly take forged signatures for smaller ones; every platform uses this one
#: (FIPS 186-5, A.1.1: above 2^16 and below 2^256).
SMALLEST_EXPONENT, LONGEST_EXPONENT = 65537, 44
#: So many keys of one `kid` are tried; a platform has one, or two of different kinds.
MOST_KEYS = 4

# Keys that a token brings along or points to are the sender's choice, not the platform's (RFC 8725 section
# 3.10).
_KEYS_OF_THE_TOKEN = ("jku", "x5u", "jwk", "x5c")
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Unverified:
    """A decoded token whose signature has not been checked. `header` has passed `judge_header`."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def decode(token: str) -> Unverified:
    """Take a compact JWS apart, strictly (RFC 7515 section 7.1); anything odd raises `Unauthenticated`."""
    if len(token) > LONGEST_TOKEN:
        raise _refused("id_token", say("is longer than %(most)s characters", most=LONGEST_TOKEN))
    if not _COMPACT.fullmatch(token):
        raise _refused("id_token", say("is not a signed token of three base64url parts"))
    header_part, claims_part, _ = token.split(".")
    header = _json_object(header_part, "id_token header")
    judge_header(header)
    return Unverified(header, _json_object(claims_part, "id_token claims"))


def judge_header(header: Mapping[str, Any]) -> None:
    """Refuse a header that the Hub does not take (RFC 7515 section 4, Security Framework section 5.1.3)."""
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise _refused("id_token header alg", say("is not allowed"), str(algorithm)[:100], sorted(ALGORITHMS))
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        raise _refused("id_token header kid", say("is missing: it must name the key of the platform's key set"))
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise _refused("id_token header typ", say("is not JWT"), str(header["typ"])[:100], "JWT")
    for name in _KEYS_OF_THE_TOKEN:
        if name in header:
            raise _refused(f"id_token header {name}", say("is not taken: only the registered key set is"))
    for name in ("crit", "b64", "cty", "zip"):
        if name in header:
            raise _refused(f"id_token header {name}", say("is an extension that the Hub does not know"))


def matching_keys(key_set: object, header: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The keys of a platform's JWKS that may have signed under this header; usually one, none when unknown.

    A key fits when its `kid` and type match, and its `use`, `key_ops` and `alg`, where given, allow
    verification with this algorithm (RFC 7517 section 4).
    """
    keys = key_set.get("keys") if isinstance(key_set, Mapping) else None
    if not isinstance(keys, list):
        raise _refused("platform key set", say("is not a JSON Web Key Set: it has no list of keys"))
    fitting = (_public_part(key) for key in keys if isinstance(key, dict) and _fits(key, header))
    return list(islice(fitting, MOST_KEYS))


def is_key_set(document: object) -> bool:
    """Whether a fetched document is a JWKS that is worth keeping (RFC 7517 section 5)."""
    return isinstance(document, dict) and isinstance(document.get("keys"), list)


def _fits(key: Mapping[str, Any], header: Mapping[str, Any]) -> bool:
    operations = key.get("key_ops")
    return (
        key.get("kid") == header["kid"]
        and key.get("kty") == ALGORITHMS[header["alg"]]
        and key.get("alg", header["alg"]) == header["alg"]
        and key.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and _is_strong(key)
    )


def _is_strong(key: Mapping[str, Any]) -> bool:
    if key["kty"] == "EC":
        return key.get("crv") == "P-256"
    modulus = key.get("n")
    # Base64 has 6 bits a character, and up to 5 more than the number.
    is_long = isinstance(modulus, str) and SHORTEST_RSA_BITS <= len(modulus.rstrip("=")) * 6 < LONGEST_RSA_BITS + 6
    return is_long and _number(key.get("e")) >= SMALLEST_EXPONENT


def _number(value: object) -> int:
    """A Base64urlUInt (RFC 7518 section 2); 0 for what is none, or too long for an exponent."""
    if not isinstance(value, str) or len(value) > LONGEST_EXPONENT:
        return 0
    try:
        return int.from_bytes(urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except ValueError:
        return 0


def _public_part(key: Mapping[str, Any]) -> dict[str, Any]:
    """Only the members that make the public key: certificates and addresses in it are not looked at."""
    names: Sequence[str] = ("kty", "n", "e") if key["kty"] == "RSA" else ("kty", "crv", "x", "y")
    return {name: key[name] for name in names if name in key}


def _json_object(part: str, where: str) -> dict[str, Any]:
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        orjson.loads(raw)  # Refuses what the standard library lets pass: NaN, lone surrogates, bad UTF-8.
        value = json.loads(raw, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        raise _refused(where, say("is not base64url-encoded JSON")) from None
    if not isinstance(value, dict):
        raise _refused(where, say("is not a JSON object"))
    _judge_values(value, where, DEEPEST_JSON)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse members that occur twice: two readers could see two different messages (RFC 7519 section 4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _judge_values(value: object, where: str, depth: int) -> None:
    """Refuse values that cannot be stored or that only serve to exhaust: NUL characters, deep nesting."""
    if depth == 0:
        raise _refused(where, say("is nested deeper than %(levels)s levels", levels=DEEPEST_JSON))
    if isinstance(value, str) and "\0" in value:
        raise _refused(where, say("has a NUL character"))
    if isinstance(value, dict):
        for name, item in value.items():
            _judge_values(name, where, depth)
            _judge_values(item, where, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _judge_values(item, where, depth - 1)


def _refused(where: str, message: str, found: object = None, allowed: object = None) -> Unauthenticated:
    violation = Violation("1EdTech Security Framework 1.0, 5.1.3", where, message, found, allowed)
    return Unauthenticated(
        say("The %(where)s %(fault)s.", where=where, fault=message), code="lti_token_refused", violations=[violation]
    )
