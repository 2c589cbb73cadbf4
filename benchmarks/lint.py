"""How fast packages are judged: a manifest of 10,000 items, good and full of faults.

    python -m benchmarks.lint [--items 10000]

Tells the CPU time and the wall time of `hub lint`'s own function, and by how much memory grew. The goal for 10,000
items is 2 s.
"""

import argparse
import resource
import tempfile
import time
import zipfile
from pathlib import Path

from hub.scorm.services.lint import lint

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="COURSE" version="1.0" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
<metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
<organizations default="ORG"><organization identifier="ORG"><title>Course</title>
"""
_SEQUENCING = '<imsss:sequencing><imsss:controlMode flow="true"/></imsss:sequencing>'


def manifest(items: int, *, is_faulty: bool) -> str:
    """A manifest of so many items with a page each; a faulty one breaks several rules at each of them."""
    fault = ' isVisible="perhaps"' if is_faulty else ""
    listed = "".join(
        f'<item identifier="I{number}" identifierref="R{number}"{fault}><title>Page {number}</title>'
        f"{_SEQUENCING}</item>\n"
        for number in range(items)
    )
    pages = "".join(
        f'<resource identifier="R{number}" type="webcontent" adlcp:scormType="sco" href="page.html?n={number}">'
        f'<file href="{"gone" if is_faulty else "page"}.html"/></resource>\n'
        for number in range(items)
    )
    return f"{_HEAD}{listed}{_SEQUENCING}</organization></organizations><resources>{pages}</resources></manifest>"


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    items = parser.parse_args().items
    for is_faulty in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "course.zip"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("imsmanifest.xml", manifest(items, is_faulty=is_faulty))
                archive.writestr("page.html", "<!DOCTYPE html><html lang='en'><title>Page</title>")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            cpu, wall = time.process_time(), time.perf_counter()
            result = lint(path)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            grew = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        kind = "faulty" if is_faulty else "good"
        print(
            f"{items} items, {kind}: {cpu:.2f} s CPU, {wall:.2f} s wall, {grew:.0f} MB more memory, "
            f"{result.verdict}, {len(result.findings)} findings"
        )


if __name__ == "__main__":
    main()
