"""From what a manifest writes to what is launched: xml:base, href, file name, parameters (RFC 3986; CAM, <item>)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote

from hub.scorm.spec.manifest.archive import folded

#: What a path may hold besides letters and digits (RFC 3986 3.3), and a query or fragment besides that (3.4, 3.5).
_PATH_SAFE = "/!$&'()*+,;=:@-._~"
_SUFFIX_SAFE = _PATH_SAFE + "?%"
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_REMOTE = re.compile(r"^(https?:)?//", re.IGNORECASE)


class Files:
    """The names in the zip, to be found exactly or, failing that, regardless of case and Unicode form."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._folded = {folded(name): name for name in self.names}

    def find(self, name: str) -> str | None:
        """The file's name as the zip has it, or None."""
        return name if name in self.names else self._folded.get(folded(name))

    def elsewhere(self, name: str) -> str | None:
        """A file of the same name in another folder, if there is one."""
        return self._by_last_part.get(_last_part(name))

    @cached_property
    def _by_last_part(self) -> dict[str, str]:
        return {_last_part(name): name for name in sorted(self.names, reverse=True)}


def _last_part(name: str) -> str:
    return folded(name.rpartition("/")[2])


class BadReference(ValueError):
    """An href that can lead nowhere; `code` is the rule it breaks."""

    def __init__(self, code: str, href: str) -> None:
        super().__init__(href)
        self.code = code


@dataclass(frozen=True, slots=True)
class Reference:
    """An href resolved: a path from the root of the package with what followed it, or an absolute URL.

    `path` is as written (still percent-encoded, `.` and `..` resolved); `suffix` is the query and fragment.
    """

    path: str
    suffix: str = ""
    is_remote: bool = False
    had_backslash: bool = False

    def found_in(self, files: Files) -> str | None:
        """The file of the zip that this means: as written first, since some tools do not encode names at all."""
        candidates = (self.path, unquote(self.path), self.path + self.suffix, unquote(self.path + self.suffix))
        return next((found for candidate in candidates if (found := files.find(candidate)) is not None), None)

    def launch_of(self, file: str) -> str:
        """The address of `file`, relative to the root of the package, with this reference's query and fragment."""
        is_name_with_suffix = bool(self.suffix) and folded(file).endswith(folded(unquote(self.suffix)))
        suffix = "" if is_name_with_suffix else encoded_suffix(self.suffix)
        return quote(file, safe=_PATH_SAFE) + suffix


def resolve(base: str, href: str) -> Reference:
    """What `href` means below `base`, the folder that manifest and xml:base lead to (RFC 3986 5.2).

    Raises `BadReference` for paths that leave the package and for schemes that cannot be launched.
    """
    text = href.strip()
    if _REMOTE.match(text):
        return Reference(text, is_remote=True)
    if _SCHEME.match(text):
        raise BadReference("resource.scheme", text)
    if _REMOTE.match(base):
        return Reference(base.rstrip("/") + "/" + text.lstrip("/"), is_remote=True)
    path, suffix = split_suffix(text)
    parts: list[str] = []
    for part in (base + "/" + path).replace("\\", "/").split("/"):
        if part == ".." and not parts:
            raise BadReference("resource.escapes", text)
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return Reference("/".join(parts), suffix, had_backslash="\\" in path)


def join_base(base: str, addition: str) -> str:
    """The base after an xml:base attribute: what comes before its last slash counts, as for any base URI."""
    if not addition.strip():
        return base
    folder = addition.strip().replace("\\", "/")
    folder = folder[: folder.rfind("/") + 1]
    return folder if _REMOTE.match(folder) else resolve(base, folder).path


def split_suffix(href: str) -> tuple[str, str]:
    """Path, and query with fragment."""
    end = next((index for index, char in enumerate(href) if char in "?#"), len(href))
    return href[:end], href[end:]


def encoded_suffix(suffix: str) -> str:
    """A query and fragment in which every character may stand in a URL; what is encoded already stays as it is."""
    query, hash_, fragment = suffix.partition("#")
    return quote(query, safe=_SUFFIX_SAFE) + hash_ + quote(fragment, safe=_SUFFIX_SAFE)


def with_parameters(address: str, parameters: str) -> str:
    """The launch address with an item's `parameters` (CAM, <item>, with the algorithm it gives).

    Leading ? and & are dropped; a fragment is added only when the address has none; anything else joins the query.
    The standard's algorithm would put a query behind a fragment that the address has, where no server and no script
    finds it: we put it where RFC 3986 has it, before the fragment.
    """
    text = parameters.strip().lstrip("?&")
    if not text:
        return address
    address, hash_, fragment = address.partition("#")
    if text.startswith("#"):
        return address + (hash_ + fragment if hash_ else encoded_suffix(text))
    query, own_hash, own_fragment = text.partition("#")
    joined = address + ("&" if "?" in address else "?") + encoded_suffix(query)
    if hash_:
        return joined + hash_ + fragment
    return joined + own_hash + encoded_suffix(own_fragment)
