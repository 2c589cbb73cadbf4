"""Reading AICC courses (CMI001 section 6): the course file and its tables of AUs, descriptors and structure.

Tables are comma-separated, their first line names the columns in any order and case; the course file is made of
sections with name=value lines.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from hub.scorm.spec.manifest.course import Course, Item, Organization
from hub.scorm.spec.manifest.findings import Phrase, Place, Refused, Report
from hub.scorm.spec.manifest.hrefs import BadReference, Files, resolve, with_parameters
from hub.scorm.spec.manifest.rules import finding, found_elsewhere
from hub.scorm.spec.manifest.values import NotAllowed, decimal

_EXTENSIONS = (".crs", ".au", ".des", ".cst", ".ort", ".pre")
_NEEDED = {".au": Phrase("AU"), ".des": Phrase("descriptor"), ".cst": Phrase("structure")}
_ROOT = "root"
_TIME_LIMIT_ACTIONS = {
    "exit": {"e", "exit"},
    "continue": {"c", "continue"},
    "message": {"m", "message"},
    "no message": {"n", "no message"},
}
_DEEPEST = 64
#: In one table: far more than courses have, and what a worker gets through in seconds.
_MOST_FIELDS = 300_000

#: A row of a table: its fields by the lower-case names of their columns.
Row = dict[str, str]
#: Columns that every row of the tables that have them is asked for.
_INDEXED = ("system_id", "file_name", "block", "member")


@dataclass(frozen=True, slots=True)
class _Table:
    file: str
    rows: list[tuple[Row, int]]


def is_course_file(name: str) -> bool:
    """Whether a file of this name belongs to the course's own tables."""
    return name.lower().endswith(_EXTENSIONS)


def read(course_file: str, files: Mapping[str, bytes], content: Files, report: Report) -> Course | None:
    """The course of a .crs file; `files` are it and the tables beside it, `content` the names of all files."""
    try:
        facts = _sections(_text(course_file, files[course_file]))
        tables = _tables(course_file, files)
    except Refused as refusal:
        report.add(refusal.finding)
        return None
    about = facts.get("course", {})
    items = _Structure(course_file, tables, content, report).items()
    if not items:
        report.add(finding("aicc.no-unit", Place(tables[".cst"].file)))
    title = about.get("course_title") or about.get("course_id") or course_file
    identifier = about.get("course_id") or "course"
    return Course(
        standard="aicc",
        edition=None,
        identifier=identifier,
        version=about.get("version"),
        title=title,
        description=facts.get("course_description", {}).get("", ""),
        language=None,
        default_organization=_ROOT,
        organizations=(Organization(_ROOT, title, items),),
        resources=(),
    )


# --- files


def _text(name: str, data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refused(finding("aicc.encoding", Place(name), file=name))


def _sections(text: str) -> dict[str, dict[str, str]]:
    """name=value lines by section; the lines of a section without such are its text, under the empty name."""
    sections: dict[str, dict[str, str]] = {}
    texts: dict[str, list[str]] = defaultdict(list)
    title, current = "", dict[str, str]()
    for line in text.splitlines():
        header = re.fullmatch(r"\s*\[(.+?)\]\s*", line)
        name, equals, value = line.partition("=")
        if header is not None:
            title = header[1].strip().lower()
            current = sections.setdefault(title, {})
        elif equals and re.fullmatch(r"\s*\w+\s*", name):
            current.setdefault(name.strip().lower(), value.strip())
        elif line.strip():
            texts[title].append(line.strip())
    return {name: values | ({"": "\n".join(texts[name])} if texts[name] else {}) for name, values in sections.items()}


def _tables(course_file: str, files: Mapping[str, bytes]) -> dict[str, _Table]:
    """The tables of the course by extension: those of the same stem, or else the only ones there are."""
    stem = course_file.rpartition(".")[0].lower()
    found: dict[str, _Table] = {}
    for extension in _EXTENSIONS[1:]:
        names = sorted(name for name in files if name.lower().endswith(extension))
        own = [name for name in names if name.rpartition(".")[0].lower() == stem]
        name = next(iter(own or names), None)
        if name is not None:
            found[extension] = _Table(name, list(_rows(name, _text(name, files[name]))))
        elif extension in _NEEDED:
            raise Refused(finding("aicc.file-missing", Place(course_file), kind=_NEEDED[extension], file=course_file))
    for extension, column in ((".au", "system_id"), (".au", "file_name"), (".cst", "block"), (".cst", "member")):
        table = found[extension]
        if table.rows and column not in table.rows[0][0]:
            raise Refused(finding("aicc.column-missing", Place(table.file, 1), file=table.file, name=column))
    return found


def _rows(name: str, text: str) -> Iterator[tuple[Row, int]]:
    """The rows below the header, each with its line."""
    reader = csv.reader(StringIO(text), skipinitialspace=True)
    try:
        header = [column.strip().lower() for column in next(reader, [])]
        needed = {column: "" for column in _INDEXED if column in header}
        count = len(header)
        for fields in reader:
            count += len(fields)
            if count > _MOST_FIELDS:
                raise Refused(finding("aicc.too-large", Place(name, reader.line_num), file=name, limit=_MOST_FIELDS))
            if any(field.strip() for field in fields):
                yield needed | _row(header, fields), reader.line_num
    except csv.Error as fault:
        raise Refused(finding("aicc.encoding", Place(name, reader.line_num), file=name)) from fault


def _row(header: list[str], fields: list[str]) -> Row:
    """The fields by their columns. A structure row may go on with more members than the header names (6.4)."""
    row: Row = {}
    members: list[str] = []
    for index, field in enumerate(fields):
        column, value = header[min(index, len(header) - 1)], field.strip()
        if column == "member":
            members.append(value)
        else:
            row[column] = value
    return row | {"member": "\n".join(filter(None, members))} if members else row


# --- structure


class _Structure:
    """Builds the outline from the structure table, each member in its first place only."""

    def __init__(self, course_file: str, tables: dict[str, _Table], content: Files, report: Report) -> None:
        self._folder = course_file.rpartition("/")[0]
        self._content = content
        self._report = report
        self._file = tables[".au"].file
        self._structure_file = tables[".cst"].file
        self._units = {row["system_id"].lower(): (row, line) for row, line in tables[".au"].rows}
        described = (row for row, _ in tables[".des"].rows)
        self._described = {row.get("system_id", "").lower(): row for row in described}
        self._members: dict[str, list[tuple[str, int]]] = {}
        for row, line in tables[".cst"].rows:
            names = [name for name in row["member"].split("\n") if name]
            self._members.setdefault(row["block"].lower(), []).extend((name, line) for name in names)
        self._prerequisites = _prerequisites(tables.get(".pre"))
        self._placed: set[str] = {_ROOT}

    def items(self) -> tuple[Item, ...]:
        """The members of the root; all AUs in their order where the structure has no root."""
        if _ROOT in self._members:
            return self._below(_ROOT, 1)
        return tuple(self._unit(key) for key in self._units)

    def _below(self, block: str, depth: int) -> tuple[Item, ...]:
        return tuple(item for name, line in self._members[block] if (item := self._member(name, line, depth)))

    def _member(self, name: str, line: int, depth: int) -> Item | None:
        key = name.lower()
        place = Place(self._structure_file, line)
        if key in self._placed or depth > _DEEPEST:
            self._report.add(finding("aicc.member-repeated", place, member=name))
            return None
        self._placed.add(key)
        if key in self._units:
            return self._unit(key, self._below(key, depth + 1) if key in self._members else ())
        if key not in self._members:
            self._report.add(finding("aicc.member-unknown", place, member=name))
            return None
        return Item(identifier=name, title=self._title(key, name), items=self._below(key, depth + 1))

    def _title(self, key: str, name: str) -> str:
        return self._described.get(key, {}).get("title") or name

    def _unit(self, key: str, items: tuple[Item, ...] = ()) -> Item:
        row, line = self._units[key]
        name = row["system_id"]
        description = self._described.get(key, {}).get("description", "")
        return Item(
            identifier=name,
            title=self._title(key, name),
            items=items,
            parameters=row.get("web_launch", ""),
            href=self._address(row, line),
            launch_data=row.get("core_vendor") or None,
            prerequisites=self._prerequisites.get(key),
            max_time_allowed=row.get("max_time_allowed") or None,
            time_limit_action=_time_limit_action(row.get("time_limit_action", "")),
            mastery_score=_mastery_score(row.get("mastery_score", "")),
            descriptions={"": description} if description else {},
        )

    def _address(self, row: dict[str, str], line: int) -> str | None:
        name, place = row.get("file_name", ""), Place(self._file, line)
        if not name:
            self._report.add(finding("aicc.no-file-name", place, identifier=row["system_id"]))
            return None
        try:
            reference = resolve(self._folder, name)
        except BadReference as fault:
            self._report.add(finding(fault.code, place, path=name))
            return None
        if reference.is_remote:
            return with_parameters(reference.path, row.get("web_launch", ""))
        file = reference.found_in(self._content)
        if file is None:
            other = self._content.elsewhere(reference.path)
            self._report.add(
                finding("resource.launch-missing", place, path=reference.path, guess=found_elsewhere(other))
            )
            return None
        return with_parameters(reference.launch_of(file), row.get("web_launch", ""))


def _prerequisites(table: _Table | None) -> dict[str, str]:
    """The prerequisite expressions of the level 3 table, by structure element; other layouts are passed over."""
    rows = table.rows if table else []
    return {
        row["structure_element"].lower(): row["prerequisite"]
        for row, _ in rows
        if row.get("structure_element") and row.get("prerequisite")
    }


def _time_limit_action(text: str) -> str | None:
    """`exit,message` from whatever abbreviation is there; None when it is none."""
    words = [
        next((word for word, forms in _TIME_LIMIT_ACTIONS.items() if part.strip().lower() in forms), None)
        for part in text.split(",")
    ]
    return ",".join(word for word in words if word) if len(words) == 2 and all(words) else None


def _mastery_score(text: str) -> float | None:
    try:
        return decimal(0, 100)(text.strip()) if text.strip() else None
    except NotAllowed:
        return None
