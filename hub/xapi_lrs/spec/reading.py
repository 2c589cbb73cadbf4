"""Reading JSON strictly: what decoders let pass is refused here, so that nothing is stored that was not meant.

Bytes are kept as they came. `orjson` refuses NaN, broken UTF-8 and lone surrogates; this module adds duplicate keys
(Data 2.2), depth and size.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from hub.errors import Invalid, TooLarge, Violation
from hub.xapi_lrs.spec.structure import ROOT, Place, path_of

_RAW_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold: bytes of a statement, bytes and statements of a batch, bytes of an attachment and
    of a document, and how deep JSON may nest."""

    statement_bytes: int = 1024 * 1024
    batch_bytes: int = 16 * 1024 * 1024
    batch_statements: int = 10_000
    attachment_bytes: int = 100 * 1024 * 1024
    document_bytes: int = 16 * 1024 * 1024
    depth: int = 100

    @property
    def request_bytes(self) -> int:
        """The most that a request with attachments may have on the wire: the statements and ten attachments."""
        return self.batch_bytes + 10 * self.attachment_bytes


def decode(body: bytes, depth: int) -> Any:
    """The JSON value of `body`; 400 unless it is JSON text without duplicate keys (RFC 8259; Data 2.2), nesting no
    deeper than `depth`."""
    value = _decode(body)
    _refuse_deep(body, value, depth, "$")
    return value


def _decode(body: bytes) -> Any:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(
            f"The body is not JSON: {error.msg} at line {error.lineno} column {error.colno}.",
            code="invalid_json",
            violations=[Violation("RFC 8259", f"{error.lineno}:{error.colno}", error.msg)],
        ) from None
    if not _keys_are_plainly_distinct(body, value):
        _refuse_duplicate_keys(body)
    return value


def _refuse_deep(body: bytes, value: Any, depth: int, where: str) -> None:
    """Count levels only where there are enough brackets for it to matter."""
    if body.count(b"{") + body.count(b"[") > depth and _depth_of(value, depth) > depth:
        fault = Violation("limit", where, "nests too deep", allowed=depth)
        raise Invalid(f"The body nests deeper than {depth} levels.", code="too_deep", violations=[fault])


def _keys_are_plainly_distinct(body: bytes, value: Any) -> bool:
    """A quick proof that no key was dropped; False only means that it must be looked at closely.

    Where no key is followed by white space and no quote or colon is written as an escape, every key ends in `":`, so
    the text and the value written anew hold that pair equally often exactly when each key of the text is in the value.
    """
    return (
        not (b" " in body and b'" :' in body)
        and not (b"\n" in body and b'"\n:' in body)
        and not (b"\r" in body and b'"\r:' in body)
        and not (b"\t" in body and b'"\t:' in body)
        and not (b"\\" in body and (b"\\u0022" in body or b"\\u003a" in body or b"\\u003A" in body))
        and body.count(b'":') == orjson.dumps(value).count(b'":')
    )


def _refuse_duplicate_keys(body: bytes) -> None:
    try:
        value = json.loads(body, object_pairs_hook=_Members)
    except RecursionError:
        fault = Violation("limit", "$", "nests too deep")
        raise Invalid("The body nests too deep.", code="too_deep", violations=[fault]) from None
    faults = [Violation("Data 2.2", path_of(place), "is there more than once") for place in _doubled_in(value)]
    if faults:
        raise Invalid("An object has the same property more than once.", code="duplicate_property", violations=faults)


class _Members(dict[str, Any]):
    """An object that remembers which of its keys came more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs) if len(self) < len(pairs) else {}
        self.doubled = [name for name, count in counts.items() if count > 1]


def _doubled_in(value: Any) -> Iterator[Place]:
    """The place of every key that came more than once."""
    waiting: list[tuple[Place, Any]] = [(ROOT, value)]
    while waiting:
        place, each = waiting.pop()
        if isinstance(each, _Members):
            yield from ((place, name) for name in each.doubled)
            waiting += [((place, name), inner) for name, inner in each.items()]
        elif isinstance(each, list):
            waiting += [((place, index), inner) for index, inner in enumerate(each)]


def _depth_of(value: Any, limit: int) -> int:
    """How deep objects and arrays nest, counted no further than one beyond `limit`."""
    level, depth = [value], 0
    while level and depth <= limit:
        inner: list[Any] = []
        for each in level:
            if type(each) is dict:
                inner.extend(each.values())
            elif type(each) is list:
                inner.extend(each)
        containers = [each for each in level if type(each) is dict or type(each) is list]
        depth += 1 if containers else 0
        level = inner
    return depth


def plain_statements_of(body: bytes, limits: Limits) -> Sequence[bytes] | None:
    """The bytes of each statement of a request body, not looked at any further; None where `statements_of` has to
    say what is wrong."""
    try:
        raws = [bytes(raw) for raw in _RAW_ITEMS.decode(body)] if body[:1] == b"[" else [body]
    except (msgspec.DecodeError, RecursionError):
        return None
    is_allowed = len(raws) <= limits.batch_statements and max(map(len, raws), default=0) <= limits.statement_bytes
    return raws if is_allowed else None


def statements_of(body: bytes, limits: Limits) -> tuple[list[dict[str, Any]], Sequence[bytes], bool]:
    """The statements of a request body with the bytes of each, and whether they came as an array.

    Raises `Invalid` for anything that is not an object or an array of objects, `TooLarge` beyond the limits.
    """
    value = _decode(body)
    if type(value) is dict:
        _refuse_large(0, body, limits, "$")
        _refuse_deep(body, value, limits.depth, "$")
        return [value], [body.strip()], False
    if type(value) is not list:
        fault = Violation("Communication 2.1.2", "$", "must be an object", value, ["object", "array"])
        raise Invalid(
            "The body must be a statement or an array of statements.", code="invalid_statement", violations=[fault]
        )
    if len(value) > limits.batch_statements:
        fault = Violation("limit", "$", "is too large", len(value), limits.batch_statements)
        raise TooLarge(
            f"The batch has {len(value)} statements; {limits.batch_statements} are allowed.",
            code="batch_too_large",
            violations=[fault],
        )
    raws = items_of(body)
    for index, raw in enumerate(raws):
        _refuse_large(index, raw, limits, statement_path(index, is_batch=True))
        _refuse_deep(raw, value[index], limits.depth, statement_path(index, is_batch=True))
    return value, raws, True


def statement_path(index: int, *, is_batch: bool) -> str:
    """The JSON path of a statement in its body: only in a batch it has an index."""
    return f"$[{index}]" if is_batch else "$"


def _refuse_large(index: int, raw: bytes, limits: Limits, where: str) -> None:
    if len(raw) > limits.statement_bytes:
        raise TooLarge(
            f"Statement {index} has {len(raw)} bytes; {limits.statement_bytes} are allowed.",
            code="statement_too_large",
            violations=[Violation("limit", where, "is too large", len(raw), limits.statement_bytes)],
        )


def members_of(raw: bytes) -> dict[str, bytes]:
    """The members of a JSON object with the bytes of each value."""
    return {name: bytes(value) for name, value in _RAW_MEMBERS.decode(raw).items()}


def items_of(raw: bytes) -> list[bytes]:
    """The bytes of each item of a JSON array."""
    return [bytes(item) for item in _RAW_ITEMS.decode(raw)]


def object_of(members: dict[str, bytes]) -> bytes:
    """A JSON object of members whose values are written already."""
    return b"{" + b",".join(orjson.dumps(name) + b":" + value for name, value in members.items()) + b"}"
