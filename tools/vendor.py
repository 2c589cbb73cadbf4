"""Copy the browser-side libraries from node_modules/ to hub/static/vendor/, with their licences.

Run by `make vendor` after `npm ci`. What is served is exactly what package-lock.json pins, unchanged.
"""

import shutil
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCE = PROJECT / "node_modules"
TARGET = PROJECT / "hub" / "static" / "vendor"

# From node_modules/ | to hub/static/vendor/
FILES = {
    "scorm-again/dist/scorm12.min.js": "scorm12.min.js",
    "scorm-again/dist/scorm2004.min.js": "scorm2004.min.js",
    "scorm-again/LICENSE": "scorm-again.LICENSE",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE",
}


def main() -> None:
    """Copy each file; a missing one ends the build with its name."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for source, target in FILES.items():
        shutil.copyfile(SOURCE / source, TARGET / target)


if __name__ == "__main__":
    main()
