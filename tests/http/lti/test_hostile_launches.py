"""A hostile platform: launches with one fault each. All share their set-up with a launch that is let in.

`good` makes the launch and `test_the_launch_without_a_fault_is_let_in` proves it good; each row of `FAULTS` changes one
thing of it. Every row must be refused with a 4xx, and the page must not repeat the token.
"""

import base64
import gzip
import hashlib
import hmac
import html
import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from flask.testing import FlaskClient
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from jwcrypto.jwk import JWK
from werkzeug.test import TestResponse

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.platforms import PlatformChange, Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.platform import PlatformDetails
from tests.support.lti_platform import (
    EC,
    INSTRUCTOR,
    LAUNCH_URL,
    LEARNER,
    RSA,
    STRANGER,
    Login,
    LtiPlatform,
    key_set_of,
    running,
)

GONE = None
NOW = time.time


@dataclass
class Attack:
    """A launch in the making: everything that a fault may change."""

    client: FlaskClient
    platform: LtiPlatform
    login: Login
    claims: dict[str, Any]
    form: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSA)
    header: dict[str, Any] = field(default_factory=dict)

    def token(self) -> str:
        return self.platform.sign(self.claims, self.key, **self.header)

    def send(self, headers: dict[str, str] | None = None) -> TestResponse:
        fields = {"state": self.login.sent["state"], **self.form}
        fields.setdefault("id_token", None)
        if "id_token" not in self.form:
            fields["id_token"] = self.token()
        data = {name: value for name, value in fields.items() if value is not None}
        return self.client.post("/lti/launch", data=data, headers=headers)


@pytest.fixture
def good(client: FlaskClient, platform: LtiPlatform, package: UUID) -> Attack:
    """A launch that is let in as it stands."""
    login = platform.begin(client)
    claims = platform.claims(login, **{v.CUSTOM: {"package_id": str(package)}}, **platform.ags())
    return Attack(client, platform, login, claims)


def test_the_launch_without_a_fault_is_let_in(good: Attack) -> None:
    assert good.send().status_code == 303


# What may be wrong with a claim ---------------------------------------------------------------------------------------


def claim(name: str, value: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        made = value(attack) if callable(value) else value
        if made is GONE:
            del attack.claims[name]
        else:
            attack.claims[name] = made

    return change


def null(name: str) -> Callable[[Attack], None]:
    return lambda attack: attack.claims.update({name: None})


def member(name: str, **members: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        attack.claims[name] = {**attack.claims[name], **members}

    return change


CLAIM_FAULTS = {
    "no issuer": claim("iss", GONE),
    "another issuer": claim("iss", "https://evil.example"),
    "issuer with a slash more": claim("iss", lambda a: a.platform.issuer + "/"),
    "issuer is a list": claim("iss", lambda a: [a.platform.issuer]),
    "issuer is null in a list": claim("iss", [None]),
    "no audience": claim("aud", GONE),
    "another audience": claim("aud", "client-of-another"),
    "empty audience": claim("aud", []),
    "audience without us": claim("aud", ["a", "b"]),
    "audience is a number": claim("aud", 5),
    "audience is an object": claim("aud", lambda a: {a.platform.client_id: 1}),
    "audience with a number": claim("aud", lambda a: [a.platform.client_id, 5]),
    "several audiences without azp": claim("aud", lambda a: [a.platform.client_id, "other"]),
    "azp of another": claim("azp", "other"),
    "azp is a list": claim("azp", lambda a: [a.platform.client_id]),
    "no exp": claim("exp", GONE),
    "expired": claim("exp", lambda a: int(NOW()) - 61),
    "exp is text": claim("exp", lambda a: str(int(NOW()) + 60)),
    "exp is true": claim("exp", True),
    "exp is a list": claim("exp", [9999999999]),
    "exp in a thousand years": claim("exp", lambda a: int(NOW()) + 1000 * 365 * 86400),
    "exp beyond all numbers": claim("exp", 10**400),
    "no iat": claim("iat", GONE),
    "iat in the future": claim("iat", lambda a: int(NOW()) + 65),
    "iat of yesterday": claim("iat", lambda a: int(NOW()) - 86400),
    "iat is text": claim("iat", "now"),
    "iat after exp": claim("iat", lambda a: a.claims["exp"] + 1),
    "nbf in the future": claim("nbf", lambda a: int(NOW()) + 65),
    "nbf is text": claim("nbf", "soon"),
    "no nonce": claim("nonce", GONE),
    "another nonce": claim("nonce", "made-up"),
    "nonce is a list": claim("nonce", lambda a: [a.login.sent["nonce"]]),
    "empty nonce": claim("nonce", ""),
    "no subject": claim("sub", GONE),
    "empty subject": claim("sub", ""),
    "subject of blanks": claim("sub", "   "),
    "subject is a number": claim("sub", 7),
    "subject too long": claim("sub", "x" * 256),
    "subject is not ASCII": claim("sub", "Ada\u2028"),
    "subject with NUL": claim("sub", "a\0b"),
    "no message type": claim(v.MESSAGE_TYPE, GONE),
    "unknown message type": claim(v.MESSAGE_TYPE, "LtiStartAssessment"),
    "message type is a list": claim(v.MESSAGE_TYPE, [v.RESOURCE_LINK_REQUEST]),
    "message type of our own answer": claim(v.MESSAGE_TYPE, v.DEEP_LINKING_RESPONSE),
    "message type in other letters": claim(v.MESSAGE_TYPE, "ltiresourcelinkrequest"),
    "deep linking without settings": claim(v.MESSAGE_TYPE, v.DEEP_LINKING_REQUEST),
    "no version": claim(v.VERSION, GONE),
    "version 1.1": claim(v.VERSION, "LTI-1p0"),
    "version is a number": claim(v.VERSION, 1.3),
    "no deployment": claim(v.DEPLOYMENT_ID, GONE),
    "unknown deployment": claim(v.DEPLOYMENT_ID, "deployment-2"),
    "deployment is a number": claim(v.DEPLOYMENT_ID, 1),
    "deployment too long": claim(v.DEPLOYMENT_ID, "d" * 300),
    "no target": claim(v.TARGET_LINK_URI, GONE),
    "target of another host": claim(v.TARGET_LINK_URI, "https://evil.example/lti/launch"),
    "target beginning like ours": claim(v.TARGET_LINK_URI, LAUNCH_URL + ".evil.example/"),
    "target elsewhere on our host": claim(v.TARGET_LINK_URI, "http://localhost:8000/console"),
    "target other than the login's": claim(v.TARGET_LINK_URI, LAUNCH_URL + "?package=1"),
    "target is script": claim(v.TARGET_LINK_URI, "javascript:alert(1)"),
    "no resource link": claim(v.RESOURCE_LINK, GONE),
    "resource link is text": claim(v.RESOURCE_LINK, "link-1"),
    "resource link without id": claim(v.RESOURCE_LINK, {"title": "Unit 1"}),
    "resource link with empty id": claim(v.RESOURCE_LINK, {"id": ""}),
    "resource link id is a number": claim(v.RESOURCE_LINK, {"id": 1}),
    "resource link id too long": claim(v.RESOURCE_LINK, {"id": "x" * 256}),
    "resource link title is an object": claim(v.RESOURCE_LINK, {"id": "link-1", "title": {}}),
    "no roles": claim(v.ROLES, GONE),
    "roles is text": claim(v.ROLES, LEARNER),
    "roles with a number": claim(v.ROLES, [LEARNER, 1]),
    "roles is an object": claim(v.ROLES, {INSTRUCTOR: True}),
    "too many roles": claim(v.ROLES, [LEARNER] * 1000),
    "context is text": claim(v.CONTEXT, "course-1"),
    "context without id": claim(v.CONTEXT, {"title": "x"}),
    "context id is a list": claim(v.CONTEXT, {"id": ["course-1"]}),
    "custom is a list": claim(v.CUSTOM, ["package_id"]),
    "custom with an object": claim(v.CUSTOM, {"package_id": {"$ne": ""}}),
    "custom too long": claim(v.CUSTOM, {"package_id": "x" * 9000}),
    "name is an object": claim("name", {"first": "Ada"}),
    "name with NUL": claim("name", "Ada\0"),
    "name too long": claim("name", "A" * 5000),
    "email is a list": claim("email", ["ada@school.example"]),
    "presentation is text": claim(v.LAUNCH_PRESENTATION, "iframe"),
    "return address is script": claim(v.LAUNCH_PRESENTATION, {"return_url": "javascript:alert(1)"}),
    "return address is data": claim(v.LAUNCH_PRESENTATION, {"return_url": "data:text/html,x"}),
    "ags is a list": claim(v.AGS_ENDPOINT, []),
    "ags without scope": claim(v.AGS_ENDPOINT, {"lineitem": "https://lms.example/1"}),
    "ags scope is text": member(v.AGS_ENDPOINT, scope=v.SCOPE_SCORE),
    "line item is a file": member(v.AGS_ENDPOINT, lineitem="file:///etc/passwd"),
    "line item is gopher": member(v.AGS_ENDPOINT, lineitem="gopher://127.0.0.1:6379/x"),
    "line item with a user": member(v.AGS_ENDPOINT, lineitem="https://a:b@lms.example/1"),
    "line item is a number": member(v.AGS_ENDPOINT, lineitem=1),
    "line items with a line break": member(v.AGS_ENDPOINT, lineitems="https://lms.example/\r\nX: 1"),
    "line items too long": member(v.AGS_ENDPOINT, lineitems="https://lms.example/" + "x" * 3000),
    "names and roles without address": claim(v.NAMES_ROLE_SERVICE, {}),
    "names and roles is a file": claim(v.NAMES_ROLE_SERVICE, {"context_memberships_url": "file:///x"}),
    "nested too deep": claim("deep", json.loads("[" * 60 + "]" * 60)),
    "several audiences with an empty azp": lambda a: a.claims.update(aud=[a.platform.client_id, "other"], azp=""),
    "several audiences with azp of the other": lambda a: a.claims.update(
        aud=[a.platform.client_id, "other"], azp="other"
    ),
    "audience with blanks around": claim("aud", lambda a: f" {a.platform.client_id} "),
    "audience in other letters": claim("aud", lambda a: a.platform.client_id.upper()),
    "audience in a list in a list": claim("aud", lambda a: [[a.platform.client_id]]),
    "issuer in other letters": claim("iss", lambda a: a.platform.issuer.upper()),
    "issuer with a blank": claim("iss", lambda a: a.platform.issuer + " "),
    "exp is negative": claim("exp", -1),
    "exp with an exponent": claim("exp", 1e300),
    "exp at the moment of iat": lambda a: a.claims.update(exp=a.claims["iat"]),
    "iat is negative": claim("iat", -1),
    "nonce in other letters": claim("nonce", lambda a: a.login.sent["nonce"].swapcase()),
    "the state as the nonce": claim("nonce", lambda a: a.login.sent["state"]),
    "subject of look-alike letters": claim("sub", "\u0430dmin"),
    "subject that turns text around": claim("sub", "\u202egro.loohcs"),
    "deployment with a blank": claim(v.DEPLOYMENT_ID, "deployment-1 "),
    "version with a blank": claim(v.VERSION, "1.3.0 "),
    "target with a user": claim(v.TARGET_LINK_URI, "http://localhost:8000@evil.example/lti/launch"),
    "target with a path above": claim(v.TARGET_LINK_URI, LAUNCH_URL + "/../../console"),
    "target with a fragment": claim(v.TARGET_LINK_URI, LAUNCH_URL + "#x"),
    "return address of a host with a star": claim(v.LAUNCH_PRESENTATION, {"return_url": "https://*/"}),
    "return address that ends our policy": claim(v.LAUNCH_PRESENTATION, {"return_url": "https://lms.example;x/"}),
    "return address with half a bracket": claim(v.LAUNCH_PRESENTATION, {"return_url": "https://[::1/"}),
    "return address of port 0": claim(v.LAUNCH_PRESENTATION, {"return_url": "https://lms.example:0/"}),
    "line item is relative": member(v.AGS_ENDPOINT, lineitem="/items/1/lineitem"),
    "ags scope with a number": member(v.AGS_ENDPOINT, scope=[7]),
    "ags scope is null": member(v.AGS_ENDPOINT, scope=None),
    "too many scopes": member(v.AGS_ENDPOINT, scope=["x"] * 1000),
    "groups without scope": claim(v.GROUPS_SERVICE, {"context_groups_url": "https://lms.example/groups"}),
    "groups is a file": claim(v.GROUPS_SERVICE, {"context_groups_url": "file:///x", "scope": []}),
    "too many custom parameters": claim(v.CUSTOM, {f"p{number}": "x" for number in range(600)}),
    "custom with a list": claim(v.CUSTOM, {"package_id": ["x"]}),
    "a huge title": claim(v.CONTEXT, {"id": "course-1", "title": "x" * 30_000}),
    "submission review without a learner": lambda a: a.claims.update({v.MESSAGE_TYPE: v.SUBMISSION_REVIEW_REQUEST}),
    "issuer of look-alike letters": claim(
        "iss", lambda a: a.platform.issuer.replace("o", "\u043e").replace("1", "\u0661")
    ),
    "issuer with its port in other digits": claim("iss", lambda a: a.platform.issuer + "\u200b"),
    "issuer with a path": claim("iss", lambda a: a.platform.issuer + "/."),
    "iat beyond all numbers": claim("iat", 10**30),
    "nbf beyond all numbers": claim("nbf", 10**400),
    "nbf is negative": claim("nbf", -1e9),
    "exp is the shortest fraction": claim("exp", 5e-324),
    "ten thousand roles": claim(v.ROLES, [LEARNER] * 10_000),
    "roles in a list in a list": claim(v.ROLES, [[LEARNER]]),
    "roles with null": claim(v.ROLES, [LEARNER, None]),
    "a role of two thousand letters": claim(v.ROLES, [INSTRUCTOR + "x" * 2000]),
    "custom of a megabyte": claim(v.CUSTOM, {"package_id": "x", "more": "x" * 1_000_000}),
    "target of another port": claim(v.TARGET_LINK_URI, LAUNCH_URL.replace(":8000", ":8001")),
    "target without the port": claim(v.TARGET_LINK_URI, LAUNCH_URL.replace(":8000", "")),
    "target of another scheme": claim(v.TARGET_LINK_URI, LAUNCH_URL.replace("http:", "https:")),
    "target in other letters": claim(v.TARGET_LINK_URI, LAUNCH_URL.upper()),
    "target with a backslash": claim(v.TARGET_LINK_URI, "http:\\\\localhost:8000\\lti\\launch"),
    "target with our host as the user": claim(v.TARGET_LINK_URI, "http://localhost:8000:x@evil.example/lti/launch"),
    "target without a scheme": claim(v.TARGET_LINK_URI, "//localhost:8000/lti/launch"),
    "target with a full stop after the host": claim(v.TARGET_LINK_URI, "http://localhost.:8000/lti/launch"),
    "target of look-alike letters": claim(v.TARGET_LINK_URI, "http://l\u043ecalhost:8000/lti/launch"),
    "target with a line break": claim(v.TARGET_LINK_URI, LAUNCH_URL + "?a=\r\nb"),
    "target with a slash more": claim(v.TARGET_LINK_URI, LAUNCH_URL + "/"),
    "target escaped": claim(v.TARGET_LINK_URI, LAUNCH_URL.replace("launch", "%6caunch")),
    "return address is script in other letters": claim(v.LAUNCH_PRESENTATION, {"return_url": "JaVaScRiPt:alert(1)"}),
    "return address is script after a blank": claim(v.LAUNCH_PRESENTATION, {"return_url": " javascript:alert(1)"}),
    "return address is script with a tab": claim(v.LAUNCH_PRESENTATION, {"return_url": "java\tscript:alert(1)"}),
    "return address has no scheme": claim(v.LAUNCH_PRESENTATION, {"return_url": "//evil.example/"}),
    "return address is a blob": claim(v.LAUNCH_PRESENTATION, {"return_url": "blob:https://evil.example/x"}),
    "return address with a user": claim(v.LAUNCH_PRESENTATION, {"return_url": "https://lms.example@evil.example/"}),
    "return address with a backslash": claim(v.LAUNCH_PRESENTATION, {"return_url": "https://evil.example\\@lms/"}),
    "return address with markup": claim(
        v.LAUNCH_PRESENTATION, {"return_url": 'https://lms.example/"><script>alert(1)'}
    ),
    "resource link id of blanks": claim(v.RESOURCE_LINK, {"id": "   "}),
    "resource link id with a line break": claim(v.RESOURCE_LINK, {"id": "a\nb"}),
    "resource link id is null": claim(v.RESOURCE_LINK, {"id": None}),
    "resource link in a list": claim(v.RESOURCE_LINK, [{"id": "link-1"}]),
    "context type is text": claim(v.CONTEXT, {"id": "course-1", "type": "CourseSection"}),
    "context with a thousand types": claim(v.CONTEXT, {"id": "course-1", "type": ["x"] * 1000}),
    "context id is empty": claim(v.CONTEXT, {"id": ""}),
    "azp is null in a list": claim("azp", [None]),
    "audience with us twice and another": lambda a: a.claims.update(aud=[a.platform.client_id] * 2 + ["other"]),
    "submission review of nobody": lambda a: a.claims.update(
        {v.MESSAGE_TYPE: v.SUBMISSION_REVIEW_REQUEST, v.FOR_USER: {}}
    ),
    "submission review of another by a learner": lambda a: a.claims.update(
        {v.MESSAGE_TYPE: v.SUBMISSION_REVIEW_REQUEST, v.FOR_USER: {"user_id": "learner-2"}}
    ),
}

# Every claim with a value of every kind that it may not have.
_KINDS: dict[str, Any] = {"a number": 7, "true": True, "text": "x", "a list": ["x"], "an object": {"x": 1}}
_FITTING = {
    "text": (
        *("iss", "nonce", "sub", "name", "given_name", "family_name", "email", "locale"),
        *(v.MESSAGE_TYPE, v.VERSION, v.DEPLOYMENT_ID, v.TARGET_LINK_URI),
    ),
    "a number": ("exp", "iat", "nbf"),
    "a list": (v.ROLES,),
    "an object": (
        *(v.RESOURCE_LINK, v.CONTEXT, v.CUSTOM, v.LAUNCH_PRESENTATION),
        *(v.AGS_ENDPOINT, v.NAMES_ROLE_SERVICE, v.GROUPS_SERVICE),
    ),
}
CLAIM_FAULTS |= {
    f"{name.rpartition('/')[2]} is {kind}": claim(name, value)
    for fitting, names in _FITTING.items()
    for name in names
    for kind, value in _KINDS.items()
    if kind != fitting
}
CLAIM_FAULTS |= {
    f"{name.rpartition('/')[2]} is null": null(name)
    for name in ("iss", "aud", "exp", "iat", "nonce", "sub", v.MESSAGE_TYPE, v.VERSION, v.DEPLOYMENT_ID)
}


# What may be wrong with the token -------------------------------------------------------------------------------------


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


# What may be wrong with state and browser -----------------------------------------------------------------------------


def form(**fields: Any) -> Callable[[Attack], None]:
    def change(attack: Attack) -> None:
        attack.form.update(fields)

    return change


def without_cookies(attack: Attack) -> None:
    for cookie in attack.client._cookies.copy().values():
        attack.client.delete_cookie(cookie.key, domain=cookie.domain, path=cookie.path)


def with_another_cookie(attack: Attack) -> None:
    (cookie,) = attack.client._cookies.values()
    attack.client.set_cookie(cookie.key, "made-up", domain=cookie.domain, path=cookie.path)


def state_as_cookie(attack: Attack) -> None:
    (cookie,) = attack.client._cookies.values()
    attack.client.set_cookie(cookie.key, attack.login.sent["state"], domain=cookie.domain, path=cookie.path)


def used_before(attack: Attack) -> None:
    assert attack.send().status_code == 303


def of_another_login(attack: Attack) -> None:
    """The state of one login with the nonce of another, in the same browser."""
    attack.form["state"] = attack.platform.begin(attack.client).sent["state"]


BROWSER_FAULTS = {
    "no state": form(state=None),
    "empty state": form(state=""),
    "unknown state": form(state="made-up"),
    "state too long": form(state="s" * 100_000),
    "state twice": lambda attack: attack.form.update(state=[attack.login.sent["state"], "x"]),
    "token twice": lambda attack: attack.form.update(id_token=[attack.token(), attack.token()]),
    "another browser": without_cookies,
    "another secret in the cookie": with_another_cookie,
    "the state as the cookie's secret": state_as_cookie,
    "used before": used_before,
    "state of another login": of_another_login,
    "state with NUL": form(state="a\0b"),
    "state of letters that are none": form(state="\ud7ff\uffff\U0001f600"),
    "state with blanks around": lambda attack: attack.form.update(state=f" {attack.login.sent['state']} "),
    "the nonce as the state": lambda attack: attack.form.update(state=attack.login.sent["nonce"]),
    "a token and an error": form(error="access_denied"),
    "the platform declined": form(error="login_required", error_description="<script>alert(1)</script>"),
}


# What may be wrong with the platform ----------------------------------------------------------------------------------


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

ALL_FAULTS = {**CLAIM_FAULTS, **TOKEN_FAULTS, **BROWSER_FAULTS, **PLATFORM_FAULTS}


def test_there_are_enough_faults() -> None:
    assert len(ALL_FAULTS) >= 360


@pytest.mark.parametrize("fault", ALL_FAULTS)
def test_a_launch_with_one_fault_is_refused(good: Attack, fault: str) -> None:
    ALL_FAULTS[fault](good)
    assert_refused(good.send(), good)


def assert_refused(response: TestResponse, attack: Attack) -> None:
    assert 400 <= response.status_code < 500, response.text
    assert response.mimetype == "text/html"
    assert "<script>alert" not in response.text
    assert "play/" not in response.text
    assert attack.login.sent["nonce"] not in response.text
    policy = response.headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {attack.platform.origin}" in policy or "frame-ancestors *; sandbox" in policy


# Single cases ---------------------------------------------------------------------------------------------------------


def test_a_platform_that_was_switched_off_launches_no_more(good: Attack, hub: Hub, system: Principal) -> None:
    (known,) = hub.service(Platforms).list(system)
    hub.service(Platforms).change(system, known.id, PlatformChange(is_active=False))
    assert_refused(good.send(), good)


def test_another_platform_cannot_answer_the_login(good: Attack, hub: Hub, system: Principal) -> None:
    with running(LtiPlatform()) as other:
        hub.service(Platforms).add(system, PlatformDetails(**other.details()))
        other.key_set = key_set_of(STRANGER)
        own = other.claims(good.login, **{v.CUSTOM: good.claims[v.CUSTOM]})
        good.form["id_token"] = other.sign(own, STRANGER)
        assert_refused(good.send(), good)
        good.form["id_token"] = other.sign(good.claims, STRANGER)
        assert_refused(good.send(), good)


def test_of_twenty_parallel_replays_exactly_one_enters(good: Attack, hub: Hub) -> None:
    fields = {"state": good.login.sent["state"], "id_token": good.token()}
    cookie = {"Cookie": "; ".join(f"{c.key}={c.value}" for c in good.client._cookies.values())}
    app = good.client.application

    def replay(_: int) -> int:
        return app.test_client(use_cookies=False).post("/lti/launch", data=fields, headers=cookie).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(replay, range(20)))
    assert statuses == [303] + [401] * 19


def test_a_refused_launch_does_not_use_the_login_up(good: Attack) -> None:
    real = good.token()
    good.form["id_token"] = other_claims(good)
    assert_refused(good.send(), good)
    good.form["id_token"] = real
    assert good.send().status_code == 303


def test_clocks_may_differ_by_a_minute(good: Attack) -> None:
    good.claims |= {"iat": int(NOW()) - 115, "exp": int(NOW()) - 55}
    assert good.send().status_code == 303


def test_a_new_key_is_fetched_for_an_unknown_kid_but_once_a_minute(
    good: Attack, client: FlaskClient, platform: LtiPlatform
) -> None:
    assert good.send().status_code == 303
    assert platform.requests["/jwks"] == 1
    platform.key_set["keys"] = [key for key in platform.key_set["keys"] if key["kid"] == "rsa-1"]
    platform.key_set["keys"].append({**platform.key_set["keys"][0], "kid": "rsa-2"})
    for kid, status, fetched in [("rsa-2", 401, 2), ("made-up", 401, 2), ("other", 401, 2), ("rsa-1", 303, 2)]:
        login = platform.begin(client)
        claims = platform.claims(login)
        key = STRANGER if status == 401 else RSA
        response = platform.launch(client, login, claims, id_token=platform.sign(claims, key, kid=kid))
        assert response.status_code == status
        assert platform.requests["/jwks"] == fetched
    login = platform.begin(client)
    claims = platform.claims(login)
    assert platform.launch(client, login, claims, id_token=platform.sign(claims, RSA, kid="rsa-2")).status_code == 303


def test_a_key_set_that_fails_is_not_asked_again_at_once(good: Attack, platform: LtiPlatform) -> None:
    platform.key_set_answer = (500, {}, b"")
    for _ in range(3):
        assert_refused(good.send(), good)
    assert platform.requests["/jwks"] == 1


def test_addresses_in_the_header_are_never_fetched(good: Attack, platform: LtiPlatform) -> None:
    good.header = {"jku": f"{platform.origin}/stolen"}
    assert_refused(good.send(), good)
    assert "/stolen" not in platform.requests


def test_without_the_cookie_a_new_window_is_offered(good: Attack) -> None:
    without_cookies(good)
    response = good.send()
    assert response.status_code == 401
    assert 'target="_blank"' in response.text
    assert "/lti/login?iss=" in response.text
    assert good.login.sent["state"] not in response.text


# Deep linking ---------------------------------------------------------------------------------------------------------


def settings(**members: Any) -> Callable[[dict[str, Any]], None]:
    def change(claims: dict[str, Any]) -> None:
        made = {**claims[v.DEEP_LINKING_SETTINGS], **members}
        claims[v.DEEP_LINKING_SETTINGS] = {name: value for name, value in made.items() if value is not None}

    return change


DEEP_LINKING_FAULTS = {
    "no settings": lambda claims: claims.pop(v.DEEP_LINKING_SETTINGS),
    "settings are a list": lambda claims: claims.update({v.DEEP_LINKING_SETTINGS: []}),
    "no return address": settings(deep_link_return_url=GONE),
    "return address is script": settings(deep_link_return_url="javascript:alert(1)"),
    "return address is data": settings(deep_link_return_url="data:text/html,<script>alert(1)</script>"),
    "return address breaks out": settings(deep_link_return_url='https://lms.example/"><script>alert(1)</script>'),
    "return address without scheme": settings(deep_link_return_url="//evil.example/"),
    "return address with a backslash": settings(deep_link_return_url="https://lms.example\\@evil.example/"),
    "return address with a user": settings(deep_link_return_url="https://lms.example@evil.example/"),
    "return address is a list": settings(deep_link_return_url=["https://lms.example/"]),
    "return address is script in other letters": settings(deep_link_return_url=" JaVaScRiPt:alert(1)"),
    "return address with a tab": settings(deep_link_return_url="java\tscript:alert(1)"),
    "return address with a fragment": settings(deep_link_return_url="https://lms.example/#<script>"),
    "return address of port 0": settings(deep_link_return_url="https://lms.example:0/"),
    "return address of look-alike letters": settings(deep_link_return_url="https://lm\u0455.example/"),
    "return address too long": settings(deep_link_return_url="https://lms.example/" + "x" * 3000),
    "a thousand types": settings(accept_types=["ltiResourceLink"] * 1000),
    "types with a number": settings(accept_types=["ltiResourceLink", 1]),
    "targets with null": settings(accept_presentation_document_targets=[None]),
    "title too long": settings(title="x" * 30_000),
    "column is a word": settings(accept_lineitem="perhaps"),
    "no types": settings(accept_types=GONE),
    "no type of ours": settings(accept_types=["file", "html"]),
    "types are text": settings(accept_types="ltiResourceLink"),
    "no targets": settings(accept_presentation_document_targets=GONE),
    "targets are text": settings(accept_presentation_document_targets="iframe"),
    "several is a word": settings(accept_multiple="perhaps"),
    "data is an object": settings(data={}),
    "data too long": settings(data="x" * 60_000),
    "ags is a list": lambda claims: claims.update({v.AGS_ENDPOINT: ["scope"]}),
    "asked by a learner": lambda claims: claims.update({v.ROLES: [LEARNER]}),
    "target of another host": lambda claims: claims.update({v.TARGET_LINK_URI: "https://evil.example/"}),
}


@pytest.mark.parametrize("fault", ["none", *DEEP_LINKING_FAULTS])
def test_deep_linking_with_one_fault_is_refused(client: FlaskClient, platform: LtiPlatform, fault: str) -> None:
    login = platform.begin(client)
    claims = platform.deep_linking_claims(login)
    if fault != "none":
        DEEP_LINKING_FAULTS[fault](claims)
    response = platform.launch(client, login, claims)
    assert response.status_code == 200 if fault == "none" else 400 <= response.status_code < 500
    assert "<script>alert" not in response.text


# Login ----------------------------------------------------------------------------------------------------------------

LOGIN_FAULTS: dict[str, dict[str, Any]] = {
    "no issuer": {"iss": None},
    "unknown issuer": {"iss": "https://evil.example"},
    "issuer of markup": {"iss": "<script>alert(1)</script>"},
    "issuer twice": {"iss": ["https://a.example", "https://b.example"]},
    "no hint": {"login_hint": None},
    "hint too long": {"login_hint": "x" * 9000},
    "hint with a line break": {"login_hint": "a\r\nSet-Cookie: x=y"},
    "no target": {"target_link_uri": None},
    "target elsewhere": {"target_link_uri": "https://evil.example/"},
    "target beginning like ours": {"target_link_uri": LAUNCH_URL + "@evil.example"},
    "target of another scheme": {"target_link_uri": "javascript:alert(1)"},
    "target elsewhere on our host": {"target_link_uri": "http://localhost:8000/oauth"},
    "unknown client": {"client_id": "client-of-nobody"},
    "client twice": {"client_id": ["a", "b"]},
    "unknown deployment": {"lti_deployment_id": "deployment-9"},
    "issuer of script": {"iss": "javascript:alert(1)"},
    "issuer with NUL": {"iss": "https://lms.example\0"},
    "issuer of look-alike letters": {"iss": "https://lm\u0455.example"},
    "issuer that is SQL": {"iss": "' OR 1=1 --"},
    "issuer too long": {"iss": "https://" + "x" * 3000},
    "client with NUL": {"client_id": "a\0b"},
    "client too long": {"client_id": "x" * 300},
    "client that is SQL": {"client_id": "' OR ''='"},
    "deployment twice": {"lti_deployment_id": ["deployment-1", "deployment-2"]},
    "deployment with a line break": {"lti_deployment_id": "deployment-1\n"},
    "hint twice": {"login_hint": ["a", "b"]},
    "hint with NUL": {"login_hint": "a\0"},
    "empty hint": {"login_hint": ""},
    "message hint too long": {"lti_message_hint": "x" * 20_000},
    "message hint with a line break": {"lti_message_hint": "a\r\nLocation: https://evil.example"},
    "storage target too long": {"lti_storage_target": "x" * 300},
    "storage target with a line break": {"lti_storage_target": "a\nb"},
    "target of another port": {"target_link_uri": LAUNCH_URL.replace(":8000", ":8001")},
    "target of another host's scheme": {"target_link_uri": LAUNCH_URL.replace("http:", "https:")},
    "target without a scheme": {"target_link_uri": "//localhost:8000/lti/launch"},
    "target with a backslash": {"target_link_uri": "http:\\\\localhost:8000\\lti\\launch"},
    "target with our host as the user": {"target_link_uri": "http://localhost:8000/lti/launch@evil.example/"},
    "target with a path above": {"target_link_uri": LAUNCH_URL + "/../../console"},
    "target in other letters": {"target_link_uri": LAUNCH_URL.upper()},
    "target with a fragment": {"target_link_uri": LAUNCH_URL + "#x"},
    "target twice": {"target_link_uri": [LAUNCH_URL, "https://evil.example/"]},
}


@pytest.mark.parametrize("fault", ["none", *LOGIN_FAULTS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_login_with_one_fault_is_refused(client: FlaskClient, platform: LtiPlatform, fault: str, method: str) -> None:
    parameters = platform.login_parameters(**LOGIN_FAULTS.get(fault, {}))
    sent = {"query_string": parameters} if method == "get" else {"data": parameters}
    response = getattr(client, method)("/lti/login", **sent)
    if fault == "none":
        assert response.status_code == 302
        return
    assert 400 <= response.status_code < 500
    assert response.mimetype == "text/html"
    assert "<script>alert" not in response.text
    assert "Set-Cookie" not in response.headers


def test_one_issuer_may_have_several_platforms(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    second = PlatformDetails(**platform.details() | {"client_id": "client-2nd", "deployment_ids": ("deployment-2",)})
    hub.service(Platforms).add(system, second)
    by_client = platform.begin(client, client_id="client-2nd", lti_deployment_id=None)
    assert by_client.sent["client_id"] == "client-2nd"
    by_deployment = platform.begin(client, client_id=None, lti_deployment_id="deployment-2")
    assert by_deployment.sent["client_id"] == "client-2nd"
    unclear = platform.login_parameters(client_id=None, lti_deployment_id=None)
    assert client.get("/lti/login", query_string=unclear).status_code == 401


def test_a_launch_stays_in_the_deployment_of_its_login(
    client: FlaskClient, platform: LtiPlatform, hub: Hub, system: Principal
) -> None:
    """Both deployments are known, but the platform chose one of them when the login began (LTI 1.3 section 4.1.2)."""
    deployments = ("deployment-1", "deployment-2")
    second = PlatformDetails(**platform.details() | {"client_id": "client-2nd", "deployment_ids": deployments})
    hub.service(Platforms).add(system, second)
    login = platform.begin(client, client_id="client-2nd", lti_deployment_id="deployment-1")
    claims = platform.claims(login, **{"aud": "client-2nd", v.DEPLOYMENT_ID: "deployment-2"})
    response = platform.launch(client, login, claims)
    assert response.status_code == 403
    assert "is not the deployment that this login began with" in html.unescape(response.text)


def test_the_launch_address_is_not_for_reading(client: FlaskClient) -> None:
    response = client.get("/lti/launch")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert response.mimetype == "text/html"


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/json", "text/plain", None])
def test_a_launch_is_a_form_and_nothing_else(good: Attack, kind: str | None) -> None:
    fields = {"state": good.login.sent["state"], "id_token": good.token()}
    sent = {"data": fields} if kind == "multipart/form-data" else {"data": json.dumps(fields)}
    response = good.client.post("/lti/launch", content_type=kind, **sent)
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert good.send().status_code == 303


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_launch_is_posted(good: Attack, method: str) -> None:
    fields = {"state": good.login.sent["state"], "id_token": good.token()}
    response = good.client.open("/lti/launch", method=method, query_string=fields, data=fields)
    assert response.status_code == (405 if method != "OPTIONS" else 200)
    assert "play/" not in response.text
    assert good.send().status_code == 303


def test_what_stands_in_the_address_of_a_launch_is_not_looked_at(good: Attack) -> None:
    fields = {"state": good.login.sent["state"], "id_token": good.token()}
    assert_refused(good.client.post("/lti/launch", query_string=fields, data={"x": "y"}), good)


def test_a_form_that_is_too_large_is_refused(client: FlaskClient) -> None:
    assert client.post("/lti/launch", data={"state": "x", "id_token": "x" * 3_000_000}).status_code == 413


# The platform's storage -----------------------------------------------------------------------------------------------


@pytest.fixture
def stored(client: FlaskClient, platform: LtiPlatform, package: UUID) -> Attack:
    """A launch in a browser without cookies, whose secret comes back from the platform's storage by our own page."""
    frame = {"Sec-Fetch-Dest": "iframe"}
    parameters = platform.login_parameters(lti_storage_target="_parent")
    page = client.get("/lti/login", query_string=parameters, headers=frame)
    assert page.status_code == 200
    assert f'data-origin="{platform.origin}"' in page.text
    address = html.unescape(re.search(r'id="next" href="([^"]+)"', page.text)[1])
    secret = re.search(r'data-value="([^"]+)"', page.text)[1]
    sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    login = Login(sent, page)
    claims = platform.claims(login, **{v.CUSTOM: {"package_id": str(package)}})
    attack = Attack(client, platform, login, claims, form={"stored": secret})
    without_cookies(attack)
    return attack


OWN_ORIGIN = {"Origin": "http://localhost:8000"}


def test_the_secret_may_come_from_the_platforms_storage(stored: Attack) -> None:
    assert stored.send(OWN_ORIGIN).status_code == 303


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": "http://localhost:8100"}]
)
def test_the_secret_is_taken_from_no_other_page(stored: Attack, headers: dict[str, str]) -> None:
    assert_refused(stored.send(headers), stored)


def test_another_secret_is_refused_and_storage_is_not_asked_again(stored: Attack) -> None:
    stored.form["stored"] = "made-up"
    response = stored.send(OWN_ORIGIN)
    assert_refused(response, stored)
    assert "storage.js" not in response.text


def test_storage_is_asked_before_a_window_is_offered(stored: Attack) -> None:
    del stored.form["stored"]
    response = stored.send()
    assert response.status_code == 401
    assert "storage.js" in response.text
    assert 'target="_blank"' in response.text


def test_what_is_no_frame_of_a_browser_is_redirected(client: FlaskClient, platform: LtiPlatform) -> None:
    for headers in ({}, {"Sec-Fetch-Dest": "document"}):
        parameters = platform.login_parameters(lti_storage_target="_parent")
        assert client.get("/lti/login", query_string=parameters, headers=headers).status_code == 302
