"""What the processes of the pseudo-code hand to each other, and what comes out in the end."""

from dataclasses import dataclass
from typing import NamedTuple

from hub.scorm.spec.sequencing.run import Step
from hub.scorm.spec.sequencing.state import State


class Requested(NamedTuple):
    """The result of a sequencing request: the activity to deliver, whether the session ends, or an exception."""

    delivery: int | None = None
    ends_session: bool = False
    exception: str | None = None


class Terminated(NamedTuple):
    """The result of a termination request; `sequencing` is the sequencing request it brought up, if any."""

    sequencing: str | None = None
    exception: str | None = None


class Translated(NamedTuple):
    """A navigation request as NB.2.1 understands it: what to terminate and which sequencing request follows."""

    termination: str | None = None
    sequencing: str | None = None
    target: int | None = None
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A navigation request (SN 5.6.2).

    `kind` is start, resumeAll, continue, previous, choice, jump, exit, exitAll, suspendAll, abandon or abandonAll, as
    content writes it into adl.nav.request; choice and jump have the identifier of their `target`.
    """

    kind: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request led to.

    `delivery` is the identifier of the activity to launch, `exception` a code of `exceptions.EXCEPTIONS`; at most one
    of them is there. `resumed` says that the delivered activity goes on with its suspended attempt, so that content
    finds its run-time data again. `session_ended` says that the learner has left the course.
    """

    state: State
    delivery: str | None
    exception: str | None
    trace: tuple[Step, ...]
    resumed: bool = False
    session_ended: bool = False
