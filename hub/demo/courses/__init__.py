"""The demo courses, our own: their sources, and the function that zips them into packages.

`fire_safety` is one SCO by SCORM 1.2, with a bookmark and a quiz of six questions. `weather_map` is SCORM 2004
4th Edition: three lessons and a test, with objectives, a scaled score and a notebook that the lessons share.
"""

import io
import zipfile
from pathlib import Path

SOURCES = Path(__file__).parent
SHARED = "shared"
COURSES = ("fire_safety", "weather_map")

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the same sources give the same bytes, so that a course is imported once."""


def build(course: str) -> bytes:
    """The package of `course`, one of `COURSES`, as a zip with the manifest at its root."""
    files = {path.relative_to(SOURCES / course).as_posix(): path for path in _files(SOURCES / course)}
    files |= {path.relative_to(SOURCES).as_posix(): path for path in _files(SOURCES / SHARED)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name].read_bytes())
    return buffer.getvalue()


def package_id(course: str) -> str:
    """The name of `course` where names are written with hyphens: the package's id and its file's name."""
    return course.replace("_", "-")


def write(folder: Path) -> list[Path]:
    """All packages as zip files in `folder`, which is made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{package_id(course)}.zip" for course in COURSES]
    for course, path in zip(COURSES, paths, strict=True):
        path.write_bytes(build(course))
    return paths


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
