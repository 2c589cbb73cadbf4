"""What can go wrong with an embedded server, said so that a newcomer knows what to do."""

import re
from pathlib import Path


class EmbeddedError(Exception):
    """A server could not be started or kept running. The text says what to do."""


# What a server's log says | what to do about it. The first that matches is shown.
ADVICE = (
    (
        r"No space left on device|Disk quota exceeded|Check free disk space|DiskFull",
        "The disk is full. Free some space and start again.",
    ),
    (r"Address already in use|bind: ", "Its port is taken. Start again: another one will be chosen."),
    (
        r"database files are incompatible with server|initialized by PostgreSQL version",
        "Its data was written by another version of PostgreSQL. Bring the old one back to save the data,"
        " or begin again with `make demo-reset`.",
    ),
    (r"Read-only file system", "The disk can only be read. Put the project on a disk that can be written."),
    (
        r"[Pp]ermission denied|[Nn]ot permitted",
        "A file belongs to another user. Was this started once as root? Give the folder back with"
        " `sudo chown -R $(id -un) FOLDER`, or remove it.",
    ),
    (
        r"could not map anonymous shared memory|Cannot allocate memory|out of memory",
        "There is not enough memory. Close other programs and start again.",
    ),
    (
        r"invalid page|could not locate a valid checkpoint record|Bad file format reading",
        "Its data is damaged. Restore a backup, or begin again with `make demo-reset`.",
    ),
)


def advice_for(log: str, folder: Path, otherwise: str = "Its log says why.") -> str:
    """What to do, judged by the last lines of a server's log."""
    found = next((advice for pattern, advice in ADVICE if re.search(pattern, log)), otherwise)
    return found.replace("FOLDER", str(folder))


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log file, or nothing if there is none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
