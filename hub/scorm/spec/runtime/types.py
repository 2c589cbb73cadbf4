"""The data types of the run-time data models.

A data type judges one value: it returns None when the value is one of its own, `Refusal.TYPE` when it is not
(SCORM 1.2 error 405, SCORM 2004 error 406), `Refusal.RANGE` when it is, but out of range (405 and 407).
SCORM 1.2 RTE 3.4.1 (data types); SCORM 2004 4th Ed. RTE 4.1.1 (data types).

A data type also describes itself, so that the player judges by the same one (`player/static/model.js`). So expressions
are written as Python and JavaScript both read them, and say in ASCII what they mean.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from hub.scorm.spec.runtime.languages import is_registered


class Refusal(Enum):
    """Why a value is not of a data type."""

    TYPE = "type"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class DataType:
    """A judge of values; `kind` and `arguments` are what it is to the judge in the browser."""

    kind: str
    arguments: tuple[Any, ...]
    judge: Callable[[str], Refusal | None] = field(repr=False, compare=False)

    def __call__(self, value: str) -> Refusal | None:
        return self.judge(value)

    def described(self) -> list[Any]:
        """The data type as JSON data: its kind, and what that needs to know."""
        return [self.kind, *(_described(argument) for argument in self.arguments)]


def _described(argument: Any) -> Any:
    return argument.described() if isinstance(argument, DataType) else argument


#: SCORM 2004 RTE 4.1.1: real(10,7) is a number to the base of ten of which seven digits are kept at least; it is
#: written in digits, a point and a minus. How many digits there may be, and on which side of the point, is left open.
_REAL = r"-?([0-9]{1,30}(\.[0-9]{0,18})?|\.[0-9]{1,18})"
#: SCORM 1.2 RTE 3.4.1: CMIDecimal may leave out the digits on either side of the point.
_DECIMAL = r"-?([0-9]{1,10}(\.[0-9]*)?|\.[0-9]+)"
_INTEGER = r"-?[0-9]{1,5}"
_LOCALIZED = re.compile(r"\{lang=([^}]*)\}")
#: RFC 3986 section 2: spaces, controls and these never stand in a URI; letters beyond ASCII do in an IRI (RFC 3987).
#: What begins with `urn:` must be a URN (RFC 8141).
_IDENTIFIER = (
    r"(?!urn:(?![A-Za-z0-9][A-Za-z0-9-]{0,31}:[\s\S]))"
    r'[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{}\[\]"<>\\^`|]+'
)
_CLOCK12 = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,2})?"
_SPAN12 = r"([0-9]{1,10}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,2})?)"
_ZONE = r"(Z|[+-]([01][0-9]|2[0-3])(:[0-5][0-9])?)"
_TIME = (
    r"(19[7-9][0-9]|20[0-2][0-9]|203[0-8])(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])"
    rf"(T([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9](\.([0-9]{{1,2}}{_ZONE}?|[0-9]{{3}}Z))?)?)?)?)?)?"
)
_INTERVAL = (
    r"P(?=.)(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?=.)(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]{1,2})?)S)?)?"
)
#: SCORM 2004 RTE 4.1.1 leaves the length of years and months open; ISO 8601 arithmetic by averages is the usual choice.
_INTERVAL_SECONDS = (365.25 * 86400, 30.4375 * 86400, 86400, 3600, 60, 1)


def text(most: int) -> DataType:
    """Any characters, at most so many of them."""
    return DataType("text", (most,), lambda value: None if len(value) <= most else Refusal.TYPE)


def pattern(expression: str) -> DataType:
    """Whatever the whole of `expression` matches."""
    compiled = re.compile(expression)
    return DataType("pattern", (expression,), lambda value: None if compiled.fullmatch(value) else Refusal.TYPE)


def vocabulary(*words: str) -> DataType:
    """One of the words."""
    allowed = frozenset(words)
    return DataType("vocabulary", words, lambda value: None if value in allowed else Refusal.TYPE)


def _number(expression: str, least: float | None, most: float | None) -> DataType:
    shape = re.compile(expression)

    def judge(value: str) -> Refusal | None:
        if not shape.fullmatch(value):
            return Refusal.TYPE
        number = float(value)
        is_outside = (least is not None and number < least) or (most is not None and number > most)
        return Refusal.RANGE if is_outside else None

    return DataType("number", (expression, least, most), judge)


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
    return DataType("blank", (judge,), lambda value: judge(value) if value else None)


def either(*judges: DataType) -> DataType:
    """A value that at least one of the types takes."""

    def judge(value: str) -> Refusal | None:
        refusals = [one(value) for one in judges]
        return None if None in refusals else refusals[0]

    return DataType("either", judges, judge)


#: SCORM 1.2 RTE 3.4.1 CMITime, HH:MM:SS.SS.
clock12 = pattern(_CLOCK12)
#: SCORM 1.2 RTE 3.4.1 CMITimespan, HHHH:MM:SS.SS; minutes and seconds may run over 59.
timespan12 = pattern(_SPAN12)
#: SCORM 2004 RTE 4.1.1 timeinterval(second,10,2), as in `P1DT2H30M4.25S`.
interval2004 = pattern(_INTERVAL)
#: SCORM 2004 RTE 4.1.1 time(second,10,0), as in `2026-11-20T09:30:00.5Z`; a part of a date will do. Years run from 1970
#: to 2038, the fraction has at most two digits, and only after it may a zone follow. The one form beyond that is what
#: JavaScript's `Date.toISOString` makes, `…:00.123Z`: much content sends it, and would lose its times or show an error.
time2004 = pattern(_TIME)


def _language2004(value: str) -> Refusal | None:
    return None if value == "" or is_registered(value) else Refusal.TYPE


#: SCORM 2004 RTE 4.1.1 language_type: an RFC 3066 tag or nothing.
language2004 = DataType("language", (), _language2004)


def _localized2004(value: str) -> Refusal | None:
    if not value.startswith("{lang="):
        return None
    match = _LOCALIZED.match(value)
    return None if match and is_registered(match.group(1)) else Refusal.TYPE


#: SCORM 2004 RTE 4.1.1 localized_string_type: text that may begin with `{lang=TAG}`.
localized2004 = DataType("localized", (), _localized2004)


def identifier2004(most: int) -> DataType:
    """SCORM 2004 RTE 4.1.1 long_ and short_identifier_type: a URI, not blank, at most so many characters.

    Relative references are identifiers too; what begins with `urn:` must be a URN.
    """
    shape = re.compile(_IDENTIFIER)

    def judge(value: str) -> Refusal | None:
        return None if len(value) <= most and shape.fullmatch(value) else Refusal.TYPE

    return DataType("identifier", (_IDENTIFIER, most), judge)


def seconds_of_timespan12(value: str) -> float:
    """The length of a SCORM 1.2 CMITimespan in seconds; 0.0 for what is not one."""
    match = re.fullmatch(_SPAN12, value)
    if match is None:
        return 0.0
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def seconds_of_interval2004(value: str) -> float:
    """The length of a SCORM 2004 timeinterval in seconds; 0.0 for what is not one."""
    match = re.fullmatch(_INTERVAL, value)
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
