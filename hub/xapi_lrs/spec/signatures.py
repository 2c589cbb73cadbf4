"""Signed statements: the signature's form, its payload and, where it brings certificates, its truth (Data 2.6).

A signature says who signed only to someone who trusts the certificate; an LRS checks that it is well formed and that
it signs this statement.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from hub.errors import Invalid, Violation
from hub.xapi_lrs.spec.attachments import attachments_in
from hub.xapi_lrs.spec.immutability import is_signed_as
from hub.xapi_lrs.spec.statement import faults_of
from hub.xapi_lrs.spec.versions import Version

USAGE_TYPE = "http://adlnet.gov/expapi/attachments/signature"
CONTENT_TYPE = "application/octet-stream"

_HASHES: dict[str, type[HashAlgorithm]] = {"RS256": SHA256, "RS384": SHA384, "RS512": SHA512}


@dataclass(frozen=True, slots=True)
class Signature:
    """A JWS in compact serialization, taken apart (RFC 7515 section 3.1)."""

    algorithm: str
    certificates: tuple[x509.Certificate, ...]
    payload: Any
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """One certificate of a signer's chain, for people. `is_issued_by_next` is None for the last."""

    subject: str
    issuer: str
    not_before: str
    not_after: str
    fingerprint: str
    is_issued_by_next: bool | None


def signatures_in(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The attachments of a statement that are signatures of it."""
    return (each for each in attachments_in(statement) if each["usageType"] == USAGE_TYPE)


def check(statement: dict[str, Any], attachment: dict[str, Any], data: bytes, version: Version) -> None:
    """Refuse a signature that is malformed, false, or of another statement (Data 2.6, LRS requirements)."""
    if attachment["contentType"].partition(";")[0].strip() != CONTENT_TYPE:
        raise _refused("contentType", f"must be {CONTENT_TYPE}", attachment["contentType"])
    signature = read(data)
    _verify(signature)
    payload = signature.payload
    if not isinstance(payload, dict) or faults_of(payload, version):
        raise _refused("payload", "must be a valid statement")
    if not is_signed_as(statement, payload):
        raise _refused("payload", "must be the statement that it signs")


def read(data: bytes) -> Signature:
    """The parts of a JWS; `Invalid` when it is not one, or not signed with RS256, RS384 or RS512."""
    parts = data.strip().split(b".")
    if len(parts) != 3:
        raise _refused("signature", "must be a JWS in compact serialization (RFC 7515)")
    try:
        header = orjson.loads(_unpadded(parts[0]))
        payload = orjson.loads(_unpadded(parts[1]))
        signature = _unpadded(parts[2])
        algorithm = header["alg"]
        certificates = tuple(_certificate(each) for each in header.get("x5c", ()))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise _refused("signature", "must be a JWS in compact serialization (RFC 7515)") from None
    if not isinstance(algorithm, str) or algorithm not in _HASHES:
        raise _refused("alg", "must be RS256, RS384 or RS512", str(algorithm)[:50], list(_HASHES))
    return Signature(algorithm, certificates, payload, parts[0] + b"." + parts[1], signature)


def chain_of(signature: Signature) -> list[CertificateReport]:
    """The certificates that came with a signature, the signer's first, and whether each was issued by the next."""
    certificates = signature.certificates
    return [
        CertificateReport(
            one.subject.rfc4514_string(),
            one.issuer.rfc4514_string(),
            one.not_valid_before_utc.isoformat(),
            one.not_valid_after_utc.isoformat(),
            one.fingerprint(SHA256()).hex(),
            _is_issued_by(one, certificates[index + 1]) if index + 1 < len(certificates) else None,
        )
        for index, one in enumerate(certificates)
    ]


def _verify(signature: Signature) -> None:
    if not signature.certificates:
        return
    key = _key_of(signature.certificates[0])
    if not isinstance(key, rsa.RSAPublicKey):
        raise _refused("x5c", "must begin with a certificate of an RSA key")
    try:
        key.verify(signature.signature, signature.signed, padding.PKCS1v15(), _HASHES[signature.algorithm]())
    except InvalidSignature:
        raise _refused("signature", "must fit the first certificate of x5c") from None


def _key_of(certificate: x509.Certificate) -> Any:
    """The public key; None for one of a kind that is not known."""
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _certificate(text: str) -> x509.Certificate:
    """A certificate whose names can be read, which is else found out only when somebody asks for them."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=False))
    for name in (certificate.subject, certificate.issuer):
        name.rfc4514_string()
    return certificate


def _unpadded(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _refused(where: str, message: str, found: Any = None, allowed: Any = None) -> Invalid:
    fault = Violation("Data 2.6", where, message, found, allowed)
    return Invalid(f"The signature is not valid: {where} {message}.", code="invalid_signature", violations=[fault])
