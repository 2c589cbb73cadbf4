"""Which file of a package shows what it is about. No standard says; authoring tools agree on a few names."""

from collections.abc import Iterable

from hub.scorm.spec.manifest.archive import Entry

#: Names without suffix, the most telling first.
_NAMES = (
    "thumbnail",
    "course-thumbnail",
    "course_thumbnail",
    "thumb",
    "cover",
    "course-image",
    "poster",
    "preview",
    "splash",
)
_SUFFIXES = frozenset({"png", "jpg", "jpeg", "gif", "webp"})
LARGEST_BYTES = 5 * 1024 * 1024


def picture_of(entries: Iterable[Entry]) -> Entry | None:
    """The picture of the course: by its name, then nearest to the top of the package; None when there is none."""
    ranked = [(rank, entry) for entry in entries if (rank := _rank(entry)) is not None]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _rank(entry: Entry) -> tuple[int, int, str] | None:
    name = entry.name.rpartition("/")[2].lower()
    stem, _, suffix = name.rpartition(".")
    if stem not in _NAMES or suffix not in _SUFFIXES or not 0 < entry.size <= LARGEST_BYTES:
        return None
    return _NAMES.index(stem), entry.name.count("/"), entry.name
