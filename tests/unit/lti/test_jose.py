"""Tokens are taken apart strictly, and only the platform's fitting keys are tried."""

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Unauthenticated
from hub.lti.spec.jose import (
    DEEPEST_JSON,
    LONGEST_EXPONENT,
    LONGEST_TOKEN,
    MOST_KEYS,
    decode,
    is_key_set,
    judge_header,
    matching_keys,
)

HEADER = {"alg": "RS256", "kid": "k1", "typ": "JWT"}
N = "x" * 342
RSA_KEY = {"kty": "RSA", "kid": "k1", "n": N, "e": "AQAB", "use": "sig", "alg": "RS256"}
EC_KEY = {"kty": "EC", "kid": "k1", "crv": "P-256", "x": "a", "y": "b"}


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(header: Any = HEADER, claims: Any = None) -> str:
    return f"{part(header)}.{part({'sub': 'x'} if claims is None else claims)}.c2ln"


def raw(claims: bytes) -> str:
    return f"{part(HEADER)}.{part(claims)}.c2ln"


def test_a_token_is_taken_apart() -> None:
    taken = decode(token())
    assert taken.header == HEADER
    assert taken.claims == {"sub": "x"}


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a.b",
        "a.b.c.d",
        token() + "=",
        token() + "\n",
        token().replace(".", " .", 1),
        token().replace(".", "+.", 1),
        "A" * 70_000,
        raw(b"{"),
        raw(b"[]"),
        raw(b'{"a": NaN}'),
        raw(b'{"a": 1, "a": 2}'),
        raw(b'{"a": "\\ud800"}'),
        raw(b"\xff"),
        token(claims={"a": "\0"}),
        token(claims={"\0": "a"}),
        token(claims=json.loads('{"a":' * 40 + "1" + "}" * 40)),
    ],
)
def test_odd_tokens_are_refused(bad: str) -> None:
    decode(token())
    with pytest.raises(Unauthenticated):
        decode(bad)


def test_nesting_has_a_limit() -> None:
    deepest: Any = 1
    for _ in range(DEEPEST_JSON - 1):
        deepest = {"a": deepest}
    decode(token(claims=deepest))
    with pytest.raises(Unauthenticated, match="nested"):
        decode(token(claims={"a": deepest}))


def test_length_has_a_limit() -> None:
    room = LONGEST_TOKEN - len(token())
    decode(token() + "a" * room)
    with pytest.raises(Unauthenticated, match="longer"):
        decode(token() + "a" * (room + 1))
    assert LONGEST_TOKEN == 65_536


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_these_algorithms_are_taken(algorithm: str) -> None:
    judge_header({"alg": algorithm, "kid": "k1"})


@pytest.mark.parametrize(
    "change",
    [
        *(
            {"alg": name}
            for name in ("none", "None", "HS256", "HS512", "RS384", "PS256", "EdDSA", "", None, 1, ["RS256"])
        ),
        *({"kid": value} for value in ("", None, 1)),
        *({name: "x"} for name in ("jku", "x5u", "jwk", "x5c", "crit", "b64", "cty", "zip")),
        {"typ": "at+jwt"},
        {"typ": 1},
    ],
    ids=repr,
)
def test_other_headers_are_refused(change: dict[str, Any]) -> None:
    judge_header(HEADER)
    with pytest.raises(Unauthenticated):
        judge_header(HEADER | change)


@pytest.mark.parametrize(
    ("key", "header", "fits"),
    [
        (RSA_KEY, HEADER, True),
        ({k: v for k, v in RSA_KEY.items() if k not in {"use", "alg"}}, HEADER, True),
        (RSA_KEY | {"key_ops": ["verify"]}, HEADER, True),
        (EC_KEY, HEADER | {"alg": "ES256"}, True),
        (RSA_KEY | {"kid": "k2"}, HEADER, False),
        (RSA_KEY | {"use": "enc"}, HEADER, False),
        (RSA_KEY | {"key_ops": ["sign"]}, HEADER, False),
        (RSA_KEY | {"key_ops": "verify"}, HEADER, False),
        (RSA_KEY | {"alg": "RS512"}, HEADER, False),
        (RSA_KEY | {"kty": "oct"}, HEADER, False),
        (RSA_KEY | {"n": "x" * 171}, HEADER, False),
        (RSA_KEY | {"n": None}, HEADER, False),
        (RSA_KEY | {"e": "Aw"}, HEADER, False),
        (RSA_KEY | {"e": 65537}, HEADER, False),
        (RSA_KEY | {"e": "A" * (LONGEST_EXPONENT - 4) + "AQAB"}, HEADER, True),
        (RSA_KEY | {"e": "A" * (LONGEST_EXPONENT - 3) + "AQAB"}, HEADER, False),
        (RSA_KEY | {"n": "x" * 2731}, HEADER, True),
        (RSA_KEY | {"n": "x" * 2732}, HEADER, False),
        (RSA_KEY, HEADER | {"alg": "ES256"}, False),
        (EC_KEY, HEADER, False),
        (EC_KEY | {"crv": "P-384"}, HEADER | {"alg": "ES256"}, False),
    ],
)
def test_only_fitting_keys_are_tried(key: dict[str, Any], header: dict[str, Any], fits: bool) -> None:
    found = matching_keys({"keys": [1, None, key]}, header)
    assert bool(found) is fits


def test_so_many_keys_of_one_name_are_tried() -> None:
    assert len(matching_keys({"keys": [RSA_KEY] * 10}, HEADER)) == MOST_KEYS == 4


def test_private_parts_and_certificates_are_left_out() -> None:
    assert matching_keys({"keys": [RSA_KEY | {"d": "secret", "x5u": "https://x"}]}, HEADER) == [
        {"kty": "RSA", "n": N, "e": "AQAB"}
    ]


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, "keys"])
def test_what_is_no_key_set(document: Any) -> None:
    assert not is_key_set(document)
    with pytest.raises(Unauthenticated):
        matching_keys(document, HEADER)


@given(st.text() | st.binary().map(lambda raw: f"{part(raw)}.{part(raw)}.{part(raw)}"))
def test_anything_is_taken_or_refused(text: str) -> None:
    with contextlib.suppress(Unauthenticated):
        decode(text)
