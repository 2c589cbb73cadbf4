"""Where a learner goes next: a navigation request in, an outcome out.

Activities flow in the order of the tree and every one of them may be chosen. This is the seam for the sequencing of
SCORM 2004 (IMS SS Overall Sequencing Process OP.1): it takes the same request and gives the same outcome.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Request = Literal[
    "start",
    "resumeAll",
    "continue",
    "previous",
    "choice",
    "jump",
    "exit",
    "exitAll",
    "suspendAll",
    "abandon",
    "abandonAll",
]

_NAVIGATION_EVENT = re.compile(r"\{target=(?P<target>[^}]+)\}(?P<request>choice|jump)")
_PLAIN_REQUESTS: frozenset[Request] = frozenset(
    {"continue", "previous", "exit", "exitAll", "suspendAll", "abandon", "abandonAll"}
)


@dataclass(frozen=True, slots=True)
class Node:
    """An activity of the tree, in document order. `launchable` ones have content; the others group."""

    id: str
    parent: str | None
    title: str
    launchable: bool
    visible: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request leads to: an activity to deliver, or the end of the learner's visit, or a reason why not.

    A `suspended` visit is resumed at the same activity the next time.
    """

    deliver: str | None = None
    ended: bool = False
    suspended: bool = False
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class ValidRequests:
    """What the learner and the content may ask for now (SCORM 2004 RTE 4.3.2, adl.nav.request_valid)."""

    forward: bool
    backward: bool
    choices: Sequence[str]


def parse(navigation_event: str) -> tuple[Request, str | None] | None:
    """The request and target in a value of `adl.nav.request` (SCORM 2004 SN 5.6.4); None for none."""
    match = _NAVIGATION_EVENT.fullmatch(navigation_event)
    if match:
        return ("choice" if match["request"] == "choice" else "jump"), match["target"]
    return next(((request, None) for request in _PLAIN_REQUESTS if request == navigation_event), None)


def process(tree: Sequence[Node], current: str | None, request: Request, target: str | None = None) -> Outcome:
    """What follows from `request`, when `current` is the activity last delivered."""
    launchable = [node.id for node in tree if node.launchable]
    if not launchable:
        return Outcome(refusal="nothing_to_deliver")
    match request:
        case "start" | "resumeAll":
            return Outcome(deliver=current if current in launchable else launchable[0])
        case "continue":
            return _step(launchable, current, 1)
        case "previous":
            return _step(launchable, current, -1)
        case "choice" | "jump":
            return _choose(tree, target)
        case "suspendAll":
            return Outcome(ended=True, suspended=True)
        case _:
            return Outcome(ended=True)


def valid_requests(tree: Sequence[Node], current: str | None) -> ValidRequests:
    """Which requests would deliver something."""
    launchable = [node.id for node in tree if node.launchable]
    place = launchable.index(current) if current in launchable else -1
    return ValidRequests(
        forward=place + 1 < len(launchable), backward=place > 0, choices=[node.id for node in tree if node.visible]
    )


def _step(launchable: Sequence[str], current: str | None, by: int) -> Outcome:
    place = launchable.index(current) + by if current in launchable else 0
    if place < 0:
        return Outcome(refusal="nothing_before")
    if place >= len(launchable):
        return Outcome(ended=True)
    return Outcome(deliver=launchable[place])


def _choose(tree: Sequence[Node], target: str | None) -> Outcome:
    """A cluster delivers its first activity with content, as flow into it would."""
    inside: set[str] = set()
    for node in tree:
        if node.id == target or node.parent in inside:
            inside.add(node.id)
            if node.launchable:
                return Outcome(deliver=node.id)
    return Outcome(refusal="no_such_activity")
