"""Enrolments in bulk: a CSV file of people and packages, read and judged line by line.

The format is RFC 4180 in UTF-8, with a header line; a semicolon or a tab may stand for the comma, as spreadsheets
write them. Columns are `email`, `name` and `package`; `name` may be left out, and `package` where one is given for all.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.errors import HubError, Violation, say

COLUMNS = ("email", "name", "package")
MOST_LINES = 5000
LARGEST_FILE = 2 * 1024 * 1024
#: So many faults are told; who has more has the wrong file.
MOST_FAULTS = 200
_RULE = "enrolment"


@dataclass(frozen=True, slots=True)
class Wish:
    """One line: who is to be registered for which package. `line` is its number in the file, the header being 1."""

    line: int
    email: str
    name: str
    package: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a file asks for, and every fault that was found in it."""

    lines: Sequence[Wish]
    faults: Sequence[Violation]


def fault(line: int, column: str, message: str, found: str = "") -> Violation:
    """Something wrong in a line; `where` reads as people say it."""
    where = say("line %(line)s, %(column)s", line=line, column=column) if column else say("line %(line)s", line=line)
    return Violation(_RULE, where, message, found[:100] or None)


def read(data: bytes, package: str, check_email: Callable[[str], str], check_name: Callable[[str], str]) -> Wishes:
    """The lines of a file. `package` is the one that lines without their own are for.

    `check_email` and `check_name` return what is to be kept, or raise `HubError` with the reason.
    """
    text = _text(data)
    if isinstance(text, Violation):
        return Wishes([], [text])
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    reading = _Reading(package, check_email, check_name)
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                reading.take(rows.line_num, [cell.strip() for cell in row])
            if len(reading.lines) > MOST_LINES or len(reading.faults) >= MOST_FAULTS or reading.is_hopeless:
                break
    except csv.Error as error:
        reading.faults.append(fault(rows.line_num, "", say("is not CSV: %(error)s", error=error)))
    return reading.result()


def _text(data: bytes) -> str | Violation:
    if len(data) > LARGEST_FILE:
        return Violation(_RULE, "file", say("must have at most %(most)s MB", most=LARGEST_FILE // 1024**2))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return fault(line, "", "is not UTF-8; save the file as “CSV UTF-8”")
    if "\0" in text:
        return fault(text.count("\n", 0, text.index("\0")) + 1, "", "has a zero character")
    return text


def _delimiter(text: str) -> str:
    head = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=head.count)


class _Reading:
    """What has been read so far."""

    def __init__(self, package: str, check_email: Callable[[str], str], check_name: Callable[[str], str]) -> None:
        self.lines: list[Wish] = []
        self.faults: list[Violation] = []
        self.is_hopeless = False
        self._package = package
        self._check_email = check_email
        self._check_name = check_name
        self._columns: list[str] | None = None
        self._seen: dict[tuple[str, str], int] = {}

    def take(self, line: int, cells: Sequence[str]) -> None:
        """Take a row: the first one names the columns."""
        if self._columns is None:
            self._take_head(line, cells)
        elif len(cells) > len(self._columns):
            found = say("has %(cells)s cells, but the header %(head)s", cells=len(cells), head=len(self._columns))
            self.faults.append(fault(line, "", found))
        else:
            self._take_wish(line, dict(zip(self._columns, cells, strict=False)))

    def _take_head(self, line: int, cells: Sequence[str]) -> None:
        self._columns = [cell.lower() for cell in cells]
        once = say("must name each of %(names)s once at most", names=", ".join(COLUMNS))
        for column in self._columns:
            if column not in COLUMNS or self._columns.count(column) > 1:
                self.faults.append(fault(line, "", once, column))
        needed = ("email",) if self._package else ("email", "package")
        missing = [name for name in needed if name not in self._columns]
        self.faults += [fault(line, "", say("has no column %(name)s", name=name)) for name in missing]
        self.is_hopeless = bool(self.faults)

    def _take_wish(self, line: int, cells: dict[str, str]) -> None:
        email = self._checked(line, "email", cells.get("email", ""), self._check_email)
        name = self._checked(line, "name", cells["name"], self._check_name) if cells.get("name") else ""
        package = cells.get("package") or self._package
        if not package:
            self.faults.append(fault(line, "package", "is empty"))
        if email is None or name is None or not package:
            return
        before = self._seen.setdefault((email, package), line)
        if before != line:
            self.faults.append(fault(line, "", say("says the same as line %(line)s", line=before), email))
        self.lines.append(Wish(line, email, name, package))

    def _checked(self, line: int, column: str, text: str, check: Callable[[str], str]) -> str | None:
        try:
            return check(text)
        except HubError as refusal:
            reason = refusal.violations[0].message if refusal.violations else refusal.detail
            self.faults.append(fault(line, column, "is empty" if not text else reason, text))
            return None

    def result(self) -> Wishes:
        """Everything that was read."""
        if len(self.lines) > MOST_LINES:
            self.faults.append(Violation(_RULE, "file", say("must have at most %(most)s lines", most=MOST_LINES)))
        if not self.lines and not self.faults:
            self.faults.append(Violation(_RULE, "file", "has no lines below its header"))
        return Wishes(self.lines, self.faults)
