"""Navigation in a course: what the learner may ask for now, and what a request leads to.

A sequenced course follows its definitions (`sequencing`), every other one goes through its activities in order, as far
as prerequisites let it (`spec.navigation`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.db import UnitOfWork
from hub.scorm.services.courses import Course, CourseActivity
from hub.scorm.services.results import Status, group_status, tracking_of
from hub.scorm.services.sequencing import Sequenced, sequenced
from hub.scorm.spec import navigation
from hub.scorm.spec.navigation import Node, Request
from hub.scorm.spec.prerequisites import status_of
from hub.scorm.storage import runtime
from hub.scorm.storage.runtime import Learning

#: Requests that end the visit.
_LEAVING = ("suspendAll", "exitAll", "abandonAll", "exit", "abandon")


@dataclass(frozen=True, slots=True)
class Moves:
    """What may be asked for now: for buttons and outline, and for content by `adl.nav.request_valid`.

    `visible` are the activities that the outline shows, in its order; `hidden` the controls that content does without
    (adlnav:hideLMSUI); `exits` the requests by which the learner may leave, those that are hidden left out.
    """

    forward: bool
    backward: bool
    choices: Sequence[str]
    jumps: Sequence[str]
    visible: Sequence[str]
    hidden: Sequence[str] = ()
    exits: Sequence[str] = ("suspendAll",)


@dataclass(frozen=True, slots=True)
class Step:
    """What a request leads to. `resumed` is what sequencing decided of the delivered activity's last attempt."""

    deliver: str | None = None
    ended: bool = False
    refusal: str | None = None
    resumed: bool | None = None
    trace: Sequence[Sequence[str | None]] = ()


def follow(
    work: UnitOfWork,
    course: Course,
    learning: Learning,
    shown: CourseActivity | None,
    request: Request,
    target: str | None,
    now: datetime,
) -> Step:
    """What a request leads to; `shown` is the activity that was shown until now."""
    attempt = sequenced(course, learning, now)
    if attempt is not None:
        return _follow_sequenced(attempt, course, request, target)
    closed = _closed(work, course, learning)
    found = navigation.process(_open_nodes(course, closed), shown.node.id if shown else None, request, target)
    if closed and found.deliver is None and request not in _LEAVING:
        return Step(refusal="prerequisites")
    return Step(found.deliver, found.ended, found.refusal)


def _follow_sequenced(attempt: Sequenced, course: Course, request: Request, target: str | None) -> Step:
    if request in ("start", "resumeAll"):
        outcome = attempt.open()
    elif request in _LEAVING and attempt.state.current is None:
        return Step(ended=True)  # Nothing runs that could be ended, and nobody is kept in.
    else:
        # A course of one activity has no outline to come back to, so leaving the activity is leaving the course.
        is_all = request == "exit" and len(course.launchable) == 1
        outcome = attempt.request("exitAll" if is_all else request, target)
        if (outcome.exception or "").startswith("NB.") and attempt.state.current is not None:
            reopened = attempt.open()  # What was shown may go on, and the player has closed it.
            outcome = replace(reopened, trace=outcome.trace + reopened.trace)
    return Step(outcome.delivery, outcome.session_ended, outcome.exception, outcome.resumed, outcome.trace)


def moves_of(
    work: UnitOfWork, course: Course, learning: Learning, shown: CourseActivity | None, now: datetime
) -> Moves:
    """What the learner may ask for now."""
    attempt = sequenced(course, learning, now)
    if attempt is None:
        return free_moves(course, shown.node.id if shown else None, _closed(work, course, learning))
    valid = attempt.navigation()
    return Moves(
        forward=valid.continue_,
        backward=valid.previous,
        choices=sorted(valid.choices),
        jumps=sorted(valid.jumps),
        visible=[entry.identifier for entry in valid.outline if entry.is_visible],
        hidden=valid.hidden,
        exits=valid.exits,
    )


def free_moves(course: Course, shown: str | None, closed: frozenset[str] = frozenset()) -> Moves:
    """What may be asked for where nothing is sequenced, but for the activities that are `closed`."""
    valid = navigation.valid_requests(_open_nodes(course, closed), shown)
    choices = [choice for choice in valid.choices if choice not in closed]
    visible = [node.id for node in course.nodes if node.visible]
    return Moves(valid.forward, valid.backward, choices, choices, visible)


def _open_nodes(course: Course, closed: frozenset[str]) -> list[Node]:
    return [replace(node, launchable=node.launchable and node.id not in closed) for node in course.nodes]


def _closed(work: UnitOfWork, course: Course, learning: Learning) -> frozenset[str]:
    """The activities that a SCORM 1.2 course keeps closed until others are done."""
    if not course.prerequisites:
        return frozenset()
    work.session.flush()
    rows = runtime.results(work.session, learning.attempt.tenant_id, learning.attempt.id)
    known = {row.activity_id: status_of(tracking_of(row)) for row in rows}
    return course.closed({one.node.id: known.get(one.id, "not attempted") for one in course.launchable})


def groups_of(course: Course, learning: Learning, statuses: Mapping[str, Status], now: datetime) -> dict[str, Status]:
    """How the groups of the course stand: by rollup where it is sequenced, else by what hangs below them."""
    attempt = sequenced(course, learning, now)
    if attempt is not None:
        return attempt.groups()
    known = dict(statuses)
    for node in reversed(course.nodes):
        below = [known[other.id] for other in course.nodes if other.parent == node.id and other.id in known]
        if below and node.id not in known:
            known[node.id] = group_status(below)
    return {name: found for name, found in known.items() if name not in statuses}
