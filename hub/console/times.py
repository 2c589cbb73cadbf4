"""Times that people type into filters."""

from datetime import UTC, datetime

from flask import request

from hub.errors import Invalid, Violation


def moment(field: str) -> datetime | None:
    """The query parameter `field` as a moment; what names no zone is UTC. `Invalid` when it is no time."""
    text = request.args.get(field, "").strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        fault = Violation("RFC 3339", field, "is not a date or time such as 2026-11-20 or 2026-11-20T14:30", text[:50])
        raise Invalid("The time in the filter cannot be read.", violations=[fault]) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
