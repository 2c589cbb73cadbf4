"""What may be wrong with the platform."""

import gzip
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey, RSAKey
from jwcrypto.jwk import JWK

from tests.http.lti.hostile.attack import Attack
from tests.http.lti.hostile.tokens import b64
from tests.support.lti_platform import EC, RSA, key_set_of


def key_set(*keys: Any, **changes: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        document = key_set_of(*(keys or (RSA,)))
        document["keys"][0] |= changes
        attack.platform.key_set = document

    return change


def key_set_answer(status: int, body: bytes, **headers: str) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        attack.platform.key_set_answer = (status, headers, body)

    return change


def short_key(attack: Attack) -> None:
    """RSA of 1024 bits, published and used by the platform itself (RFC 7518 section 3.3 asks for 2048)."""
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    pem = numbers.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = JWK.from_pem(pem).export_public(as_dict=True)
    attack.platform.key_set = {"keys": [{**public, "kid": "short"}]}
    text = f"{b64({'alg': 'RS256', 'kid': 'short'})}.{b64(attack.claims)}"
    attack.form["id_token"] = f"{text}.{b64(numbers.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def small_exponent(attack: Attack) -> None:
    """RSA with the exponent 3, for which careless verifiers take forged signatures."""
    key = RSAKey.import_key(rsa.generate_private_key(public_exponent=3, key_size=2048), {"kid": "three"})
    attack.platform.key_set, attack.key = key_set_of(key), key


def other_curve(attack: Attack) -> None:
    """ES256 by a key of P-384."""
    key = ec.generate_private_key(ec.SECP384R1())
    attack.platform.key_set = {"keys": [{**ECKey.import_key(key).as_dict(private=False), "kid": "ec-1"}]}
    text = f"{b64({'alg': 'ES256', 'kid': 'ec-1'})}.{b64(attack.claims)}"
    numbers = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    attack.form["id_token"] = f"{text}.{b64(b''.join(number.to_bytes(48, 'big') for number in numbers))}"


def ec_key(**changes: Any) -> Callable[[Attack], None]:
    """A key that is no point of the curve; the token is signed by the real one."""

    def change(attack: Attack) -> None:
        attack.key = EC
        key_set(EC, **changes)(attack)

    return change


PLATFORM_FAULTS = {
    "exponent of three": small_exponent,
    "curve of another algorithm": other_curve,
    "point beside the curve": ec_key(x="AAAA" * 10 + "AAA"),
    "point at the origin": ec_key(x="A" * 43, y="A" * 43),
    "point too short": ec_key(x="AAAA"),
    "curve of the key is null": ec_key(crv=None),
    "curve of another key": ec_key(crv="P-384"),
    "key set with a byte order mark and nothing": key_set_answer(200, b"\xef\xbb\xbf"),
    "key set is a bomb": key_set_answer(200, gzip.compress(b" " * 50_000_000), **{"Content-Encoding": "gzip"}),
    "keys are an object": key_set_answer(200, json.dumps({"keys": {"rsa-1": RSA.as_dict(private=False)}}).encode()),
    "key set twice": key_set_answer(200, b'{"keys":[]}{"keys":[]}'),
    "key set breaks off": key_set_answer(200, json.dumps(key_set_of(RSA)).encode()[:-20]),
    "key set is gone": key_set_answer(404, b""),
    "key set fails": key_set_answer(500, b"oops"),
    "key set is HTML": key_set_answer(200, b"<html>"),
    "key set is a list": key_set_answer(200, b"[]"),
    "key set without keys": key_set_answer(200, b"{}"),
    "keys are text": key_set_answer(200, b'{"keys": "none"}'),
    "keys are numbers": key_set_answer(200, b'{"keys": [1, null, "x", []]}'),
    "key set is empty": key_set_answer(200, b'{"keys": []}'),
    "key set is redirected": key_set_answer(302, b"", Location="https://evil.example/jwks"),
    "key set is too large": key_set_answer(200, b" " * (5 * 1024 * 1024)),
    "key is for encryption": key_set(RSA, use="enc"),
    "key is not for verification": key_set(RSA, key_ops=["encrypt"]),
    "key operations are text": key_set(RSA, key_ops="verify"),
    "key is for another algorithm": key_set(RSA, alg="RS512"),
    "key is of another kind": key_set(RSA, kty="oct", k="c2VjcmV0"),
    "key is no key": key_set(RSA, n="!!!!" * 200),
    "key with an even modulus": key_set(RSA, n="AAAA" * 100),
    "key without exponent": key_set(RSA, e=None),
    "exponent of one": key_set(RSA, e="AQ"),
    "modulus is a list": key_set(RSA, n=["x"]),
    "key too short": short_key,
    "key far too long": key_set(RSA, n="A" + "Q" * 100_000),
    "key with a huge exponent": key_set(RSA, e="AQ" * 2000),
    "key is null": key_set(RSA, n=None),
    "key kind is a list": key_set(RSA, kty=["RSA"]),
    "use is a list": key_set(RSA, use=["sig"]),
    "algorithm of the key is null": key_set(RSA, alg=5),
    "operations of the key are numbers": key_set(RSA, key_ops=[1, 2]),
    "ten thousand keys, none of them ours": key_set_answer(
        200, json.dumps({"keys": [{"kty": "RSA", "kid": f"k{number}", "n": "x"} for number in range(10_000)]}).encode()
    ),
    "ten thousand keys of one kid": key_set_answer(
        200,
        json.dumps({"keys": [{"kty": "RSA", "kid": "rsa-1", "e": "AQAB", "n": "A" * 342}] * 10_000}).encode(),
    ),
    "key set is nested": key_set_answer(200, b"[" * 100_000),
    "key set of NaN": key_set_answer(200, b'{"keys": [NaN]}'),
    "key set with half a surrogate": key_set_answer(200, b'{"keys": ["\\ud800"]}'),
    "key set is no text": key_set_answer(200, b"\xff\xfe\x00"),
    "key set is empty text": key_set_answer(200, b""),
    "key set says 204": key_set_answer(204, b""),
    "key set says 401": key_set_answer(401, b"", **{"WWW-Authenticate": "Basic"}),
    "key set leads to a private address": key_set_answer(301, b"", Location="http://169.254.169.254/latest"),
    "key set leads to a file": key_set_answer(307, b"", Location="file:///etc/passwd"),
    "key set with a wrong length": key_set_answer(200, b"{}", **{"Content-Length": "99"}),
    "key set is packed and is not": key_set_answer(200, b"{}", **{"Content-Encoding": "gzip"}),
}
