"""One-time codes by RFC 6238."""

import base64
import random
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.oauth.spec.totp import code_at, key_address, key_text, matching_step, plain_recovery_code, recovery_code

SEED = b"12345678901234567890"


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_of_appendix_b(time, code):
    """The last six digits of its eight."""
    assert code_at(SEED, time // 30) == code
    assert matching_step(SEED, f" {code[:3]} {code[3:]} ", time, 0) == time // 30


def test_a_clock_may_be_one_step_off_and_no_more():
    code = code_at(SEED, 1000)
    assert [matching_step(SEED, code, (1000 + drift) * 30, 0) for drift in (-2, -1, 0, 1, 2)] == [
        None,
        1000,
        1000,
        1000,
        None,
    ]


def test_a_code_is_good_once():
    code = code_at(SEED, 1000)
    assert matching_step(SEED, code, 30_000, 999) == 1000
    assert matching_step(SEED, code, 30_000, 1000) is None


@pytest.mark.parametrize("code", ["", "28708", "2870820", "abcdef", "２８７０８２", "\0", "ü" * 6])
def test_other_texts_are_no_codes(code):
    assert matching_step(SEED, code, 59, 0) is None


def test_the_key_as_people_and_programs_take_it():
    assert base64.b32decode(key_text(SEED).replace(" ", "")) == SEED
    address = urlsplit(key_address(SEED, "a b@school.example", "Standards Hub"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert address.path == "/Standards%20Hub:a%20b%40school.example"
    assert base64.b32decode(parse_qs(address.query)["secret"][0]) == SEED


def test_recovery_codes_are_compared_as_people_type_them():
    code = recovery_code(random.Random(1).choice)
    assert plain_recovery_code(code.lower().replace("-", " ")) == plain_recovery_code(code)
    assert len(plain_recovery_code(code)) == 16
