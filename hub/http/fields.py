"""Fields of API documents that every area writes the same way."""

from datetime import UTC, datetime
from typing import Any

import marshmallow as ma


class Moment(ma.fields.DateTime):
    """A time: RFC 3339 in UTC, with milliseconds."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)


def rfc3339(moment: datetime) -> str:
    """The moment in UTC with milliseconds and Z: 2026-11-20T08:15:30.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
