"""What can be switched on a Demo LMS: how it behaves, what it accepts, and how it fails."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from .tools import Refused

FAULTS = {
    "": "none",
    "slow": "answer late",
    "401": "401, the access token is not accepted",
    "409": "409, a newer score is here",
    "429": "429, too many requests",
    "500": "500, and nothing was done",
    "lost": "500, though it was done",
}
"""How a service fails, in the words of the page."""

SERVICES = {
    "scores": "scores",
    "line-items": "line items and results",
    "members": "members and groups",
    "token": "access tokens",
    "": "all services",
}
"""Which service fails."""

LINKS = {
    "": "absolute, as in RFC 8288",
    "relative": "relative",
    "curly": "with HTML entities and curly quotes, as Moodle's",
    "unquoted": "without quotes, beside a link of another relation",
}
"""How the Link header to the next page is written."""

LONGEST_WAIT = 600
MOST_CLOCK = 86_400


@dataclass(frozen=True)
class Switches:
    """All switches, as they stand when nobody has touched them.

    `fault` befalls the next `times` requests of a service (0: all, until it is switched off); `seconds` is how late a
    late answer is, and what Retry-After says. `clock` is by how many seconds the platform's clock is ahead.
    `page_size` is the most that a page of a list holds (0: everything).
    """

    service: str = "scores"
    fault: str = ""
    times: int = 1
    seconds: int = 2
    clock: int = 0
    links: str = ""
    page_size: int = 0
    has_queries: bool = True
    tells_names: bool = True
    tells_history: bool = True
    has_storage: bool = True
    accepts_links: bool = True
    accepts_several: bool = True
    accepts_line_items: bool = True
    accepts_iframe: bool = True
    accepts_window: bool = True

    @property
    def targets(self) -> list[str]:
        """Where a link may open (Deep Linking 2.0 section 4.4.1)."""
        return [name for name in ("iframe", "window") if getattr(self, f"accepts_{name}")]

    @property
    def types(self) -> list[str]:
        """The content items that are accepted; a platform without any of a tool's kind says so."""
        return ["ltiResourceLink"] if self.accepts_links else ["file"]


def read(db: sqlite3.Connection) -> Switches:
    """The switches as they stand."""
    return _of({row["name"]: row["value"] for row in db.execute("SELECT name, value FROM switch")})


def save(db: sqlite3.Connection, switches: Switches) -> None:
    """Set every switch."""
    values = [(one.name, _text(getattr(switches, one.name))) for one in fields(Switches)]
    db.executemany("INSERT OR REPLACE INTO switch VALUES (?, ?)", values)


def from_form(form: Mapping[str, str]) -> Switches:
    """The switches as a form says; a box that is not ticked is not sent. `Refused` names what makes no sense."""
    boxes = {one.name: "" for one in fields(Switches) if isinstance(one.default, bool)}
    switches = _of({**boxes, **form})
    for name, known in (("service", SERVICES), ("fault", FAULTS), ("links", LINKS)):
        if getattr(switches, name) not in known:
            raise Refused(f"{name} must be one of {', '.join(filter(None, known))}")
    for name, least, most in (
        ("times", 0, 1000),
        ("seconds", 0, LONGEST_WAIT),
        ("clock", -MOST_CLOCK, MOST_CLOCK),
        ("page_size", 0, 1000),
    ):
        if not least <= getattr(switches, name) <= most:
            raise Refused(f"{name} must be {least} to {most}")
    return switches


def take_fault(db: sqlite3.Connection, service: str) -> str:
    """The fault that befalls this request of a service, or ""; one for a number of requests is used up by them."""
    switches = read(db)
    if not switches.fault or switches.service not in ("", service):
        return ""
    if switches.times:
        left = switches.times - 1
        save(db, replace(switches, fault=switches.fault if left else "", times=left or 1))
    return switches.fault


def _of(values: Mapping[str, str]) -> Switches:
    known: dict[str, Any] = {one.name: type(one.default) for one in fields(Switches)}
    try:
        return Switches(**{name: known[name](value) for name, value in values.items() if name in known})
    except ValueError:
        raise Refused("a number was expected") from None


def _text(value: object) -> str:
    """As a form says it: an empty text is what is not."""
    return str(value) if not isinstance(value, bool) else "1" if value else ""
