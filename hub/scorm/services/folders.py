"""A folder of content as the zip that it would be exported as."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import Invalid, Violation

#: Every entry's time, so that the same files make the same bytes and no needless version.
_TIME = (2000, 1, 1, 0, 0, 0)


@contextmanager
def as_archive(path: Path) -> Iterator[Path]:
    """The file itself, or a temporary zip of the folder. Hidden files and folders are left out.

    `Invalid` names a link, whose target may be anything.
    """
    if not path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / f"{path.resolve().name or 'package'}.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in _files(path):
                entry = zipfile.ZipInfo(file.relative_to(path).as_posix(), _TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as packed:
                    while piece := source.read(1024 * 1024):
                        packed.write(piece)
        yield target


def packages_in(path: Path) -> list[Path]:
    """What a path stands for: a folder of zips for each of them; a file or the folder of a package for itself."""
    if not path.is_dir() or (path / "index.html").exists() or any(_is_manifest(one) for one in path.rglob("*")):
        return [path]
    zips = sorted(child for child in path.rglob("*.[zZ][iI][pP]") if child.is_file() and not _is_hidden(child, path))
    return zips or [path]


def _is_manifest(path: Path) -> bool:
    name = path.name.lower()
    return name in {"imsmanifest.xml", "cmi5.xml", "tincan.xml"} or name.endswith(".crs")


def _is_hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_symlink():
            fault = Violation("folder", str(path), "is a link")
            raise Invalid("Links are not followed; put the files themselves into the folder.", violations=[fault])
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path
