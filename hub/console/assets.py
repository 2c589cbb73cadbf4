"""Style sheets and scripts: their addresses carry a digest, so that browsers may keep them for good."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Response, request, send_from_directory, url_for
from werkzeug.security import safe_join

from hub.errors import NotFound, say

#: Ours, and the libraries that the build put beside them.
FOLDERS = (Path(__file__).parent / "static", Path(__file__).parents[1] / "static" / "vendor")

LONGEST_NAME = 200


@cache
def _found(name: str) -> tuple[Path, str]:
    for folder in FOLDERS:
        # Nothing outside of the folder is even looked at, and no name that a file system would choke on.
        path = safe_join(str(folder), name) if len(name) < LONGEST_NAME else None
        if path is not None and Path(path).is_file():
            return folder, sha256(Path(path).read_bytes()).hexdigest()[:12]
    raise NotFound(say("There is no file %(name)s.", name=name))


def asset(name: str) -> str:
    """The address of a file; empty when the build has not made it (pages work without scripts)."""
    try:
        _, digest = _found(name)
    except NotFound:
        return ""
    return url_for("console.asset_file", name=name, v=digest)


def send_asset(name: str) -> Response:
    """The file itself; kept by the browser for a year when asked for under its present digest."""
    folder, digest = _found(name)
    response = send_from_directory(folder, name)
    is_present = request.args.get("v") == digest
    response.headers["Cache-Control"] = f"public, max-age={31_536_000 if is_present else 300}, immutable"
    return response
