"""The data types of xAPI as predicates on strings (Data 4.0, and the standards that it names)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, wraps

# RFC 3987 section 2.2: a scheme, a colon, and characters that an IRI may hold. Spaces, quotes and the like must be
# percent-encoded; characters beyond ASCII are allowed except controls and surrogates.
_IRI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[!#$&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]\u00A0-\uD7FF\uE000-\uFFEF\U00010000-\U0010FFFD]"
    r"|%[0-9A-Fa-f]{2})+"
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
_MAILBOX = re.compile(r"mailto:[^@\s]+@[^@\s]+", re.IGNORECASE)
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
# RFC 2045 section 5.1; what stands in a header has no line breaks and no other control characters.
_MEDIA_TYPE = re.compile(
    r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?"
)
_STATEMENT_VERSION = re.compile(r"1\.0(?:\.(?:0|[1-9][0-9]*))?")
_STATEMENT_VERSION_2 = re.compile(r"[12]\.0(?:\.(?:0|[1-9][0-9]*))?")

# ISO 8601 combined date and time, extended format; the zone as Z, +hh, +hhmm or +hh:mm.
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ](\d\d):\d\d(?::(\d\d)(?:[.,]\d+)?)?([Zz]|[+-]\d\d(?::?[0-5]\d)?)?", re.ASCII
)
# RFC 3339 section 5.6, `date-time`: with seconds, a point before their fraction, and Z or +hh:mm.
_RFC_3339 = re.compile(r"[\d-]{10}[Tt ][\d:]{8}(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_NEGATIVE_ZERO_OFFSETS = frozenset({"-00", "-0000", "-00:00"})

# ISO 8601:2004 section 4.4.3.2: weeks stand alone, and only the last component may have a fraction.
_DURATION = re.compile(
    r"P(?=\d|T\d)(?!.*[.,]\d+[A-Z]T?\d)"
    r"(?:\d+(?:[.,]\d+)?W"
    r"|(?:\d+(?:[.,]\d+)?Y)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?D)?"
    r"(?:T(?=\d)(?:\d+(?:[.,]\d+)?H)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?S)?)?)",
    re.ASCII,
)

# RFC 5646 section 2.1, well-formedness: langtag, private use, and the irregular grandfathered tags.
_LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*"
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+"
    r"|en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)|sgn-(?:be-fr|be-nl|ch-de)"
    r"|art-lojban|cel-gaulish|no-bok|no-nyn|zh-(?:guoyu|hakka|min|min-nan|xiang)",
    re.IGNORECASE | re.ASCII,
)


#: The longest text that an answer is remembered for: what clients send must not fill the memory.
_SHORT = 256


def _remembered(answers: int) -> Callable[[Callable[[str], bool]], Callable[[str], bool]]:
    """Keep so many answers: the same few texts identify most statements."""

    def decorate(check: Callable[[str], bool]) -> Callable[[str], bool]:
        known = lru_cache(maxsize=answers)(check)

        @wraps(check)
        def ask(text: str) -> bool:
            return known(text) if len(text) <= _SHORT else check(text)

        return ask

    return decorate


@_remembered(65_536)
def is_iri(text: str) -> bool:
    """An absolute IRI (RFC 3987; Data 4.3)."""
    return _IRI.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """A UUID in the standard string form (RFC 4122 section 3; Data 4.4)."""
    return _UUID.fullmatch(text) is not None


@_remembered(16_384)
def is_mailbox(text: str) -> bool:
    """A mailto IRI with one address (Data 2.4.2.3)."""
    return _MAILBOX.fullmatch(text) is not None


def is_sha1(text: str) -> bool:
    """The hex-encoded SHA-1 digest of a mailto IRI (Data 2.4.2.3)."""
    return _SHA1.fullmatch(text) is not None


@_remembered(4_096)
def is_language_tag(text: str) -> bool:
    """A well-formed language tag (RFC 5646 section 2.2.9)."""
    return _LANGUAGE.fullmatch(text) is not None


@_remembered(1_024)
def is_media_type(text: str) -> bool:
    """An Internet media type with optional parameters (RFC 2045 section 5.1)."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def is_version_1_0(text: str) -> bool:
    """1.0 or 1.0.x (Data 2.4.10)."""
    return _STATEMENT_VERSION.fullmatch(text) is not None


def is_version_2_0(text: str) -> bool:
    """2.0, 2.0.x, and 1.0.x for statements that were made for the older version (2.0 section 4.2.4.3)."""
    return _STATEMENT_VERSION_2.fullmatch(text) is not None


def is_duration(text: str) -> bool:
    """An ISO 8601 duration in the format with designators (Data 4.6)."""
    return _DURATION.fullmatch(text) is not None


def is_timestamp(text: str) -> bool:
    """An ISO 8601 date and time (Data 4.5); a missing zone is allowed there, an offset of -00:00 is not."""
    return _moment(text) is not None


def is_rfc3339_timestamp(text: str) -> bool:
    """A date and time with a zone in the one form of RFC 3339 (2.0 section 4.2.7)."""
    return _RFC_3339.fullmatch(text) is not None and _moment(text) is not None


def moment(text: str) -> datetime:
    """The instant that a valid timestamp names; one without a zone is taken as UTC."""
    found = _moment(text)
    if found is None:
        raise ValueError(f"{text!r} is not a timestamp")
    return found


def _moment(text: str) -> datetime | None:
    shape = _TIMESTAMP.fullmatch(text)
    if shape is None or shape[3] in _NEGATIVE_ZERO_OFFSETS:
        return None
    if shape[2] == "60":  # A leap second (RFC 3339 section 5.7) is the last instant that a datetime can name.
        text = text[: shape.start(2)] + "59" + text[shape.end(2) :]
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def in_utc(text: str) -> str:
    """The same instant written in UTC with a Z, its fraction of a second untouched (Data 4.5)."""
    shape = _TIMESTAMP.fullmatch(text)
    if shape is None or shape[3] in ("Z", "z", None):
        return text
    whole = _moment(text)
    if whole is None:
        return text
    try:
        whole = whole.astimezone(UTC)
    except OverflowError:  # The offset leads out of the years that exist; the text stays as it came.
        return text
    fraction = text[19 : shape.start(3)].replace(",", ".") if shape[2] else ""
    seconds = "60" if shape[2] == "60" else f"{whole.second:02d}"
    return f"{whole.isoformat()[:16]}:{seconds}{fraction}Z"


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970-01-01T00:00:00Z: how `stored` is kept and compared."""
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def timestamp_text(stored: int) -> str:
    """Microseconds since the epoch as an RFC 3339 timestamp in UTC with six decimals."""
    seconds, fraction = divmod(stored, 1_000_000)
    return f"{_second_text(seconds)}.{fraction:06d}Z"


@lru_cache(maxsize=256)
def _second_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
