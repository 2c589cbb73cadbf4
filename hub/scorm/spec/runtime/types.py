"""The data types of the run-time data models.

A data type judges one value: it returns None when the value is one of its own, `Refusal.TYPE` when it is not
(SCORM 1.2 error 405, SCORM 2004 error 406), `Refusal.RANGE` when it is, but out of range (405 and 407).
SCORM 1.2 RTE 3.4.1 (data types); SCORM 2004 4th Ed. RTE 4.1.1 (data types).
"""

import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum


class Refusal(Enum):
    """Why a value is not of a data type."""

    TYPE = "type"
    RANGE = "range"


DataType = Callable[[str], Refusal | None]

#: SCORM 2004 RTE 4.1.1: real(10,7) is a decimal with at least seven digits after the point kept.
_REAL = re.compile(r"-?\d{1,10}(\.\d{1,18})?")
#: SCORM 1.2 RTE 3.4.1: CMIDecimal may leave out the digits on either side of the point.
_DECIMAL = re.compile(r"-?(\d{1,10}(\.\d*)?|\.\d+)")
_INTEGER = re.compile(r"-?\d{1,5}")
_LANGUAGE = re.compile(r"([a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*)?")
_LOCALIZED = re.compile(r"(\{lang=([^}]*)\})?(.*)", re.DOTALL)
_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:.+")
#: RFC 3986 section 2: these never stand in a URI; letters beyond ASCII do in an IRI (RFC 3987).
_IDENTIFIER = re.compile(r"[^\s{}\[\]\"<>\\^`|]+")
_CLOCK12 = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,2})?")
_SPAN12 = re.compile(r"(\d{1,10}):(\d{2}):(\d{2}(?:\.\d{1,2})?)")
_TIME = re.compile(
    r"(19[7-9]\d|20[0-2]\d|203[0-8])(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d(\.\d{1,2}(Z|[+-]([01]\d|2[0-3])(:[0-5]\d)?)?)?)?)?)?)?)?"
)
_INTERVAL = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?"
    r"(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,2})?)S)?)?"
)
#: SCORM 2004 RTE 4.1.1 leaves the length of years and months open; ISO 8601 arithmetic by averages is the usual choice.
_INTERVAL_SECONDS = (365.25 * 86400, 30.4375 * 86400, 86400, 3600, 60, 1)


def text(most: int) -> DataType:
    """Any characters, at most so many of them."""
    return lambda value: None if len(value) <= most else Refusal.TYPE


def pattern(expression: str) -> DataType:
    """Whatever the whole of `expression` matches."""
    compiled = re.compile(expression)
    return lambda value: None if compiled.fullmatch(value) else Refusal.TYPE


def vocabulary(*words: str) -> DataType:
    """One of the words."""
    allowed = frozenset(words)
    return lambda value: None if value in allowed else Refusal.TYPE


def _number(shape: re.Pattern[str], least: float | None, most: float | None) -> DataType:
    def judge(value: str) -> Refusal | None:
        if not shape.fullmatch(value):
            return Refusal.TYPE
        number = Decimal(value)
        too_small = least is not None and number < Decimal(str(least))
        too_big = most is not None and number > Decimal(str(most))
        return Refusal.RANGE if too_small or too_big else None

    return judge


def real(least: float | None = None, most: float | None = None) -> DataType:
    """SCORM 2004 RTE 4.1.1 real(10,7), with an optional range (both ends included)."""
    return _number(_REAL, least, most)


def decimal12(least: float | None = None, most: float | None = None) -> DataType:
    """SCORM 1.2 RTE 3.4.1 CMIDecimal, with an optional range (both ends included)."""
    return _number(_DECIMAL, least, most)


def integer12(least: int, most: int) -> DataType:
    """SCORM 1.2 RTE 3.4.1 CMISInteger within a range (both ends included)."""
    return _number(_INTEGER, least, most)


def or_blank(judge: DataType) -> DataType:
    """The type, or an empty string (SCORM 1.2 lets a score be blank)."""
    return lambda value: judge(value) if value else None


def either(*judges: DataType) -> DataType:
    """A value that at least one of the types takes."""

    def judge(value: str) -> Refusal | None:
        refusals = [one(value) for one in judges]
        return None if None in refusals else refusals[0]

    return judge


def clock12(value: str) -> Refusal | None:
    """SCORM 1.2 RTE 3.4.1 CMITime, HH:MM:SS.SS."""
    return None if _CLOCK12.fullmatch(value) else Refusal.TYPE


def timespan12(value: str) -> Refusal | None:
    """SCORM 1.2 RTE 3.4.1 CMITimespan, HHHH:MM:SS.SS; minutes and seconds may run over 59."""
    return None if _SPAN12.fullmatch(value) else Refusal.TYPE


def interval2004(value: str) -> Refusal | None:
    """SCORM 2004 RTE 4.1.1 timeinterval(second,10,2), as in `P1DT2H30M4.25S`."""
    return None if _INTERVAL.fullmatch(value) else Refusal.TYPE


def time2004(value: str) -> Refusal | None:
    """SCORM 2004 RTE 4.1.1 time(second,10,0), as in `2026-11-20T09:30:00.5Z`; a part of a date will do.

    Years run from 1970 to 2038, the fraction has at most two digits, and only after it may a zone follow.
    """
    return None if _TIME.fullmatch(value) else Refusal.TYPE


def language2004(value: str) -> Refusal | None:
    """SCORM 2004 RTE 4.1.1 language_type: an RFC 3066 tag or nothing."""
    return None if _LANGUAGE.fullmatch(value) else Refusal.TYPE


def localized2004(value: str) -> Refusal | None:
    """SCORM 2004 RTE 4.1.1 localized_string_type: text that may begin with `{lang=TAG}`."""
    match = _LOCALIZED.fullmatch(value)
    assert match is not None  # The expression takes every string.
    tag = match.group(2)
    if tag is None:
        return Refusal.TYPE if value.startswith("{lang=") else None
    return None if tag and language2004(tag) is None else Refusal.TYPE


def identifier2004(most: int) -> DataType:
    """SCORM 2004 RTE 4.1.1 long_ and short_identifier_type: a URI, not blank, at most so many characters.

    Relative references are identifiers too; what begins with `urn:` must be a URN.
    """

    def judge(value: str) -> Refusal | None:
        wrong_urn = value.startswith("urn:") and not _URN.fullmatch(value)
        is_identifier = _IDENTIFIER.fullmatch(value) and len(value) <= most and not wrong_urn
        return None if is_identifier else Refusal.TYPE

    return judge


def seconds_of_timespan12(value: str) -> float:
    """The length of a SCORM 1.2 CMITimespan in seconds; 0.0 for what is not one."""
    match = _SPAN12.fullmatch(value)
    if match is None:
        return 0.0
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def seconds_of_interval2004(value: str) -> float:
    """The length of a SCORM 2004 timeinterval in seconds; 0.0 for what is not one."""
    match = _INTERVAL.fullmatch(value)
    if match is None:
        return 0.0
    parts = zip(match.groups(), _INTERVAL_SECONDS, strict=True)
    return sum(float(count) * seconds for count, seconds in parts if count)


def _parts(seconds: float) -> tuple[int, int, int, str]:
    """Days, hours, minutes, and the seconds as text with at most two decimals."""
    days, rest = divmod(round(seconds * 100), 8_640_000)
    hours, rest = divmod(rest, 360_000)
    minutes, rest = divmod(rest, 6_000)
    whole, hundredths = divmod(rest, 100)
    return days, hours, minutes, f"{whole}.{hundredths:02d}".rstrip("0").rstrip(".")


def timespan12_of(seconds: float) -> str:
    """A number of seconds as a SCORM 1.2 CMITimespan, `0001:02:03.50`."""
    days, hours, minutes, rest = _parts(seconds)
    whole, _, fraction = rest.partition(".")
    return f"{days * 24 + hours:04d}:{minutes:02d}:{int(whole):02d}" + (f".{fraction:0<2}" if fraction else "")


def interval_of(seconds: float) -> str:
    """A number of seconds as an ISO 8601 duration without empty parts: `P1DT2M3.5S`, and `PT0H0M0S` for none."""
    days, hours, minutes, rest = _parts(seconds)
    clock = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{rest}S" if rest != "0" else ""]
    if not days and not any(clock):
        return "PT0H0M0S"
    return "P" + (f"{days}D" if days else "") + ("T" + "".join(clock) if any(clock) else "")
