"""The addresses that a service's answer names in its Link header (RFC 8288): the next page, what changed since."""

import html
import re
from urllib.parse import urljoin

from hub.lti.spec.urls import origin_of, url_fault

# Moodle writes `rel=“next”` with curly quotes and HTML entities in its line-item header; others leave the quotes out.
_LINK = re.compile(r"<([^<>]*)>((?:\s*;[^,<]*)*)")
_RELATION = r";\s*rel\s*=\s*[\"'“”]?\s*(?:[^\"'“”;]*\s)?{}(?:\s[^\"'“”;]*)?[\"'“”]?\s*(?:;|$)"
_RELATIONS = {name: re.compile(_RELATION.format(name), re.IGNORECASE) for name in ("next", "differences")}


def next_link(header: str, base_url: str) -> str | None:
    """The absolute address of the page after this one, or None on the last."""
    return related_link(header, "next", base_url)


def related_link(header: str, relation: str, base_url: str) -> str | None:
    """The absolute address that stands in this relation (`next`, `differences`) to the page, or None.

    A relative address is relative to the page. One of another origin is not followed: the request carries a token
    that was given to us for this origin's service.
    """
    for target, parameters in _LINK.findall(html.unescape(_as_written(header))):
        if _RELATIONS[relation].search(parameters):
            return _within_origin(base_url, target.strip())
    return None


def _as_written(header: str) -> str:
    """The header's text: HTTP libraries read its bytes as Latin-1, and Moodle's curly quotes are UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _within_origin(base_url: str, target: str) -> str | None:
    try:
        following = urljoin(base_url, target)
    except ValueError:  # An address with half a pair of brackets.
        return None
    return following if url_fault(following, allow_private=True) is None and _same_origin(following, base_url) else None


def _same_origin(one: str, other: str) -> bool:
    return origin_of(one) == origin_of(other)
