"""What may be wrong with the token."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwe, jwt
from joserfc.jwk import OctKey

from tests.http.lti.hostile.attack import Attack
from tests.support.lti_platform import EC, RSA, STRANGER


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(make: Callable[[Attack], str | None]) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        attack.form["id_token"] = make(attack)

    return change


def header(**members: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        attack.header.update(members)

    return change


def signed_by(key: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        attack.key = key

    return change


def raw_signed(attack: Attack, header_json: bytes, claims_json: bytes) -> str:
    """A token over exactly these bytes, rightly signed."""
    text = f"{b64(header_json)}.{b64(claims_json)}"
    signature = RSA.private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{b64(signature)}"


def by_other_algorithm(attack: Attack, name: str, how: Any, digest: Any) -> str:
    """Rightly signed by the platform's key, with an algorithm that is not on the list."""
    text = f"{b64({'alg': name, 'kid': RSA.kid})}.{b64(attack.claims)}"
    return f"{text}.{b64(RSA.private_key.sign(text.encode(), how, digest))}"


def hmac_with_public_key(attack: Attack) -> str:
    """The classic confusion: HS256 with the platform's public key as the secret."""
    text = f"{b64({'alg': 'HS256', 'kid': RSA.kid})}.{b64(attack.claims)}"
    signature = hmac.new(RSA.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"{text}.{b64(signature)}"


def with_duplicate(attack: Attack) -> str:
    twice = json.dumps(attack.claims)[:-1] + ', "sub": "administrator"}'
    return raw_signed(attack, json.dumps({"alg": "RS256", "kid": RSA.kid}).encode(), twice.encode())


def with_nan(attack: Attack) -> str:
    text = json.dumps(attack.claims | {"exp": float("nan")})
    return raw_signed(attack, json.dumps({"alg": "RS256", "kid": RSA.kid}).encode(), text.encode())


def with_lone_surrogate(attack: Attack) -> str:
    text = json.dumps(attack.claims | {"name": "\ud800"})
    return raw_signed(attack, json.dumps({"alg": "RS256", "kid": RSA.kid}).encode(), text.encode())


def other_claims(attack: Attack) -> str:
    """The signature of the good claims under others."""
    head, _, signature = attack.token().split(".")
    return f"{head}.{b64(attack.claims | {'sub': 'administrator'})}.{signature}"


def with_header(header_json: bytes) -> Callable[[Attack], None]:
    """Rightly signed under exactly this header."""
    return token(lambda attack: raw_signed(attack, header_json, json.dumps(attack.claims).encode()))


def by_ec(attack: Attack, header: dict[str, Any]) -> str:
    """Signed by the platform's EC key under a header that says something else."""
    text = f"{b64(header)}.{b64(attack.claims)}"
    signature = EC.private_key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    numbers = decode_dss_signature(signature)
    return f"{text}.{b64(b''.join(number.to_bytes(32, 'big') for number in numbers))}"


def encrypted(attack: Attack) -> str:
    """A whole token within an encrypted one (RFC 7516), for a key that anybody could make."""
    return jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM", "kid": RSA.kid, "cty": "JWT"}, attack.token(), OctKey.generate_key(256)
    )


def part(number: int, change: Callable[[str], str]) -> Callable[[Attack], None]:
    def make(attack: Attack) -> str:
        parts = attack.token().split(".")
        parts[number] = change(parts[number])
        return ".".join(parts)

    return token(make)


JWK_OF_STRANGER = STRANGER.as_dict(private=False)
TOKEN_FAULTS = {
    "no token": token(lambda a: None),
    "empty token": token(lambda a: ""),
    "no token at all": token(lambda a: "not-a-token"),
    "two parts": token(lambda a: a.token().rpartition(".")[0]),
    "four parts": token(lambda a: a.token() + ".x"),
    "five parts (encrypted)": token(lambda a: "e30.a.b.c.d"),
    "header is no JSON": part(0, lambda text: b64(b"{")),
    "header is a list": part(0, lambda text: b64([])),
    "claims are no JSON": part(1, lambda text: b64(b"\xff\xfe")),
    "claims are a list": token(lambda a: raw_signed(a, b'{"alg":"RS256","kid":"rsa-1"}', b"[]")),
    "claims are empty": token(lambda a: raw_signed(a, b'{"alg":"RS256","kid":"rsa-1"}', b"{}")),
    "a member twice": token(with_duplicate),
    "NaN": token(with_nan),
    "half a surrogate": token(with_lone_surrogate),
    "a member of a claim twice": token(
        lambda a: raw_signed(
            a,
            b'{"alg":"RS256","kid":"rsa-1"}',
            json.dumps(a.claims).replace('"id": "link-1"', '"id": "link-2", "id": "link-1"').encode(),
        )
    ),
    "infinity": token(
        lambda a: raw_signed(a, b'{"alg":"RS256","kid":"rsa-1"}', json.dumps(a.claims | {"exp": float("inf")}).encode())
    ),
    "claims in UTF-16": token(
        lambda a: raw_signed(a, b'{"alg":"RS256","kid":"rsa-1"}', json.dumps(a.claims).encode("utf-16"))
    ),
    "claims in quotes": token(
        lambda a: raw_signed(a, b'{"alg":"RS256","kid":"rsa-1"}', json.dumps(json.dumps(a.claims)).encode())
    ),
    "flattened JSON serialization": token(
        lambda a: json.dumps(dict(zip(("protected", "payload", "signature"), a.token().split("."), strict=True)))
    ),
    "detached payload": token(lambda a: a.token().split(".")[0] + ".." + a.token().split(".")[2]),
    "padded base64": part(1, lambda text: text + "="),
    "blanks in base64": part(1, lambda text: text[:10] + " " + text[10:]),
    "too long": token(lambda a: a.token() + "A" * 70_000),
    "no signature": part(2, lambda text: ""),
    "signature of zeros": part(2, lambda text: b64(b"\0" * 256)),
    "signature cut short": part(2, lambda text: text[:-8]),
    "one bit of the signature": part(2, lambda text: ("A" if text[0] != "A" else "B") + text[1:]),
    "claims exchanged": token(other_claims),
    "alg none": token(lambda a: f"{b64({'alg': 'none', 'kid': RSA.kid})}.{b64(a.claims)}."),
    "alg none with a signature": token(lambda a: f"{b64({'alg': 'none', 'kid': RSA.kid})}.{b64(a.claims)}.AAAA"),
    "alg NoNe": token(lambda a: f"{b64({'alg': 'NoNe', 'kid': RSA.kid})}.{b64(a.claims)}.AAAA"),
    "HS256 with the public key": token(hmac_with_public_key),
    "HS256 with a guessed secret": token(
        lambda a: jwt.encode({"alg": "HS256", "kid": RSA.kid}, a.claims, OctKey.import_key("secret" * 8))
    ),
    "RS512": token(lambda a: by_other_algorithm(a, "RS512", padding.PKCS1v15(), hashes.SHA512())),
    "PS256": token(
        lambda a: by_other_algorithm(a, "PS256", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    ),
    "no alg": part(0, lambda text: b64({"kid": RSA.kid})),
    "alg is a list": part(0, lambda text: b64({"alg": ["RS256"], "kid": RSA.kid})),
    "no kid": header(kid=None),
    "unknown kid": header(kid="rsa-2"),
    "empty kid": header(kid=""),
    "kid is a path": header(kid="../../../../dev/null"),
    "kid is SQL": header(kid="' OR 1=1 --"),
    "kid is a number": part(0, lambda text: b64({"alg": "RS256", "kid": 1})),
    "kid of the key of another kind": header(kid="ec-1"),
    "typ of an access token": header(typ="at+jwt"),
    "critical extension": part(0, lambda text: b64({"alg": "RS256", "kid": RSA.kid, "crit": ["exp"]})),
    "nested token": header(cty="JWT"),
    "a stranger's key under a known kid": signed_by(STRANGER),
    "key set address in the header": header(jku="https://evil.example/jwks"),
    "certificate address in the header": header(x5u="https://evil.example/cert"),
    "key in the header": header(jwk=JWK_OF_STRANGER),
    "certificate in the header": header(x5c=["MIIB"]),
    "kid is null": with_header(b'{"alg":"RS256","kid":null}'),
    "kid is a list": with_header(b'{"alg":"RS256","kid":["rsa-1"]}'),
    "kid is huge": with_header(b'{"alg":"RS256","kid":"' + b"x" * 20_000 + b'"}'),
    "kid with a blank": with_header(b'{"alg":"RS256","kid":"rsa-1 "}'),
    "kid with NUL": with_header(b'{"alg":"RS256","kid":"rsa-1\\u0000"}'),
    "kid twice": with_header(b'{"alg":"RS256","kid":"rsa-2","kid":"rsa-1"}'),
    "alg twice": with_header(b'{"alg":"none","kid":"rsa-1","alg":"RS256"}'),
    "alg in small letters": with_header(b'{"alg":"rs256","kid":"rsa-1"}'),
    "alg is null": with_header(b'{"alg":null,"kid":"rsa-1"}'),
    "alg is a number": with_header(b'{"alg":256,"kid":"rsa-1"}'),
    "ES256 of the RSA key": with_header(b'{"alg":"ES256","kid":"rsa-1"}'),
    "ES384": token(lambda a: by_ec(a, {"alg": "ES384", "kid": EC.kid})),
    "RS256 of the EC key": token(lambda a: by_ec(a, {"alg": "RS256", "kid": EC.kid})),
    "ES256K": token(lambda a: by_ec(a, {"alg": "ES256K", "kid": EC.kid})),
    "EdDSA": with_header(b'{"alg":"EdDSA","kid":"rsa-1"}'),
    "payload that is not encoded": with_header(b'{"alg":"RS256","kid":"rsa-1","b64":false,"crit":["b64"]}'),
    "b64 alone": with_header(b'{"alg":"RS256","kid":"rsa-1","b64":false}'),
    "crit is empty": with_header(b'{"alg":"RS256","kid":"rsa-1","crit":[]}'),
    "packed": with_header(b'{"alg":"RS256","kid":"rsa-1","zip":"DEF"}'),
    "thumbprint of a certificate and no kid": with_header(b'{"alg":"RS256","x5t":"AAAA"}'),
    "typ is a number": with_header(b'{"alg":"RS256","kid":"rsa-1","typ":1}'),
    "typ of a logout token": header(typ="logout+jwt"),
    "header is null": with_header(b"null"),
    "header is text": with_header(b'"RS256"'),
    "header is nested": with_header(b'{"alg":"RS256","kid":"rsa-1","x":' + b"[" * 60 + b"]" * 60 + b"}"),
    "header in UTF-16": with_header('{"alg":"RS256","kid":"rsa-1"}'.encode("utf-16")),
    "header with a byte order mark": with_header(b'\xef\xbb\xbf{"alg":"RS256","kid":"rsa-1"}'),
    "header with a comment": with_header(b'{"alg":"RS256","kid":"rsa-1"/**/}'),
    "header and more": with_header(b'{"alg":"RS256","kid":"rsa-1"}{}'),
    "encrypted": token(encrypted),
    "a line break before": token(lambda a: "\n" + a.token()),
    "a line break after": token(lambda a: a.token() + "\n"),
    "a line break within": part(2, lambda text: text[:20] + "\r\n" + text[20:]),
    "a full stop after": token(lambda a: a.token() + "."),
    "a full stop before": token(lambda a: "." + a.token()),
    "standard base64": part(2, lambda text: "+/" + text[2:]),
    "letters of full width": part(1, lambda text: "\uff45" + text[1:]),
    "a quote around": token(lambda a: f'"{a.token()}"'),
    "Bearer before": token(lambda a: f"Bearer {a.token()}"),
    "JSON serialization": token(lambda a: json.dumps({"payload": a.token().split(".")[1], "signatures": []})),
    "signature of another message": token(
        lambda a: ".".join([*a.token().split(".")[:2], a.platform.sign({"x": 1}).split(".")[2]])
    ),
    "signature twice": part(2, lambda text: text + text),
}
