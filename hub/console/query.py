"""What people type into filters, read from the query."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

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


def last_moment(field: str) -> datetime | None:
    """The same for the end of a time: a day counts as a whole."""
    found = moment(field)
    is_day = len(request.args.get(field, "").strip()) == len("2026-11-20")
    return found + timedelta(days=1, microseconds=-1) if found and is_day else found


def uuid_of(field: str) -> UUID | None:
    """The query parameter `field` as a UUID, None without one. `Invalid` when it is none."""
    text = request.args.get(field, "").strip()
    try:
        return UUID(text) if text else None
    except ValueError as error:
        fault = Violation("RFC 9562", field, "is not a UUID", text[:50])
        raise Invalid("The filter cannot be read.", violations=[fault]) from error
