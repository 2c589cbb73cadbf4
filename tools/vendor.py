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
    "pdfjs-dist/legacy/build/pdf.min.mjs": "pdf/pdf.min.mjs",
    "pdfjs-dist/legacy/build/pdf.worker.min.mjs": "pdf/pdf.worker.min.mjs",
    "pdfjs-dist/wasm/openjpeg_nowasm_fallback.js": "pdf/openjpeg_nowasm_fallback.js",
    "pdfjs-dist/wasm/jbig2_nowasm_fallback.js": "pdf/jbig2_nowasm_fallback.js",
    "pdfjs-dist/LICENSE": "pdf/pdfjs.LICENSE",
    "tus-js-client/dist/tus.min.js": "tus.min.js",
    "tus-js-client/LICENSE": "tus-js-client.LICENSE",
    "uplot/dist/uPlot.iife.min.js": "uplot.min.js",
    "uplot/dist/uPlot.min.css": "uplot.min.css",
    "uplot/LICENSE": "uplot.LICENSE",
}

# All files of a folder in node_modules/ | to a folder of hub/static/vendor/
FOLDERS = {
    "pdfjs-dist/cmaps": "pdf",
    "pdfjs-dist/standard_fonts": "pdf",
}


def main() -> None:
    """Copy each file; a missing one ends the build with its name."""
    folders = {
        f"{source}/{file.name}": f"{target}/{file.name}"
        for source, target in FOLDERS.items()
        for file in (SOURCE / source).iterdir()
    }
    for source, target in (folders | FILES).items():
        (TARGET / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SOURCE / source, TARGET / target)


if __name__ == "__main__":
    main()
