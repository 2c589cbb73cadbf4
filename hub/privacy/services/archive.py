"""The zip of an export: each collection as JSON and CSV, each file as it is, and a list of all of them."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

import orjson

from hub.personal_data import Collection, File
from hub.spreadsheets import cell

_UNSAFE = re.compile(r"[^\w./-]+|\.\.+")


class Archive:
    """Writes one zip. Nothing is held in memory but a row at a time; `tick` is called now and then with how many rows
    and files came since."""

    def __init__(self, target: IO[bytes], tick: Callable[[int], None]) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        self._tick = tick
        self.contents: list[dict[str, Any]] = []

    def add(self, thing: Collection | File) -> None:
        """Write a collection twice, as JSON and CSV, or a file. A collection without rows is only listed."""
        if isinstance(thing, File):
            self._add_file(thing)
            return
        name = _safe(thing.name)
        rows = thing.rows()
        first = next(rows, None)
        count = 0 if first is None else self._write_json(f"{name}.json", first, rows)
        if first is not None:
            self._write_csv(f"{name}.csv", thing)
        self.contents.append({"name": name, "rows": count})

    def finish(self, about: Mapping[str, Any], words: str) -> None:
        """Write what the archive is about and what is in it, for programs and for people."""
        index = orjson.dumps({**about, "contents": self.contents}, option=orjson.OPT_INDENT_2)
        self._zip.writestr("index.json", index)
        self._zip.writestr("README.txt", words)
        self._zip.close()

    def _add_file(self, file: File) -> None:
        name, size = _safe(file.name), 0
        with file.content() as pieces, self._zip.open(name, "w", force_zip64=True) as target:
            for piece in pieces:
                size += len(piece)
                target.write(piece)
        self.contents.append({"name": name, "bytes": size})
        self._tick(1)

    def _write_json(self, name: str, first: Any, rest: Iterator[Any]) -> int:
        with self._zip.open(name, "w", force_zip64=True) as target:
            target.write(b"[\n" + _json(first))
            count = 1
            for row in rest:
                target.write(b",\n" + _json(row))
                count += 1
                self._tick(1)
            target.write(b"\n]\n")
        return count

    def _write_csv(self, name: str, collection: Collection) -> None:
        with (
            self._zip.open(name, "w", force_zip64=True) as target,
            io.TextIOWrapper(target, "utf-8-sig", newline="") as text,
        ):
            writer = csv.writer(text)
            heads: Sequence[str] | None = collection.heads
            if heads is not None:
                writer.writerow(heads)
            for row in collection.rows():
                if heads is None:
                    heads = list(row) if isinstance(row, Mapping) else ()
                    writer.writerow(heads)
                writer.writerow([_cell(value) for value in _cells(collection, heads, row)])
                self._tick(1)


def _json(row: Any) -> bytes:
    return row if isinstance(row, bytes) else orjson.dumps(row)


def _cells(collection: Collection, heads: Sequence[str], row: Any) -> Sequence[object]:
    return collection.cells(row) if collection.cells else [row.get(head) for head in heads]


def _cell(value: object) -> object:
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else cell(value)


def _safe(name: str) -> str:
    """A name inside the zip: no way out of it, nothing that a file system would not take."""
    return _UNSAFE.sub("_", name).strip("/")[:200]
