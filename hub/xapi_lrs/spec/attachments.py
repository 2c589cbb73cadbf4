"""Attachments: which data a request must bring, and what the headers of its parts must say
(Data 2.4.11; Communication 1.5.2)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hub.errors import Invalid, Violation
from hub.xapi_lrs.spec.reading import statement_path

REQUIREMENT = "Communication 1.5.2"
HASH_HEADER = "X-Experience-API-Hash"

#: SHA-2 by the length of its hex digest (Data 2.4.11).
_ALGORITHMS = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}


def attachments_in(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The attachments of a statement and of its sub-statement."""
    yield from statement.get("attachments", ())
    inner = statement["object"]
    if inner.get("objectType") == "SubStatement":
        yield from inner.get("attachments", ())


def declared(statements: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every attachment of a batch by its hash in lower case."""
    return {each["sha2"].lower(): each for statement in statements for each in attachments_in(statement)}


def content_types(statements: Iterable[dict[str, Any]]) -> dict[str, str | None]:
    """By the hash of each attachment what the statements call its data; None where they do not agree, as a part has one
    type and must not contradict any of them (Communication 1.5.2)."""
    types: dict[str, str | None] = {}
    for each in (one for statement in statements for one in attachments_in(statement)):
        sha2, kind = each["sha2"].lower(), each["contentType"]
        types[sha2] = kind if types.get(sha2, kind) == kind else None
    return types


def refuse_missing(statements: Sequence[dict[str, Any]], received: Iterable[str], *, is_batch: bool) -> None:
    """Refuse attachments that have neither a fileUrl nor data in the request (Communication 1.5.2)."""
    known = set(received)
    faults = [
        Violation(
            REQUIREMENT,
            f"{statement_path(index, is_batch=is_batch)}.attachments",
            "its data is not in the request, and it has no fileUrl",
            sha2,
        )
        for index, statement in enumerate(statements)
        for sha2 in (each["sha2"].lower() for each in attachments_in(statement) if "fileUrl" not in each)
        if sha2 not in known
    ]
    if faults:
        raise Invalid("An attachment's data is missing.", code="attachment_missing", violations=faults)


def expected(headers: Mapping[str, str], attachments: Mapping[str, dict[str, Any]]) -> str:
    """The hash of a part that is wanted, in lower case; `Invalid` for a part whose headers are not right."""
    sha2 = headers.get(HASH_HEADER.lower(), "").strip().lower()
    if not sha2:
        raise _refused(HASH_HEADER, "is required for every part after the first")
    if headers.get("content-transfer-encoding", "").strip().lower() != "binary":
        raise _refused("Content-Transfer-Encoding", "must be binary", headers.get("content-transfer-encoding"))
    if sha2 not in attachments:
        raise _refused(HASH_HEADER, "is the hash of no attachment in the statements", sha2)
    _refuse_contradiction(headers, attachments[sha2])
    return sha2


def _refuse_contradiction(headers: Mapping[str, str], attachment: Mapping[str, Any]) -> None:
    """Where a header and a property say the same thing, they must say the same (Communication 1.5.2)."""
    length, kind = headers.get("content-length"), headers.get("content-type")
    if length is not None and length != str(int(attachment["length"])):
        raise _refused("Content-Length", "must equal the attachment's length", length, attachment["length"])
    if kind is not None and _media_type(kind) != _media_type(attachment["contentType"]):
        raise _refused("Content-Type", "must equal the attachment's contentType", kind, attachment["contentType"])


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def hasher(sha2: str) -> Any:
    """The hash function that a digest of this length was made by; `Invalid` when SHA-2 has none."""
    algorithm = _ALGORITHMS.get(len(sha2))
    if algorithm is None:
        raise _refused("sha2", "must be a digest of SHA-224, SHA-256, SHA-384 or SHA-512 in hex", sha2)
    return hashlib.new(algorithm)


def check_hash(sha2: str, digest: str) -> None:
    """The data must have the hash that it came under. Its length is not compared: data and attachment are matched by
    the hash and in no other way (Communication 1.5.2)."""
    if digest != sha2:
        raise _refused("sha2", "is not the hash of the data", sha2, digest)


def _refused(where: str, message: str, found: Any = None, allowed: Any = None) -> Invalid:
    fault = Violation(REQUIREMENT, where, message, found, allowed)
    return Invalid(f"An attachment is not valid: {where} {message}.", code="invalid_attachment", violations=[fault])
