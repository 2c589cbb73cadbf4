"""Changes that two people may make at once: a revision as ETag, and If-Match on changing (RFC 9110 section 13.1.1)."""

from flask import request

from hub.errors import Invalid, Violation


def etag(revision: int) -> dict[str, str]:
    """The header that tells a reader the revision."""
    return {"ETag": f'"{revision}"'}


def wanted_revision() -> int | None:
    """The revision in If-Match; None without the header or for `*`. Raises `Invalid` for what was never an ETag."""
    wanted = request.if_match
    if not wanted or wanted.star_tag:
        return None
    tags = wanted.as_set()
    tag = next(iter(tags), "")
    if len(tags) != 1 or not tag.isdigit():
        fault = Violation("RFC 9110 section 13.1.1", "If-Match", "must be one ETag that this server gave", tag)
        raise Invalid("The If-Match header is not one of ours.", violations=[fault])
    return int(tag)
