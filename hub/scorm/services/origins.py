"""The origins of uploaded content, and who may frame what is shown there."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID

#: A source of Content-Security-Policy that is an origin and nothing else: no keyword, no path, no second directive.
FRAME_SOURCE = re.compile(r"https?://((\*\.)?[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\Z")
#: Origins around one launch, and their length in the addresses of its files.
MOST_FRAMES, _LONGEST_FRAMES = 8, 400


class ContentOrigins:
    """Where the player and the content of each package version live.

    A `content_url` with `*.` before its host gives each version an origin of its own, so that no package reaches what
    another keeps in the browser; without it all share one.
    """

    def __init__(self, content_url: str, public_url: str, also_framed_by: str = "") -> None:
        self._content_url = content_url
        self._scheme, _, host = content_url.partition("://")
        self._domain = host[1:].lower() if host.startswith("*.") else None
        self._public_url = public_url
        #: Origins that may frame whatever is launched, besides the Hub and the platform of the launch.
        self.also_framed_by = tuple(also_framed_by.split())

    def of(self, version_id: UUID) -> str:
        """The origin of a package version."""
        if self._domain is None:
            return self._content_url
        return f"{self._scheme}://{_label(version_id)}{self._domain}"

    def serves(self, host: str, version_id: UUID) -> bool:
        """Whether what is asked for at `host` may be of this version: a package never runs on another's origin."""
        return self._domain is None or host.lower() == f"{_label(version_id)}{self._domain}"

    def frame_ancestors(self, frames: str) -> str:
        """The sources of the directive frame-ancestors (CSP 3 section 6.4.2) for a launch framed by `frames`.

        All frames around count: the player itself, the Hub for previews, and the launching platform's pages.
        """
        return " ".join(dict.fromkeys(["'self'", self._public_url, *self.also_framed_by, *frames.split()]))


def _label(version_id: UUID) -> str:
    return f"v{version_id.hex}"


def frames_of(origins: Iterable[str], return_url: str | None = None) -> str:
    """The origins around a launch as the text that it is kept as; what is no origin is left out."""
    returned = urlsplit(return_url) if return_url else None
    wanted = [*origins, *([f"{returned.scheme}://{returned.netloc}"] if returned else [])]
    known = [origin for origin in dict.fromkeys(wanted) if FRAME_SOURCE.match(origin)][:MOST_FRAMES]
    while len(" ".join(known)) > _LONGEST_FRAMES:
        known.pop()
    return " ".join(known)
