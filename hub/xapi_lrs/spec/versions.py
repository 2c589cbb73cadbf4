"""Versions of xAPI: how a request names one, and what answers and statements carry (Communication 3.3)."""

import re
from dataclasses import dataclass

from hub.errors import Invalid, Violation

HEADER = "X-Experience-API-Version"


@dataclass(frozen=True, slots=True)
class Version:
    """One supported version.

    `latest` is the patch that answers name; `statement_default` the `version` that a statement without one is given
    (Data 2.4.10; 2.0 section 4.2.4.3). The other members are what the two versions ask differently; `guards_state`
    tells whether a PUT of an existing state document needs a precondition, as that of a profile always does
    (Communication 3.1; 2.0 section 4.1.4); `needs_precondition` whether a profile's PUT needs one even where nothing
    is yet.
    """

    name: str
    latest: str
    statement_default: str
    has_context_agents: bool
    guards_state: bool
    needs_precondition: bool
    needs_timezone: bool


V1_0 = Version(
    "1.0",
    latest="1.0.3",
    statement_default="1.0.0",
    has_context_agents=False,
    guards_state=False,
    needs_precondition=True,
    needs_timezone=False,
)
V2_0 = Version(
    "2.0",
    latest="2.0.0",
    statement_default="2.0.0",
    has_context_agents=True,
    guards_state=True,
    needs_precondition=False,
    needs_timezone=True,
)

SUPPORTED = (V1_0, V2_0)

_REQUESTED = re.compile(r"(1\.0|2\.0)(?:\.(?:0|[1-9][0-9]*))?")


def requested(header: str | None) -> Version:
    """The version that a request's header asks for; 400 when it is missing or not supported (Communication 3.3)."""
    found = _REQUESTED.fullmatch(header or "")
    if found is None:
        raise Invalid(
            f"The {HEADER} header must name a supported version." if header else f"The {HEADER} header is missing.",
            code="unsupported_version",
            violations=[
                Violation("Communication 3.3", HEADER, "must name a supported version", header, ["1.0.x", "2.0.x"])
            ],
        )
    return V1_0 if found[1] == "1.0" else V2_0
