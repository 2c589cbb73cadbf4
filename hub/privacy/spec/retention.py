"""How long things may be kept: kinds, and the days that can be set for them."""

from collections.abc import Mapping
from typing import Any

from hub.errors import Invalid, Violation, say

#: What can be kept for a time only, with what happens then.
KINDS: dict[str, str] = {
    "statements": "Statements, by when they were stored, with the attachments that only they had; documents, by change",
    "registrations": "Registrations, by their last change, with attempts, answers and replays; learners without any",
    "launches": "Launches, by when they were made: browser, return address, times",
}

SHORTEST_DAYS = 1
LONGEST_DAYS = 36_500


def checked(given: Mapping[str, Any]) -> dict[str, int]:
    """The days for each kind; a kind that is empty, null or missing is kept for ever. `Invalid` names every fault."""
    days: dict[str, int] = {}
    faults = [
        Violation("retention", kind, "is no kind of thing", kind, sorted(KINDS)) for kind in given if kind not in KINDS
    ]
    for kind in KINDS:
        value = given.get(kind)
        if value is None or value == "":
            continue
        number = int(value) if str(value).isascii() and str(value).isdigit() and len(str(value)) < 9 else 0
        if SHORTEST_DAYS <= number <= LONGEST_DAYS:
            days[kind] = number
        else:
            limits = {"least": SHORTEST_DAYS, "most": LONGEST_DAYS}
            words = say("must be a whole number of days from %(least)s to %(most)s, or empty", **limits)
            faults.append(Violation("retention", kind, words, str(value)[:50]))
    if faults:
        raise Invalid("The retention was not changed.", code="invalid_retention", violations=faults)
    return days
